"""The window of a world that covers days: from when until when, and how many calls a day come in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import final

import numpy as np

from harness.errors import UsageProblem
from harness.world.traffic import Traffic, millis_of
from harness.world.traffic_profile import SLOT_MS, TrafficProfile


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficWindow:
    """The time from `begin` until `end`; on an average `per_day` calls come in 24 hours of it, if it is given."""

    begin: datetime
    end: datetime
    per_day: float | None = None

    def __post_init__(self) -> None:
        if self.begin >= self.end:
            raise ValueError(f"a window begins ({self.begin}) before it ends ({self.end})")

    @property
    def days(self) -> float:
        """The length in days of 24 hours."""
        return (self.end - self.begin) / timedelta(days=1)

    def expected_calls(self, profile: TrafficProfile) -> float:
        """The mean number of calls of sessions that begin within the window, under a profile."""
        begin, end = millis_of(self.begin), millis_of(self.end)
        slots = np.arange(Traffic.slot_of(begin), Traffic.slot_of(end) + 1, dtype=np.int64)
        starts = Traffic.slot_starts(slots)
        # Of its first and last minute a window may have a part only.
        millis = np.minimum(starts + SLOT_MS, end) - np.maximum(starts, begin)
        seconds = float((profile.weights_at(slots) * millis).sum()) / 1000 / profile.busiest_weight
        return seconds * profile.calls_per_second

    def profile_for(self, profile: TrafficProfile) -> TrafficProfile:
        """The profile at the rate that `per_day` asks for; its shape stays.

        Raises UsageProblem where the profile has no calls in the window, and for a rate that no profile may have.
        """
        if self.per_day is None:
            return profile
        expected = self.expected_calls(profile)
        rate = profile.calls_per_second * self.per_day * self.days / expected if expected else 0.0
        try:
            return profile.with_rate(rate)
        except ValueError:
            raise UsageProblem(
                "the calls a day",
                f"a number that the profile {profile.name} can give from {self.begin} until {self.end}",
                f"{self.per_day:g}, which means {rate:g} calls a second in the busiest hour",
                "choose days on which the profile has calls, or another number",
            ) from None
