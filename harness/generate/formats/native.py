"""The API's own format: an XML document with all rows, or for JSON one object a line."""

from __future__ import annotations

from harness.generate.formats import ndjson
from harness.generate.rows import RowSet
from harness.specification.model import Listing
from harness.wire.response_codec import encode_response, is_xml, success_tree


def file_extension(listing: Listing) -> str:
    """The extension of the file's name."""
    return "xml" if is_xml(listing) else ndjson.file_extension(listing)


def encode_rows(rows: RowSet) -> bytes:
    """The bytes of the file in the API's own format with these rows."""
    if not is_xml(rows.listing):
        return ndjson.encode_rows(rows)
    trees = [dict(tree) for tree in rows.trees]
    tree, _ = success_tree(rows.listing, choices=rows.dialect, rows=trees, total=len(trees), returned=len(trees))
    return encode_response(rows.listing, tree)[1] + b"\n"
