"""A typed table for analysis: instants in UTC, words as categories, none as null, nested rows as lists of structs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from harness.generate.formats.row_format import FileRows, RowFormat, RowSpan
from harness.generate.formats.typed_table import scan_nested_table
from harness.generate.formats.watched_file import sink_to_file
from harness.generate.row_slices import RowSlices
from harness.specification.model import Listing

ROW_GROUP: Final = 32_768
"""Rows that a reader of the file takes at once."""
COMPRESSION_LEVEL: Final = 1
"""Of zstd: the next levels make files smaller by a hundredth, and take a quarter longer."""


def _file_extension(listing: Listing) -> str:
    return "parquet"


def _write(slices: RowSlices, path: Path, spans: Iterator[RowSpan]) -> None:
    # The same rows and the same release of polars give the same bytes.
    table = scan_nested_table(slices, spans)
    sink_to_file(
        path,
        lambda file: table.sink_parquet(
            file,
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
            statistics=False,
            row_group_size=ROW_GROUP,
            maintain_order=True,
        ),
    )


PARQUET: Final = RowFormat(
    name="parquet",
    says="a typed table, instants in UTC, nested rows as lists of structs",
    file_extension=_file_extension,
    rows=FileRows(write=_write),
)
