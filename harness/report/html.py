"""The report as one HTML file that can be shown, mailed and printed: nothing loaded, every text of a server as text.

All of it can be read without its script, which adds filters, copy buttons and the permalinks of a filtered table.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, final

import jinja2
from markupsafe import Markup, escape

from harness.check.results.defects import Defect, broken_summary, finding_colour, group_findings
from harness.check.results.explanations import (
    BASIS_MEANINGS,
    COLOUR_MEANINGS,
    LEVEL_MEANINGS,
    VERDICT_MEANINGS,
)
from harness.check.results.findings import ClauseResult, Finding, RunReport, Verdict
from harness.output.escaping import variables_read, visible_text
from harness.report.finding_requests import came_of, comparison_of, request_lines
from harness.report.finding_values import asked_for, row_table, side_by_side
from harness.report.plain_words import noticed_by_clients, run_sentences
from harness.report.request_chart import duration_text, request_chart
from harness.report.run_record import RunRecord
from harness.specification.source_facts import SourceFact, cited_facts, page_addresses

_MOST_DEFECTS: Final = 2000
# So much text of findings a report holds, shared out among them: a mail server takes no larger file.
_MOST_TEXT: Final = 600_000
_LEAST_EACH: Final = 240
_MOST_EACH: Final = 4096
_LONGEST_TEXT: Final = 8192
_PARTS_OF_FINDING: Final = 8
# Where a long line of a command may be broken: behind what separates the parts of a URL, not within a word.
_BREAKS: Final = re.compile(r"(?<=[/?&;=,%])(?=[^\s/])")
_LONGEST_WORD: Final = 28


def html_report(record: RunRecord) -> str:
    """The report as HTML text."""
    report = record.report
    folder = files("harness.report").joinpath("templates")
    style, script = (folder.joinpath(name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    defects = group_findings(report.findings)
    texts = _TextLimits.for_findings(sum(1 + len(defect.also) for defect in defects))
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(shown=texts.shown, lines=texts.lines, broken=texts.broken, duration=duration_text)
    template = environment.from_string(folder.joinpath("report.html.j2").read_text(encoding="utf-8"))
    sentences = run_sentences(report, complete=record.complete)
    known = sum(defect.headline.waived is not None for defect in defects)
    return template.render(
        report=report,
        complete=record.complete,
        policy=(
            f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'; "
            "form-action 'none'"
        ),
        style=Markup(style),  # noqa: S704 - our own file; a style element takes no escapes
        script=Markup(script),  # noqa: S704 - our own file; a script element takes no escapes
        began=None if record.began is None else record.began.strftime("%Y-%m-%d %H:%M %Z").strip(),
        sentences=sentences,
        counts=_verdict_counts(report),
        levels=_level_counts(report),
        broken_summary=broken_summary(report),
        defects=_defect_values(defects[:_MOST_DEFECTS], report, texts),
        known_defects=known,
        new_defects=len(defects) - known,
        hidden_defects=max(0, len(defects) - _MOST_DEFECTS),
        chart=request_chart(record.exchanges, [defect.headline for defect in defects]),
        families=_results_by_family(report),
        defect_by_clause={str(one.clause): one.defect for one in report.findings if one.defect},
        facts=[_fact_values(fact, report) for fact in report.facts if _is_cited(fact, report)],
        legend=_legend(report),
        dialect=[(name, _value_text(value)) for name, value in sorted(report.dialect.items())],
        limits=[(name, _value_text(value)) for name, value in sorted(report.limits.items())],
    )


def render_page(template: str, **values: object) -> str:
    """A page from a template beside this module that has no script: the report on a mutated server."""
    folder = files("harness.report").joinpath("templates")
    style = folder.joinpath("mutation.css").read_text(encoding="utf-8")
    texts = _TextLimits(_LONGEST_TEXT)
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(shown=texts.shown, lines=texts.lines)
    return environment.from_string(folder.joinpath(template).read_text(encoding="utf-8")).render(
        policy=f"default-src 'none'; style-src '{_digest(style)}'; base-uri 'none'; form-action 'none'",
        style=Markup(style),  # noqa: S704 - our own file; a style element takes no escapes
        **values,
    )


@final
@dataclass(frozen=True, slots=True)
class _TextLimits:
    """How a text may stand in the page: visible, at most so many characters of a finding's part."""

    each: int

    @classmethod
    def for_findings(cls, number: int) -> _TextLimits:
        share = _MOST_TEXT // max(1, number * _PARTS_OF_FINDING)
        return cls(max(_LEAST_EACH, min(_MOST_EACH, share)))

    def shown(self, text: object) -> str:
        return self._safe(str(text), multiline=False)

    def lines(self, text: object) -> str:
        return self._safe(str(text), multiline=True)

    def broken(self, text: object) -> Markup:
        """The text with places at which a long word may be broken."""
        words = re.split(r"(\s+)", self.lines(text))
        return Markup("").join(
            Markup("<wbr>").join(map(_kept_together, _BREAKS.split(word)))
            if len(word) > _LONGEST_WORD
            else _kept_together(word)
            for word in words
        )

    def _safe(self, text: str, *, multiline: bool) -> str:
        return visible_text(text, limit=self.each, multiline=multiline)


