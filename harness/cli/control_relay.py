"""The control API of several processes on one port: every change reaches all of them before it is confirmed."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final
from urllib.parse import urlsplit

from harness.serve.control.routes import NOW_HEADER, refuse_stranger
from harness.serve.http.connection import plain_response
from harness.wire.http_messages import HttpRequest, HttpResponse

# A change may make a world of millions of calls.
_WORKER_SECONDS: Final = 300.0
_LOG_PATH: Final = b"/requests"


@final
@dataclass(eq=False)
class WorkerGone(Exception):
    """A worker that did not answer, and why."""

    url: str
    why: str


@final
class ControlRelay:
    """Passes requests of the control API on to that of each worker, one change after the other.

    The workers hold the same state and are told the same time, so they come to the same result. Until a change is
    confirmed some of them may have made it and others not.
    """

    def __init__(self, workers: Sequence[str], *, token: str, wall_clock: Callable[[], datetime]) -> None:
        """`workers` are the URLs of their control APIs, which take the same token."""
        self._workers = tuple(workers)
        self._token = token.encode()
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=len(self._workers), thread_name_prefix="callharness-relay")

    def refuse(self, request: HttpRequest) -> HttpResponse | None:
        """The refusal of who may not ask, told from the head of a request alone."""
        return refuse_stranger(request, self._token)

    def respond(self, request: HttpRequest) -> HttpResponse:
        """The answer to a request; never raises."""
        refused = self.refuse(request)
        if refused is not None:
            return refused
        now = self._wall_clock().isoformat()
        reads_log = request.path.endswith(_LOG_PATH) and request.method == "GET"
        try:
            with self._lock:
                if request.method == "GET" and not reads_log:
                    return self._send(self._workers[0], request, now)
                answers = list(self._pool.map(lambda worker: self._send(worker, request, now), self._workers))
        except WorkerGone as problem:
            return plain_response(503, f"a worker has ended, and the change may be half made: {problem.why}")
        failed = next((answer for answer in answers if answer.http_status != 200), None)
        if failed is not None and any(answer.http_status == 200 for answer in answers):
            return plain_response(500, "some workers made the change and others could not: start anew")
        if failed is not None:
            return failed
        return _merge_logs(answers) if reads_log else answers[0]

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _send(self, worker: str, request: HttpRequest, now: str) -> HttpResponse:
        address = urlsplit(worker)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_WORKER_SECONDS)
        names = ("host", "content-length", "transfer-encoding", "connection", NOW_HEADER)
        headers = {name: value for name, value in request.headers if name.lower() not in names}
        try:
            target = request.target.decode("ascii")
            connection.request(request.method, target, request.body or None, {**headers, NOW_HEADER: now})
            answer = connection.getresponse()
            kept = tuple((name, value) for name, value in answer.getheaders() if name in ("content-type", "allow"))
            return HttpResponse(http_status=answer.status, headers=kept, body=answer.read())
        except (OSError, http.client.HTTPException) as problem:
            raise WorkerGone(worker, str(problem) or type(problem).__name__) from problem
        finally:
            connection.close()


def _merge_logs(answers: Sequence[HttpResponse]) -> HttpResponse:
    """The log entries of all workers in the order of time, each with the place of its worker."""
    entries = [
        {**entry, "worker": place}
        for place, answer in enumerate(answers, 1)
        for entry in json.loads(answer.body)["requests"]
    ]
    entries.sort(key=lambda entry: (entry["at"], entry["worker"], entry["number"]))
    body = json.dumps({"requests": entries}, ensure_ascii=True, indent=1).encode() + b"\n"
    return HttpResponse(http_status=200, headers=answers[0].headers, body=body)
