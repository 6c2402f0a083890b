"""The transport-level rows of the hostile table (HS-01 to HS-16), with small limits."""

from __future__ import annotations

import dataclasses
import resource
import socket
import threading
from typing import Any

import pytest
from hostile_servers import OK, Peer, free_port, hostile_server, redirecting

from harness.check.client.http_client import ExchangeLimits, HttpClient
from harness.check.client.target import RedirectKind, resolve_redirect
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse

LIMITS = ExchangeLimits(connect_seconds=0.4, exchange_seconds=0.4, wire_bytes=1 << 20, decoded_bytes=4 << 20)
# Where time is not what ends the exchange, a loaded machine must not make it so.
PATIENT = dataclasses.replace(LIMITS, connect_seconds=10, exchange_seconds=10)
GET = HttpRequest(method="GET", target=b"/calls?a=1;b=2")


def outcome_of(behaviour: str, *, method: str = "GET", limits: ExchangeLimits = PATIENT) -> HttpResponse | NoResponse:
    request = HttpRequest(method=method, target=GET.target)
    with hostile_server(behaviour) as server, HttpClient(server.url, limits=limits) as transport:
        return transport.send(request)


@pytest.mark.parametrize(
    ("behaviour", "body"),
    [
        ("honest", b'{"ok": true}'),
        ("honest-chunked", b"abcde"),
        ("honest-until-close", b"all of it"),
        ("honest-gzip", b'{"ok": true}'),
        ("honest-two-gzip-members", b"ab"),
        ("honest-deflate", b'{"ok": true}'),
        ("raw-deflate", b'{"ok": true}'),
        ("cut-until-close", b"all of it?"),
    ],
)
def test_a_well_formed_response_arrives_whole(behaviour: str, body: bytes) -> None:
    answer = outcome_of(behaviour, limits=PATIENT)
    assert isinstance(answer, HttpResponse), answer
    assert answer.body == body


REASONS = {
    "silent": "timeout:first-byte",
    "slow-headers": "timeout:total",
    "slow-body": "timeout:total",
    "endless-100": "protocol:too-many-1xx",
    "endless-headers": "protocol:header-too-large",
    "endless-header-line": "protocol:header-too-large",
    "many-headers": "protocol:too-many-headers",
    "endless-body": "limit:wire-bytes",
    "endless-tiny-chunks": "limit:wire-bytes",
    "slow-endless-tiny-chunks": "timeout:total",
    "endless-chunk-extension": "protocol:chunk-header-too-large",
    "endless-trailers": "protocol:trailers-too-large",
    "gzip-bomb": "limit:decoded-bytes",
    "gzip-ratio": "limit:decoded-bytes",
    "gzip-twice": "unexpected-encoding",
    "hundred-encodings": "unexpected-encoding",
    "unknown-encoding": "unexpected-encoding",
    "unasked-br": "unexpected-encoding",
    "gzip-trailing-garbage": "bad-encoding",
    "gzip-truncated": "bad-encoding",
    "gzip-not-gzip": "bad-encoding",
    "length-too-large": "framing:truncated",
    "length-enormous": "framing:truncated",
    "length-too-small": "framing:surplus",
    "length-negative": "framing:negative-length",
    "length-with-plus": "framing:bad-length",
    "two-lengths": "framing:two-lengths",
    "length-list": "framing:two-lengths",
    "length-and-chunked": "framing:length-and-chunked",
    "strange-transfer-coding": "framing:transfer-coding",
    "chunked-in-http-1.0": "framing:chunked-in-http-1.0",
    "bad-chunk-size": "framing:bad-chunk-size",
    "chunk-longer-than-stated": "framing:bad-chunk-end",
    "close-at-once": "truncated",
    "cut-in-header": "truncated",
    "cut-in-chunked-body": "truncated",
    "cut-in-body": "framing:truncated",
    "reset-at-once": "reset",
    "http-0.9": "protocol:not-http",
    "http-2": "protocol:not-http",
    "bad-status-line": "protocol:bad-status-line",
    "bare-lf": "protocol:bare-lf",
    "folded-header": "protocol:folded-header",
    "space-before-colon": "protocol:bad-header",
    "nul-in-header": "protocol:bad-header",
    "unasked-upgrade": "protocol:unexpected-upgrade",
}


@pytest.mark.parametrize("behaviour", REASONS)
def test_each_misbehaviour_has_its_own_reason(behaviour: str) -> None:
    limits = LIMITS if REASONS[behaviour].startswith("timeout") else PATIENT
    answer = outcome_of(behaviour, limits=limits)
    assert isinstance(answer, NoResponse), answer
    assert answer.reason == REASONS[behaviour], answer
    assert answer.text.isprintable()


def test_a_slow_flood_of_interim_responses_ends_at_the_deadline() -> None:
    limits = ExchangeLimits(connect_seconds=0.4, exchange_seconds=0.3)
    answer = outcome_of("slow-endless-100", limits=limits)
    assert isinstance(answer, NoResponse)
    assert answer.reason == "timeout:total"


@pytest.mark.parametrize(
    ("behaviour", "values"),
    [
        ("length-too-large", ("100", "2")),
        ("length-too-small", ("1",)),
        ("length-negative", ("-5",)),
        ("two-lengths", ("2", "3")),
        ("length-and-chunked", ("7", "chunked")),
    ],
)
def test_a_framing_problem_is_told_with_its_values(behaviour: str, values: tuple[str, ...]) -> None:
    answer = outcome_of(behaviour)
    assert isinstance(answer, NoResponse)
    assert all(value in answer.text for value in values), answer.text


