"""What a later attack on `serve` found, by row (HD-NN): each as a class of attacks, here without processes."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from test_hostile_soak import resident
from wires import CALM, HISTORY, Wire, read_all, status_of, wired

from harness.output.redaction import Redactor, is_secret_name
from harness.serve.control.request_log import RequestLog
from harness.serve.control.routes import ControlApi, serve_control
from harness.serve.http import certificates
from harness.serve.http.application import Application
from harness.serve.http.certificates import issue_certificate, make_tls_context
from harness.serve.http.log_limiter import LogLimiter
from harness.serve.http.options import ServerOptions
from harness.serve.http.server import serve_in_thread
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec, spec_ids
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.world import BUSY_HOUR, World
from harness.world.clock import LiveClock, ScaledClock

API = "ozeki/list-call-history"
TOKEN = "a-long-enough-token"
REMOTE_TOKEN = "a-token-for-other-machines"
KNOWN_SECRET = "qwe123"


# --- HD-04 ---------------------------------------------------------------------------------------------------

ODD_PLACES = (
    b"/api?Password%3DCANARY",
    b"/api?Password%253DCANARY",
    b"/api?Password[]=CANARY",
    b"/api?x=Password=CANARY",
    b"/api?password%20=CANARY",
    b"/api?%20Password=CANARY",
    b"/api?Passw%C3%B6rd=CANARY",
    b"/api?CANARY",
    b"/api?CANARY=",
    b"/api?a/Password=CANARY",
    b"/api?RowsPerPage=2%26Password%3DCANARY",
    b"/api?RowsPerPage=2%3BPassword=CANARY",
    b"/api;auth_password=CANARY?x=1;auth_password=CANARY",
    b"/api/Password=CANARY",
    b"/api/Password%3dCANARY",
    b"/api/%3FPassword%3DCANARY",
    b"/nosuch?user=CANARY",
)


def logged(target: bytes, *, method: str = "GET", redact: Callable[[str], str] | None = None) -> str:
    """All that the log of requests tells of one."""
    lines: list[str] = []
    log = RequestLog(tell=lines.append, redact=redact)
    world = World.of(seed=1, calls=5)
    answering = Application([Simulator(load_spec(API), world)], ServerOptions(on_exchange=log.record_exchange))
    answering.respond(HttpRequest(method=method, target=target))
    return "\n".join((*lines, *(repr(entry) for entry in log.last_entries(9))))


@pytest.mark.parametrize("place", ODD_PLACES, ids=lambda place: place.decode("latin-1"))
def test_hd_04_a_password_under_an_odd_name_is_not_logged(place: bytes) -> None:
    # A letter for a letter, and not the word in capitals, which a parameter may be called.
    told = logged(place.replace(b"CANARY", b"kX9canaryQz"))
    assert "canary" not in told
    assert "/" in told


@pytest.mark.parametrize(
    "place",
    [b"/api?CallId=%s", b"/api/%s", b"/api?CallId=%%25%s", b"/api?x=%s", b"/%s/api?%s=%s", b"/api?CallId=a%s"],
)
def test_hd_04_a_known_secret_is_masked_wherever_it_stands(place: bytes) -> None:
    spelt = b"%71we123" if b"%%25" not in place else b"71we123"
    told = logged(place.replace(b"%s", spelt).replace(b"%%", b"%"), redact=Redactor([KNOWN_SECRET]).redact)
    assert "we123" not in told


def test_hd_04_what_the_specification_names_is_still_shown() -> None:
    told = logged(b"/api?command=ListCallHistory&Username=someone&Password=x1y2z3&RowsPerPage=2&CallId=a%20b&Odd=7")
    assert "/api?command=ListCallHistory&Username=someone&Password=***&RowsPerPage=2&CallId=a%20b&Odd=***" in told


def test_hd_04_what_cannot_be_read_is_not_repeated() -> None:
    with wired() as wire:
        wire.until_closed(b"GET /api?Password=kX9canaryQz HTTX\r\n\r\n")
        wire.until_closed(b"Password=kX9canaryQz, and more than twenty bytes of it\r\n\r\n")
        assert len(wire.logged) == 2
        assert "canary" not in "".join(wire.logged)


# --- HD-08 ---------------------------------------------------------------------------------------------------


class Stage:
    """An application with its control over a wall clock that the test sets."""

    def __init__(self, calls: int = 60) -> None:
        world = World.of(seed=1, calls=calls)
        self.now = BUSY_HOUR
        log = RequestLog(size=50)

        def make(world: World, some: Any) -> list[Simulator]:
            return [Simulator(load_spec(API), world, faults=some.get(API, ()))]

        options = ServerOptions(wall_clock=lambda: self.now, on_exchange=log.record_exchange)
        self.application = Application(make(world, {}), options)
        self.control = ControlApi(self.application, make=make, world=world, token=TOKEN, log=log)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = (("authorization", f"Bearer {TOKEN}"),)
        data = b"" if body is None else json.dumps(body).encode()
        answer = self.control.respond(HttpRequest(method=method, target=path.encode(), headers=headers, body=data))
        return answer.http_status, json.loads(answer.body)

    def total(self) -> int:
        answer = self.application.respond(HttpRequest(method="GET", target=HISTORY))
        assert isinstance(answer, HttpResponse)
        assert answer.http_status == 200
        return int(answer.body.split(b"<TotalRecords>")[1].split(b"<")[0])


FAR = "2300-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/clock/step", {"seconds": 1e9}),
        ("POST", "/clock/step", {"seconds": 1e8}),
        ("POST", "/clock/step", {"seconds": -1e11}),
        ("PUT", "/clock", {"instant": FAR}),
        ("PUT", "/clock", {"instant": "9999-12-31T23:59:59Z"}),
        ("PUT", "/clock", {"instant": "0001-01-01T00:00:00Z"}),
        ("PUT", "/clock", {"instant": FAR, "kind": "scaled", "factor": 1e6}),
        ("PUT", "/snapshot", {"world": None, "calls": [], "clock": {"kind": "frozen", "instant": FAR}, "faults": []}),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_hd_08_a_clock_that_is_out_of_reach_is_refused(method: str, path: str, body: Any) -> None:
    stage = Stage()
    status, told = stage.ask(method, path, body)
    assert status == 400
    assert "error" in told
    assert stage.ask("GET", "/clock")[1]["instant"] == BUSY_HOUR.isoformat()
    assert stage.total() == 60


def test_hd_08_a_clock_that_runs_very_fast_stands_still_at_its_end() -> None:
    stage = Stage()
    assert stage.ask("PUT", "/clock", {"kind": "scaled", "factor": 1e6})[0] == 200
    totals = set()
    # 30 years, and more than any calendar has.
    for days in (0.01, 3650):
        stage.now = BUSY_HOUR + timedelta(days=days)
        totals.add(stage.total())
    assert len(totals) == 1
    # A million calls of the busiest hour; the hours between have fewer.
    assert 100_000 < totals.pop() < 1_000_100
    assert stage.ask("GET", "/clock")[1]["instant"] < "2026-05"


def test_hd_08_a_clock_that_lies_far_ahead_of_its_world_is_no_hang_either() -> None:
    spec, world = load_spec(API), World.of(seed=1, calls=10)
    for clock in (LiveClock(), ScaledClock(began=BUSY_HOUR, instant=BUSY_HOUR, factor=1e6)):
        options = ServerOptions(clock=clock, wall_clock=lambda: datetime(9000, 1, 1, tzinfo=UTC))
        answer = Application([Simulator(spec, world)], options).respond(HttpRequest(method="GET", target=HISTORY))
        assert isinstance(answer, HttpResponse)
        assert answer.http_status == 200


def test_hd_08_a_world_made_until_then_can_be_stepped_to() -> None:
    stage = Stage()
    assert stage.ask("PUT", "/world", {"calls": 7, "instant": FAR})[0] == 200
    assert stage.total() == 7
    assert stage.ask("POST", "/clock/step", {"seconds": 60})[0] == 200


# --- HD-15 ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def control_port() -> Iterator[int]:
    with serve_control(Stage().control) as url:
        yield int(url.rpartition(":")[2])


def first_answer(port: int, head: str, body: bytes = b"") -> bytes:
    """What comes back for a head; more than the buffers of the system hold is sent only as far as it is taken."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        with suppress(OSError):
            sock.sendall(f"{head}\r\nHost: 127.0.0.1\r\n\r\n".encode() + body)
        return read_all(sock)


