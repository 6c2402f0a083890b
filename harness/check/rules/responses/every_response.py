"""Rules on every response, whatever was asked; they cost no requests."""

from __future__ import annotations

import re
from typing import Final

from harness.check.client.target import parse_target, resolve_redirect
from harness.check.context import CheckContext, Exchange
from harness.check.rules.responses.judged_response import JudgedResponse, response_memory
from harness.check.rules.responses.listed_rows import check_listed_rows
from harness.check.rules.responses.page_parts import check_page_parts
from harness.check.rules.responses.response_parts import (
    check_echoed_values,
    check_envelope,
    check_error,
    check_success,
)
from harness.errors import HarnessError
from harness.specification.model import ClauseId, Clauses
from harness.wire.decoded_body import ADVISORY_CODES, FormatProblem
from harness.wire.decoded_body import printable_text as in_ascii
from harness.wire.http_messages import HttpResponse, NoResponse
from harness.wire.json_body import MISSING, Missing
from harness.wire.response_codec import DecodedResponse, is_csv

_BARE_MARKUP: Final = re.compile(rb"&(?!#?[A-Za-z0-9_.-]+;)|<(?![A-Za-z_/!?])")
_TAG_NAME: Final = re.compile(rb"<([A-Za-z_][A-Za-z0-9_.-]*)")
_CHARSETS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
}


def check_response(context: CheckContext, exchange: Exchange) -> None:
    """Judges an answer by all rules that need no other answer; never raises, whatever came."""
    judge = JudgedResponse(context, exchange, response_memory(context))
    response = exchange.response
    if isinstance(response, NoResponse):
        _check_no_response(judge, response)
        return
    judge.record_standard_passes("HTTP-FRAMING", "HTTP-LIMITS", "HTTP-ENCODING")
    answer = exchange.answer
    if response.http_status == 429 or answer is None:
        return
    if response.http_status >= 500 and answer.code is MISSING:
        # One server error proves nothing; the run itself counts them.
        return
    if response.http_status < 500:
        judge.record_standard_passes("HTTP-SERVER-ERRORS")
    unusual = judge.is_unusual_request()
    if 300 <= response.http_status < 400:
        if not unusual:
            _report_redirect(judge, response)
        return
    judge.record_standard_passes("HTTP-REDIRECT")
    if answer.outcome == "unreadable":
        if not unusual:
            _report_unreadable(judge, response, answer)
        return
    if unusual and answer.outcome == "error" and answer.code is MISSING:
        return
    if isinstance(answer.tree, Missing):
        # An error without a body to be read, as the spec knows it.
        check_error(judge, answer)
        return
    _check_media_type(judge, response, answer)
    _check_problems(judge, response, answer)
    if answer.told_empty:
        judge.record_pass(_empty_clauses(judge))
        check_error(judge, answer)
        return
    if not isinstance(answer.tree, list):
        # A body that is nothing but its rows has no envelope, which was told.
        check_envelope(judge, answer)
    if answer.outcome == "success":
        _check_told_empty(judge, answer)
        check_success(judge, answer)
        check_listed_rows(judge, answer)
        check_echoed_values(judge, answer)
        check_page_parts(judge, answer)
    else:
        check_error(judge, answer)


def _check_told_empty(judge: JudgedResponse, answer: DecodedResponse) -> None:
    """A success without rows is none where the API tells that by an error."""
    fault = judge.context.listing.lists.empty_fault
    if fault is not None and answer.rows == ():
        expected = f"the error {judge.context.listing.outcome.faults[fault].code or fault}"
        judge.report_breach(_empty_clauses(judge), expected=expected, actual="a success without rows")


def _empty_clauses(judge: JudgedResponse) -> Clauses:
    listing = judge.context.listing
    return listing.no_match_clause or listing.lists.clauses.empty


def _check_no_response(judge: JudgedResponse, response: NoResponse) -> None:
    clauses = judge.memory.clauses_of_code(response.reason)
    exchange = judge.exchange
    way = judge.context.listing.transport.also.get(exchange.list_request.encoding_name or "")
    if way is not None and exchange.request.chunked and response.reason.startswith("framing:"):
        # What does not know a request in chunks (Python's http.server) answers the rest of it as another request.
        clauses = way.clause
    if clauses:
        expected, actual = "a whole answer", f"{response.reason}: {in_ascii(response.text)}"
        if exchange.request.chunked:
            expected += " to a body that is sent in chunks (Transfer-Encoding: chunked)"
            actual += "; a server that does not read chunks takes the body for another request"
        judge.report_breach(clauses, expected=expected, actual=actual)


