"""How busy traffic must be for so many calls, and how that of a vast world calms down before its instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from harness.errors import UsageProblem
from harness.world.traffic import EPOCH, Traffic, millis_of
from harness.world.traffic_profile import SLOT_MS, TrafficProfile
from harness.world.traffic_window import TrafficWindow
from harness.world.vast_minutes import VastMinutes

RAISED_DAYS: Final = 365
"""How long a log is whose rate was raised, for it would begin before there are calls."""
TAIL_RATE: Final = 10.0
"""Calls a second in the busiest hour, at most, in the last hours of a vast world: each of them may be looked at."""


def raised_profile(profile: TrafficProfile, calls: int, instant: datetime) -> TrafficProfile:
    """The profile at a rate that gives so many calls in the year before an instant; UsageProblem where none does."""
    window = TrafficWindow(begin=instant - timedelta(days=RAISED_DAYS), end=instant, per_day=calls / RAISED_DAYS)
    try:
        return window.profile_for(profile)
    except UsageProblem:
        raise UsageProblem(
            "the world of calls", "a number of calls that some rate gives in a year", f"{calls:,}", "ask for fewer"
        ) from None


def vast_traffic(traffic: Traffic, instant: datetime, tail_rate: float) -> Traffic:
    """Traffic as a vast world needs it; in the last hours before an instant calls come at `tail_rate` at most."""
    tail = traffic.slot_of(millis_of(_tail_start(traffic.profile, instant)))
    return replace(traffic, vast=VastMinutes(traffic.seed, traffic.profile, tail, min(tail_rate, TAIL_RATE)))


def vast_traffic_within(seed: int, profile: TrafficProfile, window: TrafficWindow, calls: float) -> Traffic:
    """Such traffic with about so many calls in a window, nearly all of them before its last hours."""
    shorter = replace(window, end=_tail_start(profile, window.end))
    busy = replace(shorter, per_day=calls / shorter.days).profile_for(profile)
    return vast_traffic(Traffic(seed, busy), window.end, profile.calls_per_second)


def is_mostly_tail(profile: TrafficProfile, window: TrafficWindow) -> bool:
    """Whether more than half of a window would be the last hours of a vast world."""
    return (_tail_start(profile, window.end) - window.begin) * 2 < window.end - window.begin


def _tail_start(profile: TrafficProfile, instant: datetime) -> datetime:
    """The minute from which on calls may live at the instant, or begin where such calls do."""
    traffic = Traffic(0, profile)
    slot = traffic.first_live_slot(millis_of(instant)) - traffic.spill
    return EPOCH + timedelta(milliseconds=slot * SLOT_MS)
