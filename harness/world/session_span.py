"""The sessions of a world by minutes: which they are, and how many rows begin in each, without keeping them.

A world is counted once, minute by minute. From the counts any stretch of its rows is found, and made alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, final

import numpy as np

from harness.telephony.attributes import Grain
from harness.world.call_times import call_numbers_in, call_starts
from harness.world.random_streams import IntArray
from harness.world.traffic import EPOCH_MS, Traffic
from harness.world.traffic_profile import SLOT_MS

_SESSIONS_AT_ONCE: Final = 1 << 19
_SLOTS_AT_ONCE: Final = 20_160


@final
@dataclass(frozen=True)
class SessionSpan:
    """All sessions that begin in minutes from `first` on until an instant, and some chosen ones before.

    `until` is in milliseconds since 1970, `edge` holds the numbers of the chosen ones.
    """

    traffic: Traffic
    first: int
    until: int
    edge: IntArray

    @staticmethod
    def of(traffic: Traffic, calls: int, until: int) -> SessionSpan:
        """The last sessions that hold so many calls begun until an instant.

        Sessions are whole: one that would exceed the number is left out and an earlier one taken. Raises
        UsageProblem where the traffic does not reach back so far.
        """
        last = traffic.slot_of(until)
        nothing = SessionSpan(traffic, last + 1, until, np.zeros(0, dtype=np.int64))
        if not calls:
            return nothing
        # That there are so many at all is told before anything is counted.
        traffic.first_slot_for(int(calls / traffic.profile.calls_per_session * 1.02) + 50, last)
        everything = SessionSpan(traffic, 0, until, np.zeros(0, dtype=np.int64))
        missing = calls
        for first, end in _stretches(traffic, last, calls):
            numbers = everything.sessions(first, end)
            held = _held_calls(traffic, numbers, until)
            if int(held.sum()) < missing:
                missing -= int(held.sum())
                continue
            slots = numbers // traffic.numbers_per_slot - first
            by_slot = np.cumsum(np.bincount(slots, weights=held, minlength=end - first + 1)[::-1].astype(np.int64))
            back = int(np.searchsorted(by_slot, missing))
            border = end - back
            missing -= int(by_slot[back - 1]) if back else 0
            return SessionSpan(traffic, border + 1, until, _edge_sessions(everything, border, missing))
        traffic.first_slot_for(calls, last)
        return nothing

    @staticmethod
    def between(traffic: Traffic, begin: int, until: int) -> SessionSpan:
        """The sessions that begin from one instant until another, in milliseconds since 1970, both included."""
        slot = traffic.slot_of(begin)
        numbers = traffic.session_numbers(slot, slot)
        starts = traffic.session_starts(numbers)
        return SessionSpan(traffic, slot + 1, until, numbers[(starts >= begin) & (starts <= until)])

    def sessions(self, first: int, last: int) -> IntArray:
        """The numbers of the sessions that begin from the first to the last minute, minute by minute."""
        here = self.edge[(self._edge_slots >= first) & (self._edge_slots <= last)]
        begin, end = max(first, self.first), min(last, self.traffic.slot_of(self.until))
        if begin > end:
            return here
        numbers = self.traffic.session_numbers(begin, end)
        if end == self.traffic.slot_of(self.until):
            late = numbers // self.traffic.numbers_per_slot == end
            starts = self.traffic.session_starts(numbers[late])
            keep = np.ones(len(numbers), dtype=np.bool_)
            keep[late] = starts <= self.until
            numbers = numbers[keep]
        return np.concatenate([here, numbers]) if len(here) else numbers

    def all_sessions(self) -> IntArray:
        """The numbers of all sessions, by their starts."""
        numbers = self.sessions(self._lowest, self.traffic.slot_of(self.until))
        return numbers[np.lexsort((numbers, self.traffic.session_starts(numbers)))]

    @cached_property
    def _edge_slots(self) -> IntArray:
        return self.edge // self.traffic.numbers_per_slot

    @cached_property
    def _lowest(self) -> int:
        return min(int(self._edge_slots.min()) if len(self.edge) else self.first, self.first)

    # --- rows by minutes ------------------------------------------------------------------------------------

    def rows_begun_before(self, grain: Grain, slot: int) -> int:
        """How many rows of sessions or calls begin before a minute."""
        sums = self._sums_of(grain)
        return int(sums[min(max(slot - self._lowest, 0), len(sums) - 1)])

    def slot_of_row(self, grain: Grain, place: int) -> int:
        """The minute in which the row at a place begins, in the order of their starts."""
        return self._lowest + int(np.searchsorted(self._sums_of(grain), place, side="right")) - 1

    def rows_at(self, grain: Grain, first: int, last: int) -> tuple[IntArray, IntArray]:
        """Numbers and starts of the sessions or calls from one place to another, in the order of their starts."""
        if first >= last:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        begin, end = self.slot_of_row(grain, first), self.slot_of_row(grain, last - 1)
        numbers, starts = self.rows_in(grain, begin, end)
        here = slice(first - self.rows_begun_before(grain, begin), last - self.rows_begun_before(grain, begin))
        return numbers[here], starts[here]

    def rows_in(self, grain: Grain, first: int, last: int) -> tuple[IntArray, IntArray]:
        """Numbers and starts of the sessions or calls that begin from the first to the last minute, in order."""
        if grain is Grain.SESSION:
            numbers = self.sessions(first, last)
            starts = self.traffic.session_starts(numbers)
        else:
            numbers = call_numbers_in(self.traffic, self.sessions(first - self.traffic.spill, last))
            starts = call_starts(self.traffic, numbers)
            slots = (starts - EPOCH_MS) // SLOT_MS
            here = (slots >= first) & (slots <= last)
            numbers, starts = numbers[here], starts[here]
        order = np.lexsort((numbers, starts))
        return numbers[order], starts[order]

    def _sums_of(self, grain: Grain) -> IntArray:
        return self._session_sums if grain is Grain.SESSION else self._call_sums

    @cached_property
    def _session_sums(self) -> IntArray:
        return self._sums(Grain.SESSION)

    @cached_property
    def _call_sums(self) -> IntArray:
        return self._sums(Grain.CALL)

    def _sums(self, grain: Grain) -> IntArray:
        """How many rows begin before each minute from the lowest on, and before the one after the last."""
        lowest, last = self._lowest, self.traffic.slot_of(self.until)
        counts = np.zeros(last - lowest + 2 + self.traffic.spill, dtype=np.int64)
        for first, end in _forward_stretches(self.traffic, lowest, last):
            numbers = self.sessions(first, end)
            slots = numbers // self.traffic.numbers_per_slot - first
            counts[first - lowest : end - lowest + 1] += np.bincount(slots, minlength=end - first + 1)
            if grain is Grain.CALL:
                many = self.traffic.call_counts(numbers)
                for place in (1, 2):
                    further = numbers[many > place] * 4 + place
                    begun = (call_starts(self.traffic, further) - EPOCH_MS) // SLOT_MS - first
                    found = np.bincount(begun, minlength=end - first + 1)
                    counts[first - lowest : first - lowest + len(found)] += found
        return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])


def _slots_at_once(traffic: Traffic) -> int:
    return max(1, min(_SLOTS_AT_ONCE, _SESSIONS_AT_ONCE // max(traffic.peak_sessions_per_slot, 1)))


def _stretches(traffic: Traffic, last: int, calls: int) -> Iterator[tuple[int, int]]:
    """Stretches of minutes, the latest first; not much longer than so many calls need."""
    most = _slots_at_once(traffic)
    step = min(most, max(60, calls * 2 // max(traffic.peak_sessions_per_slot, 1)))
    while last >= 0:
        first = max(last - step + 1, 0)
        yield first, last
        last, step = first - 1, min(step * 2, most)


def _forward_stretches(traffic: Traffic, first: int, last: int) -> Iterator[tuple[int, int]]:
    step = _slots_at_once(traffic)
    for begin in range(first, last + 1, step):
        yield begin, min(begin + step - 1, last)


def _held_calls(traffic: Traffic, numbers: IntArray, until: int) -> IntArray:
    """How many calls of each session count: all, or of recent ones those begun until an instant."""
    held = traffic.call_counts(numbers)
    slots = numbers // traffic.numbers_per_slot
    # Of sessions that began before, all calls have begun.
    since = until - traffic.profile.longest_delay_ms
    recent = np.flatnonzero(slots >= traffic.slot_of(since))
    recent = recent[traffic.session_starts(numbers[recent]) >= since]
    if len(recent):
        units = call_numbers_in(traffic, numbers[recent])
        begun = (call_starts(traffic, units) <= until).astype(np.int64)
        counts = held[recent]
        held[recent] = np.add.reduceat(begun, np.cumsum(counts) - counts)
    return held


def _edge_sessions(everything: SessionSpan, border: int, missing: int) -> IntArray:
    """The sessions that begin in the border minute or before and hold so many calls, by their starts."""
    traffic, reach = everything.traffic, 60
    while True:
        first = max(border - reach, 0)
        found, rest = sessions_that_hold(traffic, everything.sessions(first, border), missing, everything.until)
        if rest < traffic.profile.least_session_calls or first == 0:
            return found
        reach *= 4


def sessions_that_hold(traffic: Traffic, numbers: IntArray, calls: int, until: int) -> tuple[IntArray, int]:
    """The last of some sessions that hold so many calls begun until an instant, by their starts, and how many miss.

    Where all sessions are too large for the rest, some of the calls miss.
    """
    numbers = numbers[np.lexsort((numbers, traffic.session_starts(numbers)))]
    held = _held_calls(traffic, numbers, until)
    chosen: list[int] = []
    for place in range(len(numbers) - 1, -1, -1):
        if calls < traffic.profile.least_session_calls:
            break
        if held[place] <= calls:
            chosen.append(place)
            calls -= int(held[place])
    return numbers[np.sort(np.asarray(chosen, dtype=np.int64))], calls
