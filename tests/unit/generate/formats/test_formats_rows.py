"""Row formats, each read by the library that it is for; expected values from the API's own rows."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet
import pytest
from format_files import row_file

from harness.cli import generate
from harness.generate.formats import FORMATS
from harness.generate.formats.csv_cells import defuse_cells
from harness.generate.row_slices import RowSlices
from harness.specification.dialect import Dialect
from harness.specification.load import load_spec, spec_ids
from harness.wire.columns.nested_columns import known_words
from harness.world import World

# It has nested rows of three kinds; the second has nested rows and lists of texts.
SESSIONS = "voximplant/get-call-history"
LOGS = "etelecom/list-call-logs"
NESTED = (SESSIONS, LOGS)


def world(calls: int = 60) -> World:
    return World.of(seed=7, calls=calls)


def native_rows(api: str) -> list[dict[str, Any]]:
    """The rows as the API writes them."""
    slices = RowSlices.of(load_spec(api), world(), Dialect())
    return [json.loads(line) for line in slices.encode("ndjson", 0, len(slices)).splitlines()]


# --- Parquet and Arrow --------------------------------------------------------------------------------------


def read_table(name: str, api: str, path: Path) -> pyarrow.Table:
    file = row_file(name, load_spec(api), world(), path / f"rows.{name}")
    return pyarrow.parquet.read_table(file) if name == "parquet" else pyarrow.feather.read_table(file)


@pytest.mark.parametrize("name", ["parquet", "arrow"])
def test_nested_rows_are_lists_of_structs_with_types_of_their_own(name: str, tmp_path: Path) -> None:
    table = read_table(name, SESSIONS, tmp_path)
    call = table.schema.field("calls").type.value_type
    assert pyarrow.types.is_struct(call)
    assert call.field("start_time").type == pyarrow.timestamp("ms", tz="UTC")
    assert call.field("successful").type == pyarrow.bool_()
    assert call.field("cost").type == pyarrow.decimal128(38, 4)
    assert call.field("call_id").type == pyarrow.int64()


@pytest.mark.parametrize("name", ["parquet", "arrow"])
def test_nested_rows_have_the_values_of_the_api(name: str, tmp_path: Path) -> None:
    found = read_table(name, SESSIONS, tmp_path).to_pylist()
    due = native_rows(SESSIONS)
    assert [row["call_session_history_id"] for row in found] == [row["call_session_history_id"] for row in due]
    # Without the switch that adds them the API shows no calls, so the table has what the switch would show.
    first = found[0]["calls"][0]
    assert (first["call_id"], first["local_number"], first["successful"]) == (12053141544, "+442079460915", False)
    assert first["start_time"] == datetime(2026, 3, 11, 10, 27, 13, tzinfo=UTC)
    assert found[1]["calls"][0]["cost"] == Decimal("0.0040")


@pytest.mark.parametrize("name", ["parquet", "arrow"])
def test_words_are_categories_of_all_words_that_the_api_has(name: str, tmp_path: Path) -> None:
    api = "ozeki/list-call-history"
    states = read_table(name, api, tmp_path).column("State").combine_chunks()
    assert states.dictionary.to_pylist() == list(known_words(load_spec(api).listing.fields["State"]))
    assert "Aborted" in states.dictionary.to_pylist()
    due = native_rows(api)
    assert states.to_pylist() == [row["State"] for row in due]


def test_lists_of_texts_are_lists(tmp_path: Path) -> None:
    table = read_table("parquet", LOGS, tmp_path)
    assert table.schema.field("recording_urls").type == pyarrow.large_list(pyarrow.large_string())
    assert [row["recording_urls"] for row in table.to_pylist()] == [
        row["recording_urls"] for row in native_rows(LOGS)
    ]


@pytest.mark.parametrize("name", ["parquet", "arrow", "sqlite"])
@pytest.mark.parametrize("api", [SESSIONS, "ozeki/list-call-history"])
def test_a_file_that_is_whole_only_when_closed_has_the_same_bytes_again(name: str, api: str, tmp_path: Path) -> None:
    files = [row_file(name, load_spec(api), world(), tmp_path / str(number)) for number in (1, 2)]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize("name", ["parquet", "arrow"])
def test_an_empty_list_is_a_table_with_the_same_columns(name: str, tmp_path: Path) -> None:
    file = row_file(name, load_spec(SESSIONS), world(0), tmp_path / "rows")
    table = pyarrow.parquet.read_table(file) if name == "parquet" else pyarrow.feather.read_table(file)
    assert len(table) == 0
    assert table.schema == read_table(name, SESSIONS, tmp_path).schema


# --- SQL ----------------------------------------------------------------------------------------------------


def sql_rows(name: str, api: str, path: Path) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Names and rows of the only table, as SQLite reads them from its own file or from a script."""
    file = row_file(name, load_spec(api), world(), path / f"rows.{name}")
    with closing(sqlite3.connect(file if name == "sqlite" else ":memory:")) as database:
        if name == "sql":
            database.executescript(file.read_text(encoding="utf-8"))
        [(table,)] = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        found = database.execute(f'SELECT * FROM "{table}"')
        names = [column[0] for column in found.description]
        return names, found.fetchall()


