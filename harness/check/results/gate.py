"""The gate: which verdict is red, amber or only informs, by profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from harness.check.results.findings import ClauseResult, Colour, Gate, Verdict
from harness.specification.model import Basis, Level

_COLOUR_BY_VERDICT: Final[Mapping[Gate, Mapping[Verdict, Colour]]] = {
    Gate.CI: {
        Verdict.INCONCLUSIVE: Colour.AMBER,
        Verdict.NOT_EXERCISED: Colour.AMBER,
        Verdict.BLOCKED: Colour.AMBER,
        Verdict.NOT_RUN: Colour.AMBER,
    },
    Gate.STRICT: {
        Verdict.INCONCLUSIVE: Colour.RED,
        Verdict.NOT_EXERCISED: Colour.RED,
        Verdict.BLOCKED: Colour.RED,
        Verdict.NOT_RUN: Colour.RED,
    },
    Gate.CERTIFY: {
        Verdict.INCONCLUSIVE: Colour.RED,
        Verdict.NOT_EXERCISED: Colour.RED,
        Verdict.BLOCKED: Colour.RED,
        Verdict.NOT_RUN: Colour.RED,
    },
    Gate.EXPLORE: {},
}


def colour_of(verdict: Verdict, *, level: Level, basis: Basis, gate: Gate, run_blocked: bool = False) -> Colour:
    """What a verdict on a clause of that level and basis means for the gate.

    A `should`, or a `must` whose basis is inferred, is the weaker promise; a standard clause counts as documented.
    With `run_blocked` a blocked clause is one of a run that was blocked as a whole: that is red but in `explore`.
    """
    if verdict is Verdict.PASS:
        return Colour.GREEN
    if verdict is Verdict.ERROR:
        return Colour.RED
    if verdict is Verdict.BLOCKED and run_blocked and gate is not Gate.EXPLORE:
        return Colour.RED
    if verdict is not Verdict.FAIL:
        return _COLOUR_BY_VERDICT[gate].get(verdict, Colour.NONE)
    if gate is Gate.EXPLORE or level == "may":
        return Colour.NONE
    if gate is Gate.STRICT:
        return Colour.RED
    if basis == "inferred":
        return Colour.AMBER
    if level == "should":
        return Colour.RED if gate is Gate.CERTIFY else Colour.AMBER
    return Colour.RED


def gate_colour(results: Iterable[ClauseResult]) -> Colour:
    """Red if anything is red, else amber if anything is amber, else green."""
    colours = {result.colour for result in results}
    for colour in (Colour.RED, Colour.AMBER):
        if colour in colours:
            return colour
    return Colour.GREEN
