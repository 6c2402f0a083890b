"""The vocabulary is closed and well formed."""

from __future__ import annotations

import pytest

from harness.telephony import ATTRIBUTES, IDENTITY_ATTRIBUTES, Attribute, AttributeKind, Grain


@pytest.mark.parametrize("grain", Grain)
def test_every_attribute_stands_under_its_own_name_and_says_something(grain: Grain) -> None:
    for name, attribute in ATTRIBUTES[grain].items():
        assert attribute.name == name
        assert attribute.says


def test_words_belong_to_attributes_of_kind_word_only() -> None:
    with pytest.raises(ValueError, match="words belong"):
        Attribute("x", AttributeKind.TEXT, "x", words=("a",))


def test_nested_rows_name_their_grain() -> None:
    with pytest.raises(ValueError, match="grain belongs"):
        Attribute("x", AttributeKind.ROWS, "x")


@pytest.mark.parametrize("grain", IDENTITY_ATTRIBUTES)
def test_the_identity_is_an_attribute_of_its_grain(grain: Grain) -> None:
    assert IDENTITY_ATTRIBUTES[grain] in ATTRIBUTES[grain]


def test_the_vocabulary_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        ATTRIBUTES[Grain.CALL]["x"] = Attribute("x", AttributeKind.TEXT, "x")  # type: ignore[index]
