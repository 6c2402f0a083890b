"""The guide to `mutate` is true: its files and commands, run as they stand there, end as it says."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.serve.faults.catalogue import faults_of
from harness.specification.load import load_spec

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "mutate.md").read_text(encoding="utf-8")
CLIENT, COUNTS, LOOKS, READER = re.findall(r"^```py\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
COMMANDS = re.findall(r"^callharness (mutate .*)$", GUIDE, re.MULTILINE)
SHOWN = re.findall(r"^```text\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
SECONDS = re.compile(r"[\d.]+ s$", re.MULTILINE)


def run(command: str) -> int:
    words = [sys.executable if word == "python" else word for word in shlex.split(command)]
    return main(words)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("history.py", CLIENT), ("check_history.py", COUNTS), ("read_history.py", READER)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def test_the_first_tests_notice_nothing_as_it_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(COMMANDS[0]) == 1
    told = SECONDS.sub("N s", capsys.readouterr().out.replace(sys.executable, "python"))
    head, _, end = SECONDS.sub("N s", SHOWN[0]).partition("...\n")
    assert told.startswith(head)
    assert told.endswith(end)


def test_one_more_line_notices_all_three(capsys: pytest.CaptureFixture[str]) -> None:
    Path("check_history.py").write_text(LOOKS, encoding="utf-8")
    assert run(COMMANDS[0]) == 0
    assert SECONDS.sub("N s", capsys.readouterr().out).endswith(SECONDS.sub("N s", SHOWN[1]))


def test_the_reader_of_invalid_answers_ends_as_it_is_said() -> None:
    assert run(COMMANDS[-1]) == 0


def test_the_guide_counts_the_faults() -> None:
    assert f"all {len(faults_of(load_spec('ozeki/list-call-history')))} faults" in GUIDE
