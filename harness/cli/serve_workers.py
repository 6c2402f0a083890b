"""Several processes of one `serve` that share a port."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Final

from harness.cli.console import Console
from harness.cli.serve_setup import ServePlan, simulator_factory
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
        command = [sys.executable, "-m", "harness.cli.main", *_worker_arguments(plan, listening.fileno())]
        workers = [
            subprocess.Popen(  # noqa: S603
                command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, pass_fds=[listening.fileno()], text=True
            )
            for _ in range(options.workers)
        ]
        try:
            ready_lines = [
                [worker.stdout.readline() for _ in plan.specs] if worker.stdout else [] for worker in workers
            ]
            if not all(all(lines) for lines in ready_lines) and not stopped.is_set():
                raise HarnessError("a worker did not start; what it said stands above")
            console.write_result("".join(ready_lines[0]))
            _wait_for_end(workers, stopped, max_seconds=options.max_seconds)
        finally:
            _stop_workers(workers)
    return 0


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
    for name, value in (
        ("--host", options.host),
        ("--calls", options.calls),
        ("--seed", options.seed),
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
    ):
        if flag:
            arguments.append(name)
    return arguments
