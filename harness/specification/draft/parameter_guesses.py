"""What a parameter of an unknown API may do, guessed from its name, type and description."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, final

from harness.specification.draft.attribute_guesses import plain_name
from harness.specification.draft.openapi_source import SourceParameter

_SIZE_NAMES: Final = frozenset(
    [
        "limit",
        "per page",
        "perpage",
        "page size",
        "pagesize",
        "count",
        "rows",
        "size",
        "max results",
        "take",
        "page limit",
        "rows per page",
    ]
)
_PAGE_NAMES: Final = frozenset(["page", "page number", "pagenumber", "page no", "pageno", "p", "page index"])
_OFFSET_NAMES: Final = frozenset(["offset", "skip", "start index", "page offset", "from index", "record index"])
_AFTER_NAMES: Final = frozenset(
    [
        "cursor",
        "after",
        "page token",
        "next token",
        "starting after",
        "next cursor",
        "continuation token",
        "page after",
        "page cursor",
        "pagetoken",
        "next page token",
    ]
)
_BEFORE_NAMES: Final = frozenset(["before", "ending before", "page before", "prev cursor", "previous cursor"])
_SORT_NAMES: Final = frozenset(["sort", "sort by", "order by", "orderby", "sortby", "sort field", "sort key"])
_WAY_NAMES: Final = frozenset(
    [
        "order",
        "order dir",
        "sort order",
        "sort dir",
        "direction",
        "sort direction",
        "order direction",
        "descending",
        "desc",
    ]
)
_USER_NAMES: Final = frozenset(["user", "username", "user name", "login", "api user", "auth username", "account"])
_PASSWORD_NAMES: Final = frozenset(["password", "pass", "passwd", "secret", "auth password", "api password"])

_EARLIEST_WORDS: Final = ("from", "since", "after", "gte", "gt", "start", "begin", "min")
_LATEST_WORDS: Final = ("until", "till", "to", "before", "lte", "lt", "end", "max")
_OPERATORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "eq": "equal", "ne": "not-equal", "neq": "not-equal", "not": "not-equal", "in": "in", "nin": "not-in",
        "notin": "not-in", "contains": "contains", "startswith": "starts", "prefix": "starts", "endswith": "ends",
    }
)  # fmt: skip
_TIME_WORDS: Final = re.compile(r"\b(dates?|times?|days?|timestamps?|iso 8601|rfc 3339|epoch)\b", re.IGNORECASE)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BoundGuess:
    """A parameter that may be one end of a range: of what, and whether it is the lower end."""

    base: str
    lower: bool
    strict: bool
    stated: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceGuesses:
    """The parameters that may cut, order and log in, by what they may do; None where there is none."""

    size: SourceParameter | None
    page: SourceParameter | None
    offset: SourceParameter | None
    after: SourceParameter | None
    before: SourceParameter | None
    sort: SourceParameter | None
    way: SourceParameter | None
    user: SourceParameter | None
    password: SourceParameter | None


def guess_places(parameters: Iterable[SourceParameter]) -> PlaceGuesses:
    """The parameters of paging, order and access among all."""
    by_name: Mapping[str, SourceParameter] = {plain_name(one.name): one for one in reversed(list(parameters))}

    def first(names: frozenset[str], *types: str) -> SourceParameter | None:
        return next((one for name, one in by_name.items() if name in names and one.shape.type in types), None)

    way = next(
        (one for name, one in by_name.items() if name in _WAY_NAMES and descending_words(one) is not None), None
    )
    user, password = first(_USER_NAMES, "string"), first(_PASSWORD_NAMES, "string")
    sort = first(_SORT_NAMES, "string")
    return PlaceGuesses(
        size=first(_SIZE_NAMES, "integer", "number"),
        page=first(_PAGE_NAMES, "integer", "number"),
        offset=first(_OFFSET_NAMES, "integer", "number"),
        after=first(_AFTER_NAMES, "string"),
        before=first(_BEFORE_NAMES, "string"),
        sort=sort if sort is not None and sort.shape.enum else None,
        way=way,
        user=user if password is not None else None,
        password=password if user is not None else None,
    )


def descending_words(parameter: SourceParameter) -> tuple[str, str] | None:
    """How a parameter of the order writes descending and ascending; None where it does not."""
    if parameter.shape.type == "boolean":
        return ("true", "false") if plain_name(parameter.name) in ("descending", "desc") else None
    words = {str(word).lower(): str(word) for word in parameter.shape.enum}
    down = next((words[word] for word in ("desc", "descending") if word in words), None)
    up = next((words[word] for word in ("asc", "ascending") if word in words), None)
    return (down, up) if down is not None and up is not None else None


def guess_bound(parameter: SourceParameter) -> BoundGuess | None:
    """The end of a range that a parameter may be: `day_from`, `startTime>`, `filter[created][gte]`.

    `stated` is whether the name says if the end itself belongs: a bare sign does not, for some mean `>=` by it.
    """
    sign = re.search(r"[<>]=?$", parameter.name)
    words = plain_name(parameter.name).split()
    if sign is not None:
        return BoundGuess(
            base=" ".join(words), lower=sign[0].startswith(">"), strict="=" not in sign[0], stated="=" in sign[0]
        )
    for word in (*words[-1:], *words[:1]):
        if word in (*_EARLIEST_WORDS, *_LATEST_WORDS):
            rest = [other for other in words if other != word]
            return BoundGuess(
                base=" ".join(rest), lower=word in _EARLIEST_WORDS, strict=word in ("gt", "lt"),
                stated=word in ("gt", "gte", "lt", "lte"),
            )  # fmt: skip
    return None


def guess_operator(parameter: SourceParameter) -> tuple[str, str] | None:
    """The field and the comparison that a name spells out: `status[in]`, `filter[from][contains]`, `to__ne`."""
    told = re.fullmatch(r"(.+)(?:\[([a-z_-]+)\]|__([a-z_]+))", parameter.name)
    keeps = None if told is None else _OPERATORS.get((told[2] or told[3]).replace("-", "").replace("_", ""))
    return None if told is None or keeps is None else (plain_name(told[1]), keeps)


def speaks_of_time(parameter: SourceParameter) -> bool:
    """Whether a parameter's value is a date or a time, by its format, its name or what is said of it."""
    told = f"{plain_name(parameter.name)} {parameter.description[:400]}"
    return parameter.shape.format in ("date", "date-time") or bool(_TIME_WORDS.search(told))
