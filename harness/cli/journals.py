"""The journals of a run: a line for all that happens, so that a killed run leaves what it knew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, final

from harness.cli.console import Console
from harness.cli.exit_codes import HARNESS_EXIT_CODE
from harness.cli.report_files import STDOUT, ReportSink
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.output.journal import JournalWriter


@final
class RunJournals:
    """The open journals of a run; one that cannot be written is told of once and given up.

    `all_written` says whether every line has come into every journal so far.
    """

    def __init__(self, console: Console) -> None:
        self.all_written = True
        self._console = console
        self._writers: list[JournalWriter] = []

    def start(self, sinks: Iterable[ReportSink], header: dict[str, object]) -> None:
        """Start the journals among the sinks with their header."""
        from harness.output.atomic_files import FileNotWritten
        from harness.output.journal import JournalWriter
        from harness.report import ReportKind

        for sink in sinks:
            if sink.kind is ReportKind.NDJSON and sink.file != STDOUT:
                try:
                    self._writers.append(JournalWriter.start(sink.file, header, redact=self._console.redact))
                except FileNotWritten as problem:
                    self._report_loss(problem)

    def resume(self, path: str) -> None:
        """Go on in the journal of an earlier run."""
        from harness.output.journal import JournalWriter

        writer, _ = JournalWriter.resume(path, redact=self._console.redact)
        self._writers.append(writer)

    def write_line(self, line: dict[str, Any] | None) -> None:
        """Write a line to every journal; None is an event that needs none."""
        if line is None:
            return
        for writer in tuple(self._writers):
            try:
                writer.append_check(line)
            except HarnessError as problem:
                self._report_loss(problem)
                self._writers.remove(writer)
                writer.close()

    def write_footer(self, footer: dict[str, Any]) -> None:
        """Write the last line of every journal."""
        for writer in self._writers:
            try:
                writer.write_footer(footer)
            except HarnessError as problem:
                self._report_loss(problem)

    def close(self) -> None:
        """Close the files; without a footer they tell of a run that was killed."""
        for writer in self._writers:
            writer.close()

    def _report_loss(self, problem: HarnessError) -> None:
        self._console.report_error(str(problem), HARNESS_EXIT_CODE)
        self.all_written = False
