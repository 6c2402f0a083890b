"""Rules on parts of an answer that repeat the request.

What an echo says is judged in every answer (`witness`); here are the requests that give it something to repeat.
"""

from __future__ import annotations

from harness.check.context import CheckContext
from harness.check.probe.mirror import Mirror, largest_page_size
from harness.check.rules.responses.time_zones import check_time_zones
from harness.specification.model import CursorPaging
from harness.specification.sort_spellings import descending_spelling
from harness.wire.decoded_body import Tree


def check_echoes(context: CheckContext, mirror: Mirror) -> None:
    """Judges the echoes of requests that give something to repeat, and the time zones of instants."""
    if context.listing.echoes:
        _request_echoes(context, mirror)
    check_time_zones(context, mirror)


def _request_echoes(context: CheckContext, mirror: Mirror) -> None:
    listing = context.listing
    names = {echo.of for echo in listing.echoes}
    more: dict[str, Tree] = {}
    size, _ = largest_page_size(context)
    if size in names and size is not None:
        more[size] = context.encode(size, 2)
    sort = listing.order.sort if listing.order is not None else None
    if sort is not None and sort.parameter in names and context.parameters_work(sort.parameter):
        default = listing.parameters[sort.parameter].default
        word = next(
            (word for word in sort.words if word not in sort.refused and str(default).lstrip("-") != word), ""
        )
        if word:
            more[sort.parameter] = descending_spelling(sort, word)
    exchange = context.send(mirror.request(more), "values that the answer repeats")
    paging = listing.paging
    if not isinstance(paging, CursorPaging) or exchange.outcome != "success":
        return
    if paging.after in names and exchange.next_cursor is not None:
        ask = mirror.request({**more, paging.after: exchange.next_cursor})
        following = context.send(ask, "a cursor that the answer repeats")
        if paging.before in names and following.previous_cursor is not None:
            ask = mirror.request({**more, paging.before: following.previous_cursor})
            context.send(
                ask, "a cursor back that the answer repeats", witness=_uses_before_parameter(context, paging)
            )
    context.send(mirror.request(), "nothing for the answer to repeat")


def _uses_before_parameter(context: CheckContext, paging: CursorPaging) -> bool:
    """Whether `before` is where a cursor back belongs, as far as it is known."""
    return "before" in context.dialect.possible_answers(paging.prev_goes_into)
