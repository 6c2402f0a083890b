"""Faults in paging: page sizes, page numbers, offsets and cursors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.serve.faults.base import (
    Fault,
    combine_changes,
    make_fault,
    on_page,
    on_parameters,
    on_query,
    with_changed_listing,
    with_entry,
    with_part,
)
from harness.serve.faults.hooks import AnswerContent, PageContext
from harness.serve.query.parameters import ParsedParameters
from harness.serve.query.table import CursorSlice, OffsetSlice, Query
from harness.specification.model import (
    Clauses,
    CursorPaging,
    LimitPaging,
    Listing,
    NoPaging,
    OffsetPaging,
    PageNumberPaging,
    assumed_of,
    options_of,
)

# --- paging -------------------------------------------------------------------------------------------------


def _change_page_slice(query: Query, *, more: int = 0, skip: int = 0) -> Query:
    """The query with a page of more or fewer rows, its start moved on every page but the first."""
    cut = query.page_slice
    if isinstance(cut, CursorSlice):
        shift = skip if cut.position is not None and not cut.backward else 0
        return query._replace(page_slice=cut._replace(take=cut.take + more, shift=shift))
    start = max(0, cut.skip + skip) if cut.skip else 0
    return query._replace(page_slice=OffsetSlice(skip=start, take=None if cut.take is None else cut.take + more))


def _identity_page_faults(listing: Listing, page: str, clauses: Clauses) -> Iterator[Fault]:
    """Look-ups by identity are often a query of their own, which forgets the page."""
    identity = listing.lists.identity
    equal = ((name, rule) for name, rule in listing.filters.items() if rule.keeps == "equal")
    name = next((name for name, rule in equal if [str(path) for path in rule.compares] == [identity]), None)
    if name is not None:
        yield from make_fault(
            clauses,
            f"{page}-lost-beside-{name}",
            f"{page} has no effect beside {name}",
            on_parameters(lambda given: given.without((page,)) if given.has(name) else given),
        )


def paging_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of paging: pages of the wrong size, at the wrong place, or overlapping."""
    paging = listing.paging
    match paging:
        case NoPaging():
            return
        case PageNumberPaging():
            first = assumed_of(paging.first)
            yield from _size_faults(paging.clauses.size, paging.size)
            if paging.size is None:
                yield from _default_size_faults(listing, paging.clauses.size, None)
            yield from _partition_faults(paging.clauses.partition)
            yield from make_fault(
                paging.clauses.first,
                "second-page-by-default",
                f"without {paging.page} the second page is shown",
                with_changed_listing(with_entry("parameters", paging.page, default=first + 1)),
            )
            yield from make_fault(
                paging.clauses.slice,
                f"{paging.page}-ignored",
                "every page is the first one",
                on_parameters(lambda given: given.without((paging.page,))),
            )
            yield from _identity_page_faults(listing, paging.page, paging.clauses.slice)
            # Where the first number is open another one may be right.
            yield from make_fault(
                paging.clauses.first if paging.first == first else (),
                "counts-from-the-next",
                f"the first page is number {first + 1}",
                with_changed_listing(
                    combine_changes(
                        with_part("paging", first=first + 1),
                        with_entry("parameters", paging.page, default=first + 2),
                    )
                ),
            )
        case OffsetPaging():
            if paging.all is not None:
                yield from make_fault(
                    paging.clauses.all,
                    "all-is-a-number",
                    f"{paging.size}={paging.all} means so many rows, and not all",
                    with_changed_listing(with_part("paging", all=None)),
                )
            yield from _size_faults(paging.clauses.size, paging.size)
            yield from _default_size_faults(listing, paging.clauses.size_default, paging.size)
            yield from _partition_faults(paging.clauses.partition)
            yield from make_fault(
                paging.clauses.slice,
                f"{paging.offset}-ignored",
                f"{paging.offset} has no effect",
                on_parameters(lambda given: given.without((paging.offset,))),
            )
            yield from _identity_page_faults(listing, paging.offset, paging.clauses.slice)
            yield from make_fault(
                paging.clauses.slice,
                f"{paging.offset}-counts-pages",
                f"{paging.offset} counts pages and not rows",
                on_query(_count_offset_in_pages),
            )
            yield from make_fault(
                paging.clauses.offset_default,
                f"{paging.offset}-default",
                f"without {paging.offset} the first row is left out",
                with_changed_listing(with_entry("parameters", paging.offset, default=paging.first + 1)),
            )
            if paging.first:
                yield from make_fault(
                    paging.clauses.offset_default or paging.clauses.slice,
                    f"{paging.offset}-counts-from-0",
                    f"{paging.offset} leaves out so many rows as it says",
                    with_changed_listing(
                        combine_changes(
                            with_part("paging", first=0), with_entry("parameters", paging.offset, default=0)
                        )
                    ),
                )
        case CursorPaging():
            yield from _size_faults(paging.clauses.size, paging.size)
            yield from _default_size_faults(listing, paging.clauses.size_default, paging.size)
            yield from _partition_faults(paging.clauses.partition)
            yield from _cursor_faults(paging)
        case LimitPaging():
            yield from _size_faults(paging.clauses.size, paging.size)
            yield from make_fault(
                paging.clauses.size_default,
                f"{paging.size}-default",
                f"without {paging.size} five rows are shown",
                with_changed_listing(with_entry("parameters", paging.size, default=5)),
            )
            yield from make_fault(
                paging.clauses.prefix,
                "last-rows",
                f"{paging.size} keeps the last rows and not the first",
                on_page(_keep_last_rows),
            )


