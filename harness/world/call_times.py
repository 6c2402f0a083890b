"""The life of calls: from the number of a call to its instants (start, ringing, answer, end).

A call's number is four times its session's number plus its place in the session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from harness.world.random_streams import (
    IntArray,
    chance_flags,
    choose_indexes,
    draw_bits,
    log_normal_table,
    quantile_values,
    weight_thresholds,
)
from harness.world.traffic import Traffic

NEVER: Final = -1

_DISPOSITION_WEIGHTS: Final = weight_thresholds((0.68, 0.16, 0.06, 0.06, 0.04))
ANSWERED, NO_ANSWER, BUSY, CANCELLED, FAILED = range(5)

_SETUP: Final = log_normal_table(median=0.7, sigma=0.6, least=0.08, most=8)
_RING_UNTIL_ANSWER: Final = log_normal_table(median=8, sigma=0.6, least=0.5, most=60)
_RING_UNTIL_NO_ANSWER: Final = log_normal_table(median=28, sigma=0.3, least=12, most=90)
_RING_UNTIL_CANCEL: Final = log_normal_table(median=9, sigma=0.7, least=0.4, most=50)
_TALK: Final = log_normal_table(median=85, sigma=1.1, least=1.2, most=7200)
_NEXT_CALL_DELAY: Final = log_normal_table(median=9, sigma=0.7, least=1, most=60)


@final
@dataclass(frozen=True, slots=True)
class CallTimes:
    """The instants of calls in milliseconds since 1970, one array each; `NEVER` where one did not come."""

    call_numbers: IntArray
    started: IntArray
    rang: IntArray
    answered: IntArray
    ended: IntArray
    dispositions: IntArray


def call_starts(traffic: Traffic, units: IntArray) -> IntArray:
    """The starts of calls, in milliseconds since 1970."""
    place = units & 3
    later = place * quantile_values(draw_bits(traffic.seed, "call.later", units), _NEXT_CALL_DELAY)
    return traffic.session_starts(units >> 2) + later


def call_times_of(traffic: Traffic, units: IntArray) -> CallTimes:
    """The times of calls, given by their call numbers."""
    seed = traffic.seed
    started = call_starts(traffic, units)
    endings = choose_indexes(draw_bits(seed, "call.ending", units), _DISPOSITION_WEIGHTS)
    setup = quantile_values(draw_bits(seed, "call.setup", units), _SETUP)
    bits = draw_bits(seed, "call.ring", units)
    ring = np.select(
        [endings == ANSWERED, endings == NO_ANSWER, endings == CANCELLED],
        [
            quantile_values(bits, _RING_UNTIL_ANSWER),
            quantile_values(bits, _RING_UNTIL_NO_ANSWER),
            quantile_values(bits, _RING_UNTIL_CANCEL),
        ],
        default=NEVER,
    )
    # Some callers give up before it rings.
    gone = (endings == CANCELLED) & chance_flags(draw_bits(seed, "call.gone", units), 0.2)
    ring = np.where(gone, NEVER, ring)
    rings = ring != NEVER
    rang = np.where(rings, started + setup, NEVER)
    after_ring = started + setup + np.where(rings, ring, 0)
    talks = endings == ANSWERED
    talk = quantile_values(draw_bits(seed, "call.talk", units), _TALK)
    return CallTimes(
        call_numbers=units,
        started=started,
        rang=rang,
        answered=np.where(talks, after_ring, NEVER),
        ended=after_ring + np.where(talks, talk, 0),
        dispositions=endings,
    )


def call_numbers_in(traffic: Traffic, numbers: IntArray) -> IntArray:
    """The numbers of all calls of sessions, session by session."""
    counts = traffic.call_counts(numbers)
    ends = np.cumsum(counts)
    place = np.arange(int(ends[-1]) if len(ends) else 0, dtype=np.int64) - np.repeat(ends - counts, counts)
    return np.repeat(numbers, counts) * 4 + place
