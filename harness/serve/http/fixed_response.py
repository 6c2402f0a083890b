"""A server that gives one answer to whatever it is asked: for clients that must cope with exactly this answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.serve.http.certificates import LOOPBACK_NAMES
from harness.serve.http.connection import ConnectionManager
from harness.serve.http.limits import DEFAULT_LIMITS
from harness.serve.http.options import LogWriter
from harness.serve.http.server import HttpServer, open_listening_socket
from harness.wire.http_messages import HttpRequest, HttpResponse

LOOPBACK_ADDRESS = "127.0.0.1"


@contextmanager
def serve_fixed_response(
    response: HttpResponse,
    *,
    port: int = 0,
    on_request: Callable[[HttpRequest], None],
    log: LogWriter | None = None,
) -> Iterator[str]:
    """Within, every request to the URL that is given gets this answer; port 0 picks a free one.

    `on_request` hears of each request, on the server's thread. Raises UsageProblem for a port that cannot be had.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        on_request(request)
        return response

    manager = ConnectionManager(answer, limits=DEFAULT_LIMITS, hosts=frozenset(LOOPBACK_NAMES), log=log)
    server = HttpServer(manager, open_listening_socket(LOOPBACK_ADDRESS, port), log=log)
    thread = threading.Thread(target=server.run, name="callharness-fixed-response", daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK_ADDRESS}:{server.port}"
    finally:
        server.stop()
        thread.join(timeout=10)
