"""Parts of an answer that repeat the request, and the time zone in which it speaks.

What an echo says is judged in every answer (`witness`); here are the requests that give it something to repeat.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.check.context import Session
from harness.check.probe.mirror import Mirror, ask_for, largest_size, written
from harness.check.rules.responses.time_zones import check_time_zones
from harness.specification.model import CursorPaging, Open
from harness.wire.format_problems import Tree


def echoes(session: Session, mirror: Mirror) -> Iterator[None]:
    """Requests with something to repeat, and the same rows under two time zones."""
    if session.listing.echoes:
        yield from _asked(session, mirror)
    yield from check_time_zones(session, mirror)


def _asked(session: Session, mirror: Mirror) -> Iterator[None]:
    listing = session.listing
    names = {echo.of for echo in listing.echoes}
    more: dict[str, Tree] = {}
    size, _ = largest_size(session)
    if size in names and size is not None:
        more[size] = written(session, size, 2)
    sort = listing.order.sort if listing.order is not None else None
    if sort is not None and sort.parameter in names and session.usable(sort.parameter):
        default = listing.parameters[sort.parameter].default
        word = next(
            (word for word in sort.words if word not in sort.refused and str(default).lstrip("-") != word), ""
        )
        if word:
            more[sort.parameter] = f"-{word}" if sort.signed else word
    exchange = session.send(ask_for(session, mirror.base, more), "values that the answer repeats")
    yield
    paging = listing.paging
    if not isinstance(paging, CursorPaging) or exchange.answer is None or exchange.answer.outcome != "success":
        return
    cursor = exchange.answer.next
    if paging.after in names and isinstance(cursor, str) and cursor:
        ask = ask_for(session, mirror.base, {**more, paging.after: cursor})
        following = session.send(ask, "a cursor that the answer repeats")
        yield
        back = following.answer.prev if following.answer is not None else None
        if paging.before in names and isinstance(back, str) and back:
            ask = ask_for(session, mirror.base, {**more, paging.before: back})
            session.send(ask, "a cursor back that the answer repeats", witness=_goes_back(session, paging))
            yield
    session.send(ask_for(session, mirror.base), "nothing for the answer to repeat")
    yield


def _goes_back(session: Session, paging: CursorPaging) -> bool:
    """Whether `before` is where a cursor back belongs, as far as it is known."""
    choice = paging.prev_goes_into
    if isinstance(choice, Open):
        return "before" in (session.knowledge.known(choice.id) or choice.options)
    return choice == "before"
