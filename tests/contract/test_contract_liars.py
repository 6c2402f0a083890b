"""Every breakable kind of promise has a liar, and the liar is caught under its clause."""

from __future__ import annotations

import re

import pytest

from harness.cli.selftest_plan import clock_step_of
from harness.cli.selftest_trials import Trial, run_trial
from harness.serve.faults.catalogue import faults_of
from harness.specification.clause_families import planned_families
from harness.specification.load import load_spec, spec_ids

QUICKEST_FIRST = ("ozeki", "enswitch", "etelecom", "voximplant", "plivo", "twilio", "telnyx", "asterisk-cdr-api")


def one_of_each_kind() -> list[tuple[str, str]]:
    """One fault for each way of breaking a promise (the last word of its name) in each family of clauses."""
    chosen: list[tuple[str, str]] = []
    seen: set[tuple[str, str]] = set()
    # The quick ones first, so that the sample stays quick.
    for api in sorted(spec_ids(), key=lambda api: QUICKEST_FIRST.index(api.partition("/")[0])):
        spec = load_spec(api)
        known = planned_families(spec)
        for fault in faults_of(spec):
            words = [word for word in re.split(r"[^A-Za-z]+", fault.name) if word]
            kind = (known[fault.clause], words[-1])
            if kind not in seen:
                seen.add(kind)
                chosen.append((api, fault.id))
    return chosen


def every_fault() -> list[tuple[str, str]]:
    return [(api, fault.id) for api in spec_ids() for fault in faults_of(load_spec(api))]


def test_there_are_liars_enough() -> None:
    assert len(every_fault()) >= 200
    assert len(one_of_each_kind()) >= 60


# Breaches that two clauses describe equally well: which one a run meets first is no matter.
EQUALLY = {
    "EN-CAL-035/direction-overlap": "EN-CAL-031",
    "EN-CAL-037/reversed": "EN-CAL-041",
    "EN-CAL-064/shared-callid-12": "EN-CAL-045",
    "OZ-LCH-038/total-ignores-filters": "OZ-LCH-039",
    "VX-GCH-018/call_session_history_id-first-only": "VX-GCH-019",
    "VX-GCH-019/call_session_history_id-cut-short": "VX-GCH-018",
    "VX-GCH-061/pages-leave-gaps": "VX-GCH-050",
    "VX-GCH-061/pages-overlap": "VX-GCH-050",
    "EN-CAL-017/an-unknown-code": "EN-CAL-016",
    "EN-CAL-069/implies-outgroup-8": "EN-CAL-070",
}


def caught_under_its_clause(api: str, fault: str, *, calls: int) -> tuple[bool, tuple[str, ...]]:
    """Whether a run finds the fault under its clause, and what it tells."""
    result = run_trial(Trial(api=api, fault=fault, calls=calls, step_seconds=clock_step_of(fault)))
    right = {fault.partition("/")[0], EQUALLY.get(fault, "")}
    return bool(right & set(result.clauses)), result.messages


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(("api", "fault"), one_of_each_kind())
def test_a_liar_is_caught_under_its_clause(api: str, fault: str) -> None:
    caught, messages = caught_under_its_clause(api, fault, calls=150)
    assert caught, messages


@pytest.mark.thorough
@pytest.mark.parametrize(("api", "fault"), one_of_each_kind())
def test_a_liar_is_caught_under_its_clause_whatever_is_drawn(api: str, fault: str) -> None:
    caught, messages = caught_under_its_clause(api, fault, calls=300)
    assert caught, messages


@pytest.mark.thorough
@pytest.mark.parametrize(("api", "fault"), every_fault())
def test_every_liar_is_caught(api: str, fault: str) -> None:
    assert run_trial(Trial(api=api, fault=fault, step_seconds=clock_step_of(fault))).clauses


@pytest.mark.usefixtures("few_combinations")
def test_a_row_that_stands_twice_on_each_page_is_no_page_that_is_too_long() -> None:
    told = run_trial(Trial(api="ozeki/list-call-history", fault="OZ-LCH-045/a-row-twice", calls=300)).clauses
    assert "OZ-LCH-045" in told
    assert "OZ-LCH-034" not in told
