"""Figures of traffic, each measured on calls as arrays.

Terms are those of ITU-T E.600 (terms and definitions of traffic engineering): a seizure is a call that was begun, the
holding time of a call is the time from its start to its end, the erlang is the unit of traffic intensity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from harness.traffic.call_columns import CallColumns
from harness.world.duration_laws import DurationLaw, FloatArray
from harness.world.random_streams import FlagArray, IntArray

MINUTE: Final = 60_000
HOUR: Final = 3_600_000
DAY: Final = 86_400_000


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BusyHour:
    """The busiest hour of a window: when it begins (milliseconds since 1970), its attempts and its traffic."""

    begin: int
    attempts: int
    erlangs: float


def answer_seizure_ratio(calls: CallColumns) -> float:
    """ASR: answered calls by all seizures (ITU-T E.411, E.600)."""
    return float(np.mean(calls.is_answered))


def network_effectiveness_ratio(calls: CallColumns) -> float | None:
    """NER: seizures that ended with answer, user busy, ring no answer or terminal rejection, by all (ITU-T E.425)."""
    return None if calls.delivered is None else float(np.mean(calls.delivered))


def average_call_duration(calls: CallColumns) -> float | None:
    """ACD: the mean time from answer to end of answered calls, in seconds; None where none was answered."""
    talk = calls.talk_seconds
    return float(np.mean(talk)) if len(talk) else None


def busy_hour_of(calls: CallColumns) -> BusyHour | None:
    """The continuous hour (from a whole minute) with most call attempts (ITU-T E.600: busy hour).

    Calls from before the window are not known, so an hour that begins within its first hour is not taken; None for a
    window of less than two hours.
    """
    first = -(-(calls.begin + HOUR) // MINUTE)
    minutes = calls.end // MINUTE - first
    if minutes < 60:
        return None
    counts = counts_per_minute(calls.started, first, minutes)
    sums = np.concatenate([[0], np.cumsum(counts)])
    attempts = sums[60:] - sums[:-60]
    best = int(np.argmax(attempts))
    begin = (first + best) * MINUTE
    return BusyHour(
        begin=begin, attempts=int(attempts[best]), erlangs=carried_erlangs(calls, begin=begin, end=begin + HOUR)
    )


def counts_per_minute(started: IntArray, first: int, minutes: int) -> IntArray:
    """The calls that begin in each of some minutes, numbered from 1970."""
    places = started // MINUTE - first
    within = places[(places >= 0) & (places < minutes)]
    return np.bincount(within, minlength=minutes).astype(np.int64)


def carried_erlangs(calls: CallColumns, *, begin: int, end: int) -> float:
    """The mean number of calls in progress between two instants: holding time in between by their distance."""
    overlap = np.minimum(calls.ended, end) - np.maximum(calls.started, begin)
    return float(np.maximum(overlap, 0).sum()) / (end - begin)


def busy_hour_share(calls: CallColumns) -> tuple[float, int] | None:
    """The attempts of the busiest hour by those of its day (E.600: busy hour to day ratio), and the latter.

    Of the busiest whole day (UTC) in the window; None where the window has none, or no calls on it.
    """
    first = -(-calls.begin // DAY)
    days = calls.end // DAY - first
    if days < 1:
        return None
    counts = counts_per_minute(calls.started, first * 1440, days * 1440).reshape(days, 1440)
    totals = counts.sum(axis=1)
    day = int(np.argmax(totals))
    if not totals[day]:
        return None
    sums = np.concatenate([[0], np.cumsum(counts[day])])
    return float((sums[60:] - sums[:-60]).max() / totals[day]), int(totals[day])


def hourly_counts(calls: CallColumns, counted: FlagArray | None = None) -> IntArray:
    """Arrivals per minute in each whole clock hour of the window, one hour a row."""
    first = -(-calls.begin // HOUR)
    hours = max(calls.end // HOUR - first, 0)
    started = calls.started if counted is None else calls.started[counted]
    return counts_per_minute(started, first * 60, hours * 60).reshape(hours, 60)


def index_of_dispersion(counts: IntArray) -> float | None:
    """The variance of arrivals per minute by their mean, within clock hours: 1 for pure chance (Poisson) traffic.

    `counts` has a row of sixty minutes for each hour; the variances and the means of all hours are added up, so that
    the rise and fall of the day does not count. None without an hour that has arrivals.
    """
    if not counts.sum():
        return None
    return float(np.var(counts, axis=1, ddof=1).sum() / np.mean(counts, axis=1).sum())


def distance_from_law(seconds: FloatArray, law: DurationLaw) -> float | None:
    """The Kolmogorov-Smirnov distance: the largest difference between the shares of durations and of their law."""
    if not len(seconds):
        return None
    values, counts = np.unique(seconds, return_counts=True)
    upto = np.cumsum(counts) / len(seconds)
    below = upto - counts / len(seconds)
    return float(max(np.abs(upto - law.cdf(values)).max(), np.abs(below - law.cdf_below(values)).max()))


def quantile(seconds: FloatArray, share: float) -> float | None:
    """The least duration that a share of all do not exceed; None of none."""
    if not len(seconds):
        return None
    return float(np.quantile(seconds, share, method="inverted_cdf"))


def shares_of(codes: IntArray, size: int) -> tuple[float, ...]:
    """The share of each code from 0 among those that are known."""
    known = codes[codes >= 0]
    counts = np.bincount(known, minlength=size)[:size]
    return tuple((counts / max(len(known), 1)).tolist())


def share_of_answered(calls: CallColumns, flags: FlagArray | None) -> float | None:
    """The share of answered calls of which something holds; None where that is not known or none was answered."""
    answered = calls.is_answered
    return None if flags is None or not answered.any() else float(np.mean(flags[answered]))


def busiest_line_share(calls: CallColumns) -> float | None:
    """The share that the busiest line has of the calls of the home customer's lines."""
    if calls.lines is None or not len(calls.lines):
        return None
    return float(np.bincount(calls.lines).max() / len(calls.lines))
