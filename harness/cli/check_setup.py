"""What a check needs before it starts: spec, target, identities, world, baseline, known failures."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, final

from harness.cli.console import Console
from harness.cli.options import did_you_mean
from harness.errors import UsageProblem

if TYPE_CHECKING:
    from harness.check.client.client import HttpClient
    from harness.check.credentials import ClientIdentity
    from harness.check.results.findings import Verdict
    from harness.check.results.known_failures_file import KnownFailures
    from harness.check.rules.responses.known_world import KnownWorld
    from harness.specification.dialect import Dialect
    from harness.specification.load import Spec
    from harness.specification.model import Clause, ClauseId


SIMULATOR_TARGET: Final = "sim:"


# Headers that say nothing about who asks.
_HEADERS_WITHOUT_SECRETS: Final = frozenset(
    {"accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "content-type", "host"}
    | {"origin", "pragma", "referer", "te", "user-agent", "x-request-id", "x-forwarded-proto"}
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """What the command line asks of a run, credentials aside; all of it may stand in a journal."""

    api: str
    target: str
    gate: str = "ci"
    only: tuple[str, ...] = ()
    window: tuple[datetime, datetime] | None = None
    dialect: str | None = None
    known: str | None = None
    baseline: str | None = None
    world: str | None = None
    known_values: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    fuzz: bool = False
    evidence: Literal["masked", "full"] | None = None
    allow_empty: bool = False
    max_requests: int = 500
    max_seconds: float | None = None
    rate: float | None = None
    timeout: float = 30.0
    seed: int = 1
    ca: str | None = None


def planned_clauses(spec: Spec) -> Mapping[ClauseId, Clause]:
    """The clauses of a spec and those that every API shares, by id."""
    from harness.specification.clauses import load_standard_clauses

    return {**spec.clauses, **load_standard_clauses().clauses_for(spec)}


def parse_clause_ids(spec: Spec, only: Sequence[str]) -> tuple[str, ...]:
    """The clauses named by `--only`. Raises UsageProblem for one that the spec does not have."""
    clauses = planned_clauses(spec)
    for name in only:
        if name not in clauses:
            raise UsageProblem(
                f"--only {name}", f"a clause of {spec.id}", repr(name), did_you_mean(name, clauses).strip()
            )
    return tuple(only)


@final
@dataclass(frozen=True, kw_only=True)
class PreparedRun:
    """A run that may begin: the spec, where requests go, who asks, and what to hold against it."""

    spec: Spec
    settings: CheckSettings
    client: HttpClient
    identities: tuple[ClientIdentity, ...]
    target: str
    evidence: Literal["masked", "full"]
    dialect: Dialect | None
    known: KnownFailures | None
    baseline: Mapping[ClauseId, Verdict] | None = None
    world: KnownWorld | None = None
    secrets: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)


def prepare_run(
    session: Console,
    settings: CheckSettings,
    stack: ExitStack,
    *,
    credentials: Sequence[tuple[str, str]] = (),
    credentials_file: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
) -> PreparedRun:
    """Read everything that a run needs; nothing is sent yet. Raises UsageError."""
    from harness.check.client.client import HttpClient
    from harness.check.client.connection import ExchangeLimits
    from harness.check.client.target import parse_target
    from harness.check.credentials import ClientIdentity as Asking
    from harness.check.credentials import all_credential_names, gather_identities, secrets_of, with_fresh_token
    from harness.cli.options import load_dialect_file
    from harness.specification.load import load_spec

    spec = load_spec(settings.api)
    parse_clause_ids(spec, settings.only)
    dialect = load_dialect_file(settings.dialect, spec)
    known = _load_known_failures_of(session, settings, spec)
    baseline = _load_baseline_of(settings)
    world = _load_world(settings, spec)
    access = spec.listing.access
    simulated = settings.target == SIMULATOR_TARGET
    if not simulated:
        parse_target(settings.target)
    identities = gather_identities(
        spec,
        options=credentials,
        file=Path(credentials_file) if credentials_file else None,
        environment={} if simulated else os.environ,
    )
    base = settings.target
    if simulated:
        base, identities = _start_simulator(spec, stack, dialect, given=identities)
    if not identities:
        names = ", ".join(all_credential_names(access))
        session.write_message(f"callharness: no credentials were given; {spec.id} knows {names}")
        identities = (Asking(name="default", credentials={}),)
    named = secrets_of(identities, access)
    secrets = [*named.values(), *_header_secrets(headers)]
    words = [*spec.listing.parameters, *spec.listing.fields, *planned_clauses(spec)]
    redactor = session.redact_secrets(secrets, words=words)
    for weak in (*redactor.too_short, *redactor.too_common):
        kind = "shorter than six characters" if weak in redactor.too_short else "an everyday word"
        if not simulated:
            session.write_message(f"callharness: a secret is {kind}: it is masked only where it stands as a value")
    identities = tuple(
        with_fresh_token(
            identity,
            access=access,
            clock=current_time,
            on_token=lambda token: session.use_redactor((session.redactor or redactor).with_secrets([token])),
        )
        for identity in identities
    )
    transport = stack.enter_context(
        HttpClient(
            base,
            limits=ExchangeLimits(exchange_seconds=settings.timeout),
            headers=tuple(headers),
            ca_file=settings.ca,
        )
    )
    return PreparedRun(
        spec=spec,
        settings=settings,
        client=transport,
        identities=identities,
        target=settings.target if simulated else transport.target.url,
        evidence=settings.evidence or ("full" if simulated or transport.target.is_loopback else "masked"),
        dialect=dialect,
        known=known,
        baseline=baseline,
        world=world,
        secrets=named,
    )


def _load_world(settings: CheckSettings, spec: Spec) -> KnownWorld | None:
    """The world that was loaded into the target, as its files tell it."""
    if settings.world is None:
        return None
    from harness.check.rules.responses.known_world import load_known_world

    return load_known_world(spec, Path(settings.world))


def _load_known_failures_of(session: Console, settings: CheckSettings, spec: Spec) -> KnownFailures | None:
    if settings.known is None:
        return None
    from harness.check.results.known_failures_file import load_known_failures

    known = load_known_failures(Path(settings.known), spec=spec, today=current_time().date())
    for warning in known.warnings:
        session.write_message(f"callharness: {warning}")
    return known


def _load_baseline_of(settings: CheckSettings) -> Mapping[ClauseId, Verdict] | None:
    """What an earlier run exercised."""
    if settings.baseline is None:
        return None
    from harness.check.results.known_failures import load_baseline

    return load_baseline(Path(settings.baseline))


def _start_simulator(
    spec: Spec, stack: ExitStack, dialect: Dialect | None, *, given: tuple[ClientIdentity, ...]
) -> tuple[str, tuple[ClientIdentity, ...]]:
    """The built-in simulator on a free port, and the identities that it knows by itself."""
    from harness.check.credentials import identities_of_users
    from harness.serve.authentication import make_key_pair
    from harness.serve.http.server import serve_in_thread
    from harness.serve.simulator import Simulator
    from harness.world.world import World

    key = make_key_pair() if spec.listing.access.jwt is not None else None
    simulator = Simulator(spec, World.of(seed=1), dialect=dialect, key=key)
    server = stack.enter_context(serve_in_thread([simulator], watch=current_time))
    return server.urls[spec.id], given or identities_of_users(simulator.users, spec.listing.access)


def _header_secrets(headers: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, value in headers:
        if name.lower() not in _HEADERS_WITHOUT_SECRETS and value:
            yield value
            scheme, _, token = value.partition(" ")
            if token and scheme.isalpha():
                yield token.strip()


def current_time() -> datetime:
    return datetime.now(UTC)
