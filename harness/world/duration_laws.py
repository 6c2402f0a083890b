"""Laws of durations: log-normal, exponential, gamma, and mixtures of them, each cut to a least and a most.

A law is drawn from by a table of its quantiles in whole milliseconds, so that a draw is arithmetic in integers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from statistics import NormalDist
from typing import Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from harness.world.random_streams import QUANTILE_STEPS, IntArray, log_normal_table, table_mean

FloatArray: TypeAlias = NDArray[np.float64]

_GRID_POINTS: Final = 20_000
_LEAST_GRID_SECONDS: Final = 0.001


@final
@dataclass(frozen=True, kw_only=True)
class LogNormal:
    """Durations whose logarithms are normal: `median` in seconds, `sigma` of the natural logarithm."""

    median: float
    sigma: float

    def __post_init__(self) -> None:
        _require_positive(median=self.median, sigma=self.sigma)

    def cdf(self, seconds: FloatArray) -> FloatArray:
        """The share of durations up to each of some positive numbers of seconds."""
        normal = NormalDist()
        places = (np.log(seconds) - math.log(self.median)) / self.sigma
        return np.asarray([normal.cdf(place) for place in places.tolist()], dtype=np.float64)


@final
@dataclass(frozen=True, kw_only=True)
class Exponential:
    """Durations that end at any moment with the same chance: `mean` in seconds."""

    mean: float

    def __post_init__(self) -> None:
        _require_positive(mean=self.mean)

    def cdf(self, seconds: FloatArray) -> FloatArray:
        """The share of durations up to each of some positive numbers of seconds."""
        return -np.expm1(-seconds / self.mean)


@final
@dataclass(frozen=True, kw_only=True)
class Gamma:
    """Durations of several exponential phases: `mean` in seconds, `shape` the (possibly broken) number of phases."""

    mean: float
    shape: float

    def __post_init__(self) -> None:
        _require_positive(mean=self.mean, shape=self.shape)

    def cdf(self, seconds: FloatArray) -> FloatArray:
        """The share of durations up to each of some positive numbers of seconds."""
        return regularized_gamma(self.shape, seconds * (self.shape / self.mean))


SimpleLaw: TypeAlias = "LogNormal | Exponential | Gamma"


@final
@dataclass(frozen=True, kw_only=True)
class DurationLaw:
    """A law of durations: one simple law, or several with weights, cut to `least` and `most` seconds."""

    parts: tuple[tuple[float, SimpleLaw], ...]
    least: float
    most: float

    def __post_init__(self) -> None:
        _require_positive(least=self.least)
        if not self.least < self.most:
            raise ValueError(f"least ({self.least}) is below most ({self.most})")
        if not self.parts or min(weight for weight, _ in self.parts) <= 0:
            raise ValueError("a law has parts, and the weight of each is above 0")

    @property
    def table(self) -> IntArray:
        """The quantiles in milliseconds, for `quantile_values`."""
        # Kept by the process and not by the law, which goes to others.
        return _quantile_table(self)

    @property
    def longest_ms(self) -> int:
        """The longest duration that is drawn, in milliseconds."""
        return int(self.table[-1])

    def inverted_table(self) -> IntArray:
        """The quantiles in milliseconds, found on a grid of the whole law."""
        grid = np.geomspace(_LEAST_GRID_SECONDS, self.most, _GRID_POINTS)
        steps = np.arange(QUANTILE_STEPS + 1, dtype=np.float64)
        edge = 0.5 / QUANTILE_STEPS
        shares = np.clip(steps / QUANTILE_STEPS, edge, 1 - edge)
        seconds = np.interp(shares, self._whole_cdf(grid), grid)
        return np.rint(1000 * np.clip(seconds, self.least, self.most)).astype(np.int64)

    def _whole_cdf(self, seconds: FloatArray) -> FloatArray:
        total = math.fsum(weight for weight, _ in self.parts)
        found = np.zeros(len(seconds), dtype=np.float64)
        for weight, law in self.parts:
            found += weight / total * law.cdf(seconds)
        return found

    def cdf(self, seconds: FloatArray) -> FloatArray:
        """The share of durations up to each of some numbers of seconds."""
        whole = self._whole_cdf(np.maximum(seconds, _LEAST_GRID_SECONDS))
        return np.where(seconds < self.least, 0.0, np.where(seconds >= self.most, 1.0, whole))

    def cdf_below(self, seconds: FloatArray) -> FloatArray:
        """The share of durations below each of some numbers of seconds: less than `cdf` at the two ends."""
        whole = self._whole_cdf(np.maximum(seconds, _LEAST_GRID_SECONDS))
        return np.where(seconds <= self.least, 0.0, np.where(seconds > self.most, 1.0, whole))

    @cached_property
    def mean(self) -> float:
        """The mean of what is drawn, in seconds."""
        return table_mean(self.table) / 1000

    @cached_property
    def deviation(self) -> float:
        """The standard deviation of what is drawn, in seconds."""
        low, high = self.table[:-1] / 1000, self.table[1:] / 1000
        square = float(np.mean((low * low + low * high + high * high) / 3))
        return math.sqrt(max(square - self.mean**2, 0.0))

    def share_above(self, seconds: float) -> float:
        """The share of durations above a number of seconds."""
        return 1.0 - float(self.cdf(np.asarray([seconds], dtype=np.float64))[0])


@lru_cache(maxsize=256)
def _quantile_table(law: DurationLaw) -> IntArray:
    match law.parts:
        case ((_, LogNormal(median=median, sigma=sigma)),):
            return log_normal_table(median=median, sigma=sigma, least=law.least, most=law.most)
        case _:
            return law.inverted_table()


def log_normal(*, median: float, sigma: float, least: float, most: float) -> DurationLaw:
    """A cut log-normal law; all in seconds but `sigma`."""
    return DurationLaw(parts=((1.0, LogNormal(median=median, sigma=sigma)),), least=least, most=most)


def regularized_gamma(shape: float, values: FloatArray) -> FloatArray:
    """The regularized lower incomplete gamma function P(shape, value), for values of 0 or more.

    By its series below shape + 1 and by its continued fraction above (Lentz), as in Abramowitz and Stegun 6.5.
    """
    front = np.exp(shape * np.log(np.maximum(values, 1e-300)) - values - math.lgamma(shape))
    low = values < shape + 1
    found = np.where(low, 0.0, 1.0)
    found[low] = front[low] * _gamma_series(shape, values[low])
    found[~low] = 1.0 - front[~low] * _gamma_fraction(shape, values[~low])
    return np.clip(found, 0.0, 1.0)


def _gamma_series(shape: float, values: FloatArray) -> FloatArray:
    term = np.full(len(values), 1.0 / shape)
    total = term.copy()
    for step in range(1, _iterations(shape)):
        term = term * values / (shape + step)
        total += term
    return total


def _gamma_fraction(shape: float, values: FloatArray) -> FloatArray:
    lower = values + 1.0 - shape
    upper = np.full(len(values), 1e300)
    inverse = 1.0 / lower
    found = inverse.copy()
    for step in range(1, _iterations(shape)):
        factor = -step * (step - shape)
        lower = lower + 2.0
        inverse = 1.0 / _kept_from_zero(factor * inverse + lower)
        upper = _kept_from_zero(lower + factor / upper)
        found *= inverse * upper
    return found


def _kept_from_zero(values: FloatArray) -> FloatArray:
    return np.where(np.abs(values) < 1e-300, 1e-300, values)


def _iterations(shape: float) -> int:
    return 60 + math.ceil(12 * math.sqrt(shape))


def _require_positive(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} is a number above 0, not {value}")
