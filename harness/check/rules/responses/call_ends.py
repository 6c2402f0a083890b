"""Rules on who calls whom: in calls that come in, the own numbers are called; in those that go out, they call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.check.context import CheckContext, Row
from harness.check.probe.filter_values import largest_page
from harness.check.probe.mirror import Mirror
from harness.specification.model import Field

ROWS_NEEDED: Final = 8
"""Calls of each direction: of fewer all may be between the same two numbers."""
NUMBERS_NEEDED: Final = 3
"""One number for all, such as a word for hidden ones, is nobody's."""
NEARLY_ALL: Final = 0.9


def check_call_ends(context: CheckContext, mirror: Mirror) -> None:
    """Judges that caller and callee have not changed places in one of the two directions.

    Whose numbers are whose, no row says; but who calls in one direction is called in the other. Where the same
    numbers call, or are called, in both, and none calls here and is called there, one direction is turned round.
    """
    fields = context.listing.fields
    shown = {str(field.shows): name for name, field in fields.items()}
    source, destination = shown.get("source"), shown.get("destination")
    direction = shown.get("line_direction") or shown.get("direction")
    if source is None or destination is None or direction is None:
        return
    inbound = _rows_of_word(mirror, fields[direction], direction, "inbound", (source, destination))
    outbound = _rows_of_word(mirror, fields[direction], direction, "outbound", (source, destination))
    if min(len(inbound), len(outbound)) < ROWS_NEEDED:
        return
    clauses = fields[source].clause or context.listing.lists.clauses.keys
    out = [{str(row.shown[end]) for row in outbound} for end in (source, destination)]
    # The share of calls that come in whose caller, or callee, is a caller, or a callee, of calls that go out.
    shares = {
        (end, other): sum(str(row.shown[end]) in out[other] for row in inbound) / len(inbound)
        for end in (source, destination)
        for other in (0, 1)
    }
    alike = max(shares[source, 0], shares[destination, 1])
    crossed = max(shares[source, 1], shares[destination, 0])
    few = min(len({str(row.shown[end]) for row in inbound}) for end in (source, destination)) < NUMBERS_NEEDED
    if few or alike < NEARLY_ALL or crossed > 1 - NEARLY_ALL:
        context.results.record_pass(clauses)
        return
    context.fail(
        clauses,
        f"{source} calls and {destination} is called",
        expected=f"the same numbers in {destination} of calls that come in and in {source} of those that go out",
        actual=f"none; but the same ones in {source} of both, or in {destination} of both",
        exchange=context.seen_exchange(mirror.request(largest_page(context))),
        rows=inbound[:4],
        fields=(direction, source, destination),
    )


def _rows_of_word(mirror: Mirror, field: Field, name: str, word: str, ends: Sequence[str]) -> list[Row]:
    """The rows of one direction that show both ends of the call."""
    written = field.words.get(word, word)
    return [row for row in mirror.rows if row.shown.get(name) == written and all(row.shown.get(end) for end in ends)]
