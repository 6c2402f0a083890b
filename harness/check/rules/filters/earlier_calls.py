"""Ranges of time that hold old calls alone: archives and clock changes begin there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, final

from harness.check.context import CheckContext, Exchange, Row, instants_of
from harness.check.probe.error_responses import describe_answer, judge_twice, repeat_exchange, report_breach
from harness.check.probe.filter_values import is_asked, open_range_end
from harness.check.probe.mirror import Mirror, largest_page_size
from harness.check.probe.time_ranges import longest_range, time_range_filters
from harness.check.rules.access.row_owners import holds_whole_list
from harness.specification.model import Clauses
from harness.wire.decoded_body import Tree
from harness.wire.parameter_codec import takes_instants
from harness.wire.time_codecs import TIME_CODECS, time_step

# Across the last change of clocks, and across a year.
_DAYS_BACK: Final = (200, 800)
_LEAST_ROWS: Final = 3
_LONGER: Final = timedelta(days=2)
# Further than any clock or day of a server's own moves a bound.
_FAR: Final = timedelta(days=1)
_Outside = Callable[[Exchange], list[datetime]]


@final
@dataclass(frozen=True, slots=True)
class _Bounds:
    """The two parameters that bound an instant, the name of its field, and the least that they tell apart."""

    lower: str
    upper: str
    path: str
    step: timedelta


def check_earlier_calls(context: CheckContext, mirror: Mirror) -> None:
    """Asks for the very moment of some calls that began before the range of the run, or of its oldest ones.

    Servers keep what is old elsewhere, or with other rules of summer time (`clock_change_hour`, foreign servers).
    """
    bounds = _bounds_of(context, mirror)
    times = instants_of(mirror.rows, bounds.path) if bounds is not None else []
    if bounds is None or not times or context.options.window is not None:
        return
    if not any(is_asked(context, name) for name in (bounds.lower, bounds.upper)):
        return
    rows = _earlier_rows(context, mirror, bounds, min(times)) if bounds.lower in mirror.base else []
    chosen = (rows[0], rows[len(rows) // 2], rows[-1]) if rows else _oldest_rows(context, mirror, bounds)
    for row in dict.fromkeys(chosen):
        if not _check_moment(context, mirror, bounds, row):
            return


def _bounds_of(context: CheckContext, mirror: Mirror) -> _Bounds | None:
    """The bounds of the range of the run; None where there are no two, or none of instants."""
    lower, upper, path = time_range_filters(context)
    if lower is None or upper is None or path is None:
        return None
    listing = context.listing
    parameters = [listing.parameters[name] for name in (lower, upper)]
    if str(listing.filters[upper].compares[0]) != path or not all(map(takes_instants, parameters)):
        return None
    steps = [time_step(one.as_, one.format) for one in parameters if one.as_ in TIME_CODECS]
    return _Bounds(lower, upper, path, max((timedelta(seconds=1), *steps)))


def _earlier_rows(context: CheckContext, mirror: Mirror, bounds: _Bounds, oldest: datetime) -> list[Row]:
    """Some calls that began before an instant, in the order of their beginnings."""
    size, most = largest_page_size(context)
    page = {size: context.encode(size, most)} if size is not None else {}
    longest = longest_range(context)
    for days in _DAYS_BACK:
        length = timedelta(days=days) if longest is None else longest / 2
        values = _range_values(context, bounds, oldest - length, oldest - 2 * bounds.step)
        exchange = context.send(mirror.request({**values, **page}), f"the calls of {days} days before")
        rows = [row for row in exchange.listed if (at := row.instant(bounds.path)) is not None and at < oldest]
        if len(rows) >= _LEAST_ROWS:
            return sorted(rows, key=lambda row: (row.instant(bounds.path) or oldest, str(row.key)))
    return []


def _oldest_rows(context: CheckContext, mirror: Mirror, bounds: _Bounds) -> tuple[Row, ...]:
    """Two rows of the older half of a list that is known whole; none where something else decides what they are."""
    rules = [context.listing.filters[name] for name in (bounds.lower, bounds.upper)]
    compared = [context.dialect.known_answers(rule.instead) for rule in rules]
    if not mirror.complete or mirror.volatile or compared != [((),), ((),)] or any(r.applies_if_any for r in rules):
        return ()
    times = [(at, row) for row in mirror.rows if (at := row.instant(bounds.path)) is not None]
    rows = [row for _, row in sorted(times, key=lambda pair: (pair[0], str(pair[1].key)))]
    return (rows[0], rows[len(rows) // 4]) if len(rows) > _LEAST_ROWS else ()


def _range_values(context: CheckContext, bounds: _Bounds, first: datetime, last: datetime) -> Mapping[str, Tree]:
    return {
        name: context.encode(name, instant.replace(microsecond=0))
        for name, instant in ((bounds.lower, first), (bounds.upper, last))
    }


def _check_moment(context: CheckContext, mirror: Mirror, bounds: _Bounds, row: Row) -> bool:
    """Whether a range from just before to just after a call holds it, and nothing else than what it spans."""
    at = row.instant(bounds.path)
    assert at is not None
    first, last = at - bounds.step, at + 2 * bounds.step
    purpose = f"the moment of a call of {at:%Y-%m-%d %H:%M:%S}"
    exchange = context.send(mirror.request(_range_values(context, bounds, first, last)), purpose)

    def before(answer: Exchange) -> list[datetime]:
        return [one for one in instants_of(answer.listed, bounds.path) if one < first - bounds.step]

    def after(answer: Exchange) -> list[datetime]:
        return [one for one in instants_of(answer.listed, bounds.path) if one > last]

    for name, outside in ((bounds.lower, before), (bounds.upper, after)):
        clauses = context.listing.filters[name].clause
        if any(abs(one - at) > _FAR for one in outside(exchange)):
            clauses = _clauses_of_lost_bound(context, mirror, bounds, name, exchange, outside) or clauses
        expected = f"only calls within {name}"
        if judge_twice(context, exchange, clauses, partial(_count_text, outside), expected=expected) is not True:
            return False
    return _judge_presence(context, mirror, bounds, row, exchange)


def _clauses_of_lost_bound(
    context: CheckContext, mirror: Mirror, bounds: _Bounds, name: str, exchange: Exchange, outside: _Outside
) -> Clauses:
    """The clauses on filters together, where a bound has no effect beside the other one, and alone it holds; or none.

    One that is not kept alone either is to blame itself.
    """
    values = exchange.list_request.values
    other = bounds.upper if name == bounds.lower else bounds.lower
    answers: list[Exchange] = []
    for left_out, kept in ((name, other), (other, name)):
        more = {kept: values[kept], **open_range_end(context, mirror, kept)}
        answers.append(context.send(mirror.request_without({left_out}, more), f"the same without {left_out}"))
    without, alone = answers
    times = instants_of(alone.listed, bounds.path)
    # Calls outside would stand first, or anywhere in an answer that holds the whole list.
    told = holds_whole_list(context, alone) or times == sorted(times, reverse=name == bounds.upper)
    lost = without.rows is not None and set(without.keys) <= set(exchange.keys)
    return context.listing.conjunction_clause if lost and times and told and not outside(alone) else ()


def _judge_presence(context: CheckContext, mirror: Mirror, bounds: _Bounds, row: Row, exchange: Exchange) -> bool:
    """Whether the call is there; else the bound is to blame that brings it back when it lies further off."""
    if exchange.rows is None or row.key in exchange.keys:
        return exchange.rows is not None
    at = row.instant(bounds.path)
    assert at is not None
    blamed: list[str] = []
    for name, first, last in (
        (bounds.lower, at - _LONGER, at + 2 * bounds.step),
        (bounds.upper, at - bounds.step, at + _LONGER),
    ):
        wider = context.send(mirror.request(_range_values(context, bounds, first, last)), f"the same with {name} off")
        if row.key in wider.keys:
            blamed.append(name)
    second = repeat_exchange(context, exchange)
    if row.key in second.keys or second.rows is None or not blamed:
        # Nothing shows that the call is still there: it may have gone.
        return False
    clauses: Clauses = tuple(clause for name in blamed for clause in context.listing.filters[name].clause)
    expected = f"the call that began at {at:%Y-%m-%d %H:%M:%S}"
    report_breach(context, clauses, expected=expected, actual=describe_answer(second), exchange=second)
    return False


def _count_text(outside: _Outside, answer: Exchange) -> str:
    instants = outside(answer)
    return f"{len(instants)} calls outside, such as one of {instants[0]:%Y-%m-%d %H:%M:%S}" if instants else ""
