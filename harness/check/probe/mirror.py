"""The mirror: the rows of the target, read under a budget, over which the oracle evaluates requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from harness.check.context import CheckContext, Exchange, Row, instants_of
from harness.check.probe.standing_values import standing_values
from harness.check.probe.time_ranges import longest_range, requires_time_range, time_range_filters
from harness.check.target_facts import PageCap
from harness.specification.field_path import FieldPath
from harness.specification.model import (
    CursorPaging,
    LimitPaging,
    NoPaging,
    OffsetPaging,
    OpenChoice,
    PageNumberPaging,
    Paging,
    assumed_of,
    options_of,
)
from harness.specification.narrowing_defaults import default_limit
from harness.wire.decoded_body import Tree
from harness.wire.json_body import MISSING
from harness.wire.list_request import ListRequest
from harness.wire.scalar_codecs import zone_named as zone_named

# Enough rows for every filter to keep some and drop some; the list is read several times in a run.
MIRROR_ROWS_WANTED: Final = 400
MIRROR_ROWS_AT_MOST: Final = 1000
LIMITED_WINDOWS: Final = 12
WINDOW_DAYS: Final = (2, 31, 366, 3653)
LONG_WINDOWS: Final = len(WINDOW_DAYS)
"""The windows that begin longer and longer ago."""
# Asked for where the document gives no largest page; servers with a bound of their own cut it (`large_capped_at_25`).
PAGE_SIZE_AT_MOST: Final = 500
# Bounds that servers set to their pages and totals are multiples of it; one more page shows what follows then.
ROUND_NUMBER: Final = 25
# 1000 rows at a bound of 25 rows (`large_capped_at_25`).
MIRROR_PAGES_AT_MOST: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The rows that one walk found; `complete` when the walk reached the end of the list."""

    base: Mapping[str, Tree]
    rows: tuple[Row, ...]
    complete: bool
    total: int | None
    by_key: Mapping[Hashable, Row]
    repeated_pages: tuple[Exchange, ...] = ()
    """The latest page that shows rows again, and before it one that showed them, as far as that is known."""
    failed_exchange: Exchange | None = None
    stopped_early: bool = False
    """The walk stopped by itself, having seen enough."""
    shared_identities: tuple[tuple[Row, Row, Exchange], ...] = ()
    """Rows of one identity on two pages that began at different instants, with the answer of the second."""
    first_page: Exchange | None = None


