"""Comparison of an answer with what the oracle expects: each aspect for itself, as far as it can be judged.

An aspect that differs ends the judgement of no other one. What cannot be judged without another aspect (which slice a
page is, where other rows came than are due) is left open.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, final

from harness.check.context import CheckContext, Exchange, Row, values_of
from harness.check.oracle.interpreter import ExpectedAnswer
from harness.check.probe.differences import ASPECTS, Aspect, Difference
from harness.check.probe.mirror import Mirror, parse_row_count
from harness.check.probe.row_matches import (
    _sights,
    is_doubtful_match,
    is_none_otherwise,
    matching_rows,
    merged_row_values,
)
from harness.check.probe.stability import all_recent
from harness.check.results.row_numbers import rows_in_words
from harness.specification.model import Include, OpenChoice, PageNumberPaging
from harness.wire.http_messages import HttpResponse, NoResponse
from harness.wire.json_body import MISSING
from harness.wire.response_codec import count_in

# A moving list has surely ended so many rows after twice the rows that were read.
FAR_BEYOND: Final = 200

# Rows may come and go between two readings without a trace; a history may get ten a second
# (`history_grows_10_a_second_newest_first`).
# Of the rows that come or go between two readings so few are in neither of them: calls last longer than a reading.
_UNSEEN_SHARE: Final = 4


@final
@dataclass(frozen=True, slots=True)
class _Reading:
    """An answer that is held against one meaning of its request."""

    context: CheckContext
    mirror: Mirror
    meaning: ExpectedAnswer
    exchange: Exchange


def compare_answer(
    context: CheckContext,
    mirror: Mirror,
    meaning: ExpectedAnswer,
    exchange: Exchange,
    only: Sequence[Aspect] = ASPECTS,
) -> tuple[Difference, ...]:
    """All differences of an answer from what is expected, in the order of their aspects; none when it is right."""
    found = [one for one in _differences(_Reading(context, mirror, meaning, exchange)) if one.aspect in only]
    return tuple(sorted(found, key=lambda one: one.rank))


def _differences(read: _Reading) -> Iterator[Difference]:
    mirror, meaning, exchange = read.mirror, read.meaning, read.exchange
    answer = exchange.answer
    if meaning.unspecified:
        return
    if (failure := server_failure(exchange)) is not None:
        if meaning.error_name is None:
            yield Difference(
                aspect="outcome", kind="broken-down", expected="a success", actual=failure, about="server"
            )
        return
    assert answer is not None
    if meaning.error_name is not None:
        if exchange.is_refusal:
            # An error page of another shape still refuses; its shape is judged by itself.
            return
        came = "an answer that cannot be read" if answer.outcome == "unreadable" else "a success"
        held = f" with {rows_in_words(len(exchange.rows))}" if exchange.rows is not None else ""
        yield Difference(
            aspect="outcome",
            kind="accepted",
            expected=f"an error ({meaning.error_name})",
            actual=came + held,
            about=f"{meaning.error_name} {meaning.parameter}",
        )
        return
    if answer.outcome == "unreadable":
        actual = _first_problem(exchange)
        yield Difference(aspect="unreadable", kind="unreadable", expected="an answer that can be read", actual=actual)
        return
    if answer.outcome == "error":
        if not (_is_unknown_value_error(read) or _is_past_end_error(read)):
            told = f" ({answer.message!r})" if isinstance(answer.message, str) else ""
            yield Difference(
                aspect="outcome",
                kind="refused",
                expected="a success",
                actual=exchange.told_error + (told if answer.code is not MISSING else ""),
                nothing_due=_is_no_row_due(mirror, meaning),
            )
        return
    if meaning.count_only:
        yield from _compare_count(read)
        return
    if exchange.rows is None:
        due = _is_no_row_due(mirror, meaning)
        yield Difference(
            aspect="rows", kind="no-rows", expected="rows", actual="no rows in the answer", nothing_due=due
        )
        return
    yield from _compare_row_list(read)


def server_failure(exchange: Exchange) -> str | None:
    """How the server failed instead of answering, or None: HTTP 5xx with no error of the API, a lost connection.

    A time-out is no failure, and neither is an answer whose framing is malformed: that is judged by itself.
    """
    response = exchange.response
    if isinstance(response, NoResponse):
        return f"no answer: {response.reason}" if response.reason in ("reset", "truncated") else None
    assert isinstance(response, HttpResponse)
    if response.http_status >= 500 and exchange.code is MISSING:
        return f"HTTP {response.http_status}"
    return None


def _compare_row_list(read: _Reading) -> Iterator[Difference]:
    exchange = read.exchange
    repeated = list(_compare_uniqueness(exchange))
    yield from repeated
    wrong = list(_compare_rows(read))
    yield from wrong
    counts = list(_compare_page_size(read, repeated, wrong))
    yield from counts
    unsorted = list(_compare_order(read))
    yield from unsorted
    rows_are_due = not repeated and not wrong and not any(one.kind in ("missing", "surplus") for one in counts)
    if rows_are_due and not unsorted:
        yield from _compare_slice(read)
    yield from _compare_total(read, rows_are_due=rows_are_due, page_is_full=not counts)
    yield from _compare_parts(read)


def _is_no_row_due(mirror: Mirror, meaning: ExpectedAnswer) -> bool:
    """Whether it is known that no row matches what was asked for, whatever page of it."""
    if meaning.error_name or meaning.unspecified or meaning.count_only or not mirror.complete or mirror.volatile:
        return False
    sure, may = matching_rows(mirror, meaning)
    return not may and not sure


def _is_unknown_value_error(read: _Reading) -> bool:
    """Whether an error is legitimate because a value names nothing that the server knows."""
    context, mirror, meaning, exchange = read.context, read.mirror, read.meaning, read.exchange
    for name, raw in exchange.list_request.values.items():
        filter_ = context.listing.filters.get(name)
        if filter_ is None or not any(tested == name for tested, _ in meaning.tests):
            continue
        shown = set(map(str, values_of(mirror.rows, *filter_.compares)))
        separator = context.listing.parameters[name].separated_by
        named = raw if isinstance(raw, list) else str(raw).split(separator)
        known = all(str(item).strip() in shown for item in named)
        if not known and "refused" in context.dialect.possible_answers(filter_.stranger):
            context.dialect.learn_answer(filter_.stranger, "refused", exchange.purpose)
            return True
    return False


def _is_past_end_error(read: _Reading) -> bool:
    """Whether an error is legitimate because the page lies beyond the last one."""
    context, mirror, meaning, exchange = read.context, read.mirror, read.meaning, read.exchange
    paging = context.listing.paging
    if not isinstance(paging, PageNumberPaging) or meaning.start == 0:
        return False
    sure, _ = matching_rows(mirror, meaning)
    if len(sure) > meaning.start or "refused" not in context.dialect.possible_answers(paging.past_the_end):
        return False
    if not mirror.complete and meaning.start <= 2 * len(mirror.rows) + FAR_BEYOND:
        # Of what a filter keeps nothing is known there; the list itself is known to go on.
        return bool(meaning.tests)
    context.dialect.learn_answer(paging.past_the_end, "refused", exchange.purpose)
    return True


def _first_problem(exchange: Exchange) -> str:
    assert exchange.answer is not None
    problems = exchange.answer.problems
    return f"{problems[0].code}: {problems[0].text}" if problems else "a body of another shape"


def _hides_values(context: CheckContext, mirror: Mirror, name: str, strays: Sequence[Row]) -> bool:
    """Whether a filter finds, of rows that it should not, only such as say otherwise than documented: no value.

    Then the rows may as well have the value and not show it: from here on that is open.
    """
    paths = [path for path in context.listing.filters[name].compares if not path.hidden]
    for row in strays:
        if not any(is_none_otherwise(one, path) for path in paths for one in _sights(mirror, row)):
            return False
    mirror.hidden_values.update(paths)
    mirror.match_cache.clear()
    return True


def _compare_uniqueness(exchange: Exchange) -> Iterator[Difference]:
    keys = exchange.keys
    if len(set(keys)) < len(keys):
        twice = tuple(row for row in exchange.listed if keys.count(row.key) > 1)
        yield Difference(
            aspect="unique", kind="repeated", expected="each row once", actual="the same row twice", rows=twice[:4]
        )


def _compare_rows(read: _Reading) -> Iterator[Difference]:
    """Rows that should not be there: a difference for each filter that excludes some, and rows of nowhere."""
    meaning, exchange = read.meaning, read.exchange
    rows = exchange.listed
    if meaning.no_rows:
        if rows:
            actual = rows_in_words(len(rows))
            yield Difference(
                aspect="rows", kind="not-empty", expected="no rows", actual=actual, rows=rows, nothing_due=True
            )
        return
    strays: set[int] = set()
    for stray in _excluded_rows(read):
        strays |= {id(row) for row in stray.rows}
        yield stray
    yield from _unlisted_rows(read, [row for row in rows if id(row) not in strays])


def _excluded_rows(read: _Reading) -> Iterator[Difference]:
    """A difference for each filter that excludes some of the rows that came."""
    context, mirror, meaning, exchange = read.context, read.mirror, read.meaning, read.exchange
    rows = exchange.listed
    judged = [row for row in rows if not any(is_doubtful_match(mirror, meaning, one) for one in _sights(mirror, row))]
    for name, test in meaning.tests:
        # While data moves the mirror's copy of a row may be out of date: then only what came itself counts.
        excluded = tuple(
            row for row in judged if test(row.shown if mirror.volatile else merged_row_values(mirror, row)) is False
        )
        if excluded and not _hides_values(context, mirror, name, excluded):
            yield Difference(
                aspect="rows",
                kind="stray",
                expected=f"only rows that satisfy {name}",
                actual=f"{len(excluded)} of {len(rows)} rows do not",
                about=name,
                rows=excluded,
                nothing_due=_is_no_row_due(mirror, meaning),
            )


def _unlisted_rows(read: _Reading, rows: Sequence[Row]) -> Iterator[Difference]:
    """The difference of rows that the whole list, which stands still, does not hold."""
    context, mirror, meaning = read.context, read.mirror, read.meaning
    if not mirror.complete or mirror.volatile or mirror.after is None:
        return
    listed = mirror.after.by_key
    unknown = tuple(row for row in rows if row.key not in listed and not all_recent(context, (row,)))
    if unknown:
        yield Difference(
            aspect="rows",
            kind="unlisted",
            expected="rows that the list without this request's parameters holds too",
            actual=f"{rows_in_words(len(unknown))} that it does not hold",
            rows=unknown,
            conforming=bool(meaning.tests) and all(meaning.keeps_row(row.shown) is True for row in unknown),
        )


def _compare_page_size(
    read: _Reading, repeated: Sequence[Difference], wrong: Sequence[Difference]
) -> Iterator[Difference]:
    mirror, meaning, exchange = read.mirror, read.meaning, read.exchange
    rows = exchange.listed
    given = "default" if meaning.size_default else "given"
    if len(rows) > meaning.room:
        yield Difference(
            aspect="size",
            kind="too-many",
            expected=f"at most {rows_in_words(meaning.size)}",
            actual=rows_in_words(len(rows)),
            about=given,
        )
    if not mirror.complete or meaning.by_cursor or meaning.no_rows:
        return
    sure, may = matching_rows(mirror, meaning)
    if may or mirror.volatile:
        yield from _steady_rows_lacking(read, sure, len(may), given)
        return
    due = len(sure[meaning.page])
    if len(rows) < due:
        yield from _rows_lacking(read, sure, due, given)
    elif (wrong or repeated) and meaning.start == 0 and len(rows) < meaning.room:
        # The page had place for all that is due, whatever else came.
        if missing := _rows_not_shown(sure, exchange):
            yield _missing_rows(due, rows, missing)
    elif due < len(rows) <= meaning.room and not wrong and not repeated:
        # More than there are: on a later page it is the place that is not kept, else what was asked for.
        later = bool(meaning.start)
        yield Difference(
            aspect="slice" if later else "rows",
            kind="surplus",
            expected=f"{rows_in_words(due)} on this page",
            actual=rows_in_words(len(rows)),
            about="later" if later else "first",
        )


def _steady_rows_lacking(read: _Reading, sure: Sequence[Row], others: int, given: str) -> Iterator[Difference]:
    """Rows that were there and matched all the time, and that a page with place for them does not hold."""
    context, meaning, exchange = read.context, read.meaning, read.exchange
    rows = exchange.listed
    if meaning.start or len(rows) >= meaning.room:
        return
    missing = _rows_not_shown(sure, exchange)
    if not missing or _is_known_page_cap(context, meaning, len(rows)):
        return
    numbered = isinstance(context.listing.paging, PageNumberPaging)
    if numbered and rows and _shows_own_bound(read, len(sure) + others):
        return
    if rows and meaning.size is not None and len(sure) > meaning.size:
        yield _short_page(meaning.size, rows, given)
    else:
        yield _missing_rows(len(sure), rows, missing)


def _rows_lacking(read: _Reading, sure: Sequence[Row], due: int, given: str) -> Iterator[Difference]:
    """Fewer rows than are due: a page cut short, or rows left out."""
    context, meaning, exchange = read.context, read.meaning, read.exchange
    rows = exchange.listed
    if _is_known_page_cap(context, meaning, len(rows)):
        return
    first_page = isinstance(context.listing.paging, PageNumberPaging) and meaning.start == 0
    if first_page and rows and _shows_own_bound(read, len(sure)):
        return
    if meaning.start or (rows and len(sure) > meaning.room):
        yield _short_page(due, rows, given)
    else:
        yield _missing_rows(due, rows, _rows_not_shown(sure, exchange))


def _rows_not_shown(sure: Sequence[Row], exchange: Exchange) -> tuple[Row, ...]:
    """The rows that match and that an answer does not hold."""
    shown = set(exchange.keys)
    return tuple(row for row in sure if row.key not in shown)


def _short_page(due: int, rows: Sequence[Row], given: str) -> Difference:
    expected, actual = f"{rows_in_words(due)} on this page", rows_in_words(len(rows))
    return Difference(aspect="short", kind="too-few", expected=expected, actual=actual, about=given)


def _missing_rows(due: int, rows: Sequence[Row], missing: tuple[Row, ...]) -> Difference:
    lost = "1 that matches is" if len(missing) == 1 else f"{len(missing)} that match are"
    return Difference(
        aspect="rows",
        kind="missing",
        expected=rows_in_words(due),
        actual=f"{rows_in_words(len(rows))}; {lost} missing",
        rows=missing,
    )


def _is_known_page_cap(context: CheckContext, meaning: ExpectedAnswer, came: int) -> bool:
    """Whether a short page is as short as the server's pages were found to be: at a bound, or by so many rows."""
    page_cap = context.facts.page_cap
    if page_cap is None or not came:
        return False
    return came == page_cap.rows or meaning.room - came == page_cap.asked - page_cap.rows


