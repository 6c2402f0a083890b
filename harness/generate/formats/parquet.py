"""A typed table for analysis: instants in UTC, numbers as numbers, none as null, nested rows as JSON."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from harness.generate.rows import RowSet
from harness.specification.model import Field, Listing
from harness.wire.json_body import Missing, encode_json
from harness.wire.row_objects import value_in_tree
from harness.wire.time_codecs import TIME_CODECS

if TYPE_CHECKING:
    import polars


def file_extension(listing: Listing) -> str:
    """The extension of the file's name."""
    return "parquet"


def encode_rows(rows: RowSet) -> bytes:
    """The bytes of the Parquet file with these rows: the same for the same rows and the same release of polars."""
    import polars

    columns = []
    for name, field in rows.listing.fields.items():
        if not field.is_told:
            continue
        if field.as_ in ("rows", "text-list"):
            found = [value_in_tree(tree, name) for tree in rows.trees]
            values: list[Any] = [
                None if value is None or isinstance(value, Missing) else encode_json(value).decode()
                for value in found
            ]
        else:
            values = [row.get(name) for row in rows.rows]
        columns.append(polars.Series(name, values, dtype=_column_type(field, polars)))
    target = io.BytesIO()
    polars.DataFrame(columns).write_parquet(target, compression="zstd", statistics=False)
    return target.getvalue()


def _column_type(field: Field, pl: Any) -> polars.DataType:
    match field.as_:
        case _ if field.constant:
            kinds = {bool: pl.Boolean(), int: pl.Int64()}
            found = kinds.get(type(field.constant[0]), pl.String())
        case "integer" | "digits" | "formatted-duration":
            found = pl.Int64()
        case "decimal" | "decimal-text":
            found = pl.Decimal(38, field.digits)
        case "calendar-day":
            found = pl.Date()
        case codec if codec in TIME_CODECS:
            found = pl.Datetime("ms", "UTC")
        case "flag":
            found = pl.Boolean()
        case _:
            found = pl.String()
    return found  # type: ignore[no-any-return]
