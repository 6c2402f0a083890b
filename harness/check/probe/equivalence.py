"""Two answers that must be the same."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Mapping, Sequence

from harness.check.context import Exchange, Row, Session
from harness.check.oracle.interpreter import sort_key
from harness.check.probe.error_responses import binding, blame, kept, repeat, told
from harness.check.probe.mirror import Mirror, ask_for, number
from harness.check.probe.stability import let_copies_agree, unsettled
from harness.specification.model import Clauses, LimitPaging, NoPaging, Open
from harness.wire.list_request import Ask
from harness.wire.response_codec import count_in
from harness.wire.row_codec import compared


def same_answer(session: Session, first: Exchange, second: Exchange) -> str | None:
    """How two answers differ (outcome, number, rows, order, parts of rows, total), or None."""
    one, two = first.answer, second.answer
    if one is None or two is None:
        return "one of them is missing"
    if one.outcome != two.outcome:
        return f"{told(first)} and {told(second)}"
    if one.outcome == "error":
        return None if str(one.code) == str(two.code) else f"{told(first)} and {told(second)}"
    if one.outcome == "unreadable":
        return None
    if first.rows is None or second.rows is None:
        numbers = (count_in(one), count_in(two))
        return None if numbers[0] == numbers[1] else f"{_count_told(numbers[0])} and {_count_told(numbers[1])}"
    return (
        _rows_differ(session, first.rows, second.rows)
        or _parts_differ(session, first.rows, second.rows)
        or _totals_differ(first, second)
    )


def _count_told(told_: tuple[int, str] | None) -> str:
    return "no number" if told_ is None else f"the number {told_[0]}"


def _rows_differ(session: Session, first: Sequence[Row], second: Sequence[Row]) -> str | None:
    keys, others = [row.key for row in first], [row.key for row in second]
    if keys == others:
        return None
    if len(keys) != len(others):
        return f"{len(keys)} rows and {len(others)} rows"
    only = [row for row in first if row.key not in set(others)]
    only += [row for row in second if row.key not in set(keys)]
    if only:
        # Where a page cuts rows of one sort value apart, either of them may stand on it.
        last = {sort_value(session, rows[-1]) for rows in (first, second)}
        if not _sorted(session) or len(last) != 1 or any(sort_value(session, row) not in last for row in only):
            return f"{len(keys)} rows each, but {len(only) - len(only) // 2} of them differ"
    if not _sorted(session):
        return None
    if [sort_value(session, row) for row in first] != [sort_value(session, row) for row in second]:
        return "the same rows in another order"
    return None


def _sorted(session: Session) -> bool:
    return session.listing.order is not None


def sort_value(session: Session, row: Row) -> Hashable:
    """What the list is sorted by, as the row shows it."""
    order = session.listing.order
    if order is None:
        return None
    paths = order.by.options if isinstance(order.by, Open) else (order.by,)
    return tuple(sort_key((compared(row.shown, path) or (None,))[0], "code-point") for path in paths)


def _parts_differ(session: Session, first: Sequence[Row], second: Sequence[Row]) -> str | None:
    """Whether switched parts are shown in one answer only."""
    parts = {name for include in session.listing.includes for name in include.adds}
    by_key = {row.key: row for row in second}
    for row in first:
        other = by_key.get(row.key)
        if other is None:
            continue
        mine, theirs = shape_of(row, parts), shape_of(other, parts)
        if mine != theirs:
            names = ", ".join(sorted(mine ^ theirs))
            return f"{names} in one of them only"
    return None


def shape_of(row: Row, parts: set[str]) -> set[str]:
    """The parts that are there and not empty."""
    raw = row.raw if isinstance(row.raw, dict) else {}
    return {name for name in parts if raw.get(name) not in (None, "", [], {})}


def _totals_differ(first: Exchange, second: Exchange) -> str | None:
    assert first.answer is not None
    assert second.answer is not None
    one, two = number(first.answer.total), number(second.answer.total)
    return None if one == two else f"a total of {one} and a total of {two}"


def difference(session: Session, mirror: Mirror, first: Exchange, middle: Exchange, last: Exchange) -> str | None:
    """How `middle` surely differs from what was answered before and after it, although the list moves."""
    if first.answer is None or middle.answer is None or last.answer is None:
        return None
    if first.answer.outcome != last.answer.outcome:
        return None
    if first.answer.outcome != middle.answer.outcome:
        return f"{told(first)} and {told(middle)}"
    if first.rows is None or last.rows is None or middle.rows is None:
        return None
    around = set(first.keys) | set(last.keys)
    stayed = set(first.keys) & set(last.keys)
    known = [key for key in middle.keys if key not in around and mirror.row(key) is not None]
    cut = not isinstance(session.listing.paging, NoPaging | LimitPaging)
    if cut:
        # A page moves with the list: only an empty one, or one that fills up, says something.
        if stayed and not middle.rows:
            return f"{len(stayed)} rows and none"
        if not around and known:
            return f"no rows and {len(known)} rows"
        return None
    missing = stayed - set(middle.keys)
    if missing:
        return f"{len(missing)} rows that stood still are missing"
    if known:
        return f"{len(known)} rows that are not in the other answer"
    return None


def agree(
    session: Session,
    mirror: Mirror,
    reference: Exchange,
    ask: Ask,
    purpose: str,
    clauses: Clauses,
    *,
    expected: str,
    credentials: Mapping[str, str] | None = None,
    blaming: bool = True,
    witness: bool = True,
) -> Generator[None, None, bool | None]:
    """Sends `ask`, which must get the same answer as `reference` did; None when that cannot be decided.

    With `blaming` False a difference is confirmed but not written.
    """
    exchange = session.send(ask, purpose, credentials=credentials, witness=witness)
    yield
    if session.not_judged(exchange, clauses):
        return None
    return (yield from agreed(session, mirror, reference, exchange, clauses, expected=expected, blaming=blaming))


def agreed(
    session: Session,
    mirror: Mirror,
    reference: Exchange,
    exchange: Exchange,
    clauses: Clauses,
    *,
    expected: str,
    blaming: bool = True,
) -> Generator[None, None, bool | None]:
    """Judges an exchange that must be the same as a reference, confirming what differs."""
    found = same_answer(session, reference, exchange)
    if found is None:
        kept(session, clauses, "the same answer")
        return True
    firm = binding(session, clauses)
    if blaming and firm and session.ledger.failed(firm[:1]):
        return False
    before = reference
    for attempt in range(2):
        after = repeat(session, reference)
        yield
        if session.not_judged(after, clauses):
            return None
        if same_answer(session, before, after) is not None:
            found = difference(session, mirror, before, exchange, after)
            mirror.volatile = True
        else:
            found = same_answer(session, after, exchange)
        if found is None:
            session.ledger.inconclusive(firm, "data-changed: the list moved between two requests")
            return None
        if attempt:
            break
        exchange = repeat(session, exchange)
        before = after
        yield
        if session.not_judged(exchange, clauses):
            return None
    # The reference was asked every second time until here: a list that comes and goes in that step looks different.
    let_copies_agree(session)
    at_once = repeat(session, reference)
    yield
    if session.not_judged(at_once, clauses):
        return None
    if same_answer(session, after, at_once) is not None:
        session.ledger.inconclusive(firm, "data-changed: the list moved between two requests")
        mirror.volatile = True
        return None
    if (yield from unsettled(session, mirror)):
        session.ledger.inconclusive(firm, "data-changed: the newest rows come and go")
        return None
    if blaming:
        blame(session, clauses, expected=expected, actual=f"they differ: {found}", exchange=exchange)
    return False


def plain(session: Session, mirror: Mirror, purpose: str) -> Generator[None, None, Exchange | None]:
    """The list as it is asked for without anything special; None when it is no success."""
    exchange = session.send(ask_for(session, mirror.base), purpose)
    yield
    answer = exchange.answer
    return exchange if answer is not None and answer.outcome == "success" else None
