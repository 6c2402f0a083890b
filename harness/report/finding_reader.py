"""The findings of a report that somebody kept: a JSON report or a journal, read as input of any other origin."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from harness.check.results.findings import Finding
from harness.errors import UsageProblem
from harness.output.bounded_files import read_at_most
from harness.report.journal_lines import check_finding_line, clean_line
from harness.report.run_record import parse_finding, read_run_record

LARGEST_REPORT: Final = 64 * 1024 * 1024


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReport:
    """The findings of an earlier run, with the API that it was about and what it asked."""

    file: str
    api: str
    target: str
    findings: tuple[Finding, ...]


def read_kept_report(path: Path) -> KeptReport:
    """What a JSON report or a journal tells of findings. Raises UsageProblem, or BadJournal for a bad journal."""
    try:
        data = read_at_most(path, LARGEST_REPORT)
    except OSError as problem:
        raise UsageProblem(str(path), "a readable file", (problem.strerror or "an error").lower()) from problem
    if len(data) > LARGEST_REPORT:
        raise UsageProblem(str(path), f"a report of at most {LARGEST_REPORT} bytes", "a larger file")
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict) or not isinstance(tree.get("findings"), list):
        record = read_run_record(path)
        report = record.report
        return KeptReport(file=str(path), api=report.api, target=report.target, findings=report.findings)
    return _report_of_tree(path, tree)


def _report_of_tree(path: Path, tree: dict[str, Any]) -> KeptReport:
    findings = []
    for index, line in enumerate(tree["findings"]):
        try:
            clean = clean_line(line)
        except ValueError as problem:
            raise UsageProblem(f"{path}, findings.{index}", "a finding", str(problem)) from problem
        wrong = check_finding_line(clean)
        if wrong is not None:
            raise UsageProblem(f"{path}, findings.{index}", "a finding of a JSON report", wrong)
        findings.append(parse_finding(clean))
    texts = clean_line({name: str(tree.get(name, "")) for name in ("api", "target")})
    return KeptReport(file=str(path), **texts, findings=tuple(findings))
