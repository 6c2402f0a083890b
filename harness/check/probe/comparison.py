"""Comparison of an answer with what the oracle expects, aspect by aspect; the first difference counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from harness.check.context import CheckContext, Exchange, Row
from harness.check.oracle.interpreter import ExpectedAnswer, sort_key
from harness.check.probe.mirror import Mirror, parse_row_count
from harness.check.probe.stability import all_recent
from harness.specification.model import Clauses, OpenChoice, PageNumberPaging, all_clauses
from harness.wire.response_codec import count_in
from harness.wire.row_codec import row_values_at

Aspect = Literal["unreadable", "outcome", "count", "unique", "rows", "size", "short", "order", "slice", "total"]


ASPECTS: Final[tuple[Aspect, ...]] = (
    "unreadable",
    "outcome",
    "count",
    "unique",
    "rows",
    "size",
    "short",
    "order",
    "slice",
    "total",
)


# A moving list has surely ended so many rows after twice the rows that were read.
FAR_BEYOND: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """The first aspect in which an answer differs from what is due."""

    aspect: Aspect
    expected: str
    actual: str
    rows: tuple[Row, ...] = ()
    reverse: bool = False
    nothing_due: bool = False
    kind: str = ""
    by_page: bool = False
    """A total that counts the page, or all rows whatever was asked for."""
    unlisted: bool = False
    """The rows are right by what they show, but the whole list does not hold them."""
    shapeless: bool = False
    """There are no rows at all, not even none."""
    elsewhere: bool = False
    """What was asked for is not at fault."""
    elsewhere_on_the_list: bool = False
    """A later page with rows that stand neither in its place nor on the first page."""
    more: bool = False
    """A total above the number of rows that are known."""

    @property
    def rank(self) -> int:
        """The place of the aspect in the order in which aspects are judged."""
        return ASPECTS.index(self.aspect)


def compare_answer(
    context: CheckContext,
    mirror: Mirror,
    meaning: ExpectedAnswer,
    exchange: Exchange,
    only: Sequence[Aspect] = ASPECTS,
) -> Mismatch | None:
    """The first aspect in which an answer differs from what is expected, or None."""
    answer = exchange.answer
    assert answer is not None
    if meaning.unspecified:
        return None
    if meaning.error_name is not None:
        if answer.outcome == "error" or (answer.outcome == "unreadable" and answer.http_status >= 400):
            # An error page of another shape still refuses; its shape is judged by itself.
            return None
        came = "an answer that cannot be read" if answer.outcome == "unreadable" else "a success"
        held = f" with {len(exchange.rows)} rows" if exchange.rows is not None else ""
        return Mismatch(aspect="outcome", expected=f"an error ({meaning.error_name})", actual=came + held)
    if answer.outcome == "unreadable":
        return Mismatch(aspect="unreadable", expected="an answer that can be read", actual=_first_problem(exchange))
    if answer.outcome == "error" and (
        _is_unknown_value_error(context, mirror, meaning, exchange)
        or _is_past_end_error(context, mirror, meaning, exchange)
    ):
        return None
    if answer.outcome == "error":
        error_text = f"the error {answer.code!r}" + (
            f" ({answer.message!r})" if isinstance(answer.message, str) else ""
        )
        return Mismatch(aspect="outcome", expected="a success", actual=error_text)
    if meaning.count_only:
        return _compare_count(context, mirror, meaning, exchange)
    if exchange.rows is None:
        return Mismatch(aspect="rows", expected="rows", actual="no rows in the answer", shapeless=True)
    for aspect, check in (
        ("unique", _compare_uniqueness),
        ("rows", _compare_rows),
        ("size", _compare_page_size),
        ("order", _compare_order),
        ("slice", _compare_slice),
        ("total", _compare_total),
    ):
        if aspect in only or aspect == "rows":
            found = check(context, mirror, meaning, exchange)
            if found is not None and (found.aspect in only):
                return found
    return None


def _is_unknown_value_error(
    context: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange
) -> bool:
    """Whether an error is legitimate because a value names nothing that the server knows."""
    for name, raw in exchange.list_request.values.items():
        filter_ = context.listing.filters.get(name)
        if filter_ is None or filter_.stranger == "nothing" or not any(tested == name for tested, _ in meaning.tests):
            continue
        shown = {
            str(value) for row in mirror.rows for path in filter_.compares for value in row_values_at(row.shown, path)
        }
        separator = context.listing.parameters[name].separated_by
        named = raw if isinstance(raw, list) else str(raw).split(separator)
        if all(str(item).strip() in shown for item in named):
            continue
        if isinstance(filter_.stranger, OpenChoice):
            left = context.dialect.candidates_of(filter_.stranger.id) or filter_.stranger.options
            if "refused" not in left:
                continue
            context.dialect.fix_answer(filter_.stranger.id, "refused", exchange.purpose)
        return True
    return False


def _is_past_end_error(context: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange) -> bool:
    """Whether an error is legitimate because the page lies beyond the last one."""
    paging = context.listing.paging
    if not isinstance(paging, PageNumberPaging) or meaning.start == 0:
        return False
    sure, _ = matching_rows(mirror, meaning)
    choice = paging.past_the_end
    left = (
        (context.dialect.candidates_of(choice.id) or choice.options) if isinstance(choice, OpenChoice) else (choice,)
    )
    if len(sure) > meaning.start or "refused" not in left:
        return False
    if not mirror.complete and meaning.start <= 2 * len(mirror.rows) + FAR_BEYOND:
        # Of what a filter keeps nothing is known there; the list itself is known to go on.
        return bool(meaning.tests)
    if isinstance(choice, OpenChoice):
        context.dialect.fix_answer(choice.id, "refused", exchange.purpose)
    return True


def _first_problem(exchange: Exchange) -> str:
    assert exchange.answer is not None
    problems = exchange.answer.problems
    return f"{problems[0].code}: {problems[0].text}" if problems else "a body of another shape"


def merged_row_values(mirror: Mirror, row: Row) -> Mapping[str, Any]:
    """What is known of a row: what it shows itself, and what the mirror's fuller copy shows."""
    known = mirror.row_with_key(row.key)
    return (
        {**known.shown, **{k: v for k, v in row.shown.items() if v is not None or k not in known.shown}}
        if known
        else row.shown
    )


