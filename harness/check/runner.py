"""The run: preflight, mirror, rules, roll-up. Yields events; the last one carries the report."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.check.baseline import read_baseline
from harness.check.client.budget import Sender
from harness.check.context import Exchange, Identity, Session
from harness.check.options import CheckOptions
from harness.check.oracle.dialect_inference import Knowledge
from harness.check.preflight import options_target, run_preflight
from harness.check.probe.count_only import count_only
from harness.check.probe.mirror import (
    Mirror,
)
from harness.check.results.collector import Ledger
from harness.check.results.evidence import Evidence
from harness.check.results.findings import (
    ClauseJudged,
    ClauseResult,
    Colour,
    Event,
    FindingMade,
    PhaseStarted,
    RunEnded,
    RunReport,
    RunStarted,
    Verdict,
)
from harness.check.results.gate import gate_colour
from harness.check.root_causes import settle_causes
from harness.check.rules.access.authentication import access
from harness.check.rules.access.scope import scope
from harness.check.rules.exploration.combinations import explore
from harness.check.rules.exploration.schema_fuzzing import fuzz
from harness.check.rules.filters.combinations import dependences, pairs_of_filters
from harness.check.rules.filters.hidden_filters import hidden_filters
from harness.check.rules.filters.single_filter import first_looks, single_filters
from harness.check.rules.live.polling import polls
from harness.check.rules.paging.ordering import default_order, orders, whole_by_default
from harness.check.rules.paging.pages import pages
from harness.check.rules.paging.totals import combinations_of_all, filters_by_other_ways, pages_of_filters, totals
from harness.check.rules.parameters.defaults import blanks
from harness.check.rules.parameters.invalid_values import bad_values
from harness.check.rules.responses.echoes import echoes
from harness.check.rules.responses.every_response import examine
from harness.check.rules.responses.includes import includes
from harness.check.rules.responses.known_world import known_world
from harness.check.rules.responses.row_consistency import likeness
from harness.check.rules.responses.versions import versions
from harness.check.rules.transport.request_encoding import carriages
from harness.output.pseudonyms import Pseudonyms
from harness.output.redaction import Redactor
from harness.specification.clauses import families, load_standard
from harness.specification.dialect import Dialect
from harness.specification.load import Spec
from harness.specification.model import ClauseId, CursorPaging
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import MISSING

Rule = Callable[[Session, Mirror], Iterator[None]]

PHASES: Final[tuple[tuple[str, tuple[Rule, ...]], ...]] = (
    ("versions", (versions,)),
    ("paging", (whole_by_default,)),
    ("order", (default_order,)),
    # Rows are read with all their parts: a switch that changes more than its own comes to light first.
    ("include", (includes,)),
    # Each promise once, before any of them is looked at closely: most defects show in the first of these.
    ("filters", (first_looks,)),
    ("order", (orders,)),
    ("paging", (pages,)),
    ("filters", (single_filters, hidden_filters)),
    ("blank", (blanks,)),
    ("paging", (pages_of_filters,)),
    ("total", (totals,)),
    ("count-only", (count_only,)),
    ("scope", (scope,)),
    ("dependence", (dependences, pairs_of_filters, combinations_of_all)),
    ("explore", (explore,)),
    ("known-world", (known_world,)),
    ("values", (bad_values,)),
    # Wrong log-ins may lock an account: they come when most is known.
    ("access", (access,)),
    ("transport", (carriages, filters_by_other_ways)),
    ("echoes", (echoes, likeness)),
    ("polls", (polls,)),
    ("fuzz", (fuzz,)),
)


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
    yield from _watched(session, "preflight", run_preflight(session, options), options)
    if session.settings.get("blocked") or session.crashes:
        return
    yield from _watched(session, "mirror", read_baseline(session, mirror, options), options)
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
