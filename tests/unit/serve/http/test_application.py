"""Simulators behind real HTTP on loopback: one port, several APIs, and clients that misbehave."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from simulator_prober import base_ask, make_world

from harness.errors import UsageProblem
from harness.serve.api_router import Router
from harness.serve.http.application import Application, ServedExchange
from harness.serve.http.options import ServerOptions
from harness.serve.http.server import RunningServer, prepare_server, serve_in_thread
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec, spec_ids
from harness.wire.http_messages import HttpRequest
from harness.wire.request_codec import encode_request
from harness.world import BUSY_HOUR, FrozenClock, World


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


@pytest.fixture(scope="module")
def simulators(world: World) -> dict[str, Simulator]:
    return {spec_id: Simulator(load_spec(spec_id), world) for spec_id in spec_ids()}


@pytest.fixture(scope="module")
def server(simulators: dict[str, Simulator]) -> Iterator[RunningServer]:
    with serve_in_thread(list(simulators.values())) as running:
        yield running


def send(server: RunningServer, request: HttpRequest) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.putrequest(request.method, request.target.decode(), skip_accept_encoding=True)
        for name, value in request.headers:
            connection.putheader(name, value)
        if request.chunked:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders()
            for start in range(0, len(request.body), 100):
                part = request.body[start : start + 100]
                connection.send(b"%x\r\n%s\r\n" % (len(part), part))
            connection.send(b"0\r\n\r\n")
        else:
            if request.body:
                connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders()
            connection.send(request.body)
        response = connection.getresponse()
        return response.status, response.headers.get("Content-Type", ""), response.read()
    finally:
        connection.close()


def raw(server: RunningServer, data: bytes) -> bytes:
    """What a socket gets for some bytes, until the server closes it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as sock:
        sock.sendall(data)
        parts = []
        while part := sock.recv(65536):
            parts.append(part)
        return b"".join(parts)


def without_fresh_ids(simulator: Simulator, body: bytes) -> bytes:
    """The body without the ids that no two answers share: another connection is another request."""
    for name, part in simulator.spec.listing.outcome.envelope.items():
        if part.fresh is not None:
            body = re.sub(rf'"{name}":"[^"]*"'.encode(), b"", body)
    return body


@pytest.mark.parametrize("spec_id", spec_ids())
def test_all_apis_live_on_one_port(server: RunningServer, simulators: dict[str, Simulator], spec_id: str) -> None:
    simulator = simulators[spec_id]
    url = urlsplit(server.urls[spec_id])
    assert url.port == server.port
    assert url.path == simulator.base_path
    for way in (None, *simulator.documented_spec.listing.transport.also):
        asked = encode_request(
            simulator.documented_spec, base_ask(simulator, {}, encoding_name=way), base_path=simulator.base_path
        )
        expected = simulator.answer(asked, BUSY_HOUR)
        status, media_type, body = send(server, asked)
        assert (status, media_type) == (200, expected.media_type), way
        assert without_fresh_ids(simulator, body) == without_fresh_ids(simulator, expected.body), way


def test_an_operation_of_nobody_is_answered_by_the_first_of_its_path(server: RunningServer) -> None:
    status, media_type, body = send(server, HttpRequest(method="GET", target=b"/api?command=NoSuch"))
    assert (status, media_type) == (200, "application/xml")
    assert b"<Code>301</Code>" in body


def test_an_unknown_path_is_not_found(server: RunningServer) -> None:
    assert send(server, HttpRequest(method="GET", target=b"/..%2f..%2fetc/passwd"))[0] == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", ""])
def test_a_host_that_is_not_ours_is_refused(server: RunningServer, host: str) -> None:
    answer = raw(server, f"GET /api HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 421 ")


@pytest.mark.parametrize("head", [b"", b"Host: localhost\r\nHost: localhost\r\n"])
def test_a_request_without_one_host_is_bad(server: RunningServer, head: bytes) -> None:
    assert raw(server, b"GET /api HTTP/1.1\r\n" + head + b"\r\n").startswith(b"HTTP/1.1 400 ")


