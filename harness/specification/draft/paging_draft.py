"""How the list is cut, from the parameters and the parts of an answer that may cut it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.specification.draft.answer_guesses import AnswerGuesses
from harness.specification.draft.clause_list import ClauseList, Tree
from harness.specification.draft.emitter import Guess
from harness.specification.draft.openapi_source import SourceParameter
from harness.specification.draft.parameter_guesses import PlaceGuesses


def draft_paging(
    places: PlaceGuesses, answer: AnswerGuesses, clauses: ClauseList, parameters: Tree
) -> tuple[Any, list[str]]:
    """The paging and the parameters that it uses, which are filled in."""
    size = places.size
    if size is None:
        clauses.missing += [
            f"paging: {one.name} looks like a page, but no parameter looks like the size of one"
            for one in (places.page, places.offset, places.after)
            if one is not None
        ]
        return Guess({"kind": "none"}, "does every answer hold all rows?"), []
    says = f"no answer holds more than {size.name} rows"
    promises = {"size": clauses.add("must", "documented", says, f"parameter {size.name}")}
    parameters[size.name] = number_parameter(size, least=1)
    cut = _by_page(places, size, answer, promises, clauses, parameters)
    cut = cut or _by_offset(places, size, promises, clauses, parameters)
    cut = cut or _by_cursor(places, size, answer, promises, clauses, parameters)
    if cut is None:
        paging: Tree = {"kind": "limit", "size": size.name, "clauses": promises}
        if places.after is not None:
            clauses.missing.append(
                f"paging: {places.after.name} looks like a cursor; where the answer tells the next one"
            )
        return Guess(paging, "are there no further pages?"), [size.name]
    asks, used, paging = cut
    return Guess({**paging, **_links(answer, clauses), "clauses": promises}, asks), [size.name, *used]


def _by_page(
    places: PlaceGuesses,
    size: SourceParameter,
    answer: AnswerGuesses,
    promises: Tree,
    clauses: ClauseList,
    parameters: Tree,
) -> tuple[str, list[str], Tree] | None:
    page = places.page
    if page is None:
        return None
    first = page.shape.default if isinstance(page.shape.default, int) else page.shape.least
    number = first if isinstance(first, int) else 1
    parameters[page.name] = number_parameter(page, least=number)
    promises["partition"] = clauses.add("should", "entailed", "pages share the list out", "paging")
    default: Tree = {} if size.shape.default is None else {"default-size": size.shape.default}
    paging: Tree = {"kind": "page-number", "page": page.name, "size": size.name, "first": number, **default}
    count = answer.page_count
    if count is not None:
        clause = clauses.add("should", "inferred", f"{count.at} counts the pages", f"answer, {count.at}")
        paging["page-count"] = {"at": count.at, "clause": clause}
    return f"is {number} the first page?", [page.name], paging


def _by_offset(
    places: PlaceGuesses, size: SourceParameter, promises: Tree, clauses: ClauseList, parameters: Tree
) -> tuple[str, list[str], Tree] | None:
    offset = places.offset
    if offset is None:
        return None
    parameters[offset.name] = {**number_parameter(offset, least=0), "default": 0}
    promises["partition"] = clauses.add("should", "entailed", "slices share the list out", "paging")
    paging: Tree = {"kind": "offset", "offset": offset.name, "size": size.name}
    return "do these cut the list by offset and count?", [offset.name], paging


def _by_cursor(
    places: PlaceGuesses,
    size: SourceParameter,
    answer: AnswerGuesses,
    promises: Tree,
    clauses: ClauseList,
    parameters: Tree,
) -> tuple[str, list[str], Tree] | None:
    """By cursor, where an answer tells the next one, or links to the next page."""
    after, before = places.after, places.before
    if after is None or (answer.next is None and "next" not in answer.links):
        return None
    paging: Tree = {"kind": "cursor", "after": after.name}
    both = before is not None and answer.previous is not None
    used = [after.name, *([before.name] if before is not None and both else [])]
    parameters.update({name: {} for name in used})
    if before is not None and both:
        paging["before"] = before.name
    paging["size"] = size.name
    if answer.next is not None:
        paging["next-at"] = answer.next.at
    if answer.previous is not None and both:
        paging["prev-at"] = answer.previous.at
    if answer.next is None or answer.next.shape.nullable:
        paging["next-on-last"] = "empty"
    if before is None and "previous" in answer.links:
        paging["prev-goes-into"] = "after"
    promises["partition"] = clauses.add("should", "entailed", "a walk meets every row once", "paging")
    where = "the next link" if answer.next is None else answer.next.at
    asks = (
        "are these the cursors of the next and the previous page?" if both else f"is {where} the next {after.name}?"
    )
    return asks, used, paging


def _links(answer: AnswerGuesses, clauses: ClauseList) -> Tree:
    """The links to other pages, what they carry on, and how they end."""
    if not answer.links:
        return {}
    found: Tree = {}
    for name, part in answer.links.items():
        says = f"{part.at} leads to the page that it names"
        found[name] = {"at": part.at, "clause": clauses.add("should", "inferred", says, f"answer, {part.at}")}
    nullable = all(part.shape.nullable for name, part in answer.links.items() if name != "self")
    example = str(next((part.shape.example for part in answer.links.values() if part.shape.example), ""))
    if not example.startswith("http"):
        found["form"] = {"open": ["absolute", "relative", "query"], "assumed": "absolute"}
    found["absent"] = "none" if nullable else {"open": ["none", "missing", "empty"], "assumed": "none"}
    promises = {"keeps": clauses.add("should", "entailed", "a link carries what was asked for", "answer, links")}
    if "next" in found or "previous" in found:
        promises["ends"] = clauses.add("should", "entailed", "no link leads beyond the list", "answer, links")
    return {"links": {**found, "clauses": promises}}


def number_parameter(parameter: SourceParameter, *, least: int) -> Tree:
    """An integer parameter with the bounds and the default that the document states."""
    shape = parameter.shape
    bounds: Mapping[str, Any] = {"least": least if shape.least is None else shape.least, "most": shape.most}
    default = shape.default if isinstance(shape.default, int) and not isinstance(shape.default, bool) else None
    told = {**bounds, "default": default}
    return {"as": "integer", **{name: value for name, value in told.items() if value is not None}}
