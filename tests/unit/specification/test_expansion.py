"""Operators in names become parameters and filters, lists become equality."""

from __future__ import annotations

import pytest
from tidewater_spec import tidewater

from harness.specification.model import Wildcards


def test_each_operator_is_a_parameter_and_a_filter_of_its_own() -> None:
    listing = tidewater().listing
    made = [name for name in listing.filters if name.startswith("seconds")]
    assert made == ["seconds[gt]", "seconds[gte]", "seconds[lt]", "seconds[lte]"]
    assert [listing.filters[name].keeps for name in made] == ["above", "at-least", "below", "at-most"]
    assert {listing.parameters[name].as_ for name in made} == {"integer"}
    assert {str(path) for name in made for path in listing.filters[name].compares} == {"seconds"}


def test_each_operator_has_its_own_clause() -> None:
    filters = tidewater().listing.filters
    assert filters["start_time__gt"].clause == ("TD-REC-014",)
    assert filters["start_time__lte"].clause == ("TD-REC-017",)


def test_an_operator_may_be_no_letters_at_all() -> None:
    filters = tidewater().listing.filters
    assert filters["caller"].keeps == "equal"
    assert filters["caller!"].keeps == "not-equal"
    assert filters["caller~"].wildcards == Wildcards(any="*", one="?", escape="\\")
    assert filters["caller$"].wildcards is None


def test_whether_there_is_a_value_is_asked_by_true_and_false() -> None:
    parameter = tidewater().listing.parameters["name.missing"]
    assert (parameter.as_, parameter.true, parameter.false) == ("flag", ("true",), ("false",))


def test_several_values_of_an_operator_come_as_a_list() -> None:
    spec = tidewater(("has: contains, like: like", "has: in, like: like"))
    parameter, rule = spec.listing.parameters["name.has"], spec.listing.filters["name.has"]
    assert (parameter.as_, parameter.of, rule.keeps) == ("list", "text", "equal")


@pytest.mark.parametrize(("name", "keeps"), [("way_in", "equal"), ("way_not", "not-equal")])
def test_a_list_is_equality_with_any_of_its_values(name: str, keeps: str) -> None:
    assert tidewater().listing.filters[name].keeps == keeps
