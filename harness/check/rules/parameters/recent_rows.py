"""A range of instants whose earlier end has a default: without it only what is recent is listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, final

from harness.check.context import CheckContext, Exchange, Row
from harness.check.probe.error_responses import describe_answer, record_kept, report_breach
from harness.check.probe.mirror import Mirror, largest_page_size, parse_row_count, walk_pages
from harness.specification.field_path import FieldPath
from harness.specification.model import FilterRange
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest

# A run takes its time, and rows come while it lasts: only what is clear of both ends is judged.
_SLACK: Final = timedelta(minutes=10)
_LONG_AGO: Final = timedelta(days=3653)


def check_recent_rows(context: CheckContext, mirror: Mirror, pair: FilterRange, seconds: int) -> None:
    """Without a range as many rows come as with one of the last seconds, give or take the slack."""
    clauses = pair.clauses.recent
    if not clauses:
        return
    now = context.server_time
    if now is None:
        context.results.record_not_exercised(clauses, "the run does not know what time it is")
        return
    slack = min(_SLACK, timedelta(seconds=seconds) / 4)
    begin = now - timedelta(seconds=seconds)
    counts = []
    for first in (now - _LONG_AGO, begin - slack, begin + slack):
        listed = _list_from(context, mirror, pair, first)
        counts.append(listed.count)
    every, most, least = counts
    # A list without any call of late may be that of a server whose time stands still, in another year.
    if not every or not most or least is None or not least < every > most:
        reason = f"it takes calls from before and after {begin:%Y-%m-%d %H:%M} UTC, and a list that can be counted"
        context.results.record_not_exercised(clauses, reason)
        return
    path = context.listing.filters[pair.first].compares[0]
    for _ in range(2):
        listed = _list_from(context, mirror, pair, None)
        if context.note_unusable(listed.exchange, clauses):
            return
        older = sum(_is_older(row, path, begin - slack) for row in listed.exchange.listed)
        told = f"{listed.count} calls, {older} of them older" if listed.count else describe_answer(listed.exchange)
        if listed.count is not None and least <= listed.count <= most and not older:
            record_kept(context, clauses, f"the last {seconds} seconds")
            return
    expected = f"the {least} to {most} calls of the last {seconds} seconds"
    report_breach(context, clauses, expected=expected, actual=told, exchange=listed.exchange)


@final
@dataclass(frozen=True, slots=True)
class _Listed:
    """The first answer to a request, and how many rows it and the pages after it hold; None where nobody knows."""

    exchange: Exchange
    count: int | None


def _list_from(context: CheckContext, mirror: Mirror, pair: FilterRange, first: datetime | None) -> _Listed:
    """The list from an instant on, or without a range; counted by its total, or page by page."""
    values = dict(mirror.request_without((pair.first, pair.last)).values)
    if first is not None:
        ahead = (context.options.now or first) + context.facts.window_ahead
        values |= _range_values(context, pair, first, ahead)
    size, most = largest_page_size(context)
    more: Mapping[str, Tree] = {}
    if size is not None and most is not None:
        more = {size: context.encode(size, most)}
    purpose = "the list without a range of time" if first is None else f"the list from {first:%Y-%m-%d %H:%M} on"
    exchange = context.send(ListRequest(values={**values, **more}), purpose)
    if exchange.rows is None or exchange.is_refusal:
        return _Listed(exchange, None)
    told = parse_row_count(exchange.total) if context.listing.total is not None else None
    if told is not None:
        return _Listed(exchange, told)
    if most is not None and len(exchange.rows) < most:
        return _Listed(exchange, len(exchange.rows))
    whole = walk_pages(context, values, purpose=purpose)
    return _Listed(exchange, len(whole.rows) if whole.complete else None)


def _range_values(context: CheckContext, pair: FilterRange, first: datetime, last: datetime) -> dict[str, Tree]:
    ends = {pair.first: first.replace(microsecond=0), pair.last: last.astimezone(UTC).replace(microsecond=0)}
    return {name: context.encode(name, instant) for name, instant in ends.items()}


def _is_older(row: Row, path: FieldPath, than: datetime) -> bool:
    found = [value.astimezone(UTC) for value in row.values(path) if isinstance(value, datetime)]
    return bool(found) and max(found) < than
