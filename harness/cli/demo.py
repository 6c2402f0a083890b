"""`callharness demo`: all of it on this machine, in under a minute."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from harness.cli.console import Console, harness_version

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
# What clients trip over most: rows that a filter should have left out, a wrong total, a wrong order.
FAULT_FAMILIES: Final = ("filters", "total", "order")


@click.command()
@click.pass_obj
def demo(session: Console) -> int:
    """Show all of it on this machine, in under a minute: simulate the APIs, check them, catch a few faults.

    Nothing leaves this machine. Reports go into the directory callharness-demo.
    """
    from harness.serve.authentication import make_key_pair
    from harness.serve.http.server import serve_in_thread
    from harness.serve.simulator import Simulator
    from harness.specification.load import load_spec, spec_ids
    from harness.world.world import World

    began = time.monotonic()
    world = World.of(seed=1, calls=DEMO_CALLS)
    specs = [load_spec(name) for name in spec_ids()]
    key = make_key_pair()
    sound = True
    with ExitStack() as stack:
        simulators = [Simulator(spec, world, key=key) for spec in specs]
        server = stack.enter_context(serve_in_thread(simulators, watch=_current_time))
        session.write_result(f"{DEMO_CALLS} invented calls, and {len(specs)} APIs that show them:")
        reports = {}
        for place, simulator in enumerate(simulators):
            left = (SECONDS_IN_ALL - (time.monotonic() - began)) / (len(simulators) + 1 - place)
            url = server.urls[simulator.spec.id]
            reports[simulator.spec.id] = report = _check_simulator(simulator, url, seconds=min(SECONDS_EACH, left))
            session.write_result("  " + _summary_line(report))
            sound = sound and report.exit_code == 0
        liar, faults = _choose_liar(specs)
        session.write_result(f"\nNow {liar.id} with {len(faults)} promises broken on purpose:")
        bent = Simulator(liar, world, key=key, faults=faults)
        lying = stack.enter_context(serve_in_thread([bent], watch=_current_time))
        reports["with-faults"] = caught = _check_simulator(bent, lying.urls[liar.id], seconds=SECONDS_EACH)
        found = {str(finding.clause): finding for finding in caught.findings}
        for fault in faults:
            session.write_result(f"  {_fault_line(fault, fault.clause in found)}")
            sound = sound and fault.clause in found
    where = _write_reports(session, reports)
    credentials = _needed_credentials(bent)
    session.write_result(
        _closing_text(where, liar, faults, credentials=credentials, sound=sound, seconds=time.monotonic() - began)
    )
    return 0 if sound else 1


def _choose_liar(specs: Sequence[Spec]) -> tuple[Spec, tuple[Fault, ...]]:
    """The API with most of the families that the faults are taken from, and a fault of each."""
    from harness.serve.faults.catalogue import faults_of
    from harness.specification.clauses import families_by_clause

    best: tuple[Spec, tuple[Fault, ...]] = specs[0], ()
    for spec in specs:
        about = {str(clause): str(family) for clause, family in families_by_clause(spec).items()}
        chosen: dict[str, Fault] = {}
        for fault in faults_of(spec):
            chosen.setdefault(about.get(fault.clause, ""), fault)
        faults = tuple(chosen[family] for family in FAULT_FAMILIES if family in chosen)
        if len(faults) > len(best[1]):
            best = spec, faults
    return best


def _check_simulator(simulator: Simulator, url: str, *, seconds: float) -> RunReport:
    """Check one simulator within its time."""
    from dataclasses import replace

    from harness.check.client.budget import Budget, RateLimitedClient
    from harness.check.client.client import HttpClient
    from harness.check.context import ClientIdentity as Asking
    from harness.check.credentials import identities_of_users, secrets_of, with_fresh_token
    from harness.check.options import CheckOptions
    from harness.check.results.findings import RunEnded
    from harness.check.runner import run_check
    from harness.errors import HarnessError

    spec = simulator.spec
    access = spec.listing.access
    known = identities_of_users(simulator.users, access)
    began = time.monotonic()
    with HttpClient(url) as transport:
        fresh = [with_fresh_token(one, access=access, clock=_current_time) for one in known]
        asking = [
            Asking(name=one.name, credentials=one.credentials, role=one.role, customer=one.customer) for one in fresh
        ]
        options = CheckOptions(
            now=_current_time(), target=url, secrets=secrets_of(known, access), harness_version=harness_version()
        )
        client = RateLimitedClient(transport, Budget(max_requests=500, max_seconds=seconds))
        for event in run_check(spec, client, asking, options):
            if isinstance(event, RunEnded):
                return replace(event.report, seconds=time.monotonic() - began)
    raise HarnessError("the checker stopped without a report")


def _summary_line(report: RunReport) -> str:
    kept = sum(result.verdict.value == "pass" for result in report.clauses)
    later = sum(result.verdict.value == "not_run" for result in report.clauses)
    return (
        f"{report.colour.value:<6} {report.api:<28} {kept:>3} of {len(report.clauses):>3} clauses kept, "
        f"{report.requests:>4} requests, {report.seconds:4.1f} s"
        + (f" ({later} clauses not reached in that time)" if later else "")
    )


def _fault_line(fault: Fault, caught: bool) -> str:
    return f"{'caught' if caught else 'MISSED'}  {fault.clause}  {fault.description}"


def _write_reports(session: Console, reports: Mapping[str, RunReport]) -> Path:
    """The reports as HTML and JSON, in the current directory or, where that cannot be, in a temporary one."""
    from harness.output.atomic_files import write_atomically
    from harness.report import render_report

    where = Path.cwd() / REPORT_FOLDER
    try:
        where.mkdir(exist_ok=True)
        if not os.access(where, os.W_OK | os.X_OK):
            raise PermissionError
    except OSError:
        where = Path(tempfile.mkdtemp(prefix=f"{REPORT_FOLDER}-"))
    for name, report in reports.items():
        stem = name.replace("/", "-")
        for kind in ("html", "json"):
            write_atomically(where / f"{stem}.{kind}", render_report(report, kind, redact=session.redact))
    return where


def _needed_credentials(simulator: Simulator) -> Mapping[str, str]:
    """The credentials of the default user that a client must give."""
    access = simulator.spec.listing.access
    names = (access.user, access.password) if access.kind == "password" else (access.token,)
    return {name: simulator.users[0].credentials[name] for name in names if name}


def _closing_text(
    where: Path,
    liar: Spec,
    faults: Sequence[Fault],
    *,
    credentials: Mapping[str, str],
    sound: bool,
    seconds: float,
) -> str:
    given = " ".join(f"--credential {name}={value}" for name, value in credentials.items())
    fault = faults[0].clause if faults else "CLAUSE"
    return "\n".join(
        (
            "",
            f"{'All as it should be' if sound else 'NOT as it should be'}, after {seconds:.0f} s. "
            f"The reports are in {where}; begin with with-faults.html.",
            "",
            "What to try next:",
            f"  callharness serve {liar.id} --fault {liar.id}:{fault}",
            f"  callharness check {liar.id} --target http://127.0.0.1:8080 {given}",
            f"  callharness generate {liar.id} --calls 100 --seed 1 --out fixtures-of-mine",
            f"  callharness spec show {liar.id}",
        )
    )


def _current_time() -> datetime:
    return datetime.now(UTC)
