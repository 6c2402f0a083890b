"""Thousands of malformed requests: never a 500, a traceback or a hang, and a right answer afterwards."""

from __future__ import annotations

import random
import re
import socket
from urllib.parse import quote

import pytest
from wires import HANG_SECONDS, HISTORY, Wire, read_all, wired

from harness.serve.http.limits import ServerLimits

SEEDS = (
    b"GET " + HISTORY + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /api?command=ListActiveCalls;Username=HTTP_User_1;Password=qwe123 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/json/calls/active/list/?auth_username=user&auth_password=password&owner=1 HTTP/1.1\r\n"
    b"Host: 127.0.0.1\r\n\r\n",
    b"POST /v1/shop.Etelecom/ListCallLogs HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer callharness-token\r\n"
    b'Content-Type: application/json\r\nContent-Length: 45\r\n\r\n{"filter":{},"paging":{"limit":5,"after":"."}}'[
        :-1
    ],
    b"POST /platform_api HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer callharness-token\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 33\r\n\r\ncmd=GetCallHistory&count=2&offset",
    b"POST /platform_api HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer callharness-token\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'4d\r\n--b\r\nContent-Disposition: form-data; name="cmd"\r\n\r\nGetCallHistory\r\n--b--\r\nxxxxx\r\n0\r\n\r\n',
)
BITS = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b"&", b"=", b"?", b"%", b"%00", b"%zz", b"%0d%0a", b"\xff",
    b"\xc0\xaf", "٣".encode(), "\u202e".encode(), b"\x1b[2J", b"../", b"..%2f", b"{{7*7}}", b"${jndi:ldap://x}",
    b"[" * 200, b"{" * 200, b'"', b"\\", b"9" * 400, b"-1", b"1e999", b"NaN", b"A" * 5000, b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Host: x\r\n", b"HTTP/1.1", b"HTTP/0.9", b"ffffffff\r\n", b"0\r\n\r\n",
    b"9999-99-99T99:99:99Z", b"0000-00-00 00:00:00", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>&b;",
)  # fmt: skip
QUERIES = tuple(
    "CallId Caller Callee StartDate EndDate RowsPerPage PageNumber Status command Username Password auth_username "  # noqa: SIM905
    "auth_password cmd from_date to_date count offset with_calls remote_number customer filter sort".split()
)


def mutated(dice: random.Random) -> bytes:
    """One request that somebody damaged."""
    data = bytearray(dice.choice(SEEDS))
    kind = dice.random()
    if kind < 0.08:
        return dice.randbytes(dice.randrange(1, 2000))
    if kind < 0.35:
        # A sound request with values that mean nothing.
        names = [dice.choice(QUERIES) for _ in range(dice.randrange(1, 6))]
        query = b"&".join(name.encode() + b"=" + quoted(dice) for name in names)
        base = dice.choice((HISTORY, b"/api?command=ListActiveCalls", b"/platform_api?cmd=GetCallHistory", b"/x?"))
        return b"GET " + base + b"&" + query + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    for _ in range(dice.randrange(1, 6)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(5):
            case 0:
                data[at:at] = dice.choice(BITS)
            case 1:
                del data[at : at + dice.randrange(1, 30)]
            case 2:
                data[at : at + 1] = dice.randbytes(1)
            case 3:
                end = at + dice.randrange(1, 60)
                data[at:at] = data[at:end] * dice.randrange(1, 4)
            case 4:
                data[at:] = dice.choice(SEEDS)[at:]
    return bytes(data)


def quoted(dice: random.Random) -> bytes:
    value = b"".join(dice.choice(BITS) for _ in range(dice.randrange(1, 4)))[:3000]
    return quote(value, safe="/:?@!$'()*,+=").encode()


def bombard(wire: Wire, requests: int, seed: int) -> dict[int, int]:
    """How often each status came back."""
    dice = random.Random(seed)
    statuses: dict[int, int] = {}
    for number in range(requests):
        data = mutated(dice)
        with socket.create_connection(("127.0.0.1", wire.port), timeout=HANG_SECONDS) as sock:
            try:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            answer = read_all(sock)
        assert b"Traceback" not in answer, (number, data)
        for found in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", answer):
            statuses[int(found)] = statuses.get(int(found), 0) + 1
            assert int(found) != 500, (number, data)
        if number % 500 == 0:
            wire.still_answers()
    wire.still_answers()
    return statuses


def check(requests: int, seed: int) -> None:
    with wired(ServerLimits(header_seconds=2, body_seconds=2, write_seconds=2, linger_seconds=0.2)) as wire:
        statuses = bombard(wire, requests, seed)
        assert {200, 400} <= statuses.keys(), statuses
        assert [line for line in wire.logged if not line.isprintable()] == []
        assert [line for line in wire.logged if not line.startswith("closed, ")] == []


def test_two_thousand_malformed_requests_do_no_harm() -> None:
    check(2_000, seed=1)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(2, 12))
def test_a_hundred_thousand_malformed_requests_do_no_harm(seed: int) -> None:
    check(10_000, seed)
