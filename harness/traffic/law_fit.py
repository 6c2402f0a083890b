"""Laws of durations fitted to durations, by maximum likelihood; the best of them by Akaike's criterion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from harness.traffic.figures import distance_from_law
from harness.world.duration_laws import DurationLaw, Exponential, FloatArray, Gamma, LogNormal, SimpleLaw

FEWEST_TO_FIT: Final = 20
"""Fewer durations say too little of their law."""

_LEAST_SECONDS: Final = 0.01
_MIXTURE_STEPS: Final = 200
# The logarithms of a part of a mixture are never closer together: a part must not shrink to one value.
_LEAST_SIGMA: Final = 0.05


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FittedLaw:
    """A law fitted to durations: its name, how many there were, their distance (KS) and the criterion (AIC)."""

    name: str
    law: DurationLaw
    count: int
    distance: float
    criterion: float


def fit_laws(seconds: FloatArray) -> tuple[FittedLaw, ...]:
    """The laws fitted to some durations, the best first; none for fewer than `FEWEST_TO_FIT`.

    Where all durations are whole seconds, each stands for those up to the next second, as switches count them.
    """
    if len(seconds) < FEWEST_TO_FIT:
        return ()
    whole = bool(np.all(seconds == np.floor(seconds)))
    values = np.maximum(seconds + (0.5 if whole else 0.0), _LEAST_SECONDS)
    least = max(float(seconds.min()), _LEAST_SECONDS)
    most = max(float(seconds.max()) + (1.0 if whole else 0.001), least + 0.01)
    found = []
    for name, parts, parameters in (
        ("exponential", ((1.0, _fit_exponential(values)),), 1),
        ("lognormal", ((1.0, _fit_log_normal(values)),), 2),
        ("gamma", ((1.0, _fit_gamma(values)),), 2),
        ("mixture of two lognormals", _fit_mixture(values), 5),
    ):
        law = DurationLaw(parts=parts, least=round(least, 3), most=round(most, 3))
        likelihood = float(np.log(np.maximum(_density(parts, values), 1e-300)).sum())
        found.append(
            FittedLaw(
                name=name,
                law=law,
                count=len(values),
                distance=_distance(seconds, law, whole=whole),
                criterion=2 * parameters - 2 * likelihood,
            )
        )
    return tuple(sorted(found, key=lambda one: one.criterion))


def _distance(seconds: FloatArray, law: DurationLaw, *, whole: bool) -> float:
    if not whole:
        return distance_from_law(seconds, law) or 0.0
    values, counts = np.unique(seconds, return_counts=True)
    return float(np.abs(np.cumsum(counts) / len(seconds) - law.cdf(values + 1)).max())


def _fit_exponential(values: FloatArray) -> Exponential:
    return Exponential(mean=_rounded(float(values.mean())))


def _fit_log_normal(values: FloatArray, weights: FloatArray | None = None) -> LogNormal:
    logarithms = np.log(values)
    mean = float(np.average(logarithms, weights=weights))
    variance = float(np.average((logarithms - mean) ** 2, weights=weights))
    return LogNormal(median=_rounded(math.exp(mean)), sigma=_rounded(max(math.sqrt(variance), _LEAST_SIGMA)))


def _fit_gamma(values: FloatArray) -> Gamma:
    """By Newton's method on log(k) - digamma(k) = log(mean) - mean of logs, from Minka's first guess."""
    mean = float(values.mean())
    gap = max(math.log(mean) - float(np.log(values).mean()), 1e-6)
    shape = (3 - gap + math.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap)
    for _ in range(20):
        step = (math.log(shape) - _digamma(shape) - gap) / (1 / shape - _trigamma(shape))
        shape = max(shape - step, shape / 2)
    return Gamma(mean=_rounded(mean), shape=_rounded(min(max(shape, 0.01), 1000)))


def _fit_mixture(values: FloatArray) -> tuple[tuple[float, SimpleLaw], ...]:
    """Two log-normal laws by expectation and maximization, from the lower and the upper half."""
    middle = float(np.median(values))
    share = np.where(values <= middle, 0.8, 0.2)
    weight, low, high = 0.5, _fit_log_normal(values, share), _fit_log_normal(values, 1 - share)
    for _ in range(_MIXTURE_STEPS):
        first = weight * _simple_density(low, values)
        second = (1 - weight) * _simple_density(high, values)
        share = first / np.maximum(first + second, 1e-300)
        weight = min(max(float(share.mean()), 0.001), 0.999)
        # Weights of zero alone have no mean.
        low, high = _fit_log_normal(values, share + 1e-12), _fit_log_normal(values, 1 - share + 1e-12)
    return (_rounded(weight), low), (_rounded(1 - weight), high)


def _density(parts: tuple[tuple[float, SimpleLaw], ...], values: FloatArray) -> FloatArray:
    found = np.zeros(len(values), dtype=np.float64)
    for weight, law in parts:
        found += weight * _simple_density(law, values)
    return found


def _simple_density(law: SimpleLaw, values: FloatArray) -> FloatArray:
    match law:
        case LogNormal(median=median, sigma=sigma):
            places = (np.log(values) - math.log(median)) / sigma
            return np.asarray(np.exp(-0.5 * places**2) / (values * sigma * math.sqrt(2 * math.pi)))
        case Exponential(mean=mean):
            return np.asarray(np.exp(-values / mean) / mean)
        case Gamma(mean=mean, shape=shape):
            rate = shape / mean
            logarithms = shape * math.log(rate) + (shape - 1) * np.log(values) - rate * values - math.lgamma(shape)
            return np.asarray(np.exp(logarithms))


def _digamma(value: float) -> float:
    """By the recurrence up to 6, then by the asymptotic series (Abramowitz and Stegun 6.3.5 and 6.3.18)."""
    found = 0.0
    while value < 6:
        found -= 1 / value
        value += 1
    square = 1 / value**2
    return found + math.log(value) - 0.5 / value - square * (1 / 12 - square * (1 / 120 - square / 252))


def _trigamma(value: float) -> float:
    """By the recurrence up to 6, then by the asymptotic series (Abramowitz and Stegun 6.4.6 and 6.4.12)."""
    found = 0.0
    while value < 6:
        found += 1 / value**2
        value += 1
    square = 1 / value**2
    return found + 1 / value + square / 2 + square / value * (1 / 6 - square * (1 / 30 - square / 42))


def _rounded(value: float) -> float:
    # Four digits are more than a sample tells, and no value of the sample is among them but by chance.
    return float(f"{value:.4g}")
