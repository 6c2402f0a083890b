"""The user's command: what it may print and leave behind, and that its time is up for all that it started."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.cli.command_process import CommandProcesses, CommandStopped
from harness.errors import UsageProblem


def python(text: str) -> CommandProcesses:
    return CommandProcesses([sys.executable, "-I", "-S", "-c", text])


def is_running(process: int) -> bool:
    """Whether a process that was started lives; one that waits to be buried does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def comes_to_its_end(process: int) -> bool:
    """Whether a process ends within a minute: what was killed closes its files a moment before it is gone."""
    due = time.monotonic() + 60
    while is_running(process) and time.monotonic() < due:
        time.sleep(0.005)
    return not is_running(process)


def test_a_command_is_told_by_its_exit_code_and_its_last_output(tmp_path: Path) -> None:
    run = python("import sys, os; print(os.environ['A'], os.getcwd()); print('no'); sys.exit(3)").run(
        {"A": "first"}, folder=tmp_path, timeout_seconds=60
    )
    assert (run.exit_code, run.passed, run.timed_out) == (3, False, False)
    assert run.output == f"first {tmp_path}\nno\n"


def test_of_a_long_output_the_last_whole_lines_are_kept(tmp_path: Path) -> None:
    run = python("print('x' * 9_000_000); print('the end')").run({}, folder=tmp_path, timeout_seconds=60)
    assert run.passed
    assert run.output == "the end\n"


GROUP = """
import os, signal, sys, time
child = os.fork()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if child:
    open("child", "w").write(str(child))
    os.rename("child", "ready")
time.sleep(600)
"""


def test_when_time_is_up_the_whole_group_is_killed_even_if_it_ignores_to_be_asked(tmp_path: Path) -> None:
    run = python(GROUP).run({}, folder=tmp_path, timeout_seconds=1.5)
    assert run.timed_out
    assert not run.passed
    assert comes_to_its_end(int((tmp_path / "ready").read_text()))


def test_what_a_command_leaves_behind_is_ended_with_it(tmp_path: Path) -> None:
    left = "import os, time\nchild = os.fork()\nif child: print(child, flush=True)\nelse: time.sleep(600)"
    run = python(left).run({}, folder=tmp_path, timeout_seconds=60)
    assert run.passed
    assert comes_to_its_end(int(run.output))


def test_a_program_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="no such file or directory"):
        CommandProcesses(["no-such-program-here"]).run(dict(os.environ), folder=tmp_path, timeout_seconds=60)


def test_who_stops_ends_what_runs_and_starts_no_more(tmp_path: Path) -> None:
    processes = python("import time\nopen('ready', 'w').close()\ntime.sleep(600)")
    ended: list[BaseException] = []

    def run() -> None:
        try:
            processes.run({}, folder=tmp_path, timeout_seconds=600)
        except CommandStopped as stopped:
            ended.append(stopped)

    thread = threading.Thread(target=run)
    thread.start()
    while not (tmp_path / "ready").exists() and thread.is_alive():
        thread.join(timeout=0.01)
    processes.stop()
    thread.join(timeout=60)
    assert len(ended) == 1
    with pytest.raises(CommandStopped):
        processes.run({}, folder=tmp_path, timeout_seconds=600)
