"""Standard streams that were closed before the command began (`>&-`)."""

from __future__ import annotations

import errno
import os
import sys
from typing import final


def open_standard_streams() -> None:
    """Put something into the place of each stream that is closed: its number would go to the next file or socket.

    What is written to a closed standard output fails, as it does for other programs; messages go nowhere.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is not None:
            continue
        descriptor = os.open(os.devnull, os.O_RDWR)
        if descriptor != number:
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.set_inheritable(number, True)
        if name == "stdin":
            sys.stdin = open(number, encoding="utf-8", closefd=False)  # noqa: SIM115
        elif name == "stdout":
            sys.stdout = _ClosedStream(number)
        else:
            sys.stderr = open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


@final
class _ClosedStream:
    """A stream that takes nothing."""

    encoding = "utf-8"

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return False

    def write(self, text: str) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    def flush(self) -> None:
        """Nothing is held."""
