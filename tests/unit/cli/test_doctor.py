"""What `doctor` says of a machine, and that only what keeps the harness from its work makes it fail."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.cli import doctor
from harness.cli.main import main

REQUIREMENTS = (
    "click>=8.1",
    "lxml>=6.1",
    "colorama>=0.4; sys_platform == 'win32'",
    'schemathesis>=4.0; extra == "fuzz"',
    'callharness[fuzz]; extra == "all"',
    'ruff>=0.6; extra == "dev"',
)


def packages(**installed: str) -> list[tuple[str, str, str]]:
    found = doctor.check_packages(REQUIREMENTS, installed.get)
    return [(one.about, one.health, one.says) for one in found]


def test_a_line_has_the_versions_and_each_extra_has_one() -> None:
    assert packages(click="8.5.1", lxml="6.1", schemathesis="4.3") == [
        ("libraries", "ok", "click 8.5.1, lxml 6.1"),
        ("extra [fuzz]", "ok", "schemathesis 4.3"),
    ]


def test_an_extra_that_is_not_there_is_a_note_with_its_command() -> None:
    assert packages(click="8.5.1", lxml="6.1")[1] == (
        "extra [fuzz]",
        "note",
        "not installed (schemathesis): pip install 'callharness[fuzz]'",
    )


@pytest.mark.parametrize(
    ("installed", "says"),
    [
        ({"click": "8.5.1"}, "lxml is not installed"),
        ({"click": "8.0", "lxml": "6.10"}, "click 8.0 is older than 8.1"),
    ],
)
def test_a_library_that_is_missing_or_too_old_fails(installed: dict[str, str], says: str) -> None:
    about, health, told = packages(**installed)[0]
    assert (about, health, told.partition(":")[0]) == ("libraries", "FAIL", says)


def test_a_python_that_is_too_old_fails() -> None:
    assert doctor.check_python((3, 10, 4)).health == "FAIL"
    assert doctor.check_python((3, 11, 0)).health == "ok"


def test_a_directory_that_cannot_be_written_fails(tmp_path: Path) -> None:
    assert doctor.check_directory("here", tmp_path).health == "ok"
    assert list(tmp_path.iterdir()) == []
    assert doctor.check_directory("here", tmp_path / "nowhere").health == "FAIL"


def test_a_loopback_that_takes_no_connection_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> socket.socket:
        raise OSError(1, "Operation not permitted")

    assert doctor.check_loopback().health == "ok"
    monkeypatch.setattr(socket, "create_server", refuse)
    assert doctor.check_loopback().health == "FAIL"


def test_a_clock_of_long_ago_fails() -> None:
    assert doctor.check_clock(datetime(2000, 1, 1, tzinfo=UTC)).health == "FAIL"
    assert doctor.check_clock(datetime(2026, 12, 1, tzinfo=UTC)).health == "ok"


def test_time_zones_that_are_not_known_fail() -> None:
    assert doctor.check_zones("Nowhere/Land").health == "FAIL"


def test_a_proxy_is_named_and_does_not_fail() -> None:
    found = doctor.check_proxies({"https_proxy": "http://secret:word@proxy.example:3128"})
    assert (found.health, found.says.partition(" set")[0]) == ("note", "https_proxy")
    assert "secret" not in found.says


def test_the_command_ends_by_what_it_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(("ok  ", "note"))] == []
    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (9, 9))
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out.startswith("FAIL  Python ")
