"""What makes an invalid answer: a valid one, its tree changed, and the one clause that the change breaks."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

from harness.generate.breach_place import BreachPlace, breach_at, first_breach, row_pointer
from harness.generate.sample_exchanges import PAGE_SIZE, SampleClient
from harness.specification.answer_place import header_at
from harness.specification.field_path import FieldPath
from harness.specification.model import ClauseId, Clauses, Listing, Scalar, page_number_parts
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.json_body import MISSING, put_value, split_pointer, tree_at
from harness.wire.list_request import ListRequest
from harness.wire.response_codec import carries_text, decode_response, encode_response, is_xml

RowObject = dict[str, Tree]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidResponse:
    """One answer that breaks a clause: what was done to a valid one, where, and the request that it answers."""

    clause: ClauseId
    change: str
    breach: BreachPlace
    request: HttpRequest
    response: HttpResponse


@final
@dataclass(frozen=True, slots=True)
class ValidResponse:
    """A valid answer to start from."""

    request: HttpRequest
    response: HttpResponse
    tree: Tree

    def copy_tree(self) -> Tree:
        """A copy of its tree, to be changed."""
        return copy.deepcopy(self.tree)


@final
class ResponseBreaker:
    """Makes invalid answers of one API."""

    def __init__(self, client: SampleClient) -> None:
        self.client = client
        self.listing: Listing = client.listing
        self.is_xml = is_xml(client.listing)
        self.carries_text = carries_text(client.listing)
        self.first_page = self.fetch_valid(client.list_request(client.size_values(PAGE_SIZE)))
        self.full_list = self.fetch_valid(client.list_request(client.largest_size_values()))

    def fetch_valid(self, ask: ListRequest) -> ValidResponse:
        """The honest simulator's answer to a request."""
        request = self.client.encode(ask)
        response = self.client.send(request).response
        tree = decode_response(self.listing, response).tree
        return ValidResponse(request, response, tree if isinstance(tree, dict | list) else {})

    def break_clause(
        self, clauses: Clauses, done: str, valid: ValidResponse, tree: Tree, breach: BreachPlace | str | None = None
    ) -> Iterator[InvalidResponse]:
        """The answer with this tree in place of its own; nothing unless exactly one clause is named.

        The breach is told, or its pointer; without either it is the first place that differs.
        """
        if len(clauses) != 1 or tree == valid.tree:
            return
        body = encode_response(self.listing, tree)[1]
        response = replace(valid.response, headers=self._true_headers(valid, tree), body=body)
        if not isinstance(breach, BreachPlace):
            breach = first_breach(valid.tree, tree) if breach is None else breach_at(valid.tree, tree, breach)
        yield self.broken(clauses, done, valid, response, breach)

    def broken(
        self, clauses: Clauses, done: str, valid: ValidResponse, response: HttpResponse, breach: BreachPlace
    ) -> InvalidResponse:
        """The invalid answer to the request of a valid one."""
        return InvalidResponse(
            clause=clauses[0], change=done, breach=breach, request=valid.request, response=response
        )

    def row_pointer(self, index: int, field: str = "") -> str:
        """The pointer of a row by its place in the list, or of a field in it; a row may be nothing but its field."""
        return row_pointer(self.listing, index, FieldPath.of(field) if field else None)

    def break_number(
        self, clauses: Clauses, done: str, valid: ValidResponse, place: str, value: Scalar | None
    ) -> Iterator[InvalidResponse]:
        """The answer with another number at a place of its body or its headers, or with none."""
        header = header_at(place)
        if header is None:
            tree = valid.copy_tree()
            if value is not None:
                yield from self.break_clause(
                    clauses, done, valid, put_value(tree, place, self.scalar_tree(value)), place
                )
            elif remove_at(tree, place):
                yield from self.break_clause(clauses, done, valid, tree)
            return
        told = valid.response.header(header)
        if len(clauses) != 1 or told is None or told == str(value):
            return
        response = replace(valid.response, headers=_with_header(valid.response, header, value))
        breach = BreachPlace(at=place, expected=told, actual=MISSING if value is None else str(value))
        yield self.broken(clauses, done, valid, response, breach)

    def _true_headers(self, valid: ValidResponse, tree: Tree) -> tuple[tuple[str, str], ...]:
        """The headers of an answer whose rows were changed: what they tell of the rows is put right."""
        more = len(self.rows_in(tree)) - len(self.rows_in(valid.tree))
        response = valid.response
        for place in self._places_of_row_counts():
            header = header_at(place)
            told = response.header(header) if header is not None else None
            if header is not None and told is not None and more:
                response = replace(response, headers=_with_header(response, header, int(told) + more))
        return response.headers

    def _places_of_row_counts(self) -> tuple[str, ...]:
        """The places of numbers that follow the number of rows in an answer."""
        last = page_number_parts(self.listing.paging)[2]
        returned = self.listing.returned
        return tuple(part.at for part in (returned, last) if part is not None)

    def rows_in(self, tree: Tree) -> list[Tree]:
        """The rows that a tree holds; none where the list is missing."""
        found = tree_at(tree, self.listing.lists.rows_at)
        return found if isinstance(found, list) else []

    def with_rows(self, valid: ValidResponse, rows: list[Tree], *, total: int = 0) -> Tree:
        """The tree with other rows, and the numbers around them put right; `total` is added to the total."""
        tree = put_value(valid.copy_tree(), self.listing.lists.rows_at, list(rows))
        more = len(rows) - len(self.rows_in(valid.tree))
        for place in self._places_of_row_counts():
            told = tree_at(tree, place) if header_at(place) is None else None
            if isinstance(told, (int, str)) and not isinstance(told, bool) and more:
                put_value(tree, place, self.scalar_tree(int(told) + more))
        if self.listing.total is not None and total and header_at(self.listing.total.at) is None:
            told = tree_at(tree, self.listing.total.at)
            if isinstance(told, (int, str)) and not isinstance(told, bool):
                put_value(tree, self.listing.total.at, self.scalar_tree(int(told) + total))
        return tree

    def scalar_tree(self, value: Scalar) -> Tree:
        """A value as the body carries it: XML knows texts alone."""
        return str(value) if self.is_xml else value


def _with_header(response: HttpResponse, name: str, value: Scalar | None) -> tuple[tuple[str, str], ...]:
    kept = tuple((one, text) for one, text in response.headers if one.lower() != name.lower())
    return kept if value is None else (*kept, (name, str(value)))


def remove_at(tree: Tree, pointer: str) -> bool:
    """Takes the part at a pointer out of the tree; False if it is not there."""
    names = split_pointer(pointer)
    if not names:
        return False
    holder = tree_at(tree, names[:-1])
    if isinstance(holder, dict) and names[-1] in holder:
        del holder[names[-1]]
        return True
    return False
