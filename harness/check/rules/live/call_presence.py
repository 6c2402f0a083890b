"""The presence of calls in a list of calls in progress: from their beginning on, without a gap, and as of now.

Names in backticks are variants of the foreign servers in `tests/foreign/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, pairwise
from typing import Final

from harness.check.context import Row
from harness.check.probe.answer_checks import poll_check
from harness.check.rules.live.call_continuity import is_same_call
from harness.check.rules.live.call_readings import (
    COPY_LAG_SECONDS,
    REFRESH_SECONDS,
    LifeFields,
    Reading,
    Sighting,
    WatchedCalls,
    seconds_shown,
    still_stretches,
)
from harness.specification.model import Clauses

# A late call may be a special case of telephony, three are none; one says something where many answers lack it.
_LATE_FOR_CERTAIN: Final = 3
_LATE_NEEDED: Final = 2
_ANSWERS_FOR_ONE: Final = 5
_JUMPS_NEEDED: Final = 2
_STRETCHES_FOR_CERTAIN: Final = 2
# So many beginnings and answers tell how soon a list has what happened.
_EVENTS_NEEDED: Final = 3
# By so much a call may be registered later than it began; one new call in so many tells a habit.
_MOMENT_SECONDS: Final = 1.0
_UNLISTED_SHARE: Final = 8
# The clocks of calls, by which the instant of an answer is known, and by how much they may differ from one another.
_AGES_NEEDED: Final = 3
_ALIKE_SECONDS: Final = 0.25
# What is brought up to date more seldom is no list of what is in progress; nobody says how fresh it must be.
_STALE_SECONDS: Final = 8.0


def check_presence(watched: WatchedCalls, clauses: Clauses) -> None:
    """Judges gaps, late arrivals and remembered lists under the clauses that each call in progress is listed."""
    if clauses and watched.context.identity_unique and len(watched.readings) > 2:
        _check_gaps(watched, clauses)
        _check_arrivals(watched, clauses)
        _check_unlisted_beginnings(watched, clauses)
        _check_freshness(watched, clauses)


def _check_gaps(watched: WatchedCalls, clauses: Clauses) -> None:
    """Judges that a call is in each reading that lies well after one with it and well before another.

    Copies of the list that lag (`legs_copies_that_lag`) differ on what happened in the last seconds only.
    """
    gaps: list[tuple[Row, float]] = []
    witnessed = 0
    for key, history in watched.histories.items():
        first, last = history[0], history[-1]
        if not is_same_call(watched.context, first.row, last.row):
            # An identity that was used again.
            continue
        due = _readings_between(watched, first.at + COPY_LAG_SECONDS, last.at - COPY_LAG_SECONDS)
        witnessed += len(due)
        lacking = [at for at, reading in due if key not in reading.by_key]
        if lacking:
            gaps.append((last.row, last.at - lacking[0]))
    if gaps:
        watched.fail(
            clauses,
            "each call in progress is listed",
            expected="calls that are listed seconds before and seconds after an answer also in that answer",
            actual=f"{len(gaps)} of {len(watched.histories)} calls are left out there; one was back "
            f"{gaps[0][1]:.0f} seconds later",
            rows=[row for row, _ in gaps],
            fields=_names(watched.fields),
            check=poll_check(watched.context, "steady"),
        )
    elif witnessed:
        watched.context.results.record_pass(clauses, times=witnessed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    """A call that came to the list during the run: when it began and was answered, in seconds of the run."""

    first: Sighting
    began: float
    answered: float | None


def _check_arrivals(watched: WatchedCalls, clauses: Clauses) -> None:
    """Judges that calls are listed from their beginning on, by what they show of themselves at first sight."""
    fields, readings = watched.fields, watched.readings
    skew, lag = 0.0, COPY_LAG_SECONDS + watched.still
    if fields.ring is None or fields.talk is None:
        skew = _server_skew(watched)
        lag = _lag_of_events(watched, skew)
    known = (_arrival_of(fields, readings[first.place], first, skew) for first in _first_sights(watched))
    arrivals = [arrival for arrival in known if arrival is not None]
    # Each answer between the beginning and the first sight lacks the call.
    lacking = {id(one): len(_readings_between(watched, one.began + lag, one.first.at)) for one in arrivals}
    late = [one for one in arrivals if lacking[id(one)]]
    # Of those that rang for long enough it is known whether they are listed while they ring.
    rang = [
        (one, times)
        for one in arrivals
        if one.answered is not None and (times := _readings_between(watched, one.began + lag, one.answered))
    ]
    silent = [one for one, times in rang if one.first.at > times[-1][0]]
    for found, of, what, enough in (
        (late, arrivals, "had gone on for seconds before they were listed", 2 * len(late) >= len(arrivals)),
        (silent, rang, "had rung for seconds, and were listed when that was over", len(silent) == len(rang)),
    ):
        overdue = any(lacking[id(one)] >= _ANSWERS_FOR_ONE for one in found)
        if enough and (len(found) >= _LATE_NEEDED or overdue):
            watched.fail(
                clauses,
                "each call in progress is listed",
                expected="a new call to be listed when it begins",
                actual=f"{len(found)} of {len(of)} new calls {what}, while answers came without them",
                rows=[one.first.row for one in found],
                fields=_names(fields),
                # A few may be chance: calls that waited where the system does not count them as such.
                inferred=len(found) < _LATE_FOR_CERTAIN,
                difference="new calls are listed late",
            )
    if arrivals:
        watched.context.results.record_pass(clauses, times=len(arrivals) - len(late))


def _check_unlisted_beginnings(watched: WatchedCalls, clauses: Clauses) -> None:
    """Judges that no answer lacks calls that had begun when it was made, as the numbers of other calls tell.

    Copies that lag show older numbers, too: an answer lacks nothing that began after the instant that it shows.
    Servers leave out the last row, which is listed as soon as there is another one (a foreign server).
    """
    shown_at = _instants_shown(watched)
    arrivals = [first for first in _first_sights(watched) if shown_at is not None]
    late: list[tuple[Sighting, float]] = []
    for first in arrivals:
        age = watched.fields.age_of(first.row)
        if age is not None and shown_at is not None:
            late.append((first, shown_at[first.place - 1] - (shown_at[first.place] - age)))
    unlisted = [(first, seconds) for first, seconds in late if seconds > _MOMENT_SECONDS]
    if len(unlisted) >= _LATE_FOR_CERTAIN and _UNLISTED_SHARE * len(unlisted) >= len(arrivals):
        watched.fail(
            clauses,
            "each call in progress is listed",
            expected="an answer with all calls that had begun when it was made",
            actual=f"{len(unlisted)} of {len(arrivals)} new calls had gone on by then, one for "
            f"{max(seconds for _, seconds in unlisted):.1f} seconds, and are only in the next answer",
            rows=[first.row for first, _ in unlisted],
            fields=_names(watched.fields),
            difference="new calls are listed late",
        )


def _instants_shown(watched: WatchedCalls) -> list[float] | None:
    """The instant that each reading shows, in seconds since that of the first one; None where calls do not agree.

    From one reading to the next all calls that ring or talk grow older by the same seconds.
    """
    fields, instants = watched.fields, [0.0]
    for earlier, later in pairwise(watched.readings):
        growths = sorted(
            after - before
            for key, row in later.by_key.items()
            if (old := earlier.by_key.get(key)) is not None
            if "held" not in (fields.phase_of(old), fields.phase_of(row))
            if (before := fields.age_of(old)) is not None and (after := fields.age_of(row)) is not None
        )
        middle = growths[len(growths) // 2] if growths else 0.0
        alike = [growth for growth in growths if abs(growth - middle) <= _ALIKE_SECONDS]
        if len(alike) < _AGES_NEEDED or 3 * len(alike) < 2 * len(growths):
            return None
        instants.append(instants[-1] + middle)
    return instants


def _first_sights(watched: WatchedCalls) -> list[Sighting]:
    """Where calls came to the list; of the legs of a call only the first: others may show the call's beginning."""
    call_name = watched.fields.call or ""
    known = {row.shown.get(call_name) for row in watched.readings[0].rows} - {None}
    firsts: list[Sighting] = []
    for first in sorted((history[0] for history in watched.histories.values()), key=lambda first: first.place):
        call = first.row.shown.get(call_name)
        if first.place > 0 and call not in known and not _goes_on(watched, first):
            firsts.append(first)
        known |= {call} - {None}
    return firsts


