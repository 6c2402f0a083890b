"""Order: the one when nothing is said, every word of a sort, and how whole lists come."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from harness.check.context import Exchange, Row, Session
from harness.check.probe.blame import unsteady_clauses
from harness.check.probe.comparison import Aspect
from harness.check.probe.expect import expect
from harness.check.probe.filter_values import fits, wide
from harness.check.probe.mirror import Mirror, ask_for, read_mirror, reread, time_filters, written
from harness.check.probe.stability import let_copies_agree, unsettled
from harness.specification.model import ClauseId, Clauses, LimitPaging, NoPaging, Open
from harness.wire.list_request import Ask
from harness.wire.row_codec import compared


def default_order(session: Session, mirror: Mirror) -> Iterator[None]:
    """The order when nothing is said, and the same with the flag for descending said to be off."""
    _capped(session)
    yield from _own_window(session, mirror)
    order = session.listing.order
    if order is None or len(mirror.rows) < 2:
        return
    clauses = order.clause
    if order.descending is not None and session.in_force(order.descending):
        off = {order.descending: written(session, order.descending, False)}
        unsaid = session.send(ask_for(session, mirror.base, wide(session)), "the order with nothing said")
        yield
        # Where the order is right with nothing said, and wrong with the flag said to be off, the flag is at fault.
        rightly = unsaid.rows and fits(session, mirror, unsaid)
        off_clauses = (order.descending_default_clause or clauses) if rightly else clauses
        blame: dict[Aspect, Clauses] = {"order": off_clauses, "slice": off_clauses}
        ask = ask_for(session, mirror.base, {**wide(session), **off})
        yield from expect(session, mirror, ask, f"{order.descending} = False", clauses, blame=blame)
        clauses = order.descending_default_clause or clauses
    ask = ask_for(session, mirror.base, wide(session))
    judged = yield from expect(session, mirror, ask, "the default order", clauses)
    if judged.right:
        session.ledger.witness(order.clause)
    yield from _same_again(session, mirror, ask, judged.exchange)


def whole_by_default(session: Session, mirror: Mirror) -> Iterator[None]:
    """Where no limit means all rows, one far above their number brings no more."""
    paging = session.listing.paging
    if not isinstance(paging, LimitPaging) or not mirror.rows or not session.in_force(paging.size):
        return
    clauses = paging.clauses.get("size-default", ())
    if not clauses:
        return
    high = ask_for(session, mirror.base, {paging.size: written(session, paging.size, 2 * len(mirror.rows) + 100)})
    more: set[Hashable] | None = None
    every = ask_for(session, mirror.base)
    # Not turn by turn: a row that every second answer leaves out is no matter of the limit.
    for number_, ask in enumerate((high, every, every, high)):
        if number_ > 2:
            let_copies_agree(session)
        exchange = session.send(ask, "all rows, by a limit that is high or none")
        yield
        if exchange.rows is None:
            return
        keys = set(exchange.keys)
        if more is None:
            more = keys - {row.key for row in mirror.rows}
        else:
            more = more & keys if ask is high else more - keys
        if not more:
            return
    session.fail(
        clauses,
        "no limit means all rows",
        expected="as many rows as with a high limit",
        actual=f"{len(more or ())} of them are missing",
        exchange=exchange,
    )
    # From now on all rows are asked for by a high limit, so that this is told once.
    yield from read_mirror(session, mirror, now=session.settings["now"])


def _own_window(session: Session, mirror: Mirror) -> Iterator[None]:
    """The run's own time range: where it is not kept, that is told once, and nothing else is judged by it."""
    ask = ask_for(session, mirror.base, wide(session))
    tests = [(name, test) for _, meaning in session.meanings(ask) for name, test in meaning.tests]
    kept = {name for name, test in tests if all(test(row.shown) is not False for row in mirror.rows)}
    unkept = sorted({name for name, _ in tests} - kept)
    if not unkept or mirror.volatile:
        return
    again = session.send(ask, "does the list keep the time range of this run?")
    yield
    for name in unkept:
        own = [test for other, test in tests if other == name]
        strays = [row for row in again.rows or () if all(test(row.shown) is False for test in own)]
        if strays:
            clauses = session.listing.filters[name].clause
            actual = f"{len(strays)} of {len(again.rows or ())} rows do not"
            session.fail(
                clauses, f"{name} is kept", expected=f"only rows that satisfy {name}", actual=actual, exchange=again
            )
            session.broken.setdefault(name, clauses[0] if clauses else ClauseId(name))
    session.settings = {**session.settings, "unkept": frozenset(unkept) & set(session.broken)}


def _capped(session: Session) -> None:
    """Pages shorter than what was asked for, although more rows follow."""
    paging, told = session.listing.paging, session.settings.get("page-cap")
    if told is None or isinstance(paging, NoPaging | LimitPaging):
        return
    came, size, exchange = told
    roles: Mapping[Any, Clauses] = paging.clauses
    expected, actual = f"{size} rows on a page, or the last ones", f"{came} rows, and more on the next page"
    clauses = roles.get("size-max") or roles.get("size", ())
    session.fail(clauses, "a page is as long as was asked", expected=expected, actual=actual, exchange=exchange)


