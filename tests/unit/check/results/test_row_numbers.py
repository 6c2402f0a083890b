"""Numbers of rows in words."""

from __future__ import annotations

import pytest

from harness.check.results.row_numbers import rows_in_words


@pytest.mark.parametrize(("number", "words"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows")])
def test_one_row_is_told_in_the_singular(number: int, words: str) -> None:
    assert rows_in_words(number) == words
