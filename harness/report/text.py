"""The report for people at a terminal and in a log: what is broken first, then how much was seen."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from harness.check.results.defects import broken_summary, finding_colour, group_findings
from harness.check.results.findings import ClauseResult, Colour, Finding, Gate, RunReport, Verdict
from harness.check.results.gate import gate_reason, shut_out_reason
from harness.output.counted_words import counted
from harness.output.escaping import visible_text
from harness.report.finding_requests import comparison_of, step_lines
from harness.report.plain_words import kept_summary, run_sentences

_WIDTH: Final = 118
_LONGEST_LINE: Final = 2000
_ROWS_SHOWN: Final = 8
_LEVELS: Final = ("must", "should", "may")
_ANSI_CODES: Final[Mapping[str, str]] = {"red": "31", "amber": "33", "green": "32", "bold": "1", "dim": "2"}
# Verdicts that each get a line of their own; the others are counted.
_LISTED_VERDICTS: Final = (
    Verdict.ERROR,
    Verdict.BLOCKED,
    Verdict.INCONCLUSIVE,
    Verdict.NOT_EXERCISED,
    Verdict.NOT_RUN,
)

Paint = Callable[[str, str], str]


def text_report(report: RunReport, *, complete: bool = True, coloured: bool = False) -> str:
    """The whole report; `coloured` only for a terminal."""
    paint: Paint = _paint_ansi if coloured else _paint_plain
    shut_out = shut_out_reason(report)
    sentences = [*_sentence_lines(report, complete=complete), ""]
    body = [
        *(_left_out_lines(report) if shut_out else _all_finding_lines(report, paint)),
        *_other_clause_lines(report, paint),
        *_table_lines(report),
        *_dialect_lines(report),
        *_note_lines(report, complete=complete),
        "",
    ]
    if shut_out and all(result.verdict is Verdict.BLOCKED for result in report.clauses):
        # A server that is not there has nothing to tell but that.
        body = []
    lines = [
        *_heading_lines(report, paint),
        *(sentences + body if shut_out else body + sentences[:-1]),
        _summary_line(report, paint, complete=complete),
        *_reason_lines(report, paint),
    ]
    return "\n".join(lines) + "\n"


def finding_lines(
    finding: Finding, *, api: str, source: str = "", also: Sequence[Finding] = (), coloured: bool = False
) -> Iterator[str]:
    """One finding in the house's form: what broke, expected, actual, request, replay.

    `also` are the findings of the other clauses that the same defect breaks.
    """
    paint: Paint = _paint_ansi if coloured else _paint_plain
    word = "FAIL" if finding.verdict is Verdict.FAIL else finding.verdict.value.upper()
    if finding.waived is not None:
        word = "waived"
    head = f"{finding.clause}  {_one_line(finding.message)}"
    place = f"{_one_line(api)}, {finding.family}" + (f", defect {finding.defect}" if finding.defect else "")
    if finding.colour is not Colour.RED and finding.waived is None:
        place += ", amber" if finding.colour is Colour.AMBER else ", informs"
    gap = " " * max(2, _WIDTH - len(word) - 1 - len(head) - len(place))
    yield f"{paint(word, finding.colour.value)} {head}{gap}{paint(place, 'dim')}"
    yield from _also_broken_lines(also)
    promise = f"{finding.level}, {finding.basis}" + (f"; {_one_line(source)}" if source else "")
    yield from _labelled_lines("clause", promise)
    yield from _labelled_lines("expected", finding.expected)
    yield from _labelled_lines("actual", finding.actual)
    if finding.reason:
        yield from _labelled_lines("because", finding.reason)
    if finding.waived is not None:
        yield from _labelled_lines("waived", f"by {finding.waived}")
    shown = finding.rows[:_ROWS_SHOWN]
    if shown:
        more = len(finding.rows) - len(shown)
        text = "\n".join(visible_text(row, limit=400) for row in shown)
        yield from _labelled_lines("rows", text + (f"\n… and {more} more" if more else ""))
    if finding.steps:
        for number, line in enumerate((*step_lines(finding), comparison_of(finding))):
            yield f"  {'' if number else 'requests':<9} │ {visible_text(line, limit=_LONGEST_LINE)}"
    else:
        yield from _labelled_lines("request", finding.curl or finding.request)
    yield from _labelled_lines("replay", finding.replay)


def _also_broken_lines(also: Sequence[Finding]) -> Iterator[str]:
    parts = [visible_text(f"{finding.clause} ({finding_colour(finding)})", limit=_LONGEST_LINE) for finding in also]
    # A clause and what it counts for stay on one line.
    text = ", ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)
    head = "  also breaks: "
    for number, line in enumerate(textwrap.wrap(text, _WIDTH - len(head), break_on_hyphens=False)):
        yield (" " * len(head) if number else head) + line.replace("\N{NO-BREAK SPACE}", " ")


def _labelled_lines(label: str, text: str) -> Iterator[str]:
    """`label` and the text beside it; more lines stand below, each with a bar before it."""
    if not text:
        return
    lines = visible_text(text, limit=_LONGEST_LINE, multiline=True).split("\n")
    if len(lines) == 1:
        yield f"  {label:<9} {lines[0]}"
        return
    for number, line in enumerate(lines):
        yield f"  {label if number == 0 else '':<9} │ {line}"


def _heading_lines(report: RunReport, paint: Paint) -> Iterator[str]:
    yield paint(f"{_one_line(report.api)}  {_one_line(report.title)}", "bold")
    yield f"  target {_one_line(report.target)}, gate {report.gate.value}, seed {report.seed}"
    yield ""


def _all_finding_lines(report: RunReport, paint: Paint) -> Iterator[str]:
    sources = {result.id: result.source for result in report.clauses}
    for defect in group_findings(report.findings):
        yield from finding_lines(
            defect.headline,
            api=report.api,
            source=sources.get(defect.headline.clause, ""),
            also=defect.also,
            coloured=paint is _paint_ansi,
        )
        yield ""


def _left_out_lines(report: RunReport) -> Iterator[str]:
    """Of a list that nobody saw: what is wrong with the answers that refuse it says nothing of the API."""
    number = len(group_findings(report.findings))
    if number:
        stand = "stands" if number == 1 else "stand"
        yield f"{counted(number, 'defect')} of the answers that refuse it {stand} in the other reports."
        yield ""


def _other_clause_lines(report: RunReport, paint: Paint) -> Iterator[str]:
    with_finding = {finding.clause for finding in report.findings}
    told = [
        result
        for verdict in Verdict
        for result in report.clauses
        if result.verdict is verdict
        and (verdict in _LISTED_VERDICTS or (verdict is Verdict.FAIL and result.id not in with_finding))
    ]
    told += [result for result in report.clauses if result.verdict is Verdict.PASS and result.colour is Colour.RED]
    shut_out = shut_out_reason(report)
    if shut_out:
        # Told once, at the top.
        told = [result for result in told if result.reason != shut_out]
    for reason, results in _group_by_reason(told):
        if len(results) > 3:
            verdict, colour = results[0].verdict.value, results[0].colour.value
            yield f"{paint(verdict, colour)} {len(results)} clauses: {reason}"
            ids = textwrap.fill(" ".join(result.id for result in results), _WIDTH - 4, break_on_hyphens=False)
            yield textwrap.indent(ids, "    ")
        else:
            for result in results:
                yield f"{paint(result.verdict.value, result.colour.value)} {result.id}  {_one_line(result.says)}"
                if result.reason:
                    yield from _labelled_lines("because", result.reason)
    if told:
        yield ""


def _group_by_reason(results: Iterable[ClauseResult]) -> Iterator[tuple[str, list[ClauseResult]]]:
    groups: dict[tuple[Verdict, Colour, str], list[ClauseResult]] = {}
    for result in results:
        groups.setdefault((result.verdict, result.colour, _one_line(result.reason)), []).append(result)
    for (_, _, reason), members in groups.items():
        yield reason or "no reason given", members


def _table_lines(report: RunReport) -> Iterator[str]:
    counts: Counter[tuple[Verdict, str]] = Counter()
    waived = 0
    for result in report.clauses:
        if result.waived is not None:
            waived += 1
        else:
            counts[result.verdict, result.level] += 1
    yield f"{'clauses':<16}" + "".join(f"{level:>8}" for level in (*_LEVELS, "all"))
    for verdict in Verdict:
        numbers = [counts[verdict, level] for level in _LEVELS]
        if sum(numbers):
            yield f"  {verdict.value:<14}" + "".join(f"{number or '-':>8}" for number in (*numbers, sum(numbers)))
    if waived:
        yield f"  {'waived':<14}{waived:>32}"
    totals = [sum(result.level == level for result in report.clauses) for level in _LEVELS]
    yield f"  {'all':<14}" + "".join(f"{number or '-':>8}" for number in (*totals, len(report.clauses)))


def _dialect_lines(report: RunReport) -> Iterator[str]:
    if not report.dialect:
        return
    yield ""
    yield "dialect observed"
    width = min(60, max(len(name) for name in report.dialect))
    for name, value in sorted(report.dialect.items()):
        yield f"  {_one_line(name):<{width}}  {_one_line(_value_text(value))}"


def _note_lines(report: RunReport, *, complete: bool) -> Iterator[str]:
    shut_out = shut_out_reason(report)
    notes = [note for note in report.notes if note != shut_out]
    if report.evidence == "full":
        notes.append("evidence is full: this report may hold people's numbers and names")
    if not complete:
        notes.append("the journal has no end: the run was killed; `callharness resume` finishes it")
    if notes:
        yield ""
        yield "notes"
    for note in notes:
        told = visible_text(note, limit=_LONGEST_LINE)
        # A line for a shell is to be copied whole.
        is_line = told.startswith("$ ")
        wrapped = [told] if is_line else textwrap.wrap(told, _WIDTH - 4, break_on_hyphens=False)
        for number, line in enumerate(wrapped):
            yield ("  - " if number == 0 else "    ") + line


def _sentence_lines(report: RunReport, *, complete: bool) -> Iterator[str]:
    """The run in plain words, for readers who know no word of a report."""
    for sentence in run_sentences(report, complete=complete):
        yield from textwrap.wrap(sentence, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _summary_line(report: RunReport, paint: Paint, *, complete: bool) -> str:
    verdicts = Counter(result.verdict for result in report.clauses if result.waived is None)
    head = report.colour.value.upper() if complete else "INCOMPLETE"
    parts = [kept_summary(report)]
    broken = broken_summary(report)
    if broken and report.colour is Colour.GREEN:
        broken = f"although {broken}" + (" (this gate only reports)" if report.gate is Gate.EXPLORE else "")
    waived = sum(result.waived is not None for result in report.clauses)
    if broken:
        parts.append(broken)
    if waived:
        parts.append(f"{waived} known failure{'s'[: waived != 1]} waived")
    if verdicts[Verdict.ERROR]:
        parts.append(f"{verdicts[Verdict.ERROR]} with an error of the harness")
    parts += [counted(report.requests, "request"), f"{report.seconds:.1f} s"]
    if report.interrupted is not None:
        parts.append(f"interrupted ({_one_line(report.interrupted)})")
    return f"{paint(head, report.colour.value)}  {', '.join(parts)}"


def _reason_lines(report: RunReport, paint: Paint) -> Iterator[str]:
    """Why a red run is red: whoever reads only the last line of a log reads this."""
    if report.colour is Colour.RED:
        yield f"{paint('red because', 'red')} {visible_text(gate_reason(report), limit=_LONGEST_LINE)}"


def _value_text(value: object) -> str:
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_value_text(inner) for inner in value) + "]"
    return "none" if value is None else str(value)


def _one_line(text: str) -> str:
    return visible_text(text, limit=600)


def _paint_plain(text: str, style: str) -> str:
    return text


def _paint_ansi(text: str, style: str) -> str:
    code = _ANSI_CODES.get(style)
    return f"\x1b[{code}m{text}\x1b[0m" if code else text
