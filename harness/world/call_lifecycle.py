"""How calls go: from the number of a call to the instants of its life.

A call's number is four times its session's number plus its place in the session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from harness.world.random_streams import Ints, chance, choose, draw, log_normal, quantile, thresholds
from harness.world.traffic import Traffic

NEVER: Final = -1

_ENDINGS: Final = thresholds((0.68, 0.16, 0.06, 0.06, 0.04))
ANSWERED, NO_ANSWER, BUSY, CANCELLED, FAILED = range(5)

_SETUP: Final = log_normal(median=0.7, sigma=0.6, least=0.08, most=8)
_RING: Final = log_normal(median=8, sigma=0.6, least=0.5, most=60)
_RING_OUT: Final = log_normal(median=28, sigma=0.3, least=12, most=90)
_RING_AWAY: Final = log_normal(median=9, sigma=0.7, least=0.4, most=50)
_TALK: Final = log_normal(median=85, sigma=1.1, least=1.2, most=7200)
_LATER: Final = log_normal(median=9, sigma=0.7, least=1, most=60)


@final
@dataclass(frozen=True, slots=True)
class Lives:
    """The instants of calls in milliseconds since 1970, one array each; `NEVER` where one did not come."""

    units: Ints
    started: Ints
    rang: Ints
    answered: Ints
    ended: Ints
    endings: Ints


def lives_of(traffic: Traffic, units: Ints) -> Lives:
    """The lives of calls, by their numbers."""
    seed = traffic.seed
    place = units & 3
    later = np.where(place > 0, place * quantile(draw(seed, "call.later", units), _LATER), 0)
    started = traffic.starts(units >> 2) + later
    endings = choose(draw(seed, "call.ending", units), _ENDINGS)
    setup = quantile(draw(seed, "call.setup", units), _SETUP)
    bits = draw(seed, "call.ring", units)
    ring = np.select(
        [endings == ANSWERED, endings == NO_ANSWER, endings == CANCELLED],
        [quantile(bits, _RING), quantile(bits, _RING_OUT), quantile(bits, _RING_AWAY)],
        default=NEVER,
    )
    # Some callers give up before it rings.
    gone = (endings == CANCELLED) & chance(draw(seed, "call.gone", units), 0.2)
    ring = np.where(gone, NEVER, ring)
    rings = ring != NEVER
    rang = np.where(rings, started + setup, NEVER)
    after_ring = started + setup + np.where(rings, ring, 0)
    talks = endings == ANSWERED
    talk = quantile(draw(seed, "call.talk", units), _TALK)
    return Lives(
        units=units,
        started=started,
        rang=rang,
        answered=np.where(talks, after_ring, NEVER),
        ended=after_ring + np.where(talks, talk, 0),
        endings=endings,
    )


def units_in(traffic: Traffic, numbers: Ints) -> Ints:
    """The numbers of all calls of sessions, session by session."""
    counts = traffic.calls_in(numbers)
    ends = np.cumsum(counts)
    place = np.arange(int(ends[-1]) if len(ends) else 0, dtype=np.int64) - np.repeat(ends - counts, counts)
    return np.repeat(numbers, counts) * 4 + place
