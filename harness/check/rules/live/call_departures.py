"""The departures of calls from a list of calls in progress: what has ended is not listed any longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from harness.check.context import CheckContext, Row
from harness.check.probe.answer_checks import AnswerCheck, Plain, ended_check
from harness.check.results.evidence import render_value
from harness.check.rules.live.call_readings import (
    COPY_LAG_SECONDS,
    REFRESH_SECONDS,
    LifeFields,
    Sighting,
    WatchedCalls,
    seconds_shown,
)
from harness.check.rules.responses.row_laws import ExactNumber, as_number
from harness.specification.model import Clauses

# A call may be hung up while it is on hold and counts nothing: two of those may be chance, and then all the others.
_STOPPED_NEEDED: Final = 2
_STOPPED_FOR_CERTAIN: Final = 3
# Far beyond what a wait in a queue or on hold leaves out of a call's durations (`hold_not_counted`).
_STALLED_AFTER_SECONDS: Final = 900
# Two readings may fall between two updates of a server that writes its numbers every few seconds.
_READINGS_NEEDED: Final = 3
_STOPPED_CALLS_NEEDED: Final = 3
# Longer than servers take to bring all numbers up to date; shorter than anybody takes a dead call for a live one.
_LATE_SECONDS: Final = 10
# Without durations only beginnings can be compared: few calls last a day, and lines that stay up do.
_AGED_SECONDS: Final = 86_400
_END_ATTRIBUTES: Final = ("ended_at", "disposition", "hangup_cause")
_LIVE_STATES: Final = frozenset({"dialing", "ringing", "answered", "held"})
# What telephony calls a call that is over, without the blanks and the case in which it is written.
_END_WORDS: Final = frozenset(
    {"hangup", "hungup", "callerhungup", "calleehungup", "ended", "terminated", "completed", "disconnected"}
)


_ENDED: Final = "a call that has ended is not listed"


def check_departures(watched: WatchedCalls, clauses: Clauses) -> None:
    """Judges that calls leave when they end: not after their counters stopped, and not with a state of the past."""
    if not clauses:
        return
    _check_ended_calls(watched, clauses)
    if not watched.histories or not watched.context.identity_unique:
        return
    _check_end_states(watched, clauses)
    if watched.fields.counts:
        _check_stopped_calls(watched, clauses)


def _check_end_states(watched: WatchedCalls, clauses: Clauses) -> None:
    """Judges that a call that is said to be over is not listed for longer than a moment."""
    lingering: list[tuple[Row, str, float]] = []
    for history in watched.histories.values():
        for name in watched.context.fields_showing("state", "state_text"):
            over = [sighting for sighting in history if _says_end(sighting.row.shown.get(name))]
            if over and over[-1].at - over[0].at > COPY_LAG_SECONDS:
                lingering.append((over[-1].row, name, over[-1].at - over[0].at))
    if lingering:
        row, name, seconds = lingering[0]
        fields = watched.fields
        watched.fail(
            clauses,
            _ENDED,
            expected="calls in progress only",
            actual=f"{name} {row.shown.get(name)!r} for {seconds:.0f} seconds; {len(lingering)} such calls",
            rows=[one for one, _, _ in lingering],
            fields=(fields.start, fields.ring, fields.talk, fields.state, name),
            difference="ended calls are listed",
            check=ended_check(watched.context, "over", (), told={"while": name, "is": [str(row.shown.get(name))]}),
        )


def _says_end(value: object) -> bool:
    return isinstance(value, str) and "".join(one for one in value.casefold() if one.isalpha()) in _END_WORDS


def _check_stopped_calls(watched: WatchedCalls, clauses: Clauses) -> None:
    """Judges that calls do not stand still for seconds before they leave, all of them, while the others go on."""
    fields, last, patience = watched.fields, watched.last.by_key, REFRESH_SECONDS + watched.still
    left = [
        history
        for key, history in watched.histories.items()
        if key not in last and history[-1].at - history[0].at > patience
    ]
    stopped = [history for history in left if _seconds_stood_still(fields, history) > patience]
    staying = [history for key, history in watched.histories.items() if key in last and len(history) > 1]
    going = any(_seconds_stood_still(fields, history) <= patience for history in staying)
    if len(stopped) >= _STOPPED_NEEDED and len(stopped) == len(left) and going:
        seconds = _seconds_stood_still(fields, stopped[0])
        watched.fail(
            clauses,
            _ENDED,
            expected="calls that go on until they leave the list, as others do",
            actual=f"each of the {len(left)} calls that left had stood still, one for {seconds:.0f} seconds",
            rows=[one[-1].row for one in stopped],
            inferred=len(stopped) < _STOPPED_FOR_CERTAIN,
            difference="ended calls are listed",
            check=_stopped_check(watched),
        )
    elif left:
        watched.context.results.record_pass(clauses, times=len(left) - len(stopped))


def _seconds_stood_still(fields: LifeFields, history: Sequence[Sighting]) -> float:
    """For how many seconds a call that was said to go on had shown the same when it was seen last."""
    last = history[-1]
    if fields.phase_of(last.row) not in ("ringing", "answered"):
        return 0.0
    still = last
    for sighting in reversed(history):
        if fields.progress_of(sighting.row) != fields.progress_of(last.row):
            break
        still = sighting
    return last.at - still.at


# --- what rows show of themselves --------------------------------------------------------------------------


def _check_ended_calls(watched: WatchedCalls, clauses: Clauses) -> None:
    """Judges that ended calls are not listed, by what rows show of themselves and by calls that leave the list."""
    shows = [(row, _call_liveness(watched.context, row)) for reading in watched.readings for row in reading.rows]
    said = [(row, shown) for row, shown in shows if isinstance(shown, str)]
    stale = [] if said else _stale_calls(watched)
    rings = [] if said or stale else _stopped_rings(watched)
    ended = said or [(row, why) for row, why, _ in stale] or rings or _stopped_calls(watched)
    if ended:
        check = _said_check(watched) if said else _stale_check(watched) if stale else _stopped_check(watched)
        # A long call may be what it looks like: only the comparison with its neighbours speaks against it. But no
        # hold lasts for days, and nobody puts a call on hold that rings.
        certain = said or rings or (watched.fields.counts and any(behind > _AGED_SECONDS for _, _, behind in stale))
        _report_ended_calls(watched, clauses, ended, inferred=not certain, check=check)
        return
    gone = {key for reading in watched.readings[:-1] for key in reading.by_key if key not in watched.last.by_key}
    starts = watched.context.fields_showing("started_at")
    compared = {row.key for row, _ in shows if any(row.instant(name) is not None for name in starts)}
    seen = gone | {row.key for row, shown in shows if shown} | (compared if len(compared) > 1 else set())
    if seen:
        watched.context.results.record_pass(clauses, times=len(seen))
    else:
        reason = "no call ended between the polls, and rows do not show whether they live"
        watched.context.results.record_not_exercised(clauses, reason)


def _stale_calls(watched: WatchedCalls) -> list[tuple[Row, str, float]]:
    """Rows that lie far behind their neighbours, with the reason and by how many seconds; none whose own numbers were
    seen to change.
    """
    progress = {key: {watched.fields.progress_of(row) for row in rows} for key, rows in watched.rows_by_key.items()}
    overdue = (one for reading in watched.readings for one in _overdue_calls(watched, reading.rows))
    return [one for one in overdue if len(progress[one[0].key]) == 1]


def _stopped_rings(watched: WatchedCalls) -> list[tuple[Row, str]]:
    """Rows that say they ring, have rung, and ring no longer: far behind their neighbours in several readings."""
    fields, recent = watched.fields, watched.readings[-_READINGS_NEEDED:]
    if not fields.counts or len(recent) < _READINGS_NEEDED:
        return []
    late = {row.key for row, _, _ in _overdue_calls(watched, watched.last.rows, stalled=_LATE_SECONDS)}
    stopped = [
        row
        for row in watched.last.rows
        if row.key in late and fields.phase_of(row) == "ringing" and seconds_shown(row, fields.ring)
        if all(_stands_still(fields, one.by_key.get(row.key), row) for one in recent)
    ]
    why = "they say that they ring, and ring no more, while others go on"
    return [(row, why) for row in stopped] if len(stopped) >= _STOPPED_CALLS_NEEDED else []


def _stands_still(fields: LifeFields, before: Row | None, row: Row) -> bool:
    return before is not None and fields.progress_of(before) == fields.progress_of(row)


def _stopped_calls(watched: WatchedCalls) -> list[tuple[Row, str]]:
    """Rows that say they talk while their talk has stood still from reading to reading, and that of others has not.

    A few of them may be on hold where a server has no word for it: then only many speak against it. Nor do those
    that are hardly behind the others: a server may bring its numbers up to date every few seconds.
    """
    state, talk, last = watched.fields.state, watched.fields.talk, watched.last
    words = watched.context.listing.fields[state].words if state is not None else {}
    talking = words.get("answered")
    if state is None or talk is None or talking is None or len(watched.readings) < _READINGS_NEEDED:
        return []

    def talked(rows: Sequence[Row]) -> list[ExactNumber]:
        numbers = [as_number(row.shown.get(talk)) for row in rows if row.shown.get(state) == talking]
        known = [number for number in numbers if number is not None and number > 0]
        return known if len(known) == len(rows) >= _READINGS_NEEDED else []

    staying = {key: rows for key, rows in watched.rows_by_key.items() if key in last.by_key}
    talks = {key: numbers for key, rows in staying.items() if (numbers := talked(rows))}
    going = sum(numbers[-1] - numbers[0] >= 1 for numbers in talks.values())
    late = {row.key for row, _, _ in _overdue_calls(watched, last.rows, stalled=_LATE_SECONDS)}
    still = (key for key, numbers in talks.items() if numbers[0] == numbers[-1] == max(numbers))
    stopped = [last.by_key[key] for key in still if key in late]
    says_hold = any(watched.fields.is_held(row) for row in last.rows)
    enough = _STOPPED_CALLS_NEEDED if says_hold else max(_STOPPED_CALLS_NEEDED, (going + len(stopped)) // 3 + 1)
    why = "they say that they talk, and talk no more, while others go on"
    return [(row, why) for row in stopped] if going and len(stopped) >= enough else []


def _report_ended_calls(
    watched: WatchedCalls,
    clauses: Clauses,
    ended: Sequence[tuple[Row, str]],
    *,
    inferred: bool,
    check: AnswerCheck | None,
) -> None:
    """Tells of rows of ended calls, each with the reason."""
    rows = list({row.key: row for row, _ in ended}.values())
    watched.fail(
        clauses,
        _ENDED,
        expected="calls in progress only",
        actual=f"{ended[0][1]}; {len(rows)} such rows",
        rows=rows,
        fields=watched.context.fields_showing(*_EVIDENCE_ATTRIBUTES),
        inferred=inferred,
        check=check,
    )


def _said_check(watched: WatchedCalls) -> AnswerCheck | None:
    """The check that no row shows what only a call that has ended has."""
    asked = ended_check(watched.context, "over", watched.context.fields_showing(*_END_ATTRIBUTES), told={})
    return None if asked is None else replace(asked, kind="blank", low=0, high=0, values=None)


def _stale_check(watched: WatchedCalls) -> AnswerCheck | None:
    """The check that no call reaches only until long before the others."""
    fields = watched.fields
    slack, spans = (_STALLED_AFTER_SECONDS, (fields.ring, fields.talk)) if fields.counts else (_AGED_SECONDS, ())
    told: dict[str, Plain] = {"slack": str(slack), "while": fields.state, "not": _words_of(fields, "held")}
    return ended_check(watched.context, "stale", (fields.start, *spans), told=told)


def _stopped_check(watched: WatchedCalls) -> AnswerCheck | None:
    """The check that no calls that are said to go on stand still while others do."""
    fields = watched.fields
    told: dict[str, Plain] = {"while": fields.state, "is": _words_of(fields, "ringing", "answered")}
    return ended_check(watched.context, "over", (fields.answer, fields.ring, fields.talk, fields.state), told=told)


def _words_of(fields: LifeFields, *phases: str) -> list[Plain]:
    return [word for word, phase in fields.phases.items() if phase in phases]


_EVIDENCE_ATTRIBUTES: Final = (
    "started_at",
    "ended_at",
    "state",
    "disposition",
    "hangup_cause",
    "ring_seconds",
    "talk_seconds",
)


def _call_liveness(context: CheckContext, row: Row) -> bool | str | None:
    """True when a row shows that its call is live, a sentence when it shows that it has ended, None else."""
    alive: bool | None = None
    for name, field in context.listing.fields.items():
        if name not in row.shown:
            continue
        value = row.shown[name]
        if field.shows in _END_ATTRIBUTES:
            if value is not None and value != "":
                return f"{name} shows {render_value(value)}"
            alive = True
        elif field.shows == "state" and field.as_ == "word":
            live = any(word == value for meaning, word in field.words.items() if meaning in _LIVE_STATES)
            alive = alive or live or None
    return alive


def _overdue_calls(
    watched: WatchedCalls, rows: Sequence[Row], *, stalled: int = _STALLED_AFTER_SECONDS
) -> list[tuple[Row, str, float]]:
    """Rows whose start and durations add up to an instant long before that of other rows, why, and how many seconds.

    While a call lives, its beginning and what it has rung and talked since add up to about now: the same for all
    rows of an answer. Where rows show no durations, only the beginnings are left to compare.
    """
    fields = watched.fields
    limit, told = (stalled, "began, rang and talked") if fields.counts else (_AGED_SECONDS, "began")
    clocks = _call_clocks(watched, rows, (fields.ring, fields.talk) if fields.counts else ())
    # What reaches far beyond the youngest call counts in another unit (`active_durations_in_milliseconds`), and says
    # nothing about its neighbours.
    youngest = max((began for _, began, _ in clocks), default=None)
    if youngest is None:
        return []
    reached = [(row, instant) for row, _, instant in clocks if (instant - youngest).total_seconds() <= _AGED_SECONDS]
    newest = max((instant for _, instant in reached), default=youngest)
    return [
        (row, f"the call {told} until {render_value(instant)}, while others reach {render_value(newest)}", behind)
        for row, instant in reached
        if (behind := (newest - instant).total_seconds()) > limit
    ]


def _call_clocks(
    watched: WatchedCalls, rows: Sequence[Row], spans: Sequence[str | None]
) -> list[tuple[Row, datetime, datetime]]:
    """When each call began and until when it has rung and talked since, as far as rows say so; none on hold."""
    clocks: list[tuple[Row, datetime, datetime]] = []
    for row in rows:
        began, numbers = row.instant(watched.fields.start), [seconds_shown(row, name) for name in spans]
        if began is None or watched.fields.is_held(row) or None in numbers:
            continue
        try:
            clocks.append((row, began, began + timedelta(seconds=sum(number or 0 for number in numbers))))
        except OverflowError:
            continue
    return clocks
