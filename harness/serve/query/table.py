"""The query engine over rows as values: which rows match, in which order, and where a cursor stands.

Columnar: a column holds the distinct values of one path in order, so that a condition looks at distinct values only
and everything else is arithmetic on arrays. Written apart from the checker's oracle, on purpose.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from typing import Any, Final, Literal, NamedTuple, TypeAlias, assert_never, final

import numpy as np
from numpy.typing import NDArray

from harness.specification.field_path import ValuePath
from harness.specification.model import Collation, Comparison, Wildcards

Comparable: TypeAlias = "str | int | float | Decimal | bool | datetime | date"
Wanted: TypeAlias = "Comparable | InstantRange"
Mask: TypeAlias = NDArray[np.bool_]
RowPositions: TypeAlias = NDArray[np.int64]
Combine = Literal["all", "any"]

TEXT_COMPARISONS: Final = ("contains", "starts", "ends", "like")
_MAX_CACHED_MASKS: Final = 256
_INTEGER: Final = re.compile(r"-?[0-9]{1,64}", re.ASCII)
_DIGIT_RUNS: Final = re.compile(r"([0-9]+)", re.ASCII)


# --- queries ------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class InstantRange:
    """The instants from `first` on, up to but without `until`: what equals a calendar day."""

    first: datetime
    until: datetime


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A test of rows: one value at any of the paths compares to any of the wanted values as `keeps` says.

    `parameter` is the request parameter it comes from. A row whose value is none never passes, but for `absent`, and
    for `not-equal` with `absent_kept`: that passes where no value equals a wanted one. `present` and `absent` want
    nothing. A text that is `like` another matches its `wildcards`. With `first_filled` only the first of the paths at
    which a row has a value counts.
    """

    parameter: str
    paths: tuple[ValuePath, ...]
    keeps: Comparison
    wanted: tuple[Wanted, ...]
    inclusive: bool = True
    folded: bool = False
    absent_kept: bool = True
    wildcards: Wildcards | None = None
    negated: bool = False
    first_filled: bool = False


@final
class SortOrder(NamedTuple):
    """The order of rows: a path and a direction; ties go by identity. Without a path rows come as they are stored."""

    path: ValuePath | None
    descending: bool = False
    collation: Collation = "code-point"
    word: str = ""


@final
class SortPosition(NamedTuple):
    """A position in an order, at a row or between rows: a sort value and an identity."""

    value: Comparable | None
    identity: Comparable | None


@final
class OffsetSlice(NamedTuple):
    """A page by number: `take` rows after `skip` rows; `take` None means all."""

    skip: int = 0
    take: int | None = None


@final
class CursorSlice(NamedTuple):
    """A page by cursor: at most `take` rows after a position, or before it with `backward`.

    Without a position it is the first page, or the last. `shift` moves the start by a number of rows: a fault.
    """

    take: int
    position: SortPosition | None = None
    backward: bool = False
    shift: int = 0


PageSlice: TypeAlias = "OffsetSlice | CursorSlice"


@final
class Query(NamedTuple):
    """The query of one request over a table: conditions, owners, an order and a page.

    `owners` are ids of customers as rows show them; None means the rows of all customers. `combine` says whether all
    conditions must hold, or any.
    """

    sort_order: SortOrder
    page_slice: PageSlice = OffsetSlice()
    conditions: tuple[Condition, ...] = ()
    owners: frozenset[int | str] | None = None
    matches_nothing: bool = False
    combine: Combine = "all"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """The result of a query as positions in the table: the rows of the page, all matching rows, its start."""

    page_rows: tuple[int, ...]
    matching_rows: RowPositions
    page_start: int

    @property
    def total(self) -> int:
        """How many rows match."""
        return len(self.matching_rows)

    @property
    def is_last(self) -> bool:
        """Whether no matching row follows the page."""
        return self.page_start + len(self.page_rows) >= len(self.matching_rows)


# --- columns ------------------------------------------------------------------------------------------------


