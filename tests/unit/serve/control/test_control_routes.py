"""The control API: who gets in, what can be changed, and that clients see each change whole."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from openapi_spec_validator import validate as validate_openapi
from simulator_prober import base_ask

from harness.serve.control.request_log import RequestLog
from harness.serve.control.routes import ROUTES, ControlApi, Route, build_control_openapi, serve_control
from harness.serve.http.application import Application
from harness.serve.http.options import ServerOptions
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.request_codec import encode_request
from harness.world import BUSY_HOUR, World

APIS = ("ozeki/list-call-history", "ozeki/list-active-calls")
TOKEN = "a-long-enough-token"


@dataclass
class Stage:
    """An application with its control, without sockets."""

    control: ControlApi
    application: Application
    log: RequestLog

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        response = self.raw(method, path, body, **query)
        assert response.http_status == 200, response.body
        return json.loads(response.body)

    def raw(self, method: str, path: str, body: Any = None, **query: str) -> HttpResponse:
        text = "&".join(f"{name}={value}" for name, value in query.items())
        return self.control.respond(
            HttpRequest(
                method=method,
                target=f"{path}?{text}".encode() if text else path.encode(),
                headers=(("authorization", f"Bearer {TOKEN}"),),
                body=b"" if body is None else json.dumps(body).encode(),
            )
        )

    def answer(self, api: str, **values: str) -> str:
        simulator = next(
            one for one in self.application.simulation.router.simulators if one.documented_spec.id == api
        )
        asked = encode_request(
            simulator.documented_spec, base_ask(simulator, dict(values)), base_path=simulator.base_path
        )
        response = self.application.respond(asked)
        assert isinstance(response, HttpResponse)
        return response.body.decode()

    def total(self) -> int:
        found = re.search(r"<TotalRecords>([0-9]+)<", self.answer(APIS[0]))
        assert found
        return int(found[1])

    def active(self) -> int:
        return self.answer(APIS[1]).count("<Call>")


def staged() -> Stage:
    world = World.of(seed=1, calls=200)
    log = RequestLog(size=50)

    def make(world: World, faults: Any) -> list[Simulator]:
        return [Simulator(load_spec(api), world, faults=faults.get(api, ())) for api in APIS]

    answering = Application(make(world, {}), ServerOptions(on_exchange=log.record_exchange))
    control = ControlApi(answering, make=make, world=world, token=TOKEN, log=log)
    return Stage(control, answering, log)


@pytest.fixture
def stage() -> Stage:
    return staged()


# --- the door ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def closed() -> Stage:
    return staged()


def path_of(route: Route) -> bytes:
    return route.path.replace("{name}", "7").encode()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("authorization", "Bearer wrong-token-here"),),
        (("authorization", f"Basic {TOKEN}"),),
        (("authorization", TOKEN),),
        (("x-token", TOKEN),),
        (("cookie", f"token={TOKEN}"),),
    ],
    ids=["none", "wrong", "basic", "bare", "other header", "cookie"],
)
def test_no_route_opens_without_the_token(closed: Stage, route: Route, headers: tuple[tuple[str, str], ...]) -> None:
    target = path_of(route) + b"?token=" + TOKEN.encode()
    response = closed.control.respond(HttpRequest(method=route.method, target=target, headers=headers))
    assert response.http_status == 401
    assert TOKEN.encode() not in response.body


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_no_page_of_a_browser_gets_in(closed: Stage, route: Route) -> None:
    headers = (("authorization", f"Bearer {TOKEN}"), ("origin", "http://evil.example"))
    response = closed.control.respond(HttpRequest(method=route.method, target=path_of(route), headers=headers))
    assert response.http_status == 403
    assert not [name for name, _ in response.headers if name.lower().startswith("access-control")]


def test_an_unknown_route_does_not_tell_without_a_token(closed: Stage) -> None:
    assert closed.control.respond(HttpRequest(method="GET", target=b"/nosuch")).http_status == 401
    assert closed.raw("GET", "/nosuch").http_status == 404
    assert closed.raw("PATCH", "/clock").http_status == 405
    assert closed.raw("OPTIONS", "/clock").http_status == 405


def test_it_answers_on_the_loopback_only_and_to_its_own_name(closed: Stage) -> None:
    import http.client

    with serve_control(closed.control) as url:
        assert url.startswith("http://127.0.0.1:")
        for host, status in ((None, 200), ("evil.example", 421)):
            connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
            headers = {"Authorization": f"Bearer {TOKEN}"} | ({} if host is None else {"Host": host})
            connection.request("GET", "/state", headers=headers)
            assert connection.getresponse().status == status
            connection.close()


def test_its_document_is_valid_openapi_and_names_every_route() -> None:
    document = build_control_openapi()
    validate_openapi(document)
    named = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert named == {(route.method, route.path) for route in ROUTES}
    assert all(operation["summary"] for item in document["paths"].values() for operation in item.values())


# --- the clock ---------------------------------------------------------------------------------------------


def test_the_clock_is_read_set_and_stepped(stage: Stage) -> None:
    assert stage.ask("GET", "/clock") == {"kind": "frozen", "instant": BUSY_HOUR.isoformat()}
    assert (
        stage.ask("POST", "/clock/step", {"seconds": 90})["instant"]
        == (BUSY_HOUR + timedelta(seconds=90)).isoformat()
    )
    stage.ask("PUT", "/clock", {"instant": "2026-03-02T10:00:00Z"})
    assert stage.ask("GET", "/clock") == {"kind": "frozen", "instant": "2026-03-02T10:00:00+00:00"}
    scaled = stage.ask("PUT", "/clock", {"kind": "scaled", "factor": 60})
    assert scaled["kind"] == "scaled"
    assert datetime.fromisoformat(scaled["instant"]) >= datetime.fromisoformat("2026-03-02T10:00:00+00:00")


def test_later_there_are_other_calls(stage: Stage) -> None:
    before = stage.answer(APIS[1])
    stage.ask("POST", "/clock/step", {"seconds": 3600})
    assert stage.answer(APIS[1]) != before


# --- faults ------------------------------------------------------------------------------------------------


def test_faults_come_and_go(stage: Stage) -> None:
    honest = stage.answer(APIS[0], RowsPerPage="3")
    available = stage.ask("GET", "/faults", available="1")["available"]
    fault = next(name for name in available if name.startswith(f"{APIS[0]}:OZ-LCH-034"))
    assert stage.ask("POST", "/faults", {"fault": fault})["faults"] == [fault]
    assert stage.answer(APIS[0], RowsPerPage="3") != honest
    assert stage.ask("DELETE", "/faults", fault=fault.replace(":", "%3A"))["faults"] == []
    assert stage.answer(APIS[0], RowsPerPage="3") == honest


def test_a_fault_of_the_transport_can_be_switched_too(stage: Stage) -> None:
    from harness.serve.faults.transport import Delivery

    stage.ask("POST", "/faults", {"fault": f"{APIS[0]}:transport/latency=uniform:0.1:0.2"})
    simulator = stage.application.simulation.router.simulators[0]
    asked = encode_request(simulator.documented_spec, base_ask(simulator, {}), base_path=simulator.base_path)
    carried = stage.application.respond(asked)
    assert isinstance(carried, Delivery)
    assert 0.1 <= carried.wait_seconds <= 0.2
    stage.ask("DELETE", "/faults")
    assert isinstance(stage.application.respond(asked), HttpResponse)


# --- calls and worlds ----------------------------------------------------------------------------------------


def test_a_call_is_injected_ended_and_taken_away(stage: Stage) -> None:
    total, active = stage.total(), stage.active()
    call = {"call_id": 7, "answered_at": BUSY_HOUR.isoformat()}
    assert stage.ask("POST", "/calls", call)["call"]["started_at"] == BUSY_HOUR.isoformat()
    assert stage.active() == active + 1
    stage.ask("POST", "/clock/step", {"seconds": 30})
    ended = stage.ask("POST", "/calls/7/end")["call"]
    assert ended["ended_at"] == (BUSY_HOUR + timedelta(seconds=30)).isoformat()
    stage.ask("PUT", "/clock", {"instant": BUSY_HOUR.isoformat()})
    assert stage.active() == active + 1
    stage.ask("DELETE", "/calls/7")
    assert (stage.total(), stage.active()) == (total, active)
    assert stage.raw("DELETE", "/calls/7").http_status == 404


def test_a_world_is_loaded_made_and_reset(stage: Stage) -> None:
    total = stage.total()
    records = [
        {"call_id": number, "started_at": "2026-03-02T09:00:00Z", "ended_at": "2026-03-02T09:01:00Z"}
        for number in (1, 2, 3)
    ]
    stage.ask("PUT", "/world", {"records": records})
    assert stage.total() == 3
    stage.ask("PUT", "/world", {"calls": 50, "seed": 9})
    assert stage.total() == 50
    stage.ask("POST", "/reset")
    assert stage.total() == total


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/clock", {"instant": "yesterday"}),
        ("PUT", "/clock", {"instant": 7}),
        ("PUT", "/clock", {"kind": "sundial"}),
        ("PUT", "/clock", {"kind": "scaled", "factor": -1}),
        ("PUT", "/clock", {"nosuch": 1}),
        ("PUT", "/clock", []),
        ("POST", "/clock/step", {"seconds": True}),
        ("POST", "/clock/step", {"seconds": 1e300}),
        ("POST", "/faults", {"fault": "nosuch:OZ-1"}),
        ("POST", "/faults", {"fault": f"{APIS[0]}:NOSUCH"}),
        ("POST", "/faults", {"fault": f"{APIS[0]}:transport/nosuch"}),
        ("POST", "/calls", {}),
        ("POST", "/calls", {"call_id": "7"}),
        ("POST", "/calls", {"call_id": 7, "nosuch": 1}),
        ("POST", "/calls", {"call_id": 7, "disposition": "LOST"}),
        ("POST", "/calls", {"call_id": 7, "started_at": "2026-01-02T00:00:00Z", "ended_at": "2026-01-01T00:00:00Z"}),
        ("PUT", "/world", {"calls": -1}),
        ("PUT", "/world", {"records": [{"call_id": 1}]}),
        ("PUT", "/world", {"records": [], "seed": 1}),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(stage: Stage, method: str, path: str, body: Any) -> None:
    before = stage.ask("GET", "/state")
    response = stage.raw(method, path, body)
    assert response.http_status == 400
    assert json.loads(response.body)["error"]
    assert stage.ask("GET", "/state") == before


@pytest.mark.parametrize(
    "body", [b"{", b"", b"\xff", b'{"seconds": NaN}', b'{"seconds": 1, "seconds": 2}', b"[" * 9999]
)
def test_a_body_that_is_no_object_is_refused(stage: Stage, body: bytes) -> None:
    headers = (("authorization", f"Bearer {TOKEN}"),)
    asked = HttpRequest(method="POST", target=b"/clock/step", headers=headers, body=body)
    assert stage.control.respond(asked).http_status == 400


# --- the request log -----------------------------------------------------------------------------------------


def test_requests_are_remembered_with_their_clauses_and_without_secrets(stage: Stage) -> None:
    stage.answer(APIS[0], RowsPerPage="2")
    (entry,) = stage.ask("GET", "/requests")["requests"]
    assert entry["api"] == APIS[0]
    assert entry["http_status"] == 200
    assert "qwe123" not in json.dumps(entry)
    assert "Password=***" in entry["target"]
    assert "RowsPerPage" in entry["parameters"]
    assert any(clause.startswith("OZ-LCH-") for clause in entry["clauses"])


@pytest.mark.parametrize(
    "target",
    [
        b"/api?command=ListCallHistory&Username=x&Password=CANARY-1",
        b"/api?command=ListCallHistory;Username=x;Password=CANARY-1",
        b"/api?Pass%77ord=CANARY-1",
        b"/nosuch?token=CANARY-1&auth_password=CANARY-1",
    ],
)
def test_a_wrong_password_is_no_less_secret(stage: Stage, target: bytes) -> None:
    stage.application.respond(HttpRequest(method="GET", target=target))
    assert "CANARY" not in json.dumps(stage.ask("GET", "/requests"))


def test_the_log_forgets_the_oldest_and_everything_when_told(stage: Stage) -> None:
    for _ in range(60):
        stage.application.respond(HttpRequest(method="GET", target=b"/nosuch"))
    assert len(stage.ask("GET", "/requests", limit="1000")["requests"]) == 50
    assert [entry["number"] for entry in stage.ask("GET", "/requests", limit="2")["requests"]] == [59, 60]
    stage.ask("DELETE", "/requests")
    assert stage.ask("GET", "/requests")["requests"] == []


def test_what_is_logged_is_one_visible_line() -> None:
    lines: list[str] = []
    log = RequestLog(tell=lines.append)
    simulator = Simulator(load_spec(APIS[0]), World.of(seed=1, calls=5))
    answering = Application([simulator], ServerOptions(on_exchange=log.record_exchange))
    answering.respond(HttpRequest(method="GET", target=b"/\x1b[2J\n::error::x?a=\x00"))
    (line,) = lines
    assert line.isprintable()


# --- HC-24 ---------------------------------------------------------------------------------------------------


def test_a_page_is_of_one_world_while_worlds_change(stage: Stage) -> None:
    allowed = {200, 30}
    seen: list[int] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            body = stage.answer(APIS[0], RowsPerPage="20")
            total = int(body.partition("<TotalRecords>")[2].partition("<")[0])
            assert body.count("<Call>") == min(total, 20)
            seen.append(total)

    problems: list[BaseException] = []

    def guarded() -> None:
        try:
            read()
        except BaseException as problem:
            problems.append(problem)

    readers = [threading.Thread(target=guarded) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(3):
        stage.ask("PUT", "/world", {"calls": 30})
        stage.ask("POST", "/reset")
    stop.set()
    for reader in readers:
        reader.join()
    assert problems == []
    assert set(seen) <= allowed
