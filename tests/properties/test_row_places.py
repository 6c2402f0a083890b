"""Rows found by their places are those that stand there when all rows are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.telephony import Grain
from harness.world import BUSY_HOUR, OFFICE, STEADY, WHOLESALE, ListedCalls, TrafficProfile, World
from harness.world.duration_laws import log_normal
from harness.world.traffic_window import TrafficWindow

IDENTITIES = {Grain.SESSION: "session_id", Grain.CALL: "call_id", Grain.LEG: "leg_id"}
# Further calls hours after the first, and talks of most of a day.
LONG = replace(
    OFFICE,
    name="long",
    session_calls=(0.7, 0.4),
    next_call=log_normal(median=1500, sigma=1.2, least=1, most=9000),
    talk=log_normal(median=4000, sigma=1.5, least=1, most=50_000),
)
INSTANTS = st.sampled_from([BUSY_HOUR, BUSY_HOUR + timedelta(hours=9, seconds=7.5)])
WINDOWS = st.builds(
    lambda end, seconds, per_day: TrafficWindow(begin=end - timedelta(seconds=seconds), end=end, per_day=per_day),
    INSTANTS,
    st.one_of(st.floats(0.001, 90), st.floats(100, 10_000)),
    st.sampled_from([None, 5000.0]),
)
WORLDS = st.builds(
    World.of,
    seed=st.integers(0, 2**40),
    calls=st.integers(0, 400),
    profile=st.sampled_from([OFFICE, STEADY, WHOLESALE, LONG]),
    concurrent=st.sampled_from([None, 2.0, 60.0]),
    instant=INSTANTS,
) | st.builds(World.within, WINDOWS, seed=st.integers(0, 2**40), profile=st.sampled_from([OFFICE, LONG]))


def identities_of_all(world: World, grain: Grain, population: ListedCalls, at: datetime) -> list[object]:
    """From the columns of all rows, which are kept."""
    name = IDENTITIES[grain]
    return world.columns(grain, population, at, [name])[name].to_list()


@pytest.mark.parametrize("grain", list(IDENTITIES))
@pytest.mark.parametrize("population", list(ListedCalls))
@settings(max_examples=5, deadline=None)
@given(world=WORLDS, data=st.data(), earlier=st.integers(0, 4_000_000))
def test_a_stretch_of_rows_is_that_of_the_whole_list(
    grain: Grain, population: ListedCalls, world: World, data: st.DataObject, earlier: int
) -> None:
    at = world.instant - timedelta(milliseconds=data.draw(st.sampled_from([0, earlier])))
    every = identities_of_all(world, grain, population, at)
    assert world.count(grain, population, at) == len(every)
    first = data.draw(st.integers(0, len(every)))
    last = data.draw(st.integers(first, len(every)))
    columns = world.row_columns(grain, population, at, first, last)
    assert columns is not None
    name = IDENTITIES[grain]
    assert columns.column(name).series().to_list() == every[first:last]
    rows = world.records(grain, population, at, rows=slice(first, last), attributes=[name])
    assert [row[name] for row in rows] == every[first:last]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**40), calls=st.integers(0, 3000), profile=st.sampled_from([OFFICE, LONG]))
def test_a_world_has_exactly_the_calls_asked_for(seed: int, calls: int, profile: TrafficProfile) -> None:
    world = World.of(seed=seed, calls=calls, profile=profile)
    assert world.count(Grain.CALL, ListedCalls.BOTH, world.instant) == calls