@dataclass(slots=True)
class Mirror:
    """Two readings of the list: before and after. While nothing moved they are one and the same.

    `first` is the earliest of all, for what only time shows.
    """

    base: Mapping[str, Tree] = field(default_factory=dict)
    scope: frozenset[str] = frozenset()
    """The parameters of the base that say whose calls are listed: without them it is another list."""
    before: Snapshot | None = None
    after: Snapshot | None = None
    first: Snapshot | None = None
    volatile: bool = False
    """Whether rows come and go."""
    moving_fields: set[str] = field(default_factory=set)
    """The fields whose values were seen to change, as counters and states of live calls do."""
    tear_reason: str = ""
    lacks_rows: bool = False
    read_twice: bool = False
    """Whether the first two walks met the same rows: one over more of the list, one over what is kept of it."""
    moving_since: tuple[str, datetime] | None = None
    """The field and the instant from which on rows come and go, as not every replica has them yet."""
    widest_snapshot: Snapshot | None = None
    match_cache: dict[int, tuple[object, list[Row], list[Row]]] = field(default_factory=dict)
    match_key_cache: dict[tuple[str, Hashable], frozenset[Hashable]] = field(default_factory=dict)
    value_count_cache: dict[tuple[FieldPath, ...], Counter[Any]] = field(default_factory=dict)
    hidden_values: set[FieldPath] = field(default_factory=set)
    """Fields that may have a value where a row says otherwise than documented that there is none."""
    shown_cache: dict[FieldPath, tuple[bool, bool]] = field(default_factory=dict)
    own_order_cache: dict[tuple[object, str], bool] = field(default_factory=dict)

    def request(self, more: Mapping[str, Tree] | None = None) -> ListRequest:
        """A request within the window of the run."""
        return ListRequest(values={**self.base, **(more or {})})

    def request_without(self, names: Container[str], more: Mapping[str, Tree] | None = None) -> ListRequest:
        """A request within the window of the run, as far as parameters that are left out do not bound it."""
        kept = {name: raw for name, raw in self.base.items() if name not in names}
        return ListRequest(values={**kept, **(more or {})})

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of the latest reading."""
        return self.after.rows if self.after else ()

    @property
    def complete(self) -> bool:
        """Whether the latest reading holds all rows of the list, as far as is known."""
        return bool(self.after and self.after.complete and not self.tear_reason and not self.lacks_rows)

    @property
    def steady_keys(self) -> frozenset[Hashable]:
        """The keys of the rows that both readings hold: they were there all the time in between."""
        if self.before is None or self.after is None:
            return frozenset()
        return frozenset(self.before.by_key.keys() & self.after.by_key.keys())

    @property
    def churn(self) -> int:
        """The number of rows that came or went between the two readings."""
        if self.before is None or self.after is None:
            return 0
        return len(self.before.by_key.keys() ^ self.after.by_key.keys())

    def clear_caches(self) -> None:
        """Drops what was derived from the rows, because they changed."""
        self.match_cache.clear()
        self.match_key_cache.clear()
        self.value_count_cache.clear()
        self.shown_cache.clear()
        self.own_order_cache.clear()

    def shows_value(self, path: FieldPath) -> bool:
        """Whether any row shows a value in a field."""
        return self._is_shown(path)[0]

    def shows_none(self, path: FieldPath) -> bool:
        """Whether any row says in a documented way that a field has no value."""
        return self._is_shown(path)[1]

    def _is_shown(self, path: FieldPath) -> tuple[bool, bool]:
        if path not in self.shown_cache:
            values = [(row, value in (None, ())) for row in self.rows for value in row.values(path)]
            self.shown_cache[path] = (
                any(not none for _, none in values),
                any(none and all(flaw.field != path for flaw in row.flaws) for row, none in values),
            )
        return self.shown_cache[path]

    def row_with_key(self, key: Hashable) -> Row | None:
        """The fullest row known under a key."""
        for snapshot in (self.after, self.before):
            if snapshot is not None and key in snapshot.by_key:
                return snapshot.by_key[key]
        return None

    def is_steady(self, row: Row) -> bool:
        """Whether a row shows the same in both readings."""
        if self.moving_since is not None:
            began = row.instant(self.moving_since[0])
            if began is not None and began >= self.moving_since[1]:
                return False
        if self.before is self.after or self.before is None or self.after is None:
            return True
        first, second = self.before.by_key.get(row.key), self.after.by_key.get(row.key)
        return first is not None and second is not None and first.shown == second.shown


def lists_only_live_calls(context: CheckContext) -> bool:
    """Whether the list holds calls in progress and no others."""
    calls = context.listing.lists.calls
    return context.dialect.known_answers(calls) == ("live",)


def include_everything(context: CheckContext) -> dict[str, Tree]:
    """Parameters that switch on every optional part of a row."""
    return {
        include.parameter: context.encode(include.parameter, True)
        for include in context.listing.includes
        if include.adds and context.parameters_work(include.parameter)
    }


def first_page_number(context: CheckContext, paging: PageNumberPaging) -> int:
    """The number of the first page; the likeliest where the document leaves it open and nothing was seen yet."""
    return next(iter(context.dialect.known_answers(paging.first)), assumed_of(paging.first))


def largest_page_size(context: CheckContext) -> tuple[str | None, int | None]:
    """The parameter of the page size and the largest useful value."""
    paging = context.listing.paging
    size = paging.size_parameter
    if isinstance(paging, LimitPaging):
        most = context.listing.parameters[paging.size].most
        if default_limit(context.listing) is not None:
            return paging.size, MIRROR_ROWS_AT_MOST if most is None else most
        if context.results.first_failed(paging.clauses.size_default):
            # Without a limit not all rows come.
            return paging.size, MIRROR_ROWS_AT_MOST
    if size is None or paging.is_single_page:
        return None, None
    most = context.listing.parameters[size].most
    return size, most if most is not None else PAGE_SIZE_AT_MOST


@dataclass(slots=True, kw_only=True)
class _Walk:
    """How far a walk over the pages has come, and what it met."""

    size: int | None
    rows_at_most: int
    step: dict[str, Tree] = field(default_factory=dict)
    first: Exchange | None = None
    before: Exchange | None = None
    """The page before the latest one."""
    found: list[Row] = field(default_factory=list)
    by_key: dict[Hashable, Row] = field(default_factory=dict)
    repeats: list[Exchange] = field(default_factory=list)
    shared_pairs: list[tuple[Row, Row, Exchange]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    total: int | None = None
    complete: bool = False
    cut: bool = False
    trouble: Exchange | None = None
    last: int = 0
    """The number of rows on the latest page."""
    most: int = 0
    """The number of rows on the longest page."""

    @property
    def meets_total(self) -> bool:
        """Whether as many rows came as the total promises."""
        return self.total is not None and len(self.found) == self.total

    def note_repeat(self, exchange: Exchange) -> None:
        """Keeps a page that leads nowhere new, and one before it; all of them could be many long pages."""
        seen = set(exchange.keys)
        pages = [page for page in (self.first, self.before) if page is not None]
        same = [page for page in pages if seen & {*page.keys}]
        self.repeats = [*(same[:1] or pages[-1:]), exchange]


def walk_pages(
    context: CheckContext,
    base: Mapping[str, Tree],
    *,
    purpose: str,
    rows_at_most: int = MIRROR_ROWS_AT_MOST,
    size: int | None = None,
    own_connection: bool = False,
) -> Snapshot:
    """Reads the list page by page, with all parts of rows; with `own_connection` a new connection for each page."""
    size_name, largest = largest_page_size(context)
    parts = include_everything(context)
    walk = _Walk(size=size or largest, rows_at_most=rows_at_most)
    page = 0
    for _ in range(MIRROR_PAGES_AT_MOST):
        more = {**parts, **walk.step}
        if size_name is not None and walk.size is not None:
            more[size_name] = context.encode(size_name, walk.size)
        exchange = context.send(ListRequest(values={**base, **more}), purpose, own_connection=own_connection)
        walk.first = walk.first or exchange
        if exchange.outcome != "success" or exchange.rows is None:
            # Some refuse sizes above a bound that their document does not give: 100 is taken everywhere.
            if page == 0 and walk.size is not None and walk.size > 100 and exchange.answer is not None:
                walk.size = 100
                continue
            _end_at_error(context, walk, page, exchange)
            break
        if _ends_walk(context, walk, page, exchange, _add_page(context, walk, page, exchange)):
            break
        page, walk.before = page + 1, exchange
    else:
        # Small pages of a long list: what was read is a part of it, as its own total says.
        walk.cut = walk.cut or (walk.total is not None and walk.total > len(walk.found))
    return Snapshot(
        base=dict(base),
        rows=tuple(walk.found),
        complete=walk.complete,
        total=walk.total,
        by_key=walk.by_key,
        repeated_pages=tuple(walk.repeats),
        failed_exchange=walk.trouble,
        stopped_early=walk.cut,
        shared_identities=tuple(walk.shared_pairs),
        first_page=walk.first,
    )


def _end_at_error(context: CheckContext, walk: _Walk, page: int, exchange: Exchange) -> None:
    """A page that is no success: the end of the list where all has come or may have, trouble elsewhere."""
    paging = context.listing.paging
    counted = walk.meets_total and not isinstance(paging, CursorPaging)
    past_end = _may_be_past_end(paging, exchange) and (walk.last < walk.most or walk.total is None)
    walk.complete = page > 0 and (counted or past_end)
    walk.trouble = None if walk.complete else exchange


def _add_page(context: CheckContext, walk: _Walk, page: int, exchange: Exchange) -> bool:
    """Adds the rows of a page, and learns the server's limit on pages; whether any row is new."""
    rows = exchange.listed
    walk.total = parse_row_count(exchange.total) if exchange.total is not MISSING else walk.total
    fresh = [row for row in rows if row.key not in walk.by_key]
    walk.cut = walk.cut or exchange.cut
    if len(fresh) < len(rows):
        walk.note_repeat(exchange)
        known = [(walk.by_key[row.key], row, exchange) for row in rows if row.key in walk.by_key]
        if not walk.shared_pairs:
            walk.shared_pairs = [pair for pair in known if _started_apart(context, pair[0], pair[1])][:1]
    walk.found += fresh
    walk.by_key |= {row.key: row for row in fresh}
    came, before = len(rows), walk.last
    walk.last, walk.most = came, max(walk.most, came)
    if page and fresh:
        _learn_fixed_size(context, before, exchange)
    # How long a page was, nobody knows once rows were taken out of it that stood there twice.
    if walk.size is None or not fresh or context.drop_repeated_rows:
        return bool(fresh)
    if page and 0 < before < walk.size:
        _learn_page_cap(context, before)
    paging = context.listing.paging
    own = isinstance(paging, PageNumberPaging) and isinstance(paging.cap, OpenChoice)
    if 1 < came == before < walk.size and not own:
        # Two short pages alike, and neither is the last one: the server has a bound of its own (`capped_at_100`).
        context.facts.page_cap = PageCap(rows=came, asked=walk.size, exchange=exchange)
    return True


