"""Caller and callee: what is said of a server that exchanges them in one direction."""

from __future__ import annotations

import pytest
from rule_runs import LISTED, NUMBERS, Lie, Row, of_rules, shows, tern

from harness.check.rules.responses.call_ends import check_call_ends

WITH_CLAUSE = ("who: {shows: source}", f"who: {{shows: source, clause: {LISTED}}}")
WITH_CALLEES = (
    "owner: {shows: customer_id, as: integer}",
    "owner: {shows: customer_id, as: integer}\n          whom: {shows: destination}",
)
OWN = ("201", "202", "203")


def between_own_numbers_and_others(turned: str = "") -> Lie:
    """A server whose calls go between own numbers and others, with the ends exchanged in one direction."""

    def changed(row: Row) -> Row:
        own, other = OWN[row["id"] % 3], f"+44770090{row['id'] % 10000:04}"
        who, whom = (own, other) if row["dir"] == "out" else (other, own)
        if row["dir"] == turned:
            who, whom = whom, who
        return {**row, "who": who, "whom": whom}

    return shows(changed)


def told_of(lie: Lie, calls: int = 48) -> list[str]:
    said = of_rules([check_call_ends], tern(NUMBERS, WITH_CLAUSE, WITH_CALLEES), lie, calls=calls)
    return said.failed


@pytest.mark.parametrize("turned", ["in", "out"])
def test_ends_that_are_exchanged_in_one_direction_are_told(turned: str) -> None:
    assert told_of(between_own_numbers_and_others(turned)) == [LISTED]


def test_own_numbers_call_and_are_called() -> None:
    assert told_of(between_own_numbers_and_others()) == []


def test_a_few_calls_tell_nothing() -> None:
    assert told_of(between_own_numbers_and_others("in"), calls=12) == []
