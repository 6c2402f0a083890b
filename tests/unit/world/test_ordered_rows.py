"""Timelines: the same rows, values and order as the world tells one by one."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from harness.telephony.attributes import IDENTITY_ATTRIBUTES, Grain
from harness.world import BUSY_HOUR, World
from harness.world.listed_calls import ListedCalls
from harness.world.ordered_rows import NO_VALUE, hash_of_text
from harness.world.traffic import millis_of

WORLD = World.of(seed=5, calls=500, concurrent=30)
GRAINS = (Grain.CALL, Grain.LEG, Grain.SESSION)


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize("minutes", [-20, 0, 2, 75])
def test_a_timeline_has_the_rows_of_the_world_in_their_order(grain: Grain, minutes: int) -> None:
    at = BUSY_HOUR + timedelta(minutes=minutes)
    timeline = WORLD.timeline(grain, at)
    assert timeline is not None
    rows = np.arange(timeline.begun_count(millis_of(at)), dtype=np.int64)
    name = IDENTITY_ATTRIBUTES[grain]
    found = [row[name] for row in timeline.records_at(rows, (name,))]
    assert found == [row[name] for row in WORLD.records(grain, ListedCalls.BOTH, at, attributes=(name,))]


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize("minutes", [-20, 0, 75])
def test_who_lives_is_the_same(grain: Grain, minutes: int) -> None:
    at = BUSY_HOUR + timedelta(minutes=minutes)
    timeline = WORLD.timeline(grain, at)
    assert timeline is not None
    name = IDENTITY_ATTRIBUTES[grain]
    found = [row[name] for row in timeline.records_at(timeline.live_positions(millis_of(at)), (name,))]
    assert found == [row[name] for row in WORLD.records(grain, ListedCalls.LIVE, at, attributes=(name,))]


def test_columns_hold_what_the_rows_hold() -> None:
    timeline = WORLD.timeline(Grain.CALL, BUSY_HOUR + timedelta(minutes=40))
    assert timeline is not None
    names = ("source", "note", "talk_seconds", "hangup_cause", "call_code")
    rows = timeline.records_at(np.arange(len(timeline), dtype=np.int64), names)
    for name in ("source", "note"):
        words = timeline.word_column(name)
        assert [None if code < 0 else words.values[code] for code in words.codes.tolist()] == [
            row[name] for row in rows
        ]
        assert list(words.values) == sorted(words.values)
    assert timeline.integer_column("talk_seconds").tolist() == [
        round(float(str(row["talk_seconds"])) * 1000) for row in rows
    ]
    causes = [None if number == NO_VALUE else number for number in timeline.integer_column("hangup_cause").tolist()]
    assert causes == [row["hangup_cause"] for row in rows]
    assert timeline.hash_column("call_code").numbers.tolist() == [hash_of_text(str(row["call_code"])) for row in rows]


def test_nested_calls_stand_with_their_session() -> None:
    timeline = WORLD.timeline(Grain.SESSION, BUSY_HOUR)
    assert timeline is not None
    inner = timeline.nested_rows("calls")
    assert inner is not None
    rows, calls = inner
    sessions = timeline.records_at(np.arange(len(timeline), dtype=np.int64), ("calls",))
    expected = [(row, call["call_id"]) for row, session in enumerate(sessions) for call in session.rows("calls")]
    assert list(zip(rows.tolist(), calls.integer_column("call_id").tolist(), strict=True)) == expected


def test_a_world_of_given_calls_only_has_no_timeline() -> None:
    assert World.from_records(()).timeline(Grain.CALL, BUSY_HOUR) is None
