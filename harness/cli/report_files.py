"""Where reports go: each written whole, and one that cannot be written does not take the others with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, final

from harness.cli.console import Console
from harness.cli.option_values import suggest_word
from harness.errors import UsageProblem

if TYPE_CHECKING:
    from harness.report import ReportKind, RunRecord

STDOUT: Final = "-"
# By a name of its own, too, it is a stream: its reader may leave, and what a shell put behind it is not replaced.
_STDOUT_NAMES: Final = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
PYTEST: Final = "pytest"
"""The kind whose place is a directory: a file for each finding."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSink:
    """One report to be written: its kind, and the file, or `-` for standard output; for `pytest` a directory."""

    kind: ReportKind | Literal["pytest"]
    file: str


def parse_report_sinks(texts: Iterable[str], *, kinds: Sequence[str] = ()) -> tuple[ReportSink, ...]:
    """`--report KIND=FILE` options, of these kinds or of all. Raises UsageProblem."""
    from harness.report import ReportKind

    sinks: list[ReportSink] = []
    kinds = kinds or [*(kind.value for kind in ReportKind), PYTEST]
    for text in texts:
        kind, mark, file = text.partition("=")
        if not mark or not file:
            raise UsageProblem("--report", "KIND=FILE, such as json=report.json", repr(text))
        if kind not in kinds:
            raise UsageProblem("--report", f"a kind of {', '.join(kinds)}", repr(kind), suggest_word(kind, kinds))
        if kind == PYTEST and file in (STDOUT, *_STDOUT_NAMES):
            raise UsageProblem("--report pytest", "a directory for the files", repr(file))
        file = STDOUT if file in _STDOUT_NAMES else file
        sinks.append(ReportSink(kind="pytest" if kind == PYTEST else ReportKind(kind), file=file))
    for sink in sinks:
        folder = Path(sink.file).parent
        if sink.file != STDOUT and sink.kind != PYTEST and not folder.is_dir():
            # Found out now, and not when a run of half an hour is over.
            raise UsageProblem(f"--report {sink.kind}={sink.file}", "a file in a folder that exists", f"no {folder}")
    places = [sink.file if sink.file == STDOUT else str(Path(sink.file).absolute()) for sink in sinks]
    for sink, place in zip(sinks, places, strict=True):
        if places.count(place) > 1 and not place.startswith("/dev/"):
            raise UsageProblem("--report", "a file of its own for each report", f"{sink.file} more than once")
    return tuple(sinks)


def write_reports(console: Console, record: RunRecord, sinks: Iterable[ReportSink]) -> bool:
    """Write all reports but the journals, which were written on the way; whether every one was written."""
    from harness.errors import HarnessError
    from harness.report import ReportKind, render_report

    left = [sink for sink in sinks if sink.kind is not ReportKind.NDJSON or sink.file == STDOUT]
    written = write_rendered_reports(console, lambda kind: render_report(record, kind, redact=console.redact), left)
    for sink in left:
        if sink.kind == PYTEST:
            try:
                write_pytest_files(console, record, Path(sink.file))
            except HarnessError as problem:
                console.report_error(str(problem), 3)
                written = False
    return written


def write_rendered_reports(
    console: Console, render: Callable[[ReportKind], str], sinks: Iterable[ReportSink]
) -> bool:
    """Write what `render` makes of each kind that is asked for, directories left out; whether all were written."""
    from harness.errors import HarnessError
    from harness.output.atomic_files import write_atomically

    all_written = True
    for sink in sinks:
        if sink.kind == PYTEST:
            continue
        try:
            text = render(sink.kind)
            if sink.file == STDOUT:
                console.write_result(text, redacted=True)
            else:
                write_atomically(sink.file, text.encode("utf-8", "backslashreplace"))
        except HarnessError as problem:
            console.report_error(str(problem), 3)
            all_written = False
        except OSError as problem:
            if not console.stdout_lost:
                raise
            if console.reader_left:
                continue
            console.report_error(f"standard output: not written, {(problem.strerror or 'an error').lower()}", 3)
            all_written = False
        except Exception as problem:
            # A fault in one renderer must not cost the others.
            console.report_crash(problem)
            all_written = False
    return all_written


def write_pytest_files(console: Console, record: RunRecord, directory: Path) -> None:
    """Write a test for each finding, and an index, into a directory; files of an earlier run are taken away.

    Raises FileNotWritten.
    """
    from harness.output.atomic_files import FileNotWritten, write_atomically
    from harness.report.pytest_files import INDEX_NAME, pytest_files

    try:
        directory.mkdir(parents=True, exist_ok=True)
        # Only where we were before: a test of somebody else's is left alone.
        if (directory / INDEX_NAME).is_file():
            for old in directory.glob("test_*.py"):
                if "CALLHARNESS_URL" in old.read_text(encoding="utf-8", errors="replace"):
                    old.unlink()
    except OSError as problem:
        raise FileNotWritten(str(directory), problem.strerror or str(problem)) from problem
    for name, text in pytest_files(record.report).items():
        write_atomically(directory / name, console.redact(text).encode("utf-8", "backslashreplace"))
