"""Where reports go: each written whole, and one that cannot be written does not take the others with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

from harness.cli.console import Console
from harness.cli.options import did_you_mean
from harness.errors import UsageProblem

if TYPE_CHECKING:
    from harness.output.journal import JournalWriter
    from harness.report import ReportKind, RunRecord

STDOUT = "-"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSink:
    """One report to be written: its kind, and the file, or `-` for standard output."""

    kind: ReportKind
    file: str


def parse_report_sinks(given: Iterable[str]) -> tuple[ReportSink, ...]:
    """`--report KIND=FILE` options. Raises UsageProblem."""
    from harness.report import ReportKind

    found: list[ReportSink] = []
    kinds = [kind.value for kind in ReportKind]
    for text in given:
        kind, mark, file = text.partition("=")
        if not mark or not file:
            raise UsageProblem("--report", "KIND=FILE, such as json=report.json", repr(text))
        if kind not in kinds:
            raise UsageProblem(
                "--report", f"a kind of {', '.join(kinds)}", repr(kind), did_you_mean(kind, kinds).strip()
            )
        found.append(ReportSink(kind=ReportKind(kind), file=file))
    places = [sink.file if sink.file == STDOUT else str(Path(sink.file).absolute()) for sink in found]
    for sink, place in zip(found, places, strict=True):
        if places.count(place) > 1 and not place.startswith("/dev/"):
            raise UsageProblem("--report", "a file of its own for each report", f"{sink.file} more than once")
    return tuple(found)


def open_journals(
    session: Console, wanted: Iterable[ReportSink], header: dict[str, object]
) -> tuple[list[JournalWriter], bool]:
    """The journals among the sinks, started, so that a killed run leaves what it knew; and whether all could be."""
    from harness.output.atomic_files import FileNotWritten
    from harness.output.journal import JournalWriter
    from harness.report import ReportKind

    writers: list[JournalWriter] = []
    sound = True
    for sink in wanted:
        if sink.kind is ReportKind.NDJSON and sink.file != STDOUT:
            try:
                writers.append(JournalWriter.start(sink.file, header, redact=session.redact))
            except FileNotWritten as problem:
                session.report_error(str(problem), 3)
                sound = False
    return writers, sound


def write_reports(session: Console, recording: RunRecord, wanted: Iterable[ReportSink]) -> bool:
    """Write all reports but the journals, which were written on the way; whether every one was written."""
    from harness.errors import HarnessError
    from harness.output.atomic_files import write_atomically
    from harness.report import ReportKind, render_report

    sound = True
    for sink in wanted:
        if sink.kind is ReportKind.NDJSON and sink.file != STDOUT:
            continue
        try:
            text = render_report(recording, sink.kind, redact=session.redact)
            if sink.file == STDOUT:
                session.write_result(text)
            else:
                write_atomically(sink.file, text.encode("utf-8", "backslashreplace"))
        except HarnessError as problem:
            session.report_error(str(problem), 3)
            sound = False
        except OSError as problem:
            if not session.stdout_lost:
                raise
            session.report_error(f"standard output: not written, {(problem.strerror or 'an error').lower()}", 3)
            sound = False
        except Exception as problem:
            # A fault in one renderer must not cost the others.
            session.report_crash(problem)
            sound = False
    return sound