@pytest.mark.parametrize("name", ["sqlite", "sql"])
def test_a_table_has_the_rows_of_the_api(name: str, tmp_path: Path) -> None:
    names, rows = sql_rows(name, LOGS, tmp_path)
    found = [dict(zip(names, row, strict=True)) for row in rows]
    due = native_rows(LOGS)
    assert [(row["caller"], row["duration"]) for row in found] == [(row["caller"], row["duration"]) for row in due]
    # Instants are told in UTC, as SQLite's own functions of dates read them.
    assert found[0]["started_at"] == "2026-03-11 10:27:13.000"
    assert json.loads(found[0]["call_targets"]) == due[0]["call_targets"]


@pytest.mark.parametrize("api", spec_ids())
def test_script_and_database_hold_the_same(api: str, tmp_path: Path) -> None:
    assert sql_rows("sql", api, tmp_path) == sql_rows("sqlite", api, tmp_path)


def test_quotes_in_texts_stay_what_they_are(tmp_path: Path) -> None:
    _, rows = sql_rows("sql", "enswitch/calls-active-list", tmp_path)
    told = {value for row in rows for value in row if isinstance(value, str) and "'" in value}
    assert told == {'Sinéad "Shin" O\'Neill <131>'}


# --- CSV for spreadsheets -----------------------------------------------------------------------------------


def test_what_begins_like_a_formula_gets_an_apostrophe() -> None:
    line = b'=1+1,+4420,-5,@SUM(A1),"\tx","\ry",plain,"a,=b",""\r\n'
    # What stands further inside a cell is no formula.
    assert next(csv.reader(io.StringIO(defuse_cells(line).decode(), newline=""))) == [
        "'=1+1",
        "'+4420",
        "'-5",
        "'@SUM(A1)",
        "'\tx",
        "'\ry",
        "plain",
        "a,=b",
        "",
    ]


def read_csv(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def test_csv_is_defused_only_where_that_is_asked_for(tmp_path: Path) -> None:
    spec = load_spec("ozeki/list-call-history")
    plain, defused = (read_csv(row_file(name, spec, world(), tmp_path / name)) for name in ("csv", "csv-safe"))
    assert any(cell.startswith("+") for line in plain for cell in line)
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in defused for cell in line)
    assert [[cell.removeprefix("'") for cell in line] for line in defused] == plain


def test_the_help_of_the_command_lists_every_format() -> None:
    listed = {"native", "csv-safe", *generate._ROWS, *generate._CALLS, *generate._PAGES}
    assert listed == set(FORMATS)
