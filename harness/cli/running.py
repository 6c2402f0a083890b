"""One run of the checker from the command line: set up, listen, end in good order, write what was asked for."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, final

from harness.cli.interrupts import Interrupted, interruptible
from harness.cli.options import nearest
from harness.cli.session import Session, harness_version
from harness.errors import HarnessError, Misuse

if TYPE_CHECKING:
    from harness.check.credentials import Identity
    from harness.check.findings import ClauseResult, Event, Exchanged, Finding, RunReport, Verdict
    from harness.check.known import KnownFailures
    from harness.check.transport import Transport
    from harness.check.truth import Truth
    from harness.cli.sinks import Sink
    from harness.output.journal import JournalWriter
    from harness.report import Recording
    from harness.spec.dialect import Dialect
    from harness.spec.load import Spec
    from harness.spec.model import Clause, ClauseId

SIMULATOR: Final = "sim:"
# How long an interrupted engine may take to say what it knows.
LAST_WORDS_SECONDS: Final = 0.8
# Headers that say nothing about who asks.
_PLAIN_HEADERS: Final = frozenset(
    {"accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "content-type", "host"}
    | {"origin", "pragma", "referer", "te", "user-agent", "x-request-id", "x-forwarded-proto"}
)
# Which exit code counts when several apply, the highest first.
_PRECEDENCE: Final = (3, 2, 4, 1, 5, 0)


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


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended: what was recorded, and the exit code."""

    recording: Recording
    exit_code: int


def worst(codes: Sequence[int]) -> int:
    """The exit code that counts of several: the highest applicable of 3 > 2 > 4 > 1 > 5 > 0."""
    return next((code for code in _PRECEDENCE if code in codes), max(codes, default=0))


def planned_clauses(spec: Spec) -> Mapping[ClauseId, Clause]:
    """The clauses of a spec and those that every API shares, by id."""
    from harness.spec.clauses import load_standard

    return {**spec.clauses, **load_standard().applying_to(spec)}


def known_ids(spec: Spec, only: Sequence[str]) -> tuple[str, ...]:
    """The clauses named by `--only`. Raises Misuse for one that the spec does not have."""
    clauses = planned_clauses(spec)
    for name in only:
        if name not in clauses:
            raise Misuse(f"--only {name}", f"a clause of {spec.id}", repr(name), nearest(name, clauses).strip())
    return tuple(only)


# --- what an engine needs -----------------------------------------------------------------------------------


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
    from harness.check.credentials import Identity as Asking
    from harness.check.credentials import credential_names, gather_identities, kept_fresh, secrets_of
    from harness.check.network import Limits
    from harness.check.transport import Transport, parse_target
    from harness.cli.options import dialect_in
    from harness.spec.load import load_spec

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
            clock=_now,
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
    from harness.check.truth import load_truth

    return load_truth(spec, Path(settings.world))


def _known(session: Session, settings: Settings, spec: Spec) -> KnownFailures | None:
    if settings.known is None:
        return None
    from harness.check.known import load_known

    known = load_known(Path(settings.known), spec=spec, today=_now().date())
    for warning in known.warnings:
        session.talk(f"callharness: {warning}")
    return known


def _baseline(settings: Settings) -> Mapping[ClauseId, Verdict] | None:
    """What an earlier run exercised."""
    if settings.baseline is None:
        return None
    from harness.check.known import load_baseline

    return load_baseline(Path(settings.baseline))


def _simulated(
    spec: Spec, stack: ExitStack, dialect: Dialect | None, *, given: tuple[Identity, ...]
) -> tuple[str, tuple[Identity, ...]]:
    """The built-in simulator on a free port, and the identities that it knows by itself."""
    from harness.check.credentials import known_to
    from harness.serve.access import make_key_pair
    from harness.serve.http import serve_in_thread
    from harness.serve.simulator import Simulator
    from harness.world.world import World

    key = make_key_pair() if spec.listing.access.jwt is not None else None
    simulator = Simulator(spec, World.of(seed=1), dialect=dialect, key=key)
    server = stack.enter_context(serve_in_thread([simulator], watch=_now))
    return server.urls[spec.id], given or known_to(simulator.identities, spec.listing.access)


