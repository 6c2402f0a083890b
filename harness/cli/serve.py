"""`callharness serve`: simulators over HTTP until somebody stops them."""

from __future__ import annotations

import ipaddress
import os
import signal
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import dialect_in, instant, nearest, pairs, positive
from harness.cli.session import Session
from harness.errors import Misuse

if TYPE_CHECKING:
    from harness.serve.access import Identity, KeyPair
    from harness.serve.faults import Fault
    from harness.serve.simulator import Simulator
    from harness.spec.load import Spec
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
@click.option("--fault", "faults", metavar="API:CLAUSE[/NAME]", multiple=True, help="Break a promise on purpose.")
@click.option("--list-faults", is_flag=True, help="List the faults there are, and do not serve.")
@click.option(
    "--dialect", "dialects", metavar="FILE", multiple=True, help="Answers to open choices, one file per API."
)
@click.option("--credential", "credentials", metavar="NAME=VALUE", multiple=True, help="A credential to accept.")
@click.option("--users", metavar="FILE", help="Who may log in, in place of the built-in identities.")
@click.option("--jwt-key", metavar="FILE", help="The private key (PEM) whose signed tokens are accepted.")
@click.option("--any-jwt", is_flag=True, help="Accept any well-formed token that has not expired.")
@click.option("--tls", is_flag=True, help="Speak TLS with a certificate made now.")
@click.option("--tls-dir", metavar="DIR", help="Where ca.pem is put; implies --tls.")
@click.option("--control", is_flag=True, help="Open the control API on a port of its own.")
@click.option(
    "--max-seconds", type=float, callback=positive, metavar="N", help="Stop by itself after so many seconds."
)
@click.pass_obj
def serve(session: Session, /, apis: tuple[str, ...], **given: Any) -> int:
    """Answer requests to APIs (all shipped ones by default) the way their documentation says.

    Prints `ready API URL` on a line for each API when it listens; the URL is what `check --target` takes.
    """
    _loopback_only(given["host"], allowed=given["allow_remote"])
    from harness.spec.load import load_spec, spec_ids

    specs = {spec.id: spec for spec in map(load_spec, dict.fromkeys(apis or spec_ids()))}
    if given["list_faults"]:
        from harness.serve.faults import faults_of

        for spec in specs.values():
            for fault in faults_of(spec):
                session.result(f"{spec.id}:{fault.id}  {fault.says}")
        return 0
    secrets = [value for _, value in pairs("--credential", given["credentials"])]
    session.with_secrets(secrets, words=(name for spec in specs.values() for name in spec.listing.parameters))
    simulators = build_simulators(specs, given)
    return _serve(session, simulators, given)


def _loopback_only(host: str, *, allowed: bool) -> None:
    try:
        near = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        near = False
    if not near and not allowed:
        raise Misuse(
            f"--host {host}",
            "a loopback address",
            "one that other machines may reach",
            "add --allow-remote (and --allow-host NAME) if that is meant",
        )


# --- what is served -----------------------------------------------------------------------------------------


def build_simulators(specs: Mapping[str, Spec], given: Mapping[str, Any]) -> list[Simulator]:
    """One simulator per API, over one world."""
    from harness.serve.simulator import Simulator

    world = _world(given)
    faults = _faults(specs, given["faults"])
    key = _jwt_key(given["jwt_key"])
    dialects = _dialects(specs, given["dialects"])
    simulators = []
    for spec in specs.values():
        simulators.append(
            Simulator(
                spec,
                world,
                dialect=dialects.get(spec.id),
                users=_users(specs, spec, world, key, given),
                key=key,
                any_jwt=given["any_jwt"],
                faults=faults.get(spec.id, ()),
            )
        )
    return simulators


def _world(given: Mapping[str, Any]) -> World:
    from harness.world.world import World

    word, _, value = str(given["clock"]).partition("=")
    if word == "frozen" and value:
        return World.of(seed=given["seed"], calls=given["calls"], instant=instant("--clock frozen", value))
    if word == "live":
        now = datetime.now(UTC).replace(microsecond=0)
        return World.of(seed=given["seed"], calls=given["calls"], instant=now)
    return World.of(seed=given["seed"], calls=given["calls"])


def _clock(text: str, world: World) -> Clock:
    from harness.world.clock import Frozen, Live, Scaled

    word, mark, value = text.partition("=")
    match word:
        case "frozen":
            return Frozen(world.instant)
        case "live" if not mark:
            return Live()
        case "scaled":
            try:
                factor = float(value)
                return Scaled(began=datetime.now(UTC), instant=world.instant, factor=factor)
            except ValueError as problem:
                raise Misuse("--clock scaled", "scaled=K with a K above 0", repr(text)) from problem
    raise Misuse("--clock", "frozen, frozen=INSTANT, live or scaled=K", repr(text))


