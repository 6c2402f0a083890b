"""Formats of times and templates, as a spec may name them."""

from __future__ import annotations

import pytest

from harness.specification.value_forms import (
    duration_format_problem,
    format_parts,
    format_problem,
    has_offset,
    template_names,
)


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d %H:%M", "%d %b %y %I.%M %p", "%Y%m%dT%H%M%S.%L%z", "%a, %d %b %Y %H:%M:%S", "%Y/%m/%d%%%H-%M"]
)
def test_a_format_that_tells_day_and_minute_can_be(form: str) -> None:
    assert format_problem(form) is None


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ("%H:%M", "%Y or %y is missing"),
        ("%Y-%m-%d", "%H or %I is missing"),
        ("%Y-%m-%d %H", "%M is missing"),
        ("%Y-%m-%d %I:%M", "%I and %p go together"),
        ("%Y-%m-%d %H:%M %p", "%I and %p go together"),
        ("%Y-%m-%d %H:%M.%L", "a fraction without %S"),
        ("%Y-%m-%d %H:%M %y", "%Y or %y is there twice"),
        ("%Y-%m-%d %H:%M %j", "%j is none of"),
        ("%Y-%m-%d %H:%M%", "% is none of"),
    ],
)
def test_another_one_cannot_and_is_told_why(form: str, why: str) -> None:
    assert (format_problem(form) or "").startswith(why)


@pytest.mark.parametrize("form", ["%H:%M:%S", "%M:%S", "%Hh %Mm", "%Ss", "%M min"])
def test_a_duration_is_told_in_hours_minutes_and_seconds(form: str) -> None:
    assert duration_format_problem(form) is None


@pytest.mark.parametrize("form", ["%H", "%H:%S", "%S:%M", "%d %H:%M", ""])
def test_a_duration_that_leaves_a_part_out_cannot_be_read_back(form: str) -> None:
    assert "is none of %H %M %S, %M %S, %H %M" in (duration_format_problem(form) or "")


def test_the_parts_of_a_format_are_directives_and_what_stands_between() -> None:
    assert format_parts("%d/%m %%") == ("%d", "/", "%m", " ", "%%")
    assert has_offset("%H%z")
    assert not has_offset("%H%%z")


def test_a_template_names_fields_in_braces() -> None:
    assert template_names("/a/{id}/b/{from.number}.json") == ("id", "from.number")
    assert template_names("/a/{}/b") == ()
