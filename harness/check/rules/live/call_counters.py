"""The seconds that a call in progress counts: they go with the clock, ring until the answer, talk from the answer on.

A law that says of a number of seconds that it never falls makes it a counter. What is judged is what no server can
show that brings its numbers up to date every few seconds, counts whole seconds or has copies that lag. Talk may stand
still on hold where no state tells of it, so one call alone says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from harness.check.context import CheckContext, Row
from harness.check.results.evidence import render_value
from harness.check.rules.live.call_continuity import field_clauses
from harness.check.rules.live.call_readings import (
    COPY_LAG_SECONDS,
    LifeFields,
    Phase,
    Reading,
    Sighting,
    call_histories,
    longest_stillness,
    names_by_attribute,
    phase_stretches,
    seconds_shown,
)
from harness.check.rules.responses.row_laws import as_number
from harness.specification.model import Clauses, NeverFallsLaw

# One call may be a special case of telephony (a transfer, a hold without a word for it), two alike are a habit.
_CALLS_NEEDED: Final = 2
# Between the bounds below a counter that is brought up to date every REFRESH_SECONDS can be.
_SECONDS_NEEDED: Final = 8
_SLOW_RATE, _SLOW_SLACK = 0.5, 3.0
_FAST_RATE, _FAST_SLACK = 1.5, 6.0
# Nobody lets a telephone ring for so long; a queue does, so all legs of a list must look alike.
_UNANSWERED_SECONDS: Final = 300
_UNANSWERED_NEEDED: Final = 5

# Beginnings in whole seconds are off by up to one each (`coarse_durations` rounds the durations as well).
_GAP_SECONDS: Final = 3
# With fewer pairs the median could be one call on hold.
_RATES_NEEDED: Final = 4
_TOO_FAST_RATE: Final = 5
"""So many seconds longer for one second earlier is another unit, whatever was on hold.

Milliseconds in place of seconds give a thousand: `active_durations_in_milliseconds`, `active_talk_in_milliseconds`.
"""
# Calls that ring give the server's clock: they agree within what rounding and a cache (`cached_for_a_second`) move.
_ALIKE_SECONDS: Final = 5
# Where the answer is shown as the beginning, or numbers are updated now and then, calls are off by seconds.
_OVERLONG_SECONDS: Final = 60
# No telephone rings for a day.
_RING_SECONDS_AT_MOST: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How far a counter went, in seconds of its own, while so many seconds passed."""

    first: Sighting
    last: Sighting
    counted: float

    @property
    def passed(self) -> float:
        """The seconds of the run between the two sightings."""
        return self.last.at - self.first.at


def check_counters(context: CheckContext, readings: Sequence[Reading]) -> None:
    """Judges how the seconds of ring and talk go on, over all readings of the list."""
    fields = LifeFields.of_listing(context.listing)
    histories = list(call_histories(readings).values())
    still = longest_stillness(readings)
    counters: tuple[tuple[str | None, Phase], ...] = ((fields.ring, "ringing"), (fields.talk, "answered"))
    for name, phase in counters:
        if name is not None:
            _check_rate(context, fields, histories, name, phase, still)
    if fields.talk is not None and counter_clauses(context, fields.talk):
        _check_talk_while_ringing(context, fields, histories, fields.talk, still)
        _check_talk_at_answer(context, fields, histories, fields.talk, still)
    _check_answers(context, fields, readings)
    _check_pace(context, readings[-1])


def counter_clauses(context: CheckContext, name: str) -> Clauses:
    """The clauses that make a field of seconds a counter."""
    laws = [law for law in context.listing.laws if isinstance(law, NeverFallsLaw) and str(law.field) == name]
    return laws[0].clause if laws else ()


def measured_growths(
    fields: LifeFields, histories: Sequence[Sequence[Sighting]], name: str, phase: Phase
) -> list[Growth]:
    """How far a counter went in each stretch of a phase in which it is shown first and last."""
    growths: list[Growth] = []
    for history in histories:
        for shown, stretch in phase_stretches(fields, history):
            if shown != phase:
                continue
            first, last = (seconds_shown(stretch[place].row, name) for place in (0, -1))
            if first is not None and last is not None:
                growths.append(Growth(first=stretch[0], last=stretch[-1], counted=last - first))
    return growths


