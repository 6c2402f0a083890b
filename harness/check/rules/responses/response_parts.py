"""What stands around the rows of every response: envelope, success, error, values repeated."""

from __future__ import annotations

from collections.abc import Iterator

from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.responses.judged_response import JudgedResponse, has_type, part_at
from harness.integers import is_integer
from harness.specification.echo_types import is_integer_echo
from harness.specification.model import CursorPaging, Echo, EnvelopeField, ErrorKind, IdForm, OpenChoice, Scalar
from harness.specification.value_forms import described_form, id_pattern
from harness.wire.decoded_body import Tree
from harness.wire.decoded_body import printable_text as in_ascii
from harness.wire.derived_fields import same_constant
from harness.wire.json_body import MISSING, Missing
from harness.wire.other_forms import says_nothing
from harness.wire.parameter_codec import is_blank
from harness.wire.response_codec import DecodedResponse, filled_value, same_scalar
from harness.wire.scalar_codecs import DecodeError, zone_named
from harness.wire.told_outcome import scalar_text, statuses_of
from harness.wire.zone_codec import read_zone

# --- the envelope -------------------------------------------------------------------------------------------


def check_envelope(judge: JudgedResponse, answer: DecodedResponse) -> None:
    """Judges the parts that stand around the rows: there, of their type, of their values."""
    for part in judge.context.listing.outcome.envelope.values():
        if part.when not in ("always", answer.outcome):
            continue
        if any(part.at.startswith(f"{pointer}/") for pointer in judge.lost_pointers):
            continue
        value = part_at(answer, part.at)
        if value is MISSING:
            if not part.optional:
                judge.lost_pointers.append(part.at)
                judge.report_breach(
                    part.clause or part.form_clause,
                    expected=part.at,
                    actual="it is missing",
                    at=part.at,
                    difference=f"part absent {part.at}",
                )
            continue
        wrong = _expected_part(judge, part, value)
        if wrong is None:
            judge.record_pass(part.clause)
            judge.record_pass(part.form_clause)
            continue
        judge.lost_pointers.append(part.at)
        clauses = part.form_clause or part.clause
        # An id that is new in each answer is not wrong in the same way again.
        at = "" if part.fresh is not None else part.at
        judge.report_breach(clauses, expected=f"{part.at}: {wrong}", actual=in_ascii(value), at=at)
    _check_zone_echo(judge, answer)
    _observe_optional_parts(judge, answer)


def _expected_part(judge: JudgedResponse, part: EnvelopeField, value: Tree | Missing) -> str | None:
    """What the part should be, or None when it is."""
    text = judge.context.is_xml
    if part.constant:
        known = not isinstance(value, Missing) and any(same_constant(one, value, text=text) for one in part.constant)
        return None if known else " or ".join("null" if one is None else repr(one) for one in part.constant)
    if part.fresh is not None:
        return _expected_fresh_id(judge, part.at, part.fresh, value)
    if not has_type(part.as_, value, text=text):
        return f"{'an' if part.as_[0] in 'aeiou' else 'a'} {part.as_}"
    among = part.values if part.other_values == "refused" else ()
    if among and not any(same_scalar(wanted, value, text=text) for wanted in among):
        return f"one of {', '.join(str(wanted) for wanted in among)}"
    if part.non_empty and value == "":
        return "a text that is not empty"
    if part.least_items and isinstance(value, list) and len(value) < part.least_items:
        return f"a list of at least {part.least_items}"
    return None


def _expected_fresh_id(judge: JudgedResponse, pointer: str, form: IdForm | str, value: Tree | Missing) -> str | None:
    """What the id of an answer should be: one of its form, that no answer to another request has."""
    if not isinstance(value, str) or id_pattern(form).fullmatch(value) is None:
        return described_form(form)
    asked = judge.exchange.request
    first = judge.memory.fresh_ids.setdefault((pointer, value), asked)
    return None if first == asked else "an id that no other answer has"


