"""The report for CI servers: one suite per family, one test case per clause."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from harness.check.results.findings import ClauseResult, Finding, RunReport, Verdict
from harness.check.results.gate import gate_reason
from harness.output.escaping import visible_text, xml_text
from harness.report.ci_outcome import ci_outcome, clause_seconds, findings_by_clause, what_went_wrong, why_skipped
from harness.report.finding_requests import request_lines, step_lines
from harness.report.run_record import RunRecord

# CI servers refuse or choke on larger files than some ten megabytes, whatever a target answers.
_MOST_TEXT: Final = 1_500_000
_LEAST_EACH: Final = 100
_MOST_EACH: Final = 16_384
_MANY_CLAUSES: Final = 2_000


def junit_report(recording: RunRecord) -> str:
    """The report as JUnit XML; the counts of each suite are those of its children.

    There is a failure or an error where the gate is red, and nowhere else. The time of a suite is that of the
    requests sent for its family, in equal parts for its cases: one request bears on many clauses.
    """
    report = recording.report
    by_clause = findings_by_clause(recording)
    families: dict[str, list[ClauseResult]] = {}
    for result in report.clauses:
        families.setdefault(result.family, []).append(result)
    seconds = clause_seconds(recording)
    stamp = f' timestamp="{_timestamp(recording.began)}"' if recording.began is not None else ""
    room = max(_LEAST_EACH, min(_MOST_EACH, _MOST_TEXT // max(1, len(report.clauses))))
    suites = []
    totals = [0, 0, 0, 0]
    for family, results in families.items():
        cases = [
            _test_case_lines(report, result, by_clause.get(result.id, []), room, seconds[result.id])
            for result in results
        ]
        outcomes = [ci_outcome(result) for result in results]
        counts = [len(results), outcomes.count("failed"), outcomes.count("error"), outcomes.count("skipped")]
        spent = sum(seconds[result.id] for result in results)
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        name = _quote_attribute(f"{report.api} {family}")
        suites.append(f'  <testsuite name={name} {_count_attributes(counts)} time="{spent:.3f}"{stamp}>')
        suites += _run_property_lines(report)
        suites += cases
        suites.append("  </testsuite>")
    head = f"<testsuites name={_quote_attribute(f'callharness {report.api}')} {_count_attributes(totals)} "
    head += f'time="{report.seconds:.3f}"{stamp}>'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>", ""])


def _timestamp(began: datetime) -> str:
    return began.astimezone(UTC).isoformat(timespec="seconds")


def _test_case_lines(
    report: RunReport, result: ClauseResult, findings: list[Finding], room: int, seconds: float
) -> str:
    name = _quote_attribute(f"{result.id} {result.says}")
    lines = [f'    <testcase classname={_quote_attribute(report.api)} name={name} time="{seconds:.3f}">']
    lines += _property_lines(result, findings, short=room <= _MOST_TEXT // _MANY_CLAUSES)
    outcome = ci_outcome(result)
    if outcome == "skipped":
        lines.append(f"      <skipped message={_quote_attribute(why_skipped(result, findings))}/>")
    elif outcome != "passed":
        element, kind = ("failure", str(result.id)) if outcome == "failed" else ("error", result.verdict.value)
        what = what_went_wrong(result, findings)
        text = "\n\n".join(_failure_text(finding, room) for finding in findings) or what
        lines.append(f"      <{element} type={_quote_attribute(kind)} message={_quote_attribute(what, room)}>")
        lines[-1] += f"{escape(xml_text(text, limit=room))}</{element}>"
    lines.append("    </testcase>")
    return "\n".join(lines)


def _run_property_lines(report: RunReport) -> Iterator[str]:
    values = {
        "api": report.api,
        "target": report.target,
        "gate": report.gate.value,
        "colour": report.colour.value,
        "reason": gate_reason(report),
        "seed": str(report.seed),
        "requests": str(report.requests),
        "harness_version": report.harness_version,
        "spec_version": report.spec_version,
    }
    yield "    <properties>"
    for name, value in values.items():
        if value:
            yield f"      <property name={_quote_attribute(name)} value={_quote_attribute(value)}/>"
    yield "    </properties>"


def _property_lines(result: ClauseResult, findings: list[Finding], *, short: bool) -> Iterator[str]:
    values = {
        "level": result.level,
        "basis": result.basis,
        "verdict": result.verdict.value,
        "colour": result.colour.value,
        "witnesses": str(result.witnesses),
        "says": result.says,
        "source": result.source,
    }
    if short:
        values = {"verdict": result.verdict.value, "colour": result.colour.value}
    if result.reason:
        values["observed" if result.verdict is Verdict.OBSERVED else "reason"] = result.reason
    if result.waived is not None:
        values["waived"] = result.waived
    for finding in findings[:1]:
        numbers = {"defect": str(finding.defect or ""), "difference": "" if short else finding.difference}
        values |= {name: value for name, value in numbers.items() if value}
    yield "      <properties>"
    for name, value in values.items():
        yield f"        <property name={_quote_attribute(name)} value={_quote_attribute(value)}/>"
    yield "      </properties>"


def _failure_text(finding: Finding, room: int) -> str:
    parts = [visible_text(finding.message, limit=room)]
    labelled = [("expected", finding.expected), ("actual", finding.actual), ("because", finding.reason)]
    if room > _MOST_TEXT // _MANY_CLAUSES:
        alone = () if finding.steps else request_lines(finding)
        labelled += [
            ("rows", "\n".join(finding.rows[:20])),
            ("requests" if finding.steps else "request", "\n".join((*step_lines(finding), *alone))),
            ("replay", finding.replay),
        ]
    for label, text in labelled:
        if text:
            # A bar before each further line: no line of a server begins a line of a log.
            shown = visible_text(text, limit=min(4096, room), multiline=True).split("\n")
            parts.append(f"{label:<9} " + "\n          | ".join(shown))
    return "\n".join(parts)


def _count_attributes(counts: list[int]) -> str:
    tests, failures, errors, skipped = counts
    return f'tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}"'


def _quote_attribute(text: str, room: int = 300) -> str:
    return quoteattr(xml_text(visible_text(text, limit=min(300, room))))
