"""Traffic looks like traffic, and any slice of it can be made alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from harness.errors import UsageProblem
from harness.telephony import Grain
from harness.world import (
    BUSY_HOUR,
    CONTACT_CENTRE,
    OFFICE,
    STEADY,
    FrozenClock,
    ListedCalls,
    LiveClock,
    ScaledClock,
    World,
)
from harness.world.call_times import call_numbers_in, call_times_of
from harness.world.invented_values import ValuePools
from harness.world.random_streams import (
    choose_indexes,
    draw_bits,
    poisson_counts_of,
    poisson_thresholds,
    weight_thresholds,
)
from harness.world.traffic import Traffic, millis_of
from harness.world.traffic_profile import PROFILES, TrafficProfile


@pytest.mark.parametrize(
    "weights",
    [
        (1.0,),
        (1.0, 1.0),
        (1.0, 0.0, 0.0, 1.0),
        tuple(1 / (rank + 1) for rank in range(6_000)),
        (1.0,) * 70_000,
        (*(1e-8,) * 40, 1.0, *(1e-8,) * 40),
    ],
    ids=["one", "two", "some never", "few often", "many", "close to one another"],
)
def test_an_index_is_the_number_of_thresholds_that_are_not_above_the_draw(weights: tuple[float, ...]) -> None:
    thresholds = weight_thresholds(weights)
    most = np.uint64(2**32 - 1)
    borders = np.minimum(thresholds.values, most)
    draws = np.concatenate([borders, borders - (borders > 0), draw_bits(2, "draws", np.arange(20_000)) & most])
    due = np.searchsorted(thresholds.values, draws, side="right").tolist()
    assert thresholds.indexes_of(draws).tolist() == due
    assert thresholds.indexes_of_bits(draws << np.uint64(32)).tolist() == due


def test_some_forty_calls_are_in_progress_in_the_busy_hour() -> None:
    live = [World.of(seed=seed).count(Grain.CALL, ListedCalls.LIVE, BUSY_HOUR) for seed in range(30)]
    assert 36 <= np.mean(live) <= 44
    assert min(live) > 15


@pytest.mark.parametrize("concurrent", [5.0, 200.0])
def test_the_calls_in_progress_are_what_was_asked_for(concurrent: float) -> None:
    worlds = (World.of(seed=seed, concurrent=concurrent, profile=STEADY, calls=20_000) for seed in range(8))
    live = [world.count(Grain.CALL, ListedCalls.LIVE, BUSY_HOUR) for world in worlds]
    assert abs(np.mean(live) - concurrent) < 4 * (concurrent / 8) ** 0.5


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_the_means_of_littles_law_are_what_the_distributions_give(profile: TrafficProfile) -> None:
    traffic = Traffic(3, profile.with_rate(0.34))
    slot = traffic.slot_of(millis_of(BUSY_HOUR))
    numbers = traffic.session_numbers(slot - 20_000, slot)
    lives = call_times_of(traffic, call_numbers_in(traffic, numbers))
    assert np.mean(lives.ended - lives.started) / 1000 == pytest.approx(profile.mean_call_seconds, rel=0.02)
    assert len(lives.call_numbers) / len(numbers) == pytest.approx(profile.calls_per_session, rel=0.01)


def test_nights_and_sundays_are_quiet() -> None:
    traffic = Traffic(1, OFFICE)
    day = traffic.slot_of(millis_of(datetime.fromisoformat("2026-03-11T00:00:00+00:00")))
    busy, night = (
        traffic.session_counts(day + 600, day + 659).sum(),
        traffic.session_counts(day + 120, day + 179).sum(),
    )
    sunday = traffic.session_counts(day + 4 * 1440 + 600, day + 4 * 1440 + 659).sum()
    assert busy > 10 * night
    assert busy > 5 * sunday


def test_a_slice_of_time_needs_no_past() -> None:
    traffic = Traffic(5, CONTACT_CENTRE)
    whole = traffic.session_numbers(13_000_000, 13_000_400)
    parts = [traffic.session_numbers(first, first + 99) for first in range(13_000_000, 13_000_400, 100)]
    assert np.array_equal(whole, np.concatenate([*parts, traffic.session_numbers(13_000_400, 13_000_400)]))


def test_a_slice_of_calls_lives_as_it_does_in_the_whole() -> None:
    traffic = Traffic(5, OFFICE)
    units = call_numbers_in(traffic, traffic.session_numbers(13_700_000, 13_700_100))
    assert np.array_equal(call_times_of(traffic, units[7:19]).ended, call_times_of(traffic, units).ended[7:19])


def test_poisson_counts_vary_as_much_as_they_should() -> None:
    counts = Traffic(2, STEADY).session_counts(13_000_000, 13_020_000)
    assert np.var(counts) == pytest.approx(np.mean(counts), rel=0.05)


def test_minutes_of_all_weights_together_are_drawn_as_each_weight_alone() -> None:
    laws, bits = (0.0, 0.4, 30.0, 700.0), draw_bits(7, "laws", np.arange(4000))
    kinds = np.arange(4000) % 4
    for place, expected in enumerate(laws):
        alone = choose_indexes(bits[place::4], poisson_thresholds(expected))
        assert np.array_equal(poisson_counts_of(bits, laws, kinds)[place::4], alone)


def test_a_draw_is_the_same_alone_and_among_many() -> None:
    rows = np.arange(40_000)
    whole = draw_bits(3, "many", rows)
    assert all(whole[row] == draw_bits(3, "many", rows[row : row + 1])[0] for row in (0, 16_383, 16_384, 39_999))


def test_a_rate_too_low_for_the_number_of_calls_is_told() -> None:
    with pytest.raises(UsageProblem, match="calls_per_second"):
        World.of(seed=1, calls=10_000_000, calls_per_second=0.001)


def test_rate_and_concurrency_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="not both"):
        World.of(seed=1, concurrent=5, calls_per_second=1)


def test_a_profile_without_calls_is_refused() -> None:
    with pytest.raises(ValueError, match="some hour"):
        TrafficProfile(name="dead", calls_per_second=1, hours=(0.0,) * 24, days=(1.0,) * 7)


def test_busy_contact_centres_can_be_made() -> None:
    world = World.of(seed=1, calls=30_000, calls_per_second=900, profile=CONTACT_CENTRE)
    frame = world.columns(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR, ("call_id", "call_code", "call_ref"))
    assert [frame[name].n_unique() for name in frame] == [30_000] * 3


@pytest.mark.parametrize("calls", [1, 3, 20])
def test_sessions_that_all_hold_three_calls_fill_a_number_as_far_as_they_can(calls: int) -> None:
    world = World.of(seed=1, calls=calls, profile=replace(OFFICE, session_calls=(1.0, 1.0)))
    assert calls - 2 <= world.count(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR) <= calls


def test_who_is_tried_again_is_the_same_party() -> None:
    profile = replace(OFFICE, session_calls=(0.5, 0.5), dispositions=(0, 1, 1, 1, 1), redial=1.0)
    sessions = World.of(seed=1, calls=300, profile=profile).records(Grain.SESSION, ListedCalls.BOTH, BUSY_HOUR)
    parties = [
        {(call["direction"], call["source"], call["destination"]) for call in session.rows("calls")}
        for session in sessions
    ]
    assert sum(len(session.rows("calls")) == 3 for session in sessions) > 20
    assert all(len(tried) == 1 for tried in parties)


def test_the_tables_fit_the_pools() -> None:
    pools = ValuePools()
    assert len(OFFICE.remote_thresholds) == len(pools.remotes)
    assert len(OFFICE.home_line_thresholds) == max(pools.extensions.count_of_customer)
    assert len(OFFICE.other_line_thresholds) == min(pools.extensions.count_of_customer)


def test_clocks_are_functions_of_the_callers_watch() -> None:
    now = BUSY_HOUR + timedelta(days=3)
    later = now + timedelta(seconds=10)
    assert FrozenClock(BUSY_HOUR).instant_at(later) == BUSY_HOUR
    assert LiveClock().instant_at(later) == later
    assert ScaledClock(began=now, instant=BUSY_HOUR, factor=60).instant_at(later) == BUSY_HOUR + timedelta(minutes=10)


def test_a_clock_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="forward"):
        ScaledClock(began=BUSY_HOUR, instant=BUSY_HOUR, factor=0)
