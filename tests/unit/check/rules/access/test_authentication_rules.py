"""Rules on access, against the simulator as it should be and with one breach."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from rule_runs import ACCESS, NUMBERS, Body, Given, Honest, Lie, asked_of, rewrites, tern, truth
from simulated_rules import ran
from simulated_runs import meeting

from harness.check.results.findings import Verdict
from harness.check.rules.access.authentication import check_authentication
from harness.serve.authentication import SimulatedUser
from harness.serve.faults.base import Fault
from harness.serve.faults.hooks import Hooks
from harness.specification.load import spec_ids
from harness.specification.model import ClauseId
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest


@pytest.mark.parametrize("api", spec_ids())
def test_a_server_as_documented_breaks_nothing(api: str) -> None:
    assert ran(api, check_authentication, everybody=True).findings == ()


# What a breach breaks besides: no name is needed where no password is, and who has no role gets in like everybody.
BESIDES = {
    "OZ-LCH-017/Password-not-needed": ("OZ-LCH-016",),
    "EN-CAL-011/wrong-let-in": ("EN-CAL-015",),
}


@pytest.mark.parametrize(
    ("api", "fault"),
    [
        ("ozeki/list-call-history", "OZ-LCH-016/Username-not-needed"),
        ("ozeki/list-call-history", "OZ-LCH-017/Password-not-needed"),
        ("ozeki/list-call-history", "OZ-LCH-018/wrong-let-in"),
        ("ozeki/list-call-history", "OZ-LCH-019/refused-code"),
        ("ozeki/list-active-calls", "OZ-LAC-004/wrong-let-in"),
        ("enswitch/calls-active-list", "EN-CAL-011/wrong-let-in"),
        ("enswitch/calls-active-list", "EN-CAL-013/line-reports-turned-away"),
        ("enswitch/calls-active-list", "EN-CAL-015/role-ignored"),
        ("enswitch/calls-active-list", "EN-CAL-082/tenants-see-all"),
        ("etelecom/list-call-logs", "ET-LCL-064/nobody-let-in"),
        ("etelecom/list-call-logs", "ET-LCL-064/wrong-let-in"),
        ("etelecom/list-call-logs", "ET-LCL-054/owners-ignored"),
        ("voximplant/get-call-history", "VX-GCH-002/nobody-let-in"),
        ("voximplant/get-call-history", "VX-GCH-003/expired-token-let-in"),
        ("voximplant/get-call-history", "VX-GCH-003/future-token-let-in"),
        ("voximplant/get-call-history", "VX-GCH-003/too-long-token-let-in"),
        ("voximplant/get-call-history", "VX-GCH-004/wrong-key-token-let-in"),
        ("voximplant/get-call-history", "VX-GCH-004/unknown-key-token-let-in"),
        ("voximplant/get-call-history", "VX-GCH-007/role-ignored"),
    ],
)
def test_a_breach_is_found_under_what_it_breaks_alone(api: str, fault: str) -> None:
    clauses = {fault.partition("/")[0], *BESIDES.get(fault, ())}
    assert set(ran(api, check_authentication, fault=fault, everybody=True).findings) == clauses


def shows_supervisors_nothing(
    user: SimulatedUser | RefusedRequest, ask: ListRequest, known: tuple[SimulatedUser, ...], now: datetime
) -> SimulatedUser | RefusedRequest:
    supervises = isinstance(user, SimulatedUser) and user.roles == ("Supervisor",)
    return replace(user, customer_id=1, everyone=False) if supervises else user  # type: ignore[type-var]


def test_a_role_that_is_let_in_and_shown_nothing_is_told() -> None:
    hooks = Hooks(user=shows_supervisors_nothing)
    fault = Fault(clause=ClauseId("NONE"), name="made-up", description="a test's own", hooks=hooks)
    context, mirror = meeting("voximplant/get-call-history", fault)
    check_authentication(context, mirror)
    assert {finding.clause for finding in context.results.findings()} == {"VX-GCH-006"}


def test_without_other_identities_roles_and_tenants_are_not_exercised() -> None:
    run = ran("enswitch/calls-active-list", check_authentication)
    clauses = ("EN-CAL-012", "EN-CAL-015", "EN-CAL-082")
    assert {run.verdict(clause) for clause in clauses} == {Verdict.NOT_EXERCISED}


def test_older_credentials_that_nobody_gave_are_not_applicable() -> None:
    run = ran("voximplant/get-call-history", check_authentication, key=False)
    assert run.verdict("VX-GCH-005") is Verdict.NOT_APPLICABLE


def test_a_slightly_wrong_password_reaches_no_report() -> None:
    run = ran("ozeki/list-call-history", check_authentication, fault="OZ-LCH-018/wrong-let-in")
    said = "\n".join(
        f"{finding.request} {finding.curl} {finding.actual}" for finding in run.session.results.findings()
    )
    assert not any(part in said for part in ("qwe12", "qwea23", "QWE123"))


@pytest.mark.parametrize("api", spec_ids())
def test_access_takes_a_modest_number_of_requests(api: str) -> None:
    assert ran(api, check_authentication, key=False).requests <= 24


# Foreign servers let in who has a simple password, and cut blanks off all that they are given.
REACHED = "TN-LST-099"
REACH = ("clauses: {rows: TN-LST-001", f"clauses: {{reach: {REACHED}, rows: TN-LST-001")


def second_user_is_refused(given: Given, honest: Honest) -> Body:
    return honest(given if given.get("user") == "ada" else {**given, "password": "nobody's"})


def refuses_with_rows(given: Given, honest: Honest) -> Body:
    body = honest(given)
    return (
        body
        if "calls" in body
        else {**body, "calls": honest({**given, "user": "ada", "password": "lovelace"})["calls"]}
    )


def trims(*names: str) -> Lie:
    return lambda given, honest: honest({**given, **{name: given[name].strip() for name in names if name in given}})


@pytest.mark.parametrize(
    ("lie", "broken"),
    [
        (truth, set()),
        (second_user_is_refused, {REACHED}),
        (trims("password"), {ACCESS}),
        (refuses_with_rows, {ACCESS}),
        (trims("user", "password"), set()),
        (rewrites("user", lambda text: "ada" if text == "ad%" else text), {ACCESS}),
        (rewrites("password", lambda text: "lovelace" if text == "lovelac%" else text), {ACCESS}),
    ],
)
def test_logins_are_taken_as_they_are_given(lie: Lie, broken: set[str]) -> None:
    context, mirror = asked_of(tern(NUMBERS, REACH), lie)
    check_authentication(context, mirror)
    assert {str(finding.clause) for finding in context.results.findings()} == broken
