"""The report as SARIF 2.1.0, which code scanning services read: a rule per broken clause, a result per finding."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, timedelta
from typing import Any, Final
from urllib.parse import quote

from harness.check.results.findings import ClauseResult, Colour, Finding, RunReport
from harness.check.results.gate import gate_reason
from harness.output.escaping import visible_text
from harness.report.finding_requests import request_lines, step_lines
from harness.report.run_record import RunRecord

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVEL_BY_COLOUR: Final = {Colour.RED: "error", Colour.AMBER: "warning", Colour.GREEN: "note", Colour.NONE: "note"}
_SPEC_FOLDER: Final = "SPECS"


def sarif_report(recording: RunRecord) -> str:
    """The report as JSON text: red findings are errors, amber ones warnings, waived ones suppressed.

    A finding stands at the spec of the API, the file in which the promise is written down.
    """
    report = recording.report
    concerned = {finding.clause for finding in report.findings}
    rules = [result for result in report.clauses if result.id in concerned or result.colour is Colour.RED]
    places = {result.id: place for place, result in enumerate(rules)}
    results = [_finding_result(report, finding, places) for finding in report.findings]
    results += [_clause_result(report, rule, places) for rule in rules if rule.id not in concerned]
    invocation: dict[str, Any] = {
        "executionSuccessful": report.interrupted is None and report.exit_code in (0, 1, 5),
        "exitCode": report.exit_code,
        "properties": {
            "gate": report.gate.value,
            "colour": report.colour.value,
            "reason": _text(gate_reason(report)),
            "target": _text(report.target),
            "seed": report.seed,
            "requests": report.requests,
        },
    }
    if recording.began is not None:
        ended = recording.began + timedelta(seconds=report.seconds)
        invocation["startTimeUtc"] = recording.began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        invocation["endTimeUtc"] = ended.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    driver = {"name": "callharness", "rules": [_rule_of(report, result) for result in rules]}
    if report.harness_version:
        driver["version"] = report.harness_version
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"callharness/{_text(report.api)}/"},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    if not _is_file(report.api):
        run["originalUriBaseIds"] = {_SPEC_FOLDER: {"description": {"text": "the specs that callharness brings"}}}
    tree = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _rule_of(report: RunReport, result: ClauseResult) -> dict[str, Any]:
    return {
        "id": result.id,
        "shortDescription": {"text": _text(result.says)},
        "fullDescription": {"text": _text(f"{result.says} ({result.level}, {result.basis}; {result.source})")},
        "help": {"text": _text(f"callharness explain {result.id} says how it is tested and what to do about it.")},
        "defaultConfiguration": {"level": "error" if result.level == "must" else "warning"},
        "properties": {"tags": [result.family, result.level, result.basis], "api": _text(report.api)},
    }


def _finding_result(report: RunReport, finding: Finding, places: dict[Any, int]) -> dict[str, Any]:
    parts = [f"{finding.message}: expected {finding.expected}; actual: {finding.actual}"]
    parts += [*(step_lines(finding) if finding.steps else request_lines(finding)), finding.replay]
    made = _result_of(report, finding.clause, finding.colour, "\n".join(filter(None, parts)), finding.difference)
    if finding.clause in places:
        made["ruleIndex"] = places[finding.clause]
    if finding.waived is not None:
        made["suppressions"] = [{"kind": "external", "justification": _text(f"known failure {finding.waived}")}]
    if finding.defect:
        made["properties"] = {"defect": finding.defect}
    return made


def _clause_result(report: RunReport, result: ClauseResult, places: dict[Any, int]) -> dict[str, Any]:
    """What makes a run red without a finding: a known failure that passes, a clause that is blocked."""
    text = f"{result.verdict.value}: {result.reason or result.says}"
    return _result_of(report, result.id, result.colour, text, result.verdict.value) | {"ruleIndex": places[result.id]}


def _result_of(report: RunReport, clause: str, colour: Colour, text: str, difference: str) -> dict[str, Any]:
    place: dict[str, Any] = {
        "uri": quote(visible_text(report.api, limit=500) if _is_file(report.api) else f"{report.api}.yaml")
    }
    if not _is_file(report.api):
        place["uriBaseId"] = _SPEC_FOLDER
    print_of = hashlib.sha256("\0".join((report.api, clause, difference)).encode("utf-8", "replace")).hexdigest()
    return {
        "ruleId": clause,
        "level": _LEVEL_BY_COLOUR[colour],
        "message": {"text": visible_text(text, limit=8000, multiline=True)},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": place, "region": {"startLine": 1}},
                "logicalLocations": [{"name": clause, "fullyQualifiedName": f"{_text(report.api)}/{clause}"}],
            }
        ],
        "partialFingerprints": {"clauseAndDifference/v1": print_of},
    }


def _is_file(api: str) -> bool:
    return api.endswith((".yaml", ".yml", ".json"))


def _text(text: str) -> str:
    return visible_text(text, limit=2000)