def matching_rows(mirror: Mirror, meaning: ExpectedAnswer) -> tuple[list[Row], list[Row]]:
    """Rows of the mirror that surely match, and rows that may match (hidden attributes, moving data)."""
    if meaning.no_rows:
        return [], []
    known = mirror.match_cache.get(id(meaning))
    if known is not None and known[0] is meaning:
        return known[1], known[2]
    if len(mirror.match_cache) > 64:
        mirror.match_cache.clear()
    sure: list[Row] = []
    may: list[Row] = []
    for row in mirror.rows:
        matches = meaning.keeps_row(row.shown)
        if row.flaws and is_doubtful_match(meaning, row):
            may.append(row)
        elif matches is True and mirror.is_steady(row):
            sure.append(row)
        elif matches is not False:
            may.append(row)
    mirror.match_cache[id(meaning)] = (meaning, sure, may)
    return sure, may


def is_doubtful_match(meaning: ExpectedAnswer, row: Row) -> bool:
    """Whether a row shows a compared field otherwise than documented: what it means there, nobody knows."""
    return any(
        flaw.field in meaning.compared_paths
        and (flaw.kind != "form" or not any(row_values_at(row.shown, flaw.field)))
        for flaw in row.flaws
    )


def _compare_rows(
    context: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange
) -> Mismatch | None:
    rows = exchange.rows or ()
    if meaning.no_rows and rows:
        return Mismatch(aspect="rows", expected="no rows", actual=f"{len(rows)} rows", rows=tuple(rows))
    # While data moves the mirror's copy of a row may be out of date: then only what came itself counts.
    stray = [
        row
        for row in rows
        if meaning.keeps_row(row.shown if mirror.volatile else merged_row_values(mirror, row)) is False
        and not is_doubtful_match(meaning, row)
    ]
    if stray:
        names = ", ".join(name for name, _ in meaning.tests)
        return Mismatch(
            aspect="rows",
            expected=f"only rows that satisfy {names}",
            actual=f"{len(stray)} of {len(rows)} rows do not",
            kind="stray",
            rows=tuple(stray),
        )
    if mirror.complete and not mirror.volatile and mirror.after is not None:
        unknown = [row for row in rows if row.key not in mirror.after.by_key and not all_recent(context, (row,))]
        if unknown:
            return Mismatch(
                aspect="rows",
                expected="rows that the list without this request's parameters holds too",
                actual=f"{len(unknown)} rows that it does not hold",
                kind="unknown",
                rows=tuple(unknown),
                unlisted=bool(meaning.tests) and all(meaning.keeps_row(row.shown) is True for row in unknown),
            )
    return None


