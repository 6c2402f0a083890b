"""Ranges that may only be so long: a longer one is refused, one of the full length is not."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Final

from harness.check.context import CheckContext
from harness.check.probe.error_responses import OUTCOME_ASPECTS, check_refusable
from harness.check.probe.mirror import Mirror
from harness.specification.model import FilterRange

_DAY: Final = timedelta(days=1)


def check_long_range(context: CheckContext, mirror: Mirror, pair: FilterRange) -> None:
    """A range clearly longer than the longest is refused; one that is clearly within it is taken."""
    clauses = pair.clauses.too_long
    if pair.most_seconds is None or not clauses:
        return
    if context.options.now is None:
        context.results.record_not_exercised(clauses, "the run does not know what time it is")
        return
    days = any(context.listing.parameters[name].as_ == "calendar-day" for name in (pair.first, pair.last))
    longest = timedelta(seconds=pair.most_seconds)
    # Days may be counted with both ends, and zones and roundings move an end: nothing is judged next to the border.
    clear = 2 * _DAY if days else max(timedelta(seconds=30), longest / 50)
    # Ranges that end in the future may be refused for another reason.
    last = context.options.now.astimezone(UTC).replace(microsecond=0)
    for length, purpose in ((longest + clear, "a range that is too long"), (longest - clear, "the longest range")):
        if length <= timedelta(0):
            continue
        ends = context.encode_all({pair.first: last - length, pair.last: last})
        ask, fault = mirror.request(ends), pair.too_long_fault
        check_refusable(context, mirror, ask, purpose, clauses, fault, only=OUTCOME_ASPECTS)
