"""Several processes of one `serve` that share a port."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import Final, final

from harness.cli.console import Console, current_time
from harness.cli.serve_setup import ServePlan, simulator_factory
from harness.cli.signals import EndRequest, stop_on_signals
from harness.cli.worker_orders import WorkerOrders
from harness.errors import HarnessError

_STOP_SECONDS: Final = 1.8
_POLL_SECONDS: Final = 0.1
# A worker that ends again and again will not be helped by another one.
_MOST_REPLACED: Final = 5
_REPLACED_WITHIN_SECONDS: Final = 60.0


def serve_by_workers(console: Console, plan: ServePlan) -> int:
    """Processes that all listen at one socket; each makes the same world, so that it does not matter who answers."""
    from harness.serve.faults.catalogue import parse_faults
    from harness.serve.http.certificates import issue_certificate
    from harness.serve.http.server import open_listening_socket

    # What is wrong with the arguments is told once, by this process.
    simulator_factory(plan)
    options = plan.options
    parse_faults(plan.specs, options.faults, where="--fault")
    with stop_on_signals() as stop, open_listening_socket(options.host, options.port) as listening:
        certificate = None if plan.tls_dir is None else issue_certificate(plan.tls_dir, options.host)
        if certificate is not None:
            console.write_message(f"the certificate's authority is {certificate.ca_file}; check --ca takes it")
        listening.set_inheritable(True)
        token = options.control_token or secrets.token_urlsafe(24)
        orders = WorkerOrders(
            control_token=token if options.control else None,
            remote_token=plan.remote_token,
            ca_file=None if certificate is None else str(certificate.ca_file),
            private_pem=None if certificate is None else certificate.private_pem,
        )
        workers = Workers(_worker_arguments(plan, listening.fileno()), orders, inherited=listening.fileno())
        try:
            workers.start(options.workers)
            ready_lines = workers.read_lines(len(plan.specs) + options.control)
            if not all(all(lines) for lines in ready_lines) and not stop.requested:
                raise HarnessError("a worker did not start; what it said stands above")
            with ExitStack() as stack:
                if options.control and not stop.requested:
                    # A worker tells where its own control API is before it is ready.
                    urls = [lines.pop(0).split()[1] for lines in ready_lines]
                    _open_relay(console, stack, plan, urls, token)
                console.write_result("".join(ready_lines[0]))
                _wait_for_end(console, workers, stop, options.max_seconds, replaces=not options.control)
        finally:
            workers.stop()
    return 0


def _open_relay(console: Console, stack: ExitStack, plan: ServePlan, urls: Sequence[str], token: str) -> None:
    """Open the control API of all workers, and tell its address and its token."""
    from harness.cli.control_relay import ControlRelay
    from harness.serve.control.routes import serve_control

    relay = ControlRelay(urls, token=token, wall_clock=current_time)
    stack.callback(relay.close)
    url = stack.enter_context(serve_control(relay, port=plan.options.control_port, log=console.write_message))
    shown_token = "the one given" if plan.options.control_token else token
    console.write_message(f"control {url} token {shown_token}")


def _wait_for_end(
    console: Console, workers: Workers, stop: EndRequest, max_seconds: float | None, *, replaces: bool
) -> None:
    """Wait until somebody stops the command or its time is over; put another worker in the place of one that ends.

    Raises HarnessError where none may take its place: the others have been changed since, or too many have ended.
    """
    deadline = None if max_seconds is None else time.monotonic() + max_seconds
    replaced: deque[float] = deque(maxlen=_MOST_REPLACED)
    while not stop.wait(_POLL_SECONDS) and (deadline is None or time.monotonic() < deadline):
        for place, how in workers.ended():
            what = f"worker {place + 1} has ended by itself ({how})"
            if not replaces:
                raise HarnessError(f"{what}; what the control API has changed went with it: start anew")
            now = time.monotonic()
            if len(replaced) == _MOST_REPLACED and now - replaced[0] < _REPLACED_WITHIN_SECONDS:
                raise HarnessError(f"{what}, and so have {_MOST_REPLACED} others within a minute")
            replaced.append(now)
            console.write_message(f"{what}; another one takes its place")
            workers.replace(place)


@final
class Workers:
    """The processes of one `serve`, each in its place.

    Each has a pipe of ours as its standard input: once this process has ended, however that was, they end as well.
    """

    def __init__(self, arguments: Sequence[str], orders: WorkerOrders, *, inherited: int) -> None:
        """`arguments` are those of the command, `inherited` is the descriptor of the socket that listens."""
        self._command = [sys.executable, "-m", "harness.cli.main", *arguments]
        self._orders = orders
        self._inherited = inherited
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, count: int) -> None:
        """Start so many workers."""
        for _ in range(count):
            self._processes.append(self._start_one())

    def read_lines(self, count: int) -> list[list[str]]:
        """So many lines of what each worker says; empty ones where it has ended before."""
        return [
            [worker.stdout.readline() for _ in range(count)] if worker.stdout else [] for worker in self._processes
        ]

    def ended(self) -> list[tuple[int, str]]:
        """The places of workers that have ended, each with how."""
        codes = [(place, worker.poll()) for place, worker in enumerate(self._processes)]
        return [
            (place, f"signal {-code}" if code < 0 else f"exit code {code}")
            for place, code in codes
            if code is not None
        ]

    def replace(self, place: int) -> None:
        """Put a new worker into a place; clients wait in the queue of the socket until it is ready."""
        _close_pipes(self._processes[place])
        self._processes[place] = self._start_one()

    def stop(self) -> None:
        """End all, whether they want to or not."""
        for worker in self._processes:
            worker.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for worker in self._processes:
            try:
                worker.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
            _close_pipes(worker)

    def _start_one(self) -> subprocess.Popen[str]:
        worker = subprocess.Popen(  # noqa: S603
            self._command,
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
            pass_fds=[self._inherited],
            text=True,
        )
        # One that has ended at once is told by its exit.
        with suppress(OSError):
            assert worker.stdin is not None
            worker.stdin.write(self._orders.as_line())
            worker.stdin.flush()
        return worker


def _close_pipes(worker: subprocess.Popen[str]) -> None:
    for stream in (worker.stdin, worker.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()


def _worker_arguments(plan: ServePlan, descriptor: int) -> list[str]:
    """The command line of a worker, which listens at an inherited socket."""
    options = plan.options
    arguments = ["serve", *options.apis, "--listen-fd", str(descriptor), "--began", plan.began.isoformat()]
    arguments += options.traffic_choice.arguments()
    for name, value in (
        ("--host", options.host),
        ("--calls", None if options.traffic_choice.has_window else options.calls),
        ("--seed", options.seed),
        ("--concurrent", options.concurrent),
        ("--clock", options.clock),
        ("--users", options.users),
        ("--jwt-key", plan.jwt_key),
    ):
        if value is not None:
            arguments += [name, str(value)]
    for name, texts in (
        ("--allow-host", options.allow_hosts),
        ("--fault", options.faults),
        ("--dialect", options.dialects),
        ("--credential", options.credentials),
    ):
        for text in texts:
            arguments += [name, text]
    for name, flag in (
        ("--allow-remote", options.allow_remote),
        ("--any-jwt", options.any_jwt),
        ("--verbose", options.verbose),
        ("--control", options.control),
    ):
        if flag:
            arguments.append(name)
    return arguments
