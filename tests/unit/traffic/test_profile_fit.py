"""A profile fitted to records gives traffic like them, and keeps nobody who stands in them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from harness.cli.recorded_traffic import read_recorded_traffic
from harness.telephony import Grain
from harness.telephony.records import AttributeValue
from harness.traffic.call_columns import columns_of_world
from harness.traffic.profile_fit import FittedProfile, fit_profile
from harness.traffic.record_columns import RecordedTraffic
from harness.traffic.summary import summarize_traffic
from harness.world import WHOLESALE, ListedCalls, TrafficWindow, World

NAMES = (
    "started_at", "ringing_at", "answered_at", "ended_at", "disposition", "direction", "source", "caller_name",
    "recording_urls", "outcome_state", "session_id",
)  # fmt: skip
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
MADE = WHOLESALE.with_rate(0.05)


def plain(value: AttributeValue) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> RecordedTraffic:
    """A week of wholesale traffic, by way of a file of attributes."""
    world = World.within(TrafficWindow(begin=MONDAY, end=MONDAY + timedelta(days=7)), seed=3, profile=MADE)
    path = tmp_path_factory.mktemp("records") / "calls.ndjson"
    rows = world.records(Grain.CALL, ListedCalls.ENDED, world.instant, attributes=NAMES)
    path.write_text("".join(json.dumps({name: plain(row[name]) for name in NAMES}) + "\n" for row in rows))
    return read_recorded_traffic(path, kind="ndjson", zone=UTC)


@pytest.fixture(scope="module")
def fitted(recorded: RecordedTraffic) -> FittedProfile:
    return fit_profile(recorded, name="like-it")


def test_arrivals_come_back(fitted: FittedProfile) -> None:
    assert fitted.profile.calls_per_second == pytest.approx(0.05, rel=0.1)
    for found, made in ((fitted.profile.hours, MADE.hours), (fitted.profile.days, MADE.days)):
        assert np.abs(np.asarray(found) / np.mean(found) - np.asarray(made) / np.mean(made)).max() < 0.13


def test_endings_and_directions_come_back(fitted: FittedProfile) -> None:
    assert fitted.profile.dispositions == pytest.approx(MADE.dispositions, abs=0.015)
    assert fitted.profile.directions == pytest.approx(MADE.directions, abs=0.01)
    assert fitted.profile.given_up == pytest.approx(MADE.given_up, abs=0.05)
    assert fitted.profile.session_calls == pytest.approx(MADE.session_calls, abs=0.01)
    assert fitted.profile.recorded[0] == pytest.approx(0.01, abs=0.004)
    assert fitted.profile.transferred == 0


def test_the_records_lie_close_to_the_laws_fitted_to_them(fitted: FittedProfile) -> None:
    laws = dict(fitted.laws)
    assert laws["setup"][0].name == "gamma"
    assert laws["ring_until_answer"][0].name == "lognormal"
    assert all(found[0].distance < 0.03 for found in laws.values())
    assert fitted.profile.talk.mean == pytest.approx(MADE.talk.mean, rel=0.05)


def test_other_traffic_of_the_fitted_profile_is_like_the_records(
    fitted: FittedProfile, recorded: RecordedTraffic
) -> None:
    # Other seeds, and the figures of the records within the bands of the fitted profile.
    summary = summarize_traffic(recorded.calls, fitted.profile)
    off = {figure.key for figure in summary.off}
    assert off <= {"ner", "index-of-dispersion"}
    other = columns_of_world(World.of(seed=11, calls=8000, profile=fitted.profile))
    assert abs(np.mean(other.talk_seconds) / np.mean(recorded.calls.talk_seconds) - 1) < 0.15


def test_records_without_ringing_ring_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    line = (
        '"","","","","","","","","","2026-03-02 09:{0:02d}:00","2026-03-02 09:{0:02d}:{1:02d}",'
        '"2026-03-02 09:{0:02d}:50",0,0,"ANSWERED",""\n'
    )
    path.write_text("".join(line.format(minute, 5 + minute % 9) for minute in range(40)))
    profile = fit_profile(read_recorded_traffic(path, kind="asterisk-csv", zone=UTC), name="few").profile
    assert profile.setup.most == 0.2
    # Five to thirteen seconds.
    assert 8 < profile.ring_until_answer.mean < 10.5
    # One hour of one day is all that is known.
    assert len(set(profile.hours)) == len(set(profile.days)) == 1
    assert profile.calls_per_second == pytest.approx(40 / 3600, rel=1e-3)
