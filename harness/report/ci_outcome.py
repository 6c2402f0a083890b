"""What a clause means to a CI server: passed, failed or skipped as the gate has it, why, and how long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal, TypeAlias

from harness.check.results.findings import ClauseResult, Colour, Finding, Verdict
from harness.report.run_record import RunRecord

CiOutcome: TypeAlias = Literal["passed", "failed", "error", "skipped"]


def ci_outcome(result: ClauseResult) -> CiOutcome:
    """The outcome of a clause: what is red fails, whatever its verdict, and nothing else does."""
    if result.colour is Colour.RED:
        return "error" if result.verdict in (Verdict.ERROR, Verdict.BLOCKED) else "failed"
    return "passed" if result.verdict in (Verdict.PASS, Verdict.OBSERVED) else "skipped"


def what_went_wrong(result: ClauseResult, findings: list[Finding]) -> str:
    """What was seen, not what is promised; why there is no verdict where there is none."""
    if findings and result.verdict is Verdict.FAIL:
        return f"expected {findings[0].expected}; actual: {findings[0].actual}"
    return result.reason


def why_skipped(result: ClauseResult, findings: list[Finding]) -> str:
    """The verdict of a clause that neither passed nor failed, with its colour or waiver, and what was seen."""
    head = result.verdict.value
    if result.waived is not None:
        head += f", waived by {result.waived}"
    elif result.colour is Colour.AMBER:
        head += ", amber"
    seen = what_went_wrong(result, findings)
    return f"{head}: {seen}" if seen else head


def findings_by_clause(recording: RunRecord) -> Mapping[str, list[Finding]]:
    """The findings of each clause that has some."""
    found: dict[str, list[Finding]] = {}
    for finding in recording.report.findings:
        found.setdefault(finding.clause, []).append(finding)
    return found


def clause_seconds(recording: RunRecord) -> Mapping[str, float]:
    """The seconds of each clause: those of the requests that were sent for its family, in equal parts.

    One request bears on many clauses, so that no clause has a time of its own.
    """
    spent: dict[str, float] = defaultdict(float)
    for exchange in recording.exchanges:
        spent[exchange.phase] += exchange.seconds
    members: dict[str, list[ClauseResult]] = {}
    for result in recording.report.clauses:
        members.setdefault(result.family, []).append(result)
    return {result.id: spent[family] / len(results) for family, results in members.items() for result in results}
