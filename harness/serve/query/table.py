"""The query engine: which rows are kept, in which order, and where a walk stands.

Columnar: a column holds the distinct values of one path in order, so that a condition looks at distinct values only
and everything else is arithmetic on arrays. Written apart from the checker's oracle, on purpose.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import reduce
from typing import Any, Final, Literal, TypeAlias, assert_never, final

import numpy as np
from numpy.typing import NDArray

from harness.specification.model import Keeps

Comparable: TypeAlias = "str | int | float | Decimal | bool | datetime"
Mask: TypeAlias = NDArray[np.bool_]
Places: TypeAlias = NDArray[np.int64]
Collation = Literal["code-point", "folded", "numeric"]
Combine = Literal["all", "any"]

_REMEMBERED: Final = 256
_INTEGER: Final = re.compile(r"-?[0-9]{1,64}", re.ASCII)
_RUNS: Final = re.compile(r"([0-9]+)", re.ASCII)


# --- what is asked ------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Keeps rows where a value at any of the paths compares as said to any of the wanted values.

    `parameter` is where it came from. A row whose value is none is never kept.
    """

    parameter: str
    paths: tuple[str, ...]
    keeps: Keeps
    wanted: tuple[Comparable, ...]
    inclusive: bool = True
    folded: bool = False
    negated: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sorting:
    """The order of rows: a path and a direction; ties go by identity."""

    path: str
    descending: bool = False
    collation: Collation = "code-point"
    word: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in an order, between rows or on one: the sort value of a row and its identity."""

    value: Comparable | None
    identity: Comparable | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """So many rows after so many skipped; `take` None means all."""

    skip: int = 0
    take: int | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """At most `take` rows after a place, or before it; without a place from the beginning, or from the end.

    `shift` moves the beginning by so many rows, for the sake of servers that count wrongly.
    """

    take: int
    place: Place | None = None
    backward: bool = False
    shift: int = 0


Cut: TypeAlias = "Slice | Walk"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What one request asks of a table: conditions, owners, an order and a cut.

    `owners` None means everybody's rows. `combine` is how conditions stand together.
    """

    conditions: tuple[Condition, ...] = ()
    combine: Combine = "all"
    owners: frozenset[int] | None = None
    nothing: bool = False
    sorting: Sorting
    cut: Cut = Slice()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The rows of one page as positions in the table, all that match in order, and the page's first position."""

    page: tuple[int, ...]
    matching: Places
    start: int

    @property
    def total(self) -> int:
        """How many rows match."""
        return len(self.matching)

    @property
    def is_last(self) -> bool:
        """Whether no matching row follows the page."""
        return self.start + len(self.page) >= len(self.matching)


# --- columns ------------------------------------------------------------------------------------------------


