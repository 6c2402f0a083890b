"""What an unknown word is told: the nearest known ones."""

from __future__ import annotations

import pytest

from harness.errors import did_you_mean, nearest_words

KNOWN = ("Username", "Password", "PageNumber")


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("Pasword", ("Password",)),
        ("PASSWORD", ("Password",)),
        ("pagenumbr", ("PageNumber",)),
        ("xyz", ()),
        ("", ()),
    ],
)
def test_the_nearest_known_word_is_found_whatever_its_case(word: str, nearest: tuple[str, ...]) -> None:
    assert nearest_words(word, KNOWN) == nearest


def test_several_near_words_come_with_the_nearest_first() -> None:
    assert nearest_words("OZ-034/b", ["OZ-034/c", "OZ-034/b2", "XX"], limit=2) == ("OZ-034/b2", "OZ-034/c")


@pytest.mark.parametrize(("word", "hint"), [("Usrname", "did you mean Username?"), ("xyz", "")])
def test_a_hint_names_the_nearest_word_or_is_empty(word: str, hint: str) -> None:
    assert did_you_mean(word, KNOWN) == hint
