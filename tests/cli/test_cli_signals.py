"""Signals and kills: reports are written, the journal holds, and nothing that takes long is waited for."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest
from commands import API, CHECK, REAL, STAND_IN, command, start

from harness.report import read_run_record

REPORTS = ("--target", "sim:", "--report", "json=r.json", "--report", "ndjson=r.jsonl", "--report", "junit=r.xml")


def _until(path: Path, lines: int) -> None:
    """Wait until a journal has so many lines."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if path.exists() and path.read_bytes().count(b"\n") >= lines:
            return
        time.sleep(0.01)
    raise AssertionError(f"{path} did not grow")


@pytest.mark.parametrize("deaf", ["", "1"], ids=["hears", "deaf"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_run_with_its_reports_whatever_the_engine_is_at(
    number: signal.Signals, code: int, deaf: str, tmp_path: Path
) -> None:
    process = start(*CHECK, *REPORTS, cwd=tmp_path, STAND_IN_QUICK="4", STAND_IN_SLOW="600", STAND_IN_DEAF=deaf)
    _until(tmp_path / "r.jsonl", 6)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert json.loads((tmp_path / "r.json").read_text())["interrupted"] == number.name
    assert (tmp_path / "r.xml").exists()
    assert f"interrupted ({number.name})" in out
    assert "Traceback" not in err


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    process = start(*CHECK, *REPORTS, cwd=tmp_path, STAND_IN_SLOW="600", STAND_IN_DEAF="1")
    _until(tmp_path / "r.jsonl", 2)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode in (130, 143)


def verdicts(path: Path) -> dict[str, str]:
    """The verdicts of the spec's own clauses."""
    clauses = json.loads(path.read_text())["clauses"]
    return {clause["id"]: clause["verdict"] for clause in clauses if clause["id"].startswith("OZ")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The verdicts of a run that nobody kills."""
    place = tmp_path_factory.mktemp("whole")
    found = command(*CHECK, "--target", "sim:", "--report", "json=whole.json", program=STAND_IN, cwd=place)
    assert found.returncode == 1
    return verdicts(place / "whole.json")


@pytest.mark.parametrize("lines", [1, 2, 5, 9, 20])
def test_a_killed_run_is_resumed_to_the_same_verdicts(lines: int, whole: dict[str, str], tmp_path: Path) -> None:
    process = start(*CHECK, *REPORTS, cwd=tmp_path, STAND_IN_SLOW="0.05")
    _until(tmp_path / "r.jsonl", lines)
    process.kill()
    process.communicate(timeout=60)
    torn = command("report", "r.jsonl", "--as", "text", cwd=tmp_path)
    assert "INCOMPLETE" in torn.stdout
    access = ("--credential", "Username=someone", "--credential", "Password=Kn0wn-canary-7")
    resumed = command("resume", "r.jsonl", *access, "--report", "json=again.json", program=STAND_IN, cwd=tmp_path)
    assert resumed.returncode == 1
    assert verdicts(tmp_path / "again.json") == whole
    assert read_run_record(tmp_path / "r.jsonl").complete


def test_resume_refuses_when_a_file_has_changed(tmp_path: Path) -> None:
    dialect = tmp_path / "dialect.yaml"
    dialect.write_text(f"api: {API}\ndialect: {{}}\n")
    process = start(*CHECK, *REPORTS, "--dialect", "dialect.yaml", cwd=tmp_path, STAND_IN_SLOW="0.3")
    _until(tmp_path / "r.jsonl", 4)
    process.kill()
    process.communicate(timeout=60)
    dialect.write_text(f"api: {API}\ndialect: {{order.direction: ascending}}\n")
    found = command("resume", "r.jsonl", program=STAND_IN, cwd=tmp_path)
    assert (found.returncode, "dialect changed" in found.stderr) == (2, True)


def test_credentials_go_only_where_the_journal_said_or_the_person_says(tmp_path: Path) -> None:
    process = start(*CHECK, *REPORTS, cwd=tmp_path, STAND_IN_SLOW="0.3")
    _until(tmp_path / "r.jsonl", 4)
    process.kill()
    process.communicate(timeout=60)
    lines = (tmp_path / "r.jsonl").read_text().splitlines(keepends=True)
    header = json.loads(lines[0])
    header["settings"]["target"] = "http://127.0.0.1:9"
    (tmp_path / "r.jsonl").write_text(json.dumps(header) + "\n" + "".join(lines[1:]))
    access = ("--credential", "Username=someone", "--credential", "Password=Kn0wn-canary-7")
    found = command("resume", "r.jsonl", *access, program=STAND_IN, cwd=tmp_path)
    assert (found.returncode, found.stderr.splitlines()) == (
        2,
        [
            "callharness: r.jsonl",
            "  expected  the settings that the run began with",
            "  actual    others, with the target http://127.0.0.1:9",
            "  do        name the --target, if that is where credentials may go",
        ],
    )
    other = command("resume", "r.jsonl", "--target", "http://127.0.0.1:8", *access, program=STAND_IN, cwd=tmp_path)
    assert (other.returncode, "the target of r.jsonl: http://127.0.0.1:9" in other.stderr) == (2, True)


def test_a_run_that_ended_is_not_run_again(tmp_path: Path) -> None:
    command(*CHECK, *REPORTS, program=STAND_IN, cwd=tmp_path)
    found = command("resume", "r.jsonl", program=STAND_IN, cwd=tmp_path)
    assert "nothing is missing" in found.stderr or found.returncode == 1


# --- serve --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_says_when_it_is_ready_and_stops_when_told(number: signal.Signals) -> None:
    process = start("serve", API, "--port", "0", program=REAL)
    assert process.stdout is not None
    word, api, url = process.stdout.readline().split()
    assert (word, api) == ("ready", API)
    assert url.startswith("http://127.0.0.1:")
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_busy_port_ends_with_2_and_one_message() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        found = command("serve", API, "--port", str(taken.getsockname()[1]))
    assert found.returncode == 2
    assert "Traceback" not in found.stderr
