"""Whole answers with their requests, from the pure simulator: pages, filters, sorts, counts, errors."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast, final
from urllib.parse import urlsplit

from harness.generate.rows import RowSet, rows_of, zone_of
from harness.serve.simulator import Simulator
from harness.specification.dialect import Dialect
from harness.specification.load import Spec
from harness.specification.model import (
    CursorPaging,
    Filter,
    LimitPaging,
    Listing,
    NoPaging,
    OffsetPaging,
    PageNumberPaging,
)
from harness.wire.format_problems import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import Ask
from harness.wire.parameter_codec import Value, write_parameter
from harness.wire.request_codec import encode_request
from harness.wire.response_codec import Answer, decode_answer, encode_answer, fault_tree, text_carried
from harness.wire.row_codec import Shown, decode_row
from harness.world.world import World

PAGE_SIZE: Final = 5
_SLOT: Final = re.compile(r"(\{(?:parameter|operation|value|fault)\})")
_NEVER_GIVEN: Final = "callharness-wrong"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of the simulator and the request that got it.

    `fault` is the spec's name of the error that it tells; an error that no request brings about has no request.
    """

    name: str
    says: str
    request: HttpRequest | None
    response: HttpResponse
    fault: str | None = None
    asks: Mapping[str, Tree] | None = None


