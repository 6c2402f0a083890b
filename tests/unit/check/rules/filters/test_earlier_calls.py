"""Ranges that hold old calls alone: what is said of servers whose bounds are others there."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from rule_runs import (
    FIRST,
    FROM,
    NUMBERS,
    TOGETHER,
    UNTIL,
    Body,
    Given,
    Honest,
    Lie,
    of_rules,
    refuses,
    tern,
    truth,
    without,
)

from harness.check.results.findings import Verdict
from harness.check.rules.filters import earlier_calls
from harness.check.rules.filters.earlier_calls import check_earlier_calls

# A list that is read whole, and one of which the newest calls are read: the others come by ranges of their own.
FEW, MANY = 48, 900
BOUNDS = f"""
from: {{compares: started, keeps: at-or-after, clause: {FROM}}}
until: {{compares: started, keeps: at-or-before, clause: {UNTIL}}}
"""
SPEC = tern(NUMBERS, filters=BOUNDS, more=("from", "until"))


def with_old_bound(name: str, hours: int, calls: int) -> Lie:
    """A server that moves one bound where the whole range lies in the older half of the time of its calls."""
    middle = FIRST + timedelta(seconds=600 * (calls // 16))

    def lie(given: Given, honest: Honest) -> Body:
        if not given.get("from") or not given.get("until"):
            return honest(given)
        if datetime.fromisoformat(given["until"]).replace(tzinfo=FIRST.tzinfo) >= middle:
            return honest(given)
        moved = datetime.fromisoformat(given[name]) + timedelta(hours=hours)
        return honest({**given, name: moved.isoformat(" ")})

    return lie


@pytest.mark.parametrize("calls", [FEW, MANY])
@pytest.mark.parametrize(
    ("name", "hours", "broken"),
    [
        pytest.param("from", -1, FROM, id="from too early"),
        pytest.param("from", 1, FROM, id="from too late"),
        pytest.param("until", 1, UNTIL, id="until too late"),
        pytest.param("until", -1, UNTIL, id="until too early"),
    ],
)
def test_a_bound_that_is_another_among_old_calls_breaks_its_clause_alone(
    name: str, hours: int, broken: str, calls: int
) -> None:
    assert of_rules([check_earlier_calls], SPEC, with_old_bound(name, hours, calls), calls=calls).failed == [broken]


def loses(name: str, *, alone: bool) -> Lie:
    """A server that does not see a bound, beside the other one or always."""

    def lie(given: Given, honest: Honest) -> Body:
        lost = alone or bool(given.get("from") and given.get("until"))
        return honest(without(given, name) if lost else given)

    return lie


@pytest.mark.parametrize(
    ("lie", "broken"),
    [
        pytest.param(loses("from", alone=False), TOGETHER, id="from beside until"),
        pytest.param(loses("from", alone=True), FROM, id="from"),
        pytest.param(loses("until", alone=True), UNTIL, id="until"),
    ],
)
def test_a_bound_without_any_effect_is_to_blame_unless_it_holds_alone(
    lie: Lie, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The calls are all of one morning: minutes are far here.
    monkeypatch.setattr(earlier_calls, "_FAR", timedelta(minutes=5))
    assert of_rules([check_earlier_calls], SPEC, lie, calls=FEW).failed == [broken]


@pytest.mark.parametrize("calls", [FEW, MANY])
def test_bounds_that_hold_among_old_calls_pass(calls: int) -> None:
    said = of_rules([check_earlier_calls], SPEC, truth, calls=calls)
    assert [said.verdict(clause) for clause in (FROM, UNTIL)] == [Verdict.PASS, Verdict.PASS]


def test_an_error_for_old_calls_is_no_breach_of_a_bound() -> None:
    refused = refuses(lambda given: bool(given.get("from") and given.get("until")))
    assert of_rules([check_earlier_calls], SPEC, refused).failed == []
