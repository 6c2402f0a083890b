"""The run: preflight, mirror, rules, roll-up. Yields events; the last one carries the report."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal

from harness.check.budget import Sender
from harness.check.causes import settle_causes
from harness.check.evidence import Evidence
from harness.check.explore import explore
from harness.check.findings import (
    ClauseJudged,
    ClauseResult,
    Colour,
    Event,
    FindingMade,
    Gate,
    PhaseStarted,
    RunEnded,
    RunReport,
    RunStarted,
    Verdict,
)
from harness.check.fuzz import fuzz
from harness.check.gate import gate_colour
from harness.check.judging import expect
from harness.check.knowledge import Knowledge
from harness.check.ledger import Ledger
from harness.check.likeness import likeness
from harness.check.mirror import (
    Mirror,
    ask_for,
    read_in_other_pages,
    read_mirror,
    reread,
    time_filters,
    window_needed,
    windows,
    written,
)
from harness.check.rules import (
    absent,
    access,
    carriage,
    echoes,
    filters,
    hidden,
    order,
    pages,
    parts,
    polls,
    scope,
    together,
    totals,
    values,
)
from harness.check.session import Exchange, Identity, Row, Session
from harness.check.truth import Truth, known_world
from harness.check.witness import examine
from harness.output.personal import Pseudonyms
from harness.output.secrets import Redactor
from harness.spec.clauses import families, load_standard
from harness.spec.dialect import Dialect
from harness.spec.load import Spec
from harness.spec.model import ClauseId, CursorPaging, NoPaging, Open
from harness.wire.exchange import HttpResponse, NoResponse
from harness.wire.json_body import MISSING, at
from harness.wire.scalars import NotThat
from harness.wire.scalars import zone as zone_named

Rule = Callable[[Session, Mirror], Iterator[None]]

PHASES: Final[tuple[tuple[str, tuple[Rule, ...]], ...]] = (
    ("versions", (parts.versions,)),
    ("paging", (order.whole_by_default,)),
    ("order", (order.default_order,)),
    # Rows are read with all their parts: a switch that changes more than its own comes to light first.
    ("include", (parts.includes,)),
    # Each promise once, before any of them is looked at closely: most defects show in the first of these.
    ("filters", (filters.first_looks,)),
    ("order", (order.orders,)),
    ("paging", (pages.pages,)),
    ("filters", (filters.single_filters, hidden.hidden_filters)),
    ("blank", (absent.blanks,)),
    ("paging", (totals.pages_of_filters,)),
    ("total", (totals.totals,)),
    ("count-only", (parts.count_only,)),
    ("scope", (scope.scope,)),
    ("dependence", (together.dependences, together.pairs_of_filters, totals.combinations_of_all)),
    ("explore", (explore,)),
    ("known-world", (known_world,)),
    ("values", (values.bad_values,)),
    # Wrong log-ins may lock an account: they come when most is known.
    ("access", (access.access,)),
    ("transport", (carriage.carriages, totals.filters_by_other_ways)),
    ("echoes", (echoes.echoes, likeness)),
    ("polls", (polls.polls,)),
    ("fuzz", (fuzz,)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """What the user decides about a run. `now` is the wall's instant, given by the caller."""

    now: datetime
    target: str
    seed: int = 1
    gate: Gate = Gate.CI
    only: tuple[ClauseId, ...] = ()
    window: tuple[datetime, datetime] | None = None
    dialect: Dialect | None = None
    evidence: Literal["masked", "full"] = "full"
    allow_empty: bool = False
    known_values: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    secrets: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    harness_version: str = ""
    stop: Callable[[], str | None] = lambda: None
    limits: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    world: Truth | None = None
    fuzz: bool = False


def run_check(spec: Spec, sender: Sender, identities: Sequence[Identity], options: CheckOptions) -> Iterator[Event]:
    """Checks a target and yields what happens; the last event is RunEnded.

    The first identity is the one that asks; the others serve role and tenant clauses. Nothing is raised for
    what a target does; a rule of ours that breaks down is raised after RunEnded.
    """
    session = session_of(spec, sender, identities, options)
    clauses = tuple(session.ledger.clauses)
    yield RunStarted(
        api=spec.id, title=spec.title, target=options.target, seed=options.seed, gate=options.gate, clauses=clauses
    )
    mirror = Mirror()
    try:
        yield from _stages(session, mirror, options)
    except _Stopped as stopped:
        session.notes.append(f"interrupted by {stopped.signal}")
        yield from session.drain()
        yield from _end(session, mirror, options, interrupted=stopped.signal)
        return
    yield from _end(session, mirror, options, interrupted=None)
    if session.crashes:
        # Our own mistake: what could be judged is told, and whoever runs us learns why it is not all.
        raise session.crashes[0]