def _shows_own_bound(read: _Reading, matches: int) -> bool:
    """Whether a short page shows the server's own bound: its default page size, or its limit on any page."""
    context, meaning, exchange = read.context, read.meaning, read.exchange
    paging = context.listing.paging
    assert isinstance(paging, PageNumberPaging)
    came = len(exchange.listed)
    total = parse_row_count(exchange.total)
    choice = paging.default_size if meaning.size_given is None else paging.cap
    if not isinstance(choice, OpenChoice) or choice.options:
        return False
    known = context.dialect.candidates_of(choice.id)
    if known:
        return bool(came == known[0])
    if meaning.size_given is not None and came < context.longest_page:
        # Other pages held more: what is missing here is missing.
        return False
    if meaning.size_given is None and total is not None and came < total != matches:
        # More follow, as the server itself says: which of them it would lack a longer page must tell.
        return True
    filtered = any(name in context.listing.filters for name in exchange.list_request.values)
    if filtered and (total is None or total != matches):
        # Without a total a short page of a filter may as well be the filter's doing.
        return False
    context.dialect.fix_answer(choice.id, came, exchange.purpose)
    return True


def _compare_order(read: _Reading) -> Iterator[Difference]:
    meaning, exchange = read.meaning, read.exchange
    if meaning.sort is None or meaning.sort[0].hidden:
        return
    path, descends = meaning.sort
    placed = [
        (row, place)
        for row in exchange.listed
        if (place := meaning.place_of(row.shown)) is not None and not is_none_otherwise(row, path)
    ]
    keys = [place for _, place in placed]
    way = "descending" if descends else "ascending"
    for index, ((row, first), (other, second)) in enumerate(pairwise(placed), 1):
        if (first < second) if descends else (first > second):
            yield Difference(
                aspect="order",
                kind="reversed" if keys == sorted(keys, reverse=not descends) else "unsorted",
                expected=f"rows {way} by {path}",
                actual=f"row {index} and row {index + 1} stand the other way round",
                # Not the direction: a sort that is not read is the same in both.
                about=str(path),
                rows=(row, other),
            )
            return


