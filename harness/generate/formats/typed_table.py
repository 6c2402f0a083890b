"""The rows of a list as a typed table with nested columns: what formats for analysis have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, cast

from harness.generate.formats.row_format import RowSpan
from harness.generate.plain_rows import told_names
from harness.generate.row_slices import RowSlices
from harness.specification.model import Field
from harness.wire.columns.row_table import table_type

if TYPE_CHECKING:
    import polars

    from harness.wire.row_codec import ApiRow, ApiValue

    Struct: TypeAlias = dict[str, "Cell"]
    Cell: TypeAlias = "ApiValue | list[Cell] | Struct"


def nested_table(slices: RowSlices, first: int, last: int) -> polars.DataFrame:
    """Some rows as a typed table: instants in UTC, numbers as numbers, none as null, nested rows as lists."""
    import polars

    table, fields = slices.table(first, last), slices.spec.listing.fields
    nested = [name for name in told_names(slices.spec.listing) if fields[name].as_ in ("rows", "text-list")]
    if not nested:
        return table
    shown = slices.row_set(first, last).rows
    return table.with_columns(
        polars.Series(
            name, [_nested_cell(fields[name], row.get(name)) for row in shown], dtype=nested_type(fields[name])
        )
        for name in nested
    )


def scan_nested_table(slices: RowSlices, spans: Iterator[RowSpan]) -> polars.LazyFrame:
    """The typed table of the rows of these spans, made span by span while a sink of polars takes it."""
    from polars.io.plugins import register_io_source

    nothing = nested_table(slices, 0, 0)

    def make_tables(
        with_columns: list[str] | None, predicate: object, n_rows: int | None, batch_size: int | None
    ) -> Iterator[polars.DataFrame]:
        # A sink of a bare scan asks for all columns and rows: there is nothing to push down.
        yield nothing
        for first, last in spans:
            yield nested_table(slices, first, last)

    return register_io_source(make_tables, schema=nothing.schema)


def nested_type(field: Field) -> polars.DataType:
    """The type of the column of a field: a list for nested rows and texts, else that of a flat table."""
    import polars

    match field.as_:
        case "rows":
            parts = {name: nested_type(part) for name, part in field.fields.items() if part.is_told}
            return polars.List(polars.Struct(parts))
        case "text-list":
            return polars.List(polars.String())
        case _:
            return table_type(field)


def _nested_cell(field: Field, value: ApiValue) -> Cell:
    """A value as a nested column takes it; where the list has none, an empty one."""
    if field.as_ == "text-list":
        return list(cast("Sequence[Cell]", value or ()))
    if field.as_ != "rows":
        return value
    return [_struct(field.fields, row) for row in cast("Sequence[ApiRow]", value or ())]


def _struct(fields: Mapping[str, Field], row: ApiRow) -> Struct:
    return {name: _nested_cell(part, row.get(name)) for name, part in fields.items() if part.is_told}