@dataclass(eq=False)
class _Stopped(Exception):
    signal: str


def session_of(spec: Spec, sender: Sender, identities: Sequence[Identity], options: CheckOptions) -> Session:
    """A session ready to send: nothing is known of the target but what the options say."""
    shared = load_standard()
    standard = shared.applying_to(spec)
    known = {name: str(family) for name, family in families(spec).items()}
    ledger = Ledger(
        clauses={**spec.clauses, **standard},
        families={**known, **{name: str(shared.clauses[name].family) for name in standard}},
        gate=options.gate,
    )
    secrets = dict(options.secrets)
    evidence = Evidence(
        base=options.target.rstrip("/"),
        redactor=Redactor(secrets.values(), words=_own_words(spec)),
        secrets=secrets,
        mode=options.evidence,
        pseudonyms=Pseudonyms(_alias_key(secrets, options.seed)) if options.evidence == "masked" else None,
    )
    session = Session(
        spec=spec,
        sender=sender,
        identity=identities[0],
        identities=tuple(identities),
        ledger=ledger,
        knowledge=Knowledge(spec),
        evidence=evidence,
        rng=random.Random(options.seed),  # noqa: S311 - chance that can be repeated, not a secret
        seed=options.seed,
        target=options.target,
        settings={
            "now": options.now,
            "window": options.window,
            "max_requests": options.limits.get("max_requests"),
            "world": options.world,
            "fuzz": options.fuzz,
        },
        known_values=options.known_values,
        examine=examine,
    )
    for name, value in (options.dialect.values if options.dialect else {}).items():
        session.knowledge.set(name, value, "the dialect given")
    zone = spec.listing.zone
    if zone is not None:
        session.zone = (options.dialect or Dialect()).pick(zone.default)
    return session


def _alias_key(secrets: Mapping[str, str], seed: int) -> bytes:
    """A key that only who holds the credentials can make, and always the same one."""
    return hashlib.sha256("\n".join((*sorted(secrets.values()), str(seed))).encode()).digest()


def _own_words(spec: Spec) -> tuple[str, ...]:
    access_rules = spec.listing.access
    names = (access_rules.user, access_rules.password, access_rules.token, *spec.listing.parameters)
    return tuple(name for name in names if name)


def _stages(session: Session, mirror: Mirror, options: CheckOptions) -> Iterator[Event]:
    yield from _watched(session, "preflight", _preflight(session, options), options)
    if session.settings.get("blocked") or session.crashes:
        return
    yield from _watched(session, "mirror", _mirror(session, mirror, options), options)
    if session.crashes:
        return
    for phase, rules in PHASES:
        for rule in rules:
            if session.out_of_budget is not None or session.settings.get("blocked"):
                return
            yield from _watched(session, phase, rule(session, mirror), options)
    yield from _watched(session, "errors", _errors_again(session, mirror), options)


def _watched(session: Session, phase: str, steps: Iterator[None], options: CheckOptions) -> Iterator[Event]:
    session.phase = phase
    yield PhaseStarted(phase=phase, steps=0)
    try:
        for _ in steps:
            yield from session.drain()
            signal = options.stop()
            if signal is not None:
                raise _Stopped(signal)
            if session.out_of_budget is not None or _turned_away_for_good(session):
                break
    except _Stopped:
        raise
    except Exception as problem:
        # One rule that breaks down must not take the verdicts of all the others with it.
        problem.add_note(f"while the checker was at: {phase}")
        session.crashes.append(problem)
    yield from session.drain()


def _turned_away_for_good(session: Session) -> bool:
    """Whether the run's own credentials are no longer accepted; then nothing more can be judged.

    One refusal may be the server's mistake about that request: the plain list is asked for once more.
    """
    suspect, session.turned_away = session.turned_away, None
    if suspect is None or session.welcome is None or session.settings.get("blocked"):
        return False
    again = session.send(session.welcome, "are the credentials still accepted?", witness=False)
    if session.turned_away is None:
        return False
    told = session.evidence.answer(again.response, limit=160).replace("\n", ": ")
    why = f"{options_target(session)}: the credentials are refused from request {session.requests - 1} on: {told}"
    session.settings = {**session.settings, "blocked": why}
    session.notes.append(why)
    return True


# --- preflight and mirror -----------------------------------------------------------------------------------


