"""The gate: which verdict is red, amber or only informs, by profile, and why a run is what it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from harness.check.results.findings import ClauseResult, Colour, Gate, RunReport, Verdict
from harness.specification.model import Basis, Level

_COLOUR_BY_VERDICT: Final[Mapping[Gate, Mapping[Verdict, Colour]]] = {
    Gate.CI: {
        Verdict.INCONCLUSIVE: Colour.AMBER,
        Verdict.NOT_EXERCISED: Colour.AMBER,
        Verdict.BLOCKED: Colour.AMBER,
        Verdict.NOT_RUN: Colour.AMBER,
    },
    Gate.FULL: {
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
    if gate in (Gate.FULL, Gate.STRICT):
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


# --- why a run is red or amber ------------------------------------------------------------------------------

_NAMED_AT_MOST: Final = 6
# What a reason begins with is what weighs most: one clause, and several.
_REASONS: Final[Mapping[Verdict, tuple[str, str]]] = {
    Verdict.ERROR: ("the harness failed on 1 clause", "the harness failed on {} clauses"),
    Verdict.FAIL: ("1 clause is broken", "{} clauses are broken"),
    Verdict.PASS: ("1 known failure passes and is to be removed", "{} known failures pass and are to be removed"),
    Verdict.BLOCKED: ("1 clause is blocked", "{} clauses are blocked"),
    Verdict.INCONCLUSIVE: ("1 clause could not be decided", "{} clauses could not be decided"),
    Verdict.NOT_EXERCISED: ("1 clause was not exercised", "{} clauses were not exercised"),
    Verdict.NOT_APPLICABLE: ("1 clause no longer applies", "{} clauses no longer apply"),
    Verdict.NOT_RUN: ("1 clause was not run", "{} clauses were not run"),
}


def shut_out_reason(report: RunReport) -> str:
    """Why the run never saw the list: no server, no log-in, no API at that address; empty where it did."""
    return _blocked_reason(report.clauses) if report.exit_code == 4 and not report.rows_seen else ""


def _blocked_reason(results: Iterable[ClauseResult]) -> str:
    """What blocked all of these clauses, or nearly all; empty where none is blocked."""
    reasons = Counter(result.reason for result in results if result.verdict is Verdict.BLOCKED and result.reason)
    return reasons.most_common(1)[0][0] if reasons else ""


def gate_reason(report: RunReport) -> str:
    """Why the run is red or amber, in one line with the clauses that make it so; empty for a green run."""
    if report.colour not in (Colour.RED, Colour.AMBER):
        return ""
    counted = [result for result in report.clauses if result.colour is report.colour]
    cause = _blocked_reason(counted) if report.exit_code == 4 else ""
    if cause:
        return f"nothing could be checked: {cause}"
    parts = []
    for verdict, (one, several) in _REASONS.items():
        ids = [str(result.id) for result in counted if result.verdict is verdict]
        if ids:
            more = f" and {len(ids) - _NAMED_AT_MOST} more" if len(ids) > _NAMED_AT_MOST else ""
            said = one if len(ids) == 1 else several.format(len(ids))
            parts.append(f"{said} ({', '.join(ids[:_NAMED_AT_MOST])}{more})")
    if parts:
        return "; ".join(parts)
    if report.colour is Colour.AMBER:
        return "known failures waive many of the required clauses"
    return f"the run did not come to its end ({report.interrupted})" if report.interrupted else "the harness failed"
