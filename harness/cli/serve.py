"""`callharness serve`: simulators over HTTP until somebody stops them."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.console import Console, current_time
from harness.cli.open_files import fit_connections
from harness.cli.option_values import complete_api, parse_pairs, positive_number
from harness.cli.process_memory import rare_collections, return_large_blocks
from harness.cli.serve_setup import (
    ServePlan,
    ServeSettings,
    check_option_conflicts,
    make_clock,
    make_plan,
    make_world,
    require_loopback,
    simulator_factory,
)
from harness.cli.signals import stop_on_signals
from harness.cli.traffic_options import traffic_options
from harness.cli.worker_orders import watch_first_process

if TYPE_CHECKING:
    from harness.serve.control.request_log import RequestLog
    from harness.serve.control.routes import SimulatorFactory
    from harness.serve.faults.catalogue import Fault
    from harness.serve.faults.transport import TransportFault
    from harness.serve.http.request_parser import RequestRejection
    from harness.serve.http.server import RunningServer
    from harness.serve.simulator import Simulator
    from harness.specification.load import Spec
    from harness.world.world import World


@click.command()
@click.argument("apis", metavar="[API]...", nargs=-1, shell_complete=complete_api)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--allow-host", "allow_hosts", metavar="NAME", multiple=True, help="Another name clients may call it by."
)
@click.option("--allow-remote", is_flag=True, help="Allow an address that other machines can reach.")
@click.option(
    "--remote-token",
    metavar="TOKEN",
    help="What requests need where other machines can reach it; a random one is made and told otherwise.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="The port; 0 picks a free one."
)
@click.option(
    "--calls", type=click.IntRange(0), default=2000, show_default=True, help="How many calls the world has."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Which world.")
@traffic_options
@click.option(
    "--concurrent",
    type=float,
    callback=positive_number,
    metavar="N",
    help="About so many calls at a time in the busiest hour; 40 without it.",
)
@click.option(
    "--clock",
    default="frozen",
    show_default=True,
    metavar="frozen[=INSTANT]|live|scaled=K",
    help="What time it is in the world: a busy hour that stands still, another instant, the machine's time with "
    "calls at any hour, or a busy hour that runs K times as fast.",
)
@click.option("--began", metavar="INSTANT", help="When a live or scaled clock began (default now); for replicas.")
@click.option(
    "--fault",
    "faults",
    metavar="API:NAME",
    multiple=True,
    help="Break a promise (API:CLAUSE[/NAME]) or the carriage (API:transport/NAME[=VALUE]) on purpose.",
)
@click.option("--list-faults", is_flag=True, help="List the faults there are, and do not serve.")
@click.option(
    "--dialect", "dialects", metavar="FILE", multiple=True, help="Answers to open choices, one file per API."
)
@click.option("--credential", "credentials", metavar="NAME=VALUE", multiple=True, help="A credential to accept.")
@click.option("--users", metavar="FILE", help="Who may log in, in place of the built-in identities.")
@click.option("--jwt-key", metavar="FILE", help="The private key (PEM) that signs tokens; without it one is made.")
@click.option("--any-jwt", is_flag=True, help="Accept any well-formed token that has not expired.")
@click.option("--tls", is_flag=True, help="Speak TLS with a certificate made now.")
@click.option("--tls-dir", metavar="DIR", help="Where ca.pem is put; implies --tls.")
@click.option("--control", is_flag=True, help="Open the control API on a port of its own, for this machine only.")
@click.option("--control-port", type=click.IntRange(0, 65535), default=0, help="Its port; 0 picks a free one.")
@click.option("--control-token", metavar="TOKEN", help="Its token; a random one is made and told otherwise.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that share the port."
)
@click.option("-v", "--verbose", is_flag=True, help="Tell each request on standard error, secrets masked.")
@click.option("--listen-fd", type=int, hidden=True)
@click.option(
    "--max-seconds", type=float, callback=positive_number, metavar="N", help="Stop by itself after so many seconds."
)
@click.pass_obj
def serve(console: Console, /, apis: tuple[str, ...], **values: Any) -> int:
    """Answer requests to APIs (all shipped ones by default) the way their documentation says.

    Prints `ready API URL` on a line for each API when it listens; the URL is what `check --target` takes.
    """
    from harness.cli.serve_workers import serve_by_workers
    from harness.specification.load import load_specs, spec_ids

    options = ServeSettings(apis=apis, **values)
    require_loopback(options.host, allow_remote=options.allow_remote)
    specs = load_specs(apis or spec_ids())
    if options.list_faults:
        _list_faults(console, specs)
        return 0
    secrets = [value for _, value in parse_pairs("--credential", options.credentials)]
    words = [name for spec in specs.values() for name in spec.listing.parameters]
    console.redact_secrets([*secrets, options.control_token or "", options.remote_token or ""], words=words)
    check_option_conflicts(options)
    with tempfile.TemporaryDirectory(prefix="callharness-serve-") as scratch:
        plan = make_plan(console, options, specs, Path(scratch))
        if options.listen_fd is None:
            _tell_example_credentials(console, plan)
        return serve_by_workers(console, plan) if options.workers > 1 else _serve_in_process(console, plan)


def _tell_example_credentials(console: Console, plan: ServePlan) -> None:
    """Tell what to log in with where nobody said who may: invented examples that stand in the documents."""
    from harness.serve.authentication import default_credentials
    from harness.specification.access import all_credential_names

    options = plan.options
    given = {name for name, _ in parse_pairs("--credential", options.credentials)}
    apis_by_text: dict[str, list[str]] = {}
    for spec in plan.specs.values() if options.users is None else ():
        access = spec.listing.access
        if given.isdisjoint(all_credential_names(access)):
            text = " ".join(f"{name}={value}" for name, value in default_credentials(access).items())
            apis_by_text.setdefault(text, []).append(spec.id)
    for text, apis in apis_by_text.items():
        if text:
            # Plain: a mask would keep from the reader what everybody may know.
            console.write_message(f"{', '.join(apis)}: log in with {text}", redacted=True)


def _list_faults(console: Console, specs: Mapping[str, Spec]) -> None:
    from harness.serve.faults.catalogue import faults_of
    from harness.serve.faults.transport import TRANSPORT_FAULT_KINDS, TRANSPORT_PREFIX

    for spec in specs.values():
        for fault in faults_of(spec):
            console.write_result(f"{spec.id}:{fault.id}  {fault.description}")
        for name, kind in TRANSPORT_FAULT_KINDS.items():
            console.write_result(
                f"{spec.id}:{TRANSPORT_PREFIX}{name}[=VALUE]  {kind.description}; VALUE is {kind.value_syntax}"
            )


def _serve_in_process(console: Console, plan: ServePlan) -> int:
    from harness.serve.faults.catalogue import parse_faults
    from harness.serve.http.limits import DEFAULT_LIMITS
    from harness.serve.http.options import ServerOptions
    from harness.serve.http.server import serve_in_thread

    options = plan.options
    return_large_blocks()

    def write_rejection(rejection: RequestRejection) -> None:
        console.write_message(f"{rejection.http_status} {rejection.reason}")

    with stop_on_signals() as stop, ExitStack() as stack:
        if plan.orders is not None:
            watch_first_process(stop.request)
        make_simulators = simulator_factory(plan)
        clause_faults, transport_faults = parse_faults(plan.specs, options.faults, where="--fault")
        world = make_world(plan)
        simulators = make_simulators(world, clause_faults)
        log = _make_request_log(console, simulators, plan)
        server = stack.enter_context(
            serve_in_thread(
                simulators,
                ServerOptions(
                    host=options.host,
                    port=options.port,
                    listening_socket=_inherited_socket(options.listen_fd),
                    allow_hosts=options.allow_hosts,
                    tls_dir=plan.tls_dir,
                    certificate=plan.orders.certificate if plan.orders is not None else None,
                    remote_token=plan.remote_token,
                    limits=fit_connections(DEFAULT_LIMITS),
                    clock=make_clock(plan, world),
                    wall_clock=current_time,
                    transport_faults=transport_faults,
                    seed=options.seed,
                    log=console.write_message,
                    on_exchange=log.record_exchange if log is not None else None,
                    on_rejection=write_rejection if options.verbose else None,
                ),
            )
        )
        if log is not None and options.control:
            names = _fault_names(clause_faults, transport_faults)
            _open_control(console, stack, server, make_simulators, world, names, log, plan)
        if server.ca_file is not None and options.listen_fd is None:
            console.write_message(f"the certificate's authority is {server.ca_file}; check --ca takes it")
        console.write_result("\n".join(f"ready {api} {url}" for api, url in server.urls.items()))
        if plan.remote_token is not None:
            console.add_secret(plan.remote_token)
        with rare_collections():
            stop.wait(options.max_seconds)
    # A server has no other end than being told to stop.
    return 0


def _fault_names(*faults_by_api: Mapping[str, Sequence[Fault | TransportFault]]) -> list[str]:
    """The faults as `--fault` takes them."""
    return [f"{api}:{fault.id}" for table in faults_by_api for api, faults in table.items() for fault in faults]


def _inherited_socket(descriptor: int | None) -> socket.socket | None:
    """The listening socket that the first process made."""
    return None if descriptor is None else socket.socket(fileno=descriptor)


def _make_request_log(console: Console, simulators: Sequence[Simulator], plan: ServePlan) -> RequestLog | None:
    """What remembers requests, where anybody may ask for them; from now on the console knows all secrets, too."""
    from harness.serve.control.request_log import RequestLog
    from harness.wire.request_codec import credential_parameters

    options = plan.options
    secrets: set[str] = {options.control_token or "", options.remote_token or ""}
    words: set[str] = set()
    for simulator in simulators:
        access = simulator.documented_spec.listing.access
        names = (credential_parameters(access) | {access.token}) - {access.user or ""}
        secrets |= {user.credentials.get(name, "") for user in simulator.users for name in names}
        words |= set(simulator.documented_spec.listing.parameters)
    redactor = console.redact_secrets(secrets, words=words)
    if not options.control and not options.verbose:
        return None
    return RequestLog(redact=redactor.redact, tell=console.write_message if options.verbose else None)


def _open_control(
    console: Console,
    stack: ExitStack,
    server: RunningServer,
    make_simulators: SimulatorFactory,
    world: World,
    faults: list[str],
    log: RequestLog,
    plan: ServePlan,
) -> None:
    """Open the control API, and tell its address and its token."""
    import secrets

    from harness.serve.control.routes import ControlApi, serve_control

    options, orders = plan.options, plan.orders
    given = options.control_token if orders is None else orders.control_token
    token = given or secrets.token_urlsafe(24)
    control = ControlApi(
        server.application,
        make=make_simulators,
        world=world,
        faults=faults,
        seed=options.seed,
        token=token,
        log=log,
        relayed=orders is not None,
    )
    url = stack.enter_context(serve_control(control, port=options.control_port, log=console.write_message))
    if orders is not None:
        console.write_result(f"control {url}")
        return
    shown_token = "the one given" if options.control_token else token
    console.write_message(f"control {url} token {shown_token}")
