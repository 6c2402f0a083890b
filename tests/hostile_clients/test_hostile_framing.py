"""Requests that two readers could understand differently, or that are none: one answer at most, and the end."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from wires import CALM, HISTORY, Wire, status_of, wired

from harness.serve.http.limits import ServerLimits


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with wired(CALM) as found:
        yield found
        found.still_answers()


POST = b"POST /api HTTP/1.1\r\nHost: 127.0.0.1\r\n"
GET = b"GET /api HTTP/1.1\r\nHost: 127.0.0.1\r\n"
SECOND = b"GET /api?command=X HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


# HC-06
@pytest.mark.parametrize(
    "data",
    [
        POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        POST + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
        POST + b"Content-Length: 4, 4\r\n\r\nabcd",
        POST + b"Content-Length: +5\r\n\r\nabcde",
        POST + b"Content-Length: -5\r\n\r\nabcde",
        POST + b"Content-Length: 0x5\r\n\r\nabcde",
        POST + b"Content-Length: 1_0\r\n\r\nabcdefghij",
        POST + "Content-Length: ٣\r\n\r\nabc".encode(),
        POST + b"Content-Length:\r\n\r\n",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n+4\r\nabcd\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcdX\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n4\nabcd\n0\n\n" + b"x" * 300,
        POST + b"Transfer-Encoding: chunked\r\n\r\n 4\r\nabcd\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nnot a trailer\r\n\r\n",
        GET.replace(b"\r\n", b"\n") + b"\n",
        GET + b"X: 1\nY: 2\r\n\r\n",
        GET + b"X: 1\n\n",
        GET + b"X: 1\r\n folded\r\n\r\n",
        GET + b"X : 1\r\n\r\n",
        GET + b" X: 1\r\n\r\n",
        GET + b": 1\r\n\r\n",
        GET + b"no colon\r\n\r\n",
        GET + b"X: a\rb\r\n\r\n",
        GET + b"X: a\x00b\r\n\r\n",
        GET + b"X: a\x7fb\r\n\r\n",
        b"GET /api\x00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET  /api HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /api HTTP/1.1 \r\nHost: 127.0.0.1\r\n\r\n",
        b"G@T /api HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
)
def test_what_could_be_read_in_two_ways_is_400_and_the_end(wire: Wire, data: bytes) -> None:
    answer = wire.until_closed(data + SECOND)
    assert status_of(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"\r\nconnection: close\r\n" in answer


# HC-07
@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"", 400),
        (b"Host: 127.0.0.1\r\nHost: 127.0.0.1\r\n", 400),
        (b"Host: evil.example\r\n", 421),
        (b"Host: 127.0.0.1.evil.example\r\n", 421),
        (b"Host: 127.0.0.1@evil.example\r\n", 400),
        (b"Host: 127.0.0.1/evil\r\n", 400),
        (b"Host: 127.0.0.1 evil\r\n", 400),
        (b"Host: [::1\r\n", 400),
        (b"Host: [::1]:80\r\n", 200),
        (b"Host: LOCALHOST:1\r\n", 200),
    ],
)
def test_only_our_own_names_are_answered_to(wire: Wire, host: bytes, status: int) -> None:
    answer = wire.until_closed(b"GET " + HISTORY + b" HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n")
    assert status_of(answer) == status


def test_a_host_is_not_repeated_in_a_body(wire: Wire) -> None:
    answer = wire.until_closed(b"GET /api HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert b"evil" not in answer


# HC-05
@pytest.mark.parametrize(
    ("data", "status"),
    [
        (GET + b"X: " + b"y" * 100_000 + b"\r\n\r\n", 431),
        (GET + b"X: 1\r\n" * 5_000 + b"\r\n", 431),
        (GET + b"X: 1\r\n" * 101 + b"\r\n", 431),
        (b"GET /" + b"a" * 65_536 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 414),
        (b"GET /api?" + b"a&" * 2_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
        (b"GET /api?" + b"a=1;" * 2_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
        (b"GET /api?" + b"a=1&" * 10_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 414),
    ],
)
def test_heads_have_limits(wire: Wire, data: bytes, status: int) -> None:
    assert status_of(wire.until_closed(data)) == status


def test_ten_thousand_parameters_are_refused_where_the_line_may_be_long() -> None:
    with wired(ServerLimits(target_bytes=65_536)) as wire:
        assert wire.get(b"/api?" + b"a=1&" * 10_000)[0] == 400


@pytest.mark.parametrize("piece", [b" ", b" a"])
def test_a_header_of_spaces_is_read_in_one_pass(wire: Wire, piece: bytes) -> None:
    def work(size: int) -> float:
        """The least of some times on the processor; the server runs in this process."""
        data = GET + b"X:" + piece * (size // len(piece)) + b"\x01\r\n\r\n"
        spent = []
        for _ in range(5):
            begun = time.process_time()
            assert status_of(wire.until_closed(data)) == 400
            spent.append(time.process_time() - begun)
        return min(spent)

    # Ten times as much costs ten times as much; a hundred times with a second pass for each space.
    assert work(30_000) < 30 * work(3_000)


# HC-28
@pytest.mark.parametrize(
    "data",
    [
        b"GET /\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
        b"\x1b[2J\x07" * 150_000,
        b"SSH-2.0-x\r\n",
        bytes(range(256)) * 4_000,
    ],
)
def test_what_is_not_http_is_closed_with_one_escaped_line(wire: Wire, data: bytes) -> None:
    wire.logged.clear()
    assert wire.until_closed(data) == b""
    (line,) = wire.logged
    assert line.isprintable()
    assert len(line) < 500


@pytest.mark.parametrize("version", [b"HTTP/2.0", b"HTTP/3", b"HTTP/1.2", b"HTTP/0.9"])
def test_other_versions_are_505(wire: Wire, version: bytes) -> None:
    assert status_of(wire.until_closed(b"GET /api " + version + b"\r\nHost: 127.0.0.1\r\n\r\n")) == 505


# HC-31
@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"TRACE /api HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 501),
        (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 501),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
        (POST + b"Expect: 200-ok\r\nContent-Length: 1\r\n\r\nx", 417),
        (POST + b"Expect: 100-continue\r\nContent-Length: 5000000\r\n\r\n", 413),
    ],
)
def test_what_is_meant_for_others_is_refused(wire: Wire, head: bytes, status: int) -> None:
    answer = wire.until_closed(head)
    assert status_of(answer) == status
    assert b"evil" not in answer


def test_an_upgrade_is_declined_by_not_upgrading(wire: Wire) -> None:
    assert wire.get(HISTORY, b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk")[0] == 200
    assert wire.get(HISTORY, b"Upgrade: websocket", b"Sec-WebSocket-Key: x")[0] == 200


def test_a_range_is_not_looked_at(wire: Wire) -> None:
    status, body = wire.get(HISTORY, b"Range: bytes=0-3")
    assert status == 200
    assert len(body) > 100


def test_who_waits_for_a_go_ahead_gets_it(wire: Wire) -> None:
    with wire.connect() as sock:
        sock.sendall(POST + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"a=1&")
        assert status_of(sock.recv(65536)) == 200


def test_a_head_request_gets_no_body(wire: Wire) -> None:
    answer = wire.until_closed(b"HEAD /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert status_of(answer) == 404
    assert answer.endswith(b"\r\n\r\n")


# HC-10
@pytest.mark.parametrize(
    "target",
    [
        b"/..%2f..%2fetc/passwd",
        b"/%2e%2e/%2e%2e/etc/passwd",
        b"/..\\..\\etc\\passwd",
        b"/api%00.txt",
        b"/%252e%252e/etc/passwd",
        b"//evil.example/api",
        b"/\\\\host\\share",
        b"/api/../../etc/passwd",
    ],
)
def test_a_path_leads_nowhere_but_to_an_api(wire: Wire, target: bytes) -> None:
    status, body = wire.get(target)
    assert status in (400, 404)
    assert b"root:" not in body


# HC-04
@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"gzip, gzip"])
def test_compressed_bodies_are_not_inflated(wire: Wire, coding: bytes) -> None:
    assert wire.post(b"/api", b"\x1f\x8b" + b"0" * 500, b"Content-Encoding: " + coding)[0] == 415


def test_one_empty_line_before_a_request_is_forgiven(wire: Wire) -> None:
    answer = wire.until_closed(b"\r\n" + GET + b"Connection: close\r\n\r\n")
    assert status_of(answer) == 200


def test_a_chunked_body_may_have_extensions_and_trailers(wire: Wire) -> None:
    body = b"4;x=y\r\na=1&\r\n3 ; z\r\nb=2\r\n0\r\nX-Trailer: 1\r\n\r\n"
    head = POST + b"Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n"
    both = head + b"\r\n" + body + head + b"Connection: close\r\n\r\n" + body
    assert wire.until_closed(both).count(b"HTTP/1.1 200 ") == 2
