"""Profiles of traffic: when calls arrive, how they end and last, who calls whom; and the shipped ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, final

import numpy as np

from harness.world.duration_laws import DurationLaw, Exponential, Gamma, LogNormal, log_normal
from harness.world.random_streams import IntArray, Thresholds, weight_thresholds, zipf_thresholds

SLOT_MS: Final = 60_000
SLOTS_PER_HOUR: Final = 60
HOURS_PER_WEEK: Final = 168

DISPOSITION_NAMES: Final = ("answered", "no-answer", "busy", "cancelled", "failed")
DIRECTION_NAMES: Final = ("inbound", "outbound", "internal", "transit")

# The sizes of the pools of lines and of numbers outside; a test holds them to the pools.
HOME_LINES: Final = 48
OTHER_LINES: Final = 10
REMOTE_NUMBERS: Final = 6124

# An office's durations, in seconds.
_NEXT_CALL: Final = log_normal(median=9, sigma=0.7, least=1, most=60)
_SETUP: Final = log_normal(median=0.7, sigma=0.6, least=0.08, most=8)
_RING_UNTIL_ANSWER: Final = log_normal(median=8, sigma=0.6, least=0.5, most=60)
_RING_UNTIL_NO_ANSWER: Final = log_normal(median=28, sigma=0.3, least=12, most=90)
_RING_UNTIL_CANCEL: Final = log_normal(median=9, sigma=0.7, least=0.4, most=50)
_TALK: Final = log_normal(median=85, sigma=1.1, least=1.2, most=7200)


@final
@dataclass(frozen=True, kw_only=True)
class TrafficProfile:
    """A profile of traffic; what is not given is as in an office. Times of the day and week are in UTC.

    `calls_per_second` holds for the busiest hour; `hours` and `days` (from Monday) are weights. `session_calls` are
    the shares of sessions with two calls or more and with three; `next_call` is the law of the pause between their
    starts. `dispositions` and `directions` are weights in the order of their names above, `further_directions` those
    of calls after the first of a session; `redial` is the share of such calls that, after an unanswered first one,
    try the same party again. `given_up` is the share of cancelled calls that never rang. `held` and `transferred` are
    shares of the answered calls that talk long enough, `recorded` the shares with a recording and with two.
    `line_skew`, `other_line_skew` and `remote_skew` are exponents of Zipf's law over persons and numbers outside: at
    0 all are alike, at 1 a few make most calls.
    """

    name: str
    calls_per_second: float
    hours: tuple[float, ...]
    days: tuple[float, ...]
    session_calls: tuple[float, float] = (0.21, 0.03)
    next_call: DurationLaw = _NEXT_CALL
    dispositions: tuple[float, ...] = (0.68, 0.16, 0.06, 0.06, 0.04)
    given_up: float = 0.2
    setup: DurationLaw = _SETUP
    ring_until_answer: DurationLaw = _RING_UNTIL_ANSWER
    ring_until_no_answer: DurationLaw = _RING_UNTIL_NO_ANSWER
    ring_until_cancel: DurationLaw = _RING_UNTIL_CANCEL
    talk: DurationLaw = _TALK
    directions: tuple[float, ...] = (0.43, 0.38, 0.17, 0.02)
    further_directions: tuple[float, ...] = (0, 0.75, 0.25, 0)
    redial: float = 0.0
    held: float = 0.18
    transferred: float = 0.08
    recorded: tuple[float, float] = (0.45, 0.05)
    line_skew: float = 1.1
    other_line_skew: float = 1.0
    remote_skew: float = 0.75
    # The name of the file that it was read from, so that a command can be repeated.
    file: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if len(self.hours) != 24 or len(self.days) != 7:
            raise ValueError("a profile has 24 hours and 7 days (from Monday)")
        if min(self.hours + self.days) < 0 or max(self.hours) * max(self.days) <= 0:
            raise ValueError("weights are not negative, and some hour has calls")
        if not 0.0001 <= self.calls_per_second <= 10_000_000:
            raise ValueError("calls_per_second is between 0.0001 and 10000000")
        if len(self.dispositions) != len(DISPOSITION_NAMES):
            raise ValueError(f"dispositions are weights of {', '.join(DISPOSITION_NAMES)}")
        if any(len(weights) != len(DIRECTION_NAMES) for weights in (self.directions, self.further_directions)):
            raise ValueError(f"directions are weights of {', '.join(DIRECTION_NAMES)}")
        for weights in (self.dispositions, self.directions, self.further_directions):
            if min(weights) < 0 or sum(weights) <= 0:
                raise ValueError("weights are not negative, and one is above 0")
        shares = (*self.session_calls, self.given_up, self.redial, self.held, self.transferred, *self.recorded)
        if not all(0 <= share <= 1 for share in shares):
            raise ValueError("shares are between 0 and 1")
        if any(more > one for one, more in (self.session_calls, self.recorded)):
            raise ValueError("of two shares of which one is part of the other, the second is not larger")
        if not all(0 <= skew <= 5 for skew in (self.line_skew, self.other_line_skew, self.remote_skew)):
            raise ValueError("the exponents of Zipf's law are between 0 and 5")

    def with_rate(self, calls_per_second: float) -> TrafficProfile:
        """The same profile at another rate."""
        return replace(self, calls_per_second=calls_per_second)

    def weights_at(self, slots: IntArray) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """The weight of each minute (numbered from 2000-01-01), as a product of those of hour and day."""
        return np.outer(self.days, self.hours).ravel()[_hours_of(slots)]

    @cached_property
    def _weight_kinds(self) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], IntArray]:
        """The different weights of a week's hours, and which of them each hour has."""
        weights, kinds = np.unique(np.outer(self.days, self.hours).ravel(), return_inverse=True)
        return weights, kinds.astype(np.int64)

    def kinds_at(self, slots: IntArray) -> tuple[list[float], IntArray]:
        """The different weights of some minutes, rising, and which of them each minute has."""
        weights, kinds_of_hours = self._weight_kinds
        kinds = kinds_of_hours[_hours_of(slots)]
        held = np.bincount(kinds, minlength=len(weights)) > 0
        return weights[held].tolist(), (np.cumsum(held) - 1)[kinds]

    @property
    def busiest_weight(self) -> float:
        """The weight of the busiest hour of the week."""
        return max(self.hours) * max(self.days)

    @property
    def mean_weight(self) -> float:
        """The mean weight of a week by that of its busiest hour."""
        return math.fsum(self.hours) * math.fsum(self.days) / HOURS_PER_WEEK / self.busiest_weight

    @property
    def calls_per_session(self) -> float:
        """The mean number of calls of a session."""
        return 1 + self.session_calls[0] + self.session_calls[1]

    @property
    def least_session_calls(self) -> int:
        """The fewest calls that a session can hold."""
        return 1 + sum(share == 1 for share in self.session_calls)

    @cached_property
    def shares_of_dispositions(self) -> tuple[float, ...]:
        """The shares of the dispositions, in the order of their names."""
        total = math.fsum(self.dispositions)
        return tuple(weight / total for weight in self.dispositions)

    @cached_property
    def mean_call_seconds(self) -> float:
        """The mean duration of a call from its start to its end, in seconds."""
        answered, no_answer, _, cancelled, _ = self.shares_of_dispositions
        return (
            self.setup.mean
            + answered * (self.ring_until_answer.mean + self.talk.mean)
            + no_answer * self.ring_until_no_answer.mean
            + cancelled * (1 - self.given_up) * self.ring_until_cancel.mean
        )

    @property
    def longest_delay_ms(self) -> int:
        """So long after its session a further call begins at most, in milliseconds."""
        return 2 * self.next_call.longest_ms

    @property
    def longest_session_ms(self) -> int:
        """No session lasts longer, in milliseconds: two further calls, then setting up, ringing and talking."""
        rings = (self.ring_until_answer, self.ring_until_no_answer, self.ring_until_cancel)
        longest_ring = max(law.longest_ms for law in rings)
        return self.longest_delay_ms + self.setup.longest_ms + longest_ring + self.talk.longest_ms

    @property
    def concurrent_calls(self) -> float:
        """The mean number of calls in progress in the busiest hour (Little's law)."""
        return self.calls_per_second * self.mean_call_seconds

    # --- what draws are compared with -----------------------------------------------------------------------

    @property
    def disposition_thresholds(self) -> Thresholds:
        return weight_thresholds(self.dispositions)

    @property
    def direction_thresholds(self) -> Thresholds:
        return weight_thresholds(self.directions)

    @property
    def further_direction_thresholds(self) -> Thresholds:
        return weight_thresholds(self.further_directions)

    @property
    def home_line_thresholds(self) -> Thresholds:
        return zipf_thresholds(HOME_LINES, self.line_skew)

    @property
    def other_line_thresholds(self) -> Thresholds:
        return zipf_thresholds(OTHER_LINES, self.other_line_skew)

    @property
    def remote_thresholds(self) -> Thresholds:
        return zipf_thresholds(REMOTE_NUMBERS, self.remote_skew)


