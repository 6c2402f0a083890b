"""The report as Markdown, for a pull request, an issue or the summary of a CI job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from harness.check.results.defects import Defect, broken_summary, finding_colour, group_findings
from harness.check.results.findings import ClauseResult, Colour, RunReport, Verdict
from harness.check.results.gate import gate_reason, shut_out_reason
from harness.output.counted_words import counted
from harness.output.escaping import markdown_cell, markdown_fence
from harness.report.finding_requests import shell_lines
from harness.report.plain_words import kept_summary, run_sentences
from harness.report.run_record import RunRecord

# The summary of a job on GitHub may have a megabyte, a comment 65,536 characters.
_DEFECTS_AT_MOST: Final = 12
_CLAUSES_AT_MOST: Final = 100
_LEVELS: Final = ("must", "should", "may")
_SIGNS: Final = {Colour.RED: "🔴", Colour.AMBER: "🟠", Colour.GREEN: "🟢", Colour.NONE: "⚪"}


def markdown_report(recording: RunRecord) -> str:
    """The report as Markdown text: the gate and why, the defects with their requests, a table, what is open.

    All that is not ours stands in code: there nothing is markup, and a secret can still be masked.
    """
    report = recording.report
    lines = [
        *_head_lines(recording),
        *_defect_lines(report),
        *_table_lines(report),
        *_open_lines(report),
    ]
    return "\n".join(lines) + "\n"


def _head_lines(recording: RunRecord) -> Iterator[str]:
    report = recording.report
    word = report.colour.value.upper() if recording.complete else "INCOMPLETE"
    yield f"## {_SIGNS[report.colour]} {word} {markdown_cell(report.api)}"
    yield ""
    yield markdown_cell(" ".join(run_sentences(report, complete=recording.complete)), limit=2000)
    yield ""
    reason = gate_reason(report)
    if reason and not shut_out_reason(report):
        yield f"**{report.colour.value} because** {markdown_cell(reason, limit=1000)}"
        yield ""
    parts = [kept_summary(report), broken_summary(report)]
    parts += [counted(report.requests, "request"), f"{report.seconds:.1f} s"]
    yield f"{', '.join(filter(None, parts))}."
    yield ""
    facts = {
        "target": report.target,
        "gate": report.gate.value,
        "began": recording.began.isoformat(timespec="seconds") if recording.began is not None else "",
        "seed": str(report.seed),
        "callharness": report.harness_version,
        "interrupted": report.interrupted or "",
    }
    yield "| run | |"
    yield "|---|---|"
    yield from (f"| {name} | {markdown_cell(value)} |" for name, value in facts.items() if value)
    yield ""


def _defect_lines(report: RunReport) -> Iterator[str]:
    """The defects, whole; beside red ones the others in a line each, for they do not turn the run red."""
    defects = group_findings(report.findings)
    red = [one for one in defects if one.headline.colour is Colour.RED and one.headline.waived is None]
    whole = red or list(defects)
    says = {result.id: result for result in report.clauses}
    for defect in whole[:_DEFECTS_AT_MOST]:
        yield from _one_defect_lines(defect, says.get(defect.headline.clause))
    if len(whole) > _DEFECTS_AT_MOST:
        more = len(whole) - _DEFECTS_AT_MOST
        yield f"… and {more} more {'defect' if more == 1 else 'defects'}; the other reports have all of them."
        yield ""
    yield from _short_defect_lines([one for one in defects if one not in whole])


def _short_defect_lines(defects: Sequence[Defect]) -> Iterator[str]:
    if not defects:
        return
    yield "| counts | defects that do not turn the run red | expected | actual |"
    yield "|---|---|---|---|"
    for finding in (defect.headline for defect in defects[:_CLAUSES_AT_MOST]):
        sign = "⚪" if finding.waived is not None else _SIGNS[finding.colour]
        number = f"{finding.defect}. " if finding.defect else ""
        named = f"{number}{markdown_cell(finding.clause)} {markdown_cell(finding.message, limit=300)}"
        shown = [markdown_cell(text, limit=200) for text in (finding.expected, finding.actual)]
        yield f"| {sign} {markdown_cell(finding_colour(finding))} | {named} | {' | '.join(shown)} |"
    if len(defects) > _CLAUSES_AT_MOST:
        yield f"| | … and {len(defects) - _CLAUSES_AT_MOST} more | | |"
    yield ""


def _one_defect_lines(defect: Defect, result: ClauseResult | None) -> Iterator[str]:
    finding = defect.headline
    sign = _SIGNS[finding.colour] if finding.waived is None else "⚪"
    number = f"Defect {finding.defect}: " if finding.defect else ""
    yield f"### {sign} {number}{markdown_cell(finding.clause)} {markdown_cell(finding.message, limit=300)}"
    yield ""
    promise = f"{finding.level}, {finding.basis}" + (f"; {result.source}" if result is not None else "")
    rows = {
        "counts for the gate": finding_colour(finding),
        "promise": promise,
        "expected": finding.expected,
        "actual": finding.actual,
        "also breaks": ", ".join(f"{one.clause} ({finding_colour(one)})" for one in defect.also),
    }
    yield "| | |"
    yield "|---|---|"
    yield from (f"| {name} | {markdown_cell(value, limit=600)} |" for name, value in rows.items() if value)
    yield ""
    shown = list(shell_lines(finding))
    if shown:
        yield markdown_fence("\n".join(shown), info="sh")
        yield ""


def _table_lines(report: RunReport) -> Iterator[str]:
    counts = Counter(
        ("waived" if result.waived is not None else result.verdict.value, result.level) for result in report.clauses
    )
    yield "| clauses | must | should | may | all |"
    yield "|---|--:|--:|--:|--:|"
    for word in (*(verdict.value for verdict in Verdict), "waived"):
        numbers = [counts[word, level] for level in _LEVELS]
        if any(numbers):
            yield f"| `{word}` | " + " | ".join(str(number) for number in (*numbers, sum(numbers))) + " |"
    yield ""


def _counting_clauses(number: int) -> str:
    """So many clauses that count for the gate."""
    return f"{number} clause that counts" if number == 1 else f"{number} clauses that count"


def _open_lines(report: RunReport) -> Iterator[str]:
    """Clauses that count for the gate without a finding, folded away."""
    broken = {finding.clause for finding in report.findings}
    counted = (Colour.RED, Colour.AMBER)
    told = [result for result in report.clauses if result.colour in counted and result.id not in broken]
    if not told:
        return
    yield f"<details><summary>{_counting_clauses(len(told))} for the gate without a finding</summary>"
    yield ""
    yield "| clause | verdict | why |"
    yield "|---|---|---|"
    yield from _reason_rows(told[:_CLAUSES_AT_MOST])
    if len(told) > _CLAUSES_AT_MOST:
        yield f"| … and {len(told) - _CLAUSES_AT_MOST} more | | |"
    yield ""
    yield "</details>"
    yield ""


def _reason_rows(results: Sequence[ClauseResult]) -> Iterator[str]:
    for result in results:
        why = markdown_cell(result.reason or result.says, limit=300)
        yield f"| {markdown_cell(result.id)} | {_SIGNS[result.colour]} `{result.verdict.value}` | {why} |"
