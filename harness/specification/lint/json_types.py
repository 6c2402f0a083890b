"""Whether a field is written in a JSON type that the schema of the answer has for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from harness.integers import is_integer
from harness.specification.lint.finding import LintFinding, finding_at
from harness.specification.load import Spec
from harness.specification.model import Field
from harness.specification.openapi import Schema, types_of_schemas
from harness.specification.yaml_source import KeyPath

_TYPES: Final = {
    "integer": "integer",
    "decimal": "number",
    "epoch-seconds": "integer",
    "epoch-milliseconds": "integer",
    "flag": "boolean",
    "text-list": "array",
    "rows": "array",
    "object": "object",
}
_TYPES_BY_WORD: Final = {"text": "string", "integer": "integer", "object": "object", "list": "array"}
_AS_BY_TYPE: Final = {"integer": "integer", "number": "decimal", "boolean": "flag"}


def check_json_type(spec: Spec, field: Field, schemas: Sequence[Schema], path: KeyPath) -> Iterator[LintFinding]:
    """A field of a JSON body is of a type that its schema names, if that names any.

    Of a field that nothing explains one of its further types is enough: nobody writes it, and all are read.
    """
    types = types_of_schemas(spec, schemas) - {"null"}
    if not types or "json" not in spec.listing.transport.answers[0]:
        return
    written = _written_types(field)
    told = field.is_told or field.repeats is not None
    read = written if told else written | {_TYPES_BY_WORD[word] for word in field.other_types}
    # Whole numbers are numbers, and so are amounts without digits after the dot.
    fits = {"integer": {"integer", "number"}, "number": {"number"} if field.digits else {"integer", "number"}}
    if not written or any(fits.get(kind, {kind}) & types for kind in read):
        return
    yield finding_at(
        spec,
        "answer",
        path,
        f"a value of the type {' or '.join(sorted(types))}, as the schema of a row says",
        " or ".join(sorted(written)),
        _remedy(field, types, told=told),
    )


def _written_types(field: Field) -> set[str]:
    """The JSON types of what a field shows, by its codec or its constants; none of constants that are null."""
    if field.constant:
        return {_type_of(value) for value in field.constant if value is not None}
    if field.as_ == "word":
        return {"text": {"string"}, "integer": {"integer"}, "flag": {"boolean"}}[field.word_type]
    return {_TYPES.get(field.as_, "string")}


def _type_of(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "integer" if is_integer(value) else "string"


def _remedy(field: Field, types: frozenset[str], *, told: bool) -> str:
    codec = next((codec for kind, codec in _AS_BY_TYPE.items() if kind in types), None)
    if field.as_ == "word" and {"boolean", "integer"} & types:
        return f"write `word-type: {'flag' if 'boolean' in types else 'integer'}`, or mend the schema"
    if codec is None and not told:
        return f"write `other-types: [{'object' if 'object' in types else 'list'}]`, or mend the schema"
    return f"write `as: {codec}`, or mend the schema" if codec else "write it by another `as`, or mend the schema"