def _goes_on(watched: WatchedCalls, first: Sighting) -> bool:
    """Whether a call that left just then had begun at the same instant: a transfer may make it a new one."""
    start = watched.fields.start or ""
    before, here = (watched.readings[place].by_key for place in (first.place - 1, first.place))
    began = first.row.shown.get(start)
    return began is not None and any(before[key].shown.get(start) == began for key in before.keys() - here.keys())


def _readings_between(watched: WatchedCalls, after: float, before: float) -> list[tuple[float, Reading]]:
    """The readings between two seconds of the run, each with its second."""
    timed = [(reading.at, reading) for reading in watched.readings if reading.at is not None]
    return [(at, reading) for at, reading in timed if after < at < before]


def _arrival_of(fields: LifeFields, reading: Reading, first: Sighting, skew: float) -> _Arrival | None:
    """When a call began and was answered, by its own numbers or by the server's clock; None where neither tells."""
    ring, talk = seconds_shown(first.row, fields.ring), seconds_shown(first.row, fields.talk)
    if ring is not None and talk is not None:
        answered = first.at - talk
        return _Arrival(first=first, began=answered - ring, answered=answered if talk > 0 else None)
    began, up, now = first.row.instant(fields.start), first.row.instant(fields.answer), reading.server_time
    if fields.ring is not None or began is None or now is None:
        return None

    def second_of(instant: datetime) -> float:
        return first.at - max(0.0, (now - instant).total_seconds() - skew)

    return _Arrival(first=first, began=second_of(began), answered=None if up is None else second_of(up))


