"""What a test suite noticed, as one HTML file in the style of the other reports."""

from __future__ import annotations

from harness.output.escaping import shell_word
from harness.report.html import render_page
from harness.report.mutation_report import MutantOutcome, MutantResult, MutationReport, shown_percent
from harness.report.mutation_text import OUTCOME_WORDS


def mutation_html(report: MutationReport) -> str:
    """The report as HTML text: what nobody noticed, then every broken promise by family."""
    families: dict[str, list[MutantResult]] = {}
    for result in report.results:
        families.setdefault(result.mutant.family, []).append(result)
    return render_page(
        "mutation.html.j2",
        report=report,
        percent=shown_percent(report.percent),
        command=" ".join(shell_word(word) for word in report.command),
        counts=[(OUTCOME_WORDS[outcome], count) for outcome, count in report.counts.items() if count],
        words=OUTCOME_WORDS,
        unnoticed=[result for result in report.results if result.outcome is MutantOutcome.NOT_NOTICED],
        families=list(families.items()),
    )
