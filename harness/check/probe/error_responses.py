"""Judgement of error responses: what is wrong with a refusal is confirmed and blamed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final

from harness.check.context import CheckContext, Exchange
from harness.check.probe.differences import Aspect
from harness.specification.model import ClauseId, Clauses, EnvelopeField, ErrorKind, OpenChoice
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import MISSING

ROW_ASPECTS: Final[tuple[Aspect, ...]] = ("unreadable", "outcome", "count", "rows", "size")


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
    context: CheckContext, clauses: Clauses, *, expected: str, actual: str, exchange: Exchange, kind: str = ""
) -> None:
    """Writes a confirmed breach under the first clause that can be broken; a `may` is observed."""
    firm = enforceable_clauses(context, clauses)
    if not firm:
        context.results.record_observed(clauses, actual)
        return
    known = context.clause(firm[0])
    says = known.says if known else ""
    context.fail(firm, says, expected=expected, actual=actual, exchange=exchange, difference=kind)


def record_kept(context: CheckContext, clauses: Clauses, reading: str) -> None:
    """Records a witness of the clauses; of a `may` the reading that was observed."""
    firm = enforceable_clauses(context, clauses)
    context.results.record_pass(firm)
    context.results.record_observed(tuple(name for name in clauses if name not in firm), reading)


def describe_answer(exchange: Exchange) -> str:
    """An answer in a few words."""
    answer = exchange.answer
    if answer is None:
        return "no answer"
    if answer.outcome == "unreadable":
        return f"an answer that cannot be read (HTTP {answer.http_status})"
    if answer.outcome == "error":
        return f"the error {answer.code!r} (HTTP {answer.http_status})"
    return "a success" + (f" with {len(exchange.rows)} rows" if exchange.rows is not None else "")


def is_refused(exchange: Exchange) -> bool:
    """Whether the answer is an error, be it one that only its HTTP status tells."""
    answer = exchange.answer
    if answer is None:
        return False
    return answer.outcome == "error" or (answer.outcome == "unreadable" and answer.http_status >= 400)


# --- how a refusal is told ----------------------------------------------------------------------------------


def judge_error_response(
    context: CheckContext,
    exchange: Exchange,
    fault: str,
    clauses: Clauses,
    *,
    parameter: str = "",
    operation: str = "",
    status: bool = True,
) -> Generator[None, None, bool | None]:
    """Judges an answer that is due the named fault; True when it is an error, whatever its form.

    A success breaks `clauses`, another code the clause of the fault, another HTTP status (where the fault has one
    of its own, and unless `status` is False) `clauses`, a silent message the fault's clause on names. What is wrong
    is confirmed by sending the same bytes again.
    """
    if is_breakdown(context, exchange, fault):
        yield from _confirm_breakdown(context, exchange, fault, clauses)
        return None
    if context.note_unusable(exchange, clauses):
        return None
    problems = _error_problems(context, exchange, fault, clauses, parameter, operation, status)
    again: list[tuple[str, Clauses, str, str]] = []
    if any(still_unbroken(context, blamed) for _, blamed, _, _ in problems):
        second = repeat_exchange(context, exchange)
        yield
        if context.note_unusable(second, clauses):
            return None
        again = _error_problems(context, second, fault, clauses, parameter, operation, status)
    kinds = {kind for kind, _, _, _ in again}
    for kind, blamed, expected, actual in problems:
        if kind in kinds:
            report_breach(context, blamed, expected=expected, actual=actual, exchange=exchange, kind=kind)
        elif still_unbroken(context, blamed):
            context.results.record_inconclusive(blamed, "not repeatable")
        else:
            context.results.record_observed(blamed, actual)
    wrong = {kind for kind, _, _, _ in problems}
    if "unreadable" in wrong:
        return None
    if "outcome" in wrong:
        return False
    told_by = context.listing.outcome.faults.get(fault)
    if not wrong & {"rows", "status"}:
        record_kept(context, clauses, describe_answer(exchange))
    if told_by is not None and exchange.answer is not None and exchange.answer.outcome == "error":
        if not wrong & {"code", "key", "message"}:
            record_kept(context, told_by.clause, describe_answer(exchange))
        if "names" not in wrong and told_by.names and (parameter or operation):
            record_kept(context, told_by.names_clause, describe_answer(exchange))
    return True


def is_breakdown(context: CheckContext, exchange: Exchange, fault: str) -> bool:
    """Whether the server failed where the named fault is due: a 5xx that is none of the ways to tell it."""
    response, answer = exchange.response, exchange.answer
    if not isinstance(response, HttpResponse) or response.http_status < 500:
        return False
    code = answer.code if answer is not None else MISSING
    if code is MISSING:
        return True
    named = context.listing.outcome.faults.get(fault)
    if named is None or str(code) in {str(one) for one in (named.code, *named.codes)}:
        # The right code under a wrong status is judged as a status.
        return False
    own = {
        str(one) for kind in context.listing.outcome.faults.values() if kind.own for one in (kind.code, *kind.codes)
    }
    return response.http_status not in error_statuses(context, named) and str(code) in own


def _confirm_breakdown(context: CheckContext, exchange: Exchange, fault: str, clauses: Clauses) -> Iterator[None]:
    """A breakdown in place of a refusal, confirmed: the probe's clause has it, or the one on server errors."""
    second = repeat_exchange(context, exchange)
    yield
    if not is_breakdown(context, second, fault):
        context.results.record_inconclusive(clauses, "a server error that did not come again")
        return
    known = {id(exchange), id(second)}
    context.server_errors = [one for one in context.server_errors if id(one) not in known]
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