@pytest.mark.parametrize("more", ["Content-Length: 10000000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("path", ["/world", "/clock/step", "/nosuch", "/@a/world"])
def test_hd_15_the_token_comes_before_the_body(control_port: int, path: str, more: str) -> None:
    for authorization in ("", "\r\nAuthorization: Bearer wrong-token-here"):
        answer = first_answer(control_port, f"PUT {path} HTTP/1.1\r\n{more}{authorization}")
        assert status_of(answer) == 401


def test_hd_15_bodies_of_strangers_are_not_kept(control_port: int) -> None:
    before = resident()
    with ExitStack() as stack:
        socks = [
            stack.enter_context(socket.create_connection(("127.0.0.1", control_port), timeout=60)) for _ in range(10)
        ]
        for sock in socks:
            sock.sendall(b"PUT /world HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 16000000\r\n\r\n")
        for sock in socks:
            try:
                # One byte is left out, so that what is kept stays kept.
                for _ in range(15):
                    sock.sendall(b" " * 1_000_000)
            except OSError:
                continue
        assert resident() - before < 32 * 1024 * 1024


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("POST /clock/step HTTP/1.1\r\nContent-Length: 2000000", 413),
        ("POST /calls HTTP/1.1\r\nContent-Length: 2000000", 413),
        ("PUT /world HTTP/1.1\r\nContent-Length: 60000000", 413),
        ("PUT /@a/snapshot HTTP/1.1\r\nContent-Length: 60000000", 413),
    ],
)
def test_hd_15_bodies_have_a_limit_with_the_token_too(control_port: int, head: str, status: int) -> None:
    assert status_of(first_answer(control_port, f"{head}\r\nAuthorization: Bearer {TOKEN}")) == status