def _compare_slice(read: _Reading) -> Iterator[Difference]:
    """Whether the rows are those that stand at this place of the sorted list; rows that sort alike may swap."""
    mirror, meaning, exchange = read.mirror, read.meaning, read.exchange
    rows = exchange.listed
    if not mirror.complete or meaning.by_cursor or meaning.sort is None or not rows:
        return
    path, _ = meaning.sort
    if path.hidden or path.head in mirror.moving_fields:
        return
    sure, may = matching_rows(mirror, meaning)
    if mirror.volatile or (may and mirror.moving_fields):
        yield from _compare_first_rows(meaning, exchange, sure)
        return
    due: Sequence[Hashable] | None
    came: Sequence[Hashable] | None
    if _stands_in_own_order(read):
        due, came = [row.key for row in sure], [row.key for row in rows]
    else:
        due, came = _sorted_places(meaning, sure), _places_in_order(meaning, rows)
    if may or due is None or came is None:
        return
    pairs = list(zip(due[meaning.page], came, strict=False))
    where = next((place for place, (wanted, shown) in enumerate(pairs) if wanted != shown), None)
    if where is None:
        return
    again = "first page again" if came[: len(pairs)] == due[: len(pairs)] else "another page"
    yield Difference(
        aspect="slice",
        kind="displaced",
        expected=f"rows {meaning.start + 1} to {meaning.start + len(pairs)} of the sorted list",
        actual=f"other rows, from place {where + 1} of the page on",
        about=again if meaning.start else "first page",
        rows=rows[where : where + 3],
    )