def _ends_walk(context: CheckContext, walk: _Walk, page: int, exchange: Exchange, any_fresh: bool) -> bool:
    """Whether a page is the last one of a walk, and then whether all rows have come; else the next step is set."""
    paging, came = context.listing.paging, walk.last
    if walk.cut:
        walk.complete = False
    elif paging.is_single_page:
        # As many rows as may come at most: there may be more, and nothing leads to them.
        walk.complete = default_limit(context.listing) is None or came != walk.size
    elif not any_fresh:
        walk.complete = came == 0
    elif len(walk.found) >= walk.rows_at_most:
        walk.complete = walk.meets_total
        walk.cut = not walk.complete
    elif (following := next_page_values(paging, page, len(walk.found), exchange, context)) is None:
        walk.complete = True
    elif (token := str(following)) in walk.tokens:
        walk.note_repeat(exchange)
    elif walk.meets_total and came != walk.size and came % ROUND_NUMBER and not isinstance(paging, CursorPaging):
        # A total below what has come is wrong: it ends nothing. One that is reached with a page as long as pages may
        # be can count that page, or be capped there.
        walk.complete = True
    else:
        walk.tokens.add(token)
        walk.step = following
        return False
    return True


def _started_apart(context: CheckContext, one: Row, other: Row) -> bool:
    """Whether two rows show beginnings more than a second apart: more than rounding explains."""
    return any(
        abs(first - second) > timedelta(seconds=1)
        for name in context.fields_showing("started_at")
        if (first := one.instant(name)) is not None and (second := other.instant(name)) is not None
    )