@final
class ValueColumn:
    """The values at one path over all rows: distinct values in order, and which rows have which."""

    __slots__ = ("_codes", "_folded", "_length", "_numeric", "_owners", "values")

    def __init__(self, found: Sequence[Sequence[Comparable | None]]) -> None:
        distinct = {value for values in found for value in values if value is not None}
        self.values: list[Any] = sorted(distinct, key=natural_sort_key)
        self._numeric = bool(self.values) and not isinstance(self.values[0], str | date)
        code_of: dict[Hashable, int] = {value: code for code, value in enumerate(self.values)}
        pairs = [(row, code_of[value]) for row, values in enumerate(found) for value in values if value is not None]
        self._owners = np.array([row for row, _ in pairs], dtype=np.int64)
        self._codes = np.array([code for _, code in pairs], dtype=np.int64)
        self._length = len(found)
        self._folded: list[str] | None = None

    def mask_with_any(self) -> Mask:
        """The mask of rows with any value at all."""
        mask = np.zeros(self._length, dtype=np.bool_)
        mask[self._owners] = True
        return mask

    def mask(self, condition: Condition, wanted: Wanted) -> Mask:
        """The mask of rows with a value that compares as the condition says; a row without a value never does.

        Of `not-equal` it is the mask of the rows that do have an equal value.
        """
        mask = np.zeros(self._length, dtype=np.bool_)
        if self.values:
            mask[self._owners[self._chosen_values(condition, wanted)[self._codes]]] = True
        return mask

    def _chosen_values(self, condition: Condition, wanted: Wanted) -> Mask:
        """The mask of the distinct values that compare as the condition says."""
        keeps, inclusive, folded = condition.keeps, condition.inclusive, condition.folded
        chosen = np.zeros(len(self.values), dtype=np.bool_)
        if isinstance(wanted, InstantRange):
            if isinstance(self.values[0], datetime):
                chosen[bisect_left(self.values, wanted.first) : bisect_left(self.values, wanted.until)] = True
            return chosen
        value = self._coerce_wanted(wanted, keeps)
        if value is None:
            return chosen
        test = text_test(condition, value)
        if test is not None:
            chosen[self._scan_values(test, folded=folded)] = True
            return chosen
        match keeps:
            case "equal" | "not-equal" | "in" | "not-in":
                code = bisect_left(self.values, natural_sort_key(value), key=natural_sort_key)
                if code < len(self.values) and self.values[code] == value:
                    chosen[code] = True
            case "at-or-after" | "at-least":
                find = bisect_left if inclusive else bisect_right
                chosen[find(self.values, natural_sort_key(value), key=natural_sort_key) :] = True
            case "at-or-before" | "at-most":
                find = bisect_right if inclusive else bisect_left
                chosen[: find(self.values, natural_sort_key(value), key=natural_sort_key)] = True
            case "below":
                chosen[: bisect_left(self.values, natural_sort_key(value), key=natural_sort_key)] = True
            case "above":
                chosen[bisect_right(self.values, natural_sort_key(value), key=natural_sort_key) :] = True
            case "present" | "absent":
                chosen[:] = True
            case "contains" | "starts" | "ends" | "like":
                raise AssertionError(f"{keeps} compares texts")
            case _:
                assert_never(keeps)
        return chosen

    def _coerce_wanted(self, wanted: Comparable, keeps: Comparison) -> Comparable | None:
        """The wanted value as this column's kind, or None when no value can compare to it."""
        if not self.values or keeps in TEXT_COMPARISONS:
            return wanted
        sample = self.values[0]
        if isinstance(sample, date) or isinstance(wanted, date):
            return wanted if isinstance(sample, date) and type(sample) is type(wanted) else None
        if isinstance(sample, str):
            return wanted if isinstance(wanted, str) else str(wanted)
        if isinstance(wanted, str):
            return int(wanted) if _INTEGER.fullmatch(wanted) else None
        return wanted

    def _scan_values(self, test: Callable[[str], bool], *, folded: bool) -> list[int]:
        if folded:
            if self._folded is None:
                self._folded = [str(value).casefold() for value in self.values]
            return [code for code, text in enumerate(self._folded) if test(text)]
        return [code for code, value in enumerate(self.values) if test(str(value))]

    def ranks(self, collation: Collation) -> tuple[RowPositions, Callable[[Comparable | None], tuple[int, bool]]]:
        """A rank per row (-1 for none, its first value else), and the rank of any value and whether it occurs."""
        keyed = [collation_key(value, collation) for value in self.values]
        keys = sorted(set(keyed))
        rank_of = {key: rank for rank, key in enumerate(keys)}
        by_code = np.array([rank_of[key] for key in keyed], dtype=np.int64)
        ranks = np.full(self._length, -1, dtype=np.int64)
        # Backwards, so that the first of several values stays.
        ranks[self._owners[::-1]] = by_code[self._codes[::-1]]

        def rank(value: Comparable | None) -> tuple[int, bool]:
            if value is None:
                return -1, True
            key = collation_key(value, collation)
            place = bisect_left(keys, key)
            return place, place < len(keys) and keys[place] == key

        return ranks, rank