OFFICE: Final = TrafficProfile(
    name="office",
    calls_per_second=0.34,
    hours=(
        .01, .01, .01, .01, .01, .02, .06, .25, .70, .95, 1., .95,
        .70, .75, .90, .95, .85, .60, .30, .15, .08, .05, .03, .02,
    ),
    days=(1.0, 1.0, 1.0, 0.97, 0.9, 0.12, 0.06),
)  # fmt: skip
STEADY: Final = replace(OFFICE, name="steady", hours=(1.0,) * 24, days=(1.0,) * 7)
# People who call in and wait for an agent: most are answered, after a queue; those who are not gave up. Nearly all
# talks are recorded, and agents are alike.
CONTACT_CENTRE: Final = TrafficProfile(
    name="contact-centre",
    calls_per_second=4.0,
    hours=(
        .20, .15, .12, .10, .10, .12, .25, .55, .85, 1., 1., .95,
        .90, .90, .95, .95, .95, .90, .85, .80, .70, .55, .40, .30,
    ),
    days=(1.0, 0.95, 0.95, 0.95, 1.0, 0.6, 0.45),
    session_calls=(0.12, 0.02),
    dispositions=(0.86, 0.03, 0.01, 0.08, 0.02),
    given_up=0.05,
    ring_until_answer=DurationLaw(
        parts=((0.6, LogNormal(median=6, sigma=0.5)), (0.4, Exponential(mean=45))), least=0.5, most=900
    ),
    ring_until_cancel=DurationLaw(parts=((1.0, Exponential(mean=60)),), least=0.4, most=900),
    talk=DurationLaw(parts=((1.0, Gamma(mean=270, shape=1.4)),), least=2, most=5400),
    directions=(0.80, 0.16, 0.03, 0.01),
    further_directions=(0, 0.4, 0.6, 0),
    held=0.3,
    transferred=0.12,
    recorded=(0.96, 0.08),
    line_skew=0.4,
    other_line_skew=0.4,
    remote_skew=0.4,
)  # fmt: skip
# Calls of other carriers passing through: many attempts, half of them answered, short talks in two kinds
# (a word or two, and real talks), failed ones tried again at once, hardly anything recorded.
WHOLESALE: Final = TrafficProfile(
    name="wholesale",
    calls_per_second=8.0,
    hours=(
        .42, .34, .28, .25, .24, .26, .34, .48, .66, .82, .92, .96,
        .95, .94, .96, .98, 1., 1., .99, .97, .92, .83, .70, .55,
    ),
    days=(1.0, 1.0, 1.0, 1.0, 1.0, 0.82, 0.78),
    session_calls=(0.14, 0.04),
    next_call=DurationLaw(parts=((1.0, Exponential(mean=5)),), least=0.5, most=30),
    dispositions=(0.49, 0.17, 0.10, 0.10, 0.14),
    given_up=0.45,
    setup=DurationLaw(parts=((1.0, Gamma(mean=2.2, shape=2.5)),), least=0.1, most=15),
    talk=DurationLaw(
        parts=((0.38, Exponential(mean=24)), (0.62, LogNormal(median=120, sigma=0.95))), least=0.5, most=7200
    ),
    directions=(0.03, 0.03, 0.0, 0.94),
    further_directions=(0.03, 0.03, 0.0, 0.94),
    redial=0.9,
    held=0.0,
    transferred=0.0,
    recorded=(0.01, 0.0),
    remote_skew=0.5,
)  # fmt: skip
PROFILES: Final = (OFFICE, STEADY, CONTACT_CENTRE, WHOLESALE)


def _hours_of(slots: IntArray) -> IntArray:
    """The hour of the week of each minute, from Monday."""
    # 2000-01-01 was a Saturday.
    return (slots // SLOTS_PER_HOUR + 5 * 24) % HOURS_PER_WEEK
