"""SQL: the table and an INSERT for each row, quoted as the standard says; instants are timestamps in UTC.

PostgreSQL and SQLite take it as it is; MySQL and MariaDB with `sql_mode='ANSI,NO_BACKSLASH_ESCAPES'`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from harness.generate.formats.row_format import RowFormat, SerialRows
from harness.generate.formats.sql_table import SqlValue, create_table, instant_text, quoted_name, table_name
from harness.generate.plain_rows import told_names
from harness.generate.row_slices import RowSlices
from harness.specification.model import Listing


def _file_extension(listing: Listing) -> str:
    return "sql"


def _head(slices: RowSlices, count: int) -> bytes:
    return f"BEGIN;\n{create_table(slices.spec.listing)};\n".encode()


def _tail(slices: RowSlices, count: int) -> bytes:
    return b"COMMIT;\n"


def _encode(slices: RowSlices, first: int, last: int) -> bytes:
    listing = slices.spec.listing
    names = ", ".join(map(quoted_name, told_names(listing)))
    insert = f"INSERT INTO {table_name(listing)} ({names}) VALUES"
    table = slices.table(first, last)
    return "".join(f"{insert} ({', '.join(map(_literal, values))});\n" for values in table.iter_rows()).encode()


def _literal(value: SqlValue) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return f"'{instant_text(value)}'"
    if isinstance(value, date):
        return f"'{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


SQL: Final = RowFormat(
    name="sql",
    says="CREATE TABLE and an INSERT for each row, in one transaction",
    file_extension=_file_extension,
    rows=SerialRows(head=_head, encode=_encode, tail=_tail),
)
