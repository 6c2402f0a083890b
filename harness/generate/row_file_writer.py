"""A file of rows written piece by piece: it grows beside its place, and is put there when it is whole."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import BinaryIO, TypeAlias

from harness.generate.formats.row_format import FileRows, RowSpan, SerialRows
from harness.generate.generation_record import GenerationRecord, part_path
from harness.generate.row_files import FinishedRows, RowFile, encode_chunk
from harness.generate.row_slices import RowSlices
from harness.generate.url_place import UrlPlace, room_for_upload
from harness.output.atomic_files import FileNotWritten, move_into_place, os_error_reason

RowListener: TypeAlias = Callable[[int], None]
"""Is told how many more rows are written."""

ChunkSource: TypeAlias = Callable[[RowFile, int], Iterator[bytes]]
"""The pieces of a file, from one of them on."""


RowPlace: TypeAlias = Path | UrlPlace
"""Where files go: a directory that whoever writes can reach, or what a URL names."""


def ignore_rows(rows: int) -> None:
    """Nobody counts."""


def write_row_file_to(
    place: RowPlace, slices: RowSlices, file: RowFile, *, owner: str, told: RowListener = ignore_rows
) -> FinishedRows:
    """Write one file of rows to a place; what goes to a URL is made on this machine first. Raises FileNotWritten."""
    if isinstance(place, Path):
        return write_row_file(slices, file, place, owner=owner, told=told)
    with room_for_upload() as room:
        finished = write_row_file(slices, file, room, told=told)
        place.put(file.name, room / file.name)
        return finished


def write_row_file(
    slices: RowSlices, file: RowFile, out: Path, *, owner: str = "", told: RowListener = ignore_rows
) -> FinishedRows:
    """Write one file of rows below `out`, in this process; the same rows give the same bytes.

    Raises FileNotWritten; of what is not whole nothing is left.
    """
    part = part_path(out, file.name, owner)
    try:
        match file.format.rows:
            case SerialRows():
                chunks = (encode_chunk(slices, file, chunk) for chunk in range(file.chunks))
                return append_chunks(file, chunks, out, part=part, told=told)
            case FileRows(write=write):
                with _told_errors(out / file.name):
                    part.unlink(missing_ok=True)
                    write(slices, part, _counted_spans(file, told))
                    with part.open("rb") as written:
                        sha256 = hashlib.file_digest(written, "sha256").hexdigest()
                        size = written.tell()
                move_into_place(part, out / file.name)
                return FinishedRows(file=file, sha256=sha256, size=size)
    except Exception:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def append_chunks(
    file: RowFile, chunks: Iterable[bytes], out: Path, *, part: Path, told: RowListener = ignore_rows
) -> FinishedRows:
    """Write a file from all of its pieces. Raises FileNotWritten."""
    with _told_errors(out / file.name), part.open("wb") as growing:
        total = hashlib.sha256()
        places = count()
        for data in chunks:
            growing.write(data)
            total.update(data)
            # The next piece is not to stand in memory beside this one.
            del data
            _tell(file, next(places), told)
        size = growing.tell()
    move_into_place(part, out / file.name)
    return FinishedRows(file=file, sha256=total.hexdigest(), size=size)


def continue_chunks(
    file: RowFile, source: ChunkSource, record: GenerationRecord, *, told: RowListener = ignore_rows
) -> FinishedRows:
    """Write a file from the pieces that an interrupted run has left and those that are missing.

    Each piece is put down in the record once it is written. Raises FileNotWritten.
    """
    out, part = record.out, part_path(record.out, file.name)
    total = hashlib.sha256()
    kept = size = 0
    for data in record.good_chunks(file.name):
        total.update(data)
        size += len(data)
        _tell(file, kept, told)
        kept += 1
    record.keep_chunks(file.name, kept)
    with _told_errors(out / file.name), part.open("r+b" if kept else "wb") as growing:
        growing.truncate(size)
        growing.seek(size)
        for data in source(file, kept):
            growing.write(data)
            growing.flush()
            total.update(data)
            record.add_chunk(file.name, len(data), hashlib.sha256(data).hexdigest())
            del data
            _tell(file, kept, told)
            kept += 1
        size = growing.tell()
    move_into_place(part, out / file.name)
    return FinishedRows(file=file, sha256=total.hexdigest(), size=size)


def write_chunks(chunks: Iterable[bytes], stream: BinaryIO, *, file: RowFile, told: RowListener) -> None:
    """Write the pieces of a file to a stream."""
    places = count()
    for data in chunks:
        stream.write(data)
        stream.flush()
        del data
        _tell(file, next(places), told)


def _tell(file: RowFile, chunk: int, told: RowListener) -> None:
    first, last = file.span(chunk)
    told(last - first)


def _counted_spans(file: RowFile, told: RowListener) -> Iterator[RowSpan]:
    for first, last in file.spans():
        yield first, last
        told(last - first)


@contextlib.contextmanager
def _told_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise FileNotWritten(str(target), os_error_reason(problem)) from problem
