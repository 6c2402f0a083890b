"""The minutes of a vast world, in which millions of sessions may begin: any few of them are found alone.

In each minute the sessions of one, two and three calls are three independent Poisson counts. Those of several calls
fall into classes of pauses, and those of a class share the pauses between their calls. Then counts are split by
halves of the minute, until a part of it holds some hundred sessions: whoever goes down from the minute to a part
knows how many begin before it, without looking at any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, final

import numpy as np

from harness.world.random_streams import IntArray, binomial_halves, draw_bits, poisson_counts
from harness.world.traffic_profile import HOURS_PER_WEEK, SLOT_MS, SLOTS_PER_HOUR, TrafficProfile

KINDS: Final = 3
"""Sessions of one, two and three calls are of the kinds 0, 1 and 2."""
PAUSE_BITS: Final = np.asarray([0, 5, 5], dtype=np.int64)
"""How many classes of pauses there are of each kind, as a power of two."""

# About so many sessions are in a part at most; as a Poisson count they never fill the numbers reserved for it.
_PART_SESSIONS: Final = 128
_PLACE_BITS: Final = 8
# A start within a part, as a fraction.
_FRACTION_BITS: Final = 20
# Each hour of the week has two rates: that of nearly all the log, and that of the tail.
_RATES: Final = 2 * HOURS_PER_WEEK


@final
@dataclass(frozen=True, slots=True)
class SessionClasses:
    """Classes of sessions, each the sessions of one minute and kind with the same pauses; arrays of one length."""

    slots: IntArray
    kinds: IntArray
    pauses: IntArray

    @staticmethod
    def of_minutes(first: int, last: int) -> SessionClasses:
        """All of the minutes from the first to the last."""
        slots = np.arange(first, last + 1, dtype=np.int64)
        kinds = np.repeat(np.arange(KINDS, dtype=np.int64), 1 << PAUSE_BITS)
        pauses = np.concatenate([np.arange(1 << bits, dtype=np.int64) for bits in PAUSE_BITS.tolist()])
        return SessionClasses(np.repeat(slots, len(kinds)), np.tile(kinds, len(slots)), np.tile(pauses, len(slots)))

    def __len__(self) -> int:
        return len(self.slots)

    def some(self, here: IntArray) -> SessionClasses:
        """Those at some places."""
        return SessionClasses(self.slots[here], self.kinds[here], self.pauses[here])

    def pause_keys(self, places: IntArray) -> IntArray:
        """What the pauses before the calls at these places of the sessions are drawn by."""
        keys: IntArray = (((self.slots * 4 + self.kinds) << int(PAUSE_BITS.max())) + self.pauses) * 4 + places
        return keys


@final
@dataclass(frozen=True)
class VastMinutes:
    """The sessions of one seed and profile by minutes (numbered from 2000-01-01), with their numbers and starts.

    From the minute `tail` on calls come at `tail_rate`, in calls a second in the busiest hour. A leaf is the sessions
    of one class that begin in the same part of their minute. Times within a minute are in milliseconds.
    """

    seed: int
    profile: TrafficProfile
    tail: int
    tail_rate: float

    @cached_property
    def _expected(self) -> tuple[float, ...]:
        """How many sessions begin in a minute on an average, by kind and rate."""
        profile = self.profile
        two, three = profile.session_calls
        weights = np.outer(profile.days, profile.hours).ravel() / profile.busiest_weight
        rates = np.concatenate([weights * profile.calls_per_second, weights * self.tail_rate])
        sessions = rates / profile.calls_per_session * (SLOT_MS / 1000)
        return tuple(np.outer([1 - two, two - three, three], sessions).ravel().tolist())

    @cached_property
    def _halvings(self) -> IntArray:
        """How often a minute is halved, by kind and rate, so that a part has few sessions of each class."""
        most = np.repeat(_PART_SESSIONS << PAUSE_BITS, _RATES).tolist()
        found = np.zeros(len(most), dtype=np.int64)
        for place, (expected, few) in enumerate(zip(self._expected, most, strict=True)):
            while expected > few << int(found[place]):
                found[place] += 1
        return found

    @cached_property
    def _offsets(self) -> IntArray:
        """The first of the numbers of each kind in a minute, and how many a minute has."""
        leaves = np.int64(1) << PAUSE_BITS + self._halvings.reshape(KINDS, -1).max(axis=1)
        return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(leaves << _PLACE_BITS)])

    @property
    def numbers_per_slot(self) -> int:
        """The session numbers reserved for each minute."""
        return int(self._offsets[-1])

    def _codes(self, slots: IntArray, kinds: IntArray) -> IntArray:
        """Kind and rate, as one number."""
        # 2000-01-01 was a Saturday.
        hours = (slots // SLOTS_PER_HOUR + 5 * 24) % HOURS_PER_WEEK
        return kinds * _RATES + np.where(slots >= self.tail, hours + HOURS_PER_WEEK, hours)

    # --- counts ---------------------------------------------------------------------------------------------

    def counts(self, slots: IntArray, kinds: IntArray) -> IntArray:
        """How many sessions of a kind begin in a minute."""
        bits = draw_bits(self.seed, "vast.count", slots * 4 + kinds)
        codes = self._codes(slots, kinds).astype(np.int16)
        # Minutes of the same rate together.
        order = np.argsort(codes, kind="stable")
        borders = np.searchsorted(codes[order], np.arange(KINDS * _RATES + 1))
        found = np.zeros(len(slots), dtype=np.int64)
        for code in np.flatnonzero(np.diff(borders)).tolist():
            here = order[borders[code] : borders[code + 1]]
            found[here] = poisson_counts(bits[here], self._expected[code])
        return found

    def held(self, slots: IntArray, rows: tuple[int, int, int]) -> IntArray:
        """How many rows the sessions that begin in each minute have, where one of each kind has so many."""
        return sum(
            (self.counts(slots, np.full_like(slots, kind)) * many for kind, many in enumerate(rows)),
            np.zeros(len(slots), dtype=np.int64),
        )

    def begun_counts(self, classes: SessionClasses, within: IntArray) -> IntArray:
        """How many sessions of each class begin before a time within the minute."""
        bits = self._halvings[self._codes(classes.slots, classes.kinds)]
        parts = np.minimum((within << bits) // SLOT_MS, (np.int64(1) << bits) - 1)
        leaves = classes.pauses << bits | parts
        before, here = self._leaf_counts(classes, leaves, bits)
        # Where the minute is over, all of its last part has begun.
        owners, numbers = self._leaf_sessions(classes, leaves, np.where(within < SLOT_MS, here, 0))
        inside = self.starts_within(numbers) < within[owners]
        return before + np.where(within < SLOT_MS, np.bincount(owners[inside], minlength=len(classes)), here)

    def sessions_between(self, classes: SessionClasses, begin: IntArray, end: IntArray) -> tuple[IntArray, IntArray]:
        """The sessions of each class that begin from one time within the minute until before another, a later one.

        For each session the index of its class, and its number.
        """
        bits = self._halvings[self._codes(classes.slots, classes.kinds)]
        first = (begin << bits) // SLOT_MS
        parts = np.minimum((end << bits) // SLOT_MS, (np.int64(1) << bits) - 1) - first + 1
        asked = np.repeat(np.arange(len(classes), dtype=np.int64), parts)
        leaves = (classes.pauses << bits | first)[asked] + _counted_up(parts)
        wanted = classes.some(asked)
        owners, numbers = self._leaf_sessions(wanted, leaves, self._leaf_counts(wanted, leaves, bits[asked])[1])
        owners = asked[owners]
        within = self.starts_within(numbers)
        inside = (within >= begin[owners]) & (within < end[owners])
        return owners[inside], numbers[inside]

    def numbers_in(self, first: int, last: int) -> IntArray:
        """The numbers of all sessions from the first to the last minute, in order."""
        classes = SessionClasses.of_minutes(first, last)
        begin = np.zeros(len(classes), dtype=np.int64)
        return np.sort(self.sessions_between(classes, begin, begin + SLOT_MS)[1])

    def _leaf_counts(
        self, classes: SessionClasses, leaves: IntArray, halvings: IntArray
    ) -> tuple[IntArray, IntArray]:
        """How many sessions of a leaf's class begin in earlier parts of its minute, and how many are in the leaf."""
        roots = classes.slots * 4 + classes.kinds
        some, which = np.unique(roots, return_inverse=True)
        many = self.counts(some // 4, some % 4)[which]
        pause_bits = PAUSE_BITS[classes.kinds]
        depths = pause_bits + halvings
        nodes, before = np.ones(len(classes), dtype=np.int64), np.zeros(len(classes), dtype=np.int64)
        for level in range(int(depths.max(initial=0))):
            below = depths - 1 - level
            goes_right = (leaves >> np.maximum(below, 0)) & 1
            left = binomial_halves(draw_bits(self.seed, "vast.half", roots << 32 | nodes), many)
            # Whoever has come to a leaf stays there.
            goes_on = below >= 0
            before += left * (goes_right & goes_on & (level >= pause_bits))
            many = np.where(goes_on, np.where(goes_right == 1, many - left, left), many)
            nodes = nodes * 2 + goes_right
        return before, many

    def _leaf_sessions(
        self, classes: SessionClasses, leaves: IntArray, counts: IntArray
    ) -> tuple[IntArray, IntArray]:
        """For each session of some leaves the index of its leaf, and its number."""
        owners = np.repeat(np.arange(len(classes), dtype=np.int64), counts)
        firsts = classes.slots * self.numbers_per_slot + self._offsets[classes.kinds] + (leaves << _PLACE_BITS)
        return owners, firsts[owners] + _counted_up(counts)

    # --- what a session's number says -----------------------------------------------------------------------

    def kinds_of(self, numbers: IntArray) -> IntArray:
        """The kinds of sessions."""
        rest = numbers % self.numbers_per_slot
        kinds: IntArray = (rest >= self._offsets[1]).astype(np.int64) + (rest >= self._offsets[2])
        return kinds

    def starts_within(self, numbers: IntArray) -> IntArray:
        """When sessions begin within their minutes."""
        _, parts, halvings = self._leaves_of(numbers)
        fraction = draw_bits(self.seed, "traffic.start", numbers) >> np.uint64(64 - _FRACTION_BITS)
        times: IntArray = (parts << _FRACTION_BITS | fraction.view(np.int64)) * SLOT_MS >> (_FRACTION_BITS + halvings)
        return times

    def pause_keys_of(self, calls: IntArray) -> IntArray:
        """What the pauses before calls, given by their numbers, are drawn by."""
        return self._leaves_of(calls >> 2)[0].pause_keys(calls & 3)

    def _leaves_of(self, numbers: IntArray) -> tuple[SessionClasses, IntArray, IntArray]:
        """For each session its class, its part of the minute, and how often that is halved."""
        slots, rest = np.divmod(numbers, self.numbers_per_slot)
        kinds = self.kinds_of(numbers)
        halvings = self._halvings[self._codes(slots, kinds)]
        leaves = (rest - self._offsets[kinds]) >> _PLACE_BITS
        return SessionClasses(slots, kinds, leaves >> halvings), leaves & ((np.int64(1) << halvings) - 1), halvings


def _counted_up(counts: IntArray) -> IntArray:
    """0, 1, 2 and so on, for each count as many."""
    ends = np.cumsum(counts)
    return np.arange(int(ends[-1]) if len(ends) else 0, dtype=np.int64) - np.repeat(ends - counts, counts)
