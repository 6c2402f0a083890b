"""Rows of live calls and those beside them: what a row shows does not come and go with its neighbour."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import pairwise
from typing import Final, Literal

from harness.check.context import Row
from harness.check.results.evidence import render_value
from harness.check.rules.live.call_continuity import END_ATTRIBUTES, PARTY_ATTRIBUTES, field_clauses, is_same_call
from harness.check.rules.live.call_readings import Reading, WatchedCalls

# Two may be transfers. Where rows stand by what happened last, a row that changes moves, and two others get another
# neighbour by that: a third of those that get one change then.
_CHANGES_NEEDED: Final = 3
_Side = Literal["before", "after"]


def check_neighbours(watched: WatchedCalls) -> None:
    """Judges that the parties of a call do not change whenever, and only when, another row stands beside it.

    Servers fill a field from the row that they wrote before, or wrote last (`callee_dialed_of_row_before`).
    """
    context = watched.context
    sides: tuple[_Side, ...] = ("before", "after")
    for name in context.fields_showing(*PARTY_ATTRIBUTES, *END_ATTRIBUTES):
        for side in sides:
            moved, stayed = _changes(watched, name, side, moved=True), _changes(watched, name, side, moved=False)
            changed = [(one, other) for one, other in moved if one.shown.get(name) != other.shown.get(name)]
            alone = any(one.shown.get(name) != other.shown.get(name) for one, other in stayed)
            if alone or len(changed) < _CHANGES_NEEDED or 3 * len(changed) < 2 * len(moved):
                continue
            if len(stayed) < len(changed):
                continue
            one, other = changed[0]
            context.fail(
                field_clauses(context, name, context.listing.fields[name]),
                f"{name} of a call stays as it is",
                expected=f"{name}={render_value(one.shown.get(name))}, as in the reading before",
                actual=f"{render_value(other.shown.get(name))} when another row came {side} it; so in {len(changed)} "
                f"of {len(moved)} rows, and in none of {len(stayed)} beside the same row",
                rows=[row for pair in changed for row in pair],
                fields=[name],
                difference="values of the row beside",
                steps=watched.steps_of_rows((one, other)),
            )
            break


def _changes(watched: WatchedCalls, name: str, side: _Side, *, moved: bool) -> list[tuple[Row, Row]]:
    """The rows of a call in two readings that follow on one another, beside another row then or beside the same."""
    return [
        (one, other)
        for earlier, later in pairwise(watched.readings)
        for (one, first), (other, second) in _rows_of_both(earlier, later, side)
        if (first != second) is moved and name in one.shown and name in other.shown
        if is_same_call(watched.context, one, other)
    ]


def _rows_of_both(
    earlier: Reading, later: Reading, side: _Side
) -> Iterator[tuple[tuple[Row, Hashable], tuple[Row, Hashable]]]:
    """Each row that two readings show, in both, with the key of the row beside it."""
    known = _rows_with_neighbour(earlier, side)
    yield from ((known[key], found) for key, found in _rows_with_neighbour(later, side).items() if key in known)


def _rows_with_neighbour(reading: Reading, side: _Side) -> dict[Hashable, tuple[Row, Hashable]]:
    rows = list(reading.rows) if side == "before" else list(reversed(reading.rows))
    beside: list[Hashable] = [None, *(row.key for row in rows)]
    return {row.key: (row, other) for row, other in zip(rows, beside, strict=False)}
