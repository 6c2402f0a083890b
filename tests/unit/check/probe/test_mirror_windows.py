"""Which time range a reading of a long list is narrowed by, and what the days of it are asked for."""

from __future__ import annotations

from simulated_runs import meeting

from harness.check.probe.comparison_values import values_of_comparison
from harness.check.probe.filter_values import count_values
from harness.check.probe.time_ranges import time_range_filters

API = "twilio/list-calls"


def test_of_two_ranges_the_first_one_bounds_the_reading() -> None:
    context, _ = meeting(API, calls=5)
    assert time_range_filters(context) == ("StartTime>", "StartTime<", "start_time")


def test_a_long_list_of_one_day_is_read_whole_for_days_narrow_nothing() -> None:
    _, mirror = meeting(API, calls=700)
    assert mirror.base == {}
    assert mirror.complete
    assert len(mirror.rows) == 700


def test_an_order_of_days_is_asked_for_on_both_sides_of_the_list() -> None:
    context, mirror = meeting(API, calls=40)
    counted = count_values(mirror.rows, context.listing.filters["StartTime>"].compares)
    values = values_of_comparison(context, "StartTime>", counted, rows=len(mirror.rows))
    assert values is not None
    # The world's busy hour lies on 2026-03-11.
    assert [str(day) for day in values] == ["2026-03-11", "2026-03-10", "2026-03-12"]
