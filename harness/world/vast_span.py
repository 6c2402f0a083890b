"""The sessions of a vast world: which rows begin before an instant, and which stand at a place, without the others.

Minutes are counted once. Within a minute, rows are counted by the classes of sessions that share their pauses: the
calls of such a class begin as its sessions do, so much later.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from typing import Final, final

import numpy as np

from harness.errors import UsageProblem
from harness.telephony.attributes import Grain
from harness.world.call_times import call_numbers_in, call_starts
from harness.world.random_streams import IntArray
from harness.world.session_span import sessions_that_hold
from harness.world.traffic import EPOCH, EPOCH_MS, Traffic
from harness.world.traffic_profile import SLOT_MS
from harness.world.vast_minutes import SessionClasses, VastMinutes

_NO_NUMBERS: Final = np.zeros(0, dtype=np.int64)
_SLOTS_AT_ONCE: Final = 1 << 18
# So many rows a session of each kind has.
_SESSION_ROWS: Final = (1, 1, 1)
_CALL_ROWS: Final = (1, 2, 3)
# So few rows are looked at one by one, to find the one that stands at a place.
_LISTED_ROWS: Final = 1 << 12


@final
@dataclass(frozen=True, slots=True)
class _Strands:
    """Rows at one place in the sessions of one class; they begin so many milliseconds (`delays`) after these."""

    classes: SessionClasses
    places: IntArray
    delays: IntArray

    @staticmethod
    def of(traffic: Traffic, grain: Grain, first: int, last: int) -> _Strands:
        """All of the sessions that begin from the first to the last minute."""
        classes = SessionClasses.of_minutes(first, last)
        if grain is Grain.SESSION:
            nothing = np.zeros(len(classes), dtype=np.int64)
            return _Strands(classes, nothing, nothing)
        owners = np.repeat(np.arange(len(classes), dtype=np.int64), classes.kinds + 1)
        places = np.arange(len(owners), dtype=np.int64) - np.searchsorted(owners, owners)
        classes = classes.some(owners)
        return _Strands(classes, places, traffic.delays_by_key(classes.pause_keys(places)))

    def within(self, at: int | IntArray) -> IntArray:
        """The time within each minute at which sessions begin whose rows begin at an instant; its ends beyond."""
        times: IntArray = np.clip(at - self.delays - Traffic.slot_starts(self.classes.slots), 0, SLOT_MS)
        return times


@final
@dataclass(frozen=True)
class VastSpan:
    """All sessions of a vast traffic that begin from one instant until another, and some chosen ones before.

    Instants are in milliseconds since 1970; `edge` holds the numbers of the chosen ones.
    """

    traffic: Traffic
    begin: int
    until: int
    edge: IntArray

    @staticmethod
    def of(traffic: Traffic, calls: int, until: int) -> VastSpan:
        """The last sessions that hold so many calls begun until an instant.

        Sessions are whole: one that would exceed the number is left out and an earlier one taken. Raises
        UsageProblem where the traffic does not reach back so far.
        """
        minutes, last = _minutes_of(traffic), traffic.slot_of(until)
        recent = VastSpan(traffic, _slot_start(last - traffic.spill), until, _NO_NUMBERS)
        later = int(recent._sums_of(Grain.CALL)[-1]) - len(recent)
        slot, missing = _slot_that_fills(minutes, last, calls + later)
        held = _held_before(minutes, slot, SLOT_MS, _CALL_ROWS)
        within = bisect_left(
            range(SLOT_MS + 1), held - missing, key=lambda within: _held_before(minutes, slot, within, _CALL_ROWS)
        )
        missing -= held - _held_before(minutes, slot, within, _CALL_ROWS)
        begin, reach = _slot_start(slot) + within, 1
        while True:
            before = VastSpan(traffic, begin - reach, begin - 1, _NO_NUMBERS)
            edge, rest = sessions_that_hold(traffic, before.all_sessions(), missing, until)
            if rest < traffic.profile.least_session_calls or begin - reach <= EPOCH_MS:
                return VastSpan(traffic, begin, until, edge)
            reach *= 16

    def __len__(self) -> int:
        """How many calls begin until its end."""
        return self._begun_before(Grain.CALL, self.until + 1)[0]

    def sessions(self, first: int, last: int) -> IntArray:
        """The numbers of the sessions that begin from the first to the last minute, by their starts."""
        return self._rows_between(Grain.SESSION, _slot_start(first), min(_slot_start(last + 1), self.until + 1))[0]

    def all_sessions(self) -> IntArray:
        """The numbers of all sessions, by their starts."""
        return self._rows_between(Grain.SESSION, self._earliest, self.until + 1)[0]

    def rows_begun_before(self, grain: Grain, slot: int) -> int:
        """How many rows of sessions or calls begin before a minute."""
        return self._begun_before(grain, _slot_start(slot))[0]

    def rows_in(self, grain: Grain, first: int, last: int) -> tuple[IntArray, IntArray]:
        """Numbers and starts of the sessions or calls that begin from the first to the last minute, in order."""
        return self._rows_between(grain, _slot_start(first), _slot_start(last + 1))

    def rows_at(self, grain: Grain, first: int, last: int) -> tuple[IntArray, IntArray]:
        """Numbers and starts of the sessions or calls from one place to another, in the order of their starts."""
        if first >= last:
            return _NO_NUMBERS, _NO_NUMBERS
        begin, end, before = self._bracket(grain, first)
        if last - first > 1:
            end = self._bracket(grain, last - 1)[1]
        numbers, starts = self._rows_between(grain, begin, end)
        return numbers[first - before : last - before], starts[first - before : last - before]

    def _bracket(self, grain: Grain, place: int) -> tuple[int, int, int]:
        """Two instants between which the row at a place begins, and few others; how many begin before the first."""
        sums, spill = self._sums_of(grain), self.traffic.spill
        minute = int(np.searchsorted(sums, place, side="right")) - 1
        low = self._earliest if minute == 0 else _slot_start(self._first + minute)
        high = _slot_start(self._first + minute + 1 + spill)
        before, until = self._begun_before(grain, low, high)
        while until - before > _LISTED_ROWS and high - low > 1:
            # Rows come about evenly: their number at a time differs from the mean by some roots of it.
            length, rows = high - low, until - before
            guess = low + (place - before) * length // rows
            margin = 4 * length // math.isqrt(rows)
            tried = [at for at in (guess - margin, guess + margin + 1) if low < at < high] or [(low + high) // 2]
            for at, begun in zip(tried, self._begun_before(grain, *tried), strict=True):
                if begun <= place:
                    low, before = at, begun
                elif at < high:
                    high, until = at, begun
        return low, high, before

    # --- counts ---------------------------------------------------------------------------------------------

    def _begun_before(self, grain: Grain, *instants: int) -> list[int]:
        """How many rows begin before each of some instants, which are not far apart."""
        at = np.asarray(instants, dtype=np.int64)
        low = self.traffic.slot_of(min(instants)) - self.traffic.spill
        if low > self._first:
            begun = np.full(len(at), self._sums_of(grain)[min(low, self._last + 1) - self._first])
        else:
            begun = np.searchsorted(self._edge_of(grain)[1], at)
        last = min(self.traffic.slot_of(max(instants)), self._last)
        strands = _Strands.of(self.traffic, grain, max(low, self._first), last)
        within = strands.within(at[:, np.newaxis])
        begun += self._count_before(strands, within)
        if low <= self._first:
            begun -= self._count_before(strands, np.minimum(within, self._border(strands)))
        return [int(many) for many in begun]

    def _border(self, strands: _Strands) -> IntArray:
        """The time within each minute before which sessions are none of these."""
        return np.where(strands.classes.slots == self._first, self.begin - _slot_start(self._first), 0)

    def _count_before(self, strands: _Strands, within: IntArray) -> IntArray:
        """How many rows of all strands begin before times within their minutes, for each line of times."""
        line, here = np.nonzero(within)
        sums = np.zeros(len(within), dtype=np.int64)
        np.add.at(sums, line, self._minutes.begun_counts(strands.classes.some(here), within[line, here]))
        return sums

    def _sums_of(self, grain: Grain) -> IntArray:
        return self._session_sums if grain is Grain.SESSION else self._call_sums

    @cached_property
    def _session_sums(self) -> IntArray:
        return self._sums(_SESSION_ROWS)

    @cached_property
    def _call_sums(self) -> IntArray:
        return self._sums(_CALL_ROWS)

    def _sums(self, rows: tuple[int, int, int]) -> IntArray:
        """How many rows the sessions before each minute have, from the first on, and before the one after the last.

        Those of the edge stand in the first minute.
        """
        held = self._minutes.held(np.arange(self._first, self._last + 1, dtype=np.int64), rows)
        held[0] -= _held_before(self._minutes, self._first, self.begin - _slot_start(self._first), rows)
        held[0] += np.asarray(rows, dtype=np.int64)[self._minutes.kinds_of(self.edge)].sum()
        return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(held)])

    # --- rows -----------------------------------------------------------------------------------------------

    def _rows_between(self, grain: Grain, begin: int, end: int) -> tuple[IntArray, IntArray]:
        """Numbers and starts of the rows that begin from one instant until before another, in order."""
        first = max(self.traffic.slot_of(begin) - self.traffic.spill, self._first)
        strands = _Strands.of(self.traffic, grain, first, min(self.traffic.slot_of(end - 1), self._last))
        low, high = np.maximum(strands.within(begin), self._border(strands)), strands.within(end)
        here = np.flatnonzero(low < high)
        owners, sessions = self._minutes.sessions_between(strands.classes.some(here), low[here], high[here])
        owners = here[owners]
        rows = sessions if grain is Grain.SESSION else sessions * 4 + strands.places[owners]
        edge, edge_starts = self._edge_of(grain)
        numbers = np.concatenate([edge, rows])
        starts = np.concatenate([edge_starts, self.traffic.session_starts(sessions) + strands.delays[owners]])
        kept = np.flatnonzero((starts >= begin) & (starts < end))
        order = kept[np.lexsort((numbers[kept], starts[kept]))]
        return numbers[order], starts[order]

    def _edge_of(self, grain: Grain) -> tuple[IntArray, IntArray]:
        """Numbers and starts of the rows of the chosen sessions, by their starts."""
        return self._edge_sessions if grain is Grain.SESSION else self._edge_calls

    @cached_property
    def _edge_sessions(self) -> tuple[IntArray, IntArray]:
        starts = self.traffic.session_starts(self.edge)
        order = np.argsort(starts, kind="stable")
        return self.edge[order], starts[order]

    @cached_property
    def _edge_calls(self) -> tuple[IntArray, IntArray]:
        numbers = call_numbers_in(self.traffic, self.edge)
        starts = call_starts(self.traffic, numbers)
        order = np.argsort(starts, kind="stable")
        return numbers[order], starts[order]

    @cached_property
    def _earliest(self) -> int:
        return min(self.begin, int(self._edge_sessions[1].min(initial=self.begin)))

    @cached_property
    def _minutes(self) -> VastMinutes:
        return _minutes_of(self.traffic)

    @cached_property
    def _first(self) -> int:
        return self.traffic.slot_of(self.begin)

    @cached_property
    def _last(self) -> int:
        return self.traffic.slot_of(self.until)


def _minutes_of(traffic: Traffic) -> VastMinutes:
    if traffic.vast is None:
        raise ValueError("the traffic is none of a vast world")
    return traffic.vast


def _slot_start(slot: int) -> int:
    return EPOCH_MS + slot * SLOT_MS


def _held_before(minutes: VastMinutes, slot: int, within: int, rows: tuple[int, int, int]) -> int:
    """How many rows the sessions have that begin in a minute before a time within it."""
    classes = SessionClasses.of_minutes(slot, slot)
    begun = minutes.begun_counts(classes, np.full(len(classes), within, dtype=np.int64))
    return int((begun * np.asarray(rows, dtype=np.int64)[classes.kinds]).sum())


def _slot_that_fills(minutes: VastMinutes, last: int, calls: int) -> tuple[int, int]:
    """The latest minute from which sessions hold so many calls until the last minute; how many of its own count."""
    high, missing = last, calls
    while high >= 0:
        slots = np.arange(high, max(high - _SLOTS_AT_ONCE, -1), -1, dtype=np.int64)
        sums = np.cumsum(minutes.held(slots, _CALL_ROWS))
        if sums[-1] >= missing:
            place = int(np.searchsorted(sums, missing))
            return high - place, missing - (int(sums[place - 1]) if place else 0)
        missing -= int(sums[-1])
        high -= len(slots)
    raise UsageProblem(
        where="the world of calls",
        expected=f"a log that begins after {EPOCH:%Y-%m-%d}",
        actual=f"{missing:,} calls are still missing there",
        do="raise calls_per_second, or ask for fewer calls",
    )
