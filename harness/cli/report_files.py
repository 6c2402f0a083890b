"""Where reports go: each written whole, and one that cannot be written does not take the others with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

from harness.cli.console import Session
from harness.cli.options import nearest
from harness.errors import Misuse

if TYPE_CHECKING:
    from harness.output.journal import JournalWriter
    from harness.report import Kind, Recording

STDOUT = "-"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """One report to be written: its kind, and the file, or `-` for standard output."""

    kind: Kind
    file: str


def sinks(given: Iterable[str]) -> tuple[Sink, ...]:
    """`--report KIND=FILE` options. Raises Misuse."""
    from harness.report import Kind

    found: list[Sink] = []
    kinds = [kind.value for kind in Kind]
    for text in given:
        kind, mark, file = text.partition("=")
        if not mark or not file:
            raise Misuse("--report", "KIND=FILE, such as json=report.json", repr(text))
        if kind not in kinds:
            raise Misuse("--report", f"a kind of {', '.join(kinds)}", repr(kind), nearest(kind, kinds).strip())
        found.append(Sink(kind=Kind(kind), file=file))
    places = [sink.file if sink.file == STDOUT else str(Path(sink.file).absolute()) for sink in found]
    for sink, place in zip(found, places, strict=True):
        if places.count(place) > 1 and not place.startswith("/dev/"):
            raise Misuse("--report", "a file of its own for each report", f"{sink.file} more than once")
    return tuple(found)


def open_journal(
    session: Session, wanted: Iterable[Sink], header: dict[str, object]
) -> tuple[list[JournalWriter], bool]:
    """The journals among the sinks, started, so that a killed run leaves what it knew; and whether all could be."""
    from harness.output.atomic_files import NotWritten
    from harness.output.journal import JournalWriter
    from harness.report import Kind

    writers: list[JournalWriter] = []
    sound = True
    for sink in wanted:
        if sink.kind is Kind.NDJSON and sink.file != STDOUT:
            try:
                writers.append(JournalWriter.start(sink.file, header, redact=session.clean))
            except NotWritten as problem:
                session.complain(str(problem), 3)
                sound = False
    return writers, sound


def write_reports(session: Session, recording: Recording, wanted: Iterable[Sink]) -> bool:
    """Write all reports but the journals, which were written on the way; whether every one was written."""
    from harness.errors import HarnessError
    from harness.output.atomic_files import write_atomically
    from harness.report import Kind, render

    sound = True
    for sink in wanted:
        if sink.kind is Kind.NDJSON and sink.file != STDOUT:
            continue
        try:
            text = render(recording, sink.kind, redact=session.clean)
            if sink.file == STDOUT:
                session.result(text)
            else:
                write_atomically(sink.file, text.encode("utf-8", "backslashreplace"))
        except HarnessError as problem:
            session.complain(str(problem), 3)
            sound = False
        except OSError as problem:
            if not session.stdout_lost:
                raise
            session.complain(f"standard output: not written, {(problem.strerror or 'an error').lower()}", 3)
            sound = False
        except Exception as problem:
            # A fault in one renderer must not cost the others.
            session.crashed(problem)
            sound = False
    return sound
