"""The report for programs: JSON with a schema, `report.schema.json`, beside this module."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from importlib.resources import files
from typing import Any, cast

from harness.check.results.findings import SCHEMA_VERSION, ClauseResult, Finding, FindingStep, RunReport
from harness.output.escaping import visible_text
from harness.report.run_record import plain_value
from harness.specification.model import Document


def json_report(report: RunReport, *, complete: bool = True, began: datetime | None = None) -> str:
    """The report as JSON text; only `began` and `seconds` depend on the machine and the hour."""
    tree = report_tree(report, complete=complete, began=began)
    return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def report_schema() -> dict[str, Any]:
    """The JSON Schema that every JSON report satisfies."""
    text = files("harness.report").joinpath("report.schema.json").read_text(encoding="utf-8")
    return cast(dict[str, Any], json.loads(text))


def report_tree(report: RunReport, *, complete: bool = True, began: datetime | None = None) -> dict[str, Any]:
    """The report as plain values."""
    counts = Counter(result.verdict.value for result in report.clauses if result.waived is None)
    tree = {
        "schema_version": SCHEMA_VERSION,
        "harness_version": report.harness_version,
        "api": report.api,
        "title": report.title,
        "spec_version": report.spec_version,
        "document": None if report.document is None else _document_tree(report.document),
        "target": report.target,
        "product": {"name": report.product or None, "version": report.product_version or None},
        "began": None if began is None else began.isoformat(),
        "verdict": report.verdict.value,
        "gate": {"profile": report.gate.value, "colour": report.colour.value},
        "exit_code": report.exit_code,
        "complete": complete and report.interrupted is None,
        "interrupted": report.interrupted,
        "seed": report.seed,
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
        "rows_seen": report.rows_seen,
        "evidence": report.evidence,
        "counts": {**dict(sorted(counts.items())), "waived": sum(r.waived is not None for r in report.clauses)},
        "dialect": plain_value(dict(sorted(report.dialect.items()))),
        "limits": plain_value(dict(sorted(report.limits.items()))),
        "notes": list(report.notes),
        "findings": [_finding_tree(finding) for finding in report.findings],
        "clauses": [_clause_tree(result) for result in report.clauses],
    }
    return cast(dict[str, Any], _escape_tree(tree))


def _document_tree(document: Document) -> dict[str, Any]:
    return {
        "name": document.name,
        "sha256": document.sha256,
        "title": document.title,
        "url": document.url,
        "read": document.read,
        "note": document.note,
        "facts": document.facts,
    }


def _clause_tree(result: ClauseResult) -> dict[str, Any]:
    return {
        "id": result.id,
        "level": result.level,
        "basis": result.basis,
        "family": result.family,
        "verdict": result.verdict.value,
        "colour": result.colour.value,
        "witnesses": result.witnesses,
        "reason": result.reason,
        "says": result.says,
        "source": result.source,
        "counts": {verdict.value: count for verdict, count in sorted(result.counts.items())},
        "waived": result.waived,
    }


def _finding_tree(finding: Finding) -> dict[str, Any]:
    return {
        "clause": finding.clause,
        "level": finding.level,
        "basis": finding.basis,
        "family": finding.family,
        "verdict": finding.verdict.value,
        "colour": finding.colour.value,
        "message": finding.message,
        "expected": finding.expected,
        "actual": finding.actual,
        "request": finding.request,
        "curl": finding.curl,
        "response": finding.response,
        "rows": list(finding.rows),
        "steps": [_step_tree(step) for step in finding.steps],
        "reason": finding.reason,
        "replay": finding.replay,
        "waived": finding.waived,
        "defect": finding.defect,
        "difference": finding.difference,
    }


def _step_tree(step: FindingStep) -> dict[str, Any]:
    return {
        "request": step.request,
        "curl": step.curl,
        "told": step.told,
        "seconds_later": step.seconds_later,
    }


def _escape_tree(value: Any) -> Any:
    """Every text visible, line ends kept: nothing of a server acts on whoever prints the values."""
    if isinstance(value, dict):
        return {name: _escape_tree(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_escape_tree(inner) for inner in value]
    return visible_text(value, limit=65536, multiline=True) if isinstance(value, str) else value