def _same_again(session: Session, mirror: Mirror, ask: Ask, first: Exchange) -> Iterator[None]:
    """Identical requests over data that stands still get identical answers."""
    answers = [first] if first.rows is not None else []
    for turn in range(len(answers), 6):
        if turn == 3 and _alike(session, answers):
            break
        answers.append(session.send(ask, "the same request again"))
        yield
        if answers[-1].rows is None:
            return
    lost = _comes_back(session, mirror, answers)
    if not lost:
        if mirror.volatile or _alike(session, answers) or (yield from unsettled(session, mirror)):
            return
        yield from reread(session, mirror)
        known = {row.key for row in mirror.rows}
        if mirror.volatile or any(key not in known for one in answers for key in one.keys):
            return
    paging = session.listing.paging
    roles: Mapping[Any, Clauses] = {} if isinstance(paging, NoPaging) else paging.clauses
    session.fail(
        (roles.get("partition", ()) if lost else ()) or unsteady_clauses(session),
        "identical requests get identical answers",
        expected="the same rows in the same order",
        actual="a row that is missing once and there before and after" if lost else "other rows or another order",
        exchange=answers[-1],
        rows=[session.evidence.row(row, [session.listing.lists.identity]) for row in lost[:4]],
    )


def _alike(session: Session, answers: Sequence[Exchange]) -> bool:
    """Whether all answers show the same rows (in the same order, where pages depend on it)."""
    paged = not isinstance(session.listing.paging, NoPaging | LimitPaging)
    told = [exchange.keys if paged else sorted(exchange.keys, key=str) for exchange in answers]
    return all(keys == told[0] for keys in told)


def _comes_back(session: Session, mirror: Mirror, answers: Sequence[Exchange]) -> list[Row]:
    """Rows that one answer leaves out of its middle and those before and after it show: no list moves like that.

    A row is old enough when the newest one began ten minutes after it: what has just come in may still be on its way.
    """
    _, _, path = time_filters(session)
    times = [moment for row in mirror.rows if isinstance(moment := row.shown.get(path or ""), datetime)]
    if not times or path is None:
        return []
    late = max(times) - timedelta(minutes=10)
    found: dict[Hashable, Row] = {}
    for index in range(1, len(answers) - 1):
        here = set(answers[index].keys)
        for before in answers[:index]:
            for after in answers[index + 1 :]:
                stayed = [row for row in before.rows or () if row.key in set(after.keys)]
                last = max((place for place, row in enumerate(stayed) if row.key in here), default=0)
                for row in stayed[:last]:
                    moment = row.shown.get(path)
                    if row.key not in here and isinstance(moment, datetime) and moment < late:
                        found[row.key] = row
    return list(found.values())


def orders(session: Session, mirror: Mirror) -> Iterator[None]:
    """The descending flag, each sort word both ways, unknown words."""
    order = session.listing.order
    if order is None:
        return
    if len(mirror.rows) < 2:
        told = f"the target shows {len(mirror.rows)} rows"
        words = order.sort.clauses.get("words", ()) if order.sort else ()
        session.ledger.not_exercised((*order.clause, *order.descending_clause, *words), told)
        return
    if order.descending is not None:
        clauses = order.descending_clause
        on = {order.descending: written(session, order.descending, True)}
        ask = ask_for(session, mirror.base, {**wide(session), **on})
        judged = yield from expect(
            session,
            mirror,
            ask,
            f"{order.descending} = True",
            clauses,
            blame={"order": clauses, "slice": clauses},
        )
        if judged.right and not isinstance(session.listing.paging, NoPaging):
            # A page of the reversed list, not a reversed page of the list; pages that are wrong either way are
            # the business of the clauses on pages.
            few = {session.listing.paging.size: written(session, session.listing.paging.size, 3)}
            ask = ask_for(session, mirror.base, few)
            plain = yield from expect(
                session, mirror, ask, "three rows", session.listing.paging.clauses.get("size", ())
            )
            if plain.right:
                ask = ask_for(session, mirror.base, {**on, **few})
                purpose = f"{order.descending} = True, three rows"
                judged = yield from expect(
                    session, mirror, ask, purpose, clauses, blame={"order": clauses, "slice": clauses}
                )
        if judged.right is False:
            session.broken.setdefault(order.descending, clauses[0] if clauses else ClauseId(order.descending))
    if order.sort is not None:
        yield from _sort_words(session, mirror)


def _sort_words(session: Session, mirror: Mirror) -> Iterator[None]:
    order = session.listing.order
    assert order is not None
    sort = order.sort
    assert sort is not None
    clauses = sort.clauses.get("words", order.clause)
    for word, path in sort.words.items():
        mine = sort.clauses.get("undocumented", clauses) if word in sort.undocumented else clauses
        spellings = (word, f"-{word}") if sort.signed else (word,)
        for spelling in spellings:
            ask = ask_for(session, mirror.base, {**wide(session), sort.parameter: spelling})
            yield from expect(
                session, mirror, ask, f"{sort.parameter} = {spelling}", mine, blame={"order": mine, "slice": mine}
            )
        if order.descending is not None and session.usable(order.descending):
            flag = {order.descending: written(session, order.descending, True)}
            ask = ask_for(session, mirror.base, {**wide(session), sort.parameter: word, **flag})
            down = order.descending_clause
            blame: dict[Aspect, Clauses] = {"order": mine if session.ledger.failed(mine) else down}
            yield from expect(session, mirror, ask, f"{sort.parameter} = {word}, descending", mine, blame=blame)
        different = {str(compared(row.shown, path)) for row in mirror.rows}
        if len(different) < 2:
            session.ledger.not_exercised(mine, f"all rows show the same {path}")
    for word in (*sort.unknown_like, *sort.refused):
        mine = sort.clauses.get("refused" if word in sort.refused else "unknown", ())
        ask = ask_for(session, mirror.base, {sort.parameter: word})
        judged = yield from expect(session, mirror, ask, f"{sort.parameter} = {word}", mine)
        if judged.right and judged.meaning is not None and isinstance(sort.unknown, Open):
            session.ledger.observed(mine, "refused" if judged.meaning.fault else "the default order")
