"""The rows that a generated world lists at an instant, by their places: any stretch of them, made alone.

`harness.world.generated_calls` keeps all rows instead, which many questions about few of them need.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np

from harness.telephony.attributes import Grain
from harness.world.call_times import call_numbers_in
from harness.world.calls import CallBatch
from harness.world.invented_values import ValuePools
from harness.world.legs import LegBatch, leg_numbers_of
from harness.world.listed_calls import ListedCalls
from harness.world.random_streams import IntArray
from harness.world.session_span import SessionSpan
from harness.world.sessions import SessionBatch
from harness.world.traffic import SLOT_MS


@final
@dataclass(frozen=True)
class _LateRows:
    """The rows that may be live at an instant, in order, from the first of them on."""

    numbers: IntArray
    ended: IntArray


@final
class RowPlaces:
    """The rows of a world until its instant."""

    def __init__(self, span: SessionSpan, pools: ValuePools) -> None:
        self.span = span
        self._pools = pools
        self._late = lru_cache(maxsize=4)(self._find_late_rows)

    def __reduce__(self) -> tuple[type[RowPlaces], tuple[SessionSpan, ValuePools]]:
        # What is kept stays here: another process finds it again.
        return RowPlaces, (self.span, self._pools)

    def knows(self, grain: Grain, population: ListedCalls, at: int) -> bool:
        """Whether the rows of a list at an instant (milliseconds since 1970) are found by their places."""
        return at <= self.span.until and (grain is not Grain.LEG or population is ListedCalls.LIVE)

    def count(self, grain: Grain, population: ListedCalls, at: int) -> int:
        """The number of rows that are listed at an instant."""
        late = self._late(grain, at)
        live = int((late.ended > at).sum())
        if population is ListedCalls.LIVE:
            return live
        begun = self.span.rows_begun_before(grain, self._first_late_slot(at)) + len(late.numbers)
        return begun if population is ListedCalls.BOTH else begun - live

    def numbers(self, grain: Grain, population: ListedCalls, at: int, first: int, last: int) -> IntArray:
        """The numbers of the rows listed at an instant from one place to another, which is not among them."""
        late = self._late(grain, at)
        match population:
            case ListedCalls.LIVE:
                return late.numbers[late.ended > at][first:last]
            case ListedCalls.ENDED:
                listed = late.numbers[late.ended <= at]
            case _:
                listed = late.numbers
        before = self.span.rows_begun_before(grain, self._first_late_slot(at))
        early = self._early_numbers(grain, first, min(last, before))
        return np.concatenate([early, listed[max(first - before, 0) : max(last - before, 0)]])

    def _early_numbers(self, grain: Grain, first: int, last: int) -> IntArray:
        """Rows that have all ended."""
        if first >= last:
            return np.zeros(0, dtype=np.int64)
        begin, end = self.span.slot_of_row(grain, first), self.span.slot_of_row(grain, last - 1)
        numbers, _ = self.span.rows_in(grain, begin, end)
        before = self.span.rows_begun_before(grain, begin)
        return numbers[first - before : last - before]

    def _first_late_slot(self, at: int) -> int:
        # What began in earlier minutes has ended.
        traffic = self.span.traffic
        return traffic.slot_of(at) - traffic.profile.longest_session_ms // SLOT_MS - 1

    def _find_late_rows(self, grain: Grain, at: int) -> _LateRows:
        span, slot = self.span, self._first_late_slot(at)
        if grain is not Grain.LEG:
            numbers, starts = span.rows_in(grain, slot, span.traffic.slot_of(at))
            numbers = numbers[starts <= at]
            if grain is Grain.SESSION:
                return _LateRows(numbers, SessionBatch(span.traffic, self._pools, numbers).ended)
            return _LateRows(numbers, CallBatch(span.traffic, self._pools, numbers).times.ended)
        # A leg may begin long after its session.
        sessions = span.sessions(slot, span.traffic.slot_of(at))
        calls = CallBatch(span.traffic, self._pools, call_numbers_in(span.traffic, sessions))
        legs = LegBatch(span.traffic, self._pools, leg_numbers_of(calls)[1])
        order = np.lexsort((legs.leg_sequence, legs.started))
        order = order[legs.started[order] <= at]
        return _LateRows(legs.leg_numbers[order], legs.ended[order])
