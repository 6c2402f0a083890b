"""Laws fitted to durations: the law that made them comes out, and comes first."""

from __future__ import annotations

import numpy as np
import pytest

from harness.traffic.law_fit import FEWEST_TO_FIT, fit_laws
from harness.world.duration_laws import DurationLaw, Exponential, Gamma, LogNormal
from harness.world.random_streams import draw_bits, quantile_values


def drawn(part: Exponential | Gamma | LogNormal, count: int = 20_000) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    law = DurationLaw(parts=((1.0, part),), least=0.01, most=100_000)
    return quantile_values(draw_bits(1, "durations", np.arange(count)), law.table) / 1000


def test_the_likeliest_log_normal_law_is_by_mean_and_deviation_of_logarithms() -> None:
    seconds = np.exp([1.0, 3.0] * 10)
    law = next(one for one in fit_laws(seconds) if one.name == "lognormal").law
    # e squared, to the four digits that are kept.
    assert law.parts == ((1.0, LogNormal(median=7.389, sigma=1.0)),)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (LogNormal(median=40, sigma=0.9), "lognormal"),
        (Gamma(mean=60, shape=2.5), "gamma"),
        (Gamma(mean=60, shape=0.6), "gamma"),
        (Exponential(mean=25), "exponential"),
    ],
    ids=str,
)
def test_the_law_that_made_the_durations_comes_first(part: Exponential | Gamma | LogNormal, name: str) -> None:
    best = fit_laws(drawn(part))[0]
    assert best.name == name
    assert best.distance < 1.95 / 20_000**0.5 + 0.001
    fitted = best.law.parts[0][1]
    for key in part.__dataclass_fields__:
        assert getattr(fitted, key) == pytest.approx(getattr(part, key), rel=0.03)


def test_two_kinds_of_talk_are_told_apart() -> None:
    seconds = np.concatenate(
        [drawn(LogNormal(median=5, sigma=0.4), 6000), drawn(LogNormal(median=200, sigma=0.5), 4000)]
    )
    best = fit_laws(seconds)[0]
    assert best.name == "mixture of two lognormals"
    (weight, low), (_, high) = best.law.parts
    assert weight == pytest.approx(0.6, abs=0.02)
    assert isinstance(low, LogNormal)
    assert isinstance(high, LogNormal)
    assert low.median == pytest.approx(5, rel=0.03)
    assert high.median == pytest.approx(200, rel=0.03)


def test_whole_seconds_stand_for_those_up_to_the_next() -> None:
    best = fit_laws(np.floor(drawn(Gamma(mean=30, shape=3))))[0]
    assert best.name == "gamma"
    assert best.distance < 0.012
    assert best.law.mean == pytest.approx(30, rel=0.02)


def test_few_durations_have_no_law() -> None:
    assert fit_laws(np.ones(FEWEST_TO_FIT - 1)) == ()
    assert fit_laws(np.full(FEWEST_TO_FIT, 7.0))
