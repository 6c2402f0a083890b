"""The options that choose a world, and the commands that look at one."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.cli.traffic_options import TrafficChoice, make_chosen_world
from harness.errors import UsageProblem
from harness.world import BUSY_HOUR

API = "ozeki/list-call-history"


def test_the_manifest_of_days_holds_the_command_that_writes_them_again(tmp_path: Path) -> None:
    profile = tmp_path / "branch.yaml"
    profile.write_text("like: wholesale\n", encoding="utf-8")
    days = ["--from", "2026-03-02", "--days", "1.5", "--per-day", "40", "--traffic", str(profile)]
    assert main(["generate", API, *days, "--out", str(tmp_path / "a")]) == 0
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text())
    assert manifest["from"] == "2026-03-02T00:00:00+00:00"
    assert manifest["instant"] == "2026-03-03T12:00:00+00:00"
    assert manifest["command"] == (
        f"callharness generate {API} --from 2026-03-02T00:00:00+00:00 --days 1.5 --per-day 40 --seed 1 "
        "--traffic branch.yaml --out DIR"
    )


@pytest.mark.parametrize(
    ("words", "begin", "end"),
    [
        ({"days": 2}, "2026-03-09T10:30", "2026-03-11T10:30"),
        ({"days": 2, "window_begin": "2026-02-01"}, "2026-02-01T00:00", "2026-02-03T00:00"),
        ({"window_begin": "2026-03-11T08:00"}, "2026-03-11T08:00", "2026-03-11T10:30"),
    ],
)
def test_days_begin_and_end_as_said(words: dict[str, object], begin: str, end: str) -> None:
    choice = TrafficChoice(**words)  # type: ignore[arg-type]
    window = make_chosen_world(choice, seed=1, calls=5, instant=BUSY_HOUR).window
    assert window is not None
    assert (window.begin, window.end) == tuple(
        datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (begin, end)
    )


def test_a_given_instant_ends_the_days() -> None:
    instant = datetime(2026, 3, 4, 12, tzinfo=UTC)
    choice = TrafficChoice(days=1, window_begin="2026-03-04")
    with pytest.raises(UsageProblem, match="do not agree"):
        make_chosen_world(choice, seed=1, calls=5, instant=instant, instant_given=True)
    half = TrafficChoice(window_begin="2026-03-04")
    assert make_chosen_world(half, seed=1, calls=5, instant=instant, instant_given=True).instant == instant


def test_a_row_of_a_million_million_calls_is_written_alone(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    what = ["generate", API, "--calls", "1000000000000", "--parts", "rows", "--format", "ndjson", "--stdout"]
    assert main([*what, "--rows", "123456789012:123456789013", "--verbose"]) == 0
    alone, told = capfdbinary.readouterr()
    assert main([*what, "--rows", "123456789010:123456789015"]) == 0
    rows = capfdbinary.readouterr().out.splitlines()
    assert alone.splitlines() == rows[2:3]
    assert b"calls a second in the busiest hour: 112," in told
    assert b"in the last hours of the world 0.34\n" in told


def test_serving_a_million_million_calls_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", API, "--calls", "1000000000000", "--port", "0"]) == 2
    assert "at most 100,000,000 calls, where all of them are needed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--days", "2", "--calls", "5"], "--calls"),
        (["--per-day", "5"], "--days or --from with it"),
        (["--days", "9999"], "at most 3660"),
        (["--from", "2099-01-01"], "a time before 2026-03-11T10:30"),
        (["--from", "2026-13-45"], "an instant such as"),
        (["--traffic", "nosuch.yaml"], "a readable file"),
        (["--from", "someday"], "--as with it"),
    ],
)
def test_days_that_cannot_be_are_told_and_nothing_is_written(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", API, *arguments, "--out", str(tmp_path / "out")]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_figures_are_told_as_text_json_and_html(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "traffic.html"
    what = ["world", "describe", "--traffic", "wholesale", "--calls", "3000", "--report", str(page)]
    assert main(what) == 0
    text = capsys.readouterr().out
    assert text.startswith("wholesale, seed 1, 3,000 calls from 2026-03-11")
    assert "The 20 figures that could be measured lie in the bands of the profile wholesale; 6 could not." in text
    assert "busy hour's share                  -   none: it takes a whole day (UTC) with calls" in text
    assert "Arrivals by weekday: measured, and what the profile says" in text
    assert main([*what, "--json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    by_key = {figure["key"]: figure for figure in tree["figures"]}
    assert by_key["asr"]["in_band"] is True
    assert 0.4 < by_key["asr"]["value"] < 0.6
    assert by_key["bhca"]["value"] is None
    assert by_key["bhca"]["why_missing"] == "none: it takes two hours of calls, of which the first does not count"
    assert by_key["asr"]["why_missing"] is None
    html = page.read_text(encoding="utf-8")
    assert html.count("<svg") == 5
    assert not re.search(r"https?://|<script|src=", html)
    assert "prefers-color-scheme: dark" in html


def test_a_page_of_the_traffic_is_written_beside_fixtures(tmp_path: Path) -> None:
    page = tmp_path / "traffic.html"
    out = ["--out", str(tmp_path / "out")]
    assert main(["generate", API, "--calls", "50", "--report", str(page), *out]) == 0
    assert "50 calls from 2026-03-11" in page.read_text(encoding="utf-8")
    assert main(["generate", API, "--calls", "0", "--report", str(page), "--out", str(tmp_path / "none")]) == 2
    assert not (tmp_path / "none").exists()


def test_figures_out_of_their_bands_make_the_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.traffic.bands.DEVIATIONS", 0.01)
    assert main(["world", "describe", "--calls", "3000"]) == 1
    assert "lie outside the bands of the profile office: " in capsys.readouterr().out


def test_a_profile_like_records_keeps_nobody_who_stands_in_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records, out = tmp_path / "records.ndjson", tmp_path / "Like It.yaml"
    secrets = ("+442079460123", "Zoë Quux", "ticket-4711")
    line = {"source": secrets[0], "caller_name": secrets[1], "note": secrets[2], "session_id": secrets[2]}
    rows = [
        {
            **line,
            "started_at": f"2026-03-02T{9 + place // 30:02d}:{place % 30:02d}:00Z",
            "duration_seconds": 20 + place,
        }
        for place in range(60)
    ]
    records.write_text("\n".join(json.dumps(row) for row in rows) + "\nnonsense\n", encoding="utf-8")
    what = ["world", "profile", "--like", str(records), "--as", "ndjson", "--out", str(out)]
    assert main(what) == 2
    assert "line 61: no JSON" in capsys.readouterr().err
    assert not out.exists()
    assert main([*what, "--skip-bad"]) == 0
    told, text = capsys.readouterr().out, out.read_text(encoding="utf-8")
    assert "left out 1 lines that tell no call: 61" in told
    assert "KS" in told
    assert not [secret for secret in secrets if secret in told + text]
    assert "name: like-it" in text
    assert main(["generate", API, "--traffic", str(out), "--calls", "20", "--out", str(tmp_path / "made")]) == 0


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--edge"], ["edge", "invalid", "pages", "rows"]),
        (["--parts", "rows", "--invalid"], ["invalid", "rows"]),
        (["--parts", "edge", "--edge"], ["edge"]),
    ],
)
def test_parts_that_are_options_of_their_own_come_besides_the_others(
    options: list[str], parts: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", API, "--calls", "5", *options, "--out", str(tmp_path)]) == 0
    names = {path.name.partition(".")[0] for path in tmp_path.iterdir()} - {"manifest"}
    assert sorted(names) == parts
    again = json.loads((tmp_path / "manifest.json").read_text())["command"]
    assert again.count("--parts") == 1
    assert sorted(again.split("--parts ")[1].split()[0].split(",")) == parts
