"""Answers in another form than promised: the form is one finding, and what it says is judged all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

import pytest

from harness.check.credentials import identities_of_users
from harness.check.options import CheckOptions
from harness.check.runner import run_check
from harness.cli.selftest_trials import DirectSender
from harness.serve.faults.catalogue import find_faults
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.json_body import decode_json, encode_json
from harness.world import World

LOGS, LEGS = "etelecom/list-call-logs", "enswitch/calls-active-list"
Change = Callable[[dict[str, Any]], Any]


@dataclass
class RewritingSender:
    """A sender whose successful answers are rewritten on the way back."""

    inner: DirectSender
    rows_name: str
    change: Change

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse:
        answer = self.inner.send(request, deadline_seconds=deadline_seconds)
        tree = decode_json(answer.body).tree
        if not isinstance(tree, dict) or not isinstance(tree.get(self.rows_name), list):
            return answer
        return replace(answer, body=encode_json(self.change(tree)))


def on_rows(rows_name: str, change: Callable[[dict[str, Any]], None]) -> Change:
    def rewrite(tree: dict[str, Any]) -> dict[str, Any]:
        for row in tree[rows_name]:
            change(row)
        return tree

    return rewrite


def null_recording(row: dict[str, Any]) -> None:
    """A null for the recording where there is none."""
    row["recording"] = row["recording"] or None


def state_in_capitals(row: dict[str, Any]) -> None:
    row["call_state"] = row["call_state"].upper()


def duration_as_text(row: dict[str, Any]) -> None:
    row["duration"] = str(row["duration"])


def dates_as_epoch(row: dict[str, Any]) -> None:
    row["started_at"] = int(datetime.fromisoformat(row["started_at"]).timestamp())


def items(tree: dict[str, Any]) -> dict[str, Any]:
    return {"items" if name == "call_logs" else name: value for name, value in tree.items()}


def keyed(tree: dict[str, Any]) -> dict[str, Any]:
    return {**tree, "call_logs": {row["id"]: row for row in tree["call_logs"]}}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A way to rewrite answers, the clause on the form, and a fault of a filter that needs what is rewritten."""

    change: Change
    clause: str
    fault: str
    api: str = LOGS
    rows_name: str = "call_logs"


CASES = {
    "null in place of an empty text": Case(
        change=on_rows("data", null_recording),
        clause="EN-CAL-066",
        fault="EN-CAL-054/callername_number-ignored",
        api=LEGS,
        rows_name="data",
    ),
    "a number as text": Case(
        change=on_rows("call_logs", duration_as_text), clause="ET-LCL-016", fault="ET-LCL-034/duration-ignored"
    ),
    "an instant as seconds since 1970": Case(
        change=on_rows("call_logs", dates_as_epoch), clause="ET-LCL-015", fault="ET-LCL-024/date_from-ignored"
    ),
    "a word in capitals": Case(
        change=on_rows("call_logs", state_in_capitals), clause="ET-LCL-011", fault="ET-LCL-022/call_state-ignored"
    ),
    "rows below another key": Case(change=items, clause="ET-LCL-008", fault="ET-LCL-022/call_state-ignored"),
    "rows keyed by their identity": Case(change=keyed, clause="ET-LCL-008", fault="ET-LCL-022/call_state-ignored"),
}


@cache
def broken(case: str, *, fault: bool) -> list[str]:
    """The clauses of all findings of a whole run against a simulator whose answers are rewritten."""
    told = CASES[case]
    spec, world = load_spec(told.api), World.of(seed=7, calls=120)
    faults = find_faults(spec, told.fault) if fault else ()
    simulator = Simulator(spec, world, faults=faults)
    sender = RewritingSender(DirectSender(simulator, world.instant), told.rows_name, told.change)
    options = CheckOptions(now=world.instant, target="http://127.0.0.1:0")
    identities = identities_of_users(simulator.users, spec.listing)
    return sorted(finding.clause for finding in run_check(spec, sender, identities, options).findings)


@pytest.mark.parametrize("case", CASES)
def test_another_form_is_one_finding_of_its_own_and_nothing_else_fails(case: str) -> None:
    assert broken(case, fault=False) == [CASES[case].clause]


@pytest.mark.parametrize("case", CASES)
def test_a_fault_of_a_filter_over_what_is_written_otherwise_is_found_under_its_clause(case: str) -> None:
    filter_clause = CASES[case].fault.partition("/")[0]
    assert {CASES[case].clause, filter_clause} <= set(broken(case, fault=True))
