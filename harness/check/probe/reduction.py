"""The smallest request that still goes wrong in the same way: what remains of it is to blame.

Parameters are left out one by one (delta debugging). An answer that was seen already costs nothing; a run spends at
most `REDUCTION_REQUESTS` on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from harness.check.context import CheckContext, Exchange
from harness.check.probe.differences import Difference
from harness.check.probe.mirror import Mirror, largest_page_size
from harness.check.probe.time_ranges import needed_parameters
from harness.specification.model import CursorPaging
from harness.wire.decoded_body import Tree
from harness.wire.json_body import MISSING
from harness.wire.list_request import ListRequest

REDUCTION_REQUESTS: Final = 150
"""Requests for all reductions of a run; a probe has three to eight parameters."""

JudgeExchange = Callable[[Exchange], Sequence[Difference] | None]


def reduce_request(
    context: CheckContext,
    mirror: Mirror,
    exchange: Exchange,
    difference: Difference,
    judge: JudgeExchange,
    credentials: Mapping[str, str] | None = None,
) -> tuple[Exchange, Difference]:
    """The exchange of the smallest request found that shows the same difference, with the difference in it."""
    for smaller in (
        *_on_largest_page(context, exchange.list_request, lacking=difference.kind == "missing"),
        *_without_added_parts(context, mirror, exchange.list_request),
    ):
        found = _ask_smaller(context, smaller, exchange, difference, judge, credentials)
        if found is not None:
            exchange, difference = found
            break
    # What could not be left out at first may be, once another part is gone; what was asked before is free.
    for _ in range(2):
        before = exchange
        parts = _removable_parts(context, exchange.list_request)
        if difference.kind == "missing":
            # Rows are missed on a page that has place for them, whatever else is left out.
            parts.sort(key=lambda part: context.listing.paging.size_parameter in part)
        for part in parts:
            ask = exchange.list_request
            if not all(name in ask.values and name not in mirror.scope for name in part):
                continue
            found = _ask_smaller(context, _without(ask, part), exchange, difference, judge, credentials)
            if found is not None:
                exchange, difference = found
        if exchange is before:
            break
    if exchange.list_request.encoding_name not in (None, context.request_encoding):
        plain = replace(exchange.list_request, encoding_name=None)
        found = _ask_smaller(context, plain, exchange, difference, judge, credentials)
        if found is not None:
            exchange, difference = found
    return exchange, difference


def smallest_part(
    part: dict[str, Tree],
    exchange: Exchange,
    ask: Callable[[dict[str, Tree]], Exchange],
    is_wrong: Callable[[Exchange], bool],
) -> tuple[dict[str, Tree], Exchange]:
    """Half of some parameters, then half of those: what is left, and the last answer that was seen to be wrong.

    Cheaper than leaving them out one by one, where one of many is at fault.
    """
    while len(part) > 1:
        items = list(part.items())
        half = dict(items[: len(items) // 2])
        answer = ask(half)
        part = half if is_wrong(answer) else dict(items[len(items) // 2 :])
        exchange = answer if is_wrong(answer) else exchange
    return part, exchange


def _ask_smaller(
    context: CheckContext,
    ask: ListRequest,
    larger: Exchange,
    difference: Difference,
    judge: JudgeExchange,
    credentials: Mapping[str, str] | None,
) -> tuple[Exchange, Difference] | None:
    """The answer to a smaller request and the difference in it, or None where it does not go wrong that way."""
    exchange = context.seen_exchange(ask) if credentials is None else None
    if exchange is None:
        if context.reduction_requests >= REDUCTION_REQUESTS:
            return None
        context.reduction_requests += 1
        exchange = context.send(ask, "the same with less", credentials=credentials)
    differences = judge(exchange)
    same = next((one for one in differences or () if _tells_as_much(one, difference)), None)
    if same is None and difference.aspect == "total" and _tells_same_total(exchange, larger):
        # The total counts what was found, on whatever page: it is rows that are wrong, and a page of few hid it.
        hidden = not any(one.aspect == "rows" for one in judge(larger) or ())
        same = next((one for one in differences or () if hidden and one.aspect == "rows"), None)
    return None if same is None else (exchange, same)


def _tells_as_much(one: Difference, other: Difference) -> bool:
    """Whether a difference is another one, or says of the whole list what that says of a page.

    A short page among others would no longer tell that a list as a whole lacks rows.
    """
    return one.is_same_as(other) and (one.aspect == other.aspect or (one.kind, other.kind) == ("missing", "too-few"))


def _tells_same_total(one: Exchange, other: Exchange) -> bool:
    return one.total == other.total is not MISSING


def _without(ask: ListRequest, names: Sequence[str]) -> ListRequest:
    return replace(ask, values={name: raw for name, raw in ask.values.items() if name not in names})


def _without_added_parts(context: CheckContext, mirror: Mirror, ask: ListRequest) -> list[ListRequest]:
    """The request without what the run itself adds to every one: the largest page and the optional parts of rows."""
    added = added_parameters(context, mirror, ask)
    return [_without(ask, sorted(added))] if len(added) > 1 and len(added) < len(ask.values) else []


def _on_largest_page(context: CheckContext, ask: ListRequest, *, lacking: bool) -> list[ListRequest]:
    """A page of what filters keep with all rows on one page instead: what goes wrong there is no matter of pages.

    Rows that a page of a length of the server's own is `lacking` may stand on the next one, once less is asked.
    """
    size_name, largest = largest_page_size(context)
    places = set(context.listing.paging.place_parameters) & ask.values.keys()
    filtered = context.listing.filters.keys() & ask.values.keys()
    if size_name is None or not filtered or not (places or (lacking and size_name not in ask.values)):
        return []
    whole = _without(ask, sorted(places))
    return [whole.with_values({size_name: context.encode(size_name, largest)})]


def added_parameters(context: CheckContext, mirror: Mirror, ask: ListRequest) -> frozenset[str]:
    """The parameters of a request that the run adds by itself: its window, the largest page, all parts of rows."""
    names = {name for name, raw in mirror.base.items() if ask.values.get(name) == raw and name not in mirror.scope}
    size = context.listing.paging.size_parameter
    if size is not None and ask.values.get(size) in _large_sizes(context, size):
        names.add(size)
    for include in context.listing.includes:
        on = context.encode(include.parameter, True)
        if include.adds and ask.values.get(include.parameter) == on and len(ask.values) > 1:
            names.add(include.parameter)
    return frozenset(names)


def _large_sizes(context: CheckContext, size: str) -> tuple[Tree, ...]:
    most = largest_page_size(context)[1]
    return () if most is None else (context.encode(size, most),)


def _removable_parts(context: CheckContext, ask: ListRequest) -> list[tuple[str, ...]]:
    """What can be left out of a request, one part at a time: pages and orders first, filters last.

    A place goes with its size where it means nothing without it, a named comparison with its filter.
    """
    listing, paging = context.listing, context.listing.paging
    required = needed_parameters(listing)
    cursors = {paging.after, paging.before} if isinstance(paging, CursorPaging) else set()
    pages = [name for name in (*paging.place_parameters, paging.size_parameter) if name and name in ask.values]
    filters = [name for name in ask.values if name in listing.filters]
    named = {name: rule.parameter for name in filters if (rule := listing.filters[name].named_by) is not None}
    comparisons = list(dict.fromkeys(named.values()))
    others = [name for name in ask.values if name not in {*filters, *pages, *comparisons}]
    parts = [
        *([tuple(pages)] if len(pages) > 1 else []),
        *((name,) for name in pages if name not in cursors),
        *((name,) for name in others),
        *((pair.first, pair.last) for pair in listing.ranges if {pair.first, pair.last} <= ask.values.keys()),
        *((name, named[name]) if named.get(name) in ask.values else (name,) for name in filters),
        *((name,) for name in comparisons if name in ask.values),
    ]
    return [part for part in parts if not set(part) & required]
