"""How long a list of calls in progress is watched, and how often it is read meanwhile."""

from __future__ import annotations

from itertools import pairwise

import pytest
from live_calls import LiveSystem, StepClock, leg_document, watch

from harness.check.client.budget import Budget
from harness.check.context import CheckContext


def spans(system: LiveSystem) -> tuple[float, float]:
    """The seconds from the first request to the last one, and the longest pause between two."""
    return system.times[-1] - system.times[0], max(later - one for one, later in pairwise(system.times))


@pytest.mark.parametrize(
    ("given", "least", "most", "pause"), [(60, 46, 50, 1.4), (20, 14, 18, 1.4), (600, 115, 125, 3.1)]
)
def test_a_live_list_is_watched_for_most_of_the_time_that_is_given(
    given: float, least: float, most: float, pause: float
) -> None:
    system = LiveSystem(StepClock())
    watch(system, max_seconds=given)
    watched, longest = spans(system)
    assert least <= watched <= most
    assert longest <= pause


def test_a_live_list_is_never_read_more_than_some_forty_times() -> None:
    system = LiveSystem(StepClock())
    watch(system, max_seconds=600)
    assert system.polls <= 50


def test_without_a_time_a_live_list_is_watched_for_ten_seconds() -> None:
    system = LiveSystem(StepClock())
    watch(system, max_seconds=None)
    assert 8 <= spans(system)[0] <= 11


def test_the_polls_leave_requests_for_what_comes_after_them() -> None:
    system = LiveSystem(StepClock())
    watch(system, max_requests=30)
    assert system.polls <= 20


@pytest.mark.parametrize("given", [None, 60.0])
def test_a_list_that_stands_still_at_another_time_is_not_watched(given: float | None) -> None:
    system = LiveSystem(StepClock(), seen_at=lambda now, poll: -450.0)
    watch(system, max_seconds=given)
    assert spans(system)[0] < 5


def test_a_list_of_about_now_that_stands_still_is_given_up_after_a_while() -> None:
    system = LiveSystem(StepClock(), seen_at=lambda now, poll: 0.0)
    watch(system, max_seconds=60)
    assert 30 <= spans(system)[0] <= 35


def test_nobody_waits_where_no_time_is_allowed_for_it() -> None:
    system = LiveSystem(StepClock())
    watch(system, watch_seconds=0.0)
    assert spans(system)[0] < 5


def test_a_list_of_legs_is_watched_as_well() -> None:
    system = LiveSystem(StepClock(), render=leg_document)
    context: CheckContext = watch(system)
    assert spans(system)[0] > 40
    assert context.results.findings() == ()


def test_each_whole_reading_of_the_run_is_kept_with_its_time() -> None:
    system = LiveSystem(StepClock())
    context = watch(system, max_seconds=20)
    (readings,) = context.facts.readings.values()
    assert [round(reading.at or 0, 2) for reading in readings] == [round(time, 2) for time in system.times]


def test_a_budget_knows_the_requests_that_are_left() -> None:
    budget = Budget(max_requests=2)
    assert budget.acquire() is None
    assert (budget.remaining_requests(), Budget().remaining_requests()) == (1, None)
