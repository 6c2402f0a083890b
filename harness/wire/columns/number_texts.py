"""Numbers as texts in parts: groups of digits that are looked up."""

from __future__ import annotations

from functools import lru_cache
from math import gcd
from typing import Final

import numpy as np

from harness.telephony.attributes import AttributeKind
from harness.telephony.columns import (
    UNITS,
    Integers,
    IntegerTexts,
    NumberColumn,
    PooledTexts,
    TextPart,
    TextPool,
    pool_of_texts,
)
from harness.wire.columns.column_source import NotVectorised

_GROUP: Final = 10_000
_PLAIN: Final = 1 << 14
# Numbers so near to one another have a small pool of their own.
_NEAR: Final = 1 << 9
# What is larger might leave 64 bits on the way.
_LARGEST: Final = 1 << 62


# Numbers that rise from row to row never come back.
@lru_cache(maxsize=16)
def _numbers_from(least: int, many: int) -> TextPool:
    return TextPool(tuple(map(str, range(least, least + many))))


@lru_cache(maxsize=8)
def _padded_numbers(width: int) -> TextPool:
    return TextPool(tuple(f"{number:0{width}d}" for number in range(10**width)))


@lru_cache(maxsize=1)
def _following_groups() -> TextPool:
    """Groups of four digits: plain ones, where nothing but zeros stands before, then padded ones."""
    return TextPool((*map(str, range(_GROUP)), *(f"{number:04d}" for number in range(_GROUP))))


def number_parts(values: Integers, width: int = 1) -> tuple[TextPart, ...]:
    """The parts of whole numbers as texts, with at least so many digits; numbers below 0 have a sign before them."""
    if not len(values):
        return ("",)
    least, most = int(values.min()), int(values.max())
    if least < 0:
        if width > 1 or least < -_LARGEST:
            raise NotVectorised("a padded or very large number below 0")
        sign = np.where(values < 0, 0, -1)
        return (PooledTexts(pool_of_texts("-"), sign), *number_parts(np.abs(values)))
    if width > 1:
        return _wide_parts(values, most, width)
    if most - least < _NEAR:
        # Always of a pool, also where all are the same: a text of its own would be joined to others anew each time.
        step = 1 << max((most - least).bit_length(), 3)
        lowest = least // step * step
        return (PooledTexts(_numbers_from(lowest, 2 * step), values - lowest),)
    if most < _PLAIN:
        return (PooledTexts(_numbers_from(0, _PLAIN), values),)
    high, low = np.divmod(values, _GROUP)
    if least >= _GROUP:
        return (*number_parts(high), PooledTexts(_padded_numbers(4), low))
    # Where all of the higher groups are 0, none of them is written.
    first = high > 0
    parts = (_silenced(part, first) for part in number_parts(high))
    return (*parts, PooledTexts(_following_groups(), low + first * _GROUP))


def _silenced(part: TextPart, kept: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> TextPart:
    if isinstance(part, IntegerTexts):
        raise NotVectorised("a number of an unusual size")
    if isinstance(part, str):
        return PooledTexts(pool_of_texts(part), np.where(kept, 0, -1))
    return PooledTexts(part.pool, np.where(kept, part.codes, -1))


def _wide_parts(values: Integers, most: int, width: int) -> tuple[TextPart, ...]:
    if width > 18:
        raise NotVectorised(f"a number of {width} digits")
    before: tuple[TextPart, ...] = ()
    if most >= 10**width:
        high, values = np.divmod(values, 10**width)
        before = tuple(_silenced(part, high > 0) for part in number_parts(high))
    groups: list[TextPart] = []
    while width > 4:
        values, low = np.divmod(values, _GROUP)
        groups.append(_padded_part(low, 4))
        width -= 4
    return (*before, _padded_part(values, width), *reversed(groups))


def _padded_part(values: Integers, width: int) -> TextPart:
    if int(values.max()) < 64 and width > 2:
        return PooledTexts(_few_padded_numbers(width), values)
    return PooledTexts(_padded_numbers(width), values)


@lru_cache(maxsize=8)
def _few_padded_numbers(width: int) -> TextPool:
    return TextPool(tuple(f"{number:0{width}d}" for number in range(64)))


def scaled_numbers(column: NumberColumn, *, unit: str, digits: int, whole: bool, negative: bool) -> Integers:
    """The numbers that a field shows, times ten to the power of its digits; `whole` for those without digits."""
    scale = UNITS.get(column.kind, 1)
    values = column.values
    if column.present is not None:
        values = np.where(column.present, values, 0)
    above, below = 1, scale
    if unit == "milliseconds":
        above = 1000
    elif unit in ("minutes", "hours"):
        below *= 60 if unit == "minutes" else 3600
    if not whole:
        above *= 10**digits
    common = gcd(above, below)
    above, below = above // common, below // common
    if len(values) and (int(values.min()) < 0 or int(values.max()) >= _LARGEST // max(above, 1)):
        raise NotVectorised("a number below 0, or a very large one")
    found = values * above
    if below > 1:
        found, rest = np.divmod(found, below)
        if not whole:
            # Halves to the even neighbour.
            found = found + ((rest * 2 > below) | ((rest * 2 == below) & (found % 2 == 1)))
    return -found if negative else found


def is_number(kind: AttributeKind) -> bool:
    """Whether the values of a kind of attribute are numbers or flags."""
    return kind in (AttributeKind.INTEGER, AttributeKind.SECONDS, AttributeKind.DECIMAL, AttributeKind.FLAG)


def decimal_parts(scaled: Integers, digits: int) -> tuple[TextPart, ...]:
    """The parts of numbers with so many digits after the dot, from such numbers without the dot."""
    sign: tuple[TextPart, ...] = ()
    if len(scaled) and int(scaled.min()) < 0:
        sign = (PooledTexts(pool_of_texts("-"), np.where(scaled < 0, 0, -1)),)
        scaled = np.abs(scaled)
    if not digits:
        return (*sign, *number_parts(scaled))
    whole, rest = np.divmod(scaled, 10**digits)
    fraction = _wide_parts(rest, 0, digits)
    return (*sign, *number_parts(whole), ".", *fraction)
