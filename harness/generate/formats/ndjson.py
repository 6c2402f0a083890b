"""One JSON object a line, with the API's names and values."""

from __future__ import annotations

from typing import Final

from harness.generate.formats.row_format import RowFormat, SerialRows
from harness.generate.row_slices import RowSlices
from harness.specification.model import Listing


def _file_extension(listing: Listing) -> str:
    return "ndjson"


def _encode(slices: RowSlices, first: int, last: int) -> bytes:
    return slices.encode("ndjson", first, last)


NDJSON: Final = RowFormat(
    name="ndjson",
    says="a JSON object a line, values as the API writes them",
    file_extension=_file_extension,
    rows=SerialRows(encode=_encode),
)
