"""Clients that are slow, that flood, or that never read: closed in time, and nobody else waits for them."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from wires import HANG_SECONDS, HISTORY, QUICK, Wire, read_all, status_of, wired

from harness.serve.http.limits import ServerLimits


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with wired() as found:
        yield found
        found.still_answers()


def resident() -> int:
    """Bytes of memory in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# HC-01
@contextmanager
def half_heads(wire: Wire) -> Iterator[list[socket.socket]]:
    """Three hundred connections on which a request has begun."""
    with ExitStack() as open_connections:
        slow = [open_connections.enter_context(wire.connect()) for _ in range(300)]
        for sock in slow:
            sock.sendall(b"GET /api HTTP/1.1\r\nHost: 127.0.0.1\r\nX-")
        yield slow


def test_others_are_served_while_half_heads_are_waited_for() -> None:
    with wired(replace(QUICK, header_seconds=600)) as wire, half_heads(wire) as slow:
        wire.still_answers()
        assert select.select(slow, [], [], 0)[0] == []


def test_half_heads_are_closed(wire: Wire) -> None:
    with half_heads(wire) as slow:
        assert {status_of(read_all(sock)) for sock in slow} == {408}


def closed_while_dripping(sock: socket.socket, drop: bytes) -> bool:
    """Whether the server closes, or answers, a client that goes on sending a little."""
    sock.settimeout(0.1)
    for _ in range(int(HANG_SECONDS / 0.1)):
        try:
            sock.sendall(drop)
            sock.recv(100)
        except TimeoutError:
            continue
        except OSError:
            pass
        return True
    return False


def test_a_head_that_grows_byte_by_byte_is_closed_all_the_same(wire: Wire) -> None:
    with wire.connect() as sock:
        sock.sendall(b"GET /api HTTP/1.1\r\n")
        assert closed_while_dripping(sock, b"X")


def test_empty_lines_do_not_keep_a_connection_open(wire: Wire) -> None:
    with wire.connect() as sock:
        assert closed_while_dripping(sock, b"\r\n")


def test_a_silent_connection_is_closed(wire: Wire) -> None:
    with wire.connect() as sock:
        assert read_all(sock) == b""


def test_the_default_patience_is_ten_seconds() -> None:
    limits = ServerLimits()
    assert (limits.header_seconds, limits.body_seconds, limits.write_seconds) == (10, 10, 10)


# HC-02
def test_a_slow_body_is_408(wire: Wire) -> None:
    with wire.connect() as sock:
        sock.sendall(b"POST /api HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n")
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.05):
                try:
                    sock.sendall(b"x")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        answer = read_all(sock)
        stop.set()
        dripping.join()
        assert status_of(answer) == 408


# HC-03
@pytest.mark.parametrize("head", [b"Content-Length: 300000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
def test_a_huge_body_is_413_and_is_not_kept(wire: Wire, head: bytes) -> None:
    before = resident()
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with wire.connect() as sock:
        try:
            sock.sendall(b"POST /api HTTP/1.1\r\nHost: 127.0.0.1\r\n" + head)
            for _ in range(100):
                sock.sendall(chunk)
        except OSError:
            pass
        assert status_of(read_all(sock)) == 413
    assert resident() - before < 64 * 1024 * 1024


# HC-30
def test_ten_thousand_requests_in_one_go_get_ten_thousand_answers() -> None:
    with wired(ServerLimits(write_seconds=30)) as wire, wire.connect(timeout=60) as sock:
        request = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
        sender = threading.Thread(
            target=lambda: sock.sendall(
                request * 9_999 + request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
            )
        )
        sender.start()
        answers = read_all(sock)
        sender.join()
    assert answers.count(b"HTTP/1.1 404 ") == 10_000


def test_who_never_reads_the_answers_is_closed(wire: Wire) -> None:
    request = (
        b"GET " + HISTORY.replace(b"RowsPerPage=2", b"RowsPerPage=100") + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    )
    before = resident()
    with wire.connect(timeout=0.2) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        in_vain = 0
        while in_vain < HANG_SECONDS / 0.2:
            try:
                sock.sendall(request * 50)
            except TimeoutError:
                in_vain += 1
            except OSError:
                break
        assert in_vain < HANG_SECONDS / 0.2, "it is still open"
    assert resident() - before < 64 * 1024 * 1024


def test_others_are_served_during_a_flood(wire: Wire) -> None:
    request = b"GET " + HISTORY + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with wire.connect() as sock:
        flood = threading.Thread(target=lambda: sock.sendall(request * 500))
        flood.start()
        wire.still_answers()
        flood_answers = b""
        while flood_answers.count(b"HTTP/1.1 200 ") < 500:
            flood_answers += sock.recv(1 << 20)
        flood.join()


def test_one_too_many_is_told_so() -> None:
    with wired(ServerLimits(connections=3)) as wire:
        held = [wire.connect() for _ in range(3)]
        for sock in held:
            sock.sendall(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert status_of(sock.recv(1000)) == 404
        assert status_of(wire.until_closed(b"")) == 503
        for sock in held:
            sock.close()


def test_a_client_that_half_closes_is_answered(wire: Wire) -> None:
    answer = wire.until_closed(b"GET " + HISTORY + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", half_close=True)
    assert status_of(answer) == 200


def test_a_client_that_shakes_no_hands_is_closed(tmp_path: Path) -> None:
    with wired(QUICK, tls_dir=tmp_path) as wire:
        for data in (b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"):
            wire.until_closed(data)
        assert all(line.isprintable() for line in wire.logged)
