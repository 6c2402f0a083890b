"""Random numbers without a sequence: every draw is a function of (seed, name of the stream, row number).

The generator is splitmix64, addressed by counter, in whole arrays. All arithmetic is in integers, so that
the same draw has the same bits on every machine.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from statistics import NormalDist
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
BitArray = NDArray[np.uint64]
FlagArray = NDArray[np.bool_]

QUANTILE_STEPS: Final = 4096
# A guide is the finer the more thresholds it has to tell apart, and stays near the processor.
_LEAST_GUIDE_BITS: Final = 8
_MOST_GUIDE_BITS: Final = 16
_DRAWS_AT_ONCE: Final = 1 << 14
# Thresholds go up to 2**32.
_LAW_BITS: Final = np.uint64(33)


@lru_cache(maxsize=1024)
def stream_salt(seed: int, what: str) -> int:
    """The 64-bit salt of the stream `what` under a seed."""
    digest = hashlib.blake2b(f"{seed}/{what}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def draw_bits(seed: int, what: str, rows: IntArray) -> BitArray:
    """64 random bits for each row, from the stream `what`."""
    source, drawn = rows.view(np.uint64), np.empty(len(rows), dtype=np.uint64)
    shifted = np.empty(min(len(rows), _DRAWS_AT_ONCE), dtype=np.uint64)
    salt = np.uint64(stream_salt(seed, what))
    # Some at a time: all the steps of one draw find it near the processor.
    for first in range(0, len(rows), _DRAWS_AT_ONCE):
        z = drawn[first : first + _DRAWS_AT_ONCE]
        other = shifted[: len(z)]
        np.multiply(source[first : first + _DRAWS_AT_ONCE], np.uint64(0x9E3779B97F4A7C15), out=z)
        z += salt
        z ^= np.right_shift(z, np.uint64(30), out=other)
        z *= np.uint64(0xBF58476D1CE4E5B9)
        z ^= np.right_shift(z, np.uint64(27), out=other)
        z *= np.uint64(0x94D049BB133111EB)
        z ^= np.right_shift(z, np.uint64(31), out=other)
    return drawn


def integers_below(bits: BitArray, bound: int | IntArray) -> IntArray:
    """A number in 0..bound-1 for each draw; the bound is at most 2**31."""
    found = bits >> np.uint64(32)
    found *= np.uint64(bound) if isinstance(bound, int) else bound.view(np.uint64)
    found >>= np.uint64(32)
    return found.view(np.int64)


def chance_flags(bits: BitArray, probability: float) -> FlagArray:
    """A mask of draws: true with the given probability."""
    return (bits >> np.uint64(32)) < np.uint64(round(probability * 2**32))


def values_where(
    here: FlagArray, otherwise: IntArray | int, make: Callable[[NDArray[np.intp]], IntArray]
) -> IntArray:
    """For each row a value; where a flag holds it is made, all at once, from the places of those rows."""
    found = np.full(len(here), otherwise, dtype=np.int64) if isinstance(otherwise, int) else otherwise.copy()
    rows = np.flatnonzero(here)
    if len(rows):
        found[rows] = make(rows)
    return found


@final
class Thresholds:
    """Cumulative weights, scaled to 32 bits, and for the first bits of each draw the index that it tells already."""

    __slots__ = ("_first", "_guide", "_guide_bits", "_has_more", "_is_decided", "_open", "values")

    def __init__(self, values: BitArray) -> None:
        self.values = values
        kind = np.uint16 if len(values) < 0xFFFF else np.uint32
        self._open = int(np.iinfo(kind).max)
        self._guide_bits = min(max(len(values).bit_length() + 7, _LEAST_GUIDE_BITS), _MOST_GUIDE_BITS)
        borders = np.arange((1 << self._guide_bits) + 1, dtype=np.uint64) << np.uint64(32 - self._guide_bits)
        places = np.searchsorted(values, borders, side="right")
        # A threshold at the upper border is no threshold within.
        inner = np.searchsorted(values, borders[1:] - np.uint64(1), side="right")
        undecided = inner != places[:-1]
        self._is_decided = not undecided.any()
        self._guide = np.where(undecided, self._open, places[:-1]).astype(kind)
        # Most of the others have one threshold within: above or below it is all that is left to find out.
        self._first, self._has_more = places[:-1].astype(kind), inner - places[:-1] > 1

    def __len__(self) -> int:
        return len(self.values)

    def indexes_of(self, draws: BitArray) -> IntArray:
        """The number of thresholds that are not above each draw of 32 bits."""
        return self._indexes(draws, 0)

    def indexes_of_bits(self, bits: BitArray) -> IntArray:
        """The same for the upper half of each draw of 64 bits."""
        return self._indexes(bits, 32)

    def _indexes(self, bits: BitArray, below: int) -> IntArray:
        """The same for the 32 bits of each draw that have so many below them, and none above."""
        told = self._guide[(bits >> np.uint64(below + 32 - self._guide_bits)).view(np.int64)]
        found = told.astype(np.int64)
        if self._is_decided:
            return found
        open_rows = np.flatnonzero(told == self._open)
        if len(open_rows):
            draws = bits[open_rows] >> np.uint64(below)
            cells = (draws >> np.uint64(32 - self._guide_bits)).view(np.int64)
            first = self._first[cells]
            places: IntArray = first + (self.values[first] <= draws).astype(np.int64)
            dense = np.flatnonzero(self._has_more[cells])
            if len(dense):
                places[dense] = np.searchsorted(self.values, draws[dense], side="right")
            found[open_rows] = places
        return found


@lru_cache(maxsize=256)
def _thresholds_of(weights: tuple[float, ...]) -> Thresholds:
    total = math.fsum(weights)
    sums = np.cumsum(np.asarray(weights, dtype=np.float64)) / total
    scaled = np.rint(sums * 2**32).astype(np.uint64)
    scaled[-1] = 2**32
    return Thresholds(scaled)


def weight_thresholds(weights: Sequence[float]) -> Thresholds:
    """The cumulative weights, scaled to 32 bits, for `choose_indexes`."""
    return _thresholds_of(tuple(weights))


def choose_indexes(bits: BitArray, cumulative: Thresholds) -> IntArray:
    """An index for each draw, in proportion to the weights behind `weight_thresholds`."""
    return cumulative.indexes_of_bits(bits)


@lru_cache(maxsize=64)
def zipf_thresholds(size: int, exponent: float) -> Thresholds:
    """Thresholds for `choose_indexes` under which index k of `size` is drawn by Zipf's law."""
    return weight_thresholds([1.0 / (rank + 1) ** exponent for rank in range(size)])


