"""The files that rows go to: which rows stand in which file, and in which chunks a file grows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from harness.errors import UsageProblem
from harness.generate.compression import COMPRESSIONS, compression_of
from harness.generate.formats import ROW_FORMATS
from harness.generate.formats.hidden import HIDDEN, hides_something
from harness.generate.formats.native import NATIVE
from harness.generate.formats.row_format import RowFormat, RowSpan, SerialRows
from harness.generate.row_slices import RowSlices
from harness.specification.load import Spec
from harness.specification.model import Listing

SLICE_ROWS: Final = 1 << 15
"""Rows that are in memory at once."""
WIDE_SLICE_ROWS: Final = 1 << 14
"""The same where a row has many fields, and so takes thousands of bytes."""
NESTING_SLICE_ROWS: Final = 1 << 13
"""The same where rows hold rows, and so are several times as wide."""

_MANY_FIELDS: Final = 30
_SAME_BYTES: Final = frozenset(("native", "ndjson"))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RowChoices:
    """How rows are written.

    `formats`, each once; `rows` those from the first to the last, which is not among them (None: the end of the
    list), None for all; `shard_rows`
    the rows of each file, None for one file with all; `compression` by name, None for plain bytes; `slice_rows` how
    many are made at a time.
    """

    formats: tuple[RowFormat, ...] = (NATIVE,)
    rows: tuple[int, int | None] | None = None
    shard_rows: int | None = None
    compression: str | None = None
    slice_rows: int = SLICE_ROWS

    @property
    def is_plain(self) -> bool:
        """Whether every format is one file with all rows."""
        return self.rows is None and self.shard_rows is None and self.compression is None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RowFile:
    """A file of rows `first` to `last` (not among them): its name, its format, and how it grows."""

    name: str
    format: RowFormat
    first: int
    last: int
    slice_rows: int
    compression: str | None

    def __len__(self) -> int:
        return self.last - self.first

    @property
    def chunks(self) -> int:
        """How many pieces a file of bytes one after another is made of: one for each slice, and one at least."""
        return max(1, -(-len(self) // self.slice_rows))

    def span(self, chunk: int) -> RowSpan:
        """The rows of a piece."""
        first = self.first + chunk * self.slice_rows
        return first, min(first + self.slice_rows, self.last)

    def spans(self) -> Iterator[RowSpan]:
        """The rows of all pieces."""
        return (self.span(chunk) for chunk in range(self.chunks))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRows:
    """A file of rows that is whole: the SHA-256 of its bytes, and their number."""

    file: RowFile
    sha256: str
    size: int


def slice_rows_of(listing: Listing) -> int:
    """How many rows of an API are made at a time: as many as make good use of columns, and are small in memory."""
    holds_rows = any(field.as_ == "rows" for field in listing.fields.values())
    if holds_rows:
        return NESTING_SLICE_ROWS
    return WIDE_SLICE_ROWS if len(listing.fields) > _MANY_FIELDS else SLICE_ROWS


def encode_chunk(slices: RowSlices, file: RowFile, chunk: int) -> bytes:
    """One piece of a file of bytes one after another, compressed where the file is."""
    rows = file.format.rows
    if not isinstance(rows, SerialRows):
        raise ValueError(f"a file of the format {file.format.name} has no pieces")
    first, last = file.span(chunk)
    data = rows.encode(slices, first, last)
    # Most pieces stand between head and tail, and are not copied for the sake of nothing.
    if chunk == 0 and (head := rows.head(slices, len(file))):
        data = head + data
    if chunk == file.chunks - 1 and (tail := rows.tail(slices, len(file))):
        data += tail
    return data if file.compression is None else compression_of(file.compression).compress(data)


def slow_columns(slices: RowSlices, files: Sequence[RowFile]) -> Mapping[str, str]:
    """The columns of these files that are made row by row, with the reason; the first row tells."""
    for file in {file.format.name: file for file in files if len(file)}.values():
        if isinstance(file.format.rows, SerialRows):
            file.format.rows.encode(slices, file.first, file.first + 1)
        else:
            slices.table(file.first, file.first + 1)
    return dict(slices.fallbacks)


# --- which files there are ----------------------------------------------------------------------------------


def check_row_choices(choices: RowChoices) -> None:
    """Raise UsageProblem for a number of rows or a compression that cannot be had."""
    if choices.shard_rows is not None and choices.shard_rows < 1:
        raise UsageProblem("--shard-rows", "1 row or more", str(choices.shard_rows))
    if choices.compression is not None:
        compression_of(choices.compression)
        if not any(_is_serial(made) for made in choices.formats):
            raise UsageProblem(
                f"--compress {choices.compression}",
                f"a format that can be compressed: {', '.join(serial_format_names())}",
                f"{', '.join(made.name for made in choices.formats)}, whose files are written as they are",
            )


def serial_format_names() -> tuple[str, ...]:
    """The formats whose files are bytes one after another, which can be piped and compressed."""
    return tuple(name for name, made in ROW_FORMATS.items() if _is_serial(made))


def check_row_span(rows: tuple[int, int | None] | None, total: int) -> RowSpan:
    """The rows to write: all without a choice. Raises UsageProblem for rows that there are not."""
    first, last = rows if rows is not None else (0, None)
    end = total if last is None else last
    if not 0 <= first <= end <= total:
        asked = f"{first}:{'' if last is None else last}"
        raise UsageProblem(
            f"--rows {asked}", f"FROM:TO with FROM <= TO <= {total}, the number of rows that there are", asked
        )
    return first, end


def row_files_of(spec: Spec, choices: RowChoices, total: int, calls: int = 0) -> tuple[RowFile, ...]:
    """The files of rows, in the order in which they are written; a list that hides something has a file of that.

    `total` rows are listed, and `calls` have ended, which are the rows of some formats.
    """
    found: dict[str, RowFile] = {}
    formats = list(choices.formats)
    listed = any(not made.of_calls for made in formats)
    if listed and hides_something(spec.listing) and len(range(*check_row_span(choices.rows, total))):
        formats.append(HIDDEN)
    for made in formats:
        span = check_row_span(choices.rows, calls if made.of_calls else total)
        for file in _files_of_format(spec, choices, made, span):
            other = found.setdefault(file.name, file).format.name
            if other != made.name and {other, made.name} != _SAME_BYTES:
                raise UsageProblem(
                    "--format", f"{other} or {made.name}, not both", f"both are written to {file.name}"
                )
    return tuple(found.values())


def _files_of_format(spec: Spec, choices: RowChoices, made: RowFormat, span: RowSpan) -> Iterator[RowFile]:
    compression = choices.compression if _is_serial(made) else None
    ending = made.file_extension(spec.listing)
    if compression is not None:
        ending += f".{COMPRESSIONS[compression].file_extension}"
    for place, (first, last) in _shards(span, choices.shard_rows):
        yield RowFile(
            name=f"{made.stem}{place}.{ending}",
            format=made,
            first=first,
            last=last,
            slice_rows=choices.slice_rows,
            compression=compression,
        )


def _shards(span: RowSpan, shard_rows: int | None) -> Iterator[tuple[str, RowSpan]]:
    """What is added to a file's name, and its rows.

    A shard has its place in the list of all rows, so that parts made on several machines fit together.
    """
    first, last = span
    if shard_rows is None:
        yield "", span
        return
    while True:
        number = first // shard_rows
        end = min((number + 1) * shard_rows, last)
        yield f"-{number:05d}", (first, end)
        if end == last:
            return
        first = end


def _is_serial(made: RowFormat) -> bool:
    return isinstance(made.rows, SerialRows)
