"""The life of calls: from the number of a call to its instants (start, ringing, answer, end).

A call's number is four times its session's number plus its place in the session.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from harness.world.random_streams import (
    QUANTILE_STEPS,
    FlagArray,
    IntArray,
    chance_flags,
    choose_indexes,
    chosen_quantile_values,
    draw_bits,
    quantile_values,
    values_where,
)
from harness.world.traffic import Traffic

NEVER: Final = -1

ANSWERED, NO_ANSWER, BUSY, CANCELLED, FAILED = range(5)


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
    return traffic.session_starts(units >> 2) + traffic.call_delays(units)


def dispositions_of(traffic: Traffic, units: IntArray) -> IntArray:
    """How calls end, by their numbers."""
    return choose_indexes(draw_bits(traffic.seed, "call.ending", units), traffic.profile.disposition_thresholds)


def party_numbers_of(traffic: Traffic, units: IntArray) -> IntArray:
    """The call whose parties each call has: its own number, or that of an unanswered first call tried again."""
    if not traffic.profile.redial:
        return units

    def parties_of_further(rows: NDArray[np.intp]) -> IntArray:
        numbers = units[rows]
        tries_again = (dispositions_of(traffic, numbers & ~3) != ANSWERED) & chance_flags(
            draw_bits(traffic.seed, "call.redial", numbers), traffic.profile.redial
        )
        return np.where(tries_again, numbers & ~3, numbers)

    return values_where((units & 3) > 0, units, parties_of_further)


def call_times_of(traffic: Traffic, units: IntArray, starts: IntArray | None = None) -> CallTimes:
    """The times of calls, given by their call numbers, and their starts where these are known."""
    seed, profile = traffic.seed, traffic.profile
    started = call_starts(traffic, units) if starts is None else starts
    endings = dispositions_of(traffic, units)
    setup = quantile_values(draw_bits(seed, "call.setup", units), profile.setup.table)
    ring = chosen_quantile_values(draw_bits(seed, "call.ring", units), _ring_tables(traffic), endings)
    # Some callers give up before it rings.
    cancelled = np.flatnonzero(endings == CANCELLED)
    ring[cancelled[chance_flags(draw_bits(seed, "call.gone", units[cancelled]), profile.given_up)]] = NEVER
    rings = ring != NEVER
    ringing = started + setup
    after_ring = ringing + ring * rings
    talks = endings == ANSWERED
    talk = quantile_values(draw_bits(seed, "call.talk", units), profile.talk.table)
    return CallTimes(
        call_numbers=units,
        started=started,
        rang=_instants_where(rings, ringing),
        answered=_instants_where(talks, after_ring),
        ended=after_ring + talk * talks,
        dispositions=endings,
    )


def _instants_where(come: FlagArray, instants: IntArray) -> IntArray:
    """Those that come, else NEVER: without a branch, for no processor foretells which calls are answered."""
    found: IntArray = instants - NEVER
    found *= come
    found += NEVER
    return found


@lru_cache(maxsize=8)
def _ring_tables(traffic: Traffic) -> IntArray:
    """How long calls ring by how they end, as tables of quantiles; those that are busy or fail never do."""
    profile = traffic.profile
    laws = {
        ANSWERED: profile.ring_until_answer,
        NO_ANSWER: profile.ring_until_no_answer,
        CANCELLED: profile.ring_until_cancel,
    }
    return np.stack(
        [laws[ending].table if ending in laws else np.full(QUANTILE_STEPS + 1, NEVER) for ending in range(5)]
    )


def call_numbers_in(traffic: Traffic, numbers: IntArray) -> IntArray:
    """The numbers of all calls of sessions, session by session."""
    counts = traffic.call_counts(numbers)
    ends = np.cumsum(counts)
    place = np.arange(int(ends[-1]) if len(ends) else 0, dtype=np.int64) - np.repeat(ends - counts, counts)
    return np.repeat(numbers, counts) * 4 + place