def text_test(condition: Condition, wanted: Comparable) -> Callable[[str], bool] | None:
    """The test that a condition makes of texts, case-folded ones where it is `folded`; None where values tell."""
    keeps, folded = condition.keeps, condition.folded
    if keeps not in TEXT_COMPARISONS and not (folded and isinstance(wanted, str)):
        return None
    text = str(wanted).casefold() if folded else str(wanted)
    match keeps:
        case "contains":
            return lambda found: text in found
        case "starts":
            return lambda found: found.startswith(text)
        case "ends":
            return lambda found: found.endswith(text)
        case "like":
            pattern = like_pattern(text, condition.wildcards or Wildcards())
            return lambda found: pattern.fullmatch(found) is not None
        case "at-or-after" | "at-least":
            return lambda found: found > text or (found == text and condition.inclusive)
        case "at-or-before" | "at-most":
            return lambda found: found < text or (found == text and condition.inclusive)
        case "above":
            return lambda found: found > text
        case "below":
            return lambda found: found < text
        case _:
            return lambda found: found == text


def like_pattern(text: str, wildcards: Wildcards) -> re.Pattern[str]:
    """The pattern of the texts that are like one with wildcards."""
    pieces: list[str] = []
    signs = iter(text)
    for sign in signs:
        if sign == wildcards.escape:
            pieces.append(re.escape(next(signs, sign)))
        elif sign == wildcards.any:
            pieces.append(".*")
        elif sign == wildcards.one:
            pieces.append(".")
        else:
            pieces.append(re.escape(sign))
    return re.compile("".join(pieces), re.DOTALL)


def natural_sort_key(value: Comparable) -> tuple[int, Any]:
    """A key under which values of any kinds can be sorted together."""
    if isinstance(value, str):
        return 1, value
    if isinstance(value, date):
        return (2 if isinstance(value, datetime) else 3), value
    return 0, value


def collation_key(value: Comparable, collation: Collation) -> tuple[Any, ...]:
    """A key under which values are in the order of a collation."""
    if not isinstance(value, str):
        return natural_sort_key(value)
    match collation:
        case "code-point":
            return 1, value
        case "folded":
            return 1, value.casefold()
        case "numeric":
            parts = _DIGIT_RUNS.split(value)
            return 1, tuple((0, int(part), "") if index % 2 else (1, 0, part) for index, part in enumerate(parts))
        case "natural":
            digits = "".join(_DIGIT_RUNS.findall(value))
            is_number = bool(digits) and not any(one.isalpha() for one in value)
            return (2, int(digits)) if is_number else (1, value.casefold())
        case _:
            assert_never(collation)


# --- the table ----------------------------------------------------------------------------------------------


