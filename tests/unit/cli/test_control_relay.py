"""Changes that reach several processes: who may make them, and what is said when a worker fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from harness.cli.control_relay import ControlRelay
from harness.serve.control.routes import NOW_HEADER, serve_control
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.world import BUSY_HOUR

TOKEN = "a-long-enough-token"


class Worker:
    """A worker that remembers what it was asked."""

    def __init__(self, http_status: int = 200, body: object = None) -> None:
        self.asked: list[HttpRequest] = []
        self.http_status = http_status
        self.body = json.dumps({} if body is None else body).encode()

    def refuse(self, request: HttpRequest) -> HttpResponse | None:
        return None

    def respond(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        headers = (("Content-Type", "application/json"),)
        return HttpResponse(http_status=self.http_status, headers=headers, body=self.body)


@pytest.fixture
def relayed() -> Iterator[Callable[..., ControlRelay]]:
    with ExitStack() as stack:

        def make(*workers: Worker | str) -> ControlRelay:
            urls = [one if isinstance(one, str) else stack.enter_context(serve_control(one)) for one in workers]
            relay = ControlRelay(urls, token=TOKEN, wall_clock=lambda: BUSY_HOUR)
            stack.callback(relay.close)
            return relay

        yield make


def request(method: str, path: str = "/world", *headers: tuple[str, str], body: bytes = b"{}") -> HttpRequest:
    named = (("authorization", f"Bearer {TOKEN}"), *headers)
    return HttpRequest(method=method, target=path.encode(), headers=named, body=body)


def test_a_change_goes_to_every_worker_with_one_time_and_the_same_headers(
    relayed: Callable[..., ControlRelay],
) -> None:
    workers = (Worker(), Worker())
    told = ("callharness-world", "one")
    assert relayed(*workers).respond(request("PUT", "/world", told, body=b'{"calls":3}')).http_status == 200
    for worker in workers:
        (asked,) = worker.asked
        assert (asked.method, asked.target, asked.body) == ("PUT", b"/world", b'{"calls":3}')
        assert asked.header("callharness-world") == "one"
        assert asked.header(NOW_HEADER) == BUSY_HOUR.isoformat()


def test_a_question_goes_to_one_worker(relayed: Callable[..., ControlRelay]) -> None:
    workers = (Worker(), Worker())
    relayed(*workers).respond(request("GET", "/state", body=b""))
    assert [len(worker.asked) for worker in workers] == [1, 0]


def test_the_logs_of_all_workers_are_one_in_the_order_of_time(relayed: Callable[..., ControlRelay]) -> None:
    first = Worker(body={"requests": [{"at": "2026-03-02T10:00:02", "number": 1}]})
    second = Worker(
        body={"requests": [{"at": at, "number": 1} for at in ("2026-03-02T10:00:01", "2026-03-02T10:00:03")]}
    )
    answer = relayed(first, second).respond(request("GET", "/requests", body=b""))
    assert [entry["worker"] for entry in json.loads(answer.body)["requests"]] == [2, 1, 2]


def test_what_all_workers_refuse_is_refused(relayed: Callable[..., ControlRelay]) -> None:
    assert relayed(Worker(400), Worker(400)).respond(request("PUT")).http_status == 400


def test_what_some_workers_could_not_do_is_no_success(relayed: Callable[..., ControlRelay]) -> None:
    assert relayed(Worker(), Worker(500)).respond(request("PUT")).http_status == 500
    assert relayed(Worker(), "http://127.0.0.1:1").respond(request("PUT")).http_status == 503


@pytest.mark.parametrize(
    ("headers", "http_status"),
    [
        ((), 401),
        ((("authorization", "Bearer another-long-token"),), 401),
        ((("authorization", f"Bearer {TOKEN}"), ("origin", "http://evil.example")), 403),
    ],
    ids=["no token", "a wrong token", "a page of a browser"],
)
def test_nothing_reaches_a_worker_from_a_stranger(
    relayed: Callable[..., ControlRelay], headers: tuple[tuple[str, str], ...], http_status: int
) -> None:
    worker = Worker()
    asked = HttpRequest(method="PUT", target=b"/world", headers=headers, body=b"{}")
    assert relayed(worker).respond(asked).http_status == http_status
    assert worker.asked == []
