"""Verdicts roll up as verdicts.md says, and a gate colours them by its table."""

from __future__ import annotations

import pytest

from harness.check.results.collector import ResultCollector, roll_up_verdicts
from harness.check.results.findings import Colour, Finding, Gate, Verdict
from harness.check.results.gate import colour_of
from harness.specification.model import Basis, Clause, ClauseId, Level

ONE, TWO = ClauseId("AC-LST-001"), ClauseId("AC-LST-002")


def ledger(level: Level = "must", basis: Basis = "documented") -> ResultCollector:
    clause = Clause(level=level, basis=basis, says="rows are kept", source="row 1")
    return ResultCollector(clauses={ONE: clause, TWO: clause}, families={}, gate=Gate.CI)


def finding(request: str = "GET /calls", clause: ClauseId = ONE) -> Finding:
    return Finding(
        clause=clause,
        level="must",
        basis="documented",
        family="filters",
        message="rows are kept",
        expected="1",
        actual="2",
        request=request,
    )


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ({Verdict.PASS: 40, Verdict.FAIL: 1}, Verdict.FAIL),
        ({Verdict.PASS: 1, Verdict.INCONCLUSIVE: 1}, Verdict.INCONCLUSIVE),
        ({Verdict.FAIL: 1, Verdict.ERROR: 1}, Verdict.ERROR),
        ({Verdict.BLOCKED: 1, Verdict.INCONCLUSIVE: 1}, Verdict.BLOCKED),
        ({Verdict.PASS: 1, Verdict.NOT_EXERCISED: 9}, Verdict.PASS),
        ({Verdict.OBSERVED: 1, Verdict.NOT_EXERCISED: 9}, Verdict.OBSERVED),
        ({Verdict.NOT_EXERCISED: 1, Verdict.NOT_RUN: 1}, Verdict.NOT_EXERCISED),
        ({}, Verdict.NOT_RUN),
    ],
)
def test_the_worst_verdict_decides_then_one_pass_then_the_most_informative(
    counts: dict[Verdict, int], verdict: Verdict
) -> None:
    assert roll_up_verdicts(counts) is verdict


def test_a_clause_keeps_the_finding_with_the_smallest_request() -> None:
    book = ledger()
    book.record_failure((ONE,), finding("GET /calls?a=1&b=2"))
    book.record_failure((ONE,), finding("GET /calls?a=1"))
    assert [found.request for found in book.findings()] == ["GET /calls?a=1"]


def test_a_failure_belongs_to_the_clause_that_explains_it_best() -> None:
    book = ledger()
    book.record_failure((ONE, TWO), finding())
    assert book.first_failed((TWO,)) is None
    assert book.first_failed((TWO, ONE)) == ONE


def test_what_a_broken_must_promises_blocks_and_what_a_broken_should_promises_leaves_open() -> None:
    strong, weak = ledger("must"), ledger("should")
    for book in (strong, weak):
        book.record_failure((ONE,), finding())
        book.record_blocked((TWO,), ONE)
    assert strong.result_of(TWO, default=Verdict.NOT_RUN).verdict is Verdict.BLOCKED
    assert weak.result_of(TWO, default=Verdict.NOT_RUN).verdict is Verdict.INCONCLUSIVE


def test_a_failure_explained_by_another_one_is_taken_back() -> None:
    book = ledger()
    book.record_failure((ONE,), finding())
    book.record_failure((TWO,), finding(clause=TWO))
    book.mark_consequence(TWO, ONE)
    assert [found.clause for found in book.findings()] == [ONE]
    assert book.result_of(TWO, default=Verdict.NOT_RUN).verdict is Verdict.BLOCKED


def test_nothing_exercised_is_never_a_pass() -> None:
    book = ledger()
    book.record_pass((ONE,), times=0)
    assert book.result_of(ONE, default=Verdict.NOT_EXERCISED, reason="empty").verdict is Verdict.NOT_EXERCISED


# The table of verdicts.md A.1 rule 5, row by row.
GATES = [
    (Gate.CI, "must", "documented", Verdict.FAIL, Colour.RED),
    (Gate.CI, "must", "corroborated", Verdict.FAIL, Colour.RED),
    (Gate.CI, "must", "entailed", Verdict.FAIL, Colour.RED),
    (Gate.CI, "must", "standard", Verdict.FAIL, Colour.RED),
    (Gate.CI, "must", "inferred", Verdict.FAIL, Colour.AMBER),
    (Gate.CI, "should", "documented", Verdict.FAIL, Colour.AMBER),
    (Gate.CI, "may", "documented", Verdict.FAIL, Colour.NONE),
    (Gate.CI, "must", "documented", Verdict.INCONCLUSIVE, Colour.AMBER),
    (Gate.CI, "must", "documented", Verdict.NOT_EXERCISED, Colour.AMBER),
    (Gate.CI, "must", "documented", Verdict.BLOCKED, Colour.RED),
    (Gate.CI, "must", "documented", Verdict.NOT_RUN, Colour.AMBER),
    (Gate.STRICT, "should", "inferred", Verdict.FAIL, Colour.RED),
    (Gate.STRICT, "must", "documented", Verdict.NOT_EXERCISED, Colour.RED),
    (Gate.STRICT, "must", "documented", Verdict.NOT_RUN, Colour.RED),
    (Gate.CERTIFY, "should", "documented", Verdict.FAIL, Colour.RED),
    (Gate.CERTIFY, "must", "inferred", Verdict.FAIL, Colour.AMBER),
    (Gate.CERTIFY, "must", "documented", Verdict.INCONCLUSIVE, Colour.RED),
    (Gate.EXPLORE, "must", "documented", Verdict.FAIL, Colour.NONE),
    (Gate.EXPLORE, "must", "documented", Verdict.ERROR, Colour.RED),
    (Gate.CI, "may", "unknown", Verdict.OBSERVED, Colour.NONE),
    (Gate.STRICT, "must", "documented", Verdict.NOT_APPLICABLE, Colour.NONE),
    (Gate.STRICT, "must", "documented", Verdict.PASS, Colour.GREEN),
]


@pytest.mark.parametrize(("gate", "level", "basis", "verdict", "colour"), GATES)
def test_a_gate_colours_a_verdict_by_its_table(
    gate: Gate, level: Level, basis: Basis, verdict: Verdict, colour: Colour
) -> None:
    assert colour_of(verdict, level=level, basis=basis, gate=gate) is colour