def _server_skew(watched: WatchedCalls) -> float:
    """How far the latest instant that any row shows lies behind the server's clock, at least, in seconds.

    Where beginnings and answers come from another clock than the Date header, all of them lie so far behind.
    """
    return min(
        (
            (reading.server_time - latest).total_seconds()
            for reading in watched.readings
            if reading.server_time is not None
            for row in reading.rows
            if (latest := _latest_instant(watched.fields, row)) is not None
        ),
        default=0.0,
    )


def _lag_of_events(watched: WatchedCalls, skew: float) -> float:
    """The seconds after which a beginning or an answer is in every answer, as far as those of the run show."""
    delays: list[float] = []
    fields = watched.fields
    for history in watched.histories.values():
        latest = None if history[0].place else _latest_instant(fields, history[0].row)
        for sighting in history:
            instant, now = _latest_instant(fields, sighting.row), watched.readings[sighting.place].server_time
            if instant is not None and now is not None and sighting.place and instant != latest:
                delays.append((now - instant).total_seconds() - skew)
            latest = instant
    return min(REFRESH_SECONDS, COPY_LAG_SECONDS + max(delays)) if len(delays) >= _EVENTS_NEEDED else REFRESH_SECONDS


def _latest_instant(fields: LifeFields, row: Row) -> datetime | None:
    """The answer of a call, or its beginning before it."""
    instants = (row.instant(fields.start), row.instant(fields.answer))
    return max((instant for instant in instants if instant is not None), default=None)


def _check_freshness(watched: WatchedCalls, clauses: Clauses) -> None:
    """Judges that the list is not remembered: counters that jump tell how long the list had stood still.

    Once it may be a server that was busy, twice it is its habit.
    """
    fields = watched.fields
    found = [one for one in _remembered_stretches(watched) if len(one[2]) >= _JUMPS_NEEDED]
    if not found:
        return
    answers, seconds, jumped = found[0]
    before, row = jumped[0]
    watched.fail(
        clauses,
        "the list shows the calls in progress",
        expected="another answer while calls go on",
        actual=f"{answers} answers alike in {seconds:.0f} seconds, then {len(jumped)} calls "
        f"that are {_jump(fields, before, row):.0f} seconds older at once",
        rows=chain(*jumped),
        fields=_names(fields),
        # No document says how fresh a list must be; one that is never of now for longer than any lag lists no calls
        # that began meanwhile.
        inferred=len(found) < _STRETCHES_FOR_CERTAIN,
        difference="the list is remembered",
    )


def _remembered_stretches(watched: WatchedCalls) -> Iterator[tuple[int, float, list[tuple[Row, Row]]]]:
    """Answers alike for longer than a list may stand still: how many, in how many seconds, and calls that jump."""
    fields, readings = watched.fields, watched.readings
    for first, last in still_stretches(readings):
        began, ended = readings[first].at, readings[last].at
        if began is None or ended is None or ended - began < _STALE_SECONDS or last + 1 >= len(readings):
            continue
        jumped = [
            (before, row)
            for key, row in readings[last + 1].by_key.items()
            if (before := readings[last].by_key.get(key)) is not None
            and fields.phase_of(before) in ("ringing", "answered")
            and _jump(fields, before, row) > (ended - began) / 2
        ]
        yield last - first + 1, ended - began, jumped


def _jump(fields: LifeFields, before: Row, after: Row) -> float:
    """By how many seconds a call is older than before."""
    one, other = fields.age_of(before), fields.age_of(after)
    return other - one if one is not None and other is not None else 0.0


def _names(fields: LifeFields) -> tuple[str | None, ...]:
    return fields.start, fields.answer, fields.ring, fields.talk, fields.state
