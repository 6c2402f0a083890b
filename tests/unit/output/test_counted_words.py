"""Numbers with what they count."""

from __future__ import annotations

import pytest

from harness.output.counted_words import counted


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 rows"), (1, "1 row"), (2, "2 rows")],
)
def test_one_is_told_in_the_singular(number: int, words: str) -> None:
    assert counted(number, "row") == words


def test_an_own_plural_is_taken() -> None:
    assert [counted(number, "entry", "entries") for number in (1, 2)] == ["1 entry", "2 entries"]
