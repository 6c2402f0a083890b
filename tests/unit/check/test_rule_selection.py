"""Which rules and probes a run for a few clauses has: those by which these clauses are kept or broken."""

from __future__ import annotations

import pytest

from harness.check.rule_selection import clauses_by_filter, clauses_to_probe, is_needed
from harness.check.rules.access.authentication import check_authentication
from harness.check.rules.access.scope import check_scope
from harness.check.rules.filters.single_filter import check_single_filters
from harness.check.rules.paging.ordering import check_default_order
from harness.check.rules.paging.pages import check_pages
from harness.check.rules.parameters.invalid_values import check_invalid_values
from harness.check.rules.responses.row_consistency import check_row_consistency
from harness.check.rules.transport.request_encoding import check_request_encoding
from harness.check.runner import Rule
from harness.specification.load import load_spec
from harness.specification.model import ClauseId

OZEKI, ENSWITCH = load_spec("ozeki/list-call-history"), load_spec("enswitch/calls-active-list")


@pytest.mark.parametrize(
    ("clause", "needed", "not_needed"),
    [
        ("OZ-LCH-010", [check_row_consistency], [check_authentication, check_invalid_values, check_pages]),
        ("OZ-LCH-007", [check_authentication, check_invalid_values], [check_pages, check_single_filters]),
        ("OZ-LCH-002", [check_request_encoding], [check_authentication, check_single_filters]),
        ("OZ-LCH-024", [check_single_filters], [check_pages, check_invalid_values]),
        ("OZ-LCH-036", [check_pages, check_default_order], [check_single_filters, check_authentication]),
        ("TEXT-ONCE", [check_request_encoding], [check_pages]),
    ],
    ids=["a field", "a part of the envelope", "the way to ask", "a filter", "a page", "texts"],
)
def test_a_clause_needs_the_rules_that_are_about_it(clause: str, needed: list[Rule], not_needed: list[Rule]) -> None:
    rules = [*needed, *not_needed]
    assert [rule for rule in rules if is_needed(rule, OZEKI, [ClauseId(clause)])] == needed
    assert all(is_needed(rule, OZEKI, []) for rule in rules)


def test_a_dependence_that_the_scope_promises_needs_the_rule_of_the_scope() -> None:
    assert is_needed(check_scope, ENSWITCH, [ClauseId("EN-CAL-025")])


def test_clauses_that_any_answer_keeps_or_breaks_leave_no_probe_out() -> None:
    probed, witnessed = ClauseId("OZ-LCH-036"), ClauseId("OZ-LCH-010")
    assert clauses_to_probe(OZEKI, [probed]) == {probed}
    assert clauses_to_probe(OZEKI, [probed, witnessed]) == frozenset()


def test_a_filter_is_asked_for_all_that_is_said_of_it() -> None:
    assert set(clauses_by_filter(OZEKI)["From"]) >= {"OZ-LCH-027", "OZ-LCH-028"}
