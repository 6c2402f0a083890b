"""Judgement of error responses: what is wrong with a refusal is confirmed and blamed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.check.context import CheckContext, Exchange
from harness.check.probe.answer_checks import NO_LIST, AnswerCheck, seen_check
from harness.check.probe.differences import Aspect
from harness.check.probe.expect import ProbeResult, check_probe
from harness.check.probe.mirror import Mirror
from harness.check.results.row_numbers import rows_in_words
from harness.specification.answer_place import named_place
from harness.specification.model import ClauseId, Clauses, ErrorBody, ErrorKind, OpenChoice, options_of
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import MISSING, tree_at
from harness.wire.list_request import ListRequest
from harness.wire.range_values import sent_name
from harness.wire.response_codec import DecodedResponse, error_media_type, filled_value, same_scalar
from harness.wire.told_outcome import statuses_of

OUTCOME_ASPECTS: Final[tuple[Aspect, ...]] = ("unreadable", "outcome")
ROW_ASPECTS: Final[tuple[Aspect, ...]] = (*OUTCOME_ASPECTS, "count", "rows", "size")


# --- sending again, blaming, witnessing ---------------------------------------------------------------------


def repeat_exchange(context: CheckContext, exchange: Exchange) -> Exchange:
    """Sends the very same bytes once more."""
    return context.send(
        exchange.list_request,
        f"again: {exchange.purpose}",
        credentials=exchange.list_request.credentials,
        witness=False,
        edit=lambda _: exchange.request,
    )


def enforceable_clauses(context: CheckContext, clauses: Clauses) -> Clauses:
    """Those of the clauses that can be broken: a `may` is only observed."""
    return tuple(name for name in clauses if (known := context.clause(name)) is not None and known.level != "may")


def report_breach(
    context: CheckContext,
    clauses: Clauses,
    *,
    expected: str,
    actual: str,
    exchange: Exchange,
    kind: str = "",
    check: AnswerCheck | None = None,
) -> None:
    """Writes a confirmed breach under the first clause that can be broken; a `may` is observed.

    `check` is what the answer must be; without one, it must no longer be what it was.
    """
    firm = enforceable_clauses(context, clauses)
    if not firm:
        context.results.record_observed(clauses, actual)
        return
    known = context.clause(firm[0])
    says = known.says if known else ""
    check = check or seen_check(context, exchange)
    context.fail(firm, says, expected=expected, actual=actual, exchange=exchange, difference=kind, check=check)


def record_kept(context: CheckContext, clauses: Clauses, reading: str) -> None:
    """Records a witness of the clauses; of a `may` the reading that was observed."""
    firm = enforceable_clauses(context, clauses)
    context.results.record_pass(firm)
    context.results.record_observed(tuple(name for name in clauses if name not in firm), reading)


def judge_twice(
    context: CheckContext,
    exchange: Exchange,
    clauses: Clauses,
    wrong: Callable[[Exchange], str],
    *,
    expected: str,
    doubtful: Clauses = (),
    check: AnswerCheck | None = None,
) -> bool | None:
    """Whether an answer is right by what `wrong` says of it: a few words, none of a right one.

    What is wrong is told when the same bytes show it again; where they do not, the clauses of `doubtful` are
    inconclusive. None where nobody can tell.
    """
    if context.note_unusable(exchange, clauses):
        return None
    if not wrong(exchange):
        record_kept(context, clauses, describe_answer(exchange))
        return True
    second = repeat_exchange(context, exchange)
    actual = wrong(second)
    if not actual:
        context.results.record_inconclusive(doubtful, "not repeatable")
        return None
    report_breach(context, clauses, expected=expected, actual=actual, exchange=second, check=check)
    return False


def describe_answer(exchange: Exchange) -> str:
    """An answer in a few words."""
    answer = exchange.answer
    if answer is None:
        return "no answer"
    if answer.outcome == "unreadable":
        return f"an answer that cannot be read (HTTP {answer.http_status})"
    if answer.outcome == "error" and answer.code is MISSING:
        return f"an error (HTTP {answer.http_status})"
    if answer.outcome == "error":
        return f"the error {answer.code!r} (HTTP {answer.http_status})"
    return "a success" + (f" with {rows_in_words(len(exchange.rows))}" if exchange.rows is not None else "")


# --- how a refusal is told ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    """What is due: the fault, the clauses that promise it, and the names that the message may have to tell."""

    fault: str
    clauses: Clauses
    parameter: str
    operation: str
    status: bool
    """Whether the HTTP status is judged."""


@dataclass(frozen=True, slots=True)
class _Problem:
    """One way in which a refusal is wrong, with the clauses to blame."""

    kind: str
    clauses: Clauses
    expected: str
    actual: str


def judge_error_response(
    context: CheckContext,
    exchange: Exchange,
    fault: str,
    clauses: Clauses,
    *,
    parameter: str = "",
    operation: str = "",
    status: bool = True,
) -> bool | None:
    """Judges an answer that is due the named fault; True when it is an error, whatever its form.

    A success breaks `clauses`, another code the clause of the fault, another HTTP status (where the fault has one
    of its own, and unless `status` is False) `clauses`, a silent message the fault's clause on names. What is wrong
    is confirmed by sending the same bytes again.
    """
    if is_breakdown(context, exchange, fault):
        _confirm_breakdown(context, exchange, fault, clauses)
        return None
    if context.note_unusable(exchange, clauses):
        return None
    named = sent_name(context.listing, parameter)
    due = _Refusal(fault=fault, clauses=clauses, parameter=named, operation=operation, status=status)
    problems = _error_problems(context, exchange, due)
    again: list[_Problem] = []
    if any(still_unbroken(context, problem.clauses) for problem in problems):
        second = repeat_exchange(context, exchange)
        if context.note_unusable(second, clauses):
            return None
        again = _error_problems(context, second, due)
    _report_problems(context, exchange, problems, {problem.kind for problem in again})
    wrong = {problem.kind for problem in problems}
    if "unreadable" in wrong:
        return None
    if "outcome" in wrong:
        return False
    _record_told(context, exchange, due, wrong)
    return True


def check_refusable(
    context: CheckContext,
    mirror: Mirror,
    ask: ListRequest,
    purpose: str,
    clauses: Clauses,
    fault: str,
    *,
    only: Sequence[Aspect] = ROW_ASPECTS,
    blame: Mapping[Aspect, Clauses] | None = None,
    parameter: str = "",
) -> ProbeResult:
    """Judges a request that may have to be refused by its rows, or by how the fault is told where an error is due."""
    judged = check_probe(context, mirror, ask, purpose, clauses, only=only, blame=blame)
    if judged.passed and judged.due_error:
        judge_error_response(context, judged.exchange, fault, clauses, parameter=parameter)
    return judged


def _report_problems(context: CheckContext, exchange: Exchange, problems: list[_Problem], again: set[str]) -> None:
    """Writes the problems of the kinds that came again; of the others that they were seen."""
    for problem in problems:
        blamed, actual = problem.clauses, problem.actual
        if problem.kind in again:
            # A list where an error is due: that alone is wrong with it.
            check = NO_LIST if problem.kind == "outcome" and exchange.rows is not None else None
            report_breach(
                context,
                blamed,
                expected=problem.expected,
                actual=actual,
                exchange=exchange,
                kind=problem.kind,
                check=check,
            )
        elif still_unbroken(context, blamed):
            context.results.record_inconclusive(blamed, "not repeatable")
        else:
            context.results.record_observed(blamed, actual)


def _record_told(context: CheckContext, exchange: Exchange, due: _Refusal, wrong: set[str]) -> None:
    """Records what a refusal keeps: all that is not among the kinds of what is wrong."""
    reading, told_by = describe_answer(exchange), context.listing.outcome.faults.get(due.fault)
    if not wrong & {"rows", "status"}:
        record_kept(context, due.clauses, reading)
    if told_by is None or exchange.outcome != "error":
        return
    own_form = {"body", "media-type", "part"}
    if not wrong & ({"code", "key", "message"} | (set() if told_by.form_clause else own_form)):
        record_kept(context, told_by.clause, reading)
    if not wrong & own_form:
        record_kept(context, told_by.form_clause, reading)
    if not told_by.names or not (due.parameter or due.operation):
        return
    if not _is_told_by_code(context, exchange.answer, told_by):
        codes = " or ".join(sorted(told_by.told_codes))
        reason = f"no answer had the code {codes}; what should be told by it is told by {reading}"
        context.results.record_not_exercised(told_by.names_clause, reason)
    elif "names" not in wrong:
        record_kept(context, told_by.names_clause, reading)


def _is_told_by_code(context: CheckContext, answer: DecodedResponse | None, named: ErrorKind) -> bool:
    """Whether an error has a code of the fault, or the fault has none: only then is the message the fault's own."""
    if answer is None or context.listing.outcome.error.code_at is None or not named.told_codes:
        return True
    return str(answer.code) in named.told_codes


