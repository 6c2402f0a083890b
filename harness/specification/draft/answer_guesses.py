"""Where the answers of an unknown API hold their rows, total, cursors and errors, guessed from their schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, final

from harness.specification.draft.attribute_guesses import plain_name
from harness.specification.draft.openapi_source import OpenApiSource, SchemaShape

_DEPTH: Final = 3
_MOST_PARTS: Final = 1000
_ROW_NAMES: Final = (
    "calls", "cdrs", "records", "call logs", "items", "rows", "results", "data", "objects", "entries", "list",
)  # fmt: skip
_TOTAL_NAMES: Final = frozenset(
    ["total", "total count", "total records", "total results", "totalrecords", "total items", "total rows", "count"]
)
_NEXT_NAMES: Final = frozenset(["next", "next cursor", "next page token", "next token", "after", "cursor"])
_PREVIOUS_NAMES: Final = frozenset(["prev", "previous", "prev cursor", "previous cursor", "before"])
_CODE_NAMES: Final = ("code", "error code", "errorcode", "err code", "type", "error", "status")
_MESSAGE_NAMES: Final = ("message", "msg", "detail", "error message", "description", "title", "error", "reason")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of an answer: its pointer and what it may be."""

    at: str
    shape: SchemaShape

    @property
    def name(self) -> str:
        """The last step of the pointer as words."""
        return plain_name(self.at.rpartition("/")[2])


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerGuesses:
    """What an answer holds: the place and fields of its rows, and the parts that may be told around them."""

    rows_at: str
    fields: Mapping[str, SchemaShape]
    required: tuple[str, ...]
    parts: tuple[Part, ...]
    total: Part | None
    next: Part | None
    previous: Part | None


def guess_answer(source: OpenApiSource) -> AnswerGuesses | None:
    """What a success of the operation holds; None where its schema lists no objects."""
    told = source.answer(error=False)
    if told is None:
        return None
    top = Part(at="", shape=told[1])
    every = [top, *islice(_inner_parts(source, top, 1), _MOST_PARTS)]
    lists = [part for part in every if part.shape.type == "array" and _row_shape(source, part).properties]
    if not lists:
        return None
    rows = min(lists, key=lambda part: _ROW_NAMES.index(part.name) if part.name in _ROW_NAMES else len(_ROW_NAMES))
    shape = _row_shape(source, rows)
    parts = tuple(part for part in every if part.at and part.shape.type in ("string", "integer", "number"))
    numbers = [part for part in parts if part.shape.type in ("integer", "number")]
    texts = [part for part in parts if part.shape.type == "string"]
    return AnswerGuesses(
        rows_at=rows.at,
        fields={name: source.shape(inner) for name, inner in shape.properties.items()},
        required=shape.required,
        parts=parts,
        total=next((part for part in numbers if part.name in _TOTAL_NAMES), None),
        next=next((part for part in texts if part.name in _NEXT_NAMES), None),
        previous=next((part for part in texts if part.name in _PREVIOUS_NAMES), None),
    )


def guess_error(source: OpenApiSource) -> tuple[Part | None, Part | None]:
    """Where an error tells its code and its message, as far as the document says."""
    told = source.answer(error=True)
    if told is None:
        return None, None
    parts = [
        part
        for part in islice(_inner_parts(source, Part(at="", shape=told[1]), 1), _MOST_PARTS)
        if part.shape.type in ("string", "integer")
    ]

    def first(names: tuple[str, ...], without: Part | None = None) -> Part | None:
        found = [part for name in names for part in parts if part.name == name and part is not without]
        return found[0] if found else None

    message = first(_MESSAGE_NAMES)
    return first(_CODE_NAMES, message), message


def _row_shape(source: OpenApiSource, part: Part) -> SchemaShape:
    return source.shape(part.shape.items)


def _inner_parts(source: OpenApiSource, part: Part, depth: int) -> Iterator[Part]:
    """The parts below one, those nearest to the top first."""
    inner = [
        Part(at=f"{part.at}/{name.replace('~', '~0').replace('/', '~1')}", shape=source.shape(node))
        for name, node in islice(part.shape.properties.items(), _MOST_PARTS)
    ]
    yield from inner
    if depth < _DEPTH:
        for one in inner:
            yield from _inner_parts(source, one, depth + 1)
