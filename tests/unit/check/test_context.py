"""What a finding says first: the promise, and then what was tried of it."""

from __future__ import annotations

import pytest
from simulated_runs import meeting

from harness.specification.model import ClauseId

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