def is_breakdown(context: CheckContext, exchange: Exchange, fault: str) -> bool:
    """Whether the server failed where the named fault is due: a 5xx that is none of the ways to tell it."""
    response, answer = exchange.response, exchange.answer
    if not isinstance(response, HttpResponse) or response.http_status < 500:
        return False
    code = answer.code if answer is not None else MISSING
    if code is MISSING:
        due = context.listing.outcome.faults.get(fault)
        told = context.listing.outcome.error.code_at is None and due is not None
        return not (told and due is not None and response.http_status in statuses_of(context.listing, due))
    named = context.listing.outcome.faults.get(fault)
    if named is None or str(code) in named.told_codes:
        # The right code under a wrong status is judged as a status.
        return False
    own = any(kind.own and str(code) in kind.told_codes for kind in context.listing.outcome.faults.values())
    return own and response.http_status not in error_statuses(context, named)


def _confirm_breakdown(context: CheckContext, exchange: Exchange, fault: str, clauses: Clauses) -> None:
    """A breakdown in place of a refusal, confirmed: the probe's clause has it, or the one on server errors."""
    second = repeat_exchange(context, exchange)
    if not is_breakdown(context, second, fault):
        context.results.record_inconclusive(clauses, "a server error that did not come again")
        return
    known = {exchange.number, second.number}
    context.server_errors = [one for one in context.server_errors if one.number not in known]
    context.results.record_observed(
        tuple(name for name in clauses if name not in enforceable_clauses(context, clauses)), describe_answer(second)
    )
    firm = enforceable_clauses(context, clauses) or (ClauseId("HTTP-SERVER-ERRORS"),)
    actual = f"HTTP {second.response.http_status}" if isinstance(second.response, HttpResponse) else "no answer"
    report_breach(context, firm, expected=f"an error ({fault})", actual=actual, exchange=second, kind="broken-down")