@final
class Column:
    """The values at one path over all rows: distinct values in order, and which rows have which."""

    __slots__ = ("_codes", "_folded", "_length", "_numeric", "_owners", "values")

    def __init__(self, found: Sequence[Sequence[Comparable | None]]) -> None:
        distinct = {value for values in found for value in values if value is not None}
        self.values: list[Any] = sorted(distinct, key=natural)
        self._numeric = bool(self.values) and not isinstance(self.values[0], str | datetime)
        code_of: dict[Hashable, int] = {value: code for code, value in enumerate(self.values)}
        pairs = [(row, code_of[value]) for row, values in enumerate(found) for value in values if value is not None]
        self._owners = np.array([row for row, _ in pairs], dtype=np.int64)
        self._codes = np.array([code for _, code in pairs], dtype=np.int64)
        self._length = len(found)
        self._folded: list[str] | None = None

    def mask(self, keeps: Keeps, wanted: Comparable, *, inclusive: bool = True, folded: bool = False) -> Mask:
        """The rows with a value that compares as said; a row without any value never does."""
        value = self._coerced(wanted, keeps)
        if value is None or not self.values:
            return np.zeros(self._length, dtype=np.bool_)
        chosen = np.zeros(len(self.values), dtype=np.bool_)
        match keeps:
            case "equal":
                if folded and isinstance(value, str):
                    chosen[self._scan(lambda text: text == value.casefold())] = True
                else:
                    code = bisect_left(self.values, natural(value), key=natural)
                    if code < len(self.values) and self.values[code] == value:
                        chosen[code] = True
            case "contains" | "starts" | "ends":
                text = str(value).casefold() if folded else str(value)
                test: Callable[[str], bool] = {
                    "contains": lambda found: text in found,
                    "starts": lambda found: found.startswith(text),
                    "ends": lambda found: found.endswith(text),
                }[keeps]
                chosen[self._scan(test, folded=folded)] = True
            case "at-or-after" | "at-least":
                find = bisect_left if inclusive else bisect_right
                chosen[find(self.values, natural(value), key=natural) :] = True
            case "at-or-before" | "at-most":
                find = bisect_right if inclusive else bisect_left
                chosen[: find(self.values, natural(value), key=natural)] = True
            case "below":
                chosen[: bisect_left(self.values, natural(value), key=natural)] = True
            case "above":
                chosen[bisect_right(self.values, natural(value), key=natural) :] = True
            case _:
                assert_never(keeps)
        mask = np.zeros(self._length, dtype=np.bool_)
        mask[self._owners[chosen[self._codes]]] = True
        return mask

    def _coerced(self, wanted: Comparable, keeps: Keeps) -> Comparable | None:
        """The wanted value as this column's kind, or None when no value can compare to it."""
        if not self.values or keeps in ("contains", "starts", "ends"):
            return wanted
        sample = self.values[0]
        if isinstance(sample, datetime) or isinstance(wanted, datetime):
            return wanted if isinstance(sample, datetime) and isinstance(wanted, datetime) else None
        if isinstance(sample, str):
            return wanted if isinstance(wanted, str) else str(wanted)
        if isinstance(wanted, str):
            return int(wanted) if _INTEGER.fullmatch(wanted) else None
        return wanted

    def _scan(self, test: Callable[[str], bool], *, folded: bool = True) -> list[int]:
        if folded:
            if self._folded is None:
                self._folded = [str(value).casefold() for value in self.values]
            return [code for code, text in enumerate(self._folded) if test(text)]
        return [code for code, value in enumerate(self.values) if test(str(value))]

    def ranks(self, collation: Collation) -> tuple[Places, Callable[[Comparable | None], tuple[int, bool]]]:
        """A rank per row (-1 for none, its first value else), and the rank of any value and whether it occurs."""
        keyed = [collated(value, collation) for value in self.values]
        keys = sorted(set(keyed))
        rank_of = {key: rank for rank, key in enumerate(keys)}
        by_code = np.array([rank_of[key] for key in keyed], dtype=np.int64)
        ranks = np.full(self._length, -1, dtype=np.int64)
        # Backwards, so that the first of several values stays.
        ranks[self._owners[::-1]] = by_code[self._codes[::-1]]

        def rank(value: Comparable | None) -> tuple[int, bool]:
            if value is None:
                return -1, True
            key = collated(value, collation)
            place = bisect_left(keys, key)
            return place, place < len(keys) and keys[place] == key

        return ranks, rank


def natural(value: Comparable) -> tuple[int, Any]:
    """A key under which values of any kinds can be sorted together."""
    if isinstance(value, str):
        return 1, value
    if isinstance(value, datetime):
        return 2, value
    return 0, value


def collated(value: Comparable, collation: Collation) -> tuple[Any, ...]:
    """A key under which values are in the order of a collation."""
    if not isinstance(value, str):
        return natural(value)
    match collation:
        case "code-point":
            return 1, value
        case "folded":
            return 1, value.casefold()
        case "numeric":
            parts = _RUNS.split(value)
            return 1, tuple((0, int(part), "") if index % 2 else (1, 0, part) for index, part in enumerate(parts))
        case _:
            assert_never(collation)


# --- the table ----------------------------------------------------------------------------------------------


