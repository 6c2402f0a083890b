"""Replies that are only a number: asking for them and judging them."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from harness.check.context import Exchange, Session
from harness.check.probe.expect import expect
from harness.check.probe.filter_values import some_filter, wide
from harness.check.probe.mirror import Mirror, ask_for, written
from harness.specification.model import ClauseId, LimitPaging, NoPaging
from harness.wire.format_problems import Tree
from harness.wire.response_codec import count_in


def count_only(session: Session, mirror: Mirror) -> Iterator[None]:
    """A number in place of rows: of all, of some, unmoved by what it ignores."""
    counting = session.listing.count_only
    if counting is None:
        return
    on = {counting.parameter: written(session, counting.parameter, True)}
    clauses = counting.clauses.get("on", ())
    judged = yield from expect(session, mirror, ask_for(session, mirror.base, on), "a count of all", clauses)
    if judged.right is False:
        session.broken.setdefault(counting.parameter, clauses[0] if clauses else ClauseId(counting.parameter))
    if (chosen := some_filter(session, mirror)) and judged.right:
        yield from expect(
            session, mirror, ask_for(session, mirror.base, {**on, **chosen}), "a count with a filter", clauses
        )
    if (word := _word_for_several(session)) and judged.right:
        yield from expect(
            session, mirror, ask_for(session, mirror.base, {**on, **word}), "a count with a word for several", clauses
        )
    for name in counting.ignores:
        if judged.right and session.usable(name):
            small = written(session, name, 1)
            mine = counting.clauses.get("ignores", clauses)
            if len(mirror.rows) < 2:
                session.ledger.not_exercised(mine, "fewer than two rows")
                continue
            yield from expect(
                session, mirror, ask_for(session, mirror.base, {**on, name: small}), f"a count with {name} = 1", mine
            )
    mine = counting.clauses.get("default", ())
    off = {counting.parameter: written(session, counting.parameter, False)}
    for values, purpose in ((off, "the count switched off"), ({}, "no word on counting")):
        ask = ask_for(session, mirror.base, {**wide(session), **values})
        yield from expect(session, mirror, ask, purpose, mine)


def _word_for_several(session: Session) -> dict[str, Tree]:
    """A filter with a word that stands for several values of its field; empty when there is none."""
    for name, kept in session.listing.filters.items():
        words = [word for word, meant in kept.words.items() if isinstance(meant, tuple)]
        if words and session.usable(name) and session.in_force(name):
            return {name: words[0]}
    return {}


def count_of(session: Session, mirror: Mirror, listed: Exchange) -> Iterator[None]:
    """The number in place of a list that was read whole: both are told again before they are held to differ."""
    counting = session.listing.count_only
    if counting is None or not listed.rows or not session.usable(counting.parameter):
        return
    clauses = counting.clauses.get("on", ())
    if session.ledger.failed(clauses) or not isinstance(session.listing.paging, NoPaging | LimitPaging):
        return
    on = {counting.parameter: written(session, counting.parameter, True)}
    for attempt in range(2):
        counted = session.send(listed.ask.having(on), f"the count of: {listed.purpose}", witness=False)
        yield
        told = count_in(counted.answer) if counted.answer is not None else None
        if session.not_judged(counted, clauses) or told is None:
            return
        if told[0] == len(listed.rows or ()):
            session.ledger.witness(clauses)
            return
        before = listed.keys
        listed = session.send(listed.ask, f"again: {listed.purpose}", witness=False)
        yield
        if mirror.volatile or set(listed.keys) != set(before):
            return
        if attempt and (yield from _list_is_cut(session, listed, told[0])):
            return
        if attempt:
            expected = f"the number {len(before)}"
            session.fail(clauses, counted.purpose, expected=expected, actual=str(told[0]), exchange=counted)


def _list_is_cut(session: Session, listed: Exchange, counted: int) -> Generator[None, None, bool]:
    """Whether a list is shorter than its count because no limit is taken for one; then that is told."""
    paging = session.listing.paging
    clauses = paging.clauses.get("size-default", ()) if isinstance(paging, LimitPaging) else ()
    if not isinstance(paging, LimitPaging) or not clauses or counted <= len(listed.rows or ()):
        return False
    high = listed.ask.having({paging.size: written(session, paging.size, 2 * counted)})
    exchange = session.send(high, f"with a high limit: {listed.purpose}", witness=False)
    yield
    if len(exchange.rows or ()) != counted:
        return False
    if not session.ledger.failed(clauses):
        told = f"{len(listed.rows or ())} rows"
        session.fail(clauses, "no limit means all rows", expected=f"{counted} rows", actual=told, exchange=listed)
    return True
