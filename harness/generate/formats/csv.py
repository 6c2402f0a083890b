"""A table with a line of names (RFC 4180), values as the API writes them, nested rows as JSON."""

from __future__ import annotations

from harness.generate.plain_rows import encode_plain_rows, rows_head
from harness.generate.rows import RowSet
from harness.specification.model import Listing


def file_extension(listing: Listing) -> str:
    """The extension of the file's name."""
    return "csv"


def encode_rows(rows: RowSet) -> bytes:
    """The bytes of the CSV file with these rows."""
    return rows_head(rows.listing, rows.dialect, "csv", len(rows)) + encode_plain_rows(rows, "csv")