def _dialects(specs: Mapping[str, Spec], files: tuple[str, ...]) -> dict[str, Any]:
    from harness.spec.source import read_source

    found: dict[str, Any] = {}
    for file in files:
        tree = read_source(Path(file)).tree
        api = tree.get("api") if isinstance(tree, Mapping) else None
        if api is None and len(specs) == 1:
            api = next(iter(specs))
        if api not in specs:
            raise Misuse(f"--dialect {file}", f"a dialect of {', '.join(specs)}", f"a dialect of {api}")
        found[str(api)] = dialect_in(file, specs[str(api)])
    return found


def _faults(specs: Mapping[str, Spec], given: tuple[str, ...]) -> dict[str, list[Fault]]:
    """The faults to serve with, by API; a clause without a name takes its first fault."""
    if not given:
        return {}
    from harness.serve.faults import find_faults

    found: dict[str, list[Fault]] = {}
    for text in given:
        api, mark, name = text.rpartition(":")
        if not mark or api not in specs:
            raise Misuse("--fault", f"API:CLAUSE[/NAME] with an API of {', '.join(specs)}", repr(text))
        found.setdefault(api, []).append(find_faults(specs[api], name)[0])
    return found


def _jwt_key(file: str | None) -> KeyPair | None:
    from harness.serve.access import KeyPair

    if file is None:
        return None
    try:
        text = Path(file).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as problem:
        raise Misuse("--jwt-key", "a readable PEM file", "something else") from problem
    if "PRIVATE KEY" not in text:
        raise Misuse("--jwt-key", "a private key in PEM form", "something else")
    key = KeyPair(private_pem=text)
    try:
        assert key.public_pem
    except (ValueError, TypeError) as problem:
        raise Misuse("--jwt-key", "a private key in PEM form without a passphrase", "something else") from problem
    return key


def _users(
    specs: Mapping[str, Spec], spec: Spec, world: World, key: KeyPair | None, given: Mapping[str, Any]
) -> tuple[Identity, ...] | None:
    """The identities of one API; None for the built-in ones."""
    from dataclasses import replace

    from harness.check.credentials import credential_names
    from harness.serve.access import built_in_identities, users_file

    credentials = pairs("--credential", given["credentials"])
    access = spec.listing.access
    known = {name for one in specs.values() for name in credential_names(one.listing.access)}
    for name, _ in credentials:
        if name not in known:
            hint = nearest(name, known).strip()
            raise Misuse(f"--credential {name}", f"one of {', '.join(sorted(known))}", repr(name), hint)
    if given["users"] is not None:
        users = users_file(Path(given["users"]))
    elif credentials:
        users = built_in_identities(spec, customers=world.customers, home=world.home_customer_id, key=key)
    else:
        return None
    mine = {name: value for name, value in credentials if name in credential_names(access)}
    if not mine:
        return users
    return (replace(users[0], credentials={**users[0].credentials, **mine}), *users[1:])


# --- serving ------------------------------------------------------------------------------------------------


def _serve(session: Session, simulators: list[Simulator], given: Mapping[str, Any]) -> int:
    import tempfile

    from harness.errors import HarnessError
    from harness.serve.http import serve_in_thread

    if given["control"]:
        raise HarnessError("--control: the control API is not part of this version")
    ended = threading.Event()

    def hear(number: int, frame: object) -> None:
        if ended.is_set():
            os._exit(128 + number)
        ended.set()

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        tls_dir = given["tls_dir"]
        if given["tls"] and tls_dir is None:
            tls_dir = tempfile.mkdtemp(prefix="callharness-tls-")
        if tls_dir is not None:
            try:
                Path(tls_dir).mkdir(parents=True, exist_ok=True)
            except OSError as problem:
                raise Misuse(f"--tls-dir {tls_dir}", "a directory", str(problem.strerror).lower()) from problem
        world: Any = simulators[0].world
        server = serve_in_thread(
            simulators,
            host=given["host"],
            port=given["port"],
            clock=_clock(given["clock"], world),
            watch=_now,
            allow_hosts=given["allow_hosts"],
            tls_dir=Path(tls_dir) if tls_dir is not None else None,
            log=session.talk,
        )
        with server:
            if server.ca_file is not None:
                session.talk(f"the certificate's authority is {server.ca_file}; check --ca takes it")
            session.result("\n".join(f"ready {api} {url}" for api, url in server.urls.items()))
            ended.wait(given["max_seconds"])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    # A server has no other end than being told to stop.
    return 0


def _now() -> datetime:
    return datetime.now(UTC)
