"""What signals do to a server that waits for its end."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

from harness.cli.signals import EndRequest, stop_on_signals

# A signal finds the waiting thread at any instruction; the process hangs where the handler needs what that one holds.
_AT_EVERY_INSTRUCTION = """
import signal, sys
from harness.cli.signals import stop_on_signals

def wait_and_signal(place):
    passed = 0

    def trace(frame, event, argument):
        nonlocal passed
        frame.f_trace_opcodes = True
        passed += event == "opcode"
        if event == "opcode" and passed == place:
            signal.raise_signal(signal.SIGTERM)
        return trace

    with stop_on_signals() as stop:
        sys.settrace(trace)
        stop.wait(0.001)
        sys.settrace(None)
        assert stop.requested == (passed >= place), place
        return stop.requested

place = 1
while wait_and_signal(place):
    place += 1
print(place)
"""


def test_a_signal_stops_a_wait_at_whatever_instruction_it_comes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _AT_EVERY_INSTRUCTION], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 20


def test_a_signal_between_the_look_and_the_sleep_is_not_lost() -> None:
    raised: list[bool] = []

    def profile(frame: object, event: str, argument: object) -> None:
        if event == "c_call" and getattr(argument, "__name__", "") == "select" and not raised:
            raised.append(True)
            signal.raise_signal(signal.SIGTERM)

    with stop_on_signals() as stop:
        sys.setprofile(profile)
        stopped = stop.wait()
        sys.setprofile(None)
    assert (stopped, raised) == (True, [True])


def test_a_thread_may_ask_for_the_end_and_once_more_when_all_is_over() -> None:
    stop = EndRequest()
    thread = threading.Thread(target=stop.request)
    thread.start()
    assert stop.wait()
    thread.join()
    stop.close()
    stop.request()


def test_what_handled_signals_before_handles_them_again() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals() as stop:
        assert signal.getsignal(signal.SIGTERM) == stop.handle_signal
    assert signal.getsignal(signal.SIGTERM) == before
    assert signal.set_wakeup_fd(-1) == -1
