"""Each documented exit code, reached by one named test through a shell on the installed command (DU-10)."""

from __future__ import annotations

import shlex
import signal
from pathlib import Path

import pytest
from fronts import XML_API, front, rewritten
from hostile_servers import free_port

from tests.durability.installed import in_shell, lines_of, slowly, start, until, words


def ended(given: list[str], place: Path) -> tuple[int, str]:
    found = in_shell(f"callharness {shlex.join(given)}; echo code=$?", place)
    out, _, code = found.stdout.rstrip().rpartition("code=")
    assert "Traceback" not in out + found.stderr
    return int(code), out + found.stderr


def test_du_10_exit_code_0_when_the_gate_is_green(tmp_path: Path) -> None:
    with front(XML_API) as (url, _):
        assert ended(words(url), tmp_path)[0] == 0


def test_du_10_exit_code_1_when_the_gate_is_red(tmp_path: Path) -> None:
    with front(XML_API, rewritten(lambda body: body.replace(b"Message>", b"Massage>"))) as (url, _):
        code, said = ended(words(url), tmp_path)
    assert code == 1
    assert "RED" in said


@pytest.mark.parametrize(
    "given",
    [
        ["check", "nobody/nothing", "--target", "http://127.0.0.1:1"],
        ["check", XML_API],
        ["check", XML_API, "--target", "127.0.0.1:1"],
        ["check", XML_API, "--target", "http://127.0.0.1:1", "--known", "nowhere.yaml"],
    ],
    ids=["api", "usage", "target", "known"],
)
def test_du_10_exit_code_2_for_wrong_usage_or_a_wrong_file(given: list[str], tmp_path: Path) -> None:
    assert ended(given, tmp_path)[0] == 2


def test_du_10_exit_code_3_when_a_report_cannot_be_written(tmp_path: Path) -> None:
    with front(XML_API) as (url, _):
        assert ended(words(url, "--report", "json=/proc/report"), tmp_path)[0] == 3


def test_du_10_exit_code_3_beats_a_red_gate(tmp_path: Path) -> None:
    with front(XML_API, rewritten(lambda body: body.replace(b"Message>", b"Massage>"))) as (url, _):
        assert ended(words(url, "--report", "json=/proc/report"), tmp_path)[0] == 3


def test_du_10_exit_code_4_when_the_target_is_down(tmp_path: Path) -> None:
    assert ended(words(f"http://127.0.0.1:{free_port()}"), tmp_path)[0] == 4


def test_du_10_exit_code_4_when_the_log_in_fails(tmp_path: Path) -> None:
    with front(XML_API) as (url, _):
        given = [
            "check",
            XML_API,
            "--target",
            url,
            "--credential",
            "Username=x",
            "--credential",
            "Password=not-it-at-all",
        ]
        code, said = ended(given, tmp_path)
    assert code == 4
    assert "log-in failed: the server refused Username and Password" in said


def test_du_10_exit_code_5_when_the_target_shows_no_calls(tmp_path: Path) -> None:
    with front(XML_API, calls=0) as (url, _):
        assert ended(words(url), tmp_path)[0] == 5
        assert ended(words(url, "--allow-empty"), tmp_path)[0] == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_du_10_exit_codes_129_130_143_when_interrupted(number: signal.Signals, code: int, tmp_path: Path) -> None:
    with front(XML_API, slowly) as (url, _):
        process = start(words(url, kinds=("ndjson",)), tmp_path, shell=True)
        until(lambda: lines_of(tmp_path / "ndjson") >= 3)
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == code


def test_du_10_the_help_names_every_exit_code(tmp_path: Path) -> None:
    text = " ".join(in_shell("callharness --help", tmp_path).stdout.split())
    for code in ("0 gate green", "1 gate red", "2 usage", "3 harness error", "4 target", "5 nothing", "129/130/143"):
        assert code in text
