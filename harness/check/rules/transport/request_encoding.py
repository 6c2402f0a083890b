"""Rules on encodings of requests: other forms, operation names, methods, media types, odd parameters, escaping."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from typing import Any, Final

from harness.check.context import CheckContext, Exchange
from harness.check.probe.answer_checks import NO_LIST
from harness.check.probe.asked_filter import AskedFilter
from harness.check.probe.comparison import compare_answer
from harness.check.probe.differences import Aspect
from harness.check.probe.equivalence import answer_difference, judge_same_answer
from harness.check.probe.error_responses import (
    describe_answer,
    enforceable_clauses,
    judge_error_response,
    judge_twice,
    record_kept,
)
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_values import answer_fits, is_plain_equality
from harness.check.probe.mirror import Mirror, include_everything, largest_page_size
from harness.check.rules.access.login_attempts import attempts_by_encoding
from harness.check.rules.transport.double_encoding import ENTITY, check_encoded_once
from harness.specification.model import Clauses, OpenChoice, RefusalRule, RequestEncoding
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import takes_list
from harness.wire.row_codec import field_at

_JUDGED_ASPECTS: Final[tuple[Aspect, ...]] = ("unreadable", "outcome", "count", "rows", "size")
_SPECIAL_CHARACTER: Final = re.compile(r"[^A-Za-z0-9_.:/ -]")
_RESERVED_CHARACTER: Final = re.compile(r"[&<>\"']")
_BARE_SEPARATORS: Final = frozenset(",;:*!$'()")
"""What may stand between the elements of a list as it is: delimiters in a query by RFC 3986, section 3.4."""
_UNKNOWN_NAME: Final = "probe"
_UNKNOWN_OPERATION: Final = "NoSuchOperation"


def check_request_encoding(context: CheckContext, mirror: Mirror) -> None:
    """Judges that each encoding of a request gets the same answer, and that what must be refused is refused.

    Servers read filters, pages or passwords in one of two forms only (`post_ignores_filters`, `post_skips_password`,
    foreign servers).
    """
    if mirror.after is not None and mirror.after.failed_exchange is None:
        context.results.record_pass(context.listing.lists.clauses.reach)
    _check_other_encodings(context, mirror)
    _check_bare_separator(context, mirror)
    _check_parameter_order(context, mirror)
    _check_routing(context, mirror)
    _check_refusals(context, mirror)
    _check_name_case(context, mirror)
    _check_unknown_parameter(context, mirror)
    _check_repeated_parameter(context, mirror)
    _check_tolerated_parameters(context, mirror)
    _check_escaping(context, mirror)
    check_encoded_once(context, mirror)


def _send_unusual(
    context: CheckContext, ask: ListRequest, purpose: str, edit: Callable[[HttpRequest], HttpRequest] | None = None
) -> Exchange:
    """A probe that a server may answer in a shape of its own; the general rules see it when it can be read."""
    exchange = context.send(ask, purpose, witness=False, edit=edit)
    answer = exchange.answer
    if context.response_check is not None and answer is not None and answer.outcome != "unreadable":
        context.response_check(context, exchange)
    return exchange


# --- other carriages ----------------------------------------------------------------------------------------


def _check_other_encodings(context: CheckContext, mirror: Mirror) -> None:
    transport = context.listing.transport
    if not transport.also and not transport.separator_clause:
        return
    rich = _rich_request(context, mirror)
    asks = [(ask, what) for ask, what in ((rich, "a filter and a page size"), (mirror.request(), "")) if ask]
    if rich is not None and not transport.separator_clause:
        # Whoever reads a filter, a size and a switch from another place reads less from there, too.
        asks = asks[:1]
    references: list[Exchange] = []
    for ask, what in asks:
        exchange = context.send(ask, f"{what or 'nothing special'}, carried as documented")
        if exchange.outcome != "success":
            continue
        references.append(exchange)
    if references and (len(references) > 1 or not rich):
        context.results.record_pass(enforceable_clauses(context, transport.separator_clause))
    deaf: set[str] = set()
    locked: set[tuple[str, str]] = set()
    for name, way in transport.also.items():
        if references:
            result = _check_request_encoding(context, mirror, references[0], name, way)
            if result is False and way.path is None:
                deaf.add(way.carries)
                context.facts.unread_carriers = frozenset(deaf)
            kind = (way.method, way.carries)
            if result is True and way.level == "same" and kind not in locked:
                _check_refusals_by_encoding(context, mirror, name, few=bool(locked))
                locked.add(kind)


def _check_refusals_by_encoding(context: CheckContext, mirror: Mirror, name: str, *, few: bool) -> None:
    """What is refused by the documented way is refused by another one that is understood, too."""
    for attempt in list(attempts_by_encoding(context))[-1 if few else 0 :]:
        ask = replace(mirror.request(), encoding_name=name, scheme=attempt.scheme)
        purpose = f"{attempt.purpose}, by {name}"
        exchange = context.send(ask, purpose, credentials=attempt.credentials, witness=False)
        if exchange.outcome == "success":
            judge_twice(context, exchange, attempt.clauses, _success, expected="an error", check=NO_LIST)


def _success(exchange: Exchange) -> str:
    return describe_answer(exchange) if exchange.outcome == "success" else ""


def _unreadable(exchange: Exchange) -> str:
    return describe_answer(exchange) if exchange.outcome == "unreadable" else ""


def _rich_request(context: CheckContext, mirror: Mirror) -> ListRequest | None:
    """A request with a selective filter on a value with special characters, if there is one, and a page size."""
    more: dict[str, Tree] = {}
    filtered = _special_filter(context, mirror, _SPECIAL_CHARACTER) or _any_filter(context, mirror)
    if filtered is not None:
        more[filtered[0]] = filtered[1]
    size, _ = largest_page_size(context)
    if size is not None and context.parameters_work(size):
        more[size] = context.encode(size, 3)
    more |= dict(list(include_everything(context).items())[:1])
    return mirror.request(more) if more else None


def _check_request_encoding(
    context: CheckContext, mirror: Mirror, reference: Exchange, name: str, way: RequestEncoding
) -> bool | None:
    ask = replace(reference.list_request, encoding_name=name, credentials={})
    exchange = _send_unusual(context, ask, f"{reference.purpose.partition(',')[0]}, carried as {name}")
    if context.note_unusable(exchange, way.clause):
        return None
    if _is_redirect(exchange):
        context.results.record_observed(way.clause, f"{name}: a redirect")
        return None
    if way.level != "same":
        if answer_difference(context, reference, exchange) is None:
            context.results.record_observed(way.clause, f"{name}: understood")
        elif exchange.outcome != "success":
            context.results.record_observed(way.clause, f"{name}: not known ({describe_answer(exchange)})")
        else:
            context.results.record_observed(way.clause, f"{name}: answered otherwise")
        return None
    clauses = _blamed_clauses(context, mirror, reference, exchange, way)
    expected = "the same answer as in the documented form"
    if exchange.request.chunked:
        expected += ", to a body that is sent in chunks (Transfer-Encoding: chunked)"
    return judge_same_answer(context, mirror, reference, exchange, clauses, expected=expected)


def _is_redirect(exchange: Exchange) -> bool:
    response = exchange.response
    return isinstance(response, HttpResponse) and 300 <= response.http_status < 400


def _blamed_clauses(
    context: CheckContext, mirror: Mirror, reference: Exchange, exchange: Exchange, way: RequestEncoding
) -> Clauses:
    """The clause of the carriage; that of the documented separator where only another one is understood."""
    separator = context.listing.transport.separator_clause
    if not separator or way.separator in (None, context.listing.transport.separator):
        return way.clause
    if not _carried_answer_fits(context, mirror, reference) and _carried_answer_fits(context, mirror, exchange):
        return separator
    return way.clause


def _carried_answer_fits(context: CheckContext, mirror: Mirror, exchange: Exchange) -> bool:
    """Whether an answer is right by what its request means, however it is carried."""
    plain = replace(exchange, list_request=replace(exchange.list_request, encoding_name=None))
    return answer_fits(context, mirror, plain, _JUDGED_ASPECTS)


def _check_bare_separator(context: CheckContext, mirror: Mirror) -> None:
    """The separator of a list in a query counts as it is written in the document, and percent-encoded as well.

    How a query is read is the same for all of its parameters, so that one of them is enough. Servers end a parameter
    at a bare semicolon, as old gateways did (`semicolon_ends_parameter`, foreign servers).
    """
    lists = (AskedFilter(context, mirror, name) for name in context.listing.filters if _may_stand_bare(context, name))
    about = next((one for one in lists if len(one.parting_values) > 1), None)
    if about is None:
        return
    ask = mirror.request(
        {about.name: context.encode(about.name, (about.parting_values[0], about.parting_values[-1]))}
    )
    reference = context.send(ask, f"{about.name} with two elements")
    separator = about.parameter.separated_by.encode("ascii")
    encoded = b"%%%02X" % ord(separator)

    def write_bare(request: HttpRequest) -> HttpRequest:
        return replace(request, target=request.target.replace(encoded, separator))

    if reference.outcome != "success" or write_bare(reference.request) == reference.request:
        return
    exchange = _send_unusual(context, ask, f"{about.name} with its separator as it is", write_bare)
    clauses = about.parameter.list_clause or about.clauses
    expected = f"the same answer as with {encoded.decode('ascii')}"
    judge_same_answer(context, mirror, reference, exchange, clauses, expected=expected)


def _check_parameter_order(context: CheckContext, mirror: Mirror) -> None:
    """Parameters go by their names: in the opposite order they mean the same.

    Servers find them by their places (`param_order`, foreign servers).
    """
    transport = context.listing.transport
    if transport.carries != "query":
        return
    separator = transport.separator.encode("ascii")

    def write_backwards(request: HttpRequest) -> HttpRequest:
        path, _, query = request.target.partition(b"?")
        return replace(request, target=path + b"?" + separator.join(reversed(query.split(separator))))

    ask = _rich_request(context, mirror) or mirror.request()
    reference = context.seen_exchange(ask) or context.send(ask, "parameters in their order")
    if reference.outcome != "success" or write_backwards(reference.request) == reference.request:
        return
    exchange = _send_unusual(context, ask, "parameters in the opposite order", write_backwards)
    clauses, expected = context.listing.lists.clauses.reach, "the same answer as in their order"
    judge_same_answer(context, mirror, reference, exchange, clauses, expected=expected)


def _may_stand_bare(context: CheckContext, name: str) -> bool:
    """Whether a filter takes a list in the query whose separator has no other meaning there."""
    transport, parameter = context.listing.transport, context.listing.parameters[name]
    in_query = transport.carries == "query" and parameter.repeated is None and takes_list(parameter)
    bare = parameter.separated_by in _BARE_SEPARATORS and parameter.separated_by != transport.separator
    return in_query and bare and is_plain_equality(context.listing.filters[name]) and context.parameters_work(name)


# --- values to filter by ------------------------------------------------------------------------------------


def _text_filters(context: CheckContext, mirror: Mirror) -> Iterator[tuple[str, str, list[Hashable]]]:
    """Filters by a text that rows show, with each value and the rows that show it."""
    for name, rule in context.listing.filters.items():
        parameter = context.listing.parameters[name]
        if parameter.as_ != "text" or not context.parameters_work(name) or rule.loses_to or rule.applies_if_any:
            continue
        if parameter.repeated is not None:
            # Twice it means what its own clauses say.
            continue
        if name in mirror.base or rule.keeps not in ("equal", "contains"):
            continue
        if any(path.hidden for path in rule.compares):
            continue
        field = field_at(context.listing.fields, rule.compares[0])
        if field is None or field.as_ != "text":
            continue
        found: dict[str, list[Hashable]] = {}
        for row in mirror.rows:
            for value in row.values(rule.compares[0]):
                if isinstance(value, str) and value and mirror.is_steady(row):
                    found.setdefault(value, []).append(row.key)
        for value, keys in found.items():
            if value not in (*rule.no_filter, *rule.words, *rule.aliases):
                yield name, value, keys


def _special_filter(context: CheckContext, mirror: Mirror, pattern: re.Pattern[str]) -> tuple[str, str] | None:
    """The filter and value with the most kinds of special characters."""
    best = max(
        ((len(set(pattern.findall(value))), name, value) for name, value, _ in _text_filters(context, mirror)),
        key=lambda item: item[0],
        default=None,
    )
    return (best[1], best[2]) if best is not None and best[0] else None


def _any_filter(context: CheckContext, mirror: Mirror) -> tuple[str, str] | None:
    found = [
        (len(keys), name, value)
        for name, value, keys in _text_filters(context, mirror)
        if len(keys) < len(mirror.rows)
    ]
    if not found:
        return None
    _, name, value = max(found, key=lambda item: item[0])
    return name, value


# --- the operation's name, and what the transport refuses ---------------------------------------------------


def _check_routing(context: CheckContext, mirror: Mirror) -> None:
    routing = context.listing.transport.routing
    if routing is None:
        return
    base = mirror.request()
    unknown, missing = routing.clauses.unknown, routing.clauses.missing
    for ask, kind, clauses, fault, operation in (
        (replace(base, operation=_UNKNOWN_OPERATION), "unknown", unknown, routing.unknown_fault, _UNKNOWN_OPERATION),
        (replace(base, no_operation=True), "missing", missing, routing.missing_fault, ""),
    ):
        if kind == "missing" and not clauses:
            continue
        exchange = _send_unusual(context, ask, f"an operation whose name is {kind}")
        if context.note_unusable(exchange, clauses):
            continue
        if not enforceable_clauses(context, clauses):
            context.results.record_observed(clauses, describe_answer(exchange))
            continue
        if exchange.outcome == "unreadable":
            # A promised code did not come, not even an error of this API.
            judge_twice(context, exchange, clauses, _unreadable, expected=f"an error ({fault})")
            continue
        judge_error_response(context, exchange, fault, clauses, operation=operation)


def _check_refusals(context: CheckContext, mirror: Mirror) -> None:
    transport = context.listing.transport

    def other_method(request: HttpRequest) -> HttpRequest:
        method = "GET" if request.method != "GET" else "POST"
        headers = tuple(pair for pair in request.headers if pair[0].lower() != "content-type")
        return replace(request, method=method, headers=headers, body=b"", chunked=False)

    def other_type(request: HttpRequest) -> HttpRequest:
        headers = tuple(
            (name, "text/plain" if name.lower() == "content-type" else value) for name, value in request.headers
        )
        return replace(request, headers=headers)

    def cut_short(request: HttpRequest) -> HttpRequest:
        return replace(request, body=b"{")

    refusals: tuple[tuple[RefusalRule | None, str, Callable[[HttpRequest], HttpRequest], bool], ...] = (
        (transport.wrong_method, "another method", other_method, False),
        (transport.wrong_media_type, "another media type", other_type, False),
        (transport.bad_syntax, "a body that breaks off", cut_short, True),
    )
    for refusal, purpose, edit, status in refusals:
        if refusal is not None:
            exchange = _send_unusual(context, mirror.request(), purpose, edit)
            judge_error_response(context, exchange, refusal.fault, refusal.clause, status=status)


# --- parameters that are not as documented ------------------------------------------------------------------


def _check_name_case(context: CheckContext, mirror: Mirror) -> None:
    """Whether letter case counts in parameter names: a page of one row, asked for in the other case."""
    transport = context.listing.transport
    choice = transport.names
    size, _ = largest_page_size(context)
    if not isinstance(choice, OpenChoice) or context.dialect.candidates_of(choice.id):
        return
    if size is None or not context.parameters_work(size):
        _check_credential_name_case(context, mirror, choice)
        return
    if len(mirror.rows) < 2:
        context.results.record_not_exercised(transport.names_clause, "two rows are needed to see it")
        return
    pointer = context.listing.parameters[size].at
    name = (pointer or size).rpartition("/")
    other = name[0] + name[1] + (name[2].lower() if name[2] != name[2].lower() else name[2].upper())
    ask = replace(mirror.request(), extra=((other, context.encode(size, 1)),))
    exchange = _send_unusual(context, ask, "a parameter's name in another case")
    if context.note_unusable(exchange, transport.names_clause):
        return
    if exchange.outcome == "success" and exchange.rows is not None:
        reading = "folded" if len(exchange.rows) == 1 else "exact"
    elif exchange.is_refusal:
        reading = "exact"
    else:
        return
    context.dialect.fix_answer(choice.id, reading, exchange.purpose)
    context.results.record_observed(transport.names_clause, f"letter case in names: {reading}")


def _check_credential_name_case(context: CheckContext, mirror: Mirror, choice: OpenChoice[Any]) -> None:
    """Where no other parameter is at hand, the names of the credentials tell."""
    rules = context.listing.access
    held = context.identity.credentials
    if rules.kind != "password" or rules.user is None or rules.password is None or rules.user not in held:
        return
    other = rules.user.lower() if rules.user != rules.user.lower() else rules.user.upper()
    ask = replace(mirror.request(), extra=((other, held[rules.user]),))
    password = {rules.password: held[rules.password]}
    exchange = context.send(ask, "a name in another case", credentials=password)
    if exchange.outcome in (None, "unreadable"):
        return
    reading = "exact" if exchange.is_refusal else "folded"
    context.dialect.fix_answer(choice.id, reading, exchange.purpose)
    context.results.record_observed(context.listing.transport.names_clause, f"letter case in names: {reading}")


def _check_unknown_parameter(context: CheckContext, mirror: Mirror) -> None:
    transport = context.listing.transport
    if not isinstance(transport.unknown_parameters, OpenChoice) and not transport.unknown_clause:
        return
    name = f"/{_UNKNOWN_NAME}" if transport.carries == "json" else _UNKNOWN_NAME
    ask = replace(mirror.request(), extra=((name, "1"),))
    clauses = enforceable_clauses(context, transport.unknown_clause)
    judged = check_probe(context, mirror, ask, "an unknown parameter", clauses, only=_JUDGED_ASPECTS)
    if judged.passed:
        reading = "refused" if judged.exchange.is_refusal else "ignored"
        context.results.record_observed(transport.unknown_clause, f"unknown parameters: {reading}")
        if reading == "refused":
            judge_error_response(context, judged.exchange, "invalid", clauses)


def _check_repeated_parameter(context: CheckContext, mirror: Mirror) -> None:
    """A parameter given twice: which of two values that keep different rows counts?"""
    transport = context.listing.transport
    choice = transport.repeated_parameters
    # A key twice in a JSON object is no JSON for many readers, which would say nothing of parameters.
    if transport.carries == "json" or not isinstance(choice, OpenChoice) or context.dialect.candidates_of(choice.id):
        return
    pair = _filter_with_two_values(context, mirror)
    if pair is None:
        return
    name, first, second = pair
    ask = replace(mirror.request({name: first}), repeated={name: (second,)})
    exchange = _send_unusual(context, ask, "a parameter given twice")
    if exchange.outcome in (None, "unreadable"):
        return
    fitting = [
        assigned
        for assigned, meaning in context.expected_answers(ask)
        if not compare_answer(context, mirror, meaning, exchange, _JUDGED_ASPECTS)
    ]
    if fitting:
        context.dialect.narrow_candidates(fitting, exchange.purpose)


def _filter_with_two_values(context: CheckContext, mirror: Mirror) -> tuple[str, str, str] | None:
    """A filter and two values that keep different rows, none of them all."""
    by_name: dict[str, list[tuple[str, list[Hashable]]]] = {}
    for name, value, keys in _text_filters(context, mirror):
        rule = context.listing.filters[name]
        # Where a value that names nothing may be refused, a refusal would not tell why.
        if rule.keeps == "equal" and len(rule.compares) == 1 and rule.stranger == "nothing":
            by_name.setdefault(name, []).append((value, keys))
    for name, values in by_name.items():
        plain = [(value, keys) for value, keys in values if value.isascii() and value.isalnum()]
        for value, keys in plain[1:]:
            if set(keys) != set(plain[0][1]):
                return name, plain[0][0], value
    return None


def _check_tolerated_parameters(context: CheckContext, mirror: Mirror) -> None:
    """Parameters from elsewhere, all at once: ignored, honoured or refused."""
    transport = context.listing.transport
    if not transport.tolerated:
        return
    ask = replace(mirror.request(), extra=tuple(transport.tolerated.items()))
    exchange = _send_unusual(context, ask, "parameters from elsewhere")
    if context.note_unusable(exchange, transport.tolerated_clause):
        return
    reading = "refused" if exchange.is_refusal else "ignored or honoured"
    record_kept(
        context, () if exchange.is_refusal else enforceable_clauses(context, transport.tolerated_clause), reading
    )
    context.results.record_observed(transport.tolerated_clause, f"{', '.join(transport.tolerated)}: {reading}")


# --- escaping -----------------------------------------------------------------------------------------------


def _check_escaping(context: CheckContext, mirror: Mirror) -> None:
    """Special characters come as themselves: a value with some, asked for as it is shown, gives its rows back."""
    clauses = context.listing.transport.escaping_clause
    if not clauses:
        return
    doubled = _special_filter(context, mirror, ENTITY)
    found = doubled or _special_filter(context, mirror, _RESERVED_CHARACTER)
    if found is None:
        if mirror.rows:
            context.results.record_pass(clauses)
        return
    name, value = found
    rule = context.listing.filters[name]
    # A text such as "&amp;" in the data itself is a text that was escaped twice; else the filter is to blame.
    blamed = clauses if doubled is not None else rule.clause
    ask = mirror.request({name: value})
    judged = check_probe(
        context, mirror, ask, "a value with special characters, as it is shown", blamed, only=_JUDGED_ASPECTS
    )
    if judged.passed:
        context.results.record_pass(clauses)
