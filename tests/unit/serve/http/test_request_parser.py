"""The head and the chunked body of a request as bytes: what they are read as, or with which status refused."""

from __future__ import annotations

import pytest

from harness.serve.http.limits import ServerLimits
from harness.serve.http.request_parser import (
    ChunkedBody,
    HeadOrRejection,
    HeadParser,
    RequestHead,
    RequestRejection,
    check_partial_head,
    host_of,
    parse_head,
)

LIMITS = ServerLimits(body_bytes=1000, target_bytes=200, headers=10, header_bytes=400, parameters=5)
HOST = b"Host: acme.example"
OURS = frozenset({"acme.example", "::1"})
# Refused without an answer.
SILENTLY = None


def parsed(first: bytes, *lines: bytes, hosts: frozenset[str]) -> HeadOrRejection:
    """What these lines are read as: the same where the headers came before, under whatever request line."""
    whole = b"\r\n".join((first, *lines))
    found = parse_head(whole, LIMITS, hosts)
    parser = HeadParser(LIMITS, hosts)
    for before in (b"GET / HTTP/1.1", b"GET / HTTP/1.0", first):
        parser.parse(b"\r\n".join((before, *lines)))
        assert parser.parse(whole) == found
    return found


def head(first: bytes, *lines: bytes, hosts: frozenset[str] = frozenset()) -> RequestHead:
    """The head of these lines, which must be good."""
    found = parsed(first, *lines, hosts=hosts)
    assert isinstance(found, RequestHead), found
    return found


def refusal(first: bytes, *lines: bytes, hosts: frozenset[str] = frozenset()) -> int | None:
    """The status with which these lines are refused; None says that nothing is answered."""
    found = parsed(first, *lines, hosts=hosts)
    assert isinstance(found, RequestRejection), found
    return found.http_status


# --- the request line ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "method", "target"),
    [
        (b"GET / HTTP/1.1", "GET", b"/"),
        (b"GET /calls?from=1&until=2 HTTP/1.1", "GET", b"/calls?from=1&until=2"),
        (b"POST /calls HTTP/1.0", "POST", b"/calls"),
        (b"OPTIONS /calls HTTP/1.1", "OPTIONS", b"/calls"),
        (b"get /calls HTTP/1.1", "get", b"/calls"),
        (b"M-SEARCH! /calls HTTP/1.1", "M-SEARCH!", b"/calls"),
        (b"A" * 32 + b" / HTTP/1.1", "A" * 32, b"/"),
        (b"GET /a%00%0d%zz HTTP/1.1", "GET", b"/a%00%0d%zz"),
        (b"GET //evil.example/../x HTTP/1.1", "GET", b"//evil.example/../x"),
        (b'GET /"<>\\^`{|}# HTTP/1.1', "GET", b'/"<>\\^`{|}#'),
        (b"GET /?a&b;c&d;e HTTP/1.1", "GET", b"/?a&b;c&d;e"),
        (b"GET /a&b&c&d&e&f&g HTTP/1.1", "GET", b"/a&b&c&d&e&f&g"),
        (b"GET /" + b"x" * 199 + b" HTTP/1.1", "GET", b"/" + b"x" * 199),
    ],
)
def test_a_request_line_gives_method_and_target_as_they_are(line: bytes, method: str, target: bytes) -> None:
    found = head(line, HOST)
    assert (found.method, found.target) == (method, target)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET  / HTTP/1.1", 400),
        (b"GET /  HTTP/1.1", 400),
        (b"GET / HTTP/1.1 ", 400),
        (b" GET / HTTP/1.1", 400),
        (b"GET\t/ HTTP/1.1", 400),
        (b"GET /a b HTTP/1.1", 400),
        (b"G@T / HTTP/1.1", 400),
        (b"A" * 33 + b" / HTTP/1.1", 400),
        (b"GET /\x00 HTTP/1.1", 400),
        (b"GET /\x7f HTTP/1.1", 400),
        (b"GET /\xc3\xa9 HTTP/1.1", 400),
        (b"GET /\rX HTTP/1.1", 400),
        (b"GET /\nX HTTP/1.1", 400),
        (b" HTTP/1.1", 400),
        (b"GET http://acme.example/calls HTTP/1.1", 400),
        (b"GET acme.example HTTP/1.1", 400),
        (b"OPTIONS * HTTP/1.1", 400),
        (b"GET /?a&b&c&d&e&f HTTP/1.1", 400),
        (b"GET /?a;b;c;d;e;f HTTP/1.1", 400),
        (b"GET /?;;;;; HTTP/1.1", 400),
        (b"GET /" + b"x" * 200 + b" HTTP/1.1", 414),
        (b"GET /" + b"x" * 900 + b" HTTP/1.1", 414),
        (b"GET /" + b"x" * 900, 414),
        (b"CONNECT acme.example:443 HTTP/1.1", 501),
        (b"TRACE /calls HTTP/1.1", 501),
        (b"GET / HTTP/0.9", 505),
        (b"GET / HTTP/1.2", 505),
        (b"GET / HTTP/2.0", 505),
        (b"GET / HTTP/3", 505),
        (b"PRI * HTTP/2.0", SILENTLY),
        (b"GET /", SILENTLY),
        (b"GET / HTTP/11", SILENTLY),
        (b"GET / HTTP/1.10", SILENTLY),
        (b"GET / http/1.1", SILENTLY),
        (b"HTTP/1.1 200 OK", SILENTLY),
        (b"SSH-2.0-x", SILENTLY),
        (b"x" * 900, SILENTLY),
        (b"", SILENTLY),
    ],
)
def test_a_request_line_that_is_none_has_its_status(line: bytes, status: int | None) -> None:
    assert refusal(line, HOST) == status


