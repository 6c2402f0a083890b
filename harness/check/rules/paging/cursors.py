"""Rules on cursors: walks forward and back, ties between pages, invented cursors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from harness.check.context import CheckContext, Exchange, instants_of
from harness.check.exchange import AskedStep, steps_of
from harness.check.probe.answer_checks import A_LIST, NO_LIST, AnswerCheck, part_check, same_check, walk_check
from harness.check.probe.error_responses import is_breakdown, judge_error_response
from harness.check.probe.mirror import Mirror
from harness.check.probe.page_probe import (
    check_page,
    large_page_sizes,
    page_sizes_for,
    report_walk_breach,
    ways_back,
)
from harness.check.probe.page_sizes import page_size_values
from harness.check.probe.stability import all_recent
from harness.check.probe.time_ranges import time_range_filters
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.paging.cursor_journeys import check_cursor_journeys, plain_journeys
from harness.specification.field_path import FieldPath
from harness.specification.model import ClauseId, Clauses, CursorPaging, OpenChoice, options_of
from harness.wire.decoded_body import Tree
from harness.wire.json_body import MISSING

PAGES_WALKED: Final = 14
NO_CURSOR: Final = ("", None, MISSING)
TIES_WALKED: Final = 5
"""The groups of rows with one sort value that are walked: each shows a random order with even chance."""


def check_cursor_pages(context: CheckContext, mirror: Mirror, paging: CursorPaging) -> None:
    """Judges pages by cursor: the first page, walks in both directions, ties, and invented cursors.

    Cursors that are numbers of rows lose and repeat rows of a list that grows (`OffsetCursors`, foreign servers).
    """
    count = len(mirror.rows)
    size_clauses = paging.clauses.size
    start = paging.clauses.start or size_clauses
    check_page(
        context,
        mirror,
        {},
        "the first page",
        paging.clauses.size_default or size_clauses,
        size=paging.clauses.size_default or size_clauses,
    )
    most = context.listing.parameters[paging.size].most if paging.size is not None else None
    sizes: tuple[int, ...] = ()
    if paging.size is not None:
        large = large_page_sizes(context, paging.size, count)
        sizes = (*page_sizes_for(count), *large, *((most,) if most is not None else ()))
    for size in dict.fromkeys(sizes):
        check_page(context, mirror, page_size_values(context, size), f"pages of {size}", size_clauses)
    few = page_size_values(context, 3)
    for word in ("", *paging.start_words):
        check_page(context, mirror, {**few, paging.after: word}, f"{paging.after} = {word!r}", start)
    step = max(2, min(most or 60, -(-count // 4)))
    _check_cursor_walk(context, mirror, paging, page_size_values(context, step))
    if paging.size is not None:
        _check_tied_rows(context, mirror, paging)
        check_cursor_journeys(context, mirror, plain_journeys(context))
    _check_invalid_cursors(context, mirror, paging)


def _check_cursor_walk(
    context: CheckContext, mirror: Mirror, paging: CursorPaging, values: Mapping[str, Tree]
) -> None:
    """Forward to the end, then one page back; every row once and in order."""
    asked, loop = paging.clauses, (ClauseId("PAGING-LOOP"),)
    if not context.asked.include(asked.partition, asked.slice, asked.prev, asked.empty, loop):
        return
    due = _expected_row_keys(context, mirror, values)
    steps = _walk_forward(context, mirror, paging, values, due)
    if steps is None or due is None or mirror.volatile:
        return
    came = {row.key: row for step in steps for row in step.listed}
    if len(steps) >= PAGES_WALKED and len(came) < len(due):
        return
    slice_clauses = paging.clauses.slice
    walk_clauses = paging.clauses.partition or slice_clauses
    if odd := due ^ came.keys():
        if all_recent(context, [row for row in (*mirror.rows, *came.values()) if row.key in odd]):
            context.results.record_inconclusive(walk_clauses, "data-changed: the newest rows come and go")
            return
        actual = f"{rows_in_words(len(came))}, {len(due - came.keys())} missing"
        all_due = [row for row in mirror.rows if row.key in due]
        report_walk_breach(
            context,
            mirror,
            walk_clauses,
            steps[-1],
            rows_in_words(len(due)),
            actual,
            rows=[row for row in all_due if row.key not in came],
            check=walk_check(context, all_due, pages=len(all_due) + 2, walks_on="cursor"),
            steps=steps_of(*steps),
        )
        return
    context.results.record_pass(walk_clauses)
    if len(steps) > 1:
        context.results.record_pass(slice_clauses, times=len(steps) - 1)
        _judge_order_across_pages(context, paging, steps)
        if not steps[-1].rows:
            context.dialect.learn_answer(paging.next_on_last, "given", "walk")
    else:
        context.results.record_not_exercised((*slice_clauses, *paging.clauses.prev), "there is only one page")
    if len(steps) == 2 or (len(steps) == 3 and not steps[2].rows):
        _check_previous_page(context, mirror, paging, values, steps[:2])


def _walk_forward(
    context: CheckContext, mirror: Mirror, paging: CursorPaging, values: Mapping[str, Tree], due: set[Hashable] | None
) -> list[Exchange] | None:
    """The pages from the first one on, to the end or to some rows more than are due; None where a page went wrong."""
    steps: list[Exchange] = []
    seen: set[Hashable] = set()
    tokens: list[str] = []
    leads_back = True
    for page in range(PAGES_WALKED):
        more = {paging.after: tokens[-1]} if tokens else {}
        exchange = context.send(mirror.request({**values, **more}), f"walk, page {page + 1}")
        if _is_wrong_page(context, mirror, paging, exchange, steps, seen):
            return None
        assert exchange.answer is not None
        seen.update(exchange.keys)
        steps.append(exchange)
        leads_back = leads_back and _tells_way_back(context, paging, steps)
        if page == 2 and exchange.rows:
            _check_previous_page(context, mirror, paging, values, steps)
        if not exchange.rows:
            _judge_empty_page(context, paging, exchange)
            break
        following = exchange.answer.next_cursor
        if not isinstance(following, str) or not following:
            last = following in NO_CURSOR and seen and due is not None and len(seen) >= len(due)
            if last:
                context.dialect.learn_answer(paging.next_on_last, "empty", "walk")
            break
        if following in tokens:
            context.fail(
                (ClauseId("PAGING-LOOP"),),
                "a walk comes to an end",
                expected="a new cursor",
                actual="the same cursor again",
                exchange=exchange,
                check=_cursor_check(context, exchange, paging.next_at),
                steps=steps_of(*steps),
            )
            return None
        tokens.append(following)
        if due is not None and len(seen) > len(due) + 5:
            break
    return steps


def _is_wrong_page(
    context: CheckContext,
    mirror: Mirror,
    paging: CursorPaging,
    exchange: Exchange,
    steps: Sequence[Exchange],
    seen: set[Hashable],
) -> bool:
    """Whether a page of a walk is none, or shows rows that were shown before; then that is told."""
    slice_clauses = paging.clauses.slice
    walk_clauses = paging.clauses.partition or slice_clauses
    if context.note_unusable(exchange, walk_clauses):
        return True
    if exchange.rows is None or exchange.outcome != "success":
        context.fail(
            slice_clauses,
            "a cursor that the server gave is taken",
            expected="the following page",
            actual=exchange.told_error,
            exchange=exchange,
            check=A_LIST,
            steps=steps_of(*steps, exchange),
        )
        return True
    again = [key for key in exchange.keys if key in seen]
    if not again or mirror.volatile:
        return False
    actual = f"{len(again)} of {len(exchange.keys)} rows a second time"
    clauses = slice_clauses if len(steps) == 1 else walk_clauses
    report_walk_breach(
        context,
        mirror,
        clauses,
        exchange,
        "rows that were not shown before",
        actual,
        rows=[row for row in exchange.listed if row.key in seen],
        check=walk_check(context, (), pages=len(steps) + 1),
        steps=steps_of(*steps, exchange),
    )
    return True


def _tells_way_back(context: CheckContext, paging: CursorPaging, steps: Sequence[Exchange]) -> bool:
    """Whether the last page of a walk tells the way to the page before, as each page with rows does but the first."""
    here = steps[-1]
    if not paging.leads_back or len(steps) < 2 or not here.rows or here.previous_cursor is not None:
        return True
    context.fail(
        paging.clauses.prev,
        "a page tells the way back",
        expected="a cursor to the page before",
        actual="none",
        exchange=here,
        check=_cursor_check(context, here, paging.prev_at),
        steps=steps_of(*steps),
    )
    return False


def _cursor_check(context: CheckContext, exchange: Exchange, at: str | None) -> AnswerCheck | None:
    return None if at is None else part_check(context, exchange, at)


def _check_tied_rows(context: CheckContext, mirror: Mirror, paging: CursorPaging) -> None:
    """Rows of one instant, one on each page: a cursor tells them apart."""
    lower, upper, path = time_range_filters(context)
    order = context.listing.order
    if lower is None or upper is None or path is None or order is None or order.by != FieldPath.of(path):
        return
    if mirror.volatile or not mirror.complete:
        return
    times = instants_of(mirror.rows, path)
    second = timedelta(seconds=1)
    for at, together in Counter(times).most_common():
        first = at.replace(microsecond=0) - second
        last = first + 3 * second
        around = [instant for instant in times if first <= instant <= last]
        if together < 2:
            return
        if len(around) <= TIES_WALKED and first not in around and last not in around:
            values = {**context.encode_all({lower: first, upper: last}), **page_size_values(context, 1)}
            _check_cursor_walk(context, mirror, paging, values)
            return


def _expected_row_keys(context: CheckContext, mirror: Mirror, values: Mapping[str, Tree]) -> set[Hashable] | None:
    """The rows that a walk must visit, when they are known for sure."""
    if not mirror.complete:
        return None
    branches = context.expected_answers(mirror.request(values))
    meaning = branches[0][1]
    if meaning.error_name or meaning.unspecified:
        return None
    verdicts = [(row.key, meaning.keeps_row(row.shown)) for row in mirror.rows]
    if any(verdict is None for _, verdict in verdicts):
        return None
    return {key for key, verdict in verdicts if verdict}


def _judge_order_across_pages(context: CheckContext, paging: CursorPaging, steps: list[Exchange]) -> None:
    """Across a page border the order goes on."""
    sort = context.expected_answers(steps[0].list_request)[0][1].sort
    if context.listing.order is None or sort is None or sort[0].hidden:
        return
    path, descends = sort
    border: Any = None
    for step in steps:
        shown = [values[0] for row in step.listed if (values := row.values(path))]
        known = shown and border is not None and shown[0] is not None
        if known and (shown[0] > border if descends else shown[0] < border):
            expected, message = f"rows beyond {border}", "a following page goes on in the order"
            came = steps_of(*steps[: steps.index(step) + 1])
            context.fail(
                paging.clauses.slice, message, expected=expected, actual=f"{shown[0]}", exchange=step, steps=came
            )
            return
        border = shown[-1] if shown else border


def _check_previous_page(
    context: CheckContext, mirror: Mirror, paging: CursorPaging, values: Mapping[str, Tree], steps: list[Exchange]
) -> None:
    """The cursor to the page before leads back by one of two parameters, and by the other if it leads back at all."""
    if not paging.leads_back:
        return
    clauses = paging.clauses.prev
    here, before = steps[-1], steps[-2]
    if not here.rows:
        context.results.record_not_exercised(clauses, "there is only one page")
        return
    token = here.previous_cursor
    if token is None:
        return
    right = False
    tried: list[Exchange] = []
    for way, parameter in ways_back(context, paging):
        exchange = context.send(mirror.request({**values, parameter: token}), f"the page before, by {parameter}")
        if right and (exchange.rows is None or set(exchange.keys).isdisjoint(before.keys)):
            # Forward from there, or refused: the other way is the one.
            continue
        if context.note_unusable(exchange, clauses):
            return
        if not exchange.keys or exchange.keys != before.keys:
            tried.append(exchange)
            continue
        if not right:
            context.dialect.learn_answer(paging.prev_goes_into, way, "walk back")
            context.results.record_pass(clauses)
        right, tried = True, []
    if right and not tried:
        return
    came = tried[-1] if tried else None
    same = came is not None and set(came.keys) == set(before.keys)
    actual = "the same rows in another order" if same else f"{len(came.keys) if came else 0} other rows"
    expected = f"the {len(before.keys)} rows of the page before"
    report_walk_breach(
        context,
        mirror,
        clauses,
        came,
        expected,
        actual,
        check=None if came is None else same_check(context, before, came, place=len(steps) - 2, ways=len(tried)),
        steps=(*steps_of(*steps), *(AskedStep(exchange=one, back=True) for one in tried)),
    )


def _judge_empty_page(context: CheckContext, paging: CursorPaging, exchange: Exchange) -> None:
    """An empty page leads nowhere."""
    clauses, answer = paging.clauses.empty, exchange.answer
    assert answer is not None
    if answer.next_cursor not in NO_CURSOR:
        expected, message = "no cursor to a following page", "an empty page leads nowhere"
        check = _cursor_check(context, exchange, paging.next_at)
        context.fail(clauses, message, expected=expected, actual="a cursor", exchange=exchange, check=check)
    elif answer.previous_cursor in NO_CURSOR:
        context.results.record_pass(clauses)


def _check_invalid_cursors(context: CheckContext, mirror: Mirror, paging: CursorPaging) -> None:
    asked = paging.clauses
    if not context.asked.include(asked.garbage, asked.both, asked.other_sort):
        return
    few = page_size_values(context, 2)
    for word in ("@@", "bm90LWEtY3Vyc29y"):
        values = {**few, paging.after: word}
        purpose, gets = "a cursor that was never given", paging.garbage_gets
        _check_refusable_request(context, mirror, values, purpose, gets, paging.clauses.garbage)
    first = context.send(mirror.request(few), "a page to take a cursor from")
    token = first.next_cursor
    if token is None:
        context.results.record_not_exercised(
            (*paging.clauses.both, *paging.clauses.other_sort), "no cursor was given"
        )
        return
    if paging.before is not None:
        values = {**few, paging.after: token, paging.before: token}
        purpose, gets = "both cursors together", paging.both_gets
        _check_refusable_request(context, mirror, values, purpose, gets, paging.clauses.both)
    order = context.listing.order
    if order is None or order.sort is None:
        return
    unusable = {*order.sort.refused, *context.facts.refused_sort_words}
    others = [word for word in order.sort.words if word not in unusable]
    default = order.by.assumed if isinstance(order.by, OpenChoice) else order.by
    other = next((word for word in others if order.sort.words[word] != default), None)
    if other is not None:
        values = {**few, paging.after: token, order.sort.parameter: other}
        purpose, sort_gets = "a cursor made under another sort", paging.other_sort_gets
        _check_refusable_request(context, mirror, values, purpose, sort_gets, paging.clauses.other_sort)


def _check_refusable_request(
    context: CheckContext, mirror: Mirror, values: Mapping[str, Tree], purpose: str, gets: Any, clauses: Clauses
) -> None:
    exchange = context.send(mirror.request(values), purpose)
    options = options_of(gets)
    fault = context.listing.paging.fault if isinstance(context.listing.paging, CursorPaging) else "invalid"
    if "refused" in options and is_breakdown(context, exchange, fault):
        judge_error_response(context, exchange, fault, clauses)
        return
    if context.note_unusable(exchange, clauses):
        return
    refused = exchange.is_refusal
    if refused and "refused" in options:
        judge_error_response(context, exchange, fault, clauses)
    elif not refused and any(option != "refused" for option in options):
        context.results.record_observed(clauses, "taken")
    else:
        again = context.send(mirror.request(values), f"again: {purpose}")
        if again.answer is not None and again.is_refusal == refused:
            expected = "an error" if "refused" in options else "a success"
            actual = f"a success with {rows_in_words(len(again.listed))}" if not refused else again.told_error
            check = A_LIST if refused else NO_LIST
            context.fail(clauses, purpose, expected=expected, actual=actual, exchange=again, check=check)
