"""The traffic of each profile lies in the profile's bands, and that of another one does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from harness.traffic.bands import session_clusters, share_band
from harness.traffic.call_columns import columns_of_world
from harness.traffic.summary import summarize_traffic, summarize_world
from harness.world import (
    BUSY_HOUR,
    CONTACT_CENTRE,
    OFFICE,
    PROFILES,
    STEADY,
    WHOLESALE,
    TrafficProfile,
    TrafficWindow,
    World,
)
from harness.world.duration_laws import DurationLaw, Gamma

TWO_DAYS = TrafficWindow(begin=BUSY_HOUR - timedelta(days=2), end=BUSY_HOUR, per_day=20_000)
# What differs from every shipped profile.
ODD = TrafficProfile(
    name="odd",
    calls_per_second=0.5,
    hours=tuple(float(hour % 5) for hour in range(24)),
    days=(1.0,) * 7,
    session_calls=(0.5, 0.4),
    redial=0.8,
    dispositions=(1, 2, 3, 4, 5),
    talk=DurationLaw(parts=((1.0, Gamma(mean=30, shape=0.7)),), least=0.2, most=900),
    directions=(1, 1, 4, 1),
    further_directions=(1, 0, 0, 1),
    held=0.9,
    transferred=0.5,
    recorded=(0.9, 0.5),
    line_skew=0.0,
)


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("profile", [*PROFILES, ODD], ids=lambda profile: profile.name)
def test_no_figure_of_a_profile_leaves_its_band(profile: TrafficProfile, seed: int) -> None:
    summary = summarize_world(World.within(TWO_DAYS, seed=seed, profile=profile))
    assert [(figure.key, figure.value, figure.band) for figure in summary.off] == []
    # Two days are enough for every figure but the number of trunks to be judged.
    unjudged = {figure.key for figure in summary.figures if figure.value is None or figure.band is None}
    assert unjudged - {"trunks", "busy-hour-share"} == set()


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
@pytest.mark.parametrize("calls", [1, 30, 3000])
def test_few_calls_lie_in_wide_bands(profile: TrafficProfile, calls: int) -> None:
    assert summarize_world(World.of(seed=4, calls=calls, profile=profile)).off == ()


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"calls_per_second": 0.5}, {"bhca", "carried-erlangs", "blocking"}),
        ({"dispositions": (0.6, 0.24, 0.06, 0.06, 0.04)}, {"asr", "disposition-answered", "disposition-no-answer"}),
        ({"given_up": 0.9}, {"ner"}),
        ({"talk": replace(OFFICE.talk, most=600)}, {"acd"}),
        ({"talk": WHOLESALE.talk}, {"acd", "talk-law-distance"}),
        ({"setup": WHOLESALE.setup}, {"answer-delay-p50", "answer-delay-p90"}),
        ({"hours": CONTACT_CENTRE.hours}, {"busy-hour-share"}),
        ({"directions": (0.38, 0.43, 0.17, 0.02)}, {"direction-inbound", "direction-outbound"}),
        ({"transferred": 0.12}, {"transferred"}),
        ({"recorded": (0.6, 0.05)}, {"recorded"}),
        ({"line_skew": 0.8}, {"busiest-line-share"}),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_traffic_that_differs_in_one_thing_leaves_the_bands_of_it(changes: dict[str, object], keys: set[str]) -> None:
    other = replace(OFFICE, **changes)  # type: ignore[arg-type]
    calls = columns_of_world(World.of(seed=2, calls=40_000, profile=other))
    off = {figure.key for figure in summarize_traffic(calls, OFFICE, trunks=54).off}
    assert keys <= off


def test_arrivals_in_bursts_leave_the_band_of_dispersion() -> None:
    world = World.of(seed=2, calls=40_000, profile=replace(STEADY, session_calls=(0.9, 0.9)))
    calls = columns_of_world(world)
    # As if every call were a session of its own.
    bursts = replace(calls, begins_session=np.ones(len(calls), dtype=np.bool_))
    off = {figure.key for figure in summarize_traffic(bursts, world.profile).off}
    assert off == {"index-of-dispersion"}


def test_a_band_of_a_share_reaches_four_deviations() -> None:
    # The deviation of a half among 10,000 is 0.005.
    band = share_band(0.5, 10_000)
    assert [band.expected, band.low, band.high] == pytest.approx([0.5, 0.5 - 0.0204, 0.5 + 0.0204])
    assert band.holds(0.52)
    assert not band.holds(0.521)


def test_calls_of_sessions_come_in_clusters() -> None:
    # 79 of 100 sessions with one call, 18 with two, 3 with three: (79 + 18 * 4 + 3 * 9) / (79 + 36 + 9).
    assert session_clusters(OFFICE) == pytest.approx(178 / 124)
