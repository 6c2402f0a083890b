"""A profile of traffic fitted to real records; nobody who stands in them stands in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np

from harness.traffic.call_columns import CallColumns
from harness.traffic.figures import shares_of
from harness.traffic.law_fit import FittedLaw, fit_laws
from harness.traffic.record_columns import RecordedTraffic
from harness.world.call_times import ANSWERED, CANCELLED, NEVER, NO_ANSWER
from harness.world.duration_laws import DurationLaw, FloatArray, log_normal
from harness.world.random_streams import FlagArray
from harness.world.traffic_profile import DIRECTION_NAMES, DISPOSITION_NAMES, OFFICE, TrafficProfile

_HOUR: Final = 3_600_000
_ROUNDS: Final = 100
_DIGITS: Final = 4
# Where nothing tells when it rang, all of the time until the answer is taken for ringing.
_NO_SETUP: Final = log_normal(median=0.1, sigma=0.1, least=0.08, most=0.2)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FittedProfile:
    """A profile fitted to records, and for each of its durations the laws that were tried, the best first."""

    profile: TrafficProfile
    laws: tuple[tuple[str, tuple[FittedLaw, ...]], ...]


def fit_profile(traffic: RecordedTraffic, *, name: str, base: TrafficProfile = OFFICE) -> FittedProfile:
    """The profile of recorded traffic; what the records do not tell is as in `base`."""
    calls, rang = traffic.calls, traffic.rang
    hours, days, rate = _fit_arrivals(calls)
    durations = _durations(calls, rang)
    laws = tuple((key, fit_laws(seconds)) for key, seconds in durations)
    best = {key: found[0].law for key, found in laws if found}
    if not (rang != NEVER).any():
        best["setup"] = _NO_SETUP
    profile = replace(
        base,
        name=name,
        hours=hours,
        days=days,
        calls_per_second=rate,
        session_calls=_session_calls(traffic.calls_of_sessions),
        redial=0.0,
        dispositions=_rounded(shares_of(calls.dispositions, len(DISPOSITION_NAMES))),
        given_up=_given_up(calls, rang, base),
        file=None,
        setup=best.get("setup", base.setup),
        ring_until_answer=best.get("ring_until_answer", base.ring_until_answer),
        ring_until_no_answer=best.get("ring_until_no_answer", base.ring_until_no_answer),
        ring_until_cancel=best.get("ring_until_cancel", base.ring_until_cancel),
        talk=best.get("talk", base.talk),
    )
    return FittedProfile(profile=_with_shares(profile, calls), laws=laws)


def _durations(calls: CallColumns, rang: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[tuple[str, FloatArray]]:
    begun = np.where(rang != NEVER, rang, calls.started)
    until = np.where(calls.is_answered, calls.answered, calls.ended)
    ring = (until - begun) / 1000
    kinds = calls.dispositions
    return [
        ("talk", calls.talk_seconds),
        ("setup", (rang - calls.started)[rang != NEVER] / 1000),
        ("ring_until_answer", ring[kinds == ANSWERED]),
        ("ring_until_no_answer", ring[kinds == NO_ANSWER]),
        ("ring_until_cancel", ring[(kinds == CANCELLED) & ((rang != NEVER) | (not (rang != NEVER).any()))]),
    ]


def _fit_arrivals(calls: CallColumns) -> tuple[tuple[float, ...], tuple[float, ...], float]:
    """Weights of hours and days, and calls a second in the busiest hour: the likeliest of a Poisson process.

    The weight of an hour times that of a day, for the time that the records cover; an hour or a day that they do not
    cover has the mean of the others.
    """
    first, last = calls.begin // _HOUR, calls.end // _HOUR
    # 1970-01-01 was a Thursday.
    covered = np.zeros((7, 24), dtype=np.float64)
    numbers = np.arange(first, last, dtype=np.int64)
    np.add.at(covered, ((numbers // 24 + 3) % 7, numbers % 24), 1.0)
    starts = calls.started // _HOUR
    counts = np.zeros((7, 24), dtype=np.float64)
    np.add.at(counts, ((starts // 24 + 3) % 7, starts % 24), 1.0)
    hours, days = np.ones(24), np.ones(7)
    for _ in range(_ROUNDS):
        hours = _ratio(counts.sum(axis=0), days @ covered)
        days = _ratio(counts.sum(axis=1), covered @ hours)
    per_hour = float(hours.max() * days.max())
    return (
        _rounded((hours / hours.max()).tolist()),
        _rounded((days / days.max()).tolist()),
        float(f"{max(per_hour / 3600, 0.0001):.4g}"),
    )


def _ratio(counts: FloatArray, exposure: FloatArray) -> FloatArray:
    known = exposure > 0
    found = np.divide(counts, exposure, out=np.zeros(len(counts)), where=known)
    return np.where(known, found, found[known].mean())


def _session_calls(calls_of_sessions: tuple[int, ...]) -> tuple[float, float]:
    many = np.asarray(calls_of_sessions)
    two, three = _rounded([float(np.mean(many >= 2)), float(np.mean(many >= 3))])
    return two, three


def _given_up(calls: CallColumns, rang: np.ndarray[tuple[int], np.dtype[np.int64]], base: TrafficProfile) -> float:
    cancelled = calls.dispositions == CANCELLED
    if not cancelled.any() or not (rang != NEVER).any():
        return base.given_up
    return round(float(np.mean(rang[cancelled] == NEVER)), _DIGITS)


def _with_shares(profile: TrafficProfile, calls: CallColumns) -> TrafficProfile:
    """Directions, transfers and recordings, as far as the records tell."""
    if calls.directions is not None:
        shares = _rounded(shares_of(calls.directions, len(DIRECTION_NAMES)))
        profile = replace(profile, directions=shares, further_directions=shares)
    if calls.transferred is not None:
        # Of calls that talk long enough, and are not held.
        eligible = _eligible_share(profile.talk, profile.held)
        share = _mean_of(calls.transferred, calls.is_answered) / max(eligible, 0.001)
        profile = replace(profile, transferred=round(min(share, 1.0), _DIGITS))
    if calls.recorded is not None:
        long = np.zeros(len(calls), dtype=np.bool_)
        long[calls.is_answered] = calls.talk_seconds > 2
        share = round(_mean_of(calls.recorded, long), _DIGITS)
        one, two = profile.recorded
        profile = replace(profile, recorded=(share, round(share * two / one, _DIGITS) if one else 0.0))
    return profile


def _eligible_share(talk: DurationLaw, held: float) -> float:
    return talk.share_above(10) - talk.share_above(20) * held


def _mean_of(flags: FlagArray, among: FlagArray) -> float:
    return float(np.mean(flags[among])) if among.any() else 0.0


def _rounded(values: list[float] | tuple[float, ...]) -> tuple[float, ...]:
    return tuple(round(value, _DIGITS) for value in values)
