"""Reports: what a run found out, as text, JSON, JUnit, HTML, HAR, or the journal's own lines.

`render(recording, kind)` makes any of them from a `RunRecord`; `from_journal(path)` and `read_recording(path)`
rebuild one from the journal of a run, also of one that was killed.
"""

from __future__ import annotations

from harness.report.formats import ReportKind, render_report
from harness.report.run_record import (
    RunRecord,
    assemble_report,
    event_line,
    footer_line,
    header_line,
    read_run_record,
    report_from_journal,
    run_record_from_journal,
)

__all__ = [
    "ReportKind",
    "RunRecord",
    "assemble_report",
    "event_line",
    "footer_line",
    "header_line",
    "read_run_record",
    "render_report",
    "report_from_journal",
    "run_record_from_journal",
]
