"""Rules on journeys by cursor: forth, back and forth again, under every order, beside every filter.

The sizes of the pages change on the way, and borders lie between rows of one sort value where there are some.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import Final, Literal

from harness.check.context import CheckContext, Exchange, Row
from harness.check.exchange import AskedStep, steps_of
from harness.check.probe.answer_checks import AnswerCheck, same_check, walk_check
from harness.check.probe.differences import ASPECTS, Aspect
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_values import bounds_above, is_time_filter
from harness.check.probe.mirror import Mirror, largest_page_size
from harness.check.probe.orders import orders_of
from harness.check.probe.page_probe import report_walk_breach, ways_back
from harness.check.probe.page_sizes import page_size_values
from harness.check.probe.stability import all_recent
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.paging.arrangements import (
    DEPTHS,
    SIZE_KINDS,
    Arrangement,
    Depth,
    DueRows,
    SizeKind,
    due_rows,
    narrowings,
    page_size,
    pick_border,
    shown_sort_values,
)
from harness.specification.model import Clauses, CursorPaging
from harness.wire.decoded_body import Tree

FURTHER_PAGES: Final = 3
"""Pages that are asked for at the end of a journey while rows are lacking."""

BreachKind = Literal["repeated", "displaced", "lost", "no-way-back", "back", "forth", "reuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """A journey over pages: of which arrangement, with which kind of second page, and how far it goes."""

    arrangement: Arrangement
    kind: SizeKind
    depth: Depth
    back: bool = False
    """Whether it goes back one page."""
    forth: bool = False
    """Whether it goes forth again from there, and by the first cursor once more."""
    rest: bool = False
    """Whether a third page of the largest size follows where it reaches the end of the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """What a journey met that pages by cursor do not do."""

    kind: BreachKind
    clauses: Clauses
    exchange: Exchange
    expected: str
    actual: str
    rows: tuple[Row, ...] = ()
    steps: tuple[AskedStep, ...] = ()
    check: AnswerCheck | None = None


@dataclass(slots=True, kw_only=True)
class Travel:
    """A journey on its way: the pages that came and the page sizes that were asked for."""

    context: CheckContext
    mirror: Mirror
    paging: CursorPaging
    journey: Journey
    probing: bool
    """Whether each answer is judged by itself, too."""
    pages: list[Exchange] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    failed: bool = False

    def ask(self, more: Mapping[str, Tree], size: int, purpose: str) -> Exchange | None:
        """The answer to a request for a page, or None where it holds no rows that can be judged further."""
        context, paging, arrangement = self.context, self.paging, self.journey.arrangement
        values = {**arrangement.values, **page_size_values(context, size), **more}
        ask = self.mirror.request(values)
        if self.probing:
            blame: dict[Aspect, Clauses] = {"size": paging.clauses.size}
            # The first page is a matter of what was asked for; what it keeps and a following one does not is lost on
            # the way.
            clauses = paging.clauses.slice if self.pages else arrangement.clauses
            # Whether a later page goes on in the order is a matter of the pages before it, too.
            only = ASPECTS if not self.pages else tuple(aspect for aspect in ASPECTS if aspect != "order")
            purpose += arrangement.label
            judged = check_probe(context, self.mirror, ask, purpose, clauses, blame=blame, only=only, always=True)
            self.failed = self.failed or not judged.passed
            exchange = judged.exchange
        else:
            exchange = context.send(ask, f"{purpose}{arrangement.label}")
        return exchange if exchange.rows is not None and not self.failed else None

    def is_like_one_page(self, came: Sequence[Row]) -> bool:
        """Whether one page holds the same rows: then pages share out the list, and its order is another matter.

        Servers that do not examine a sort word give their usual order, page by page (`sort_ignored`).
        """
        most = largest_page_size(self.context)[1]
        if most is None or len(came) > most:
            return False
        ask = self.mirror.request({**self.journey.arrangement.values, **page_size_values(self.context, most)})
        whole = self.context.seen_exchange(ask) or self.context.send(ask, "the same rows on one page")
        return whole.keys[: len(came)] == [row.key for row in came]


