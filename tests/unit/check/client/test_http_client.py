"""The client: what it sends, how it keeps connections, TLS, and the reading of targets and redirects."""

from __future__ import annotations

import ssl
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from hostile_servers import Peer, answering, free_port, hostile_server, response

from harness.check.client.connection import ExchangeLimits
from harness.check.client.http_client import HttpClient, UnsendableRequest
from harness.check.client.target import RedirectKind, parse_target, resolve_redirect
from harness.errors import UsageProblem
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse

LIMITS = ExchangeLimits(connect_seconds=10, exchange_seconds=10)
GET = HttpRequest(method="GET", target=b"/calls")
ECHO_HEAD = answering(lambda head: response(head))


def sent_by(request: HttpRequest, *, base: str = "", **options: object) -> bytes:
    """The head that a server receives."""
    with (
        hostile_server(ECHO_HEAD) as server,
        HttpClient(server.url + base, limits=LIMITS, **options) as transport,  # type: ignore[arg-type]
    ):
        answer = transport.send(request)
    assert isinstance(answer, HttpResponse), answer
    return answer.body


@pytest.mark.parametrize(
    "target",
    [b"/api?a=1;b=2", b"/api?q=%c3%a9%C3%A9", b"/a//b/../c?x=[1-9]&y='", b"/?a&a=&=b", b"/%2e%2e/x%00?%", b"//host"],
)
def test_the_target_goes_out_byte_for_byte(target: bytes) -> None:
    assert sent_by(HttpRequest(method="GET", target=target)).split(b"\r\n")[0] == b"GET " + target + b" HTTP/1.1"


def test_the_base_path_stands_before_the_target() -> None:
    assert sent_by(GET, base="/v1/shop/").startswith(b"GET /v1/shop/calls HTTP/1.1\r\n")


def test_nothing_but_the_stated_headers_is_sent() -> None:
    head = sent_by(GET, headers=(("X-Api-Key", "k"),), user_agent="ua")
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:]]
    assert sorted(names) == [b"accept", b"accept-encoding", b"host", b"user-agent", b"x-api-key"]
    assert b"accept-encoding: identity" in head.lower()


def test_a_header_of_the_request_replaces_the_transport_s_own() -> None:
    request = HttpRequest(method="GET", target=b"/", headers=(("accept", "text/xml"), ("HOST", "other.example")))
    head = sent_by(request).lower()
    assert head.count(b"\r\naccept:") == 1
    assert b"\r\naccept: text/xml" in head
    assert b"\r\nhost: other.example" in head


def test_the_environment_s_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert sent_by(GET).startswith(b"GET /calls")


def test_a_body_goes_out_with_its_length() -> None:
    assert b"content-length: 3" in sent_by(HttpRequest(method="POST", target=b"/", body=b"a=b")).lower()


def test_a_chunked_body_goes_out_in_chunks() -> None:
    seen: list[bytes] = []

    def read_chunks(peer: Peer) -> None:
        data = b""
        while not data.endswith(b"0\r\n\r\n"):
            data += peer.sock.recv(4096)
        seen.append(data)
        peer.send(response())

    with hostile_server(read_chunks) as server, HttpClient(server.url, limits=LIMITS) as transport:
        transport.send(HttpRequest(method="POST", target=b"/", body=b"abc", chunked=True))
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    assert b"content-length" not in head.lower()
    assert body == b"3\r\nabc\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        HttpRequest(method="GET", target=b"/a b"),
        HttpRequest(method="GET", target=b"/a\r\nX: y"),
        HttpRequest(method="G ET", target=b"/"),
        HttpRequest(method="GET", target=b"/", headers=(("X-Key", "canary-secret\r\nX: y"),)),
        HttpRequest(method="GET", target=b"/", headers=(("X-Key", "canary-secret €"),)),
        HttpRequest(method="GET", target=b"/", headers=(("Content-Length", "9"),), body=b"x"),
    ],
    ids=range(6),
)
def test_a_request_that_http_cannot_carry_is_our_error_and_shows_no_secret(request_: HttpRequest) -> None:
    with (
        hostile_server("honest") as server,
        HttpClient(server.url, limits=LIMITS) as transport,
        pytest.raises(UnsendableRequest) as caught,
    ):
        transport.send(request_)
    assert caught.value.exit_code == 3
    assert "canary-secret" not in str(caught.value)


def test_a_connection_is_used_again() -> None:
    with hostile_server("honest") as server, HttpClient(server.url, limits=LIMITS) as transport:
        for _ in range(5):
            assert isinstance(transport.send(GET), HttpResponse)
        assert server.counters.connections == 1


def test_a_request_that_says_close_has_a_connection_of_its_own_and_the_kept_one_stays() -> None:
    alone = replace(GET, headers=(*GET.headers, ("Connection", "close")))
    with hostile_server("honest") as server, HttpClient(server.url, limits=LIMITS) as transport:
        for request in (GET, alone, GET, alone):
            assert isinstance(transport.send(request), HttpResponse)
        assert server.counters.connections == 3


