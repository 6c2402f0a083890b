"""An answer that must be right: what is wrong is told when it comes twice, and not when it comes once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from judged_lists import session_of

from harness.check.context import Exchange
from harness.check.probe.error_responses import judge_twice
from harness.check.results.findings import Verdict
from harness.specification.model import ClauseId
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import ListRequest

ROWS = (ClauseId("ROWS"),)


class Server:
    """Answers with these numbers of rows in turn."""

    def __init__(self, *numbers: int) -> None:
        self.numbers: Iterator[int] = iter(numbers)

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse:
        rows = ", ".join(f'{{"id": {number}}}' for number in range(next(self.numbers)))
        return HttpResponse(http_status=200, body=f'{{"code": 0, "calls": [{rows}], "total": 0}}'.encode())


def too_many(exchange: Exchange) -> str:
    return f"{len(exchange.listed)} rows" if len(exchange.listed) > 1 else ""


@pytest.mark.parametrize(
    ("numbers", "right", "counts"),
    [
        ((1,), True, {Verdict.PASS: 1}),
        ((3, 2), False, {Verdict.FAIL: 1}),
        ((3, 1), None, {Verdict.INCONCLUSIVE: 1}),
    ],
    ids=["right", "wrong twice", "wrong once"],
)
def test_what_is_wrong_is_told_when_the_same_bytes_show_it_again(
    numbers: tuple[int, ...], right: bool | None, counts: dict[Verdict, int]
) -> None:
    context = session_of(sender=Server(*numbers))
    exchange = context.send(ListRequest(values={}), "a test", witness=False)
    assert judge_twice(context, exchange, ROWS, too_many, expected="one row", doubtful=ROWS) is right
    assert dict(context.results.tally_of(ROWS[0]).counts) == counts
    assert [(one.expected, one.actual) for one in context.results.findings()] == (
        [("one row", "2 rows")] if right is False else []
    )
