"""Faults in the parts of a row that a switch adds, and in fields that echo the request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from zoneinfo import ZoneInfo

from harness.integers import is_integer
from harness.serve.faults.base import Fault, change_at_pointer, make_fault, on_parameters, remove_at_pointer
from harness.serve.faults.hooks import AnswerContext, Hooks, RowTree
from harness.serve.faults.parameters import with_opposite_default
from harness.serve.query.parameters import ParsedParameters
from harness.serve.query.query_builder import AnswerPlan
from harness.specification.echo_types import is_integer_echo
from harness.specification.model import Listing
from harness.wire.decoded_body import Tree
from harness.wire.json_body import MISSING
from harness.wire.json_body import tree_at as part_at
from harness.wire.request_codec import RefusedRequest
from harness.wire.response_codec import is_xml
from harness.wire.scalar_codecs import offset_minutes, zone_named


def include_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of includes: row parts that are shown without their switch, or left out in spite of it."""
    for include in listing.includes:
        name = include.parameter
        for clauses, word, on in ((include.clauses.on, "never", False), (include.clauses.off, "always", True)):
            yield from make_fault(
                clauses,
                f"{name}-{word}",
                f"what {name} adds is {word} there",
                on_parameters(lambda given, name=name, on=on: _set_flag(given, name, on=on)),  # type: ignore[misc]
            )
        if include.added_names:
            yield from make_fault(
                include.clauses.on,
                f"{name}-first-row-only",
                f"what {name} adds is there in the first row of an answer alone",
                Hooks(row=_without_parts_later(include.added_names)),
            )
        other = next((other.parameter for other in listing.includes if other is not include), None)
        if other is not None:
            yield from make_fault(
                include.clauses.on,
                f"{name}-lost-beside-{other}",
                f"what {name} adds is left out where {other} is on, too",
                on_parameters(
                    lambda given, name=name, other=other: (  # type: ignore[misc]
                        _set_flag(given, name, on=False) if given.is_true(other) else given
                    )
                ),
            )
        yield from make_fault(
            include.clauses.default,
            f"{name}-default",
            f"without {name} its opposite is meant",
            with_opposite_default(listing, name),
        )


def _without_parts_later(names: Iterable[str]) -> Callable[[RowTree, int, object], RowTree]:
    """What leaves parts out of all rows but the first."""
    left = frozenset(names)

    def change(row: RowTree, index: int, at: object) -> RowTree:
        return row if not index else {name: value for name, value in row.items() if name not in left}

    return change


def _set_flag(given: ParsedParameters, name: str, *, on: bool) -> ParsedParameters:
    return given._replace(values={**given.values, name: on})


def echo_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of echoes and zones: wrong echoes of the request, and local times in the wrong zone."""
    for echo in listing.echoes:
        place = echo.at
        yield from make_fault(
            echo.clause,
            f"{echo.of}-echoed-wrongly",
            f"the answer tells another {echo.of} than was asked for",
            Hooks(tree=lambda tree, context, place=place: change_at_pointer(tree, place, _change_echo)),  # type: ignore[misc]
        )
        yield from make_fault(
            echo.clause,
            f"{echo.of}-not-echoed",
            f"the answer does not tell {echo.of}",
            Hooks(tree=lambda tree, context, place=place: remove_at_pointer(tree, place)),  # type: ignore[misc]
        )
        # Where a part around the rows stands there, its own fault is about its type.
        around = any(part.at == place for part in listing.outcome.envelope.values())
        if is_integer_echo(listing, echo) and not around and not is_xml(listing):
            yield from make_fault(
                echo.clause,
                f"{echo.of}-echoed-as-text",
                f"the answer tells {echo.of} as a text",
                Hooks(tree=lambda tree, context, place=place: change_at_pointer(tree, place, str)),  # type: ignore[misc]
            )
    zone = listing.zone
    if zone is None:
        return
    if zone.echo is not None:
        pointer = zone.echo
        yield from make_fault(
            zone.clauses.echo,
            "another-zone-told",
            "the answer names another time zone than the one used",
            Hooks(tree=lambda tree, context: _name_other_zone(tree, context, pointer)),
        )
    yield from make_fault(
        zone.clauses.shift,
        "times-not-shifted",
        "times are written in the server's zone, whatever was asked",
        Hooks(plan=_plan_in_utc),
    )
    if "name" not in zone.written:
        yield from make_fault(
            zone.clauses.shift,
            "times-shifted-the-other-way",
            "times are written in a zone as far on the other side of UTC",
            Hooks(plan=_plan_in_opposite_zone),
        )


def _change_echo(value: Tree) -> Tree:
    if is_integer(value):
        return value + 1
    return f"{value}x"


def _name_other_zone(tree: Tree, context: AnswerContext, pointer: str) -> Tree:
    return (
        tree if part_at(tree, pointer) is MISSING else change_at_pointer(tree, pointer, lambda _: "Pacific/Auckland")
    )


def _plan_in_opposite_zone(plan: AnswerPlan | RefusedRequest, given: ParsedParameters) -> AnswerPlan | RefusedRequest:
    if isinstance(plan, RefusedRequest) or offset_minutes(plan.zone.key) is None:
        return plan
    turned = plan.zone.key.translate(str.maketrans("+-", "-+"))
    # No zone is so far west as the easternmost is east.
    return plan if offset_minutes(turned) is None else plan._replace(zone=zone_named(turned))


def _plan_in_utc(plan: AnswerPlan | RefusedRequest, given: ParsedParameters) -> AnswerPlan | RefusedRequest:
    return plan if isinstance(plan, RefusedRequest) else plan._replace(zone=ZoneInfo("UTC"))
