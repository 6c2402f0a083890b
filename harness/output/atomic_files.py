"""Atomic writes: a file is there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from harness.errors import HarnessError


@dataclass(eq=False)
class FileNotWritten(HarnessError):
    """A file could not be written; what stood there before is still there. Exit code 3."""

    path: str
    why: str

    def __str__(self) -> str:
        return f"{self.path}: not written, {self.why}"


def write_atomically(path: str | os.PathLike[str], data: str | bytes) -> None:
    """Write the whole file or leave the old one as it was; a reader never sees half of it."""
    target = Path(path)
    content = data.encode("utf-8") if isinstance(data, str) else data
    if target.is_dir():
        raise FileNotWritten(str(target), "it is a directory")
    try:
        if target.exists() and not target.is_file():
            # A pipe or a terminal (`/dev/stderr`) cannot be replaced, only written to; its link may lead to no path.
            with _open_special(target) as stream:
                stream.write(content)
            return
        # A link stays a link: what it points at is replaced.
        place = target.resolve() if target.is_symlink() else target
        mode = _mode_for(place)
        handle, temporary = _open_temporary(place.parent)
    except OSError as problem:
        raise FileNotWritten(str(target), os_error_reason(problem)) from problem
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
            if temporary is None:
                temporary = _link_to_name(file.fileno(), place.parent)
        os.replace(temporary, place)
    except BaseException as problem:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        if isinstance(problem, OSError):
            raise FileNotWritten(str(target), os_error_reason(problem)) from problem
        raise
    _sync_directory(place.parent)


def move_into_place(part: Path, target: Path) -> None:
    """Put a finished file, which lies in the same file system, in the place of another, whole or not at all.

    It is gone from where it lay. Raises FileNotWritten; the file is then where it was.
    """
    if target.is_dir():
        raise FileNotWritten(str(target), "it is a directory")
    try:
        place = target.resolve() if target.is_symlink() else target
        descriptor = os.open(part, os.O_RDWR)
        try:
            os.fchmod(descriptor, _mode_for(place))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(part, place)
    except OSError as problem:
        raise FileNotWritten(str(target), os_error_reason(problem)) from problem
    _sync_directory(place.parent)


def _open_temporary(directory: Path) -> tuple[int, str | None]:
    """A new file and its name, or None where it needs no name yet: a process that is killed leaves nothing of it."""
    unnamed = getattr(os, "O_TMPFILE", 0)
    if unnamed and Path("/proc/self/fd").is_dir():
        with contextlib.suppress(OSError):
            return os.open(directory, os.O_WRONLY | os.O_CLOEXEC | unnamed, 0o600), None
    return tempfile.mkstemp(dir=directory, prefix=".callharness-", suffix=".tmp")


def _link_to_name(descriptor: int, directory: Path) -> str:
    """Gives a file without a name one that is free."""
    while True:
        name = tempfile.mktemp(dir=directory, prefix=".callharness-", suffix=".tmp")  # noqa: S306 - nothing is replaced
        with contextlib.suppress(FileExistsError):
            # Only with a folder named, which an absolute path ignores, is the link to the file followed.
            os.link(f"/proc/self/fd/{descriptor}", name, src_dir_fd=descriptor)
            return name


def _open_special(path: Path) -> BinaryIO:
    """A pipe or a device to write to; a pipe that nobody reads from is an error and no reason to wait for ever."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "wb")


def os_error_reason(problem: OSError) -> str:
    """The system's own words for an error, in lower case and without numbers."""
    return (problem.strerror or type(problem).__name__).lower()


def _mode_for(path: Path) -> int:
    """The mode of the file to be replaced, or what the umask leaves for a new one (`mkstemp` gives 0600)."""
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        # Reading the umask means setting it, which races between threads; /proc tells without setting.
        try:
            status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
            umask = next(int(line.split()[1], 8) for line in status.splitlines() if line.startswith("Umask:"))
        except (OSError, StopIteration, ValueError):
            umask = 0o022
        return 0o666 & ~umask


def _sync_directory(directory: Path) -> None:
    # Some file systems cannot sync a directory; the file itself is already safe.
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
