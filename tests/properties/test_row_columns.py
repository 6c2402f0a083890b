"""Rows made of columns are, byte for byte, what the row codec makes of them one by one."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from harness.generate.plain_rows import ROW_FORMS, encode_plain_rows, plain_nested_table, plain_table
from harness.generate.row_slices import RowSlices
from harness.specification.dialect import Dialect
from harness.specification.load import Spec, load_spec, spec_ids
from harness.wire.columns import row_bytes
from harness.world import BUSY_HOUR, CONTACT_CENTRE, OFFICE, STEADY, WHOLESALE, World

SUPPORT = Path(__file__).parents[1] / "support"
INVENTED = tuple(
    str(SUPPORT / f"{name}.yaml")
    for name in ("acmepbx", "bare_texts", "callbook", "csv_table", "linked_pages", "parlatel", "tidewater")
)
ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe")


@functools.cache
def spec_named(name: str) -> Spec:
    return load_spec(name)


def dialects(spec: Spec) -> st.SearchStrategy[Dialect]:
    """Any answers to the open choices of a spec."""
    known: dict[str, st.SearchStrategy[Any]] = {
        name: st.sampled_from(choice.options) if choice.options else st.sampled_from(ZONES)
        for name, choice in spec.choices.items()
        if choice.options or choice.kind == "zone"
    }
    return st.fixed_dictionaries({}, optional=known).map(Dialect)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    # In summer, in winter, and around the change of the clocks.
    begin = BUSY_HOUR + draw(st.sampled_from([timedelta(), timedelta(days=18, hours=14), timedelta(days=150)]))
    return World.of(
        seed=draw(st.integers(0, 2**40)),
        calls=draw(st.integers(0, 60)),
        instant=begin + timedelta(milliseconds=draw(st.integers(0, 7_200_000))),
        profile=draw(st.sampled_from([OFFICE, STEADY, CONTACT_CENTRE, WHOLESALE])),
        concurrent=draw(st.sampled_from([None, 30.0])),
    )


@pytest.mark.parametrize("name", [*spec_ids(), *INVENTED])
@settings(max_examples=3, deadline=None)
@given(data=st.data(), world=worlds())
def test_columns_are_written_as_rows_are(name: str, data: st.DataObject, world: World) -> None:
    spec = spec_named(name)
    slices = RowSlices.of(spec, world, data.draw(dialects(spec)))
    first = data.draw(st.integers(0, len(slices)))
    last = data.draw(st.integers(first, len(slices)))
    rows = slices.row_set(first, last)
    # Of no rows on, and of more than there are: both ways to put rows together.
    for few_rows in (0, len(slices) + 1):
        with patch.object(row_bytes, "_FEW_ROWS", few_rows):
            for form in ROW_FORMS:
                assert slices.encode(form, first, last) == encode_plain_rows(rows, form)
    assert_frame_equal(slices.table(first, last), plain_table(rows))
    assert_frame_equal(slices.nested_table(first, last), plain_nested_table(rows))


@pytest.mark.parametrize("name", spec_ids())
def test_no_field_of_a_shipped_spec_is_written_row_by_row(name: str) -> None:
    slices = RowSlices.of(spec_named(name), World.of(seed=2, calls=40, concurrent=30.0), Dialect())
    for form in ROW_FORMS:
        slices.encode(form, 0, len(slices))
    slices.table(0, len(slices))
    slices.nested_table(0, len(slices))
    assert _plain(slices.fallbacks) == {}


def _plain(fallbacks: Mapping[str, str]) -> dict[str, str]:
    return dict(fallbacks)
