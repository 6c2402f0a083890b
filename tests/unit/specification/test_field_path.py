"""Paths of the listing language: what a text names, and the text that a path is shown as."""

from __future__ import annotations

import pytest

from harness.specification.field_path import AttributePath, FieldPath, written_value


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("started", FieldPath(("started",))),
        ("legs[].number", FieldPath(("legs", "number"))),
        ("calls[].legs[].number", FieldPath(("calls", "legs", "number"))),
        ("hidden.extension", FieldPath(("extension",), hidden=True)),
    ],
)
def test_a_text_names_a_field(text: str, path: FieldPath) -> None:
    assert FieldPath.parse(text) == path


@pytest.mark.parametrize("text", ["started", "legs[].number", "calls[].legs[].number", "hidden.extension"])
def test_a_path_is_shown_as_the_text_of_the_spec(text: str) -> None:
    assert str(FieldPath.parse(text)) == text


@pytest.mark.parametrize("text", ["", "legs[].", "[].number", "legs[]", "legs[][].number", "hidden.", "hidden.a[].b"])
def test_half_a_path_names_nothing(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        FieldPath.parse(text)


def test_a_hidden_attribute_is_another_field_than_the_one_of_that_name() -> None:
    assert FieldPath.parse("hidden.extension") != FieldPath.of("extension")


def test_the_inner_path_is_that_inside_each_nested_row() -> None:
    assert FieldPath.parse("calls[].legs[].number").inner == FieldPath.parse("legs[].number")


def test_the_parent_is_the_field_of_the_nested_rows() -> None:
    assert FieldPath.parse("calls[].legs[].number").parent == FieldPath.parse("calls[].legs")


def test_a_field_of_the_row_itself_has_neither() -> None:
    assert (FieldPath.of("started").inner, FieldPath.of("started").parent) == (None, None)


def test_a_nested_field_is_named_from_the_row_around() -> None:
    assert FieldPath.parse("legs[].number").nested_in("calls") == FieldPath.parse("calls[].legs[].number")


def test_an_attribute_may_be_that_of_each_nested_record() -> None:
    assert AttributePath.parse("targets[].number") == AttributePath(("targets", "number"))


def test_files_hold_the_texts_of_paths() -> None:
    assert written_value((FieldPath.of("a"), FieldPath.parse("hidden.b"))) == ("a", "hidden.b")
