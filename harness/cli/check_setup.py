"""What a check needs before it starts: spec, target, identities, world, baseline, known failures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, final

from harness.cli.console import Console, current_time, harness_version
from harness.cli.option_values import load_dialect_file, suggest_clause, suggest_word
from harness.errors import UsageProblem, require_extra

if TYPE_CHECKING:
    from harness.check.client.budget import Budget
    from harness.check.client.http_client import HttpClient
    from harness.check.credentials import ClientIdentity
    from harness.check.options import CheckOptions
    from harness.check.results.findings import Verdict
    from harness.check.results.known_failures_file import KnownFailures
    from harness.check.rules.responses.known_world import KnownWorld
    from harness.specification.dialect import Dialect
    from harness.specification.load import Spec
    from harness.specification.model import ClauseId


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
    product: str = ""
    product_version: str = ""
    parts: tuple[str, ...] = ()

    @property
    def limits(self) -> Mapping[str, float | None]:
        """What the run may spend, as its reports say it."""
        return {
            "max_requests": self.max_requests,
            "max_seconds": self.max_seconds,
            "rate": self.rate,
            "timeout": self.timeout,
        }


@final
@dataclass(frozen=True, kw_only=True)
class PreparedRun:
    """A run that may begin: the spec, where requests go, who asks, and what to hold against it."""

    spec: Spec
    settings: CheckSettings
    client: HttpClient
    identities: tuple[ClientIdentity, ...]
    target: str
    address: str
    only: tuple[ClauseId, ...]
    evidence: Literal["masked", "full"]
    window: tuple[datetime, datetime] | None
    dialect: Dialect | None
    known: KnownFailures | None
    baseline: Mapping[ClauseId, Verdict] | None = None
    world: KnownWorld | None = None
    secrets: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    replay: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    known_values: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


def prepare_run(
    console: Console,
    settings: CheckSettings,
    stack: ExitStack,
    *,
    credentials: Sequence[tuple[str, str]] = (),
    credentials_file: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
) -> PreparedRun:
    """Read everything that a run needs; nothing is sent yet. Raises UsageError."""
    from harness.check.client.connection import ExchangeLimits
    from harness.check.client.http_client import HttpClient
    from harness.check.credentials import names_with_scheme, secrets_of, with_fresh_token
    from harness.check_target import ANONYMOUS, open_target, replayed_credentials
    from harness.specification.load import load_spec

    if settings.fuzz:
        require_extra("fuzz", "schemathesis", what="--fuzz")
    spec = load_spec(settings.api)
    only = parse_clause_ids(spec, settings.only)
    if settings.ca is not None and not Path(settings.ca).is_file():
        # A target without TLS would never look at it.
        raise UsageProblem(f"--ca {settings.ca}", "a file with PEM certificates", "there is no such file")
    _check_parts(settings.parts)
    dialect = load_dialect_file(settings.dialect, spec)
    known = _load_known_failures_file(console, settings.known, spec)
    baseline = _load_baseline_file(settings.baseline)
    world = _load_world_files(settings.world, spec)
    access = spec.listing.access
    file = Path(credentials_file) if credentials_file else None
    target = open_target(
        spec,
        stack,
        target=settings.target,
        credentials=credentials,
        credentials_file=file,
        environment=os.environ,
        clock=current_time,
        dialect=dialect,
        known_values=settings.known_values,
    )
    if not target.identities:
        _tell_credential_names(console, spec)
    identities = target.identities or (ANONYMOUS,)
    for name in names_with_scheme(identities):
        console.write_message(
            f"callharness: the credential {name} begins with a word such as Bearer: give what follows it alone, the "
            "word is added where the API wants it"
        )
    in_headers = {
        name if index == 0 else f"{name}_{index + 1}": secret
        for name, value in headers
        for index, secret in enumerate(reversed([*_header_secrets([(name, value)])]))
    }
    secrets = {**in_headers, **secrets_of(identities, access)}
    _redact_secrets(console, spec, [*secrets.values()], own_simulator=target.simulated)
    client = HttpClient(
        target.address,
        limits=ExchangeLimits(exchange_seconds=settings.timeout),
        headers=tuple(headers),
        ca_file=settings.ca,
    )
    return PreparedRun(
        spec=spec,
        settings=settings,
        client=stack.enter_context(client),
        identities=tuple(
            with_fresh_token(identity, access=access, clock=current_time, on_token=console.add_secret)
            for identity in identities
        ),
        target=target.name,
        address=target.address.url,
        only=only,
        evidence=settings.evidence or target.evidence,
        window=settings.window or target.window,
        known_values=target.known_values,
        dialect=dialect,
        known=known,
        baseline=baseline,
        world=world,
        secrets=secrets,
        headers=tuple(headers),
        replay=(
            *replayed_credentials(spec, target, credentials=credentials, credentials_file=file),
            *_replay_options(settings, headers),
        ),
    )


def _tell_credential_names(console: Console, spec: Spec) -> None:
    """Says on standard error that nobody gave credentials, which ones the API knows, and how to give them."""
    from harness.check.credentials import all_credential_names, environment_variable_of

    names = all_credential_names(spec.listing.access)
    how = f": give them as --credential {names[0]}=..., or in {environment_variable_of(names[0])}" if names else ""
    known = f"{spec.id} knows {', '.join(names) or 'none'}{how}"
    console.write_message(f"callharness: no credentials were given; {known}")


def _replay_options(settings: CheckSettings, headers: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The options, beside target, credentials, clause and seed, that repeat a run."""
    window = [("--window", "..".join(end.isoformat() for end in settings.window))] if settings.window else []
    files = [("--dialect", settings.dialect), ("--ca", settings.ca), ("--world", settings.world)]
    return (
        *((name, file) for name, file in files if file is not None),
        *(("--header", f"{name}:{value}") for name, value in headers),
        *(("--known-value", f"{name}={value}") for name, many in settings.known_values.items() for value in many),
        *window,
        *([("--fuzz", "")] if settings.fuzz else []),
    )


