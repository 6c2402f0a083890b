"""The pytest plugin over HTTP: whole runs against simulators, and its fixtures."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
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


def test_workers_share_the_items(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is an extra of the development set")
    result = pytester.runpytest_subprocess("--call-api", API, "--call-api-target", "sim:", "-n", "2", "-m", "access")
    assert result.ret == 0
    assert result.parseoutcomes()["passed"] >= 3


def test_a_simulator_listens_until_the_test_ends(call_api_simulator: Callable[..., str]) -> None:
    url = call_api_simulator(API, calls=50, seed=3)
    with urllib.request.urlopen(f"{url}/api?{LOG_IN}") as answer:
        assert b"<ActiveCalls>" in answer.read()


def test_two_simulators_may_run_at_once(call_api_simulator: Callable[..., str]) -> None:
    assert call_api_simulator(API, calls=5) != call_api_simulator("ozeki/list-call-history", calls=5)


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
