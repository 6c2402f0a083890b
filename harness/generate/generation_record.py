"""What a generation has finished below its directory: a record that a later one goes on from, and a lock."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, final

from harness.errors import UsageProblem
from harness.generate.row_files import FinishedRows, RowFile
from harness.integers import is_integer
from harness.output.atomic_files import FileNotWritten, os_error_reason

try:
    import fcntl
except ImportError:  # A system without this kind of lock: two runs in one directory are then not told apart.
    fcntl = None  # type: ignore[assignment]

RECORD_FILE: Final = ".callharness-generate"
PART_PREFIX: Final = ".callharness-part-"
_LEFT_PREFIX: Final = ".callharness-"
_FOLDERS: Final = ("", "pages", "invalid")


def part_path(out: Path, name: str, owner: str = "") -> Path:
    """Where a file grows until it is whole; `owner` keeps processes apart."""
    return out / f"{PART_PREFIX}{owner}{name.replace('/', '-')}"


def file_digest(path: Path) -> str | None:
    """The SHA-256 of a file; None where there is none that can be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


@final
class RecordOfOthers(UsageProblem):
    """What was interrupted in a directory is another run; it is left as it was."""


@final
class GenerationRecord:
    """The record of one generation in its directory, a line for each finished piece or file; locked while it is open.

    The first line tells the `plan`, all that determines the bytes; another plan has nothing to go on from.
    """

    def __init__(self, out: Path, descriptor: int) -> None:
        self.out = out
        self._descriptor = descriptor
        self._files: dict[str, str] = {}
        self._earlier_files: dict[str, str] = {}
        self._chunks: dict[str, list[tuple[int, str]]] = {}

    @staticmethod
    def open(out: Path) -> GenerationRecord:
        """The record in a directory, empty where there is none. Raises UsageProblem while another run has it."""
        path = out / RECORD_FILE
        try:
            while True:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
                try:
                    if fcntl is not None:
                        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    # Whoever had it until now may have removed it.
                    if os.fstat(descriptor).st_ino == path.stat().st_ino:
                        return GenerationRecord(out, descriptor)
                except FileNotFoundError:
                    pass
                except BlockingIOError:
                    os.close(descriptor)
                    raise UsageProblem(
                        f"--out {out}", "a directory that no other run writes to", "one that is being written to"
                    ) from None
                os.close(descriptor)
        except OSError as problem:
            raise FileNotWritten(str(path), os_error_reason(problem)) from problem

    def begin(self, plan: str, *, resume: bool) -> None:
        """Start, or with `resume` go on with, the run of a plan.

        Raises RecordOfOthers when the record is of another plan and shall be gone on with.
        """
        told, lines = self._read_lines()
        if resume and told not in (None, plan):
            raise RecordOfOthers(
                "--resume",
                "the arguments of the run that was interrupted there",
                "others",
                "leave --resume out to start anew",
            )
        if resume and told == plan:
            self._take_lines(lines)
            self._remove_leftovers(kept={part_path(self.out, name).name for name in self._chunks})
            return
        self._earlier_files = {line["file"]: line["sha256"] for line in lines if "whole" in line}
        self._remove_leftovers(kept=set())
        with self._told_errors():
            os.ftruncate(self._descriptor, 0)
        self._add({"plan": plan})

    @property
    def earlier_files(self) -> Mapping[str, str]:
        """The files of a run that did not end and is not gone on with, with their digests."""
        return MappingProxyType(self._earlier_files)

    def add_file(self, name: str, sha256: str) -> None:
        """A file is whole."""
        self._files[name] = sha256
        self._add({"file": name, "whole": True, "sha256": sha256})

    def add_chunk(self, name: str, size: int, sha256: str) -> None:
        """One more piece of a file is written."""
        self._chunks.setdefault(name, []).append((size, sha256))
        self._add({"file": name, "bytes": size, "sha256": sha256})

    def whole_file(self, file: RowFile) -> FinishedRows | None:
        """A file that is whole and as it was written; None where it is not."""
        path, sha256 = self.out / file.name, self._files.get(file.name)
        if sha256 is None or file_digest(path) != sha256:
            return None
        return FinishedRows(file=file, sha256=sha256, size=path.stat().st_size)

    def good_chunks(self, name: str) -> Iterator[bytes]:
        """The pieces of an unfinished file that are as they were written, from the first."""
        with contextlib.suppress(OSError), part_path(self.out, name).open("rb") as file:
            for size, sha256 in self._chunks.get(name, ()):
                data = file.read(size)
                if hashlib.sha256(data).hexdigest() != sha256:
                    return
                yield data

    def keep_chunks(self, name: str, count: int) -> None:
        """Forget the pieces of a file after the first ones."""
        self._chunks[name] = self._chunks.get(name, [])[:count]
        self._add({"file": name, "kept": count})

    @property
    def holds_work(self) -> bool:
        """Whether there is something that a later run can go on from."""
        return bool(self._files or any(self._chunks.values()))

    @property
    def holds_files(self) -> bool:
        """Whether some file is whole."""
        return bool(self._files)

    def remove_parts(self) -> None:
        """Remove all unfinished files."""
        self._remove_leftovers(kept=set())

    def close(self, *, remove: bool) -> None:
        """Let others write there; with `remove` nothing is left of the record."""
        if remove:
            with contextlib.suppress(OSError):
                (self.out / RECORD_FILE).unlink()
        os.close(self._descriptor)

    def _read_lines(self) -> tuple[str | None, list[dict[str, Any]]]:
        """The plan and the other lines; a line that a kill has cut is passed over."""
        with self._told_errors():
            text = os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)
        lines: list[dict[str, Any]] = []
        for raw in text.splitlines():
            with contextlib.suppress(ValueError, RecursionError):
                line = json.loads(raw)
                if isinstance(line, dict):
                    lines.append(line)
        if not lines or not isinstance(lines[0].get("plan"), str):
            return None, []
        return lines[0]["plan"], [line for line in lines[1:] if _is_record_line(line)]

    def _take_lines(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            name = line["file"]
            if "whole" in line:
                self._files[name] = line["sha256"]
                self._chunks.pop(name, None)
            elif "kept" in line:
                self._chunks[name] = self._chunks.get(name, [])[: line["kept"]]
            else:
                self._chunks.setdefault(name, []).append((line["bytes"], line["sha256"]))
        # So that the next line does not begin where a kill has cut one.
        self._append(b"\n")

    def _remove_leftovers(self, *, kept: set[str]) -> None:
        for folder in _FOLDERS:
            place = self.out / folder
            with contextlib.suppress(OSError), os.scandir(place) as entries:
                for entry in entries:
                    ours = entry.name.startswith(PART_PREFIX) or (
                        entry.name.startswith(_LEFT_PREFIX) and entry.name.endswith(".tmp")
                    )
                    if ours and entry.name not in kept and entry.is_file(follow_symlinks=False):
                        os.unlink(entry.path)

    def _add(self, line: Mapping[str, Any]) -> None:
        self._append(json.dumps(line).encode() + b"\n")

    def _append(self, data: bytes) -> None:
        with self._told_errors():
            while data:
                data = data[os.write(self._descriptor, data) :]

    @contextlib.contextmanager
    def _told_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            raise FileNotWritten(str(self.out / RECORD_FILE), os_error_reason(problem)) from problem


def _is_record_line(line: Mapping[str, Any]) -> bool:
    if not isinstance(line.get("file"), str):
        return False
    if "kept" in line:
        return is_integer(line["kept"])
    return isinstance(line.get("sha256"), str) and ("whole" in line or is_integer(line.get("bytes")))
