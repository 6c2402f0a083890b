"""Signals: the first asks for an orderly end, the second ends at once, and no end takes two seconds."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, final

ORDERLY_SECONDS: Final = 1.7
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody wants the run to end now; not an Exception, so that no handler of faults takes it for one."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """What a process says that ended by this signal."""
        return 128 + self.number

    @property
    def name(self) -> str:
        """The signal's name."""
        return signal.Signals(self.number).name


@final
class Watch:
    """Whether signals still end the work; after `calm` the work is done and they only have to be waited for."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.calmed = False

    def calm(self) -> None:
        """From now on the first signal no longer raises: what remains is short and must be finished."""
        self.calmed = True

    def hear(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        if self.heard:
            os._exit(128 + number)
        self.heard.append(number)
        if self.calmed:
            return
        # Threads that wait for a server would keep the interpreter from ending.
        timer = threading.Timer(ORDERLY_SECONDS, os._exit, (128 + number,))
        timer.daemon = True
        timer.start()
        raise Interrupted(number)


@contextmanager
def interruptible() -> Iterator[Watch]:
    """Within, SIGINT, SIGTERM and SIGHUP raise `Interrupted` in the main thread, once.

    After it the process has `ORDERLY_SECONDS` to end by itself; a second signal does not wait for that.
    """
    watch = Watch()
    if threading.current_thread() is not threading.main_thread():
        yield watch
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        # Who was told to ignore a signal (nohup) goes on ignoring it.
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, watch.hear)
    try:
        yield watch
    finally:
        if not watch.heard:
            for number, handler in before.items():
                signal.signal(number, handler)
