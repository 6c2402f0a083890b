"""What a test suite noticed, for people: what nobody noticed first, then a table and the score on the last line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from harness.output.counted_words import counted
from harness.output.escaping import shell_word, visible_text
from harness.report.mutation_report import MutantOutcome, MutantResult, MutationReport, MutationSource, shown_percent

_WIDTH: Final = 118
_LABEL: Final = 10
_LINES_OF_OUTPUT: Final = 6
_LEVELS: Final = ("must", "should")
OUTCOME_WORDS: Final = {
    MutantOutcome.NOT_NOTICED: "not noticed",
    MutantOutcome.TIMED_OUT: "timed out",
    MutantOutcome.NOTICED: "noticed",
    MutantOutcome.NOT_JUDGED: "not judged",
    MutantOutcome.NOT_RUN: "not run",
}


def mutation_text(report: MutationReport) -> str:
    """The whole report."""
    lines = [f"{_one_line(report.api)}: {' '.join(shell_word(word) for word in report.command)}", ""]
    for result in report.results:
        if result.outcome is MutantOutcome.NOT_NOTICED:
            lines += [*_unnoticed_lines(result, source=report.source), ""]
    for outcome in (MutantOutcome.TIMED_OUT, MutantOutcome.NOT_JUDGED):
        short = [result for result in report.results if result.outcome is outcome]
        lines += [_short_line(result) for result in short]
        lines += [""] if short else []
    lines += [*_table_lines(report), ""]
    lines += [line for note in report.notes for line in textwrap.wrap(_one_line(note), _WIDTH)]
    lines += [""] if report.notes else []
    return "\n".join([*lines, _summary_line(report)]) + "\n"


def _unnoticed_lines(result: MutantResult, *, source: MutationSource) -> Iterator[str]:
    mutant = result.mutant
    yield f"NOT NOTICED {mutant.id}  {mutant.family}, {mutant.level}"
    told = [
        ("promise", mutant.says),
        ("source", mutant.source),
        ("broken", mutant.done),
        ("harm", mutant.harm),
    ]
    for label, text in told:
        yield from textwrap.wrap(
            _one_line(text),
            _WIDTH,
            initial_indent=f"  {label:<{_LABEL}}",
            subsequent_indent=" " * (_LABEL + 2),
            break_long_words=False,
        )
    # A command that reads the answer from its file asks nothing.
    if result.requests == 0 and source == "faults":
        yield f"  {'requests':<{_LABEL}}none came"
    for label, text in (("look", mutant.look), ("again", mutant.again)):
        if text:
            yield f"  {label:<{_LABEL}}{_one_line(text)}"


def _short_line(result: MutantResult) -> str:
    reason = result.reason or result.mutant.says
    return f"{OUTCOME_WORDS[result.outcome]:<12}{result.mutant.id}  {_one_line(reason)}"


def _table_lines(report: MutationReport) -> Iterator[str]:
    yield f"{'broken promises':<18}" + "".join(f"{level:>8}" for level in (*_LEVELS, "all"))
    for outcome in MutantOutcome:
        some = [result for result in report.results if result.outcome is outcome]
        if some:
            counts = [sum(result.mutant.level == level for result in some) for level in _LEVELS]
            cells = "".join(f"{count or '-':>8}" for count in (*counts, len(some)))
            yield f"  {OUTCOME_WORDS[outcome]:<16}{cells}"


def _summary_line(report: MutationReport) -> str:
    runs = len(report.honest) + sum(
        result.outcome in (MutantOutcome.NOTICED, MutantOutcome.NOT_NOTICED, MutantOutcome.TIMED_OUT)
        for result in report.results
    )
    cut = f", interrupted by {report.interrupted}" if report.interrupted else ""
    return (
        f"{report.colour.value.upper()}  {report.noticed} of {report.judged} broken promises noticed "
        f"({shown_percent(report.percent)}; {report.min_noticed:g} % asked for), {counted(runs, 'run')}, "
        f"{report.seconds:.1f} s{cut}"
    )


def output_tail(text: str, *, lines: int = _LINES_OF_OUTPUT) -> str:
    """The last lines that a command printed, made visible."""
    return visible_text("\n".join(text.rstrip().splitlines()[-lines:]), limit=4096, multiline=True)


def _one_line(text: str) -> str:
    return visible_text(text, limit=2000)
