"""Filters beside a scope: what is said of servers that forget the one beside the other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rule_runs import (
    ACCOUNTS,
    CUSTOMERS,
    DEEP,
    EVERYONE,
    FILTER_PARAMETERS,
    FILTERS,
    NUMBERS,
    OFFSETS,
    ORDER,
    SIZE,
    TOGETHER,
    UNSET,
    Body,
    Given,
    Honest,
    Lie,
    Said,
    all_rows,
    of_rules,
    page_of,
    tern,
    truth,
    without,
)

from harness.check.results.findings import Verdict
from harness.check.rules.access.filtered_scope import check_filters_in_scopes


def filters_of(given: Given) -> list[str]:
    return [name for name in FILTER_PARAMETERS if given.get(name)]


def forgets_filters_for_everyone(given: Given, honest: Honest) -> Body:
    return honest(without(given, *filters_of(given))) if given.get("customer") == "system" else honest(given)


def forgets_depth_beside_a_filter(given: Given, honest: Honest) -> Body:
    return honest(without(given, "deep")) if filters_of(given) else honest(given)


def forgets_customer_beside_two_filters(given: Given, honest: Honest) -> Body:
    return honest(without(given, "customer")) if len(filters_of(given)) > 1 else honest(given)


def loses_a_row_of_everyone_beside_a_filter(given: Given, honest: Honest) -> Body:
    if given.get("customer") != "system" or not filters_of(given):
        return honest(given)
    rows = all_rows(given, honest)
    return page_of(rows[1:], given)


def forgets_for_everyone(name: str) -> Lie:
    return lambda given, honest: honest(without(given, name) if given.get("customer") == "system" else given)


def orders_each_customer_for_itself(given: Given, honest: Honest) -> Body:
    if "deep" not in given:
        return honest(given)
    rows = all_rows(given, honest)
    return page_of(sorted(rows, key=lambda row: row["owner"]), given)


def shares_pages_out_by_customer(given: Given, honest: Honest) -> Body:
    if given.get("customer") != "system":
        return honest(given)
    rows, most = all_rows(given, honest), int(given.get("rows") or 10)
    kept = [row for at, row in enumerate(rows) if sum(one["owner"] == row["owner"] for one in rows[:at]) < most]
    return {"code": 0, "total": len(rows), "calls": kept}


def forgets_the_switch_beside_filters(given: Given, honest: Honest) -> Body:
    return honest(without(given, "children")) if filters_of(given) else honest(given)


def looks_up_calls_of_anybody(given: Given, honest: Honest) -> Body:
    return honest({**given, "customer": "system"} if "who" in given and "customer" not in given else given)


@pytest.fixture(scope="module")
def said() -> Callable[[Lie], Said]:
    """What the rule says of a server that knows customers by a parameter."""
    spec = tern(NUMBERS, scope=CUSTOMERS, filters=FILTERS)
    return lambda lie: of_rules([check_filters_in_scopes], spec, lie)


def test_an_honest_server_breaks_nothing(said: Callable[[Lie], Said]) -> None:
    answer = said(truth)
    assert answer.failed == []
    assert answer.verdict(TOGETHER) is Verdict.PASS


@pytest.mark.parametrize(
    ("lie", "clauses"),
    [
        pytest.param(forgets_filters_for_everyone, {TOGETHER}, id="filters forgotten for everyone"),
        pytest.param(forgets_depth_beside_a_filter, {DEEP}, id="depth forgotten beside a filter"),
        pytest.param(forgets_customer_beside_two_filters, {EVERYONE, DEEP}, id="the customer forgotten"),
        pytest.param(loses_a_row_of_everyone_beside_a_filter, {TOGETHER, EVERYONE}, id="a row lost beside a filter"),
    ],
)
def test_a_scope_or_a_filter_that_is_forgotten_is_told(
    said: Callable[[Lie], Said], lie: Lie, clauses: set[str]
) -> None:
    found = set(said(lie).failed)
    assert found
    assert found & clauses


@pytest.mark.parametrize("name", ["who", "name", "dir", "machines"])
def test_each_filter_that_is_forgotten_for_everyone_is_told(said: Callable[[Lie], Said], name: str) -> None:
    assert TOGETHER in said(forgets_for_everyone(name)).failed


def test_an_order_within_each_customer_alone_is_told(said: Callable[[Lie], Said]) -> None:
    assert ORDER in said(orders_each_customer_for_itself).failed


def test_pages_that_hold_as_many_rows_of_each_customer_are_told(said: Callable[[Lie], Said]) -> None:
    assert SIZE in said(shares_pages_out_by_customer).failed


def test_a_switch_that_is_forgotten_beside_filters_is_told() -> None:
    answer = of_rules([check_filters_in_scopes], tern(OFFSETS, scope=ACCOUNTS), forgets_the_switch_beside_filters)
    assert answer.failed == [TOGETHER]


def test_values_of_another_customers_row_find_nothing_among_the_own_calls(said: Callable[[Lie], Said]) -> None:
    answer = said(looks_up_calls_of_anybody)
    assert answer.failed == [UNSET]
    assert answer.told[UNSET] == ("no row of others", "one that who finds")
