"""Raw sockets against one small simulator: what comes back for bytes, and whole answers.

No test here looks at a clock: what never comes, within a minute, is a hang.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from harness.serve.http.limits import ServerLimits
from harness.serve.http.options import ServerOptions
from harness.serve.http.server import RunningServer, serve_in_thread
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec, spec_ids
from harness.world import World

HISTORY = b"/api?command=ListCallHistory&RowsPerPage=2&Username=HTTP_User_1&Password=qwe123"
HANG_SECONDS = 60.0
QUICK = ServerLimits(
    header_seconds=0.6, body_seconds=0.6, idle_seconds=2.0, write_seconds=0.6, linger_seconds=0.3, connections=700
)
# For clients that are not slow themselves: what a busy machine does to them must not look like slowness.
CALM = replace(QUICK, header_seconds=HANG_SECONDS, body_seconds=HANG_SECONDS, write_seconds=HANG_SECONDS)


@dataclass
class Wire:
    """A running server, what it logged, and ways to talk to it."""

    server: RunningServer
    logged: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.server.port

    def connect(self, *, timeout: float = HANG_SECONDS) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def until_closed(self, data: bytes, *, half_close: bool = False) -> bytes:
        """Everything that comes for some bytes, until the server closes."""
        with self.connect() as sock:
            try:
                sock.sendall(data)
                if half_close:
                    sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            return read_all(sock)

    def get(self, target: bytes = HISTORY, *headers: bytes) -> tuple[int, bytes]:
        """Status and body of one well-formed request."""
        head = b"GET " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        answer = self.until_closed(head + b"".join(line + b"\r\n" for line in headers) + b"\r\n")
        return status_of(answer), answer.partition(b"\r\n\r\n")[2]

    def post(self, target: bytes, body: bytes, *headers: bytes) -> tuple[int, bytes]:
        """Status and body of one well-formed request with a body."""
        head = b"POST " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        head += b"Content-Length: %d\r\n" % len(body)
        answer = self.until_closed(head + b"".join(line + b"\r\n" for line in headers) + b"\r\n" + body)
        return status_of(answer), answer.partition(b"\r\n\r\n")[2]

    def still_answers(self) -> None:
        """The server gives a right answer."""
        status, body = self.get()
        assert status == 200
        assert b"<TotalRecords>300</TotalRecords>" in body


def read_all(sock: socket.socket) -> bytes:
    parts = []
    try:
        while part := sock.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def status_of(answer: bytes) -> int:
    """The status of the first answer; 0 for none."""
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


@contextmanager
def wired(limits: ServerLimits = QUICK, **options: Any) -> Iterator[Wire]:
    """All shipped APIs over a world of 300 calls."""
    world = World.of(seed=1, calls=300)
    logged: list[str] = []
    with serve_in_thread(
        [Simulator(load_spec(name), world) for name in spec_ids()],
        ServerOptions(limits=limits, log=logged.append, **options),
    ) as server:
        yield Wire(server, logged)
