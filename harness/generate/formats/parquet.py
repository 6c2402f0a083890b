"""A typed table for analysis: instants in UTC, numbers as numbers, none as null, nested rows as JSON."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from harness.generate.rows import RowSet
from harness.specification.model import Field, Listing
from harness.wire.json_body import encode_json

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
        if field.shows is None:
            continue
        if field.as_ in ("rows", "text-list"):
            values: list[Any] = [
                encode_json(tree[name]).decode() if tree.get(name) is not None else None for tree in rows.trees
            ]
        else:
            values = [row.get(name) for row in rows.rows]
        columns.append(polars.Series(name, values, dtype=_column_type(field, polars)))
    target = io.BytesIO()
    polars.DataFrame(columns).write_parquet(target, compression="zstd", statistics=False)
    return target.getvalue()


def _column_type(field: Field, pl: Any) -> polars.DataType:
    match field.as_:
        case "integer" | "digits":
            found = pl.Int64()
        case "decimal":
            found = pl.Decimal(38, field.digits)
        case "epoch-seconds" | "local-time" | "rfc3339":
            found = pl.Datetime("ms", "UTC")
        case "flag":
            found = pl.Boolean()
        case _:
            found = pl.String()
    return found  # type: ignore[no-any-return]
