"""Each figure, on calls made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from harness.traffic import figures
from harness.traffic.call_columns import CallColumns, delivered_calls
from harness.world.call_times import ANSWERED, BUSY, CANCELLED, FAILED, NEVER, NO_ANSWER
from harness.world.duration_laws import DurationLaw, Exponential

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
# Monday, 2026-03-02, at midnight.
MONDAY = 1_772_409_600_000


def calls_of(
    rows: Sequence[tuple[int, int | None, int]], *, begin: int = MONDAY, end: int = MONDAY + DAY, **known: object
) -> CallColumns:
    """Calls by start, answer (None for none) and end, in seconds after `begin`."""
    started, answered, ended = (
        np.asarray([NEVER if row[part] is None else begin + 1000 * int(row[part] or 0) for row in rows])
        for part in range(3)
    )
    dispositions = np.where(answered == NEVER, NO_ANSWER, ANSWERED)
    values: dict[str, object] = {"dispositions": dispositions} | known
    return CallColumns(begin=begin, end=end, started=started, answered=answered, ended=ended, **values)  # type: ignore[arg-type]


FOUR = calls_of([(0, 4, 64), (100, 110, 130), (200, None, 230), (300, 306, 346)])


def test_asr_is_answered_by_all() -> None:
    assert figures.answer_seizure_ratio(FOUR) == 0.75


def test_acd_is_the_mean_talk_of_answered_calls() -> None:
    assert figures.average_call_duration(FOUR) == pytest.approx((60 + 20 + 40) / 3)
    assert figures.average_call_duration(calls_of([(0, None, 9)])) is None


def test_ner_counts_what_reached_the_other_end() -> None:
    dispositions = np.asarray([ANSWERED, BUSY, NO_ANSWER, CANCELLED, CANCELLED, FAILED, FAILED])
    rang = np.asarray([True, False, True, True, False, False, False])
    causes = np.asarray([16, 17, 19, 16, 16, 21, 34])
    delivered = delivered_calls(dispositions, rang, causes)
    assert delivered.tolist() == [True, True, True, True, False, True, False]
    rows = [(second, None, second + 1) for second in range(7)]
    calls = calls_of(rows, dispositions=dispositions, delivered=delivered)
    assert figures.network_effectiveness_ratio(calls) == pytest.approx(5 / 7)


def test_the_busy_hour_is_a_continuous_one() -> None:
    # Ten calls from 10:40 to 11:20, nine from 14:00 to 14:40: clock hours would find the latter busier.
    early = [(10 * 3600 + 40 * 60 + 240 * place, None, 10 * 3600 + 40 * 60 + 240 * place + 90) for place in range(10)]
    late = [(14 * 3600 + 300 * place, None, 14 * 3600 + 300 * place + 60) for place in range(9)]
    busy = figures.busy_hour_of(calls_of([*early, *late]))
    assert busy is not None
    assert busy.attempts == 10
    assert MONDAY + 10 * HOUR + 17 * MINUTE <= busy.begin <= MONDAY + 10 * HOUR + 40 * MINUTE
    # The first such hour ends a minute after the last of ten calls of 90 seconds began.
    assert busy.erlangs == pytest.approx((9 * 90 + 60) / 3600)


def test_two_hours_are_too_few_to_leave_one_out() -> None:
    short = calls_of([(4000, None, 4010)], end=MONDAY + 2 * HOUR - MINUTE)
    assert figures.busy_hour_of(short) is None
    exact = figures.busy_hour_of(calls_of([(4000, None, 4010)], end=MONDAY + 2 * HOUR))
    assert exact is not None
    assert exact.begin == MONDAY + HOUR


def test_traffic_is_holding_time_within_the_hour() -> None:
    # One call begins before the hour and ends in it, one lasts all of it and more, one begins after it.
    calls = calls_of([(0, 1, 4500), (1800, 1801, 9000), (7300, 7301, 7400)])
    assert figures.carried_erlangs(calls, begin=MONDAY + HOUR, end=MONDAY + 2 * HOUR) == pytest.approx(0.25 + 1)


def test_the_busy_hours_share_is_that_of_the_busiest_whole_day() -> None:
    # Monday has four calls in an hour and six more; Tuesday five, and is not whole.
    monday = [(3600 * 9 + 60 * place, None, 3600 * 9 + 60 * place + 5) for place in range(4)]
    monday += [(3600 * (11 + 2 * place), None, 3600 * (11 + 2 * place) + 5) for place in range(6)]
    tuesday = [(90_000 + place, None, 90_005) for place in range(5)]
    calls = calls_of([*monday, *tuesday], end=MONDAY + DAY + 8 * HOUR)
    assert figures.busy_hour_share(calls) == (0.4, 10)
    assert figures.busy_hour_share(calls_of([(0, None, 1)], end=MONDAY + DAY - 1)) is None


def test_the_index_of_dispersion_is_variance_by_mean_within_hours() -> None:
    # First hour: 30 minutes with two calls, 30 without: mean 1, variance 60/59. Second: 2 each minute, no variance.
    first = [(120 * place + half, None, 120 * place + 9) for place in range(30) for half in (0, 1)]
    second = [(3600 + 60 * place + half, None, 3600 + 60 * place + 9) for place in range(60) for half in (0, 1)]
    counts = figures.hourly_counts(calls_of([*first, *second], end=MONDAY + 2 * HOUR + 5 * MINUTE))
    assert counts.shape == (2, 60)
    assert figures.index_of_dispersion(counts) == pytest.approx((60 / 59) / 3)
    assert figures.index_of_dispersion(np.zeros((1, 60), dtype=np.int64)) is None


def test_only_the_calls_that_begin_a_session_are_arrivals() -> None:
    calls = calls_of([(0, None, 5), (3, None, 5)], end=MONDAY + HOUR)
    assert figures.hourly_counts(calls, np.asarray([True, False])).sum() == 1


def test_the_distance_from_a_law_is_the_largest_difference() -> None:
    law = DurationLaw(parts=((1.0, Exponential(mean=10)),), least=0.01, most=1000)
    median = 10 * np.log(2)
    # All talks last as long as half of the law: below it 0 against 0.5, up to it 1 against 0.5.
    assert figures.distance_from_law(np.full(9, median), law) == pytest.approx(0.5, abs=1e-6)
    quartiles = -10 * np.log([0.75, 0.5, 0.25])
    # A step of a third at each quartile: the largest gap is a quarter.
    assert figures.distance_from_law(quartiles, law) == pytest.approx(0.25, abs=1e-6)
    assert figures.distance_from_law(np.zeros(0), law) is None


def test_what_a_law_cuts_off_is_no_distance() -> None:
    law = DurationLaw(parts=((1.0, Exponential(mean=10)),), least=10, most=1000)
    cut = 1 - np.exp(-1)
    seconds = np.asarray([10.0] * 632 + [-10 * np.log(1 - cut - (place + 0.5) / 1000) for place in range(368)])
    assert figures.distance_from_law(seconds, law) == pytest.approx(0, abs=1.5e-3)


def test_quantiles_are_values_that_occur() -> None:
    assert [figures.quantile(FOUR.answer_seconds, share) for share in (0.3, 0.5, 0.9)] == [4, 6, 10]
    assert figures.quantile(np.zeros(0), 0.5) is None


def test_shares_are_by_code() -> None:
    assert figures.shares_of(np.asarray([0, 2, 2, 3]), 4) == (0.25, 0, 0.5, 0.25)


def test_transfers_are_counted_among_answered_calls() -> None:
    flags = np.asarray([True, False, True, False])
    assert figures.share_of_answered(FOUR, flags) == pytest.approx(1 / 3)
    assert figures.share_of_answered(FOUR, None) is None


def test_the_busiest_line_has_its_share() -> None:
    assert figures.busiest_line_share(calls_of([(0, 1, 2)], lines=np.asarray([4, 7, 7, 9]))) == 0.5
    assert figures.busiest_line_share(FOUR) is None