def test_a_large_body_is_refused_by_its_length(server: RunningServer) -> None:
    head = b"POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000000\r\n\r\n"
    assert raw(server, head).startswith(b"HTTP/1.1 413 ")


def test_a_large_body_is_refused_while_it_comes(server: RunningServer) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as sock:
        sock.sendall(b"POST /api HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(64):
                sock.sendall(chunk)
        except OSError:
            pass
        assert sock.recv(12) == b"HTTP/1.1 413"


def test_compressed_bodies_are_not_read(server: RunningServer) -> None:
    head = b"POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"
    assert raw(server, head).startswith(b"HTTP/1.1 415 ")


def test_a_long_request_line_and_many_headers_are_refused(server: RunningServer) -> None:
    long = b"GET /api?x=" + b"y" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert raw(server, long).startswith(b"HTTP/1.1 414 ")
    many = b"GET /api HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: 1\r\n" * 200 + b"\r\n"
    assert raw(server, many).startswith(b"HTTP/1.1 431 ")


def test_a_server_says_nothing_of_itself(server: RunningServer) -> None:
    answer = raw(server, b"GET /api HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").lower()
    assert b"\r\nserver:" not in answer
    assert answer.count(b"\r\ndate:") == 1


def test_tls_is_spoken_with_a_certificate_that_the_ca_file_vouches_for(world: World, tmp_path: Path) -> None:
    spec_id = "ozeki/list-call-history"
    with serve_in_thread([Simulator(load_spec(spec_id), world)], ServerOptions(tls_dir=tmp_path)) as running:
        assert running.urls[spec_id].startswith("https://")
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        for name in ("127.0.0.1", "localhost"):
            connection = http.client.HTTPSConnection(name, running.port, context=context, timeout=60)
            connection.request("GET", "/api")
            assert connection.getresponse().status == 200
            connection.close()


def test_a_busy_port_is_one_clear_error(server: RunningServer, simulators: dict[str, Simulator]) -> None:
    with pytest.raises(UsageProblem, match="listened on"):
        prepare_server(list(simulators.values()), ServerOptions(port=server.port))


def test_two_of_the_same_operation_need_two_ports(world: World) -> None:
    simulator = Simulator(load_spec("ozeki/list-call-history"), world)
    with pytest.raises(UsageProblem, match="a path of its own"):
        Router.of([simulator, simulator])


def test_a_failure_inside_is_one_escaped_line_and_a_plain_500(simulators: dict[str, Simulator]) -> None:
    lines: list[str] = []
    sent: list[Any] = []

    def fail(heard: ServedExchange) -> None:
        raise RuntimeError("line\nbreak \x1b[2J")

    options = ServerOptions(clock=FrozenClock(BUSY_HOUR), log=lines.append, on_exchange=fail)
    application = Application(list(simulators.values()), options)
    scope = {"type": "http", "method": "GET", "raw_path": b"/api", "query_string": b"", "headers": []}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send_on(message: Any) -> None:
        sent.append(message)

    asyncio.run(application(scope, receive, send_on))
    assert sent[0]["status"] == 500
    assert b"Traceback" not in sent[1]["body"]
    assert len(lines) == 1
    assert lines[0].isprintable()


def test_every_exchange_is_heard(world: World) -> None:
    heard: list[tuple[bytes, int]] = []
    simulator = Simulator(load_spec("etelecom/list-call-logs"), world)
    options = ServerOptions(on_exchange=lambda one: heard.append((one.request.path, one.response.http_status)))
    with serve_in_thread([simulator], options) as running:
        asked = encode_request(
            simulator.documented_spec, base_ask(simulator, {"limit": 1}), base_path=simulator.base_path
        )
        status, _, body = send(running, asked)
    assert (status, len(json.loads(body)["call_logs"])) == (200, 1)
    assert heard == [(b"/v1/shop.Etelecom/ListCallLogs", 200)]
