"""Traffic: the starts of sessions, as Poisson counts per minute under a daily and weekly profile.

Every session has a number made from its minute and its place in that minute, and its start follows from the
number and the seed alone. So any slice of time can be made without its past.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, final

import numpy as np

from harness.errors import UsageProblem
from harness.world.random_streams import (
    IntArray,
    chance_flags,
    draw_bits,
    integers_below,
    poisson_counts_of,
    quantile_values,
    values_where,
)
from harness.world.traffic_profile import SLOT_MS, TrafficProfile
from harness.world.vast_minutes import VastMinutes

EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
BUSY_HOUR: Final = datetime(2026, 3, 11, 10, 30, tzinfo=UTC)
SLOTS_PER_DAY: Final = 1440


def millis_of(instant: datetime) -> int:
    """An instant in whole milliseconds since 1970, rounded down."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no zone")
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


EPOCH_MS: Final = millis_of(EPOCH)


@final
@dataclass(frozen=True, slots=True)
class Traffic:
    """The sessions of one seed and profile, by number; those of a vast world as `vast` lays them."""

    seed: int
    profile: TrafficProfile
    vast: VastMinutes | None = None

    @property
    def numbers_per_slot(self) -> int:
        """The session numbers reserved for each minute, beyond any count that occurs."""
        if self.vast is not None:
            return self.vast.numbers_per_slot
        peak = self._expected_sessions(self.profile.busiest_weight)
        return 1 << math.ceil(math.log2(peak + 10 * math.sqrt(peak) + 16))

    @property
    def peak_sessions_per_slot(self) -> int:
        """About how many sessions begin in the busiest minute."""
        return math.ceil(self._expected_sessions(self.profile.busiest_weight))

    def _expected_sessions(self, weight: float) -> float:
        profile = self.profile
        sessions_per_second = profile.calls_per_second / profile.calls_per_session
        return sessions_per_second * SLOT_MS / 1000 * weight / profile.busiest_weight

    @staticmethod
    def slot_of(millis: int) -> int:
        """The number of the minute that an instant falls into."""
        return (millis - EPOCH_MS) // SLOT_MS

    @staticmethod
    def slot_starts(slots: IntArray) -> IntArray:
        """The instants at which minutes begin."""
        return EPOCH_MS + slots * SLOT_MS

    def session_counts(self, first: int, last: int) -> IntArray:
        """The number of sessions that begin in each minute from the first to the last, both included."""
        slots = np.arange(first, last + 1, dtype=np.int64)
        if self.vast is not None:
            return self.vast.held(slots, (1, 1, 1))
        bits = draw_bits(self.seed, "traffic.count", slots)
        weights, kinds = self.profile.kinds_at(slots)
        expected = tuple([self._expected_sessions(weight) for weight in weights])
        counts = poisson_counts_of(bits, expected, kinds)
        return np.minimum(counts, self.numbers_per_slot - 1)

    def session_numbers(self, first: int, last: int) -> IntArray:
        """The numbers of the sessions that begin from the first to the last minute."""
        if self.vast is not None:
            return self.vast.numbers_in(first, last)
        counts = self.session_counts(first, last)
        slots = np.repeat(np.arange(first, last + 1, dtype=np.int64), counts)
        ends = np.cumsum(counts)
        places = np.arange(len(slots), dtype=np.int64) - np.repeat(ends - counts, counts)
        return slots * self.numbers_per_slot + places

    def first_slot_for(self, sessions: int, last: int) -> int:
        """The latest minute from which at least so many sessions begin until the last minute."""
        high, step = last, 10_080
        while sessions > 0:
            low = high - step + 1
            if high < 0:
                raise UsageProblem(
                    where="the world of calls",
                    expected=f"a log that begins after {EPOCH:%Y-%m-%d}",
                    actual=f"{sessions:,} sessions are still missing there",
                    do="raise calls_per_second, or ask for fewer calls",
                )
            sums = np.cumsum(self.session_counts(max(low, 0), high)[::-1])
            if len(sums) and sums[-1] >= sessions:
                return high - int(np.searchsorted(sums, sessions))
            sessions -= int(sums[-1])
            high, step = low - 1, min(step * 2, 500_000)
        return high

    def session_starts(self, numbers: IntArray) -> IntArray:
        """The starts of sessions, in milliseconds since 1970.

        A quarter begins on the whole second, and one in twenty in the middle of its minute, so that some
        sessions share their instant; in a vast world they do so without that.
        """
        if self.vast is not None:
            return EPOCH_MS + numbers // self.numbers_per_slot * SLOT_MS + self.vast.starts_within(numbers)
        bits = draw_bits(self.seed, "traffic.start", numbers)
        within = integers_below(bits, SLOT_MS)
        low = (bits & np.uint64(0xFFFFFF)) << np.uint64(40)
        within -= (within - within // 1000 * 1000) * chance_flags(low, 0.25)
        within[chance_flags(low, 0.05)] = SLOT_MS // 2
        return EPOCH_MS + numbers // self.numbers_per_slot * SLOT_MS + within

    def call_counts(self, numbers: IntArray) -> IntArray:
        """The number of calls of each session: one, two or three."""
        if self.vast is not None:
            return self.vast.kinds_of(numbers) + 1
        bits = draw_bits(self.seed, "traffic.calls", numbers)
        two, three = self.profile.session_calls
        return 1 + chance_flags(bits, two).astype(np.int64) + chance_flags(bits, three).astype(np.int64)

    def call_delays(self, calls: IntArray) -> IntArray:
        """How long after their sessions calls begin, in milliseconds, by their numbers."""
        return self.delays_by_key(self.vast.pause_keys_of(calls) if self.vast is not None else calls)

    def delays_by_key(self, keys: IntArray) -> IntArray:
        """The same by what they are drawn by; its last two bits are the place of the call in its session."""
        places, table = keys & 3, self.profile.next_call.table
        return values_where(
            places > 0,
            0,
            lambda rows: places[rows] * quantile_values(draw_bits(self.seed, "call.later", keys[rows]), table),
        )

    def first_live_slot(self, at: int) -> int:
        """A minute before which all that has begun has ended at an instant, in milliseconds since 1970."""
        return self.slot_of(at) - self.profile.longest_session_ms // SLOT_MS - 1

    @property
    def spill(self) -> int:
        """So many minutes after its session a further call begins at most."""
        return self.profile.longest_delay_ms // SLOT_MS + 1

    def reaches_back_for(self, calls: int, until: int) -> bool:
        """Whether about so many calls begin from 2000-01-01 until an instant, in milliseconds since 1970."""
        profile = self.profile
        expected = profile.calls_per_second * profile.mean_weight * (until - EPOCH_MS) / 1000
        return calls == 0 or calls * 1.02 + 50 * profile.calls_per_session <= expected
