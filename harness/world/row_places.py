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
from harness.world.vast_span import VastSpan


@final
@dataclass(frozen=True)
class _LateRows:
    """The rows that may be live at an instant, in order, from the first of them on; how many begin before them.

    Legs before them are not counted.
    """

    numbers: IntArray
    started: IntArray
    ended: IntArray
    before: int = 0


@final
class RowPlaces:
    """The rows of a world until its instant."""

    def __init__(self, span: SessionSpan | VastSpan, pools: ValuePools) -> None:
        self.span = span
        self._pools = pools
        self._late = lru_cache(maxsize=4)(self._find_late_rows)

    def __reduce__(self) -> tuple[type[RowPlaces], tuple[SessionSpan | VastSpan, ValuePools]]:
        # What is kept stays here: another process finds it again.
        return RowPlaces, (self.span, self._pools)

    def knows(self, grain: Grain, population: ListedCalls, at: int) -> bool:
        """Whether the rows of a list at an instant (milliseconds since 1970) are found by their places."""
        traffic = self.span.traffic
        if traffic.vast is not None and traffic.first_live_slot(at) < traffic.vast.tail:
            # Of the rows that may be live there are too many to look at each.
            return False
        return at <= self.span.until and (grain is not Grain.LEG or population is ListedCalls.LIVE)

    def count(self, grain: Grain, population: ListedCalls, at: int) -> int:
        """The number of rows that are listed at an instant."""
        late = self._late(grain, at)
        live = int((late.ended > at).sum())
        if population is ListedCalls.LIVE:
            return live
        begun = late.before + len(late.numbers)
        return begun if population is ListedCalls.BOTH else begun - live

    def rows(
        self, grain: Grain, population: ListedCalls, at: int, first: int, last: int
    ) -> tuple[IntArray, IntArray]:
        """Numbers and starts of the rows listed at an instant from one place to another, which is not among them."""
        late = self._late(grain, at)
        match population:
            case ListedCalls.LIVE:
                listed = np.flatnonzero(late.ended > at)[first:last]
                return late.numbers[listed], late.started[listed]
            case ListedCalls.ENDED:
                listed = np.flatnonzero(late.ended <= at)
            case _:
                listed = np.arange(len(late.numbers))
        before = late.before
        numbers, starts = self.span.rows_at(grain, first, min(last, before))
        listed = listed[max(first - before, 0) : max(last - before, 0)]
        if not len(listed):
            return numbers, starts
        return np.concatenate([numbers, late.numbers[listed]]), np.concatenate([starts, late.started[listed]])

    def _find_late_rows(self, grain: Grain, at: int) -> _LateRows:
        span, slot = self.span, self.span.traffic.first_live_slot(at)
        if grain is not Grain.LEG:
            numbers, starts = span.rows_in(grain, slot, span.traffic.slot_of(at))
            numbers, starts = numbers[starts <= at], starts[starts <= at]
            if grain is Grain.SESSION:
                ended = SessionBatch(span.traffic, self._pools, numbers).ended
            else:
                ended = CallBatch(span.traffic, self._pools, numbers, starts).times.ended
            return _LateRows(numbers, starts, ended, span.rows_begun_before(grain, slot))
        # A leg may begin long after its session.
        sessions = span.sessions(slot, span.traffic.slot_of(at))
        calls = CallBatch(span.traffic, self._pools, call_numbers_in(span.traffic, sessions))
        legs = LegBatch(span.traffic, self._pools, leg_numbers_of(calls)[1])
        order = np.lexsort((legs.leg_sequence, legs.started))
        order = order[legs.started[order] <= at]
        return _LateRows(legs.leg_numbers[order], legs.started[order], legs.ended[order])