def _kept_together(word: str) -> Markup:
    """A word that browsers would break at its hyphens, as one that they do not."""
    if "-" in word and len(word) <= _LONGEST_WORD:
        return Markup('<span class="w">{}</span>').format(word)
    return escape(word)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _verdict_counts(report: RunReport) -> list[tuple[str, int]]:
    counted = Counter(result.verdict for result in report.clauses if result.waived is None)
    found = [(verdict.value, counted[verdict]) for verdict in Verdict if counted[verdict]]
    waived = sum(result.waived is not None for result in report.clauses)
    return [*found, *([("waived", waived)] if waived else [])]


def _level_counts(report: RunReport) -> list[tuple[str, list[int]]]:
    """For each word of `_verdict_counts` the number of clauses by level: must, should, may, all."""
    rows = []
    for word, number in _verdict_counts(report):
        members = [one for one in report.clauses if _word_of(one) == word]
        rows.append((word, [*(sum(one.level == level for one in members) for level in LEVEL_MEANINGS), number]))
    return rows


def _word_of(result: ClauseResult) -> str:
    return result.verdict.value if result.waived is None else "waived"


def _defect_values(defects: Iterable[Defect], report: RunReport, texts: _TextLimits) -> list[dict[str, Any]]:
    result_by_clause = {result.id: result for result in report.clauses}
    facts = {fact.id: fact for fact in report.facts}
    values: list[dict[str, Any]] = []
    for index, defect in enumerate(defects):
        about = result_by_clause.get(defect.headline.clause)
        source = about.source if about else ""
        values.append(
            {
                "anchor": f"defect-{defect.headline.defect or f'x{index + 1}'}",
                "finding": defect.headline,
                "colour": finding_colour(defect.headline),
                "noticed": noticed_by_clients(defect.headline),
                "also": [{"finding": finding, "colour": finding_colour(finding)} for finding in defect.also],
                "variables": variables_read((*request_lines(defect.headline), defect.headline.replay)),
                "comparison": comparison_of(defect.headline),
                "came": [came_of(step) for step in defect.headline.steps],
                "says": about.says if about else "",
                "source": source,
                "facts": [_fact_values(facts[name], report) for name in cited_facts(source) if name in facts],
                **_evidence_values(defect.headline, texts),
            }
        )
    return values


def _evidence_values(finding: Finding, texts: _TextLimits) -> dict[str, Any]:
    expected, actual = side_by_side(finding.expected, finding.actual, limit=texts.each)
    return {
        "expected": expected,
        "actual": actual,
        "rows": row_table(finding, limit=texts.each // 2),
        "asked": asked_for(finding, limit=200),
    }


def _fact_values(fact: SourceFact, report: RunReport) -> dict[str, Any]:
    return {
        "id": fact.id,
        "anchor": f"fact-{fact.anchor}",
        "says": fact.says,
        "basis": fact.basis,
        "addresses": page_addresses(fact, report.fact_pages),
    }


def _is_cited(fact: SourceFact, report: RunReport) -> bool:
    return any(fact.id in cited_facts(result.source) for result in report.clauses)


def _results_by_family(report: RunReport) -> list[tuple[str, list[ClauseResult]]]:
    found: dict[str, list[ClauseResult]] = {}
    for result in report.clauses:
        found.setdefault(result.family, []).append(result)
    return list(found.items())


def _legend(report: RunReport) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every word that this report uses, by kind, each with its meaning."""
    verdicts = {result.verdict for result in report.clauses}
    bases = {result.basis for result in report.clauses}
    colours = {result.colour.value for result in report.clauses} | {"waived"} | {report.colour.value}
    return [
        ("Verdicts", [(word.value, meaning.says) for word, meaning in VERDICT_MEANINGS.items() if word in verdicts]),
        ("Colours", [(word, meaning.says) for word, meaning in COLOUR_MEANINGS.items() if word in colours]),
        ("Levels", [(word, meaning.says) for word, meaning in LEVEL_MEANINGS.items()]),
        ("Bases", [(word, meaning.says) for word, meaning in BASIS_MEANINGS.items() if word in bases]),
        ("Other words", [*_OTHER_WORDS]),
    ]


_OTHER_WORDS: Final = (
    ("clause", "One promise of the document that can be checked, with an id that never changes."),
    ("defect", "Findings with the same smallest request and the same difference: most likely one mistake."),
    ("witness", "One observation that could have broken a clause."),
    ("gate", "What decides which verdicts turn a run red: ci, full, strict, certify or explore."),
    ("open choice", "What the document leaves to the server; the answers are how this server reads it."),
    ("seed", "The number from which the requests of a run are drawn: the same seed asks the same again."),
)


def _value_text(value: object) -> str:
    return ", ".join(_value_parts(value)) if isinstance(value, tuple | list) else _plain_text(value)


def _value_parts(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        yield _value_text(value)


def _plain_text(value: object) -> str:
    return "none" if value is None else str(value)
