"""Rows in slices: together they are what the files of the whole list hold."""

from __future__ import annotations

import gc

import pytest

from harness.errors import UsageProblem
from harness.generate.plain_rows import RowForm, encode_plain_rows, rows_head, rows_tail
from harness.generate.row_slices import RowSlices
from harness.generate.rows import RowSet, row_set_of
from harness.specification.dialect import Dialect
from harness.specification.load import load_spec
from harness.wire.columns import row_table
from harness.wire.columns.row_forms import csv_cell
from harness.wire.columns.row_texts import Texts
from harness.world import World

APIS = (
    "ozeki/list-call-history",
    "ozeki/list-active-calls",
    "voximplant/get-call-history",
    "etelecom/list-call-logs",
)


def whole_file(rows: RowSet, form: RowForm) -> bytes:
    """The file of these rows, made at once."""
    around = (rows.listing, rows.dialect, form, len(rows))
    return rows_head(*around) + encode_plain_rows(rows, form) + rows_tail(*around)


@pytest.mark.parametrize("form", ["native", "ndjson", "csv"])
@pytest.mark.parametrize("api", APIS)
def test_slices_between_head_and_tail_are_the_file_of_all_rows(api: str, form: RowForm) -> None:
    spec, world, dialect = load_spec(api), World.of(seed=3, calls=60), Dialect()
    slices = RowSlices.of(spec, world, dialect)
    middle = len(slices) // 3
    parts = (slices.encode(form, 0, middle), slices.encode(form, middle, len(slices)))
    written = b"".join((slices.head(form), *parts, slices.tail(form)))
    assert written == whole_file(row_set_of(spec, world, dialect), form)


def test_a_list_without_rows_has_a_document_all_the_same() -> None:
    spec, world, dialect = load_spec("ozeki/list-active-calls"), World.of(seed=3, calls=0), Dialect()
    slices = RowSlices.of(spec, world, dialect)
    written = slices.head("native") + slices.encode("native", 0, 0) + slices.tail("native")
    assert written == whole_file(row_set_of(spec, world, dialect), "native")
    assert len(slices) == 0


def test_a_slice_beyond_the_list_and_an_unknown_form_are_refused() -> None:
    slices = RowSlices.of(load_spec("ozeki/list-call-history"), World.of(seed=3, calls=10), Dialect())
    with pytest.raises(ValueError, match="rows 5 to 11 are no slice of a list of 10 rows"):
        slices.encode("native", 5, 11)
    with pytest.raises(UsageProblem):
        slices.encode("yaml", 0, 1)


def kept_texts() -> int:
    """How many texts are kept of slices that have been written."""
    gc.collect()
    return sum(len(kept) for kept in gc.get_objects() if isinstance(kept, Texts))


@pytest.mark.parametrize("api", ["ozeki/list-call-history", "voximplant/get-call-history"])
def test_what_is_kept_does_not_grow_with_the_rows_written(api: str) -> None:
    # Each slice is of other days, and of other numbers.
    slices = RowSlices.of(load_spec(api), World.of(seed=3, calls=1_000_000), Dialect())
    kept = []
    for number in range(12):
        for _ in slices.blocks("native", number * 32_768, number * 32_768 + 20_000):
            pass
        kept.append(kept_texts())
    assert kept[-1] < 1.1 * kept[5]


def test_texts_of_ids_are_looked_at_once_for_what_a_table_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def looked_at(text: str) -> str:
        seen.append(text)
        return csv_cell(text)

    monkeypatch.setattr(row_table, "csv_cell", looked_at)
    slices = RowSlices.of(load_spec("twilio/list-calls"), World.of(seed=3, calls=200), Dialect())
    slices.encode("csv", 0, 50)
    seen.clear()
    slices.encode("csv", 50, 150)
    # Ids are made of 65,536 texts; what is looked at again are numbers and days of the rows.
    assert len(seen) < 40_000
