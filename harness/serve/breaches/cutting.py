"""Breaches of order, paging, totals, counts, includes, echoes and time zones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

from harness.serve.breaches.bending import (
    Fault,
    bent,
    both,
    breach,
    changed,
    on_given,
    on_page,
    on_query,
    removed,
    with_entry,
    with_part,
)
from harness.serve.breaches.selecting import flipped
from harness.serve.planning import Plan
from harness.serve.querying import Query, Slice, Walk
from harness.serve.reading import Given
from harness.serve.seams import Page, Scene, Seams, Told
from harness.spec.model import (
    Clauses,
    CursorPaging,
    LimitPaging,
    Listing,
    NoPaging,
    OffsetPaging,
    Open,
    Order,
    PageNumberPaging,
)
from harness.wire.json_body import MISSING
from harness.wire.json_body import at as part_at
from harness.wire.problems import Tree
from harness.wire.requests import Refused


def of_order(listing: Listing) -> Iterator[Fault]:
    """The wrong key, the wrong direction, a sort that has no effect."""
    order = listing.order
    if order is None:
        return
    other = _another_field(listing, order)
    if other is not None:
        yield from breach(
            order.clause,
            f"sorted-by-{other}",
            f"calls come in the order of {other}",
            on_query(lambda query: replace(query, sorting=replace(query.sorting, path=other))),
        )
    if not isinstance(order.direction, Open):
        yield from breach(
            order.clause,
            "reversed",
            "calls come in the opposite order",
            Seams(plan=lambda plan, given: _turned(plan, given, order)),
        )
    if order.descending is not None:
        flag = order.descending
        yield from breach(
            order.descending_clause,
            f"{flag}-ignored",
            f"{flag} has no effect",
            on_given(lambda given: given.without((flag,))),
        )
        yield from breach(
            order.descending_default_clause,
            f"{flag}-default",
            f"without {flag} the order descends",
            flipped(listing, flag),
        )
    yield from _of_sort(listing, order)


def _turned(plan: Plan | Refused, given: Given, order: Order) -> Plan | Refused:
    """The opposite order, where none is asked for."""
    named = (order.sort.parameter if order.sort else None, order.descending)
    if isinstance(plan, Refused) or any(given.has(name) for name in named):
        return plan
    sorting = plan.query.sorting
    return replace(plan, query=replace(plan.query, sorting=replace(sorting, descending=not sorting.descending)))


def _another_field(listing: Listing, order: Order) -> str | None:
    """A text that orders rows otherwise."""
    by = order.by.assumed if isinstance(order.by, Open) else order.by
    texts = [name for name, field in listing.fields.items() if field.as_ == "text" and field.shows is not None]
    return next((name for name in texts if name not in (by, listing.lists.identity)), None)


def _of_sort(listing: Listing, order: Order) -> Iterator[Fault]:
    sort = order.sort
    if sort is None:
        return
    yield from breach(
        sort.clauses.get("words", ()),
        f"{sort.parameter}-ignored",
        f"{sort.parameter} has no effect",
        on_given(lambda given: given.without((sort.parameter,))),
    )
    by = order.by.assumed if isinstance(order.by, Open) else order.by
    for word, path in list(sort.words.items())[:3]:
        # The record of a call is made when the call begins: nobody could see the one taken for the other.
        instants = {listing.fields[name].shows for name in (path, by) if name in listing.fields}
        if path != by and instants != {"created_at", "started_at"}:
            yield from breach(
                sort.clauses.get("words", ()),
                f"{sort.parameter}-{word}-ignored",
                f"{sort.parameter}={word} orders by {by}",
                bent(with_part("order", sort=replace(sort, words={**sort.words, word: by}))),
            )
    if sort.signed:
        yield from breach(
            sort.clauses.get("words", ()),
            f"{sort.parameter}-sign-ignored",
            f"a minus in {sort.parameter} has no effect",
            on_given(lambda given: _unsigned(given, sort.parameter)),
        )
    if sort.undocumented:
        yield from breach(
            sort.clauses.get("undocumented", ()),
            f"{sort.undocumented[0]}-refused",
            f"{sort.parameter}={sort.undocumented[0]} is refused",
            Seams(plan=lambda plan, given: _refuse_word(plan, given, sort.parameter, sort.undocumented, order)),
        )
    if sort.unknown == "refused":
        open_minded = replace(sort, unknown="default", refused=())
        for kind in ("unknown", "refused"):
            yield from breach(
                sort.clauses.get(kind, ()) if kind == "unknown" or sort.refused else (),
                f"{sort.parameter}-{kind}-ignored",
                f"{'an unknown' if kind == 'unknown' else 'a forbidden'} word of {sort.parameter} has no effect",
                bent(with_part("order", sort=open_minded if kind == "unknown" else _forgiving(order))),
            )


def _forgiving(order: Order) -> object:
    """The sort parameter under which only forbidden words are passed over."""
    sort = order.sort
    assert sort is not None
    by = order.by.assumed if isinstance(order.by, Open) else order.by
    return replace(sort, refused=(), words={**sort.words, **dict.fromkeys(sort.refused, by)})


def _unsigned(given: Given, name: str) -> Given:
    value = given.values.get(name)
    if isinstance(value, str) and value.startswith("-"):
        return replace(given, values={**given.values, name: value[1:]})
    return given


def _refuse_word(
    plan: Plan | Refused, given: Given, parameter: str, words: tuple[str, ...], order: Order
) -> Plan | Refused:
    if given.values.get(parameter) in words and order.sort is not None:
        return Refused(fault=order.sort.unknown_fault, parameter=parameter)
    return plan


# --- paging -------------------------------------------------------------------------------------------------


def _on_cut(query: Query, *, more: int = 0, skip: int = 0) -> Query:
    """The query with so many rows more, and a beginning moved by so many rows on every page but the first."""
    cut = query.cut
    if isinstance(cut, Walk):
        shift = skip if cut.place is not None and not cut.backward else 0
        return replace(query, cut=replace(cut, take=cut.take + more, shift=shift))
    start = max(0, cut.skip + skip) if cut.skip else 0
    return replace(query, cut=Slice(skip=start, take=None if cut.take is None else cut.take + more))


def of_paging(listing: Listing) -> Iterator[Fault]:
    """Pages of the wrong size, at the wrong place, or overlapping."""
    paging = listing.paging
    match paging:
        case NoPaging():
            return
        case PageNumberPaging():
            yield from _sizes(paging.clauses.get("size", ()), paging.size)
            yield from _slices(paging.clauses.get("partition", ()))
            yield from breach(
                paging.clauses.get("first", ()),
                "second-page-by-default",
                f"without {paging.page} the second page is shown",
                bent(with_entry("parameters", paging.page, default=paging.first + 1)),
            )
            yield from breach(
                paging.clauses.get("slice", ()),
                f"{paging.page}-ignored",
                "every page is the first one",
                on_given(lambda given: given.without((paging.page,))),
            )
            yield from breach(
                paging.clauses.get("first", ()),
                "counts-from-the-next",
                f"the first page is number {paging.first + 1}",
                bent(
                    both(
                        with_part("paging", first=paging.first + 1),
                        with_entry("parameters", paging.page, default=paging.first + 2),
                    )
                ),
            )
        case OffsetPaging():
            yield from _sizes(paging.clauses.get("size", ()), paging.size)
            yield from _default_size(listing, paging.clauses.get("size-default", ()), paging.size)
            yield from _slices(paging.clauses.get("partition", ()))
            yield from breach(
                paging.clauses.get("slice", ()),
                f"{paging.offset}-ignored",
                f"{paging.offset} has no effect",
                on_given(lambda given: given.without((paging.offset,))),
            )
            yield from breach(
                paging.clauses.get("slice", ()),
                f"{paging.offset}-counts-pages",
                f"{paging.offset} counts pages and not rows",
                on_query(_by_pages),
            )
            yield from breach(
                paging.clauses.get("offset-default", ()),
                f"{paging.offset}-default",
                f"without {paging.offset} the first row is left out",
                bent(with_entry("parameters", paging.offset, default=1)),
            )
        case CursorPaging():
            yield from _sizes(paging.clauses.get("size", ()), paging.size)
            yield from _default_size(listing, paging.clauses.get("size-default", ()), paging.size)
            yield from _slices(paging.clauses.get("partition", ()))
            yield from _of_cursors(paging)
        case LimitPaging():
            yield from _sizes(paging.clauses.get("size", ()), paging.size)
            yield from breach(
                paging.clauses.get("size-default", ()),
                f"{paging.size}-default",
                f"without {paging.size} five rows are shown",
                bent(with_entry("parameters", paging.size, default=5)),
            )
            yield from breach(
                paging.clauses.get("prefix", ()),
                "last-rows",
                f"{paging.size} keeps the last rows and not the first",
                on_page(_suffix),
            )


def _sizes(clauses: Clauses, size: str) -> Iterator[Fault]:
    yield from breach(
        clauses,
        f"{size}-ignored",
        f"{size} has no effect",
        on_given(lambda given: given.without((size,))),
    )
    yield from breach(
        clauses,
        "one-row-more",
        "a page holds one row more than asked for",
        on_query(lambda query: _on_cut(query, more=1)),
    )


def _default_size(listing: Listing, clauses: Clauses, size: str) -> Iterator[Fault]:
    default = listing.parameters[size].default
    if isinstance(default, int) and default > 1:
        yield from breach(
            clauses,
            "half-the-default",
            f"without {size} a page holds {default // 2} rows",
            bent(with_entry("parameters", size, default=default // 2)),
        )


def _slices(clauses: Clauses) -> Iterator[Fault]:
    yield from breach(
        clauses,
        "pages-overlap",
        "a page begins with the last row of the page before",
        on_query(lambda query: _on_cut(query, skip=-1)),
    )
    yield from breach(
        clauses,
        "pages-leave-gaps",
        "a row between two pages is on neither",
        on_query(lambda query: _on_cut(query, skip=1)),
    )


def _by_pages(query: Query) -> Query:
    cut = query.cut
    if isinstance(cut, Slice) and cut.take is not None:
        return replace(query, cut=replace(cut, skip=cut.skip * cut.take))
    return query


def _suffix(page: Page, scene: Scene) -> Page:
    if page.count is not None or len(page.rows) >= scene.found.total:
        return page
    return replace(page, rows=tuple(scene.found.matching[-len(page.rows) :].tolist()) if page.rows else ())


def _of_cursors(paging: CursorPaging) -> Iterator[Fault]:
    clauses = paging.clauses
    yield from breach(
        clauses.get("slice", ()),
        f"{paging.after}-ignored",
        f"{paging.after} has no effect: every page is the first",
        on_given(lambda given: given.without((paging.after,))),
    )
    yield from breach(
        clauses.get("partition", ()),
        "ends-early",
        "the first page already tells that there is no other",
        on_page(lambda page, scene: replace(page, next="")),
    )
    yield from breach(
        clauses.get("prev", ()),
        "prev-leads-on",
        "the cursor of the page before leads to the page after",
        on_page(lambda page, scene: replace(page, prev=page.next)),
    )
    yield from breach(
        clauses.get("prev", ()),
        "prev-empty",
        "there is no cursor of the page before",
        on_page(lambda page, scene: replace(page, prev="")),
    )
    yield from breach(
        clauses.get("start", ()),
        "start-word-refused",
        f"the word for the first page is refused in {paging.after}",
        bent(with_part("paging", start_words=())),
    )
    for kind, field, text in (
        ("both", "both_gets", f"{paging.after} and {paging.before} are taken together"),
        ("garbage", "garbage_gets", "a cursor that was never given has no effect"),
        ("other-sort", "other_sort_gets", "a cursor of another order has no effect"),
    ):
        if getattr(paging, field) == "refused":
            yield from breach(
                clauses.get(kind, ()),  # type: ignore[call-overload]
                f"{kind}-accepted",
                text,
                bent(with_part("paging", **{field: "ignored"})),
            )
    yield from breach(
        clauses.get("empty", ()),
        "cursors-on-an-empty-page",
        "a page without rows has cursors",
        on_page(lambda page, scene: page if page.rows else replace(page, next="bm93aGVyZQ", prev="bm93aGVyZQ")),
    )


# --- numbers around the rows --------------------------------------------------------------------------------


def of_totals(listing: Listing) -> Iterator[Fault]:
    """Totals, returned numbers and counts that are wrong."""
    total = listing.total
    if total is not None:
        yield from breach(
            total.clauses.get("present", ()),
            "no-total",
            "the total is missing",
            Seams(tree=lambda tree, told: removed(tree, total.at)),
        )
        yield from breach(
            total.clauses.get("independent", ()),
            "total-of-the-page",
            "the total counts the rows of the page",
            on_page(lambda page, scene: _total(page, len(page.rows))),
        )
        yield from breach(
            total.clauses.get("independent", ()),
            "total-ignores-filters",
            "the total counts all calls, whatever was asked",
            on_page(lambda page, scene: _total(page, _unfiltered(scene))),
        )
        yield from breach(
            total.clauses.get("sum", ()),
            "total-one-more",
            "the total is one too many",
            on_page(lambda page, scene: _total(page, (page.total or 0) + 1)),
        )
        yield from breach(
            total.clauses.get("bound", ()),
            "total-below-the-page",
            "the total is less than the rows of the page",
            on_page(lambda page, scene: _total(page, max(0, page.returned - 1))),
        )
        switch = total.switch
        if switch is not None:
            yield from breach(
                switch.clauses.get("off", ()),
                f"{switch.parameter}-ignored",
                f"the total is there whatever {switch.parameter} says",
                on_given(lambda given: given.without((switch.parameter,))),
            )
            yield from breach(
                switch.clauses.get("default", ()),
                f"{switch.parameter}-default",
                f"without {switch.parameter} the total is missing",
                flipped(listing, switch.parameter),
            )
    if listing.returned is not None:
        yield from breach(
            listing.returned.clause,
            "returned-one-more",
            "the number of rows told is one too many",
            on_page(lambda page, scene: replace(page, returned=page.returned + 1)),
        )
        yield from breach(
            listing.returned.clause,
            "returned-is-the-total",
            "the number of rows told is that of all matching calls",
            on_page(lambda page, scene: replace(page, returned=scene.found.total)),
        )
    yield from _of_count(listing)


def _total(page: Page, total: int) -> Page:
    """The page with another total, where it tells one."""
    return page if page.total is None else replace(page, total=total)


def _unfiltered(scene: Scene) -> int:
    return len(scene.table.matching(replace(scene.plan.query, conditions=(), nothing=False)))


def _of_count(listing: Listing) -> Iterator[Fault]:
    count = listing.count_only
    if count is None:
        return
    clauses = count.clauses
    yield from breach(
        clauses.get("on", ()),
        f"{count.parameter}-ignored",
        f"{count.parameter} has no effect",
        on_given(lambda given: given.without((count.parameter,))),
    )
    yield from breach(
        clauses.get("on", ()),
        "count-one-more",
        "the count is one too many",
        on_page(lambda page, scene: page if page.count is None else replace(page, count=page.count + 1)),
    )
    yield from breach(
        clauses.get("on", ()),
        "count-ignores-filters",
        "the count is that of all calls",
        on_page(lambda page, scene: page if page.count is None else replace(page, count=_unfiltered(scene))),
    )
    if count.counts == "rows" and listing.lists.one_row_per == "leg":
        yield from breach(
            clauses.get("on", ()),
            "counts-calls",
            "calls are counted and not rows",
            bent(with_part("count_only", counts="calls")),
        )
    for name in count.ignores:
        yield from breach(
            clauses.get("ignores", ()),
            f"{name}-limits-the-count",
            f"{name} has an effect on the count",
            bent(with_part("count_only", ignores=())),
        )
    yield from breach(
        clauses.get("default", ()),
        f"{count.parameter}-default",
        f"without {count.parameter} a number is shown",
        flipped(listing, count.parameter),
    )


# --- parts of rows and of answers ---------------------------------------------------------------------------


def of_includes(listing: Listing) -> Iterator[Fault]:
    """Parts that a switch should add or leave out."""
    for include in listing.includes:
        name = include.parameter
        for kind, word, text in (("on", "never", "never there"), ("off", "always", "always there")):
            yield from breach(
                include.clauses.get(kind, ()),  # type: ignore[call-overload]
                f"{name}-{word}",
                f"what {name} adds is {text}",
                on_given(lambda given, name=name, kind=kind: _switched(given, name, on=kind == "off")),  # type: ignore[misc]
            )
        yield from breach(
            include.clauses.get("default", ()),
            f"{name}-default",
            f"without {name} its opposite is meant",
            flipped(listing, name),
        )


def _switched(given: Given, name: str, *, on: bool) -> Given:
    return replace(given, values={**given.values, name: on})


def of_echoes(listing: Listing) -> Iterator[Fault]:
    """What was asked, told wrongly; and times in the wrong zone."""
    for echo in listing.echoes:
        place = echo.at
        yield from breach(
            echo.clause,
            f"{echo.of}-echoed-wrongly",
            f"the answer tells another {echo.of} than was asked for",
            Seams(tree=lambda tree, told, place=place: changed(tree, place, _otherwise)),  # type: ignore[misc]
        )
        yield from breach(
            echo.clause,
            f"{echo.of}-not-echoed",
            f"the answer does not tell {echo.of}",
            Seams(tree=lambda tree, told, place=place: removed(tree, place)),  # type: ignore[misc]
        )
    zone = listing.zone
    if zone is None:
        return
    if zone.echo is not None:
        pointer = zone.echo
        yield from breach(
            zone.clauses.get("echo", ()),
            "another-zone-told",
            "the answer names another time zone than the one used",
            Seams(tree=lambda tree, told: _zone_told(tree, told, pointer)),
        )
    yield from breach(
        zone.clauses.get("shift", ()),
        "times-not-shifted",
        "times are written in the server's zone, whatever was asked",
        Seams(plan=_unshifted),
    )


def _otherwise(value: Tree) -> Tree:
    if isinstance(value, int) and not isinstance(value, bool):
        return value + 1
    return f"{value}x"


def _zone_told(tree: Tree, told: Told, pointer: str) -> Tree:
    return tree if part_at(tree, pointer) is MISSING else changed(tree, pointer, lambda _: "Pacific/Auckland")


def _unshifted(plan: Plan | Refused, given: Given) -> Plan | Refused:
    return plan if isinstance(plan, Refused) else replace(plan, zone=ZoneInfo("UTC"))