def plain_journeys(context: CheckContext) -> list[Journey]:
    """A journey under each order; one in three goes forth again."""
    return [
        Journey(arrangement=Arrangement(order=order), kind=kind, depth=depth, back=True, forth=turn % 3 == 0)
        for turn, (order, kind, depth) in enumerate(zip(orders_of(context), cycle(SIZE_KINDS), cycle(DEPTHS)))
    ]


def narrowed_journeys(context: CheckContext, mirror: Mirror) -> list[Journey]:
    """A journey beside each filter, under one order after the other, to the end where three pages reach it.

    Beside the bound of an instant to where it ends the list, which tells whether later pages still know of it
    (`date_from_forgotten_on_pages`).
    """
    # Beside filters orders and sizes meet in another turn than without.
    orders, filters = orders_of(context)[::-1], narrowings(context, mirror)
    if not filters:
        return []
    kinds = (*SIZE_KINDS[1:], SIZE_KINDS[0])
    bounded = (
        Journey(arrangement=replace(filter_, order=order), kind="most", depth="last", rest=True)
        for filter_ in filters
        if (order := _order_to_the_bound(context, mirror, filter_, orders)) is not None
    )
    return [
        *bounded,
        *(
            Journey(
                arrangement=Arrangement(
                    order=orders[turn % len(orders)],
                    narrowed=filters[turn % len(filters)].narrowed,
                    clauses=filters[turn % len(filters)].clauses,
                ),
                kind=kinds[turn % len(kinds)],
                depth=DEPTHS[turn % len(DEPTHS)],
                rest=True,
            )
            for turn in range(max(len(orders), len(filters)))
        ),
    ]


def _order_to_the_bound(
    context: CheckContext, mirror: Mirror, narrowed: Arrangement, orders: Sequence[Mapping[str, Tree]]
) -> Mapping[str, Tree] | None:
    """The order in which the list ends where a filter bounds an instant; None for other filters."""
    # What it needs stands before a filter.
    *_, name = narrowed.narrowed
    if not is_time_filter(context, name):
        return None
    rule = context.listing.filters[name]
    for order in orders:
        sort = context.expected_answers(mirror.request({**narrowed.narrowed, **order}))[0][1].sort
        if sort is not None and sort[0] in rule.compares and sort[1] is not bounds_above(rule):
            return order
    return None


def check_cursor_journeys(context: CheckContext, mirror: Mirror, journeys: Sequence[Journey]) -> None:
    """Judges journeys: together their pages are the beginning of the list, and each page is found again."""
    paging = context.listing.paging
    if not isinstance(paging, CursorPaging) or len(mirror.rows) < 4 or mirror.tear_reason:
        return
    broken: list[tuple[BreachKind, Arrangement]] = []
    for journey in journeys:
        travel = Travel(context=context, mirror=mirror, paging=paging, journey=journey, probing=True)
        with context.asked.probing(*_clauses_of_journey(paging, journey)) as is_asked:
            if not is_asked:
                continue
            breach = _travel(travel)
        if breach is None:
            if not travel.failed and len(travel.pages) > 1 and not mirror.volatile:
                context.results.record_pass(paging.clauses.partition or paging.clauses.slice)
            continue
        if any(
            kind == breach.kind and less.values.items() <= journey.arrangement.values.items() for kind, less in broken
        ):
            continue
        smallest, shown = _smallest_breach(context, mirror, paging, journey, breach)
        broken.append((shown.kind, smallest))
        if all_recent(context, shown.rows):
            context.results.record_inconclusive(shown.clauses, "data-changed: the newest rows come and go")
            continue
        report_walk_breach(
            context,
            mirror,
            shown.clauses,
            shown.exchange,
            f"{shown.expected}{smallest.label}",
            shown.actual,
            difference=f"{shown.kind} over pages{smallest.label}",
            rows=shown.rows,
            check=shown.check,
            steps=shown.steps,
        )


def _clauses_of_journey(paging: CursorPaging, journey: Journey) -> tuple[Clauses, ...]:
    """What a journey puts to the test: that pages follow, and what it goes by."""
    clauses = paging.clauses
    return clauses.partition, clauses.slice, clauses.prev if journey.back else (), journey.arrangement.clauses


