"""Rows of a run as the pieces they are made of, so that any few of them can be written without the others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import final

import numpy as np
from numpy.typing import NDArray

from harness.telephony.columns import Integers
from harness.wire.columns.row_texts import Piece, Texts, row_by_row


@final
class RowBlock:
    """Rows, each known by the places of its pieces: a few bytes a row, and texts that many blocks share."""

    __slots__ = ("_pieces", "_rows")

    def __init__(self, pieces: Sequence[Piece], rows: int) -> None:
        self._rows = rows
        self._pieces: list[bytes | tuple[Texts, NDArray[np.unsignedinteger]]] = [
            piece.encode()
            if isinstance(piece, str)
            else (piece.texts, piece.codes.astype(np.min_scalar_type(max(len(piece.texts) - 1, 0))))
            for one in pieces
            for piece in row_by_row(one)
        ]

    def __len__(self) -> int:
        return self._rows

    @property
    def code_bytes(self) -> int:
        """The memory of all but the texts, in bytes."""
        return sum(piece[1].nbytes for piece in self._pieces if not isinstance(piece, bytes))

    @property
    def texts(self) -> set[Texts]:
        """The texts that rows are made of; blocks of one encoder share many."""
        return {piece[0] for piece in self._pieces if not isinstance(piece, bytes)}

    def rows_at(self, places: Integers | slice) -> list[bytes]:
        """The rows at some places, in their order, or those of a stretch from one place to another."""
        many = places.stop - places.start if isinstance(places, slice) else len(places)
        columns = [
            repeat(piece, many) if isinstance(piece, bytes) else piece[0].chosen(piece[1][places])
            for piece in self._pieces
        ]
        return list(map(b"".join, zip(*columns, strict=True))) if columns else [b""] * many
