"""Sample exchanges: requests with their answers from the pure simulator (pages, filters, sorts, counts, errors)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast, final
from urllib.parse import urlsplit

from harness.generate.demanded_values import demanded_values
from harness.generate.rows import RowSet, RowWorld, row_set_of
from harness.serve.simulator import SimulatedAnswer, Simulator
from harness.specification.access import account_names, chosen_values, way_credentials, ways_of
from harness.specification.dialect import Dialect, default_zone
from harness.specification.load import Spec
from harness.specification.model import (
    CursorPaging,
    Filter,
    LimitPaging,
    Listing,
    OffsetPaging,
    PageNumberPaging,
)
from harness.specification.narrowing_defaults import demanded_place, time_ends, widest_words
from harness.specification.sort_spellings import descending_spelling
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import ParameterValue, element_codec, encode_parameter
from harness.wire.request_codec import encode_request
from harness.wire.request_signature import SigningMoment, sign_request
from harness.wire.response_codec import DecodedResponse, decode_response, encode_error, error_tree
from harness.world.world import World

# What keeps nothing for a value that no row has.
_NARROW_COMPARISONS: Final = ("equal", "contains", "starts", "ends", "like")
PAGE_SIZE: Final = 5
_WRONG_CREDENTIAL: Final = "callharness-wrong"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SampleExchange:
    """One request and the simulator's answer to it.

    `error_name` is the spec's name of the error that it tells; an error that no request brings about has no request.
    """

    name: str
    says: str
    request: HttpRequest | None
    response: HttpResponse
    error_name: str | None = None
    values: Mapping[str, Tree] | None = None


@final
class SampleClient:
    """Puts requests to a simulator of the spec over the world, as its default user."""

    def __init__(self, spec: Spec, world: RowWorld, dialect: Dialect) -> None:
        self.spec = spec
        self.world = world
        self.dialect = dialect
        self.listing: Listing = spec.listing
        self.simulator = Simulator(spec, world, dialect=dialect)
        self.credentials = _required_credentials(self.listing, self.simulator.users[0].credentials)
        self.zone = default_zone(self.listing, dialect)
        self.all_rows = row_set_of(spec, world, dialect)
        self.required_values: Mapping[str, Tree] = self._required_range()
        self.visible_rows = self._find_visible_rows()

    def send(self, request: HttpRequest) -> SimulatedAnswer:
        """The answer, and the spec's name of the error that it is, or None."""
        return self.simulator.simulate(request, self.world.instant)

    def list_request(self, values: Mapping[str, Tree] | None = None) -> ListRequest:
        """A request of the default user with what must be given, and these values."""
        return ListRequest(values={**self.required_values, **(values or {})}, credentials=self.credentials)

    def encode(self, ask: ListRequest) -> HttpRequest:
        """The request as bytes, with the headers that a client adds."""
        request = encode_request(self.spec, ask, base_path=self.simulator.base_path)
        request = _with_client_headers(self.spec, request)
        if ask.log_in:
            return request
        nonce = hashlib.sha256(request.target + request.body).hexdigest()[:32]
        moment = SigningMoment(at=self.world.instant, nonce=nonce)
        return sign_request(self.listing.access, request, ask.credentials, moment)

    def fetch_exchange(self, name: str, says: str, ask: ListRequest) -> SampleExchange:
        """The exchange of a list request."""
        return self.send_raw(name, says, self.encode(ask), values=ask.values)

    def send_raw(
        self, name: str, says: str, request: HttpRequest, *, values: Mapping[str, Tree] | None = None
    ) -> SampleExchange:
        """The exchange of an HTTP request, also of one that no list request is written as."""
        answer = self.send(request)
        return SampleExchange(
            name=name,
            says=says,
            request=request,
            response=answer.response,
            error_name=answer.error_name and self._distinct_error(answer.error_name),
            values=values,
        )

    def _distinct_error(self, name: str) -> str:
        """The first of the errors that a client cannot tell from this one: one code, one status, one message."""
        access, faults = self.listing.access, self.listing.outcome.faults
        error = faults[name]
        # Who sent no credentials or wrong ones knows which of the two it was.
        if not error.says or name in (access.missing_fault, access.wrong_fault):
            return name
        look = (error.code, error.http, error.says)
        return next(other for other, one in faults.items() if (one.code, one.http, one.says) == look)

    def fetch_response(self, values: Mapping[str, Tree] | None = None) -> DecodedResponse:
        """The decoded answer of the default user's request with these values."""
        return decode_response(self.listing, self.send(self.encode(self.list_request(values))).response)

    def encode_value(self, name: str, value: ParameterValue) -> Tree:
        """A value as the request writes it."""
        parameter = self.listing.parameters[name]
        return encode_parameter(parameter, value, zone=self.zone, in_json=parameter.at is not None)

    def size_values(self, rows: int) -> dict[str, Tree]:
        """The parameter that says how many rows a page holds; nothing where there is none."""
        size = self.listing.paging.size_parameter
        return {} if size is None else {size: self.encode_value(size, rows)}

    def largest_size_values(self) -> dict[str, Tree]:
        """The largest page that may be asked for."""
        paging = self.listing.paging
        if isinstance(paging, LimitPaging):
            return {} if paging.all is None else self.size_values(paging.all)
        size = paging.size_parameter
        return {} if size is None else self.size_values(self.listing.parameters[size].most or 1000)

    def _required_range(self) -> dict[str, Tree]:
        """Values for the ends of a range that must be given: wide enough for every row."""
        named = {**chosen_values(self.spec), **demanded_values(self.spec, self.all_rows)}
        found: dict[str, Tree] = {**named, **widest_words(self.listing)}
        found |= {name: self.encode_value(name, first) for name, first in demanded_place(self.listing).items()}
        chosen = {name for choice in self.listing.at_least_one for name in time_ends(self.listing, choice)}
        for name, rule in self.listing.filters.items():
            parameter = self.listing.parameters[name]
            needed = parameter.required is not None or name in chosen
            if not needed or rule.keeps not in ("at-or-after", "at-or-before"):
                continue
            path = rule.compares[0]
            stamps = [value for index in range(len(self.all_rows)) for value in self.all_rows.values_at(index, path)]
            first, last = (min(stamps), max(stamps)) if stamps else (self.world.instant, self.world.instant)
            second = timedelta(seconds=1)
            first, last = first - second, last + second
            for pair in self.listing.ranges:
                if pair.most_seconds is not None and name in (pair.first, pair.last):
                    # As much as may be asked for at once: the newest of them.
                    first = max(first, last - timedelta(seconds=pair.most_seconds))
            found[name] = self.encode_value(name, first if rule.keeps == "at-or-after" else last)
        return found

    def _find_visible_rows(self) -> RowSet:
        """The rows that the default user may see."""
        ask = self.simulator.decode_list_request(self.encode(self.list_request(self.largest_size_values())))
        rows = self.simulator.select_rows(ask, self.world.instant) if isinstance(ask, ListRequest) else ()
        name = self.listing.lists.identity
        return self.all_rows.with_identities(frozenset(row.get(name) for row in rows))

    def filter_value(self, name: str, index: int) -> ParameterValue | None:
        """A value of the filter `name` that one visible row satisfies; None where the row has none."""
        rule = self.listing.filters[name]
        parameter = self.listing.parameters[name]
        for path in rule.compares:
            values = [value for value in self.visible_rows.values_at(index, path) if value not in ("", ())]
            if not values:
                continue
            value = values[0]
            if rule.keeps in ("present", "absent"):
                return parameter.as_ == "presence" or rule.keeps == "present"
            if parameter.as_ in ("list", "json-list") or parameter.repeated is not None:
                return (value if isinstance(value, int) and element_codec(parameter) != "text" else str(value),)
            if parameter.as_ in ("text", "word"):
                return str(value)
            return cast(ParameterValue, value)
        return None


