"""Ids of an API's own form as texts in parts: the permutation of `harness.wire.id_forms` in two words of 64 bits."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from harness.specification.model import IdForm
from harness.specification.value_forms import UUID_BITS
from harness.telephony.attributes import ID_ALPHABETS, AttributeKind
from harness.telephony.columns import (
    Column,
    Integers,
    NumberColumn,
    PooledTexts,
    TextColumn,
    TextPart,
    TextPool,
    made_once,
)
from harness.wire.columns.column_source import NotVectorised
from harness.wire.id_forms import IdMix, id_mix

Words = NDArray[np.uint64]

_MASK: Final = np.uint64(0xFFFFFFFF)
_HALF: Final = np.uint64(32)
_LARGEST: Final = 1 << 62


def id_parts(form: Literal["uuid"] | IdForm, attribute: str, column: Column) -> tuple[TextPart, ...]:
    """The parts of the ids that stand for the values of an attribute."""
    if isinstance(form, IdForm) and (form.of != "hexadecimal" or form.digits > 32):
        raise NotVectorised(f"an id of {form.digits} {form.of} digits")
    numbers = _numbers_of(attribute, column).astype(np.uint64)
    bits = UUID_BITS if isinstance(form, str) else 4 * form.digits
    high, low = _images(numbers, id_mix(form), bits)
    if isinstance(form, IdForm):
        groups = _hexadecimal_groups(high, low, form.digits)
        return (form.prefix, *groups) if form.prefix else tuple(groups)
    # The six bits that tell version and variant part the number: 48 and 12 bits, then 62.
    upper = (high << np.uint64(2)) | (low >> np.uint64(62))
    lower = (low & np.uint64((1 << 62) - 1)) | np.uint64(1 << 63)
    first, rest = upper >> np.uint64(12), upper & np.uint64(0xFFF)
    return (
        _hexadecimal_part(first >> _HALF, 4),
        _hexadecimal_part(first >> np.uint64(16), 4),
        _hexadecimal_part(first, 4, "-"),
        _hexadecimal_part(rest, 3, "-4"),
        _hexadecimal_part(lower >> np.uint64(48), 4, "-"),
        _hexadecimal_part(lower >> _HALF, 4, "-"),
        _hexadecimal_part(lower >> np.uint64(16), 4),
        _hexadecimal_part(lower, 4),
    )


def _numbers_of(attribute: str, column: Column) -> Integers:
    """The number that an attribute's value is, as `id_forms` counts."""
    alphabet = ID_ALPHABETS[attribute]
    if isinstance(column, NumberColumn) and column.kind is AttributeKind.INTEGER and not alphabet:
        return column.values if column.present is None else np.where(column.present, column.values, 0)
    if not isinstance(column, TextColumn) or not alphabet:
        raise NotVectorised(f"an id of {attribute}")
    numbers = np.zeros(len(column), dtype=np.int64)
    longest = 0
    for part in column.parts:
        if not isinstance(part, PooledTexts):
            raise NotVectorised(f"an id of {attribute}, which is long")
        values, powers, length = _numbers_of_pool(part.pool, alphabet)
        longest += length
        if len(alphabet) ** (longest + 1) > _LARGEST:
            raise NotVectorised(f"an id of {attribute}, which is long")
        numbers = numbers * powers[part.codes] + values[part.codes]
    return numbers


@made_once
def _numbers_of_pool(pool: TextPool, alphabet: str) -> tuple[Integers, Integers, int]:
    """Of each text its number, and the factor that moves what stands before it; the last is that of no text."""
    longest = max((len(text) for text in pool.texts), default=0)
    if len(alphabet) ** (longest + 1) > _LARGEST:
        raise NotVectorised("an id of a long text")
    values: list[int] = []
    for text in pool.texts:
        number = 0
        for letter in text:
            number = number * len(alphabet) + alphabet.find(letter) + 1
        values.append(number)
    powers = [len(alphabet) ** len(text) for text in pool.texts]
    return np.asarray([*values, 0], dtype=np.int64), np.asarray([*powers, 1], dtype=np.int64), longest


def _images(numbers: Words, mix: IdMix, bits: int) -> tuple[Words, Words]:
    """(number * factor + a third of the count) modulo a power of two, as a high and a low word."""
    factor, offset = mix.factor, mix.count // 3
    word = (1 << 64) - 1
    low, carry = _product(numbers, factor & word)
    high = carry + numbers * np.uint64(factor >> 64 & word)
    low = low + np.uint64(offset & word)
    high = high + np.uint64(offset >> 64 & word) + (low < np.uint64(offset & word))
    if bits < 128:
        high = high & np.uint64((1 << max(bits - 64, 0)) - 1)
    if bits < 64:
        low = low & np.uint64((1 << bits) - 1)
    return high, low


def _product(numbers: Words, factor: int) -> tuple[Words, Words]:
    """The low and the high word of products with a factor of 64 bits."""
    ones, halves = np.uint64(factor & 0xFFFFFFFF), np.uint64(factor >> 32)
    low, high = numbers & _MASK, numbers >> _HALF
    first, second, third = low * ones, low * halves, high * ones
    middle = (first >> _HALF) + (second & _MASK) + (third & _MASK)
    upper = high * halves + (second >> _HALF) + (third >> _HALF) + (middle >> _HALF)
    return numbers * np.uint64(factor), upper


def _hexadecimal_groups(high: Words, low: Words, digits: int) -> list[TextPart]:
    groups: list[TextPart] = []
    for place in range(0, digits, 4):
        word = low if place < 16 else high
        width = min(4, digits - place)
        groups.append(_hexadecimal_part(word >> np.uint64(4 * (place % 16)), width))
    return groups[::-1]


def _hexadecimal_part(words: Words, width: int, before: str = "") -> TextPart:
    codes = (words & np.uint64(16**width - 1)).astype(np.int64)
    return PooledTexts(_hexadecimal_pool(width, before), codes)


@lru_cache(maxsize=16)
def _hexadecimal_pool(width: int, before: str) -> TextPool:
    return TextPool(tuple(f"{before}{number:0{width}x}" for number in range(16**width)))