def log_normal_table(*, median: float, sigma: float, least: float, most: float) -> IntArray:
    """The quantiles of a clipped log-normal distribution of seconds, as a table of milliseconds."""
    normal = NormalDist()
    table = []
    for step in range(QUANTILE_STEPS + 1):
        share = min(max(step / QUANTILE_STEPS, 0.5 / QUANTILE_STEPS), 1 - 0.5 / QUANTILE_STEPS)
        seconds = median * math.exp(sigma * normal.inv_cdf(share))
        table.append(round(1000 * min(max(seconds, least), most)))
    return np.asarray(table, dtype=np.int64)


def quantile_values(bits: BitArray, table: IntArray) -> IntArray:
    """A value of the distribution behind a table of quantiles, in milliseconds, for each draw."""
    return _between_quantiles(bits, table, (bits >> np.uint64(52)).view(np.int64))


def chosen_quantile_values(bits: BitArray, tables: IntArray, choice: IntArray) -> IntArray:
    """The same by one of several tables for each draw, which are the rows of an array."""
    step = (bits >> np.uint64(52)).view(np.int64)
    step += choice * tables.shape[1]
    return _between_quantiles(bits, tables.reshape(-1), step)


def _between_quantiles(bits: BitArray, table: IntArray, step: IntArray) -> IntArray:
    part = bits >> np.uint64(36)
    part &= np.uint64(0xFFFF)
    low = table[step]
    rest = table[1:][step]
    rest -= low
    rest *= part.view(np.int64)
    rest >>= 16
    rest += low
    return rest


