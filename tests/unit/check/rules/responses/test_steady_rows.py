"""Calls of the past that come and go from answer to answer."""

from __future__ import annotations

from itertools import count

import pytest
from rule_runs import Lie, Row, edits, of_rules, tern

from harness.check.rules.responses.steady_rows import check_steady_rows

STEADY = "LIST-STEADY"


def replicas(*lacks: int) -> Lie:
    """A server whose answers come in turn from replicas: each lacks every so many-th call, none where it is 0."""
    turns = count()

    def keeps(row: Row, lack: int) -> bool:
        return not lack or row["id"] % lack != 0

    def from_one(body: dict[str, object], given: object) -> dict[str, object]:
        lack = lacks[next(turns) % len(lacks)]
        rows = body.get("calls")
        return {**body, "calls": [row for row in rows if keeps(row, lack)]} if isinstance(rows, list) else body

    return edits(from_one)


@pytest.mark.parametrize("lacks", [(0, 3), (0, 0, 3), (3, 0, 0, 0), (4, 3)])
def test_calls_that_come_and_go_are_told(lacks: tuple[int, ...]) -> None:
    expected, actual = of_rules([check_steady_rows], tern(), replicas(*lacks)).told[STEADY]
    assert expected == "the same rows each time"
    assert "come and go from answer to answer" in actual


@pytest.mark.parametrize("lacks", [(0,), (3,)])
def test_a_list_that_stands_still_is_steady(lacks: tuple[int, ...]) -> None:
    assert STEADY not in of_rules([check_steady_rows], tern(), replicas(*lacks)).told


def test_calls_that_leave_for_good_are_no_breach() -> None:
    turns = count()

    def without_the_oldest(body: dict[str, object], given: object) -> dict[str, object]:
        rows = body.get("calls")
        return {**body, "calls": rows[next(turns) :]} if isinstance(rows, list) else body

    assert STEADY not in of_rules([check_steady_rows], tern(), edits(without_the_oldest)).told
