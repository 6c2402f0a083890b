"""The band in which each figure of a profile's traffic should be: what the profile says, and what chance adds.

A band reaches four standard deviations to either side, so that chance alone leaves it once in 16,000 times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from harness.traffic.figures import HOUR, MINUTE
from harness.world.call_times import ANSWERED, BUSY, CANCELLED, FAILED, NO_ANSWER
from harness.world.duration_laws import FloatArray
from harness.world.invented_values import HOME_GROUPS
from harness.world.line_plan import BUSIEST_PERSONS
from harness.world.random_streams import IntArray
from harness.world.traffic import Traffic
from harness.world.traffic_profile import TrafficProfile

DEVIATIONS: Final = 4.0
# What a table of quantiles differs from its law by, and millisecond rounding.
_TABLE_ERROR: Final = 0.0008
# One in so many failed calls was rejected by the other end.
_CAUSES_OF_FAILURE: Final = 7


@final
@dataclass(frozen=True, slots=True)
class Band:
    """Where a figure should be: around `expected`, from `low` to `high`."""

    expected: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies within."""
        return self.low <= value <= self.high


def share_band(share: float, count: int, *, clusters: float = 1.0) -> Band:
    """The band of a share among `count` independent draws; `clusters` is by how much more the count varies."""
    spread = DEVIATIONS * math.sqrt(clusters * share * (1 - share) / max(count, 1)) + DEVIATIONS / max(count, 1)
    return Band(share, max(share - spread, 0.0), min(share + spread, 1.0))


def mean_band(mean: float, deviation: float, count: int) -> Band:
    """The band of the mean of `count` draws."""
    spread = DEVIATIONS * deviation / math.sqrt(max(count, 1))
    return Band(mean, max(mean - spread, 0.0), mean + spread)


def session_clusters(profile: TrafficProfile) -> float:
    """By how much more the number of calls varies than that of sessions: E[m^2] / E[m] of the calls of a session."""
    two, three = profile.session_calls
    return (1 + 3 * two + 5 * three) / profile.calls_per_session


def count_band(expected: float, profile: TrafficProfile) -> Band:
    """The band of a number of calls."""
    spread = DEVIATIONS * math.sqrt(session_clusters(profile) * expected) + DEVIATIONS
    return Band(expected, max(expected - spread, 0.0), expected + spread)


# --- arrivals -----------------------------------------------------------------------------------------------


def expected_per_minute(profile: TrafficProfile, first: int, minutes: int) -> FloatArray:
    """The expected calls of each of some minutes, numbered from 1970."""
    slots = np.arange(first, first + minutes, dtype=np.int64) + Traffic.slot_of(0)
    return profile.weights_at(slots) / profile.busiest_weight * profile.calls_per_second * 60


@final
@dataclass(frozen=True, slots=True)
class BusyHourBands:
    """The bands of the busy hour: its attempts and its traffic in erlangs."""

    attempts: Band
    erlangs: Band


