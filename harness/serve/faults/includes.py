"""Faults in the parts of a row that a switch adds, and in fields that echo the request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

from harness.serve.faults.base import Fault, breach, changed, on_given, removed
from harness.serve.faults.hooks import Seams, Told
from harness.serve.faults.parameters import flipped
from harness.serve.query.parameters import Given
from harness.serve.query.planner import Plan
from harness.specification.model import Listing
from harness.wire.format_problems import Tree
from harness.wire.json_body import MISSING
from harness.wire.json_body import at as part_at
from harness.wire.request_codec import Refused


def of_includes(listing: Listing) -> Iterator[Fault]:
    """Parts that a switch should add or leave out."""
    for include in listing.includes:
        name = include.parameter
        for kind, word, text in (("on", "never", "never there"), ("off", "always", "always there")):
            yield from breach(
                include.clauses.get(kind, ()),  # type: ignore[call-overload]
                f"{name}-{word}",
                f"what {name} adds is {text}",
                on_given(lambda given, name=name, kind=kind: _switched(given, name, on=kind == "off")),  # type: ignore[misc]
            )
        yield from breach(
            include.clauses.get("default", ()),
            f"{name}-default",
            f"without {name} its opposite is meant",
            flipped(listing, name),
        )


def _switched(given: Given, name: str, *, on: bool) -> Given:
    return replace(given, values={**given.values, name: on})


def of_echoes(listing: Listing) -> Iterator[Fault]:
    """What was asked, told wrongly; and times in the wrong zone."""
    for echo in listing.echoes:
        place = echo.at
        yield from breach(
            echo.clause,
            f"{echo.of}-echoed-wrongly",
            f"the answer tells another {echo.of} than was asked for",
            Seams(tree=lambda tree, told, place=place: changed(tree, place, _otherwise)),  # type: ignore[misc]
        )
        yield from breach(
            echo.clause,
            f"{echo.of}-not-echoed",
            f"the answer does not tell {echo.of}",
            Seams(tree=lambda tree, told, place=place: removed(tree, place)),  # type: ignore[misc]
        )
    zone = listing.zone
    if zone is None:
        return
    if zone.echo is not None:
        pointer = zone.echo
        yield from breach(
            zone.clauses.get("echo", ()),
            "another-zone-told",
            "the answer names another time zone than the one used",
            Seams(tree=lambda tree, told: _zone_told(tree, told, pointer)),
        )
    yield from breach(
        zone.clauses.get("shift", ()),
        "times-not-shifted",
        "times are written in the server's zone, whatever was asked",
        Seams(plan=_unshifted),
    )


def _otherwise(value: Tree) -> Tree:
    if isinstance(value, int) and not isinstance(value, bool):
        return value + 1
    return f"{value}x"


def _zone_told(tree: Tree, told: Told, pointer: str) -> Tree:
    return tree if part_at(tree, pointer) is MISSING else changed(tree, pointer, lambda _: "Pacific/Auckland")


def _unshifted(plan: Plan | Refused, given: Given) -> Plan | Refused:
    return plan if isinstance(plan, Refused) else replace(plan, zone=ZoneInfo("UTC"))
