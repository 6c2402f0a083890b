"""Fields that no row shows: one row may leave out what it has no value for, but not all of them."""

from __future__ import annotations

import pytest
from rule_runs import LISTED, NUMBERS, Body, Given, Honest, Lie, of_rules, tern

from harness.check.rules.responses.unshown_fields import _stands_in, check_unshown_fields

PROMISED = "name: {shows: caller_name, absent: empty}"
MAY_BE_LEFT_OUT = (PROMISED, f"name: {{shows: caller_name, absent: missing, clause: {LISTED}}}")


def shows_a_name_in_one_row_of(number: int) -> Lie:
    """A server that leaves the name out of every row but each so manieth one; 0: out of all."""

    def lie(given: Given, honest: Honest) -> Body:
        body = honest(given)
        rows = [
            row if number and place % number == 0 else {name: value for name, value in row.items() if name != "name"}
            for place, row in enumerate(body["calls"])
        ]
        return {**body, "calls": rows}

    return lie


@pytest.mark.parametrize(
    ("number", "calls", "failed"),
    [
        pytest.param(0, 48, [LISTED], id="in no row"),
        pytest.param(7, 48, [], id="in some rows"),
        pytest.param(0, 19, [], id="in none of a few rows"),
    ],
)
def test_a_field_that_no_row_shows_breaks_the_clause_on_keys(number: int, calls: int, failed: list[str]) -> None:
    spec = tern(NUMBERS, MAY_BE_LEFT_OUT)
    assert of_rules([check_unshown_fields], spec, shows_a_name_in_one_row_of(number), calls=calls).failed == failed


def test_a_part_of_an_object_is_looked_for_in_the_object() -> None:
    row = {"from": {"line": {"channel": "SIP/7"}, "name": ""}, "to": "201"}
    assert _stands_in(row, "from.line.channel", ())
    assert _stands_in(row, "from.cnam", ("name",))
    assert not _stands_in(row, "from.number", ())
    assert not _stands_in(row, "to.number", ())
    assert not _stands_in("row", "to", ())
