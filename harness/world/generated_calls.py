"""The generated calls of a world: an index of numbers, starts and ends, and columns made when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Final, Protocol, final

import numpy as np
import polars as pl

from harness.telephony.attributes import ATTRIBUTES, Grain
from harness.telephony.columns import Column
from harness.telephony.records import Record
from harness.world.call_times import call_numbers_in, call_times_of
from harness.world.calls import CallBatch
from harness.world.column_types import column_values
from harness.world.invented_values import ValuePools
from harness.world.legs import LegBatch, leg_numbers_of
from harness.world.listed_calls import ListedCalls
from harness.world.nested_rows import NestedColumns, recordings_of, resources_of, targets_of
from harness.world.random_streams import FlagArray, IntArray
from harness.world.sessions import SessionBatch
from harness.world.traffic import Traffic

NESTED_ATTRIBUTES: Final = {
    Grain.CALL: ("targets", "legs"),
    Grain.LEG: (),
    Grain.SESSION: ("calls", "recordings", "resources"),
}


class RowBatch(Protocol):
    """Some rows of one grain as columns."""

    def column(self, name: str) -> Column:
        """The column of an attribute over the whole life of the rows."""
        ...

    def column_at(self, name: str, at: int) -> Column:
        """The column of an attribute as visible at an instant, in milliseconds since 1970."""
        ...


@final
class TimeIndex:
    """The rows of one grain in the order of (start, identity): their numbers, starts and ends."""

    def __init__(
        self,
        units: IntArray,
        started: IntArray,
        ended: IntArray,
        ties: IntArray,
        batch: Callable[[IntArray], RowBatch],
    ) -> None:
        order = np.lexsort((ties, started))
        self.row_numbers = units[order]
        self.started = started[order]
        self.ended = ended[order]
        self.tie_keys = self.row_numbers if ties is units else ties[order]
        self.make_batch = batch

    def __len__(self) -> int:
        return len(self.row_numbers)

    @cached_property
    def _longest_life(self) -> int:
        return int((self.ended - self.started).max()) if len(self) else 0

    @cached_property
    def all_rows(self) -> RowBatch:
        """All rows as one batch, which keeps the columns that it has made."""
        return self.make_batch(self.row_numbers)

    def positions_at(self, population: ListedCalls, at: int) -> IntArray:
        """The positions of the rows that are listed at an instant."""
        begun = int(np.searchsorted(self.started, at, side="right"))
        if population is ListedCalls.BOTH:
            return np.arange(begun, dtype=np.int64)
        if population is ListedCalls.LIVE:
            # What began longer ago than anything lasts is over.
            first = int(np.searchsorted(self.started, at - self._longest_life))
            return np.flatnonzero(self.ended[first:begun] > at) + first
        return np.flatnonzero(self.ended[:begun] <= at)

    def columns(self, rows: IntArray, at: int, names: Sequence[str]) -> dict[str, pl.Series]:
        """Columns of some rows as they are seen at an instant."""
        lives = self.ended[rows] > at
        live_batch = self.make_batch(self.row_numbers[rows[lives]]) if lives.any() else None
        # Columns of many rows are made for all of them and kept; those of a page only for the page.
        many = len(rows) * 4 > len(self)
        ended = self.all_rows if many else self.make_batch(self.row_numbers[rows])
        columns = {}
        for name in names:
            column = ended.column(name).series()
            if many and len(rows) == (int(rows[-1]) + 1 if len(rows) else 0):
                column = column.head(len(rows))
            elif many:
                column = column.gather(rows.astype(np.uint32))
            if live_batch is not None:
                column = _patch_column(column, lives, live_batch.column_at(name, at).series())
            columns[name] = column.alias(name)
        return columns


def _patch_column(column: pl.Series, here: FlagArray, values: pl.Series) -> pl.Series:
    if isinstance(column.dtype, pl.List):
        places = np.where(here, len(column) + np.cumsum(here) - 1, np.arange(len(column)))
        return pl.concat([column, values.alias(column.name)]).gather(places.astype(np.uint32))
    return column.clone().scatter(np.flatnonzero(here).astype(np.uint32), values)


@final
class GeneratedCalls:
    """The calls, legs and nested rows of some sessions."""

    def __init__(self, traffic: Traffic, pools: ValuePools, numbers: IntArray) -> None:
        self.traffic = traffic
        self.pools = pools
        self.session_numbers = numbers
        units = call_numbers_in(traffic, numbers)
        lives = call_times_of(traffic, units)
        self._calls = TimeIndex(units, lives.started, lives.ended, units, self._call_batch)

    def _call_batch(self, units: IntArray) -> CallBatch:
        return CallBatch(self.traffic, self.pools, units)

    def _leg_batch(self, units: IntArray) -> LegBatch:
        return LegBatch(self.traffic, self.pools, units)

    def _session_batch(self, numbers: IntArray) -> SessionBatch:
        return SessionBatch(self.traffic, self.pools, numbers)

    @cached_property
    def _sessions(self) -> TimeIndex:
        batch = self._session_batch(self.session_numbers)
        return TimeIndex(self.session_numbers, batch.started, batch.ended, self.session_numbers, self._session_batch)

    @cached_property
    def _legs(self) -> TimeIndex:
        legs = self._leg_batch(leg_numbers_of(self._call_batch(self._calls.row_numbers))[1])
        return TimeIndex(legs.leg_numbers, legs.started, legs.ended, legs.leg_sequence, self._leg_batch)

    def index(self, grain: Grain) -> TimeIndex:
        """The time index of the rows of a grain."""
        match grain:
            case Grain.CALL:
                return self._calls
            case Grain.LEG:
                return self._legs
            case Grain.SESSION:
                return self._sessions
            case _:
                raise ValueError(f"rows of grain {grain} occur only inside other rows")

    def _make_batch(self, grain: Grain, units: IntArray) -> RowBatch:
        match grain:
            case Grain.LEG:
                return self._leg_batch(units)
            case Grain.SESSION:
                return self._session_batch(units)
            case _:
                return self._call_batch(units)

    def records_at(self, grain: Grain, rows: IntArray, names: Sequence[str]) -> list[Record]:
        """Some rows over their whole life, with nested rows where they are asked for."""
        return self._records(grain, self.index(grain).row_numbers[rows], names)

    def records_of(self, grain: Grain, units: IntArray, names: Sequence[str]) -> list[Record]:
        """The same records for any rows of the same traffic, by their numbers."""
        return self._records(grain, units, names)

    def _records(self, grain: Grain, units: IntArray, names: Sequence[str]) -> list[Record]:
        batch = self._make_batch(grain, units)
        plain = [name for name in names if name not in NESTED_ATTRIBUTES[grain]]
        rows = (
            _records_of_columns(grain, {name: batch.column(name) for name in plain})
            if plain
            else [Record({}) for _ in units]
        )
        for name in NESTED_ATTRIBUTES[grain]:
            if name in names:
                nested = self._nested_rows(name, units)
                rows = [row.with_values(**{name: inner}) for row, inner in zip(rows, nested, strict=True)]
        return [Record({name: row[name] for name in names}) for row in rows]

    def _nested_rows(self, name: str, units: IntArray) -> list[tuple[Record, ...]]:
        match name:
            case "targets":
                return _nested_records(Grain.TARGET, targets_of(self._call_batch(units)))
            case "legs":
                counts, legs = leg_numbers_of(self._call_batch(units))
                return _group_by_row(self._records(Grain.LEG, legs, attribute_names(Grain.LEG)), counts)
            case "calls":
                calls = call_numbers_in(self.traffic, units)
                rows = self._records(Grain.CALL, calls, attribute_names(Grain.CALL))
                return _group_by_row(rows, self.traffic.call_counts(units))
            case "recordings":
                return _nested_records(Grain.RECORDING, recordings_of(self.traffic, self.pools, units))
            case _:
                return _nested_records(Grain.RESOURCE, resources_of(self._session_batch(units)))

    def columns(self, grain: Grain, rows: IntArray, at: int, names: Sequence[str]) -> dict[str, pl.Series]:
        """Columns of some rows as they are seen at an instant."""
        return self.index(grain).columns(rows, at, names)


def attribute_names(grain: Grain) -> tuple[str, ...]:
    """The names of all attributes of a grain."""
    return tuple(ATTRIBUTES[grain])


def _records_of_columns(grain: Grain, columns: Mapping[str, Column]) -> list[Record]:
    """Columns turned into rows."""
    attributes = ATTRIBUTES[grain]
    values = [column_values(column.series(), attributes[name].kind) for name, column in columns.items()]
    names = tuple(columns)
    return [Record(dict(zip(names, row, strict=True))) for row in zip(*values, strict=True)]


def _group_by_row(rows: list[Record], counts: IntArray) -> list[tuple[Record, ...]]:
    """Nested rows that stand in the order of their rows, given out to them."""
    ends = np.cumsum(counts).tolist()
    return [tuple(rows[end - many : end]) for end, many in zip(ends, counts.tolist(), strict=True)]


def _nested_records(grain: Grain, nested: NestedColumns) -> list[tuple[Record, ...]]:
    return _group_by_row(_records_of_columns(grain, nested.columns), nested.counts)