# --- headers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "headers"),
    [
        ([b"X: 1"], [("x", "1")]),
        ([b"X-Some-Name:1"], [("x-some-name", "1")]),
        ([b"X: \t 1 \t "], [("x", "1")]),
        ([b"X:"], [("x", "")]),
        ([b"X:   "], [("x", "")]),
        ([b"X: a  b\tc"], [("x", "a  b\tc")]),
        ([b"X: a:b: c"], [("x", "a:b: c")]),
        ([b"X: caf\xe9 \xc3\xa9"], [("x", "caf\xe9 \xc3\xa9")]),
        ([b"!#$%&'*+.^_`|~0: 1"], [("!#$%&'*+.^_`|~0", "1")]),
        ([b"B: 1", b"A: 2", b"b: 3"], [("b", "1"), ("a", "2"), ("b", "3")]),
    ],
)
def test_headers_keep_their_order_and_their_values(lines: list[bytes], headers: list[tuple[str, str]]) -> None:
    assert head(b"GET / HTTP/1.1", HOST, *lines).headers == (("host", "acme.example"), *headers)


@pytest.mark.parametrize(
    "line",
    [
        b"X : 1",
        b" X: 1",
        b"\tX: 1",
        b": 1",
        b"no colon",
        b"X Y: 1",
        b"X\xe9: 1",
        b"X(: 1",
        b"X: 1\r\n folded",
        b"X: 1\r\n\tfolded",
        b"X: 1\r\n ",
        b"X: 1\nY: 2",
        b"X: 1\n",
        b"X: a\rb",
        b"X: a\x00b",
        b"X: a\x1bb",
        b"X: a\x7fb",
        b"X: 1\x0b",
    ],
)
def test_a_header_that_is_not_one_visible_line_is_400(line: bytes) -> None:
    assert refusal(b"GET / HTTP/1.1", HOST, line) == 400


def test_as_many_headers_as_allowed_are_read() -> None:
    assert len(head(b"GET / HTTP/1.1", HOST, *[b"X: 1"] * 9).headers) == 10


def test_one_header_more_than_allowed_is_431() -> None:
    assert refusal(b"GET / HTTP/1.1", HOST, *[b"X: 1"] * 10) == 431


# The Host line is 20 bytes with its line end, `X: ` and its line end are 5.
def test_as_many_bytes_of_headers_as_allowed_are_read() -> None:
    assert head(b"GET / HTTP/1.1", HOST, b"X: " + b"y" * 375).headers[1] == ("x", "y" * 375)


def test_one_byte_of_headers_more_than_allowed_is_431() -> None:
    assert refusal(b"GET / HTTP/1.1", HOST, b"X: " + b"y" * 376) == 431


# --- hosts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        b"acme.example",
        b"ACME.Example",
        b"acme.example:8080",
        b"acme.example:",
        b"acme.example:00000",
        b"[::1]:80",
        b"[::1]",
    ],
)
def test_our_names_are_known_with_any_port(value: bytes) -> None:
    assert head(b"GET / HTTP/1.1", b"Host: " + value, hosts=OURS).target == b"/"


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([], 400),
        ([HOST, HOST], 400),
        ([HOST, b"Host: evil.example"], 400),
        ([b"Host: ::1"], 400),
        ([b"Host: [::1"], 400),
        ([b"Host: acme.example:123456"], 400),
        ([b"Host: acme.example:x"], 400),
        ([b"Host: me@acme.example"], 400),
        ([b"Host: acme.example/x"], 400),
        ([b"Host: acme.example x"], 400),
        ([b"Host: acm\xe9.example"], 400),
        ([b"Host:"], 421),
        ([b"Host: :80"], 421),
        ([b"Host: acme.example."], 421),
        ([b"Host: acme.example,acme.example"], 421),
        ([b"Host: acme.example.evil.example"], 421),
        ([b"Host: [::2]"], 421),
    ],
)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_request_that_names_not_us_alone_is_refused(version: bytes, lines: list[bytes], status: int) -> None:
    assert refusal(b"GET / HTTP/" + version, *lines, hosts=OURS) == status