def make_sample_exchanges(spec: Spec, world: World, dialect: Dialect) -> Iterator[SampleExchange]:
    """One exchange for each kind of answer that the spec describes."""
    return fetch_sample_exchanges(SampleClient(spec, world, dialect))


def fetch_sample_exchanges(client: SampleClient) -> Iterator[SampleExchange]:
    """The same exchanges by a client that is there already."""
    yield from _page_exchanges(client)
    yield from _filter_exchanges(client)
    yield from _sort_exchanges(client)
    yield from _switch_exchanges(client)
    yield from _error_exchanges(client)


# --- pages --------------------------------------------------------------------------------------------------


def _page_exchanges(client: SampleClient) -> Iterator[SampleExchange]:
    count = len(client.visible_rows)
    whole = client.largest_size_values()
    yield client.fetch_exchange("whole-list", "every row at once", client.list_request(whole))
    if client.listing.paging.size_parameter is None:
        return
    yield client.fetch_exchange(
        "first-page", f"the first {PAGE_SIZE} rows", client.list_request(client.size_values(PAGE_SIZE))
    )
    for name, says, values in page_places(client, count):
        yield client.fetch_exchange(name, says, client.list_request({**client.size_values(PAGE_SIZE), **values}))


def page_places(client: SampleClient, count: int) -> Iterator[tuple[str, str, Mapping[str, Tree]]]:
    """Name, meaning and place of some pages of a list of so many rows, in pages of `PAGE_SIZE`."""
    paging = client.listing.paging
    last = max(math.ceil(count / PAGE_SIZE) - 1, 0)
    match paging:
        case PageNumberPaging():
            number = client.dialect.resolve(paging.first)
            for name, says, page in (
                ("second-page", "the page after the first", 1),
                ("last-page", "the last page", last),
                ("past-the-end", "a page beyond the last", last + 3),
            ):
                yield name, says, {paging.page: client.encode_value(paging.page, number + page)}
        case OffsetPaging():
            for name, says, offset in (
                ("second-page", "the page after the first", PAGE_SIZE),
                ("last-page", "the last page", last * PAGE_SIZE),
                ("past-the-end", "an offset beyond the last row", count + PAGE_SIZE),
            ):
                yield name, says, {paging.offset: client.encode_value(paging.offset, offset + paging.first)}
        case CursorPaging():
            following = client.fetch_response(client.size_values(PAGE_SIZE)).next_cursor
            if isinstance(following, str) and following:
                yield "second-page", "the page after the first", {paging.after: following}
            if paging.before is not None and paging.end_words:
                yield "last-page", "the last page", {paging.before: paging.end_words[0]}
                final = client.fetch_response(
                    {**client.size_values(PAGE_SIZE), paging.before: paging.end_words[0]}
                ).next_cursor
                if isinstance(final, str) and final:
                    yield "past-the-end", "after the last row", {paging.after: final}
        case _:
            pass


