"""Budgets and manners, under a clock that only sleeping moves."""

from __future__ import annotations

import math
import threading

import pytest

from harness.check.client.budget import Budget, BudgetLimit, RateLimitedClient, retry_after_seconds
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse

GET = HttpRequest(method="GET", target=b"/")
OK = HttpResponse(http_status=200)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Script:
    """A sender with its answers written beforehand; the last one is repeated."""

    def __init__(self, *answers: HttpResponse | NoResponse) -> None:
        self.answers = list(answers)
        self.sent = 0

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse | NoResponse:
        self.sent += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def busy(retry_after: str | None = None, date: str | None = None) -> HttpResponse:
    headers = (("Retry-After", retry_after),) if retry_after is not None else ()
    return HttpResponse(http_status=429, headers=(*headers, *((("Date", date),) if date else ())))


def test_requests_run_out() -> None:
    budget = Budget(max_requests=2)
    assert [budget.acquire(), budget.acquire(), budget.acquire()] == [None, None, BudgetLimit.REQUESTS]
    assert budget.requests == 2
    assert budget.exhausted is BudgetLimit.REQUESTS


def test_seconds_run_out() -> None:
    clock = Clock()
    budget = Budget(max_seconds=5, clock=clock, sleep=clock.sleep)
    assert budget.acquire() is None
    clock.now += 6
    assert budget.acquire() is BudgetLimit.SECONDS


def test_the_rate_is_kept_by_waiting() -> None:
    clock = Clock()
    budget = Budget(per_second=4, clock=clock, sleep=clock.sleep)
    for _ in range(9):
        budget.acquire()
    assert clock.now - 100 == pytest.approx(2.0)


def test_a_burst_goes_out_at_once() -> None:
    clock = Clock()
    budget = Budget(per_second=1, burst=3, clock=clock, sleep=clock.sleep)
    for _ in range(3):
        budget.acquire()
    assert clock.slept == []
    budget.acquire()
    assert sum(clock.slept) == pytest.approx(1.0)


def test_a_wait_beyond_the_budget_is_not_begun() -> None:
    clock = Clock()
    budget = Budget(per_second=0.01, max_seconds=10, clock=clock, sleep=clock.sleep)
    assert budget.acquire() is None
    assert budget.acquire() is BudgetLimit.SECONDS
    assert clock.slept == []


def test_threads_cannot_take_more_than_there_is() -> None:
    budget = Budget(max_requests=50)
    granted: list[bool] = []
    threads = [
        threading.Thread(target=lambda: granted.extend(budget.acquire() is None for _ in range(20))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) == 50


def client(script: Script, clock: Clock, **budget: int) -> RateLimitedClient:
    return RateLimitedClient(script, Budget(clock=clock, sleep=clock.sleep, **budget))


def test_retry_after_is_honoured() -> None:
    clock, script = Clock(), Script(busy("3"), OK)
    assert client(script, clock).send(GET) is OK
    assert clock.slept == [3.0]


@pytest.mark.parametrize("asked", ["1000000000", "9" * 5000, "11"])
def test_more_than_the_patience_is_not_waited_and_the_refusal_is_the_answer(asked: str) -> None:
    clock, script = Clock(), Script(busy(asked))
    answer = client(script, clock).send(GET)
    assert isinstance(answer, HttpResponse)
    assert answer.http_status == 429
    assert (clock.slept, script.sent) == ([], 1)


@pytest.mark.parametrize("asked", ["0", "-5", "soon", "", None, "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_server_that_always_refuses_is_asked_a_bounded_number_of_times(asked: str | None) -> None:
    clock, script = Clock(), Script(busy(asked))
    answer = client(script, clock).send(GET)
    assert isinstance(answer, HttpResponse)
    assert script.sent == 4
    assert sum(clock.slept) <= 10


def test_a_run_that_must_grow_old_waits_for_the_rest_only() -> None:
    clock = Clock()
    mannerly = client(Script(OK), clock)
    mannerly.send(GET)
    clock.now += 1.0
    mannerly.wait_until_age(1.5)
    mannerly.send(GET)
    assert clock.slept == [0.5]


def test_a_run_without_time_to_spare_does_not_wait_to_grow_old() -> None:
    clock = Clock()
    mannerly = client(Script(OK), clock, max_seconds=2)
    mannerly.send(GET)
    mannerly.wait_until_age(1.5)
    mannerly.send(GET)
    assert clock.slept == []


def test_a_wait_between_polls_needs_time_for_a_poll_after_it() -> None:
    clock = Clock()
    mannerly = client(Script(OK), clock, max_seconds=5)
    mannerly.send(GET)
    for seconds in (3.0, 1.5):
        mannerly.wait_seconds(seconds)
        mannerly.send(GET)
    assert clock.slept == [3.0]


def test_a_used_up_budget_sends_nothing_and_says_so() -> None:
    clock, script = Clock(), Script(OK)
    mannerly = client(script, clock, max_requests=1)
    assert mannerly.send(GET) is OK
    answer = mannerly.send(GET)
    assert isinstance(answer, NoResponse)
    assert answer.reason == "budget:requests"
    assert script.sent == 1


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        ("7", None, 7.0),
        ("Fri, 20 Nov 2026 10:00:30 GMT", "Fri, 20 Nov 2026 10:00:00 GMT", 30.0),
        ("Fri, 20 Nov 2026 09:00:00 GMT", "Fri, 20 Nov 2026 10:00:00 GMT", 0.0),
        ("Fri, 20 Nov 2026 09:00:00 GMT", None, None),
        ("1e3", None, None),
        ("٣", None, None),
        ("9" * 400, None, math.inf),
    ],
)
def test_retry_after_is_read(retry_after: str, date: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(busy(retry_after, date)) == seconds