def busy_hour_bands(profile: TrafficProfile, *, begin: int, end: int) -> BusyHourBands | None:
    """The bands of the busiest hour of a window that begins an hour after `begin`; None where there is no whole hour.

    The busiest of several hours that expect the same is above what they expect.
    """
    first = -(-(begin + HOUR) // MINUTE)
    minutes = end // MINUTE - first
    if minutes < 60:
        return None
    sums = np.concatenate([[0.0], np.cumsum(expected_per_minute(profile, first, minutes))])
    hourly = sums[60:] - sums[:-60]
    peak = float(hourly.max())
    extra = _excess_of_busiest(hourly, peak)
    unit = math.sqrt(session_clusters(profile) * max(peak, 1.0))
    attempts = Band(peak, max(peak - DEVIATIONS * unit, 0.0), peak + (DEVIATIONS + extra) * unit)
    mean = profile.mean_call_seconds
    erlangs = peak * mean / 3600
    spread = math.sqrt(session_clusters(profile) * max(peak, 1.0) * mean_square_seconds(profile)) / 3600
    # Many talks last longer than the time that passed since the records begin.
    missing = erlangs * 0.1 if minutes < 240 else erlangs * 0.02
    return BusyHourBands(
        attempts,
        Band(erlangs, max(erlangs - DEVIATIONS * spread - missing, 0.0), erlangs + (DEVIATIONS + extra) * spread),
    )


def _excess_of_busiest(hourly: FloatArray, peak: float) -> float:
    """How many deviations the largest of several alike hours lies above one: by extreme values of the normal law."""
    rivals = float(np.sum(hourly >= 0.8 * peak)) / 15
    return math.sqrt(2 * math.log(max(rivals, 1.0)))


def busy_hour_share_band(profile: TrafficProfile, attempts_of_day: int) -> Band:
    """The band of the busiest hour's share of a day's calls."""
    share = max(profile.hours) / math.fsum(profile.hours)
    hourly = np.repeat(np.asarray(profile.hours, dtype=np.float64), 60)
    unit = math.sqrt(session_clusters(profile) * share * (1 - share) / max(attempts_of_day, 1))
    extra = _excess_of_busiest(hourly, float(hourly.max()))
    return Band(share, max(share - DEVIATIONS * unit, 0.0), min(share + (DEVIATIONS + extra) * unit, 1.0))


def dispersion_band(counts: IntArray) -> Band:
    """The band of the index of dispersion of a Poisson process, for counts with a row of sixty minutes an hour."""
    means = np.mean(counts, axis=1)
    total = float(means.sum())
    variance = float((means / 60 + 2 * means**2 / 59).sum()) / max(total, 1e-9) ** 2
    spread = DEVIATIONS * math.sqrt(variance)
    return Band(1.0, max(1 - spread, 0.0), 1 + spread)


# --- how calls end ------------------------------------------------------------------------------------------


def delivered_share(profile: TrafficProfile) -> float:
    """The expected network effectiveness ratio."""
    shares = profile.shares_of_dispositions
    return (
        shares[ANSWERED]
        + shares[NO_ANSWER]
        + shares[BUSY]
        + shares[CANCELLED] * (1 - profile.given_up)
        + shares[FAILED] / _CAUSES_OF_FAILURE
    )


def direction_shares(profile: TrafficProfile) -> tuple[float, ...]:
    """The expected shares of the directions among all calls: first ones, later ones, and those that try again."""
    later = 1 - 1 / profile.calls_per_session
    again = profile.redial * (1 - profile.shares_of_dispositions[ANSWERED])
    first = [weight / math.fsum(profile.directions) for weight in profile.directions]
    further = [weight / math.fsum(profile.further_directions) for weight in profile.further_directions]
    return tuple(
        one * (1 - later) + later * (again * one + (1 - again) * other)
        for one, other in zip(first, further, strict=True)
    )


def transferred_share(profile: TrafficProfile) -> float:
    """The expected share of answered calls that are transferred."""
    long, short = profile.talk.share_above(20), profile.talk.share_above(10)
    return profile.transferred * (short - long * profile.held)


def recorded_share(profile: TrafficProfile) -> float:
    """The expected share of answered calls with a recording."""
    return profile.recorded[0] * profile.talk.share_above(2)


def busiest_line_band(profile: TrafficProfile, count: int) -> Band:
    """The band of the busiest line's share of the home customer's calls; the busiest of several is above each."""
    weights = np.asarray([1 / (rank + 1) ** profile.line_skew for rank in range(len(profile.home_line_thresholds))])
    share = float(weights.max() / weights.sum())
    rivals = float(np.sum(weights >= 0.8 * weights.max()))
    extra = math.sqrt(2 * math.log(rivals))
    unit = math.sqrt(session_clusters(profile) * share * (1 - share) / max(count, 1))
    # At most all talks of persons go to groups instead, where one of them already talks.
    persons = float(weights[HOME_GROUPS:].sum() / weights.sum())
    moved = profile.shares_of_dispositions[ANSWERED] * persons / HOME_GROUPS
    most = share + (DEVIATIONS + extra) * unit + (moved if profile.concurrent_calls <= BUSIEST_PERSONS else 0.0)
    return Band(share, max(share - DEVIATIONS * unit, 0.0), min(most, 1.0))


# --- durations ----------------------------------------------------------------------------------------------


def mean_square_seconds(profile: TrafficProfile) -> float:
    """The mean square of the duration of a call, in square seconds."""
    answered = profile.shares_of_dispositions[ANSWERED]
    talk, ring = profile.talk, profile.ring_until_answer
    before = profile.setup.mean + ring.mean
    whole = talk.deviation**2 + ring.deviation**2 + (talk.mean + before) ** 2
    unanswered = (profile.setup.mean + profile.ring_until_no_answer.mean) ** 2
    return answered * whole + (1 - answered) * unanswered


def law_distance_band(count: int) -> Band:
    """The band of the Kolmogorov-Smirnov distance of `count` draws from their own law: left 1 in 8,000 times."""
    return Band(0.0, 0.0, 2.2 / math.sqrt(max(count, 1)) + _TABLE_ERROR)


def answer_delay_band(profile: TrafficProfile, share: float, count: int) -> Band:
    """The band of a quantile of the time from start to answer, in seconds."""
    spread = DEVIATIONS * (math.sqrt(share * (1 - share) / max(count, 1)) + 1 / max(count, 1)) + _TABLE_ERROR
    sums = _sums_of_tables(profile.setup.table, profile.ring_until_answer.table)
    places = np.clip([share, share - spread, share + spread], 0, 1)
    expected, low, high = np.quantile(sums, places).tolist()
    return Band(expected, low, high + 0.001)


def _sums_of_tables(one: IntArray, other: IntArray) -> FloatArray:
    """Evenly spread values of the sum of two independent durations, in seconds."""
    middles = [(table[:-1:8] + table[8::8]) / 2 for table in (one, other)]
    return (middles[0][:, None] + middles[1][None, :]).ravel() / 1000
