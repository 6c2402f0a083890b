"""The run of a check: preflight, mirror, rules, roll-up. Tells a listener of each event; gives the report."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from harness.check.asked_clauses import AskedClauses, always_needed
from harness.check.client.budget import Sender
from harness.check.context import CheckContext, ClientIdentity, Exchange, go_on, ignore_event
from harness.check.credentials import signing_line
from harness.check.first_reading import take_first_reading
from harness.check.options import CheckOptions
from harness.check.oracle.dialect_inference import InferredDialect
from harness.check.preflight import block_without_success, printable_target, run_preflight
from harness.check.probe.count_only import check_count_only
from harness.check.probe.mirror import Mirror
from harness.check.results.collector import ResultCollector
from harness.check.results.evidence import EvidenceRenderer
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
from harness.check.results.people import PeopleMask, personal_kinds
from harness.check.results.shell_lines import variable_notes
from harness.check.rule_selection import all_failed, clauses_by_filter, clauses_to_probe, is_needed
from harness.check.rules.access.account_lists import check_account_lists
from harness.check.rules.access.authentication import check_authentication
from harness.check.rules.access.filtered_scope import check_filters_in_scopes
from harness.check.rules.access.scope import check_scope
from harness.check.rules.exploration.random_combinations import check_combinations
from harness.check.rules.exploration.schema_fuzzing import check_schema_fuzzing
from harness.check.rules.filters.combinations import check_filter_dependences, check_filter_pairs
from harness.check.rules.filters.earlier_calls import check_earlier_calls
from harness.check.rules.filters.single_filter import check_filters_once, check_single_filters
from harness.check.rules.filters.unshown_attributes import check_hidden_filters
from harness.check.rules.live.polling import check_polling
from harness.check.rules.paging.following_rows import check_following_rows
from harness.check.rules.paging.ordering import check_default_order, check_sort_orders, check_unlimited_list
from harness.check.rules.paging.page_counts import check_page_counts
from harness.check.rules.paging.page_links import check_page_links
from harness.check.rules.paging.pages import check_pages
from harness.check.rules.paging.totals import (
    check_filtered_pages,
    check_filters_by_encoding,
    check_full_combinations,
    check_totals,
)
from harness.check.rules.parameters.defaults import check_blank_values
from harness.check.rules.parameters.invalid_values import check_invalid_values
from harness.check.rules.parameters.remembered_values import check_remembered_letters, check_remembered_values
from harness.check.rules.responses.call_ends import check_call_ends
from harness.check.rules.responses.echoes import check_echoes
from harness.check.rules.responses.every_response import check_response
from harness.check.rules.responses.includes import check_includes
from harness.check.rules.responses.known_world import check_known_world
from harness.check.rules.responses.row_consistency import check_row_consistency
from harness.check.rules.responses.steady_rows import check_steady_rows
from harness.check.rules.responses.unshown_fields import check_unshown_fields
from harness.check.rules.responses.version_detection import check_versions
from harness.check.rules.transport.request_encoding import check_request_encoding
from harness.check.session_tokens import renew_session
from harness.check.signed_requests import describe_signature
from harness.check.target_facts import RunOptions
from harness.output.pseudonyms import Pseudonyms
from harness.output.redaction import Redactor
from harness.specification.access import all_credential_names, signature_of
from harness.specification.clause_families import families_by_clause, load_standard_clauses
from harness.specification.dialect import Dialect
from harness.specification.field_path import written_value
from harness.specification.load import Spec
from harness.specification.model import ClauseId, CursorPaging
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import MISSING

# Three times the time of one exchange is enough to wait for a target that died.
SILENT_IN_A_ROW: Final = 3
_FICKLE_NEEDED: Final = 2
Rule = Callable[[CheckContext, Mirror], None]
Listener = Callable[[Event], None]

PHASES: Final[tuple[tuple[str, tuple[Rule, ...]], ...]] = (
    ("versions", (check_versions,)),
    ("paging", (check_unlimited_list,)),
    ("order", (check_default_order,)),
    # Rows are read with all their parts: a switch that changes more than its own comes to light first.
    ("include", (check_includes,)),
    # Each promise once, before any of them is looked at closely: most defects show in the first of these.
    ("filters", (check_filters_once,)),
    ("order", (check_sort_orders,)),
    ("paging", (check_pages,)),
    ("filters", (check_single_filters, check_hidden_filters)),
    ("blank", (check_blank_values,)),
    ("paging", (check_filtered_pages, check_page_links, check_page_counts, check_following_rows)),
    ("total", (check_totals,)),
    ("count-only", (check_count_only,)),
    ("steady", (check_steady_rows,)),
    ("scope", (check_scope, check_filters_in_scopes)),
    ("dependence", (check_filter_dependences, check_filter_pairs, check_full_combinations)),
    ("filters", (check_earlier_calls,)),
    ("explore", (check_combinations,)),
    ("defaults", (check_remembered_values, check_remembered_letters)),
    ("known-world", (check_known_world,)),
    ("values", (check_invalid_values,)),
    # Wrong log-ins may lock an account: they come when most is known.
    ("access", (check_authentication, check_account_lists)),
    ("transport", (check_request_encoding, check_filters_by_encoding)),
    ("echoes", (check_echoes, check_row_consistency, check_unshown_fields, check_call_ends)),
    ("polls", (check_polling,)),
    ("fuzz", (check_schema_fuzzing,)),
)


PARTS: Final = tuple(dict.fromkeys(phase for phase, _ in PHASES))
"""The parts of a run by name, in their order."""


def run_check(
    spec: Spec,
    sender: Sender,
    identities: Sequence[ClientIdentity],
    options: CheckOptions,
    listen: Listener = ignore_event,
) -> RunReport:
    """Checks a target against a spec and gives the report; `listen` hears each event, the last one is RunEnded.

    The first identity is the one that asks; the others serve role and tenant clauses. Nothing is raised for
    what a target does; a rule of ours that breaks down is raised after RunEnded.
    """
    context = make_context(spec, sender, identities, options)
    context.listen = listen
    clauses = tuple(context.results.clauses)
    listen(
        RunStarted(
            api=spec.id,
            title=spec.title,
            target=options.target,
            seed=options.seed,
            gate=options.gate,
            clauses=clauses,
        )
    )
    mirror = Mirror()
    interrupted: str | None = None
    try:
        _run_phases(context, mirror, options)
    except _RunStopped as stopped:
        interrupted = stopped.signal
        context.notes.append(f"interrupted by {interrupted}")
    report = _finish_run(context, mirror, options, interrupted=interrupted)
    if context.crashes and interrupted is None:
        # Our own mistake: what could be judged is told, and whoever runs us learns why it is not all.
        raise context.crashes[0]
    return report


@dataclass(eq=False)
class _RunStopped(Exception):
    signal: str


class _PhaseEnded(Exception):
    """Nothing more is to be asked in this part of the run."""


def make_context(
    spec: Spec, sender: Sender, identities: Sequence[ClientIdentity], options: CheckOptions
) -> CheckContext:
    """A fresh context: of the target it knows only what the options say."""
    shared = load_standard_clauses()
    standard = shared.clauses_for(spec)
    known = {name: str(family) for name, family in families_by_clause(spec).items()}
    results = ResultCollector(
        clauses={**spec.clauses, **standard},
        families={**known, **{name: str(shared.clauses[name].family) for name in standard}},
        gate=options.gate,
    )
    secrets = dict(options.secrets)
    evidence = EvidenceRenderer(
        base=options.target.rstrip("/"),
        redactor=Redactor(secrets.values(), words=_spec_words(spec)),
        secrets=secrets,
        mode=options.evidence,
        headers=options.headers,
        ca=options.ca,
        signature=signature_of(spec.listing.access, identities[0].credentials),
        people=PeopleMask(Pseudonyms(_pseudonym_key(secrets, options.seed)), personal_kinds(spec.listing))
        if options.evidence == "masked"
        else None,
    )
    context = CheckContext(
        spec=spec,
        sender=sender,
        identity=identities[0],
        identities=tuple(identities),
        results=results,
        dialect=InferredDialect(spec),
        evidence=evidence,
        rng=random.Random(options.seed),  # noqa: S311 - chance that can be repeated, not a secret
        seed=options.seed,
        target=options.target,
        options=RunOptions(
            now=options.now,
            address=options.address or options.target,
            window=options.window,
            max_requests=options.limits.get("max_requests"),
            world=options.world,
            fuzz=options.fuzz,
            replay=options.replay,
            watch_seconds=options.watch_seconds,
            clauses_by_filter=clauses_by_filter(spec),
        ),
        asked=AskedClauses(clauses=frozenset() if options.parts else clauses_to_probe(spec, options.only)),
        known_values=options.known_values,
        response_check=check_response,
    )
    for name, value in (options.dialect.values if options.dialect else {}).items():
        context.dialect.fix_answer(name, value, "the dialect given")
    zone = spec.listing.zone
    if zone is not None:
        context.zone = (options.dialect or Dialect()).resolve(zone.default)
    return context


def _pseudonym_key(secrets: Mapping[str, str], seed: int) -> bytes:
    """The pseudonym key: always the same for the same credentials, and unknown without them."""
    return hashlib.sha256("\n".join((*sorted(secrets.values()), str(seed))).encode()).digest()


def _spec_words(spec: Spec) -> tuple[str, ...]:
    access = spec.listing.access
    names = (*all_credential_names(access), access.user, access.password, access.token, *spec.listing.parameters)
    return tuple(dict.fromkeys(name for name in names if name))


def _run_phases(context: CheckContext, mirror: Mirror, options: CheckOptions) -> None:
    _run_phase(context, "preflight", partial(run_preflight, context, options), options)
    if context.facts.blocked or context.crashes:
        return
    _run_phase(context, "mirror", partial(take_first_reading, context, mirror, options), options)
    block_without_success(context)
    if context.crashes or context.facts.blocked:
        return
    for phase, rules in PHASES:
        for rule in rules:
            if context.facts.blocked:
                return
            if context.out_of_budget is not None:
                _note_silence(context, at_least=1)
                return
            if all_failed(context.results, options.only):
                return
            context.asked.part_is_needed = partial(is_needed, rule, context.spec)
            if phase in options.parts or is_needed(rule, context.spec, options.only):
                _run_phase(context, phase, partial(rule, context, mirror), options)
    context.asked.part_is_needed = always_needed
    _run_phase(context, "errors", partial(_repeat_server_errors, context), options)
    if context.silent_in_a_row:
        _note_silence(context, at_least=1)


def _run_phase(context: CheckContext, phase: str, carry_out: Callable[[], None], options: CheckOptions) -> None:
    context.phase = phase
    context.listen(PhaseStarted(phase=phase, steps=0))
    context.checkpoint = partial(_end_phase_early, context, options)
    try:
        carry_out()
    except _PhaseEnded:
        return
    except _RunStopped:
        raise
    except Exception as problem:
        # One rule that breaks down must not take the verdicts of all the others with it.
        problem.add_note(f"while the checker was at: {phase}")
        context.crashes.append(problem)
    finally:
        context.checkpoint = go_on


def _end_phase_early(context: CheckContext, options: CheckOptions) -> None:
    """Ends the run where a signal came, and the part of it under way where nothing more can be learnt there."""
    signal = options.stop()
    if signal is not None:
        raise _RunStopped(signal)
    before, context.checkpoint = context.checkpoint, go_on
    over = context.out_of_budget is not None or _credentials_revoked(context) or _note_silence(context)
    context.checkpoint = before
    if over or all_failed(context.results, options.only):
        raise _PhaseEnded


def _note_silence(context: CheckContext, *, at_least: int = SILENT_IN_A_ROW) -> bool:
    """Whether the target no longer answers; then nothing more can be judged.

    Requests that no answer came to may be at fault themselves: the plain list is asked for once more.
    """
    facts = context.facts
    if context.silent_in_a_row < at_least or context.accepted_request is None or facts.blocked:
        return False
    silent = context.silent_in_a_row
    if context.out_of_budget is None:
        context.send(context.accepted_request, "does the target still answer?", witness=False)
        if context.silent_in_a_row == 0:
            return False
    why = f"{printable_target(context)}: no answer any more, {silent} times in a row, at request {context.requests}"
    facts.blocked, facts.gone = why, True
    context.notes.append(why)
    return True


def _credentials_revoked(context: CheckContext) -> bool:
    """Whether the run's own credentials are no longer accepted; then nothing more can be judged.

    One refusal may be the server's mistake about that request: the plain list is asked for once more.
    """
    suspect, context.access_refusal = context.access_refusal, None
    if suspect is None or context.accepted_request is None or context.facts.blocked:
        return False
    renew_session(context)
    again = context.send(context.accepted_request, "are the credentials still accepted?", witness=False)
    if context.access_refusal is None:
        _note_fickle_refusal(context, suspect, again)
        return False
    shown = context.evidence.render_response(again.response, limit=160).replace("\n", ": ")
    why = f"{printable_target(context)}: the credentials are refused from request {context.requests - 1} on: {shown}"
    context.facts.blocked = why
    context.notes.append(why)
    return True


def _note_fickle_refusal(context: CheckContext, refused: Exchange, again: Exchange) -> None:
    """Tells of right credentials that are refused now and then: the same request is accepted just afterwards.

    Once it may be a moment at which the server could not look them up. A status may be that of a limit on requests.
    """
    if refused.request != again.request or again.outcome != "success":
        return
    context.facts.fickle_refusals += 1
    if context.facts.fickle_refusals == _FICKLE_NEEDED:
        context.fail(
            context.listing.lists.clauses.reach,
            "right credentials are accepted",
            expected="the list, as for the same request before and after",
            actual=f"{refused.told_error}; so {_FICKLE_NEEDED} times in {context.requests} requests",
            exchange=refused,
            inferred=context.listing.outcome.error.code_at is None,
            difference="right credentials are refused now and then",
        )


# --- the end ------------------------------------------------------------------------------------------------


def _finish_run(
    context: CheckContext, mirror: Mirror, options: CheckOptions, *, interrupted: str | None
) -> RunReport:
    _judge_server_errors(context)
    _record_open_choices(context)
    blocked = context.facts.blocked
    only = set(options.only)
    results: list[ClauseResult] = []
    for clause_id in context.results.clauses:
        default, reason = _default_verdict(context, mirror, clause_id, interrupted)
        if only and clause_id not in only:
            continue
        result = context.results.result_of(clause_id, default=default, reason=reason)
        results.append(replace(result, reason=context.evidence.pseudonymize(result.reason)))
    findings = context.results.findings(only)
    for finding in findings:
        context.listen(FindingMade(finding=finding))
    for result in results:
        context.listen(ClauseJudged(result=result))
    told = [line for one in findings for line in (one.curl, one.replay, *(step.curl for step in one.steps))]
    access = context.listing.access
    variables = variable_notes(
        told,
        options.secrets,
        tokens=context.evidence.secrets,
        signing=signing_line(access),
        signature=describe_signature(signature_of(access, context.identity.credentials)),
    )
    # Of a target that died in the middle nobody knows what it would have said.
    colour = Colour.RED if context.crashes or context.facts.gone else gate_colour(results)
    rows = len(mirror.rows)
    notes = map(context.evidence.pseudonymize, context.notes)
    report = RunReport(
        api=context.spec.id,
        title=context.spec.title,
        target=options.target,
        gate=options.gate,
        colour=colour,
        exit_code=_exit_code(
            results,
            colour,
            blocked=context.facts.gone or (blocked is not None and context.accepted_request is None),
            rows=rows,
            options=options,
            interrupted=interrupted,
        )
        if not context.crashes
        else 3,
        seed=options.seed,
        requests=context.requests,
        seconds=0.0,
        dialect={name: written_value(value) for name, value in context.dialect.certain_answers().items()},
        clauses=tuple(results),
        findings=findings,
        notes=tuple(dict.fromkeys((*notes, *variables))),
        evidence=options.evidence,
        spec_version=context.listing.version,
        harness_version=options.harness_version,
        interrupted=interrupted,
        rows_seen=rows,
        limits=options.limits,
    )
    context.listen(RunEnded(report=report))
    return report


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
    exercised = any(result.verdict in (Verdict.PASS, Verdict.FAIL) for result in results)
    if (rows == 0 and not options.allow_empty) or not exercised:
        return 5
    return 0


def _default_verdict(
    context: CheckContext, mirror: Mirror, clause_id: ClauseId, interrupted: str | None
) -> tuple[Verdict, str]:
    """The verdict of a clause that nothing touched."""
    clause = context.results.clauses[clause_id]
    if clause.excluded is not None:
        return Verdict.NOT_APPLICABLE, f"{clause.excluded.code}: {clause.excluded.why}"
    if "known-world" in clause.checked_by:
        return Verdict.NOT_APPLICABLE, "only a run with --world knows the truth about it"
    if context.crashes:
        return Verdict.ERROR, f"the harness itself failed: {context.crashes[0]}"
    blocked = context.facts.blocked
    if blocked is not None:
        return Verdict.BLOCKED, blocked
    if interrupted is not None:
        return Verdict.NOT_RUN, f"interrupted by {interrupted}"
    if context.out_of_budget is not None:
        return Verdict.NOT_RUN, f"the budget of {context.out_of_budget} is used up"
    if not mirror.rows:
        return Verdict.NOT_EXERCISED, "the target shows no rows"
    paging = context.listing.paging
    if isinstance(paging, CursorPaging) and clause_id in paging.clauses.stable and not mirror.volatile:
        return Verdict.NOT_APPLICABLE, "no call arrived during a walk: the list stood still"
    return Verdict.NOT_EXERCISED, "nothing in this run could show it"


def _repeat_server_errors(context: CheckContext) -> None:
    """Repeats a request that got a server error, to tell a defect from chance."""
    again: list[Exchange] = []
    for exchange in list(context.server_errors)[:3]:
        if exchange.code is not MISSING:
            # Some APIs tell their errors so.
            continue
        repeated = context.send(
            exchange.list_request, f"again: {exchange.purpose}", credentials=exchange.list_request.credentials
        )
        if isinstance(repeated.response, HttpResponse) and repeated.response.http_status >= 500:
            again.append(repeated)
    context.facts.repeated_server_errors = tuple(again)


def _judge_server_errors(context: CheckContext) -> None:
    clause = ClauseId("HTTP-SERVER-ERRORS")
    again = context.facts.repeated_server_errors
    errors = [exchange for exchange in context.server_errors if exchange.code is MISSING]
    more = context.more_server_errors if errors else 0
    if again or len(errors) >= 3:
        context.fail(
            (clause,),
            "a well-formed request does not get a server error again and again",
            expected="no HTTP 5xx",
            actual=f"HTTP 5xx for {len(errors) + more} of {context.requests} requests",
            exchange=again[0] if again else errors[0],
        )
    elif context.requests and context.facts.blocked is None:
        context.results.record_pass((clause,), times=context.requests)


def _record_open_choices(context: CheckContext) -> None:
    """Records the reading that the server follows for each open choice with a clause of its own."""
    answers = context.dialect.certain_answers()
    for name, choice in context.spec.choices.items():
        if choice.clause and name in answers and not context.results.first_failed(choice.clause):
            context.results.record_observed(choice.clause, f"{name}: {written_value(answers[name])}")