def test_hd_15_chunks_have_the_same_limit(control_port: int) -> None:
    head = f"POST /clock/step HTTP/1.1\r\nTransfer-Encoding: chunked\r\nAuthorization: Bearer {TOKEN}"
    assert status_of(first_answer(control_port, head, b"180000\r\n" + b" " * 0x180000)) == 413


def test_hd_15_a_world_of_many_records_is_still_taken(control_port: int) -> None:
    note = "n" * 4_000
    records = [{"call_id": number, "started_at": "2026-03-11T10:00:00Z", "note": note} for number in range(1, 401)]
    body = json.dumps({"records": records}).encode()
    assert len(body) > 1_500_000
    head = f"PUT /world HTTP/1.1\r\nContent-Length: {len(body)}\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}"
    assert status_of(first_answer(control_port, head, body)) == 200


# --- HD-16 ---------------------------------------------------------------------------------------------------


def test_hd_16_no_key_is_left_in_a_folder_of_somebody_elses_choice(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = tmp_path / "tls"
    folder.mkdir()
    (folder / "ca.pem").symlink_to(victim)
    (folder / "server.pem").symlink_to(victim)
    certificate = issue_certificate(folder, "127.0.0.1")
    with serve_in_thread(
        [Simulator(load_spec(API), World.of(seed=1, calls=1))], ServerOptions(certificate=certificate)
    ):
        found = {file.name: file.read_text() for file in folder.iterdir() if not file.is_symlink()}
    assert victim.read_text() == "mine"
    assert list(found) == ["ca.pem"]
    assert "PRIVATE" not in found["ca.pem"]
    assert "PRIVATE" not in repr(certificate)


def test_hd_16_the_key_is_read_from_a_private_file_and_nothing_of_it_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = issue_certificate(tmp_path / "tls", "127.0.0.1")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(certificates.tempfile, "tempdir", str(temporary))
    seen: list[tuple[int, int]] = []

    class Context(certificates.ssl.SSLContext):
        def load_cert_chain(self, certfile: Any, *more: Any) -> None:
            file = Path(certfile)
            seen.append((file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777))
            super().load_cert_chain(certfile, *more)

    monkeypatch.setattr(certificates.ssl, "SSLContext", Context)
    make_tls_context(certificate)
    assert seen == [(0o600, 0o700)]
    assert list(temporary.iterdir()) == []


# --- HD-19 ---------------------------------------------------------------------------------------------------

BAITS = {
    "letters": "a" * 16_000,
    "underscores": "_" * 8_000,
    "dots": "a" * 64 + "." * 16_000,
    "dashes": "-" * 16_000,
    "names": "a=" * 8_000,
    "equals": "=" * 16_000,
    "escapes": "%25" * 5_300,
    "escaped equals": "%3D" * 5_300,
    "quotes": "name%22:" * 2_000,
    "addresses": "://a:" * 3_200,
    "headers": "authorization:" * 1_100,
    "x": "x-" + "a" * 16_000,
    "tags": "%3Ca%3E" * 2_200,
    "secrets": "qwe12" * 3_200,
    "backslashes": "%5C" * 5_300,
    "slashes": "/" * 16_000,
    "digits": "1" * 16_000,
    "blanks": "+" * 16_000,
}


@pytest.fixture(scope="module")
def watched() -> Application:
    """All shipped APIs, each request logged."""
    world = World.of(seed=1, calls=5)
    log = RequestLog(redact=Redactor([KNOWN_SECRET, TOKEN, "password"]).redact, tell=lambda line: None)
    simulators = [Simulator(load_spec(name), world) for name in spec_ids()]
    return Application(simulators, ServerOptions(on_exchange=log.record_exchange))


@pytest.mark.parametrize("bait", BAITS)
@pytest.mark.parametrize(
    "place", ["/%s", "/api?%s", "/api?CallId=%s", "/api?%s=1", "/api?command=%s", "/api/%s?a=1", "/api;%s"]
)
def test_hd_19_no_request_keeps_the_others_waiting(watched: Application, bait: str, place: str) -> None:
    request = HttpRequest(method="GET", target=place.replace("%s", BAITS[bait])[:16_384].encode())
    # Of this thread's processor time: what other processes do does not count. A pattern that goes back takes seconds.
    began = time.thread_time()
    watched.respond(request)
    assert time.thread_time() - began < 0.4


@pytest.mark.parametrize("name", ["_" * 100_000, "password" * 12_000, "a-" * 50_000, "x" * 100_000])
def test_hd_19_a_name_is_judged_whatever_its_length(name: str) -> None:
    began = time.thread_time()
    assert not is_secret_name(name + "!")
    assert is_secret_name(name + "_password")
    assert time.thread_time() - began < 0.4


# --- HD-22, HD-30 --------------------------------------------------------------------------------------------


def test_hd_22_lines_that_clients_cause_are_limited() -> None:
    lines: list[str] = []
    now = [0.0]
    limiter = LogLimiter(lines.append, seconds=lambda: now[0])
    for number in range(1000):
        limiter.write("one", f"one {number}")
    limiter.write("other", "other")
    assert len(lines) == 21
    assert lines[0] == "one 0"
    assert lines[19] == "one 19 (further lines like this one are left out for a minute)"
    assert lines[20] == "other"
    now[0] = 60.0
    limiter.write("one", "one again")
    assert lines[21:] == ["980 lines like the next one were left out", "one again"]


def test_hd_22_kinds_of_lines_are_limited_too() -> None:
    lines: list[str] = []
    limiter = LogLimiter(lines.append, seconds=lambda: 0.0)
    for number in range(5000):
        limiter.write(f"kind {number}", "x")
    assert len(limiter._minutes) <= 100


def test_hd_22_a_flood_of_what_is_no_http_is_a_few_lines() -> None:
    with wired() as wire:
        for _ in range(60):
            wire.until_closed(b"\x16\x03\x01 no TLS here")
        assert len(wire.logged) == 20


def gets_an_answer(sock: socket.socket) -> int:
    sock.sendall(b"GET " + HISTORY + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    return status_of(read_all(sock))


def test_hd_30_one_too_many_is_told_so_whatever_it_has_sent() -> None:
    with wired(replace(CALM, connections=20, linger_seconds=60)) as wire, ExitStack() as stack:
        held = [stack.enter_context(wire.connect()) for _ in range(20)]
        for sock in held:
            sock.sendall(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert status_of(sock.recv(1000)) == 404
        # No more of them than are let in: beyond twice as many nobody is waited for.
        others = [stack.enter_context(wire.connect()) for _ in range(20)]
        assert [gets_an_answer(sock) for sock in others] == [503] * 20
        for sock in held[:5]:
            sock.close()
        wire_is_free(wire)


def wire_is_free(wire: Wire) -> None:
    """Somebody gets in again, once the server has seen that others have left."""
    for _ in range(1000):
        if wire.get()[0] == 200:
            return
    raise AssertionError("nobody gets in")


# --- HD-28 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        (HISTORY, (), 401),
        (b"/nosuch", (), 401),
        (b"/~a-token-for-others-at-all" + HISTORY, (), 401),
        (b"/~" + HISTORY, (), 401),
        (b"/@x/~" + REMOTE_TOKEN.encode() + HISTORY, (), 401),
        (HISTORY + b"&token=" + REMOTE_TOKEN.encode(), (), 401),
        (HISTORY, (("callharness-token", "wrong-token-wrong-token"),), 401),
        (HISTORY, (("callharness-token", "\u00e9"),), 401),
        (b"/~" + REMOTE_TOKEN.encode() + HISTORY, (), 200),
        (HISTORY, (("Callharness-Token", REMOTE_TOKEN),), 200),
    ],
)
def test_hd_28_a_server_that_others_can_reach_wants_its_token(
    target: bytes, headers: tuple[tuple[str, str], ...], status: int
) -> None:
    simulator = Simulator(load_spec(API), World.of(seed=1, calls=5))
    answering = Application([simulator], ServerOptions(remote_token=REMOTE_TOKEN))
    answer = answering.respond(HttpRequest(method="GET", target=target, headers=headers))
    assert isinstance(answer, HttpResponse)
    assert answer.http_status == status
    assert REMOTE_TOKEN.encode() not in answer.body


def test_hd_28_the_token_stands_before_the_world_and_is_not_logged() -> None:
    simulator = Simulator(load_spec(API), World.of(seed=1, calls=5))
    log = RequestLog()
    answering = Application(
        [simulator],
        ServerOptions(remote_token=REMOTE_TOKEN, on_exchange=log.record_exchange, wall_clock=lambda: BUSY_HOUR),
    )
    answering.worlds = {"mine": answering.simulation}
    answer = answering.respond(HttpRequest(method="GET", target=b"/~" + REMOTE_TOKEN.encode() + b"/@mine" + HISTORY))
    assert isinstance(answer, HttpResponse)
    assert answer.http_status == 200
    (entry,) = log.last_entries(1, "mine")
    assert REMOTE_TOKEN not in repr(entry)
