"""What is hidden of rows, from columns: the same lines as row by row."""

from __future__ import annotations

import pytest

from harness.generate.formats.hidden import hides_something
from harness.generate.row_slices import RowSlices
from harness.generate.rows import encode_hidden_rows
from harness.specification.dialect import Dialect
from harness.specification.load import load_spec, spec_ids
from harness.world import World

HIDING = tuple(api for api in spec_ids() if hides_something(load_spec(api).listing))


@pytest.mark.parametrize("api", HIDING)
@pytest.mark.parametrize("calls", [1, 400])
def test_the_lines_are_those_made_row_by_row(api: str, calls: int) -> None:
    slices = RowSlices.of(load_spec(api), World.of(seed=5, calls=calls), Dialect())
    count = len(slices)
    expected = encode_hidden_rows(slices.row_set(0, count)).splitlines()
    assert slices.encode_hidden(0, count).splitlines() == expected
    assert slices.encode_hidden(count // 3, count // 2).splitlines() == expected[count // 3 : count // 2]


def test_apis_of_every_kind_hide_something() -> None:
    assert len(HIDING) >= 5