def _check_zone_echo(judge: JudgedResponse, answer: DecodedResponse) -> None:
    """The answer names a time zone that is known, and the one that was asked for."""
    zone = judge.context.listing.zone
    if zone is None or zone.echo is None or answer.outcome != "success":
        return
    echoed = part_at(answer, zone.echo)
    if not isinstance(echoed, str):
        return
    known = judge.memory.checked_by.get("known-zone", ())
    try:
        named = zone_named(read_zone(zone, echoed))
    except DecodeError as error:
        judge.report_breach(
            known or zone.clauses.echo, expected=error.expected, actual=in_ascii(echoed), at=zone.echo
        )
        return
    judge.record_pass(known)
    requested = judge.exchange.list_request.values.get(zone.parameter) if zone.parameter else None
    if not isinstance(requested, str) or not requested or requested in zone.account_words:
        return
    try:
        wanted = zone_named(read_zone(zone, requested))
    except DecodeError:
        return
    if echoed == requested or _same_zone(named.key, wanted.key):
        judge.record_pass(zone.clauses.echo)
    else:
        judge.report_breach(
            zone.clauses.echo, expected=f"{zone.echo}: {requested}", actual=in_ascii(echoed), at=zone.echo
        )


def _same_zone(first: str, second: str) -> bool:
    """Whether two names mean one zone of the world's database, as far as a name tells."""
    zero = {"utc", "gmt", "etc/utc", "etc/gmt", "etc/uct", "uct", "zulu", "etc/zulu", "etc/universal", "universal"}
    left, right = first.lower(), second.lower()
    return left == right or (left in zero and right in zero)


def _observe_optional_parts(judge: JudgedResponse, answer: DecodedResponse) -> None:
    for pointer, clauses in judge.context.listing.transport.optional_parts.items():
        there = "is given" if part_at(answer, pointer) is not MISSING else "is left out"
        may = [name for name in clauses if (known := judge.context.clause(name)) and known.level == "may"]
        judge.context.results.record_observed(tuple(may), f"{pointer} {there}")


# --- success ------------------------------------------------------------------------------------------------


def check_success(judge: JudgedResponse, answer: DecodedResponse) -> None:
    """Judges how a success is told: its HTTP status and the values of its marks."""
    listing = judge.context.listing
    success = listing.outcome.success
    http = listing.outcome.error.clauses.http if success.shows else ()
    if answer.http_status not in (success.http, *success.https):
        clauses = (*http, *success.clause, *listing.lists.clauses.reach)
        expected, actual = f"HTTP {success.http}", f"HTTP {answer.http_status}"
        judge.report_breach(clauses, expected=expected, actual=actual, at="status")
    judge.record_pass(http)
    for pointer, wanted in success.shows.items():
        value = part_at(answer, pointer)
        if value is MISSING or pointer in judge.lost_pointers:
            # Types and presence are promised elsewhere.
            continue
        if pointer == listing.outcome.error.code_at:
            # Rows told the success where another code stands.
            if not says_nothing(value) and scalar_text(value) != str(wanted):
                actual = f"rows, and the code {in_ascii(value)}"
                judge.report_breach(success.clause, expected=f"{pointer}: {wanted}", actual=actual, at=pointer)
        elif not same_scalar(wanted, value, text=judge.context.is_xml):
            expected = f"{pointer}: {in_ascii(wanted)}"
            judge.report_breach(success.clause, expected=expected, actual=in_ascii(value), at=pointer)
    judge.record_pass(success.clause)
    if not judge.is_unusual_request():
        judge.record_pass(listing.lists.clauses.reach)


def check_echoed_values(judge: JudgedResponse, answer: DecodedResponse) -> None:
    """Judges the values of the request that the response repeats."""
    for echo in judge.context.listing.echoes:
        echoed = part_at(answer, echo.at)
        if (
            any(f"{echo.at}/".startswith(f"{pointer}/") for pointer in judge.lost_pointers)
            or judge.exchange.list_request.repeated.get(echo.of)
            or not judge.context.parameters_work(echo.of)
        ):
            continue
        due = _expected_echo(judge, echo)
        if due is None or (echoed is MISSING and "" in due):
            continue
        if str(echoed) in due and _has_echo_type(judge, echo, echoed):
            judge.record_pass(echo.clause)
        elif not any(
            meaning.error_name for _, meaning in judge.context.expected_answers(judge.exchange.list_request)
        ):
            # What should have been refused need not be repeated either.
            actual = "it is missing" if echoed is MISSING else in_ascii(echoed)
            kind = ", an integer" if _is_integer_echo(judge, echo) else ""
            wanted = due[0] if kind else in_ascii(due[0])
            judge.report_breach(echo.clause, expected=f"{echo.at}: {wanted}{kind}", actual=actual, at=echo.at)


