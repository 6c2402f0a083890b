"""Codes of calls: five or six letters and digits each, in a vast world nine, in an order that tells nothing."""

from __future__ import annotations

from typing import Final

import numpy as np

from harness.telephony.columns import TextColumn, TextPool, joined_column, pooled_column
from harness.world.random_streams import BitArray, IntArray, draw_bits

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE62_PAIRS: Final = TextPool(tuple(high + low for high in _BASE62 for low in _BASE62))
_BASE62_SINGLES: Final = TextPool(tuple(_BASE62))
_BASE62_STARTS: Final = TextPool((*_BASE62_PAIRS.texts, *_BASE62))
_CODE_COUNT: Final = 62**6
_TRIPLES: Final = 62**3
_ROUNDS: Final = 6


def call_codes_of(units: IntArray, *, is_vast: bool) -> TextColumn:
    """A code per call: five or six letters and digits, unique for call numbers within 26 years of traffic.

    In a vast world it has nine, unique for call numbers below 62**9.
    """
    if is_vast:
        return _long_codes(units)
    _, mixed = _divided(units.astype(np.uint64), _CODE_COUNT)
    for factor in (165_580_141, 222_334_565):
        _, mixed = _divided(mixed * np.uint64(factor), _CODE_COUNT)
        high, low = _divided(mixed, 62**3)
        mixed = low * np.uint64(62**3) + high
    rest, low = _divided(mixed, 3844)
    high, middle = _divided(rest, 3844)
    # What would begin with 0 begins with the next letter.
    start = np.where(high < np.uint64(62), high + np.uint64(3844), high)
    return joined_column(
        pooled_column(_BASE62_STARTS, start.view(np.int64)),
        pooled_column(_BASE62_PAIRS, middle.view(np.int64)),
        pooled_column(_BASE62_PAIRS, low.view(np.int64)),
    )


def _long_codes(units: IntArray) -> TextColumn:
    high, middle, low = units // _TRIPLES**2 % _TRIPLES, units // _TRIPLES % _TRIPLES, units % _TRIPLES
    # What is added to one part follows from the others, so that each step can be taken back.
    for step in range(_ROUNDS):
        added = (draw_bits(step, "call code", middle * _TRIPLES + low) >> np.uint64(32)).view(np.int64)
        high, middle, low = middle, low, (high + added) % _TRIPLES
    code = [digit for part in (high, middle, low) for digit in (part // 3844, part // 62 % 62, part % 62)]
    pairs = [pooled_column(_BASE62_PAIRS, code[place] * 62 + code[place + 1]) for place in (0, 2, 4, 6)]
    return joined_column(*pairs, pooled_column(_BASE62_SINGLES, code[8]))


def _divided(numbers: BitArray, divisor: int) -> tuple[BitArray, BitArray]:
    """Quotients and remainders: numpy divides by one number many times as fast as it takes remainders."""
    quotients = numbers // np.uint64(divisor)
    return quotients, numbers - quotients * np.uint64(divisor)
