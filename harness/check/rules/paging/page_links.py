"""Rules on links to other pages: followed from the first page to the last, under every filter and some orders.

Servers write links that forget a filter of the request: seen at emulate 0.12, whose next page is that of all rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from harness.check.context import CheckContext, Exchange
from harness.check.exchange import AskedStep
from harness.check.probe.answer_checks import A_LIST, AnswerCheck, part_check, slice_check
from harness.check.probe.followed_links import (
    DeadLink,
    PageRequest,
    follow_link,
    link_text,
    lost_parameters,
    read_link,
)
from harness.check.probe.mirror import Mirror, first_page_number, largest_page_size, parse_row_count
from harness.check.probe.orders import orders_of
from harness.check.probe.page_probe import report_walk_breach
from harness.check.probe.page_sizes import page_size_values, settled_page_size
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.paging.arrangements import (
    Arrangement,
    DueRows,
    due_rows,
    narrowings,
    shown_sort_values,
)
from harness.specification.model import (
    Clauses,
    CursorPaging,
    LinkName,
    OffsetPaging,
    PageLinks,
    PageNumberPaging,
    all_clauses,
    links_of,
    options_of,
)
from harness.wire.decoded_body import Tree

PAGES_FOLLOWED: Final = 8
"""A walk by links ends here, whatever the links say."""
PAGES_BESIDE_A_FILTER: Final = 3
"""A link that forgets a filter, or anything else that was asked for, does so at once."""
ORDERS_FOLLOWED: Final = 4
FIRST_ROWS: Final = 12
"""Of a list that is not known whole, so many rows of one page tell what links must lead to."""


@dataclass(slots=True, kw_only=True)
class _Walk:
    """A walk by links over the list in one arrangement, with the pages that came so far.

    `due` are its rows, or the first of them as one larger page shows them; `whole` tells that no others follow.
    """

    context: CheckContext
    mirror: Mirror
    links: PageLinks
    arrangement: Arrangement
    due: DueRows
    whole: bool
    size: int
    pages: list[Exchange] = field(default_factory=list)

    @property
    def values(self) -> dict[str, Tree]:
        """What the first page is asked for with: all of it but the place belongs to every page."""
        return {**self.arrangement.values, **page_size_values(self.context, self.size)}

    @property
    def asked(self) -> Mapping[str, Tree]:
        """What is kept on the way, with the window of the run."""
        return self.mirror.request(self.values).values

    @property
    def steps(self) -> tuple[AskedStep, ...]:
        """The pages that came, each but the first by the next link of the one before."""
        return tuple(
            AskedStep(exchange=page, link="next" if number else None) for number, page in enumerate(self.pages)
        )

    def check_of_page(self, start: int) -> AnswerCheck | None:
        """The check that a page holds the rows of the list from `start` on; None where they are not known."""
        part = slice(start, start + self.size)
        known = self.whole or part.stop <= len(self.due.rows)
        return slice_check(self.context, self.due.rows, self.due.sort_values, part) if known else None

    def is_due(self, page: Exchange, start: int, rows: int) -> bool:
        """Whether a page holds the rows of the list from `start` on; those of one sort value in any order."""
        came = page.listed
        wanted = self.due.rows[start : start + rows]
        known = {row.key for row in self.due.rows}
        if len(came) != len(wanted):
            return False
        if [row.key for row in came] == [row.key for row in wanted]:
            return True
        if not self.due.sort_values and self._is_another_page(page, start):
            return False
        shown = shown_sort_values(self.context, self.mirror, self.arrangement.values, came)
        in_order = not self.due.sort_values or shown == list(self.due.sort_values[start : start + rows])
        # Rows beyond the first ones may share the last sort value with them.
        return in_order and (not self.whole or all(row.key in known for row in came))

    def _is_another_page(self, page: Exchange, start: int) -> bool:
        """Whether a page holds just the rows of one that came for another place; it tells where no order is known."""
        keys = frozenset(page.keys or ())
        others = (one for number, one in enumerate(self.pages) if number != start // self.size)
        return bool(keys) and any(frozenset(one.keys or ()) == keys for one in others)


def check_page_links(context: CheckContext, mirror: Mirror) -> None:
    """Judges links as a client meets them: where each leads, what it carries on, and where there are none."""
    links = links_of(context.listing.paging)
    if links is None:
        return
    clauses = (*all_clauses(links.clauses), *(one for link in links.by_name.values() for one in link.clause))
    if not context.asked.include(clauses):
        return
    if len(mirror.rows) < 4 or mirror.volatile:
        reason = "the list moves" if mirror.volatile else f"the target shows {rows_in_words(len(mirror.rows))}"
        context.results.record_not_exercised(clauses, reason)
        return
    broken: dict[tuple[str, ...], tuple[_Breach, Arrangement]] = {}
    for turn, arrangement in enumerate(_arrangements(context, mirror)):
        pages = (2 if arrangement.narrowed else 3) + turn % 2
        walk = _start_walk(context, mirror, links, arrangement, pages=pages)
        if walk is None:
            continue
        breach = _follow_pages(walk)
        if breach is not None:
            broken.setdefault(breach.kind, (breach, arrangement))
    # Of several breaches of one clause the gravest is told: clients follow the next link before all others.
    gravest: dict[Clauses, tuple[_Breach, Arrangement]] = {}
    for breach, arrangement in sorted(broken.values(), key=lambda met: met[0].kind[0] != "next"):
        gravest.setdefault(breach.clauses, (breach, arrangement))
    for breach, arrangement in gravest.values():
        report_walk_breach(
            context,
            mirror,
            breach.clauses,
            breach.exchange,
            breach.expected,
            f"{breach.actual}{arrangement.label}",
            difference=f"{' '.join(breach.kind)}: {breach.actual}",
            message="a link leads to the page that it names, with all that was asked for",
            check=_link_check(context, links, breach) if breach.link is not None else breach.check,
            steps=breach.steps,
        )


def _link_check(context: CheckContext, links: PageLinks, breach: _Breach) -> AnswerCheck | None:
    """The check that a link of an answer is no longer what it was."""
    if breach.link is None:
        return None
    return part_check(context, breach.exchange, links.by_name[breach.link].at)


def _arrangements(context: CheckContext, mirror: Mirror) -> Iterator[Arrangement]:
    """The plain list, some orders of it, and the list beside each filter, under one order after the other."""
    orders = orders_of(context)
    for order in orders[:ORDERS_FOLLOWED]:
        yield Arrangement(order=order)
    for turn, narrowed in enumerate(narrowings(context, mirror)):
        yield Arrangement(order=orders[turn % len(orders)], narrowed=narrowed.narrowed, clauses=narrowed.clauses)


def _start_walk(
    context: CheckContext, mirror: Mirror, links: PageLinks, arrangement: Arrangement, *, pages: int
) -> _Walk | None:
    """A walk of so many pages over an arrangement; None where its rows are too few or not known."""
    most = largest_page_size(context)[1] or FIRST_ROWS
    due = None if mirror.tear_reason else due_rows(context, mirror, arrangement.values)
    whole = due is not None
    if due is None:
        asked = min(most, FIRST_ROWS)
        values = {**arrangement.values, **page_size_values(context, asked)}
        page = context.send(mirror.request(values), f"rows for links{arrangement.label}")
        rows = page.listed
        due = DueRows(rows=rows, sort_values=tuple(shown_sort_values(context, mirror, arrangement.values, rows)))
        if len(due.sort_values) < len(rows):
            due = DueRows(rows=rows, sort_values=())
        whole = len(rows) < asked
    if len(due.rows) < 2:
        return None
    size = settled_page_size(context) or max(1, min(most, len(due.rows) - 1, -(-len(due.rows) // pages)))
    return _Walk(
        context=context, mirror=mirror, links=links, arrangement=arrangement, due=due, whole=whole, size=size
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Breach:
    """What a walk met that links do not do; `kind` is told once in a run."""

    kind: tuple[str, ...]
    clauses: Clauses
    exchange: Exchange
    expected: str
    actual: str
    link: LinkName | None = None
    """The link of the answer that is wrong by itself: missing, or there."""
    steps: tuple[AskedStep, ...] = ()
    check: AnswerCheck | None = None


def _follow_pages(walk: _Walk) -> _Breach | None:
    """From the first page on by next links, with the other links of some pages; the first breach, or None."""
    context = walk.context
    page = context.send(walk.mirror.request(walk.values), f"the first page, for its links{walk.arrangement.label}")
    if context.note_unusable(page, ()) or not walk.is_due(page, 0, walk.size):
        # What is wrong with a page that no link led to is told elsewhere.
        return None
    walk.pages.append(page)
    most = PAGES_BESIDE_A_FILTER if walk.arrangement.narrowed else PAGES_FOLLOWED
    while True:
        if len(walk.pages) <= 2 and (breach := _check_other_links(walk)) is not None:
            return breach
        start = len(walk.pages) * walk.size
        if start >= len(walk.due.rows):
            return _judge_last_page(walk) if walk.whole else None
        if len(walk.pages) == most or (not walk.whole and start + walk.size > len(walk.due.rows)):
            # Enough was followed, or what comes then is not known.
            return None
        came = _follow(walk, "next", start)
        if isinstance(came, _Breach) or came is None:
            return came
        walk.pages.append(came)


def _judge_last_page(walk: _Walk) -> _Breach | None:
    """The last page has no next link, but where an empty page may follow it."""
    paging, page = walk.context.listing.paging, walk.pages[-1]
    if walk.links.next is None:
        return None
    if isinstance(paging, CursorPaging):
        if "given" in options_of(paging.next_on_last):
            return None
    elif len(page.rows or ()) == walk.size and "goes-on" in options_of(walk.links.full_last):
        return None
    clauses = walk.links.clauses.ends or walk.links.next.clause
    link = link_text(page, "next")
    if link is None:
        walk.context.results.record_pass(clauses)
        return None
    read = read_link(walk.context, page, link)
    lost = _heeded_losses(walk, read) if isinstance(read, PageRequest) else ()
    # A link that forgets a filter goes on where the filtered list ends.
    told = (walk.links.clauses.keeps or clauses) if lost else clauses
    actual = "a next link on the last page" + (f", without {' and '.join(lost)}" if lost else "")
    return _Breach(
        kind=("ends", *lost),
        clauses=told,
        exchange=page,
        expected="no next link",
        actual=actual,
        link="next",
        steps=walk.steps,
    )


def _check_other_links(walk: _Walk) -> _Breach | None:
    """The links of the latest page but the next one: on the first page to the last, on the second the way back."""
    number = len(walk.pages) - 1
    if number == 0:
        if walk.links.previous is not None:
            clauses = walk.links.clauses.ends or walk.links.previous.clause
            if link_text(walk.pages[0], "previous") is not None:
                return _Breach(
                    kind=("starts",),
                    clauses=clauses,
                    exchange=walk.pages[0],
                    expected="no previous link",
                    actual="a previous link on the first page",
                    link="previous",
                )
            walk.context.results.record_pass(clauses)
        end = _start_of_last_page(walk)
        ways: tuple[tuple[LinkName, int], ...] = (("last", end),) if end is not None else ()
        # Where no link leads on, the first page is the only one whose link to itself is seen.
        ways += (("self", 0),) if walk.links.next is None else ()
    else:
        ways = (("previous", 0), ("first", 0), ("self", walk.size))
    for name, start in ways:
        if name in walk.links.by_name:
            came = _follow(walk, name, start)
            if isinstance(came, _Breach):
                return came
    return None


def _start_of_last_page(walk: _Walk) -> int | None:
    """How many rows lie before the last page; None where that is not known."""
    answer = walk.pages[0].answer
    total = parse_row_count(answer.total) if answer is not None else None
    by_cursor = isinstance(walk.context.listing.paging, CursorPaging)
    rows = len(walk.due.rows) if walk.whole else None if by_cursor else total
    if not rows:
        return None
    # From behind a page by cursor is as full as the first.
    return rows - walk.size if by_cursor else (rows - 1) // walk.size * walk.size


def _follow(walk: _Walk, name: LinkName, start: int) -> Exchange | _Breach | None:
    """The page that a link of the latest page leads to, or what is wrong with it; None where nothing can be said."""
    context, page = walk.context, walk.pages[-1]
    if name not in walk.links.by_name:
        return None
    clauses = walk.links.by_name[name].clause
    link = link_text(page, name)

    def breach(expected: str, actual: str, lost: tuple[str, ...] = (), at: Exchange = page) -> _Breach:
        told = (walk.links.clauses.keeps or clauses) if lost else clauses
        wrong: LinkName | None = name if at is page else None
        steps = walk.steps if at is page else (*walk.steps, AskedStep(exchange=at, link=name))
        return _Breach(
            kind=(name, *lost),
            clauses=told,
            exchange=at,
            expected=expected,
            actual=actual,
            link=wrong,
            steps=steps,
            check=A_LIST if at.rows is None else walk.check_of_page(start),
        )

    if link is None:
        return breach(f"a {name} link on page {len(walk.pages)}", f"no {name} link")
    read = read_link(context, page, link)
    if isinstance(read, DeadLink):
        return breach(f"a {name} link to a page of the same list", f"a {name} link to {read.leads}")
    came = follow_link(context, read, f"the {name} link of page {len(walk.pages)}{walk.arrangement.label}")
    if context.note_unusable(came, clauses):
        return None
    if came.rows is None or came.outcome != "success":
        return breach(f"the page that a {name} link names", f"an error behind a {name} link", at=came)
    known = walk.whole or start < len(walk.due.rows)
    right = walk.is_due(came, start, walk.size) if known else _is_same_by_number(walk, came, start)
    if right:
        context.results.record_pass(clauses)
        context.results.record_pass(walk.links.clauses.keeps)
        return came
    lost = _heeded_losses(walk, read)
    if lost:
        wanted = f"a {name} link that carries {' and '.join(lost)} on"
        return breach(wanted, f"a {name} link without {' and '.join(lost)}, to {_rows_text(walk, came)}", lost, came)
    if known and _is_same_by_number(walk, came, start):
        # The link is right: what stands on that page is judged by itself.
        return None
    end = min(start + walk.size, len(walk.due.rows)) if known else start + walk.size
    wanted = f"rows {start + 1} to {end} behind a {name} link"
    return breach(wanted, f"a {name} link to {_rows_text(walk, came)}", at=came)


def _is_same_by_number(walk: _Walk, came: Exchange, start: int) -> bool:
    """Whether the page behind a link is also what its number or offset gives, asked for by itself."""
    context, paging = walk.context, walk.context.listing.paging
    match paging:
        case PageNumberPaging():
            place, number = paging.page, first_page_number(context, paging) + start // walk.size
        case OffsetPaging():
            place, number = paging.offset, start + paging.first
        case _:
            return False
    values = {**walk.values, place: context.encode(place, number)}
    direct = context.send(walk.mirror.request(values), f"the same page by {place}")
    return direct.rows is not None and direct.keys == came.keys


def _heeded_losses(walk: _Walk, read: PageRequest) -> tuple[str, ...]:
    """The parameters that a link lost, filters first and alone where there are some: they change which rows come."""
    lost = lost_parameters(walk.context, walk.asked, read)
    filters = tuple(name for name in lost if name in walk.arrangement.narrowed or name in walk.mirror.base)
    return filters or lost


def _rows_text(walk: _Walk, page: Exchange) -> str:
    """What kind of rows came instead of the due ones."""
    known = {row.key for row in walk.due.rows}
    strange = sum(row.key not in known for row in page.listed)
    if strange:
        return f"{strange} rows that were not asked for"
    before = {key for one in walk.pages for key in one.keys}
    again = sum(key in before for key in page.keys)
    return f"{again} rows that were shown before" if again else f"{len(page.keys)} other rows"
