"""Waiting for a target that starts later than the check."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from harness.cli.console import Console

if TYPE_CHECKING:
    from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 5.0
# What a port without a server behind it does, or one whose server is not up yet.
_NOT_YET: Final = ("connect", "timeout", "reset", "truncated")
# What a proxy says for a server that is not up yet.
_NOT_YET_STATUSES: Final = (502, 503, 504)


def wait_for_target(
    console: Console,
    send: Callable[..., HttpResponse | NoResponse],
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Ask for `/` until the target answers anything at all over HTTP, for so long at most; whether it did.

    An answer of a proxy that its server is not there does not count. What cannot get better by waiting, such as a
    certificate that is not trusted, ends the waiting: the run tells what is wrong.
    """
    from harness.wire.http_messages import HttpRequest

    request: HttpRequest = HttpRequest(method="GET", target=b"/")
    began = clock()
    pause, waited = FIRST_PAUSE_SECONDS, False
    while True:
        left = seconds - (clock() - began)
        answer = send(request, deadline_seconds=min(ANSWER_SECONDS, max(left, FIRST_PAUSE_SECONDS)))
        if not _is_not_yet(answer):
            if waited:
                console.write_message(f"callharness: the target answers after {clock() - began:.1f} s")
            return True
        left = seconds - (clock() - began)
        if left <= 0:
            console.write_message(f"callharness: the target does not answer, after {seconds:g} s of waiting")
            return False
        sleep(min(pause, left))
        pause, waited = min(2 * pause, LONGEST_PAUSE_SECONDS), True


def _is_not_yet(answer: HttpResponse | NoResponse) -> bool:
    reason = getattr(answer, "reason", None)
    if isinstance(reason, str):
        return reason.partition(":")[0] in _NOT_YET
    return answer.http_status in _NOT_YET_STATUSES
