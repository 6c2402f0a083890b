"""The readings of a list of calls in progress, in the order of time, and what each call showed in them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Literal, Self

from harness.check.context import CheckContext, Exchange, Row
from harness.check.exchange import AskedStep, steps_of
from harness.check.probe.answer_checks import AnswerCheck
from harness.check.probe.mirror import Snapshot
from harness.check.rules.responses.row_laws import as_number
from harness.specification.model import Clauses, Listing

COPY_LAG_SECONDS: Final = 3
"""Copies of a list may be so far behind one another: what happened longer ago is in each of them."""
REFRESH_SECONDS: Final = 6
"""A server may bring its list, its numbers and its states up to date every few seconds."""
ZONE_STEP_SECONDS: Final = 900
"""Zones differ from one another by multiples of this."""
# What took longer to answer may be that much older than its arrival.
_SLOW_ANSWER_SECONDS: Final = 2.0
# More seconds than any call lasts: a number in another unit, or an overflow.
_SECONDS_AT_MOST: Final = 10**8

Phase = Literal["ringing", "answered", "held"]
_STEPS_TOLD: Final = 4
_PHASES: Final[Mapping[str, Phase]] = {
    "dialing": "ringing",
    "ringing": "ringing",
    "answered": "answered",
    "held": "held",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The whole list at one instant: `at` in seconds of the run, `server_time` by the server; None where unknown."""

    rows: tuple[Row, ...]
    by_key: Mapping[Hashable, Row]
    at: float | None = None
    server_time: datetime | None = None
    exchange: Exchange | None = None

    @classmethod
    def of_exchange(cls, exchange: Exchange) -> Self:
        """The reading that an answer is."""
        rows, by_key = exchange.listed, {row.key: row for row in exchange.listed}
        return cls(rows=rows, by_key=by_key, at=exchange.at, server_time=exchange.server_time, exchange=exchange)

    @classmethod
    def of_snapshot(cls, snapshot: Snapshot) -> Self:
        """The reading that a walk over the pages is."""
        return cls(rows=snapshot.rows, by_key=snapshot.by_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a call showed in the reading at one place, at one second of the run."""

    place: int
    at: float
    row: Row


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeFields:
    """The fields that tell how far a call is, each None where the list has none such."""

    start: str | None
    answer: str | None
    call: str | None
    ring: str | None
    talk: str | None
    state: str | None
    phases: Mapping[str, Phase]

    @classmethod
    def of_listing(cls, listing: Listing) -> Self:
        """The fields of a listing."""
        # A duration only where it counts seconds.
        fields = listing.fields.items()
        named = {field.shows: name for name, field in fields if field.shows is not None and field.unit == "seconds"}
        state = named.get("state")
        words = listing.fields[state].words if state is not None else {}
        return cls(
            start=named.get("started_at"),
            answer=named.get("answered_at"),
            call=named.get("call_ref"),
            ring=named.get("ring_seconds"),
            talk=named.get("talk_seconds"),
            state=state,
            phases={word: _PHASES[meaning] for meaning, word in words.items() if meaning in _PHASES},
        )

    @property
    def counts(self) -> bool:
        """Whether rows show for how long a call has rung and for how long it has talked."""
        return self.ring is not None and self.talk is not None

    def phase_of(self, row: Row) -> Phase | None:
        """Whether a call rings, talks or is held; None where the row does not say."""
        if self.state is not None:
            return self.phases.get(str(row.shown.get(self.state)))
        if self.answer is not None and self.answer in row.shown:
            return "ringing" if row.shown[self.answer] is None else "answered"
        return None

    def words_of(self, phase: Phase) -> tuple[str | None, list[str]]:
        """The field of the state, None where there is none, and its words for a phase."""
        return self.state, [word for word, meant in self.phases.items() if meant == phase]

    def age_of(self, row: Row) -> float | None:
        """The seconds that a call has rung and talked; None where it does not show both."""
        ring, talk = seconds_shown(row, self.ring), seconds_shown(row, self.talk)
        return None if ring is None or talk is None else ring + talk

    def instant_of(self, row: Row) -> datetime | None:
        """The instant until which a call has rung and talked since it began; None where it does not show all that."""
        began, age = row.instant(self.start), self.age_of(row)
        try:
            return None if began is None or age is None else began + timedelta(seconds=age)
        except OverflowError:
            return None

    def progress_of(self, row: Row) -> tuple[object, ...]:
        """All that changes while a call goes on."""
        return tuple(row.shown.get(name or "") for name in (self.answer, self.ring, self.talk, self.state))

    def is_held(self, row: Row) -> bool:
        """Whether a row says in so many words that its call is on hold."""
        return self.state is not None and self.phases.get(str(row.shown.get(self.state))) == "held"


@dataclass(frozen=True, slots=True)
class WatchedCalls:
    """What a run saw of a list of calls in progress: its readings in the order of time, and what each call showed.

    `histories` are the sightings of each call; none where the times of readings are not known. `still` are the
    seconds for which the list was seen to show the same, at most.
    """

    context: CheckContext
    readings: Sequence[Reading]
    fields: LifeFields
    histories: Mapping[Hashable, Sequence[Sighting]]
    still: float

    @classmethod
    def of_readings(cls, context: CheckContext, readings: Sequence[Reading]) -> Self:
        """The calls of some readings."""
        fields = LifeFields.of_listing(context.listing)
        return cls(context, readings, fields, _call_histories(readings), _longest_stillness(readings))

    @property
    def last(self) -> Reading:
        """The latest reading."""
        return self.readings[-1]

    @property
    def rows_by_key(self) -> dict[Hashable, list[Row]]:
        """The rows of each call in all readings, in the order of time."""
        found: dict[Hashable, list[Row]] = {}
        for reading in self.readings:
            for key, row in reading.by_key.items():
                found.setdefault(key, []).append(row)
        return found

    def fail(
        self,
        clauses: Clauses,
        otherwise: str,
        *,
        expected: str,
        actual: str,
        rows: Iterable[Row],
        fields: Iterable[str | None] | None = None,
        inferred: bool = False,
        difference: str = "",
        check: AnswerCheck | None = None,
    ) -> None:
        """Writes a breach of what the first of the clauses says; its rows show how far calls are, or some fields.

        The readings that show the first of the rows, and those around one that lacks it, are its steps.
        """
        life, rows = self.fields, list(rows)
        self.context.fail(
            clauses,
            self.context.clause_text(clauses, otherwise),
            expected=expected,
            actual=actual,
            rows=rows,
            fields=(life.start, life.ring, life.talk, life.state) if fields is None else fields,
            inferred=inferred,
            difference=difference,
            check=check,
            steps=self.steps_of_rows(rows),
        )

    def steps_of_rows(self, rows: Sequence[Row]) -> tuple[AskedStep, ...]:
        """The readings that tell what became of the first of some rows: those that show it, and those without it."""
        told = {id(row) for row in rows}
        places: set[int] = set()
        for key in dict.fromkeys(row.key for row in rows[:2]):
            for place, reading in enumerate(self.readings):
                row = reading.by_key.get(key)
                if id(row) in told:
                    # Where it came to the list, the answer without it tells as much.
                    places |= {place, max(0, place - 1)} if self._is_new_at(key, place) else {place}
                elif row is None and 0 < place < len(self.readings) - 1 and key in self.readings[place - 1].by_key:
                    places |= {place - 1, place, *self._places_with(key, after=place)[:1]}
        return steps_of(*(self.readings[place].exchange for place in sorted(places)[:_STEPS_TOLD]))

    def _is_new_at(self, key: Hashable, place: int) -> bool:
        return all(key not in one.by_key for one in self.readings[:place])

    def _places_with(self, key: Hashable, *, after: int) -> list[int]:
        return [place for place, one in enumerate(self.readings) if place > after and key in one.by_key]


def seconds_shown(row: Row, name: str | None) -> float | None:
    """The number of seconds that a row shows; None where it is no such number."""
    number = as_number(row.shown.get(name)) if name is not None else None
    return float(number) if number is not None and 0 <= number < _SECONDS_AT_MOST else None


def live_readings(context: CheckContext, taken: Sequence[Snapshot]) -> list[Reading]:
    """All readings of the list in the run, by the request that was asked most; `taken` where pages make the list."""
    kept = max(context.facts.readings.values(), key=len, default=[])
    size = context.listing.paging.size_parameter
    limits = [exchange.list_request.values.get(size or "") for exchange in kept]
    cut = [
        limit
        for limit, exchange in zip(limits, kept, strict=True)
        if str(limit).isdigit() and 0 < int(str(limit)) <= len(exchange.listed)
    ]
    if len(kept) < len(taken) or cut:
        return [Reading.of_snapshot(snapshot) for snapshot in taken]
    quick = [exchange for exchange in kept if exchange.response_seconds <= _SLOW_ANSWER_SECONDS]
    if len(quick) < max(3, len(taken)):
        return [Reading.of_snapshot(snapshot) for snapshot in taken]
    return [Reading.of_exchange(exchange) for exchange in quick]


def _call_histories(readings: Sequence[Reading]) -> dict[Hashable, list[Sighting]]:
    """The sightings of each call, in the order of time; none where the times of readings are not known."""
    found: dict[Hashable, list[Sighting]] = {}
    for place, reading in enumerate(readings):
        if reading.at is None:
            return {}
        for key, row in reading.by_key.items():
            found.setdefault(key, []).append(Sighting(place=place, at=reading.at, row=row))
    return found


def phase_stretches(fields: LifeFields, history: Sequence[Sighting]) -> Iterator[tuple[Phase, list[Sighting]]]:
    """The stretches of a history in which a call is in one phase, with that phase."""
    stretch: list[Sighting] = []
    current: Phase | None = None
    for sighting in history:
        phase = fields.phase_of(sighting.row)
        if phase != current and stretch:
            if current is not None:
                yield current, stretch
            stretch = []
        current = phase
        stretch.append(sighting)
    if stretch and current is not None:
        yield current, stretch


def still_stretches(readings: Sequence[Reading]) -> Iterator[tuple[int, int]]:
    """The first and last places of stretches of readings in which all rows are the same."""
    began = 0
    for place, (one, other) in enumerate(pairwise(readings), 1):
        if {key: row.shown for key, row in one.by_key.items()} != {
            key: row.shown for key, row in other.by_key.items()
        }:
            yield began, place - 1
            began = place
    if readings:
        yield began, len(readings) - 1


def _longest_stillness(readings: Sequence[Reading]) -> float:
    """The seconds for which the list was seen to show the same, at most."""
    spans = [
        (last - first) if (first := readings[a].at) is not None and (last := readings[b].at) is not None else 0.0
        for a, b in still_stretches(readings)
    ]
    return max(spans, default=0.0)


def list_moves(readings: Sequence[Reading]) -> bool:
    """Whether the list was seen to change at all."""
    stretches = still_stretches(readings)
    return next(stretches, None) is not None and next(stretches, None) is not None
