"""Rules on pages: which slice of the sorted list an answer is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from harness.check.context import CheckContext, Exchange, Row
from harness.check.exchange import AskedStep, steps_of
from harness.check.oracle.interpreter import sort_key
from harness.check.probe.answer_checks import AnswerCheck, apart_check, same_check, walk_check
from harness.check.probe.filter_values import selective_filter
from harness.check.probe.mirror import (
    Mirror,
    first_page_number,
    largest_page_size,
    next_page_values,
    server_page_limit,
)
from harness.check.probe.page_probe import (
    check_page,
    large_page_sizes,
    page_sizes_for,
    report_walk_breach,
)
from harness.check.probe.page_sizes import page_size_values
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.paging.arrangements import due_rows
from harness.check.rules.paging.cursors import check_cursor_pages
from harness.check.rules.paging.page_borders import check_page_borders, plain_border_probes
from harness.specification.field_path import FieldPath
from harness.specification.model import (
    Clauses,
    CursorPaging,
    LimitPaging,
    NoPaging,
    OffsetPaging,
    OpenChoice,
    PageNumberPaging,
    all_clauses,
)
from harness.specification.paging_clauses import partition_clauses, size_clauses, slice_clauses, start_clauses
from harness.wire.decoded_body import Tree

# Above any bound seen, and a size that some servers answer with an empty page (`history_large_pages_are_empty`).
FAR_LARGER_SIZE: Final = 5000
PAGES_OF_A_WALK: Final = 25
_TORN_PAGES: Final = 6
_COVERS: Final = AnswerCheck(kind="covers")


def check_pages(context: CheckContext, mirror: Mirror) -> None:
    """Judges the paging of the list, alone and together with a filter."""
    paging = context.listing.paging
    if isinstance(paging, NoPaging):
        return
    if len(mirror.rows) < 2:
        reason = f"the target shows {rows_in_words(len(mirror.rows))}"
        context.results.record_not_exercised(all_clauses(paging.clauses), reason)
        if not mirror.rows:
            return
    if mirror.tear_reason:
        _report_torn_pages(context, mirror)
    match paging:
        case PageNumberPaging():
            _check_numbered_pages(context, mirror, paging)
        case OffsetPaging():
            _check_offsets(context, mirror, paging)
        case CursorPaging():
            check_cursor_pages(context, mirror, paging)
        case LimitPaging():
            _check_limits(context, mirror, paging)
    if paging.size is not None:
        _check_size_words(context, mirror, paging.size)


def _check_size_words(context: CheckContext, mirror: Mirror, name: str) -> None:
    """Words in place of a number of rows mean the number that they stand for."""
    parameter = context.listing.parameters[name]
    for word in parameter.number_words:
        clauses = parameter.number_words_clause
        blame = dict.fromkeys(("size", "short", "slice"), clauses)
        check_page(context, mirror, {name: word}, f"{name}={word}", clauses, **blame)


def _report_torn_pages(context: CheckContext, mirror: Mirror) -> None:
    """Pages that do not share out the list: which promise is broken first?"""
    paging = context.listing.paging
    if paging.is_single_page:
        return
    told: _TornPages | None = _TornPages(partition_clauses(paging) or slice_clauses(paging), mirror.tear_reason, None)
    if isinstance(paging, PageNumberPaging | OffsetPaging) and paging.size is not None:
        told = _pages_side_by_side(context, mirror, paging)
    if told is None:
        return
    reason = f"pages do not share out the list: {mirror.tear_reason}"
    context.results.record_not_exercised(slice_clauses(paging), reason)
    context.notes.append("as long as pages do not share out the list, nobody knows which rows filters leave out")
    if told.check is None and paging.size_parameter is not None:
        told = _with_torn_walk(context, mirror, told)
    for clauses in (told.clauses, told.also):
        if clauses:
            context.fail(
                clauses,
                "the pages share out the list, whatever their size",
                expected="each row on one page, and all of them",
                actual=told.actual,
                exchange=told.exchange,
                difference="torn pages",
                check=told.check,
                steps=told.steps,
                rows=told.rows,
            )


@dataclass(frozen=True, slots=True)
class _TornPages:
    """What is wrong with pages that do not share out the list."""

    clauses: Clauses
    actual: str
    exchange: Exchange | None
    check: AnswerCheck | None = None
    also: Clauses = ()
    steps: tuple[AskedStep, ...] = ()
    rows: tuple[Row, ...] = ()


def _torn_rows(mirror: Mirror, steps: Sequence[AskedStep]) -> tuple[tuple[Row, ...], bool]:
    """The rows that pages show twice, with True, or else those that none of them shows."""
    met = Counter(key for step in steps for key in step.exchange.keys)
    twice = {row.key: row for step in steps for row in step.exchange.listed if met[row.key] > 1}
    lost = tuple(row for row in mirror.rows if not met[row.key])
    return (tuple(twice.values()), True) if twice else (lost, False)


def _with_torn_walk(context: CheckContext, mirror: Mirror, told: _TornPages) -> _TornPages:
    """What is wrong with the pages, as a few of them show it that follow one another."""
    steps = _torn_walk(context, mirror)
    rows, twice = _torn_rows(mirror, steps)
    seen = f"; of one walk {rows_in_words(len(rows))} {'twice' if twice else 'on no page'}" if rows else ""
    if isinstance(context.listing.paging, CursorPaging):
        check = walk_check(context, mirror.rows, pages=len(mirror.rows) + 2, walks_on="cursor") if steps else None
        return replace(told, actual=told.actual + seen, steps=steps, check=check, rows=rows)
    ends = bool(steps) and (not steps[-1].exchange.rows or len(steps) < _TORN_PAGES)
    if not rows or not (ends or twice):
        return told
    check = walk_check(context, mirror.rows if ends else ())
    return replace(told, actual=told.actual + seen, steps=steps, check=check, rows=rows)


def _torn_walk(context: CheckContext, mirror: Mirror) -> tuple[AskedStep, ...]:
    """A few pages that share out the list, as they go wrong."""
    _, most = largest_page_size(context)
    size = max(2, min(most or 100, -(-len(mirror.rows) // (_TORN_PAGES - 2))))
    pages: list[Exchange] = []
    more: Mapping[str, Tree] | None = {}
    for number in range(_TORN_PAGES):
        if more is None:
            break
        ask = mirror.request({**page_size_values(context, size), **more})
        pages.append(context.send(ask, f"a walk over torn pages, page {number + 1}"))
        if not pages[-1].rows:
            break
        more = next_page_values(context.listing.paging, number, (number + 1) * size, pages[-1], context)
    return steps_of(*pages)


def _pages_side_by_side(
    context: CheckContext, mirror: Mirror, paging: PageNumberPaging | OffsetPaging
) -> _TornPages | None:
    """What two pages, both in one and the plain one show; None where one of them cannot be had."""
    partition = partition_clauses(paging) or slice_clauses(paging)
    (place,) = paging.place_parameters
    first = first_page_number(context, paging) if isinstance(paging, PageNumberPaging) else paging.first
    second = first + (1 if isinstance(paging, PageNumberPaging) else 3)
    answers: dict[str, Exchange] = {}
    for name, size, values in (
        ("one", 3, {place: first}),
        ("two", 3, {place: second}),
        ("both", 6, {place: first}),
        ("plain", 3, {}),
    ):
        sized = {**page_size_values(context, size), **context.encode_all(values)}
        ask = mirror.request(sized)
        answers[name] = context.send(ask, f"pages side by side: {name}")
        if context.note_unusable(answers[name], partition) or answers[name].rows is None:
            return None
    one, two, both, plain = (answers[name].keys for name in ("one", "two", "both", "plain"))
    start = start_clauses(paging) or partition
    if len(one) > 3:
        actual, longest = f"{rows_in_words(len(one))} on a page of 3", AnswerCheck(kind="at-most", high=3)
        return _TornPages(size_clauses(paging) or partition, actual, answers["one"], longest)
    apart = apart_check(context, answers["one"])
    if one == two:
        after = {**page_size_values(context, 3), **context.encode_all({place: 2 * second - first})}
        third = context.send(mirror.request(after), "pages side by side: three")
        if third.rows and third.keys == both[3:6] and isinstance(paging, PageNumberPaging):
            return _TornPages(start, "a first page that comes again as the second", answers["two"], apart)
        return _TornPages(slice_clauses(paging) or partition, "the same page twice", answers["two"], apart)
    if plain != one:
        check = same_check(context, answers["one"], answers["plain"])
        return _TornPages(start, "another page when no page is named", answers["plain"], check)
    # Of a page on which a row stands twice fewer are left.
    if both[: len(one) if context.drop_repeated_rows else 3] != one:
        beginning = steps_of(answers["both"], answers["one"])
        within = AnswerCheck(kind="within")
        return _TornPages(start, "a first page that does not begin the list", answers["one"], within, steps=beginning)
    steps = steps_of(answers["one"], answers["two"], answers["both"])
    if len(both) == 6 and not set(one) & set(two) and two != both[3:]:
        actual, covers = "the three rows after the first three are others than on a page of six", _COVERS
        told = slice_clauses(paging) or partition
        return _TornPages(told, actual, answers["two"], covers, also=partition_clauses(paging), steps=steps)
    check = _COVERS if not {*one, *two} <= set(both) else apart if set(one) & set(two) else None
    steps = steps[:2] if check is apart else steps
    return _TornPages(partition, mirror.tear_reason, answers["two"], check, steps=steps)


def _check_neighbour_pages(
    context: CheckContext,
    mirror: Mirror,
    pages: tuple[dict[str, Tree], dict[str, Tree]],
    slice_clauses: Clauses,
    partition: Clauses,
    *,
    most: int | None = 3,
) -> None:
    """Two pages side by side, of so many rows at most: other rows, and none twice."""
    order = context.listing.order
    asked = context.asked.include(slice_clauses, partition, order.clause if order is not None else ())
    if len(mirror.rows) < 4 or mirror.volatile or not asked:
        return
    first, second = (
        context.send(mirror.request(values), f"page {index} of two neighbours") for index, values in enumerate(pages)
    )
    if context.note_unusable(first, ()) or context.note_unusable(second, ()) or not first.rows or not second.rows:
        return
    if most is not None and len(first.rows) > most:
        # A page that is too long is told as that.
        return
    shared = [row for row in second.rows if row.key in set(first.keys)]
    if not shared and (crossed := _order_violation(context, first, second)):
        _report_order_violation(context, mirror, first, second, crossed)
        return
    if not shared:
        context.results.record_pass(slice_clauses)
        return
    whole = len(shared) == len(second.rows)
    clauses = slice_clauses if whole else partition or slice_clauses
    actual = "the same page twice" if whole else f"{rows_in_words(len(shared))} on both pages"
    check = apart_check(context, first)
    report_walk_breach(context, mirror, clauses, second, "no row on both pages", actual, check=check)


def _order_violation(context: CheckContext, first: Exchange, second: Exchange) -> FieldPath | None:
    """The field by which the second of two pages breaks the order of the first, each being in order itself."""
    sort = context.expected_answers(second.list_request)[0][1].sort
    if sort is None or sort[0].hidden:
        return None
    path, descends = sort
    pages = [
        [sort_key(row.values(path)[0], "code-point") for row in page.listed if row.values(path)]
        for page in (first, second)
    ]
    if not all(pages) or any(keys != sorted(keys, reverse=descends) for keys in pages):
        return None
    wrong = pages[0][-1] < pages[1][0] if descends else pages[0][-1] > pages[1][0]
    return path if wrong else None


def _report_order_violation(
    context: CheckContext, mirror: Mirror, first: Exchange, second: Exchange, path: FieldPath
) -> None:
    """Pages that are sorted each by itself, but not one after the other: confirmed, and told of the order."""
    order = context.listing.order
    again = [context.send(one.list_request, f"again: {one.purpose}") for one in (first, second)]
    same = [one.keys for one in again] == [first.keys, second.keys]
    if order is None or not _order_violation(context, again[0], again[1]) or not same:
        return
    context.fail(
        order.clause,
        "the order goes on from page to page",
        expected=f"rows in the order of {path} across both pages",
        actual="each page in order, the second one not after the first",
        exchange=again[1],
        rows=(again[0].listed[-1], again[1].listed[0]),
        fields=[str(path)],
        check=_order_across(context, mirror, again),
        steps=steps_of(*again),
    )


def _order_across(context: CheckContext, mirror: Mirror, pages: Sequence[Exchange]) -> AnswerCheck | None:
    """The check that the rows of pages come in the order that is due, as far as it is known."""
    due = due_rows(context, mirror, {})
    if due is None:
        return None
    return walk_check(context, due.rows, sort_values=due.sort_values, whole=False)


def _check_numbered_pages(context: CheckContext, mirror: Mirror, paging: PageNumberPaging) -> None:
    count, clauses = len(mirror.rows), paging.clauses
    first, slice_, whole = clauses.first, clauses.slice, clauses.partition or clauses.slice
    number = first_page_number(context, paging)
    if paging.size is None:
        _check_fixed_pages(context, mirror, paging, number)
        return

    def at(page: int, size: int) -> dict[str, Tree]:
        return {
            paging.page: context.encode(paging.page, page + number),
            **page_size_values(context, size),
        }

    def ask(page: int, size: int, purpose: str, told: Clauses, /, **blame: Clauses) -> None:
        check_page(context, mirror, at(page, size), purpose, told, **blame)

    _check_neighbour_pages(context, mirror, (at(0, 3), at(1, 3)), slice_, clauses.partition)
    for size in page_sizes_for(count):
        alone = page_size_values(context, size)
        check_page(context, mirror, alone, f"pages of {size}", clauses.size, slice=first)
        ask(0, size, f"the first page of {size}", first or slice_, slice=first)
        if count > size:
            ask(1, size, f"the second page of {size}", slice_)
    for size in large_page_sizes(context, paging.size, count):
        for page in (0, 1):
            ask(page, size, f"page {page} of {size}", whole, size=clauses.size, slice=slice_)
    _check_far_larger_page(context, mirror, paging.size, whole)
    check_page(context, mirror, {}, "no page and no size", first)
    cap = context.dialect.known_answers(paging.cap)
    # Pages of more than the largest legal size are cut shorter, and leave rows out between them.
    bounds = (*cap, context.listing.parameters[paging.size].most, server_page_limit(context))
    most = min([100, *(bound for bound in bounds if isinstance(bound, int))])
    size = max(1, min(most, max(2, count // 4)))
    last = (count - 1) // size
    for page in dict.fromkeys((2, last // 2, last)):
        if 0 <= page <= last:
            ask(page, size, f"page {page} of {size}", slice_)
    for beyond in (last + 1, last + 1000):
        ask(beyond, size, "a page beyond the end", _clauses_of_end(paging))
    step = max(1, min(most, -(-count // 5)))
    _check_page_walk(context, mirror, whole, [at(page, step) for page in range(-(-count // step))], step)
    check_page_borders(context, mirror, plain_border_probes(context))


def _clauses_of_end(paging: PageNumberPaging) -> Clauses:
    """The clauses on a page beyond the last one."""
    past = paging.past_the_end
    return (past.clause if isinstance(past, OpenChoice) else paging.clauses.past_the_end) or paging.clauses.slice


def _check_fixed_pages(context: CheckContext, mirror: Mirror, paging: PageNumberPaging, number: int) -> None:
    """Judges pages whose size nobody can choose: the first, some others, the last, and one beyond it."""
    clauses = paging.clauses
    begin = {paging.page: context.encode(paging.page, number)}
    second = {paging.page: context.encode(paging.page, number + 1)}
    _check_neighbour_pages(context, mirror, (begin, second), clauses.slice, clauses.partition, most=None)
    _check_page_of_none(context, mirror, begin, clauses.first)
    check_page(context, mirror, {}, "no page", clauses.first, size=clauses.size)
    meaning = context.expected_answers(mirror.request({}))[0][1]
    size = meaning.size
    if not size:
        reason = "it takes more rows than the target shows to see how many a page has"
        context.results.record_not_exercised(clauses.size, reason)
        return
    last = max(0, (len(mirror.rows) - 1) // size)
    pages = [{paging.page: context.encode(paging.page, page + number)} for page in range(last + 2)]
    for page in dict.fromkeys((0, 1, last // 2, last, last + 1)):
        told = clauses.first if page == 0 else _clauses_of_end(paging) if page > last else clauses.slice
        check_page(context, mirror, pages[page], f"page {page}", told, size=clauses.size)
    _check_page_walk(context, mirror, clauses.partition or clauses.slice, pages[: last + 1], size)


def _check_page_of_none(context: CheckContext, mirror: Mirror, begin: Mapping[str, Tree], clauses: Clauses) -> None:
    """Where no page is named the first one comes."""
    if not context.asked.include(clauses):
        return
    plain, named = (
        context.send(mirror.request(values), purpose)
        for values, purpose in (({}, "no page"), (begin, "the first page by its number"))
    )
    if mirror.volatile or any(context.note_unusable(one, clauses) for one in (plain, named)):
        return
    if plain.keys == named.keys:
        context.results.record_pass(clauses)
    else:
        expected, actual = "the rows of the first page", "other rows"
        message = "the first page comes where none is named"
        check, steps = same_check(context, named, plain), steps_of(named, plain)
        report_walk_breach(
            context, mirror, clauses, plain, expected, actual, message=message, check=check, steps=steps
        )


def _check_far_larger_page(context: CheckContext, mirror: Mirror, name: str, clauses: Clauses) -> None:
    """A page far larger than the list: it may be refused or cut, but a success holds rows."""
    if context.listing.parameters[name].most is not None or not mirror.rows or not context.asked.include(clauses):
        return
    ask = mirror.request({name: context.encode(name, FAR_LARGER_SIZE)})
    exchange = None
    for purpose in (f"a page of {FAR_LARGER_SIZE}", f"again: a page of {FAR_LARGER_SIZE}"):
        exchange = context.send(ask, purpose)
        if context.note_unusable(exchange, clauses):
            return
        if exchange.outcome != "success" or exchange.rows is None or exchange.rows:
            return
    message, expected = "a large page holds rows", "rows, as on smaller pages"
    some = AnswerCheck(kind="some")
    context.fail(clauses, message, expected=expected, actual="no rows", exchange=exchange, check=some)


def _check_offsets(context: CheckContext, mirror: Mirror, paging: OffsetPaging) -> None:
    count, clauses = len(mirror.rows), paging.clauses
    start = clauses.offset_default or clauses.slice

    def at(skip: int | None, size: int | None) -> dict[str, Tree]:
        values = {paging.offset: None if skip is None else skip + paging.first, paging.size: size}
        return context.encode_all({name: value for name, value in values.items() if value is not None})

    def ask(skip: int | None, size: int | None, purpose: str, told: Clauses, /, **blame: Clauses) -> None:
        check_page(context, mirror, at(skip, size), purpose, told, **blame)

    default = clauses.size_default
    ask(None, None, "no offset and no count", default or clauses.size, size=default, slice=start)
    ask(0, None, f"offset {paging.first}", start)
    for turn, size in enumerate(page_sizes_for(count)):
        ask(None, size, f"{size} rows", clauses.size)
        # From the second page on; past one row and up to the last one with one size each.
        for skip in dict.fromkeys((size, *((1, count - 1) if turn == 2 else ()))):
            if 0 < skip < count:
                ask(skip, size, f"{size} rows after {skip}", clauses.slice)
    _check_neighbour_pages(context, mirror, (at(0, 3), at(3, 3)), clauses.slice, clauses.partition)
    for size in large_page_sizes(context, paging.size, count):
        ask(None, size, f"{size} rows", clauses.size)
    for skip in dict.fromkeys((count // 2, min(count - 1, 201))):
        if skip > 0:
            ask(skip, 50, f"50 rows after {skip}", clauses.slice)
    most = context.listing.parameters[paging.size].most
    if most is not None:
        ask(None, most, f"{most} rows", clauses.size_max or clauses.size)
    if paging.all is not None:
        told = clauses.all or clauses.size
        ask(None, paging.all, "the number that means all rows", told, rows=told, short=told, slice=told, size=told)
    ask(count, 5, "rows beyond the end", clauses.slice)
    # A step beyond the largest legal size would leave out rows between two pages that are cut shorter.
    step = max(1, min(server_page_limit(context) or 100, most or 100, -(-count // 5)))
    steps = [at(skip, step) for skip in range(0, count, step)]
    _check_page_walk(context, mirror, clauses.partition or clauses.slice, steps, step)
    check_page_borders(context, mirror, plain_border_probes(context))


def _check_page_walk(
    context: CheckContext, mirror: Mirror, clauses: Clauses, steps: list[dict[str, Tree]], size: int
) -> None:
    """The pages of `size` rows one after the other: each row once, and all of them."""
    if not context.asked.include(clauses):
        return
    if _is_walk_of_mirror(context, mirror, size):
        context.results.record_pass(clauses)
        return
    seen: dict[Hashable, int] = {}
    pages: list[Exchange] = []
    for index, step in enumerate(steps[:PAGES_OF_A_WALK]):
        exchange = context.send(mirror.request(step), f"walk, page {index + 1}")
        if context.note_unusable(exchange, clauses) or exchange.rows is None:
            return
        for key in exchange.keys:
            if key in seen and not mirror.volatile:
                actual = f"a row on page {seen[key] + 1} and on page {index + 1}"
                expected = f"each row on one page of {size}"
                report_walk_breach(
                    context,
                    mirror,
                    clauses,
                    exchange,
                    expected,
                    actual,
                    rows=[row for row in exchange.listed if row.key in seen],
                    check=walk_check(context, ()),
                    steps=steps_of(pages[seen[key]], exchange),
                )
                return
            seen[key] = index
        pages.append(exchange)
    if mirror.volatile:
        context.results.record_inconclusive(clauses, "data-changed: the list moved during the walk")
    elif mirror.complete and len(steps) <= PAGES_OF_A_WALK:
        if len(seen) != len(mirror.rows):
            _report_wrong_sum(context, mirror, clauses, pages, size)
        else:
            context.results.record_pass(clauses)


def _is_walk_of_mirror(context: CheckContext, mirror: Mirror, size: int) -> bool:
    """Whether these are the very pages by which the whole list was read, twice and without a tear."""
    snapshot = mirror.after
    by_these = snapshot is not None and not snapshot.repeated_pages and size == largest_page_size(context)[1]
    return by_these and mirror.complete and not mirror.volatile


def _report_wrong_sum(
    context: CheckContext, mirror: Mirror, clauses: Clauses, pages: Sequence[Exchange], size: int
) -> None:
    """Pages that hold more or fewer rows than the list, told of the first page with another number than is due."""
    count = len(mirror.rows)
    due = [max(0, min(size, count - size * index)) for index in range(len(pages))]
    came = [len(page.keys) for page in pages]
    wrong = next((index for index, rows in enumerate(due) if rows != came[index]), len(pages) - 1)
    seen = {key for page in pages for key in page.keys}
    report_walk_breach(
        context,
        mirror,
        clauses,
        pages[wrong],
        f"{count} rows over all pages of {size}: {', '.join(map(str, due))}",
        f"{len(seen)} rows: {', '.join(map(str, came))}; page {wrong + 1} of {len(pages)} is wrong",
        difference="other rows on all pages than in the list",
        rows=[row for row in mirror.rows if row.key not in seen],
        check=AnswerCheck(kind="rows", low=due[wrong], high=due[wrong])
        if due[wrong] != came[wrong]
        else walk_check(context, mirror.rows),
        steps=steps_of(*(page for index, page in enumerate(pages) if index != wrong), pages[wrong]),
    )


def _check_limits(context: CheckContext, mirror: Mirror, paging: LimitPaging) -> None:
    count = len(mirror.rows)
    size_clauses = paging.clauses.size
    default = paging.clauses.size_default or size_clauses
    prefix = paging.clauses.prefix or size_clauses
    large = large_page_sizes(context, paging.size, count)
    for size in dict.fromkeys((*page_sizes_for(count), *large, max(1, count - 1), count, count + 5)):
        values = {paging.size: context.encode(paging.size, size)}
        check_page(context, mirror, values, f"at most {size} rows", prefix, slice=prefix, size=size_clauses)
    if paging.all is not None:
        values = {paging.size: context.encode(paging.size, paging.all)}
        check_page(context, mirror, values, "all rows by the word for all", default)
    check_page(context, mirror, {}, "no limit", default, rows=default, short=default, slice=default)
    chosen = selective_filter(context, mirror)
    if chosen:
        values = {**chosen, **context.encode_all({paging.size: 2})}
        purpose = "two rows with a filter"
        check_page(context, mirror, values, purpose, prefix, size=size_clauses, slice=prefix)
