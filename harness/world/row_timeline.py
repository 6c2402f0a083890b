"""All rows of a grain in the order of (start, identity), as columns that are made when asked for.

Columns hold whole lives and so never change: what is seen of the few rows that live at an instant is told apart.
They are made in slices, so that making one takes little more memory than it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from harness.telephony.attributes import ATTRIBUTES, Grain, Kind
from harness.telephony.records import Record
from harness.world.call_lifecycle import units_in
from harness.world.calls import SEEN, CallBatch
from harness.world.generated_calls import NESTED, Batch, GeneratedPart
from harness.world.random_streams import Ints

NONE: Final = np.iinfo(np.int64).min
"""Stands in a column of numbers where there is no value."""

Codes = NDArray[np.int32]

_SLICE: Final = 1 << 17
# What `seen_at` must know of a row besides what is asked for.
LIFE: Final = {
    Grain.CALL: (
        "started_at", "ringing_at", "answered_at", "ended_at", "held_at", "resumed_at", "direction", "call_id"
    ),
    Grain.LEG: ("started_at", "answered_at", "ended_at", "leg_id"),
    Grain.SESSION: ("started_at", "ended_at", "session_id"),
}  # fmt: skip
_CHANGING: Final = {
    Grain.CALL: frozenset((*SEEN, *NESTED[Grain.CALL])),
    Grain.LEG: frozenset(("answered_at", "ended_at", "state_text", "recording_path")),
    Grain.SESSION: frozenset(("ended_at", "finish_reason", "duration_seconds", *NESTED[Grain.SESSION])),
}


@final
@dataclass(frozen=True, slots=True)
class Words:
    """A column of texts: for each row the place of its text among `values`, which are in order; -1 for none."""

    codes: Codes
    values: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Hashes:
    """A column of texts that hardly repeat: a number for each row, the same for the same text."""

    numbers: Ints


@final
class Stretch:
    """Some rows in order, with the columns that were made of them."""

    def __init__(self, units: Ints, started: Ints, ended: Ints, batch: Callable[[Ints], Batch]) -> None:
        self.units = units
        self.started = started
        self.ended = ended
        self.batch = batch
        self.words: dict[str, Words] = {}

    def slices(self, name: str) -> Iterator[pl.Series]:
        """One attribute over the whole life of the rows, slice by slice."""
        for first in range(0, len(self.units), _SLICE):
            yield self.batch(self.units[first : first + _SLICE]).whole(name)


@final
class Timeline:
    """The rows of one grain that a world has until some instant."""

    def __init__(self, grain: Grain, part: GeneratedPart, stretches: Sequence[Stretch]) -> None:
        self.grain = grain
        self.changing = _CHANGING[grain]
        self._part = part
        self._stretches = tuple(stretches)
        self.units = _joined([stretch.units for stretch in stretches])
        self.started = _joined([stretch.started for stretch in stretches])
        self.ended = _joined([stretch.ended for stretch in stretches])
        self._longest = max((int((one.ended - one.started).max()) for one in stretches if len(one.units)), default=0)

    def __len__(self) -> int:
        return len(self.units)

    def begun(self, at: int) -> int:
        """How many rows have begun at an instant (in milliseconds): the first so many."""
        return int(np.searchsorted(self.started, at, side="right"))

    def living(self, at: int) -> Ints:
        """The positions of the rows that live at an instant."""
        begun = self.begun(at)
        # What began longer ago than anything lasts is over.
        first = int(np.searchsorted(self.started, at - self._longest))
        return np.flatnonzero(self.ended[first:begun] > at) + first

    def numbers(self, name: str) -> Ints:
        """An attribute as whole numbers: milliseconds for instants and spans, 0 and 1 for flags; `NONE` for none."""
        kind = ATTRIBUTES[self.grain][name].kind
        if name == "started_at" and len(self.started) == len(self):
            return self.started
        found = np.empty(len(self), dtype=np.int64)
        at = 0
        for stretch in self._stretches:
            for series in stretch.slices(name):
                found[at : at + len(series)] = _numbers(series, kind)
                at += len(series)
        return found

    def words(self, name: str) -> Words:
        """An attribute as texts, each told once."""
        return _words_of([self._words(stretch, name) for stretch in self._stretches])

    def _words(self, stretch: Stretch, name: str) -> Words:
        if name not in stretch.words:
            stretch.words[name] = _words_of([_coded(series) for series in stretch.slices(name)])
        return stretch.words[name]

    def repeats(self, name: str) -> bool:
        """Whether many rows share the texts of an attribute, as far as a sample tells."""
        for stretch in self._stretches:
            if len(stretch.units):
                sample = stretch.batch(stretch.units[:: max(1, len(stretch.units) // 4096)]).whole(name)
                return sample.n_unique() * 2 < len(sample) or len(self) < 20_000
        return True

    def hashes(self, name: str) -> Hashes:
        """An attribute as numbers that stand for its texts."""
        parts = [_hash(series) for stretch in self._stretches for series in stretch.slices(name)]
        return Hashes(_joined(parts))

    def inner(self, name: str) -> tuple[Ints, Timeline] | None:
        """The nested rows of a list: for each the position of its row, and their own columns; None if there are none.

        The nested rows are in the order of their rows; they are no timeline in time.
        """
        if self.grain is not Grain.SESSION or name != "calls":
            return None
        traffic = self._part.traffic
        counts = traffic.calls_in(self.units)
        units = units_in(traffic, self.units)
        nothing = np.zeros(0, dtype=np.int64)
        stretch = Stretch(units, nothing, nothing, lambda some: CallBatch(traffic, self._part.pools, some))
        inner = Timeline(Grain.CALL, self._part, ())
        inner.units = units
        inner._stretches = (stretch,)
        return np.repeat(np.arange(len(self), dtype=np.int64), counts), inner

    def wholes(self, rows: Ints, names: Sequence[str]) -> list[Record]:
        """Some rows over their whole life, with nested rows where they are asked for."""
        return self._part.wholes_of(self.grain, self.units[rows], names)


def hash_of(text: str) -> int:
    """The number that stands for a text in `Hashes`."""
    return int(_hash(pl.Series([text], dtype=pl.String))[0])


def _hash(series: pl.Series) -> Ints:
    found: Ints = series.hash(seed=7).to_numpy().view(np.int64)
    # The lowest number says that there is none.
    return np.where(series.is_null().to_numpy(), NONE, np.maximum(found, NONE + 1))


def _joined(parts: Sequence[Ints]) -> Ints:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _numbers(series: pl.Series, kind: Kind) -> Ints:
    match kind:
        case Kind.INSTANT:
            plain = series.to_physical()
        case Kind.SECONDS:
            plain = (series * 1000).round().cast(pl.Int64)
        case Kind.FLAG | Kind.INTEGER:
            plain = series.cast(pl.Int64)
        case _:
            raise ValueError(f"{series.name}: {kind} is no number")
    found: Ints = plain.fill_null(NONE).to_numpy()
    return found


def _coded(series: pl.Series) -> Words:
    values = series.drop_nulls().unique().sort()
    codes = series.cast(pl.Enum(values)).to_physical().cast(pl.Int32).fill_null(-1).to_numpy()
    return Words(codes, tuple(values.to_list()))


def _words_of(parts: Sequence[Words]) -> Words:
    if len(parts) == 1:
        return parts[0]
    values = tuple(sorted({value for part in parts for value in part.values}))
    place = {value: code for code, value in enumerate(values)}
    codes = []
    for part in parts:
        # The last place is that of code -1.
        table = np.asarray([*(place[value] for value in part.values), -1], dtype=np.int32)
        codes.append(table[part.codes])
    return Words(np.concatenate(codes) if codes else np.zeros(0, dtype=np.int32), values)
