"""The pytest plugin over HTTP: whole runs against simulators, and its fixtures."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

# Imported here, before any inner run: an inner run forgets what it imported, and numpy loads only once a process.
import harness.check.runner
import harness.report.text
import harness.serve.responses_mock  # noqa: F401
from harness.errors import UsageProblem

pytest_plugins = ["pytester"]

API = "ozeki/list-active-calls"
LOG_IN = "command=ListActiveCalls&Username=HTTP_User_1&Password=qwe123"


def test_an_honest_simulator_has_no_failures(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--call-api", API, "--call-api-target", "sim:")
    assert result.ret == 0
    assert "failed" not in result.parseoutcomes()


def test_a_liar_fails_the_clause_that_it_breaks(
    pytester: pytest.Pytester, call_api_simulator: Callable[..., str]
) -> None:
    url = call_api_simulator(API, faults=["OZ-LAC-009/CallState-missing"])
    result = pytester.runpytest_inprocess(
        *("--call-api", API, "--call-api-target", url),
        *("--call-api-credential", "Username=HTTP_User_1", "--call-api-credential", "Password=qwe123"),
    )
    assert result.ret == 1
    result.stdout.fnmatch_lines(["FAILED callharness::*::OZ-LAC-009*"])


def test_a_target_that_is_down_is_told_in_one_line(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(
        "--call-api", API, "--call-api-target", "http://127.0.0.1:9", "-k", "OZ-LAC-005"
    )
    assert result.ret == 1
    assert "Traceback" not in result.stdout.str()
    result.stdout.fnmatch_lines(["BLOCKED OZ-LAC-005*", "*127.0.0.1:9*"])


def test_workers_share_one_reading(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is an extra of the development set")
    pytester.makeconftest(
        """
        import harness.pytest_plugin.target_run as reading

        plain = reading.read_target


        def read_target(*given, **named):
            with open("read.txt", "a") as file:
                file.write("once ")
            return plain(*given, **named)


        reading.read_target = read_target
        """
    )
    result = pytester.runpytest_subprocess("--call-api", API, "--call-api-target", "sim:", "-n", "2", "-m", "access")
    assert result.ret == 0
    assert result.parseoutcomes()["passed"] >= 3
    assert (pytester.path / "read.txt").read_text() == "once "


def test_workers_that_cannot_read_the_target_say_so_each(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is an extra of the development set")
    bad = ("--call-api-credential", "Pasword=x")
    result = pytester.runpytest_subprocess(
        "--call-api", API, "--call-api-target", "sim:", "-n", "2", "-m", "access", *bad
    )
    assert result.ret == 1
    assert result.parseoutcomes()["failed"] >= 3
    assert "Traceback" not in result.stdout.str()
    result.stdout.fnmatch_lines(["*did you mean Password?"])


def test_workers_run_nothing_but_the_ids_given(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_ours="def test_of_ours(): pass")
    one = f"callharness::{API}::OZ-LAC-001"
    result = pytester.runpytest_subprocess("--call-api-target", "sim:", "-n", "1", one)
    result.assert_outcomes(passed=1)


def test_a_simulator_listens_until_the_test_ends(call_api_simulator: Callable[..., str]) -> None:
    url = call_api_simulator(API, calls=50, seed=3)
    with urllib.request.urlopen(f"{url}/api?{LOG_IN}") as answer:
        assert b"<ActiveCalls>" in answer.read()


def test_two_simulators_may_run_at_once(call_api_simulator: Callable[..., str]) -> None:
    assert call_api_simulator(API, calls=5) != call_api_simulator("ozeki/list-call-history", calls=5)


ACTIVE = "/api?command=ListActiveCalls&Username=HTTP_User_1&Password=qwe123"


def test_a_live_clock_shows_calls_at_any_hour(call_api_simulator: Callable[..., str]) -> None:
    url = call_api_simulator("ozeki/list-active-calls", calls=200, clock="live")
    with urllib.request.urlopen(url + ACTIVE, timeout=60) as answer:
        assert answer.read().count(b"<Call>") > 5


def test_a_clock_stands_still_where_its_name_says(call_api_simulator: Callable[..., str]) -> None:
    url = call_api_simulator("ozeki/list-call-history", calls=20, clock="frozen=2026-03-03T10:00:00Z")
    query = "/api?command=ListCallHistory&Username=HTTP_User_1&Password=qwe123"
    with urllib.request.urlopen(url + query, timeout=60) as answer:
        assert b"2026-03-03" in answer.read()


@pytest.mark.parametrize("clock", ["alive", "frozen=noon", "scaled=0", "scaled=nan", "scaled=", "live=1"])
def test_a_clock_of_no_such_name_is_told(call_api_simulator: Callable[..., str], clock: str) -> None:
    with pytest.raises(UsageProblem, match="clock"):
        call_api_simulator("ozeki/list-call-history", calls=20, clock=clock)


def test_who_may_log_in_is_said_in_a_file(call_api_simulator: Callable[..., str], tmp_path: Path) -> None:
    users = tmp_path / "users.yaml"
    users.write_text("users:\n  - name: ann\n    credentials: {Username: ann, Password: s3cret-word}\n")
    url = call_api_simulator("ozeki/list-active-calls", calls=20, users=users)
    with urllib.request.urlopen(
        url + ACTIVE.replace("HTTP_User_1", "ann").replace("qwe123", "s3cret-word")
    ) as answer:
        assert answer.status == 200


def test_an_unknown_fault_is_told(call_api_simulator: Callable[..., str]) -> None:
    with pytest.raises(UsageProblem):
        call_api_simulator(API, faults=["OZ-LAC-999"])


def test_a_mock_answers_requests_without_a_socket(call_api_mock: Callable[..., Any]) -> None:
    mock = call_api_mock("etelecom/list-call-logs", url="http://calls.example", calls=50)
    answer = requests.post(
        "http://calls.example/v1/shop.Etelecom/ListCallLogs",
        json={"paging": {"limit": 3}},
        headers={"Authorization": "Bearer callharness-token"},
        timeout=60,
    )
    assert len(json.loads(answer.text)["call_logs"]) == 3
    assert len(mock.calls) == 1


def test_a_mock_can_lie(call_api_mock: Callable[..., Any]) -> None:
    call_api_mock(API, url="http://calls.example", faults=["OZ-LAC-007"])
    answer = requests.get(f"http://calls.example/api?{LOG_IN}", timeout=60)
    assert "<Code>200</Code>" in answer.text
    assert "<ActiveCalls>" not in answer.text
