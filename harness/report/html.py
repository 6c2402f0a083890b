"""The report as one HTML file: no script, nothing loaded, every text of a server as text."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable
from functools import partial
from importlib.resources import files
from typing import Any, Final

import jinja2
from markupsafe import Markup

from harness.check.results.defects import Defect, broken_summary, finding_colour, group_findings
from harness.check.results.findings import ClauseResult, RunReport, Verdict
from harness.output.escaping import visible_text

_MOST_DEFECTS: Final = 2000


def html_report(report: RunReport, *, complete: bool = True) -> str:
    """The report as HTML text."""
    defects = group_findings(report.findings)
    return render_page(
        "report.html.j2",
        report=report,
        complete=complete,
        counts=_verdict_counts(report),
        broken=broken_summary(report),
        defects=_defect_values(defects[:_MOST_DEFECTS], report),
        hidden_defects=max(0, len(defects) - _MOST_DEFECTS),
        families=_results_by_family(report),
        verdicts=[verdict.value for verdict in Verdict],
        dialect=[(name, _value_text(value)) for name, value in sorted(report.dialect.items())],
        limits=[(name, _value_text(value)) for name, value in sorted(report.limits.items())],
    )


def render_page(template: str, **values: object) -> str:
    """A page from a template beside this module, with the style and the policy that all pages have."""
    folder = files("harness.report").joinpath("templates")
    style = folder.joinpath("report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["shown"] = _escape_text
    environment.filters["lines"] = partial(_escape_text, multiline=True)
    return environment.from_string(folder.joinpath(template).read_text(encoding="utf-8")).render(
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        style=Markup(style),  # noqa: S704 - our own file; a style element takes no escapes
        **values,
    )


def _verdict_counts(report: RunReport) -> list[tuple[str, int]]:
    counted = Counter(result.verdict for result in report.clauses if result.waived is None)
    found = [(verdict.value, counted[verdict]) for verdict in Verdict if counted[verdict]]
    waived = sum(result.waived is not None for result in report.clauses)
    return [*found, *([("waived", waived)] if waived else [])]


def _defect_values(defects: Iterable[Defect], report: RunReport) -> list[dict[str, Any]]:
    result_by_clause = {result.id: result for result in report.clauses}
    values: list[dict[str, Any]] = []
    for defect in defects:
        about = result_by_clause.get(defect.headline.clause)
        also = [{"finding": finding, "colour": finding_colour(finding)} for finding in defect.also]
        values.append(
            {
                "finding": defect.headline,
                "also": also,
                "says": about.says if about else "",
                "source": about.source if about else "",
            }
        )
    return values


def _results_by_family(report: RunReport) -> list[tuple[str, list[ClauseResult]]]:
    found: dict[str, list[ClauseResult]] = {}
    for result in report.clauses:
        found.setdefault(result.family, []).append(result)
    return list(found.items())


def _escape_text(text: object, *, multiline: bool = False) -> str:
    return visible_text(str(text), limit=8192, multiline=multiline)


def _value_text(value: object) -> str:
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_value_text(inner) for inner in value) + "]"
    return "none" if value is None else str(value)
