"""The departures of calls from a list of calls in progress: what has ended is not listed any longer."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from harness.check.context import CheckContext, Row
from harness.check.results.evidence import render_value
from harness.check.rules.live.call_continuity import row_histories
from harness.check.rules.live.call_readings import (
    COPY_LAG_SECONDS,
    REFRESH_SECONDS,
    LifeFields,
    Reading,
    Sighting,
    call_histories,
    longest_stillness,
    names_by_attribute,
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
_LIVE_STATES: Final = frozenset({"dialing", "ringing", "answered", "held"})
# What telephony calls a call that is over, without the blanks and the case in which it is written.
_END_WORDS: Final = frozenset(
    {"hangup", "hungup", "callerhungup", "calleehungup", "ended", "terminated", "completed", "disconnected"}
)


def check_departures(context: CheckContext, readings: Sequence[Reading], clauses: Clauses) -> None:
    """Judges that calls leave when they end: not after their counters stopped, and not with a state of the past."""
    if not clauses:
        return
    _check_ended_calls(context, clauses, readings)
    histories = call_histories(readings)
    if not histories or not context.identity_unique:
        return
    fields = LifeFields.of_listing(context.listing)
    _check_end_states(context, histories, fields, clauses)
    if fields.ring is not None and fields.talk is not None:
        _check_stopped_calls(context, readings, histories, fields, clauses)


def _check_end_states(
    context: CheckContext, histories: Mapping[Hashable, Sequence[Sighting]], fields: LifeFields, clauses: Clauses
) -> None:
    """Judges that a call that is said to be over is not listed for longer than a moment."""
    names = context.fields_showing("state", "state_text")
    lingering: list[tuple[Row, str, float]] = []
    for history in histories.values():
        for name in names:
            over = [sighting for sighting in history if _says_end(sighting.row.shown.get(name))]
            if over and over[-1].at - over[0].at > COPY_LAG_SECONDS:
                lingering.append((over[-1].row, name, over[-1].at - over[0].at))
    if lingering:
        row, name, seconds = lingering[0]
        context.fail(
            clauses,
            context.clause_text(clauses, "a call that has ended is not listed"),
            expected="calls in progress only",
            actual=f"{name} {row.shown.get(name)!r} for {seconds:.0f} seconds; {len(lingering)} such calls",
            rows=[one for one, _, _ in lingering],
            fields=(*_names(fields), name),
            difference="ended calls are listed",
        )


def _says_end(value: object) -> bool:
    return isinstance(value, str) and "".join(one for one in value.casefold() if one.isalpha()) in _END_WORDS


def _check_stopped_calls(
    context: CheckContext,
    readings: Sequence[Reading],
    histories: Mapping[Hashable, Sequence[Sighting]],
    fields: LifeFields,
    clauses: Clauses,
) -> None:
    """Judges that calls do not stand still for seconds before they leave, all of them, while the others go on."""
    patience = REFRESH_SECONDS + longest_stillness(readings)
    last = readings[-1].by_key
    left = [
        history for key, history in histories.items() if key not in last and history[-1].at - history[0].at > patience
    ]
    stopped = [history for history in left if _seconds_stood_still(fields, history) > patience]
    staying = [history for key, history in histories.items() if key in last and len(history) > 1]
    going = [history for history in staying if _seconds_stood_still(fields, history) <= patience]
    if len(stopped) >= _STOPPED_NEEDED and len(stopped) == len(left) and going:
        seconds = _seconds_stood_still(fields, stopped[0])
        context.fail(
            clauses,
            context.clause_text(clauses, "a call that has ended is not listed"),
            expected="calls that go on until they leave the list, as others do",
            actual=f"each of the {len(left)} calls that left had stood still, one for {seconds:.0f} seconds",
            rows=[one[-1].row for one in stopped],
            fields=_names(fields),
            inferred=len(stopped) < _STOPPED_FOR_CERTAIN,
            difference="ended calls are listed",
        )
    elif left:
        context.results.record_pass(clauses, times=len(left) - len(stopped))


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


def _names(fields: LifeFields) -> tuple[str | None, ...]:
    return fields.start, fields.ring, fields.talk, fields.state


# --- what rows show of themselves --------------------------------------------------------------------------


def _check_ended_calls(context: CheckContext, clauses: Clauses, taken: Sequence[Reading]) -> None:
    """Judges that ended calls are not listed, by what rows show of themselves and by calls that leave the list."""
    shows = [(row, call_liveness(context, row)) for reading in taken for row in reading.rows]
    alive = {row.key for row, shown in shows if shown is True}
    ended = [(row, shown) for row, shown in shows if isinstance(shown, str)]
    if ended:
        rows = list({row.key: row for row, _ in ended}.values())
        _report_ended_calls(context, clauses, rows, ended[0][1], inferred=False)
        return
    going = _calls_that_go_on(context, taken)
    overdue = [(row, why) for reading in taken for row, why in overdue_calls(context, reading.rows)]
    stale = [(row, why) for row, why in overdue if row.key not in going]
    if stale:
        rows = list({row.key: row for row, _ in stale}.values())
        # A long call may be what it looks like: only the comparison with its neighbours speaks against it.
        _report_ended_calls(context, clauses, rows, stale[0][1], inferred=True)
        return
    stopped = _stopped_calls(context, taken)
    if stopped:
        why = "they say that they talk, and talk no more, while others go on"
        _report_ended_calls(context, clauses, stopped, why, inferred=True)
        return
    last = taken[-1].by_key
    gone = {key for reading in taken[:-1] for key in reading.by_key if key not in last}
    compared_ = {row.key for reading in taken for row in reading.rows if _shows_start(context, row)}
    if len(compared_) < 2:
        compared_ = set()
    seen = alive | gone | compared_
    if seen:
        context.results.record_pass(clauses, times=len(seen))
    else:
        context.results.record_not_exercised(
            clauses, "no call ended between the polls, and rows do not show whether they live"
        )


def _calls_that_go_on(context: CheckContext, readings: Sequence[Reading]) -> set[Hashable]:
    """The calls whose own numbers were seen to change: whatever they count, they have not ended."""
    fields = LifeFields.of_listing(context.listing)
    return {
        key for key, rows in row_histories(readings).items() if len({fields.progress_of(row) for row in rows}) > 1
    }


def _stopped_calls(context: CheckContext, readings: Sequence[Reading]) -> list[Row]:
    """Rows that say they talk while their talk has stood still from reading to reading, and that of others has not.

    A few of them may be on hold where a server has no word for it: then only many speak against it. Nor do those
    that are hardly behind the others: a server may bring its numbers up to date every few seconds.
    """
    fields = context.listing.fields
    by_attribute = names_by_attribute(fields)
    state, talk = by_attribute.get("state"), by_attribute.get("talk_seconds")
    talking = fields[state].words.get("answered") if state is not None else None
    if state is None or talk is None or talking is None or len(readings) < _READINGS_NEEDED:
        return []

    def talked(rows: Sequence[Row]) -> list[ExactNumber]:
        numbers = [as_number(row.shown.get(talk)) for row in rows if row.shown.get(state) == talking]
        known = [number for number in numbers if number is not None and number > 0]
        return known if len(known) == len(rows) >= _READINGS_NEEDED else []

    last = readings[-1].by_key
    talks = {
        key: numbers for key, rows in row_histories(readings).items() if key in last and (numbers := talked(rows))
    }
    going = sum(numbers[-1] - numbers[0] >= 1 for numbers in talks.values())
    late = {row.key for row, _ in overdue_calls(context, readings[-1].rows, stalled=_LATE_SECONDS)}
    stopped = [
        last[key] for key, numbers in talks.items() if key in late and numbers[0] == numbers[-1] == max(numbers)
    ]
    held = fields[state].words.get("held")
    says_hold = held is not None and any(row.shown.get(state) == held for row in readings[-1].rows)
    enough = _STOPPED_CALLS_NEEDED if says_hold else max(_STOPPED_CALLS_NEEDED, (going + len(stopped)) // 3 + 1)
    return stopped if going and len(stopped) >= enough else []


def _report_ended_calls(
    context: CheckContext, clauses: Clauses, rows: Sequence[Row], why: str, *, inferred: bool
) -> None:
    names = context.fields_showing(*_EVIDENCE_ATTRIBUTES)
    context.fail(
        clauses,
        context.clause_text(clauses, "a call that has ended is not listed"),
        expected="calls in progress only",
        actual=f"{why}; {len(rows)} such rows",
        rows=rows,
        fields=names,
        inferred=inferred,
    )


_EVIDENCE_ATTRIBUTES: Final = (
    "started_at",
    "ended_at",
    "state",
    "disposition",
    "hangup_cause",
    "ring_seconds",
    "talk_seconds",
)


def call_liveness(context: CheckContext, row: Row) -> bool | str | None:
    """True when a row shows that its call is live, a sentence when it shows that it has ended, None else."""
    alive: bool | None = None
    for name, field in context.listing.fields.items():
        if name not in row.shown:
            continue
        value = row.shown[name]
        if field.shows in ("ended_at", "disposition", "hangup_cause"):
            if value is not None and value != "":
                return f"{name} shows {render_value(value)}"
            alive = True
        elif field.shows == "state" and field.as_ == "word" and value in _live_words(field.words):
            alive = True
    return alive


def _live_words(words: Mapping[str, str]) -> set[str]:
    return {word for meaning, word in words.items() if meaning in _LIVE_STATES}


def _shows_start(context: CheckContext, row: Row) -> bool:
    """Whether a row shows when its call began."""
    return any(row.instant(name) is not None for name in context.fields_showing("started_at"))


def overdue_calls(
    context: CheckContext, rows: Sequence[Row], *, stalled: int = _STALLED_AFTER_SECONDS
) -> list[tuple[Row, str]]:
    """Rows whose start and durations add up to an instant long before that of other rows, with the reason.

    While a call lives, its beginning and what it has rung and talked since add up to about now: the same for all
    rows of an answer. Where rows show no durations, only the beginnings are left to compare.
    """
    by_attribute = names_by_attribute(context.listing.fields)
    spans = [by_attribute[name] for name in ("ring_seconds", "talk_seconds") if name in by_attribute]
    limit = stalled if len(spans) == 2 else _AGED_SECONDS
    clocks = _call_clocks(context, rows, by_attribute, spans)
    # What reaches far beyond the youngest call counts in another unit (`active_durations_in_milliseconds`), and says
    # nothing about its neighbours.
    youngest = max((began for _, began, _ in clocks), default=None)
    if youngest is None:
        return []
    reached = [(row, instant) for row, _, instant in clocks if (instant - youngest).total_seconds() <= _AGED_SECONDS]
    if len(reached) < 2:
        return []
    newest = max(instant for _, instant in reached)
    told = "began, rang and talked" if len(spans) == 2 else "began"
    return [
        (row, f"the call {told} until {render_value(instant)}, while others reach {render_value(newest)}")
        for row, instant in reached
        if (newest - instant).total_seconds() > limit
    ]


def _call_clocks(
    context: CheckContext, rows: Sequence[Row], by_attribute: Mapping[str, str], spans: Sequence[str]
) -> list[tuple[Row, datetime, datetime]]:
    """When each call began and until when it has rung and talked since, as far as rows say so; none on hold."""
    start, state = by_attribute.get("started_at"), by_attribute.get("state")
    held = context.listing.fields[state].words.get("held") if state is not None else None
    clocks: list[tuple[Row, datetime, datetime]] = []
    for row in rows:
        began = row.instant(start)
        if began is None or (held is not None and row.shown.get(state or "") == held):
            continue
        numbers = [as_number(row.shown.get(name)) for name in spans] if len(spans) == 2 else []
        if any(number is None or not 0 <= number < 10**8 for number in numbers):
            continue
        try:
            clocks.append((row, began, began + timedelta(seconds=sum(float(number or 0) for number in numbers))))
        except OverflowError:
            continue
    return clocks