def _may_be_past_end(paging: Paging, exchange: Exchange) -> bool:
    """Whether an error may be the API's way to say that a page lies beyond the last one."""
    if not isinstance(paging, PageNumberPaging) or exchange.outcome != "error":
        return False
    return "refused" in options_of(paging.past_the_end)


def _learn_page_cap(context: CheckContext, came: int) -> None:
    """A page shorter than it was asked to be, with more rows after it, shows the server's own limit."""
    paging = context.listing.paging
    if isinstance(paging, PageNumberPaging) and isinstance(paging.cap, OpenChoice) and not paging.cap.options:
        context.dialect.fix_answer(paging.cap.id, came, "reading the list")


def _learn_fixed_size(context: CheckContext, came: int, exchange: Exchange) -> None:
    """A page with more rows after it shows how many a page has where nobody can choose it."""
    paging = context.listing.paging
    if not isinstance(paging, PageNumberPaging | CursorPaging) or paging.size is not None:
        return
    size = paging.default_size
    if isinstance(size, OpenChoice) and not context.dialect.candidates_of(size.id):
        context.dialect.fix_answer(size.id, came, "reading the list")
    elif isinstance(size, int) and came < size:
        context.facts.page_cap = PageCap(rows=came, asked=size, exchange=exchange)


def next_page_values(
    paging: Paging, page: int, seen: int, exchange: Exchange, context: CheckContext
) -> dict[str, Tree] | None:
    """The place of the page after this one, which is number `page` of a walk that saw so many rows; None: no such."""
    match paging:
        case PageNumberPaging():
            return {paging.page: context.encode(paging.page, first_page_number(context, paging) + page + 1)}
        case OffsetPaging():
            most = context.listing.parameters[paging.offset].most
            place = seen + paging.first
            return (
                None if most is not None and place > most else {paging.offset: context.encode(paging.offset, place)}
            )
        case CursorPaging():
            return {paging.after: exchange.next_cursor} if exchange.next_cursor else None
        case LimitPaging() | NoPaging():
            return None