def _check_rate(
    context: CheckContext,
    fields: LifeFields,
    histories: Sequence[Sequence[Sighting]],
    name: str,
    phase: Phase,
    still: float,
) -> None:
    """Judges that a counter goes with the clock: not in another unit, and not standing still."""
    measured = [
        growth
        for growth in measured_growths(fields, histories, name, phase)
        if growth.passed - still >= _SECONDS_NEEDED
    ]
    fast = [one for one in measured if one.counted > _FAST_RATE * one.passed + _FAST_SLACK]
    slow = [one for one in measured if one.counted < _SLOW_RATE * (one.passed - still) - _SLOW_SLACK]
    # What falls is another breach of the same promise, and told as such.
    standing = [one for one in slow if one.counted >= 0]
    for found, clauses in ((fast, context.listing.fields[name].clause), (standing, counter_clauses(context, name))):
        if len(found) >= _CALLS_NEEDED and 2 * len(found) > len(measured) and clauses:
            worst = max(found, key=lambda one: one.passed)
            _fail(
                context,
                clauses,
                f"{name} goes with the clock",
                expected=f"about {worst.passed:.0f} more {name} after {worst.passed:.0f} seconds",
                actual=f"{worst.counted:.3f} more; so in {len(found)} of {len(measured)} calls",
                rows=[one.row for growth in found[:4] for one in (growth.first, growth.last)],
                names=(fields.start, fields.ring, fields.talk, fields.state),
                # Two calls may be on hold, where nothing counts it and no state tells of it.
                inferred=phase == "answered" and len(found) <= _CALLS_NEEDED,
            )
            return
    if measured:
        context.results.record_pass(counter_clauses(context, name), times=len(measured))


def _check_talk_while_ringing(
    context: CheckContext, fields: LifeFields, histories: Sequence[Sequence[Sighting]], talk: str, still: float
) -> None:
    """Judges that talk does not go on while a call is said to ring."""
    growths = measured_growths(fields, histories, talk, "ringing")
    rising = [one for one in growths if one.counted > COPY_LAG_SECONDS + still]
    # Beside them, the calls that rang as long without talk: a party that is consulted rings while talk goes on.
    silent = [one for one in growths if one.counted == 0 and one.passed > COPY_LAG_SECONDS + still]
    answered = [one for one in silent if _answers_after(fields, histories, one)]
    if len(rising) >= _CALLS_NEEDED and len(rising) >= len(answered):
        _fail(
            context,
            counter_clauses(context, talk),
            f"{talk} counts talk, not ringing",
            expected=f"{talk} to stand still while the call rings",
            actual=f"{rising[0].counted:.3f} more within {rising[0].passed:.0f} seconds; so in {len(rising)} calls",
            rows=[one.row for growth in rising[:4] for one in (growth.first, growth.last)],
            names=(fields.start, fields.ring, talk, fields.state),
        )


def _answers_after(fields: LifeFields, histories: Sequence[Sequence[Sighting]], growth: Growth) -> bool:
    """Whether the call of a stretch of ringing was seen to talk later."""
    return any(
        sighting.place > growth.last.place and fields.phase_of(sighting.row) == "answered"
        for history in histories
        if history[0].row.key == growth.last.row.key
        for sighting in history
    )


def _check_talk_at_answer(
    context: CheckContext, fields: LifeFields, histories: Sequence[Sequence[Sighting]], talk: str, still: float
) -> None:
    """Judges that a call seen to ring without talk has, once answered, not talked for longer than since then."""
    answers: list[tuple[Sighting, Sighting, float]] = []
    for history in histories:
        for one, other in pairwise(history):
            phases = (fields.phase_of(one.row), fields.phase_of(other.row))
            talked = seconds_shown(other.row, talk)
            if phases == ("ringing", "answered") and seconds_shown(one.row, talk) == 0 and talked is not None:
                answers.append((one, other, talked - (other.at - one.at)))
    over = [one for one in answers if one[2] > COPY_LAG_SECONDS + still]
    if len(over) >= _CALLS_NEEDED and 2 * len(over) > len(answers):
        before, after, _ = over[0]
        _fail(
            context,
            counter_clauses(context, talk),
            f"{talk} begins with the answer",
            expected=f"{talk} of at most {after.at - before.at:.0f} seconds: so long before, the call rang",
            actual=f"{seconds_shown(after.row, talk):.3f}; so in {len(over)} of {len(answers)} answered calls",
            rows=[one.row for pair in over[:4] for one in pair[:2]],
            names=(fields.start, fields.ring, talk, fields.state),
        )
    elif answers:
        context.results.record_pass(counter_clauses(context, talk), times=len(answers))


def _check_answers(context: CheckContext, fields: LifeFields, readings: Sequence[Reading]) -> None:
    """Judges that some leg shows an answer where many have lasted for minutes: one that is up has been answered."""
    if fields.answer is None or fields.start is None:
        return
    answered = {key for reading in readings for key, row in reading.by_key.items() if row.shown.get(fields.answer)}
    last = readings[-1]
    now = last.server_time
    if answered or now is None:
        return
    old = [
        row
        for row in last.rows
        if fields.answer in row.shown
        and (began := row.instant(fields.start)) is not None
        and timedelta(seconds=_UNANSWERED_SECONDS) < now - began < timedelta(days=1)
    ]
    if len(old) >= _UNANSWERED_NEEDED:
        context.fail(
            field_clauses(context, fields.answer, context.listing.fields[fields.answer]),
            f"{fields.answer} shows when a leg was answered",
            expected=f"an answer on some of {len(old)} legs that began more than {_UNANSWERED_SECONDS} seconds ago",
            actual="none on any leg, in any reading of the list",
            rows=old,
            fields=(fields.start, fields.answer),
            inferred=True,
        )


