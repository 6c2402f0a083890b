"""The API's own format: an XML document with all rows, or for JSON one object a line."""

from __future__ import annotations

from harness.generate.formats import ndjson
from harness.generate.rows import RowSet
from harness.specification.model import Listing
from harness.wire.response_codec import encode_answer, success_tree, text_carried


def extension(listing: Listing) -> str:
    """How a file's name ends."""
    return "xml" if text_carried(listing) else ndjson.extension(listing)


def encode(rows: RowSet) -> bytes:
    """The file."""
    if not text_carried(rows.listing):
        return ndjson.encode(rows)
    trees = [dict(tree) for tree in rows.trees]
    tree = success_tree(rows.listing, picks=rows.dialect, rows=trees, total=len(trees), returned=len(trees))
    return encode_answer(rows.listing, tree)[1] + b"\n"
