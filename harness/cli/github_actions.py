"""What a run tells GitHub by itself, as a step of a job: annotations, and a page for the summary of the job."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from harness.cli.console import Console

if TYPE_CHECKING:
    from harness.report import RunRecord

# A step may show ten of each kind; what follows is dropped without a word.
ANNOTATIONS_AT_MOST: Final = 10


def tell_github(console: Console, record: RunRecord, environment: Mapping[str, str] = os.environ) -> None:
    """Write annotations and the page, if this is a job of GitHub's; a page that cannot be written costs a message."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    for line in annotation_lines(record):
        console.write_message(line)
    summary = environment.get("GITHUB_STEP_SUMMARY")
    if not summary:
        return
    from harness.report import ReportKind, render_report

    text = render_report(record, ReportKind.MARKDOWN, redact=console.redact)
    try:
        with open(summary, "a", encoding="utf-8", errors="backslashreplace") as page:
            page.write(text + "\n")
    except OSError as problem:
        console.write_message(f"callharness: the summary of the job could not be written: {problem.strerror}")


def annotation_lines(record: RunRecord) -> Iterator[str]:
    """One workflow command for each defect, errors first, and one for a gate that is red without a finding."""
    from harness.check.results.defects import group_findings
    from harness.check.results.findings import Colour
    from harness.check.results.gate import gate_reason

    report = record.report
    defects = [defect.headline for defect in group_findings(report.findings)]
    for colour, command in ((Colour.RED, "error"), (Colour.AMBER, "warning")):
        found = [one for one in defects if one.colour is colour and one.waived is None]
        for finding in found[:ANNOTATIONS_AT_MOST]:
            message = f"{finding.message}: expected {finding.expected}; actual: {finding.actual}"
            yield workflow_command(command, f"{report.api} {finding.clause}", message)
        if colour is Colour.RED and not found and report.colour is Colour.RED:
            yield workflow_command(command, f"{report.api} is red", gate_reason(report))


def workflow_command(command: str, title: str, message: str) -> str:
    """A command to GitHub's runner on one line, which no text in it can end or begin anew."""
    from harness.output.escaping import visible_text

    return (
        f"::{command} title={_property(visible_text(title, limit=200))}::{_data(visible_text(message, limit=1000))}"
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
