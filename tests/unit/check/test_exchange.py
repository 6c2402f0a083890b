"""What a server said that refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from simulated_runs import meeting

from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import MISSING, Missing
from harness.wire.list_request import ListRequest

API = "etelecom/list-call-logs"


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
