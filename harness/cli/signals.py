"""Signals: the first asks for an orderly end, the second ends at once, and no end takes two seconds."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final, final

ORDERLY_SECONDS: Final = 1.7
_WAKE_BYTES: Final = 4096
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


@final
class EndRequest:
    """Whether somebody wants a server to stop: a signal, or a thread that calls `request`.

    No lock is taken by whoever asks: a handler runs on the thread that waits, which may hold any lock of its own.
    """

    def __init__(self) -> None:
        self._requested = False
        # Sockets know that they are closed; the number of a pipe could name another file by then.
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    @property
    def wake_descriptor(self) -> int:
        """Whatever is written here wakes whoever waits."""
        return self._writer.fileno()

    @property
    def requested(self) -> bool:
        """Whether anybody has asked so far."""
        return self._requested

    def request(self) -> None:
        """Ask for the end; from any thread."""
        self._requested = True
        # Full: then whoever waits has enough to wake for. Closed: nobody waits any more.
        with suppress(OSError):
            self._writer.send(b"\0")

    def handle_signal(self, number: int, frame: FrameType | None) -> None:
        """Take a signal: the first asks for the end, the second one ends the process at once."""
        if self._requested:
            os._exit(128 + number)
        self._requested = True

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until somebody asks, or so many seconds; whether anybody has asked."""
        due = None if seconds is None else time.monotonic() + seconds
        while not self._requested:
            left = None if due is None else max(0.0, due - time.monotonic())
            woken, _, _ = select.select([self._reader], [], [], left)
            if not woken:
                break
            # Other signals wake it, too.
            with suppress(BlockingIOError):
                self._reader.recv(_WAKE_BYTES)
        return self._requested

    def close(self) -> None:
        """Give back the sockets; `request` may still be called."""
        self._reader.close()
        self._writer.close()


@contextmanager
def stop_on_signals() -> Iterator[EndRequest]:
    """Within, the first signal to stop asks for the end; the second one ends the process at once."""
    stop = EndRequest()
    before = {number: signal.signal(number, stop.handle_signal) for number in _STOP_SIGNALS}
    # A signal that a thread of a library takes (Polars has some) runs no handler until the main thread wakes.
    descriptor = signal.set_wakeup_fd(stop.wake_descriptor, warn_on_full_buffer=False)
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(descriptor)
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()
