"""What the lines of a journal hold: read as input of any other origin, each line held against its own schema."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, Final, Literal

import jsonschema

from harness.check.results.findings import ClauseResult, Exchanged, Finding, Gate
from harness.output.escaping import visible_text
from harness.output.journal import BadJournal, Journal

_PLAIN: Final[Mapping[Any, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}
_LONGEST_TEXT: Final = 65_536
_DEEPEST: Final = 32
_OBJECT: Final = {"type": "object"}
_TEXT: Final = {"type": "string"}
_EVENTS: Final[Mapping[str, type[Any]]] = {"exchange": Exchanged, "finding": Finding, "clause": ClauseResult}
_COUNT: Final = {"type": "integer", "minimum": 0}
_PLANNED: Final = {
    "type": "object",
    "properties": dict.fromkeys(("id", "level", "basis", "family", "says", "source"), _TEXT),
    "required": ["id", "level", "basis", "family", "says", "source"],
}
_TEXT_OR_NONE: Final = {"type": ["string", "null"]}
_DOCUMENT: Final = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("name", "sha256"), _TEXT),
        **dict.fromkeys(("title", "url", "read", "note", "facts"), _TEXT_OR_NONE),
    },
    "required": ["name", "sha256"],
}
_FACT: Final = {
    "type": "object",
    "properties": dict.fromkeys(("id", "anchor", "says", "pages", "basis"), _TEXT),
    "required": ["id", "anchor", "says", "pages", "basis"],
}
_HEADER: Final = {
    "type": "object",
    "properties": {
        "schema_version": {"type": "integer"},
        **dict.fromkeys(("api", "title", "target", "evidence", "spec_version", "harness_version"), _TEXT),
        **dict.fromkeys(("product", "product_version"), _TEXT),
        "document": {"anyOf": [{"type": "null"}, _DOCUMENT]},
        "facts": {"type": "array", "items": _FACT},
        "fact_pages": {"type": "object", "additionalProperties": _TEXT},
        "gate": {"enum": [gate.value for gate in Gate]},
        "seed": {"type": "integer"},
        "began": {"type": ["string", "null"]},
        "limits": _OBJECT,
        "settings": _OBJECT,
        "plan": {"type": "array", "items": _PLANNED},
    },
    "required": ["schema_version", "api", "title", "target", "gate", "seed", "limits", "plan", "evidence"],
}


def check_journal_lines(journal: Journal, name: str) -> None:
    """Holds each line against what this version writes there. Raises BadJournal."""
    lines = [("header", journal.header), *((str(one.get("kind")), one) for one in journal.records)]
    if journal.footer is not None:
        lines.append(("footer", journal.footer))
    for number, (kind, line) in enumerate(lines, start=1):
        problem = next(_validator(kind).iter_errors(line), None) if kind in _SCHEMAS else None
        if problem is not None:
            where = ".".join(str(part) for part in problem.absolute_path) or "the line"
            raise BadJournal(name, number, f"{where}: {visible_text(problem.message, limit=200)}")


def check_finding_line(line: Any) -> str | None:
    """What is wrong with a finding as a journal or a JSON report holds it; None where nothing is."""
    problem = next(_validator("finding").iter_errors(line), None)
    if problem is None:
        return None
    where = ".".join(str(part) for part in problem.absolute_path) or "the finding"
    return f"{where}: {visible_text(problem.message, limit=200)}"


def clean_line(value: Any, depth: int = 0) -> Any:
    """The same tree with every text made harmless: no control characters, no lone surrogates, nothing endless."""
    if depth > _DEEPEST:
        raise ValueError(f"values nested more than {_DEEPEST} deep")
    if isinstance(value, str):
        return visible_text(value, limit=_LONGEST_TEXT, multiline=True)
    if isinstance(value, Mapping):
        return {visible_text(str(key), limit=200): clean_line(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [clean_line(inner, depth + 1) for inner in value]
    return value


@cache
def _validator(kind: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(_SCHEMAS[kind])


def _schema_of(kind: type[Any]) -> dict[str, Any]:
    """The JSON Schema of a dataclass as a journal holds it; what has a default may be missing."""
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)
    required = [
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    return {
        "type": "object",
        "properties": {field.name: _schema_of_type(hints[field.name]) for field in fields},
        "required": required,
    }


def _schema_of_type(hint: Any) -> dict[str, Any]:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if isinstance(hint, typing.NewType):
        return _schema_of_type(hint.__supertype__)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [word.value for word in hint]}
    if origin is Literal:
        return {"enum": list(parts)}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_schema_of_type(part) for part in parts]}
    if origin is tuple and parts[-1] is ...:
        return {"type": "array", "items": _schema_of_type(parts[0])}
    if origin is tuple:
        return {"type": "array", "prefixItems": [_schema_of_type(part) for part in parts], "minItems": len(parts)}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _schema_of(hint)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema_of_type(parts[1])}
    raise TypeError(f"a journal holds no {hint}")


_SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "header": _HEADER,
    **{kind: _schema_of(made) for kind, made in _EVENTS.items()},
    "footer": {
        "type": "object",
        "properties": {
            "exit_code": _COUNT,
            "requests": _COUNT,
            "rows_seen": _COUNT,
            "seconds": {"type": "number"},
            "colour": _TEXT,
            "interrupted": {"type": ["string", "null"]},
            "dialect": _OBJECT,
            "limits": _OBJECT,
            "notes": {"type": "array", "items": _TEXT},
            "findings": {"type": "array", "items": _schema_of(Finding)},
        },
        "required": ["exit_code", "colour", "findings"],
    },
}
