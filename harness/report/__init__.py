"""Reports: what a run found out, as text, JSON, JUnit, HTML, HAR, or the journal's own lines.

`render(recording, kind)` makes any of them from a `Recording`; `from_journal(path)` and `read_recording(path)`
rebuild one from the journal of a run, also of one that was killed.
"""

from __future__ import annotations

from harness.report.formats import Kind, render
from harness.report.run_record import (
    Recording,
    assembled,
    footer_of,
    from_journal,
    header_of,
    line_of,
    read_recording,
    recorded,
)

__all__ = [
    "Kind",
    "Recording",
    "assembled",
    "footer_of",
    "from_journal",
    "header_of",
    "line_of",
    "read_recording",
    "recorded",
    "render",
]
