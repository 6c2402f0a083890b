"""Rules on order: the default order, every sort word, and whole lists."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta

from harness.check.context import CheckContext, Exchange, Row, instants_of
from harness.check.probe.answer_checks import AnswerCheck, listed_check, same_check
from harness.check.probe.blame import unsteady_clauses
from harness.check.probe.differences import Aspect
from harness.check.probe.error_responses import judge_error_response
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_values import answer_fits, largest_page
from harness.check.probe.mirror import Mirror, read_mirror, reread_mirror
from harness.check.probe.stability import replicas_disagree, wait_for_replicas
from harness.check.probe.time_ranges import time_range_filters
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.paging.sort_words import learn_refused_words
from harness.specification.model import (
    Clauses,
    CursorPaging,
    LimitPaging,
    OffsetPaging,
    OpenChoice,
)
from harness.specification.narrowing_defaults import default_limit
from harness.specification.paging_clauses import partition_clauses, size_clauses, size_default_clauses
from harness.specification.sort_spellings import sort_spellings
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest


def check_default_order(context: CheckContext, mirror: Mirror) -> None:
    """Judges the default order, also with the default of the descending flag given."""
    _report_page_cap(context)
    _check_own_window(context, mirror)
    order = context.listing.order
    if order is None or len(mirror.rows) < 2:
        return
    clauses = order.clause
    if order.descending is not None and context.supports_parameters(order.descending):
        usual = context.listing.parameters[order.descending].is_on_by_default
        off = {order.descending: context.encode(order.descending, usual)}
        unsaid = context.send(mirror.request(largest_page(context)), "the order with nothing said")
        # Where the order is right with nothing said, and wrong with the flag at its default, the flag is at fault.
        rightly = unsaid.rows and answer_fits(context, mirror, unsaid)
        off_clauses = (order.descending_default_clause or clauses) if rightly else clauses
        blame: dict[Aspect, Clauses] = {"order": off_clauses, "slice": off_clauses}
        ask = mirror.request({**largest_page(context), **off})
        check_probe(context, mirror, ask, f"{order.descending} = {usual}", clauses, blame=blame, always=True)
        clauses = order.descending_default_clause or clauses
    ask = mirror.request(largest_page(context))
    judged = check_probe(context, mirror, ask, "the default order", clauses, always=True)
    if judged.passed:
        context.results.record_pass(order.clause)
    _check_repeatable(context, mirror, ask, judged.exchange)


def check_unlimited_list(context: CheckContext, mirror: Mirror) -> None:
    """Judges that a limit far above the number of rows brings no more than no limit, where that means all rows."""
    paging = context.listing.paging
    if not isinstance(paging, LimitPaging) or not mirror.rows or not context.supports_parameters(paging.size):
        return
    clauses = paging.clauses.size_default
    if not clauses or default_limit(context.listing) is not None:
        return
    high = mirror.request({paging.size: context.encode(paging.size, 2 * len(mirror.rows) + 100)})
    more: set[Hashable] | None = None
    every = mirror.request()
    # Not turn by turn: a row that every second answer leaves out is no matter of the limit.
    for number_, ask in enumerate((high, every, every, high)):
        if number_ > 2:
            wait_for_replicas(context)
        exchange = context.send(ask, "all rows, by a limit that is high or none")
        if exchange.rows is None:
            return
        keys = set(exchange.keys)
        if more is None:
            more = keys - {row.key for row in mirror.rows}
        else:
            more = more & keys if ask is high else more - keys
        if not more:
            return
    # The last answer is one to the high limit: the list without one lacks what is in it.
    lacking = context.seen_exchange(every) or exchange
    context.fail(
        clauses,
        "no limit means all rows",
        expected="as many rows as with a high limit",
        actual=f"{len(more or ())} of them are missing",
        exchange=lacking,
        check=same_check(context, exchange, lacking),
    )
    # From now on all rows are asked for by a high limit, so that this is told once.
    read_mirror(context, mirror, now=context.run_start)


def _check_own_window(context: CheckContext, mirror: Mirror) -> None:
    """The run's own time range: where it is not kept, that is told once, and nothing else is judged by it."""
    ask = mirror.request(largest_page(context))
    tests = [(name, test) for _, meaning in context.expected_answers(ask) for name, test in meaning.tests]
    satisfied = {name for name, test in tests if all(test(row.shown) is not False for row in mirror.rows)}
    unkept = sorted({name for name, _ in tests} - satisfied)
    if not unkept or mirror.volatile:
        return
    again = context.send(ask, "does the list keep the time range of this run?")
    for name in unkept:
        own = [test for other, test in tests if other == name]
        strays = [row for row in again.listed if all(test(row.shown) is False for test in own)]
        if strays:
            clauses = context.listing.filters[name].clause
            actual = f"{len(strays)} of {len(again.listed)} rows do not"
            context.fail(
                clauses,
                f"{name} is kept",
                expected=f"only rows that satisfy {name}",
                actual=actual,
                exchange=again,
                check=listed_check(context, mirror, "without", strays),
            )
            context.mark_broken(name, clauses)
    context.facts.unkept_filters = frozenset(unkept) & set(context.broken_parameters)


