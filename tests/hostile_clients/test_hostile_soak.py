"""Very many requests: memory stays flat, the log is bounded; and guessing tells nothing by time."""

from __future__ import annotations

import ast
import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from serving_process import API, QUERY, serving
from wires import HISTORY, read_all, wired

from harness.serve.control.request_log import RequestLog
from harness.serve.http.limits import ServerLimits


def resident(process: int | str = "self") -> int:
    """Bytes of memory that a process uses."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def soak(requests: int) -> None:
    log = RequestLog(size=100)
    with (
        wired(ServerLimits(write_seconds=30), on_exchange=log.record_exchange) as wire,
        wire.connect(timeout=60) as sock,
    ):
        batch = b"".join(
            b"GET " + HISTORY + b"&CallId=%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % number for number in range(50)
        )

        def ask(times: int) -> None:
            for _ in range(times):
                sock.sendall(batch)
                seen = 0
                tail = b""
                while seen < 50:
                    data = sock.recv(1 << 18)
                    assert data
                    seen += (tail + data).count(b"HTTP/1.1 200 OK") - tail.count(b"HTTP/1.1 200 OK")
                    tail = data[-14:]

        ask(requests // 500)
        before = resident()
        ask(requests // 50)
        assert resident() - before < max(before // 10, 16 * 1024 * 1024)
        assert len(log.last_entries(1_000_000)) == 100
        wire.still_answers()


# HC-25
def test_memory_stays_flat_over_many_requests() -> None:
    soak(5_000)


@pytest.mark.thorough
def test_memory_stays_flat_over_a_million_requests() -> None:
    soak(1_000_000)


def open_files(process: int) -> int:
    return len(os.listdir(f"/proc/{process}/fd"))


def threads_of(process: int) -> int:
    return len(os.listdir(f"/proc/{process}/task"))


def load_once(port: int, first: int, count: int) -> int:
    """A client that asks `count` different things, misbehaves in between, and leaves; how many answers it got."""
    answers = 0
    for number in range(first, first + count, 50):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
            for each in range(number, number + 50):
                target = QUERY.encode() + b"&RowsPerPage=%d&CallId=%d" % (each % 100 + 1, each % 3 and each)
                closing = b"Connection: close\r\n" if each == number + 49 else b""
                sock.sendall(
                    b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\nX-Number: %d\r\n" % each + closing + b"\r\n"
                )
            answers += read_all(sock).count(b"HTTP/1.1 200 OK")
        for misbehaved in (
            b"\x16\x03\x01",
            b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n",
            b"POST / HTTP/1.1\r\nHost: localhost\r\n",
        ):
            with socket.create_connection(("127.0.0.1", port), timeout=60) as sock, suppress(OSError):
                sock.sendall(misbehaved)
    return answers


def soak_under_full_load(requests: int, *, clients: int = 8) -> None:
    with serving("--control", calls=2000) as running, ThreadPoolExecutor(clients) as pool:
        process = running.process.pid
        port = urlsplit(running.urls[API]).port
        assert port is not None
        assert running.process.stderr is not None
        # Nobody may wait for somebody to read its log.
        drained = pool.submit(running.process.stderr.read)

        def load(first: int, count: int) -> None:
            each = count // (clients - 1)
            got = pool.map(lambda place: load_once(port, first + place * each, each), range(clients - 1))
            assert sum(got) == each * (clients - 1)

        try:
            share = requests // 3 // (50 * (clients - 1)) * 50 * (clients - 1)
            load(0, share)
            before, threads = resident(process), threads_of(process)
            load(share, 2 * share)
            assert resident(process) - before < max(before // 10, 16 * 1024 * 1024)
            assert threads_of(process) <= threads
            # Beside the server's own: what each client has just left, and is being closed.
            assert open_files(process) < 40 + 4 * clients
        finally:
            # Who reads its log waits for its end.
            running.process.terminate()
        assert "Traceback" not in drained.result(timeout=60)


def test_hd_22_memory_files_and_threads_stay_flat_under_load() -> None:
    soak_under_full_load(6_300)


@pytest.mark.thorough
def test_hd_22_memory_files_and_threads_stay_flat_under_full_load_for_long() -> None:
    soak_under_full_load(210_000, clients=31)


# HC-27
@pytest.mark.parametrize("name", ["authentication.py", "control/routes.py"])
def test_secrets_are_compared_in_constant_time(name: str) -> None:
    source = Path(sys.modules["harness"].__file__ or "").parent / "serve" / name
    tree = ast.parse(source.read_text(encoding="utf-8"))
    calls = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and hasattr(node.func, "attr")}
    assert "compare_digest" in calls