def size_word_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of words that stand for a number of rows: a word that means another number."""
    name = listing.paging.size_parameter
    parameter = listing.parameters.get(name or "")
    if name is None or parameter is None or not parameter.number_words:
        return
    word = next(iter(parameter.number_words))
    yield from make_fault(
        parameter.number_words_clause,
        f"{name}-{word}-means-one",
        f"{name}={word} gives one row",
        with_changed_listing(with_entry("parameters", name, number_words={**parameter.number_words, word: 1})),
    )


def _size_faults(clauses: Clauses, size: str | None) -> Iterator[Fault]:
    if size is not None:
        yield from make_fault(
            clauses,
            f"{size}-ignored",
            f"{size} has no effect",
            on_parameters(lambda given: _without_size(given, size)),
        )
    yield from make_fault(
        clauses,
        "one-row-more",
        "a page holds one row more than asked for",
        on_query(lambda query: _change_page_slice(query, more=1)),
    )


def _without_size(given: ParsedParameters, size: str) -> ParsedParameters:
    """What was asked for but for the size of a page; one that must be given is the largest."""
    parameter = given.listing.parameters[size]
    if parameter.required is None or parameter.default is not None or not given.has(size):
        return given.without((size,))
    return given._replace(values={**given.values, size: parameter.most or 1000})


def _default_size_faults(listing: Listing, clauses: Clauses, size: str | None) -> Iterator[Fault]:
    fixed = getattr(listing.paging, "default_size", None)
    if size is None and isinstance(fixed, int) and fixed > 1:
        yield from make_fault(
            clauses,
            "half-the-size",
            f"a page holds {fixed // 2} rows",
            with_changed_listing(with_part("paging", default_size=fixed // 2)),
        )
    if size is None:
        return
    default = listing.parameters[size].default
    if isinstance(default, int) and default > 1:
        yield from make_fault(
            clauses,
            "half-the-default",
            f"without {size} a page holds {default // 2} rows",
            with_changed_listing(with_entry("parameters", size, default=default // 2)),
        )


def _partition_faults(clauses: Clauses) -> Iterator[Fault]:
    yield from make_fault(
        clauses,
        "pages-overlap",
        "a page begins with the last row of the page before",
        on_query(lambda query: _change_page_slice(query, skip=-1)),
    )
    yield from make_fault(
        clauses,
        "pages-leave-gaps",
        "a row between two pages is on neither",
        on_query(lambda query: _change_page_slice(query, skip=1)),
    )


def _count_offset_in_pages(query: Query) -> Query:
    cut = query.page_slice
    if isinstance(cut, OffsetSlice) and cut.take is not None:
        return query._replace(page_slice=cut._replace(skip=cut.skip * cut.take))
    return query


def _keep_last_rows(page: AnswerContent, context: PageContext) -> AnswerContent:
    if page.count is not None or len(page.rows) >= context.query_result.total:
        return page
    return replace(
        page, rows=tuple(context.query_result.matching_rows[-len(page.rows) :].tolist()) if page.rows else ()
    )


def _is_last_page(page: AnswerContent, context: PageContext) -> bool:
    return bool(page.rows) and page.rows[-1] == context.query_result.matching_rows[-1]


def _cursor_faults(paging: CursorPaging) -> Iterator[Fault]:
    clauses = paging.clauses
    yield from make_fault(
        clauses.slice,
        f"{paging.after}-ignored",
        f"{paging.after} has no effect: every page is the first",
        on_parameters(lambda given: given.without((paging.after,))),
    )
    yield from make_fault(
        clauses.partition,
        "ends-early",
        "the first page already tells that there is no other",
        on_page(lambda page, context: replace(page, next="")),
    )
    yield from make_fault(
        clauses.prev,
        "prev-leads-on",
        "the cursor of the page before leads to the page after",
        on_page(lambda page, context: replace(page, prev=page.next)),
    )
    yield from make_fault(
        clauses.prev,
        "prev-empty",
        "there is no cursor of the page before",
        on_page(lambda page, context: replace(page, prev="")),
    )
    yield from make_fault(
        clauses.prev,
        "prev-empty-on-the-last-page",
        "the last page has no cursor of the page before",
        on_page(lambda page, context: replace(page, prev="") if _is_last_page(page, context) else page),
    )
    yield from make_fault(
        clauses.start,
        "start-word-refused",
        f"the word for the first page is refused in {paging.after}",
        with_changed_listing(with_part("paging", start_words=())),
    )
    if paging.both_gets == "refused":
        yield from make_fault(
            clauses.both,
            "both-accepted",
            f"{paging.after} and {paging.before} are taken together",
            with_changed_listing(with_part("paging", both_gets="ignored")),
        )
    if paging.garbage_gets == "refused":
        yield from make_fault(
            clauses.garbage,
            "garbage-accepted",
            "a cursor that was never given has no effect",
            with_changed_listing(with_part("paging", garbage_gets="ignored")),
        )
    if paging.other_sort_gets == "refused":
        yield from make_fault(
            clauses.other_sort,
            "other-sort-accepted",
            "a cursor of another order has no effect",
            with_changed_listing(with_part("paging", other_sort_gets="ignored")),
        )
    other = next((form for form in ("none", "empty", "missing") if form not in options_of(paging.absent)), "empty")
    yield from make_fault(
        clauses.absent,
        "no-page-otherwise",
        "that there is no such page is written in another way",
        with_changed_listing(with_part("paging", absent=other)),
    )
    yield from make_fault(
        clauses.empty,
        "cursors-on-an-empty-page",
        "a page without rows has cursors",
        on_page(lambda page, context: page if page.rows else replace(page, next="bm93aGVyZQ", prev="bm93aGVyZQ")),
    )


# --- numbers around the rows --------------------------------------------------------------------------------


# --- parts of rows and of answers ---------------------------------------------------------------------------
