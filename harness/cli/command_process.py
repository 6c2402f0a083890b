"""The user's own command as a process: within a time limit, in a process group that goes as a whole."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, final

from harness.errors import UsageProblem

_KEPT_BYTES: Final = 16_384
_PATIENCE_SECONDS: Final = 1.0
_DRAIN_SECONDS: Final = 5.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRun:
    """How a command ended: its exit code (negative is a signal), None where its time was up; and its last output."""

    exit_code: int | None
    seconds: float
    output: str

    @property
    def timed_out(self) -> bool:
        """Whether it was killed because it took too long."""
        return self.exit_code is None

    @property
    def passed(self) -> bool:
        """Whether it ended by itself and said that all is well."""
        return self.exit_code == 0


@final
class CommandStopped(Exception):
    """The command was killed, or not started, because nobody waits for it any more."""


@final
class CommandProcesses:
    """Runs one command several times, perhaps at once; `stop` ends what runs and starts no more."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(self, environment: Mapping[str, str], *, folder: Path, timeout_seconds: float) -> CommandRun:
        """Run the command once in a folder. Raises UsageProblem if it cannot be started, and CommandStopped."""
        began = time.monotonic()
        process = self._start(environment, folder)
        assert process.stdout is not None
        tail = _OutputTail(process.stdout)
        try:
            exit_code: int | None = process.wait(timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            exit_code = None
            _signal_group(process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=_PATIENCE_SECONDS)
        seconds = time.monotonic() - began
        # What it left behind (a server, a browser) would hold its output open, and go on asking.
        _signal_group(process, signal.SIGKILL)
        process.wait()
        with self._lock:
            self._running.discard(process)
            if self._stopped:
                raise CommandStopped
        return CommandRun(exit_code=exit_code, seconds=seconds, output=tail.text())

    def stop(self) -> None:
        """Kill every run, and start no more; from any thread."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                _signal_group(process, signal.SIGKILL)

    def _start(self, environment: Mapping[str, str], folder: Path) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise CommandStopped
            try:
                process = subprocess.Popen(  # noqa: S603 - to run the user's command is what this is for
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env=dict(environment),
                    cwd=folder,
                    start_new_session=True,
                )
            except (OSError, ValueError) as problem:
                reason = problem.strerror if isinstance(problem, OSError) else str(problem)
                raise UsageProblem(
                    "COMMAND",
                    "a program that can be started",
                    f"{self._command[0]!r}: {(reason or 'an error').lower()}",
                    "what a shell makes of a line needs the shell: -- sh -c 'LINE'",
                ) from problem
            self._running.add(process)
            return process


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # The group has the number of its first process, and is gone when all of it has ended.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


@final
class _OutputTail:
    """The end of what a process prints, however much it is; read on a thread of its own."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._kept = b""
        self._is_cut = False
        self._thread = threading.Thread(target=self._read, name="callharness-output", daemon=True)
        self._thread.start()

    def text(self) -> str:
        """The end of the output, once there is no more of it."""
        self._thread.join(timeout=_DRAIN_SECONDS)
        # What begins within a line may be half a secret.
        kept = self._kept if not self._is_cut else self._kept.partition(b"\n")[2]
        return kept.decode("utf-8", "replace")

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._stream:
            while chunk := os.read(self._stream.fileno(), 65_536):
                self._is_cut = self._is_cut or len(self._kept) + len(chunk) > _KEPT_BYTES
                self._kept = (self._kept + chunk)[-_KEPT_BYTES:]
