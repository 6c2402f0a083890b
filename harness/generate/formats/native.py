"""The API's own format: an XML document with all rows, or for JSON one object a line."""

from __future__ import annotations

from harness.generate.formats import ndjson
from harness.generate.plain_rows import encode_plain_rows, rows_head, rows_tail
from harness.generate.rows import RowSet
from harness.specification.model import Listing
from harness.wire.response_codec import is_xml


def file_extension(listing: Listing) -> str:
    """The extension of the file's name."""
    return "xml" if is_xml(listing) else ndjson.file_extension(listing)


def encode_rows(rows: RowSet) -> bytes:
    """The bytes of the file in the API's own format with these rows."""
    listing, dialect = rows.listing, rows.dialect
    head, tail = (made(listing, dialect, "native", len(rows)) for made in (rows_head, rows_tail))
    return head + encode_plain_rows(rows, "native") + tail
