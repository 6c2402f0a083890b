"""Rows of one grain as columns as they are seen at an instant: whole lives, and of live ones what has happened.

The plain path (`harness.telephony.record_at_instant`) tells the same row by row.
"""

from __future__ import annotations

from functools import cached_property
from typing import final

import numpy as np

from harness.telephony.attributes import ATTRIBUTES, Grain
from harness.telephony.columns import Column, replace_rows
from harness.world.call_times import call_numbers_in
from harness.world.calls import CallBatch
from harness.world.invented_values import ValuePools
from harness.world.legs import LegBatch, leg_numbers_of
from harness.world.nested_rows import NestedColumns, recordings_of, resources_of, targets_of, visible_rows
from harness.world.random_streams import FlagArray, IntArray
from harness.world.sessions import SessionBatch
from harness.world.traffic import Traffic


@final
class RowColumns:
    """Rows that have begun at an instant (milliseconds since 1970), by their numbers, in that order.

    Where their starts are known they are not drawn again.
    """

    def __init__(
        self,
        traffic: Traffic,
        pools: ValuePools,
        grain: Grain,
        numbers: IntArray,
        at: int,
        starts: IntArray | None = None,
    ) -> None:
        self.grain = grain
        self._traffic = traffic
        self._pools = pools
        self._numbers = numbers
        self._at = at
        self._starts = starts

    def __len__(self) -> int:
        return len(self._numbers)

    def column(self, name: str) -> Column:
        """The column of an attribute that is no list of rows."""
        live = self._live
        if live is None:
            return self._batch.column(name)
        if live.all():
            return self._batch.column_at(name, self._at)
        return replace_rows(self._batch.column(name), live, self._live_batch.column_at(name, self._at))

    def nested(self, name: str) -> tuple[IntArray, RowColumns | NestedColumns]:
        """How many nested rows each row has, and their columns, row by row."""
        inner = ATTRIBUTES[self.grain][name].rows
        match self._batch, inner:
            case SessionBatch(), Grain.CALL:
                counts = self._traffic.call_counts(self._numbers)
                return self._begun(Grain.CALL, counts, call_numbers_in(self._traffic, self._numbers))
            case CallBatch() as calls, Grain.LEG:
                return self._begun(Grain.LEG, *leg_numbers_of(calls))
            case CallBatch() as calls, Grain.TARGET:
                found = targets_of(calls)
            case SessionBatch(), Grain.RECORDING:
                found = recordings_of(self._traffic, self._pools, self._numbers)
            case SessionBatch() as sessions, Grain.RESOURCE:
                found = resources_of(sessions)
            case _:
                raise ValueError(f"a {self.grain} has no rows {name}")
        if self._live is not None and inner is not None:
            found = visible_rows(inner, found, self._at)
        return found.counts, found

    def _begun(self, grain: Grain, counts: IntArray, numbers: IntArray) -> tuple[IntArray, RowColumns]:
        inner = RowColumns(self._traffic, self._pools, grain, numbers, self._at)
        if self._live is None:
            return counts, inner
        begun = _times_of(inner._batch)[0] <= self._at
        if begun.all():
            return counts, inner
        sums = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(begun)])
        borders = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
        kept = RowColumns(self._traffic, self._pools, grain, numbers[begun], self._at)
        return np.diff(sums[borders]), kept

    @cached_property
    def _batch(self) -> CallBatch | LegBatch | SessionBatch:
        return self._batch_of(self._numbers, self._starts)

    @cached_property
    def _live(self) -> FlagArray | None:
        """Which rows are live at the instant; None where none is."""
        live: FlagArray = _times_of(self._batch)[1] > self._at
        return live if live.any() else None

    @cached_property
    def _live_batch(self) -> CallBatch | LegBatch | SessionBatch:
        return self._batch_of(self._numbers if self._live is None else self._numbers[self._live])

    def _batch_of(self, numbers: IntArray, starts: IntArray | None = None) -> CallBatch | LegBatch | SessionBatch:
        match self.grain:
            case Grain.LEG:
                return LegBatch(self._traffic, self._pools, numbers)
            case Grain.SESSION:
                return SessionBatch(self._traffic, self._pools, numbers)
            case _:
                return CallBatch(self._traffic, self._pools, numbers, starts)


def _times_of(batch: CallBatch | LegBatch | SessionBatch) -> tuple[IntArray, IntArray]:
    """Starts and ends of rows, in milliseconds since 1970."""
    lives = batch.times if isinstance(batch, CallBatch) else batch
    return lives.started, lives.ended