def table_mean(table: IntArray) -> float:
    """The mean of the distribution behind a table of quantiles."""
    return math.fsum((int(low) + int(high)) / 2 for low, high in pairwise(table.tolist())) / QUANTILE_STEPS


@lru_cache(maxsize=256)
def poisson_thresholds(expected: float) -> Thresholds:
    """Thresholds under which `choose_indexes` gives Poisson counts; approximate beyond an expectation of 500."""
    if expected <= 0:
        return Thresholds(np.asarray([2**32], dtype=np.uint64))
    if expected > 500:
        normal = NormalDist(expected, math.sqrt(expected))
        most = math.ceil(expected + 7 * math.sqrt(expected))
        sums = [normal.cdf(count + 0.5) for count in range(most + 1)]
    else:
        term = total = math.exp(-expected)
        sums = [total]
        for count in range(1, math.ceil(expected + 10 * math.sqrt(expected) + 12)):
            term *= expected / count
            total += term
            sums.append(total)
    scaled: BitArray = np.minimum(np.rint(np.asarray(sums) * 2**32), 2**32).astype(np.uint64)
    scaled[-1] = 2**32
    return Thresholds(scaled)


@lru_cache(maxsize=1)
def _normal_table() -> IntArray:
    """The quantiles of the normal distribution, in 2**-20 of its standard deviation."""
    normal = NormalDist()
    shares = (min(max(step, 0.5), QUANTILE_STEPS - 0.5) / QUANTILE_STEPS for step in range(QUANTILE_STEPS + 1))
    return np.asarray([round(normal.inv_cdf(share) * 2**20) for share in shares], dtype=np.int64)


@lru_cache(maxsize=8)
def _joined_poisson_thresholds(expected: tuple[float, ...]) -> tuple[BitArray, BitArray]:
    """The thresholds of several laws one after the other, each raised by its place, and how many are before it."""
    laws = [poisson_thresholds(one).values for one in expected]
    raised = [law + (np.uint64(place) << _LAW_BITS) for place, law in enumerate(laws)]
    before = np.cumsum([0, *map(len, laws[:-1])]).astype(np.uint64)
    return np.concatenate(raised), before


def poisson_counts_of(bits: BitArray, expected: tuple[float, ...], kinds: IntArray) -> IntArray:
    """A Poisson count for each draw, by the law that its kind has among some: as `poisson_thresholds` give it."""
    thresholds, before = _joined_poisson_thresholds(expected)
    laws = kinds.view(np.uint64)
    found = np.searchsorted(thresholds, (laws << _LAW_BITS) + (bits >> np.uint64(32)), side="right")
    return found - before[kinds].view(np.int64)


def poisson_counts(bits: BitArray, expected: float) -> IntArray:
    """A Poisson count for each draw; beyond an expectation of 500 by the normal distribution, at any size."""
    if expected <= 500:
        return choose_indexes(bits, poisson_thresholds(expected))
    spread = math.sqrt(expected) / 2**20
    counts = np.floor(quantile_values(bits, _normal_table()) * spread + (expected + 0.5))
    found: IntArray = np.maximum(counts, 0).astype(np.int64)
    return found


def binomial_halves(bits: BitArray, counts: IntArray) -> IntArray:
    """How many of each count (below 2**32) fall into the first of two halves, by one draw for each.

    Up to 64 one bit of the draw decides for each of them; beyond that it is the normal distribution, which differs
    from the binomial one by less than a thousandth.
    """
    few = np.minimum(counts, 64).view(np.uint64)
    ones: IntArray = np.bitwise_count((bits >> np.minimum(64 - few, 63)) * (few > 0)).astype(np.int64)
    large = np.flatnonzero(counts > 64)
    if len(large):
        many = counts[large]
        # The square root of IEEE 754 is the same everywhere.
        root = (np.sqrt(many) * 1024).astype(np.int64)
        half = ((many << 30) + root * quantile_values(bits[large], _normal_table()) + (1 << 30)) >> 31
        ones[large] = np.minimum(np.maximum(half, 0), many)
    return ones
