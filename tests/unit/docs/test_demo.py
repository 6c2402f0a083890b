"""The demo keeps its promises: under a minute of work, only the loopback, every fault caught, reports left behind."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from harness.specification.load import spec_ids

# Any name that is looked up, and any address but the loopback, ends the process with code 99.
GUARD = """
import os, socket, sys
def guard(event, args):
    if event == "socket.connect" and isinstance(args[1], tuple) and args[1][0] not in ("127.0.0.1", "::1"):
        os._exit(99)
sys.addaudithook(guard)
from harness.cli.main import main
sys.exit(main(["demo"]))
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path, float]:
    """One run of the demo, its directory, and how long it kept a processor busy."""
    where = tmp_path_factory.mktemp("demo")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(
        [sys.executable, "-c", GUARD],
        cwd=where,
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return run, where, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


Done = tuple["subprocess.CompletedProcess[str]", Path, float]


def test_the_demo_is_as_it_should_be(done: Done) -> None:
    run, _, _ = done
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_demo_works_for_less_than_a_minute(done: Done) -> None:
    assert done[2] < 60


def test_the_demo_has_a_line_for_each_api(done: Done) -> None:
    lines = done[0].stdout.splitlines()
    for api in spec_ids():
        assert [line for line in lines if line.startswith(("  green", "  amber")) and f" {api} " in line], api


def test_the_demo_catches_each_fault(done: Done) -> None:
    lines = [line.split()[0] for line in done[0].stdout.splitlines() if line.startswith(("  caught", "  MISSED"))]
    assert lines == ["caught"] * 3


def test_the_demo_leaves_reports(done: Done) -> None:
    where = done[1] / "callharness-demo"
    told = json.loads((where / "with-faults.json").read_text(encoding="utf-8"))
    assert len(told["findings"]) >= 3
    assert (where / "with-faults.html").read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")
    assert len(list(where.iterdir())) == 2 * (len(spec_ids()) + 1)


def test_the_demo_says_what_its_amber_lines_mean(done: Done) -> None:
    text = done[0].stdout
    assert ("nothing is broken there" in text) == any(line.startswith("  amber") for line in text.splitlines())
    assert "GREEN: all as it should be" in text


def test_the_next_commands_run_as_printed(done: Done) -> None:
    """By the shell, in a directory of their own, with nothing activated."""
    run, where, _ = done
    lines = [line.strip() for line in run.stdout.rpartition("What to try next")[2].splitlines()[1:]]
    serve, check, generate, show = lines
    environment = {**os.environ, "PATH": "/usr/bin:/bin"}
    server = subprocess.Popen(["/bin/sh", "-c", f"exec {serve}"], cwd=where, env=environment, stdout=subprocess.PIPE)
    try:
        codes = [
            subprocess.run(["/bin/sh", "-c", line], cwd=where, env=environment, capture_output=True).returncode
            for line in (check, generate, show)
        ]
    finally:
        server.terminate()
        server.communicate()
    # The server breaks a promise: the check is red.
    assert codes == [1, 0, 0]
