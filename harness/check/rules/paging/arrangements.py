"""Arrangements of the list whose pages are probed: each an order, perhaps a filter, with the rows that are due.

Servers share out one arrangement well and another badly: rows of one sort value lose themselves between pages under
one word of order alone, in one direction, beside a filter, on pages of one size.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise, product
from typing import Any, Final, Literal

from harness.check.context import CheckContext, Row
from harness.check.oracle.interpreter import sort_key
from harness.check.probe.filter_values import (
    halving_value,
    parameters_beside,
    visible_filters,
)
from harness.check.probe.mirror import Mirror
from harness.check.probe.row_matches import matching_rows
from harness.specification.field_path import FieldPath
from harness.specification.model import Clauses
from harness.wire.decoded_body import Tree

SizeKind = Literal["one", "two", "divisor", "other", "most"]
SIZE_KINDS: Final[tuple[SizeKind, ...]] = ("one", "two", "divisor", "other", "most")
Depth = Literal["first", "last", "middle"]
DEPTHS: Final[tuple[Depth, ...]] = ("last", "first", "middle")
CELLS_AT_MOST: Final = 12
"""Of the pairs of order, filter and size; where there are more orders each has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """The list in one order, narrowed by one filter or by none; `order` and `narrowed` are parameters."""

    order: Mapping[str, Tree] = field(default_factory=dict)
    narrowed: Mapping[str, Tree] = field(default_factory=dict)
    clauses: Clauses = ()
    """The clauses of the filter."""

    @property
    def values(self) -> dict[str, Tree]:
        """All parameters but those of pages."""
        return {**self.narrowed, **self.order}

    @property
    def label(self) -> str:
        """What the list is under, for a message; empty for the plain list."""
        said = [f"{name}={value}" for name, value in self.order.items()]
        said += list(self.narrowed)
        return f", under {' and '.join(said)}" if said else ""

    def smaller(self) -> tuple[Arrangement, ...]:
        """The arrangements with less in them, the plain list first."""
        found = [Arrangement(), Arrangement(order=self.order), Arrangement(narrowed=self.narrowed)]
        return tuple(one for one in found if len(one.values) < len(self.values))


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRows:
    """The rows of an arrangement in their order; rows of one sort value stand in any order among themselves.

    `sort_values` holds the key by which each is sorted; empty where some row does not show it, or the document leaves
    open by what the list is sorted. `ties` are the borders between rows of one value in any order that it may have.
    """

    rows: tuple[Row, ...]
    sort_values: tuple[Hashable, ...]
    ties: frozenset[int] = frozenset()

    def is_tied(self, border: int) -> bool:
        """Whether the rows before and after a border, a number of rows, have one sort value."""
        values = self.sort_values
        return border in self.ties or (0 < border < len(values) and values[border - 1] == values[border])

    def tied_borders(self, borders: Sequence[int]) -> list[int]:
        """Those of the borders that part rows of one sort value."""
        return [border for border in borders if self.is_tied(border)]


def due_rows(context: CheckContext, mirror: Mirror, values: Mapping[str, Tree]) -> DueRows | None:
    """The rows that a request without pages lists; None where that is not known for sure."""
    if not mirror.complete or mirror.volatile:
        return None
    branches = [meaning for _, meaning in context.expected_answers(mirror.request(values))]
    if any(meaning.error_name or meaning.unspecified or meaning.count_only for meaning in branches):
        return None
    matched = [matching_rows(mirror, meaning) for meaning in branches]
    sure = matched[0][0]
    if any(may or {row.key for row in rows} != {row.key for row in sure} for rows, may in matched):
        return None
    orders = {(meaning.sort, meaning.collation) for meaning in branches}
    sorted_rows = [_sort_rows(sure, sort, collation) for sort, collation in orders]
    if len(sorted_rows) == 1:
        return sorted_rows[0]
    ties = frozenset[int]().union(*(_borders_within_values(one.sort_values) for one in sorted_rows))
    return DueRows(rows=tuple(sure), sort_values=(), ties=ties)


def _sort_rows(rows: Sequence[Row], sort: tuple[FieldPath, bool] | None, collation: str) -> DueRows:
    """Rows in an order, a path and whether it descends; as they are where not each row shows its value."""
    if sort is None or sort[0].hidden or not all(row.values(sort[0]) for row in rows):
        return DueRows(rows=tuple(rows), sort_values=())
    path, descends = sort
    keyed = sorted(
        ((sort_key(row.values(path)[0], collation), row) for row in rows), key=lambda pair: pair[0], reverse=descends
    )
    return DueRows(rows=tuple(row for _, row in keyed), sort_values=tuple(key for key, _ in keyed))


def _borders_within_values(sort_values: Sequence[Hashable]) -> set[int]:
    return {place for place, (one, other) in enumerate(pairwise(sort_values), 1) if one == other}


def shown_sort_values(
    context: CheckContext, mirror: Mirror, values: Mapping[str, Tree], rows: Sequence[Row]
) -> list[Hashable]:
    """The keys by which rows that came are sorted in an arrangement; shorter where a row does not show its own."""
    meaning = context.expected_answers(mirror.request(values))[0][1]
    if meaning.sort is None:
        return []
    shown = [row.values(meaning.sort[0]) for row in rows]
    return [sort_key(value[0], meaning.collation) for value in shown if value]


def narrowings(context: CheckContext, mirror: Mirror) -> list[Arrangement]:
    """The list narrowed by each filter that keeps some rows and not all, in its default order."""
    found: list[Arrangement] = []
    for name in visible_filters(context):
        if not context.supports_parameters(name):
            continue
        raw = halving_value(context, mirror, name)
        if raw is None:
            continue
        values = {**parameters_beside(context, mirror, name), name: raw}
        found.append(Arrangement(narrowed=values, clauses=context.listing.filters[name].clause))
    return found


def page_size(kind: SizeKind, rows: int, most: int) -> int:
    """A page size of a kind for so many rows, at most `most` and less than the rows, so that a page follows."""
    longest = max(1, min(most, rows - 1))
    divisors = [size for size in range(3, longest + 1) if rows % size == 0]
    others = [size for size in range(4, longest + 1) if rows % size]
    match kind:
        case "one":
            return 1
        case "two":
            return min(2, longest)
        case "divisor":
            return min(divisors, default=min(3, longest))
        case "other":
            return min(others, default=longest)
        case "most":
            return longest


def pick_border(borders: Sequence[int], depth: Depth) -> int:
    """One of several borders: the first, the last, or one from the middle."""
    return borders[{"first": 0, "last": -1, "middle": len(borders) // 2}[depth]]


def cover_pairs(*factors: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Some of the product of the factors, in which every two values of different factors come together.

    The first ones bring most; at most so many come, or as many as the longest factor is.
    """
    places = [range(len(factor)) for factor in factors]
    every = list(product(*places))
    met: set[tuple[int, ...]] = set()
    for _ in range(max(CELLS_AT_MOST, *map(len, factors))):
        best = max(every, key=lambda cell: len(_pairs_of(cell) - met))
        fresh = _pairs_of(best) - met
        if not fresh:
            return
        met |= fresh
        yield tuple(factor[place] for factor, place in zip(factors, best, strict=True))


def _pairs_of(cell: Sequence[int]) -> set[tuple[int, ...]]:
    """The pairs of values in a cell, and each value for itself, so that new values come first."""
    pairs = combinations(enumerate(cell), 2)
    return {(*one, *other) for one, other in pairs} | set(enumerate(cell))
