"""Two `serve` behind a load balancer: a walk that either of them may go on with is the walk over one."""

from __future__ import annotations

import http.client
import itertools
import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from serving_process import serving

HISTORY, LOGS = "ozeki/list-call-history", "etelecom/list-call-logs"
HAPROXY = """
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
frontend calls
  bind 127.0.0.1:{port}
  default_backend replicas
backend replicas
  balance roundrobin
{servers}
"""


@contextmanager
def balanced(ports: Sequence[int], folder: Path) -> Iterator[int]:
    """The port of HAProxy where it is installed, else of a forwarder, which gives each connection to the next one."""
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    with _haproxy(program, ports, folder) if program else _forwarder(ports) as port:
        yield port


@contextmanager
def _haproxy(program: str, ports: Sequence[int], folder: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    servers = "\n".join(f"  server replica{port} 127.0.0.1:{port}" for port in ports)
    file = folder / "haproxy.cfg"
    file.write_text(HAPROXY.format(port=port, servers=servers))
    process = subprocess.Popen([program, "-f", str(file), "-db", "-q"])
    try:
        while process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
        yield port
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def _forwarder(ports: Sequence[int]) -> Iterator[int]:
    turns = itertools.cycle(ports)

    def pass_on(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    with socket.create_server(("127.0.0.1", 0)) as listening, ExitStack() as stack:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    server = socket.create_connection(("127.0.0.1", next(turns)))
                    for end in (client, server):
                        stack.callback(end.close)
                    for pair in ((client, server), (server, client)):
                        threading.Thread(target=pass_on, args=pair, daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def ask(port: int, target: str, body: object = None, **headers: str) -> bytes:
    """One request on a connection of its own, to whoever has its turn."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    method = "GET" if body is None else "POST"
    connection.request(method, target, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    data = response.read()
    assert response.status == 200, data
    connection.close()
    return data


def pages(port: int) -> list[bytes]:
    """The history, page by page."""
    target = "/api?command=ListCallHistory&Username=HTTP_User_1&Password=qwe123&RowsPerPage=8&PageNumber="
    found = [ask(port, f"{target}{number}") for number in range(8)]
    assert b"".join(found).count(b"<CallId>") == 60
    return found


def walked(port: int) -> list[bytes]:
    """The log from cursor to cursor."""
    found: list[bytes] = []
    after = ""
    while True:
        body = {"paging": {"limit": 9, "after": after}}
        headers = {"Authorization": "Bearer callharness-token", "Content-Type": "application/json"}
        found.append(ask(port, "/v1/shop.Etelecom/ListCallLogs", body, **headers))
        page = json.loads(found[-1])
        if not page["call_logs"] or not page["paging"]["next"]:
            break
        after = page["paging"]["next"]
    seen = [log["id"] for page in found for log in json.loads(page)["call_logs"]]
    assert len(seen) == len(set(seen)) > 20
    return found


def test_a_walk_through_a_load_balancer_is_the_walk_over_one(tmp_path: Path) -> None:
    apis = (HISTORY, LOGS)
    clock = ("--clock", "frozen=2026-03-02T12:00:00Z")
    with serving(*clock, apis=apis) as one, serving(*clock, apis=apis) as other:
        ports = [urlsplit(running.urls[HISTORY]).port or 0 for running in (one, other)]
        with balanced(ports, tmp_path) as port:
            assert pages(port) == pages(ports[0])
            assert walked(port) == walked(ports[1])