def test_a_connection_that_carried_a_request_in_chunks_is_not_used_again() -> None:
    with hostile_server("honest") as server, HttpClient(server.url, limits=LIMITS) as transport:
        transport.send(HttpRequest(method="POST", target=b"/", body=b"a=b", chunked=True))
        transport.send(GET)
        assert server.counters.connections == 2


def test_a_connection_that_died_idle_is_replaced_without_a_word() -> None:
    with hostile_server("one-answer-then-gone") as server, HttpClient(server.url, limits=LIMITS) as transport:
        for _ in range(3):
            assert isinstance(transport.send(GET), HttpResponse)
        # The server saw the second request on the old connection, closed it, and got it once more.
        assert (server.counters.connections, len(server.counters.requests)) == (3, 5)


def test_a_request_is_repeated_only_once() -> None:
    first = threading.Event()

    def answers_one_connection_only(peer: Peer) -> None:
        peer.request()
        if not first.is_set():
            first.set()
            peer.send(response())
            peer.request()

    with hostile_server(answers_one_connection_only) as server, HttpClient(server.url, limits=LIMITS) as transport:
        assert isinstance(transport.send(GET), HttpResponse)
        answer = transport.send(GET)
        assert isinstance(answer, NoResponse)
        assert answer.reason == "truncated"
        assert server.counters.connections == 2


def test_a_shorter_deadline_may_be_given_for_one_request() -> None:
    limits = ExchangeLimits(exchange_seconds=600)
    with hostile_server("silent") as server, HttpClient(server.url, limits=limits) as transport:
        answer = transport.send(GET, deadline_seconds=0.2)
    assert isinstance(answer, NoResponse)
    assert answer.reason == "timeout:first-byte"


def test_an_early_answer_to_a_large_body_is_read() -> None:
    def refuse(peer: Peer) -> None:
        peer.sock.recv(4096)
        peer.send(response(b"too large", "Connection: close", status="413 Payload Too Large"))
        peer.silence()

    request = HttpRequest(method="POST", target=b"/", body=b"x" * 4_000_000)
    with hostile_server(refuse) as server, HttpClient(server.url, limits=LIMITS) as transport:
        answer = transport.send(request)
    assert isinstance(answer, HttpResponse)
    assert answer.http_status == 413


