"""The kinds of reports, and the function that renders each."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import assert_never

from harness.check.results.findings import RunReport
from harness.report.run_record import RunRecord, redacted_record


class ReportKind(StrEnum):
    """The kinds of reports."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    HTML = "html"
    NDJSON = "ndjson"
    HAR = "har"
    SARIF = "sarif"
    CTRF = "ctrf"
    MARKDOWN = "markdown"


def render_report(
    what: RunRecord | RunReport, kind: ReportKind | str, *, redact: Callable[[str], str] | None = None
) -> str:
    """The report of that kind as text; `redact` sees each text of the run before it is encoded.

    A report without the exchanges gives an empty HAR.
    """
    recording = what if isinstance(what, RunRecord) else RunRecord(report=what)
    return _render_kind(recording if redact is None else redacted_record(recording, redact), ReportKind(kind))


def _render_kind(recording: RunRecord, kind: ReportKind) -> str:
    match kind:
        case ReportKind.TEXT:
            from harness.report.text import text_report

            return text_report(recording.report, complete=recording.complete)
        case ReportKind.JSON:
            from harness.report.json_report import json_report

            return json_report(recording.report, complete=recording.complete, began=recording.began)
        case ReportKind.JUNIT:
            from harness.report.junit import junit_report

            return junit_report(recording)
        case ReportKind.HTML:
            from harness.report.html import html_report

            return html_report(recording)
        case ReportKind.NDJSON:
            from harness.report.run_record import journal_text

            return journal_text(recording)
        case ReportKind.HAR:
            from harness.report.har import har_report

            return har_report(recording)
        case ReportKind.SARIF:
            from harness.report.sarif import sarif_report

            return sarif_report(recording)
        case ReportKind.CTRF:
            from harness.report.ctrf import ctrf_report

            return ctrf_report(recording)
        case ReportKind.MARKDOWN:
            from harness.report.markdown import markdown_report

            return markdown_report(recording)
        case _:
            assert_never(kind)