# --- filters, sorts, switches -------------------------------------------------------------------------------


def _filter_exchanges(client: SampleClient) -> Iterator[SampleExchange]:
    for name in client.listing.filters:
        values = filter_values(client, name)
        if values is not None:
            yield client.fetch_exchange(f"filter-{name}", f"only rows that {name} keeps", client.list_request(values))
    nobody = _no_match_values(client)
    if nobody is not None:
        yield client.fetch_exchange("no-match", "a filter that keeps nothing", client.list_request(nobody))


def filter_values(client: SampleClient, name: str, *, index: int | None = None) -> dict[str, Tree] | None:
    """The filter with a value of some row, and whatever else makes it count; None where no row has a value."""
    listing = client.listing
    rule = listing.filters[name]
    chosen = _row_with_value(client, name, index)
    if chosen is None:
        return None
    value = client.filter_value(name, chosen)
    if value is None:
        return None
    values = {name: client.encode_value(name, value)}
    values |= _companion_filter(client, rule, chosen)
    for pair in listing.ranges:
        other = pair.last if name == pair.first else pair.first if name == pair.last else None
        if other is not None and other not in client.required_values and isinstance(value, datetime):
            end = max(_filter_instants(client, other)) if name == pair.first else min(_filter_instants(client, other))
            values[other] = client.encode_value(other, end)
    if rule.named_by is not None:
        word = next((word for word, keeps in rule.named_by.words.items() if keeps == rule.keeps), None)
        if word is not None:
            values[rule.named_by.parameter] = word
    return values


def _companion_filter(client: SampleClient, rule: Filter, index: int) -> dict[str, Tree]:
    """A filter without which this one has no effect."""
    for name in rule.applies_if_any:
        value = client.filter_value(name, index)
        if value is not None:
            return {name: client.encode_value(name, value)}
    return {}


