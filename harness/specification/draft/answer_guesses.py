"""Where the answers of an unknown API hold their rows, total, cursors and errors, guessed from their schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Final, final

from harness.specification.draft.attribute_guesses import plain_name
from harness.specification.draft.openapi_source import OpenApiSource, SchemaShape

_DEPTH: Final = 3
_MOST_PARTS: Final = 1000
_ROW_NAMES: Final = (
    "calls", "cdrs", "records", "call logs", "items", "rows", "results", "data", "objects", "entries", "list",
)  # fmt: skip
# The surer ones first: beside a total, a count is that of this answer.
_TOTAL_NAMES: Final = (
    "total", "total count", "total records", "total results", "totalrecords", "total items", "total rows",
    "total elements", "count",
)  # fmt: skip
_PAGE_COUNT_NAMES: Final = ("total pages", "page count", "num pages", "number of pages", "last page", "pages")
_RETURNED_NAMES: Final = ("count", "returned", "returned count", "items count")
_KEY_NAMES: Final = ("param", "parameter", "parameter name", "field", "property", "argument")
_LINK_FORMATS: Final = frozenset(["uri", "url", "uri-reference"])
_LINK_WORDS: Final = frozenset(["link", "links", "url", "uri", "href", "navigation"])
_LINK_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"next": "next", "prev": "previous", "previous": "previous", "first": "first", "last": "last", "self": "self"}
)
_NEXT_NAMES: Final = frozenset(
    ["next", "next cursor", "next page token", "next token", "next page", "next page cursor", "after", "cursor"]
)
_PREVIOUS_NAMES: Final = frozenset(
    ["prev", "previous", "prev cursor", "previous cursor", "previous page token", "prev page token", "before"]
)
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
    returned: Part | None
    page_count: Part | None
    next: Part | None
    previous: Part | None
    links: Mapping[str, Part]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGuesses:
    """Where an error may tell its code, its message and the parameter at fault."""

    code: Part | None = None
    message: Part | None = None
    key: Part | None = None


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
    links = _guess_links(parts)
    texts = [part for part in parts if part.shape.type == "string" and part not in links.values()]
    total = _first_named(numbers, _TOTAL_NAMES)
    return AnswerGuesses(
        rows_at=rows.at,
        fields={name: source.shape(inner) for name, inner in shape.properties.items()},
        required=shape.required,
        parts=parts,
        total=total,
        returned=_first_named([part for part in numbers if part is not total], _RETURNED_NAMES) if total else None,
        page_count=_first_named(numbers, _PAGE_COUNT_NAMES),
        next=next((part for part in texts if part.name in _NEXT_NAMES), None),
        previous=next((part for part in texts if part.name in _PREVIOUS_NAMES), None),
        links=links,
    )


def _first_named(parts: Sequence[Part], names: tuple[str, ...]) -> Part | None:
    return next((part for name in names for part in parts if part.name == name), None)


def _guess_links(parts: Sequence[Part]) -> Mapping[str, Part]:
    """The texts that may link to other pages, by the page."""
    found: dict[str, Part] = {}
    for part in parts:
        words = plain_name(part.at).split()
        page = next((_LINK_NAMES[word] for word in words if word in _LINK_NAMES), None)
        linked = part.shape.format in _LINK_FORMATS or not _LINK_WORDS.isdisjoint(words)
        if part.shape.type == "string" and page is not None and linked:
            found.setdefault(page, part)
    return found


def guess_error(source: OpenApiSource) -> ErrorGuesses:
    """Where an error tells what is wrong, as far as the document says."""
    told = source.answer(error=True)
    if told is None:
        return ErrorGuesses()
    parts = [
        part
        for part in islice(_inner_parts(source, Part(at="", shape=told[1]), 1), _MOST_PARTS)
        if part.shape.type in ("string", "integer")
    ]
    message = _first_named(parts, _MESSAGE_NAMES)
    code = _first_named([part for part in parts if part is not message], _CODE_NAMES)
    return ErrorGuesses(code=code, message=message, key=_first_named(parts, _KEY_NAMES))


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