def _report_redirect(judge: JudgedResponse, response: HttpResponse) -> None:
    location = response.header("location") or ""
    where = in_ascii(location, limit=200) if location else "nowhere"
    try:
        led = resolve_redirect(
            location, target=parse_target(judge.context.target), sent=judge.exchange.request.target
        )
        where = f"{where} ({led.kind})"
    except (HarnessError, ValueError):
        pass
    judge.report_breach(
        (ClauseId("HTTP-REDIRECT"),),
        expected="an answer in place",
        actual=f"HTTP {response.http_status} to {where}; it is not followed",
    )


# --- the body -----------------------------------------------------------------------------------------------


def _has_bare_markup(judge: JudgedResponse, body: bytes) -> bool:
    """Whether data stands in the body as markup: a bare ampersand, or a tag that no answer has."""
    listing = judge.context.listing
    pointers = [listing.lists.rows_at, *(part.at for part in listing.outcome.envelope.values())]
    pointers += [*listing.outcome.success.shows, *listing.transport.optional_parts]
    if listing.total is not None:
        pointers.append(listing.total.at)
        pointers += [] if listing.total.unfiltered is None else [listing.total.unfiltered.at]
    known = {name for pointer in pointers for name in pointer.split("/")}
    known |= {*listing.fields, listing.lists.root or "", listing.lists.row_element or ""}
    tags = {tag.decode("ascii") for tag in _TAG_NAME.findall(body)}
    return bool(_BARE_MARKUP.search(body)) or not tags <= known


def _has_promised_media_type(judge: JudgedResponse, response: HttpResponse) -> bool:
    return response.media_type in {
        wanted.partition(";")[0].strip().lower() for wanted in judge.context.listing.transport.answers
    }


def _is_problem_details(judge: JudgedResponse, response: HttpResponse) -> bool:
    """Whether an error is told as RFC 9457 says, in the format of the promised media type."""
    formats = {
        wanted.partition(";")[0].strip().lower().rpartition("/")[2]
        for wanted in judge.context.listing.transport.answers
    }
    return response.media_type in {f"application/problem+{name}" for name in formats}


def _check_media_type(judge: JudgedResponse, response: HttpResponse, answer: DecodedResponse) -> None:
    listing = judge.context.listing
    transport = listing.transport
    own = {
        told.media_type.partition(";")[0].strip().lower()
        for told in listing.outcome.faults.values()
        if told.media_type is not None
    }
    if answer.outcome == "error" and (response.media_type in own or _is_problem_details(judge, response)):
        return
    if _has_promised_media_type(judge, response):
        judge.record_pass(transport.answers_clause)
        return
    judge.report_breach(
        transport.answers_clause,
        expected=f"the media type {' or '.join(transport.answers)}",
        actual=in_ascii(response.header("content-type")) if response.header("content-type") else "no Content-Type",
        at="header:Content-Type",
    )


def _report_unreadable(judge: JudgedResponse, response: HttpResponse, answer: DecodedResponse) -> None:
    """A body that cannot be read is one defect: of the media type if that is wrong, else of the body."""
    transport = judge.context.listing.transport
    real = [problem for problem in answer.problems if problem.code not in ADVISORY_CODES]
    first = real[0] if real else FormatProblem("body:shape", "the body is no object")
    description = f"{first.code}: {first.text}" + (f" ({first.where})" if first.where else "")
    shape: Clauses = ()
    if response.http_status >= 400:
        description = f"HTTP {response.http_status}, {description}"
        shape = judge.context.listing.outcome.error.clauses.shape
    if not _has_promised_media_type(judge, response):
        kind = in_ascii(response.header("content-type") or "no Content-Type")
        clauses = (*shape, *transport.answers_clause, *judge.syntax_clauses())
        judge.report_breach(
            clauses, expected=f"{transport.answers[0]} that can be read", actual=f"{kind}; {description}"
        )
        return
    coded = next((problem for problem in real if judge.memory.clauses_of_code(problem.code)), None)
    if coded is not None:
        clauses = judge.memory.clauses_of_code(coded.code)
        if coded.code == "xml:syntax" and _has_bare_markup(judge, response.body):
            clauses = (*transport.escaping_clause, *clauses)
        description = f"{coded.code}: {coded.text}" + (f" ({coded.where})" if coded.where else "")
        judge.report_breach(clauses, expected=f"{transport.answers[0]} that can be read", actual=description)
    elif not response.body.strip():
        judge.report_breach((*shape, *judge.syntax_clauses()), expected="a body", actual=description)
    else:
        judge.report_breach(
            (*shape, *judge.shape_clauses()), expected="an object with the documented parts", actual=description
        )