def _smallest_breach(
    context: CheckContext, mirror: Mirror, paging: CursorPaging, journey: Journey, breach: Breach
) -> tuple[Arrangement, Breach]:
    """The arrangement with least in it whose journey meets the same breach, with that breach."""
    for smaller in journey.arrangement.smaller():
        less = replace(journey, arrangement=smaller)
        travel = Travel(context=context, mirror=mirror, paging=paging, journey=less, probing=False)
        again = _travel(travel)
        if again is not None and again.kind == breach.kind:
            return smaller, again
    return journey.arrangement, breach


def _travel(travel: Travel) -> Breach | None:
    """Goes the whole journey; what it met first that pages do not do, or None."""
    return _go_forth(travel) or _breach_of_way_back(travel)


def _go_forth(travel: Travel) -> Breach | None:
    """Goes to the last page of the journey, and back where it says so."""
    context, paging, journey = travel.context, travel.paging, travel.journey
    due = due_rows(context, travel.mirror, journey.arrangement.values)
    first, second = _page_sizes(context, due, journey)
    sizes = [first, second]
    most = largest_page_size(context)[1] or 100
    if journey.rest and due is not None and len(due.rows) <= first + second + most:
        # Where a page is shorter than was asked more may follow: the rows that are due beyond it, or the end.
        sizes += [most] * (1 + FURTHER_PAGES)
    token = ""
    for number, size in enumerate(sizes):
        if number > 2 and due is not None and sum(len(page.listed) for page in travel.pages) >= len(due.rows):
            break
        more = {paging.after: token} if number else {}
        page = travel.ask(more, size, f"page {number + 1} of a journey")
        if page is None or page.answer is None:
            return None
        travel.pages.append(page)
        travel.sizes.append(size)
        if breach := _breach_of_pages(travel, due):
            return breach
        if page.next_cursor is None or not page.rows:
            return _breach_of_end(travel, due)
        token = page.next_cursor
    return _go_back(travel) if journey.back and paging.leads_back else None


def _page_sizes(context: CheckContext, due: DueRows | None, journey: Journey) -> tuple[int, int]:
    """The sizes of the first two pages: the border between them lies between rows of one sort value, if it can."""
    _, most = largest_page_size(context)
    rows = len(due.rows) if due is not None else 4
    size = page_size(journey.kind, rows, most or 100)
    borders = range(1, max(2, min(rows, (most or 100) + 1)))
    tied = due.tied_borders(borders) if due is not None else []
    return (pick_border(tied, journey.depth) if tied else min(2, borders[-1])), size


def _breach_of_pages(travel: Travel, due: DueRows | None) -> Breach | None:
    """Rows shown twice, or other rows than stand at this place of the list."""
    clauses = travel.paging.clauses
    partition = clauses.partition or clauses.slice
    page = travel.pages[-1]
    if travel.mirror.volatile:
        return None
    before = {key for one in travel.pages[:-1] for key in one.keys}
    again = tuple(row for row in page.listed if row.key in before)
    if again:
        # A single row that comes again may be one of several with one sort value.
        whole = len(again) == len(page.listed) > 1
        return Breach(
            kind="repeated",
            clauses=clauses.slice if whole else partition,
            exchange=page,
            expected="rows that were not shown before",
            actual=f"{len(again)} of {len(page.listed)} rows a second time",
            rows=again,
            steps=steps_of(*travel.pages),
            check=walk_check(travel.context, ()),
        )
    if due is None or not due.sort_values:
        return None
    came = [row for one in travel.pages for row in one.listed]
    shown = shown_sort_values(travel.context, travel.mirror, travel.journey.arrangement.values, came)
    wanted = list(due.sort_values[: len(shown)])
    if len(shown) < len(came) or shown == wanted or travel.is_like_one_page(came):
        return None
    wrong = next((place for place, pair in enumerate(zip(shown, wanted, strict=False)) if pair[0] != pair[1]), 0)
    return Breach(
        kind="displaced",
        clauses=partition,
        exchange=page,
        expected=f"the rows that follow in the list, from row {wrong + 1} on",
        actual="other rows",
        rows=(came[wrong], due.rows[min(wrong, len(due.rows) - 1)]),
        steps=steps_of(*travel.pages),
        check=walk_check(travel.context, due.rows, sort_values=due.sort_values, whole=False),
    )


