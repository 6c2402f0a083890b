"""An SQLite database with one table: instants as text in UTC, flags as 0 and 1, nested rows as JSON text."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from harness.generate.formats.row_format import FileRows, RowFormat, RowSpan
from harness.generate.formats.sql_table import SqlValue, create_table, instant_text, table_name
from harness.generate.plain_rows import told_names
from harness.generate.row_slices import RowSlices
from harness.specification.model import Listing


def _file_extension(listing: Listing) -> str:
    return "sqlite"


def _write(slices: RowSlices, path: Path, spans: Iterator[RowSpan]) -> None:
    try:
        _write_table(slices, path, spans)
    except sqlite3.Error as problem:
        # A full disk, say: SQLite has errors of its own for what the system refuses.
        raise OSError(errno.EIO, str(problem)) from problem


def _write_table(slices: RowSlices, path: Path, spans: Iterator[RowSpan]) -> None:
    # The same rows and the same release of SQLite give the same bytes.
    listing = slices.spec.listing
    places = ", ".join("?" for _ in told_names(listing))
    insert = f"INSERT INTO {table_name(listing)} VALUES ({places})"  # noqa: S608 - the name is quoted
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        # Nothing is in the file yet that a crash could hurt: whoever made it removes it.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        database.execute(create_table(listing))
        for first, last in spans:
            rows = slices.table(first, last).iter_rows()
            database.executemany(insert, (tuple(map(_stored, values)) for values in rows))
        database.execute("COMMIT")


def _stored(value: SqlValue) -> int | str | None:
    """A value as SQLite stores it; its NUMERIC columns take a decimal text as the number that it is."""
    if isinstance(value, datetime):
        return instant_text(value)
    return str(value) if isinstance(value, Decimal | date) else value


SQLITE: Final = RowFormat(
    name="sqlite",
    says="a database of one table, nested rows as JSON",
    file_extension=_file_extension,
    rows=FileRows(write=_write),
)
