"""`callharness resume`: finish a run that was interrupted, with the same plan and the same seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import click

from harness.cli.check import ACCESS_OPTIONS
from harness.cli.console import Session, harness_version
from harness.cli.options import headers as read_headers
from harness.cli.options import pairs
from harness.cli.report_files import sinks
from harness.errors import Misuse

if TYPE_CHECKING:
    from harness.cli.check_setup import Settings


@click.command()
@click.argument("journal", metavar="JOURNAL", type=click.Path())
@ACCESS_OPTIONS
@click.option(
    "--report", "reports", metavar="KIND=FILE", multiple=True, help="text, json, junit, html, ndjson or har."
)
@click.pass_obj
def resume(
    session: Session,
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
    from harness.cli.check_report import Outcome, digests, missing
    from harness.cli.check_run import run, show_result
    from harness.cli.check_setup import prepare
    from harness.cli.report_files import write_reports
    from harness.output.redaction import Redactor
    from harness.report import read_recording

    session.redact_by(Redactor(()))
    wanted = sinks(reports)
    recording = read_recording(journal)
    if recording.report.harness_version != harness_version():
        found = f"one of version {recording.report.harness_version}"
        raise Misuse(journal, f"a journal of callharness {harness_version()}", found, "run the check anew")
    settings = _settings(journal, recording.settings)
    if ca is not None:
        settings = dataclasses.replace(settings, ca=ca)
    if recording.complete and (recording.report.interrupted is None or not missing(recording)):
        session.talk("callharness: that run came to its end; nothing is missing")
        code = recording.report.exit_code if write_reports(session, recording, wanted) else 3
        return show_result(session, Outcome(recording=recording, exit_code=code), wanted)
    with ExitStack() as stack:
        prepared = prepare(
            session,
            settings,
            stack,
            credentials=pairs("--credential", credentials),
            credentials_file=credentials_file,
            headers=read_headers(headers),
        )
        changed = _changed(recording.settings.get("digests", {}), digests(prepared))
        if changed:
            raise Misuse(journal, "the files that the run began with", f"{', '.join(changed)} changed", "run it anew")
        outcome = run(session, prepared, wanted, earlier=recording, journal=journal)
    return show_result(session, outcome, wanted)


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def _settings(journal: str, kept: Mapping[str, Any]) -> Settings:
    from harness.cli.check_setup import Settings

    known = {one.name for one in dataclasses.fields(Settings)}
    values = {name: value for name, value in kept.items() if name in known}
    if not {"api", "target"} <= values.keys():
        raise Misuse(journal, "a journal that `callharness check` wrote", "one without the settings of its run")
    try:
        window = values.get("window")
        if window:
            first, last = (datetime.fromisoformat(end) for end in cast(list[str], window))
            values["window"] = (first, last)
        values["only"] = tuple(values.get("only", ()))
        values["known_values"] = {name: tuple(many) for name, many in values.get("known_values", {}).items()}
        return Settings(**values)
    except (TypeError, ValueError, AttributeError) as problem:
        raise Misuse(journal, "the settings of a run", "something that this version cannot read") from problem