def _stands_in_own_order(read: _Reading) -> bool:
    """Whether the list has an order of its own, twice the same, where no document promises another one.

    Its pages are cut from the list as it stands: the order is one promise, and the place of a page another one.
    """
    context, mirror, meaning, exchange = read.context, read.mirror, read.meaning, read.exchange
    order = context.listing.order
    if order is None or mirror.before is None or mirror.after is None:
        return False
    asked = exchange.list_request.values.keys()
    if order.descending in asked or (order.sort is not None and order.sort.parameter in asked):
        return False
    if any(
        clause.level == "must" and clause.basis != "inferred"
        for clause in map(context.clause, order.clause)
        if clause
    ):
        return False
    key = (meaning.sort, meaning.collation)
    if key not in mirror.own_order_cache:
        places = _places_in_order(meaning, mirror.rows)
        steady = [row.key for row in mirror.before.rows] == [row.key for row in mirror.after.rows]
        mirror.own_order_cache[key] = steady and places is not None and places != _sorted_places(meaning, mirror.rows)
    return mirror.own_order_cache[key]


def _sorted_places(meaning: ExpectedAnswer, rows: Sequence[Row]) -> list[tuple[Any, ...]] | None:
    places = _places_in_order(meaning, rows)
    return places and sorted(places, reverse=meaning.sort is not None and meaning.sort[1])