def still_unbroken(context: CheckContext, clauses: Clauses) -> bool:
    """Whether the first clause that can be broken has not been broken yet."""
    firm = enforceable_clauses(context, clauses)
    return bool(firm) and context.results.first_failed(firm[:1]) is None


def _error_problems(context: CheckContext, exchange: Exchange, due: _Refusal) -> list[_Problem]:
    """What is wrong with a refusal, one problem of a kind."""
    answer, wanted = exchange.answer, f"an error ({due.fault})"
    if answer is None:
        return []
    if answer.outcome == "success":
        return [_Problem("outcome", due.clauses, wanted, describe_answer(exchange))]
    if answer.outcome == "unreadable":
        # An error page of another shape still refuses; that it cannot be read is told under the format's clause.
        refuses = answer.http_status >= 400
        return [] if refuses else [_Problem("unreadable", (), wanted, describe_answer(exchange))]
    rows = _problem_of_rows(context, exchange, due)
    named = context.listing.outcome.faults.get(due.fault)
    if named is None:
        return [rows] if rows else []
    code = _problem_of_code(context, exchange, answer, due.fault, named)
    status = _problem_of_status(context, exchange, answer, named, due) if due.status else None
    _learn_status(context, named, answer.http_status)
    message = _problem_of_message(context, answer, named, due)
    key = None if code else _problem_of_key(context, answer, named, due.parameter)
    own = _problem_of_own_form(context, exchange, answer, named, due)
    return [problem for problem in (rows, code, status, message, key, own) if problem is not None]


