"""Answers that repeat the request and have parts with values of their own: said by serve, seen by check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from repeating_spec import repeating_spec_file
from simulator_prober import Prober

from harness.cli.selftest_trials import Trial, run_trial
from harness.serve.faults.catalogue import faults_of
from harness.serve.simulator import Simulator
from harness.specification.lint.linter import lint_spec
from harness.specification.load import load_spec
from harness.world import World

FAULTS = (
    "AC-LST-090/page-echoed-as-text",
    "AC-LST-090/rows-echoed-wrongly",
    "AC-LST-090/page-not-echoed",
    "AC-LST-091/ext-echoed-wrongly",
    "AC-LST-092/kind-missing",
    "AC-LST-092/kind-other-value",
    "AC-LST-093/revision-missing",
    "AC-LST-093/revision-type",
    "AC-LST-093/revision-other-value",
)


def test_the_spec_is_clean(tmp_path: Path) -> None:
    assert lint_spec(load_spec(repeating_spec_file(tmp_path))).findings == ()


def test_an_integer_is_repeated_as_one_and_untold_parts_are_told(tmp_path: Path) -> None:
    api = Prober(Simulator(load_spec(repeating_spec_file(tmp_path)), World.of(seed=1, calls=9)))
    answer = json.loads(api.get({"page": "1", "rows": "3", "ext": "007"}).body)
    assert answer["asked"] == {"page": 1, "rows": 3, "ext": "007"}
    assert (answer["kind"], answer["meta"]) == ("call-list", {"revision": 3})


def test_a_part_of_a_success_is_not_told_in_an_error(tmp_path: Path) -> None:
    api = Prober(Simulator(load_spec(repeating_spec_file(tmp_path)), World.of(seed=1, calls=9)))
    answer = json.loads(api.get({"page": "x"}).body)
    assert answer == {"code": 9, "message": "Cannot read page", "kind": "call-list"}


@pytest.mark.parametrize("calls", [0, 1, 40])
@pytest.mark.usefixtures("few_combinations")
def test_the_honest_simulator_is_not_blamed(calls: int, tmp_path: Path) -> None:
    assert run_trial(Trial(api=str(repeating_spec_file(tmp_path)), calls=calls)).messages == ()


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_liar_is_caught_under_the_clause(fault: str, tmp_path: Path) -> None:
    result = run_trial(Trial(api=str(repeating_spec_file(tmp_path)), fault=fault, calls=60))
    assert (result.headlines, result.is_red) == ((fault.partition("/")[0],), True)


def test_every_kind_of_fault_of_these_parts_is_among_those_tried(tmp_path: Path) -> None:
    known = {fault.id for fault in faults_of(load_spec(repeating_spec_file(tmp_path)))}
    assert set(FAULTS) <= known