def _preflight(session: Session, options: CheckOptions) -> Iterator[None]:
    """Is there a server that speaks this API, and does it know us?"""
    window = next(windows(session, options.now), {})
    exchange = session.send(ask_for(session, window), "reach the target and log in")
    yield
    answer = exchange.answer
    if isinstance(exchange.response, NoResponse) and not exchange.response.reason.startswith("budget"):
        # Once more: a first connection may meet a server that is just starting.
        exchange = session.send(ask_for(session, window), "again: reach the target and log in")
        yield
        answer = exchange.answer
    why = _why_blocked(session, exchange)
    if why is not None and answer is not None:
        other = yield from _by_another_way(session, window)
        if other is not None:
            transport = session.listing.transport
            clauses = transport.separator_clause or session.listing.lists.clauses.get("reach", ())
            session.fail(
                clauses,
                "the documented form of a request is understood",
                expected=f"the same answer as by {other.ask.carriage}",
                actual=why,
                exchange=exchange,
            )
            exchange, answer, why = other, other.answer, None
    if why is not None:
        session.settings = {**session.settings, "blocked": why}
        session.notes.append(why)
        return
    reach = session.listing.lists.clauses.get("reach", ())
    if answer is not None and answer.outcome == "success":
        session.welcome = exchange.ask
        session.ledger.witness((*reach, *session.listing.access.clauses.get("accepted", ())))
    _learn_zone(session, exchange)


def _by_another_way(session: Session, window: Mapping[str, Any]) -> Generator[None, None, Exchange | None]:
    """An exchange by another documented carriage, where the main form of a request is not understood.

    The run goes on with it: one defect must not hide all the others.
    """
    for name, way in session.listing.transport.also.items():
        if way.level == "may":
            continue
        exchange = session.send(replace(ask_for(session, window), carriage=name), f"log in by {name}", witness=False)
        yield
        if exchange.answer is not None and exchange.answer.outcome == "success":
            session.carriage = name
            return exchange
    return None


def _why_blocked(session: Session, exchange: Exchange) -> str | None:
    response = exchange.response
    if isinstance(response, NoResponse):
        return f"{options_target(session)}: {response.text or response.reason}"
    answer = exchange.answer
    if answer is None or answer.outcome == "unreadable":
        seen = session.evidence.answer(response, limit=160).replace("\n", ": ")
        path = exchange.request.target.decode("ascii", "replace").partition("?")[0]
        lost = response.http_status in (404, 405)
        hint = f"; the request went to its {path}: is that the base URL?" if lost else ""
        return f"{options_target(session)}: the answer is not what this API speaks: {seen}{hint}"
    if answer.outcome == "error":
        told = session.evidence.text(f"{answer.code!r} {answer.message!r}", limit=200)
        if session.about_access(answer):
            return f"{options_target(session)}: the credentials are refused: {told}"
        if response.http_status in (401, 403, 404, 405, 429) or response.http_status >= 500:
            return f"{options_target(session)}: HTTP {response.http_status}: {told}"
        return None
    return None


def options_target(session: Session) -> str:
    """The target as it may be shown."""
    return session.evidence.text(session.target, limit=300)


def _learn_zone(session: Session, exchange: Exchange) -> None:
    zone = session.listing.zone
    if zone is None or zone.echo is None or exchange.answer is None or not isinstance(exchange.answer.tree, dict):
        return
    told = at(exchange.answer.tree, zone.echo)
    if isinstance(told, str) and told:
        try:
            zone_named(told)
        except NotThat:
            return
        session.zone = told
        if isinstance(zone.default, Open):
            session.knowledge.set(zone.default.id, told, "the zone named in an answer")


