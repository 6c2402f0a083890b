"""`callharness demo`: all of it on this machine, in under a minute."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from harness.cli.console import Console, current_time, harness_version
from harness.output.counted_words import counted
from harness.output.escaping import shell_word

if TYPE_CHECKING:
    from harness.check.results.findings import RunReport
    from harness.serve.faults.catalogue import Fault
    from harness.serve.simulator import Simulator
    from harness.specification.load import Spec

SECONDS_EACH: Final = 8.0
SECONDS_IN_ALL: Final = 54.0
# Enough that every promise can be put to the test, and few enough that answers come at once.
DEMO_CALLS: Final = 700
REPORT_FOLDER: Final = "callharness-demo"
USUAL_PORT: Final = 8080
AMBER_MEANS: Final = (
    "Amber above: nothing is broken there; a demo is too short to come to every clause, or the data of one moment\n"
    "do not put each to the test."
)
# What clients trip over most: rows that a filter should have left out, a wrong total, a wrong order.
FAULT_FAMILIES: Final = ("filters", "total", "order")


@click.command()
@click.pass_obj
def demo(console: Console) -> int:
    """Show all of it on this machine, in under a minute: simulate the APIs, check them, catch a few faults.

    Nothing leaves this machine. Reports go into the directory callharness-demo.
    """
    from harness.serve.authentication import default_credentials, make_key_pair
    from harness.serve.http.options import ServerOptions
    from harness.serve.http.server import serve_in_thread
    from harness.serve.simulator import Simulator
    from harness.specification.load import load_spec, spec_ids
    from harness.world.world import World

    began = time.monotonic()
    world = World.of(seed=1, calls=DEMO_CALLS)
    specs = [load_spec(name) for name in spec_ids()]
    key = make_key_pair()
    options = ServerOptions(wall_clock=current_time)
    as_expected = True
    with ExitStack() as stack:
        simulators = [Simulator(spec, world, key=key) for spec in specs]
        server = stack.enter_context(serve_in_thread(simulators, options))
        console.write_result(f"{DEMO_CALLS} invented calls, and {len(specs)} APIs that show them:")
        reports = {}
        for place, simulator in enumerate(simulators):
            left = (SECONDS_IN_ALL - (time.monotonic() - began)) / (len(simulators) + 1 - place)
            url = server.urls[simulator.spec.id]
            reports[simulator.spec.id] = report = _check_simulator(simulator, url, seconds=min(SECONDS_EACH, left))
            console.write_result("  " + _summary_line(report))
            as_expected = as_expected and report.exit_code == 0
        spec, faults = _choose_faults(specs)
        console.write_result(f"\nNow {spec.id} with {len(faults)} promises broken on purpose:")
        faulty = Simulator(spec, world, key=key, faults=faults)
        faulty_server = stack.enter_context(serve_in_thread([faulty], options))
        reports["with-faults"] = _check_simulator(faulty, faulty_server.urls[spec.id], seconds=2 * SECONDS_EACH)
        caught = {finding.clause for finding in reports["with-faults"].findings}
        for fault in faults:
            console.write_result(f"  {_fault_line(fault, fault.clause in caught)}")
            as_expected = as_expected and fault.clause in caught
    folder = _write_reports(console, reports)
    console.write_result(
        _closing_text(
            folder,
            spec,
            faults,
            credentials=default_credentials(spec.listing.access),
            as_expected=as_expected,
            amber=any(report.colour.value == "amber" for name, report in reports.items() if name != "with-faults"),
            seconds=time.monotonic() - began,
        )
    )
    return 0 if as_expected else 1


def _choose_faults(specs: Sequence[Spec]) -> tuple[Spec, tuple[Fault, ...]]:
    """The API with most of the families that the faults are taken from, and a fault of each."""
    from harness.serve.faults.catalogue import faults_of
    from harness.specification.clause_families import families_by_clause

    best: tuple[Spec, tuple[Fault, ...]] = specs[0], ()
    for spec in specs:
        families = {str(clause): str(family) for clause, family in families_by_clause(spec).items()}
        fault_by_family: dict[str, Fault] = {}
        for fault in faults_of(spec):
            fault_by_family.setdefault(families.get(fault.clause, ""), fault)
        faults = tuple(fault_by_family[family] for family in FAULT_FAMILIES if family in fault_by_family)
        if len(faults) > len(best[1]):
            best = spec, faults
    return best


def _check_simulator(simulator: Simulator, url: str, *, seconds: float) -> RunReport:
    """Check one simulator within its time."""
    from harness.check.client.budget import Budget, RateLimitedClient
    from harness.check.client.http_client import HttpClient
    from harness.check.credentials import secrets_of, with_fresh_token
    from harness.check.options import CheckOptions
    from harness.check.runner import run_check
    from harness.check_target import simulator_identities

    # What a fault changes of the spec is what the check must not know.
    spec = simulator.documented_spec
    access = spec.listing.access
    identities = simulator_identities(simulator)
    began = time.monotonic()
    with HttpClient(url) as client:
        fresh = [with_fresh_token(identity, access=access, clock=current_time) for identity in identities]
        options = CheckOptions(
            now=current_time(),
            target=url,
            secrets=secrets_of(identities, access),
            harness_version=harness_version(),
            watch_seconds=0.0,
        )
        sender = RateLimitedClient(client, Budget(max_requests=500, max_seconds=seconds))
        report = run_check(spec, sender, fresh, options)
        return replace(report, seconds=time.monotonic() - began)


def _summary_line(report: RunReport) -> str:
    kept = sum(result.verdict.value == "pass" for result in report.clauses)
    not_reached = sum(result.verdict.value == "not_run" for result in report.clauses)
    return (
        f"{report.colour.value:<6} {report.api:<28} {kept:>3} of {len(report.clauses):>3} clauses kept, "
        f"{report.requests:>4} requests, {report.seconds:4.1f} s"
        + (f" ({counted(not_reached, 'clause')} not reached in that time)" if not_reached else "")
    )


def _fault_line(fault: Fault, caught: bool) -> str:
    return f"{'caught' if caught else 'MISSED'}  {fault.clause}  {fault.description}"


def _write_reports(console: Console, reports: Mapping[str, RunReport]) -> Path:
    """The reports as HTML and JSON, in the current directory or, where that cannot be, in a temporary one."""
    from harness.output.atomic_files import write_atomically
    from harness.report import render_report

    folder = Path.cwd() / REPORT_FOLDER
    try:
        folder.mkdir(exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix=f"{REPORT_FOLDER}-"))
    for name, report in reports.items():
        stem = name.replace("/", "-")
        for kind in ("html", "json"):
            write_atomically(folder / f"{stem}.{kind}", render_report(report, kind, redact=console.redact))
    return folder


def _closing_text(
    folder: Path,
    spec: Spec,
    faults: Sequence[Fault],
    *,
    credentials: Mapping[str, str],
    as_expected: bool,
    amber: bool,
    seconds: float,
) -> str:
    options = " ".join(f"--credential {shell_word(f'{name}={value}')}" for name, value in credentials.items())
    program, port = _program_words(), _free_port()
    clause = faults[0].clause if faults else "CLAUSE"
    return "\n".join(
        (
            "",
            *([AMBER_MEANS, ""] if amber else []),
            f"{'GREEN: all as it should be' if as_expected else 'RED: not as it should be'}, after {seconds:.0f} s. "
            f"The reports are in {folder}; begin with with-faults.html.",
            "",
            "What to try next, the first in a terminal of its own:",
            f"  {program} serve {spec.id} --port {port} --fault {spec.id}:{clause}",
            f"  {program} check {spec.id} --target http://127.0.0.1:{port} --wait 30 {options}",
            f"  {program} generate {spec.id} --calls 100 --seed 1 --out fixtures-of-mine",
            f"  {program} spec show {spec.id}",
        )
    )


def _program_words() -> str:
    """The words by which a shell starts this program again, also where no environment is activated."""
    own = Path(sys.argv[0])
    found = shutil.which("callharness")
    if found is not None and own.name == "callharness" and Path(found).resolve() == own.resolve():
        return "callharness"
    if own.name == "callharness" and own.is_file():
        return shell_word(str(own.absolute()))
    return f"{shell_word(sys.executable)} -m harness.cli.main"


def _free_port() -> int:
    """The usual port, or one that is free where somebody else has that."""
    for port in (USUAL_PORT, 0):
        try:
            with socket.create_server(("127.0.0.1", port)) as server:
                return int(server.getsockname()[1])
        except OSError:
            continue
    return USUAL_PORT
