"""`callharness resume`: finish a run that was interrupted, with the same plan and the same seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import click

from harness.cli.check import ACCESS_OPTIONS, REPORT_OPTION
from harness.cli.console import Console, harness_version
from harness.cli.option_values import parse_headers, parse_pairs
from harness.cli.report_files import parse_report_sinks
from harness.errors import UsageProblem

if TYPE_CHECKING:
    from harness.cli.check_setup import CheckSettings
    from harness.report import RunRecord


@click.command()
@click.argument("journal", metavar="JOURNAL", type=click.Path())
@click.option("--target", metavar="URL", help="Where the run went; needed where its journal was changed.")
@ACCESS_OPTIONS
@REPORT_OPTION
@click.pass_obj
def resume(
    console: Console,
    journal: str,
    target: str | None,
    credentials: tuple[str, ...],
    credentials_file: str | None,
    headers: tuple[str, ...],
    ca: str | None,
    reports: tuple[str, ...],
) -> int:
    """Finish the run of a journal (`check --report ndjson=JOURNAL`): only what is missing is checked.

    Credentials are never kept; give them again, or let them stand in the environment.
    """
    from harness.cli.check_report import RunOutcome, file_digests, unjudged_clauses
    from harness.cli.check_run import print_result, run_prepared
    from harness.cli.check_setup import prepare_run
    from harness.cli.exit_codes import HARNESS_EXIT_CODE
    from harness.cli.report_files import write_reports
    from harness.output.redaction import Redactor
    from harness.report import read_run_record

    console.use_redactor(Redactor(()))
    sinks = parse_report_sinks(reports)
    record = read_run_record(journal)
    if record.report.harness_version != harness_version():
        actual = f"one of version {record.report.harness_version}"
        raise UsageProblem(journal, f"a journal of callharness {harness_version()}", actual, "run the check anew")
    settings = _settings_from_journal(journal, record.settings)
    _check_target(journal, record, settings, target)
    if ca is not None:
        settings = dataclasses.replace(settings, ca=ca)
    if not unjudged_clauses(record) or (record.complete and record.report.interrupted is None):
        if not record.complete:
            record = _with_footer(console, journal, record)
        console.write_message("callharness: that run came to its end; nothing is missing")
        code = record.report.exit_code if write_reports(console, record, sinks) else HARNESS_EXIT_CODE
        return print_result(console, RunOutcome(run_record=record, exit_code=code), sinks)
    with ExitStack() as stack:
        prepared = prepare_run(
            console,
            settings,
            stack,
            credentials=parse_pairs("--credential", credentials),
            credentials_file=credentials_file,
            headers=parse_headers(headers),
        )
        changed = _changed_files(record.settings.get("digests", {}), file_digests(prepared))
        if changed:
            raise UsageProblem(
                journal, "the files that the run began with", f"{', '.join(changed)} changed", "run it anew"
            )
        outcome = run_prepared(console, prepared, sinks, earlier=record, journal=journal)
    return print_result(console, outcome, sinks)


def _with_footer(console: Console, journal: str, record: RunRecord) -> RunRecord:
    """The record of a run that had judged every clause when it was killed, with the end that its journal lacks."""
    from harness.output.journal import JournalWriter
    from harness.report import footer_line

    record = dataclasses.replace(record, report=dataclasses.replace(record.report, interrupted=None), complete=True)
    writer, _ = JournalWriter.resume(journal, redact=console.redact)
    writer.write_footer(footer_line(record.report))
    return record


def _check_target(journal: str, record: RunRecord, settings: CheckSettings, named: str | None) -> None:
    """Credentials go only where the journal said from its beginning, or where the person says.

    A journal is input like any other: whoever can write the file could have them sent elsewhere.
    """
    if named is not None and named != settings.target:
        raise UsageProblem("--target", f"the target of {journal}: {settings.target}", named, "run the check anew")
    if named is None and not record.settings_intact:
        expected, actual = "the settings that the run began with", f"others, with the target {settings.target}"
        raise UsageProblem(journal, expected, actual, "name the --target, if that is where credentials may go")


def _changed_files(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def _settings_from_journal(journal: str, recorded: Mapping[str, Any]) -> CheckSettings:
    """The settings that a run began with."""
    from harness.cli.check_setup import CheckSettings

    names = {field.name for field in dataclasses.fields(CheckSettings)}
    values = {name: value for name, value in recorded.items() if name in names}
    if not {"api", "target"} <= values.keys():
        raise UsageProblem(journal, "a journal that `callharness check` wrote", "one without the settings of its run")
    try:
        window = values.get("window")
        if window:
            begin, end = (datetime.fromisoformat(text) for text in cast(list[str], window))
            values["window"] = (begin, end)
        values["only"] = tuple(values.get("only", ()))
        values["parts"] = tuple(values.get("parts", ()))
        values["known_values"] = {name: tuple(texts) for name, texts in values.get("known_values", {}).items()}
        return CheckSettings(**values)
    except (TypeError, ValueError, AttributeError) as problem:
        raise UsageProblem(journal, "the settings of a run", "something that this version cannot read") from problem
