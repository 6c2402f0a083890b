"""Texts of rows by their places: the same whatever they are kept in."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from harness.wire.columns.row_texts import Texts


@pytest.mark.parametrize(
    "texts",
    [
        ["a", "", "Zoë", "a longer one"],
        ["ends with none\0", "\0", ""],
        ["short"] * 40 + ["long" * 500],
        [""],
        [f"of many {number}" for number in range(400)],
    ],
    ids=["plain", "zero bytes", "one long among short ones", "empty", "many"],
)
def test_few_texts_are_found_by_their_places_before_and_after_a_table_is_kept(texts: list[str]) -> None:
    some, codes = Texts(texts), np.asarray([len(texts) - 1, 0, 0], dtype=np.uint16)
    due = [texts[code].encode() for code in codes.tolist()]
    assert some.chosen(codes) == due
    size = int(pl.Series(texts).estimated_size())
    some.keep_table()
    assert some.chosen(codes) == due
    assert size + sum(len(text.encode()) for text in texts) <= some.memory <= 9 * size + 100 * len(texts)
