"""Order, pages and totals: which slice of which sorted list an answer is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final, cast

from harness.check.judging import Aspect, expect, let_copies_agree, living, unsettled, unsteady_clauses
from harness.check.mirror import (
    PAGE_AT_MOST,
    Mirror,
    ask_for,
    number,
    page_cap,
    read_mirror,
    reread,
    time_filters,
    written,
)
from harness.check.oracle import holds, sort_key
from harness.check.rules.filters import (
    companions,
    default_comparison,
    fits,
    is_time,
    pair_values,
    partner,
    raw_value,
    shown_filters,
    values_shown,
    whole,
    wide,
)
from harness.check.rules.values import broke_down, is_refused, judge_fault
from harness.check.session import Exchange, Row, Session
from harness.spec.model import (
    ClauseId,
    Clauses,
    CursorPaging,
    Filter,
    LimitPaging,
    NoPaging,
    OffsetPaging,
    Open,
    PageNumberPaging,
)
from harness.wire.ask import Ask
from harness.wire.json_body import MISSING
from harness.wire.problems import Tree
from harness.wire.rows import compared

TIES_TRIED: Final = 3
FAR_LARGER: Final = 5000
TIES_WALKED: Final = 5
"""So many groups of rows with one sort value: in each a loose order has an even chance to show."""


def some_filter(session: Session, mirror: Mirror) -> dict[str, Tree]:
    """A working filter that keeps some rows but not all, for combinations; empty when there is none."""
    best: tuple[int, dict[str, Tree]] | None = None
    for name in shown_filters(session):
        kept = session.listing.filters[name]
        if not session.usable(name) or kept.applies_if_any or kept.keeps != "equal" or kept.named_by:
            continue
        for value, count in values_shown(mirror.rows, kept.compares).most_common(6):
            if 5 <= count < len(mirror.rows) and (best is None or count > best[0]) and value not in kept.words:
                best = (count, {name: raw_value(session, name, value)})
    return best[1] if best else {}


# --- order --------------------------------------------------------------------------------------------------


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
    for number_, ask in enumerate((high, every, high, every)):
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


# --- pages --------------------------------------------------------------------------------------------------


def pages(session: Session, mirror: Mirror) -> Iterator[None]:
    """Every kind of paging, alone and together with a filter."""
    paging = session.listing.paging
    if isinstance(paging, NoPaging):
        return
    if len(mirror.rows) < 2:
        told = f"the target shows {len(mirror.rows)} rows"
        session.ledger.not_exercised(tuple(name for names in paging.clauses.values() for name in names), told)
        if not mirror.rows:
            return
    if mirror.torn:
        yield from _tear(session, mirror)
    match paging:
        case PageNumberPaging():
            yield from _numbered(session, mirror, paging)
        case OffsetPaging():
            yield from _offsets(session, mirror, paging)
        case CursorPaging():
            yield from _cursors(session, mirror, paging)
        case LimitPaging():
            yield from _limits(session, mirror, paging)


def sizes_for(rows: int) -> list[int]:
    """Page sizes that tell: one, two, one that divides and one that does not."""
    sizes = [1, 2, 7]
    sizes += [size for size in (3, 4, 5, 8, 10) if rows % size == 0 and size < rows][:1]
    return [size for size in dict.fromkeys(sizes) if size <= max(1, rows)]


def large_sizes(session: Session, name: str, rows: int) -> list[int]:
    """Page sizes at which a server may begin to count otherwise: a round one, and all rows but one."""
    most = session.listing.parameters[name].most or PAGE_AT_MOST
    return [size for size in dict.fromkeys((100, rows - 1)) if 10 < size <= most and size < rows]


def _total_blame(session: Session) -> Clauses:
    total = session.listing.total
    return (total.clauses.get("independent") or total.clauses.get("sum", ())) if total else ()


def _page(
    session: Session, mirror: Mirror, values: Mapping[str, Tree], purpose: str, clauses: Clauses, **blame: Clauses
) -> Generator[None, None, Exchange]:
    judged = yield from expect(
        session,
        mirror,
        ask_for(session, mirror.base, values),
        purpose,
        clauses,
        blame=cast("dict[Aspect, Clauses]", {"total": _total_blame(session), **blame}),
    )
    return judged.exchange


def _tear(session: Session, mirror: Mirror) -> Iterator[None]:
    """Pages that do not share out the list: which promise is broken first?"""
    paging = session.listing.paging
    if isinstance(paging, NoPaging | LimitPaging):
        return
    roles: Mapping[Any, Clauses] = paging.clauses
    partition = roles.get("partition") or roles.get("slice", ())
    blamed = partition
    evidence: Exchange | None = None
    actual = mirror.torn
    if not isinstance(paging, CursorPaging):
        place = paging.page if isinstance(paging, PageNumberPaging) else paging.offset
        first = paging.first if isinstance(paging, PageNumberPaging) else 0
        second = first + 1 if isinstance(paging, PageNumberPaging) else 3
        answers: dict[str, Exchange] = {}
        for name, number_of, size in (("one", first, 3), ("two", second, 3), ("both", first, 6), ("plain", None, 3)):
            values: dict[str, Tree] = {paging.size: written(session, paging.size, size)}
            if number_of is not None:
                values[place] = written(session, place, number_of)
            answers[name] = session.send(ask_for(session, mirror.base, values), f"pages side by side: {name}")
            yield
            if session.not_judged(answers[name], partition) or answers[name].rows is None:
                return
        one, two, both, plain = (answers[name].keys for name in ("one", "two", "both", "plain"))
        evidence = answers["two"]
        start = roles.get("first") or roles.get("offset-default") or partition
        if len(one) > 3:
            blamed, actual, evidence = (
                roles.get("size") or partition,
                f"{len(one)} rows on a page of 3",
                answers["one"],
            )
        elif one == two:
            blamed, actual = roles.get("slice") or partition, "the same page twice"
        elif plain != one:
            blamed, actual, evidence = start, "another page when no page is named", answers["plain"]
        elif both[:3] != one:
            blamed, actual, evidence = start, "a first page that does not begin the list", answers["one"]
    session.fail(
        blamed,
        "the pages share out the list, whatever their size",
        expected="each row on one page, and all of them",
        actual=actual,
        exchange=evidence,
    )


def _neighbours(
    session: Session,
    mirror: Mirror,
    pages_of_three: tuple[dict[str, Tree], dict[str, Tree]],
    slice_clauses: Clauses,
    partition: Clauses,
) -> Iterator[None]:
    """Two pages side by side: other rows, and none twice."""
    if len(mirror.rows) < 4 or mirror.volatile or session.ledger.failed((*slice_clauses, *partition)):
        return
    first, second = (
        session.send(ask_for(session, mirror.base, values), f"page {index} of two neighbours")
        for index, values in enumerate(pages_of_three)
    )
    yield
    if session.not_judged(first, ()) or session.not_judged(second, ()) or not first.rows or not second.rows:
        return
    if len(first.rows) > 3:
        # A page that is too long is told as that.
        return
    shared = [row for row in second.rows if row.key in set(first.keys)]
    if not shared and (crossed := _crossed(session, first, second)):
        yield from _across(session, mirror, first, second, crossed)
        return
    if not shared:
        session.ledger.witness(slice_clauses)
        return
    whole = len(shared) == len(second.rows)
    session.fail(
        slice_clauses if whole else partition or slice_clauses,
        "neighbouring pages hold different rows",
        expected="no row on both pages",
        actual="the same page twice" if whole else f"{len(shared)} rows on both pages",
        exchange=second,
    )


def _crossed(session: Session, first: Exchange, second: Exchange) -> str:
    """How the second of two neighbouring pages breaks the order of the first, each being in order itself."""
    sort = session.meanings(second.ask)[0][1].sort
    if sort is None or sort[0].startswith("hidden."):
        return ""
    path, descends = sort
    pages = [
        [sort_key(compared(row.shown, path)[0], "code-point") for row in page.rows or () if compared(row.shown, path)]
        for page in (first, second)
    ]
    if not all(pages) or any(keys != sorted(keys, reverse=descends) for keys in pages):
        return ""
    wrong = pages[0][-1] < pages[1][0] if descends else pages[0][-1] > pages[1][0]
    return path if wrong else ""


def _across(session: Session, mirror: Mirror, first: Exchange, second: Exchange, path: str) -> Iterator[None]:
    """Pages that are sorted each by itself, but not one after the other: confirmed, and told of the order."""
    order = session.listing.order
    again = [session.send(one.ask, f"again: {one.purpose}") for one in (first, second)]
    yield
    if (
        order is None
        or not _crossed(session, again[0], again[1])
        or [one.keys for one in again]
        != [
            first.keys,
            second.keys,
        ]
    ):
        return
    session.fail(
        order.clause,
        "the order goes on from page to page",
        expected=f"rows in the order of {path} across both pages",
        actual="each page in order, the second one not after the first",
        exchange=again[1],
    )


def _numbered(session: Session, mirror: Mirror, paging: PageNumberPaging) -> Iterator[None]:
    count = len(mirror.rows)
    size_clauses, slice_clauses = paging.clauses.get("size", ()), paging.clauses.get("slice", ())
    first_clauses = paging.clauses.get("first", ())

    def at(page: int, size: int | None) -> dict[str, Tree]:
        values: dict[str, Tree] = {paging.page: written(session, paging.page, page + paging.first)}
        if size is not None:
            values[paging.size] = written(session, paging.size, size)
        return values

    partition = paging.clauses.get("partition", ())
    yield from _neighbours(session, mirror, (at(0, 3), at(1, 3)), slice_clauses, partition)
    if session.ledger.failed(partition):
        slice_clauses = partition
    for size in sizes_for(count):
        yield from _page(
            session,
            mirror,
            {paging.size: written(session, paging.size, size)},
            f"pages of {size}",
            size_clauses,
            slice=first_clauses,
        )
        yield from _page(
            session,
            mirror,
            at(0, size),
            f"the first page of {size}",
            first_clauses or slice_clauses,
            slice=first_clauses,
        )
        if count > size:
            yield from _page(
                session, mirror, at(1, size), f"the second page of {size}", slice_clauses, slice=slice_clauses
            )
    for size in large_sizes(session, paging.size, count):
        for page in (0, 1):
            yield from _page(
                session,
                mirror,
                at(page, size),
                f"page {page} of {size}",
                partition or slice_clauses,
                size=size_clauses,
                slice=slice_clauses,
            )
    yield from _far_larger(session, mirror, paging.size, partition or slice_clauses)
    yield from _page(session, mirror, {}, "no page and no size", first_clauses)
    cap = session.knowledge.known(paging.cap.id) if isinstance(paging.cap, Open) else ()
    most = min([100, *(bound for bound in cap if isinstance(bound, int))])
    size = max(1, min(most, max(2, count // 4)))
    last = (count - 1) // size
    for page in dict.fromkeys((2, last // 2, last)):
        if 0 <= page <= last:
            yield from _page(session, mirror, at(page, size), f"page {page} of {size}", slice_clauses)
    past = paging.past_the_end
    clauses = past.clause if isinstance(past, Open) else paging.clauses.get("past-the-end", ())
    for beyond in (last + 1, last + 1000):
        yield from _page(session, mirror, at(beyond, size), "a page beyond the end", clauses or slice_clauses)
    step = max(1, min(most, -(-count // 5)))
    clauses = paging.clauses.get("partition", slice_clauses)
    yield from _whole_walk(session, mirror, clauses, [at(page, step) for page in range(-(-count // step))])
    single = {paging.size: written(session, paging.size, 1)}
    yield from _ties(session, mirror, clauses, paging.page, paging.first, single)
    chosen = some_filter(session, mirror)
    if chosen:
        for page in (0, 1):
            yield from _page(
                session, mirror, {**chosen, **at(page, 3)}, f"page {page} of 3 with a filter", slice_clauses
            )


def _far_larger(session: Session, mirror: Mirror, name: str, clauses: Clauses) -> Iterator[None]:
    """A page far larger than the list: it may be refused or cut, but a success holds rows."""
    if session.listing.parameters[name].most is not None or not mirror.rows:
        return
    ask = ask_for(session, mirror.base, {name: written(session, name, FAR_LARGER)})
    exchange = None
    for purpose in (f"a page of {FAR_LARGER}", f"again: a page of {FAR_LARGER}"):
        exchange = session.send(ask, purpose)
        yield
        if session.not_judged(exchange, clauses) or exchange.answer is None or exchange.answer.outcome != "success":
            return
        if exchange.rows is None or exchange.rows:
            return
    actual = "no rows"
    session.fail(
        clauses, "a large page holds rows", expected="rows, as on smaller pages", actual=actual, exchange=exchange
    )


def _offsets(session: Session, mirror: Mirror, paging: OffsetPaging) -> Iterator[None]:
    count = len(mirror.rows)
    size_clauses, slice_clauses = paging.clauses.get("size", ()), paging.clauses.get("slice", ())

    def at(skip: int | None, size: int | None) -> dict[str, Tree]:
        values: dict[str, Tree] = {}
        if skip is not None:
            values[paging.offset] = written(session, paging.offset, skip)
        if size is not None:
            values[paging.size] = written(session, paging.size, size)
        return values

    yield from _page(
        session,
        mirror,
        {},
        "no offset and no count",
        paging.clauses.get("size-default", size_clauses),
        size=paging.clauses.get("size-default", ()),
        slice=paging.clauses.get("offset-default", slice_clauses),
    )
    yield from _page(session, mirror, at(0, None), "offset 0", paging.clauses.get("offset-default", slice_clauses))
    for turn, size in enumerate(sizes_for(count)):
        yield from _page(session, mirror, at(None, size), f"{size} rows", size_clauses)
        # From the second page on; past one row and up to the last one with one size each.
        for skip in dict.fromkeys((size, *((1, count - 1) if turn == 2 else ()))):
            if 0 < skip < count:
                yield from _page(session, mirror, at(skip, size), f"{size} rows after {skip}", slice_clauses)
    partition = paging.clauses.get("partition", ())
    if not session.ledger.failed(size_clauses):
        yield from _neighbours(session, mirror, (at(0, 3), at(3, 3)), slice_clauses, partition)
    for size in large_sizes(session, paging.size, count):
        yield from _page(session, mirror, at(None, size), f"{size} rows", size_clauses)
    for skip in dict.fromkeys((count // 2, min(count - 1, 201))):
        if skip > 0:
            yield from _page(session, mirror, at(skip, 50), f"50 rows after {skip}", slice_clauses)
    most = session.listing.parameters[paging.size].most
    if most is not None:
        yield from _page(
            session, mirror, at(None, most), f"{most} rows", paging.clauses.get("size-max", size_clauses)
        )
    yield from _page(session, mirror, at(count, 5), "rows beyond the end", slice_clauses)
    step = max(1, min(page_cap(session) or 100, -(-count // 5)))
    clauses = paging.clauses.get("partition", slice_clauses)
    yield from _whole_walk(session, mirror, clauses, [at(skip, step) for skip in range(0, count, step)])
    yield from _ties(session, mirror, clauses, paging.offset, 0, {paging.size: written(session, paging.size, 1)})
    chosen = some_filter(session, mirror)
    if chosen:
        for skip in (0, 2):
            yield from _page(
                session, mirror, {**chosen, **at(skip, 3)}, f"3 rows after {skip} with a filter", slice_clauses
            )


def _whole_walk(session: Session, mirror: Mirror, clauses: Clauses, steps: list[dict[str, Tree]]) -> Iterator[None]:
    """The pages one after the other: each row once, and all of them."""
    paging_failed = session.ledger.failed(_paging_clauses(session))
    if paging_failed is not None:
        session.ledger.blocked(clauses, paging_failed)
        return
    seen: dict[Hashable, int] = {}
    for index, step in enumerate(steps[:12]):
        exchange = session.send(ask_for(session, mirror.base, step), f"walk, page {index + 1}")
        yield
        if session.not_judged(exchange, clauses) or exchange.rows is None:
            return
        for key in exchange.keys:
            if key in seen and not mirror.volatile:
                yield from _walk_finding(
                    session,
                    mirror,
                    clauses,
                    exchange,
                    "each row on one page",
                    f"a row on page {seen[key] + 1} and on page {index + 1}",
                )
                return
            seen[key] = index
    if mirror.volatile or not mirror.complete or len(steps) > 12:
        if mirror.volatile:
            session.ledger.inconclusive(clauses, "data-changed: the list moved during the walk")
        return
    if len(seen) != len(mirror.rows):
        yield from _walk_finding(
            session, mirror, clauses, None, f"{len(mirror.rows)} rows over all pages", f"{len(seen)} rows"
        )
        return
    session.ledger.witness(clauses)


def _ties(
    session: Session, mirror: Mirror, clauses: Clauses, place: str, first: int, single: Mapping[str, Tree]
) -> Iterator[None]:
    """Rows of one sort value, with a page border between them: each still stands on one page."""
    if mirror.volatile or not mirror.complete or session.ledger.failed((*clauses, *_paging_clauses(session))):
        return
    sort = session.meanings(ask_for(session, mirror.base))[0][1].sort
    if sort is None or sort[0].startswith("hidden."):
        return
    path, descends = sort
    values = [compared(row.shown, path) for row in mirror.rows]
    if not all(values):
        return
    keys = sorted((sort_key(value[0], "code-point") for value in values), reverse=descends)
    tied: list[tuple[int, int]] = []
    begin = 0
    for _, group in groupby(keys):
        size = len(list(group))
        if size > 1:
            tied.append((begin, size))
        begin += size
    for begin, size in sorted(tied, key=lambda one: (-one[1], one[0]))[:TIES_TRIED]:
        seen: list[Hashable] = []
        for index in range(begin, begin + min(size, 3)):
            ask = ask_for(session, mirror.base, {**single, place: written(session, place, first + index)})
            exchange = session.send(ask, "one of several rows of one sort value")
            yield
            if session.not_judged(exchange, clauses) or exchange.rows is None:
                return
            seen.extend(exchange.keys)
        if len(set(seen)) < len(seen):
            expected = "another row on each page"
            yield from _walk_finding(session, mirror, clauses, exchange, expected, "a row on two pages")
            return
    if tied:
        session.ledger.witness(clauses)


def _walk_finding(
    session: Session, mirror: Mirror, clauses: Clauses, exchange: Exchange | None, expected: str, actual: str
) -> Iterator[None]:
    yield from reread(session, mirror)
    if mirror.volatile:
        session.ledger.inconclusive(clauses, "data-changed: the list moved during the walk")
        return
    session.fail(clauses, "the pages share out the list", expected=expected, actual=actual, exchange=exchange)


def _paging_clauses(session: Session) -> Clauses:
    paging = session.listing.paging
    if isinstance(paging, NoPaging):
        return ()
    order = session.listing.order
    return (
        *(name for role, names in paging.clauses.items() if role in ("size", "slice", "first") for name in names),
        *(order.clause if order else ()),
    )


def _limits(session: Session, mirror: Mirror, paging: LimitPaging) -> Iterator[None]:
    count = len(mirror.rows)
    size_clauses = paging.clauses.get("size", ())
    default = paging.clauses.get("size-default", size_clauses)
    prefix = paging.clauses.get("prefix", size_clauses)
    large = large_sizes(session, paging.size, count)
    for size in dict.fromkeys((*sizes_for(count), *large, max(1, count - 1), count, count + 5)):
        values = {paging.size: written(session, paging.size, size)}
        yield from _page(session, mirror, values, f"at most {size} rows", prefix, slice=prefix, size=size_clauses)
    if paging.all is not None:
        values = {paging.size: written(session, paging.size, paging.all)}
        yield from _page(session, mirror, values, "all rows by the word for all", default)
    yield from _page(session, mirror, {}, "no limit", default, rows=default)
    order = session.listing.order
    if order is not None and order.descending is not None and session.usable(order.descending):
        values = {
            paging.size: written(session, paging.size, 3),
            order.descending: written(session, order.descending, True),
        }
        yield from _page(session, mirror, values, "the last three rows", prefix, slice=prefix)
    chosen = some_filter(session, mirror)
    if chosen:
        yield from _page(
            session,
            mirror,
            {**chosen, paging.size: written(session, paging.size, 2)},
            "two rows with a filter",
            prefix,
            size=size_clauses,
            slice=prefix,
        )


# --- cursors ------------------------------------------------------------------------------------------------


def _cursors(session: Session, mirror: Mirror, paging: CursorPaging) -> Iterator[None]:
    count = len(mirror.rows)
    size_clauses = paging.clauses.get("size", ())
    start = paging.clauses.get("start", size_clauses)
    yield from _page(
        session,
        mirror,
        {},
        "the first page",
        paging.clauses.get("size-default", size_clauses),
        size=paging.clauses.get("size-default", size_clauses),
    )
    for size in (*sizes_for(count), *large_sizes(session, paging.size, count)):
        yield from _page(
            session, mirror, {paging.size: written(session, paging.size, size)}, f"pages of {size}", size_clauses
        )
    most = session.listing.parameters[paging.size].most
    if most is not None:
        yield from _page(
            session, mirror, {paging.size: written(session, paging.size, most)}, f"pages of {most}", size_clauses
        )
    few = {paging.size: written(session, paging.size, 3)}
    for word in ("", *paging.start_words):
        yield from _page(session, mirror, {**few, paging.after: word}, f"{paging.after} = {word!r}", start)
    step = max(2, min(60, -(-count // 4)))
    yield from _cursor_walk(session, mirror, paging, {paging.size: written(session, paging.size, step)}, whole=True)
    chosen = some_filter(session, mirror)
    if chosen:
        yield from _cursor_walk(
            session, mirror, paging, {**chosen, paging.size: written(session, paging.size, 3)}, whole=False
        )
    yield from _tied_cursors(session, mirror, paging)
    yield from _sorted_cursors(session, mirror, paging)
    yield from _odd_cursors(session, mirror, paging)


def _cursor_walk(
    session: Session, mirror: Mirror, paging: CursorPaging, values: Mapping[str, Tree], *, whole: bool
) -> Iterator[None]:
    """Forward to the end, then one page back; every row once and in order."""
    slice_clauses = paging.clauses.get("slice", ())
    walk_clauses = paging.clauses.get("partition", slice_clauses)
    if (by := session.ledger.failed(_paging_clauses(session))) is not None:
        session.ledger.blocked((*slice_clauses, *walk_clauses), by)
        return
    kept = _kept_rows(session, mirror, values)
    steps: list[Exchange] = []
    seen: dict[Hashable, int] = {}
    token: Tree = ""
    tokens: set[str] = set()
    for page in range(14):
        more = {paging.after: token} if token else {}
        exchange = session.send(ask_for(session, mirror.base, {**values, **more}), f"walk, page {page + 1}")
        yield
        if session.not_judged(exchange, walk_clauses) or exchange.answer is None:
            return
        if exchange.rows is None or exchange.answer.outcome != "success":
            if exchange.answer.outcome == "success" and session.ledger.failed(
                session.listing.lists.clauses.get("rows", ())
            ):
                return
            session.fail(
                slice_clauses,
                "a cursor that the server gave is taken",
                expected="the following page",
                actual=f"error {exchange.answer.code!r}",
                exchange=exchange,
            )
            return
        again = [key for key in exchange.keys if key in seen]
        if again and not mirror.volatile:
            session.fail(
                slice_clauses if page == 1 else walk_clauses,
                "the following page holds rows that were not shown before",
                expected="new rows",
                actual=f"{len(again)} of {len(exchange.keys)} rows a second time",
                exchange=exchange,
            )
            return
        seen.update((key, page) for key in exchange.keys)
        following = exchange.answer.next
        steps.append(exchange)
        if page == 2 and exchange.rows:
            yield from _back(session, mirror, paging, values, steps)
        if not exchange.rows:
            yield from _empty_end(session, paging, exchange)
            break
        if not isinstance(following, str) or not following:
            if following not in ("", None, MISSING):
                break
            last = seen and kept is not None and len(seen) >= len(kept)
            if last and isinstance(paging.next_on_last, Open):
                session.knowledge.set(paging.next_on_last.id, "empty", "walk")
            break
        if following in tokens:
            session.fail(
                (ClauseId("PAGING-LOOP"),),
                "a walk comes to an end",
                expected="a new cursor",
                actual="the same cursor again",
                exchange=exchange,
            )
            return
        tokens.add(following)
        token = following
        if kept is not None and len(seen) > len(kept) + 5:
            break
    if kept is None or mirror.volatile:
        return
    if len(steps) >= 14 and len(seen) < len(kept):
        return
    missing = kept - set(seen)
    if missing or set(seen) - kept:
        session.fail(
            walk_clauses,
            "a walk over all pages visits every row once",
            expected=f"{len(kept)} rows",
            actual=f"{len(seen)} rows, {len(missing)} missing",
            exchange=steps[-1],
        )
        return
    session.ledger.witness(walk_clauses)
    if len(steps) > 1:
        session.ledger.witness(slice_clauses, times=len(steps) - 1)
        yield from _in_order(session, mirror, paging, steps)
        if isinstance(paging.next_on_last, Open) and not steps[-1].rows:
            session.knowledge.set(paging.next_on_last.id, "given", "walk")
    else:
        session.ledger.not_exercised((*slice_clauses, *paging.clauses.get("prev", ())), "there is only one page")
    if len(steps) == 2 or (len(steps) == 3 and not steps[2].rows):
        yield from _back(session, mirror, paging, values, steps[:2])


def _tied_cursors(session: Session, mirror: Mirror, paging: CursorPaging) -> Iterator[None]:
    """Rows of one instant, one on each page: a cursor tells them apart."""
    lower, upper, path = time_filters(session)
    order = session.listing.order
    if lower is None or upper is None or path is None or order is None or order.by != path:
        return
    if mirror.volatile or not mirror.complete or not {lower, upper}.isdisjoint(session.broken):
        return
    times = [at for row in mirror.rows if isinstance(at := row.shown.get(path), datetime)]
    second = timedelta(seconds=1)
    for at, together in Counter(times).most_common():
        first = at.replace(microsecond=0) - second
        last = first + 3 * second
        around = [moment for moment in times if first <= moment <= last]
        if together < 2:
            return
        if len(around) <= TIES_WALKED and first not in around and last not in around:
            window = {lower: written(session, lower, first), upper: written(session, upper, last)}
            yield from _cursor_walk(
                session, mirror, paging, {**window, paging.size: written(session, paging.size, 1)}, whole=False
            )
            return


def _sorted_cursors(session: Session, mirror: Mirror, paging: CursorPaging) -> Iterator[None]:
    """A following page goes on in whichever order was asked for."""
    order = session.listing.order
    sort = order.sort if order is not None else None
    clauses = paging.clauses.get("partition") or paging.clauses.get("slice", ())
    if sort is None or not session.usable(sort.parameter) or mirror.volatile or not mirror.complete:
        return
    if session.ledger.failed((*clauses, *_paging_clauses(session), *sort.clauses.get("words", ()))):
        return
    few = {paging.size: written(session, paging.size, 2)}
    for word, path in sort.words.items():
        values = [compared(row.shown, path) for row in mirror.rows]
        if len(values) < 5 or not all(value and isinstance(value[0], datetime) for value in values):
            continue
        for spelling in (word, f"-{word}") if sort.signed else (word,):
            due = sorted((cast(datetime, value[0]) for value in values), reverse=spelling != word)[:4]
            token: Tree = ""
            came: list[Any] = []
            for page in ("a page", "the following page"):
                more = {paging.after: token} if token else {}
                ask = ask_for(session, mirror.base, {sort.parameter: spelling, **few, **more})
                exchange = session.send(ask, f"{sort.parameter} = {spelling}: {page}")
                yield
                if exchange.rows is None or exchange.answer is None or session.not_judged(exchange, clauses):
                    return
                came.extend(compared(row.shown, path)[0] for row in exchange.rows if compared(row.shown, path))
                if not isinstance(exchange.answer.next, str) or not exchange.answer.next:
                    return
                token = exchange.answer.next
            if came != due:
                yield from _walk_finding(
                    session, mirror, clauses, exchange, f"{path}: {due[2]}, {due[3]}"[:200], f"{came[2:]}"[:200]
                )
                return


def _kept_rows(session: Session, mirror: Mirror, values: Mapping[str, Tree]) -> set[Hashable] | None:
    """The rows that a walk must visit, when they are known for sure."""
    if not mirror.complete:
        return None
    branches = session.meanings(ask_for(session, mirror.base, values))
    meaning = branches[0][1]
    if meaning.fault or meaning.anything:
        return None
    kept = [(row.key, meaning.keeps(row.shown)) for row in mirror.rows]
    if any(verdict is None for _, verdict in kept):
        return None
    return {key for key, verdict in kept if verdict}


def _in_order(session: Session, mirror: Mirror, paging: CursorPaging, steps: list[Exchange]) -> Iterator[None]:
    """Across a page border the order goes on."""
    order = session.listing.order
    branches = session.meanings(steps[0].ask)
    sort = branches[0][1].sort
    if order is None or sort is None or sort[0].startswith("hidden."):
        return
    path, descends = sort
    border: Any = None
    for step in steps:
        shown = [compared(row.shown, path)[0] for row in step.rows or () if compared(row.shown, path)]
        if shown and border is not None and shown[0] is not None:
            wrong = shown[0] > border if descends else shown[0] < border
            if wrong:
                session.fail(
                    paging.clauses.get("slice", ()),
                    "a following page goes on in the order",
                    expected=f"rows beyond {border}",
                    actual=f"{shown[0]}",
                    exchange=step,
                )
                return
        border = shown[-1] if shown else border
    yield


def _back(
    session: Session, mirror: Mirror, paging: CursorPaging, values: Mapping[str, Tree], steps: list[Exchange]
) -> Iterator[None]:
    """The cursor to the page before leads back, by one of the two parameters."""
    clauses = paging.clauses.get("prev", ())
    here, before = steps[-1], steps[-2]
    token = here.answer.prev if here.answer else MISSING
    if not here.rows:
        session.ledger.not_exercised(clauses, "there is only one page")
        return
    if not isinstance(token, str) or not token:
        session.fail(
            clauses,
            "a page tells the way back",
            expected="a cursor to the page before",
            actual="none",
            exchange=here,
        )
        return
    ways = {"before": paging.before, "after": paging.after}
    order = (
        ways.items()
        if not isinstance(paging.prev_goes_into, Open)
        else [(way, ways[way]) for way in paging.prev_goes_into.options]
    )
    known = (
        session.knowledge.known(paging.prev_goes_into.id)
        if isinstance(paging.prev_goes_into, Open)
        else (paging.prev_goes_into,)
    )
    came: Exchange | None = None
    for way, parameter in order:
        if known and way not in known:
            continue
        came = session.send(
            ask_for(session, mirror.base, {**values, parameter: token}), f"the page before, by {parameter}"
        )
        yield
        if session.not_judged(came, clauses):
            return
        if came.keys and came.keys == before.keys:
            if isinstance(paging.prev_goes_into, Open):
                session.knowledge.set(paging.prev_goes_into.id, way, "walk back")
            session.ledger.witness(clauses)
            return
    if mirror.volatile:
        session.ledger.inconclusive(clauses, "data-changed")
        return
    same = came is not None and set(came.keys) == set(before.keys)
    session.fail(
        clauses,
        "the cursor to the page before leads back to it",
        expected=f"the {len(before.keys)} rows of the page before",
        actual="the same rows in another order" if same else f"{len(came.keys) if came else 0} other rows",
        exchange=came,
    )


def _empty_end(session: Session, paging: CursorPaging, exchange: Exchange) -> Iterator[None]:
    """An empty page leads nowhere."""
    clauses = paging.clauses.get("empty", ())
    assert exchange.answer is not None
    if exchange.answer.next in ("", None, MISSING) and exchange.answer.prev in ("", None, MISSING):
        session.ledger.witness(clauses)
    elif exchange.answer.next not in ("", None, MISSING):
        session.fail(
            clauses,
            "an empty page leads nowhere",
            expected="no cursor to a following page",
            actual="a cursor",
            exchange=exchange,
        )
    yield


def _odd_cursors(session: Session, mirror: Mirror, paging: CursorPaging) -> Iterator[None]:
    few = {paging.size: written(session, paging.size, 2)}
    for word in ("@@", "bm90LWEtY3Vyc29y"):
        yield from _refusable(
            session,
            mirror,
            {**few, paging.after: word},
            "a cursor that was never given",
            paging.garbage_gets,
            paging.clauses.get("garbage", ()),
        )
    first = session.send(ask_for(session, mirror.base, few), "a page to take a cursor from")
    yield
    token = first.answer.next if first.answer else MISSING
    if not isinstance(token, str) or not token:
        session.ledger.not_exercised(
            (*paging.clauses.get("both", ()), *paging.clauses.get("other-sort", ())), "no cursor was given"
        )
        return
    yield from _refusable(
        session,
        mirror,
        {**few, paging.after: token, paging.before: token},
        "both cursors together",
        paging.both_gets,
        paging.clauses.get("both", ()),
    )
    order = session.listing.order
    if order is not None and order.sort is not None:
        others = [word for word in order.sort.words if word not in order.sort.refused]
        default = order.by.assumed if isinstance(order.by, Open) else order.by
        other = next((word for word in others if order.sort.words[word] != default), None)
        if other is not None:
            values = {**few, paging.after: token, order.sort.parameter: other}
            yield from _refusable(
                session,
                mirror,
                values,
                "a cursor made under another sort",
                paging.other_sort_gets,
                paging.clauses.get("other-sort", ()),
            )


def _refusable(
    session: Session, mirror: Mirror, values: Mapping[str, Tree], purpose: str, gets: Any, clauses: Clauses
) -> Iterator[None]:
    exchange = session.send(ask_for(session, mirror.base, values), purpose)
    yield
    options = gets.options if isinstance(gets, Open) else (gets,)
    fault = session.listing.paging.fault if isinstance(session.listing.paging, CursorPaging) else "invalid"
    if "refused" in options and broke_down(session, exchange, fault):
        yield from judge_fault(session, exchange, fault, clauses)
        return
    if session.not_judged(exchange, clauses) or exchange.answer is None:
        return
    refused = is_refused(exchange)
    if refused and "refused" in options:
        yield from judge_fault(session, exchange, fault, clauses)
    elif not refused and any(option != "refused" for option in options):
        session.ledger.observed(clauses, "taken")
    else:
        again = session.send(ask_for(session, mirror.base, values), f"again: {purpose}")
        yield
        if again.answer is not None and is_refused(again) == refused:
            expected = "an error" if "refused" in options else "a success"
            actual = f"a success with {len(again.rows or ())} rows" if not refused else f"error {again.answer.code!r}"
            session.fail(clauses, purpose, expected=expected, actual=actual, exchange=again)


# --- totals -------------------------------------------------------------------------------------------------


def totals(session: Session, mirror: Mirror) -> Iterator[None]:
    """The total with filters, without matches, and switched off."""
    yield from living(session, mirror)
    total = session.listing.total
    no_match = session.listing.no_match_clause
    chosen = some_filter(session, mirror)
    if total is not None:
        clauses = total.clauses.get("independent") or total.clauses.get("sum", ())
        if chosen:
            yield from expect(
                session,
                mirror,
                ask_for(session, mirror.base, {**wide(session), **chosen}),
                "the total with a filter",
                clauses,
                blame={"total": clauses},
            )
        if total.switch is not None:
            yield from _total_switch(session, mirror)
    name = next(
        (
            name
            for name in shown_filters(session)
            if session.usable(name)
            and session.listing.filters[name].keeps in ("equal", "contains")
            and session.listing.parameters[name].as_ == "text"
            and not session.listing.filters[name].applies_if_any
        ),
        None,
    )
    if name is not None:
        blame: Clauses = total.clauses.get("sum", ()) if total else no_match
        yield from expect(
            session,
            mirror,
            ask_for(session, mirror.base, {name: "no-such-value-9c1e"}),
            "no row matches",
            no_match,
            blame={"total": blame},
        )


def _total_switch(session: Session, mirror: Mirror) -> Iterator[None]:
    total = session.listing.total
    assert total is not None
    assert total.switch is not None
    switch = total.switch
    off = session.send(
        ask_for(session, mirror.base, {switch.parameter: written(session, switch.parameter, False)}),
        "the total switched off",
    )
    yield
    on = session.send(
        ask_for(session, mirror.base, {switch.parameter: written(session, switch.parameter, True)}),
        "the total switched on",
    )
    yield
    plain = session.send(ask_for(session, mirror.base), "the total by default")
    yield
    clauses = switch.clauses.get("off", ())
    if not session.not_judged(off, clauses) and off.answer is not None:
        came = off.answer.total
        shape = "missing" if came is MISSING else "none" if came is None else "zero" if number(came) == 0 else "given"
        options = switch.off.options if isinstance(switch.off, Open) else (switch.off,)
        if shape in options:
            session.ledger.witness(clauses)
            if isinstance(switch.off, Open):
                session.knowledge.set(switch.off.id, shape, "the total switched off")
        elif shape == "zero" and not mirror.rows:
            session.ledger.not_exercised(clauses, "the target shows no rows")
        else:
            session.fail(
                clauses,
                "the total can be switched off",
                expected=f"a total that is {' or '.join(options)}",
                actual=f"total {came!r}",
                exchange=off,
            )
    clauses = switch.clauses.get("default", ())
    if not session.not_judged(plain, clauses) and plain.answer is not None and on.answer is not None:
        told, said = number(plain.answer.total), number(on.answer.total)
        moved = told is not None and told != said and (mirror.volatile or (yield from unsettled(session, mirror)))
        if (told != said and not moved) or told is None:
            session.fail(
                clauses,
                "the total is told by default",
                expected=f"the total {said}",
                actual=f"{plain.answer.total!r}",
                exchange=plain,
            )
        else:
            session.ledger.witness(clauses)


def pages_of_filters(session: Session, mirror: Mirror) -> Iterator[None]:
    """Every filter together with a later page, and with a page of one row: neither forgets the other."""
    paging = session.listing.paging
    yield from _one_row_of_filters(session, mirror)
    if isinstance(paging, NoPaging | LimitPaging) or len(mirror.rows) < 4 or mirror.torn:
        return
    clauses: Clauses = paging.clauses.get("slice", ())
    before = session.ledger.failures()
    for name in shown_filters(session):
        kept = session.listing.filters[name]
        if not session.usable(name) or not session.in_force(name) or session.ledger.failed(clauses):
            continue
        raw = _half(session, mirror, name)
        if raw is None:
            continue
        values = {**partner(session, mirror, name), **default_comparison(session, name)}
        values |= {**companions(session, mirror, name), name: raw, paging.size: written(session, paging.size, 2)}
        sizes: Clauses = paging.clauses.get("size", ()) or clauses
        blame: dict[Aspect, Clauses] = {"rows": kept.clause, "slice": clauses, "size": sizes}
        if session.ledger.failures() - before:
            # A second filter that is forgotten, too: it is the pages that forget.
            blame["rows"] = clauses
        if not isinstance(paging, CursorPaging):
            place, second = (
                (paging.page, paging.first + 1) if isinstance(paging, PageNumberPaging) else (paging.offset, 2)
            )
            ask = ask_for(session, mirror.base, {**values, place: written(session, place, second)})
            yield from expect(session, mirror, ask, f"{name} with a later page", clauses, blame=blame)
            continue
        first = session.send(ask_for(session, mirror.base, values), f"{name} with pages of 2")
        yield
        token = first.answer.next if first.answer else MISSING
        if isinstance(token, str) and token:
            ask = ask_for(session, mirror.base, {**values, paging.after: token})
            yield from expect(session, mirror, ask, f"{name} with a following page", clauses, blame=blame)
    _forgotten_by_pages(session, clauses, before)


def _one_row_of_filters(session: Session, mirror: Mirror) -> Iterator[None]:
    """Every filter with pages of one row, at values that the first row of the list does not have."""
    paging = session.listing.paging
    if isinstance(paging, NoPaging) or len(mirror.rows) < 4 or mirror.torn or not session.in_force(paging.size):
        return
    if isinstance(paging, OffsetPaging):
        # A later page tells the same: rows that are left out first are left out of what the filter keeps.
        return
    size_clauses: Clauses = paging.clauses.get("size", ())
    if session.ledger.failed(size_clauses) or not session.usable(paging.size):
        return
    first = session.send(
        ask_for(session, mirror.base, {paging.size: written(session, paging.size, 1)}), "the first row of the list"
    )
    yield
    for name in shown_filters(session):
        kept = session.listing.filters[name]
        if not session.usable(name) or not session.in_force(name) or is_time(kept) or not first.rows:
            continue
        own = values_shown(first.rows, kept.compares)
        others = values_shown(mirror.rows, kept.compares).most_common()
        value = next((value for value, count in others if count > 1 and not _holds_any(kept, own, value)), None)
        if value is None or not whole(session, name, value):
            continue
        values = {**companions(session, mirror, name), **default_comparison(session, name)}
        values |= {name: raw_value(session, name, value), paging.size: written(session, paging.size, 1)}
        values |= _first_page(session)
        blame: dict[Aspect, Clauses] = {"total": _total_blame(session)}
        yield from expect(
            session, mirror, ask_for(session, mirror.base, values), f"{name} with one row", kept.clause, blame=blame
        )


def _first_page(session: Session) -> dict[str, Tree]:
    """The first page said aloud, where it is not what comes when no page is named."""
    paging = session.listing.paging
    if isinstance(paging, PageNumberPaging) and session.ledger.failed(paging.clauses.get("first", ())):
        return {paging.page: written(session, paging.page, paging.first)}
    if isinstance(paging, OffsetPaging) and session.ledger.failed(paging.clauses.get("offset-default", ())):
        return {paging.offset: written(session, paging.offset, 0)}
    return {}


def _holds_any(kept: Filter, shown: Iterable[Any], value: Any) -> bool:
    """Whether one of the values that a row shows satisfies the filter at another value."""
    keeps = kept.keeps.assumed if isinstance(kept.keeps, Open) else kept.keeps
    return any(holds(keeps, one, value) for one in shown)


def filters_by_other_ways(session: Session, mirror: Mirror) -> Iterator[None]:
    """Every filter by another carriage of the request: a server that reads two forms must read all of each."""
    transport = session.listing.transport
    ways = [
        name
        for name, way in transport.also.items()
        if way.level == "same"
        and not session.ledger.failed(way.clause)
        and way.carries not in session.settings.get("deaf", ())
    ]
    # Bodies are where a second reader of parameters lives: they come first.
    # A separator that is not read in one form is not read in another.
    unread = {way.separator for way in transport.also.values() if session.ledger.failed(way.clause)} - {None}
    if session.ledger.failed(transport.separator_clause):
        unread.add(transport.separator)
    ways = [name for name in ways if (transport.also[name].separator or transport.separator) not in unread]
    ways.sort(key=lambda name: transport.also[name].carries == "query")
    if not ways:
        return
    names = [name for name in shown_filters(session) if session.usable(name) and session.in_force(name)]
    turn = 0
    while names:
        # Two at a time: with the right values the loss of either shows.
        name = names.pop(0)
        alone = session.ledger.failed(session.listing.conjunction_clause) is not None
        halves = ((other, pair_values(session, mirror, name, other)) for other in names if not alone)
        other, values = next(((other, values) for other, values in halves if values is not None), ("", None))
        if values is None:
            raw = _half(session, mirror, name)
            if raw is None:
                continue
            values = {**partner(session, mirror, name), **default_comparison(session, name)}
            values |= {**companions(session, mirror, name), name: raw}
        else:
            names.remove(other)
        for way in dict.fromkeys((ways[turn % len(ways)], ways[0])):
            clauses = transport.also[way].clause
            if session.ledger.failed(clauses):
                continue
            ask = replace(ask_for(session, mirror.base, {**wide(session), **values}), carriage=way)
            told = f"{name} and {other}" if other else name
            yield from expect(session, mirror, ask, f"{told} by {way}", clauses)
        turn += 1


def _forgotten_by_pages(session: Session, clauses: Clauses, before: frozenset[ClauseId]) -> None:
    """Several filters that fail only with a later page are one defect of the pages."""
    if clauses and session.ledger.failed(clauses):
        for clause in session.ledger.failures() - before - set(clauses):
            session.ledger.explain(clause, clauses[0])


def _half(session: Session, mirror: Mirror, name: str) -> Tree:
    """A value that keeps some rows but not all; None when there is none."""
    kept = session.listing.filters[name]
    if is_time(kept):
        shown = [moment for row in mirror.rows for moment in compared(row.shown, kept.compares[0])]
        times = sorted(moment for moment in shown if isinstance(moment, datetime))
        if len(times) < 6 or times[0] == times[-1]:
            return None
        return raw_value(session, name, times[len(times) // 2].replace(microsecond=0))
    values = values_shown(mirror.rows, kept.compares).most_common()
    value = next((value for value, count in values if 3 <= count < len(mirror.rows)), None)
    return None if value is None else raw_value(session, name, value)


def combinations_of_all(session: Session, mirror: Mirror) -> Iterator[None]:
    """Two filters, a small page and an order at once."""
    names = [name for name in shown_filters(session) if session.usable(name)]
    clauses = session.listing.conjunction_clause
    for _ in range(2):
        if len(names) < 2:
            return
        first, second = session.rng.sample(names, 2)
        values = pair_values(session, mirror, first, second)
        if values is None:
            continue
        more: dict[str, Tree] = {}
        paging = session.listing.paging
        if not isinstance(paging, NoPaging):
            more |= {paging.size: written(session, paging.size, 2), **_first_page(session)}
        order = session.listing.order
        if order is not None and order.descending is not None and session.usable(order.descending):
            more[order.descending] = written(session, order.descending, True)
        yield from expect(
            session,
            mirror,
            ask_for(session, mirror.base, {**values, **more}),
            f"{first} and {second}, two rows a page",
            clauses,
        )
