"""Rows found by their places are those that stand there when all rows are kept."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.telephony import Grain
from harness.world import BUSY_HOUR, OFFICE, STEADY, ListedCalls, World

IDENTITIES = {Grain.SESSION: "session_id", Grain.CALL: "call_id", Grain.LEG: "leg_id"}
WORLDS = st.builds(
    World.of,
    seed=st.integers(0, 2**40),
    calls=st.integers(0, 400),
    profile=st.sampled_from([OFFICE, STEADY]),
    concurrent=st.sampled_from([None, 2.0, 60.0]),
    instant=st.sampled_from([BUSY_HOUR, BUSY_HOUR + timedelta(hours=9, seconds=7.5)]),
)


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
@given(seed=st.integers(0, 2**40), calls=st.integers(0, 3000))
def test_a_world_has_exactly_the_calls_asked_for(seed: int, calls: int) -> None:
    world = World.of(seed=seed, calls=calls)
    assert world.count(Grain.CALL, ListedCalls.BOTH, world.instant) == calls
