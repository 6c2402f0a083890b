"""Rows that come in several answers: what they show inside does not depend on what found them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from simulated_runs import meeting

from harness.check.client.budget import Sender
from harness.check.rules.filters.single_filter import check_filters_once
from harness.check.rules.responses.row_consistency import check_row_consistency
from harness.output.redaction import Secret
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse

SESSIONS = "voximplant/get-call-history"
SHOWN_CALLS, BY_LOCAL_NUMBER = "VX-GCH-034", "VX-GCH-031"

Calls = list[dict[str, Any]]


def the_calls_that_match(calls: Calls, asked: dict[str, list[str]]) -> Calls:
    number = asked.get("local_number", [""])[0]
    return [call for call in calls if call["local_number"] == number] if number else calls


def the_first_call(calls: Calls, asked: dict[str, list[str]]) -> Calls:
    return calls[:1] if "local_number" in asked else calls


def another_order(calls: Calls, asked: dict[str, list[str]]) -> Calls:
    return calls[::-1] if "local_number" in asked else calls


@dataclass
class Changed:
    """A server that shows some of the calls of its sessions."""

    sender: Sender
    change: Callable[[Calls, dict[str, list[str]]], Calls]

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse | NoResponse:
        answer = self.sender.send(request, deadline_seconds=deadline_seconds)
        assert isinstance(answer, HttpResponse)
        body = json.loads(answer.body)
        asked = parse_qs((request.target.partition(b"?")[2] or request.body or b"").decode())
        for row in body.get("result", ()):
            if "calls" in row:
                row["calls"] = self.change(row["calls"], asked)
        return replace(answer, body=json.dumps(body).encode())


def told_of(change: Callable[[Calls, dict[str, list[str]]], Calls]) -> list[str]:
    context, mirror = meeting(SESSIONS)
    context.sender = Changed(context.sender, change)
    for rule in (check_filters_once, check_row_consistency):
        rule(context, mirror)
    return [finding.clause for finding in context.results.findings()]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(the_calls_that_match, [SHOWN_CALLS], id="only the calls that a number matches"),
        # What a session is found by is not shown then, either.
        pytest.param(the_first_call, [BY_LOCAL_NUMBER, SHOWN_CALLS], id="only the first of them"),
        pytest.param(another_order, [], id="all of them in another order"),
        pytest.param(lambda calls, asked: calls, [], id="all of them"),
    ],
)
def test_a_session_shows_all_its_calls_whatever_found_it(
    change: Callable[[Calls, dict[str, list[str]]], Calls], told: list[str]
) -> None:
    assert told_of(change) == told


@dataclass
class NumberedByAccount:
    """A server that knows one more account, whose calls have the numbers of others and show something else."""

    sender: Sender
    token: str = "another"

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse | NoResponse:
        bearer = dict(request.headers)["Authorization"]
        headers = tuple((name, text) for name, text in request.headers if name != "Authorization")
        known = replace(request, headers=(*headers, ("Authorization", self.token)))
        answer = self.sender.send(known, deadline_seconds=deadline_seconds)
        assert isinstance(answer, HttpResponse)
        if bearer == self.token:
            return answer
        body = json.loads(answer.body)
        for row in body["call_logs"]:
            row["note"] = "of another account"
        return replace(answer, body=json.dumps(body).encode())


def test_calls_of_two_accounts_may_have_the_same_numbers() -> None:
    context, mirror = meeting("etelecom/list-call-logs")
    own = context.identity.credentials["token"]
    context.sender = NumberedByAccount(context.sender, f"Bearer {own}")
    for token in (own, "0123456789abcdef"):
        answer = context.send(mirror.request(), "the list", credentials={"token": Secret(token)})
        assert answer.rows
    check_row_consistency(context, mirror)
    assert not context.results.findings()
