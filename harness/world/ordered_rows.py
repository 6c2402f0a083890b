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

from harness.telephony.attributes import ATTRIBUTES, AttributeKind, Grain
from harness.telephony.records import Record
from harness.world.call_times import call_numbers_in
from harness.world.calls import LIVE_CALL_COLUMNS, CallBatch
from harness.world.generated_calls import NESTED_ATTRIBUTES, GeneratedCalls, RowBatch
from harness.world.random_streams import IntArray
from harness.world.row_columns import RowColumns

NO_VALUE: Final = np.iinfo(np.int64).min
"""Stands in a column of numbers where there is no value."""

CodeArray = NDArray[np.int32]

_SLICE_ROWS: Final = 1 << 17
# No call lasts until then (milliseconds since 1970).
_AFTER_ALL: Final = np.iinfo(np.int64).max
# What `visible_record` must know of a row besides what is asked for.
VISIBILITY_ATTRIBUTES: Final = {
    Grain.CALL: (
        "started_at", "ringing_at", "answered_at", "ended_at", "held_at", "resumed_at", "direction", "call_id"
    ),
    Grain.LEG: ("started_at", "answered_at", "ended_at", "leg_id"),
    Grain.SESSION: ("started_at", "ended_at", "session_id"),
}  # fmt: skip
_CHANGING_ATTRIBUTES: Final = {
    Grain.CALL: frozenset((*LIVE_CALL_COLUMNS, *NESTED_ATTRIBUTES[Grain.CALL])),
    Grain.LEG: frozenset(("answered_at", "ended_at", "state_text", "recording_path")),
    Grain.SESSION: frozenset(("ended_at", "finish_reason", "duration_seconds", *NESTED_ATTRIBUTES[Grain.SESSION])),
}


@final
@dataclass(frozen=True, slots=True)
class WordColumn:
    """A column of texts: for each row the place of its text among `values`, which are in order; -1 for none."""

    codes: CodeArray
    values: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class HashColumn:
    """A column of texts that hardly repeat: a number for each row, the same for the same text."""

    numbers: IntArray


@final
class OrderedRowSegment:
    """A run of rows in order, with the columns made of them so far."""

    def __init__(
        self, units: IntArray, started: IntArray, ended: IntArray, batch: Callable[[IntArray], RowBatch]
    ) -> None:
        self.row_numbers = units
        self.started = started
        self.ended = ended
        self.make_batch = batch
        self.word_columns: dict[str, WordColumn] = {}

    def column_slices(self, name: str) -> Iterator[pl.Series]:
        """One attribute over the whole life of the rows, slice by slice."""
        for first in range(0, len(self.row_numbers), _SLICE_ROWS):
            yield self.make_batch(self.row_numbers[first : first + _SLICE_ROWS]).column(name).series()