def test_what_had_arrived_is_kept_as_evidence() -> None:
    answer = outcome_of("slow-body", limits=LIMITS)
    assert isinstance(answer, NoResponse)
    assert answer.http_status == 200
    assert ("Content-Type", "application/json") in answer.headers
    assert set(answer.partial) == {ord("x")}


def test_a_refused_connection_is_told_in_one_line() -> None:
    port = free_port()
    with HttpClient(f"http://127.0.0.1:{port}", limits=PATIENT) as transport:
        answer = transport.send(GET)
    assert isinstance(answer, NoResponse)
    assert (answer.reason, answer.text) == ("connect", f"127.0.0.1:{port} refused the connection")


@pytest.mark.parametrize("behaviour", ["endless-headers", "endless-header-line", "endless-body", "endless-trailers"])
def test_an_endless_server_cannot_send_much_more_than_the_limit(behaviour: str) -> None:
    with hostile_server(behaviour) as server, HttpClient(server.url, limits=PATIENT) as transport:
        transport.send(GET)
        sent = server.counters.bytes_sent
    assert sent < LIMITS.wire_bytes + (8 << 20)  # what the socket buffers of both ends may hold


def test_a_bomb_does_not_grow_the_process() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome_of("gzip-bomb", limits=PATIENT)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_a_head_request_expects_no_body() -> None:
    assert isinstance(outcome_of("cut-in-body", method="GET"), NoResponse)
    with (
        hostile_server(
            lambda peer: (peer.request(), peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"))[1]
        ) as server,
        HttpClient(server.url, limits=PATIENT) as transport,
    ):
        answer = transport.send(HttpRequest(method="HEAD", target=b"/"))
    assert isinstance(answer, HttpResponse)
    assert answer.body == b""


def test_a_body_after_the_answer_to_head_is_surplus() -> None:
    answer = outcome_of("body-after-head-request", method="HEAD")
    assert isinstance(answer, NoResponse)
    assert answer.reason == "framing:surplus"


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("/elsewhere", RedirectKind.SAME_ORIGIN),
        ("file:///etc/passwd", RedirectKind.NOT_HTTP),
        ("//evil.example/x", RedirectKind.OTHER_HOST),
        ("http://169.254.169.254/", RedirectKind.OTHER_HOST),
        ("https://127.0.0.1/", RedirectKind.OTHER_SCHEME),
        ("http:\\\\evil.example", RedirectKind.UNREADABLE),
        ("", RedirectKind.MISSING),
    ],
)
def test_a_redirect_is_data_and_is_not_followed(location: str, kind: RedirectKind) -> None:
    with (
        hostile_server(redirecting(location)) as server,
        HttpClient(server.url, limits=PATIENT, headers=(("X-Api-Key", "canary"),)) as transport,
    ):
        answer = transport.send(GET)
        assert isinstance(answer, HttpResponse)
        redirect = resolve_redirect(answer.header("location") or "", target=transport.target)
        assert server.counters.connections == 1
        assert len(server.counters.requests) == 1
    assert redirect.kind is kind


def test_a_redirect_to_another_port_reaches_nobody() -> None:
    with (
        hostile_server("honest") as canary,
        hostile_server(redirecting(canary.url + "/steal")) as server,
        HttpClient(server.url, limits=PATIENT, headers=(("X-Api-Key", "canary"),)) as transport,
    ):
        answer = transport.send(GET)
        assert isinstance(answer, HttpResponse)
        redirect = resolve_redirect(answer.header("location") or "", target=transport.target)
        assert redirect.kind is RedirectKind.OTHER_PORT
        assert canary.counters.connections == 0


def test_cookies_are_not_kept() -> None:
    from hostile_servers import answering, response

    with (
        hostile_server(answering(lambda _head: response(b"", "Set-Cookie: id=other; Path=/"))) as server,
        HttpClient(server.url, limits=PATIENT) as transport,
    ):
        transport.send(GET)
        transport.send(GET)
        assert all(b"cookie" not in head.lower() for head in server.counters.requests)


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="the system has no such option")
def test_a_server_that_sends_head_and_body_apart_is_not_kept_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its kernel holds the body back until the head is acknowledged, which ours would put off for 40 ms."""
    ours = threading.current_thread()
    done: list[str] = []
    honest_setsockopt, honest_recv = socket.socket.setsockopt, socket.socket.recv

    def setsockopt(sock: socket.socket, level: int, option: int, *value: Any) -> None:
        if threading.current_thread() is ours and option == socket.TCP_QUICKACK:
            done.append("acknowledge at once")
        honest_setsockopt(sock, level, option, *value)

    def recv(sock: socket.socket, *given: Any) -> bytes:
        if threading.current_thread() is ours:
            done.append("read")
        return honest_recv(sock, *given)

    def behave(peer: Peer) -> None:
        while True:
            peer.request()
            peer.send(OK + b"Content-Length: 2\r\n\r\n")
            peer.send(b"{}")

    monkeypatch.setattr(socket.socket, "setsockopt", setsockopt)
    monkeypatch.setattr(socket.socket, "recv", recv)
    with hostile_server(behave) as server, HttpClient(server.url, limits=PATIENT) as transport:
        for _ in range(3):
            assert isinstance(transport.send(GET), HttpResponse)
    assert done.count("read") >= 3
    assert done == ["acknowledge at once", "read"] * done.count("read")