def _row_with_value(client: SampleClient, name: str, index: int | None) -> int | None:
    """A row that has a value for the filter, from the middle on."""
    count = len(client.visible_rows)
    order = [index] if index is not None else [(count // 2 + step) % count for step in range(count)]
    return next((row for row in order if client.filter_value(name, row) is not None), None)


def _filter_instants(client: SampleClient, name: str) -> list[Any]:
    path = client.listing.filters[name].compares[0]
    return [
        value for index in range(len(client.visible_rows)) for value in client.visible_rows.values_at(index, path)
    ]


def _no_match_values(client: SampleClient) -> dict[str, Tree] | None:
    for name, rule in client.listing.filters.items():
        parameter = client.listing.parameters[name]
        plain = (
            parameter.as_ == "text"
            and parameter.pattern is None
            and rule.stranger == "nothing"
            and not rule.applies_if_any
        )
        plain = plain and (not isinstance(rule.keeps, str) or rule.keeps in _NARROW_COMPARISONS)
        if plain and not rule.compares[0].hidden:
            return {name: "no-such-value"}
    return None


def _sort_exchanges(client: SampleClient) -> Iterator[SampleExchange]:
    order = client.listing.order
    if order is None:
        return
    size = client.size_values(PAGE_SIZE)
    if order.sort is not None:
        for word in order.sort.words:
            values = {**size, order.sort.parameter: word}
            yield client.fetch_exchange(f"sort-{word}", f"ordered by {word}", client.list_request(values))
            turned = descending_spelling(order.sort, word)
            if turned != word:
                values = {**size, order.sort.parameter: turned}
                yield client.fetch_exchange(
                    f"sort-{word}-descending", f"ordered by {word}, descending", client.list_request(values)
                )
    if order.descending is not None:
        values = {**size, order.descending: client.encode_value(order.descending, True)}
        yield client.fetch_exchange("descending", "the usual order turned round", client.list_request(values))


def _switch_exchanges(client: SampleClient) -> Iterator[SampleExchange]:
    listing = client.listing
    size = client.size_values(PAGE_SIZE)
    if listing.count_only is not None:
        name = listing.count_only.parameter
        yield client.fetch_exchange(
            "count-only",
            "a number in place of the rows",
            client.list_request({name: client.encode_value(name, True)}),
        )
    if listing.total is not None and listing.total.switch is not None:
        name = listing.total.switch.parameter
        values = {**size, name: client.encode_value(name, False)}
        yield client.fetch_exchange("without-total", "the total switched off", client.list_request(values))
    for include in listing.includes:
        name = include.parameter
        on = listing.parameters[name].default is not True
        says = "added to each row" if on else "left out of each row"
        values = {**size, name: client.encode_value(name, on)}
        yield client.fetch_exchange(
            f"{name}-{'on' if on else 'off'}", f"the part of {name} {says}", client.list_request(values)
        )
    scope = listing.scope
    if scope is not None and scope.parameter is not None:
        for word in scope.words:
            values = {**size, scope.parameter: word}
            yield client.fetch_exchange(
                f"scope-{word}", f"the calls of {scope.parameter}={word}", client.list_request(values)
            )


# --- errors -------------------------------------------------------------------------------------------------


def _error_exchanges(client: SampleClient) -> Iterator[SampleExchange]:
    told: set[str] = set()
    for page in (
        *_refused_user_exchanges(client),
        *_refused_value_exchanges(client),
        *_refused_request_exchanges(client),
    ):
        if page.error_name is None or (page.error_name in told and not page.name.startswith("error-without")):
            continue
        told.add(page.error_name)
        yield page
    # Errors that no request to an honest server brings about are written by the spec alone.
    for fault in client.listing.outcome.faults:
        if fault not in told:
            routing = client.listing.transport.routing
            status, tree = error_tree(
                client.listing,
                fault,
                choices=client.dialect,
                parameter=next(iter(client.listing.parameters), client.listing.access.user or ""),
                operation=routing.name if routing else "",
            )
            media_type, body = encode_error(client.listing, fault, tree)
            headers = (("Content-Type", media_type),) if media_type is not None else ()
            response = HttpResponse(http_status=status, headers=headers, body=body)
            says = f"the error {fault}, which no request brings about here"
            yield SampleExchange(name=f"error-{fault}", says=says, request=None, response=response, error_name=fault)


def _refused_user_exchanges(client: SampleClient) -> Iterator[SampleExchange]:
    base = client.list_request()
    names = way_credentials(ways_of(client.listing.access)[0])
    for name in names:
        fewer = {key: value for key, value in client.credentials.items() if key != name}
        ask = ListRequest(values=base.values, credentials=fewer, account=client.credentials)
        yield client.fetch_exchange(f"error-without-{name}", f"no {name}", ask)
    for name in names:
        other = ListRequest(
            values=base.values,
            credentials={**client.credentials, name: _WRONG_CREDENTIAL},
            account=client.credentials,
        )
        yield client.fetch_exchange(f"error-wrong-{name}", f"a wrong {name}", other)
    unfit = next((user for user in client.simulator.users if user.name == "no-role"), None)
    if unfit is not None:
        credentials = {name: unfit.credentials[name] for name in client.credentials}
        yield client.fetch_exchange("error-role", "a user whose role does not suffice", ListRequest(
            values=base.values, credentials=credentials
        ))  # fmt: skip


def _refused_value_exchanges(client: SampleClient) -> Iterator[SampleExchange]:
    listing = client.listing
    for name in client.required_values:
        values = {key: value for key, value in client.required_values.items() if key != name}
        ask = ListRequest(values=values, credentials=client.credentials)
        yield client.fetch_exchange(f"error-missing-{name}", f"{name} is missing", ask)
    for name, parameter in listing.parameters.items():
        for bad in (parameter.bad, parameter.beyond, parameter.zero):
            for like in bad.like if bad is not None else ():
                yield client.fetch_exchange(
                    f"error-bad-{name}", f"{name} that cannot be read", client.list_request({name: like})
                )
    for pair in listing.ranges:
        stamps = _filter_instants(client, pair.first)
        if stamps:
            reversed_ = {
                pair.first: client.encode_value(pair.first, max(stamps) + timedelta(seconds=1)),
                pair.last: client.encode_value(pair.last, min(stamps) - timedelta(seconds=1)),
            }
            yield client.fetch_exchange(
                "error-reversed-range", f"{pair.first} after {pair.last}", client.list_request(reversed_)
            )
        if pair.most_seconds is not None:
            last = client.world.instant
            apart = timedelta(seconds=2 * pair.most_seconds)
            long = {
                pair.first: client.encode_value(pair.first, last - apart),
                pair.last: client.encode_value(pair.last, last),
            }
            says = f"{pair.first} and {pair.last} too far apart"
            yield client.fetch_exchange("error-long-range", says, client.list_request(long))
    scope = listing.scope
    if scope is not None and scope.parameter is not None:
        yield client.fetch_exchange(
            "error-unknown-customer",
            "a customer that nobody knows",
            client.list_request({scope.parameter: "no-such-customer"}),
        )


def _refused_request_exchanges(client: SampleClient) -> Iterator[SampleExchange]:
    transport = client.listing.transport
    base = client.list_request()
    if transport.routing is not None:
        other = ListRequest(values=base.values, credentials=base.credentials, operation="NoSuchOperation")
        none = ListRequest(values=base.values, credentials=base.credentials, no_operation=True)
        yield client.fetch_exchange("error-unknown-operation", "another operation's name", other)
        yield client.fetch_exchange("error-missing-operation", "no operation's name", none)
    request = client.encode(base)
    if transport.wrong_method is not None:
        wrong = HttpRequest(method="GET", target=request.target, headers=request.headers)
        yield client.send_raw("error-wrong-method", "GET where POST is due", wrong)
    if transport.wrong_media_type is not None:
        headers = tuple((name, "text/plain" if name == "Content-Type" else value) for name, value in request.headers)
        wrong = HttpRequest(method=request.method, target=request.target, headers=headers, body=request.body)
        yield client.send_raw("error-wrong-media-type", "another media type", wrong)
    if transport.bad_syntax is not None:
        body = b'{"filter": '
        headers = tuple(
            (name, str(len(body)) if name == "Content-Length" else value) for name, value in request.headers
        )
        wrong = HttpRequest(method=request.method, target=request.target, headers=headers, body=body)
        yield client.send_raw("error-bad-syntax", "a body that is no JSON", wrong)


# --- requests as files --------------------------------------------------------------------------------------


def request_text(request: HttpRequest) -> bytes:
    """A request as it goes over the wire (HTTP/1.1)."""
    lines = [f"{request.method} {request.target.decode('ascii')} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + request.body


def _with_client_headers(spec: Spec, request: HttpRequest) -> HttpRequest:
    headers = [("Host", _server_host(spec)), *request.headers]
    if request.body:
        headers.append(("Content-Length", str(len(request.body))))
    return HttpRequest(method=request.method, target=request.target, headers=tuple(headers), body=request.body)


def _server_host(spec: Spec) -> str:
    """Host and port of the spec's server with its defaults; the own machine where the spec names a real one."""
    servers = spec.openapi.get("servers") or [{"url": ""}]
    url = str(servers[0].get("url", ""))
    for name, variable in (servers[0].get("variables") or {}).items():
        url = url.replace("{" + name + "}", str(variable.get("default", "")))
    port = urlsplit(url).port
    return f"127.0.0.1:{port}" if port else "127.0.0.1"


def _required_credentials(listing: Listing, credentials: Mapping[str, str]) -> dict[str, str]:
    names = (*way_credentials(ways_of(listing.access)[0]), *account_names(listing))
    return {name: credentials[name] for name in names if name in credentials}


__all__ = [
    "PAGE_SIZE",
    "SampleClient",
    "SampleExchange",
    "fetch_sample_exchanges",
    "filter_values",
    "make_sample_exchanges",
    "request_text",
]
