"""The rows of a list as a typed table with nested columns: what formats for analysis have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.generate.formats.row_format import RowSpan
from harness.generate.row_slices import RowSlices

if TYPE_CHECKING:
    import polars


def scan_nested_table(slices: RowSlices, spans: Iterator[RowSpan]) -> polars.LazyFrame:
    """The typed table of the rows of these spans, made span by span while a sink of polars takes it."""
    from polars.io.plugins import register_io_source

    nothing = slices.nested_table(0, 0)

    def make_tables(
        with_columns: list[str] | None, predicate: object, n_rows: int | None, batch_size: int | None
    ) -> Iterator[polars.DataFrame]:
        # A sink of a bare scan asks for all columns and rows: there is nothing to push down.
        yield nothing
        for first, last in spans:
            yield slices.nested_table(first, last)

    return register_io_source(make_tables, schema=nothing.schema)
