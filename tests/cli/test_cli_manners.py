"""Small manners of the command line: readers that leave, completion, hints at what was meant."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.main import VERBS, main

API = "ozeki/list-call-history"
HARNESS = (sys.executable, "-m", "harness.cli.main")
LOOKS = [
    ("apis",),
    ("check", "--help"),
    ("completion", "bash"),
    ("explain", "OZ-LCH-024"),
    ("spec", "show", API),
]


def with_a_reader_that_left(*words: str, cwd: Path | None = None) -> tuple[int, str]:
    """A command whose standard output nobody reads: its exit code, and what it says on standard error."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run([*HARNESS, *words], stdout=writing, stderr=subprocess.PIPE, cwd=cwd, check=False)
    finally:
        os.close(writing)
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
def test_a_reader_that_left_costs_no_word(words: tuple[str, ...]) -> None:
    assert with_a_reader_that_left(*words) == (141, "")


@pytest.mark.parametrize(
    "more", [(), ("--report", "json=-"), ("--report", "json=/dev/stdout")], ids=["text", "json", "device"]
)
def test_a_check_ends_by_its_gate_whoever_reads_it(more: tuple[str, ...]) -> None:
    words = ("check", "ozeki/list-active-calls", "--target", "sim:", "--max-requests", "3", "--gate", "strict", *more)
    assert with_a_reader_that_left(*words) == (1, "")


# --- completion ---------------------------------------------------------------------------------------------


def completed(words: str, place: int) -> set[str]:
    environment = os.environ | {
        "_CALLHARNESS_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(place),
    }
    done = subprocess.run(HARNESS, env=environment, capture_output=True, text=True, check=False)
    return {line.partition(",")[2] for line in done.stdout.splitlines()}


def test_a_verb_is_completed() -> None:
    assert completed("callharness s", 1) == {name for name in VERBS if name.startswith("s")}


def test_an_option_and_an_api_are_completed() -> None:
    assert completed("callharness check --kno", 2) == {"--known", "--known-value"}
    assert completed("callharness check ozeki/", 2) == {"ozeki/list-active-calls", API}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_asks_the_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert f"_CALLHARNESS_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_bash_takes_the_script(tmp_path: Path) -> None:
    script = subprocess.run([*HARNESS, "completion", "bash"], capture_output=True, text=True, check=True).stdout
    (tmp_path / "complete").write_text(script)
    words = ["bash", "--norc", "-c", "source ./complete && complete -p callharness"]
    told = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "_callharness_completion callharness" in told


# --- hints --------------------------------------------------------------------------------------------------


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main([*words]) == 2
    return capsys.readouterr().err


def test_an_unknown_known_value_is_told_with_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "check", API, "--target", "sim:", "--known-value", "Destinaton=101")
    assert "--known-value Destinaton" in text
    assert "Did you mean Destination?" in text


@pytest.mark.parametrize("target", ["http://127.0.0.1:9", "https://127.0.0.1:9"])
def test_a_ca_file_that_is_not_there_is_told(target: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = said(capsys, "check", API, "--target", target, "--ca", str(tmp_path / "ca.pem"))
    assert "there is no such file" in text


def test_a_ca_file_that_is_none_is_told_with_where_one_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    text = said(capsys, "check", API, "--target", "https://127.0.0.1:9", "--ca", str(tmp_path / "ca.pem"))
    assert "--tls-dir DIR" in text


USERS = "users:\n  - name: me\n    credentails: {Username: u, Password: p4ssw0rd}\n"


@pytest.mark.parametrize("command", ["check", "serve"])
def test_a_misspelt_key_of_a_users_file_is_told_with_its_line(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "users.yaml"
    file.write_text(USERS)
    options = ("--target", "sim:", "--credentials") if command == "check" else ("--port", "0", "--users")
    text = said(capsys, command, API, *options, str(file))
    assert f"{file}:3" in text
    assert "did you mean credentials?" in text


# --- extras -------------------------------------------------------------------------------------------------


def test_what_needs_an_extra_names_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "schemathesis" else found(name))
    text = said(capsys, "check", API, "--target", "sim:", "--fuzz")
    assert "pip install 'callharness[fuzz]'" in text


def test_a_mock_without_its_extra_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    import harness
    from harness.errors import ExtraNotInstalled

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExtraNotInstalled, match=r"pip install 'callharness\[pytest\]'"), harness.mock(API, calls=5):
        pass


@pytest.mark.usefixtures("few_combinations")
def test_a_check_that_draws_nothing_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.check.rules.exploration import random_combinations

    monkeypatch.setattr(random_combinations, "is_installed", lambda name: False)
    assert main(["check", API, "--target", "sim:"]) == 0
    # Notes are wrapped where a line is full.
    assert "pip install 'callharness[explore]'" in " ".join(capsys.readouterr().out.split())