@final
class Asker:
    """Puts requests to a simulator of the spec over the world, as its default user."""

    def __init__(self, spec: Spec, world: World, dialect: Dialect) -> None:
        self.spec = spec
        self.world = world
        self.dialect = dialect
        self.listing: Listing = spec.listing
        self.simulator = Simulator(spec, world, dialect=dialect)
        self.credentials = _needed(self.listing, self.simulator.identities[0].credentials)
        self.zone = zone_of(self.listing, dialect)
        self.everything = rows_of(spec, world, dialect)
        self.base: Mapping[str, Tree] = self._window()
        self.visible = self._visible()

    def send(self, request: HttpRequest) -> tuple[HttpResponse, str | None]:
        """The answer, and the name of the error that it tells."""
        response = self.simulator.answer(request, self.world.instant)
        answer = decode_answer(self.listing, response)
        return response, self._fault_of(request, answer) if answer.outcome == "error" else None

    def _fault_of(self, request: HttpRequest, answer: Answer) -> str | None:
        """The spec's name of an error: by code, status and message, and by who asks where these are shared."""
        found = []
        for name, fault in self.listing.outcome.faults.items():
            told = "".join(
                re.escape(part) if index % 2 == 0 else ".*" for index, part in enumerate(_SLOT.split(fault.says))
            )
            status = self.dialect.pick(fault.http if fault.http is not None else self.listing.outcome.error.http)
            same = str(fault.code) == str(answer.code) and status == answer.http_status
            if same and re.fullmatch(told or re.escape(name), str(answer.message), re.DOTALL):
                found.append(name)
        access = self.listing.access
        asked = self.simulator.asked(request)
        if isinstance(asked, Ask) and len(found) > 1:
            missing = any(not asked.credentials.get(name) for name in self.credentials)
            likely = access.missing_fault if missing else access.wrong_fault
            return likely if likely in found else found[0]
        return found[0] if found else None

    def ask(self, values: Mapping[str, Tree] | None = None) -> Ask:
        """A request of the default user with what must be given, and these values."""
        return Ask(values={**self.base, **(values or {})}, credentials=self.credentials)

    def encoded(self, ask: Ask) -> HttpRequest:
        """The request as bytes, with the headers that a client adds."""
        return _framed(self.spec, encode_request(self.spec, ask, base_path=self.simulator.base_path))

    def page(self, name: str, says: str, ask: Ask) -> Page:
        """The page that an ask gets."""
        request = self.encoded(ask)
        response, fault = self.send(request)
        return Page(name=name, says=says, request=request, response=response, fault=fault, asks=ask.values)

    def answer(self, values: Mapping[str, Tree] | None = None) -> Answer:
        """What the answer to such a request says."""
        return decode_answer(self.listing, self.send(self.encoded(self.ask(values)))[0])

    def written(self, name: str, value: Value) -> Tree:
        """A value as the request writes it."""
        parameter = self.listing.parameters[name]
        return write_parameter(parameter, value, zone=self.zone, in_json=parameter.at is not None)

    def size(self, rows: int) -> dict[str, Tree]:
        """The parameter that says how many rows a page holds; nothing where there is none."""
        paging = self.listing.paging
        if isinstance(paging, NoPaging):
            return {}
        return {paging.size: self.written(paging.size, rows)}

    def most(self) -> dict[str, Tree]:
        """The largest page that may be asked for."""
        paging = self.listing.paging
        if isinstance(paging, NoPaging):
            return {}
        if isinstance(paging, LimitPaging):
            return {} if paging.all is None else self.size(paging.all)
        return self.size(self.listing.parameters[paging.size].most or 1000)

    def _window(self) -> dict[str, Tree]:
        """Values for the ends of a range that must be given: wide enough for every row."""
        found: dict[str, Tree] = {}
        for name, rule in self.listing.filters.items():
            parameter = self.listing.parameters[name]
            if parameter.required is None or rule.keeps not in ("at-or-after", "at-or-before"):
                continue
            path = rule.compares[0]
            stamps = [value for index in range(len(self.everything)) for value in self.everything.values(index, path)]
            first, last = (min(stamps), max(stamps)) if stamps else (self.world.instant, self.world.instant)
            second = timedelta(seconds=1)
            found[name] = self.written(name, first - second if rule.keeps == "at-or-after" else last + second)
        return found

    def _visible(self) -> RowSet:
        """The rows that the default user sees."""
        answer = self.answer(self.most())
        name = self.listing.lists.identity
        seen: set[Shown] = set()
        for tree in answer.rows or ():
            if isinstance(tree, dict):
                row = decode_row(self.listing.fields, tree, zone=self.zone, text_carried=text_carried(self.listing))
                seen.add(row.shown.get(name))
        return self.everything.only(frozenset(seen))

    def wanted(self, name: str, index: int) -> Value | None:
        """A value of the filter `name` that one visible row satisfies; None where the row has none."""
        rule = self.listing.filters[name]
        parameter = self.listing.parameters[name]
        for path in rule.compares:
            values = [value for value in self.visible.values(index, path) if value not in ("", ())]
            if not values:
                continue
            value = values[0]
            if parameter.as_ in ("list", "json-list"):
                return (value if isinstance(value, int) and parameter.of != "text" else str(value),)
            if parameter.as_ in ("text", "word"):
                return str(value)
            return cast(Value, value)
        return None


def pages_of(spec: Spec, world: World, dialect: Dialect) -> Iterator[Page]:
    """Every kind of answer that the spec speaks of, each once."""
    asker = Asker(spec, world, dialect)
    yield from _walk(asker)
    yield from _filtered(asker)
    yield from _sorted(asker)
    yield from _switched(asker)
    yield from _errors(asker)


# --- pages --------------------------------------------------------------------------------------------------


def _walk(asker: Asker) -> Iterator[Page]:
    count = len(asker.visible)
    whole = asker.most()
    yield asker.page("whole-list", "every row at once", asker.ask(whole))
    if isinstance(asker.listing.paging, NoPaging):
        return
    yield asker.page("first-page", f"the first {PAGE_SIZE} rows", asker.ask(asker.size(PAGE_SIZE)))
    for name, says, values in _places(asker, count):
        yield asker.page(name, says, asker.ask({**asker.size(PAGE_SIZE), **values}))


