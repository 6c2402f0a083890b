"""The request budget: how many requests, how long, how fast, and waiting when the target asks for it."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final, Protocol, final

from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse

RUN_SECONDS_AT_MOST: Final = 1800.0
"""Half an hour: a run for which nobody says how long it may take ends then, whatever the target does."""
_TOO_MANY_REQUESTS: Final = 429
# What is waited when the server asks to wait and does not say how long.
_DEFAULT_RETRY_SECONDS: Final = 1.0


class BudgetLimit(StrEnum):
    """Which part of a budget is used up."""

    REQUESTS = "requests"
    SECONDS = "seconds"


@final
class Budget:
    """The budget of a run: requests, seconds, and requests a second; shared by its threads.

    Time is spent from the first request on. `None` means unlimited. `backstop_seconds` end a run to which nobody gave
    a time: no rule plans by them.
    """

    def __init__(
        self,
        *,
        max_requests: int | None = None,
        max_seconds: float | None = None,
        per_second: float | None = None,
        backstop_seconds: float = math.inf,
        burst: int = 1,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        for name, value in (("max_requests", max_requests), ("max_seconds", max_seconds)):
            if value is not None and value < 0:
                raise ValueError(f"{name} must not be negative, it is {value}")
        if per_second is not None and not 0 < per_second < math.inf:
            raise ValueError(f"per_second must be positive, it is {per_second}")
        if burst < 1:
            raise ValueError(f"burst must be at least 1, it is {burst}")
        self._max_requests = max_requests
        self._max_seconds = max_seconds
        self._per_second = per_second
        self._backstop_seconds = backstop_seconds
        self._burst = burst
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._requests = 0
        self._started_at: float | None = None
        self._tokens = float(burst)
        self._filled_at = 0.0
        self._paused_until = -math.inf

    @property
    def requests(self) -> int:
        """The number of requests granted so far."""
        return self._requests

    @property
    def seconds(self) -> float:
        """The seconds since the first request was granted; 0 before it."""
        return 0.0 if self._started_at is None else self._clock() - self._started_at

    @property
    def exhausted(self) -> BudgetLimit | None:
        """The limit that is used up, or None while another request may be sent."""
        with self._lock:
            return self._exhausted_after(0.0)

    def remaining_seconds(self) -> float | None:
        """The seconds left, or None without a limit."""
        return None if self._max_seconds is None else max(0.0, self._max_seconds - self.seconds)

    def remaining_requests(self) -> int | None:
        """The requests left, or None without a limit."""
        return None if self._max_requests is None else max(0, self._max_requests - self._requests)

    def acquire(self) -> BudgetLimit | None:
        """Wait until one request may be sent and count it; or return the limit that is used up, at once."""
        while True:
            with self._lock:
                now = self._clock()
                wait = max(self._wait_for_token(now), self._paused_until - now)
                exhausted = self._exhausted_after(max(0.0, wait))
                if exhausted is not None:
                    return exhausted
                if wait <= 0:
                    self._tokens -= 1
                    self._requests += 1
                    self._started_at = now if self._started_at is None else self._started_at
                    return None
            self._sleep(wait)

    def add_requests(self, requests: int) -> None:
        """Raise the limit by a number of requests."""
        with self._lock:
            if self._max_requests is not None:
                self._max_requests += requests

    def pause(self, seconds: float) -> None:
        """Grant nothing for some seconds: the target asked for it, and it means all threads of the run."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _wait_for_token(self, now: float) -> float:
        if self._per_second is None:
            self._tokens = float(self._burst)
            return 0.0
        if self._started_at is not None:
            gained = (now - self._filled_at) * self._per_second
            self._tokens = min(float(self._burst), self._tokens + gained)
        self._filled_at = now
        # Rounding must not ask for a wait that no clock can see.
        return 0.0 if self._tokens >= 1 - 1e-9 else (1 - self._tokens) / self._per_second

    def _exhausted_after(self, wait: float) -> BudgetLimit | None:
        if self._max_requests is not None and self._requests >= self._max_requests:
            return BudgetLimit.REQUESTS
        if self._max_seconds is not None and (self.seconds + wait > self._max_seconds or (self._max_seconds == 0)):
            return BudgetLimit.SECONDS
        if self._max_seconds is None and self.seconds + wait > self._backstop_seconds:
            return BudgetLimit.SECONDS
        return None


