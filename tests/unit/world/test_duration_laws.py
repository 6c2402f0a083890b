"""Laws of durations: known values, quantiles that come back, ends that are cut."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.world.duration_laws import DurationLaw, Exponential, Gamma, LogNormal, log_normal, regularized_gamma
from harness.world.random_streams import draw_bits, quantile_values

LAWS = {
    "log-normal": log_normal(median=85, sigma=1.1, least=1.2, most=7200),
    "exponential": DurationLaw(parts=((1.0, Exponential(mean=30)),), least=0.01, most=900),
    "gamma": DurationLaw(parts=((1.0, Gamma(mean=90, shape=2.5)),), least=0.01, most=2000),
    "mixture": DurationLaw(
        parts=((3, Exponential(mean=10)), (1, LogNormal(median=200, sigma=0.5))), least=0.01, most=5000
    ),
}


@pytest.mark.parametrize(
    ("shape", "value", "expected"),
    [
        (1, 1, 1 - math.exp(-1)),
        (0.5, 0.25, math.erf(0.5)),
        (0.5, 4, math.erf(2)),
        (2, 3, 1 - 4 * math.exp(-3)),
        (3, 10, 1 - 61 * math.exp(-10)),
        (5, 0, 0),
    ],
)
def test_the_gamma_function_has_its_closed_values(shape: float, value: float, expected: float) -> None:
    assert regularized_gamma(shape, np.asarray([value], dtype=np.float64))[0] == pytest.approx(expected, abs=1e-12)


def test_half_of_what_a_mixture_draws_is_where_half_of_its_parts_lie() -> None:
    # At 10 s: 3/4 of 1 - 1/e, and nothing yet of the other part.
    law = LAWS["mixture"]
    assert law.cdf(np.asarray([10.0]))[0] == pytest.approx(0.75 * (1 - math.exp(-1)), abs=1e-6)
    assert law.mean == pytest.approx(0.75 * 10 + 0.25 * 200 * math.exp(0.125), rel=0.01)


@pytest.mark.parametrize("name", LAWS)
def test_draws_follow_the_law(name: str) -> None:
    law = LAWS[name]
    drawn = np.sort(quantile_values(draw_bits(3, "talk", np.arange(40_000)), law.table)) / 1000
    expected = np.arange(1, len(drawn) + 1) / len(drawn)
    assert np.max(np.abs(law.cdf(drawn) - expected)) < 1.95 / 200 + 0.0005
    assert np.mean(drawn) == pytest.approx(law.mean, rel=0.03)
    assert np.std(drawn) == pytest.approx(law.deviation, rel=0.06)


@pytest.mark.parametrize("name", LAWS)
def test_nothing_is_drawn_beyond_the_ends(name: str) -> None:
    law = LAWS[name]
    assert 1000 * law.least <= law.table[0]
    assert law.table[-1] <= 1000 * law.most
    assert np.all(np.diff(law.table) >= 0)


def test_the_ends_hold_what_was_cut_off() -> None:
    law = DurationLaw(parts=((1.0, Exponential(mean=10)),), least=2, most=20)
    ends = np.asarray([2.0, 20.0])
    assert law.cdf(ends) == pytest.approx([1 - math.exp(-0.2), 1])
    assert law.cdf_below(ends) == pytest.approx([0, 1 - math.exp(-2)])
    assert law.share_above(20) == 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: LogNormal(median=0, sigma=1), "median"),
        (lambda: Gamma(mean=1, shape=-1), "shape"),
        (lambda: Exponential(mean=math.inf), "mean"),
        (lambda: log_normal(median=5, sigma=1, least=9, most=9), "least"),
        (lambda: DurationLaw(parts=(), least=1, most=2), "parts"),
    ],
)
def test_a_law_without_meaning_is_refused(make: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()  # type: ignore[operator]
