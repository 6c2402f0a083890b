"""What an answer tells of its page beside the rows: the number of pages, the places of its rows, other pages."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, final

from harness.serve.query.table import CursorSlice, OffsetSlice, PageSlice
from harness.specification.dialect import ChoiceResolver
from harness.specification.model import (
    CursorPaging,
    LinkName,
    Listing,
    OffsetPaging,
    PageNumberPaging,
    Paging,
    links_of,
    more_part,
    page_number_parts,
)
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest

_NO_PAGES: Final[Mapping[LinkName, ListRequest]] = {}


class PageNumbers(NamedTuple):
    """The number of pages, the places of the first and the last row, and whether rows follow; None for what the API
    does not tell.
    """

    page_count: int | None = None
    first_index: int | None = None
    last_index: int | None = None
    more: bool | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PagePlace:
    """Where a page lies: the slice that was asked for, the rows before it and over all pages, and cursors.

    `following` and `before` are the cursors of the neighbours; empty or None where there is none.
    """

    slice: PageSlice
    start: int
    matching: int
    following: str | None = None
    before: str | None = None


def page_numbers(
    paging: Paging, cut: PageSlice, choices: ChoiceResolver, *, start: int, rows: int, matching: int
) -> PageNumbers:
    """What an answer with so many rows, after `start` others of so many that match, tells of its page."""
    count, first, last = page_number_parts(paging)
    told = more_part(paging)
    more = (
        None
        if told is None
        else start + rows < matching or (0 < rows == cut.take and choices.resolve(told.full_last) == "goes-on")
    )
    if not isinstance(cut, OffsetSlice):
        return PageNumbers(more=more)
    pages = _page_count(cut, matching)
    if count is not None and not pages:
        pages = choices.resolve(count.when_empty)
    return PageNumbers(
        page_count=pages if count is not None else None,
        first_index=first.base + cut.skip if first is not None else None,
        last_index=last.base + cut.skip + max(rows - 1, 0) if last is not None else None,
        more=more,
    )


def _page_count(cut: OffsetSlice, matching: int) -> int:
    return -(-matching // (cut.take or matching)) if matching else 0


def linked_pages(
    listing: Listing, ask: ListRequest, place: PagePlace, choices: ChoiceResolver
) -> Mapping[LinkName, ListRequest]:
    """The requests of the pages that links lead to: what was asked for, with another place in the list."""
    paging = listing.paging
    links = links_of(paging)
    if links is None:
        return _NO_PAGES
    goes_on = choices.resolve(links.full_last) == "goes-on"
    steps: Mapping[LinkName, Mapping[str, Tree]]
    match paging:
        case PageNumberPaging() if isinstance(place.slice, OffsetSlice):
            steps = _numbered_steps(paging, place.slice, place.matching, goes_on, choices)
        case OffsetPaging() if isinstance(place.slice, OffsetSlice):
            steps = _offset_steps(paging, place.slice, place.matching, goes_on)
        case CursorPaging() if isinstance(place.slice, CursorSlice):
            steps = _cursor_steps(paging, place, choices)
        case _:
            return _NO_PAGES
    size = paging.size_parameter
    told: dict[str, Tree] = {} if place.slice.take is None or size is None else {size: str(place.slice.take)}
    token = paging.token if isinstance(paging, PageNumberPaging) else None
    kept = {name: value for name, value in ask.values.items() if name not in (*paging.place_parameters, token)}
    found: dict[LinkName, ListRequest] = {
        name: replace(ask, values={**kept, **told, **steps[name]}) for name in links.by_name if name in steps
    }
    if "self" in links.by_name:
        # The page itself is what was asked for, to the letter.
        found["self"] = ask
    return found


def _numbered_steps(
    paging: PageNumberPaging, cut: OffsetSlice, matching: int, goes_on: bool, choices: ChoiceResolver
) -> dict[LinkName, Mapping[str, Tree]]:
    pages, first = _page_count(cut, matching), choices.resolve(paging.first)
    here = cut.skip // cut.take if cut.take else 0
    numbers: dict[LinkName, int] = {"first": 0, "last": max(pages - 1, 0)}
    if _has_next(cut, matching, goes_on):
        numbers["next"] = here + 1
    if here > 0:
        numbers["previous"] = here - 1
    token = paging.token
    return {
        name: {paging.page: str(first + number)}
        | ({} if token is None or not number else {token: _token(number, cut)})
        for name, number in numbers.items()
    }


def _token(number: int, cut: OffsetSlice) -> str:
    """A token that a link carries beside the number of a page: opaque, and the same for the same page."""
    return "P" + hashlib.sha256(f"{number} {cut.take}".encode()).hexdigest()[:32]


def _has_next(cut: OffsetSlice, matching: int, goes_on: bool) -> bool:
    """Whether a page has a next one; `goes_on` for an empty one after a last page that is full."""
    return cut.take is not None and (cut.skip + cut.take < matching + (1 if goes_on else 0))


def _offset_steps(
    paging: OffsetPaging, cut: OffsetSlice, matching: int, goes_on: bool
) -> dict[LinkName, Mapping[str, Tree]]:
    size = cut.take or matching
    offsets: dict[LinkName, int] = {"first": 0, "last": max(_page_count(cut, matching) - 1, 0) * size}
    if _has_next(cut, matching, goes_on):
        offsets["next"] = cut.skip + size
    if cut.skip > 0:
        offsets["previous"] = max(cut.skip - size, 0)
    return {name: {paging.offset: str(offset + paging.first)} for name, offset in offsets.items()}


def _cursor_steps(
    paging: CursorPaging, place: PagePlace, choices: ChoiceResolver
) -> dict[LinkName, Mapping[str, Tree]]:
    steps: dict[LinkName, Mapping[str, Tree]] = {"first": {}}
    if place.following:
        steps["next"] = {paging.after: place.following}
    if place.before and place.start > 0:
        into_before = paging.before is not None and choices.resolve(paging.prev_goes_into) == "before"
        steps["previous"] = {paging.before if into_before and paging.before else paging.after: place.before}
    if paging.before is not None and paging.end_words:
        steps["last"] = {paging.before: paging.end_words[0]}
    return steps
