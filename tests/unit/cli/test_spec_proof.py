"""The proof of a spec: what its own simulator is blamed for, which faults are missed, what no run can test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from invented_spec import acmepbx
from tiny_calls import TINY, tiny

from harness.cli import spec_proof
from harness.cli.main import main
from harness.cli.selftest_trials import Trial, TrialResult
from harness.cli.spec_proof import proof_lines, proof_of_results, proof_trials

API = "tests/support/acmepbx.yaml"


def ran(trial: Trial, *clauses: str, undecided: tuple[str, ...] = (), exit_code: int = 0) -> TrialResult:
    return TrialResult(
        trial=trial,
        clauses=clauses,
        red=clauses,
        requests=10,
        first_evidence=3 if clauses else None,
        headlines=clauses,
        red_verdicts=tuple(f"{clause}: fail" for clause in clauses),
        exit_code=exit_code or (1 if clauses else 0),
        undecided=undecided,
        messages=clauses,
    )


HONEST = Trial(api=API, calls=40)
EMPTY = Trial(api=API, calls=0)
FAULTY = Trial(api=API, fault="AC-LST-044/total-missing")


def test_a_spec_whose_simulator_keeps_it_and_whose_faults_are_caught_holds() -> None:
    proof = proof_of_results(acmepbx(), [ran(HONEST), ran(EMPTY, exit_code=5), ran(FAULTY, "AC-LST-044")])
    assert proof.holds
    assert (proof.honest.part, proof.honest.whole, proof.caught.part, proof.headline.part) == (2, 2, 1, 1)


def test_a_simulator_that_is_blamed_breaks_the_proof() -> None:
    proof = proof_of_results(acmepbx(), [ran(HONEST, "AC-LST-030"), ran(EMPTY)])
    assert not proof.holds
    assert (proof.honest.part, len(proof.alarms)) == (1, 1)
    assert "AC-LST-030" in proof.alarms[0]


def test_a_fault_that_nobody_sees_breaks_the_proof() -> None:
    proof = proof_of_results(acmepbx(), [ran(HONEST), ran(FAULTY)])
    assert (proof.holds, len(proof.missed)) == (False, 1)
    assert list(proof_lines([proof]))[-1].endswith(f"callharness explain {API}:AC-LST-044/total-missing")


def test_a_fault_under_another_clause_is_told_and_breaks_nothing() -> None:
    proof = proof_of_results(acmepbx(), [ran(HONEST), ran(FAULTY, "AC-LST-045")])
    assert (proof.holds, proof.headline.part, len(proof.misattributed)) == (True, 0, 1)


def test_a_clause_that_no_honest_run_could_test_is_named_and_shared_ones_are_not() -> None:
    open_in_both = ("AC-LST-071: not_exercised", "TEXT-ONCE: not_exercised")
    results = [
        ran(HONEST, undecided=open_in_both),
        ran(EMPTY, undecided=(*open_in_both, "AC-LST-010: not_exercised")),
    ]
    assert proof_of_results(acmepbx(), results).unexercised == ("AC-LST-071",)


def test_the_table_has_a_line_for_each_spec_and_what_fell_short_below() -> None:
    lines = list(proof_lines([proof_of_results(acmepbx(), [ran(HONEST), ran(FAULTY)])]))
    assert lines[0].split("   ")[0] == "proof"
    assert lines[1].endswith("DOES NOT HOLD")
    assert lines[2].startswith("  missed: tests/support/acmepbx.yaml:AC-LST-044/total-missing")


def test_the_runs_are_honest_ones_of_several_sizes_and_one_for_each_drawn_fault(tmp_path: Path) -> None:
    trials = proof_trials(tiny(tmp_path), sample=3)
    assert [trial.calls for trial in trials if not trial.faults][:6] == [0, 1, 3, 40, 400, 400]
    assert len([trial for trial in trials if trial.faults]) == 3


@pytest.mark.usefixtures("few_combinations")
def test_the_command_proves_a_clean_spec(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spec", "lint", tiny(tmp_path), "--prove", "--sample", "1", "--workers", "1", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["proof"]["holds"]
    assert row["proof"]["honest"] == {"part": 7, "whole": 7}
    assert row["proof"]["caught"] == {"part": 1, "whole": 1}


def test_the_command_ends_with_1_where_the_proof_does_not_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spec_proof, "run_trials", lambda trials, **_: [ran(trial) for trial in trials])
    assert main(["spec", "lint", tiny(tmp_path), "--prove", "--sample", "2"]) == 1
    assert "0 of 2" in capsys.readouterr().out


def test_a_spec_with_findings_is_not_proved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(TINY.replace("text: {shows: note}", "text: {absent: none}"), encoding="utf-8")
    assert main(["spec", "lint", str(path), "--prove"]) == 1
    out = capsys.readouterr().out
    assert ": unshown\n" in out
    assert "proof" not in out