def test_any_name_will_do_where_none_is_ours() -> None:
    assert head(b"GET / HTTP/1.1", b"Host: anybody.example").headers == (("host", "anybody.example"),)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"Acme.Example", "acme.example"),
        (b"acme.example:80", "acme.example"),
        (b" acme.example:80 ", "acme.example"),
        (b"[::1]:80", "::1"),
        (b"::1", "::1"),
        (b"", ""),
    ],
)
def test_the_name_in_a_host_is_without_its_port(value: bytes, name: str) -> None:
    assert host_of(value) == name


# --- how long the body is -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ([], 0),
        ([b"Content-Length: 0"], 0),
        ([b"Content-Length: 5"], 5),
        ([b"content-length:5 "], 5),
        ([b"Content-Length: 005"], 5),
        ([b"Content-Length: 1000"], 1000),
        ([b"Content-Length: 000000000001000"], 1000),
        ([b"Transfer-Encoding: chunked"], None),
        ([b"transfer-encoding:CHUNKED"], None),
        ([b"Content-Encoding: identity", b"Content-Length: 5"], 5),
        ([b"Content-Encoding:", b"Content-Length: 5"], 5),
        ([b"TE: gzip", b"Trailer: X"], 0),
    ],
)
@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_a_body_has_the_length_it_says(method: bytes, lines: list[bytes], length: int | None) -> None:
    found = head(method + b" / HTTP/1.1", HOST, *lines)
    assert (found.length, found.has_body) == (length, length != 0)


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([b"Content-Length: 5", b"Content-Length: 6"], 400),
        ([b"Content-Length: 5", b"Content-Length: 5"], 400),
        ([b"Content-Length: 5, 5"], 400),
        ([b"Content-Length: 5 5"], 400),
        ([b"Content-Length: +5"], 400),
        ([b"Content-Length: -5"], 400),
        ([b"Content-Length: 0x5"], 400),
        ([b"Content-Length: 5.0"], 400),
        ([b"Content-Length: 1_0"], 400),
        ([b"Content-Length:"], 400),
        ([b"Content-Length: \xd9\xa3"], 400),
        ([b"Content-Length: \xb2"], 400),
        ([b"Content-Length: 0000000000000005"], 400),
        ([b"Content-Length: 5", b"Transfer-Encoding: chunked"], 400),
        ([b"Transfer-Encoding: chunked", b"Content-Length: 0"], 400),
        ([b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"], 400),
        ([b"Transfer-Encoding: gzip, chunked"], 400),
        ([b"Transfer-Encoding: chunked, identity"], 400),
        ([b"Transfer-Encoding: identity"], 400),
        ([b"Transfer-Encoding: xchunked"], 400),
        ([b'Transfer-Encoding: "chunked"'], 400),
        ([b"Transfer-Encoding: chunked;x=1"], 400),
        ([b"Transfer-Encoding:"], 400),
        ([b"Content-Length: 1001"], 413),
        ([b"Content-Length: 999999999999999"], 413),
        ([b"Content-Encoding: gzip", b"Content-Length: 5"], 415),
        ([b"Content-Encoding: identity, gzip"], 415),
        ([b"Content-Encoding: identity", b"Content-Encoding: br"], 415),
        ([b"Content-Encoding: gzip", b"Content-Length: +5"], 415),
    ],
)
def test_a_body_of_doubtful_length_has_its_status(lines: list[bytes], status: int) -> None:
    assert refusal(b"POST / HTTP/1.1", HOST, *lines) == status


def test_an_old_request_has_no_chunked_body() -> None:
    assert refusal(b"POST / HTTP/1.0", HOST, b"Transfer-Encoding: chunked") == 400


