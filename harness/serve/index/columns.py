"""Columns over millions of rows: every row has a whole number as its key, and to compare values is to compare keys.

A condition becomes intervals of keys. An index, made when first needed, finds the rows with keys in them.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from math import ceil, floor
from typing import Any, Final, Protocol, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from harness.serve.query.table import (
    TEXT_COMPARISONS,
    Comparable,
    Condition,
    InstantRange,
    Wanted,
    collation_key,
    natural_sort_key,
    text_test,
)
from harness.specification.model import Collation, IdForm
from harness.wire.id_forms import attribute_value
from harness.world.ordered_rows import NO_VALUE, hash_of_text

Keys: TypeAlias = "NDArray[np.int64] | NDArray[np.int32]"
RowNumbers: TypeAlias = "NDArray[np.int64] | NDArray[np.int32]"
BoolArray: TypeAlias = NDArray[np.bool_]
KeyIntervals: TypeAlias = "tuple[tuple[int, int], ...]"

_INTEGER: Final = re.compile(r"-?[0-9]{1,64}", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST_KEY: Final = NO_VALUE + 1
_MOST_KEY: Final = 2**63 - 1


# --- values and keys ----------------------------------------------------------------------------------------


class KeyCodec(Protocol):
    """The mapping between the values of a column and its integer keys."""

    def value(self, key: int) -> Comparable | None:
        """The value of a key; None for the key of none."""
        ...

    def key_range(self, wanted: Comparable) -> tuple[int, int] | None:
        """The keys of values that equal a wanted one, half open; None when nothing compares to it.

        An empty span stands where such a value would be.
        """
        ...


@final
@dataclass(frozen=True, slots=True)
class InstantKeys:
    """Keys of instants: the number of units of `unit_microseconds` since 1970-01-01 UTC."""

    unit_microseconds: int

    def value(self, key: int) -> Comparable | None:
        return None if key == NO_VALUE else _EPOCH + timedelta(microseconds=key * self.unit_microseconds)

    def key_range(self, wanted: Comparable) -> tuple[int, int] | None:
        if not isinstance(wanted, datetime):
            return None
        micros = (wanted - _EPOCH) // timedelta(microseconds=1)
        return -(-micros // self.unit_microseconds), micros // self.unit_microseconds + 1


@final
@dataclass(frozen=True, slots=True)
class NumberKeys:
    """Keys of numbers: the number itself, times ten to the `decimal_places`."""

    decimal_places: int = 0

    def value(self, key: int) -> Comparable | None:
        if key == NO_VALUE:
            return None
        return Decimal(key).scaleb(-self.decimal_places) if self.decimal_places else key

    def key_range(self, wanted: Comparable) -> tuple[int, int] | None:
        if isinstance(wanted, date):
            return None
        if isinstance(wanted, str):
            if not _INTEGER.fullmatch(wanted):
                return None
            wanted = int(wanted)
        exact = Decimal(wanted).scaleb(self.decimal_places) if self.decimal_places else wanted
        return _clamp_key(ceil(exact)), _clamp_key(floor(exact) + 1)


@final
@dataclass(frozen=True, slots=True)
class DictionaryKeys:
    """Keys that are positions in `values`, the sorted list of all values, which are of one kind."""

    values: Sequence[Any]

    def value(self, key: int) -> Comparable | None:
        return None if key < 0 else self.values[key]

    def key_range(self, wanted: Comparable) -> tuple[int, int] | None:
        if not self.values:
            return None
        sample = self.values[0]
        if isinstance(sample, date) or isinstance(wanted, date):
            if not isinstance(sample, date) or type(sample) is not type(wanted):
                return None
        elif isinstance(sample, str):
            wanted = wanted if isinstance(wanted, str) else str(wanted)
        elif isinstance(wanted, str):
            if not _INTEGER.fullmatch(wanted):
                return None
            wanted = int(wanted)
        key = natural_sort_key(wanted)
        return bisect_left(self.values, key, key=natural_sort_key), bisect_right(
            self.values, key, key=natural_sort_key
        )


@final
@dataclass(frozen=True, slots=True)
class HashKeys:
    """Keys that are hashes of texts: they compare for equality only."""

    def value(self, key: int) -> Comparable | None:
        raise NotImplementedError("a hash does not tell its text")

    def key_range(self, wanted: Comparable) -> tuple[int, int] | None:
        if isinstance(wanted, date):
            return None
        key = hash_of_text(wanted if isinstance(wanted, str) else str(wanted))
        return key, key + 1


@final
@dataclass(frozen=True, slots=True)
class IdKeys:
    """Keys of an attribute that is shown as ids of the API's own form: they compare for equality only."""

    inner: KeyCodec
    form: IdForm | str
    attribute: str

    def value(self, key: int) -> Comparable | None:
        raise NotImplementedError("the key is that of the attribute, not of its id")

    def key_range(self, wanted: Comparable) -> tuple[int, int] | None:
        origin = attribute_value(self.form, self.attribute, wanted) if isinstance(wanted, str) else None
        return None if origin is None else self.inner.key_range(origin)