def parse_row_count(raw: object) -> int | None:
    """A number of rows as an answer tells it (XML tells it as text)."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return raw
    if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) < 20:
        return int(raw)
    return None


# --- windows ------------------------------------------------------------------------------------------------


def candidate_windows(context: CheckContext, now: datetime) -> Iterator[dict[str, Tree]]:
    """The time windows to try: days, a month, a year, ten years, or one by one back in time where none may be longer;
    or the one that the user gave.
    """
    lower, upper, _ = time_range_filters(context)
    given = context.options.window
    spans: list[tuple[datetime, datetime]]
    if given is not None:
        spans = [given]
    else:
        ahead = now + context.facts.window_ahead
        spans = [(now - timedelta(days=days), ahead) for days in WINDOW_DAYS]
        longest = longest_range(context)
        if longest is not None:
            spans = [(first, last) for first, last in spans if last - first < longest]
            # Well below half of it: a server that takes less than it should is still read.
            length, latest = longest * 2 / 5, now + min(context.facts.window_ahead, longest / 8)
            spans += [(latest - (back + 1) * length, latest - back * length) for back in range(LIMITED_WINDOWS)]
    for first, last in spans:
        window: dict[str, Tree] = standing_values(context)
        if lower is not None:
            window[lower] = context.encode(lower, first.astimezone(UTC).replace(microsecond=0))
        if upper is not None:
            window[upper] = context.encode(upper, last.astimezone(UTC).replace(microsecond=0))
        yield window


def read_mirror(context: CheckContext, mirror: Mirror, *, now: datetime) -> None:
    """Fills the mirror: finds a time window with rows where one is required, and narrows a list that is too long."""
    base: Mapping[str, Tree] = {**standing_values(context), **mirror.base}
    first: Snapshot | None = None
    limited = longest_range(context) is not None
    if requires_time_range(context) or context.options.window is not None:
        for window in candidate_windows(context, now):
            found = walk_pages(
                context, window, purpose="look for a time range that holds calls", rows_at_most=MIRROR_ROWS_WANTED
            )
            fuller = first is None or first.failed_exchange is not None or len(found.rows) > len(first.rows)
            if first is None or (found.failed_exchange is None and (fuller or not limited)):
                first, base = found, window
            # As many as a filter needs to be judged (single_filter.DISCRIMINATING_ROWS).
            if len(first.rows) >= 60:
                break
    else:
        first = walk_pages(context, base, purpose="read the list", rows_at_most=MIRROR_ROWS_WANTED)
    mirror.widest_snapshot, mirror.read_twice = first, False
    long = first is not None and len(first.rows) > MIRROR_ROWS_WANTED + MIRROR_ROWS_WANTED // 2
    if first is not None and first.failed_exchange is None and (long or not first.complete):
        narrowed, part = _narrow_window(context, first), None
        if narrowed is not None:
            part = walk_pages(context, narrowed, purpose="read the part of the list that is checked")
        if narrowed is not None and part is not None and part.failed_exchange is None and part.rows:
            # A range that is refused, or that loses every row, is no ground to stand on.
            base, mirror.read_twice, first = narrowed, _shows_again(part, first), part
        elif first.stopped_early:
            # Nothing narrows it: as much of it as every later reading takes.
            first = walk_pages(context, base, purpose="read more of the list")
    mirror.base = base
    mirror.before = mirror.after = first
    mirror.first = mirror.first or first
    mirror.clear_caches()


def _shows_again(part: Snapshot, whole: Snapshot) -> bool:
    """Whether a walk over a part of the list shows it just as the walk over more of it did."""
    places = {key: place for place, key in enumerate(whole.by_key)}
    start = places.get(part.rows[0].key, 0)
    return [row.raw for row in whole.rows[start : start + len(part.rows)]] == [row.raw for row in part.rows]


def _narrow_window(context: CheckContext, first: Snapshot) -> dict[str, Tree] | None:
    """A window that holds about as many rows as are wanted, or None when no filter can make one."""
    lower, upper, path = time_range_filters(context)
    if path is None or lower is None:
        return None
    times = instants_of(first.rows, path)
    if len(times) < 2:
        return None
    newest_first = times[:50] == sorted(times[:50], reverse=True)
    edge = times[:MIRROR_ROWS_WANTED][-1]
    if not newest_first and times[:50] != sorted(times[:50]):
        # In no order of time at all: the later half of what was seen.
        newest_first, edge = True, sorted(times)[len(times) // 2]
    # Whole seconds, which every server can read.
    edge, latest, earliest = (instant.replace(microsecond=0) for instant in (edge, max(times), min(times)))
    second = timedelta(seconds=1)
    window: dict[str, Tree] = dict(first.base)
    # The second at the edge of the window may be cut in two by the page's end: it is left out.
    if newest_first:
        window[lower] = context.encode(lower, edge + second)
        if window[lower] == context.encode(lower, earliest):
            # A day or a minute that holds all that was seen narrows nothing.
            return None
        if upper is not None:
            beyond = timedelta(days=1) if context.listing.parameters[upper].as_ == "calendar-day" else second
            window[upper] = context.encode(upper, latest + beyond)
    elif upper is not None:
        window[upper] = context.encode(upper, edge - second)
        # Some take the two ends only together (`OneDateAloneIsIgnoredOfMany`).
        window.setdefault(lower, context.encode(lower, earliest))
    elif first.complete:
        window[lower] = context.encode(lower, sorted(times)[-min(MIRROR_ROWS_WANTED, len(times))] + second)
    else:
        start = _late_row_time(context, first, path) or min(times)
        window[lower] = context.encode(lower, start + second)
    return window


def _late_row_time(context: CheckContext, first: Snapshot, path: str) -> datetime | None:
    """The time of a row near the end of a list in ascending order, or None; costs one request."""
    paging = context.listing.paging
    if first.total is None or not isinstance(paging, PageNumberPaging | OffsetPaging):
        return None
    total = first.total
    if isinstance(paging, PageNumberPaging):
        # A size below any bound of the server's own: a cut page would stand at another place (`capped_at_10`).
        size = min((20, *_known_page_caps(context)))
        where = {
            paging.page: context.encode(
                paging.page, max(0, (total - MIRROR_ROWS_WANTED) // size) + first_page_number(context, paging)
            )
        }
    else:
        size = 1
        most = context.listing.parameters[paging.offset].most
        skip = max(0, total - MIRROR_ROWS_WANTED) + paging.first
        where = {paging.offset: context.encode(paging.offset, min(skip, most) if most is not None else skip)}
    if paging.size is not None:
        where[paging.size] = context.encode(paging.size, size)
    exchange = context.send(
        ListRequest(values={**first.base, **where}),
        "look for the end of the list",
    )
    return next(iter(instants_of(exchange.listed, path)), None)


def _known_page_caps(context: CheckContext) -> list[int]:
    """The limits on page sizes that this server has shown."""
    paging = context.listing.paging
    shown = context.dialect.known_answers(paging.cap) if isinstance(paging, PageNumberPaging) else ()
    cap = server_page_limit(context)
    return [size for size in (*shown, cap) if isinstance(size, int) and size > 0]


def server_page_limit(context: CheckContext) -> int | None:
    """The server's own limit of rows on a page, where that is less than a request may ask for."""
    cap = context.facts.page_cap
    return cap.rows if cap is not None else None