def _mirror(session: Session, mirror: Mirror, options: CheckOptions) -> Iterator[None]:
    yield from read_mirror(session, mirror, now=options.now)
    snapshot = mirror.after
    if snapshot is None:
        return
    if not snapshot.rows and snapshot.total:
        paging = session.listing.paging
        roles: Mapping[Any, tuple[ClauseId, ...]] = {} if isinstance(paging, NoPaging) else paging.clauses
        total = session.listing.total
        session.fail(
            roles.get("first") or roles.get("offset-default") or (total.clauses.get("sum", ()) if total else ()),
            "the first page holds the first rows",
            expected=f"rows: the total is {snapshot.total}",
            actual="no rows on the first page",
            kind="bare",
        )
    if not snapshot.rows and snapshot.trouble is None:
        yield from _elsewhere(session, mirror, options.now)
    if snapshot.complete:
        session.ledger.witness((ClauseId("PAGING-LOOP"),))
    elif snapshot.repeats:
        yield from _endless(session, mirror)
    _share_an_identity(session, (*snapshot.twins, *(mirror.widest.twins if mirror.widest is not None else ())))
    identities = [row.shown.get(session.listing.lists.identity) for row in snapshot.rows]
    keys = [identity for identity in identities if identity is not None]
    if session.ledger.failed(session.listing.lists.clauses.get("unique", ())) or len(set(keys)) < len(keys):
        # Either a row stands twice, or two rows share what should tell them apart.
        session.identity_unique = False
        session.one_of_each = True
        yield from read_mirror(session, mirror, now=options.now)
    # A list that moves by itself, or that pages tear, is noticed before anything is judged by it.
    yield from reread(session, mirror)
    if not mirror.volatile:
        yield from read_in_other_pages(session, mirror)
    _settle_size(session, mirror)


def _elsewhere(session: Session, mirror: Mirror, now: datetime) -> Iterator[None]:
    """No rows where rows are looked for: a range read the wrong way round shows them where none can be."""
    lower, upper, _ = time_filters(session)
    if not window_needed(session):
        return
    for name, first in ((lower, now + timedelta(days=2)), (upper, datetime(2000, 1, 1, tzinfo=UTC))):
        ends = ((lower, first), (upper, first + timedelta(days=1)))
        values = {end: written(session, end, moment) for end, moment in ends if end is not None}
        if name is not None:
            clauses = session.listing.filters[name].clause
            yield from expect(session, mirror, ask_for(session, values), "a range that holds no calls", clauses)


def _share_an_identity(session: Session, twins: Sequence[tuple[Row, Row, Exchange]]) -> None:
    """Two pages show two calls under one identity."""
    if not twins or not session.identity_unique:
        return
    one, other, exchange = twins[0]
    names = [session.listing.lists.identity]
    names += [name for name, field in session.listing.fields.items() if field.shows == "started_at"]
    session.fail(
        session.listing.lists.clauses.get("unique", ()),
        "a row's identity is its own",
        expected="each identity once in the list",
        actual=f"{session.evidence.row(one, names[:1])} on two pages, for calls that began at different instants",
        exchange=exchange,
        rows=[session.evidence.row(row, names) for row in (one, other)],
    )


def _endless(session: Session, mirror: Mirror) -> Iterator[None]:
    """A walk that met the same page again and again: does the list end at all?"""
    assert mirror.after is not None
    again = mirror.after.repeats[-1]
    if again.answer is not None and isinstance(session.listing.paging, CursorPaging) and again.rows:
        session.fail(
            (ClauseId("PAGING-LOOP"),),
            "a walk over the pages comes to an end",
            expected="rows that were not shown before, or the end",
            actual="the same rows again",
            exchange=again,
        )
    yield


def _settle_size(session: Session, mirror: Mirror) -> None:
    clauses = session.listing.lists.clauses
    unique = clauses.get("unique", ())
    if len(mirror.rows) > 1 and session.identity_unique:
        session.ledger.witness(unique, times=len(mirror.rows))
    elif len(mirror.rows) <= 1 and not session.ledger.failed(unique):
        session.ledger.not_exercised(unique, f"the target shows {len(mirror.rows)} rows")
    if not mirror.rows and mirror.after is not None and mirror.after.trouble is None:
        session.ledger.witness(clauses.get("empty", ()))


# --- the end ------------------------------------------------------------------------------------------------


def _end(session: Session, mirror: Mirror, options: CheckOptions, *, interrupted: str | None) -> Iterator[Event]:
    _server_errors(session)
    settle_causes(session, mirror)
    _open_choices(session)
    blocked = session.settings.get("blocked")
    only = set(options.only)
    results: list[ClauseResult] = []
    for clause_id in session.ledger.clauses:
        default, reason = _default_verdict(session, mirror, clause_id, interrupted)
        if only and clause_id not in only:
            continue
        results.append(session.ledger.result(clause_id, default=default, reason=reason))
    findings = tuple(finding for finding in session.ledger.findings() if not only or finding.clause in only)
    for finding in findings:
        yield FindingMade(finding=finding)
    for result in results:
        yield ClauseJudged(result=result)
    colour = Colour.RED if session.crashes else gate_colour(results)
    rows = len(mirror.rows)
    report = RunReport(
        api=session.spec.id,
        title=session.spec.title,
        target=options.target,
        gate=options.gate,
        colour=colour,
        exit_code=_exit_code(
            results,
            colour,
            blocked=blocked is not None and session.welcome is None,
            rows=rows,
            options=options,
            interrupted=interrupted,
        )
        if not session.crashes
        else 3,
        seed=options.seed,
        requests=session.requests,
        seconds=0.0,
        dialect=session.knowledge.answers(),
        clauses=tuple(results),
        findings=findings,
        notes=tuple(dict.fromkeys(session.notes)),
        evidence=options.evidence,
        spec_version=session.listing.version,
        harness_version=options.harness_version,
        interrupted=interrupted,
        rows_seen=rows,
        limits=options.limits,
    )
    yield RunEnded(report=report)


