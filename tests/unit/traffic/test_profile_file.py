"""Profiles as files: they come back as they were written, and what means nothing is told with its line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import UsageError, UsageProblem
from harness.telephony import Grain
from harness.traffic.profile_file import find_profile, load_profile, profile_text
from harness.world import BUSY_HOUR, OFFICE, PROFILES, WHOLESALE, ListedCalls, TrafficProfile, World
from harness.world.duration_laws import DurationLaw, Gamma, log_normal


def written(folder: Path, text: str) -> Path:
    path = folder / "branch.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_shipped_profile_comes_back_from_its_file(profile: TrafficProfile, tmp_path: Path) -> None:
    assert load_profile(written(tmp_path, profile_text(profile, comment="as it is shipped\n"))) == profile


def test_a_file_says_only_what_differs(tmp_path: Path) -> None:
    text = """
like: wholesale
calls-per-second: 3
dispositions: {answered: 7, busy: 3}
talk: {law: gamma, mean: 40, shape: 2, least: 1, most: 600}
recordings: {one-or-more: 0.5}
skew: {home-lines: 0}
"""
    talk = DurationLaw(parts=((1.0, Gamma(mean=40, shape=2)),), least=1, most=600)
    assert load_profile(written(tmp_path, text)) == replace(
        WHOLESALE,
        name="branch",
        calls_per_second=3,
        dispositions=(7, 0, 3, 0, 0),
        talk=talk,
        recorded=(0.5, 0.0),
        line_skew=0,
    )


def test_a_profile_from_a_file_shapes_the_calls(tmp_path: Path) -> None:
    text = "dispositions: {answered: 1}\ntalk: {law: lognormal, median: 20, sigma: 0.2, least: 10, most: 30}\n"
    profile = load_profile(written(tmp_path, text))
    calls = World.of(seed=1, calls=300, profile=profile).records(Grain.CALL, ListedCalls.ENDED, BUSY_HOUR)
    assert {call["disposition"] for call in calls} == {"answered"}
    assert all(10 <= float(str(call["talk_seconds"])) <= 30 for call in calls)
    assert profile.talk == log_normal(median=20, sigma=0.2, least=10, most=30)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: x\nhourss: []\n", 2, "did you mean hours?"),
        ("name: No Blanks\n", 1, "lower-case letters"),
        ("hours: [1, 2]\n", 1, "at least 24 values"),
        ("calls-per-second: fast\n", 1, "a number"),
        ("held: 0.2\ntransferred: 1.5\n", 2, "at most 1"),
        ("skew:\n  home-lines: -1\n", 2, "at least 0"),
        ("talk: {law: normal, least: 1, most: 2}\n", 1, "one of lognormal, exponential, gamma, mixture"),
        ("talk: {law: lognormal, median: 9, least: 1, most: 20}\n", 1, "the key sigma"),
        ("talk:\n  law: exponential\n  mean: 9\n  shape: 2\n  least: 1\n  most: 20\n", 4, "the key 'shape'"),
        ("talk: {law: exponential, mean: 9, least: 30, most: 20}\n", 1, "least (30.0) is below most"),
        ("like: offices\n", 1, "did you mean office?"),
        ("dispositions: {answered: 0}\n", 1, "one is above 0"),
        ("hours: [1\n", 2, "well-formed YAML"),
    ],
)
def test_what_means_nothing_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load_profile(path)
    assert f"{path}:{line}" in str(caught.value)
    assert words in str(caught.value)


def test_a_name_that_is_neither_profile_nor_file_is_told() -> None:
    with pytest.raises(UsageProblem, match="Did you mean wholesale"):
        find_profile("wholsale", where="--traffic")
    assert find_profile("office", where="--traffic") is OFFICE


def test_the_example_of_the_documentation_is_a_profile(tmp_path: Path) -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "traffic.md").read_text(encoding="utf-8")
    profile = load_profile(written(tmp_path, text.split("```yaml\n")[1].split("```")[0]))
    assert profile.name == "branch"
    assert len(profile.talk.parts) == 2
