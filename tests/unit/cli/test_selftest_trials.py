"""One trial of the self-test: what it serves, and what its result holds."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from harness.check.results.findings import ClauseResult, Colour, Finding, Gate, RunReport, Verdict
from harness.cli.selftest_plan import random_dialect
from harness.cli.selftest_trials import (
    Trial,
    TrialResult,
    headlines_of,
    result_of_report,
    run_trial,
    run_trials,
    trial_as_json,
)
from harness.specification.field_path import FieldPath
from harness.specification.load import load_spec
from harness.specification.model import ClauseId

API = "ozeki/list-active-calls"


def finding(clause: str, *, colour: Colour = Colour.RED, after: int = 1, defect: int = 0) -> Finding:
    return Finding(
        clause=ClauseId(clause),
        level="must",
        basis="documented",
        family="shape",
        message="it is so",
        expected="this",
        actual="that",
        colour=colour,
        found_after=after,
        defect=defect,
    )


def test_a_finding_without_a_group_is_its_own_headline() -> None:
    assert headlines_of([finding("A-2"), finding("A-1")]) == ("A-1", "A-2")


def test_headlines_are_those_of_the_report() -> None:
    amber = finding("A-1", colour=Colour.AMBER, defect=1, after=2)
    grouped = [amber, finding("A-2", defect=1, after=3), finding("A-5", defect=2)]
    assert headlines_of([*grouped, finding("A-3"), finding("A-4")]) == ("A-2", "A-5", "A-3", "A-4")


def report(*findings: Finding, exit_code: int = 0, red: tuple[str, ...] = ()) -> RunReport:
    clauses = tuple(
        ClauseResult(
            id=ClauseId(name),
            level="must",
            basis="documented",
            family="shape",
            says="so",
            source="Top",
            verdict=Verdict.BLOCKED,
            colour=Colour.RED,
        )
        for name in red
    )
    return RunReport(
        api=API,
        title="Calls",
        target="t",
        gate=Gate.CI,
        colour=Colour.RED if red else Colour.GREEN,
        exit_code=exit_code,
        seed=1,
        requests=9,
        seconds=0.0,
        dialect={},
        clauses=clauses,
        findings=findings,
    )


def test_the_first_evidence_comes_first_and_headlines_keep_the_order_of_the_report() -> None:
    found = result_of_report(Trial(api=API), report(finding("A-1", after=8), finding("A-2", after=3)))
    assert (found.clauses, found.headlines, found.first_evidence) == (("A-2", "A-1"), ("A-1", "A-2"), 3)


def test_a_finding_that_only_informs_is_none() -> None:
    found = result_of_report(Trial(api=API), report(finding("A-1", colour=Colour.NONE)))
    assert (found.clauses, found.headlines, found.first_evidence) == ((), (), None)


def test_amber_is_found_and_not_red() -> None:
    found = result_of_report(Trial(api=API), report(finding("A-1", colour=Colour.AMBER)))
    assert (found.clauses, found.red) == (("A-1",), ())


@pytest.mark.parametrize(
    ("exit_code", "red", "is_red"),
    [(1, ("A-1",), True), (4, ("A-1",), True), (0, (), False), (5, (), False), (4, (), False), (3, ("A-1",), False)],
)
def test_red_is_what_stops_a_pipeline(exit_code: int, red: tuple[str, ...], is_red: bool) -> None:
    found = result_of_report(Trial(api=API), report(exit_code=exit_code, red=red))
    assert found.is_red is is_red


def test_a_blocked_clause_that_is_red_is_named_with_its_verdict() -> None:
    assert result_of_report(Trial(api=API), report(red=("A-1",))).red_verdicts == ("A-1: blocked",)


# --- JSON ---------------------------------------------------------------------------------------------------


def test_an_answer_that_is_a_field_stands_in_the_json_as_its_text() -> None:
    trial = Trial(api="etelecom/list-call-logs", dialect={"filters.date_from.instead": (FieldPath.of("created_at"),)})
    assert trial_as_json(trial)["dialect"] == {"filters.date_from.instead": ["created_at"]}


def test_a_trial_of_a_random_dialect_can_be_written_as_json() -> None:
    dialect = random_dialect(load_spec("voximplant/get-call-history"), random.Random(3))
    written = json.loads(json.dumps(trial_as_json(Trial(api="voximplant/get-call-history", dialect=dialect))))
    assert written["dialect"].keys() == dialect.keys()


# --- real ones ----------------------------------------------------------------------------------------------

SMALL = Trial(api=API, calls=60)
CONTAINER_MISSING = "OZ-LAC-007/no-container"
FIELD = "OZ-LAC-011/RingDuration-form"
MESSAGE = "OZ-LAC-006/Message-missing"


def test_two_faults_in_one_simulator_are_both_there() -> None:
    found = run_trial(replace(SMALL, fault=FIELD, company=(MESSAGE,)))
    assert {"OZ-LAC-011", "OZ-LAC-006"} <= set(found.clauses)
    assert found.hidden == ()


def test_a_fault_in_rows_that_are_not_shown_is_hidden() -> None:
    found = run_trial(replace(SMALL, fault=CONTAINER_MISSING, company=(FIELD,)))
    assert "OZ-LAC-011" not in found.clauses
    assert found.hidden == (FIELD,)


def test_a_neighbour_is_served_and_no_fault_of_the_trial() -> None:
    trial = replace(SMALL, neighbour=FIELD)
    assert trial.faults == ()
    assert run_trial(trial).clauses == ("OZ-LAC-011",)


def test_a_deviant_server_is_asked_through_its_deviations() -> None:
    assert run_trial(replace(SMALL, deviations=("extra-parts", "other-error-text"))).messages == ()


def test_results_come_in_the_order_of_the_trials() -> None:
    trials = [replace(SMALL, calls=0), replace(SMALL, calls=3)]
    heard: list[TrialResult] = []
    found = run_trials(trials, workers=1, on_result=heard.append)
    assert [result.trial for result in found] == trials
    assert heard == found


def test_several_processes_give_the_results_that_one_gives() -> None:
    trials = [replace(SMALL, calls=0), replace(SMALL, fault=FIELD)]
    assert run_trials(trials, workers=2) == run_trials(trials, workers=1)
