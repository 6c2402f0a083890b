"""Further accounts: what is said of servers that show them another account's rows, or less than everybody's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rule_runs import CURSORS, FILTERS, Body, Given, Honest, Lie, asked_of, tern, truth
from simulated_runs import meeting, on_query

from harness.check.results.collector import roll_up_verdicts
from harness.check.results.findings import Verdict
from harness.check.rules.access.account_lists import check_account_lists
from harness.serve.query.parameters import ParsedParameters
from harness.serve.query.table import Query
from harness.specification.model import ClauseId

WHOLE, TENANT = "TN-LST-080", "TN-LST-094"
EVERYBODY = f"{{owner-attributes: [customer_id], unset: everyone, clauses: {{unset: {WHOLE}}}}}"
TENANTS = f"{{owner-attributes: [customer_id], unset: own, clauses: {{tenant: {TENANT}}}}}"
FIRST_USER = {"user": "ada", "password": "lovelace"}


def opens_the_first_accounts_list(name: str) -> Lie:
    """A server for which a parameter decides whose list it is."""
    return lambda given, honest: honest({**given, **FIRST_USER} if given.get(name) else given)


class RemembersAnswers:
    """A server that remembers answers by the request without who asks."""

    def __init__(self) -> None:
        self.known: dict[str, Body] = {}

    def __call__(self, given: Given, honest: Honest) -> Body:
        asked = repr(sorted((name, value) for name, value in given.items() if name not in FIRST_USER))
        return self.known.setdefault(asked, honest(given))


def shows_others_every_second_row(given: Given, honest: Honest) -> Body:
    body = honest(given)
    return body if given["user"] == FIRST_USER["user"] else {**body, "calls": body["calls"][::2]}


def verdict_of(scope: str, clause: str, lie: Lie, *, customers: bool) -> Verdict | None:
    """What the rule says, where a users file names each account's customer, or none."""
    context, mirror = asked_of(tern(CURSORS, filters=FILTERS, scope=scope), lie)
    if not customers:
        context.identities = tuple(replace(one, customer=None) for one in context.identities)
    check_account_lists(context, mirror)
    counts = context.results.tally_of(ClauseId(clause)).counts
    return roll_up_verdicts(counts) if context.results.has_evidence(ClauseId(clause)) else None


@pytest.mark.parametrize("customers", [True, False])
def test_accounts_that_see_what_is_theirs_pass(customers: bool) -> None:
    assert verdict_of(TENANTS, TENANT, truth, customers=customers) is Verdict.PASS
    assert verdict_of(EVERYBODY, WHOLE, truth, customers=customers) is Verdict.PASS


@pytest.mark.parametrize("customers", [True, False])
def test_a_cursor_that_opens_the_list_of_whom_it_was_given_to_is_told(customers: bool) -> None:
    assert verdict_of(TENANTS, TENANT, opens_the_first_accounts_list("after"), customers=customers) is Verdict.FAIL


def test_a_look_up_in_everybodys_calls_is_told_of_accounts_without_a_named_customer() -> None:
    assert verdict_of(TENANTS, TENANT, opens_the_first_accounts_list("who"), customers=False) is Verdict.FAIL


def test_an_answer_that_is_remembered_for_another_account_is_told_without_a_named_customer() -> None:
    assert verdict_of(TENANTS, TENANT, RemembersAnswers(), customers=False) is Verdict.FAIL


def test_an_account_that_sees_less_than_everybody_is_told() -> None:
    assert verdict_of(EVERYBODY, WHOLE, shows_others_every_second_row, customers=False) is Verdict.FAIL


def looks_up_in_everybodys_calls(given: Given, honest: Honest) -> Body:
    """A filter that finds everybody's calls, but only by itself."""
    narrowed = {"who", "name", "dir", "machines", "reach"} & given.keys()
    return honest({**given, **FIRST_USER}) if narrowed == {"who"} else honest(given)


@pytest.mark.parametrize(
    "changes", [(), (("rows: {as: integer, least: 1, most: 100", "rows: {as: integer, least: 1, most: 5"),)]
)
def test_one_filter_that_finds_another_accounts_calls_is_told(changes: tuple[tuple[str, str], ...]) -> None:
    spec = tern(CURSORS, *changes, filters=FILTERS, scope=TENANTS)
    for lie, verdict in ((truth, Verdict.PASS), (looks_up_in_everybodys_calls, Verdict.FAIL)):
        context, mirror = asked_of(spec, lie)
        context.identities = tuple(replace(one, customer=None) for one in context.identities)
        check_account_lists(context, mirror)
        assert roll_up_verdicts(context.results.tally_of(ClauseId(TENANT)).counts) is verdict


def test_an_account_with_more_calls_than_a_page_is_asked_about_a_range_of_time() -> None:
    def searches_everybodys_calls(query: Query, given: ParsedParameters) -> Query:
        return query._replace(owners=None) if given.values.get("external_id") else query

    told: list[set[str]] = []
    for faults in ((), (on_query(searches_everybodys_calls),)):
        context, mirror = meeting("etelecom/list-call-logs", *faults, calls=3000)
        context.identities = tuple(replace(one, customer=None) for one in context.identities)
        check_account_lists(context, mirror)
        assert context.results.has_evidence(ClauseId("ET-LCL-054"))
        told.append({str(finding.clause) for finding in context.results.findings()})
    assert told == [set(), {"ET-LCL-054"}]
