"""A file that remembers why it could not be written: a sink of polars tells no more than that it could not."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast, final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


@final
class _WatchedFile(io.FileIO):
    problem: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as problem:
            self.problem = problem
            raise


def sink_to_file(path: Path, sink: Callable[[BinaryIO], object]) -> None:
    """Write a new file by what takes an open one, such as a sink of polars. Raises OSError."""
    with _WatchedFile(path, "wb") as file:
        try:
            sink(cast(BinaryIO, file))
        except Exception:
            if file.problem is not None:
                raise file.problem from None
            raise
