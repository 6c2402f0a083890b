"""What an API hides of its rows, beside whatever format they are in: an object a line, in the order of the rows."""

from __future__ import annotations

from typing import Final

from harness.generate.formats.row_format import RowFormat, SerialRows
from harness.generate.row_slices import RowSlices
from harness.specification.model import Listing


def hides_something(listing: Listing) -> bool:
    """Whether rows have hidden attributes, or owners."""
    return bool(listing.hidden or (listing.scope is not None and listing.scope.owner_attributes))


def _file_extension(listing: Listing) -> str:
    return "ndjson"


def _encode(slices: RowSlices, first: int, last: int) -> bytes:
    return slices.encode_hidden(first, last)


HIDDEN: Final = RowFormat(
    name="hidden",
    says="identity, hidden attributes and owners of each row, an object a line",
    file_extension=_file_extension,
    rows=SerialRows(encode=_encode),
    stem="hidden",
)
