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

from harness.cli.console import Session
from harness.cli.options import nearest
from harness.errors import Misuse

if TYPE_CHECKING:
    from harness.check.client.client import Transport
    from harness.check.credentials import Identity
    from harness.check.results.findings import Verdict
    from harness.check.results.known_failures_file import KnownFailures
    from harness.check.rules.responses.known_world import Truth
    from harness.specification.dialect import Dialect
    from harness.specification.load import Spec
    from harness.specification.model import Clause, ClauseId


SIMULATOR: Final = "sim:"


# Headers that say nothing about who asks.
_PLAIN_HEADERS: Final = frozenset(
    {"accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "content-type", "host"}
    | {"origin", "pragma", "referer", "te", "user-agent", "x-request-id", "x-forwarded-proto"}
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
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
    from harness.specification.clauses import load_standard

    return {**spec.clauses, **load_standard().applying_to(spec)}


def known_ids(spec: Spec, only: Sequence[str]) -> tuple[str, ...]:
    """The clauses named by `--only`. Raises Misuse for one that the spec does not have."""
    clauses = planned_clauses(spec)
    for name in only:
        if name not in clauses:
            raise Misuse(f"--only {name}", f"a clause of {spec.id}", repr(name), nearest(name, clauses).strip())
    return tuple(only)


@final
@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A run that may begin: the spec, where requests go, who asks, and what to hold against it."""

    spec: Spec
    settings: Settings
    transport: Transport
    identities: tuple[Identity, ...]
    target: str
    evidence: Literal["masked", "full"]
    dialect: Dialect | None
    known: KnownFailures | None
    baseline: Mapping[ClauseId, Verdict] | None = None
    world: Truth | None = None
    secrets: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)


def prepare(
    session: Session,
    settings: Settings,
    stack: ExitStack,
    *,
    credentials: Sequence[tuple[str, str]] = (),
    credentials_file: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
) -> Prepared:
    """Read everything that a run needs; nothing is sent yet. Raises UsageError."""
    from harness.check.client.client import Transport
    from harness.check.client.connection import Limits
    from harness.check.client.target import parse_target
    from harness.check.credentials import Identity as Asking
    from harness.check.credentials import credential_names, gather_identities, kept_fresh, secrets_of
    from harness.cli.options import dialect_in
    from harness.specification.load import load_spec

    spec = load_spec(settings.api)
    known_ids(spec, settings.only)
    dialect = dialect_in(settings.dialect, spec)
    known = _known(session, settings, spec)
    baseline = _baseline(settings)
    world = _world(settings, spec)
    access = spec.listing.access
    simulated = settings.target == SIMULATOR
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
        base, identities = _simulated(spec, stack, dialect, given=identities)
    if not identities:
        names = ", ".join(credential_names(access))
        session.talk(f"callharness: no credentials were given; {spec.id} knows {names}")
        identities = (Asking(name="default", credentials={}),)
    named = secrets_of(identities, access)
    secrets = [*named.values(), *_header_secrets(headers)]
    words = [*spec.listing.parameters, *spec.listing.fields, *planned_clauses(spec)]
    redactor = session.with_secrets(secrets, words=words)
    for weak in (*redactor.too_short, *redactor.too_common):
        kind = "shorter than six characters" if weak in redactor.too_short else "an everyday word"
        if not simulated:
            session.talk(f"callharness: a secret is {kind}: it is masked only where it stands as a value")
    identities = tuple(
        kept_fresh(
            identity,
            access=access,
            clock=current_time,
            on_token=lambda token: session.redact_by((session.redactor or redactor).with_secrets([token])),
        )
        for identity in identities
    )
    transport = stack.enter_context(
        Transport(base, limits=Limits(exchange_seconds=settings.timeout), headers=tuple(headers), ca_file=settings.ca)
    )
    return Prepared(
        spec=spec,
        settings=settings,
        transport=transport,
        identities=identities,
        target=settings.target if simulated else transport.target.url,
        evidence=settings.evidence or ("full" if simulated or transport.target.is_loopback else "masked"),
        dialect=dialect,
        known=known,
        baseline=baseline,
        world=world,
        secrets=named,
    )


def _world(settings: Settings, spec: Spec) -> Truth | None:
    """The world that was loaded into the target, as its files tell it."""
    if settings.world is None:
        return None
    from harness.check.rules.responses.known_world import load_truth

    return load_truth(spec, Path(settings.world))


def _known(session: Session, settings: Settings, spec: Spec) -> KnownFailures | None:
    if settings.known is None:
        return None
    from harness.check.results.known_failures_file import load_known

    known = load_known(Path(settings.known), spec=spec, today=current_time().date())
    for warning in known.warnings:
        session.talk(f"callharness: {warning}")
    return known


def _baseline(settings: Settings) -> Mapping[ClauseId, Verdict] | None:
    """What an earlier run exercised."""
    if settings.baseline is None:
        return None
    from harness.check.results.known_failures import load_baseline

    return load_baseline(Path(settings.baseline))


def _simulated(
    spec: Spec, stack: ExitStack, dialect: Dialect | None, *, given: tuple[Identity, ...]
) -> tuple[str, tuple[Identity, ...]]:
    """The built-in simulator on a free port, and the identities that it knows by itself."""
    from harness.check.credentials import known_to
    from harness.serve.authentication import make_key_pair
    from harness.serve.http.server import serve_in_thread
    from harness.serve.simulator import Simulator
    from harness.world.world import World

    key = make_key_pair() if spec.listing.access.jwt is not None else None
    simulator = Simulator(spec, World.of(seed=1), dialect=dialect, key=key)
    server = stack.enter_context(serve_in_thread([simulator], watch=current_time))
    return server.urls[spec.id], given or known_to(simulator.identities, spec.listing.access)


def _header_secrets(headers: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, value in headers:
        if name.lower() not in _PLAIN_HEADERS and value:
            yield value
            scheme, _, token = value.partition(" ")
            if token and scheme.isalpha():
                yield token.strip()


def current_time() -> datetime:
    return datetime.now(UTC)
