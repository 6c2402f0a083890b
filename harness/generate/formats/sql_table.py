"""The rows of a list as a table of SQL: its definition, and its rows as values. Nested rows are JSON texts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from harness.generate.plain_rows import told_names
from harness.specification.model import Listing
from harness.wire.columns.nested_columns import table_type

if TYPE_CHECKING:
    import polars

SqlValue: TypeAlias = "int | str | bool | Decimal | date | datetime | None"


def table_name(listing: Listing) -> str:
    """The quoted name of the table: what a row stands for, in the plural."""
    return quoted_name(f"{listing.lists.one_row_per}s")


def quoted_name(name: str) -> str:
    """A name as SQL quotes it, whatever stands in it."""
    return '"' + name.replace('"', '""') + '"'


def create_table(listing: Listing) -> str:
    """The statement that makes the table; the row's identity is its key."""
    columns = [f"  {quoted_name(name)} {_sql_type(table_type(listing.fields[name]))}" for name in told_names(listing)]
    key = f"  PRIMARY KEY ({quoted_name(listing.lists.identity)})"
    return f"CREATE TABLE {table_name(listing)} (\n" + ",\n".join([*columns, key]) + "\n)"


def instant_text(value: datetime) -> str:
    """An instant in UTC as SQL writes a timestamp, to the millisecond: `2026-03-11 10:27:13.000`."""
    return value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03d}"


def _sql_type(dtype: polars.DataType) -> str:
    import polars

    match dtype:
        case polars.Boolean():
            return "BOOLEAN"
        case polars.Int64():
            return "BIGINT"
        case polars.Decimal():
            return f"DECIMAL(38, {dtype.scale})"
        case polars.Date():
            return "DATE"
        case polars.Datetime():
            return "TIMESTAMP"
        case _:
            return "TEXT"
