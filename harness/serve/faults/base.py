"""A fault, and the small changes of a listing, a query, a page or a tree that faults are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar, final

from harness.serve.faults.hooks import NO_HOOKS, AnswerContent, AnswerContext, Hooks, PageContext, RowTree
from harness.serve.query.parameters import ParsedParameters
from harness.serve.query.query_builder import AnswerPlan
from harness.serve.query.table import Condition, Query
from harness.specification.answer_place import header_at
from harness.specification.field_path import FieldPath
from harness.specification.model import ClauseId, Clauses, Listing
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import split_pointer
from harness.wire.request_codec import RefusedRequest
from harness.wire.row_objects import places_in_tree

T = TypeVar("T")
ListingChange: TypeAlias = "Callable[[Listing], Listing]"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A deliberate breach of one clause: its name there, what it does, and the hooks that change the simulator."""

    clause: ClauseId
    name: str
    description: str
    hooks: Hooks = field(default=NO_HOOKS, repr=False, compare=False)

    @property
    def id(self) -> str:
        """Clause and name, unique in a spec."""
        return f"{self.clause}/{self.name}"


def make_fault(clauses: Clauses, name: str, says: str, hooks: Hooks) -> tuple[Fault, ...]:
    """The fault under the first of the clauses, as a tuple of one; empty where a construct has no clause."""
    return (Fault(clause=clauses[0], name=name, description=says, hooks=hooks),) if clauses else ()


# --- listings -----------------------------------------------------------------------------------------------


def with_changed_listing(listing: ListingChange) -> Hooks:
    """Hooks under which the simulator follows another listing than the documented one."""
    return Hooks(listing=listing)


def with_part(part: str, **changes: Any) -> ListingChange:
    """A listing with changes in one of its parts (`paging`, `order`, `scope` ...)."""
    return lambda listing: replace(listing, **{part: replace(getattr(listing, part), **changes)})


def with_entry(part: str, name: str, **changes: Any) -> ListingChange:
    """A listing with changes in one entry of a table (`parameters`, `filters`, `fields`)."""

    def change(listing: Listing) -> Listing:
        table: Mapping[str, Any] = getattr(listing, part)
        parts: dict[str, Any] = {part: {**table, name: replace(table[name], **changes)}}
        return replace(listing, **parts)

    return change


def combine_changes(first: ListingChange, second: ListingChange) -> ListingChange:
    """Both changes of a listing, one after the other."""
    return lambda listing: second(first(listing))


# --- queries ------------------------------------------------------------------------------------------------


def on_query(change: Callable[[Query], Query]) -> Hooks:
    """Hooks that change the query of every request."""

    def change_plan(plan: AnswerPlan | RefusedRequest, given: ParsedParameters) -> AnswerPlan | RefusedRequest:
        return plan if isinstance(plan, RefusedRequest) else plan._replace(query=change(plan.query))

    return Hooks(plan=change_plan)


def on_condition(parameter: str, change: Callable[[Condition], Condition | None]) -> Hooks:
    """Hooks that change the condition of one parameter, or drop it where `change` gives None."""

    def change_query(query: Query) -> Query:
        found = [
            change(condition) if condition.parameter == parameter else condition for condition in query.conditions
        ]
        return query._replace(conditions=tuple(condition for condition in found if condition is not None))

    return on_query(change_query)


def on_page(change: Callable[[AnswerContent, PageContext], AnswerContent]) -> Hooks:
    """Hooks that change every page."""
    return Hooks(page=change)


def on_parameters(change: Callable[[ParsedParameters], ParsedParameters]) -> Hooks:
    """Hooks that change the parsed parameters of every request."""
    return Hooks(parameters=lambda given, ask: given if isinstance(given, RefusedRequest) else change(given))


def narrowing_parameters(listing: Listing) -> frozenset[str]:
    """The filters that a request may have beside the range that it needs."""
    bounds = {name for pair in listing.ranges for name in (pair.first, pair.last)}
    return frozenset(listing.filters) - bounds


def on_rows(change: Callable[[RowTree], None], *, every: int = 1) -> Hooks:
    """Hooks that change the tree of each row in place, of every `every`-th row by its position."""

    def change_row(row: RowTree, index: int, at: object) -> RowTree:
        if index % every == 0:
            change(row)
        return row

    return Hooks(row=change_row)


# --- trees --------------------------------------------------------------------------------------------------


def remove_at_pointer(tree: Tree, pointer: str) -> Tree:
    """A copy of the tree without the part at a JSON pointer; the tree itself where nothing is there.

    Without the whole of it null is left.
    """
    return _edit_at_path(tree, split_pointer(pointer), None)


def change_at_pointer(tree: Tree, pointer: str, change: Callable[[Tree], Tree]) -> Tree:
    """A copy of the tree with another value at a JSON pointer; the tree itself where nothing is there."""
    return _edit_at_path(tree, split_pointer(pointer), change)


def without_part(place: str) -> Hooks:
    """Hooks that take a part out of every success, from the body or from the headers."""
    header = header_at(place)
    if header is None:
        return Hooks(tree=lambda tree, context: tree if context.refusal else remove_at_pointer(tree, place))

    def remove_header(response: HttpResponse, context: AnswerContext) -> HttpResponse:
        kept = tuple((name, value) for name, value in response.headers if name.lower() != header.lower())
        return replace(response, headers=kept)

    return Hooks(response=remove_header)


def _edit_at_path(tree: Tree, path: tuple[str, ...], change: Callable[[Tree], Tree] | None) -> Tree:
    if not path:
        return None if change is None else change(tree)
    head, rest = path[0], path[1:]
    if isinstance(tree, dict):
        if head not in tree:
            return tree
        copy = dict(tree)
        if rest:
            copy[head] = _edit_at_path(copy[head], rest, change)
        elif change is None:
            del copy[head]
        else:
            copy[head] = change(copy[head])
        return copy
    if isinstance(tree, list) and head.isdigit() and int(head) < len(tree):
        items = list(tree)
        if rest:
            items[int(head)] = _edit_at_path(items[int(head)], rest, change)
        elif change is None:
            del items[int(head)]
        else:
            items[int(head)] = change(items[int(head)])
        return items
    return tree


def find_at_path(row: RowTree, path: FieldPath) -> list[tuple[RowTree, str]]:
    """The objects and keys in a row that a path names."""
    return places_in_tree(row, path)