def _places_in_order(meaning: ExpectedAnswer, rows: Sequence[Row]) -> list[tuple[Any, ...]] | None:
    """Where rows stand in the order that is due; None where that is open for one of them."""
    assert meaning.sort is not None
    places = [meaning.place_of(row.shown) for row in rows]
    known = [place for place in places if place is not None]
    sure = len(known) == len(rows) and not any(is_none_otherwise(row, meaning.sort[0]) for row in rows)
    return known if sure else None


def _compare_first_rows(meaning: ExpectedAnswer, exchange: Exchange, sure: Sequence[Row]) -> Iterator[Difference]:
    """Whether a first page leaves out rows that were there all the time and stand before its last row."""
    rows = exchange.listed
    assert meaning.sort is not None
    path, descends = meaning.sort
    places = [meaning.place_of(row.shown) for row in rows]
    border = places[-1]
    if meaning.start or None in places or border is None:
        return
    for row in _rows_not_shown(sure, exchange):
        place = meaning.place_of(row.shown)
        if place is None or is_none_otherwise(row, path):
            continue
        if (place > border) if descends else (place < border):
            yield Difference(
                aspect="slice",
                kind="displaced",
                expected="the first rows of the sorted list",
                actual="a row that stands before them is left out",
                about="first page",
                rows=(row,),
            )
            return