def _header_secrets(headers: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, value in headers:
        if name.lower() not in _PLAIN_HEADERS and value:
            yield value
            scheme, _, token = value.partition(" ")
            if token and scheme.isalpha():
                yield token.strip()


def _now() -> datetime:
    return datetime.now(UTC)


# --- the engine ---------------------------------------------------------------------------------------------


def engine_events(
    prepared: Prepared, *, only: tuple[str, ...] | None = None, stop: Callable[[], str | None] = lambda: None
) -> Iterator[Event]:
    """The events of a run, as the engine yields them; `stop` names the signal that ends it."""
    from harness.check.budget import Budget, MannerlyClient
    from harness.check.runner import CheckOptions, run_check
    from harness.check.session import Identity as Asking

    settings = prepared.settings
    budget = Budget(
        max_requests=settings.max_requests,
        max_seconds=settings.max_seconds,
        per_second=settings.rate,
    )
    options = _options(CheckOptions, prepared, only=only, stop=stop)
    asking = [
        Asking(
            name=one.name,
            credentials=one.credentials,
            role=one.role,
            customer=one.customer,
            everyone=one.everyone,
        )
        for one in prepared.identities
    ]
    yield from run_check(prepared.spec, MannerlyClient(prepared.transport, budget), asking, options)


def _options(
    kind: type[Any], prepared: Prepared, *, only: tuple[str, ...] | None, stop: Callable[[], str | None]
) -> Any:
    from harness.check.findings import Gate
    from harness.spec.model import ClauseId

    settings = prepared.settings
    wanted: dict[str, Any] = {
        "seed": settings.seed,
        "gate": Gate(settings.gate),
        "only": tuple(ClauseId(name) for name in (settings.only if only is None else only)),
        "window": settings.window,
        "dialect": prepared.dialect,
        "max_requests": settings.max_requests,
        "max_seconds": settings.max_seconds,
        "rate": settings.rate,
        "timeout": settings.timeout,
        "allow_empty": settings.allow_empty,
        "evidence": prepared.evidence,
        "known_values": settings.known_values,
        "target": prepared.target,
        "now": _now(),
        "harness_version": harness_version(),
        "secrets": prepared.secrets,
        "stop": stop,
        "limits": _limits(settings),
    }
    known = {one.name for one in dataclasses.fields(kind)}
    extra = {"fuzz": settings.fuzz, "world": prepared.world}
    for name, value in extra.items():
        if value and name not in known:
            raise HarnessError(f"--{name} is not part of this version")
    wanted |= {name: value for name, value in extra.items() if value}
    return kind(**{name: value for name, value in wanted.items() if name in known})


@final
class Beside:
    """The same events, made on a thread of their own, so that a signal always finds the main thread awake."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._passed: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
        threading.Thread(target=self._make, name="callharness-engine", daemon=True).start()

    def _make(self) -> None:
        try:
            for event in self._events:
                self._passed.put(event)
        except BaseException as problem:
            self._passed.put(problem)
        else:
            self._passed.put(None)

    def __iter__(self) -> Iterator[Event]:
        while (event := self._passed.get()) is not None:
            if isinstance(event, BaseException):
                raise event
            yield event

    def last_words(self, hear: Callable[[Event], None], *, seconds: float) -> None:
        """Hear what an engine that was asked to stop still says, for so long at most."""
        until = time.monotonic() + seconds
        with contextlib.suppress(queue.Empty):
            while (event := self._passed.get(timeout=max(0.0, until - time.monotonic()))) is not None:
                if isinstance(event, BaseException):
                    return
                hear(event)


def _repeats(
    prepared: Prepared, heard: Heard, engine: Callable[..., Iterator[Event]], *, stop: Callable[[], str | None]
) -> Iterator[Event]:
    """The further runs that flaky clauses ask for; yields their requests and keeps their verdicts in `heard`."""
    from harness.check.findings import ClauseJudged, Exchanged, Verdict

    flaky = prepared.known.flaky if prepared.known is not None else {}
    names = tuple(name for name in flaky if name in heard.judged)
    heard.outcomes = {name: [heard.judged[name].verdict] for name in names}
    runs = max((entry.flaky.runs for name in names if (entry := flaky[name]).flaky is not None), default=1)
    for _ in range(runs - 1):
        for event in Beside(engine(prepared, only=names, stop=stop)):
            if isinstance(event, Exchanged):
                yield event
            elif isinstance(event, ClauseJudged) and event.result.verdict is not Verdict.NOT_RUN:
                heard.outcomes[event.result.id].append(event.result.verdict)


# --- listening ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Heard:
    """What a run has told so far."""

    exchanges: list[Exchanged] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    judged: dict[ClauseId, ClauseResult] = field(default_factory=dict)
    plan: tuple[ClauseId, ...] = ()
    report: RunReport | None = None
    outcomes: dict[ClauseId, list[Verdict]] = field(default_factory=dict)

    def __call__(self, event: Event, /) -> None:
        """Take one event in."""
        from harness.check.findings import ClauseJudged, Exchanged, FindingMade, RunEnded, RunStarted

        match event:
            case RunStarted(clauses=clauses):
                self.plan = clauses
            case Exchanged():
                self.exchanges.append(event)
            case FindingMade(finding=finding):
                self.findings.append(finding)
            case ClauseJudged(result=result):
                self.judged[result.id] = result
            case RunEnded(report=report):
                self.report = report
            case _:
                pass


def run(
    session: Session,
    prepared: Prepared,
    wanted: Sequence[Sink],
    *,
    engine: Callable[..., Iterator[Event]] = engine_events,
    earlier: Recording | None = None,
    journal: str | None = None,
) -> Outcome:
    """Run the checker, write the reports, show the result; never raises for what the target does.

    `earlier` is what a run to be finished knew already, and `journal` the file it goes on in.
    """
    from harness.cli.progress import progress
    from harness.cli.sinks import open_journal, write_reports
    from harness.report import footer_of, line_of

    began = earlier.began if earlier is not None else _now()
    heard = Heard()
    stop: Interrupted | None = None
    problem: Exception | None = None
    frame = _frame(prepared)
    plan = _plan(prepared, earlier)
    only = missing(earlier) if earlier is not None else None
    asked: list[str] = []
    started = time.monotonic()
    writers, sound = open_journal(session, wanted, _header(prepared, plan, began))
    if journal is not None:
        writers.append(_reopened(session, journal))

    def hear(event: Event) -> None:
        nonlocal sound
        heard(event)
        sound = _note(session, writers, line_of(event)) and sound

    with ExitStack() as stack:
        stack.callback(_close_all, writers)
        with interruptible() as watch:
            events = Beside(engine(prepared, only=only, stop=lambda: asked[0] if asked else None))
            try:
                with progress(budget=prepared.settings.max_requests) as draw:
                    for event in events:
                        hear(event)
                        draw(event)
                    if heard.report is None:
                        raise HarnessError("the checker stopped without a report")
                    for event in _repeats(prepared, heard, engine, stop=lambda: asked[0] if asked else None):
                        hear(event)
                        draw(event)
                watch.calm()
            except Interrupted as interruption:
                stop = interruption
                asked.append(stop.name)
                events.last_words(hear, seconds=LAST_WORDS_SECONDS)
            except Exception as trouble:
                problem = trouble
            watch.calm()
            prepared.transport.close()
            seconds = time.monotonic() - started
            report = _report(prepared, heard, frame, plan, earlier, stop=stop, problem=problem, seconds=seconds)
            recording = _recording(prepared, report, heard, plan, earlier, began)
            for result in report.clauses:
                if heard.judged.get(result.id) != result and (
                    earlier is None or result not in earlier.report.clauses
                ):
                    sound = _note(session, writers, {"kind": "clause", **_plain_fields(result)}) and sound
            # Written first, so that the footer can tell how the process ends.
            sound = write_reports(session, recording, wanted) and sound
            code = _exit_code(session, report, sound=sound, stop=stop, problem=problem)
            report = dataclasses.replace(report, exit_code=code)
            for writer in writers:
                try:
                    writer.end(footer_of(report))
                except HarnessError as trouble:
                    code = session.complain(str(trouble), 3)
    return Outcome(recording=dataclasses.replace(recording, report=report), exit_code=code)


def _exit_code(
    session: Session, report: RunReport, *, sound: bool, stop: Interrupted | None, problem: Exception | None
) -> int:
    if problem is not None:
        if isinstance(problem, HarnessError):
            return worst([session.complain(str(problem), problem.exit_code), 0 if sound else 3])
        return session.crashed(problem)
    if not sound:
        return 3
    if stop is not None:
        session.talk(f"callharness: interrupted by {stop.name}")
        return stop.exit_code
    return report.exit_code


def _close_all(writers: Sequence[JournalWriter]) -> None:
    for writer in writers:
        writer.close()


def _note(session: Session, writers: list[JournalWriter], line: dict[str, Any] | None) -> bool:
    """Write a line to every journal; one that cannot be written is told once and given up."""
    if line is None:
        return True
    sound = True
    for writer in tuple(writers):
        try:
            writer.finished(line)
        except HarnessError as problem:
            session.complain(str(problem), 3)
            writers.remove(writer)
            writer.close()
            sound = False
    return sound


def _reopened(session: Session, journal: str) -> JournalWriter:
    from harness.output.journal import JournalWriter

    writer, _ = JournalWriter.resume(journal, redact=session.clean)
    return writer


def _plain_fields(result: ClauseResult) -> dict[str, Any]:
    from harness.report.recording import plain

    return {one.name: plain(getattr(result, one.name)) for one in dataclasses.fields(result)}


def missing(earlier: Recording) -> tuple[ClauseId, ...]:
    """The clauses that a run left unjudged. What an interrupted one had not seen broken, it might still have."""
    kept = _kept(earlier)
    return tuple(result.id for result in earlier.report.clauses if result.id not in kept)


def _kept(earlier: Recording) -> dict[ClauseId, ClauseResult]:
    """The verdicts of an earlier run that stand."""
    from harness.check.findings import Verdict

    # A killed run has a verdict only where its engine had come to the end.
    partial = earlier.complete and earlier.report.interrupted is not None
    return {
        result.id: result
        for result in earlier.report.clauses
        if (result.verdict is Verdict.FAIL if partial else result.verdict is not Verdict.NOT_RUN)
    }


def _frame(prepared: Prepared) -> RunReport:
    """A report of nothing yet."""
    from harness.check.findings import Colour, Gate, RunReport

    settings = prepared.settings
    return RunReport(
        api=prepared.spec.id,
        title=prepared.spec.title,
        target=prepared.target,
        gate=Gate(settings.gate),
        colour=Colour.NONE,
        exit_code=0,
        seed=settings.seed,
        requests=0,
        seconds=0.0,
        dialect={},
        clauses=(),
        findings=(),
        evidence=prepared.evidence,
        spec_version=prepared.spec.listing.version,
        harness_version=harness_version(),
        limits=_limits(settings),
    )


def _limits(settings: Settings) -> dict[str, Any]:
    return {
        "max_requests": settings.max_requests,
        "max_seconds": settings.max_seconds,
        "rate": settings.rate,
        "timeout": settings.timeout,
    }


def _plan(prepared: Prepared, earlier: Recording | None) -> tuple[ClauseResult, ...]:
    """All clauses that this run may judge, none of them judged."""
    if earlier is not None:
        return earlier.plan
    from harness.check.findings import ClauseResult, Gate, Verdict
    from harness.check.gate import colour_of
    from harness.spec.clauses import families, load_standard

    about = {name: family.value for name, family in families(prepared.spec).items()}
    about |= {name: clause.family.value for name, clause in load_standard().clauses.items()}  # type: ignore[misc]
    gate = Gate(prepared.settings.gate)
    return tuple(
        ClauseResult(
            id=name,
            level=clause.level,
            basis=clause.basis,
            family=about[name],
            says=clause.says,
            source=clause.source,
            verdict=Verdict.NOT_RUN,
            colour=colour_of(Verdict.NOT_RUN, level=clause.level, basis=clause.basis, gate=gate),
        )
        for name, clause in planned_clauses(prepared.spec).items()
        if not prepared.settings.only or name in prepared.settings.only
    )


def _header(prepared: Prepared, plan: tuple[ClauseResult, ...], began: datetime | None) -> dict[str, Any]:
    from harness.report import Recording, header_of

    return header_of(Recording(report=_frame(prepared), plan=plan, began=began, settings=_settings(prepared)))


def _settings(prepared: Prepared) -> Mapping[str, Any]:
    """What `resume` needs to go on in the same way, and to notice when it cannot."""
    settings = prepared.settings
    values: dict[str, Any] = {one.name: getattr(settings, one.name) for one in dataclasses.fields(settings)}
    if settings.window is not None:
        values["window"] = [end.isoformat() for end in settings.window]
    values["identities"] = [identity.name for identity in prepared.identities]
    values["digests"] = digests(prepared)
    return values


def digests(prepared: Prepared) -> dict[str, str]:
    """A hash of each file that a run rests on."""
    settings = prepared.settings
    files = {
        "spec": prepared.spec.file,
        "dialect": settings.dialect,
        "known": settings.known,
        "baseline": settings.baseline,
        "world": settings.world,
    }
    if settings.world is not None and Path(settings.world).is_dir():
        # The manifest holds the digest of each file beside it.
        files["world"] = str(Path(settings.world) / "manifest.json")
    return {
        name: hashlib.sha256(Path(file).read_bytes()).hexdigest()
        for name, file in files.items()
        if file is not None and Path(file).is_file()
    }


def _report(
    prepared: Prepared,
    heard: Heard,
    frame: RunReport,
    plan: tuple[ClauseResult, ...],
    earlier: Recording | None,
    *,
    stop: Interrupted | None,
    problem: Exception | None,
    seconds: float,
) -> RunReport:
    """The report of a run, of one cut short, or of one finished later."""
    report = heard.report
    if report is not None:
        report = dataclasses.replace(
            report, seconds=seconds, harness_version=report.harness_version or frame.harness_version
        )
        if stop is not None and report.interrupted is None:
            report = dataclasses.replace(report, interrupted=stop.name, exit_code=stop.exit_code)
    frame = dataclasses.replace(frame, seconds=seconds)
    before = _kept(earlier) if earlier is not None else {}
    if report is None or earlier is not None:
        source = report or dataclasses.replace(frame, findings=tuple(heard.findings), requests=len(heard.exchanges))
        judged = {result.id: result for result in source.clauses} | heard.judged
        report = _cut_short(prepared, source, plan, {**before, **_done(judged)}, stop=stop, problem=problem)
        if earlier is not None:
            again = {finding.clause for finding in report.findings}
            old = tuple(one for one in earlier.report.findings if one.clause not in again)
            report = dataclasses.replace(
                report,
                findings=(*old, *report.findings),
                requests=earlier.report.requests + report.requests,
                seconds=earlier.report.seconds + report.seconds,
                rows_seen=max(earlier.report.rows_seen, report.rows_seen),
            )
    if prepared.known is not None:
        from harness.check.known import apply_known

        report = apply_known(
            report, prepared.known, allow_empty=prepared.settings.allow_empty, outcomes=heard.outcomes
        )
    if prepared.baseline is not None:
        from harness.check.known import with_unexpected_skips

        report = with_unexpected_skips(report, prepared.baseline)
    return report


def _done(results: Mapping[ClauseId, ClauseResult]) -> dict[ClauseId, ClauseResult]:
    from harness.check.findings import Verdict

    return {name: result for name, result in results.items() if result.verdict is not Verdict.NOT_RUN}


def _cut_short(
    prepared: Prepared,
    source: RunReport,
    plan: tuple[ClauseResult, ...],
    judged: Mapping[ClauseId, ClauseResult],
    *,
    stop: Interrupted | None,
    problem: Exception | None,
) -> RunReport:
    from harness.check.findings import Colour
    from harness.report import assembled

    reason = "not reached"
    if stop is not None:
        reason = f"interrupted by {stop.name}"
    elif problem is not None:
        reason = "the harness stopped"
    report = assembled(source, plan=plan, judged=judged, reason=reason)
    if stop is not None:
        report = dataclasses.replace(report, interrupted=stop.name, exit_code=stop.exit_code)
    elif problem is not None:
        code = problem.exit_code if isinstance(problem, HarnessError) else 3
        report = dataclasses.replace(report, interrupted="harness error", exit_code=code, colour=Colour.RED)
    elif source.exit_code in (3, 4, 5) and report.exit_code != 1:
        report = dataclasses.replace(report, exit_code=source.exit_code)
    return report


def _recording(
    prepared: Prepared,
    report: RunReport,
    heard: Heard,
    plan: tuple[ClauseResult, ...],
    earlier: Recording | None,
    began: datetime | None,
) -> Recording:
    from harness.report import Recording

    before = earlier.exchanges if earlier is not None else ()
    return Recording(
        report=report,
        exchanges=(*before, *heard.exchanges),
        plan=plan,
        began=began,
        settings=_settings(prepared),
    )


# --- showing ------------------------------------------------------------------------------------------------


def show_result(session: Session, outcome: Outcome, wanted: Sequence[Sink]) -> int:
    """Print the text report unless a report already goes to standard output; the exit code."""
    if any(sink.file in ("-", "/dev/stdout") for sink in wanted):
        return outcome.exit_code
    from harness.report.text import text_report

    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    session.result(text_report(outcome.recording.report, coloured=coloured))
    return outcome.exit_code