@final
class Table:
    """A table of rows at one instant that answers queries. Columns and masks are cached as long as it lives."""

    def __init__(
        self,
        length: int,
        *,
        identity: ValuePath,
        values: Callable[[ValuePath | None], Sequence[Sequence[Comparable | None]]],
        owners: Callable[[], Sequence[Sequence[Comparable | None]]],
    ) -> None:
        self._length = length
        self._identity = identity
        self._read_values = values
        self._read_owners = owners
        self._values_by_path: dict[ValuePath | None, Sequence[Sequence[Comparable | None]]] = {}
        self._columns: dict[ValuePath | None, ValueColumn] = {}
        self._owner_column: ValueColumn | None = None
        self._masks: dict[Condition, Mask] = {}
        self._orders: dict[tuple[ValuePath | None, Collation], RowPositions] = {}
        self._ranks: dict[
            tuple[ValuePath | None, Collation], tuple[RowPositions, Callable[[Comparable | None], tuple[int, bool]]]
        ] = {}

    def __len__(self) -> int:
        return self._length

    def column(self, path: ValuePath | None) -> ValueColumn:
        """The column at a path."""
        found = self._columns.get(path)
        if found is None:
            found = self._columns[path] = ValueColumn(self._values_at(path))
        return found

    def _values_at(self, path: ValuePath | None) -> Sequence[Sequence[Comparable | None]]:
        found = self._values_by_path.get(path)
        if found is None:
            found = self._values_by_path[path] = self._read_values(path)
        return found

    def find(self, query: Query) -> QueryResult:
        """The result of a query: the rows of its page, and all that match."""
        matching = self.matching_rows(query)
        match query.page_slice:
            case OffsetSlice(skip=skip, take=take):
                start = min(skip, len(matching))
                page = matching[start:] if take is None else matching[start : start + max(take, 0)]
            case CursorSlice() as walk:
                start, end = self._cursor_bounds(matching, walk, query.sort_order)
                page = matching[start:end]
            case _:
                assert_never(query.cut)
        return QueryResult(page_rows=tuple(page.tolist()), matching_rows=matching, page_start=start)

    def matching_rows(self, query: Query) -> RowPositions:
        """All matching rows as positions, in order."""
        order = self._rows_in_order(query.sort_order)
        if query.matches_nothing:
            return order[:0]
        masks = [self._condition_mask(condition) for condition in query.conditions]
        mask: Mask | None = None
        if masks:
            join = np.logical_and if query.combine == "all" else np.logical_or
            mask = reduce(lambda first, second: join(first, second), masks)
        if query.owners is not None:
            owned = self._owner_mask(query.owners)
            mask = owned if mask is None else mask & owned
        return order if mask is None else order[mask[order]]

    def position_of(self, row: int, sorting: SortOrder) -> SortPosition:
        """The sort position of a row in an order, for a cursor."""
        return SortPosition(
            value=self._first_value(sorting.path, row), identity=self._first_value(self._identity, row)
        )

    def count_distinct(self, rows: Iterable[int], path: ValuePath | None) -> int:
        """The number of different values that these rows have at a path."""
        return len({self._first_value(path, row) for row in rows})

    def _first_value(self, path: ValuePath | None, row: int) -> Comparable | None:
        values = self._values_at(path)[row]
        return values[0] if values else None

    def _condition_mask(self, condition: Condition) -> Mask:
        found = self._masks.get(condition)
        if found is None:
            found = np.zeros(self._length, dtype=np.bool_)
            some = np.zeros(self._length, dtype=np.bool_)
            for path in condition.paths:
                column = self.column(path)
                counts = ~some if condition.first_filled else True
                some = some | column.mask_with_any()
                for wanted in condition.wanted:
                    found |= column.mask(condition, wanted) & counts
            if condition.keeps in ("present", "absent"):
                found = some if condition.keeps == "present" else ~some
            elif condition.keeps == "not-equal":
                found = ~found if condition.absent_kept else some & ~found
            if condition.negated:
                found = ~found
            if len(self._masks) >= _MAX_CACHED_MASKS:
                self._masks.clear()
            self._masks[condition] = found
        return found

    def _owner_mask(self, owners: frozenset[int | str]) -> Mask:
        if self._owner_column is None:
            self._owner_column = ValueColumn(self._read_owners())
        mask = np.zeros(self._length, dtype=np.bool_)
        owned = Condition(parameter="", paths=(), keeps="equal", wanted=())
        for owner in owners:
            mask |= self._owner_column.mask(owned, owner)
        return mask

    def _ranks_of(
        self, path: ValuePath | None, collation: Collation
    ) -> tuple[RowPositions, Callable[[Comparable | None], tuple[int, bool]]]:
        key = (path, collation)
        found = self._ranks.get(key)
        if found is None:
            found = self._ranks[key] = self.column(path).ranks(collation)
        return found

    def _rows_in_order(self, sorting: SortOrder) -> RowPositions:
        key = (sorting.path, sorting.collation)
        order = self._orders.get(key)
        if order is None:
            ranks, _ = self._ranks_of(*key)
            identities, _ = self._ranks_of(self._identity, "code-point")
            order = self._orders[key] = np.lexsort((identities, ranks)).astype(np.int64)
        return order[::-1] if sorting.descending else order

    def _cursor_bounds(self, matching: RowPositions, walk: CursorSlice, sorting: SortOrder) -> tuple[int, int]:
        if walk.position is None:
            if walk.backward:
                return max(0, len(matching) - walk.take), len(matching)
            return 0, walk.take
        before, upto = self._count_before_and_through(matching, walk.position, sorting)
        if walk.backward:
            return max(0, before - walk.take), before
        start = max(0, upto + walk.shift)
        return start, start + walk.take

    def _count_before_and_through(
        self, matching: RowPositions, place: SortPosition, sorting: SortOrder
    ) -> tuple[int, int]:
        """The number of matching rows before a sort position, and the number before or at it."""
        ranks, rank_of = self._ranks_of(sorting.path, sorting.collation)
        identities, identity_rank_of = self._ranks_of(self._identity, "code-point")
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
