"""Verdicts roll up as verdicts.md says, and a gate colours them by its table."""

from __future__ import annotations

from dataclasses import replace

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
    book.record_failure(ONE, finding("GET /calls?a=1&b=2"))
    book.record_failure(ONE, finding("GET /calls?a=1"))
    assert [found.request for found in book.findings()] == ["GET /calls?a=1"]


@pytest.mark.parametrize("open_first", [True, False])
def test_certain_evidence_stands_for_a_clause_before_open_evidence(open_first: bool) -> None:
    book = ledger()
    found = [replace(finding("GET /"), basis="inferred"), finding("GET /calls?a=1")]
    for one in found if open_first else reversed(found):
        book.record_failure(ONE, one)
    assert [one.basis for one in book.findings()] == ["documented"]
    assert book.result_of(ONE, default=Verdict.NOT_RUN).colour is Colour.RED


def test_every_clause_that_fails_has_a_finding() -> None:
    book = ledger()
    book.record_failure(ONE, finding())
    book.record_failure(TWO, finding(clause=TWO))
    assert [found.clause for found in book.findings()] == [ONE, TWO]
    assert book.result_of(TWO, default=Verdict.NOT_RUN).verdict is Verdict.FAIL


def test_what_is_blocked_stays_so_whatever_else_fails() -> None:
    book = ledger()
    book.record_failure(ONE, finding())
    book.record((TWO,), Verdict.BLOCKED, "no row shows a destination")
    assert book.result_of(TWO, default=Verdict.NOT_RUN).reason == "no row shows a destination"


def test_a_clause_that_lacks_information_is_amber_and_one_of_a_run_without_log_in_is_red() -> None:
    book = ledger()
    book.record((ONE,), Verdict.BLOCKED, "no row shows a destination")
    assert book.result_of(ONE, default=Verdict.BLOCKED, reason="refused").colour is Colour.AMBER
    assert book.result_of(TWO, default=Verdict.BLOCKED, reason="refused").colour is Colour.RED


def test_findings_of_some_clauses_are_numbered_among_themselves() -> None:
    book = ledger()
    book.record_failure(ONE, finding())
    book.record_failure(TWO, finding(clause=TWO))
    assert [(found.clause, found.defect) for found in book.findings({TWO})] == [(TWO, 1)]


def test_a_finding_knows_how_many_failures_were_told_before_it() -> None:
    book = ledger()
    book.record_failure(TWO, finding(clause=TWO))
    book.record_failure(ONE, finding())
    assert [(found.clause, found.place) for found in book.findings()] == [(ONE, 1), (TWO, 0)]


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
    (Gate.CI, "must", "documented", Verdict.BLOCKED, Colour.AMBER),
    (Gate.CI, "must", "documented", Verdict.NOT_RUN, Colour.AMBER),
    (Gate.STRICT, "should", "inferred", Verdict.FAIL, Colour.RED),
    (Gate.STRICT, "must", "documented", Verdict.NOT_EXERCISED, Colour.RED),
    (Gate.STRICT, "must", "documented", Verdict.BLOCKED, Colour.RED),
    (Gate.STRICT, "must", "documented", Verdict.NOT_RUN, Colour.RED),
    (Gate.CERTIFY, "should", "documented", Verdict.FAIL, Colour.RED),
    (Gate.CERTIFY, "must", "inferred", Verdict.FAIL, Colour.AMBER),
    (Gate.CERTIFY, "must", "documented", Verdict.INCONCLUSIVE, Colour.RED),
    (Gate.CERTIFY, "must", "documented", Verdict.BLOCKED, Colour.RED),
    (Gate.EXPLORE, "must", "documented", Verdict.FAIL, Colour.NONE),
    (Gate.EXPLORE, "must", "documented", Verdict.BLOCKED, Colour.NONE),
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


@pytest.mark.parametrize(
    ("gate", "colour"),
    [
        (Gate.CI, Colour.RED),
        (Gate.STRICT, Colour.RED),
        (Gate.CERTIFY, Colour.RED),
        (Gate.EXPLORE, Colour.NONE),
    ],
)
def test_a_run_that_was_blocked_as_a_whole_is_red(gate: Gate, colour: Colour) -> None:
    blocked = colour_of(Verdict.BLOCKED, level="should", basis="inferred", gate=gate, run_blocked=True)
    assert blocked is colour


def shown_by(curl: str, difference: str, found_after: int, clause: ClauseId) -> Finding:
    return replace(finding(clause=clause), curl=curl, difference=difference, found_after=found_after)


@pytest.mark.parametrize(
    ("one", "two", "defects"),
    [
        pytest.param(("curl a", "total", 5), ("curl a", "total", 9), [1, 1], id="the same request and difference"),
        pytest.param(("curl a", "total", 5), ("curl a", "order", 9), [1, 2], id="another difference"),
        pytest.param(("curl a", "total", 5), ("curl b", "total", 9), [1, 2], id="another request"),
        pytest.param(("curl a", "total", 9), ("curl b", "total", 5), [2, 1], id="in the order in which they came"),
    ],
)
def test_findings_with_one_request_and_one_difference_are_one_defect(
    one: tuple[str, str, int], two: tuple[str, str, int], defects: list[int]
) -> None:
    book = ledger()
    book.record_failure(TWO, shown_by(*two, TWO))
    book.record_failure(ONE, shown_by(*one, ONE))
    assert [found.defect for found in book.findings()] == defects