class Sender(Protocol):
    """Anything that sends a request and returns its response: an `HttpClient`, or a stand-in for one."""

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse | NoResponse:
        """The response to a request, or why there is none; never raises for what the target does."""
        ...


@final
class RateLimitedClient:
    """A sender that keeps to a budget and waits when the target says 429.

    It waits as long as `Retry-After` asks, for one request at most `patience_seconds` in total and
    `max_retries` times; asked for more, it does not wait and the 429 is the answer. With the budget used up
    nothing is sent, and the answer is a `NoResponse` with the reason `budget:requests` or `budget:seconds`.
    """

    def __init__(
        self, sender: Sender, budget: Budget, *, patience_seconds: float = 10.0, max_retries: int = 3
    ) -> None:
        if patience_seconds < 0 or max_retries < 0:
            raise ValueError("patience_seconds and max_retries must not be negative")
        self.budget: Final = budget
        self._sender = sender
        self._patience = patience_seconds
        self._max_retries = max_retries

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse | NoResponse:
        """The answer to the request, after as much waiting as the budget and the patience allow."""
        patience = self._patience
        refused: HttpResponse | None = None
        for _ in range(self._max_retries + 1):
            exhausted = self.budget.acquire()
            if exhausted is not None:
                return refused or NoResponse(
                    reason=f"budget:{exhausted}", text=f"not sent: the budget of {exhausted} is used up"
                )
            deadline = self._effective_deadline(deadline_seconds)
            answer = self._sender.send(request, deadline_seconds=deadline)
            if isinstance(answer, NoResponse) and answer.reason.startswith("timeout") and self._time_is_up():
                # What was left of the budget is no time to answer in: the target is not to blame.
                late = f"not finished within what was left of the budget of {BudgetLimit.SECONDS}"
                return refused or NoResponse(reason=f"budget:{BudgetLimit.SECONDS}", text=late)
            if not isinstance(answer, HttpResponse) or answer.http_status != _TOO_MANY_REQUESTS:
                return answer
            refused = answer
            wait = retry_after_seconds(answer)
            if wait is None:
                wait = _DEFAULT_RETRY_SECONDS
            if wait > patience:
                break
            patience -= wait
            self.budget.pause(wait)
        assert refused is not None
        return refused

    def wait_until_age(self, seconds: float) -> None:
        """Sends nothing before that many seconds after the first request, where the budget has time for it."""
        left = self.budget.remaining_seconds()
        wait = seconds - self.budget.seconds
        if wait > 0 and (left is None or left > 4 * wait):
            self.budget.pause(wait)

    def wait_seconds(self, seconds: float) -> None:
        """Sends nothing for so many seconds, where the budget has time for that and for a request after it."""
        left = self.budget.remaining_seconds()
        if seconds > 0 and (left is None or left > seconds + _DEFAULT_RETRY_SECONDS):
            self.budget.pause(seconds)

    def _time_is_up(self) -> bool:
        left = self.budget.remaining_seconds()
        return left is not None and left <= 0

    def _effective_deadline(self, deadline_seconds: float | None) -> float | None:
        left = self.budget.remaining_seconds()
        if left is None:
            return deadline_seconds
        return left if deadline_seconds is None else min(left, deadline_seconds)


def retry_after_seconds(response: HttpResponse) -> float | None:
    """The seconds that a response asks us to wait; None when it does not say, or says nothing usable.

    A date counts from the response's own `Date`, so that the clocks of both ends need not agree.
    """
    value = (response.header("retry-after") or "").strip()
    if re.fullmatch(r"[0-9]+", value, re.ASCII):
        return float(value) if len(value) <= 15 else math.inf
    try:
        until = parsedate_to_datetime(value)
        since = parsedate_to_datetime(response.header("date") or "")
        return max(0.0, (until - since).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
