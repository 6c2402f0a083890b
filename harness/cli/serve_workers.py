"""Several processes of one `serve` that share a port."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from harness.cli.console import Console, current_time
from harness.cli.serve_setup import CONTROL_VARIABLE, ServePlan, simulator_factory
from harness.cli.signals import stop_on_signals
from harness.errors import HarnessError

_STOP_SECONDS: Final = 1.8
_POLL_SECONDS: Final = 0.1


def serve_by_workers(console: Console, plan: ServePlan) -> int:
    """Processes that all listen at one socket; each makes the same world, so that it does not matter who answers."""
    from harness.serve.faults.catalogue import parse_faults
    from harness.serve.http.server import make_certificate, open_listening_socket

    # What is wrong with the arguments is told once, by this process.
    simulator_factory(plan)
    options = plan.options
    parse_faults(plan.specs, options.faults, where="--fault")
    stopped = threading.Event()
    with stop_on_signals(stopped), open_listening_socket(options.host, options.port) as listening:
        if plan.tls_dir is not None:
            ca_file = make_certificate(plan.tls_dir, options.host)
            console.write_message(f"the certificate's authority is {ca_file}; check --ca takes it")
        listening.set_inheritable(True)
        token = options.control_token or secrets.token_urlsafe(24)
        command = [sys.executable, "-m", "harness.cli.main", *_worker_arguments(plan, listening.fileno())]
        # Others may read the arguments of a process, but not its environment.
        environment = os.environ | ({CONTROL_VARIABLE: token} if options.control else {})
        workers = [
            subprocess.Popen(  # noqa: S603
                command,
                stdout=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
                pass_fds=[listening.fileno()],
                text=True,
                env=environment,
            )
            for _ in range(options.workers)
        ]
        try:
            told = len(plan.specs) + options.control
            ready_lines = [
                [worker.stdout.readline() for _ in range(told)] if worker.stdout else [] for worker in workers
            ]
            if not all(all(lines) for lines in ready_lines) and not stopped.is_set():
                raise HarnessError("a worker did not start; what it said stands above")
            with ExitStack() as stack:
                if options.control and not stopped.is_set():
                    # A worker tells where its own control API is before it is ready.
                    urls = [lines.pop(0).split()[1] for lines in ready_lines]
                    _open_relay(console, stack, plan, urls, token)
                console.write_result("".join(ready_lines[0]))
                _wait_for_end(workers, stopped, max_seconds=options.max_seconds)
        finally:
            _stop_workers(workers)
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
    workers: Sequence[subprocess.Popen[str]], stopped: threading.Event, *, max_seconds: float | None
) -> None:
    """Wait until somebody stops the command or its time is over. Raises HarnessError when a worker ends before."""
    deadline = None if max_seconds is None else time.monotonic() + max_seconds
    while not stopped.wait(_POLL_SECONDS) and (deadline is None or time.monotonic() < deadline):
        if any(worker.poll() is not None for worker in workers):
            raise HarnessError("a worker has ended by itself")


def _stop_workers(workers: Sequence[subprocess.Popen[str]]) -> None:
    for worker in workers:
        worker.terminate()
    deadline = time.monotonic() + _STOP_SECONDS
    for worker in workers:
        try:
            worker.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
        if worker.stdout is not None:
            worker.stdout.close()


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
        ("--tls-dir", plan.tls_dir),
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
        ("--tls-made", plan.tls_dir is not None),
        ("--control", options.control),
    ):
        if flag:
            arguments.append(name)
    return arguments
