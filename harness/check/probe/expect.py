"""The engine of probes: a request is sent, judged by the oracle, confirmed, cut down and recorded.

A rule says what to ask and which clauses its request puts to the test; everything else happens here, once. Each
difference of an answer is judged for itself and rests on its own evidence: it is shown a second time, the request is
cut down while it still goes wrong in the same way, and what remains says what is broken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from harness.check.client.budget import RateLimitedClient
from harness.check.context import CheckContext, Exchange, Row, instants_of
from harness.check.exchange import unsent_exchange
from harness.check.oracle.dialect_inference import MOST_BRANCHES, MOST_READINGS
from harness.check.oracle.interpreter import ExpectedAnswer
from harness.check.probe.answer_checks import difference_check
from harness.check.probe.blame import (
    BlamedClauses,
    Probe,
    blamed_clauses,
    clauses_of_aspect,
    completeness_clauses,
    unsteady_clauses,
)
from harness.check.probe.comparison import compare_answer, server_failure
from harness.check.probe.differences import ASPECTS, PRIMARY_ASPECTS, Aspect, Difference, KnownDifference
from harness.check.probe.filter_values import is_plain_equality
from harness.check.probe.mirror import (
    Mirror,
    largest_page_size,
    lists_only_live_calls,
    reread_mirror,
    walk_pages,
)
from harness.check.probe.page_sizes import page_size_values
from harness.check.probe.reduction import REDUCTION_REQUESTS, reduce_request
from harness.check.probe.row_matches import matching_rows
from harness.check.probe.stability import all_recent, is_recent_row, replicas_disagree, wait_for_replicas
from harness.check.probe.time_ranges import time_range_filters
from harness.check.results.row_numbers import rows_in_words
from harness.specification.model import (
    Clauses,
    CursorPaging,
    Filter,
    NoPaging,
    OpenChoice,
    PageNumberPaging,
    options_of,
)
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import MISSING
from harness.wire.list_request import ListRequest

REREAD_REQUESTS: Final = 120
"""Requests that a run may spend on reading the list again; a long one costs MIRROR_PAGES_AT_MOST each time."""
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
    differences: tuple[Difference, ...] = ()
    blames_request: bool = True
    """Whether what was asked for is at fault; else the list, its pages or its steadiness."""

    @property
    def mismatch(self) -> Difference | None:
        """The first difference, by the order of aspects."""
        return self.differences[0] if self.differences else None

    @property
    def due_error(self) -> str:
        """The error that was due, by the reading that fits best; empty where rows were."""
        return (self.expected.error_name if self.expected is not None else None) or ""

    @property
    def fails_itself(self) -> bool:
        """Whether the answer is not the one that was asked for, and the request is at fault."""
        return self.blames_request and any(one.aspect in PRIMARY_ASPECTS for one in self.differences)


def check_probe(
    context: CheckContext,
    mirror: Mirror,
    ask: ListRequest,
    purpose: str,
    clauses: Clauses,
    *,
    blame: Mapping[Aspect, Clauses] | None = None,
    credentials: Mapping[str, str] | None = None,
    only: Sequence[Aspect] = ASPECTS,
    afresh: bool = False,
    always: bool = False,
) -> ProbeResult:
    """Sends a probe, judges it by the oracle and the mirror, and records the results.

    A run for a few clauses leaves it out where it is for none of them, unless it is asked for `always` because more
    follows from its answer.

    A right answer to the same request that was seen already, of a list that stands still, is judged in place of a
    new one, unless it is asked for `afresh`.

    A difference in a primary aspect (outcome, rows, count) is told under `clauses`, in another one under `blame` or
    the construct that promises the aspect, as long as the smallest request that shows it is still what the probe is
    about; otherwise under what that smallest request is about.
    """
    probe = Probe(
        ask=ask,
        purpose=purpose,
        clauses=clauses,
        blame=blame or {},
        credentials=credentials,
        only=tuple(only),
    )
    if always:
        return _send_probe(context, mirror, probe, afresh=afresh)
    with context.asked.probing(clauses, *probe.blame.values()) as is_asked:
        if not is_asked:
            return ProbeResult(passed=None, exchange=unsent_exchange(ask, purpose))
        return _send_probe(context, mirror, probe, afresh=afresh)


def _send_probe(context: CheckContext, mirror: Mirror, probe: Probe, *, afresh: bool) -> ProbeResult:
    """The result of a probe, of which an answer that was seen already may be judged."""
    clauses, purpose = probe.clauses, probe.purpose
    if probe.credentials is None and not afresh and (seen := _seen_right_answer(context, mirror, probe)) is not None:
        return seen
    exchange = context.send(probe.ask, purpose, credentials=probe.credentials)
    if server_failure(exchange) is None and context.note_unusable(exchange, clauses):
        return ProbeResult(passed=None, exchange=exchange)
    judged = judge_exchange(context, mirror, exchange, purpose, probe.only)
    _record_probe_passes(context, mirror, judged, probe)
    if judged.passed is None:
        context.results.record_inconclusive(clauses, "the request has more readings than can be told apart")
    if not judged.differences:
        return judged
    return _settle_answer(context, mirror, probe, judged)


def _settle_answer(context: CheckContext, mirror: Mirror, probe: Probe, judged: ProbeResult) -> ProbeResult:
    """Confirms the differences of an answer that were not told before, and records each."""
    exchange = judged.exchange
    fresh = tuple(one for one in judged.differences if not _is_known(context, mirror, probe, judged, one))
    if not fresh:
        return judged
    if mirror.volatile or mirror.moving_fields:
        # The list may have moved since it was read: only what is wrong by the reading after it, too, is wrong.
        _reread(context, mirror)
        later = judge_exchange(context, mirror, exchange, probe.purpose, probe.only, learn=False)
        fresh = tuple(one for one in fresh if any(one.is_same_as(other) for other in later.differences))
        if not fresh:
            _record_probe_passes(context, mirror, later, probe)
            return later
    confirmed = _confirm_differences(context, mirror, replace(judged, differences=fresh), probe)
    if confirmed is None:
        _record_unconfirmed(context, mirror, probe, judged, fresh)
        return ProbeResult(passed=None, exchange=exchange, expected=judged.expected)
    last, rate = confirmed
    blames_request = True
    for difference in last.differences:
        at_fault = _settle_difference(context, mirror, probe, last, difference, rate)
        blames_request = blames_request and at_fault
    return replace(last, differences=judged.differences, blames_request=blames_request)


def _seen_right_answer(context: CheckContext, mirror: Mirror, probe: Probe) -> ProbeResult | None:
    """The judgement of an answer to the same request that was seen and is right, where nothing moves; else None."""
    if mirror.volatile or mirror.moving_fields or lists_only_live_calls(context):
        return None
    exchange = context.seen_exchange(probe.ask)
    if exchange is None or not isinstance(exchange.response, HttpResponse):
        return None
    judged = judge_exchange(context, mirror, exchange, probe.purpose, probe.only)
    if not judged.passed:
        return None
    _record_probe_passes(context, mirror, judged, probe)
    return judged


def tells_nothing_new(context: CheckContext, mirror: Mirror, exchange: Exchange) -> bool:
    """Whether the rows of an answer are right, and what else is wrong in it was told of a smaller request."""
    judged = judge_exchange(context, mirror, exchange, exchange.purpose, learn=False)
    ask = exchange.list_request
    return judged.passed is not None and all(
        one.aspect not in PRIMARY_ASPECTS
        and any(known.lies_within(ask) and one.is_part_of(known.difference) for known in context.known_differences)
        for one in judged.differences
    )


def _record_unconfirmed(
    context: CheckContext, mirror: Mirror, probe: Probe, judged: ProbeResult, differences: Sequence[Difference]
) -> None:
    """Writes that what differed could not be shown a second time."""
    reason = "data-changed: the list moved while it was read" if mirror.volatile else "not repeatable"
    for one in differences:
        blamed = blamed_clauses(context, mirror, probe, probe.ask, one, judged.expected)
        context.results.record_inconclusive(blamed.clauses[:1], reason)


def _is_known(
    context: CheckContext, mirror: Mirror, probe: Probe, judged: ProbeResult, difference: Difference
) -> bool:
    """Whether a smaller request, or this one, was seen to go wrong in the same way; then this is told already.

    A smaller request counts only where it would be told under the clause under which it was: a filter with another
    value may be another promise.
    """
    for known in context.known_differences:
        if not known.lies_within(probe.ask) or not difference.is_part_of(known.difference):
            continue
        part = known.part_of(probe.ask)
        blamed = blamed_clauses(context, mirror, probe, part, difference, judged.expected)
        if blamed.clauses[:1] == known.clauses[:1]:
            return True
    # Where a filter lets other rows through, later pages begin elsewhere.
    return difference.aspect == "slice" and is_known_to_keep_others(context, probe.ask)


def is_known_to_keep_others(context: CheckContext, ask: ListRequest) -> bool:
    """Whether a filter of a request is known to keep other rows than are due."""
    return any(
        known.lies_within(ask)
        and known.difference.aspect in PRIMARY_ASPECTS
        and not context.listing.filters.keys().isdisjoint(known.ask.values)
        for known in context.known_differences
    )


def _is_lost_with_less(
    context: CheckContext, mirror: Mirror, probe: Probe, ask: ListRequest, difference: Difference
) -> bool:
    """Whether rows that are missing come on no page of a smaller request either, which is known to lose rows.

    The first page of many does not tell: a border of one filter is lost beside another one, too (`lte_is_lt`).
    """
    if difference.kind != "missing" or ask.operation is not None or probe.credentials is not None:
        return False
    lost = {row.key for row in difference.rows}
    paging = context.listing.paging
    page_parameters = {*paging.place_parameters, paging.size_parameter}
    for known in context.known_differences:
        part = known.part_of(ask)
        if known.difference.kind != "missing" or not known.lies_within(ask) or part.values == ask.values:
            continue
        if blamed_clauses(context, mirror, probe, part, difference, None).clauses[:1] != known.clauses[:1]:
            continue
        if context.reduction_requests >= REDUCTION_REQUESTS:
            return False
        before = context.requests
        base = {name: raw for name, raw in part.values.items() if name not in page_parameters}
        pages = walk_pages(context, base, purpose="are they on any page of the same with less?")
        context.reduction_requests += context.requests - before
        if pages.complete and not lost & pages.by_key.keys():
            return True
    return False


def _settle_difference(
    context: CheckContext, mirror: Mirror, probe: Probe, judged: ProbeResult, difference: Difference, rate: str
) -> bool:
    """Records one confirmed difference under the clauses that its smallest request breaks; whether that request,
    and not the list as a whole, is at fault."""
    if _pages_lose_rows(context, mirror, difference):
        # The pages of the whole list lose rows that are there: that is told where pages are judged.
        return False
    if rate and not difference.is_of_rows_shown:
        # Right and wrong over data that stood still: it is not what was asked for that is wrong.
        blamed = BlamedClauses(unsteady_clauses(context) or probe.clauses)
        _record_difference(context, mirror, probe, judged, difference, blamed, rate)
        return False
    if difference.conforming and _shown_by_other_filter(context, mirror, probe.ask, difference.rows[0]):
        blamed = BlamedClauses(completeness_clauses(context) or probe.clauses)
        mirror.lacks_rows = True
        mirror.clear_caches()
        _record_difference(context, mirror, probe, judged, difference, blamed, rate)
        return False
    if rate:
        smallest = judged.exchange, difference
    else:
        smallest = reduce_request(
            context, mirror, judged.exchange, difference, _judge_again(context, mirror, probe), probe.credentials
        )
    exchange, shown = smallest
    if _is_lost_with_less(context, mirror, probe, exchange.list_request, shown):
        return True
    meaning = judged.expected
    if exchange is not judged.exchange:
        meaning = judge_exchange(context, mirror, exchange, probe.purpose, probe.only).expected
    blamed = blamed_clauses(context, mirror, probe, exchange.list_request, shown, meaning)
    found = replace(judged, exchange=exchange, expected=meaning)
    _record_difference(context, mirror, probe, found, shown, blamed, rate)
    return True


def _judge_again(
    context: CheckContext, mirror: Mirror, probe: Probe
) -> Callable[[Exchange], tuple[Difference, ...] | None]:
    """What judges the smaller requests of a probe: their differences, or None where nobody can tell."""

    def judge(exchange: Exchange) -> tuple[Difference, ...] | None:
        if server_failure(exchange) is None and context.note_unusable(exchange, ()):
            return None
        if mirror.volatile:
            _reread(context, mirror)
        return judge_exchange(context, mirror, exchange, exchange.purpose, probe.only, learn=False).differences

    return judge


def _record_difference(
    context: CheckContext,
    mirror: Mirror,
    probe: Probe,
    judged: ProbeResult,
    difference: Difference,
    blamed: BlamedClauses,
    rate: str,
) -> None:
    """Writes a confirmed difference under each of the clauses that it breaks."""
    ask = judged.exchange.list_request
    names = _relevant_fields(context, ask)
    # What comes right now and then is shown by no single answer.
    readings = [meaning for _, meaning in context.expected_answers(ask)]
    check = (
        None if rate else difference_check(context, mirror, judged.expected, judged.exchange, difference, readings)
    )
    for clause in (blamed.clauses[:1], *((also,) for also in blamed.also)):
        if not clause:
            continue
        context.fail(
            clause,
            context.clause_text(clause, probe.purpose),
            expected=difference.expected,
            actual=difference.actual + rate,
            exchange=judged.exchange,
            rows=difference.rows,
            fields=names,
            difference=f"{difference.aspect} {difference.kind} {difference.about}",
            check=check,
        )
    context.known_differences.append(KnownDifference(ask=ask, difference=difference, clauses=blamed.clauses))


def judge_exchange(
    context: CheckContext,
    mirror: Mirror,
    exchange: Exchange,
    purpose: str,
    only: Sequence[Aspect] = ASPECTS,
    *,
    learn: bool = True,
) -> ProbeResult:
    """An exchange held against every reading of its request that is still possible; the one that fits best counts.

    With `learn` a reading that fits narrows what is known of the server's dialect.
    """
    for most in (MOST_BRANCHES, MOST_READINGS):
        branches = context.expected_answers(exchange.list_request, at_most=most)
        compared = [
            (answers, meaning, compare_answer(context, mirror, meaning, exchange, only))
            for answers, meaning in branches
        ]
        matching = [answers for answers, _, differences in compared if not differences]
        if matching or len(branches) < most:
            break
    else:
        return ProbeResult(passed=None, exchange=exchange)
    if matching:
        if learn:
            context.dialect.narrow_candidates(matching, purpose)
        meaning = next(meaning for _, meaning, differences in compared if not differences)
        return ProbeResult(passed=True, exchange=exchange, expected=meaning)
    # The reading that explains most is the one that goes wrong last, and in the fewest ways.
    _, meaning, differences = max(compared, key=lambda item: (item[2][0].rank, -len(item[2])))
    return ProbeResult(passed=False, exchange=exchange, expected=meaning, differences=differences)


def _reread(context: CheckContext, mirror: Mirror) -> None:
    """Reads the list again, as long as a run may spend requests on it."""
    before = context.requests
    if context.facts.reread_requests < REREAD_REQUESTS:
        reread_mirror(context, mirror)
    context.facts.reread_requests += context.requests - before


def _confirm_differences(
    context: CheckContext, mirror: Mirror, first: ProbeResult, probe: Probe
) -> tuple[ProbeResult, str] | None:
    """The differences again, with how often they came, or None when they cannot be shown a second time."""
    of_rows = any(one.aspect not in ("unreadable", "outcome") for one in first.differences)
    if of_rows and not mirror.volatile:
        _reread(context, mirror)
    rows = tuple(row for one in first.differences for row in one.rows)
    # What only young rows show may be luck with replicas: then they are asked about once more.
    for _ in range(2 if all_recent(context, rows) else 1):
        if of_rows and not mirror.volatile and replicas_disagree(context, mirror, rows):
            return None
    shown = _ask_again(context, mirror, first, probe, of_rows=of_rows)
    if shown is None:
        return None
    last, rate = shown
    if rate and _may_be_luck(context, mirror, rows):
        return None
    if last is None:
        # A server may fail once; a promise is broken by what comes again.
        if mirror.volatile or all(one.kind == "broken-down" for one in first.differences):
            return None
        # Never pass by luck: it was wrong once over data that did not move.
        last = first
    if not _is_wrong_later(context, mirror, last, probe.purpose, probe.only):
        return None
    return last, rate


def _ask_again(
    context: CheckContext, mirror: Mirror, first: ProbeResult, probe: Probe, *, of_rows: bool
) -> tuple[ProbeResult | None, str] | None:
    """The last of some more answers that is wrong in the same way, if any is; with it, unless the very next one is,
    how many are. None where nobody can tell."""
    wrong = 1
    last: ProbeResult | None = None
    for attempt in range(CONFIRMING_REPEATS):
        exchange = context.send(probe.ask, f"again: {probe.purpose}", credentials=probe.credentials)
        if server_failure(exchange) is None and context.note_unusable(exchange, ()):
            return None
        if mirror.volatile and of_rows:
            _reread(context, mirror)
        again = judge_exchange(context, mirror, exchange, probe.purpose, probe.only, learn=False)
        same = tuple(one for one in again.differences if any(one.is_same_as(old) for old in first.differences))
        if same:
            wrong += 1
            last = replace(again, differences=same)
            if attempt == 0:
                return last, ""
        elif mirror.volatile:
            return None
    return last, f" (in {wrong} of {CONFIRMING_REPEATS + 1} identical requests)"


def _may_be_luck(context: CheckContext, mirror: Mirror, rows: Sequence[Row]) -> bool:
    """Whether answers may differ because young rows came in between, or have not reached every replica yet."""
    if all_recent(context, rows):
        return True
    if not rows and any(all_recent(context, (row,)) for row in mirror.rows):
        # A number alone does not say which rows it is about.
        for _ in range(2):
            if replicas_disagree(context, mirror):
                return True
    return False


def _is_wrong_later(
    context: CheckContext, mirror: Mirror, last: ProbeResult, purpose: str, only: Sequence[Aspect]
) -> bool:
    """Whether an answer is also wrong by a list of calls in progress that is read when some time has passed.

    Several copies of such a list may each lag behind (`legs_copies_that_lag`): what one still shows, another has
    dropped already.
    """
    facts = context.facts
    if not lists_only_live_calls(context) or facts.stands_still or not isinstance(context.sender, RateLimitedClient):
        return True
    lasting = [one for one in last.differences if one.aspect not in ("unreadable", "outcome") and one.kind != "stray"]
    if len(lasting) < len(last.differences):
        return True
    if facts.waits >= MAX_WAITS:
        return not facts.copies_lag
    facts.waits += 1
    wait_for_replicas(context)
    reread_mirror(context, mirror)
    if not mirror.volatile:
        # A list that stood still for so long twice stands still.
        facts.stands_still = facts.waits > 1
        return True
    found = judge_exchange(context, mirror, last.exchange, purpose, only).differences
    still = any(one.is_same_as(other) for one in found for other in lasting)
    facts.copies_lag = facts.copies_lag or not still
    return still


def _shown_by_other_filter(context: CheckContext, mirror: Mirror, ask: ListRequest, row: Row) -> bool:
    """Whether another filter shows a row, too, that the whole list does not hold."""
    _, size = largest_page_size(context)
    wide = page_size_values(context, size) if size else {}
    tried = 0
    for name, filter_ in context.listing.filters.items():
        if name in ask.values or not _can_look_up(context, name, filter_):
            continue
        shown = row.values(filter_.compares[0])
        value = next((value for value in shown if isinstance(value, str) and value), None)
        if value is None:
            continue
        exchange = context.send(mirror.request({name: value, **wide}), f"does {name} show such a row, too?")
        if row.key in exchange.keys:
            return True
        tried += 1
        if tried >= OTHER_FILTERS_ASKED:
            break
    return False


def _can_look_up(context: CheckContext, name: str, filter_: Filter) -> bool:
    """Whether a filter keeps the rows that show one text, whatever else is asked for."""
    if not is_plain_equality(filter_) or filter_.applies_if_any or filter_.loses_to:
        return False
    readable = context.listing.parameters[name].as_ in ("text", "word") and not filter_.compares[0].hidden
    return readable and context.parameters_work(name) and context.supports_parameters(name)


def _pages_lose_rows(context: CheckContext, mirror: Mirror, mismatch: Difference) -> bool:
    """Whether rows that the mirror lacks are in the list all the same: a narrow time range shows them."""
    lower, upper, path = time_range_filters(context)
    if mirror.volatile or mirror.tear_reason or lower is None or upper is None or path is None:
        return False
    _, size = largest_page_size(context)
    wide = page_size_values(context, size) if size is not None else {}
    whole = context.expected_answers(mirror.request())
    for first, last in _ranges_to_ask(context, mirror, mismatch, path):
        window = context.encode_all({lower: first, upper: last})
        exchange = context.send(mirror.request({**wide, **window}), "is a row that was not read there?")
        here = [row for row in exchange.listed if (at := row.instant(path)) is not None and first <= at <= last]
        if len(here) < len(exchange.listed):
            # The range itself is not kept: it proves nothing.
            continue
        # Rows outside of the window that was read were never to be in it.
        unknown = [
            row
            for row in here
            if mirror.row_with_key(row.key) is None
            and not is_recent_row(context, row, path)
            and any(meaning.keeps_row(row.shown) is not False for _, meaning in whole)
        ]
        told = {row.key for row in (mismatch.rows if mismatch.kind == "unlisted" else unknown)}
        if not told.isdisjoint(row.key for row in unknown):
            mirror.tear_reason = (
                f"a walk over all pages misses {rows_in_words(len(unknown))} that a narrow time range shows"
            )
            return True
    return False


def _ranges_to_ask(
    context: CheckContext, mirror: Mirror, mismatch: Difference, path: str
) -> list[tuple[datetime, datetime]]:
    """The time ranges that may show rows which the pages lose: about such a row; once, the ends and halves of all."""
    second = timedelta(seconds=1)
    ranges: list[tuple[datetime, datetime]] = []
    if mismatch.kind == "unlisted":
        ranges = [(instant - second, instant + second) for instant in instants_of(mismatch.rows[:1], path)]
    elif mismatch.aspect == "total" and mismatch.more_counted and not context.facts.range_halved:
        times = sorted(instants_of(mirror.rows, path))
        if len(times) > 3:
            context.facts.range_halved = True
            edge, middle, end = min(9, len(times) // 2), times[len(times) // 2], times[-1] + timedelta(days=1)
            start = times[0] - second
            ranges = [(times[-1 - edge], end), (start, times[edge]), (start, middle), (middle, end)]
    return [(first.replace(microsecond=0), last.replace(microsecond=0)) for first, last in ranges]


# --- passes -------------------------------------------------------------------------------------------------


def _record_probe_passes(context: CheckContext, mirror: Mirror, judged: ProbeResult, probe: Probe) -> None:
    """Records that the aspects of an answer that could differ, and do not, keep what promises them."""
    meaning, exchange = judged.expected, judged.exchange
    if meaning is None:
        return
    if meaning.unspecified:
        context.results.record_observed(probe.clauses, meaning.unspecified)
        return
    wrong = {one.aspect for one in judged.differences}
    if not wrong & set(PRIMARY_ASPECTS):
        context.results.record_pass(probe.clauses)
    if meaning.error_name is not None or meaning.count_only or wrong & {"unreadable", "outcome", "count"}:
        return
    _learn_past_end(context, mirror, judged, meaning)
    for aspect in _aspects_shown(context, mirror, judged, meaning):
        if aspect not in wrong:
            promised = probe.blame.get(aspect) or clauses_of_aspect(context, exchange.list_request, aspect, meaning)
            context.results.record_pass(promised)


def _aspects_shown(
    context: CheckContext, mirror: Mirror, judged: ProbeResult, meaning: ExpectedAnswer
) -> Iterator[Aspect]:
    """The aspects in which an answer with these rows could differ."""
    wrong = {one.aspect for one in judged.differences}
    rows = judged.exchange.listed
    paging = context.listing.paging
    if meaning.sort is not None and len({str(row.values(meaning.sort[0])) for row in rows}) > 1:
        yield "order"
    if meaning.size is not None and len(matching_rows(mirror, meaning)[0]) > meaning.size:
        yield "size"
    if mirror.complete and rows and not isinstance(paging, CursorPaging | NoPaging) and not wrong:
        yield "slice"
    told = context.listing.total is not None and judged.exchange.total is not MISSING
    if told and mirror.complete and "rows" not in wrong:
        yield "total"


def _learn_past_end(context: CheckContext, mirror: Mirror, judged: ProbeResult, meaning: ExpectedAnswer) -> None:
    """An empty success beyond the last page is the server's way to tell the end."""
    paging, exchange = context.listing.paging, judged.exchange
    if not isinstance(paging, PageNumberPaging) or not isinstance(paging.past_the_end, OpenChoice):
        return
    empty = exchange.outcome == "success" and not exchange.rows
    if not mirror.complete or judged.differences or not empty or not meaning.start:
        return
    if len(matching_rows(mirror, meaning)[0]) <= meaning.start:
        context.dialect.fix_answer(paging.past_the_end.id, "empty", exchange.purpose)


def _relevant_fields(context: CheckContext, ask: ListRequest) -> list[str]:
    listing = context.listing
    names: list[str] = []
    for name in ask.values:
        if name in listing.filters:
            names.extend(path.head for path in listing.filters[name].compares if not path.hidden)
    if listing.order is not None:
        names.extend(map(str, options_of(listing.order.by)))
    return [*names, *list(listing.fields)[:6]]
