"""One JSON object a line, with the API's names and values."""

from __future__ import annotations

from harness.generate.plain_rows import encode_plain_rows
from harness.generate.rows import RowSet
from harness.specification.model import Listing


def file_extension(listing: Listing) -> str:
    """The extension of the file's name."""
    return "ndjson"


def encode_rows(rows: RowSet) -> bytes:
    """The bytes of the NDJSON file with these rows."""
    return encode_plain_rows(rows, "ndjson")
