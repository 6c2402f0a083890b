"""What each gate makes of each verdict, and the line that says why a run is red."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_samples import report, result

from harness.check.results.findings import Colour, Gate, Verdict
from harness.check.results.gate import colour_of, gate_reason
from harness.cli.check import GATES
from harness.cli.report import REPORT_KINDS
from harness.report import ReportKind
from harness.specification.model import Basis, Level


@pytest.mark.parametrize(
    ("gate", "must", "should", "inferred"),
    [
        (Gate.CI, Colour.RED, Colour.AMBER, Colour.AMBER),
        (Gate.FULL, Colour.RED, Colour.RED, Colour.RED),
        (Gate.STRICT, Colour.RED, Colour.RED, Colour.RED),
        (Gate.CERTIFY, Colour.RED, Colour.RED, Colour.AMBER),
        (Gate.EXPLORE, Colour.NONE, Colour.NONE, Colour.NONE),
    ],
    ids=str,
)
def test_a_failure_weighs_by_gate_level_and_basis(gate: Gate, must: Colour, should: Colour, inferred: Colour) -> None:
    promises: list[tuple[Level, Basis]] = [("must", "documented"), ("should", "documented"), ("must", "inferred")]
    found = [colour_of(Verdict.FAIL, level=level, basis=basis, gate=gate) for level, basis in promises]
    assert found == [must, should, inferred]


@pytest.mark.parametrize(
    ("gate", "colour"),
    [(Gate.CI, Colour.AMBER), (Gate.FULL, Colour.AMBER), (Gate.STRICT, Colour.RED), (Gate.CERTIFY, Colour.RED)],
    ids=str,
)
@pytest.mark.parametrize(
    "verdict", [Verdict.NOT_EXERCISED, Verdict.INCONCLUSIVE, Verdict.BLOCKED, Verdict.NOT_RUN], ids=str
)
def test_what_was_not_decided_weighs_by_gate(verdict: Verdict, gate: Gate, colour: Colour) -> None:
    assert colour_of(verdict, level="must", basis="documented", gate=gate) is colour


def test_a_run_that_was_blocked_as_a_whole_is_red_between_the_gates_too() -> None:
    found = colour_of(Verdict.BLOCKED, level="must", basis="documented", gate=Gate.FULL, run_blocked=True)
    assert found is Colour.RED


def test_a_may_fails_no_gate() -> None:
    assert {colour_of(Verdict.FAIL, level="may", basis="documented", gate=gate) for gate in Gate} == {Colour.NONE}


def test_the_command_line_knows_every_gate_and_every_kind_of_report() -> None:
    assert tuple(Gate) == GATES
    assert (*ReportKind, "pytest") == REPORT_KINDS


# --- why ----------------------------------------------------------------------------------------------------


def test_a_green_run_needs_no_reason() -> None:
    assert gate_reason(report(result("AC-LST-001"))) == ""


def test_the_reason_names_what_is_red_and_passes_over_what_is_amber() -> None:
    run = report(
        result("AC-LST-001", Verdict.FAIL, colour=Colour.RED),
        result("AC-LST-002", Verdict.FAIL, colour=Colour.AMBER),
        result("AC-LST-003", Verdict.NOT_EXERCISED, colour=Colour.RED),
        result("AC-LST-004", Verdict.NOT_EXERCISED, colour=Colour.RED),
        colour=Colour.RED,
    )
    assert (
        gate_reason(run) == "1 clause is broken (AC-LST-001); 2 clauses were not exercised (AC-LST-003, AC-LST-004)"
    )


def test_a_known_failure_that_passes_is_the_reason() -> None:
    run = report(result("AC-LST-001", colour=Colour.RED), result("AC-LST-002"), colour=Colour.RED)
    assert gate_reason(run) == "1 known failure passes and is to be removed (AC-LST-001)"


def test_a_long_reason_names_the_first_and_counts_the_rest() -> None:
    run = report(*(result(f"AC-{n}", Verdict.FAIL, colour=Colour.RED) for n in range(9)), colour=Colour.RED)
    assert gate_reason(run) == "9 clauses are broken (AC-0, AC-1, AC-2, AC-3, AC-4, AC-5 and 3 more)"


def test_a_target_that_cannot_be_reached_is_the_reason() -> None:
    blocked = (result(name, Verdict.BLOCKED, colour=Colour.RED, reason="no server") for name in ("AC-1", "AC-2"))
    assert gate_reason(report(*blocked, colour=Colour.RED, exit_code=4)) == "nothing could be checked: no server"


def test_a_run_that_broke_down_says_so() -> None:
    run = replace(report(result("AC-LST-001"), colour=Colour.RED), interrupted="harness error")
    assert gate_reason(run) == "the run did not come to its end (harness error)"


def test_a_run_that_only_waives_too_much_says_so() -> None:
    run = report(result("AC-LST-001", Verdict.FAIL, colour=Colour.NONE, waived="W-1"), colour=Colour.AMBER)
    assert gate_reason(run) == "known failures waive many of the required clauses"