def _compare_page_size(
    context: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange
) -> Mismatch | None:
    rows = exchange.rows or ()
    paging = context.listing.paging
    if meaning.size is not None and len(rows) > meaning.size:
        return Mismatch(aspect="size", expected=f"at most {meaning.size} rows", actual=f"{len(rows)} rows")
    if not mirror.complete or mirror.volatile or meaning.by_cursor:
        return None
    sure, may = matching_rows(mirror, meaning)
    if may:
        return None
    due = (
        len(sure[meaning.start :])
        if meaning.size is None
        else len(sure[meaning.start : meaning.start + meaning.size])
    )
    if len(rows) < due:
        if _is_known_page_cap(context, meaning, len(rows)):
            return None
        if (
            isinstance(paging, PageNumberPaging)
            and meaning.start == 0
            and rows
            and _shows_own_bound(context, meaning, exchange, len(sure))
        ):
            return None
        if (
            rows
            and not _has_extra_filter(context, mirror, exchange)
            and ((meaning.size is not None and len(sure) > meaning.size) or meaning.start)
        ):
            return Mismatch(aspect="short", expected=f"{due} rows on this page", actual=f"{len(rows)} rows")
        shown = {row.key for row in rows}
        missing = [row for row in sure if row.key not in shown]
        return Mismatch(
            aspect="rows",
            expected=f"{due} rows",
            actual=f"{len(rows)} rows; {len(missing)} that match are missing",
            kind="missing",
            rows=tuple(missing),
        )
    if len(rows) > due:
        return Mismatch(aspect="slice", expected=f"{due} rows on this page", actual=f"{len(rows)} rows")
    return None


def _is_known_page_cap(context: CheckContext, meaning: ExpectedAnswer, came: int) -> bool:
    """Whether a short page is as short as the server's pages were found to be: at a bound, or by so many rows."""
    page_cap = context.settings.get("page-cap")
    if page_cap is None or not came:
        return False
    cap, asked, _ = page_cap
    return bool(came == cap or (meaning.size is not None and meaning.size - came == asked - cap))


def _has_extra_filter(context: CheckContext, mirror: Mirror, exchange: Exchange) -> bool:
    """Whether the request asks for a filter beyond the run's own window."""
    values = exchange.list_request.values
    return any(name in values and values[name] != mirror.base.get(name) for name in context.listing.filters)


def _shows_own_bound(context: CheckContext, meaning: ExpectedAnswer, exchange: Exchange, matches: int) -> bool:
    """Whether a short page shows the server's own bound: its default page size, or its limit on any page."""
    paging = context.listing.paging
    assert isinstance(paging, PageNumberPaging)
    assert exchange.answer is not None
    came = len(exchange.rows or ())
    total = parse_row_count(exchange.answer.total)
    known = all_clauses(context.listing.total.clauses) if context.listing.total else ()
    if total is not None and total != matches and not context.results.first_failed(known):
        return False
    choice = paging.default_size if meaning.size_given is None else paging.cap
    if not isinstance(choice, OpenChoice) or choice.options:
        return False
    if (
        meaning.size_given is not None
        and came < context.longest_page
        and not context.dialect.candidates_of(choice.id)
    ):
        # Other pages held more: what is missing here is missing.
        return False
    filtered = any(name in context.listing.filters for name in exchange.list_request.values)
    if total is None and filtered and not context.dialect.candidates_of(choice.id):
        # Without a total a short page of a filter may as well be the filter's doing.
        return False
    if context.dialect.candidates_of(choice.id):
        return bool(came == context.dialect.candidates_of(choice.id)[0])
    context.dialect.fix_answer(choice.id, came, exchange.purpose)
    return True


def _compare_uniqueness(
    context: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange
) -> Mismatch | None:
    keys = exchange.keys
    if len(set(keys)) == len(keys):
        return None
    twice = [row for row in exchange.rows or () if keys.count(row.key) > 1]
    return Mismatch(aspect="unique", expected="each row once", actual="the same row twice", rows=tuple(twice[:4]))


def _compare_order(
    context: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange
) -> Mismatch | None:
    if meaning.sort is None or meaning.sort[0].hidden:
        return None
    path, descends = meaning.sort
    rows = [row for row in exchange.rows or () if row_values_at(row.shown, path)]
    keys = [sort_key(row_values_at(row.shown, path)[0], meaning.collation) for row in rows]
    for index in range(1, len(keys)):
        first, second = keys[index - 1], keys[index]
        if (first < second) if descends else (first > second):
            way = "descending" if descends else "ascending"
            return Mismatch(
                aspect="order",
                expected=f"rows {way} by {path}",
                actual=f"row {index} and row {index + 1} stand the other way round",
                rows=(rows[index - 1], rows[index]),
                reverse=keys == sorted(keys, reverse=not descends),
            )
    return None


