"""What a row format is: a file that grows slice by slice, as bytes one after another or by a writer of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias, final

from harness.generate.row_slices import RowSlices
from harness.specification.model import Listing

RowSpan: TypeAlias = tuple[int, int]
"""Rows by their places in the list: from the first to the last, which is not among them."""


class SliceEncoder(Protocol):
    """The bytes of the rows of one slice, alone."""

    def __call__(self, slices: RowSlices, first: int, last: int, /) -> bytes: ...


class FrameEncoder(Protocol):
    """The bytes before the first row of a file of `count` rows, or after the last."""

    def __call__(self, slices: RowSlices, count: int, /) -> bytes: ...


class FileWriter(Protocol):
    """Writes a whole file at `path`, a new one, with the rows of each span in turn.

    A span is taken only when its rows are written, for whoever gives the spans counts by them, and is never kept
    after that: in memory there is one slice. What raises leaves nothing open; the caller removes the file.
    """

    def __call__(self, slices: RowSlices, path: Path, spans: Iterator[RowSpan], /) -> None: ...


def no_bytes(slices: RowSlices, count: int, /) -> bytes:
    """Nothing stands before or after the rows."""
    return b""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SerialRows:
    """Rows as bytes one after another, independent of where slices begin.

    Such a file can be piped and compressed, its slices be made by several processes, and an unfinished one be gone
    on with.
    """

    encode: SliceEncoder
    head: FrameEncoder = no_bytes
    tail: FrameEncoder = no_bytes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FileRows:
    """Rows in a file that is only whole when it is closed, such as Parquet or a database."""

    write: FileWriter


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RowFormat:
    """A file format for rows: its name, the file's name and its ending, and how rows stand in it.

    With `of_calls` its rows are the ended calls of the world, whatever the API lists.
    """

    name: str
    says: str
    file_extension: Callable[[Listing], str]
    rows: SerialRows | FileRows
    stem: str = "rows"
    of_calls: bool = False
