"""What `serve` needs before it listens: its options as one record, and the simulators, world, clock and faults."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from harness.cli.console import Console, current_time
from harness.cli.option_values import load_dialect_file, parse_instant, parse_pairs, suggest_word
from harness.cli.traffic_options import TrafficChoice, make_chosen_world
from harness.cli.worker_orders import WorkerOrders, read_orders
from harness.errors import UsageProblem
from harness.output.bounded_files import read_at_most

if TYPE_CHECKING:
    from harness.serve.authentication import KeyPair, SimulatedUser
    from harness.serve.control.routes import SimulatorFactory
    from harness.serve.faults.catalogue import Fault
    from harness.serve.simulator import Simulator
    from harness.specification.dialect import Dialect
    from harness.specification.load import Spec
    from harness.world.clock import Clock
    from harness.world.world import World

_LONGEST_KEY: Final = 65536


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """What the command line asks of `serve`, as it was written there."""

    apis: tuple[str, ...]
    host: str
    allow_hosts: tuple[str, ...]
    allow_remote: bool
    port: int
    calls: int
    seed: int
    concurrent: float | None = None
    clock: str
    began: str | None
    faults: tuple[str, ...]
    list_faults: bool
    dialects: tuple[str, ...]
    credentials: tuple[str, ...]
    users: str | None
    jwt_key: str | None
    any_jwt: bool
    tls: bool
    tls_dir: str | None
    control: bool
    control_port: int
    control_token: str | None
    workers: int
    verbose: bool
    remote_token: str | None
    listen_fd: int | None
    max_seconds: float | None
    traffic: str | None = None
    days: float | None = None
    window_begin: str | None = None
    per_day: float | None = None

    @property
    def traffic_choice(self) -> TrafficChoice:
        """Which world is served."""
        return TrafficChoice(
            traffic=self.traffic, days=self.days, window_begin=self.window_begin, per_day=self.per_day
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ServePlan:
    """What all processes of one `serve` agree on: its options and APIs, the instant when it began, keys and TLS.

    `remote_token` is what each request needs where other machines can reach the server. A worker has `orders`.
    """

    options: ServeSettings
    specs: Mapping[str, Spec]
    began: datetime
    jwt_key: str | None
    tls_dir: Path | None
    remote_token: str | None = field(default=None, repr=False)
    orders: WorkerOrders | None = None


def check_option_conflicts(options: ServeSettings) -> None:
    """Stop at options that do not go together, before anything is made. Raises UsageProblem."""
    from harness.serve.http.remote_token import TOKEN_GRAMMAR

    for name, value in (("--control-token", options.control_token), ("--control-port", options.control_port)):
        if value and not options.control:
            raise UsageProblem(name, "--control with it", "no --control")
    token = options.control_token
    if token is not None and not re.fullmatch(r"[\x21-\x7e]{6,200}", token):
        raise UsageProblem("--control-token", "6 to 200 visible ASCII characters without spaces", "something else")
    if options.remote_token is not None and not TOKEN_GRAMMAR.fullmatch(options.remote_token):
        raise UsageProblem(
            "--remote-token", "16 to 200 letters, digits, dots, dashes, underscores and tildes", "something else"
        )


def require_loopback(host: str, *, allow_remote: bool) -> None:
    """Stop at an address that other machines can reach, unless that is allowed. Raises UsageProblem."""
    if not _is_loopback(host) and not allow_remote:
        raise UsageProblem(
            f"--host {host}",
            "a loopback address",
            "one that other machines may reach",
            "add --allow-remote (and --allow-host NAME) if that is meant",
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def make_plan(console: Console, options: ServeSettings, specs: Mapping[str, Spec], scratch: Path) -> ServePlan:
    """The plan of a `serve`; a key that was not given is made in the scratch directory."""
    from harness.specification.access import is_shared_key

    began = current_time().replace(microsecond=0)
    if options.began is not None:
        began = parse_instant("--began", options.began)
    jwt_key = options.jwt_key
    needs_key = jwt_key is None and not options.any_jwt and options.users is None
    signed = (spec.listing.access.jwt for spec in specs.values())
    if needs_key and any(jwt is not None and not is_shared_key(jwt) for jwt in signed):
        jwt_key = _write_jwt_key(console, scratch)
    tls_dir = None
    if options.tls or options.tls_dir is not None:
        tls_dir = Path(options.tls_dir or scratch)
        try:
            tls_dir.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise UsageProblem(f"--tls-dir {tls_dir}", "a directory", str(problem.strerror).lower()) from problem
    orders = None if options.listen_fd is None else read_orders()
    remote_token = options.remote_token if orders is None else orders.remote_token
    if orders is None and remote_token is None and not _is_loopback(options.host):
        remote_token = secrets.token_urlsafe(24)
    return ServePlan(
        options=options,
        specs=specs,
        began=began,
        jwt_key=jwt_key,
        tls_dir=tls_dir,
        remote_token=remote_token,
        orders=orders,
    )


def _write_jwt_key(console: Console, scratch: Path) -> str:
    from harness.serve.authentication import make_key_pair

    file = scratch / "jwt-key.pem"
    file.touch(mode=0o600)
    file.write_text(make_key_pair().private_pem, encoding="ascii")
    console.write_message(
        f"tokens signed with the key in {file} (key id callharness-key) are accepted while this runs"
    )
    return str(file)


# --- simulators ---------------------------------------------------------------------------------------------


def simulator_factory(plan: ServePlan) -> SimulatorFactory:
    """What makes one simulator per API of the plan. Raises UsageProblem for a wrong key or dialect."""
    from harness.serve.simulator import Simulator

    key = _read_jwt_key(plan.jwt_key)
    dialects = _load_dialects(plan)

    def make_simulators(world: World, faults: Mapping[str, Sequence[Fault]]) -> list[Simulator]:
        return [
            Simulator(
                spec,
                world,
                dialect=dialects.get(spec.id),
                users=_simulated_users(plan, spec, world, key),
                key=key,
                any_jwt=plan.options.any_jwt,
                faults=faults.get(spec.id, ()),
            )
            for spec in plan.specs.values()
        ]

    return make_simulators


def _load_dialects(plan: ServePlan) -> Mapping[str, Dialect | None]:
    """The dialect of each API that has one; a file need not name the API where there is only one."""
    from harness.specification.yaml_source import load_source_file

    dialects: dict[str, Dialect | None] = {}
    for file in plan.options.dialects:
        tree = load_source_file(Path(file)).tree
        api = tree.get("api") if isinstance(tree, Mapping) else None
        if api is None and len(plan.specs) == 1:
            api = next(iter(plan.specs))
        if api not in plan.specs:
            raise UsageProblem(f"--dialect {file}", f"a dialect of {', '.join(plan.specs)}", f"a dialect of {api}")
        dialects[str(api)] = load_dialect_file(file, plan.specs[str(api)])
    return dialects


def _read_jwt_key(file: str | None) -> KeyPair | None:
    from harness.serve.authentication import KeyPair

    if file is None:
        return None
    try:
        text = read_at_most(Path(file), _LONGEST_KEY).decode("ascii")
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


def _simulated_users(
    plan: ServePlan, spec: Spec, world: World, key: KeyPair | None
) -> tuple[SimulatedUser, ...] | None:
    """Who may log in at one API, the first with the credentials that were given; None for the built-in users."""
    from harness.check.credentials import all_credential_names
    from harness.serve.authentication import built_in_users, read_users_file
    from harness.wire.credentials_codec import with_pairs_taken_apart

    credentials = parse_pairs("--credential", plan.options.credentials)
    access = spec.listing.access
    known = {name for one in plan.specs.values() for name in all_credential_names(one.listing.access)}
    for name, _ in credentials:
        if name not in known:
            hint = suggest_word(name, known)
            raise UsageProblem(f"--credential {name}", f"one of {', '.join(sorted(known))}", repr(name), hint)
    if plan.options.users is not None:
        users = read_users_file(Path(plan.options.users))
    elif credentials:
        users = built_in_users(spec, customers=world.customers, home=world.home_customer_id, key=key)
    else:
        return None
    given = {name: value for name, value in credentials if name in all_credential_names(access)}
    own = with_pairs_taken_apart(access, given)
    if not own:
        return users
    return (replace(users[0], credentials={**users[0].credentials, **own}), *users[1:])


# --- world and clock ----------------------------------------------------------------------------------------


def make_world(plan: ServePlan) -> World:
    """The world that is served; with a live clock it is made until `serve` begins. Raises UsageProblem."""
    from harness.serve.clock_choice import parse_clock
    from harness.world.traffic import BUSY_HOUR

    options = plan.options
    choice = parse_clock(options.clock, where="--clock")
    instant = choice.world_instant(plan.began)
    return make_chosen_world(
        options.traffic_choice,
        seed=options.seed,
        calls=options.calls,
        instant=instant or BUSY_HOUR,
        instant_given=instant is not None,
        usual_profile=choice.profile,
        concurrent=options.concurrent,
    )


def make_clock(plan: ServePlan, world: World) -> Clock:
    """The clock of `--clock`. Raises UsageProblem."""
    from harness.serve.clock_choice import parse_clock
    from harness.serve.clock_reach import instant_within, latest_instant

    choice = parse_clock(plan.options.clock, where="--clock")
    clock = choice.make_clock(began=plan.began, instant=world.instant)
    now, latest = current_time(), latest_instant(world)
    if instant_within(clock, latest, now) == latest > world.instant:
        raise UsageProblem(
            f"--began {plan.began.isoformat()}",
            f"an instant from which the clock has not run past {latest.isoformat()}, a million calls later, by now",
            "one that lies too far back",
            "begin later, or have fewer calls at a time with --concurrent",
        )
    return clock