def _compare_slice(
    context: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange
) -> Mismatch | None:
    rows = exchange.rows or ()
    if not mirror.complete or mirror.volatile or meaning.by_cursor or meaning.sort is None or not rows:
        return None
    path, descends = meaning.sort
    if path.hidden or context.results.first_failed(_order_clauses(context)):
        return None
    sure, may = matching_rows(mirror, meaning)
    if may or any(not row_values_at(row.shown, path) for row in sure):
        return None

    def place_of(row: Row) -> tuple[Any, ...]:
        return sort_key((row_values_at(row.shown, path) or (None,))[0], meaning.collation)

    due = sorted((place_of(row) for row in sure), reverse=descends)
    stop = len(due) if meaning.size is None else meaning.start + meaning.size
    wanted = due[meaning.start : stop][: len(rows)]
    came = [place_of(row) for row in rows]
    if wanted != came:
        where = next((i for i, pair in enumerate(zip(wanted, came, strict=False)) if pair[0] != pair[1]), 0)
        begin = due[: len(rows)]
        return Mismatch(
            elsewhere_on_the_list=meaning.start > 0 and came != begin,
            # Where a filter is asked for and the pages are sound, other rows mean that the filter is not.
            aspect="rows" if _has_extra_filter(context, mirror, exchange) and meaning.start == 0 else "slice",
            expected=f"rows {meaning.start + 1} to {meaning.start + len(wanted)} of the sorted list",
            actual=f"other rows, from place {where + 1} of the page on",
            rows=tuple(rows[where : where + 3]),
        )
    return None


def _order_clauses(context: CheckContext) -> Clauses:
    order = context.listing.order
    if order is None:
        return ()
    words = order.sort.clauses.words if order.sort else ()
    return (*order.clause, *order.descending_default_clause, *order.descending_clause, *words)


def _compare_total(
    context: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange
) -> Mismatch | None:
    listing = context.listing
    if listing.total is None or not meaning.total_shown or exchange.answer is None:
        return None
    total = parse_row_count(exchange.answer.total)
    if total is None or not mirror.complete or context.results.first_failed(listing.lists.clauses.unique):
        # Rows that come twice may be counted twice.
        return None
    sure, may = matching_rows(mirror, meaning)
    low, high = len(sure), len(sure) + len(may)
    if mirror.volatile:
        # A list that grows while it is read lacks rows: a history may get ten a second
        # (`history_grows_10_a_second_newest_first`), and a run reads it for seconds.
        high += 10 + len(mirror.rows) // 2
        low = max(0, low - 10 - len(mirror.rows) // 2)
    if low <= total <= high:
        return None
    due = str(low) if low == high else f"{low} to {high}"
    came = len(exchange.rows or ())
    by_page = total != high and (total == came or total == len(mirror.rows))
    return Mismatch(
        aspect="total",
        expected=f"a total of {due}",
        actual=f"a total of {total}",
        by_page=by_page,
        more=total > high,
    )


def _compare_count(
    context: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange
) -> Mismatch | None:
    assert exchange.answer is not None
    assert context.listing.count_only is not None
    counted = count_in(exchange.answer)
    if counted is None:
        held = f"{len(exchange.rows)} rows" if exchange.rows is not None else "something else"
        return Mismatch(aspect="count", expected="a number in place of the rows", actual=held)
    count, shape = counted
    choice = context.listing.count_only.shape
    if isinstance(choice, OpenChoice):
        if context.dialect.candidates_of(choice.id) and shape not in context.dialect.candidates_of(choice.id):
            return Mismatch(aspect="count", expected="the same form of number as before", actual=f"a {shape}")
        context.dialect.fix_answer(choice.id, shape, exchange.purpose)
    if not mirror.complete:
        return None
    sure, may = matching_rows(mirror, meaning)
    low, high = len(sure), len(sure) + len(may)
    if mirror.volatile:
        low, high = max(0, low - 10 - len(mirror.rows) // 2), high + 10 + len(mirror.rows) // 2
    if low <= count <= high:
        return None
    return Mismatch(
        aspect="count", expected=f"the number {low}" + (f" to {high}" if high > low else ""), actual=str(count)
    )
