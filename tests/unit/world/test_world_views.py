"""A world as it is asked: populations, slices, live time, given calls."""

from __future__ import annotations

from datetime import timedelta

import pytest

from harness.telephony import ATTRIBUTES, AttributeKind, Grain, Record, call_record
from harness.world import BUSY_HOUR, ListedCalls, World

LISTS = (Grain.SESSION, Grain.CALL, Grain.LEG)


def given(call_id: int, *, minute: float = 0, ended: bool = True, **values: object) -> Record:
    start = BUSY_HOUR - timedelta(minutes=10 - minute)
    end = start + timedelta(seconds=40) if ended else None
    return call_record(
        call_id=call_id,
        started_at=start,
        ringing_at=start + timedelta(seconds=1),
        answered_at=start + timedelta(seconds=5),
        ended_at=end,
        **values,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("grain", LISTS)
def test_the_ended_and_the_live_make_both(grain: Grain) -> None:
    world = World.of(seed=4, calls=300)
    counts = [world.count(grain, population, BUSY_HOUR) for population in ListedCalls]
    assert counts[0] + counts[1] == counts[2]
    assert min(counts) > 0


@pytest.mark.parametrize("grain", LISTS)
def test_a_slice_of_the_rows_is_the_slice_of_the_list(grain: Grain) -> None:
    world = World.of(seed=4, calls=300)
    rows = world.records(grain, ListedCalls.BOTH, BUSY_HOUR)
    assert world.records(grain, ListedCalls.BOTH, BUSY_HOUR, rows=slice(3, 9)) == rows[3:9]
    assert world.records(grain, ListedCalls.BOTH, BUSY_HOUR, rows=[9, 0, 4]) == [rows[9], rows[0], rows[4]]
    assert world.records(grain, ListedCalls.BOTH, BUSY_HOUR, rows=[]) == []


def test_only_the_attributes_asked_for_are_made() -> None:
    world = World.of(seed=4, calls=50)
    rows = world.records(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR, attributes=("source", "state"))
    whole = world.records(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR)
    assert rows == [Record({"source": row["source"], "state": row["state"]}) for row in whole]


def test_unknown_attributes_and_nested_columns_are_refused() -> None:
    world = World.of(seed=4, calls=5)
    with pytest.raises(ValueError, match="colour"):
        world.columns(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR, ("colour",))
    with pytest.raises(ValueError, match="nested"):
        world.columns(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR, ("legs",))
    with pytest.raises(ValueError, match="inside other rows"):
        world.count(Grain.TARGET, ListedCalls.BOTH, BUSY_HOUR)


def test_a_live_call_comes_back_ended_with_the_same_identity_and_times() -> None:
    world = World.of(seed=4, calls=200)
    live = world.records(Grain.CALL, ListedCalls.LIVE, BUSY_HOUR)
    later = BUSY_HOUR + timedelta(hours=3)
    ended = {call["call_id"]: call for call in world.records(Grain.CALL, ListedCalls.ENDED, later)}
    for call in live:
        after = ended[call["call_id"]]
        assert after["started_at"] == call["started_at"]
        assert call["answered_at"] in (None, after["answered_at"])
        assert after["talk_seconds"] >= call["talk_seconds"]  # type: ignore[operator]


def test_an_ended_row_never_changes() -> None:
    world = World.of(seed=4, calls=200)
    for grain in LISTS:
        before = world.records(grain, ListedCalls.ENDED, BUSY_HOUR)
        after = set(world.records(grain, ListedCalls.ENDED, BUSY_HOUR + timedelta(minutes=90)))
        assert set(before) <= after


def test_time_brings_new_calls() -> None:
    world = World.of(seed=4, calls=200)
    counts = [
        world.count(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR + timedelta(minutes=minutes))
        for minutes in (0, 1, 10, 150)
    ]
    assert counts == sorted(counts)
    assert counts[0] == 200
    assert counts[-1] > 1000


def test_two_worlds_agree_about_the_future_however_they_came_there() -> None:
    stepping, jumping = World.of(seed=4, calls=100), World.of(seed=4, calls=100)
    for minutes in (1, 59, 61, 200):
        stepping.count(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR + timedelta(minutes=minutes))
    at = BUSY_HOUR + timedelta(minutes=70)
    assert stepping.records(Grain.CALL, ListedCalls.BOTH, at) == jumping.records(Grain.CALL, ListedCalls.BOTH, at)


def test_before_its_instant_a_world_shows_less() -> None:
    world = World.of(seed=4, calls=200)
    assert 0 < world.count(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR - timedelta(minutes=3)) < 200


@pytest.mark.parametrize("many", [0, 1, 3])
def test_a_world_can_be_made_of_given_calls(many: int) -> None:
    world = World.from_records([given(index + 1, minute=index) for index in range(many)])
    assert world.count(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR) == many
    assert world.count(Grain.SESSION, ListedCalls.ENDED, BUSY_HOUR) == many
    assert [call["call_id"] for call in world.records(Grain.CALL, ListedCalls.ENDED, BUSY_HOUR)] == list(
        range(1, many + 1)
    )


def test_given_calls_stand_among_the_generated_in_order() -> None:
    world = World.of(seed=4, calls=100).with_records([given(1), given(2, ended=False, source="0042")])
    rows = world.records(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR)
    keys = [(row["started_at"], row["call_id"]) for row in rows]
    assert keys == sorted(keys)  # type: ignore[type-var]
    assert len(rows) == 102
    live = world.records(Grain.CALL, ListedCalls.LIVE, BUSY_HOUR)
    assert [row["state"] for row in live if row["source"] == "0042"] == ["answered"]


def test_a_given_call_can_be_replaced_and_taken_away() -> None:
    world = World.from_records([given(1), given(2)])
    changed = world.with_records([given(1, note="x")])
    assert [row["note"] for row in changed.records(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR)] == ["x", None]
    assert changed.without_calls([1]).count(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR) == 1


def test_two_given_calls_with_one_identity_are_refused() -> None:
    with pytest.raises(ValueError, match="same call_id"):
        World.from_records([given(1), given(1)])


def test_a_given_call_must_be_whole() -> None:
    with pytest.raises(ValueError, match="missing"):
        World.from_records([Record({"call_id": 1})])


def test_an_empty_world_has_columns_all_the_same() -> None:
    names = [name for name, attribute in ATTRIBUTES[Grain.CALL].items() if attribute.kind is not AttributeKind.ROWS]
    empty = World.from_records([]).columns(Grain.CALL, ListedCalls.LIVE, BUSY_HOUR, names)
    full = World.of(seed=1, calls=50).columns(Grain.CALL, ListedCalls.LIVE, BUSY_HOUR, names)
    assert {name: column.dtype for name, column in empty.items()} == {
        name: column.dtype for name, column in full.items()
    }
