"""Apache Arrow IPC file (Feather, version 2): the same table as Parquet, to be mapped into memory as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from harness.generate.formats.row_format import FileRows, RowFormat, RowSpan
from harness.generate.formats.typed_table import scan_nested_table
from harness.generate.formats.watched_file import sink_to_file
from harness.generate.row_slices import RowSlices
from harness.specification.model import Listing


def _file_extension(listing: Listing) -> str:
    return "arrow"


def _write(slices: RowSlices, path: Path, spans: Iterator[RowSpan]) -> None:
    import polars

    table = scan_nested_table(slices, spans)
    # Texts as offsets and bytes, which every reader of Arrow knows; views of texts are younger.
    oldest = polars.CompatLevel.oldest()
    sink_to_file(
        path,
        lambda file: table.sink_ipc(file, compression="uncompressed", compat_level=oldest, maintain_order=True),
    )


ARROW: Final = RowFormat(
    name="arrow",
    says="Apache Arrow IPC: the table of parquet, to be mapped into memory",
    file_extension=_file_extension,
    rows=FileRows(write=_write),
)
