"""A field is written in a JSON type that the schema of the answer has for it."""

from __future__ import annotations

import pytest

from tests.contract.changed_specs import ChangedSpec

FIELD = "          caller: {shows: source}\n"
COLUMN = "        caller: {type: string}\n"


def remarks(field: str, schema: str) -> list[tuple[str, str]]:
    """What the linter says of a field `more` beside what is known, with that schema."""
    spec = ChangedSpec(
        "page_tokens",
        ((FIELD, f"{FIELD}          more: {{{field}}}\n"), (COLUMN, f"{COLUMN}        more: {schema}\n")),
    )
    return spec.remarks()


def due(types: str) -> str:
    return f"a value of the type {types}, as the schema of a row says"


@pytest.mark.parametrize(
    ("field", "schema", "type_due", "written"),
    [
        ('shows: media, as: word, words: {video: "true", audio: "false"}', "{type: boolean}", "boolean", "string"),
        ("shows: price, as: decimal", "{type: integer}", "integer", "number"),
        ("shows: price, as: decimal-text", "{type: number}", "number", "string"),
        ("shows: ring_seconds, as: integer", "{type: [string, 'null']}", "string", "integer"),
        ("constant: 4", "{type: string}", "string", "integer"),
        ("optional: true", "{type: array, items: {type: string}}", "array", "string"),
        ("optional: true, other-types: [list]", "{type: object}", "object", "string"),
    ],
)
def test_another_type_is_told(field: str, schema: str, type_due: str, written: str) -> None:
    assert (due(type_due), written) in remarks(field, schema)


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        ("optional: true", "{}"),
        ("optional: true", "{type: [string, 'null']}"),
        ("optional: true, other-types: [list]", "{type: array, items: {type: string}}"),
        ("optional: true, as: integer", "{type: number}"),
        ("optional: true, as: decimal, digits: 0", "{type: integer}"),
        ("optional: true, as: decimal", "{anyOf: [{type: integer}, {type: number}]}"),
        ("optional: true, as: flag", "{type: boolean}"),
        ("constant: null", "{type: integer}"),
        ("constant: 4", "{type: integer}"),
    ],
)
def test_a_type_that_fits_is_told_of_nothing(field: str, schema: str) -> None:
    assert [one for one in remarks(field, schema) if one[0].startswith("a value of the type")] == []