def _is_integer_echo(judge: JudgedResponse, echo: Echo) -> bool:
    """Whether an echo must be an integer: JSON, of a parameter that is one."""
    return is_integer_echo(judge.context.listing, echo) and not judge.context.is_xml


def _has_echo_type(judge: JudgedResponse, echo: Echo, echoed: Tree | Missing) -> bool:
    if echoed == "" or _is_integer_echo(judge, echo):
        return echoed == "" or is_integer(echoed)
    return isinstance(echoed, str) if echo.as_ == "text" else not isinstance(echoed, dict | list | bool)


def _expected_echo(judge: JudgedResponse, echo: Echo) -> tuple[str, ...] | None:
    """The texts that may be repeated; None when that is open."""
    listing = judge.context.listing
    parameter = listing.parameters[echo.of]
    raw = judge.exchange.list_request.values.get(echo.of)
    if is_blank(raw):
        if not echo.exact or parameter.default is None:
            return None
        return (str(parameter.default),)
    value = judge.parameter_value(echo.of)
    if value is None:
        return None
    if raw in parameter.number_words:
        return (str(value),)
    paging = listing.paging
    words = (*paging.start_words, *paging.end_words) if isinstance(paging, CursorPaging) else ()
    # A word that means the first or the last page may be told as what it stands for: nothing.
    return (str(raw), "") if raw in words else (str(raw),)


# --- errors -------------------------------------------------------------------------------------------------


def check_error(judge: JudgedResponse, answer: DecodedResponse) -> None:
    """Judges how an error is told: its parts, HTTP status and code, and that no rows come with it."""
    shape = judge.context.listing.outcome.error
    clauses = shape.clauses.shape
    if not isinstance(answer.tree, dict):
        # A text or nothing at all, which the spec knows: its form is judged where it is due.
        _check_error_status(judge, answer)
        return
    if shape.code_at is not None and not _has_legible_code(judge, answer, shape.code_at):
        return
    if (
        shape.message_at is not None
        and not isinstance(answer.message, str)
        and shape.message_at not in judge.lost_pointers
    ):
        told_message = "it is missing" if answer.message is MISSING else in_ascii(answer.message)
        judge.report_breach(
            clauses or judge.shape_clauses(), expected=f"a text at {shape.message_at}", actual=told_message
        )
    _check_error_message(judge, answer)
    own = {
        pointer
        for fault in judge.context.listing.outcome.faults.values()
        if answer.http_status in statuses_of(judge.context.listing, fault)
        for pointer in fault.shows
    }
    for pointer, shown in shape.shows.items():
        if pointer in own:
            # An error of its own form may stand behind that status.
            continue
        wanted, value = filled_value(shown, answer.http_status, answer.code), part_at(answer, pointer)
        if not same_scalar(wanted, value, text=judge.context.is_xml):
            judge.report_breach(clauses, expected=f"{pointer}: {in_ascii(wanted)}", actual=in_ascii(value))
    judge.record_pass(clauses)
    _check_error_status(judge, answer)
    _check_error_code(judge, answer)
    _check_error_rows(judge, answer)


def _check_error_message(judge: JudgedResponse, answer: DecodedResponse) -> None:
    """Judges that an error is not described in the fixed words of a success."""
    outcome = judge.context.listing.outcome
    message_at = outcome.error.message_at
    praise = outcome.success.shows.get(message_at) if message_at is not None else None
    if praise is None or answer.message != praise:
        return
    judge.report_breach(
        outcome.error_message_clauses or judge.shape_clauses(),
        expected=f"{message_at}: what went wrong",
        actual=f"{in_ascii(answer.message)}, as in a success",
        at=message_at or "",
    )


