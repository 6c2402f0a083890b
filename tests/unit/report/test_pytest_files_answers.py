"""Tests of findings, held to both sides: each fails on the server with the defect and passes on an honest one.

The files run here against a simulator in this process, whose clock goes on with each request and each pause where the
defect needs that.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import Message
from types import SimpleNamespace
from typing import Any

import pytest

from harness.check.credentials import environment_variable_of, secrets_of
from harness.check.options import CheckOptions
from harness.check.results.findings import RunReport
from harness.check.runner import run_check
from harness.check.secret_alterations import ALTERATIONS
from harness.check_target import simulator_identities
from harness.cli.selftest_plan import clock_step_of
from harness.cli.selftest_trials import DIRECT_HOST, DirectSender
from harness.report.pytest_files import pytest_files
from harness.serve.authentication import make_key_pair
from harness.serve.faults.base import Fault
from harness.serve.faults.catalogue import faults_of, find_faults
from harness.serve.faults.hooks import Hooks, RowTree
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.specification.model import ClauseId
from harness.wire.http_messages import HttpRequest
from harness.world import World

WORLD = World.of(seed=7, calls=150)
KEY = make_key_pair()
HISTORY, ACTIVE, LEGS = "ozeki/list-call-history", "ozeki/list-active-calls", "enswitch/calls-active-list"
LOGS, SESSIONS = "etelecom/list-call-logs", "voximplant/get-call-history"
LIVE, RECORDS = "plivo/list-live-calls", "telnyx/list-detail-records"
# A fault, and what its file says of it.
POLLS = {
    (HISTORY, "LIST-STEADY/older-calls-come-and-go"): "rows that go and come back",
    (ACTIVE, "OZ-LAC-016/never-falls-RingDuration-5"): "RingDuration falls in rows",
    (ACTIVE, "OZ-LAC-015/never-falls-TalkDuration-4"): "TalkDuration falls in rows",
    (ACTIVE, "OZ-LAC-019/ended-calls-stay"): "calls that ended long before others began",
    (LEGS, "EN-CAL-084/stands-still-start-14"): "start moves in rows",
    (LEGS, "EN-CAL-085/stands-still-answered-15"): "answered moves in rows",
    (LEGS, "EN-CAL-063/left-out-now-and-then"): "rows that go and come back",
}
WALKS = {
    (LOGS, "ET-LCL-045/pages-overlap"): "rows on more than one page",
    (LOGS, "ET-LCL-045/pages-leave-gaps"): "rows on no page",
    (LOGS, "ET-LCL-045/ends-early"): "rows on no page",
    (LOGS, "ET-LCL-046/prev-leads-on"): "for the other request",
}
LISTS_SIDE_BY_SIDE = {
    (LEGS, "EN-CAL-019/unset-is-everyone"): "rows of others",
    (LEGS, "EN-CAL-021/all-is-own-and-children"): "rows of others",
    (LEGS, "EN-CAL-022/system-is-own"): "left out",
    (LEGS, "EN-CAL-024/recursive-ignored"): "rows of earlier answers that are left out",
    (LEGS, "EN-CAL-035/direction-overlap"): "rows that an earlier answer has, too",
    (LEGS, "EN-CAL-082/tenants-see-all"): "rows that must not be there",
    (LOGS, "ET-LCL-054/owners-ignored"): "rows that an earlier answer has, too",
    (SESSIONS, "VX-GCH-062/with_calls-one-spelling"): "rows with other fields than for the other request",
}
FORMS = {
    (HISTORY, "OZ-LCH-005/another-root"): "element:Responses still tells True",
    (HISTORY, "OZ-LCH-011/CallId-missing"): "rows without CallId",
    (HISTORY, "OZ-LCH-048/rows-on-errors"): "rows, and none are due",
    (LOGS, "ET-LCL-008/rows-in-an-object"): "form:/call_logs still tells 'object'",
    (LOGS, "ET-LCL-014/id-form"): "rows that must not be there",
}
BODIES = {
    (SESSIONS, "VX-GCH-012/multipart-not-understood"): "a list of rows comes for one of two requests alone",
    (SESSIONS, "VX-GCH-012/chunked-multipart-not-understood"): "a list of rows comes for one of two requests alone",
}
SECRETS = {
    (HISTORY, "OZ-LCH-018/wrong-let-in"): "an error is due",
    (LOGS, "ET-LCL-064/wrong-let-in"): "an error is due",
}
SIGNED = {
    (SESSIONS, f"VX-GCH-00{fault}-token-let-in"): "an error is due"
    for fault in ("3/expired", "3/future", "3/too-long", "4/wrong-key", "4/unknown-key")
}
# Rows that are left out are told of a page that has place for them.
FILTERED = {(HISTORY, "OZ-LCH-027/From-too-late"): "rows that are left out"}
# A right answer may be one of several.
READINGS = {
    (LOGS, "ET-LCL-027/date_from-and-date_to-swapped"): "rows, at most 0 are due",
    (LOGS, "ET-LCL-026/date_from-alone-ignored"): "rows that must not be there",
    (SESSIONS, "VX-GCH-017/from_date-and-to_date-swapped"): "rows, at most 0 are due",
    (SESSIONS, "VX-GCH-063/with_calls-bad-nothing"): "0 rows, 20 are due",
    (SESSIONS, "VX-GCH-058/times-not-shifted"): "rows that still show what breaks the promise",
}
TOLD = {**POLLS, **WALKS, **LISTS_SIDE_BY_SIDE, **FORMS, **BODIES, **SECRETS, **SIGNED, **FILTERED, **READINGS}
EVERY_SO_MANY_FAULTS = {HISTORY: 24, ACTIVE: 15, LOGS: 43, LEGS: 66, SESSIONS: 61, LIVE: 20, RECORDS: 58}


class Connection:
    """What stands for a connection of `http.client`: it asks a simulator."""

    simulator: Simulator
    now: datetime = WORLD.instant
    moves: bool

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self.headers = [("Host", f"{host}:{port}")]

    def putrequest(self, method: str, target: str, skip_accept_encoding: bool) -> None:
        self.method, self.target = method, target

    def putheader(self, name: str, value: str) -> None:
        self.headers.append((name, value))

    def endheaders(self, body: bytes | None) -> None:
        self.body = body or b""
        self.chunked = any(name == "Transfer-Encoding" for name, _ in self.headers)
        if self.chunked:
            size, _, rest = self.body.partition(b"\r\n")
            self.body = rest[: int(size, 16)]

    def getresponse(self) -> SimpleNamespace:
        pause(0.05)
        request = HttpRequest(
            method=self.method,
            target=self.target.encode("ascii"),
            headers=tuple(self.headers),
            body=self.body,
            chunked=self.chunked,
        )
        answer = Connection.simulator.answer(request, Connection.now)
        headers = Message()
        for name, value in answer.headers:
            headers[name] = value
        return SimpleNamespace(status=answer.http_status, headers=headers, read=lambda most=None: answer.body[:most])

    def close(self) -> None:
        pass


def pause(seconds: float) -> None:
    """The clock of the world goes on, where it goes at all."""
    if Connection.moves:
        Connection.now += timedelta(seconds=seconds)


def run_on_liar(api: str, faults: Sequence[Fault], step: float, **more: Any) -> tuple[RunReport, dict[str, str]]:
    """A run on a simulator that lies, and the variables that the tests of its findings need."""
    spec = load_spec(api)
    liar = Simulator(spec, WORLD, faults=faults, key=KEY)
    identities = simulator_identities(liar)
    secrets = secrets_of(identities, spec.listing.access)
    target = f"http://{DIRECT_HOST}{liar.base_path}"
    options = CheckOptions(now=WORLD.instant, target=target, secrets=secrets, **more)
    run = run_check(spec, DirectSender(liar, WORLD.instant, step_seconds=step), identities, options)
    held = identities[0].credentials
    public = {environment_variable_of(name): held[name] for name in ("account_id", "key_id") if name in held}
    variables = {environment_variable_of(name): str(value) for name, value in secrets.items()}
    return run, {"CALLHARNESS_URL": target, **public, **variables}


# Asked for alone, it is told by other answers first, of which there is no file.
BESIDE = {"VX-GCH-058/times-not-shifted": (ClauseId("VX-GCH-016"),)}


def file_of_finding(api: str, fault: str) -> tuple[str, dict[str, str]]:
    """The test of the first finding under the clause of the fault, and the variables that it needs."""
    clause = ClauseId(fault.partition("/")[0])
    only = (clause, *BESIDE.get(fault, ()))
    run, variables = run_on_liar(api, find_faults(load_spec(api), fault), clock_step_of(fault), only=only)
    word = str(clause).lower().replace("-", "_")
    return next(text for name, text in pytest_files(run).items() if f"{word}.py" in name), variables


@pytest.fixture
def outcome(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What a file says of a simulator with a fault, or of an honest one: nothing where it passes."""

    def run(api: str, text: str, fault: str | Fault | None, *, moves: bool) -> str:
        spec = load_spec(api)
        own = (fault,) if isinstance(fault, Fault) else ()
        faults = find_faults(spec, fault) if isinstance(fault, str) else own
        Connection.simulator = Simulator(spec, WORLD, faults=faults, key=KEY)
        Connection.now, Connection.moves = WORLD.instant, moves
        namespace: dict[str, Callable[[], None]] = {}
        exec(compile(text, "test_finding.py", "exec"), namespace)
        (test,) = [value for name, value in namespace.items() if name.startswith("test_")]
        try:
            test()
        except pytest.fail.Exception as error:
            return str(error)
        return ""

    monkeypatch.setattr(http.client, "HTTPConnection", Connection)
    monkeypatch.setattr(time, "sleep", pause)
    monkeypatch.setattr(time, "time", lambda: Connection.now.timestamp())
    return run


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(("api", "fault"), TOLD, ids=lambda word: word)
def test_a_test_of_a_finding_fails_with_the_defect_and_passes_without(
    api: str, fault: str, outcome: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text, variables = file_of_finding(api, fault)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    moves = clock_step_of(fault) > 0
    assert TOLD[api, fault] in outcome(api, text, fault, moves=moves)
    assert outcome(api, text, None, moves=moves) == ""


def in_milliseconds(row: RowTree, place: int, at: datetime) -> RowTree:
    return row | {name: f"{1000 * float(str(row[name])):.3f}" for name in ("RingDuration", "TalkDuration")}


def stopped(row: RowTree, place: int, at: datetime) -> RowTree:
    """The seconds of when the world was made."""
    behind = (at - WORLD.instant).total_seconds()
    name = "TalkDuration" if float(str(row["TalkDuration"])) else "RingDuration"
    return row | {name: f"{max(1.0, float(str(row[name])) - behind):.3f}"}


def ringing_is_talk(row: RowTree, place: int, at: datetime) -> RowTree:
    return row if float(str(row["TalkDuration"])) else row | {"TalkDuration": row["RingDuration"]}


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    ("lie", "kind", "told"),
    [
        (in_milliseconds, "ages", "a call that began a second earlier has lasted"),
        (in_milliseconds, "growth", "does not go with the clock"),
        (stopped, "growth", "does not go with the clock, by 0.000 in"),
        (ringing_is_talk, "growth", "TalkDuration does not go with the clock"),
    ],
)
def test_a_test_of_a_rate_measures_it(
    lie: Callable[[RowTree, int, datetime], RowTree],
    kind: str,
    told: str,
    outcome: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fault = Fault(clause=ClauseId("NONE"), name="made-up", description="a test's own", hooks=Hooks(row=lie))
    # Where no time passes a single answer tells.
    run, variables = run_on_liar(ACTIVE, (fault,), 0.0 if kind == "ages" else 0.25)
    cases = [replace(run, findings=(one,)) for one in run.findings if f'"kind": "{kind}"' in one.case]
    texts = [text for case in cases for name, text in pytest_files(case).items() if name.endswith(".py")]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert any(told in outcome(ACTIVE, text, fault, moves=True) for text in texts)
    assert [outcome(ACTIVE, text, None, moves=True) for text in texts] == [""] * len(texts)


def sampled_faults() -> list[tuple[str, str]]:
    """Every so many of the faults of each spec."""
    return [
        (api, fault.id)
        for api, step in EVERY_SO_MANY_FAULTS.items()
        for fault in faults_of(load_spec(api))[step // 2 :: step]
    ]


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(("api", "fault"), sampled_faults(), ids=lambda word: word)
def test_the_file_of_any_fault_judges_what_is_broken_and_no_more(
    api: str, fault: str, outcome: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text, variables = file_of_finding(api, fault)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    moves = clock_step_of(fault) > 0
    assert outcome(api, text, fault, moves=moves) != ""
    assert outcome(api, text, None, moves=moves) == ""


def test_the_files_alter_secrets_as_the_checks_do() -> None:
    text, _ = file_of_finding(HISTORY, "OZ-LCH-018/wrong-let-in")
    namespace: dict[str, Callable[[str, str], str]] = {}
    exec(compile(text, "test_finding.py", "exec"), namespace)
    for secret in ("qwe123", "head.claims.signature"):
        made = {way: namespace["altered"](secret, way) for way in ALTERATIONS}
        assert made == {way: alter(secret) for way, alter in ALTERATIONS.items()}