# --- keep-alive and expectations ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "lines", "stays"),
    [
        (b"1.1", [], True),
        (b"1.1", [b"Connection: close"], False),
        (b"1.1", [b"Connection: CLOSE"], False),
        (b"1.1", [b"Connection: keep-alive"], True),
        (b"1.1", [b"Connection: keep-alive , close"], False),
        (b"1.1", [b"Connection: keep-alive", b"Connection: close"], False),
        (b"1.1", [b"Connection: ,,close"], False),
        (b"1.1", [b"Connection: closed, x-close, upgrade"], True),
        (b"1.1", [b"Connection:"], True),
        (b"1.0", [], False),
        (b"1.0", [b"Connection: keep-alive"], True),
        (b"1.0", [b"Connection: Keep-Alive"], True),
        (b"1.0", [b"Connection: x, keep-alive"], True),
        (b"1.0", [b"Connection: close, keep-alive"], False),
        (b"1.0", [b"Keep-Alive: 5"], False),
    ],
)
def test_a_connection_stays_as_version_and_header_say(version: bytes, lines: list[bytes], stays: bool) -> None:
    assert head(b"GET / HTTP/" + version, HOST, *lines).keep_alive is stays


@pytest.mark.parametrize(
    ("version", "lines", "waits"),
    [
        (b"1.1", [], False),
        (b"1.1", [b"Expect: 100-continue"], True),
        (b"1.1", [b"expect:100-Continue"], True),
        (b"1.0", [b"Expect: 100-continue"], False),
    ],
)
def test_a_client_that_waits_for_a_go_ahead_is_known(version: bytes, lines: list[bytes], waits: bool) -> None:
    assert head(b"POST / HTTP/" + version, HOST, b"Content-Length: 5", *lines).expects_continue is waits


@pytest.mark.parametrize(
    "lines",
    [
        [b"Expect: 200-ok"],
        [b"Expect:"],
        [b"Expect: 100-continue, x"],
        [b"Expect: 100-continue", b"Expect: 100-continue"],
    ],
)
def test_any_other_expectation_is_417(lines: list[bytes]) -> None:
    assert refusal(b"POST / HTTP/1.1", HOST, b"Content-Length: 5", *lines) == 417


@pytest.mark.parametrize(
    ("first", "lines", "status"),
    [
        (b"GET / HTTP/2.0", [b"no colon"], 505),
        (b"GET /" + b"x" * 200 + b" HTTP/1.1", [b"X: 1"] * 11, 414),
        (b"GET / HTTP/1.1", [b"no colon"] * 11, 431),
        (b"TRACE / HTTP/1.1", [b"no colon"], 400),
        (b"TRACE * HTTP/1.1", [], 501),
        (b"GET / HTTP/1.1", [b"Host: evil.example", b"Content-Encoding: gzip"], 421),
        (b"GET / HTTP/1.1", [HOST, b"Content-Encoding: gzip", b"Content-Length: 1001"], 415),
        (b"GET / HTTP/1.1", [HOST, b"Expect: x", b"Content-Length: 1001"], 413),
    ],
)
def test_of_two_faults_the_first_is_told(first: bytes, lines: list[bytes], status: int) -> None:
    assert refusal(first, *lines, hosts=OURS) == status


# --- heads that are not whole -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"G",
        b"\r",
        b"\x00",
        b"x" * 20,
        b"GET /calls",
        b"GET / HTTP/1.1\r",
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nX: 1\r",
        b"GET / HTTP/1.1\r\nno colon\r\n",
        b"TRACE / HTTP/1.1\r\n",
        b"GET /" + b"x" * 259,
        b"GET / HTTP/1.1\r\nX: " + b"y" * 396,
    ],
)
def test_a_head_that_may_become_one_is_waited_for(data: bytes) -> None:
    assert check_partial_head(bytearray(data), LIMITS) is None


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\n", 400),
        (b"GET / HTTP/1.1\r\nX: 1\n", 400),
        (b"GET / HTTP/1.1\r\nX: 1\r\n\n", 400),
        (b"GET  / HTTP/1.1\r\n", 400),
        (b"GET /" + b"x" * 260, 414),
        (b"GET /" + b"x" * 200 + b" HTTP/1.1\r\n", 414),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 397, 431),
        (b"GET / HTTP/2.0\r\n", 505),
        (b"\x16\x03\x01", SILENTLY),
        (b"x" * 21, SILENTLY),
        (b"\r" * 21, SILENTLY),
        (b"\n", SILENTLY),
        (b"GET /\r\n", SILENTLY),
        (b"PRI * HTTP/2.0\r\n", SILENTLY),
    ],
)
def test_a_head_that_cannot_become_one_is_refused_before_its_end(data: bytes, status: int | None) -> None:
    found = check_partial_head(bytearray(data), LIMITS)
    assert isinstance(found, RequestRejection)
    assert found.http_status == status


