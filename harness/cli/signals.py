"""Signals: the first asks for an orderly end, the second ends at once, and no end takes two seconds."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, final

ORDERLY_SECONDS: Final = 1.7
_LOOK_SECONDS: Final = 0.5
_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
class SignalWatch:
    """The signals that came, and whether one still ends the work; after `stop_raising` it is only noted."""

    def __init__(self) -> None:
        self.received_signals: list[int] = []
        self.raising_stopped = False

    def stop_raising(self) -> None:
        """From now on the first signal no longer raises: what remains is short and must be finished."""
        self.raising_stopped = True

    def handle_signal(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        if self.received_signals:
            os._exit(128 + number)
        self.received_signals.append(number)
        if self.raising_stopped:
            return
        # Threads that wait for a server would keep the interpreter from ending.
        timer = threading.Timer(ORDERLY_SECONDS, os._exit, (128 + number,))
        timer.daemon = True
        timer.start()
        raise Interrupted(number)


@contextmanager
def interruptible() -> Iterator[SignalWatch]:
    """Within, SIGINT, SIGTERM and SIGHUP raise `Interrupted` in the main thread, once.

    After it the process has `ORDERLY_SECONDS` to end by itself; a second signal does not wait for that.
    """
    watch = SignalWatch()
    if threading.current_thread() is not threading.main_thread():
        yield watch
        return
    before = {number: signal.getsignal(number) for number in _STOP_SIGNALS}
    for number in _STOP_SIGNALS:
        # Who was told to ignore a signal (nohup) goes on ignoring it.
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, watch.handle_signal)
    try:
        yield watch
    finally:
        if not watch.received_signals:
            for number, handler in before.items():
                signal.signal(number, handler)


def wait_until_set(stopped: threading.Event, seconds: float | None = None) -> None:
    """Wait for an event, or so many seconds.

    A signal that a thread of a library takes (Polars has some) runs no handler until the main thread wakes:
    it looks twice a second.
    """
    due = None if seconds is None else time.monotonic() + seconds
    while not stopped.is_set():
        left = _LOOK_SECONDS if due is None else min(_LOOK_SECONDS, due - time.monotonic())
        if left <= 0:
            return
        stopped.wait(left)


@contextmanager
def stop_on_signals(stopped: threading.Event) -> Iterator[None]:
    """Within, the first signal to stop sets the event; the second one ends the process at once."""

    def handle_signal(number: int, frame: object) -> None:
        if stopped.is_set():
            os._exit(128 + number)
        stopped.set()

    before = {number: signal.signal(number, handle_signal) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
