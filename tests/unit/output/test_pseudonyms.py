"""Pseudonyms keep relations and lose people."""

from __future__ import annotations

import pytest

from harness.output.pseudonyms import Pseudonyms, country_code_of

ALIASES = Pseudonyms(b"key")


def test_a_number_keeps_its_country_and_its_last_two_digits() -> None:
    alias = ALIASES.alias_number("+442079460123")
    assert alias.startswith("+44…23~")
    assert "0794601" not in alias


def test_the_same_number_has_the_same_alias_however_it_is_written() -> None:
    assert (
        ALIASES.alias_number("+44 20 7946 0123")
        == ALIASES.alias_number("00442079460123")
        == ALIASES.alias_number("+442079460123")
    )


def test_other_numbers_have_other_aliases_and_another_key_too() -> None:
    assert ALIASES.alias_number("+442079460123") != ALIASES.alias_number("+442079461123")
    assert ALIASES.alias_number("101") != ALIASES.alias_number("102")
    assert Pseudonyms(b"other").alias_number("101") != ALIASES.alias_number("101")


@pytest.mark.parametrize(
    ("digits", "code"), [("12025550123", "1"), ("4930", "49"), ("35312345", "353"), ("7900", "7")]
)
def test_country_codes_are_read(digits: str, code: str) -> None:
    assert country_code_of(digits) == code


def test_names_are_dropped_but_missing_names_stay_missing() -> None:
    assert (ALIASES.alias_name("Ada Lovelace"), ALIASES.alias_name("")) == ("[name]", "")


def test_a_url_keeps_its_origin_only() -> None:
    alias = ALIASES.alias_url("https://u:pw@rec.example.com:8443/2024/ada.mp3?sig=x")
    assert alias.startswith("https://rec.example.com:8443/…~")
    assert "ada" not in alias
    assert "pw" not in alias


def test_free_text_loses_numbers_and_urls_and_keeps_times() -> None:
    text = ALIASES.alias_text("2024-05-01 12:00:00 +442079460123 (020) 79460999 https://rec.example/ada id 3f2a-17")
    assert text.startswith("2024-05-01 12:00:00 +44…23~")
    assert "79460999" not in text
    assert "ada" not in text
    assert text.endswith("id 3f2a-17")


def test_the_key_does_not_show() -> None:
    assert "key" not in repr(ALIASES)
