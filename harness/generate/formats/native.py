"""The API's own format: an XML document with all rows, or for JSON one object a line."""

from __future__ import annotations

from typing import Final

from harness.generate.formats.row_format import RowFormat, SerialRows
from harness.generate.plain_rows import rows_head, rows_tail
from harness.generate.row_slices import RowSlices
from harness.specification.model import Listing
from harness.wire.response_codec import is_xml


def _file_extension(listing: Listing) -> str:
    return "xml" if is_xml(listing) else "ndjson"


def _head(slices: RowSlices, count: int) -> bytes:
    # Each file is a document of its own: the numbers in it tell of its rows.
    return rows_head(slices.spec.listing, slices.dialect, "native", count)


def _tail(slices: RowSlices, count: int) -> bytes:
    return rows_tail(slices.spec.listing, slices.dialect, "native", count)


def _encode(slices: RowSlices, first: int, last: int) -> bytes:
    return slices.encode("native", first, last)


NATIVE: Final = RowFormat(
    name="native",
    says="the API's own: an XML document, or a JSON object a line",
    file_extension=_file_extension,
    rows=SerialRows(head=_head, encode=_encode, tail=_tail),
)
