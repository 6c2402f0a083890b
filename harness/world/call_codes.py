"""Codes of calls: five or six letters and digits each, in an order that tells nothing."""

from __future__ import annotations

from typing import Final

import numpy as np

from harness.telephony.columns import TextColumn, TextPool, case_column, joined_column, pooled_column
from harness.world.random_streams import IntArray

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE62_PAIRS: Final = TextPool(tuple(high + low for high in _BASE62 for low in _BASE62))
_BASE62_SINGLES: Final = TextPool(tuple(_BASE62))
_CODE_COUNT: Final = 62**6


def call_codes_of(units: IntArray) -> TextColumn:
    """A code of five or six letters and digits per call, unique for call numbers within 26 years of traffic."""
    mixed = units.astype(np.uint64) % np.uint64(_CODE_COUNT)
    for factor in (165_580_141, 222_334_565):
        mixed = mixed * np.uint64(factor) % np.uint64(_CODE_COUNT)
        mixed = mixed % np.uint64(62**3) * np.uint64(62**3) + mixed // np.uint64(62**3)
    code = mixed.astype(np.int64)
    low, middle, high = code % 3844, code // 3844 % 3844, code // 3844**2
    start = case_column(
        pooled_column(_BASE62_PAIRS, high), (high < 62, pooled_column(_BASE62_SINGLES, np.minimum(high, 61)))
    )
    return joined_column(start, pooled_column(_BASE62_PAIRS, middle), pooled_column(_BASE62_PAIRS, low))
