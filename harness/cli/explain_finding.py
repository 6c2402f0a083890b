"""What `explain defect-4` says: a defect of a report that was kept, with the findings that belong to it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.errors import HarnessError, UsageProblem

if TYPE_CHECKING:
    from harness.check.results.defects import Defect
    from harness.report.finding_reader import KeptReport

_NUMBER: Final = re.compile(r"(?i:defect[ -]?)([0-9]{1,6})")
_SUFFIXES: Final = (".json", ".ndjson", ".jsonl")
# In a folder with many files the report that was just written is among the newest.
_FILES_TRIED: Final = 20


def defect_number(word: str) -> int | None:
    """The number in `defect-4` or `defect 4`; None for another word."""
    found = _NUMBER.fullmatch(word.strip())
    return int(found[1]) if found else None


def load_defect(number: int, *, file: str | None, directory: Path) -> tuple[KeptReport, Defect]:
    """The defect of a number in a report: that file, or the newest report in the directory. Raises UsageProblem."""
    from harness.check.results.defects import group_findings
    from harness.report.finding_reader import read_kept_report

    report = read_kept_report(Path(file)) if file is not None else _newest_report(directory)
    defects = {one.headline.defect: one for one in group_findings(report.findings)}
    if number not in defects:
        known = ", ".join(f"defect-{one}" for one in sorted(defects) if one) or "none: nothing is broken in it"
        raise UsageProblem(f"explain defect-{number}", f"a defect of {report.file}", f"its defects are {known}")
    return report, defects[number]


def _newest_report(directory: Path) -> KeptReport:
    from harness.report.finding_reader import read_kept_report

    files = [path for path in directory.iterdir() if path.suffix in _SUFFIXES and path.is_file()]
    for path in sorted(files, key=lambda one: (-one.stat().st_mtime_ns, one.name))[:_FILES_TRIED]:
        try:
            report = read_kept_report(path)
        except HarnessError:
            # Some other file of the same kind.
            continue
        return dataclasses.replace(report, file=path.name)
    raise UsageProblem(
        "explain",
        "a report of `check` in this folder (--report json=FILE or ndjson=FILE)",
        "no such file",
        "name it: --report-file FILE",
    )


def defect_lines(report: KeptReport, defect: Defect) -> Iterator[str]:
    """The report, each finding of the defect, and what explains its clause."""
    from harness.output.escaping import visible_text
    from harness.report.text import finding_lines

    yield f"Defect {defect.headline.defect} of {visible_text(report.file, limit=400)}"
    yield f"  target    {visible_text(report.target, limit=400)}"
    yield ""
    yield from finding_lines(defect.headline, api=report.api, also=defect.also)
    yield ""
    yield f"  more      callharness explain {defect.headline.clause}"
