"""What a breach is, and small ways to bend a listing, a query or a tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar, final

from harness.serve.faults.hooks import STRAIGHT, Page, Row, Scene, Seams
from harness.serve.query.parameters import Given
from harness.serve.query.planner import Plan
from harness.serve.query.table import Condition, Query
from harness.specification.model import ClauseId, Clauses, Listing
from harness.wire.format_problems import Tree
from harness.wire.json_body import split_pointer
from harness.wire.request_codec import Refused

T = TypeVar("T")
Bend: TypeAlias = "Callable[[Listing], Listing]"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A deliberate breach of one clause: its name there, what it does, and where it bends the simulator."""

    clause: ClauseId
    name: str
    says: str
    seams: Seams = field(default=STRAIGHT, repr=False, compare=False)

    @property
    def id(self) -> str:
        """Clause and name, unique in a spec."""
        return f"{self.clause}/{self.name}"


def breach(clauses: Clauses, name: str, says: str, seams: Seams) -> tuple[Fault, ...]:
    """The fault under the first of the clauses; none where a construct has no clause."""
    return (Fault(clause=clauses[0], name=name, says=says, seams=seams),) if clauses else ()


# --- listings -----------------------------------------------------------------------------------------------


def bent(listing: Bend) -> Seams:
    """Seams that follow another listing than the documented one."""
    return Seams(listing=listing)


def with_part(part: str, **changes: Any) -> Bend:
    """A listing with changes in one of its parts (`paging`, `order`, `scope` ...)."""
    return lambda listing: replace(listing, **{part: replace(getattr(listing, part), **changes)})


def with_entry(part: str, name: str, **changes: Any) -> Bend:
    """A listing with changes in one entry of a table (`parameters`, `filters`, `fields`)."""

    def bend(listing: Listing) -> Listing:
        table: Mapping[str, Any] = getattr(listing, part)
        parts: dict[str, Any] = {part: {**table, name: replace(table[name], **changes)}}
        return replace(listing, **parts)

    return bend


def both(first: Bend, second: Bend) -> Bend:
    """One bend after another."""
    return lambda listing: second(first(listing))


# --- queries ------------------------------------------------------------------------------------------------


def on_query(change: Callable[[Query], Query]) -> Seams:
    """Seams that change the query of every request."""

    def bend(plan: Plan | Refused, given: Given) -> Plan | Refused:
        return plan if isinstance(plan, Refused) else replace(plan, query=change(plan.query))

    return Seams(plan=bend)


def on_condition(parameter: str, change: Callable[[Condition], Condition | None]) -> Seams:
    """Seams that change or drop the condition of one parameter."""

    def bend(query: Query) -> Query:
        found = [
            change(condition) if condition.parameter == parameter else condition for condition in query.conditions
        ]
        return replace(query, conditions=tuple(condition for condition in found if condition is not None))

    return on_query(bend)


def on_page(change: Callable[[Page, Scene], Page]) -> Seams:
    """Seams that change every page."""
    return Seams(page=change)


def on_given(change: Callable[[Given], Given]) -> Seams:
    """Seams that change what was read from a request."""
    return Seams(given=lambda given, ask: given if isinstance(given, Refused) else change(given))


def on_rows(change: Callable[[Row], None], *, every: int = 1) -> Seams:
    """Seams that change every so-manieth row in place."""

    def bend(row: Row, index: int, at: object) -> Row:
        if index % every == 0:
            change(row)
        return row

    return Seams(row=bend)


# --- trees --------------------------------------------------------------------------------------------------


def removed(tree: Tree, pointer: str) -> Tree:
    """The tree without the part at a pointer."""
    return _edited(tree, split_pointer(pointer), None)


def changed(tree: Tree, pointer: str, change: Callable[[Tree], Tree]) -> Tree:
    """The tree with another value at a pointer, if there is one."""
    return _edited(tree, split_pointer(pointer), change)


def _edited(tree: Tree, path: tuple[str, ...], change: Callable[[Tree], Tree] | None) -> Tree:
    head, rest = path[0], path[1:]
    if isinstance(tree, dict):
        if head not in tree:
            return tree
        copy = dict(tree)
        if rest:
            copy[head] = _edited(copy[head], rest, change)
        elif change is None:
            del copy[head]
        else:
            copy[head] = change(copy[head])
        return copy
    if isinstance(tree, list) and head.isdigit() and int(head) < len(tree):
        items = list(tree)
        if rest:
            items[int(head)] = _edited(items[int(head)], rest, change)
        elif change is None:
            del items[int(head)]
        else:
            items[int(head)] = change(items[int(head)])
        return items
    return tree


def at_path(row: Row, path: str) -> list[tuple[Row, str]]:
    """The objects and keys in a row that a path names: `name` or `list[].name`."""
    head, nested, tail = path.partition("[].")
    if not nested:
        return [(row, head)] if head in row else []
    inner = row.get(head)
    items = inner if isinstance(inner, list) else []
    return [found for item in items if isinstance(item, dict) for found in at_path(item, tail)]
