"""One JSON object a line, with the API's names and values."""

from __future__ import annotations

from harness.generate.rows import RowSet
from harness.specification.model import Listing
from harness.wire.json_body import encode_json


def file_extension(listing: Listing) -> str:
    """The extension of the file's name."""
    return "ndjson"


def encode_rows(rows: RowSet) -> bytes:
    """The bytes of the NDJSON file with these rows."""
    return b"".join(encode_json(dict(tree)) + b"\n" for tree in rows.trees)
