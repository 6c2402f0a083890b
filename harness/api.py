"""The public functions: what `import harness` shows, and all that README and docs use.

Everywhere below an API is named by the id of a shipped spec (`vendor/operation`), by the path of a spec file, or by
what `load_spec` returns. A dialect is a mapping from the ids of open choices to answers, the path of a dialect file,
or a `Dialect`. The same spec, seed, number of calls and instant give the same bytes, always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path
    from typing import TypeAlias

    from harness.check.results.findings import Event, Gate, RunReport
    from harness.generate.fixtures import WrittenFixtures
    from harness.serve.faults.transport import TransportFault
    from harness.serve.http.application import Application
    from harness.serve.http.limits import ServerLimits
    from harness.serve.http.options import ExchangeListener, LogWriter
    from harness.serve.http.server import RunningServer
    from harness.serve.responses_mock import RequestsMock
    from harness.serve.simulator import Simulator
    from harness.specification.dialect import Dialect
    from harness.specification.load import Spec
    from harness.specification.model import ClauseId
    from harness.world.clock import Clock
    from harness.world.world import World

    ApiSource: TypeAlias = str | Path | Spec
    DialectSource: TypeAlias = Dialect | Mapping[str, object] | str | Path
    ClockSource: TypeAlias = Clock | str


def load_spec(api: str | Path) -> Spec:
    """Load the spec of one documented API.

    `api` is the id of a shipped spec (`callharness apis` lists them) or the path of a spec file. The result is a
    frozen value: `id`, `title`, `clauses` by their ids, `listing` with the meaning of parameters and fields.

    Raises UsageProblem for an id that nobody knows, and SourceFileError, which names file and line, for a file that
    is no spec.
    """
    from harness.specification.load import load_spec as load

    return load(api)


def generate(
    api: ApiSource,
    out: str | Path,
    *,
    calls: int = 200,
    seed: int = 1,
    instant: datetime | None = None,
    formats: Sequence[str] = ("native",),
    traffic: str = "office",
    dialect: DialectSource | None = None,
    pages: bool = True,
    invalid: bool = True,
    edge: bool = False,
    rows: bool | tuple[int, int | None] = True,
    shard_rows: int | None = None,
    compress: str | None = None,
    resume: bool = False,
    jobs: int = 1,
    engine: str = "local",
    scheduler: str | None = None,
) -> WrittenFixtures:
    """Write invented calls as files below `out`: rows, whole answers, answers that break one clause each.

    The world has the last `calls` calls (0 or more) that began at or before `instant`, a datetime with a zone; the
    default is a busy hour of 2026. `formats` are names that `callharness generate --format` takes; `traffic` is
    `office`, `steady`, `contact-centre`, `wholesale` or the path of a YAML file (docs/traffic.md). `pages` and
    `invalid` say whether whole answers and invalid ones are written beside the rows; they are of the last 200 calls.
    With `edge` valid and awkward answers are written, which are of a world of their own. `out` is made where it is
    missing; files of yours in it stay.

    `rows` says whether rows are written, or which: `(first, last)` by their places in the list from 0, `last` not
    among them, None for the end. `shard_rows` shares them out to files of so many, `compress` is "zstd" or "gzip".
    With `resume` what an interrupted run of the same arguments has finished is kept. `jobs` is the number of
    processes; with more than one, a script needs `if __name__ == "__main__":` around what it does. `engine="dask"`
    lets the workers of the Dask `scheduler` (`tcp://HOST:PORT`, or else `jobs` workers of this machine) make the
    files. `out` may also be a URL that fsspec knows.

    The result says what was written: `files`, the SHA-256 of each by its name below `out` (`manifest.json`, which
    lists them, is not among them), and how many `rows`, `pages`, `invalid` and `edge` answers.

    Raises UsageProblem for an argument that cannot be used, and when `out` cannot take files; FileNotWritten when the
    disk is full, and then nothing half-written is left.
    """
    from harness.generate.fixtures import write_fixtures
    from harness.generate.row_engines import engine_of

    spec = _spec_of(api)
    return write_fixtures(
        spec,
        world=_make_world(calls=calls, seed=seed, instant=instant, traffic=traffic),
        out=out,
        dialect=_dialect_of(dialect, spec),
        formats=formats,
        pages=pages,
        invalid=invalid,
        edge=edge,
        rows=rows is not False,
        span=rows if isinstance(rows, tuple) else None,
        shard_rows=shard_rows,
        compression=compress,
        engine=engine_of(engine, scheduler=scheduler, jobs=jobs),
        resume=resume,
    )


def serve(
    *apis: ApiSource,
    calls: int = 2000,
    seed: int = 1,
    instant: datetime | None = None,
    clock: ClockSource | None = None,
    faults: Sequence[str] = (),
    dialects: Mapping[str, DialectSource] | None = None,
    users: str | Path | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    allow_hosts: Collection[str] = (),
    tls_dir: str | Path | None = None,
    limits: ServerLimits | None = None,
    log: LogWriter | None = None,
    on_exchange: ExchangeListener | None = None,
) -> RunningServer:
    """Serve simulated APIs over HTTP on a thread; the server listens when this returns.

    It is a context manager: the end of the `with` block, or `close()`, ends it. `urls` are the base URLs by the ids
    of the specs, `port` and `host` say where it listens, `ca_file` whom clients must trust under TLS.

    All APIs show one world of `calls` calls (0 or more) until `instant`, a datetime with a zone. Without a `clock`
    the world stands still at that instant; one is `"live"`, `"scaled=60"`, `"frozen=2026-03-02T14:30:00Z"` or a clock
    of `harness.world.clock`. With a live one the world is made until now. `faults` are promises broken on purpose, as
    `API:CLAUSE`, `API:CLAUSE/NAME` or `API:transport/NAME=VALUE`; where one API is served, `API:` may be left out.
    `dialects` are answers to open choices by the id of the spec. `users` is a YAML file of who may log in, in place
    of the documents' own examples.

    `port` 0 picks a free one. Requests must call the server by a name of the loopback, by `host` or by one of
    `allow_hosts`. With `tls_dir` it speaks TLS and puts the certificate of its authority there, as `ca.pem`.
    `limits`, a `ServerLimits` of `harness.serve.http.limits`, says what clients may send (bytes) and how long they
    may take (seconds). `log` gets a line for what should not have happened, `on_exchange` each request with its
    answer, on the server's thread.

    Raises UsageProblem for an argument that cannot be used and for a port that is taken.
    """
    from pathlib import Path

    from harness.serve.http.limits import DEFAULT_LIMITS
    from harness.serve.http.options import ServerOptions
    from harness.serve.http.server import serve_in_thread

    simulators, transport_faults, running = _make_simulators(
        apis,
        calls=calls,
        seed=seed,
        instant=instant,
        clock=clock,
        faults=faults,
        dialects=dialects or {},
        users=users,
    )
    options = ServerOptions(
        host=host,
        port=port,
        allow_hosts=allow_hosts,
        tls_dir=Path(tls_dir) if tls_dir is not None else None,
        clock=running,
        transport_faults=transport_faults,
        seed=seed,
        limits=limits or DEFAULT_LIMITS,
        log=log,
        on_exchange=on_exchange,
    )
    return serve_in_thread(simulators, options)


def mock(
    api: ApiSource,
    *,
    url: str = "http://127.0.0.1",
    calls: int = 2000,
    seed: int = 1,
    instant: datetime | None = None,
    clock: ClockSource | None = None,
    faults: Sequence[str] = (),
    dialect: DialectSource | None = None,
    users: str | Path | None = None,
) -> AbstractContextManager[RequestsMock]:
    """Let the library `requests` reach a simulated API under `url`, without a socket, while a `with` block runs.

    `url` is scheme, host and port. Requests to any other address are refused, as the library `responses` does it; its
    mock is what the block is given. World, `clock`, `faults`, `dialect` and `users` are as for `serve`, but that the
    answers come whole: faults of the transport need a server.

    Raises UsageProblem for an argument that cannot be used.
    """
    from harness.errors import UsageProblem
    from harness.serve.responses_mock import mock_simulators

    spec = _spec_of(api)
    simulators, transport_faults, running = _make_simulators(
        (spec,),
        calls=calls,
        seed=seed,
        instant=instant,
        clock=clock,
        faults=faults,
        dialects={} if dialect is None else {spec.id: dialect},
        users=users,
    )
    if transport_faults:
        named = ", ".join(fault.id for some in transport_faults.values() for fault in some)
        raise UsageProblem("faults", "faults of clauses: a mock has no transport", named, "use `harness.serve`")
    return mock_simulators(*simulators, url=url, clock=running)


def application(
    *apis: ApiSource,
    calls: int = 2000,
    seed: int = 1,
    instant: datetime | None = None,
    clock: ClockSource | None = None,
    faults: Sequence[str] = (),
    dialects: Mapping[str, DialectSource] | None = None,
    users: str | Path | None = None,
    hosts: Collection[str] = (),
    limits: ServerLimits | None = None,
    log: LogWriter | None = None,
    on_exchange: ExchangeListener | None = None,
) -> Application:
    """Make an ASGI application of simulated APIs, to be mounted in another one or run by another server.

    The arguments are those of `serve`. `hosts` are the names by which requests may call it; without any, every name
    will do. Late answers and other statuses work; a fault that breaks an answer on the wire needs `serve`, and gets
    HTTP 500 here.

    Raises UsageProblem for an argument that cannot be used.
    """
    from harness.serve.http.application import Application
    from harness.serve.http.limits import DEFAULT_LIMITS
    from harness.serve.http.options import ServerOptions

    simulators, transport_faults, running = _make_simulators(
        apis,
        calls=calls,
        seed=seed,
        instant=instant,
        clock=clock,
        faults=faults,
        dialects=dialects or {},
        users=users,
    )
    options = ServerOptions(
        clock=running,
        transport_faults=transport_faults,
        seed=seed,
        limits=limits or DEFAULT_LIMITS,
        log=log,
        on_exchange=on_exchange,
    )
    return Application(simulators, options, hosts=hosts)


def check(
    api: ApiSource,
    target: str,
    *,
    credentials: Mapping[str, str] | None = None,
    credentials_file: str | Path | None = None,
    gate: str = "ci",
    only: Sequence[str] = (),
    window: tuple[datetime, datetime] | None = None,
    dialect: DialectSource | None = None,
    known_values: Mapping[str, Sequence[str]] | None = None,
    seed: int = 1,
    max_requests: int | None = 500,
    max_seconds: float | None = None,
    requests_per_second: float | None = None,
    timeout_seconds: float = 30.0,
    ca_file: str | Path | None = None,
    allow_empty: bool = False,
    fuzz: bool = False,
    on_event: Callable[[Event], None] | None = None,
) -> RunReport:
    """Put the promises of an API to the test on a server, and return the report when all is done.

    `target` is a base URL, or `sim:` for the built-in simulator. `credentials` are those of the one who asks, by the
    names that the spec gives them; `credentials_file` is a YAML file that may name several users, so that clauses on
    roles and customers can be tested. Nothing is read from the environment. Without either, `sim:` is asked by
    its own users and another target without credentials.

    `gate` is `ci`, `full`, `strict`, `certify` or `explore`; `only` names the clauses to report on; `window`, two
    datetimes with a zone, is the part of the list that is looked at; `known_values` are values that occur, by filter,
    for filters on what no row shows. `seed` decides which requests are drawn. `max_requests` and `max_seconds` end
    the run early (None: no limit), `requests_per_second` slows it down, `timeout_seconds` is for one exchange.
    `ca_file` replaces the system's authorities. `allow_empty` lets a target without calls pass, `fuzz` adds requests
    that Schemathesis draws. `on_event` is called with each event as it happens: a phase begun, a request sent, a
    finding, a clause judged.

    The report has `exit_code` (0 where the gate is green or amber), `colour`, a verdict for each of `clauses`,
    `findings` with their evidence, and how many `requests` and `seconds` it took. What the target does wrong is in
    the report and never raised: one that cannot be reached gives exit code 4, and `blocked` clauses.

    Raises UsageProblem for an argument that cannot be used, ExtraNotInstalled for `fuzz` without the extra [fuzz],
    ValueError for a limit below zero, and what a rule of the
    checker itself broke down with.
    """
    import time
    from contextlib import ExitStack
    from dataclasses import replace
    from pathlib import Path

    from harness.check.client.budget import Budget, RateLimitedClient
    from harness.check.client.connection import ExchangeLimits
    from harness.check.client.http_client import HttpClient
    from harness.check.credentials import secrets_of, with_fresh_token
    from harness.check.options import CheckOptions
    from harness.check.results.findings import RunEnded
    from harness.check.runner import run_check
    from harness.check_target import ANONYMOUS, open_target, replayed_credentials
    from harness.errors import require_extra
    from harness.report.run_subject import with_subject
    from harness.serve.http.options import machine_time

    if fuzz:
        require_extra("fuzz", "schemathesis", what="fuzz=True")
    spec = _spec_of(api)
    access = spec.listing.access
    resolved_dialect = _dialect_of(dialect, spec)
    given = (credentials or {}).items()
    file = None if credentials_file is None else Path(credentials_file)
    with ExitStack() as stack:
        opened = open_target(
            spec,
            stack,
            target=target,
            credentials=given,
            credentials_file=file,
            environment={},
            clock=machine_time,
            dialect=resolved_dialect,
            known_values={name: tuple(values) for name, values in (known_values or {}).items()},
        )
        identities = opened.identities or (ANONYMOUS,)
        client = stack.enter_context(
            HttpClient(opened.address, limits=ExchangeLimits(exchange_seconds=timeout_seconds), ca_file=ca_file)
        )
        options = CheckOptions(
            now=machine_time(),
            target=opened.name,
            address=opened.address.url,
            seed=seed,
            gate=_gate_named(gate),
            only=_clause_ids(spec, only),
            window=window or opened.window,
            dialect=resolved_dialect,
            evidence=opened.evidence,
            allow_empty=allow_empty,
            known_values=opened.known_values,
            secrets=secrets_of(identities, access),
            replay=replayed_credentials(spec, opened, credentials=given, credentials_file=file),
            harness_version=_harness_version(),
            limits={
                "max_requests": max_requests,
                "max_seconds": max_seconds,
                "rate": requests_per_second,
                "timeout": timeout_seconds,
            },
            fuzz=fuzz,
        )
        budget = Budget(max_requests=max_requests, max_seconds=max_seconds, per_second=requests_per_second)
        fresh = [with_fresh_token(identity, access=access, clock=machine_time) for identity in identities]
        began = time.monotonic()
        reports: list[RunReport] = []

        def tell(event: Event) -> None:
            if isinstance(event, RunEnded):
                timed = replace(event.report, seconds=time.monotonic() - began)
                event = RunEnded(report=with_subject(timed, spec))
                reports.append(event.report)
            if on_event is not None:
                on_event(event)

        run_check(spec, RateLimitedClient(client, budget), fresh, options, tell)
    return reports[-1]


# --- what an API, a world and a dialect may be given as -----------------------------------------------------


def _spec_of(api: ApiSource) -> Spec:
    from harness.specification.load import Spec

    return api if isinstance(api, Spec) else load_spec(api)


def _make_world(*, calls: int, seed: int, instant: datetime | None, traffic: str = "office") -> World:
    from harness.errors import UsageProblem
    from harness.traffic.profile_file import find_profile
    from harness.world.traffic import BUSY_HOUR
    from harness.world.world import World

    if calls < 0:
        raise UsageProblem("calls", "0 or more", str(calls))
    if instant is not None and instant.tzinfo is None:
        raise UsageProblem("instant", "a datetime with a zone", repr(instant), "give it tzinfo=datetime.UTC")
    profile = find_profile(traffic, where="traffic")
    return World.of(seed=seed, calls=calls, instant=instant or BUSY_HOUR, profile=profile)


def _make_timed_world(
    *, calls: int, seed: int, instant: datetime | None, clock: ClockSource | None
) -> tuple[World, Clock | None]:
    """The world, and the clock that it is seen by; None where it stands still at its own instant."""
    from harness.errors import UsageProblem
    from harness.serve.clock_choice import ClockChoice, parse_clock
    from harness.serve.http.options import machine_time
    from harness.world.clock import LiveClock

    if clock is None:
        return _make_world(calls=calls, seed=seed, instant=instant), None
    choice = parse_clock(clock) if isinstance(clock, str) else ClockChoice()
    if isinstance(clock, LiveClock):
        choice = ClockChoice(kind="live")
    if instant is not None and choice.instant is not None and instant != choice.instant:
        raise UsageProblem("clock", "no instant beside `instant`", repr(clock), "leave one of them out")
    now = machine_time()
    world = _make_world(
        calls=calls, seed=seed, instant=instant or choice.world_instant(now), traffic=choice.profile.name
    )
    return world, choice.make_clock(began=now, instant=world.instant) if isinstance(clock, str) else clock


def _dialect_of(given: DialectSource | None, spec: Spec) -> Dialect | None:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.specification.dialect import Dialect, dialect_text, load_dialect, parse_dialect
    from harness.specification.yaml_source import load_source_file

    if given is None or isinstance(given, Dialect):
        return given
    if isinstance(given, Mapping):
        # By way of a file's text: what a file may say is checked in one place.
        return parse_dialect(dialect_text(spec, given), name="dialect", spec=spec)
    return load_dialect(load_source_file(Path(given)), spec)


def _make_simulators(
    apis: Sequence[ApiSource],
    *,
    calls: int,
    seed: int,
    instant: datetime | None,
    clock: ClockSource | None,
    faults: Sequence[str],
    dialects: Mapping[str, DialectSource],
    users: str | Path | None,
) -> tuple[list[Simulator], Mapping[str, Sequence[TransportFault]], Clock | None]:
    """Simulators over one world, the faults of their transports by API, and the clock of the world."""
    from pathlib import Path

    from harness.errors import UsageProblem
    from harness.serve.authentication import read_users_file
    from harness.serve.faults.catalogue import parse_faults
    from harness.serve.simulator import Simulator
    from harness.specification.load import specs_by_id

    specs = specs_by_id(map(_spec_of, apis))
    if not specs:
        raise UsageProblem("serve", "at least one API", "none")
    for api in dialects:
        if api not in specs:
            raise UsageProblem("dialects", f"a dialect of {', '.join(specs)}", f"a dialect of {api}")
    clause_faults, transport_faults = parse_faults(specs, _full_fault_names(specs, faults), where="faults")
    world, running = _make_timed_world(calls=calls, seed=seed, instant=instant, clock=clock)
    simulators = [
        Simulator(
            spec,
            world,
            dialect=_dialect_of(dialects.get(spec.id), spec),
            users=None if users is None else read_users_file(Path(users)),
            faults=clause_faults.get(spec.id, ()),
        )
        for spec in specs.values()
    ]
    return simulators, transport_faults, running


def _full_fault_names(specs: Mapping[str, Spec], faults: Iterable[str]) -> list[str]:
    """The faults as `API:NAME`, also where one API is served and nobody needs to name it."""
    if len(specs) > 1:
        return list(faults)
    (api,) = specs
    return [fault if fault.startswith(f"{api}:") else f"{api}:{fault}" for fault in faults]


# --- what a check needs -------------------------------------------------------------------------------------


def _gate_named(name: str) -> Gate:
    from harness.check.results.findings import Gate
    from harness.errors import UsageProblem

    if name not in {gate.value for gate in Gate}:
        raise UsageProblem("gate", f"one of {', '.join(gate.value for gate in Gate)}", repr(name))
    return Gate(name)


def _clause_ids(spec: Spec, names: Iterable[str]) -> tuple[ClauseId, ...]:
    from harness.errors import UsageProblem
    from harness.specification.clause_families import load_standard_clauses

    known = {str(name): name for name in (*spec.clauses, *load_standard_clauses().clauses_for(spec))}
    for name in names:
        if name not in known:
            raise UsageProblem(
                "only", f"a clause of {spec.id}", repr(name), f"see `callharness spec show {spec.given_as}`"
            )
    return tuple(known[name] for name in names)


def _harness_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("callharness")
    except PackageNotFoundError:
        return "0"