def _clamp_key(key: int) -> int:
    return max(_LEAST_KEY, min(key, _MOST_KEY))


# --- columns ------------------------------------------------------------------------------------------------


@final
class KeyColumn:
    """The keys of all rows at one path. `rows` has the row of each key where a row may have several values.

    Without `rows` the keys stand row by row. `changes_while_live`: rows of live calls may show another value. The
    keys of an `is_ascending` column never fall.
    """

    def __init__(self, keys: Keys, scale: KeyCodec, *, rows: RowNumbers | None = None, changes: bool = False) -> None:
        self.keys = keys
        self.codec = scale
        self.rows = rows
        self.changes_while_live = changes
        self._folded: list[str] | None = None
        self._by_collation: dict[Collation, KeyColumn] = {}

    @cached_property
    def is_ascending(self) -> bool:
        """Whether keys never fall from row to row, so that a range of keys is a range of rows."""
        return self.rows is None and bool((self.keys[1:] >= self.keys[:-1]).all())

    @property
    def is_dictionary_encoded(self) -> bool:
        """Whether keys are positions in a list of the values that occur, so that other values have none."""
        return isinstance(self.codec, DictionaryKeys)

    @property
    def none_key(self) -> int:
        """The key of a row without a value."""
        return -1 if isinstance(self.codec, DictionaryKeys | CollationKeys) else NO_VALUE

    @cached_property
    def _index(self) -> tuple[RowNumbers, Keys]:
        """The keys' places in order of the keys, and the keys in order."""
        small = np.int32 if len(self.keys) < 2**31 else np.int64
        order: NDArray[Any] = np.argsort(self.keys, kind="stable").astype(small)
        return order, self.keys[order]

    def find_intervals(self, condition: Condition) -> KeyIntervals:
        """The keys of the values that a condition keeps, whatever of it is negated; that of none is never one."""
        if condition.keeps == "present":
            return (self._bounds,) if self._bounds[0] < self._bounds[1] else ()
        return merge_intervals(
            [interval for wanted in condition.wanted for interval in self._intervals_of(condition, wanted)]
        )

    @property
    def _bounds(self) -> tuple[int, int]:
        """The interval of all keys of values."""
        return (0, len(self.codec.values)) if isinstance(self.codec, DictionaryKeys) else (_LEAST_KEY, _MOST_KEY)

    def _intervals_of(self, condition: Condition, wanted: Wanted) -> KeyIntervals:
        keeps, inclusive = condition.keeps, condition.inclusive
        if isinstance(wanted, InstantRange):
            first, until = self.codec.key_range(wanted.first), self.codec.key_range(wanted.until)
            found = (first[0], until[0]) if first is not None and until is not None else (0, 0)
            return (found,) if found[0] < found[1] else ()
        if keeps in TEXT_COMPARISONS or (isinstance(wanted, str) and self._is_text()):
            test = text_test(condition, wanted)
            if test is not None:
                return self._scan_values(test, folded=condition.folded)
        span = self.codec.key_range(wanted)
        if span is None:
            return ()
        low, high = span
        least, most = self._bounds
        match keeps:
            case "equal":
                found = (low, high)
            case "at-or-after" | "at-least":
                found = (low if inclusive else high, most)
            case "at-or-before" | "at-most":
                found = (least, high if inclusive else low)
            case "below":
                found = (least, low)
            case _:
                found = (high, most)
        return (found,) if found[0] < found[1] else ()

    def _is_text(self) -> bool:
        return (
            isinstance(self.codec, DictionaryKeys)
            and bool(self.codec.values)
            and isinstance(self.codec.values[0], str)
        )

    def _scan_values(self, test: Callable[[str], bool], *, folded: bool) -> KeyIntervals:
        if not isinstance(self.codec, DictionaryKeys):
            keys = [int(key) for key in np.unique(self.keys) if key != NO_VALUE]
            texts = [str(self.codec.value(key)) for key in keys]
            texts = [text.casefold() for text in texts] if folded else texts
            return merge_intervals([(key, key + 1) for key, text in zip(keys, texts, strict=True) if test(text)])
        values: Sequence[Any] = self.codec.values
        if folded:
            if self._folded is None:
                self._folded = [str(value).casefold() for value in values]
            values = self._folded
        return merge_intervals([(code, code + 1) for code, text in enumerate(values) if test(str(text))])

    # --- which rows -----------------------------------------------------------------------------------------

    def count_keys(self, chosen: KeyIntervals) -> int:
        """The number of keys in the intervals."""
        return sum(last - first for first, last in self._index_ranges(chosen))

    def _index_ranges(self, chosen: KeyIntervals) -> list[tuple[int, int]]:
        _, keys = self._index
        return [(lower_bound(keys, low), lower_bound(keys, high)) for low, high in chosen]

    def find_rows(self, chosen: KeyIntervals) -> RowNumbers:
        """The rows with a key in the intervals, ascending."""
        order, keys = self._index
        pieces = [order[first:last] for first, last in self._index_ranges(chosen)]
        one = len(chosen) == 1 and chosen[0][0] + 1 == chosen[0][1]
        if one and self.rows is None:
            # The index is stable: rows of one key ascend.
            return pieces[0]
        found = np.concatenate(pieces) if pieces else order[:0]
        if self.rows is not None:
            return np.unique(self.rows[found])
        if len(found) * 4 > len(keys):
            return np.flatnonzero(keys_in_intervals(self.keys, chosen))
        return np.sort(found)

    def match_rows(self, rows: RowNumbers, chosen: KeyIntervals) -> BoolArray:
        """A mask of the given rows: whether each has a key in the intervals."""
        if self.rows is None:
            return keys_in_intervals(self.keys[rows], chosen)
        having = self.find_rows(chosen)
        if not len(having):
            return np.zeros(len(rows), dtype=np.bool_)
        places = np.minimum(np.searchsorted(having, rows.astype(having.dtype)), len(having) - 1)
        found: BoolArray = having[places] == rows
        return found

    # --- in which order -------------------------------------------------------------------------------------

    def with_collation(self, collation: Collation) -> KeyColumn:
        """The same column with keys in the order of a collation."""
        if collation == "code-point" or not self._is_text() or not isinstance(self.codec, DictionaryKeys):
            return self
        found = self._by_collation.get(collation)
        if found is None:
            keyed = [collation_key(value, collation) for value in self.codec.values]
            ordered = sorted(set(keyed))
            place = {key: rank for rank, key in enumerate(ordered)}
            table = np.asarray([*(place[key] for key in keyed), -1], dtype=np.int32)
            scale = CollationKeys(self.codec, self.keys, ordered, collation)
            found = self._by_collation[collation] = KeyColumn(
                table[self.keys], scale, changes=self.changes_while_live
            )
        return found