def _problem_of_rows(context: CheckContext, exchange: Exchange, due: _Refusal) -> _Problem | None:
    """An error with rows, told under the fault for which it was first met."""
    if not exchange.rows:
        return None
    met = (due.fault, due.clauses)
    context.facts.rows_in_errors = context.facts.rows_in_errors or met
    if context.listing.outcome.error.clauses.no_rows or context.facts.rows_in_errors != met:
        return None
    return _Problem(
        "rows", due.clauses, "an error without rows", f"an error with {rows_in_words(len(exchange.rows))}"
    )


def _problem_of_code(
    context: CheckContext, exchange: Exchange, answer: DecodedResponse, fault: str, named: ErrorKind
) -> _Problem | None:
    error = context.listing.outcome.error
    codes = named.told_codes
    if (
        error.code_at is None
        or not codes
        or str(answer.code) in codes
        or _is_misshapen(context, answer.code, error.code_at)
    ):
        return None
    shapeless = answer.code is MISSING and context.results.first_failed(error.clauses.shape) is not None
    if shapeless or _is_known_odd_code(context, fault, answer.code):
        return None
    return _Problem("code", named.clause, f"the code {' or '.join(sorted(codes))}", describe_answer(exchange))


def _problem_of_status(
    context: CheckContext, exchange: Exchange, answer: DecodedResponse, named: ErrorKind, due: _Refusal
) -> _Problem | None:
    error, status = context.listing.outcome.error, answer.http_status
    wanted = error_statuses(context, named)
    if not wanted or status in wanted or str(status) == _repeatable_code(context, exchange):
        return None
    if context.results.first_failed(error.clauses.http):
        return None
    listed = " or ".join(str(one) for one in sorted(wanted))
    clauses = named.clause or error.clauses.http or due.clauses
    return _Problem("status", clauses, f"the HTTP status {listed}", describe_answer(exchange))


def _problem_of_message(
    context: CheckContext, answer: DecodedResponse, named: ErrorKind, due: _Refusal
) -> _Problem | None:
    """A message that names not what it must name, or says nothing."""
    if _is_misshapen(context, answer.message, context.listing.outcome.error.message_at or ""):
        return None
    message = answer.message if isinstance(answer.message, str) else ""
    wants = {"parameter": due.parameter, "operation": due.operation}
    silent = [wants[what] for what in named.names if wants[what] and wants[what].lower() not in message.lower()]
    if silent and _is_told_by_code(context, answer, named):
        return _Problem("names", named.names_clause, f"a message that names {' and '.join(silent)}", repr(message))
    if named.speaks and not message.strip():
        return _Problem("message", named.clause, "a message that says something", repr(answer.message))
    return None


def _problem_of_key(
    context: CheckContext, answer: DecodedResponse, named: ErrorKind, parameter: str
) -> _Problem | None:
    """A key that names no parameter, or another one."""
    key_at = context.listing.outcome.error.key_at
    if not parameter or not named.clause or key_at is None or named.code_at is not None:
        return None
    if _is_misshapen(context, answer.key, key_at):
        return None
    if isinstance(answer.key, str) and answer.key and answer.key not in set(context.listing.parameters) - {parameter}:
        return None
    return _Problem("key", named.clause, f"the key {parameter}", f"the key {answer.key!r}")


