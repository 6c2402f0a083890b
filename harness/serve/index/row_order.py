"""Matching rows in the order of an answer: by position, by sort position, and with ties in their place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

import numpy as np

from harness.serve.index.columns import KeyColumn, Keys, RowNumbers, lower_bound
from harness.serve.query.table import Comparable, SortOrder, SortPosition, natural_sort_key
from harness.specification.field_path import ValuePath

if TYPE_CHECKING:
    from harness.serve.index.row_index import RowIndex

_LARGE_TIE_ROWS: Final = 512
# A list is put in order by stretches of so many rows.
_STRETCH_ROWS: Final = 16
_MOST_STRETCHES: Final = 8192
_MOST_PLACES: Final = 8192


class RenderedRow(NamedTuple):
    """The bytes of one row as it is sent, and its identity."""

    identity: Comparable | None
    body: bytes


@final
@dataclass(frozen=True, slots=True)
class RowRange:
    """Row numbers in ascending order: a head that is a range or a view of many, and a short tail after it."""

    first: int
    last: int
    rows: RowNumbers | None
    tail: RowNumbers

    @property
    def head_length(self) -> int:
        """The number of rows in the head."""
        return self.last - self.first

    def __len__(self) -> int:
        return self.head_length + len(self.tail)

    def count_below(self, row: int) -> int:
        """How many of the row numbers are lower than one."""
        if self.rows is None:
            head = min(max(row - self.first, 0), self.head_length)
        else:
            head = lower_bound(self.rows[self.first : self.last], row)
        return head if head < self.head_length or not len(self.tail) else head + lower_bound(self.tail, row)

    def rows_between(self, start: int, end: int) -> RowNumbers:
        """The row numbers from position `start` up to, but not including, `end`."""
        many = self.last - self.first
        if start >= many:
            return self.tail[start - many : end - many]
        head = min(end, many)
        if self.rows is None:
            found: RowNumbers = np.arange(self.first + start, self.first + head, dtype=np.int64)
        else:
            found = self.rows[self.first + start : self.first + head]
        return found if end <= many else np.concatenate([found, self.tail[: end - many]])

    def row_at(self, at: int) -> int:
        """The row number at a position."""
        many = self.last - self.first
        if at >= many:
            return int(self.tail[at - many])
        return self.first + at if self.rows is None else int(self.rows[self.first + at])


@final
class OrderMemory:
    """What is known of the order of some lists: their rows in stretches, by list and first position, and places.

    A place is how many rows come before a sort position, and how many are at it. Who walks asks for the rows after
    those of the last answer.
    """

    def __init__(self) -> None:
        self.stretches: dict[tuple[OrderedRows, int], list[int]] = {}
        self.places: dict[tuple[OrderedRows, SortPosition], tuple[int, int] | None] = {}

    def clear(self) -> None:
        """Forget all lists."""
        self.stretches.clear()
        self.places.clear()


RowRenderer = Callable[[Collection[int]], Mapping[int, RenderedRow]]


@final
class OrderedRows:
    """Matching rows in the order of a sort key; ties are put in order by identity when a page meets them."""

    def __init__(
        self,
        run: RowRange,
        keys: Keys | None,
        column: KeyColumn | None,
        row_index: RowIndex,
        identity: ValuePath,
        sorting: SortOrder,
        memory: OrderMemory,
        *,
        sorted_here: bool = False,
    ) -> None:
        self._row_range = run
        self._length = len(run)
        self._keys = keys
        self._column = column
        self._row_index = row_index
        self._identity = identity
        self._sorting = sorting
        self._memory = memory
        self._keys_sorted = sorted_here

    def __len__(self) -> int:
        return self._length

    def _key_at(self, at: int) -> int:
        assert self._keys is not None
        return int(self._keys[at if self._keys_sorted else self._row_range.row_at(at)])

    def _count_below(self, key: int) -> int:
        """The number of rows with a lower key."""
        assert self._keys is not None
        found = lower_bound(self._keys, key)
        if self._keys_sorted:
            return found
        # The keys rise from row to row: what counts are the rows below the first that reaches the key.
        return self._row_range.count_below(found)

    def neighbours(self, low: int, high: int, many: int, *, behind: bool = False) -> list[int]:
        """Up to `many` rows after a page in the direction of the order, or before it with `behind`."""
        if self._sorting.descending is not behind:
            return list(map(int, self._row_range.rows_between(max(0, low - many), low)))
        return list(map(int, self._row_range.rows_between(high, min(len(self), high + many))))

    def rows_ignoring_ties(self, low: int, high: int) -> list[int]:
        """The rows between two positions, ties unsorted: at both ends others of the same key may belong there."""
        return self._row_range.rows_between(low, high).tolist() if low < high else []

    def rows_in_order(self, low: int, high: int, render: RowRenderer) -> list[int]:
        """The rows between two positions, in their final order."""
        known, begin, found = self._memory.stretches, low - low % _STRETCH_ROWS, list[int]()
        for start in range(begin, high, _STRETCH_ROWS):
            stretch = known.get((self, start))
            if stretch is None:
                self._order_stretches(start, high, render)
                stretch = known[self, start]
            found += stretch
        return found[low - begin : high - begin]

    def _order_stretches(self, first: int, high: int, render: RowRenderer) -> None:
        """Put in order the stretches that are missing up to a position: all at once, and so the ties in them."""
        known = self._memory.stretches
        last = max(start for start in range(first, high, _STRETCH_ROWS) if (self, start) not in known)
        rows = self._put_in_order(first, min(last + _STRETCH_ROWS, len(self)), render)
        if len(known) + len(rows) // _STRETCH_ROWS >= _MOST_STRETCHES:
            known.clear()
        for start in range(0, len(rows), _STRETCH_ROWS):
            known[self, first + start] = rows[start : start + _STRETCH_ROWS]

    def _put_in_order(self, low: int, high: int, render: RowRenderer) -> list[int]:
        if self._keys is None:
            return self.rows_ignoring_ties(low, high)
        # Rows of the same key may stand on both sides of a cut.
        first = (
            low if low == 0 or self._key_at(low - 1) != self._key_at(low) else self._count_below(self._key_at(low))
        )
        last = high
        if high < len(self) and self._key_at(high) == self._key_at(high - 1):
            last = self._count_below(self._key_at(high - 1) + 1)
        rows = self._row_range.rows_between(first, last)
        keys = self._keys[first:last] if self._keys_sorted else self._keys[rows]
        found: list[int] = rows.tolist()
        groups = _tied_groups(keys)
        if groups:
            self._sort_ties(found, groups, render)
        return found[low - first : high - first]

    def _sort_ties(self, rows: list[int], groups: Sequence[tuple[int, int]], render: RowRenderer) -> None:
        """Put the rows of each group in the order of their identities, in place."""
        small = [(first, last) for first, last in groups if last - first <= _LARGE_TIE_ROWS]
        rendered_rows = render([row for first, last in small for row in rows[first:last]])
        for first, last in groups:
            if last - first > _LARGE_TIE_ROWS:
                identities = self._row_index.column(self._identity).keys[rows[first:last]]
                rows[first:last] = np.asarray(rows[first:last])[np.argsort(identities, kind="stable")].tolist()
            else:
                rows[first:last] = sorted(
                    rows[first:last], key=lambda row: identity_sort_key(rendered_rows[row].identity)
                )

    def is_alone_at(self, at: int) -> bool:
        """Whether no neighbour shares the key of the row at a position."""
        key = self._key_at(at)
        return (at == 0 or self._key_at(at - 1) != key) and (at + 1 == len(self) or self._key_at(at + 1) != key)

    def sort_value_at(self, at: int) -> Comparable | None:
        """The sort value of the row at a position."""
        if self._column is None:
            return None
        if self._column.is_dictionary_encoded:
            # Under a collation texts may have the same key without being equal.
            return self._column.codec.value(int(self._column.keys[self._row_range.row_at(at)]))
        return self._column.codec.value(self._key_at(at))

    def count_before_and_at(self, place: SortPosition, render: RowRenderer) -> tuple[int, int]:
        """The number of rows before a sort position, and the number at it; none where it has no place here."""
        return self.find_place(place, render) or (0, 0)

    def find_place(self, place: SortPosition, render: RowRenderer) -> tuple[int, int] | None:
        """The number of rows before a sort position, and at it; None where nothing compares to it."""
        if (self, place) not in self._memory.places:
            self.keep_place(place, self._search_place(place, render))
        return self._memory.places[self, place]

    def keep_place(self, place: SortPosition, found: tuple[int, int] | None) -> None:
        """Remember what `find_place` gives for a sort position."""
        known = self._memory.places
        if len(known) >= _MOST_PLACES:
            known.clear()
        known[self, place] = found

    def _search_place(self, place: SortPosition, render: RowRenderer) -> tuple[int, int] | None:
        if self._column is None or self._keys is None:
            return None
        if place.value is None:
            key = self._column.none_key
            span: tuple[int, int] | None = (key, key + 1)
        else:
            span = self._column.with_collation(self._sorting.collation).codec.key_range(place.value)
        if span is None:
            return None
        first = last = self._count_below(span[0])
        if last < len(self) and self._key_at(last) < span[1]:
            last += 1
            if last < len(self) and self._key_at(last) < span[1]:
                last = self._count_below(span[1])
        if first == last:
            return first, 0
        wanted = identity_sort_key(place.identity)
        some = self._row_range.rows_between(first, last).tolist()
        if len(some) > _LARGE_TIE_ROWS:
            column = self._row_index.column(self._identity)
            around = column.codec.key_range(place.identity) if place.identity is not None else None
            keys = column.keys[np.asarray(some)]
            if around is None:
                return None
            return first + int((keys < around[0]).sum()), int(((keys >= around[0]) & (keys < around[1])).sum())
        rendered_rows = render(some)
        found = [identity_sort_key(rendered_rows[row].identity) for row in some]
        return first + sum(one < wanted for one in found), sum(one == wanted for one in found)


def _tied_groups(keys: Keys) -> list[tuple[int, int]]:
    """Where ascending keys are the same: first positions, and those after the last ones."""
    found: list[tuple[int, int]] = []
    for at in (keys[1:] == keys[:-1]).nonzero()[0].tolist():
        if found and found[-1][1] == at + 1:
            found[-1] = found[-1][0], at + 2
        else:
            found.append((at, at + 2))
    return found


def identity_sort_key(identity: Comparable | None) -> tuple[int, Any]:
    """A key under which identities stand in order, none first."""
    return (-1, 0) if identity is None else natural_sort_key(identity)