@final
@dataclass(frozen=True, slots=True, eq=False)
class CollationKeys:
    """Keys that are ranks under a collation; texts that the collation takes for equal share a key."""

    dictionary: DictionaryKeys
    codes: Keys
    ordered: Sequence[Any]
    collation: Collation

    def value(self, key: int) -> Comparable | None:
        raise NotImplementedError("a rank may stand for several texts")

    def key_range(self, wanted: Comparable) -> tuple[int, int] | None:
        key = collation_key(wanted, self.collation)
        return bisect_left(self.ordered, key), bisect_right(self.ordered, key)


def lower_bound(keys: Keys, key: int) -> int:
    """The first position in ascending keys at which a key could be inserted."""
    if keys.dtype == np.int32:
        # In the array's own type: any other would copy the whole array.
        return int(keys.searchsorted(np.int32(max(-(2**31), min(key, 2**31 - 1)))))
    return int(keys.searchsorted(np.int64(key)))


def keys_in_intervals(keys: Keys, chosen: KeyIntervals) -> BoolArray:
    """A mask of the keys: whether each is in one of the intervals."""
    if len(chosen) > 3:
        starts = np.asarray([low for low, _ in chosen], dtype=np.int64)
        ends = np.asarray([high for _, high in chosen], dtype=np.int64)
        places = np.searchsorted(starts, keys, side="right") - 1
        inside: BoolArray = (places >= 0) & (keys < ends[np.maximum(places, 0)])
        return inside
    found = np.zeros(len(keys), dtype=np.bool_)
    for low, high in chosen:
        found |= keys == low if high == low + 1 else (keys >= low) & (keys < high)
    return found


def merge_intervals(intervals: Sequence[tuple[int, int]]) -> KeyIntervals:
    """Intervals with the same keys, ascending and without overlap."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(intervals):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def column_from_values(found: Sequence[tuple[int, Comparable | None]], length: int, *, changes: bool) -> KeyColumn:
    """A column from pairs of row and value, ascending by row, over `length` rows."""
    distinct = {value for _, value in found if value is not None}
    values: list[Any] = sorted(distinct, key=natural_sort_key)
    code_of: dict[Hashable, int] = {value: code for code, value in enumerate(values)}
    codes = np.asarray([-1 if value is None else code_of[value] for _, value in found], dtype=np.int32)
    rows = np.asarray([row for row, _ in found], dtype=np.int64)
    flat = len(rows) == length and bool((rows == np.arange(length)).all())
    return KeyColumn(codes, DictionaryKeys(values), rows=None if flat else rows, changes=changes)
