"""Rows as bytes and as a typed table, row by row: what stands before, of, and after the rows of a file.

The plain path, which says what the fast one (`harness.wire.columns`) must give.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from harness.errors import UsageProblem
from harness.generate.rows import RowSet
from harness.specification.dialect import Dialect
from harness.specification.model import Listing
from harness.wire.decoded_body import Tree
from harness.wire.json_body import MISSING, Missing, encode_json, put_value
from harness.wire.response_codec import encode_response, is_xml, listed_row, success_tree
from harness.wire.row_objects import value_in_tree

if TYPE_CHECKING:
    import polars

RowForm: TypeAlias = Literal["native", "ndjson", "csv"]
"""How rows stand in a file: as the API writes them (XML, or a JSON object a line), as such lines, as a table."""

ROW_FORMS: Final[tuple[RowForm, ...]] = get_args(RowForm)
# A row that no world has: where it stands, rows go.
_MARK: Final = "\ue000"
_MARKED_ROW: Final[dict[str, Tree]] = {"m": _MARK}


def check_row_form(form: str) -> RowForm:
    """The form of this name. Raises UsageProblem."""
    for known in ROW_FORMS:
        if form == known:
            return known
    raise UsageProblem("the form of rows", f"one of {', '.join(ROW_FORMS)}", form)


def told_names(listing: Listing) -> tuple[str, ...]:
    """The fields that a table has as columns."""
    return tuple(name for name, field in listing.fields.items() if field.is_told)


def rows_head(listing: Listing, dialect: Dialect, form: RowForm, total: int) -> bytes:
    """What stands before the first row of a file with so many rows."""
    if form == "csv":
        return _csv_line(list(told_names(listing)))
    return _envelope(listing, dialect, total)[0] if form == "native" and is_xml(listing) else b""


def rows_tail(listing: Listing, dialect: Dialect, form: RowForm, total: int) -> bytes:
    """What stands after the last row of a file with so many rows."""
    return _envelope(listing, dialect, total)[1] if form == "native" and is_xml(listing) else b""


def encode_plain_rows(rows: RowSet, form: RowForm) -> bytes:
    """The bytes of rows alone, without what stands before and after them."""
    listing = rows.listing
    if form == "csv":
        names = told_names(listing)
        lines = (_csv_line([_cell_text(value_in_tree(tree, name)) for name in names]) for tree in rows.trees)
        return b"".join(lines)
    if form == "native" and is_xml(listing):
        if not rows.trees:
            return b""
        listed = [listed_row(listing, dict(tree)) for tree in rows.trees]
        before, after = _split_at_mark(listing, put_value(MISSING, listing.lists.rows_at, [dict(_MARKED_ROW)]))
        _, body = encode_response(listing, put_value(MISSING, listing.lists.rows_at, listed))
        return body[len(before) : len(body) - len(after)]
    return b"".join(encode_json(dict(tree)) + b"\n" for tree in rows.trees)


def plain_table(rows: RowSet) -> polars.DataFrame:
    """A typed table: instants in UTC, numbers as numbers, none as null, nested rows as JSON."""
    import polars

    from harness.wire.columns.nested_columns import table_type

    columns = []
    for name in told_names(rows.listing):
        field = rows.listing.fields[name]
        if field.as_ in ("rows", "text-list"):
            found = [value_in_tree(tree, name) for tree in rows.trees]
            values: list[Any] = [
                None if value is None or isinstance(value, Missing) else encode_json(value).decode()
                for value in found
            ]
        else:
            values = [row.get(name) for row in rows.rows]
        columns.append(polars.Series(name, values, dtype=table_type(field)))
    return polars.DataFrame(columns)


def plain_nested_table(rows: RowSet) -> polars.DataFrame:
    """A typed table whose lists are lists, of structs for nested rows, and empty where a row has none."""
    import polars

    from harness.wire.columns.nested_columns import column_of_lists, table_type

    columns = []
    for name in told_names(rows.listing):
        field, values = rows.listing.fields[name], [row.get(name) for row in rows.rows]
        if field.as_ in ("rows", "text-list"):
            columns.append(column_of_lists(field, values).alias(name))
        else:
            columns.append(polars.Series(name, values, dtype=table_type(field)))
    return polars.DataFrame(columns)


def _csv_line(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()


def _cell_text(value: Tree | Missing) -> str:
    if value is None or isinstance(value, Missing):
        return ""
    return value if isinstance(value, str) else encode_json(value).decode()


def _envelope(listing: Listing, dialect: Dialect, total: int) -> tuple[bytes, bytes]:
    """The document around so many rows; all of it stands before them where there are none."""
    marked: list[Tree] = [dict(_MARKED_ROW)] if total else []
    tree, _ = success_tree(listing, choices=dialect, rows=marked, total=total, returned=total)
    before, after = _split_at_mark(listing, tree)
    return (before, after + b"\n") if total else (before + b"\n", b"")


def _split_at_mark(listing: Listing, tree: Tree) -> tuple[bytes, bytes]:
    _, body = encode_response(listing, tree)
    element = listing.lists.row_element or ""
    before, _, after = body.partition(f"<{element}><m>{_MARK}</m></{element}>".encode())
    return before, after
