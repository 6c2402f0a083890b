"""Columns of every path of a spec against the values that the rows themselves tell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.serve.index.columns import DictionaryKeys, KeyColumn, NumberKeys, merge_intervals
from harness.serve.simulator import Simulator
from harness.specification.field_path import FieldPath, ValuePath
from harness.specification.load import load_spec
from harness.specification.model import Listing
from harness.world import BUSY_HOUR, World

SPECS = ("ozeki/list-call-history", "etelecom/list-call-logs", "voximplant/get-call-history")
WORLD = World.of(seed=3, calls=300)


def paths(listing: Listing) -> Iterator[ValuePath]:
    for name, field in listing.fields.items():
        if field.as_ == "rows":
            yield from (FieldPath((name, inner)) for inner in field.fields)
        elif field.as_ != "text-list":
            yield FieldPath.of(name)
    yield from (FieldPath((name,), hidden=True) for name in listing.hidden)
    if listing.scope is not None:
        yield from listing.scope.owner_attributes


@pytest.mark.parametrize("name", SPECS)
def test_a_column_holds_what_the_rows_show(name: str) -> None:
    api = Simulator(load_spec(name), WORLD)
    moment, view = api._snapshot_at(BUSY_HOUR), api._view_at(BUSY_HOUR)
    assert moment is not None
    ledger = moment.row_index
    # What lives may show something else: columns tell whole lives.
    alive = set(moment._live_positions.tolist())
    listed = [row for row in range(moment._begun_count) if row not in alive or len(view.table) == moment._begun_count]
    assert len(listed) == len(view.table)
    for path in paths(api.documented_spec.listing):
        column = ledger.column(path)
        expected = [tuple(values) for values in view._values_at(path)]
        found = by_row(column)
        wrong = [
            row
            for row, values in zip(listed, expected, strict=True)
            if row not in alive and found.get(row, ()) != values
        ]
        assert not wrong, path


def by_row(column: KeyColumn) -> dict[int, tuple[object, ...]]:
    rows = column.rows.tolist() if column.rows is not None else range(len(column.keys))
    found: dict[int, tuple[object, ...]] = {}
    for row, key in zip(rows, column.keys.tolist(), strict=True):
        found[row] = (*found.get(row, ()), column.codec.value(key))
    return found


def test_intervals_that_touch_become_one() -> None:
    assert merge_intervals([(3, 4), (1, 2), (2, 3), (7, 9), (8, 10)]) == ((1, 4), (7, 10))


def test_a_number_between_two_keys_has_a_place_but_no_key() -> None:
    low, high = NumberKeys(decimal_places=3).key_range(1.0005) or (0, 0)
    assert (low, high) == (1001, 1001)
    assert DictionaryKeys(("a", "c")).key_range("b") == (1, 1)


def test_what_is_no_number_compares_to_none() -> None:
    assert NumberKeys().key_range("12x") is None
    assert NumberKeys().key_range("12") == (12, 13)