def _places(asker: Asker, count: int) -> Iterator[tuple[str, str, Mapping[str, Tree]]]:
    paging = asker.listing.paging
    last = max(math.ceil(count / PAGE_SIZE) - 1, 0)
    match paging:
        case PageNumberPaging():
            for name, says, page in (
                ("second-page", "the page after the first", 1),
                ("last-page", "the last page", last),
                ("past-the-end", "a page beyond the last", last + 3),
            ):
                yield name, says, {paging.page: asker.written(paging.page, paging.first + page)}
        case OffsetPaging():
            for name, says, offset in (
                ("second-page", "the page after the first", PAGE_SIZE),
                ("last-page", "the last page", last * PAGE_SIZE),
                ("past-the-end", "an offset beyond the last row", count + PAGE_SIZE),
            ):
                yield name, says, {paging.offset: asker.written(paging.offset, offset)}
        case CursorPaging():
            following = asker.answer(asker.size(PAGE_SIZE)).next
            if isinstance(following, str) and following:
                yield "second-page", "the page after the first", {paging.after: following}
            if paging.end_words:
                yield "last-page", "the last page", {paging.before: paging.end_words[0]}
                final = asker.answer({**asker.size(PAGE_SIZE), paging.before: paging.end_words[0]}).next
                if isinstance(final, str) and final:
                    yield "past-the-end", "after the last row", {paging.after: final}
        case _:
            pass


# --- filters, sorts, switches -------------------------------------------------------------------------------


def _filtered(asker: Asker) -> Iterator[Page]:
    for name in asker.listing.filters:
        values = filter_values(asker, name)
        if values is not None:
            yield asker.page(f"filter-{name}", f"only rows that {name} keeps", asker.ask(values))
    nobody = _nothing_matches(asker)
    if nobody is not None:
        yield asker.page("no-match", "a filter that keeps nothing", asker.ask(nobody))


def filter_values(asker: Asker, name: str, *, index: int | None = None) -> dict[str, Tree] | None:
    """The filter with a value of some row, and whatever else makes it count; None where no row has a value."""
    listing = asker.listing
    rule = listing.filters[name]
    chosen = _row_with(asker, name, index)
    if chosen is None:
        return None
    value = asker.wanted(name, chosen)
    if value is None:
        return None
    values = {name: asker.written(name, value)}
    values |= _beside(asker, rule, chosen)
    for pair in listing.ranges:
        other = pair.last if name == pair.first else pair.first if name == pair.last else None
        if other is not None and other not in asker.base and isinstance(value, datetime):
            end = max(_stamps(asker, other)) if name == pair.first else min(_stamps(asker, other))
            values[other] = asker.written(other, end)
    if rule.named_by is not None:
        word = next((word for word, keeps in rule.named_by.words.items() if keeps == rule.keeps), None)
        if word is not None:
            values[rule.named_by.parameter] = word
    return values


def _beside(asker: Asker, rule: Filter, index: int) -> dict[str, Tree]:
    """A filter without which this one has no effect."""
    for name in rule.applies_if_any:
        value = asker.wanted(name, index)
        if value is not None:
            return {name: asker.written(name, value)}
    return {}


