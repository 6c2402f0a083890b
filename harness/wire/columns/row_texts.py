"""What rows are made of: texts, for each row the place of one of them, and rows that stand within rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias, cast, final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from harness.telephony.columns import Flags, Integers

if TYPE_CHECKING:
    import pyarrow

# So few texts are always looked up in a table.
_FEW_TEXTS: Final = 256
# In a table all texts take as much as the longest; one that is so many times as large as they are is a list instead.
_MOST_PADDING: Final = 8
# What a text takes in a list besides its own bytes.
_LISTED_TEXT_BYTES: Final = 41


@final
class Texts:
    """Texts that stand in rows, written as the form wants them; `lasting` ones are met again in other slices."""

    __slots__ = ("__weakref__", "_arrow", "_table", "lasting", "series")

    def __init__(self, texts: Sequence[str] | pl.Series, *, lasting: bool = True) -> None:
        self.series = texts if isinstance(texts, pl.Series) else pl.Series(texts, dtype=pl.String)
        self.lasting = lasting
        self._arrow: pyarrow.Array | None = None
        self._table: NDArray[np.bytes_] | list[bytes] | None = None

    def __len__(self) -> int:
        return len(self.series)

    def arrow(self) -> pyarrow.Array:
        """The same texts as bytes side by side, for which pyarrow must be there."""
        if self._arrow is None:
            import pyarrow

            self._arrow = self.series.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pyarrow.binary())
        return self._arrow

    @property
    def memory(self) -> int:
        """About how many bytes the texts take."""
        size = int(self.series.estimated_size())
        if self._table is None:
            return size
        return size + (
            self._table.nbytes if isinstance(self._table, np.ndarray) else size + _LISTED_TEXT_BYTES * len(self)
        )

    def keep_table(self) -> None:
        """Keep a table of the texts, which makes a few of them quick to find."""
        if self._table is None:
            texts: list[bytes] = self.series.cast(pl.Binary).to_list()
            table = np.asarray(texts, dtype=np.bytes_)
            # Side by side they stay near the processor, which objects all over the memory do not.
            fits = table.nbytes <= _MOST_PADDING * sum(map(len, texts)) and table.tolist() == texts
            self._table = table if fits else texts

    def chosen(self, codes: NDArray[np.unsignedinteger]) -> list[bytes]:
        """The texts at the places of a few rows."""
        if self._table is None and len(self) <= _FEW_TEXTS:
            self.keep_table()
        if self._table is None:
            found: list[bytes] = self.series[pl.Series(codes.astype(np.uint32))].cast(pl.Binary).to_list()
            return found
        if isinstance(self._table, np.ndarray):
            return cast("list[bytes]", self._table[codes].tolist())
        return list(map(self._table.__getitem__, codes.tolist()))


@final
@dataclass(frozen=True, slots=True)
class ChosenTexts:
    """For each row the place of its text."""

    texts: Texts
    codes: Integers


@final
@dataclass(frozen=True, slots=True)
class NestedPieces:
    """For each row the number of its nested rows, and the pieces of all nested rows in order."""

    counts: Integers
    pieces: tuple[ChosenTexts | str, ...]

    def where(self, rows: Flags) -> NestedPieces:
        """The same without the nested rows of other rows than these."""
        kept = np.repeat(rows, self.counts)
        return NestedPieces(
            np.where(rows, self.counts, 0),
            tuple(one if isinstance(one, str) else ChosenTexts(one.texts, one.codes[kept]) for one in self.pieces),
        )


Piece: TypeAlias = "ChosenTexts | NestedPieces | str"


@lru_cache(maxsize=1024)
def few_texts(*texts: str) -> Texts:
    """Some texts; the same for the same ones."""
    return Texts(texts)


def rows_as_series(pieces: Sequence[Piece], rows: int) -> pl.Series:
    """Each row as a text."""
    frame, order = piece_frame(pieces)
    if not frame.width:
        return pl.Series(["".join(piece for piece in pieces if isinstance(piece, str))] * rows, dtype=pl.String)
    return frame.select(pl.concat_str(order)).to_series()


def piece_frame(pieces: Sequence[Piece]) -> tuple[pl.DataFrame, list[pl.Expr]]:
    """A column for each piece whose texts differ from row to row, and in which order all are joined."""
    columns: list[pl.Series] = []
    order: list[pl.Expr] = []
    for piece in (part for one in pieces for part in row_by_row(one)):
        if isinstance(piece, str):
            order.append(pl.lit(piece))
            continue
        name = f"{len(columns)}"
        columns.append(piece.texts.series[pl.Series(piece.codes.astype(np.uint32))].alias(name))
        order.append(pl.col(name))
    return pl.DataFrame(columns), order


def row_by_row(piece: Piece) -> Sequence[ChosenTexts | str]:
    """The piece; for nested rows a piece for the first of each row, one for the second, and so on."""
    if not isinstance(piece, NestedPieces):
        return (piece,)
    written = nested_texts(piece)
    texts = Texts(pl.concat([written, pl.Series([""], dtype=pl.String)]), lasting=False)
    return [ChosenTexts(texts, np.where(places < 0, len(written), places)) for places in nested_places(piece.counts)]


def nested_texts(nested: NestedPieces) -> pl.Series:
    """Each nested row as a text."""
    return rows_as_series(nested.pieces, int(nested.counts.sum()))


def nested_places(counts: Integers) -> list[Integers]:
    """For each row the place of its first nested row among all of them, of its second, and so on; -1 for none."""
    starts = np.cumsum(counts) - counts
    most = int(counts.max()) if len(counts) else 0
    return [np.where(counts > place, starts + place, -1) for place in range(most)]