def _breach_of_way_back(travel: Travel) -> Breach | None:
    """A page with rows, and others before it, that tells no way back."""
    if not travel.paging.leads_back:
        return None
    for number, page in enumerate(travel.pages):
        if number and page.rows and page.previous_cursor is None:
            return Breach(
                kind="no-way-back",
                clauses=travel.paging.clauses.prev,
                exchange=page,
                expected="a cursor to the page before",
                actual="none",
                steps=steps_of(*travel.pages[: number + 1]),
            )
    return None


def _breach_of_end(travel: Travel, due: DueRows | None) -> Breach | None:
    """An end of the walk before all rows came."""
    clauses = travel.paging.clauses
    came = {key for one in travel.pages for key in one.keys}
    if due is None or travel.mirror.volatile:
        return None
    lost = tuple(row for row in due.rows if row.key not in came)
    if not lost:
        return None
    return Breach(
        kind="lost",
        clauses=clauses.partition or clauses.slice,
        exchange=travel.pages[-1],
        expected=f"{rows_in_words(len(due.rows))} over all pages",
        actual=f"{rows_in_words(len(came))}, {len(lost)} missing",
        rows=lost,
        steps=steps_of(*travel.pages),
        check=walk_check(travel.context, due.rows, pages=len(due.rows) + 2, walks_on="cursor"),
    )


def _go_back(travel: Travel) -> Breach | None:
    """From the last page to the one before, and forth again where the journey says so."""
    clauses = travel.paging.clauses
    here, before = travel.pages[-1], travel.pages[-2]
    token = here.previous_cursor
    if token is None:
        return None
    back: Exchange | None = None
    tried: list[Exchange] = []
    for _, parameter in ways_back(travel.context, travel.paging):
        back = travel.ask({parameter: token}, travel.sizes[-2], "back to the page before")
        tried += [back] if back is not None else []
        if back is None or back.keys == before.keys:
            break
    if back is None or travel.mirror.volatile:
        return None
    if back.keys != before.keys:
        same = set(back.keys) == set(before.keys)
        return Breach(
            kind="back",
            clauses=clauses.prev,
            exchange=back,
            expected=f"the {len(before.keys)} rows of the page before",
            actual="the same rows in another order" if same else f"{len(back.keys)} other rows",
            steps=(*steps_of(*travel.pages), *(AskedStep(exchange=one, back=True) for one in tried)),
            check=same_check(travel.context, before, back, place=len(travel.pages) - 2, ways=len(tried)),
        )
    travel.context.results.record_pass(clauses.prev)
    return _go_forth_again(travel, back) if travel.journey.forth else None


def _go_forth_again(travel: Travel, back: Exchange) -> Breach | None:
    """The page after the page that was gone back to, by its own cursor and by the one that was used before."""
    paging, here = travel.paging, travel.pages[-1]
    ways: tuple[tuple[BreachKind, Exchange, str], ...] = (
        ("forth", back, "forth again"),
        ("reuse", travel.pages[-2], "the same cursor once more"),
    )
    for kind, start, purpose in ways:
        token = start.next_cursor
        if token is None:
            return Breach(
                kind=kind,
                clauses=paging.clauses.slice,
                exchange=start,
                expected="a cursor forth",
                actual="none",
                steps=steps_of(*travel.pages, back if start is back else None),
            )
        if kind == "reuse" and token == back.next_cursor:
            # The way forth was this very cursor.
            continue
        again = travel.ask({paging.after: token}, travel.sizes[-1], purpose)
        if again is None or travel.mirror.volatile:
            return None
        if again.keys != here.keys:
            return Breach(
                kind=kind,
                clauses=paging.clauses.slice,
                exchange=again,
                expected="the page that followed before",
                actual=f"{len(set(again.keys) - set(here.keys))} of {len(again.keys)} rows are others",
                steps=(*steps_of(*travel.pages), AskedStep(exchange=back, back=True), *steps_of(again)),
                check=same_check(travel.context, here, again, place=len(travel.pages) - 1),
            )
    return None
