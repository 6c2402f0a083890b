"""Attributes of many rows as columns: numbers as whole numbers, texts as places in pools of texts.

A world makes them, the wire writes them: what has few values is never written out for every row. `series` gives the
plain column, where a value is needed as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import add
from typing import Concatenate, Final, Generic, ParamSpec, TypeAlias, TypeVar, cast, final
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl
from numpy.typing import NDArray

from harness.telephony.attributes import AttributeKind

P = ParamSpec("P")
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

# So many texts are joined in one go.
_MANY: Final = 4096
_INSTANT_TYPE: Final = pl.Datetime("ms", "UTC")
# What is made of an object in more ways than these is not met again.
_MOST_WAYS: Final = 256
# How many of its units make one: milliseconds a second, ten-thousandths the unit of money.
UNITS: Final = {AttributeKind.SECONDS: 1000, AttributeKind.DECIMAL: 10_000}


@final
class TextPool:
    """A pool of strings, each with its index as a code."""

    __slots__ = ("__weakref__", "_series", "texts")

    def __init__(self, strings: tuple[str, ...]) -> None:
        self.texts = strings
        self._series = pl.Series([*strings, None, ""], dtype=pl.String)

    def __len__(self) -> int:
        return len(self.texts)

    def texts_of(self, codes: Integers, present: Flags | None = None) -> pl.Series:
        """A column with the string of each code; null where the code is negative or not present."""
        if present is not None or codes.min(initial=0) < 0:
            kept = codes >= 0 if present is None else present & (codes >= 0)
            codes = np.where(kept, codes, len(self.texts))
        # Not by `gather`: its query plan would cost more than the work for the few rows of a page.
        return self._series[pl.Series(codes.astype(np.uint32))]

    def parts_of(self, codes: Integers) -> pl.Series:
        """A column with the string of each code; the empty text where the code is negative."""
        if codes.min(initial=0) < 0:
            codes = np.where(codes >= 0, codes, len(self.texts) + 1)
        return self._series[pl.Series(codes.astype(np.uint32))]


@final
class MadeOf(Generic[K, T]):
    """What was made of an object that is known by its identity; it is kept as long as that object is.

    Pools of a few rows go with these rows, and take with them what was made of their texts: how much is kept does not
    grow with the rows. What is made must not hold the object.
    """

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[K, dict[Hashable, T]] = WeakKeyDictionary()

    def __len__(self) -> int:
        """How many objects there are of which something was made."""
        return len(self._kept)

    def once(self, origin: K, how: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, or has given before for this object in the same way."""
        made = self._kept.get(origin)
        if made is None:
            made = self._kept.setdefault(origin, {})
        if how not in made:
            if len(made) == _MOST_WAYS:
                made.clear()
            made[how] = make()
        return made[how]


