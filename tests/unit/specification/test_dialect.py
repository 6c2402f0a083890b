"""A dialect answers the open choices of a spec, and its file comes back as it went."""

from __future__ import annotations

import pytest
from invented_spec import acmepbx

from harness.errors import UsageProblem
from harness.specification.dialect import Dialect, dialect_text, parse_dialect
from harness.specification.field_path import FieldPath
from harness.specification.yaml_source import SourceFileError

ANSWERS = {"filters.from.boundary": "exclusive", "outcome.error.http": 400, "zone.default": "Europe/Berlin"}


def test_a_dialect_file_comes_back_as_it_went() -> None:
    spec = acmepbx()
    text = dialect_text(spec, ANSWERS)
    assert dict(parse_dialect(text, name="d.yaml", spec=spec).values) == ANSWERS


def test_a_choice_that_is_not_named_takes_what_the_spec_assumes() -> None:
    choice = acmepbx().choices["filters.from.boundary"]
    assert Dialect().resolve(choice) == "inclusive"
    assert Dialect({"filters.from.boundary": "exclusive"}).resolve(choice) == "exclusive"


def test_a_settled_value_is_itself_in_every_dialect() -> None:
    assert Dialect(ANSWERS).resolve(7) == 7


def test_a_field_is_answered_by_its_text() -> None:
    spec = acmepbx(("          by: started\n", "          by: {open: [started, hidden.ext], assumed: started}\n"))
    dialect = parse_dialect("dialect:\n  order.by: hidden.ext\n", name="d.yaml", spec=spec)
    assert dialect.resolve(spec.choices["order.by"]) == FieldPath.parse("hidden.ext")


def test_fields_are_answered_by_a_list_of_texts() -> None:
    spec = acmepbx(
        ("compares: who\n", "compares: who\n            alternatives: {open: [[], [dir, ext]], assumed: []}\n")
    )
    answers = {"filters.number.alternatives": (FieldPath.of("dir"), FieldPath.of("ext"))}
    text = dialect_text(spec, answers)
    assert text.endswith("  - dir\n  - ext\n")
    assert dict(parse_dialect(text, name="d.yaml", spec=spec).values) == answers


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("filters.from.boundary: sometimes", "one of inclusive, exclusive"),
        ("outcome.error.http: 500", "one of 200, 400"),
        ("zone.default: 7", "a zone"),
        ("order.direction: ascending", "an open choice"),
    ],
)
def test_an_answer_that_is_none_is_refused_with_its_line(line: str, expected: str) -> None:
    text = f"api: acmepbx/list-calls\ndialect:\n  {line}\n"
    with pytest.raises(UsageProblem) as caught:
        parse_dialect(text, name="d.yaml", spec=acmepbx())
    assert caught.value.where.startswith("d.yaml:3, ")
    assert expected in caught.value.expected


@pytest.mark.parametrize("text", ["api: another/one\ndialect: {}\n", "- 1\n", "api: acmepbx/list-calls\n"])
def test_what_is_no_dialect_of_the_spec_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem):
        parse_dialect(text, name="d.yaml", spec=acmepbx())


def test_an_ambiguous_answer_is_refused() -> None:
    with pytest.raises(SourceFileError):
        parse_dialect("api: acmepbx/list-calls\ndialect:\n  zone.default: no\n", name="d.yaml", spec=acmepbx())
