"""Look-ups by identity: numbers between those that are listed are other accounts', and find nothing."""

from __future__ import annotations

import pytest
from rule_runs import (
    DIR_ONLY,
    NUMBERS,
    UNIQUE,
    WHO,
    Body,
    Given,
    Honest,
    Lie,
    all_rows,
    of_rules,
    page_of,
    tern,
    truth,
    without,
)
from simulated_rules import ran

from harness.check.context import CheckContext
from harness.check.probe.asked_filter import AskedFilter
from harness.check.probe.mirror import Mirror
from harness.check.rules.filters.identity_gaps import check_identity_gaps
from harness.check.rules.filters.single_filter import check_list_filter, check_single_filters

BY_ID = f"{DIR_ONLY}\nid: {{compares: id, clause: {WHO}}}"


def finds_calls_of_others(given: Given, honest: Honest) -> Body:
    """A server that looks a call up in the calls of all accounts: every second number is one."""
    if not given.get("id"):
        return honest(given)
    rows = all_rows(without(given, "id"), honest)
    wanted = {int(text) for text in given["id"].split(",")}
    own = [row for row in rows if row["id"] in wanted]
    others = sorted(wanted - {row["id"] for row in rows})
    return page_of([*({**rows[0], "id": number} for number in others if number % 2), *own], given)


def shows_a_call_for_each_time_it_is_asked_for(given: Given, honest: Honest) -> Body:
    if not given.get("id"):
        return honest(given)
    rows = {row["id"]: row for row in all_rows(without(given, "id"), honest)}
    asked = sorted(int(text) for text in given["id"].split(","))
    return page_of([rows[number] for number in asked if number in rows], given)


def of_look_ups(context: CheckContext, mirror: Mirror) -> None:
    check_list_filter(AskedFilter(context, mirror, "id"))
    check_identity_gaps(AskedFilter(context, mirror, "id"))


@pytest.mark.parametrize(
    ("lie", "failed"),
    [
        pytest.param(truth, [], id="own calls alone"),
        pytest.param(finds_calls_of_others, [WHO], id="calls of others, too"),
    ],
)
def test_an_identity_that_the_list_does_not_hold_finds_nothing(lie: Lie, failed: list[str]) -> None:
    assert of_rules([of_look_ups], tern(NUMBERS, filters=BY_ID, more=("id",)), lie).failed == failed


def test_a_row_that_is_asked_for_twice_comes_once() -> None:
    spec = tern(NUMBERS, filters=BY_ID, more=("id",))
    assert of_rules([of_look_ups], spec, shows_a_call_for_each_time_it_is_asked_for).failed == [UNIQUE]


@pytest.mark.parametrize(
    ("api", "fault"),
    [
        ("ozeki/list-call-history", "OZ-LCH-036/PageNumber-lost-beside-CallId"),
        ("voximplant/get-call-history", "VX-GCH-050/offset-lost-beside-call_session_history_id"),
    ],
)
def test_a_page_that_counts_for_nothing_beside_an_identity_is_found(api: str, fault: str) -> None:
    assert fault.partition("/")[0] in ran(api, check_single_filters, fault=fault).findings
