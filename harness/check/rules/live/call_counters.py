"""The seconds that a call in progress counts: they go with the clock, ring until the answer, talk from the answer on.

A law that says of a number of seconds that it never falls makes it a counter. What is judged is what no server can
show that brings its numbers up to date every few seconds, counts whole seconds or has copies that lag. Talk may stand
still on hold where no state tells of it, so one call alone says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Literal

from harness.check.context import CheckContext, Row
from harness.check.probe.answer_checks import ages_check, growth_check
from harness.check.results.evidence import render_value
from harness.check.rules.live.call_continuity import field_clauses
from harness.check.rules.live.call_readings import (
    COPY_LAG_SECONDS,
    ZONE_STEP_SECONDS,
    Phase,
    Sighting,
    WatchedCalls,
    phase_stretches,
    seconds_shown,
    still_stretches,
)
from harness.check.rules.responses.row_laws import as_number
from harness.specification.model import Clauses, NeverFallsLaw

# One call may be a special case of telephony (a transfer, a hold without a word for it), two alike are a habit.
_CALLS_NEEDED: Final = 2
# No update takes so long, and where a hold has its word few calls stand still without it.
_STUCK_SECONDS: Final = 16
_STUCK_NEEDED: Final = 3
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
# A list that was made for its first answer shows calls that reach so close to the server's time; nobody lets it stand
# for so long.
_NOW_SECONDS: Final = 3
_STOOD_SECONDS: Final = 25
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


def check_counters(watched: WatchedCalls) -> None:
    """Judges how the seconds of ring and talk go on, over all readings of the list."""
    fields = watched.fields
    counters: tuple[tuple[str | None, Phase], ...] = ((fields.ring, "ringing"), (fields.talk, "answered"))
    for name, phase in counters:
        if name is not None:
            _check_rate(watched, name, phase)
            _check_stuck(watched, name, phase)
    _check_clock(watched)
    if fields.talk is not None and (clauses := _counter_clauses(watched.context, fields.talk)):
        _check_talk_while_ringing(watched, fields.talk, clauses)
        _check_talk_at_answer(watched, fields.talk, clauses)
    _check_answers(watched)
    _check_pace(watched)


def _counter_clauses(context: CheckContext, name: str) -> Clauses:
    """The clauses that make a field of seconds a counter."""
    laws = [law for law in context.listing.laws if isinstance(law, NeverFallsLaw) and str(law.field) == name]
    return laws[0].clause if laws else ()


def _measured_growths(watched: WatchedCalls, name: str, phase: Phase) -> list[Growth]:
    """How far a counter went in each stretch of a phase in which it is shown first and last."""
    growths: list[Growth] = []
    for history in watched.histories.values():
        for shown, stretch in phase_stretches(watched.fields, history):
            first, last = (seconds_shown(stretch[place].row, name) for place in (0, -1))
            if shown == phase and first is not None and last is not None:
                growths.append(Growth(first=stretch[0], last=stretch[-1], counted=last - first))
    return growths


def _check_rate(watched: WatchedCalls, name: str, phase: Phase) -> None:
    """Judges that a counter goes with the clock: not in another unit, and not standing still."""
    context, still = watched.context, watched.still
    growths = _measured_growths(watched, name, phase)
    measured = [growth for growth in growths if growth.passed - still >= _SECONDS_NEEDED]
    fast = [one for one in measured if one.counted > _FAST_RATE * one.passed + _FAST_SLACK]
    # What falls is another breach of the same promise, and told as such.
    slow = [one for one in measured if 0 <= one.counted < _SLOW_RATE * (one.passed - still) - _SLOW_SLACK]
    # For a copy that stands still less may be seen; what goes on must all the same.
    least = ("least", _SLOW_RATE, _SLOW_SLACK + _SLOW_RATE * still)
    for found, clauses, bound in (
        (fast, context.listing.fields[name].clause, ("most", _FAST_RATE, _FAST_SLACK)),
        (slow, _counter_clauses(context, name), least),
    ):
        if len(found) >= _CALLS_NEEDED and 2 * len(found) > len(measured) and clauses:
            worst = max(found, key=lambda one: one.passed)
            watched.fail(
                clauses,
                f"{name} goes with the clock",
                expected=f"about {worst.passed:.0f} more {name} after {worst.passed:.0f} seconds",
                actual=f"{worst.counted:.3f} more; so in {len(found)} of {len(measured)} calls",
                rows=[one.row for growth in found[:4] for one in (growth.first, growth.last)],
                # Two calls may be on hold, where nothing counts it and no state tells of it.
                inferred=phase == "answered" and len(found) <= _CALLS_NEEDED,
                difference=f"{name} goes with the clock",
                check=growth_check(context, name, watched.fields.words_of(phase), bound, still),
            )
            return
    if measured:
        context.results.record_pass(_counter_clauses(context, name), times=len(measured))


def _check_stuck(watched: WatchedCalls, name: str, phase: Phase) -> None:
    """Judges that no few calls have a counter that stands while those of others go on, where a hold has its word."""
    context = watched.context
    if phase != "answered" or not any(watched.fields.is_held(row) for one in watched.readings for row in one.rows):
        return
    measured = _measured_growths(watched, name, phase)
    stuck = [one for one in measured if one.counted == 0 and one.passed - watched.still >= _STUCK_SECONDS]
    going = [one for one in measured if one.counted > _SLOW_RATE * one.passed]
    if len(stuck) >= _STUCK_NEEDED and len(going) >= len(stuck):
        watched.fail(
            _counter_clauses(context, name),
            f"{name} goes with the clock",
            expected=f"{name} to go on in each call that talks, as in {len(going)} others",
            actual=f"{stuck[0].last.row.shown.get(name)} for {stuck[0].passed:.0f} seconds; so in {len(stuck)} calls",
            rows=[one.row for growth in stuck[:4] for one in (growth.first, growth.last)],
            difference=f"{name} goes with the clock",
        )


def _check_clock(watched: WatchedCalls) -> None:
    """Judges that a list of now, by its own numbers and the server's clock, is not the same half a minute later.

    A list that somebody keeps at another instant, as one for trials, is no list of now.
    """
    fields, first, last = watched.fields, watched.readings[0], watched.last
    name = fields.talk or fields.ring
    if name is None or first.server_time is None or last.server_time is None or not fields.counts:
        return
    stood = (last.server_time - first.server_time).total_seconds()
    alike = next(still_stretches(watched.readings)) == (0, len(watched.readings) - 1)
    going = [row for row in first.rows if fields.phase_of(row) in ("ringing", "answered")]
    behind = [(first.server_time - at).total_seconds() for row in going if (at := fields.instant_of(row)) is not None]
    # Beginnings may be in another zone than the clock of the answer.
    zone = ZONE_STEP_SECONDS
    now = [one for one in behind if abs((one + zone / 2) % zone - zone / 2) <= _NOW_SECONDS]
    if alike and stood >= _STOOD_SECONDS and len(now) >= _RATES_NEEDED and 2 * len(now) > len(behind):
        watched.fail(
            _counter_clauses(watched.context, name),
            f"{name} goes with the clock",
            expected=f"another answer {stood:.0f} seconds later, while calls go on",
            actual=f"the same, of {len(going)} calls that ring or talk, in {len(watched.readings)} answers",
            rows=[row for one in (first, last) for row in one.rows if row.key in {two.key for two in going[:4]}],
            difference=f"{name} goes with the clock",
        )


def _check_talk_while_ringing(watched: WatchedCalls, talk: str, clauses: Clauses) -> None:
    """Judges that talk does not go on while a call is said to ring."""
    growths = _measured_growths(watched, talk, "ringing")
    rising = [one for one in growths if one.counted > COPY_LAG_SECONDS + watched.still]
    # Beside them, the calls that rang as long without talk: a party that is consulted rings while talk goes on.
    silent = [one for one in growths if one.counted == 0 and one.passed > COPY_LAG_SECONDS + watched.still]
    answered = [one for one in silent if _answers_after(watched, one)]
    if len(rising) >= _CALLS_NEEDED and len(rising) >= len(answered):
        watched.fail(
            clauses,
            f"{talk} counts talk, not ringing",
            expected=f"{talk} to stand still while the call rings",
            actual=f"{rising[0].counted:.3f} more within {rising[0].passed:.0f} seconds; so in {len(rising)} calls",
            rows=[one.row for growth in rising[:4] for one in (growth.first, growth.last)],
            difference=f"{talk} counts talk, not ringing",
            check=growth_check(
                watched.context,
                talk,
                watched.fields.words_of("ringing"),
                ("most", 0.0, COPY_LAG_SECONDS + watched.still),
                watched.still,
            ),
        )


def _answers_after(watched: WatchedCalls, growth: Growth) -> bool:
    """Whether the call of a stretch of ringing was seen to talk later."""
    return any(
        sighting.place > growth.last.place and watched.fields.phase_of(sighting.row) == "answered"
        for sighting in watched.histories[growth.last.row.key]
    )


def _check_talk_at_answer(watched: WatchedCalls, talk: str, clauses: Clauses) -> None:
    """Judges that a call seen to ring without talk has, once answered, not talked for longer than since then."""
    answers: list[tuple[Sighting, Sighting, float]] = []
    for history in watched.histories.values():
        for one, other in pairwise(history):
            phases = (watched.fields.phase_of(one.row), watched.fields.phase_of(other.row))
            talked = seconds_shown(other.row, talk)
            if phases == ("ringing", "answered") and seconds_shown(one.row, talk) == 0 and talked is not None:
                answers.append((one, other, talked - (other.at - one.at)))
    over = [one for one in answers if one[2] > COPY_LAG_SECONDS + watched.still]
    if len(over) >= _CALLS_NEEDED and 2 * len(over) > len(answers):
        before, after, _ = over[0]
        watched.fail(
            clauses,
            f"{talk} begins with the answer",
            expected=f"{talk} of at most {after.at - before.at:.0f} seconds: so long before, the call rang",
            actual=f"{seconds_shown(after.row, talk):.3f}; so in {len(over)} of {len(answers)} answered calls",
            rows=[one.row for pair in over[:4] for one in pair[:2]],
            difference=f"{talk} begins with the answer",
        )
    elif answers:
        watched.context.results.record_pass(clauses, times=len(answers))


def _check_answers(watched: WatchedCalls) -> None:
    """Judges that some leg shows an answer where many have lasted for minutes: one that is up has been answered."""
    context, start, answer = watched.context, watched.fields.start, watched.fields.answer
    now = watched.last.server_time
    if answer is None or start is None or now is None:
        return
    if any(row.shown.get(answer) for reading in watched.readings for row in reading.by_key.values()):
        return
    begins = [(row, began) for row in watched.last.rows if (began := row.instant(start)) and answer in row.shown]
    long_ago, day = timedelta(seconds=_UNANSWERED_SECONDS), timedelta(days=1)
    old = [row for row, began in begins if long_ago < now - began < day]
    if len(old) >= _UNANSWERED_NEEDED:
        context.fail(
            field_clauses(context, answer, context.listing.fields[answer]),
            f"{answer} shows when a leg was answered",
            expected=f"an answer on some of {len(old)} legs that began more than {_UNANSWERED_SECONDS} seconds ago",
            actual="none on any leg, in any reading of the list",
            rows=old,
            fields=(start, answer),
            inferred=True,
            steps=watched.steps_of_rows(old),
        )


# --- from one reading ---------------------------------------------------------------------------------------


def _check_pace(watched: WatchedCalls) -> None:
    """Judges that ring and talk times are in seconds: a call that began earlier has so many more, as a rule."""
    start, ring, talk = watched.fields.start, watched.fields.ring, watched.fields.talk
    if start is None or ring is None or talk is None:
        return
    lives: list[tuple[datetime, float, Row]] = []
    for row in watched.last.rows:
        began, numbers = row.instant(start), [as_number(row.shown.get(name)) for name in (ring, talk)]
        if began is not None and all(number is not None and 0 <= number < 10**10 for number in numbers):
            lives.append((began, sum(float(number or 0) for number in numbers), row))
    # Calls that talk, or those that only ring, may be the ones whose numbers count something else.
    talks = [life for life in lives if as_number(life[2].shown.get(talk))]
    rings = [life for life in lives if not as_number(life[2].shown.get(talk))]
    named: tuple[tuple[Literal["all", "talk", "ring"], list[tuple[datetime, float, Row]]], ...]
    named = (("all", lives), ("talk", talks), ("ring", rings))
    rates = ((which, some, _ageing_rate(some)) for which, some in named)
    which, lives, rate = next((one for one in rates if one[2] >= _TOO_FAST_RATE), ("all", lives, 0.0))
    if rate < _TOO_FAST_RATE:
        _check_overlong_talk(watched, start, ring, talk)
        return
    longest = max(lives, key=lambda life: life[1])[2]
    name = max((ring, talk), key=lambda one: as_number(longest.shown.get(one)) or 0)
    watched.fail(
        watched.context.listing.fields[name].clause,
        f"{name} is a number of seconds",
        expected="a call that began a second earlier to have lasted a second longer",
        actual=f"{rate:.0f} longer",
        rows=[row for _, _, row in lives],
        fields=(start, ring, talk),
        check=ages_check((start, ring, talk), which, _TOO_FAST_RATE),
    )


def _check_overlong_talk(watched: WatchedCalls, start: str, ring: str, talk: str) -> None:
    """Judges that no call has talked for longer than since it began; calls that ring give the server's time."""
    rings: list[datetime] = []
    talks: list[tuple[datetime, Row]] = []
    for row in watched.last.rows:
        began, rang, talked = row.instant(start), as_number(row.shown.get(ring)), seconds_shown(row, talk)
        if began is None or rang is None or talked is None or not 0 <= rang < _RING_SECONDS_AT_MOST:
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
    watched.fail(
        watched.context.listing.fields[talk].clause,
        f"{talk} is a number of seconds",
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