def _fail(
    context: CheckContext,
    clauses: Clauses,
    message: str,
    *,
    expected: str,
    actual: str,
    rows: Sequence[Row],
    names: Sequence[str | None],
    inferred: bool = False,
) -> None:
    context.fail(
        clauses,
        context.clause_text(clauses, message),
        expected=expected,
        actual=actual,
        rows=rows,
        fields=names,
        inferred=inferred,
        difference=message,
    )


# --- from one reading ---------------------------------------------------------------------------------------


def _check_pace(context: CheckContext, reading: Reading) -> None:
    """Judges that ring and talk times are in seconds: a call that began earlier has so many more, as a rule."""
    by_attribute = names_by_attribute(context.listing.fields)
    start, ring, talk = (by_attribute.get(name) for name in ("started_at", "ring_seconds", "talk_seconds"))
    if start is None or ring is None or talk is None:
        return
    lives: list[tuple[datetime, float, Row]] = []
    for row in reading.rows:
        began, numbers = row.instant(start), [as_number(row.shown.get(name)) for name in (ring, talk)]
        if began is not None and all(number is not None and 0 <= number < 10**10 for number in numbers):
            lives.append((began, sum(float(number or 0) for number in numbers), row))
    # Calls that talk, or those that only ring, may be the ones whose numbers count something else.
    talks = [life for life in lives if as_number(life[2].shown.get(talk))]
    rings = [life for life in lives if not as_number(life[2].shown.get(talk))]
    lives, rate = next(
        ((some, rate) for some in (lives, talks, rings) if (rate := _ageing_rate(some)) >= _TOO_FAST_RATE),
        (lives, 0.0),
    )
    if rate < _TOO_FAST_RATE:
        _check_overlong_talk(context, start, ring, talk, reading)
        return
    longest = max(lives, key=lambda life: life[1])[2]
    name = max((ring, talk), key=lambda one: as_number(longest.shown.get(one)) or 0)
    clauses = context.listing.fields[name].clause
    context.fail(
        clauses,
        context.clause_text(clauses, f"{name} is a number of seconds"),
        expected="a call that began a second earlier to have lasted a second longer",
        actual=f"{rate:.0f} longer",
        rows=[row for _, _, row in lives],
        fields=(start, ring, talk),
    )


def _check_overlong_talk(context: CheckContext, start: str, ring: str, talk: str, reading: Reading) -> None:
    """Judges that no call has talked for longer than since it began; calls that ring give the server's time."""
    clauses = context.listing.fields[talk].clause
    rings: list[datetime] = []
    talks: list[tuple[datetime, Row]] = []
    for row in reading.rows:
        began, rang, talked = row.instant(start), as_number(row.shown.get(ring)), as_number(row.shown.get(talk))
        if began is None or rang is None or talked is None:
            continue
        if not (0 <= rang < _RING_SECONDS_AT_MOST and 0 <= talked < 10**8):
            continue
        try:
            reached = began + timedelta(seconds=float(talked or rang))
        except OverflowError:
            continue
        if talked:
            talks.append((reached, row))
        else:
            rings.append(reached)
    now = max(rings, default=None)
    if now is None or sum((now - one).total_seconds() <= _ALIKE_SECONDS for one in rings) < 2:
        return
    beyond = [(reached, row) for reached, row in talks if (reached - now).total_seconds() > _OVERLONG_SECONDS]
    if len(beyond) < 2:
        return
    context.fail(
        clauses,
        context.clause_text(clauses, f"{talk} is a number of seconds"),
        expected=f"{talk} not above the time since {start}: calls that ring have rung until {render_value(now)}",
        actual=f"calls that talked until {render_value(beyond[0][0])}; {len(beyond)} of {len(talks)}",
        rows=[row for _, row in beyond],
        fields=(start, ring, talk),
        inferred=True,
    )


def _ageing_rate(lives: list[tuple[datetime, float, Row]]) -> float:
    """The median of how many seconds longer a call has lasted per second that it began earlier; 0 for few calls."""
    rates: list[float] = []
    for (early, long, _), (late, short, _) in pairwise(sorted(lives, key=lambda life: life[0])):
        gap = (late - early).total_seconds()
        if gap >= _GAP_SECONDS:
            rates.append((long - short) / gap)
    # Time on hold may be left out of talk (`hold_not_counted`): such calls are few, the others decide.
    return sorted(rates)[len(rates) // 2] if len(rates) >= _RATES_NEEDED else 0.0
