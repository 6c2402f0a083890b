"""`callharness serve`: simulators over HTTP until somebody stops them."""

from __future__ import annotations

import ipaddress
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.console import Console
from harness.cli.options import did_you_mean, load_dialect_file, parse_instant, parse_pairs, positive_number
from harness.errors import UsageProblem

if TYPE_CHECKING:
    from harness.serve.authentication import KeyPair, SimulatedUser
    from harness.serve.control.request_log import RequestLog
    from harness.serve.faults.catalogue import Fault
    from harness.serve.faults.transport import TransportFault
    from harness.serve.http.request_parser import RequestRejection
    from harness.serve.http.server import RunningServer
    from harness.serve.simulator import Simulator
    from harness.specification.load import Spec
    from harness.world.clock import Clock
    from harness.world.world import World


@click.command()
@click.argument("apis", metavar="[API]...", nargs=-1)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--allow-host", "allow_hosts", metavar="NAME", multiple=True, help="Another name clients may call it by."
)
@click.option("--allow-remote", is_flag=True, help="Allow an address that other machines can reach.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="The port; 0 picks a free one."
)
@click.option(
    "--calls", type=click.IntRange(0), default=2000, show_default=True, help="How many calls the world has."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Which world.")
@click.option("--clock", default="frozen", show_default=True, metavar="frozen[=INSTANT]|live|scaled=K")
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
@click.option("--tls-made", is_flag=True, hidden=True)
@click.option(
    "--max-seconds", type=float, callback=positive_number, metavar="N", help="Stop by itself after so many seconds."
)
@click.pass_obj
def serve(session: Console, /, apis: tuple[str, ...], **given: Any) -> int:
    """Answer requests to APIs (all shipped ones by default) the way their documentation says.

    Prints `ready API URL` on a line for each API when it listens; the URL is what `check --target` takes.
    """
    _require_loopback(given["host"], allowed=given["allow_remote"])
    from harness.specification.load import load_spec, spec_ids

    specs = {spec.id: spec for spec in map(load_spec, dict.fromkeys(apis or spec_ids()))}
    if given["list_faults"]:
        _list_faults(session, specs)
        return 0
    secrets = [value for _, value in parse_pairs("--credential", given["credentials"])]
    secrets += [given["control_token"] or ""]
    words = [name for spec in specs.values() for name in spec.listing.parameters]
    session.redact_secrets(secrets, words=words)
    _check_option_conflicts(given)
    with tempfile.TemporaryDirectory(prefix="callharness-serve-") as scratch:
        given = {**given, "apis": apis, **_shared_values(session, specs, given, Path(scratch))}
        if given["workers"] > 1:
            return _serve_by_workers(session, specs, given)
        return _serve_in_process(session, specs, given)


def _list_faults(session: Console, specs: Mapping[str, Spec]) -> None:
    from harness.serve.faults.catalogue import faults_of
    from harness.serve.faults.transport import TRANSPORT_FAULT_KINDS, TRANSPORT_PREFIX

    for spec in specs.values():
        for fault in faults_of(spec):
            session.write_result(f"{spec.id}:{fault.id}  {fault.description}")
        for name, kind in TRANSPORT_FAULT_KINDS.items():
            session.write_result(
                f"{spec.id}:{TRANSPORT_PREFIX}{name}[=VALUE]  {kind.description}; VALUE is {kind.value_syntax}"
            )


def _check_option_conflicts(given: Mapping[str, Any]) -> None:
    """Options that do not go together stop the command before anything is made."""
    if given["control"] and given["workers"] > 1:
        raise UsageProblem(
            "--control",
            "one process: what is changed at run time is known to that process only",
            f"--workers {given['workers']}",
            "leave one of them out",
        )
    for option in ("control_token", "control_port"):
        if given[option] and not given["control"]:
            raise UsageProblem(f"--{option.replace('_', '-')}", "--control with it", "no --control")
    token = given["control_token"]
    if token is not None and not re.fullmatch(r"[\x21-\x7e]{6,200}", token):
        raise UsageProblem("--control-token", "6 to 200 visible ASCII characters without spaces", "something else")


def _shared_values(
    session: Console, specs: Mapping[str, Spec], given: Mapping[str, Any], scratch: Path
) -> dict[str, Any]:
    """What all processes of one `serve` must agree on: the instant at which it began, keys, certificates."""
    began = _current_time() if given["began"] is None else parse_instant("--began", given["began"])
    found: dict[str, Any] = {"began": began.replace(microsecond=0) if given["began"] is None else began}
    made = given["jwt_key"] is None and not given["any_jwt"] and given["users"] is None
    if made and any(spec.listing.access.jwt is not None for spec in specs.values()):
        from harness.serve.authentication import make_key_pair

        key = scratch / "jwt-key.pem"
        key.touch(mode=0o600)
        key.write_text(make_key_pair().private_pem, encoding="ascii")
        found["jwt_key"] = str(key)
        session.write_message(
            f"tokens signed with the key in {key} (key id callharness-key) are accepted while this runs"
        )
    if given["tls"] or given["tls_dir"] is not None:
        folder = Path(given["tls_dir"] or scratch)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise UsageProblem(f"--tls-dir {folder}", "a directory", str(problem.strerror).lower()) from problem
        found["tls_dir"] = str(folder)
    return found


def _require_loopback(host: str, *, allowed: bool) -> None:
    try:
        near = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        near = False
    if not near and not allowed:
        raise UsageProblem(
            f"--host {host}",
            "a loopback address",
            "one that other machines may reach",
            "add --allow-remote (and --allow-host NAME) if that is meant",
        )


# --- what is served -----------------------------------------------------------------------------------------


def simulator_factory(specs: Mapping[str, Spec], given: Mapping[str, Any]) -> Callable[..., list[Simulator]]:
    """What makes one simulator per API, over a world and with faults by API."""
    from harness.serve.simulator import Simulator

    key = _read_jwt_key(given["jwt_key"])
    dialects = _read_dialects(specs, given["dialects"])

    def make(world: World, faults: Mapping[str, Sequence[Fault]]) -> list[Simulator]:
        return [
            Simulator(
                spec,
                world,
                dialect=dialects.get(spec.id),
                users=_make_identities(specs, spec, world, key, given),
                key=key,
                any_jwt=given["any_jwt"],
                faults=faults.get(spec.id, ()),
            )
            for spec in specs.values()
        ]

    return make


def _make_world(given: Mapping[str, Any]) -> World:
    from harness.world.world import World

    word, _, value = str(given["clock"]).partition("=")
    if word == "frozen" and value:
        return World.of(seed=given["seed"], calls=given["calls"], instant=parse_instant("--clock frozen", value))
    if word == "live":
        return World.of(seed=given["seed"], calls=given["calls"], instant=given["began"])
    return World.of(seed=given["seed"], calls=given["calls"])


def _make_clock(text: str, world: World, began: datetime) -> Clock:
    from harness.world.clock import FrozenClock, LiveClock, ScaledClock

    word, mark, value = text.partition("=")
    match word:
        case "frozen":
            return FrozenClock(world.instant)
        case "live" if not mark:
            return LiveClock()
        case "scaled":
            try:
                factor = float(value)
                return ScaledClock(began=began, instant=world.instant, factor=factor)
            except ValueError as problem:
                raise UsageProblem("--clock scaled", "scaled=K with a K above 0", repr(text)) from problem
    raise UsageProblem("--clock", "frozen, frozen=INSTANT, live or scaled=K", repr(text))


def _read_dialects(specs: Mapping[str, Spec], files: tuple[str, ...]) -> dict[str, Any]:
    from harness.specification.yaml_source import load_source_file

    found: dict[str, Any] = {}
    for file in files:
        tree = load_source_file(Path(file)).tree
        api = tree.get("api") if isinstance(tree, Mapping) else None
        if api is None and len(specs) == 1:
            api = next(iter(specs))
        if api not in specs:
            raise UsageProblem(f"--dialect {file}", f"a dialect of {', '.join(specs)}", f"a dialect of {api}")
        found[str(api)] = load_dialect_file(file, specs[str(api)])
    return found


def _parse_faults(
    specs: Mapping[str, Spec], given: tuple[str, ...]
) -> tuple[dict[str, list[Fault]], dict[str, list[TransportFault]]]:
    """The faults to serve with, by API: of clauses and of the transport; a clause without a name takes its first."""
    from harness.serve.faults.catalogue import find_faults
    from harness.serve.faults.transport import is_transport_fault, parse_transport_fault, split_fault_name

    found: dict[str, list[Fault]] = {}
    rough: dict[str, list[TransportFault]] = {}
    for text in given:
        api, name = split_fault_name(text)
        if api not in specs:
            form = "API:CLAUSE[/NAME] or API:transport/NAME[=VALUE]"
            raise UsageProblem("--fault", f"{form} with an API of {', '.join(specs)}", repr(text))
        if is_transport_fault(name):
            rough.setdefault(api, []).append(parse_transport_fault(name))
        else:
            found.setdefault(api, []).append(find_faults(specs[api], name)[0])
    return found, rough


def _read_jwt_key(file: str | None) -> KeyPair | None:
    from harness.serve.authentication import KeyPair

    if file is None:
        return None
    try:
        text = Path(file).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageProblem("--jwt-key", "a readable PEM file", "something else") from problem
    if "PRIVATE KEY" not in text:
        raise UsageProblem("--jwt-key", "a private key in PEM form", "something else")
    key = KeyPair(private_pem=text)
    try:
        assert key.public_pem
    except (ValueError, TypeError) as problem:
        raise UsageProblem(
            "--jwt-key", "a private key in PEM form without a passphrase", "something else"
        ) from problem
    return key


def _make_identities(
    specs: Mapping[str, Spec], spec: Spec, world: World, key: KeyPair | None, given: Mapping[str, Any]
) -> tuple[SimulatedUser, ...] | None:
    """The identities of one API; None for the built-in ones."""
    from dataclasses import replace

    from harness.check.credentials import all_credential_names
    from harness.serve.authentication import built_in_users, read_users_file

    credentials = parse_pairs("--credential", given["credentials"])
    access = spec.listing.access
    known = {name for one in specs.values() for name in all_credential_names(one.listing.access)}
    for name, _ in credentials:
        if name not in known:
            hint = did_you_mean(name, known).strip()
            raise UsageProblem(f"--credential {name}", f"one of {', '.join(sorted(known))}", repr(name), hint)
    if given["users"] is not None:
        users = read_users_file(Path(given["users"]))
    elif credentials:
        users = built_in_users(spec, customers=world.customers, home=world.home_customer_id, key=key)
    else:
        return None
    mine = {name: value for name, value in credentials if name in all_credential_names(access)}
    if not mine:
        return users
    return (replace(users[0], credentials={**users[0].credentials, **mine}), *users[1:])


# --- serving ------------------------------------------------------------------------------------------------


def _serve_in_process(session: Console, specs: Mapping[str, Spec], given: Mapping[str, Any]) -> int:
    from harness.serve.http.server import serve_in_thread

    ended = threading.Event()
    with _stop_on_signals(ended), ExitStack() as stack:
        make = simulator_factory(specs, given)
        faults, rough = _parse_faults(specs, given["faults"])
        world = _make_world(given)
        simulators = make(world, faults)
        log = _make_request_log(session, simulators, given)
        tls_dir = given["tls_dir"]
        server = stack.enter_context(
            serve_in_thread(
                simulators,
                host=given["host"],
                port=given["port"],
                clock=_make_clock(given["clock"], world, given["began"]),
                rough=rough,
                seed=given["seed"],
                watch=_current_time,
                allow_hosts=given["allow_hosts"],
                tls_dir=Path(tls_dir) if tls_dir is not None else None,
                tls_made=given["tls_made"],
                log=session.write_message,
                heard=log.record_exchange if log is not None else None,
                refused=(lambda broken: session.write_message(f"{broken.http_status} {broken.reason}"))
                if given["verbose"]
                else None,
                listening=_inherited_socket(given["listen_fd"]),
            )
        )
        if log is not None and given["control"]:
            full = [f"{api}:{fault.id}" for found in (faults, rough) for api, some in found.items() for fault in some]
            _open_control(session, stack, server, make, world, full, log, given)
        if server.ca_file is not None and given["listen_fd"] is None:
            session.write_message(f"the certificate's authority is {server.ca_file}; check --ca takes it")
        session.write_result("\n".join(f"ready {api} {url}" for api, url in server.urls.items()))
        ended.wait(given["max_seconds"])
    # A server has no other end than being told to stop.
    return 0


def _refusal_printer(session: Console) -> Callable[[RequestRejection], None]:
    return lambda broken: session.write_message(f"{broken.http_status} {broken.reason}")


@contextmanager
def _stop_on_signals(ended: threading.Event) -> Iterator[None]:
    """The first signal to stop sets the event, the second one stops at once."""

    def hear(number: int, frame: object) -> None:
        if ended.is_set():
            os._exit(128 + number)
        ended.set()

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _make_request_log(session: Console, simulators: list[Simulator], given: Mapping[str, Any]) -> RequestLog | None:
    """What remembers requests, where anybody may ask for them."""
    if not given["control"] and not given["verbose"]:
        return None
    from harness.output.redaction import Redactor
    from harness.serve.control.request_log import RequestLog
    from harness.wire.request_codec import credential_parameters

    secrets: set[str] = {given["control_token"] or ""}
    words: set[str] = set()
    for simulator in simulators:
        access = simulator.documented_spec.listing.access
        names = (credential_parameters(access) | {access.token}) - {access.user or ""}
        secrets |= {who.credentials.get(name, "") for who in simulator.users for name in names}
        words |= set(simulator.documented_spec.listing.parameters)
    redactor = Redactor(secrets, words=words)
    return RequestLog(redact=redactor.redact, tell=session.write_message if given["verbose"] else None)


def _open_control(
    session: Console,
    stack: ExitStack,
    server: RunningServer,
    make: Callable[..., list[Simulator]],
    world: World,
    faults: list[str],
    log: RequestLog,
    given: Mapping[str, Any],
) -> None:
    import secrets

    from harness.serve.control.routes import ControlApi, serve_control

    token = given["control_token"] or secrets.token_urlsafe(24)
    control = ControlApi(
        server.application, make=make, world=world, faults=faults, seed=given["seed"], token=token, log=log
    )
    url = stack.enter_context(serve_control(control, port=given["control_port"], log=session.write_message))
    told = "the one given" if given["control_token"] else token
    session.write_message(f"control {url} token {told}")


def _inherited_socket(descriptor: int | None) -> socket.socket | None:
    """The listening socket that the first process made."""
    return None if descriptor is None else socket.socket(fileno=descriptor)


def _current_time() -> datetime:
    return datetime.now(UTC)


# --- several processes --------------------------------------------------------------------------------------


def _serve_by_workers(session: Console, specs: Mapping[str, Spec], given: Mapping[str, Any]) -> int:
    """Processes that all listen at one socket; each makes the same world, so that it does not matter who answers."""
    from harness.errors import HarnessError
    from harness.serve.http.server import make_certificate, open_listening_socket

    # What is wrong with the arguments is told once, by this process.
    simulator_factory(specs, given)
    _parse_faults(specs, given["faults"])
    ended = threading.Event()
    with _stop_on_signals(ended), open_listening_socket(given["host"], given["port"]) as listening:
        if given["tls_dir"] is not None:
            ca_file = make_certificate(Path(given["tls_dir"]), given["host"])
            session.write_message(f"the certificate's authority is {ca_file}; check --ca takes it")
        listening.set_inheritable(True)
        command = [sys.executable, "-m", "harness.cli.main", *_worker_command(given, listening.fileno(), specs)]
        workers = [
            subprocess.Popen(  # noqa: S603
                command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, pass_fds=[listening.fileno()], text=True
            )
            for _ in range(given["workers"])
        ]
        try:
            told = [[worker.stdout.readline() for _ in specs] if worker.stdout else [] for worker in workers]
            if not all(all(lines) for lines in told) and not ended.is_set():
                raise HarnessError("a worker did not start; what it said stands above")
            session.write_result("".join(told[0]))
            deadline = None if given["max_seconds"] is None else time.monotonic() + given["max_seconds"]
            while not ended.wait(0.1) and (deadline is None or time.monotonic() < deadline):
                if any(worker.poll() is not None for worker in workers):
                    raise HarnessError("a worker has ended by itself")
        finally:
            _stop_workers(workers)
    return 0


def _stop_workers(workers: list[subprocess.Popen[str]]) -> None:
    for worker in workers:
        worker.terminate()
    deadline = time.monotonic() + 1.8
    for worker in workers:
        try:
            worker.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
        if worker.stdout is not None:
            worker.stdout.close()


def _worker_command(given: Mapping[str, Any], descriptor: int, specs: Mapping[str, Spec]) -> list[str]:
    """The command line of a worker."""
    found = ["serve", *given["apis"], "--listen-fd", str(descriptor), "--began", given["began"].isoformat()]
    for option in ("host", "calls", "seed", "clock", "users", "jwt_key", "tls_dir"):
        if given[option] is not None:
            found += [f"--{option.replace('_', '-')}", str(given[option])]
    for option, name in (
        ("allow_hosts", "--allow-host"),
        ("faults", "--fault"),
        ("dialects", "--dialect"),
        ("credentials", "--credential"),
    ):
        for value in given[option]:
            found += [name, value]
    for option in ("allow_remote", "any_jwt", "verbose"):
        if given[option]:
            found.append(f"--{option.replace('_', '-')}")
    if given["tls_dir"] is not None:
        found.append("--tls-made")
    return found