def test_several_threads_may_send_at_once() -> None:
    answers: list[HttpResponse | NoResponse] = []
    with hostile_server(ECHO_HEAD) as server, HttpClient(server.url, limits=LIMITS) as transport:

        def send(number: int) -> None:
            for step in range(20):
                target = f"/{number}/{step}".encode()
                answer = transport.send(HttpRequest(method="GET", target=target))
                assert isinstance(answer, HttpResponse)
                assert answer.body.startswith(b"GET " + target + b" ")
                answers.append(answer)

        threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.counters.connections <= 8
    assert len(answers) == 160


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def server_context(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_tls_with_the_right_authority_works_and_keeps_connections(authority: trustme.CA, ca_file: Path) -> None:
    with (
        hostile_server("honest", tls=server_context(authority)) as server,
        HttpClient(server.url, limits=LIMITS, ca_file=ca_file) as transport,
    ):
        for _ in range(3):
            answer = transport.send(GET)
            assert isinstance(answer, HttpResponse), answer
            assert answer.body == b'{"ok": true}'
        assert server.counters.connections == 1


def test_a_large_request_and_response_pass_through_tls(authority: trustme.CA, ca_file: Path) -> None:
    large = answering(lambda _head: response(b"y" * 3_000_000))
    with (
        hostile_server(large, tls=server_context(authority)) as server,
        HttpClient(server.url, limits=LIMITS, ca_file=ca_file) as transport,
    ):
        answer = transport.send(HttpRequest(method="POST", target=b"/", body=b"x" * 3_000_000))
    assert isinstance(answer, HttpResponse), answer
    assert len(answer.body) == 3_000_000


def test_an_unknown_authority_is_told_with_what_to_do(authority: trustme.CA) -> None:
    with (
        hostile_server("honest", tls=server_context(authority)) as server,
        HttpClient(server.url, limits=LIMITS) as transport,
    ):
        answer = transport.send(GET)
    assert isinstance(answer, NoResponse)
    assert answer.reason == "tls"
    assert "not trusted" in answer.text
    assert "--ca FILE" in answer.text


def test_a_certificate_for_another_name_is_told(authority: trustme.CA, ca_file: Path) -> None:
    with (
        hostile_server("honest", tls=server_context(authority, "other.example")) as server,
        HttpClient(server.url, limits=LIMITS, ca_file=ca_file) as transport,
    ):
        answer = transport.send(GET)
    assert isinstance(answer, NoResponse)
    assert answer.reason == "tls"
    assert "another name" in answer.text


def test_plain_http_where_tls_is_due_is_told(ca_file: Path) -> None:
    with hostile_server("http-0.9") as server:
        url = server.url.replace("http://", "https://")
        limits = ExchangeLimits(connect_seconds=1, exchange_seconds=10)
        with HttpClient(url, limits=limits, ca_file=ca_file) as transport:
            answer = transport.send(GET)
    assert isinstance(answer, NoResponse)
    assert answer.reason in ("tls", "timeout:connect")


def test_tls_where_plain_http_is_due_is_told(authority: trustme.CA) -> None:
    with hostile_server("honest", tls=server_context(authority)) as server:
        url = server.url.replace("https://", "http://")
        with HttpClient(url, limits=LIMITS) as transport:
            answer = transport.send(GET)
    assert isinstance(answer, NoResponse)
    assert answer.reason in ("protocol:not-http", "truncated", "reset")


def test_tls_cut_without_a_closing_notice_is_truncated(authority: trustme.CA, ca_file: Path) -> None:
    with (
        hostile_server("cut-until-close", tls=server_context(authority)) as server,
        HttpClient(server.url, limits=LIMITS, ca_file=ca_file) as transport,
    ):
        answer = transport.send(GET)
    assert isinstance(answer, NoResponse)
    assert answer.reason == "truncated"


def test_slow_headers_within_tls_end_at_the_deadline(authority: trustme.CA, ca_file: Path) -> None:
    with (
        hostile_server("slow-headers", tls=server_context(authority)) as server,
        HttpClient(server.url, limits=ExchangeLimits(exchange_seconds=0.4), ca_file=ca_file) as transport,
    ):
        answer = transport.send(GET)
    assert isinstance(answer, NoResponse)
    assert answer.reason == "timeout:total"


def test_a_handshake_that_never_comes_ends_at_the_connect_limit(ca_file: Path) -> None:
    with hostile_server("silent") as server:
        url = server.url.replace("http://", "https://")
        limits = ExchangeLimits(connect_seconds=0.3, exchange_seconds=600)
        with HttpClient(url, limits=limits, ca_file=ca_file) as transport:
            answer = transport.send(GET)
    assert isinstance(answer, NoResponse)
    assert answer.reason == "timeout:connect"


def test_a_ca_file_that_is_none_is_misuse(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(UsageProblem, match="PEM"):
        HttpClient("https://localhost", ca_file=tmp_path / "ca.pem")


# Targets and where URLs lead


@pytest.mark.parametrize(
    ("url", "origin", "base_path"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", ""),
        ("HTTPS://PBX.example.com:443/", "https://pbx.example.com", ""),
        ("http://[::1]:80/a/b/", "http://[::1]", "/a/b"),
        ("http://h/v1/shop.Etelecom", "http://h", "/v1/shop.Etelecom"),
        ("http://b\u00fccher.example/\u00fc", "http://xn--bcher-kva.example", "/%C3%BC"),
    ],
)
def test_a_target_is_read(url: str, origin: str, base_path: str) -> None:
    target = parse_target(url)
    assert (target.origin, target.base_path) == (origin, base_path)


@pytest.mark.parametrize(
    "url",
    [
        "", "pbx.example.com", "ftp://h/", "http://", "http:///x", "http://u:hunter22@h/", "http://h:99999/",
        "http://h:x/", "http://h:0/", "http://h/?a=1", "http://h/#x", "http://a b/", "http://h\\@evil/", "http://[::1/",
        "http://h\r\nX: y/", "http://a$b/",
    ],
)  # fmt: skip
def test_what_is_no_target_is_misuse_and_no_password_is_repeated(url: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        parse_target(url)
    assert caught.value.exit_code == 2
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("?page=2", RedirectKind.SAME_ORIGIN),
        ("https://h:8443/x", RedirectKind.SAME_ORIGIN),
        ("https://H.:8443/x", RedirectKind.SAME_ORIGIN),
        ("https://h/x", RedirectKind.OTHER_PORT),
        ("http://h:8443/x", RedirectKind.DOWNGRADE),
        ("https://h.evil.example:8443/", RedirectKind.OTHER_HOST),
        ("https://h:8443@evil.example/", RedirectKind.OTHER_HOST),
        ("//evil.example", RedirectKind.OTHER_HOST),
        ("/\\evil.example", RedirectKind.UNREADABLE),
        ("/\t/evil.example", RedirectKind.UNREADABLE),
        ("javascript:alert(1)", RedirectKind.NOT_HTTP),
        ("file:///etc/passwd", RedirectKind.NOT_HTTP),
        ("https://[::1", RedirectKind.UNREADABLE),
        ("", RedirectKind.MISSING),
    ],
)
def test_where_a_url_leads_is_told(location: str, kind: RedirectKind) -> None:
    target = parse_target("https://h:8443/base")
    assert resolve_redirect(location, target=target, sent=b"/calls?page=1").kind is kind


def test_limits_must_be_positive() -> None:
    with pytest.raises(ValueError, match="wire_bytes"):
        ExchangeLimits(wire_bytes=0)