def _report_page_cap(context: CheckContext) -> None:
    """Pages shorter than what was asked for, although more rows follow."""
    paging, page_cap = context.listing.paging, context.facts.page_cap
    if page_cap is None or paging.is_single_page:
        return
    if isinstance(paging, CursorPaging) and paging.size is not None:
        # At most so many rows were asked for, and the cursor says that more follow: nothing is lost.
        context.notes.append(f"pages hold at most {page_cap.rows} rows, although {page_cap.asked} were asked for")
        return
    expected = f"{page_cap.asked} rows on a page, or the last ones"
    actual = f"{page_cap.rows} rows, and more on the next page"
    longest = paging.clauses.size_max if isinstance(paging, OffsetPaging) else ()
    clauses = longest or size_clauses(paging) or size_default_clauses(paging)
    check = AnswerCheck(kind="rows", low=page_cap.asked, high=page_cap.asked)
    message = (
        "a page is as long as was asked" if paging.size_parameter is not None else "a page is as long as promised"
    )
    context.fail(clauses, message, expected=expected, actual=actual, exchange=page_cap.exchange, check=check)


def _check_repeatable(context: CheckContext, mirror: Mirror, ask: ListRequest, first: Exchange) -> None:
    """Identical requests over data that stands still get identical answers."""
    answers = [first] if first.rows is not None else []
    for turn in range(len(answers), 6):
        if turn == 3 and _same_rows(context, answers):
            break
        answers.append(context.send(ask, "the same request again"))
        if answers[-1].rows is None:
            return
    lost = _reappearing_rows(context, mirror, answers)
    if not lost:
        if mirror.volatile or _same_rows(context, answers) or replicas_disagree(context, mirror):
            return
        reread_mirror(context, mirror)
        known = {row.key for row in mirror.rows}
        if mirror.volatile or any(key not in known for one in answers for key in one.keys):
            return
    context.fail(
        (partition_clauses(context.listing.paging) if lost else ()) or unsteady_clauses(context),
        "identical requests get identical answers",
        expected="the same rows in the same order",
        actual="a row that is missing once and there before and after" if lost else "other rows or another order",
        exchange=answers[-1],
        rows=lost[:4],
    )


def _same_rows(context: CheckContext, answers: Sequence[Exchange]) -> bool:
    """Whether all answers show the same rows (in the same order, where pages depend on it)."""
    single = context.listing.paging.is_single_page
    page_cap = [sorted(exchange.keys, key=str) if single else exchange.keys for exchange in answers]
    return all(keys == page_cap[0] for keys in page_cap)


def _reappearing_rows(context: CheckContext, mirror: Mirror, answers: Sequence[Exchange]) -> list[Row]:
    """Rows that one answer leaves out of its middle and those before and after it show: no list moves like that.

    A row is old enough when the newest one began ten minutes after it: what has just come in may still be on its way.
    """
    _, _, path = time_range_filters(context)
    times = instants_of(mirror.rows, path)
    if not times or path is None:
        return []
    late = max(times) - timedelta(minutes=10)
    found: dict[Hashable, Row] = {}
    for index in range(1, len(answers) - 1):
        here = set(answers[index].keys)
        for before in answers[:index]:
            for after in answers[index + 1 :]:
                stayed = [row for row in before.listed if row.key in set(after.keys)]
                last = max((place for place, row in enumerate(stayed) if row.key in here), default=0)
                for row in stayed[:last]:
                    instant = row.shown.get(path)
                    if row.key not in here and isinstance(instant, datetime) and instant < late:
                        found[row.key] = row
    return list(found.values())


