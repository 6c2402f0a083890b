"""Worlds with more calls than can be kept: any row is found by its place, and is that of the whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from harness.errors import UsageProblem
from harness.telephony import Grain
from harness.world import BUSY_HOUR, OFFICE, STEADY, ListedCalls, TrafficProfile, World
from harness.world.call_codes import call_codes_of
from harness.world.call_times import call_numbers_in, call_starts
from harness.world.duration_laws import log_normal
from harness.world.random_streams import IntArray, binomial_halves, draw_bits, poisson_counts
from harness.world.traffic import Traffic, millis_of
from harness.world.traffic_window import TrafficWindow
from harness.world.vast_minutes import VastMinutes
from harness.world.vast_span import VastSpan
from harness.world.vast_traffic import raised_profile, vast_traffic

UNTIL = millis_of(BUSY_HOUR)
PAIRS = replace(OFFICE, session_calls=(0.7, 0.4), next_call=log_normal(median=60, sigma=1, least=1, most=200))


def busy_span(profile: TrafficProfile, calls: int) -> VastSpan:
    """Some minutes with tens of thousands of sessions each, and a quiet tail."""
    return VastSpan.of(vast_traffic(Traffic(7, profile.with_rate(500)), BUSY_HOUR, tail_rate=0.5), calls, UNTIL)


def rows_of_whole(span: VastSpan, grain: Grain) -> tuple[IntArray, IntArray]:
    """Numbers and starts of all rows, from all sessions of all minutes, in order."""
    traffic = span.traffic
    numbers = traffic.session_numbers(traffic.slot_of(span.begin), traffic.slot_of(UNTIL))
    starts = traffic.session_starts(numbers)
    numbers = np.concatenate([span.edge, numbers[(starts >= span.begin) & (starts <= UNTIL)]])
    if grain is Grain.CALL:
        numbers = call_numbers_in(traffic, numbers)
        starts = call_starts(traffic, numbers)
        numbers, starts = numbers[starts <= UNTIL], starts[starts <= UNTIL]
    else:
        starts = traffic.session_starts(numbers)
    order = np.lexsort((numbers, starts))
    return numbers[order], starts[order]


@pytest.mark.parametrize("grain", [Grain.CALL, Grain.SESSION])
@pytest.mark.parametrize(
    "profile", [OFFICE, PAIRS, replace(OFFICE, session_calls=(0.0, 0.0))], ids=["office", "pairs", "one"]
)
def test_every_row_found_by_its_place_is_that_of_the_whole(profile: TrafficProfile, grain: Grain) -> None:
    span = busy_span(profile, 120_000)
    numbers, starts = rows_of_whole(span, grain)
    assert len(np.unique(numbers)) == len(numbers)
    if grain is Grain.CALL:
        assert len(numbers) == len(span) == 120_000
    parts = [
        span.rows_at(grain, first, min(first + 16_384, len(numbers)))[0] for first in range(0, len(numbers), 16_384)
    ]
    assert np.array_equal(np.concatenate(parts), numbers)
    places = [0, 1, len(numbers) - 1, *np.random.default_rng(1).integers(0, len(numbers), 30).tolist()]
    assert [span.rows_at(grain, place, place + 1)[0].tolist() for place in places] == [
        [number] for number in numbers[places].tolist()
    ]
    slot = span.traffic.slot_of(int(starts[len(starts) // 2]))
    assert span.rows_begun_before(grain, slot) == int((starts < Traffic.slot_starts(np.asarray(slot))).sum())


@pytest.mark.parametrize("calls", [3000, 7001])
@pytest.mark.parametrize(
    ("grain", "name"), [(Grain.CALL, "call_id"), (Grain.SESSION, "session_id"), (Grain.LEG, "leg_id")]
)
def test_lists_of_a_vast_world_are_those_of_all_its_calls(grain: Grain, name: str, calls: int) -> None:
    world = World.of(seed=3, calls=calls, most_kept=0)
    assert world.count(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR) == calls
    for population in ListedCalls:
        every = world.columns(grain, population, BUSY_HOUR, [name])[name].to_list()
        assert world.count(grain, population, BUSY_HOUR) == len(every) > 0
        for first in (0, len(every) // 3, len(every) - 5):
            columns = world.row_columns(grain, population, BUSY_HOUR, first, first + 5)
            assert columns is not None
            assert columns.column(name).series().to_list() == every[first : first + 5]
            alone = world.records(grain, population, BUSY_HOUR, rows=slice(first, first + 1))
            assert alone == world.records(grain, population, BUSY_HOUR, rows=[first])


def test_a_window_of_days_has_about_as_many_calls_as_were_asked_for() -> None:
    window = TrafficWindow(begin=BUSY_HOUR - timedelta(days=1), end=BUSY_HOUR, per_day=300_000)
    world = World.within(window, seed=1, most_kept=0)
    assert world.rates is not None
    assert world.rates[1] == OFFICE.calls_per_second
    assert abs(world.count(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR) - 300_000) < 5000
    # Of an hour every call may be live at its end.
    hour = World.within(replace(window, begin=BUSY_HOUR - timedelta(hours=1)), seed=1, most_kept=0)
    assert hour.rates is not None
    assert hour.rates[0] == hour.rates[1]


# --- a million million calls ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def million_million() -> World:
    return World.of(seed=1, calls=10**12)


def test_a_row_of_a_million_million_is_that_of_a_longer_stretch(million_million: World) -> None:
    at = million_million.instant
    assert million_million.count(Grain.CALL, ListedCalls.BOTH, at) == 10**12
    for place in (3, 123_456_789_012, 10**12 - 4):
        names = ("call_id", "call_code", "started_at")
        rows = million_million.records(
            Grain.CALL, ListedCalls.BOTH, at, rows=slice(place - 3, place + 4), attributes=names
        )
        (alone,) = million_million.records(
            Grain.CALL, ListedCalls.BOTH, at, rows=slice(place, place + 1), attributes=names
        )
        assert alone == rows[3]
        starts = [row.instant("started_at") for row in rows]
        assert starts == sorted(starts, key=lambda start: (start is None, start))


def test_sessions_and_their_calls_are_told_by_their_places(million_million: World) -> None:
    at = million_million.instant
    (session,) = million_million.records(
        Grain.SESSION, ListedCalls.ENDED, at, rows=slice(123_456_789_012, 123_456_789_013)
    )
    assert {call["session_id"] for call in session.rows("calls")} == {session["session_id"]}


def test_numbers_of_calls_are_exact_in_every_reader_of_json_and_those_of_legs_fit_in_63_bits() -> None:
    for calls, most in ((10**12, 2**53), (8 * 10**13, 2**59)):
        traffic = vast_traffic(Traffic(1, raised_profile(OFFICE, calls, BUSY_HOUR)), BUSY_HOUR, 1.0)
        assert (traffic.slot_of(UNTIL) + 1) * traffic.numbers_per_slot * 4 < most


def test_what_needs_all_calls_is_refused(million_million: World) -> None:
    with pytest.raises(UsageProblem, match=r"at most 100,000,000 calls.*\n.*1,000,000,000,000 calls"):
        million_million.columns(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR, ["call_id"])
    with pytest.raises(UsageProblem, match="some rate gives in a year"):
        World.of(seed=1, calls=10**15)
    with pytest.raises(UsageProblem, match="raise calls_per_second"):
        World.of(seed=1, calls=10**9, instant=BUSY_HOUR.replace(year=2002), calls_per_second=0.01)


def test_a_log_that_would_begin_too_early_is_of_a_year() -> None:
    world = World.of(seed=1, calls=30_000, profile=OFFICE.with_rate(0.0001))
    (first,) = world.records(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR, rows=slice(0, 1), attributes=["started_at"])
    started = first.instant("started_at")
    assert started is not None
    assert timedelta(days=330) < BUSY_HOUR - started < timedelta(days=400)


def test_codes_of_calls_in_a_vast_world_do_not_repeat() -> None:
    near, far = np.arange(10_000, dtype=np.int64), np.arange(10_000, dtype=np.int64) * 62**6
    codes = call_codes_of(np.concatenate([near, far[1:]]), is_vast=True).series()
    assert codes.n_unique() == 19_999
    assert codes.str.len_bytes().unique().to_list() == [9]


# --- distributions: bands of five standard deviations -----------------------------------------------------------


@pytest.mark.parametrize("count", [1, 10, 64, 65, 1000, 2_000_000])
def test_halves_are_binomial(count: int) -> None:
    draws = 40_000
    halves = binomial_halves(draw_bits(1, "halves", np.arange(draws)), np.full(draws, count, dtype=np.int64))
    assert halves.min() >= 0
    assert halves.max() <= count
    assert abs(halves.mean() - count / 2) < 5 * (count / 4 / draws) ** 0.5
    assert halves.var() == pytest.approx(count / 4, rel=0.04)


def test_halves_of_four_are_what_pascal_says() -> None:
    halves = binomial_halves(draw_bits(2, "halves", np.arange(32_000)), np.full(32_000, 4, dtype=np.int64))
    for many, share in enumerate((1, 4, 6, 4, 1)):
        assert abs(int((halves == many).sum()) - 2000 * share) < 5 * (2000 * share) ** 0.5


@pytest.mark.parametrize("expected", [0.7, 499.0, 501.0, 3e8])
def test_counts_are_poisson(expected: float) -> None:
    counts = poisson_counts(draw_bits(3, "counts", np.arange(40_000)), expected)
    assert abs(counts.mean() - expected) < 5 * (expected / 40_000) ** 0.5
    assert counts.var() == pytest.approx(expected, rel=0.05)


def test_minutes_and_their_parts_have_the_sessions_that_they_should() -> None:
    minutes = VastMinutes(1, STEADY.with_rate(300), tail=10_000, tail_rate=0.1)
    slots = np.arange(2000, dtype=np.int64)
    sessions = 300 * 60 / STEADY.calls_per_session
    for kind, share in enumerate((0.79, 0.18, 0.03)):
        counts, due = minutes.counts(slots, np.full_like(slots, kind)), sessions * share
        assert abs(counts.mean() - due) < 5 * (due / len(slots)) ** 0.5
        assert counts.var() == pytest.approx(due, rel=0.2)
    numbers = minutes.numbers_in(0, 19)
    assert len(numbers) == minutes.held(slots[:20], (1, 1, 1)).sum()
    # In each of so many tenths of a second about as many begin as in any other.
    tenths = np.bincount(minutes.starts_within(numbers) // 100, minlength=600)
    assert len(tenths) == 600
    assert tenths.var() / tenths.mean() == pytest.approx(1, abs=5 * (2 / 600) ** 0.5)


def test_pauses_between_calls_follow_the_law() -> None:
    traffic = Traffic(1, STEADY.with_rate(300), VastMinutes(1, STEADY.with_rate(300), 10_000, 0.1))
    calls = call_numbers_in(traffic, traffic.session_numbers(0, 60))
    second = traffic.call_delays(calls[calls & 3 == 1])
    assert np.median(second) / 1000 == pytest.approx(9, rel=0.1)
    assert len(np.unique(second)) > 1000