def _row_with(asker: Asker, name: str, index: int | None) -> int | None:
    """A row that has a value for the filter, from the middle on."""
    count = len(asker.visible)
    order = [index] if index is not None else [(count // 2 + step) % count for step in range(count)]
    return next((row for row in order if asker.wanted(name, row) is not None), None)


def _stamps(asker: Asker, name: str) -> list[Any]:
    path = asker.listing.filters[name].compares[0]
    return [value for index in range(len(asker.visible)) for value in asker.visible.values(index, path)]


def _nothing_matches(asker: Asker) -> dict[str, Tree] | None:
    for name, rule in asker.listing.filters.items():
        parameter = asker.listing.parameters[name]
        plain = parameter.as_ == "text" and rule.stranger == "nothing" and not rule.applies_if_any
        if plain and not rule.compares[0].startswith("hidden."):
            return {name: "no-such-value"}
    return None


def _sorted(asker: Asker) -> Iterator[Page]:
    order = asker.listing.order
    if order is None:
        return
    size = asker.size(PAGE_SIZE)
    if order.sort is not None:
        for word in order.sort.words:
            values = {**size, order.sort.parameter: word}
            yield asker.page(f"sort-{word}", f"ordered by {word}", asker.ask(values))
            if order.sort.signed:
                values = {**size, order.sort.parameter: f"-{word}"}
                yield asker.page(f"sort-{word}-descending", f"ordered by {word}, descending", asker.ask(values))
    if order.descending is not None:
        values = {**size, order.descending: asker.written(order.descending, True)}
        yield asker.page("descending", "the usual order turned round", asker.ask(values))


def _switched(asker: Asker) -> Iterator[Page]:
    listing = asker.listing
    size = asker.size(PAGE_SIZE)
    if listing.count_only is not None:
        name = listing.count_only.parameter
        yield asker.page("count-only", "a number in place of the rows", asker.ask({name: asker.written(name, True)}))
    if listing.total is not None and listing.total.switch is not None:
        name = listing.total.switch.parameter
        values = {**size, name: asker.written(name, False)}
        yield asker.page("without-total", "the total switched off", asker.ask(values))
    for include in listing.includes:
        name = include.parameter
        on = listing.parameters[name].default is not True
        says = "added to each row" if on else "left out of each row"
        values = {**size, name: asker.written(name, on)}
        yield asker.page(f"{name}-{'on' if on else 'off'}", f"the part of {name} {says}", asker.ask(values))
    scope = listing.scope
    if scope is not None and scope.parameter is not None:
        for word in scope.words:
            values = {**size, scope.parameter: word}
            yield asker.page(f"scope-{word}", f"the calls of {scope.parameter}={word}", asker.ask(values))


# --- errors -------------------------------------------------------------------------------------------------


def _errors(asker: Asker) -> Iterator[Page]:
    told: set[str] = set()
    for page in (*_refused_users(asker), *_refused_values(asker), *_refused_requests(asker)):
        if page.fault is None or (page.fault in told and not page.name.startswith("error-without")):
            continue
        told.add(page.fault)
        yield page
    # Errors that no request to an honest server brings about are written by the spec alone.
    for fault in asker.listing.outcome.faults:
        if fault not in told:
            routing = asker.listing.transport.routing
            status, tree = fault_tree(
                asker.listing,
                fault,
                picks=asker.dialect,
                parameter=next(iter(asker.listing.parameters), asker.listing.access.user or ""),
                operation=routing.name if routing else "",
            )
            media_type, body = encode_answer(asker.listing, tree)
            response = HttpResponse(http_status=status, headers=(("Content-Type", media_type),), body=body)
            says = f"the error {fault}, which no request brings about here"
            yield Page(name=f"error-{fault}", says=says, request=None, response=response, fault=fault)


def _refused_users(asker: Asker) -> Iterator[Page]:
    base = asker.ask()
    for name in asker.credentials:
        fewer = {key: value for key, value in asker.credentials.items() if key != name}
        ask = Ask(values=base.values, credentials=fewer)
        yield asker.page(f"error-without-{name}", f"no {name}", ask)
    for name in asker.credentials:
        other = Ask(values=base.values, credentials={**asker.credentials, name: _NEVER_GIVEN})
        yield asker.page(f"error-wrong-{name}", f"a wrong {name}", other)
    unfit = next((who for who in asker.simulator.identities if who.name == "no-role"), None)
    if unfit is not None:
        credentials = {name: unfit.credentials[name] for name in asker.credentials}
        yield asker.page("error-role", "a user whose role does not suffice", Ask(
            values=base.values, credentials=credentials
        ))  # fmt: skip


def _refused_values(asker: Asker) -> Iterator[Page]:
    listing = asker.listing
    for name in asker.base:
        values = {key: value for key, value in asker.base.items() if key != name}
        ask = Ask(values=values, credentials=asker.credentials)
        yield asker.page(f"error-missing-{name}", f"{name} is missing", ask)
    for name, parameter in listing.parameters.items():
        for bad in (parameter.bad, parameter.beyond, parameter.zero):
            for like in bad.like if bad is not None else ():
                yield asker.page(f"error-bad-{name}", f"{name} that cannot be read", asker.ask({name: like}))
    for pair in listing.ranges:
        stamps = _stamps(asker, pair.first)
        if stamps:
            reversed_ = {
                pair.first: asker.written(pair.first, max(stamps) + timedelta(seconds=1)),
                pair.last: asker.written(pair.last, min(stamps) - timedelta(seconds=1)),
            }
            yield asker.page("error-reversed-range", f"{pair.first} after {pair.last}", asker.ask(reversed_))
    scope = listing.scope
    if scope is not None and scope.parameter is not None:
        yield asker.page(
            "error-unknown-customer", "a customer that nobody knows", asker.ask({scope.parameter: "no-such-customer"})
        )


def _refused_requests(asker: Asker) -> Iterator[Page]:
    transport = asker.listing.transport
    base = asker.ask()
    if transport.routing is not None:
        other = Ask(values=base.values, credentials=base.credentials, operation="NoSuchOperation")
        none = Ask(values=base.values, credentials=base.credentials, no_operation=True)
        yield asker.page("error-unknown-operation", "another operation's name", other)
        yield asker.page("error-missing-operation", "no operation's name", none)
    request = asker.encoded(base)
    if transport.wrong_method is not None:
        wrong = HttpRequest(method="GET", target=request.target, headers=request.headers)
        yield _raw(asker, "error-wrong-method", "GET where POST is due", wrong)
    if transport.wrong_media_type is not None:
        headers = tuple((name, "text/plain" if name == "Content-Type" else value) for name, value in request.headers)
        wrong = HttpRequest(method=request.method, target=request.target, headers=headers, body=request.body)
        yield _raw(asker, "error-wrong-media-type", "another media type", wrong)
    if transport.bad_syntax is not None:
        body = b'{"filter": '
        headers = tuple(
            (name, str(len(body)) if name == "Content-Length" else value) for name, value in request.headers
        )
        wrong = HttpRequest(method=request.method, target=request.target, headers=headers, body=body)
        yield _raw(asker, "error-bad-syntax", "a body that is no JSON", wrong)


def _raw(asker: Asker, name: str, says: str, request: HttpRequest) -> Page:
    response, fault = asker.send(request)
    return Page(name=name, says=says, request=request, response=response, fault=fault)


# --- requests as files --------------------------------------------------------------------------------------


def request_text(request: HttpRequest) -> bytes:
    """A request as it goes over the wire (HTTP/1.1)."""
    lines = [f"{request.method} {request.target.decode('ascii')} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + request.body


def _framed(spec: Spec, request: HttpRequest) -> HttpRequest:
    headers = [("Host", _host(spec)), *request.headers]
    if request.body:
        headers.append(("Content-Length", str(len(request.body))))
    return HttpRequest(method=request.method, target=request.target, headers=tuple(headers), body=request.body)


def _host(spec: Spec) -> str:
    """Host and port of the spec's server with its defaults; the own machine where the spec names a real one."""
    servers = spec.openapi.get("servers") or [{"url": ""}]
    url = str(servers[0].get("url", ""))
    for name, variable in (servers[0].get("variables") or {}).items():
        url = url.replace("{" + name + "}", str(variable.get("default", "")))
    port = urlsplit(url).port
    return f"127.0.0.1:{port}" if port else "127.0.0.1"


def _needed(listing: Listing, credentials: Mapping[str, str]) -> dict[str, str]:
    access = listing.access
    names = (access.user, access.password) if access.kind == "password" else (access.token,)
    return {name: credentials[name] for name in names if name is not None}


__all__ = ["PAGE_SIZE", "Asker", "Page", "filter_values", "pages_of", "request_text"]