def _compare_total(read: _Reading, *, rows_are_due: bool, page_is_full: bool) -> Iterator[Difference]:
    context, mirror, meaning, exchange = read.context, read.mirror, read.meaning, read.exchange
    if context.listing.total is None or not meaning.total_shown:
        return
    total = parse_row_count(exchange.total)
    if total is None or not mirror.complete or context.drop_repeated_rows:
        # Rows that come twice may be counted twice.
        return
    rows = exchange.listed
    # What a total counts is told by the rows that the server means: known where they are all on this page.
    cap = context.facts.page_cap
    room = meaning.room if cap is None else min(meaning.room, cap.rows)
    whole = not meaning.start and not meaning.by_cursor and len(rows) < room
    if not rows_are_due:
        if whole and total == len(rows):
            return
        if not whole and total >= len(rows):
            return
    sure, may = matching_rows(mirror, meaning)
    # How many rows come where no size is asked for may be open.
    certain = whole and rows_are_due and page_is_full and meaning.size_given is not None
    counted = (len(rows), len(rows)) if certain else (len(sure), len(sure) + len(may))
    low, high = _range_of_number(mirror, *counted)
    if low <= total <= high:
        return
    if total == len(rows) and len(rows) < low:
        about = "rows of the page"
    elif total == len(mirror.rows):
        about = "rows of the list"
    else:
        about = "more" if total > high else "fewer"
    yield Difference(
        aspect="total",
        kind="total",
        expected=f"a total of {low}" if low == high else f"a total of {low} to {high}",
        actual=f"a total of {total}",
        about=about,
        more_counted=total > high,
    )


def _compare_parts(read: _Reading) -> Iterator[Difference]:
    """Whether rows show the optional parts that are switched on, and no others; the mirror's rows show all parts."""
    context, mirror, meaning, exchange = read.context, read.mirror, read.meaning, read.exchange
    rows = exchange.listed
    for include in context.listing.includes:
        if not include.added_names or mirror.volatile:
            continue
        on = include.parameter in meaning.includes
        odd = tuple(
            row for row in rows if _has_part(row, include) != on and (not on or _may_have(mirror, row, include))
        )
        if odd:
            names = ", ".join(include.added_names)
            yield Difference(
                aspect="part",
                kind="part",
                expected=f"rows {'with' if on else 'without'} {names}",
                actual=f"{len(odd)} of {len(rows)} rows {'without' if on else 'with'} it",
                about=f"{include.parameter} {'on' if on else 'off'}",
                rows=odd,
            )


def _has_part(row: Row, include: Include) -> bool:
    return any(row.shown.get(name) for name in include.added_names)


def _may_have(mirror: Mirror, row: Row, include: Include) -> bool:
    known = mirror.row_with_key(row.key)
    return known is not None and _has_part(known, include)


def _range_of_number(mirror: Mirror, low: int, high: int) -> tuple[int, int]:
    """The numbers that may be told for rows that surely match and that may match, wider while the list moves.

    A number is held to be wrong only by a reading before and one after it, each time anew, several times.
    """
    moved = mirror.churn // _UNSEEN_SHARE if mirror.volatile else 0
    return max(0, low - moved), high + moved


def _compare_count(read: _Reading) -> Iterator[Difference]:
    context, mirror, meaning, exchange = read.context, read.mirror, read.meaning, read.exchange
    assert exchange.answer is not None
    assert context.listing.count_only is not None
    counted = count_in(exchange.answer)
    if counted is None:
        listed = exchange.rows is not None and not exchange.answer.rows_flaw
        held = rows_in_words(len(exchange.listed)) if listed else "something else"
        yield Difference(aspect="count", kind="no-number", expected="a number in place of the rows", actual=held)
        return
    count, shape = counted
    choice = context.listing.count_only.shape
    if isinstance(choice, OpenChoice):
        known = context.dialect.candidates_of(choice.id)
        if known and shape not in known:
            yield Difference(
                aspect="count", kind="number-form", expected="the same form of number as before", actual=f"a {shape}"
            )
            return
        context.dialect.fix_answer(choice.id, shape, exchange.purpose)
    if not mirror.complete:
        return
    sure, may = matching_rows(mirror, meaning)
    low, high = _range_of_number(mirror, len(sure), len(sure) + len(may))
    if not low <= count <= high:
        expected = f"the number {low}" + (f" to {high}" if high > low else "")
        about = "rows of the list" if count == len(mirror.rows) else ("more" if count > high else "fewer")
        yield Difference(aspect="count", kind="number", expected=expected, actual=str(count), about=about)
