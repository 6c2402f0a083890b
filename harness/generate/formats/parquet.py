"""A typed table for analysis: instants in UTC, numbers as numbers, none as null, nested rows as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.generate.formats.row_format import FileRows, RowFormat, RowSpan
from harness.generate.formats.watched_file import sink_to_file
from harness.generate.row_slices import RowSlices
from harness.specification.model import Listing

if TYPE_CHECKING:
    import polars

ROW_GROUP: Final = 32_768
"""Rows that a reader of the file takes at once."""


def _file_extension(listing: Listing) -> str:
    return "parquet"


def scan_slices(slices: RowSlices, spans: Iterator[RowSpan]) -> polars.LazyFrame:
    """The typed table of the rows of these spans, made span by span while a sink of polars takes it."""
    from polars.io.plugins import register_io_source

    def make_tables(
        with_columns: list[str] | None, predicate: object, n_rows: int | None, batch_size: int | None
    ) -> Iterator[polars.DataFrame]:
        # A sink of a bare scan asks for all columns and rows: there is nothing to push down.
        yield slices.table(0, 0)
        for first, last in spans:
            yield slices.table(first, last)

    return register_io_source(make_tables, schema=slices.table(0, 0).schema)


def _write(slices: RowSlices, path: Path, spans: Iterator[RowSpan]) -> None:
    # The same rows and the same release of polars give the same bytes.
    table = scan_slices(slices, spans)
    sink_to_file(
        path,
        lambda file: table.sink_parquet(
            file, compression="zstd", statistics=False, row_group_size=ROW_GROUP, maintain_order=True
        ),
    )


PARQUET: Final = RowFormat(
    name="parquet",
    says="a typed table, instants in UTC, nested rows as JSON",
    file_extension=_file_extension,
    rows=FileRows(write=_write),
)