def reread_in_smaller_pages(context: CheckContext, mirror: Mirror) -> None:
    """Reads the list in smaller pages: pages that repeat or lose rows tear the mirror.

    Seen of a server over MariaDB (docs/real-servers.md): a walk of pages of 7 rows met 398 of 400 rows.

    Rows that only one of the two walks met belong to the list all the same.
    """
    first = mirror.after
    size_name, largest = largest_page_size(context)
    if first is None or size_name is None or largest is None or first.failed_exchange is not None:
        return
    if context.listing.paging.is_single_page:
        # No page follows: a smaller limit shows fewer rows, and nothing is torn by that.
        return
    if first.total is not None and first.complete and first.total == len(first.rows) <= largest:
        # One page held everything that the total promises.
        return
    smaller = max(2, min(largest - 1, -(-len(first.rows) // 3) + 1, (largest * 3) // 5))
    second = walk_pages(context, mirror.base, purpose="read the list in smaller pages", size=smaller)
    same = second.by_key.keys() == first.by_key.keys()
    if second.failed_exchange is not None or (second.complete and same):
        return
    if first.stopped_early or second.stopped_early:
        return
    if not second.complete and not first.complete:
        mirror.tear_reason = "a walk over the pages does not reach the end"
    elif not same:
        # Movement or a tear: the first walk once more tells which.
        third = walk_pages(context, mirror.base, purpose="read the list again")
        if third.by_key.keys() == first.by_key.keys():
            few, many = sorted((len(first.rows), len(second.rows)))
            mirror.tear_reason = f"walks with pages of different sizes meet {few} and {many} rows"
        else:
            mirror.volatile = True
    merged = {**second.by_key, **first.by_key}
    union = Snapshot(
        base=first.base,
        rows=tuple(merged.values()),
        complete=first.complete,
        total=first.total,
        by_key=merged,
        repeated_pages=(*first.repeated_pages, *second.repeated_pages),
        shared_identities=(*first.shared_identities, *second.shared_identities),
    )
    mirror.before = mirror.after = union
    mirror.clear_caches()


def reread_mirror(context: CheckContext, mirror: Mirror) -> None:
    """Reads the list again: what was `after` becomes `before`, and movement is noticed."""
    if mirror.tear_reason:
        return
    latest = walk_pages(context, mirror.base, purpose="read the list again")
    if latest.failed_exchange is not None or mirror.after is None:
        return
    # Another order of the same rows is no movement: it is judged as what it is.
    same = set(latest.by_key) == set(mirror.after.by_key)
    changed = {name for row in latest.rows for name in _changed_fields(mirror.after.by_key.get(row.key), row)}
    if same and not changed:
        mirror.before = mirror.after
        return
    mirror.volatile = mirror.volatile or not same
    mirror.moving_fields |= changed
    mirror.before, mirror.after = mirror.after, latest
    mirror.clear_caches()


def _changed_fields(before: Row | None, after: Row) -> set[str]:
    """The fields of a row that show something else than before."""
    if (
        before is None
        or before.raw == after.raw
        or not isinstance(before.raw, dict)
        or not isinstance(after.raw, dict)
    ):
        return set()
    return {name for name in before.raw.keys() | after.raw.keys() if before.raw.get(name) != after.raw.get(name)}
