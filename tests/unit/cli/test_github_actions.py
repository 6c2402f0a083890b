"""What a run tells GitHub: only there, ten of a kind, and in commands that no server can add to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from report_samples import HOSTILE, finding, grouped_report, recording, report, result

from harness.check.results.findings import Colour, RunReport
from harness.cli.console import Console
from harness.cli.github_actions import annotation_lines, tell_github, workflow_command


def lines_of(of: RunReport) -> list[str]:
    return list(annotation_lines(recording(of)))


def test_elsewhere_nothing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = tmp_path / "summary.md"
    tell_github(Console(), recording(), {"GITHUB_STEP_SUMMARY": str(summary)})
    assert (capsys.readouterr().err, summary.exists()) == ("", False)


def test_a_job_gets_annotations_and_a_page_behind_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# before\n")
    tell_github(Console(), recording(), {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)})
    assert capsys.readouterr().err.splitlines() == [
        "::error title=acmepbx/list-calls AC-LST-021::the total counts all matching calls: expected 43 on every "
        "page; actual: 43 on page 0, 20 on page 1"
    ]
    assert summary.read_text(encoding="utf-8").startswith("# before\n## 🔴 RED `acmepbx/list-calls`\n")


def test_a_page_that_cannot_be_written_costs_a_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell_github(Console(), recording(), {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path)})
    assert "the summary of the job could not be written" in capsys.readouterr().err


def test_each_defect_is_told_once_and_a_known_failure_never() -> None:
    assert [line.partition(" title=")[0] for line in lines_of(grouped_report())] == [
        "::error",
        "::error",
        "::warning",
    ]


def test_ten_of_a_kind_are_told() -> None:
    many = tuple(finding(f"AC-{n}", defect=n) for n in range(1, 15))
    assert len(lines_of(report(findings=many, colour=Colour.RED))) == 10


def test_a_run_that_is_red_without_a_finding_says_why() -> None:
    stale = report(result("AC-LST-001", colour=Colour.RED), colour=Colour.RED)
    assert lines_of(stale) == [
        "::error title=acmepbx/list-calls is red::1 known failure passes and is to be removed (AC-LST-001)"
    ]


def test_a_server_cannot_begin_a_command_of_its_own() -> None:
    attack = f"{HOSTILE}\r\n::add-mask::x%0A::error::y"
    run = report(findings=(replace(finding(), message=attack, actual=attack),), colour=Colour.RED)
    (line,) = lines_of(run)
    assert line.isprintable()
    assert "%250A" in line


def test_a_title_ends_at_no_sign_of_its_own() -> None:
    assert workflow_command("error", "a,b::c%", "d:e") == "::error title=a%2Cb%3A%3Ac%25::d:e"