def _error_problems(
    context: CheckContext,
    exchange: Exchange,
    fault: str,
    clauses: Clauses,
    parameter: str,
    operation: str,
    status: bool,
) -> list[tuple[str, Clauses, str, str]]:
    """What is wrong with a refusal: a kind, the clauses to blame, expected, actual."""
    answer = exchange.answer
    if answer is None:
        return []
    due = f"an error ({fault})"
    if answer.outcome == "success":
        return [("outcome", clauses, due, describe_answer(exchange))]
    if answer.outcome == "unreadable":
        # An error page of another shape still refuses; that it cannot be read is told under the format's clause.
        return [] if answer.http_status >= 400 else [("unreadable", (), due, describe_answer(exchange))]
    found: list[tuple[str, Clauses, str, str]] = []
    error = context.listing.outcome.error
    if exchange.rows and context.facts.rows_in_errors is None:
        context.facts.rows_in_errors = (fault, clauses)
    first_told = context.facts.rows_in_errors in (None, (fault, clauses))
    if exchange.rows and not error.clauses.no_rows and first_told:
        found.append(("rows", clauses, "an error without rows", f"an error with {len(exchange.rows)} rows"))
    named = context.listing.outcome.faults.get(fault)
    if named is None:
        return found
    codes = {str(code) for code in (named.code, *named.codes) if code is not None}
    shapeless = answer.code is MISSING and context.results.first_failed(error.clauses.shape) is not None
    # A part that is missing or of another type breaks the promise of the envelope, which every answer is held to.
    promised = {part.at: part for part in context.listing.outcome.envelope.values()}
    if (
        codes
        and str(answer.code) not in codes
        and not _is_misshapen(answer.code, promised.get(error.code_at))
        and not shapeless
        and not _is_known_odd_code(context, fault, answer.code)
    ):
        found.append(("code", named.clause, f"the code {' or '.join(sorted(codes))}", describe_answer(exchange)))
    if status and not _is_known_bad_status(context, answer.http_status):
        wanted = error_statuses(context, named)
        known = context.results.first_failed(error.clauses.http)
        if (
            wanted
            and not known
            and answer.http_status not in wanted
            and str(answer.http_status) != _repeatable_code(context, exchange)
        ):
            listed = " or ".join(str(one) for one in sorted(wanted))
            status_clauses = named.clause or error.clauses.http or clauses
            found.append(("status", status_clauses, f"the HTTP status {listed}", describe_answer(exchange)))
    _learn_status(context, named, answer.http_status)
    message = answer.message if isinstance(answer.message, str) else ""
    wants = {"parameter": parameter, "operation": operation}
    silent = [wants[what] for what in named.names if wants[what] and wants[what].lower() not in message.lower()]
    told_not = _is_misshapen(answer.message, promised.get(error.message_at or ""))
    if silent and not told_not:
        found.append(("names", named.names_clause, f"a message that names {' and '.join(silent)}", repr(message)))
    if named.speaks and not message.strip() and not silent and not told_not:
        found.append(("message", named.clause, "a message that says something", repr(answer.message)))
    unkeyed = error.key_at is None or _is_misshapen(answer.key, promised.get(error.key_at))
    if parameter and not unkeyed and named.clause and "code" not in {kind for kind, *_ in found}:
        key = answer.key if isinstance(answer.key, str) else ""
        others = set(context.listing.parameters) - {parameter}
        if not key or key in others:
            found.append(("key", named.clause, f"the key {parameter}", f"the key {answer.key!r}"))
    return found


def _is_misshapen(value: object, part: EnvelopeField | None) -> bool:
    """Whether an envelope part is not there, or of another type than the one that it promises."""
    if part is None or not part.clause:
        return False
    if value is MISSING:
        return True
    text = str(value)
    return part.as_ in ("integer", "digits") and not (isinstance(value, int | str) and text.lstrip("-").isdigit())


def _is_known_odd_code(context: CheckContext, fault: str, code: object) -> bool:
    """Whether a code that stands for nothing was already told for another fault: one defect, however often."""
    faults = context.listing.outcome.faults
    if any(str(code) in {str(one) for one in (known.code, *known.codes)} for known in faults.values()):
        return False
    known_codes = context.facts.odd_codes
    context.facts.odd_codes = {str(code): fault, **known_codes}
    named = faults[fault].clause
    return str(code) in known_codes and faults[known_codes[str(code)]].clause != named


def _is_known_bad_status(context: CheckContext, status: int) -> bool:
    """Whether no error at all may come with this status, and that was told already."""
    error = context.listing.outcome.error
    legal = error.http.options if isinstance(error.http, OpenChoice) else (error.http,)
    patterns = {"4xx": 400 <= status < 500, "5xx": status >= 500, "same-as-code": True}
    fits = status in legal or any(patterns.get(word, False) for word in error.https)
    return not fits and context.results.first_failed(error.clauses.http) is not None


def error_statuses(context: CheckContext, fault: ErrorKind) -> set[int]:
    """The HTTP statuses of a fault that has some of its own; empty where it has none."""
    if fault.http is None:
        return set()
    own = fault.http.options if isinstance(fault.http, OpenChoice) else (fault.http,)
    return {*own, *fault.https}


def _repeatable_code(context: CheckContext, exchange: Exchange) -> str:
    """The code that the HTTP status may repeat."""
    same = "same-as-code" in context.listing.outcome.error.https
    return str(exchange.answer.code) if same and exchange.answer is not None else ""


def _learn_status(context: CheckContext, fault: ErrorKind, status: int) -> None:
    if (
        isinstance(fault.http, OpenChoice)
        and status in fault.http.options
        and not context.dialect.candidates_of(fault.http.id)
    ):
        context.dialect.fix_answer(fault.http.id, status, "an error")
