"""Rows put together from their pieces: as bytes, one after the other.

Many rows are one lookup: the texts of all pieces stand in one array of Arrow, and what is taken from it, row after
row and piece after piece, stands side by side. Where pyarrow is not there, and for the few rows of a page, polars
joins the pieces row by row, which takes three times as long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Final, TypeAlias, final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from harness.errors import is_installed
from harness.telephony.columns import Integers
from harness.wire.columns.row_texts import ChosenTexts, NestedPieces, Piece, Texts, few_texts, piece_frame

if TYPE_CHECKING:
    import pyarrow

# So many rows at once stay near the processor, and so do so many of their texts put together.
_ROWS_AT_ONCE: Final = 4096
_TEXTS_AT_ONCE: Final = 1 << 16
# Putting all texts side by side takes longer than to join so few rows.
_FEW_ROWS: Final = 1024

_Places: TypeAlias = NDArray[np.uint32]

Bytes: TypeAlias = "bytes | memoryview"
"""Bytes, or the memory of others that holds them: to copy rows takes as long as to put them together."""


def rows_as_bytes(pieces: Sequence[Piece], rows: int) -> Iterator[Bytes]:
    """All rows, one after the other, in parts of any size."""
    if all(isinstance(piece, str) for piece in pieces):
        yield "".join(piece for piece in pieces if isinstance(piece, str)).encode() * rows
    elif rows >= _FEW_ROWS and has_arrow():
        yield from _taken_rows(pieces, rows)
    else:
        yield from _joined_rows(pieces, rows)


@lru_cache(maxsize=1)
def has_arrow() -> bool:
    """Whether pyarrow is there."""
    return is_installed("pyarrow")


# --- by Arrow -------------------------------------------------------------------------------------------------


@final
class _SideBySide:
    """All texts of some pieces, each once, and the place of any of them."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        import pyarrow

        self._starts: dict[Texts, int] = {}
        many = 0
        for texts in map(_texts_of, _plain_pieces(pieces)):
            if texts not in self._starts:
                self._starts[texts] = many
                many += len(texts)
        self.texts: pyarrow.Array = pyarrow.concat_arrays([texts.arrow() for texts in self._starts])

    def places(self, pieces: Sequence[ChosenTexts | str], first: int, last: int) -> _Places:
        """For each row, from the first to the last, the place of each of its pieces."""
        places = np.empty((last - first, len(pieces)), dtype=np.uint32)
        for column, piece in enumerate(pieces):
            codes = 0 if isinstance(piece, str) else piece.codes[first:last]
            np.add(codes, self._starts[_texts_of(piece)], out=places[:, column], casting="unsafe")
        return places


def _texts_of(piece: ChosenTexts | str) -> Texts:
    return few_texts(piece) if isinstance(piece, str) else piece.texts


def _plain_pieces(pieces: Sequence[Piece]) -> Iterator[ChosenTexts | str]:
    for piece in pieces:
        if isinstance(piece, NestedPieces):
            yield from piece.pieces
        else:
            yield piece


def _taken_rows(pieces: Sequence[Piece], rows: int) -> Iterator[Bytes]:
    import pyarrow

    side_by_side = _SideBySide(pieces)
    plain = [piece for piece in pieces if not isinstance(piece, NestedPieces)]
    for first in range(0, rows, _ROWS_AT_ONCE):
        last = min(first + _ROWS_AT_ONCE, rows)
        if len(plain) == len(pieces):
            places = side_by_side.places(plain, first, last).reshape(-1)
        else:
            places = _nesting_places(side_by_side, pieces, first, last)
        wanted = pyarrow.array(places)
        for begin in range(0, len(wanted), _TEXTS_AT_ONCE):
            taken = side_by_side.texts.take(wanted.slice(begin, _TEXTS_AT_ONCE))
            yield memoryview(taken.buffers()[2])


def _nesting_places(side_by_side: _SideBySide, pieces: Sequence[Piece], first: int, last: int) -> _Places:
    """The places of all pieces, row after row, where rows have different numbers of them."""
    sizes = np.zeros(last - first, dtype=np.int64)
    for piece in pieces:
        sizes += piece.counts[first:last] * len(piece.pieces) if isinstance(piece, NestedPieces) else 1
    begins = np.cumsum(sizes) - sizes
    found = np.empty(int(sizes.sum()), dtype=np.uint32)
    for plain, group in groupby(pieces, key=lambda piece: not isinstance(piece, NestedPieces)):
        if plain:
            block = side_by_side.places([one for one in group if not isinstance(one, NestedPieces)], first, last)
            _put_blocks(found, begins, block)
            begins = begins + block.shape[1]
            continue
        for nested in (one for one in group if isinstance(one, NestedPieces)):
            counts, width = nested.counts[first:last], len(nested.pieces)
            before = int(nested.counts[:first].sum())
            block = side_by_side.places(nested.pieces, before, before + int(counts.sum()))
            # The nested rows of one row stand one after the other.
            ordinal = np.arange(len(block)) - np.repeat(np.cumsum(counts) - counts, counts)
            _put_blocks(found, np.repeat(begins, counts) + ordinal * width, block)
            begins = begins + counts * width
    return found


def _put_blocks(found: _Places, begins: Integers, block: _Places) -> None:
    """Write each row of a block where it begins."""
    width = block.shape[1]
    if not len(block) or not width:
        return
    kind = np.dtype((np.void, width * block.itemsize))
    # Each place of `found` as the beginning of a block: so a block is copied as a whole.
    windows = np.ndarray((len(found) - width + 1,), dtype=kind, buffer=found, strides=(found.itemsize,))
    windows[begins] = block.view(kind)[:, 0]


# --- by polars ------------------------------------------------------------------------------------------------


def _joined_rows(pieces: Sequence[Piece], rows: int) -> Iterator[bytes]:
    frame, order = piece_frame(pieces)
    if not frame.width:
        # Nested rows, of which there are none.
        frame = pl.DataFrame({"": [""] * rows})
        order = [pl.col(""), *order]
    row = pl.concat_str(order).cast(pl.Binary)
    for first in range(0, rows, _ROWS_AT_ONCE):
        yield b"".join(frame.slice(first, _ROWS_AT_ONCE).select(row).to_series().to_list())