def check_sort_orders(context: CheckContext, mirror: Mirror) -> None:
    """Judges the descending flag, each sort word in both directions, and unknown words.

    A real server took any unknown direction for ascending, while its default was descending.
    """
    order = context.listing.order
    if order is None:
        return
    if len(mirror.rows) < 2:
        page_cap = f"the target shows {rows_in_words(len(mirror.rows))}"
        words = order.sort.clauses.words if order.sort else ()
        context.results.record_not_exercised((*order.clause, *order.descending_clause, *words), page_cap)
        return
    if order.descending is not None:
        clauses = order.descending_clause
        other = not context.listing.parameters[order.descending].is_on_by_default
        on = {order.descending: context.encode(order.descending, other)}
        ask = mirror.request({**largest_page(context), **on})
        judged = check_probe(
            context,
            mirror,
            ask,
            f"{order.descending} = {other}",
            clauses,
            blame={"order": clauses, "slice": clauses},
        )
        paging = context.listing.paging
        if paging.size_parameter is not None:
            # A page of the reversed list, not a reversed page of the list.
            few = {paging.size_parameter: context.encode(paging.size_parameter, 3)}
            ask = mirror.request({**on, **few})
            purpose = f"{order.descending} = {other}, three rows"
            check_probe(context, mirror, ask, purpose, clauses, blame={"order": clauses, "slice": clauses})
        if judged.passed is False:
            context.mark_broken(order.descending, clauses)
    if order.sort is not None:
        _check_sort_words(context, mirror)


def _check_sort_words(context: CheckContext, mirror: Mirror) -> None:
    order = context.listing.order
    assert order is not None
    sort = order.sort
    assert sort is not None
    clauses = sort.clauses.words or order.clause
    learn_refused_words(context, mirror, sort, clauses)
    for word, path in sort.words.items():
        if word in context.facts.refused_sort_words:
            continue
        mine = sort.clauses.undocumented or clauses if word in sort.undocumented else clauses
        for spelling in sort_spellings(sort, word):
            ask = mirror.request({**largest_page(context), sort.parameter: spelling})
            check_probe(
                context, mirror, ask, f"{sort.parameter} = {spelling}", mine, blame={"order": mine, "slice": mine}
            )
        if order.descending is not None:
            flag = {order.descending: context.encode(order.descending, True)}
            some = {**largest_page(context), **_half_of_list(context, mirror)}
            ask = mirror.request({**some, sort.parameter: word, **flag})
            blame: dict[Aspect, Clauses] = {"order": order.descending_clause or mine}
            check_probe(context, mirror, ask, f"{sort.parameter} = {word}, descending", mine, blame=blame)
        different = {str(row.values(path)) for row in mirror.rows}
        if len(different) < 2:
            context.results.record_not_exercised(mine, f"all rows show the same {path}")
    for word in (*sort.unknown_like, *sort.refused):
        mine = sort.clauses.refused if word in sort.refused else sort.clauses.unknown
        ask = mirror.request({sort.parameter: word})
        judged = check_probe(context, mirror, ask, f"{sort.parameter} = {word}", mine)
        if judged.passed and isinstance(sort.unknown, OpenChoice):
            context.results.record_observed(mine, "refused" if judged.due_error else "the default order")
        if judged.passed and (fault := judged.due_error):
            judge_error_response(context, judged.exchange, fault, mine, parameter=sort.parameter)


def _half_of_list(context: CheckContext, mirror: Mirror) -> dict[str, Tree]:
    """A limit of half the rows, where rows are limited: whether it cuts before it sorts shows under each order."""
    paging = context.listing.paging
    if not isinstance(paging, LimitPaging) or len(mirror.rows) < 4 or not context.supports_parameters(paging.size):
        return {}
    return {paging.size: context.encode(paging.size, len(mirror.rows) // 2)}
