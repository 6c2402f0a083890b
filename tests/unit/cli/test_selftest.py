"""`callharness selftest`: its options, what it prints and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli.main import main

# Honest runs of nearly empty worlds, so that the command is quick.
QUICK = ["selftest", "ozeki/list-active-calls", "--workers", "1", "--honest", "2"]


def test_honest_runs_alone_end_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*QUICK, "--no-faults"]) == 0
    out, err = capsys.readouterr()
    assert "perfect   3      0     0" in out.splitlines()
    assert err == ""


def test_a_sample_of_faults_alone_and_in_company_on_two_kinds_of_servers(capsys: pytest.CaptureFixture[str]) -> None:
    code = main([*QUICK, "--sample", "2", "--together", "2", "--deviant", "extra-parts", "--json"])
    written = json.loads(capsys.readouterr().out)
    assert code == (0 if written["score"]["good"] else 1)
    (only,) = written["score"]["rounds"]
    assert {kind: figures["faults"] for kind, figures in only["alone"].items()} == {"perfect": 2, "extra-parts": 2}
    assert {kind: figures["sets"] for kind, figures in only["company"].items()} == {"perfect": 1, "extra-parts": 1}


def test_json_goes_into_a_file_beside_the_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([*QUICK, "--no-faults", "--json", str(tmp_path / "score.json")])
    assert capsys.readouterr().out.startswith("seed 7\n")
    assert json.loads((tmp_path / "score.json").read_text(encoding="utf-8"))["score"]["good"] is True


@pytest.mark.parametrize("name", [".", "no-such-folder/score.json"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("harness.cli.selftest.run_trials", None)
    assert main([*QUICK, "--json", str(tmp_path / name)]) == 2
    assert "--json" in capsys.readouterr().err


def test_an_unknown_deviation_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*QUICK, "--deviant", "no-such"]) == 2
    assert "--deviant" in capsys.readouterr().err