def parse_clause_ids(spec: Spec, only: Sequence[str]) -> tuple[ClauseId, ...]:
    """The clauses named by `--only`. Raises UsageProblem for one that the spec does not have."""
    from harness.specification.clause_families import planned_clauses
    from harness.specification.model import ClauseId

    clauses = planned_clauses(spec)
    for name in only:
        if name not in clauses:
            raise UsageProblem(f"--only {name}", f"a clause of {spec.id}", repr(name), suggest_clause(name, spec))
    return tuple(ClauseId(name) for name in only)


def check_value_names(spec: Spec, known_values: Mapping[str, tuple[str, ...]]) -> None:
    """Raises UsageProblem for a `--known-value` of a name that the API does not have."""
    names = dict.fromkeys((*spec.listing.filters, *spec.listing.parameters))
    for name in known_values:
        if name not in names:
            do = suggest_word(name, names) or f"the filters are {', '.join(spec.listing.filters)}"
            raise UsageProblem(f"--known-value {name}", f"a parameter of {spec.id}", repr(name), do)


def _check_parts(parts: Sequence[str]) -> None:
    """Raises UsageProblem for a part that no run has."""
    if not parts:
        return
    from harness.check.runner import PARTS

    for name in parts:
        if name not in PARTS:
            raise UsageProblem(f"--part {name}", f"one of {', '.join(PARTS)}", repr(name), suggest_word(name, PARTS))


def check_options(
    prepared: PreparedRun, *, only: tuple[ClauseId, ...] | None, stop: Callable[[], str | None]
) -> CheckOptions:
    """What the checker is told of a run that begins now; `only` takes the place of `--only`."""
    from harness.check.options import CheckOptions
    from harness.check.results.findings import Gate

    settings = prepared.settings
    return CheckOptions(
        now=current_time(),
        target=prepared.target,
        address=prepared.address,
        seed=settings.seed,
        gate=Gate(settings.gate),
        only=prepared.only if only is None else only,
        parts=settings.parts,
        window=prepared.window,
        dialect=prepared.dialect,
        evidence=prepared.evidence,
        allow_empty=settings.allow_empty,
        known_values=prepared.known_values,
        secrets=prepared.secrets,
        headers=prepared.headers,
        replay=prepared.replay,
        ca=settings.ca,
        harness_version=harness_version(),
        stop=stop,
        limits=settings.limits,
        world=prepared.world,
        fuzz=settings.fuzz,
    )


def request_budget(settings: CheckSettings) -> Budget:
    """What the requests of one run may spend."""
    from harness.check.client.budget import RUN_SECONDS_AT_MOST, Budget

    return Budget(
        max_requests=settings.max_requests,
        max_seconds=settings.max_seconds,
        per_second=settings.rate,
        backstop_seconds=RUN_SECONDS_AT_MOST,
    )


# --- files --------------------------------------------------------------------------------------------------


def _load_world_files(path: str | None, spec: Spec) -> KnownWorld | None:
    """The world that was loaded into the target, as its files tell it."""
    if path is None:
        return None
    from harness.check.rules.responses.known_world import load_known_world

    return load_known_world(spec, Path(path))


def _load_known_failures_file(console: Console, path: str | None, spec: Spec) -> KnownFailures | None:
    if path is None:
        return None
    from harness.check.results.known_failures_file import load_known_failures

    known = load_known_failures(Path(path), spec=spec, today=current_time().date())
    for warning in known.warnings:
        console.write_message(f"callharness: {warning}")
    return known


def _load_baseline_file(path: str | None) -> Mapping[ClauseId, Verdict] | None:
    """What an earlier run exercised."""
    if path is None:
        return None
    from harness.check.results.known_failures import load_baseline

    return load_baseline(Path(path))


# --- secrets ------------------------------------------------------------------------------------------------


def _redact_secrets(console: Console, spec: Spec, secrets: Sequence[str], *, own_simulator: bool) -> None:
    """Mask the secrets from now on, and say which are too weak to be masked everywhere."""
    from harness.specification.clause_families import planned_clauses

    words = [*spec.listing.parameters, *spec.listing.fields, *planned_clauses(spec)]
    redactor = console.redact_secrets(secrets, words=words)
    if own_simulator:
        return
    kinds = {"shorter than six characters": redactor.too_short, "an everyday word": redactor.too_common}
    for kind, weak in kinds.items():
        for _ in weak:
            console.write_message(f"callharness: a secret is {kind}: it is masked only where it stands as a value")


def _header_secrets(headers: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, value in headers:
        if name.lower() not in _HEADERS_WITHOUT_SECRETS and value:
            yield value
            scheme, _, token = value.partition(" ")
            if token and scheme.isalpha():
                yield token.strip()
