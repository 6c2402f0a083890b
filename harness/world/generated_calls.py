"""The generated part of a world: an index of numbers, starts and ends, and columns made when asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final, Protocol, final

import numpy as np
import polars as pl

from harness.telephony.attributes import ATTRIBUTES, Grain
from harness.telephony.records import Record
from harness.world.call_lifecycle import lives_of, units_in
from harness.world.calls import CallBatch
from harness.world.legs import LegBatch, leg_units_of
from harness.world.nested_rows import grouped, recordings_of, resources_of, rows_of, targets_of
from harness.world.population import Population
from harness.world.random_streams import Flags, Ints
from harness.world.sessions import SessionBatch
from harness.world.traffic import Traffic
from harness.world.value_pools import Pools

NESTED: Final = {
    Grain.CALL: ("targets", "legs"),
    Grain.LEG: (),
    Grain.SESSION: ("calls", "recordings", "resources"),
}


class Batch(Protocol):
    """Some rows of one grain as columns."""

    def whole(self, name: str) -> pl.Series: ...

    def seen(self, name: str, at: int) -> pl.Series: ...


@final
class Index:
    """The rows of one grain in the order of (start, identity): their numbers, starts and ends."""

    def __init__(self, units: Ints, started: Ints, ended: Ints, ties: Ints, batch: Callable[[Ints], Batch]) -> None:
        order = np.lexsort((ties, started))
        self.units = units[order]
        self.started = started[order]
        self.ended = ended[order]
        self.ties = self.units if ties is units else ties[order]
        self.batch = batch

    def __len__(self) -> int:
        return len(self.units)

    @cached_property
    def _longest(self) -> int:
        return int((self.ended - self.started).max()) if len(self) else 0

    @cached_property
    def all_rows(self) -> Batch:
        """All rows as one batch, which keeps the columns that it has made."""
        return self.batch(self.units)

    def rows(self, population: Population, at: int) -> Ints:
        """The positions of the rows that are listed at an instant."""
        begun = int(np.searchsorted(self.started, at, side="right"))
        if population is Population.BOTH:
            return np.arange(begun, dtype=np.int64)
        if population is Population.LIVE:
            # What began longer ago than anything lasts is over.
            first = int(np.searchsorted(self.started, at - self._longest))
            return np.flatnonzero(self.ended[first:begun] > at) + first
        return np.flatnonzero(self.ended[:begun] <= at)

    def frame(self, rows: Ints, at: int, names: Sequence[str]) -> dict[str, pl.Series]:
        """Columns of some rows as they are seen at an instant."""
        lives = self.ended[rows] > at
        living = self.batch(self.units[rows[lives]]) if lives.any() else None
        # Columns of many rows are made for all of them and kept; those of a page only for the page.
        many = len(rows) * 4 > len(self)
        ended = self.all_rows if many else self.batch(self.units[rows])
        columns = {}
        for name in names:
            column = ended.whole(name)
            if many and len(rows) == (int(rows[-1]) + 1 if len(rows) else 0):
                column = column.head(len(rows))
            elif many:
                column = column.gather(rows.astype(np.uint32))
            if living is not None:
                column = _patched(column, lives, living.seen(name, at))
            columns[name] = column.alias(name)
        return columns


def _patched(column: pl.Series, here: Flags, values: pl.Series) -> pl.Series:
    if isinstance(column.dtype, pl.List):
        places = np.where(here, len(column) + np.cumsum(here) - 1, np.arange(len(column)))
        return pl.concat([column, values.alias(column.name)]).gather(places.astype(np.uint32))
    return column.clone().scatter(np.flatnonzero(here).astype(np.uint32), values)


@final
class GeneratedPart:
    """Some sessions with all that belongs to them."""

    def __init__(self, traffic: Traffic, pools: Pools, numbers: Ints) -> None:
        self.traffic = traffic
        self.pools = pools
        self.numbers = numbers
        units = units_in(traffic, numbers)
        lives = lives_of(traffic, units)
        self._calls = Index(units, lives.started, lives.ended, units, self._call_batch)

    def _call_batch(self, units: Ints) -> CallBatch:
        return CallBatch(self.traffic, self.pools, units)

    def _leg_batch(self, units: Ints) -> LegBatch:
        return LegBatch(self.traffic, self.pools, units)

    def _session_batch(self, numbers: Ints) -> SessionBatch:
        return SessionBatch(self.traffic, self.pools, numbers)

    @cached_property
    def _sessions(self) -> Index:
        batch = self._session_batch(self.numbers)
        return Index(self.numbers, batch.started, batch.ended, self.numbers, self._session_batch)

    @cached_property
    def _legs(self) -> Index:
        legs = self._leg_batch(leg_units_of(self._call_batch(self._calls.units))[1])
        return Index(legs.units, legs.started, legs.ended, legs.sequence, self._leg_batch)

    def index(self, grain: Grain) -> Index:
        """The rows of a grain that lists can be made of."""
        match grain:
            case Grain.CALL:
                return self._calls
            case Grain.LEG:
                return self._legs
            case Grain.SESSION:
                return self._sessions
            case _:
                raise ValueError(f"rows of grain {grain} occur only inside other rows")

    def _batch(self, grain: Grain, units: Ints) -> Batch:
        match grain:
            case Grain.LEG:
                return self._leg_batch(units)
            case Grain.SESSION:
                return self._session_batch(units)
            case _:
                return self._call_batch(units)

    def wholes(self, grain: Grain, rows: Ints, names: Sequence[str]) -> list[Record]:
        """Some rows over their whole life, with nested rows where they are asked for."""
        return self._wholes(grain, self.index(grain).units[rows], names)

    def wholes_of(self, grain: Grain, units: Ints, names: Sequence[str]) -> list[Record]:
        """The same of any rows of the same traffic, by their numbers."""
        return self._wholes(grain, units, names)

    def _wholes(self, grain: Grain, units: Ints, names: Sequence[str]) -> list[Record]:
        batch = self._batch(grain, units)
        plain = [name for name in names if name not in NESTED[grain]]
        rows = rows_of(grain, {name: batch.whole(name) for name in plain}) if plain else [Record({}) for _ in units]
        for name in NESTED[grain]:
            if name in names:
                nested = self._nested(name, units)
                rows = [row.but(**{name: inner}) for row, inner in zip(rows, nested, strict=True)]
        return [Record({name: row[name] for name in names}) for row in rows]

    def _nested(self, name: str, units: Ints) -> list[tuple[Record, ...]]:
        match name:
            case "targets":
                return targets_of(self._call_batch(units))
            case "legs":
                counts, legs = leg_units_of(self._call_batch(units))
                return grouped(self._wholes(Grain.LEG, legs, all_names(Grain.LEG)), counts)
            case "calls":
                calls = units_in(self.traffic, units)
                rows = self._wholes(Grain.CALL, calls, all_names(Grain.CALL))
                return grouped(rows, self.traffic.calls_in(units))
            case "recordings":
                return recordings_of(self.traffic, self.pools, units)
            case _:
                return resources_of(self._session_batch(units))

    def frame(self, grain: Grain, rows: Ints, at: int, names: Sequence[str]) -> dict[str, pl.Series]:
        """Columns of some rows as they are seen at an instant."""
        return self.index(grain).frame(rows, at, names)


def all_names(grain: Grain) -> tuple[str, ...]:
    """Every attribute of a grain."""
    return tuple(ATTRIBUTES[grain])
