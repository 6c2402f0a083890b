"""The words of a finding: the promise before what was tried of it, and what a server said that refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from simulated_runs import meeting

from harness.check.results.row_numbers import rows_in_words
from harness.specification.model import ClauseId
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import MISSING, Missing
from harness.wire.list_request import ListRequest

API = "etelecom/list-call-logs"
BOTH = ClauseId("ET-LCL-048")
PROMISE = "after and before together are refused with status 400"


@pytest.mark.parametrize(
    ("tried", "message"), [("both cursors together", f"{PROMISE}: both cursors together"), (PROMISE, PROMISE)]
)
def test_a_finding_is_titled_with_the_promise_and_then_what_was_tried(tried: str, message: str) -> None:
    context, _ = meeting(API, calls=20)
    context.fail((BOTH,), tried, expected="an error", actual="a success")
    assert [finding.message for finding in context.results.findings()] == [message]


@pytest.mark.parametrize(
    ("code", "body", "told"),
    [
        ("no_such_key", b"{}", "the error 'no_such_key'"),
        (MISSING, b'{"error":"who are you?"}\n', 'HTTP 401: {"error":"who are you?"}'),
        (MISSING, b"", "HTTP 401: an empty body"),
    ],
)
def test_an_error_without_a_code_is_told_by_its_status_and_text(code: str | Missing, body: bytes, told: str) -> None:
    context, _ = meeting(API, calls=20)
    exchange = context.send(ListRequest(values={}), "read the list")
    assert exchange.answer is not None
    refused = replace(
        exchange,
        response=HttpResponse(http_status=401, body=body),
        answer=replace(exchange.answer, outcome="error", code=code),
    )
    assert refused.told_error == told


@pytest.mark.parametrize(("number", "words"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows")])
def test_one_row_is_told_in_the_singular(number: int, words: str) -> None:
    assert rows_in_words(number) == words
