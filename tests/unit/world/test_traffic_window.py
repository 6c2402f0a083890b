"""Worlds that cover days: which calls they hold, and how many a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from harness.errors import UsageProblem
from harness.telephony import Grain
from harness.world import CONTACT_CENTRE, OFFICE, STEADY, ListedCalls, TrafficProfile, TrafficWindow, World

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def window(days: float, per_day: float | None = None, begin: datetime = MONDAY) -> TrafficWindow:
    return TrafficWindow(begin=begin, end=begin + timedelta(days=days), per_day=per_day)


def test_the_expected_calls_are_the_sum_of_the_minutes() -> None:
    # A steady profile has its calls a second at all times; a window of 90.5 minutes that begins within a minute.
    begin = MONDAY + timedelta(seconds=40)
    odd = TrafficWindow(begin=begin, end=begin + timedelta(minutes=90.5))
    assert odd.expected_calls(STEADY.with_rate(2)) == pytest.approx(90.5 * 60 * 2)
    short = TrafficWindow(begin=begin, end=begin + timedelta(seconds=3))
    assert short.expected_calls(STEADY.with_rate(2)) == pytest.approx(6)
    # Monday of an office: the weights of its hours add up to 9.9, at 0.34 calls a second.
    assert window(1).expected_calls(OFFICE) == pytest.approx(sum(OFFICE.hours) * 3600 * 0.34)


@pytest.mark.parametrize("profile", [OFFICE, STEADY, CONTACT_CENTRE], ids=lambda profile: profile.name)
@pytest.mark.parametrize("days", [1, 9.5])
def test_about_as_many_calls_a_day_come_as_were_asked_for(profile: TrafficProfile, days: float) -> None:
    world = World.within(window(days, per_day=800), seed=5, profile=profile)
    expected = 800 * days
    # Calls come in sessions: their number varies by 1.435 times its mean.
    assert abs(world.count(Grain.CALL, ListedCalls.BOTH, world.instant) - expected) < 4 * (1.435 * expected) ** 0.5


def test_sundays_have_few_of_a_weeks_calls() -> None:
    world = World.within(window(7, per_day=500), seed=2)
    starts = world.columns(Grain.CALL, ListedCalls.BOTH, world.instant, ["started_at"])["started_at"]
    by_day = starts.dt.weekday().value_counts().sort("started_at")["count"].to_list()
    assert len(by_day) == 7
    assert min(by_day[:5]) > 5 * max(by_day[5:])


def test_all_sessions_begin_within_the_window_and_time_goes_on_after_it() -> None:
    begin = MONDAY + timedelta(hours=9, minutes=30, seconds=7)
    world = World.within(window(0.1, begin=begin), seed=3)
    sessions = world.columns(Grain.SESSION, ListedCalls.BOTH, world.instant, ["started_at"])["started_at"]
    assert begin <= sessions.min() <= sessions.max() <= world.instant == begin + timedelta(days=0.1)  # type: ignore[operator]
    later = world.instant + timedelta(hours=1)
    assert world.count(Grain.SESSION, ListedCalls.BOTH, later) > len(sessions) + 500


def test_a_call_of_a_window_is_that_of_any_other_window() -> None:
    long = World.within(window(2), seed=3)
    short = World.within(window(1, begin=MONDAY + timedelta(days=1)), seed=3)
    names = ["call_id", "source", "destination", "talk_seconds", "ended_at"]
    rows = {row["call_id"]: row for row in long.records(Grain.CALL, ListedCalls.BOTH, long.instant, attributes=names)}
    seen = short.records(Grain.CALL, ListedCalls.BOTH, short.instant, attributes=names)
    assert len(seen) > 5000
    assert all(rows[row["call_id"]] == row for row in seen)


def test_days_without_calls_cannot_have_so_many_a_day() -> None:
    weekdays = TrafficProfile(name="weekdays", calls_per_second=1, hours=(1.0,) * 24, days=(1.0,) * 5 + (0.0, 0.0))
    with pytest.raises(UsageProblem, match="weekdays"):
        World.within(window(1, per_day=10, begin=MONDAY + timedelta(days=5)), seed=1, profile=weekdays)


def test_a_window_before_there_are_calls_is_told() -> None:
    with pytest.raises(UsageProblem, match="2000-01-01"):
        World.within(window(1, begin=datetime(1999, 12, 31, tzinfo=UTC)), seed=1)
