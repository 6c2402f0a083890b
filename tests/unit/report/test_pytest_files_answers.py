"""Tests of findings that rest on several answers: rows that come and go, values that move from poll to poll.

The files run here against a simulator in this process, whose clock goes on with each request and each pause.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import Message
from types import SimpleNamespace

import pytest

from harness.check.credentials import environment_variable_of, secrets_of
from harness.check.options import CheckOptions
from harness.check.runner import run_check
from harness.check_target import simulator_identities
from harness.cli.selftest_plan import clock_step_of
from harness.cli.selftest_trials import DIRECT_HOST, DirectSender
from harness.report.pytest_files import pytest_files
from harness.serve.faults.catalogue import find_faults
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.specification.model import ClauseId
from harness.wire.http_messages import HttpRequest
from harness.world import World

WORLD = World.of(seed=7, calls=150)
HISTORY, ACTIVE, LEGS = "ozeki/list-call-history", "ozeki/list-active-calls", "enswitch/calls-active-list"


class Connection:
    """What stands for a connection of `http.client`: it asks a simulator."""

    simulator: Simulator
    now: datetime
    step: timedelta

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self.headers = [("Host", f"{host}:{port}")]

    def putrequest(self, method: str, target: str, skip_accept_encoding: bool) -> None:
        self.method, self.target = method, target

    def putheader(self, name: str, value: str) -> None:
        self.headers.append((name, value))

    def endheaders(self, body: bytes | None) -> None:
        self.body = body or b""

    def getresponse(self) -> SimpleNamespace:
        Connection.now += Connection.step
        request = HttpRequest(
            method=self.method, target=self.target.encode("ascii"), headers=tuple(self.headers), body=self.body
        )
        answer = Connection.simulator.answer(request, Connection.now)
        headers = Message()
        for name, value in answer.headers:
            headers[name] = value
        return SimpleNamespace(status=answer.http_status, headers=headers, read=lambda: answer.body)

    def close(self) -> None:
        pass


def file_of_finding(api: str, fault: str) -> tuple[str, dict[str, str]]:
    """The test of the first finding under the clause of the fault, and the variables that it needs."""
    spec, clause = load_spec(api), ClauseId(fault.partition("/")[0])
    liar = Simulator(spec, WORLD, faults=find_faults(spec, fault))
    identities = simulator_identities(liar)
    secrets = secrets_of(identities, spec.listing.access)
    target = f"http://{DIRECT_HOST}{liar.base_path}"
    options = CheckOptions(now=WORLD.instant, target=target, only=(clause,), secrets=secrets)
    run = run_check(spec, DirectSender(liar, WORLD.instant, step_seconds=clock_step_of(fault)), identities, options)
    found = [text for name, text in pytest_files(run).items() if str(clause).lower().replace("-", "_") in name]
    variables = {environment_variable_of(name): str(value) for name, value in secrets.items()}
    return found[0], {"CALLHARNESS_URL": target, **variables}


@pytest.fixture
def outcome(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str | None], str]:
    """What a file says of a simulator with a fault, or of an honest one: nothing where it passes."""

    def run(api: str, text: str, fault: str | None) -> str:
        spec = load_spec(api)
        Connection.simulator = Simulator(spec, WORLD, faults=() if fault is None else find_faults(spec, fault))
        Connection.now, Connection.step = WORLD.instant, timedelta(seconds=clock_step_of(fault or ""))
        namespace: dict[str, Callable[[], None]] = {}
        exec(compile(text, "test_finding.py", "exec"), namespace)
        (test,) = [value for name, value in namespace.items() if name.startswith("test_")]
        try:
            test()
        except pytest.fail.Exception as error:
            return str(error)
        return ""

    def pause(seconds: float) -> None:
        Connection.now += timedelta(seconds=seconds)

    monkeypatch.setattr(http.client, "HTTPConnection", Connection)
    monkeypatch.setattr(time, "sleep", pause)
    return run


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    ("api", "fault", "says"),
    [
        (HISTORY, "LIST-STEADY/older-calls-come-and-go", "rows that go and come back"),
        (ACTIVE, "OZ-LAC-016/never-falls-RingDuration-5", "RingDuration falls in rows"),
        (ACTIVE, "OZ-LAC-015/never-falls-TalkDuration-4", "TalkDuration falls in rows"),
        (LEGS, "EN-CAL-084/stands-still-start-14", "start moves in rows"),
    ],
)
def test_a_test_of_several_answers_fails_with_the_defect_and_passes_without(
    api: str,
    fault: str,
    says: str,
    outcome: Callable[[str, str, str | None], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text, variables = file_of_finding(api, fault)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert says in outcome(api, text, fault)
    assert outcome(api, text, None) == ""