def made_once(make: Callable[Concatenate[TextPool, P], T]) -> Callable[Concatenate[TextPool, P], T]:
    """A function of a pool (and of arguments that can be told apart) that does its work once for each."""
    kept = MadeOf[TextPool, T]()

    def made(pool: TextPool, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return kept.once(pool, (args, *kwargs.items()), lambda: make(pool, *args, **kwargs))

    return made


_UNITED: Final = MadeOf[TextPool, "MadeOf[TextPool, TextPool]"]()


def united_pool(first: TextPool, second: TextPool) -> TextPool:
    """One pool with the strings of both, those of the first first; the same pool for the same two."""
    return _UNITED.once(first, None, MadeOf[TextPool, TextPool]).once(
        second, None, lambda: TextPool(first.texts + second.texts)
    )


@lru_cache(maxsize=256)
def pool_of_texts(*texts: str) -> TextPool:
    """The pool of some texts; the same pool for the same texts."""
    return TextPool(texts)


@final
@dataclass(frozen=True, slots=True)
class PooledTexts:
    """For each row the code of a text in a pool; a negative code is no text at all."""

    pool: TextPool
    codes: Integers


@final
@dataclass(frozen=True, slots=True)
class IntegerTexts:
    """For each row a number that is not negative, written with at least `width` digits."""

    values: Integers
    width: int = 1


TextPart: TypeAlias = "PooledTexts | IntegerTexts | str"


@final
@dataclass(frozen=True, slots=True)
class TextColumn:
    """Texts, each put together from the parts side by side; none where `present` does not hold.

    Where a text is none, its parts say nothing.
    """

    length: int
    parts: tuple[TextPart, ...]
    present: Flags | None = None

    def __len__(self) -> int:
        return self.length

    def series(self) -> pl.Series:
        """The texts written out; null where there is none."""
        if len(self.parts) == 1 and isinstance(self.parts[0], PooledTexts):
            return self.parts[0].pool.texts_of(self.parts[0].codes, self.present)
        if not self.length:
            return pl.Series([], dtype=pl.String)
        written = [self._written_out(part) for part in self.parts]
        if self.length < _MANY:
            # Of few rows a query plan would cost more than the work.
            joined = reduce(add, written)
        else:
            joined = pl.select(pl.concat_str([pl.lit(part) for part in written])).to_series()
        if len(joined) != self.length:
            joined = joined.new_from_index(0, self.length)
        return joined if self.present is None else joined.set(pl.Series(~self.present), None)

    @staticmethod
    def _written_out(part: TextPart) -> pl.Series:
        match part:
            case str():
                return pl.Series([part], dtype=pl.String)
            case PooledTexts():
                return part.pool.parts_of(part.codes)
            case IntegerTexts():
                texts = pl.Series(part.values, dtype=pl.Int64).cast(pl.String)
                return texts.str.zfill(part.width) if part.width > 1 else texts


@final
@dataclass(frozen=True, slots=True)
class NumberColumn:
    """Numbers as whole ones: milliseconds for instants and seconds, ten-thousandths for money, 0 and 1 for flags.

    `kind` is the attribute's; there is none where `present` does not hold.
    """

    kind: AttributeKind
    values: Integers
    present: Flags | None = None

    def __len__(self) -> int:
        return len(self.values)

    def series(self) -> pl.Series:
        """The values as they are; null where there is none."""
        match self.kind:
            case AttributeKind.SECONDS | AttributeKind.DECIMAL:
                series = pl.Series(self.values / UNITS[self.kind], dtype=pl.Float64)
            case AttributeKind.FLAG:
                series = pl.Series(self.values.astype(np.bool_), dtype=pl.Boolean)
            case _:
                series = pl.Series(self.values, dtype=pl.Int64)
        if self.present is not None:
            # Most columns are made for the few rows of a page: a query plan would cost more than the work.
            series = series.set(pl.Series(~self.present), None)
        return series.cast(_INSTANT_TYPE) if self.kind is AttributeKind.INSTANT else series


@final
@dataclass(frozen=True, slots=True)
class TextListColumn:
    """Lists of texts: of each row the items that are there, in their order."""

    length: int
    items: tuple[TextColumn, ...]

    def __len__(self) -> int:
        return self.length

    def series(self) -> pl.Series:
        """The lists; an empty one where there are no items."""
        if not self.items:
            return pl.Series([[]] * self.length, dtype=pl.List(pl.String))
        lists = pl.concat_list([pl.lit(item.series()) for item in self.items]).list.drop_nulls()
        return pl.select(lists).to_series().cast(pl.List(pl.String))


Column: TypeAlias = "TextColumn | NumberColumn | TextListColumn"


def pooled_column(pool: TextPool, codes: Integers, present: Flags | None = None) -> TextColumn:
    """A column with the text of each code; none where the code is negative or not present."""
    if codes.min(initial=0) < 0:
        known = codes >= 0
        present = known if present is None else present & known
    return TextColumn(len(codes), (PooledTexts(pool, codes),), present)


def joined_column(*parts: TextColumn | NumberColumn | str) -> TextColumn:
    """A column of texts joined from parts; none where a part is none. Numbers are whole and not negative."""
    length = next(len(part) for part in parts if not isinstance(part, str))
    found: list[TextPart] = []
    present: Flags | None = None
    for part in parts:
        if isinstance(part, str):
            found.append(part)
            continue
        found += part.parts if isinstance(part, TextColumn) else (IntegerTexts(part.values),)
        if part.present is not None:
            present = part.present if present is None else present & part.present
    return TextColumn(length, tuple(found), present)


def digits_column(values: Integers, width: int = 1) -> TextColumn:
    """A column of whole numbers as texts, with leading zeros."""
    return TextColumn(len(values), (IntegerTexts(values, width),))


def present_where(present: Flags, column: Column) -> TextColumn | NumberColumn:
    """The column, of texts or numbers, without the values where `present` does not hold."""
    if isinstance(column, TextListColumn):
        raise TypeError("a list of texts may be empty, but is never none")
    both = present if column.present is None else present & column.present
    if isinstance(column, TextColumn):
        return TextColumn(column.length, column.parts, both)
    return NumberColumn(column.kind, column.values, both)


def text_where(present: Flags, column: TextColumn) -> TextColumn:
    """The column of texts without those where `present` does not hold."""
    return cast(TextColumn, present_where(present, column))


def case_column(otherwise: TextColumn, *cases: tuple[Flags, TextColumn]) -> TextColumn:
    """A column with the text of the first case that holds for each row, or the fallback."""
    result = otherwise
    for holds, column in reversed(cases):
        result = _chosen_column(result, holds, column, None)
    return result


def replace_rows(column: Column, here: Flags, values: Column) -> Column:
    """The column with other values, one for each row of `here` in order."""
    if isinstance(column, TextColumn) and isinstance(values, TextColumn):
        return _chosen_column(column, here, values, np.flatnonzero(here))
    if isinstance(column, NumberColumn) and isinstance(values, NumberColumn):
        numbers = column.values.copy()
        numbers[here] = values.values
        return NumberColumn(column.kind, numbers, _replaced_presence(column, here, values))
    if isinstance(column, TextListColumn) and isinstance(values, TextListColumn):
        kept = [text_where(~here, item) for item in column.items]
        nothing = no_texts(len(column))
        added = [cast(TextColumn, replace_rows(nothing, here, item)) for item in values.items]
        return TextListColumn(len(column), (*kept, *added))
    raise TypeError("a column is replaced by one of its own kind")


def _replaced_presence(
    column: TextColumn | NumberColumn, here: Flags, values: TextColumn | NumberColumn
) -> Flags | None:
    if column.present is None and values.present is None:
        return None
    present = np.ones(len(column), dtype=np.bool_) if column.present is None else column.present.copy()
    present[here] = True if values.present is None else values.present
    return present


def _chosen_column(first: TextColumn, holds: Flags, second: TextColumn, places: Integers | None) -> TextColumn:
    """The first column, and the second where it is chosen: row by row, or one value for each of some places."""
    parts: list[TextPart] = []
    for index in range(max(len(first.parts), len(second.parts))):
        pools, codes = zip(*(_as_pooled(column, index) for column in (first, second)), strict=True)
        if pools[0] is pools[1]:
            pool, beyond = pools[0], codes[1]
        else:
            pool, beyond = united_pool(*pools), np.where(codes[1] >= 0, codes[1] + len(pools[0]), -1)
        if places is None:
            chosen = np.where(holds, beyond, codes[0])
        else:
            chosen = codes[0].copy()
            chosen[places] = beyond
        parts.append(PooledTexts(pool, chosen))
    if places is not None:
        return TextColumn(first.length, tuple(parts), _replaced_presence(first, holds, second))
    if first.present is None and second.present is None:
        return TextColumn(first.length, tuple(parts))
    own, other = (True if one.present is None else one.present for one in (first, second))
    return TextColumn(first.length, tuple(parts), np.where(holds, other, own))


def _as_pooled(column: TextColumn, index: int) -> tuple[TextPool, Integers]:
    part: TextPart = column.parts[index] if index < len(column.parts) else ""
    if isinstance(part, PooledTexts):
        return part.pool, part.codes
    if isinstance(part, str):
        return pool_of_texts(part), np.zeros(column.length, dtype=np.int64)
    # Numbers have no pool: theirs is made of those that occur.
    found, codes = np.unique(part.values, return_inverse=True)
    return TextPool(tuple(str(number).zfill(part.width) for number in found.tolist())), codes.astype(np.int64)


def texts_column(values: Sequence[str | None]) -> TextColumn:
    """A column of given texts; each has its own place in a pool of them."""
    found: dict[str, int] = {}
    codes = [-1 if value is None else found.setdefault(value, len(found)) for value in values]
    return pooled_column(TextPool(tuple(found)), np.asarray(codes, dtype=np.int64))


def no_texts(length: int) -> TextColumn:
    """A column of texts without any."""
    return TextColumn(length, ("",), np.zeros(length, dtype=np.bool_))


def column_at_places(column: Column, places: Integers) -> Column:
    """The rows of a column at some places, in their order."""
    if isinstance(column, TextListColumn):
        items = (cast(TextColumn, column_at_places(item, places)) for item in column.items)
        return TextListColumn(len(places), tuple(items))
    present = None if column.present is None else column.present[places]
    if isinstance(column, NumberColumn):
        return NumberColumn(column.kind, column.values[places], present)
    return TextColumn(len(places), tuple(_part_at_places(part, places) for part in column.parts), present)


def _part_at_places(part: TextPart, places: Integers) -> TextPart:
    match part:
        case PooledTexts():
            return PooledTexts(part.pool, part.codes[places])
        case IntegerTexts():
            return IntegerTexts(part.values[places], part.width)
        case str():
            return part
