"""How a file of rows grows: piece by piece, of which one is in memory."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.generate.formats.native import NATIVE
from harness.generate.generation_record import GenerationRecord
from harness.generate.row_file_writer import append_chunks, continue_chunks, ignore_rows, write_chunks
from harness.generate.row_files import RowFile

FILE = RowFile(name="rows.json", format=NATIVE, first=0, last=4, slice_rows=1, compression=None)


class Piece(bytes):
    """A piece that counts how many there are."""

    alive = 0

    def __new__(cls, data: bytes) -> Piece:
        """One more."""
        cls.alive += 1
        return super().__new__(cls, data)

    def __del__(self) -> None:
        """One less."""
        type(self).alive -= 1


def pieces(most: list[int]) -> Iterator[bytes]:
    for number in range(4):
        most.append(Piece.alive)
        yield Piece(b"%d" % number)


def appended(out: Path, most: list[int]) -> bytes:
    append_chunks(FILE, pieces(most), out, part=out / "part")
    return (out / FILE.name).read_bytes()


def continued(out: Path, most: list[int]) -> bytes:
    record = GenerationRecord.open(out)
    record.begin("plan", resume=False)
    continue_chunks(FILE, lambda file, first: pieces(most), record)
    record.close(remove=True)
    return (out / FILE.name).read_bytes()


def streamed(out: Path, most: list[int]) -> bytes:
    stream = io.BytesIO()
    write_chunks(pieces(most), stream, file=FILE, told=ignore_rows)
    return stream.getvalue()


@pytest.mark.parametrize("write", [appended, continued, streamed])
def test_no_piece_is_kept_while_the_next_one_is_made(
    write: Callable[[Path, list[int]], bytes], tmp_path: Path
) -> None:
    most: list[int] = []
    assert write(tmp_path, most) == b"0123"
    assert most == [0, 0, 0, 0]
