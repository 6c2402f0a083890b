"""Lines of a log that clients can cause: some of each kind a minute, and then how many were left out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from harness.serve.http.options import LogWriter

LINES_A_MINUTE: Final = 20
_MINUTE_SECONDS: Final = 60.0
# Kinds are words of ours; where they are not, the number of them is bounded all the same.
_MOST_KINDS: Final = 100


@final
@dataclass(slots=True)
class _Minute:
    """The lines of one kind since the minute began."""

    began: float
    written: int = 0
    left_out: int = 0


@final
class LogLimiter:
    """Passes at most so many lines of each kind on in a minute; the next one says how many were left out.

    `seconds` is a clock that never goes back.
    """

    def __init__(self, write: LogWriter, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._seconds = seconds
        self._minutes: dict[str, _Minute] = {}
        self._lock = threading.Lock()

    def write(self, kind: str, line: str) -> None:
        """Write a line of a kind, or count it."""
        now = self._seconds()
        with self._lock:
            minute = self._minutes.get(kind)
            left_out = 0
            if minute is None or now - minute.began >= _MINUTE_SECONDS:
                left_out = minute.left_out if minute is not None else 0
                if minute is None and len(self._minutes) >= _MOST_KINDS:
                    self._minutes.clear()
                minute = self._minutes[kind] = _Minute(began=now)
            minute.written += 1
            last = minute.written == LINES_A_MINUTE
            if minute.written > LINES_A_MINUTE:
                minute.left_out += 1
                return
        if left_out:
            self._write(f"{left_out} lines like the next one were left out")
        self._write(f"{line} (further lines like this one are left out for a minute)" if last else line)