def _has_legible_code(judge: JudgedResponse, answer: DecodedResponse, code_at: str) -> bool:
    """Judges the code of an error; False where the rest is not asked any more."""
    shape = judge.context.listing.outcome.error
    clauses = shape.clauses.shape
    if answer.code is MISSING:
        # Where an envelope part promises the code, that part was found missing already.
        judge.report_breach(clauses, expected=f"an error told at {code_at}", actual=judge.exchange.told_error)
        return False
    if not has_type(shape.code_as, answer.code, text=judge.context.is_xml):
        expected = f"{code_at}: {shape.code_as}"
        if code_at not in judge.lost_pointers:
            judge.report_breach(clauses or judge.shape_clauses(), expected=expected, actual=in_ascii(answer.code))
        # What such a code says is not asked any more.
        return False
    return True


def _check_error_status(judge: JudgedResponse, answer: DecodedResponse) -> None:
    shape = judge.context.listing.outcome.error
    http = shape.clauses.http
    faults = [
        fault
        for fault in judge.context.listing.outcome.faults.values()
        if shape.code_at is None or str(answer.code) in {str(code) for code in _error_codes(fault)}
    ]
    legal = _possible_statuses(judge, shape.http)
    for fault in faults:
        legal |= _possible_statuses(judge, fault.http) | set(fault.https)
    status = answer.http_status
    patterns = {"4xx": 400 <= status < 500, "5xx": status >= 500, "same-as-code": str(status) == str(answer.code)}
    if status not in legal and not any(patterns[word] for word in shape.https if word in patterns):
        if status >= 500 and any(fault.own for fault in faults):
            # A server that breaks down: what it broke down over is judged where it was asked.
            return
        wanted = [*(str(one) for one in sorted(legal)), *shape.https]
        around = "" if shape.code_at is None else f" around the code {in_ascii(answer.code)}"
        expected = f"HTTP {' or '.join(wanted)}{around}"
        judge.report_breach(http, expected=expected, actual=f"HTTP {status}")
        return
    judge.record_pass(http)
    for choice in (shape.http, *(fault.http for fault in faults)):
        if isinstance(choice, OpenChoice) and status in choice.options:
            key = f"{choice.id}={answer.code}"
            if not judge.context.dialect.candidates_of(key):
                judge.context.dialect.fix_answer(key, status, judge.exchange.purpose)


def _possible_statuses(judge: JudgedResponse, http: int | OpenChoice[int] | None) -> set[int]:
    return {one for one in judge.context.dialect.possible_answers(http) if isinstance(one, int)}


def _check_error_code(judge: JudgedResponse, answer: DecodedResponse) -> None:
    shape = judge.context.listing.outcome.error
    if not shape.only_codes or shape.code_at is None:
        return
    way = judge.exchange.list_request.encoding_name
    if answer.http_status in (405, 415) and way not in (None, judge.context.request_encoding):
        # Another method or media type, which HTTP itself refuses, is no request of the API, whose codes are promised.
        return
    clauses = shape.clauses.only_codes
    if str(answer.code) in {str(code) for code in shape.only_codes}:
        judge.record_pass(clauses)
        return
    wanted = ", ".join(str(code) for code in shape.only_codes)
    judge.report_breach(clauses, expected=f"one of the codes {wanted}", actual=in_ascii(answer.code))


def _check_error_rows(judge: JudgedResponse, answer: DecodedResponse) -> None:
    shape = judge.context.listing.outcome.error
    clauses = shape.clauses.no_rows
    raw = answer.rows_raw
    nothing = raw is MISSING or raw is None
    empty = raw in ([], "")
    if (nothing and shape.no_rows != "empty") or (empty and shape.no_rows != "absent"):
        judge.record_pass(clauses)
        return
    held = rows_in_words(len(raw)) if isinstance(raw, list) else in_ascii(raw)
    wanted = {"absent": "nothing", "empty": "an empty list", "absent-or-empty": "nothing, or an empty list,"}
    judge.report_breach(
        clauses,
        expected=f"{wanted[shape.no_rows]} at {judge.context.listing.lists.rows_at} of an error",
        actual="it is missing" if raw is MISSING else held,
        at=judge.context.listing.lists.rows_at or "",
    )


def _error_codes(fault: ErrorKind) -> Iterator[Scalar]:
    if fault.code is not None:
        yield fault.code
    yield from fault.codes