@final
class Table:
    """Rows of one instant, ready to be asked. What was computed once is kept as long as the table is."""

    def __init__(
        self,
        length: int,
        *,
        identity: str,
        values: Callable[[str], Sequence[Sequence[Comparable | None]]],
        owners: Callable[[], Sequence[Sequence[Comparable | None]]],
    ) -> None:
        self._length = length
        self._identity = identity
        self._values = values
        self._owned_by = owners
        self._read: dict[str, Sequence[Sequence[Comparable | None]]] = {}
        self._columns: dict[str, Column] = {}
        self._owners: Column | None = None
        self._masks: dict[Condition, Mask] = {}
        self._orders: dict[tuple[str, Collation], Places] = {}
        self._ranks: dict[tuple[str, Collation], tuple[Places, Callable[[Comparable | None], tuple[int, bool]]]] = {}

    def __len__(self) -> int:
        return self._length

    def column(self, path: str) -> Column:
        """The column at a path."""
        found = self._columns.get(path)
        if found is None:
            found = self._columns[path] = Column(self._at(path))
        return found

    def _at(self, path: str) -> Sequence[Sequence[Comparable | None]]:
        found = self._read.get(path)
        if found is None:
            found = self._read[path] = self._values(path)
        return found

    def find(self, query: Query) -> Found:
        """The rows that a query asks for."""
        matching = self.matching(query)
        match query.cut:
            case Slice(skip=skip, take=take):
                start = min(skip, len(matching))
                page = matching[start:] if take is None else matching[start : start + max(take, 0)]
            case Walk() as walk:
                start, end = self._walked(matching, walk, query.sorting)
                page = matching[start:end]
            case _:
                assert_never(query.cut)
        return Found(page=tuple(page.tolist()), matching=matching, start=start)

    def matching(self, query: Query) -> Places:
        """All rows that match, in order."""
        order = self._ordered(query.sorting)
        if query.nothing:
            return order[:0]
        masks = [self._mask(condition) for condition in query.conditions]
        mask: Mask | None = None
        if masks:
            join = np.logical_and if query.combine == "all" else np.logical_or
            mask = reduce(lambda first, second: join(first, second), masks)
        if query.owners is not None:
            owned = self._owned(query.owners)
            mask = owned if mask is None else mask & owned
        return order if mask is None else order[mask[order]]

    def place_of(self, row: int, sorting: Sorting) -> Place:
        """The place of a row in an order, for a cursor."""
        return Place(value=self._first(sorting.path, row), identity=self._first(self._identity, row))

    def distinct(self, rows: Iterable[int], path: str) -> int:
        """How many different values these rows have at a path."""
        return len({self._first(path, row) for row in rows})

    def _first(self, path: str, row: int) -> Comparable | None:
        values = self._at(path)[row]
        return values[0] if values else None

    def _mask(self, condition: Condition) -> Mask:
        found = self._masks.get(condition)
        if found is None:
            found = np.zeros(self._length, dtype=np.bool_)
            for path in condition.paths:
                column = self.column(path)
                for wanted in condition.wanted:
                    found |= column.mask(
                        condition.keeps, wanted, inclusive=condition.inclusive, folded=condition.folded
                    )
            if condition.negated:
                found = ~found
            if len(self._masks) >= _REMEMBERED:
                self._masks.clear()
            self._masks[condition] = found
        return found

    def _owned(self, owners: frozenset[int]) -> Mask:
        if self._owners is None:
            self._owners = Column(self._owned_by())
        mask = np.zeros(self._length, dtype=np.bool_)
        for owner in owners:
            mask |= self._owners.mask("equal", owner)
        return mask

    def _ranked(
        self, path: str, collation: Collation
    ) -> tuple[Places, Callable[[Comparable | None], tuple[int, bool]]]:
        key = (path, collation)
        found = self._ranks.get(key)
        if found is None:
            found = self._ranks[key] = self.column(path).ranks(collation)
        return found

    def _ordered(self, sorting: Sorting) -> Places:
        key = (sorting.path, sorting.collation)
        order = self._orders.get(key)
        if order is None:
            ranks, _ = self._ranked(*key)
            identities, _ = self._ranked(self._identity, "code-point")
            order = self._orders[key] = np.lexsort((identities, ranks)).astype(np.int64)
        return order[::-1] if sorting.descending else order

    def _walked(self, matching: Places, walk: Walk, sorting: Sorting) -> tuple[int, int]:
        if walk.place is None:
            if walk.backward:
                return max(0, len(matching) - walk.take), len(matching)
            return 0, walk.take
        before, upto = self._around(matching, walk.place, sorting)
        if walk.backward:
            return max(0, before - walk.take), before
        start = max(0, upto + walk.shift)
        return start, start + walk.take

    def _around(self, matching: Places, place: Place, sorting: Sorting) -> tuple[int, int]:
        """How many matching rows come before a place, and how many before or at it."""
        ranks, rank_of = self._ranked(sorting.path, sorting.collation)
        identities, identity_rank_of = self._ranked(self._identity, "code-point")
        rank, met = rank_of(place.value)
        identity, present = identity_rank_of(place.identity)
        ours, theirs = ranks[matching], identities[matching]
        same = (ours == rank) & met
        below = (ours < rank) | (same & (theirs < identity))
        at = same & (theirs == identity) & present
        if sorting.descending:
            above = ~below & ~at
            return int(above.sum()), int((above | at).sum())
        return int(below.sum()), int((below | at).sum())
