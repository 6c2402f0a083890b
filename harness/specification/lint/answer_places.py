"""Whether parts of an answer can stand where a spec puts them, and links and cursors lead anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from harness.specification.answer_place import HEADER_PREFIX, header_at
from harness.specification.lint.finding import LintFinding, finding_at, path_is_given, possible_values
from harness.specification.load import Spec
from harness.specification.model import CursorPaging, Listing, PageLinks, links_of, more_part, page_number_parts
from harness.specification.yaml_source import KeyPath

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTENT_HEADERS: Final = frozenset(
    {"content-type", "content-length", "date", "connection", "transfer-encoding", "server", "content-encoding"}
)


def page_part_places(listing: Listing) -> Iterator[tuple[KeyPath, str]]:
    """The parts of a success that may stand in the body or in a header: the key of each, and its place."""
    if listing.total is not None:
        yield ("total", "at"), listing.total.at
        if listing.total.unfiltered is not None:
            yield ("total", "unfiltered", "at"), listing.total.unfiltered.at
    if listing.returned is not None:
        yield ("returned", "at"), listing.returned.at
    paging = listing.paging
    if isinstance(paging, CursorPaging):
        for key, place in (("next-at", paging.next_at), ("prev-at", paging.prev_at)):
            if place is not None:
                yield ("paging", key), place
    for key, part in zip(("page-count", "first-index", "last-index"), page_number_parts(paging), strict=True):
        if part is not None:
            yield ("paging", key, "at"), part.at
    more = more_part(paging)
    if more is not None:
        yield ("paging", "more", "at"), more.at
    links = links_of(paging)
    for name, link in (links.by_name if links is not None else {}).items():
        yield ("paging", "links", name, "at"), link.at


def check_headers(spec: Spec) -> Iterator[LintFinding]:
    """A header that holds a part of an answer has a name of its own, which HTTP allows and does not use itself."""
    seen: dict[str, KeyPath] = {}
    for path, place in page_part_places(spec.listing):
        name = header_at(place)
        if name is None:
            continue
        lowered = name.lower()
        if _HEADER_NAME.fullmatch(name) is None or lowered in _CONTENT_HEADERS:
            yield finding_at(spec, "header", path, f"{HEADER_PREFIX}NAME with a header's own name", repr(place))
        elif lowered in seen and (lowered != "link" or path[1] != "links"):
            other = ".".join(str(part) for part in seen[lowered])
            yield finding_at(spec, "header", path, "a header that holds nothing else", f"{place!r}, as {other} says")
        seen.setdefault(lowered, path)


def check_bare_list(spec: Spec) -> Iterator[LintFinding]:
    """Where the body is the list itself nothing else stands in it; a bare text has one field and no more."""
    listing = spec.listing
    lists = listing.lists
    if lists.row_values == "text" and (
        tuple(listing.fields) != (lists.identity,) or listing.fields[lists.identity].as_ == "rows" or listing.includes
    ):
        expected = "one field, the identity, as the only part of a row that is a bare text"
        yield finding_at(spec, "bare-list", ("lists", "row-values"), expected, ", ".join(listing.fields))
    if lists.rows_at:
        return
    path: KeyPath = ("lists", "rows-at")
    if lists.root is not None:
        yield finding_at(spec, "bare-list", path, "a pointer below the root element: an XML body is no list", "''")
    if possible_values(lists.absent) != ("empty",):
        yield finding_at(spec, "bare-list", ("lists", "absent"), "empty, as the body is the list", "another form")
    parts = [*page_part_places(listing)]
    parts += [(("echoes", index, "at"), echo.at) for index, echo in enumerate(listing.echoes)]
    parts += [(("outcome", "success", "shows"), pointer) for pointer in listing.outcome.success.shows]
    if listing.zone is not None and listing.zone.echo is not None:
        parts.append((("zone", "echo"), listing.zone.echo))
    for name, field in listing.outcome.envelope.items():
        if field.when != "error":
            parts.append((("outcome", "envelope", name, "at"), field.at))
    if listing.count_only is not None:
        parts.append((("count-only",), "a number in place of the body"))
    for place_path, place in parts:
        if header_at(place) is None:
            do = "put it into a header (header:NAME), or say when: error"
            yield finding_at(spec, "bare-list", place_path, "a place outside the body, which is the list", place, do)


def check_table(spec: Spec) -> Iterator[LintFinding]:
    """A CSV body is a table: the list itself, of flat rows whose every cell is there."""
    listing = spec.listing
    answers = listing.transport.answers
    if "text/csv" not in answers[0]:
        return
    if listing.lists.rows_at or listing.lists.row_values == "text":
        expected = "rows-at: '' and rows that are objects of fields, as a table is"
        yield finding_at(spec, "table", ("lists", "rows-at"), expected, repr(listing.lists.rows_at))
    if len(answers) < 2 or "json" not in answers[-1]:
        expected = "application/json after text/csv, for errors"
        yield finding_at(spec, "table", ("transport", "answers"), expected, ", ".join(answers))
    for name, field in listing.fields.items():
        path: KeyPath = ("fields", name)
        if field.as_ in ("rows", "text-list") or field.shows is None:
            yield finding_at(spec, "table", path, "a field with one value, shown by an attribute", field.as_)
        if {"missing", "none"} & set(possible_values(field.absent)):
            expected = "empty or zero, as a cell is always there"
            yield finding_at(spec, "table", (*path, "absent"), expected, "another form")
    for index, include in enumerate(listing.includes):
        if include.adds:
            yield finding_at(spec, "table", ("includes", index), "columns that are always there", "a switch")


def check_page_links(spec: Spec) -> Iterator[LintFinding]:
    """Links are requests that a client can make by themselves, and lead where this kind of paging can lead."""
    listing = spec.listing
    links = links_of(listing.paging)
    if links is None:
        return
    path: KeyPath = ("paging", "links")
    if not links.by_name:
        yield finding_at(spec, "links", path, "a link: next, previous, first, last or self", "none")
    if spec.method != "GET" or listing.transport.carries != "query":
        actual = f"{spec.method}, parameters in {listing.transport.carries}"
        yield finding_at(spec, "links", path, "a GET with its parameters in the query, as a link is one", actual)
    paging = listing.paging
    if isinstance(paging, CursorPaging) and links.last is not None and not (paging.before and paging.end_words):
        expected = "the keys before and end-words beside it: no other cursor leads to the last page"
        yield finding_at(spec, "links", (*path, "last"), expected, "none")
    yield from _check_forms(spec, links, path)


def _check_forms(spec: Spec, links: PageLinks, path: KeyPath) -> Iterator[LintFinding]:
    in_body = [link for link in links.by_name.values() if header_at(link.at) is None]
    if not in_body and path_is_given(spec, (*path, "absent")) and possible_values(links.absent) != ("missing",):
        yield finding_at(spec, "links", (*path, "absent"), "missing, as links in headers are", "another form")
    if links.clauses.ends and links.next is None and links.previous is None:
        yield finding_at(spec, "links", (*path, "clauses", "ends"), "a next or a previous link", "neither")


def check_cursors(spec: Spec) -> Iterator[LintFinding]:
    """Cursors are told somewhere, and what is promised of the way back has a way back."""
    paging = spec.listing.paging
    if not isinstance(paging, CursorPaging):
        return
    path: KeyPath = ("paging",)
    if paging.next_at is None and (paging.links is None or paging.links.next is None):
        yield finding_at(spec, "cursor", path, "the key next-at, or links with a next one", "neither")
    yield from _check_absent_cursors(spec, paging, path)
    if paging.before is not None:
        return
    if paging.leads_back and possible_values(paging.prev_goes_into) != ("after",):
        expected = "after, as there is no parameter `before`"
        yield finding_at(spec, "cursor", (*path, "prev-goes-into"), expected, "before")
    for key, promised in (("both", paging.clauses.both), ("end-words", paging.end_words)):
        if promised:
            yield finding_at(spec, "cursor", path, f"the key before, on which {key} rests", "none")
    if paging.clauses.prev and not paging.leads_back:
        yield finding_at(spec, "cursor", (*path, "clauses", "prev"), "prev-at, or a previous link", "neither")


def _check_absent_cursors(spec: Spec, paging: CursorPaging, path: KeyPath) -> Iterator[LintFinding]:
    """In place of a cursor stands what says that there is none, and what a header can say."""
    forms = possible_values(paging.absent)
    if ("text" in forms) != (paging.absent_text is not None):
        expected = "absent-text beside `absent: text`, and nowhere else"
        yield finding_at(spec, "cursor", (*path, "absent"), expected, repr(paging.absent_text))
    in_body = [place for place in (paging.next_at, paging.prev_at) if place is not None and header_at(place) is None]
    if not in_body and (path_is_given(spec, (*path, "absent")) or paging.clauses.absent):
        yield finding_at(spec, "cursor", (*path, "absent"), "a cursor in the body: next-at or prev-at", "none")


def check_number_words(spec: Spec) -> Iterator[LintFinding]:
    """Words that stand for a number belong to the page size, and `most` to one that has a largest value."""
    size = spec.listing.paging.size_parameter
    for name, parameter in spec.listing.parameters.items():
        path: KeyPath = ("parameters", name, "number-words")
        if not parameter.number_words:
            continue
        if parameter.as_ != "integer" or name != size:
            expected = "words of the integer parameter that says how many rows a page holds"
            yield finding_at(spec, "number-words", path, expected, f"{name}, as {parameter.as_}")
        if "most" in parameter.number_words.values() and parameter.most is None:
            yield finding_at(spec, "number-words", path, "the key most beside it", "none")
