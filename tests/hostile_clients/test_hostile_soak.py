"""Very many requests: memory stays flat, the log is bounded; and guessing tells nothing by time."""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path

import pytest
from wires import HISTORY, wired

from harness.serve.control.request_log import RequestLog
from harness.serve.http.limits import ServerLimits


def resident() -> int:
    """Bytes of memory in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


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


# HC-27
@pytest.mark.parametrize("name", ["authentication.py", "control/routes.py"])
def test_secrets_are_compared_in_constant_time(name: str) -> None:
    source = Path(sys.modules["harness"].__file__ or "").parent / "serve" / name
    tree = ast.parse(source.read_text(encoding="utf-8"))
    calls = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and hasattr(node.func, "attr")}
    assert "compare_digest" in calls
