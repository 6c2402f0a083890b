"""Rules on the borders between pages with a number or an offset: under every order, beside filters, at depth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import cycle

from harness.check.context import CheckContext, Exchange
from harness.check.exchange import steps_of
from harness.check.probe.answer_checks import walk_check
from harness.check.probe.differences import Aspect
from harness.check.probe.expect import ProbeResult, check_probe, is_known_to_keep_others
from harness.check.probe.mirror import Mirror, first_page_number, largest_page_size, server_page_limit
from harness.check.probe.orders import orders_of
from harness.check.probe.page_probe import independent_total_clauses, report_walk_breach
from harness.check.probe.page_sizes import page_size_values
from harness.check.rules.paging.arrangements import (
    DEPTHS,
    SIZE_KINDS,
    Arrangement,
    Depth,
    DueRows,
    SizeKind,
    cover_pairs,
    due_rows,
    narrowings,
    page_size,
    pick_border,
)
from harness.specification.model import Clauses, OffsetPaging, PageNumberPaging
from harness.specification.paging_clauses import partition_clauses, size_clauses, slice_clauses
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest

PlacedPaging = PageNumberPaging | OffsetPaging


@dataclass(frozen=True, slots=True, kw_only=True)
class BorderProbe:
    """The pages about one border that are asked for: an arrangement, a kind of page size, how deep it lies."""

    arrangement: Arrangement
    kind: SizeKind
    depth: Depth


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Pages side by side: their size, and the numbers of rows before each."""

    size: int
    begins: tuple[int, ...]


def plain_border_probes(context: CheckContext) -> list[BorderProbe]:
    """The borders of the whole list: orders, sizes and depths, each two of an order, a size and a filter once."""
    cells = [cell for cell in cover_pairs(orders_of(context), (False, True), SIZE_KINDS) if not cell[1]]
    # Rows of one sort value in a random order show it on single rows with even chance: three times.
    probes = [BorderProbe(arrangement=Arrangement(), kind="one", depth=depth) for depth in DEPTHS]
    probes += [
        BorderProbe(arrangement=Arrangement(order=order), kind=kind, depth=depth)
        for (order, _, kind), depth in zip(cells, cycle(DEPTHS))
        if order or kind != "one"
    ]
    # Databases keep the head of a list in a heap and sort the rest otherwise: see docs/real-servers.md.
    heads = [
        BorderProbe(arrangement=Arrangement(order=order), kind="other", depth="first")
        for order in orders_of(context)
        if order
    ]
    return probes + [probe for probe in heads if probe not in probes]


def narrowed_border_probes(context: CheckContext, mirror: Mirror) -> list[BorderProbe]:
    """The borders of the list that a filter keeps: the rest of the pairs, and every filter at least once."""
    filters = narrowings(context, mirror)
    orders = orders_of(context)
    pairs = [(order, kind) for order, narrowed, kind in cover_pairs(orders, (False, True), SIZE_KINDS) if narrowed]
    if not filters:
        return []
    pairs += [
        (orders[turn % len(orders)], SIZE_KINDS[turn % len(SIZE_KINDS)]) for turn in range(len(pairs), len(filters))
    ]
    return [
        BorderProbe(
            arrangement=Arrangement(order=order, narrowed=kept.narrowed, clauses=kept.clauses), kind=kind, depth=depth
        )
        for (order, kind), kept, depth in zip(pairs, cycle(filters), cycle(DEPTHS))
    ]


def check_page_borders(context: CheckContext, mirror: Mirror, probes: Sequence[BorderProbe]) -> None:
    """Judges pages side by side: each by itself, and that they hold no row twice.

    Two pages that hold what is due by their sort values, and no row twice, hold every row of the values between
    them. Seen as `ties_at_random` of the foreign servers.
    """
    paging = context.listing.paging
    if not isinstance(paging, PageNumberPaging | OffsetPaging) or len(mirror.rows) < 4 or mirror.tear_reason:
        return
    clauses = partition_clauses(paging) or slice_clauses(paging)
    broken: list[Arrangement] = []
    for probe in probes:
        arrangement = probe.arrangement
        due = due_rows(context, mirror, arrangement.values)
        ask = mirror.request(arrangement.values)
        # Pages of other rows than are due would be blamed for what a filter does.
        if is_known_to_keep_others(context, ask) if arrangement.narrowed else due is None:
            continue
        pages = _pages_at(context, paging, due, probe) if due is not None else Pages(size=2, begins=(2,))
        if pages is None or any(_lies_within(one, arrangement) for one in broken):
            continue
        with context.asked.probing(clauses, slice_clauses(paging), arrangement.clauses) as is_asked:
            if not is_asked:
                continue
            judged = [_check_page_at(context, mirror, paging, probe, pages.size, begin) for begin in pages.begins]
        if len(judged) < 2 or mirror.volatile or not all(one.passed for one in judged):
            continue
        repeated = _rows_shown_twice([one.exchange for one in judged])
        if not repeated:
            context.results.record_pass(clauses)
            continue
        met = [one.exchange for one in judged]
        smallest, came, again = _smallest_breach(context, mirror, paging, probe, met, repeated)
        broken.append(smallest)
        report_walk_breach(
            context,
            mirror,
            clauses,
            came[-1],
            f"each row on one page{smallest.label}",
            f"{len(again)} {'row' if len(again) == 1 else 'rows'} on two pages side by side",
            difference=f"repeated over pages{smallest.label}",
            rows=[row for row in came[-1].listed if row.key in again],
            check=walk_check(context, ()),
            steps=steps_of(*came),
        )


