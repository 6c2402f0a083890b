"""A table with a line of names (RFC 4180), values as the API writes them, nested rows as JSON."""

from __future__ import annotations

from typing import Final

from harness.generate.formats.csv_cells import defuse_cells
from harness.generate.formats.row_format import RowFormat, SerialRows
from harness.generate.plain_rows import rows_head
from harness.generate.row_slices import RowSlices
from harness.specification.model import Listing


def _file_extension(listing: Listing) -> str:
    return "csv"


def _head(slices: RowSlices, count: int) -> bytes:
    return rows_head(slices.spec.listing, slices.dialect, "csv", count)


def _encode(slices: RowSlices, first: int, last: int) -> bytes:
    return slices.encode("csv", first, last)


def _safe_head(slices: RowSlices, count: int) -> bytes:
    return defuse_cells(_head(slices, count))


def _encode_safely(slices: RowSlices, first: int, last: int) -> bytes:
    return defuse_cells(_encode(slices, first, last))


CSV: Final = RowFormat(
    name="csv",
    says="a table, nested rows as JSON",
    file_extension=_file_extension,
    rows=SerialRows(head=_head, encode=_encode),
)

SAFE_CSV: Final = RowFormat(
    name="csv-safe",
    says="a table that spreadsheets may open: what would be a formula begins with an apostrophe",
    file_extension=_file_extension,
    rows=SerialRows(head=_safe_head, encode=_encode_safely),
)