def _problem_of_own_form(
    context: CheckContext, exchange: Exchange, answer: DecodedResponse, named: ErrorKind, due: _Refusal
) -> _Problem | None:
    """Another body, media type or part than the error has for itself; told where the status is one of its own."""
    listing, response = context.listing, exchange.response
    clauses = named.form_clause or named.clause
    body = _body_of(answer)
    if body not in (named.body, *named.bodies):
        if named.body == "shape":
            told = listing.outcome.error.clauses.shape or clauses or due.clauses
            return _Problem("body", told, "an error in the shape of errors", describe_answer(exchange))
        if clauses and answer.http_status in statuses_of(listing, named):
            wanted = {"empty": "an empty body", "text": "a text as the body"}[named.body]
            return _Problem("body", clauses, wanted, describe_answer(exchange))
    if not clauses or answer.http_status not in statuses_of(listing, named):
        return None
    own = body == named.body and (body == "text" or named.media_type is not None)
    media_type = error_media_type(listing, named) if own else None
    if media_type is not None and isinstance(response, HttpResponse):
        wanted = media_type.partition(";")[0].strip().lower()
        if response.media_type != wanted:
            actual = response.media_type or "no Content-Type"
            return _Problem("media-type", clauses, f"the media type {wanted}", actual)
    tree: Tree = answer.tree if isinstance(answer.tree, dict) else {}
    if named.code_at is not None and tree and tree_at(tree, named.code_at) is MISSING:
        return _Problem("place", clauses, f"its code at {named.code_at}", "none there")
    place = named_place(named.message_at or "", due.parameter)
    if due.parameter and tree and place != named.message_at and tree_at(tree, place) is MISSING:
        return _Problem("place", clauses, f"its message at {place}", describe_answer(exchange))
    for pointer, shown in named.shows.items() if tree else ():
        wanted_part, value = filled_value(shown, answer.http_status, named.code), tree_at(tree, pointer)
        if not same_scalar(wanted_part, value, text=context.is_xml):
            return _Problem("part", clauses, f"{pointer}: {wanted_part!r}", f"{pointer}: {value!r}")
    return None


def _body_of(answer: DecodedResponse) -> ErrorBody:
    """What the body of an error is."""
    if isinstance(answer.tree, dict):
        return "shape"
    return "empty" if answer.message is MISSING else "text"


def _is_misshapen(context: CheckContext, value: object, at: str) -> bool:
    """Whether an envelope part is not there, or of another type than every answer is held to."""
    part = {part.at: part for part in context.listing.outcome.envelope.values()}.get(at)
    if part is None or not part.clause:
        return False
    if value is MISSING:
        return True
    text = str(value)
    return part.as_ in ("integer", "digits") and not (isinstance(value, int | str) and text.lstrip("-").isdigit())


def _is_known_odd_code(context: CheckContext, fault: str, code: object) -> bool:
    """Whether a code that stands for nothing was already told for another fault: one defect, however often."""
    faults = context.listing.outcome.faults
    if any(str(code) in known.told_codes for known in faults.values()):
        return False
    known_codes = context.facts.odd_codes
    context.facts.odd_codes = {str(code): fault, **known_codes}
    named = faults[fault].clause
    return str(code) in known_codes and faults[known_codes[str(code)]].clause != named


def error_statuses(context: CheckContext, fault: ErrorKind) -> set[int]:
    """The HTTP statuses of a fault that has some of its own; empty where it has none."""
    if fault.http is None:
        return set()
    return {*options_of(fault.http), *fault.https}


def _repeatable_code(context: CheckContext, exchange: Exchange) -> str:
    """The code that the HTTP status may repeat."""
    same = "same-as-code" in context.listing.outcome.error.https
    return str(exchange.code) if same else ""


def _learn_status(context: CheckContext, fault: ErrorKind, status: int) -> None:
    if (
        isinstance(fault.http, OpenChoice)
        and status in fault.http.options
        and not context.dialect.candidates_of(fault.http.id)
    ):
        context.dialect.fix_answer(fault.http.id, status, "an error")
