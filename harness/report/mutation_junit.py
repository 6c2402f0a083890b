"""What a test suite noticed, for CI servers: a suite per family, a test case per broken promise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from harness.output.escaping import visible_text, xml_text
from harness.report.mutation_report import MutantOutcome, MutantResult, MutationReport

_MOST_TEXT: Final = 4000
_MOST_ATTRIBUTE: Final = 300


def mutation_junit(report: MutationReport) -> str:
    """The report as JUnit XML: a failure is a broken promise that was not noticed."""
    families: dict[str, list[MutantResult]] = {}
    for result in report.results:
        families.setdefault(result.mutant.family, []).append(result)
    name = _quoted(f"callharness mutate {report.api}")
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(f'<testsuites name={name} {_counts(report.results)} time="{report.seconds:.3f}">')
    for family, results in families.items():
        seconds = sum(result.seconds for result in results)
        suite = _quoted(f"{report.api} {family}")
        lines.append(f'  <testsuite name={suite} {_counts(tuple(results))} time="{seconds:.3f}">')
        for result in results:
            lines += _case_lines(report, result)
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _case_lines(report: MutationReport, result: MutantResult) -> Iterator[str]:
    mutant = result.mutant
    names = f"classname={_quoted(report.api)} name={_quoted(mutant.id)}"
    yield f'    <testcase {names} time="{result.seconds:.3f}">'
    yield "      <properties>"
    for name, value in (
        ("clause", mutant.clause),
        ("level", mutant.level),
        ("outcome", result.outcome.value),
        ("says", mutant.says),
        ("harm", mutant.harm),
    ):
        yield f"        <property name={_quoted(name)} value={_quoted(value)}/>"
    yield "      </properties>"
    match result.outcome:
        case MutantOutcome.NOT_NOTICED:
            text = "\n".join(
                [f"promise  {mutant.says}", f"broken   {mutant.done}", f"harm     {mutant.harm}", mutant.again]
            )
            message = _quoted(f"not noticed: {mutant.done}")
            body = escape(xml_text(text, limit=_MOST_TEXT))
            yield f"      <failure type={_quoted(mutant.clause)} message={message}>{body}</failure>"
        case MutantOutcome.NOT_JUDGED | MutantOutcome.NOT_RUN:
            yield f"      <skipped message={_quoted(f'{result.outcome.value}: {result.reason}')}/>"
        case MutantOutcome.NOTICED | MutantOutcome.TIMED_OUT:
            pass
    yield "    </testcase>"


def _counts(results: tuple[MutantResult, ...]) -> str:
    failures = sum(result.outcome is MutantOutcome.NOT_NOTICED for result in results)
    skipped = sum(result.outcome in (MutantOutcome.NOT_JUDGED, MutantOutcome.NOT_RUN) for result in results)
    return f'tests="{len(results)}" failures="{failures}" errors="0" skipped="{skipped}"'


def _quoted(text: str) -> str:
    return quoteattr(xml_text(visible_text(text, limit=_MOST_ATTRIBUTE)))
