"""Judgement of a probe: its answer is compared with what the oracle expects, and a mismatch is confirmed.

An answer is compared aspect by aspect (was it refused, which rows, how many, in which order, which slice, which
total). The first aspect that differs is the defect; the later ones are its consequences and are not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from harness.check.client.budget import RateLimitedClient
from harness.check.context import CheckContext, Exchange, Row
from harness.check.oracle.interpreter import ExpectedAnswer
from harness.check.probe.blame import PRIMARY, blamed_clauses, completeness_clauses, promised, unsteady_clauses
from harness.check.probe.comparison import ASPECTS, Aspect, Mismatch, compare_answer, matching_rows
from harness.check.probe.mirror import (
    Mirror,
    build_request,
    encode_request_value,
    largest_page_size,
    lists_only_live_calls,
    reread_mirror,
    time_range_filters,
)
from harness.check.probe.stability import all_recent, is_recent_row, replicas_disagree, wait_for_replicas
from harness.specification.model import Clauses, CursorPaging, NoPaging, OpenChoice, PageNumberPaging, all_clauses
from harness.wire.json_body import MISSING
from harness.wire.list_request import ListRequest
from harness.wire.row_codec import row_values_at

# Each rereading may cost MIRROR_PAGES_AT_MOST requests.
MAX_REREADS: Final = 14
# A server that is wrong in every second or third answer shows it again within three
# (`active_talk_halved_in_every_third_answer` of the foreign servers).
CONFIRMING_REPEATS: Final = 3
# Each costs REPLICA_LAG_SECONDS.
MAX_WAITS: Final = 6
OTHER_FILTERS_ASKED: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """The result of a probe; `passed` None means that it could not be decided."""

    passed: bool | None
    exchange: Exchange
    expected: ExpectedAnswer | None = None
    mismatch: Mismatch | None = None
    assumed_answers: Mapping[str, Any] | None = None


def check_probe(
    context: CheckContext,
    mirror: Mirror,
    ask: ListRequest,
    purpose: str,
    clauses: Clauses,
    *,
    blame: Mapping[Aspect, Clauses] | None = None,
    message: str = "",
    inferred: Callable[[Exchange], bool] | None = None,
    credentials: Mapping[str, str] | None = None,
    only: Sequence[Aspect] = ASPECTS,
) -> Generator[None, None, ProbeResult]:
    """Sends a probe, judges it by the oracle and the mirror, and records the results.

    A mismatch in a primary aspect (refused, rows, count) is blamed on `clauses`; in a later one on `blame`, or on
    the construct that promises it. Every mismatch is confirmed: the list is read again and the probe repeated.
    """
    exchange = context.send(ask, purpose, credentials=credentials)
    yield
    if context.note_unusable(exchange, clauses):
        return ProbeResult(passed=None, exchange=exchange)
    judged = _judge_exchange(context, mirror, ask, exchange, purpose, only)
    if judged.mismatch is not None and judged.mismatch.shapeless:
        shape = context.results.first_failed(context.listing.lists.clauses.rows)
        if shape is not None:
            # Every answer is held to its shape already: here it would only be said again.
            context.results.record_inconclusive(clauses, f"cannot be judged while {shape} fails")
            return ProbeResult(passed=None, exchange=exchange, expected=judged.expected)
    if judged.mismatch is None:
        _record_probe_pass(context, mirror, judged, clauses, blame or {})
        return judged
    blamed = blamed_clauses(context, ask, judged.mismatch, clauses, blame or {}, judged.expected)
    if context.results.first_failed(blamed[:1]) or _is_known_wrong_total(context, judged.mismatch):
        if judged.mismatch.aspect not in PRIMARY:
            context.results.record_pass(clauses)
        return judged
    confirmed = yield from _confirm_mismatch(context, mirror, ask, judged, purpose, credentials, only)
    if confirmed is None:
        reason = "data-changed: the list moved while it was read" if mirror.volatile else "not repeatable"
        context.results.record_inconclusive(blamed, reason)
        return ProbeResult(passed=None, exchange=exchange, expected=judged.expected)
    last, rate = confirmed
    mismatch = last.mismatch
    assert mismatch is not None
    if (yield from _pages_lose_rows(context, mirror, last)):
        # The pages of the whole list lose rows that are there: that is told where pages are judged.
        return ProbeResult(passed=None, exchange=exchange, expected=judged.expected)
    blamed = blamed_clauses(context, ask, mismatch, clauses, blame or {}, last.expected)
    if rate and not has_stray_rows(last):
        # Right and wrong over data that stood still: it is not what was asked for that is wrong.
        blamed = unsteady_clauses(context) or blamed
        last = replace(last, mismatch=replace(mismatch, elsewhere=True))
    elif mismatch.unlisted:
        other = yield from _shown_by_other_filter(context, mirror, ask, mismatch.rows[0])
        if other:
            blamed = completeness_clauses(context) or blamed
            last = replace(last, mismatch=replace(mismatch, elsewhere=True))
            mirror.lacks_rows = True
            mirror.clear_caches()
            counted = context.listing.total.clauses.sum if context.listing.total else ()
            if blamed and blamed != counted and context.results.first_failed(counted):
                # The total counts more rows than were met because there are more.
                context.results.mark_consequence(counted[0], blamed[0])
    if not context.results.first_failed(blamed[:1]):
        report_mismatch(context, mirror, last, blamed, message or purpose, rate, inferred)
    return last


def _is_known_wrong_total(context: CheckContext, mismatch: Mismatch) -> bool:
    """Whether a total is known to be wrong: it has one finding, whatever it was found beside."""
    total = context.listing.total
    if mismatch.aspect != "total" or total is None:
        return False
    return context.results.first_failed(all_clauses(total.clauses)) is not None


def has_stray_rows(judged: ProbeResult) -> bool:
    """Whether the answer holds rows that it must not hold."""
    came = set(judged.exchange.keys)
    mismatch = judged.mismatch
    return mismatch is not None and (
        mismatch.aspect in ("outcome", "unreadable")
        or (mismatch.aspect == "rows" and any(row.key in came for row in mismatch.rows))
    )


def _shown_by_other_filter(
    context: CheckContext, mirror: Mirror, ask: ListRequest, row: Row
) -> Generator[None, None, bool]:
    """Whether another filter shows a row, too, that the whole list does not hold."""
    listing = context.listing
    size_name, size = largest_page_size(context)
    tried = 0
    for name, filter_ in listing.filters.items():
        plain = filter_.keeps == "equal" and not (
            filter_.named_by or filter_.applies_if_any or filter_.loses_to or filter_.words
        )
        if (
            name in ask.values
            or not plain
            or not context.parameters_work(name)
            or not context.supports_parameters(name)
        ):
            continue
        if listing.parameters[name].as_ not in ("text", "word") or filter_.compares[0].hidden:
            continue
        value = next(
            (value for value in row_values_at(row.shown, filter_.compares[0]) if isinstance(value, str) and value),
            None,
        )
        if value is None:
            continue
        more = {
            name: value,
            **({size_name: encode_request_value(context, size_name, size)} if size_name and size else {}),
        }
        exchange = context.send(build_request(context, mirror.base, more), f"does {name} show such a row, too?")
        yield
        if row.key in exchange.keys:
            return True
        tried += 1
        if tried >= OTHER_FILTERS_ASKED:
            break
    return False


def _pages_lose_rows(context: CheckContext, mirror: Mirror, judged: ProbeResult) -> Generator[None, None, bool]:
    """Whether rows that the mirror lacks are in the list all the same: a narrow time range shows them."""
    mismatch = judged.mismatch
    lower, upper, path = time_range_filters(context)
    if mismatch is None or mirror.volatile or mirror.tear_reason or lower is None or upper is None or path is None:
        return False
    times = sorted(instant for row in mirror.rows if isinstance(instant := row.shown.get(path), datetime))
    second = timedelta(seconds=1)
    ranges: list[tuple[datetime, datetime]] = []
    if mismatch.kind == "unknown":
        instant = mismatch.rows[0].shown.get(path)
        ranges = [(instant - second, instant + second)] if isinstance(instant, datetime) else []
    elif mismatch.aspect == "total" and mismatch.more and len(times) > 3 and not context.settings.get("halved"):
        context.settings = {**context.settings, "halved": True}
        edge, middle, end = min(9, len(times) // 2), times[len(times) // 2], times[-1] + timedelta(days=1)
        ranges = [
            (times[-1 - edge], end),
            (times[0] - second, times[edge]),
            (times[0] - second, middle),
            (middle, end),
        ]
    size_name, size = largest_page_size(context)
    wide = {size_name: encode_request_value(context, size_name, size)} if size_name is not None else {}
    for first, last in ranges:
        first, last = first.replace(microsecond=0), last.replace(microsecond=0)
        window = {
            lower: encode_request_value(context, lower, first),
            upper: encode_request_value(context, upper, last),
        }
        exchange = context.send(
            build_request(context, mirror.base, {**wide, **window}), "is a row that was not read there?"
        )
        yield
        here = [
            row
            for row in exchange.rows or ()
            if isinstance(at := row.shown.get(path), datetime) and first <= at <= last
        ]
        if len(here) < len(exchange.rows or ()):
            # The range itself is not kept: it proves nothing.
            continue
        unknown = [
            row for row in here if mirror.row_with_key(row.key) is None and not is_recent_row(context, row, path)
        ]
        wanted = {row.key for row in mismatch.rows} if mismatch.kind == "unknown" else {row.key for row in unknown}
        if any(row.key in wanted for row in unknown):
            mirror.tear_reason = f"a walk over all pages misses {len(unknown)} rows that a narrow time range shows"
            return True
    return False


def report_mismatch(
    context: CheckContext,
    mirror: Mirror,
    judged: ProbeResult,
    blamed: Clauses,
    message: str,
    rate: str,
    inferred: Callable[[Exchange], bool] | None,
) -> None:
    """Writes the finding of a confirmed mismatch."""
    mismatch = judged.mismatch
    assert mismatch is not None
    said = next((known.says for name in blamed if (known := context.clause(name)) is not None), message)
    names = _relevant_fields(context, judged.exchange.list_request)
    context.fail(
        blamed,
        said,
        expected=mismatch.expected,
        actual=mismatch.actual + rate,
        exchange=judged.exchange,
        rows=[context.evidence.render_row(row, names) for row in mismatch.rows[:8]],
        inferred=bool(mismatch.aspect == "rows" and inferred is not None and inferred(judged.exchange)),
        aspect=mismatch.aspect,
        kind=mismatch.kind,
        nothing_due=_no_row_expected(mirror, judged.expected),
    )


def _no_row_expected(mirror: Mirror, meaning: ExpectedAnswer | None) -> bool:
    if meaning is None or meaning.error_name is not None or meaning.unspecified or not mirror.complete:
        return False
    sure, may = matching_rows(mirror, meaning)
    return not may and len(sure) <= meaning.start


def _judge_exchange(
    context: CheckContext, mirror: Mirror, ask: ListRequest, exchange: Exchange, purpose: str, only: Sequence[Aspect]
) -> ProbeResult:
    branches = context.expected_answers(ask)
    compared_to = [
        (answers, meaning, compare_answer(context, mirror, meaning, exchange, only)) for answers, meaning in branches
    ]
    matching = [answers for answers, _, mismatch in compared_to if mismatch is None]
    if matching:
        context.dialect.narrow_candidates(matching, purpose)
        answers, meaning, _ = next(item for item in compared_to if item[2] is None)
        return ProbeResult(passed=True, exchange=exchange, expected=meaning, assumed_answers=answers)
    # The reading that explains most is the one that goes wrong last.
    _, meaning, mismatch = max(compared_to, key=lambda item: item[2].rank if item[2] else 99)
    if mismatch is not None and mismatch.shapeless and _page_is_empty(mirror, meaning):
        mismatch = replace(mismatch, nothing_due=True, elsewhere=True)
    elif (
        mismatch is not None
        and mismatch.aspect in ("rows", "outcome")
        and _misses_no_match(mirror, meaning, exchange)
    ):
        mismatch = replace(mismatch, nothing_due=True, elsewhere=bool(context.listing.no_match_clause))
    return ProbeResult(passed=False, exchange=exchange, expected=meaning, mismatch=mismatch)


def _page_is_empty(mirror: Mirror, meaning: ExpectedAnswer) -> bool:
    """Whether the page that was asked for holds no rows, for sure."""
    if meaning.error_name or meaning.unspecified or meaning.count_only or not mirror.complete or mirror.volatile:
        return False
    sure, may = matching_rows(mirror, meaning)
    return not may and len(sure) <= meaning.start


def _misses_no_match(mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange) -> bool:
    """Whether no row matches, and the answer is the whole list or an error in its place."""
    if meaning.error_name or meaning.unspecified or meaning.no_rows or not meaning.tests:
        return False
    if not mirror.complete or mirror.volatile:
        return False
    if any(matching_rows(mirror, meaning)) or not mirror.rows:
        return False
    return exchange.rows is None or len(exchange.rows) >= min(len(mirror.rows), meaning.size or len(mirror.rows))


def _confirm_mismatch(
    context: CheckContext,
    mirror: Mirror,
    ask: ListRequest,
    first: ProbeResult,
    purpose: str,
    credentials: Mapping[str, str] | None,
    only: Sequence[Aspect],
) -> Generator[None, None, tuple[ProbeResult, str] | None]:
    """The mismatch again, or None when it cannot be shown a second time."""
    spent = int(context.settings.get("rereads", 0))
    if spent < MAX_REREADS and first.mismatch is not None and first.mismatch.aspect not in ("unreadable", "outcome"):
        context.settings = {**context.settings, "rereads": spent + 1}
        yield from reread_mirror(context, mirror)
    rows = first.mismatch.rows if first.mismatch is not None else ()
    # What only young rows show may be luck with replicas: then they are asked about once more.
    for _ in range(2 if all_recent(context, rows) else 1):
        if not mirror.volatile and (yield from replicas_disagree(context, mirror, rows)):
            return None
    wrong = 1
    last: ProbeResult | None = None
    for attempt in range(1, CONFIRMING_REPEATS + 1):
        exchange = context.send(ask, f"again: {purpose}", credentials=credentials)
        yield
        if context.note_unusable(exchange, ()):
            return None
        again = _judge_exchange(context, mirror, ask, exchange, purpose, only)
        if again.mismatch is not None:
            wrong += 1
            last = again
            if attempt == 1:
                break
        elif mirror.volatile:
            return None
    twice_at_once = last is not None and attempt == 1
    if not twice_at_once and all_recent(context, rows):
        # They have not reached every replica yet, or they came between two of the requests.
        return None
    if not twice_at_once and not rows and any(all_recent(context, (row,)) for row in mirror.rows):
        # A number alone does not say which rows it is about.
        for _ in range(2):
            if (yield from replicas_disagree(context, mirror)):
                return None
    flaky = "" if twice_at_once else f" (in {wrong} of {CONFIRMING_REPEATS + 1} identical requests)"
    if last is None:
        # Never pass by luck: it was wrong once over data that did not move.
        last = first if first.mismatch is not None and not mirror.volatile else None
    if last is None or not (yield from _is_wrong_later(context, mirror, ask, last, purpose, only)):
        return None
    return last, flaky


def _is_wrong_later(
    context: CheckContext, mirror: Mirror, ask: ListRequest, last: ProbeResult, purpose: str, only: Sequence[Aspect]
) -> Generator[None, None, bool]:
    """Whether an answer is also wrong by a list of calls in progress that is read when some time has passed.

    Several copies of such a list may each lag behind (`legs_copies_that_lag`): what one still shows, another has
    dropped already.
    """
    settings = context.settings
    if (
        not lists_only_live_calls(context)
        or settings.get("stands-still")
        or not isinstance(context.sender, RateLimitedClient)
    ):
        return True
    if last.mismatch is None or last.mismatch.aspect in ("unreadable", "outcome") or last.mismatch.kind == "stray":
        return True
    waits = int(settings.get("waits", 0))
    if waits >= MAX_WAITS:
        return not mirror.volatile
    context.settings = {**settings, "waits": waits + 1}
    wait_for_replicas(context)
    yield from reread_mirror(context, mirror)
    if not mirror.volatile:
        # A list that stood still for so long twice stands still.
        context.settings = {**context.settings, "stands-still": waits > 0}
        return True
    found = _judge_exchange(context, mirror, ask, last.exchange, purpose, only).mismatch
    return found is not None and (found.aspect, found.kind) == (last.mismatch.aspect, last.mismatch.kind)


# --- comparing ----------------------------------------------------------------------------------------------


# --- blame and witness --------------------------------------------------------------------------------------


def _record_probe_pass(
    context: CheckContext, mirror: Mirror, judged: ProbeResult, clauses: Clauses, blame: Mapping[Aspect, Clauses]
) -> None:
    meaning, exchange = judged.expected, judged.exchange
    if meaning is None:
        return
    if meaning.unspecified:
        context.results.record_observed(clauses, meaning.unspecified)
        return
    context.results.record_pass(clauses)
    if meaning.error_name is not None or meaning.count_only:
        return
    rows = exchange.rows or ()
    seen: list[Aspect] = []
    if meaning.sort is not None and len({str(row_values_at(row.shown, meaning.sort[0])) for row in rows}) > 1:
        seen.append("order")
    sure, _ = matching_rows(mirror, meaning)
    if meaning.size is not None and len(sure) > meaning.size:
        seen.append("size")
    if mirror.complete and rows and not isinstance(context.listing.paging, CursorPaging | NoPaging):
        seen.append("slice")
    if context.listing.total is not None and exchange.answer is not None and exchange.answer.total is not MISSING:
        seen.append("total")
    paging = context.listing.paging
    if isinstance(paging, PageNumberPaging) and isinstance(paging.past_the_end, OpenChoice) and mirror.complete:
        beyond = bool(meaning.start) and len(sure) <= meaning.start
        if beyond and not rows and exchange.answer is not None and exchange.answer.outcome == "success":
            context.dialect.fix_answer(paging.past_the_end.id, "empty", exchange.purpose)
    for aspect in seen:
        context.results.record_pass(blame.get(aspect) or promised(context, exchange.list_request, aspect, meaning))


def _relevant_fields(context: CheckContext, ask: ListRequest) -> list[str]:
    listing = context.listing
    names = [listing.lists.identity]
    for name in ask.values:
        if name in listing.filters:
            names.extend(path.head for path in listing.filters[name].compares if not path.hidden)
    if listing.order is not None:
        by = listing.order.by
        names.extend(map(str, by.options if isinstance(by, OpenChoice) else (by,)))
    return [*names, *list(listing.fields)[:6]]
