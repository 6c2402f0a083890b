"""Ids of an API's own form: one for each value, and the value for each."""

from __future__ import annotations

import pytest

from harness.specification.model import IdForm
from harness.specification.value_forms import id_pattern
from harness.wire.id_forms import attribute_value, id_of_number, shown_id

FORMS: list[IdForm | str] = [
    "uuid",
    IdForm(prefix="CL", digits=32),
    IdForm(digits=20, of="alphanumeric"),
    IdForm(prefix="c.", digits=19, of="decimal"),
]
INTEGERS = [0, 1, 2, 5_000_000_000, 5_000_000_001, 2**53 - 1]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_no_two_values_share_an_id_and_each_id_leads_back(form: IdForm | str) -> None:
    ids = [shown_id(form, "call_id", value) for value in INTEGERS]
    assert len(set(ids)) == len(INTEGERS)
    assert [attribute_value(form, "call_id", text) for text in ids] == INTEGERS
    assert all(id_pattern(form).fullmatch(text) for text in ids)


@pytest.mark.parametrize("form", FORMS[:3], ids=str)
@pytest.mark.parametrize(
    ("attribute", "values"),
    [
        ("call_code", ["0", "00", "1vQHKd", "1vQHK", "zzzzzz"]),
        ("call_ref", ["1773221405.0012345", "1773221405.012345", "1.1"]),
    ],
)
def test_texts_that_differ_in_leading_zeros_have_ids_of_their_own(
    form: IdForm | str, attribute: str, values: list[str]
) -> None:
    ids = [shown_id(form, attribute, value) for value in values]
    assert len(set(ids)) == len(values)
    assert [attribute_value(form, attribute, text) for text in ids] == values


def test_digits_stand_behind_the_prefix() -> None:
    assert id_of_number(IdForm(prefix="CL", digits=8), 255) == "CL000000ff"
    assert id_of_number(IdForm(digits=4, of="decimal"), 7) == "0007"
    assert id_of_number(IdForm(digits=3, of="alphanumeric"), 61) == "00z"


def test_a_uuid_says_its_version_and_variant() -> None:
    assert id_of_number("uuid", 0) == "00000000-0000-4000-8000-000000000000"
    assert id_of_number("uuid", 2**122 - 1) == "ffffffff-ffff-4fff-bfff-ffffffffffff"


@pytest.mark.parametrize("text", ["", "CL", "CLff", "XX" + "0" * 32, "CL" + "g" * 32, "CL" + "F" * 32])
def test_a_text_of_another_form_stands_for_nothing(text: str) -> None:
    assert attribute_value(IdForm(prefix="CL", digits=32), "call_id", text) is None
