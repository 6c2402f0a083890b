"""The report in the Common Test Report Format: one test per clause, for dashboards that read CTRF."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Final

from harness.check.results.findings import ClauseResult, Finding, RunReport
from harness.check.results.gate import gate_reason
from harness.output.escaping import visible_text
from harness.report.ci_outcome import (
    CiOutcome,
    ci_outcome,
    clause_seconds,
    findings_by_clause,
    what_went_wrong,
    why_skipped,
)
from harness.report.finding_requests import request_lines, step_lines
from harness.report.run_record import RunRecord

_SPEC_VERSION: Final = "0.0.0"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STATUS_BY_OUTCOME: Final[dict[CiOutcome, str]] = {
    "passed": "passed",
    "failed": "failed",
    "error": "failed",
    "skipped": "skipped",
}


def ctrf_report(recording: RunRecord) -> str:
    """The report as JSON text, times in milliseconds; a test has failed where the gate is red, and nowhere else.

    Where it is unknown when the run began, it began in 1970.
    """
    report = recording.report
    seconds = clause_seconds(recording)
    found = findings_by_clause(recording)
    tests = [_test_of(report, result, found.get(result.id, []), seconds[result.id]) for result in report.clauses]
    counts = Counter(test["status"] for test in tests)
    start = round((recording.began or _EPOCH).timestamp() * 1000)
    duration = round(report.seconds * 1000)
    tree = {
        "reportFormat": "CTRF",
        "specVersion": _SPEC_VERSION,
        "generatedBy": "callharness",
        "results": {
            "tool": {"name": "callharness", "version": report.harness_version},
            "summary": {
                "tests": len(tests),
                **{name: counts[name] for name in ("passed", "failed", "skipped", "pending", "other")},
                "start": start,
                "stop": start + duration,
                "duration": duration,
            },
            "tests": tests,
            "environment": {
                "appName": _text(report.api),
                "appVersion": report.spec_version,
                "testEnvironment": _text(report.target),
                "extra": {
                    "gate": report.gate.value,
                    "colour": report.colour.value,
                    "reason": _text(gate_reason(report)),
                    "seed": report.seed,
                    "requests": report.requests,
                },
            },
        },
    }
    if recording.began is not None:
        tree["timestamp"] = recording.began.astimezone(UTC).isoformat(timespec="seconds")
    return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _test_of(report: RunReport, result: ClauseResult, findings: list[Finding], seconds: float) -> dict[str, object]:
    outcome = ci_outcome(result)
    test: dict[str, object] = {
        "name": _text(f"{result.id} {result.says}"),
        "status": _STATUS_BY_OUTCOME[outcome],
        "duration": round(seconds * 1000),
        "suite": [_text(report.api), result.family],
        "rawStatus": result.verdict.value,
        "tags": [result.level, result.basis, result.colour.value],
        "extra": {"clause": result.id, "source": _text(result.source), "witnesses": result.witnesses},
    }
    message = why_skipped(result, findings) if outcome == "skipped" else what_went_wrong(result, findings)
    if outcome != "passed" and message:
        test["message"] = _text(message)
    if findings:
        first = findings[0]
        asked = step_lines(first) if first.steps else request_lines(first)
        shown = (*asked, *first.rows, first.replay)
        test["trace"] = visible_text("\n".join(filter(None, shown)), limit=16384, multiline=True)
    return test


def _text(text: str) -> str:
    return visible_text(text, limit=2000)
