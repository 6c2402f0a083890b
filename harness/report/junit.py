"""The report for CI servers: one suite per family, one test case per clause."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from harness.check.results.findings import ClauseResult, Colour, Finding, RunReport, Verdict
from harness.output.escaping import visible_text, xml_text

# CI servers refuse or choke on larger files than some ten megabytes, whatever a target answers.
_MOST_TEXT: Final = 1_500_000
_LEAST_EACH: Final = 100
_MOST_EACH: Final = 16_384
_MANY_CLAUSES: Final = 2_000


def junit_report(report: RunReport) -> str:
    """The report as JUnit XML; the counts of each suite are those of its children."""
    by_clause: dict[str, list[Finding]] = {}
    for finding in report.findings:
        by_clause.setdefault(finding.clause, []).append(finding)
    families: dict[str, list[ClauseResult]] = {}
    for result in report.clauses:
        families.setdefault(result.family, []).append(result)
    room = max(_LEAST_EACH, min(_MOST_EACH, _MOST_TEXT // max(1, len(report.clauses))))
    suites = []
    totals = [0, 0, 0, 0]
    for family, results in families.items():
        cases = [_test_case_lines(report, result, by_clause.get(result.id, []), room) for result in results]
        outcomes = [_element_name(result) for result in results]
        counts = [
            len(results),
            outcomes.count("failure"),
            outcomes.count("error"),
            outcomes.count("skipped"),
        ]
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        name = _quote_attribute(f"{report.api} {family}")
        suites.append(f'  <testsuite name={name} {_count_attributes(counts)} time="0">')
        suites += cases
        suites.append("  </testsuite>")
    head = f"<testsuites name={_quote_attribute(f'callharness {report.api}')} {_count_attributes(totals)} "
    head += f'time="{report.seconds:.3f}">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>", ""])


def _element_name(result: ClauseResult) -> str:
    """Which element a result becomes, or `passed`."""
    # A known failure that passes is red: it must be seen, and JUnit has no other word for it.
    if result.verdict is Verdict.PASS:
        return "failure" if result.colour is Colour.RED else "passed"
    if result.waived is not None:
        return "skipped"
    match result.verdict:
        case Verdict.FAIL:
            return "failure"
        case Verdict.ERROR | Verdict.BLOCKED:
            return "error"
        case Verdict.OBSERVED:
            return "passed"
        case _:
            return "skipped"


def _test_case_lines(report: RunReport, result: ClauseResult, findings: list[Finding], room: int) -> str:
    lines = [f'    <testcase classname={_quote_attribute(report.api)} name={_quote_attribute(result.id)} time="0">']
    lines += _property_lines(result, findings, short=room <= _MOST_TEXT // _MANY_CLAUSES)
    outcome = _element_name(result)
    reason = result.reason or (findings[0].message if findings else "")
    if result.waived is not None and outcome == "skipped":
        lines.append(f"      <skipped message={_quote_attribute(f'waived {result.waived}')}/>")
    elif outcome == "skipped":
        message = f"{result.verdict.value}: {reason}" if reason else result.verdict.value
        lines.append(f"      <skipped message={_quote_attribute(message)}/>")
    elif outcome in ("failure", "error"):
        kind = {"failure": str(result.id), "error": result.verdict.value}[outcome]
        message = findings[0].message if findings else (reason or result.says)
        text = "\n\n".join(_failure_text(finding, room) for finding in findings) or reason
        body = escape(xml_text(text, limit=room))
        lines.append(
            f"      <{outcome} type={_quote_attribute(kind)} message={_quote_attribute(message, room)}>"
            f"{body}</{outcome}>"
        )
    lines.append("    </testcase>")
    return "\n".join(lines)


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
    if result.verdict is Verdict.OBSERVED and result.reason:
        values["observed"] = result.reason
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
        labelled += [
            ("rows", "\n".join(finding.rows[:20])),
            ("request", finding.curl or finding.request),
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