def _place_of_problem(problem: FormatProblem) -> str:
    """The part that is wrong: for elements of a wrong name that name; empty where none can be told."""
    named = re.match(r"(?:the root element is )?'([A-Za-z_][\w.-]*)'", problem.text)
    wrong = problem.code in ("xml:root", "xml:unexpected-element")
    return f"element:{named[1]}" if wrong and named is not None else ""


def _check_problems(judge: JudgedResponse, response: HttpResponse, answer: DecodedResponse) -> None:
    """Broken promises of the format in a body that could be read all the same."""
    found: dict[Clauses, list[FormatProblem]] = {}
    at_the_root = {problem.code for problem in answer.problems if not problem.where}
    for problem in answer.problems:
        # The namespace of the root is that of what stands in it.
        inherited = problem.code == "xml:namespace" and problem.where and problem.code in at_the_root
        if problem.code in ADVISORY_CODES or inherited:
            continue
        clauses = judge.memory.clauses_of_code(problem.code) or _clauses_of_problem(judge, problem)
        if problem.code == "xml:bare-markup":
            clauses = (*judge.context.listing.transport.escaping_clause, *clauses)
        found.setdefault(clauses, []).append(problem)
    wrong = _charset_contradiction(response) if judge.context.is_xml else None
    if wrong is not None:
        found.setdefault(judge.memory.clauses_of_code("charset"), []).append(FormatProblem("charset", wrong))
    for clauses, many in found.items():
        first = many[0]
        more = f"; and {len(many) - 1} more" if len(many) > 1 else ""
        where = f" at {first.where}" if first.where else ""
        judge.report_breach(
            clauses,
            expected="a body as its format says" if first.code != "xml:root" else "the documented root element",
            actual=f"{first.code}: {first.text}{where}{more}",
            at=_place_of_problem(first),
        )
    judge.record_standard_passes("TEXT-ENCODING", "TEXT-CHARSET")
    if judge.context.is_xml:
        judge.record_standard_passes("XML-SYNTAX", "XML-DTD", "XML-LIMITS")
        judge.record_pass(judge.memory.checked_by.get("root-element", ()))
        if b"&" in response.body or b"<![CDATA[" in response.body:
            judge.record_pass(judge.context.listing.transport.escaping_clause)
    elif is_csv(judge.context.listing):
        judge.record_standard_passes("CSV-SYNTAX")
    else:
        judge.record_standard_passes("JSON-SYNTAX", "JSON-DUPLICATE-KEYS", "JSON-NUMBERS", "JSON-DEPTH")


def _clauses_of_problem(judge: JudgedResponse, problem: FormatProblem) -> Clauses:
    """The clause of the spec that a problem breaks: by its kind, else by the place where it stands."""
    listing = judge.context.listing
    lists = listing.lists.clauses
    if problem.code == "xml:root" or not problem.where:
        return (*judge.memory.checked_by.get("root-element", ()), *judge.shape_clauses(), *judge.syntax_clauses())
    if problem.code == "xml:unexpected-element":
        return (*lists.row_element, *lists.keys)
    if problem.where.startswith(f"{listing.lists.rows_at}/"):
        return (*lists.keys, *lists.row_element, *lists.rows)
    if problem.where == listing.lists.rows_at:
        return (*lists.rows, *lists.row_element)
    if listing.total is not None and problem.where == listing.total.at:
        return listing.total.clauses.present
    if listing.returned is not None and problem.where == listing.returned.at:
        return listing.returned.clause
    for part in listing.outcome.envelope.values():
        if part.at == problem.where:
            return part.clause or part.form_clause
    return judge.shape_clauses()


def _charset_contradiction(response: HttpResponse) -> str | None:
    """XML: how the charset of the media type contradicts the body, or None."""
    declared = ""
    for part in (response.header("content-type") or "").split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            declared = value.strip(" \t\"'").lower()
            break
    if not declared:
        return None
    codec = _CHARSETS.get(declared)
    if codec is None:
        return f"the declared charset {in_ascii(declared)} is not one that XML readers know"
    body = response.body
    if body.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in body[:4]:
        return None if codec.startswith("utf-16") else f"the charset is {in_ascii(declared)}, but the body is UTF-16"
    if codec.startswith("utf-16"):
        return f"the charset is {in_ascii(declared)}, but the body is not UTF-16"
    if body.isascii():
        return None
    inner = re.match(rb"\s*<\?xml[^>]{0,200}encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']", body)
    written = _CHARSETS.get(inner.group(1).decode("ascii").lower(), "") if inner else "utf-8"
    if codec != written:
        return f"the charset is {in_ascii(declared)}, but the body says {in_ascii(written or 'another')}"
    return None
