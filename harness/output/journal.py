"""The journal of a run, `run.jsonl`: a header, one line per finished check, a footer.

Every report is derived from it. Each line reaches the operating system before the next check starts, so a
killed process loses at most the line it was writing, and the reader forgives exactly that.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from harness.errors import UsageError
from harness.output.atomic_files import FileNotWritten, os_error_reason
from harness.output.redaction import redact_tree

JOURNAL_VERSION: Final = 1

# What these hold are words of ours: a secret that is one of them does not make a line unreadable.
FIXED_KEYS: Final = frozenset(
    (
        "line",
        "kind",
        "id",
        "clause",
        "level",
        "basis",
        "family",
        "verdict",
        "colour",
        "gate",
        "evidence",
        "api",
        "began",
        "harness_version",
        "spec_version",
        "settings_digest",
        "method",
        "phase",
    )
)

JournalRecord = Mapping[str, Any]


@dataclass(eq=False)
class BadJournal(UsageError):
    """A journal that cannot be read: which line, and why."""

    path: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: not a journal of callharness, {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """A journal as read: its header, the finished checks in order, and the footer of a run that ended.

    `torn` tells that the last line was half written; `intact_bytes` is where the last whole line ends.
    """

    header: JournalRecord
    records: tuple[JournalRecord, ...]
    footer: JournalRecord | None
    torn: bool
    intact_bytes: int

    @property
    def complete(self) -> bool:
        """Whether the run came to its own end (it may still have been interrupted: the footer says so)."""
        return self.footer is not None


class JournalWriter:
    """An append-only journal; a context manager that closes the file.

    `redact` sees every text of a line but the words of ours, before they are encoded.
    """

    def __init__(self, path: str | os.PathLike[str], *, redact: Callable[[str], str] | None = None) -> None:
        self._path = Path(path)
        self._redact = redact
        self._descriptor: int | None = self._open(os.O_CREAT)

    @classmethod
    def start(
        cls, path: str | os.PathLike[str], header: JournalRecord, *, redact: Callable[[str], str] | None = None
    ) -> Self:
        """A new journal with its header line written."""
        writer = cls(path, redact=redact)
        try:
            writer._write_line({**header, "line": "header", "journal_version": JOURNAL_VERSION})
        except BaseException:
            writer.close()
            raise
        return writer

    @classmethod
    def resume(
        cls, path: str | os.PathLike[str], *, redact: Callable[[str], str] | None = None
    ) -> tuple[Self, Journal]:
        """The journal opened for more lines, a torn last line cut off, and what it says so far."""
        journal = read_journal(path)
        writer = cls.__new__(cls)
        writer._path = Path(path)
        writer._redact = redact
        writer._descriptor = writer._open(0)
        if journal.torn:
            os.ftruncate(writer._descriptor, journal.intact_bytes)
        return writer, journal

    def append_check(self, record: JournalRecord) -> None:
        """Append one finished check."""
        self._write_line({**record, "line": "check"})

    def write_footer(self, footer: JournalRecord) -> None:
        """Append the footer, make the file durable and close it."""
        self._write_line({**footer, "line": "footer"})
        if self._descriptor is not None:
            try:
                os.fsync(self._descriptor)
            except OSError as problem:
                raise FileNotWritten(str(self._path), os_error_reason(problem)) from problem
        self.close()

    def close(self) -> None:
        """Close the file without a footer; closing twice is allowed."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, flags: int) -> int:
        try:
            # A pipe that nobody reads from is an error and no reason to wait for ever.
            flags |= os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
            descriptor = os.open(self._path, flags, 0o666)
        except OSError as problem:
            raise FileNotWritten(str(self._path), os_error_reason(problem)) from problem
        try:
            os.set_blocking(descriptor, True)
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            if regular:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if regular and flags & os.O_CREAT:
                # Only now: until here it may have been the journal of a run that goes on.
                os.ftruncate(descriptor, 0)
        except BlockingIOError as problem:
            os.close(descriptor)
            raise FileNotWritten(str(self._path), "another run writes its journal there") from problem
        except OSError as problem:
            os.close(descriptor)
            raise FileNotWritten(str(self._path), os_error_reason(problem)) from problem
        return descriptor

    def _write_line(self, record: JournalRecord) -> None:
        if self._descriptor is None:
            raise FileNotWritten(str(self._path), "the journal is closed")
        if self._redact is not None:
            record = redact_tree(record, self._redact, fixed=FIXED_KEYS)
        text = json.dumps(record, sort_keys=True, ensure_ascii=True, allow_nan=False)
        rest = memoryview(text.encode("utf-8", "backslashreplace") + b"\n")
        sound_bytes = os.fstat(self._descriptor).st_size
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as problem:
            # Half a line in the middle would spoil the whole journal once more lines follow.
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, sound_bytes)
            raise FileNotWritten(str(self._path), os_error_reason(problem)) from problem


def read_journal(path: str | os.PathLike[str]) -> Journal:
    """The journal as far as it was written, without a torn last line; any other damage raises BadJournal."""
    name = os.fspath(path)
    try:
        content = Path(path).read_bytes()
    except OSError as problem:
        raise BadJournal(name, 0, os_error_reason(problem)) from problem
    *lines, rest = content.split(b"\n")
    torn = bool(rest)
    records: list[JournalRecord] = []
    sound_bytes = 0
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError) as problem:
            # A power loss may leave a full-length last line with unwritten blocks in it.
            if number == len(lines) and number > 1 and not torn:
                torn = True
                break
            raise BadJournal(name, number, "the line is not JSON") from problem
        if not isinstance(record, dict) or record.get("line") not in ("header", "check", "footer"):
            raise BadJournal(name, number, "the line is no header, check or footer")
        if (number == 1) != (record["line"] == "header"):
            raise BadJournal(name, number, "the header must be the first line and the only one")
        records.append(record)
        sound_bytes += len(line) + 1
    if not records:
        raise BadJournal(name, 1, "it has no header")
    if records[0].get("journal_version") != JOURNAL_VERSION:
        raise BadJournal(name, 1, f"its version is not {JOURNAL_VERSION}")
    ended = records[-1]["line"] == "footer" and not torn
    return Journal(
        header=records[0],
        records=tuple(record for record in records if record["line"] == "check"),
        footer=records[-1] if ended else None,
        torn=torn,
        intact_bytes=sound_bytes,
    )
