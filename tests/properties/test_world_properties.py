"""The fast columnar path and the plain path tell the same of every row at every instant."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.telephony import ATTRIBUTES, AttributeKind, Grain, Record, broken_invariants, call_record
from harness.telephony.records import AttributeValue
from harness.world import BUSY_HOUR, OFFICE, STEADY, ListedCalls, World
from harness.world.column_types import column_values

LISTS = (Grain.SESSION, Grain.CALL, Grain.LEG)
WORLDS = st.builds(
    World.of,
    seed=st.integers(0, 2**63),
    calls=st.integers(0, 60),
    profile=st.sampled_from([OFFICE, STEADY]),
    concurrent=st.sampled_from([None, 3.0, 30.0]),
)
INSTANTS = st.integers(-900_000, 5_000_000).map(lambda millis: BUSY_HOUR + timedelta(milliseconds=millis))


def columns_of(world: World, grain: Grain, population: ListedCalls, at: object) -> list[dict[str, AttributeValue]]:
    attributes = [attribute for attribute in ATTRIBUTES[grain].values() if attribute.kind is not AttributeKind.ROWS]
    names = [attribute.name for attribute in attributes]
    frame = world.columns(grain, population, at, names)  # type: ignore[arg-type]
    values = [column_values(frame[attribute.name], attribute.kind) for attribute in attributes]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def without_nested(grain: Grain, row: Record) -> dict[str, AttributeValue]:
    return {name: value for name, value in row.items() if ATTRIBUTES[grain][name].kind is not AttributeKind.ROWS}


@pytest.mark.parametrize("grain", LISTS)
@settings(max_examples=20, deadline=None)
@given(world=WORLDS, population=st.sampled_from(ListedCalls), at=INSTANTS)
def test_columns_and_rows_agree(grain: Grain, world: World, population: ListedCalls, at: object) -> None:
    extra = [
        call_record(call_id=index + 1, started_at=BUSY_HOUR + timedelta(seconds=index * 400), cost=1, source="1")
        for index in range(2)
    ]
    for seen in (world, world.with_records(extra)):
        rows = seen.records(grain, population, at)  # type: ignore[arg-type]
        assert columns_of(seen, grain, population, at) == [without_nested(grain, row) for row in rows]


@settings(max_examples=20, deadline=None)
@given(world=WORLDS, at=INSTANTS)
def test_calls_keep_the_laws_at_every_instant(world: World, at: object) -> None:
    for call in world.records(Grain.CALL, ListedCalls.BOTH, at):  # type: ignore[arg-type]
        assert broken_invariants(call) == (), call["call_id"]


@settings(max_examples=15, deadline=None)
@given(world=WORLDS, at=INSTANTS, seconds=st.integers(1, 900))
def test_between_two_instants_nothing_runs_backwards(world: World, at: object, seconds: int) -> None:
    then = at + timedelta(seconds=seconds)  # type: ignore[operator]
    later = {call["call_id"]: call for call in world.records(Grain.CALL, ListedCalls.BOTH, then)}
    for call in world.records(Grain.CALL, ListedCalls.BOTH, at):  # type: ignore[arg-type]
        after = later[call["call_id"]]
        for name in ("ring_seconds", "talk_seconds", "duration_seconds", "bill_seconds", "updated_at"):
            assert after[name] >= call[name]  # type: ignore[operator]
        for name in ("started_at", "ringing_at", "answered_at", "ended_at"):
            assert call[name] in (None, after[name])


@settings(max_examples=15, deadline=None)
@given(world=WORLDS, at=INSTANTS)
def test_the_calls_of_sessions_are_the_calls(world: World, at: object) -> None:
    calls = world.records(Grain.CALL, ListedCalls.BOTH, at)  # type: ignore[arg-type]
    sessions = world.records(Grain.SESSION, ListedCalls.BOTH, at)  # type: ignore[arg-type]
    assert {call for session in sessions for call in session.rows("calls")} == set(calls)
