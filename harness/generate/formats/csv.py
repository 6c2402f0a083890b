"""A table with a line of names (RFC 4180), values as the API writes them, nested rows as JSON."""

from __future__ import annotations

import csv
import io

from harness.generate.rows import RowSet
from harness.specification.model import Listing
from harness.wire.decoded_body import Tree
from harness.wire.json_body import Missing, encode_json
from harness.wire.row_objects import value_in_tree


def file_extension(listing: Listing) -> str:
    """The extension of the file's name."""
    return "csv"


def encode_rows(rows: RowSet) -> bytes:
    """The bytes of the CSV file with these rows."""
    names = [name for name, field in rows.listing.fields.items() if field.is_told]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    for tree in rows.trees:
        writer.writerow([_cell_text(value_in_tree(tree, name)) for name in names])
    return text.getvalue().encode()


def _cell_text(value: Tree | Missing) -> str:
    if value is None or isinstance(value, Missing):
        return ""
    return value if isinstance(value, str) else encode_json(value).decode()
