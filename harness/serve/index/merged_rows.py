"""Rows of given calls among those of generated ones: few, found by themselves, and put where they belong."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, final

from harness.serve.index.row_order import OrderedRows, RowRenderer, identity_sort_key
from harness.serve.query.table import Comparable, SortOrder, SortPosition, collation_key


@final
class MergedRows:
    """Matching rows in order, as `OrderedRows`, with given rows among them.

    `given` are the numbers of the given rows in ascending order, `before` says for each how many generated ones come
    before it, and `positions` where they stand in the order.
    """

    def __init__(
        self,
        rows: OrderedRows,
        given: Sequence[int],
        before: Sequence[int],
        positions: Sequence[SortPosition],
        sorting: SortOrder,
    ) -> None:
        self._rows = rows
        self._given = given
        self._positions = positions
        self._sorting = sorting
        # Where the given rows stand among all.
        self._ranks = [many + place for place, many in enumerate(before)]

    def __len__(self) -> int:
        return len(self._rows) + len(self._given)

    def _generated_before(self, at: int) -> int:
        return at - bisect_left(self._ranks, at)

    def _given_between(self, low: int, high: int) -> range:
        return range(bisect_left(self._ranks, low), bisect_left(self._ranks, high))

    def neighbours(self, low: int, high: int, many: int, *, behind: bool = False) -> list[int]:
        """Generated rows beside a page."""
        return self._rows.neighbours(self._generated_before(low), self._generated_before(high), many, behind=behind)

    def rows_ignoring_ties(self, low: int, high: int) -> list[int]:
        """The rows between two positions, ties unsorted."""
        found = self._rows.rows_ignoring_ties(self._generated_before(low), self._generated_before(high))
        return [*found, *(self._given[place] for place in self._given_between(low, high))]

    def rows_in_order(self, low: int, high: int, render: RowRenderer) -> list[int]:
        """The rows between two positions, in their final order."""
        found = self._rows.rows_in_order(self._generated_before(low), self._generated_before(high), render)
        for place in self._given_between(low, high):
            found.insert(self._ranks[place] - low, self._given[place])
        return found

    def sort_value_at(self, at: int) -> Comparable | None:
        """The sort value of the row at a position."""
        place = bisect_left(self._ranks, at)
        if place < len(self._ranks) and self._ranks[place] == at:
            return self._positions[place].value
        return self._rows.sort_value_at(at - place)

    def count_before_and_at(self, place: SortPosition, render: RowRenderer) -> tuple[int, int]:
        """The number of rows before a sort position, and the number at it."""
        before, at = self._rows.count_before_and_at(place, render)
        wanted = self._key(place)
        keys = [self._key(one) for one in self._positions]
        return before + sum(key < wanted for key in keys), at + sum(key == wanted for key in keys)

    def _key(self, place: SortPosition) -> tuple[Any, ...]:
        value = place.value
        told = (0,) if value is None else (1, collation_key(value, self._sorting.collation))
        return told, identity_sort_key(place.identity)
