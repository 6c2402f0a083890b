"""`callharness report`: any report from the journal of a run, also of one that was killed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click

from harness.cli.console import Console
from harness.cli.report_files import PYTEST, write_pytest_files
from harness.errors import UsageProblem

# Written out, so that the help needs no renderer; a test holds them against `ReportKind`.
REPORT_KINDS: Final = ("text", "json", "junit", "html", "ndjson", "har", "sarif", "ctrf", "markdown", "pytest")


@click.command()
@click.argument("journal", metavar="JOURNAL", type=click.Path())
@click.option(
    "--as",
    "kind",
    type=click.Choice(REPORT_KINDS),
    default="text",
    show_default=True,
    help="The kind of report.",
)
@click.option("--out", metavar="FILE", help="Where to write it, in place of standard output; for pytest a directory.")
@click.pass_obj
def report(console: Console, journal: str, kind: str, out: str | None) -> int:
    """Write a report from the journal of a run (`check --report ndjson=JOURNAL`).

    A run that was killed gives an incomplete report: what it had not reached is not_run.
    """
    from harness.output.atomic_files import write_atomically
    from harness.output.redaction import Redactor
    from harness.report import read_run_record, render_report
    from harness.report.text import text_report

    # The journal was redacted by value when it was written; the net by name is still there.
    console.use_redactor(Redactor(()))
    record = read_run_record(journal)
    if kind == "text" and out is None:
        coloured = sys.stdout.isatty()
        console.write_result(
            text_report(record.report, complete=record.complete, coloured=coloured), coloured=coloured
        )
        return 0
    if kind == PYTEST:
        if out is None:
            raise UsageProblem("--as pytest", "--out DIRECTORY for the files", "none")
        write_pytest_files(console, record, Path(out))
        return 0
    text = render_report(record, kind, redact=console.redact)
    if out is None:
        console.write_result(text, redacted=True)
    else:
        write_atomically(out, text.encode("utf-8", "backslashreplace"))
    return 0
