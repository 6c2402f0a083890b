"""Which kinds of report there are, and the one way to make them."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import assert_never

from harness.check.results.findings import RunReport
from harness.report.run_record import Recording


class Kind(StrEnum):
    """A kind of report."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    HTML = "html"
    NDJSON = "ndjson"
    HAR = "har"


def render(what: Recording | RunReport, kind: Kind | str, *, redact: Callable[[str], str] | None = None) -> str:
    """The report of that kind as text; `redact` sees the whole of it last.

    A report without the exchanges gives an empty HAR.
    """
    recording = what if isinstance(what, Recording) else Recording(report=what)
    text = _rendered(recording, Kind(kind))
    return text if redact is None else redact(text)


def _rendered(recording: Recording, kind: Kind) -> str:
    match kind:
        case Kind.TEXT:
            from harness.report.text import text_report

            return text_report(recording.report, complete=recording.complete)
        case Kind.JSON:
            from harness.report.json_report import json_report

            return json_report(recording.report, complete=recording.complete)
        case Kind.JUNIT:
            from harness.report.junit import junit_report

            return junit_report(recording.report)
        case Kind.HTML:
            from harness.report.html import html_report

            return html_report(recording.report, complete=recording.complete)
        case Kind.NDJSON:
            from harness.report.run_record import journal_lines

            return journal_lines(recording)
        case Kind.HAR:
            from harness.report.har import har_report

            return har_report(recording)
        case _:
            assert_never(kind)
