"""Waiting for a target: until it answers, no longer than asked, and not for what waiting does not mend."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from harness.check.client.http_client import HttpClient
from harness.cli.console import Console
from harness.cli.target_wait import wait_for_target
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse

REFUSED = NoResponse(reason="connect", text="refused")
ANSWER = HttpResponse(http_status=404)


class Clock:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def waited(*answers: HttpResponse | NoResponse, seconds: float = 3.0) -> tuple[bool, Clock, int]:
    clock, left, sent = Clock(), list(answers), 0

    def send(request: HttpRequest, *, deadline_seconds: float) -> HttpResponse | NoResponse:
        nonlocal sent
        sent += 1
        return left.pop(0) if len(left) > 1 else left[0]

    found = wait_for_target(Console(), send, seconds=seconds, clock=clock, sleep=clock.sleep)
    return found, clock, sent


def test_a_target_that_is_up_is_asked_once() -> None:
    found, clock, sent = waited(ANSWER)
    assert (found, clock.slept, sent) == (True, [], 1)


@pytest.mark.parametrize(
    "not_yet", [REFUSED, NoResponse(reason="timeout:connect", text=""), HttpResponse(http_status=503)], ids=str
)
def test_what_is_not_up_yet_is_asked_again(not_yet: HttpResponse | NoResponse) -> None:
    found, clock, sent = waited(not_yet, not_yet, ANSWER)
    assert (found, clock.slept, sent) == (True, [0.1, 0.2], 3)


def test_waiting_ends_when_the_time_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    found, clock, _ = waited(REFUSED)
    assert (found, round(clock.now, 6)) == (False, 3.0)
    assert capsys.readouterr().err == "callharness: the target does not answer, after 3 s of waiting\n"


def test_a_certificate_that_is_not_trusted_is_not_waited_for() -> None:
    assert waited(NoResponse(reason="tls", text="not trusted"))[2] == 1


@pytest.fixture
def late_port() -> Iterator[tuple[int, ExitStack]]:
    """A port of the loopback that nobody listens on yet, and what stops who will."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with ExitStack() as stack:
        yield port, stack


def test_a_server_that_starts_while_it_is_waited_for_is_found(late_port: tuple[int, ExitStack]) -> None:
    from harness import serve

    port, stack = late_port
    clock = Clock()

    def start_server(seconds: float) -> None:
        clock.sleep(seconds)
        if len(clock.slept) == 2:
            stack.enter_context(serve("ozeki/list-call-history", calls=20, port=port))

    with HttpClient(f"http://127.0.0.1:{port}") as client:
        assert wait_for_target(Console(), client.send, seconds=60.0, clock=clock, sleep=start_server)
    assert len(clock.slept) == 2