def _lies_within(one: Arrangement, other: Arrangement) -> bool:
    return one.values.items() <= other.values.items()


def _pages_at(context: CheckContext, paging: PlacedPaging, due: DueRows, probe: BorderProbe) -> Pages | None:
    """The pages about a border between rows of one sort value, or the page after any border; None without one."""
    rows = len(due.rows)
    if rows < 2:
        return None
    size = page_size(probe.kind, rows, _longest_page(context))
    borders: Sequence[int] = range(size, rows, size)
    if isinstance(paging, OffsetPaging):
        furthest = context.listing.parameters[paging.offset].most
        borders = range(size, rows if furthest is None else min(rows, furthest - paging.first + 1))
    if not borders:
        return None
    tied = due.tied_borders(borders)
    if not tied:
        return Pages(size=size, begins=(pick_border(borders, probe.depth),))
    border = pick_border(tied, probe.depth)
    if size == 1:
        # Of three rows of one sort value a random order shows one twice more often than not.
        wider = [one for one in tied if due.is_tied(one + 1)]
        border = pick_border(wider or tied, probe.depth)
    begins = (border - size, border)
    return Pages(size=size, begins=(*begins, border + 1) if size == 1 and due.is_tied(border + 1) else begins)


def _longest_page(context: CheckContext) -> int:
    paging = context.listing.paging
    _, most = largest_page_size(context)
    bounds = [most, server_page_limit(context)]
    if isinstance(paging, PageNumberPaging):
        # Where no bound is documented a server may have one of its own.
        bounds.append(context.longest_page)
    return max(1, min(bound for bound in bounds if bound is not None))


def _ask_for_page(
    context: CheckContext, mirror: Mirror, paging: PlacedPaging, arrangement: Arrangement, size: int, begin: int
) -> ListRequest:
    (name,) = paging.place_parameters
    place = (
        begin + paging.first
        if isinstance(paging, OffsetPaging)
        else first_page_number(context, paging) + begin // size
    )
    values: dict[str, Tree] = {
        **page_size_values(context, size),
        name: context.encode(name, place),
    }
    return mirror.request({**arrangement.values, **values})


def _check_page_at(
    context: CheckContext, mirror: Mirror, paging: PlacedPaging, probe: BorderProbe, size: int, begin: int
) -> ProbeResult:
    arrangement = probe.arrangement
    clauses = slice_clauses(paging)
    blame: dict[Aspect, Clauses] = {"size": size_clauses(paging) or clauses}
    blame["total"] = independent_total_clauses(context)
    if not arrangement.narrowed:
        # A page that lacks rows of the list is a page that does not share it out.
        clauses = partition_clauses(paging) or clauses
    return check_probe(
        context,
        mirror,
        _ask_for_page(context, mirror, paging, arrangement, size, begin),
        f"{size} rows after {begin}{arrangement.label}",
        clauses,
        blame=blame,
        afresh=True,
        always=True,
    )


def _rows_shown_twice(exchanges: Sequence[Exchange]) -> list[Hashable]:
    counted = Counter(key for exchange in exchanges for key in set(exchange.keys))
    return [key for key, times in counted.items() if times > 1]


def _smallest_breach(
    context: CheckContext,
    mirror: Mirror,
    paging: PlacedPaging,
    probe: BorderProbe,
    met: Sequence[Exchange],
    repeated: list[Hashable],
) -> tuple[Arrangement, Sequence[Exchange], list[Hashable]]:
    """The arrangement with least in it whose pages hold a row twice, with the pages and the rows."""
    for smaller in probe.arrangement.smaller():
        due = due_rows(context, mirror, smaller.values)
        less = BorderProbe(arrangement=smaller, kind=probe.kind, depth=probe.depth)
        pages = _pages_at(context, paging, due, less) if due is not None else None
        if pages is None or len(pages.begins) < 2:
            continue
        came: list[Exchange] = []
        for begin in pages.begins:
            ask = _ask_for_page(context, mirror, paging, smaller, pages.size, begin)
            came.append(context.send(ask, "pages side by side with less"))
        again = _rows_shown_twice(came)
        if again:
            return smaller, came, again
    return probe.arrangement, met, repeated