def _exit_code(
    results: Sequence[ClauseResult],
    colour: Colour,
    *,
    blocked: bool,
    rows: int,
    options: CheckOptions,
    interrupted: str | None,
) -> int:
    """The highest applicable of 3 > 2 > 4 > 1 > 5 > 0; an interruption beats them all."""
    if interrupted is not None:
        return {"SIGHUP": 129, "SIGINT": 130, "SIGTERM": 143}.get(interrupted, 130)
    if any(result.verdict is Verdict.ERROR for result in results):
        return 3
    if blocked:
        return 4
    if colour is Colour.RED:
        return 1
    passed = any(result.verdict is Verdict.PASS for result in results)
    if (rows == 0 and not options.allow_empty) or not results or not passed:
        return 5
    return 0


def _default_verdict(
    session: Session, mirror: Mirror, clause_id: ClauseId, interrupted: str | None
) -> tuple[Verdict, str]:
    """The verdict of a clause that nothing touched."""
    clause = session.ledger.clauses[clause_id]
    if clause.excluded is not None:
        return Verdict.NOT_APPLICABLE, f"{clause.excluded.code}: {clause.excluded.why}"
    if "known-world" in clause.checked_by:
        return Verdict.NOT_APPLICABLE, "only a run with --world knows the truth about it"
    if session.crashes:
        return Verdict.ERROR, f"the harness itself failed: {session.crashes[0]}"
    blocked = session.settings.get("blocked")
    if blocked is not None:
        return Verdict.BLOCKED, str(blocked)
    if interrupted is not None:
        return Verdict.NOT_RUN, f"interrupted by {interrupted}"
    if session.out_of_budget is not None:
        return Verdict.NOT_RUN, f"the budget of {session.out_of_budget} is used up"
    if not mirror.rows:
        return Verdict.NOT_EXERCISED, "the target shows no rows"
    paging = session.listing.paging
    if isinstance(paging, CursorPaging) and clause_id in paging.clauses.get("stable", ()) and not mirror.volatile:
        return Verdict.NOT_APPLICABLE, "no call arrived during a walk: the list stood still"
    return Verdict.NOT_EXERCISED, "nothing in this run could show it"


def _errors_again(session: Session, mirror: Mirror) -> Iterator[None]:
    """A request that got a server error gets it once more: chance, or a defect?"""
    again: list[Exchange] = []
    for exchange in list(session.server_errors)[:3]:
        if _speaks(exchange):
            continue
        repeated = session.send(exchange.ask, f"again: {exchange.purpose}", credentials=exchange.ask.credentials)
        yield
        if isinstance(repeated.response, HttpResponse) and repeated.response.http_status >= 500:
            again.append(repeated)
    session.settings = {**session.settings, "errors-again": tuple(again)}


def _server_errors(session: Session) -> None:
    clause = ClauseId("HTTP-SERVER-ERRORS")
    again = session.settings.get("errors-again", ())
    errors = [exchange for exchange in session.server_errors if not _speaks(exchange)]
    if again or len(errors) >= 3:
        session.fail(
            (clause,),
            "a well-formed request does not get a server error again and again",
            expected="no HTTP 5xx",
            actual=f"HTTP 5xx for {len(errors)} of {session.requests} requests",
            exchange=again[0] if again else errors[0],
        )
    elif session.requests and session.settings.get("blocked") is None:
        session.ledger.witness((clause,), times=session.requests)


def _speaks(exchange: Exchange) -> bool:
    """Whether a 5xx carries the API's own error: some APIs tell their errors so."""
    return exchange.answer is not None and exchange.answer.code is not MISSING


def _open_choices(session: Session) -> None:
    """What was found out about each open choice that has a clause of its own."""
    answers = session.knowledge.answers()
    for name, choice in session.spec.choices.items():
        if choice.clause and name in answers and not session.ledger.failed(choice.clause):
            session.ledger.observed(choice.clause, f"{name}: {answers[name]}")
