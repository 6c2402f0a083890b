"""A typed table for analysis: instants in UTC, numbers as numbers, none as null, nested rows as JSON."""

from __future__ import annotations

import io

from harness.generate.plain_rows import plain_table
from harness.generate.rows import RowSet
from harness.specification.model import Listing


def file_extension(listing: Listing) -> str:
    """The extension of the file's name."""
    return "parquet"


def encode_rows(rows: RowSet) -> bytes:
    """The bytes of the Parquet file with these rows: the same for the same rows and the same release of polars."""
    target = io.BytesIO()
    plain_table(rows).write_parquet(target, compression="zstd", statistics=False)
    return target.getvalue()