@final
class OrderedRowTable:
    """The rows of one grain that a world has until some instant."""

    def __init__(self, grain: Grain, part: GeneratedCalls, stretches: Sequence[OrderedRowSegment]) -> None:
        self.grain = grain
        self.changing_attributes = _CHANGING_ATTRIBUTES[grain]
        self._part = part
        self._segments = tuple(stretches)
        self.row_numbers = _concatenate_arrays([stretch.row_numbers for stretch in stretches])
        self.started = _concatenate_arrays([stretch.started for stretch in stretches])
        self.ended = _concatenate_arrays([stretch.ended for stretch in stretches])
        self._longest_life = max(
            (int((one.ended - one.started).max()) for one in stretches if len(one.row_numbers)), default=0
        )

    def __len__(self) -> int:
        return len(self.row_numbers)

    def begun_count(self, at: int) -> int:
        """The number of rows that have begun at an instant (milliseconds since 1970); they come first."""
        return int(np.searchsorted(self.started, at, side="right"))

    def live_positions(self, at: int) -> IntArray:
        """The positions of the rows whose calls are live at an instant (milliseconds since 1970), ascending."""
        begun = self.begun_count(at)
        # What began longer ago than anything lasts is over.
        first = int(np.searchsorted(self.started, at - self._longest_life))
        return np.flatnonzero(self.ended[first:begun] > at) + first

    def integer_column(self, name: str) -> IntArray:
        """An attribute as whole numbers: milliseconds for times, 0 and 1 for flags, `NO_VALUE` for none."""
        kind = ATTRIBUTES[self.grain][name].kind
        if name == "started_at" and len(self.started) == len(self):
            return self.started
        found = np.empty(len(self), dtype=np.int64)
        at = 0
        for stretch in self._segments:
            for series in stretch.column_slices(name):
                found[at : at + len(series)] = _integer_values(series, kind)
                at += len(series)
        return found

    def word_column(self, name: str) -> WordColumn:
        """An attribute as texts, each stored once."""
        return _merge_words([self._segment_words(stretch, name) for stretch in self._segments])

    def _segment_words(self, stretch: OrderedRowSegment, name: str) -> WordColumn:
        if name not in stretch.word_columns:
            stretch.word_columns[name] = _merge_words(
                [_encode_words(series) for series in stretch.column_slices(name)]
            )
        return stretch.word_columns[name]

    def has_repeated_texts(self, name: str) -> bool:
        """Whether many rows share the texts of an attribute, as far as a sample tells."""
        for stretch in self._segments:
            if len(stretch.row_numbers):
                some = stretch.row_numbers[:: max(1, len(stretch.row_numbers) // 4096)]
                sample = stretch.make_batch(some).column(name).series()
                return sample.n_unique() * 2 < len(sample) or len(self) < 20_000
        return True

    def hash_column(self, name: str) -> HashColumn:
        """An attribute as hashes of its texts."""
        parts = [_hash_values(series) for stretch in self._segments for series in stretch.column_slices(name)]
        return HashColumn(_concatenate_arrays(parts))

    def nested_rows(self, name: str) -> tuple[IntArray, OrderedRowTable] | None:
        """The nested rows of a list: for each the position of its row, and their own columns; None if there are none.

        The nested rows are in the order of their rows; they are no timeline in time.
        """
        if self.grain is not Grain.SESSION or name != "calls":
            return None
        traffic = self._part.traffic
        counts = traffic.call_counts(self.row_numbers)
        units = call_numbers_in(traffic, self.row_numbers)
        nothing = np.zeros(0, dtype=np.int64)
        stretch = OrderedRowSegment(units, nothing, nothing, lambda some: CallBatch(traffic, self._part.pools, some))
        inner = OrderedRowTable(Grain.CALL, self._part, ())
        inner.row_numbers = units
        inner._segments = (stretch,)
        return np.repeat(np.arange(len(self), dtype=np.int64), counts), inner

    def records_at(self, rows: IntArray, names: Sequence[str]) -> list[Record]:
        """Some rows over their whole life, with nested rows where they are asked for."""
        return self._part.records_of(self.grain, self.row_numbers[rows], names)

    def row_columns(self, rows: IntArray) -> RowColumns:
        """The columns of some rows over their whole life."""
        part = self._part
        starts = self.started[rows] if len(self.started) == len(self) else None
        return RowColumns(part.traffic, part.pools, self.grain, self.row_numbers[rows], _AFTER_ALL, starts)


def hash_of_text(text: str) -> int:
    """The number that stands for a text in `HashColumn`."""
    return int(_hash_values(pl.Series([text], dtype=pl.String))[0])


def _hash_values(series: pl.Series) -> IntArray:
    found: IntArray = series.hash(seed=7).to_numpy().view(np.int64)
    # The lowest number says that there is none.
    return np.where(series.is_null().to_numpy(), NO_VALUE, np.maximum(found, NO_VALUE + 1))


def _concatenate_arrays(parts: Sequence[IntArray]) -> IntArray:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _integer_values(series: pl.Series, kind: AttributeKind) -> IntArray:
    match kind:
        case AttributeKind.INSTANT:
            plain = series.to_physical()
        case AttributeKind.SECONDS:
            plain = (series * 1000).round().cast(pl.Int64)
        case AttributeKind.FLAG | AttributeKind.INTEGER:
            plain = series.cast(pl.Int64)
        case _:
            raise ValueError(f"{series.name}: {kind} is no number")
    found: IntArray = plain.fill_null(NO_VALUE).to_numpy()
    return found


def _encode_words(series: pl.Series) -> WordColumn:
    values = series.drop_nulls().unique().sort()
    codes = series.cast(pl.Enum(values)).to_physical().cast(pl.Int32).fill_null(-1).to_numpy()
    return WordColumn(codes, tuple(values.to_list()))


def _merge_words(parts: Sequence[WordColumn]) -> WordColumn:
    if len(parts) == 1:
        return parts[0]
    values = tuple(sorted({value for part in parts for value in part.values}))
    place = {value: code for code, value in enumerate(values)}
    codes = []
    for part in parts:
        # The last place is that of code -1.
        table = np.asarray([*(place[value] for value in part.values), -1], dtype=np.int32)
        codes.append(table[part.codes])
    return WordColumn(np.concatenate(codes) if codes else np.zeros(0, dtype=np.int32), values)