# --- chunked bodies -----------------------------------------------------------------------------------------


def taken(*pieces: bytes) -> tuple[bytes, bytes] | int | str | None:
    """Body and rest of the buffer after these pieces, or the status of a refusal, or `more`."""
    chunks, buffer = ChunkedBody(LIMITS), bytearray()
    whole: bool | RequestRejection = False
    for piece in pieces:
        buffer += piece
        # What comes behind a body or a refusal is nothing to it.
        if whole is False:
            whole = chunks.consume(buffer)
    if isinstance(whole, RequestRejection):
        return whole.http_status
    return (bytes(chunks.body), bytes(buffer)) if whole else "more"


def split_everywhere(data: bytes) -> list[list[bytes]]:
    """The data in two pieces, cut at each place, and byte by byte."""
    return [[data[:at], data[at:]] for at in range(len(data) + 1)] + [[bytes([byte]) for byte in data]]


@pytest.mark.parametrize(
    ("data", "body", "rest"),
    [
        (b"0\r\n\r\n", b"", b""),
        (b"00000000\r\n\r\n", b"", b""),
        (b"4\r\nabcd\r\n0\r\n\r\n", b"abcd", b""),
        (b"4\r\nabcd\r\n1\r\ne\r\n0\r\n\r\nGET /", b"abcde", b"GET /"),
        (b"a\r\n0123456789\r\n0\r\n\r\n", b"0123456789", b""),
        (b"0000000A\r\n0123456789\r\n0\r\n\r\n", b"0123456789", b""),
        (b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n", b""),
        (b'2;x\r\nab\r\n2 ; y="z"\r\ncd\r\n0\t;\r\n\r\n', b"abcd", b""),
        (b"2\r\nab\r\n0\r\nX: 1\r\nY:\r\n\r\n\r\n", b"ab", b"\r\n"),
        (b"2\r\n\x00\xff\r\n0\r\n\r\n", b"\x00\xff", b""),
        (b"3e8\r\n" + b"x" * 1000 + b"\r\n0\r\n\r\n", b"x" * 1000, b""),
    ],
)
def test_a_chunked_body_is_the_same_however_it_is_cut(data: bytes, body: bytes, rest: bytes) -> None:
    assert [pieces for pieces in split_everywhere(data) if taken(*pieces) != (body, rest)] == []


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\r\n", 400),
        (b"+4\r\nabcd\r\n0\r\n\r\n", 400),
        (b"-4\r\nabcd\r\n0\r\n\r\n", 400),
        (b"0x4\r\nabcd\r\n0\r\n\r\n", 400),
        (b" 4\r\nabcd\r\n0\r\n\r\n", 400),
        (b"4 \r\nabcd\r\n0\r\n\r\n", 400),
        (b"4_0\r\n", 400),
        (b"g\r\n", 400),
        (b"000000004\r\nabcd\r\n0\r\n\r\n", 400),
        (b"4;\x00\r\nabcd\r\n0\r\n\r\n", 400),
        (b"4;\xe9\r\nabcd\r\n0\r\n\r\n", 400),
        (b"4;a\nb\r\nabcd\r\n0\r\n\r\n", 400),
        (b"4\nabcd\n0\n\n" + b"x" * 300, 400),
        (b"4;" + b"x" * 300, 400),
        (b"3\r\nabcd\r\n0\r\n\r\n", 400),
        (b"5\r\nabcd\r\n0\r\n\r\n", 400),
        (b"4\r\nabcd\n\n0\r\n\r\n", 400),
        (b"0\r\nno colon\r\n\r\n", 400),
        (b"0\r\nX: 1\r\n folded\r\n\r\n", 400),
        (b"0\r\n" + b"X: 1\r\n" * 10 + b"\r\n", 400),
        (b"0\r\nX: " + b"y" * 401, 400),
        (b"3e9\r\n", 413),
        (b"ffffffff\r\n", 413),
        (b"258\r\n" + b"x" * 600 + b"\r\n191\r\n", 413),
    ],
)
def test_a_chunked_body_that_is_none_has_its_status_however_it_is_cut(data: bytes, status: int) -> None:
    assert [pieces for pieces in split_everywhere(data) if taken(*pieces) != status] == []


@pytest.mark.parametrize(
    "data", [b"", b"4", b"4\r", b"4\r\nabc", b"4\r\nabcd", b"4\r\nabcd\r", b"4\r\nabcd\r\n0\r\n", b"0\r\nX: 1\r\n\r"]
)
def test_a_chunked_body_that_is_not_whole_is_waited_for(data: bytes) -> None:
    assert taken(data) == "more"
