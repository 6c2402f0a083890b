"""`callharness resume`: finish a run that was interrupted, with the same plan and the same seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import click

from harness.cli.check import ACCESS_OPTIONS
from harness.cli.console import Console, harness_version
from harness.cli.options import parse_headers as read_headers
from harness.cli.options import parse_pairs
from harness.cli.report_files import parse_report_sinks
from harness.errors import UsageProblem

if TYPE_CHECKING:
    from harness.cli.check_setup import CheckSettings


@click.command()
@click.argument("journal", metavar="JOURNAL", type=click.Path())
@ACCESS_OPTIONS
@click.option(
    "--report", "reports", metavar="KIND=FILE", multiple=True, help="text, json, junit, html, ndjson or har."
)
@click.pass_obj
def resume(
    session: Console,
    journal: str,
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
    from harness.cli.report_files import write_reports
    from harness.output.redaction import Redactor
    from harness.report import read_run_record

    session.use_redactor(Redactor(()))
    wanted = parse_report_sinks(reports)
    recording = read_run_record(journal)
    if recording.report.harness_version != harness_version():
        found = f"one of version {recording.report.harness_version}"
        raise UsageProblem(journal, f"a journal of callharness {harness_version()}", found, "run the check anew")
    settings = _settings_from_journal(journal, recording.settings)
    if ca is not None:
        settings = dataclasses.replace(settings, ca=ca)
    if recording.complete and (recording.report.interrupted is None or not unjudged_clauses(recording)):
        session.write_message("callharness: that run came to its end; nothing is missing")
        code = recording.report.exit_code if write_reports(session, recording, wanted) else 3
        return print_result(session, RunOutcome(run_record=recording, exit_code=code), wanted)
    with ExitStack() as stack:
        prepared = prepare_run(
            session,
            settings,
            stack,
            credentials=parse_pairs("--credential", credentials),
            credentials_file=credentials_file,
            headers=read_headers(headers),
        )
        changed = _changed_files(recording.settings.get("digests", {}), file_digests(prepared))
        if changed:
            raise UsageProblem(
                journal, "the files that the run began with", f"{', '.join(changed)} changed", "run it anew"
            )
        outcome = run_prepared(session, prepared, wanted, earlier=recording, journal=journal)
    return print_result(session, outcome, wanted)


def _changed_files(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def _settings_from_journal(journal: str, kept: Mapping[str, Any]) -> CheckSettings:
    from harness.cli.check_setup import CheckSettings

    known = {one.name for one in dataclasses.fields(CheckSettings)}
    values = {name: value for name, value in kept.items() if name in known}
    if not {"api", "target"} <= values.keys():
        raise UsageProblem(journal, "a journal that `callharness check` wrote", "one without the settings of its run")
    try:
        window = values.get("window")
        if window:
            first, last = (datetime.fromisoformat(end) for end in cast(list[str], window))
            values["window"] = (first, last)
        values["only"] = tuple(values.get("only", ()))
        values["known_values"] = {name: tuple(many) for name, many in values.get("known_values", {}).items()}
        return CheckSettings(**values)
    except (TypeError, ValueError, AttributeError) as problem:
        raise UsageProblem(journal, "the settings of a run", "something that this version cannot read") from problem
