"""Requests that between them touch every construct of a spec: for asking an honest simulator and a liar the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import jwt as pyjwt

from harness.serve.authentication import KeyPair, SimulatedUser
from harness.serve.query.table import Query, SortOrder
from harness.serve.simulator import Simulator
from harness.specification.access import way_credentials, ways_of
from harness.specification.field_path import FieldPath
from harness.specification.load import Spec
from harness.specification.model import CursorPaging, Listing, OffsetPaging, PageNumberPaging
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import element_codec, encode_parameter, takes_list
from harness.wire.request_codec import encode_request
from harness.wire.response_codec import decode_response
from harness.world import BUSY_HOUR, World

ZONE = ZoneInfo("UTC")


@dataclass(frozen=True)
class Prober:
    """Asks one simulator at the busy hour."""

    simulator: Simulator

    @property
    def spec(self) -> Spec:
        return self.simulator.documented_spec

    def send(self, request: HttpRequest) -> HttpResponse:
        return self.simulator.answer(request, BUSY_HOUR)

    def ask(self, ask: ListRequest) -> HttpResponse:
        return self.send(encode_request(self.spec, ask, base_path=self.simulator.base_path))

    def get(self, values: dict[str, Tree] | None = None, **more: Any) -> HttpResponse:
        """The answer to some values, with the default credentials and what must be given."""
        return self.ask(base_ask(self.simulator, values or {}, **more))

    def rows(self, values: dict[str, Tree] | None = None, **more: Any) -> list[dict[str, Any]]:
        answer = decode_response(self.spec.listing, self.get(values, **more))
        assert answer.outcome == "success", answer
        assert answer.rows is not None
        return list(answer.rows)  # type: ignore[arg-type]


def credentials_of(simulator: Simulator, who: SimulatedUser) -> dict[str, str]:
    names = way_credentials(ways_of(simulator.documented_spec.listing.access)[0])
    return {name: who.credentials[name] for name in names}


def window(spec: Spec) -> dict[str, Tree]:
    """What must be given, wide open."""
    found: dict[str, Tree] = {}
    for name, parameter in spec.listing.parameters.items():
        if parameter.required is not None:
            keeps = spec.listing.filters[name].keeps
            moment = BUSY_HOUR + timedelta(days=-30 if keeps == "at-or-after" else 1)
            found[name] = encode_parameter(parameter, moment, zone=ZONE, in_json=parameter.at is not None)
    return found


def base_ask(simulator: Simulator, values: dict[str, Tree], *, who: str = "default", **more: Any) -> ListRequest:
    identity = next(one for one in simulator.users if one.name == who)
    more.setdefault("credentials", credentials_of(simulator, identity))
    return ListRequest(values={**window(simulator.documented_spec), **values}, **more)


def asks(simulator: Simulator, key: KeyPair) -> Iterator[ListRequest]:
    """A few hundred requests."""
    spec = simulator.documented_spec
    yield base_ask(simulator, {})
    yield from _by_access(simulator, key)
    singles = list(_by_filters(simulator))
    for values in (*singles, *_by_parameters(spec), *_by_order_and_pages(spec), *_by_scope(spec)):
        yield base_ask(simulator, values)
    for values in (*_by_filters_of_others(simulator), *_by_old_ranges(simulator)):
        yield base_ask(simulator, values)
    yield from _beside_filters(simulator, singles)
    switches = [include.parameter for include in spec.listing.includes]
    if switches:
        yield base_ask(simulator, {name: spec.listing.parameters[name].true[0] for name in switches})
    together = of_one_row(simulator)
    for step in (1, 2, len(together) // 2, len(together) // 2 + 1):
        for first, second in zip(together, together[step:], strict=False):
            yield base_ask(simulator, {**first, **second})
    for who in simulator.users:
        yield base_ask(simulator, {}, who=who.name)
        for values in _by_scope(spec):
            yield base_ask(simulator, values, who=who.name)
    for name, parameter in spec.listing.parameters.items():
        if parameter.bound_to is not None:
            yield base_ask(simulator, {name: "another"})
        if parameter.as_ == "integer" and parameter.most is not None:
            in_json = spec.listing.transport.carries == "json"
            yield base_ask(simulator, {name: encode_parameter(parameter, parameter.most, zone=ZONE, in_json=in_json)})
    for way in spec.listing.transport.also:
        yield base_ask(simulator, {}, encoding_name=way)
    yield base_ask(simulator, {}, operation="NoSuchThing")
    yield base_ask(simulator, {}, no_operation=True)
    yield base_ask(simulator, {}, extra=(("nosuchparameter", "1"),))


def requests(simulator: Simulator) -> Iterator[HttpRequest]:
    """Requests that cannot be said as an ask."""
    spec = simulator.documented_spec
    plain = encode_request(spec, base_ask(simulator, {}), base_path=simulator.base_path)
    if spec.listing.transport.carries == "json":
        headers = tuple((name, value) for name, value in plain.headers if name != "Content-Type")
        yield HttpRequest(method="GET", target=plain.target, headers=headers)
        yield HttpRequest(
            method="POST", target=plain.target, headers=(*headers, ("Content-Type", "text/plain")), body=b"{}"
        )
        yield HttpRequest(method="POST", target=plain.target, headers=plain.headers, body=b"{")


def with_bare_separators(sent: Sequence[HttpRequest]) -> Iterator[HttpRequest]:
    """The requests with a semicolon in their query, which stands there as it is."""
    for request in sent:
        if b"%3B" in request.target:
            yield replace(request, target=request.target.replace(b"%3B", b";"))


def _by_access(simulator: Simulator, key: KeyPair) -> Iterator[ListRequest]:
    access = simulator.documented_spec.listing.access
    right = credentials_of(simulator, simulator.users[0])
    for name in right:
        yield base_ask(simulator, {}, credentials={other: right[other] for other in right if other != name})
        for wrong in ("wrong", right[name][:-1], right[name].swapcase(), f"{right[name]} ", f"{right[name][:-1]}%"):
            yield base_ask(simulator, {}, credentials={**right, name: wrong})
    yield base_ask(simulator, {}, credentials={})
    if access.jwt is not None:
        wall = int(BUSY_HOUR.timestamp())
        good = {"iss": "1200", "iat": wall - 5, "exp": wall + 60}
        for claims, kid in (
            (good, "callharness-key"),
            (good, "nosuchkey"),
            ({**good, "iat": wall - 900, "exp": wall - 600}, "callharness-key"),
            ({**good, "iat": wall + 900, "exp": wall + 1200}, "callharness-key"),
            ({**good, "exp": wall + 90000}, "callharness-key"),
        ):
            token = pyjwt.encode(claims, key.private_pem, algorithm="RS256", headers={"kid": kid})
            yield base_ask(simulator, {}, credentials={access.token: token})
            other = pyjwt.encode({**claims, "jti": "1"}, key.private_pem, algorithm="RS256", headers={"kid": kid})
            forged = ".".join((*token.split(".")[:2], other.split(".")[2]))
            yield base_ask(simulator, {}, credentials={access.token: forged})


def _beside_filters(simulator: Simulator, singles: Sequence[dict[str, Tree]]) -> Iterator[ListRequest]:
    """Orders, parts, counts and wrong credentials beside filters, and lists of many values."""
    listing = simulator.documented_spec.listing
    right = credentials_of(simulator, simulator.users[0])
    orders = list(_orders(listing))
    beside = {include.parameter: listing.parameters[include.parameter].true[0] for include in listing.includes}
    for values in singles[::3]:
        for name, text in right.items():
            yield base_ask(simulator, values, credentials={**right, name: f"{text}x"})
        for order in orders:
            yield base_ask(simulator, {**values, **order})
    for order in orders if beside else ():
        yield base_ask(simulator, {**beside, **order})
    counting = listing.count_only
    for name, rule in listing.filters.items():
        parameter = listing.parameters[name]
        if counting is not None and parameter.as_ == "text":
            on = {counting.parameter: listing.parameters[counting.parameter].true[0]}
            yield base_ask(simulator, {**on, name: "nothing has this"})
        known = list(dict.fromkeys(value for path in rule.compares for value in seen(simulator, path)))
        if known and [str(path) for path in rule.compares] == [listing.lists.identity]:
            one = (known[0],) if takes_list(parameter) else known[0]
            raw = encode_parameter(parameter, one, zone=ZONE, in_json=parameter.at is not None)
            for page in _page_parameters(listing):
                third = encode_parameter(listing.parameters[page], 2, zone=ZONE, in_json=parameter.at is not None)
                yield base_ask(simulator, {name: raw, page: third})
        if takes_list(parameter) and known and element_codec(parameter) != "word":
            strange = range(900_001, 900_001 + (parameter.most_items or 40) - 1)
            many = (*strange, known[-1]) if isinstance(known[-1], int) else (*map(str, strange), known[-1])
            raw = encode_parameter(parameter, many, zone=ZONE, in_json=parameter.at is not None)
            yield base_ask(simulator, {name: raw})


def _page_parameters(listing: Listing) -> tuple[str, ...]:
    """The parameter that says which page or slice it is."""
    match listing.paging:
        case PageNumberPaging() as paging:
            return (paging.page,)
        case OffsetPaging() as paging:
            return (paging.offset,)
        case _:
            return ()


def _orders(listing: Listing) -> Iterator[dict[str, Tree]]:
    """Each direction, and each word of order."""
    order = listing.order
    if order is not None and order.descending is not None:
        flag = listing.parameters[order.descending]
        yield from ({order.descending: text} for text in (flag.true[0], flag.false[0]))
    if order is not None and order.sort is not None:
        unusable = {*order.sort.undocumented, *order.sort.refused}
        yield from ({order.sort.parameter: word} for word in order.sort.words if word not in unusable)


def _by_filters(simulator: Simulator) -> Iterator[dict[str, Tree]]:
    listing = simulator.documented_spec.listing
    for name, rule in listing.filters.items():
        parameter = listing.parameters[name]
        in_json = parameter.at is not None
        chosen: list[Any] = []
        for path in rule.compares:
            values = seen(simulator, path)
            few = 5 if len(rule.compares) == 1 else 25
            chosen += list(dict.fromkeys(values[:: max(1, len(values) // few) if values else 1]))[:few]
        words = [*rule.words, *parameter.words, *rule.no_filter, *rule.word_clauses]
        for value in chosen:
            if parameter.as_ in ("list", "json-list"):
                pair = tuple(dict.fromkeys((value, chosen[0], chosen[-1])))
                yield {name: encode_parameter(parameter, pair, zone=ZONE, in_json=in_json)}
            else:
                yield {name: encode_parameter(parameter, value, zone=ZONE, in_json=in_json)}
            if isinstance(value, str) and len(value) > 3:
                for part in (value[1:4], value[:4]):
                    yield {name: json.dumps([part]) if parameter.as_ == "json-list" else part}
        for word in words:
            yield {name: word}
        if isinstance(chosen[0] if chosen else None, datetime):
            for value in chosen:
                local = value.astimezone(ZoneInfo("Asia/Ho_Chi_Minh"))
                yield {name: local.isoformat(timespec="seconds")}
        yield {name: [] if in_json and parameter.as_ == "list" else ""}
        if rule.loses_to is not None:
            yield {name: str(chosen[0]), rule.loses_to: "[]"}
            yield {name: str(chosen[0]), rule.loses_to: json.dumps([chosen[-1]])}
        if rule.named_by is not None:
            for word in (*rule.named_by.words, *rule.named_by.none, "nosuchword"):
                for value in chosen[2:4]:
                    raw = encode_parameter(parameter, value, zone=ZONE, in_json=in_json)
                    yield {name: raw, rule.named_by.parameter: word}
        for other in rule.applies_if_any:
            for needed in seen(simulator, listing.filters[other].compares[0])[:2]:
                for text in (str(chosen[0]), str(chosen[-1]), str(chosen[0])[1:4]):
                    yield {name: text, other: str(needed)}
        if parameter.as_ == "calendar-day":
            # The calls may all be of one day: the days around it tell which days are kept.
            for days in (-1, 0, 1):
                yield {
                    name: encode_parameter(parameter, BUSY_HOUR + timedelta(days=days), zone=ZONE, in_json=in_json)
                }
    for pair in listing.ranges:
        moments = [BUSY_HOUR - timedelta(minutes=11), BUSY_HOUR - timedelta(minutes=9)]
        parameter = listing.parameters[pair.first]
        raws = [encode_parameter(parameter, one, zone=ZONE, in_json=parameter.at is not None) for one in moments]
        yield {pair.first: raws[0], pair.last: raws[1]}
        yield {pair.first: raws[1], pair.last: raws[0]}
        if parameter.as_ == "rfc3339":
            first, last = (one.astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).isoformat() for one in moments)
            yield {pair.first: first, pair.last: last}
            yield {pair.first: raws[0], pair.last: last}
            yield {pair.first: first, pair.last: raws[1]}


def _by_old_ranges(simulator: Simulator) -> Iterator[dict[str, Tree]]:
    """The two bounds of each instant, around a call of the older ones."""
    listing = simulator.documented_spec.listing
    for name, rule in listing.filters.items():
        others = [one for one, other in listing.filters.items() if other.compares == rule.compares]
        last = next((one for one in others if listing.filters[one].keeps == "at-or-before"), None)
        instants = seen(simulator, rule.compares[0])
        if rule.keeps != "at-or-after" or last is None or len(instants) < 8:
            continue
        old, second = instants[len(instants) // 4], timedelta(seconds=1)
        yield {
            one: encode_parameter(parameter, old + beyond, zone=ZONE, in_json=parameter.at is not None)
            for one, beyond in ((name, -second), (last, second))
            for parameter in (listing.parameters[one],)
        }


def seen(simulator: Simulator, path: FieldPath) -> list[Any]:
    """The values at a path in the rows that the default identity sees, in order."""
    view = simulator._view_at(BUSY_HOUR)
    owners = frozenset((simulator.world.home_customer_id,)) if simulator.documented_spec.listing.scope else None
    rows = view.table.matching_rows(Query(sort_order=SortOrder(path=None), owners=owners)).tolist()
    column = view._values_at(path)
    found = {value for row in rows for value in column[row] if value is not None}
    found = found or {value for values in column for value in values if value is not None}
    return sorted(found)  # type: ignore[type-var]


def _by_filters_of_others(simulator: Simulator) -> Iterator[dict[str, Tree]]:
    """Filters, sorts and counts beside the words and switches that show others' calls."""
    listing = simulator.documented_spec.listing
    scope, order, counting = listing.scope, listing.order, listing.count_only
    wider: list[dict[str, Tree]] = []
    if scope is not None and scope.parameter is not None:
        wider += ({scope.parameter: word} for word in scope.words)
        wider += [{scope.parameter: "1200", scope.recursive: "1"}] if scope.recursive is not None else []
    if scope is not None and scope.children_only is not None:
        wider.append({scope.children_only.parameter: "true"})
    on: dict[str, Tree] = {counting.parameter: "1"} if counting is not None else {}
    for beside in wider:
        for values in list(_by_filters(simulator))[:: 1 if len(wider) == 1 else 2]:
            yield {**values, **beside}
        yield from ({**values, **on, **beside} for values in list(_by_filters(simulator))[::9] if on)
        if order is not None and order.sort is not None:
            for word in order.sort.words:
                yield {order.sort.parameter: word, **beside}


def of_one_row(simulator: Simulator) -> list[dict[str, Tree]]:
    """For several rows each filter with a value of that row."""
    listing = simulator.documented_spec.listing
    view = simulator._view_at(BUSY_HOUR)
    owners = frozenset((simulator.world.home_customer_id,)) if listing.scope else None
    rows = view.table.matching_rows(Query(sort_order=SortOrder(path=None), owners=owners)).tolist()
    found: list[dict[str, Tree]] = []
    for row in rows[:: max(1, len(rows) // 2)][:2]:
        for name, rule in listing.filters.items():
            parameter = listing.parameters[name]
            values = [value for value in view._values_at(rule.compares[0])[row] if value is not None]
            if values and not isinstance(values[0], datetime):
                value = (values[0],) if parameter.as_ in ("list", "json-list") else values[0]
                raw = encode_parameter(parameter, value, zone=ZONE, in_json=parameter.at is not None)  # type: ignore[arg-type]
                found.append({name: raw})
    return found


def _by_parameters(spec: Spec) -> Iterator[dict[str, Tree]]:
    for name, parameter in spec.listing.parameters.items():
        in_json = parameter.at is not None
        for rule in (parameter.bad, parameter.beyond, parameter.zero, parameter.too_many):
            for value in rule.like if rule is not None else ():
                yield {name: value if in_json else str(value)}
        if parameter.too_many is not None and parameter.most_items and not in_json:
            yield {name: (parameter.separated_by or ",").join(str(1000 + n) for n in range(parameter.most_items + 1))}
        if not in_json:
            yield {name: ""}
        if parameter.as_ == "flag":
            for spelling in (*parameter.true, *parameter.false):
                yield {name: spelling}
        if parameter.as_ == "integer":
            for number in (0, 1, 2, 3, 7, 20):
                yield {name: number if in_json else str(number)}
    zone = spec.listing.zone
    if zone is not None and zone.parameter is not None:
        for name in ("Asia/Kolkata", "Etc/GMT+2"):
            yield {zone.parameter: name}
    count = spec.listing.count_only
    if count is not None:
        yield {count.parameter: "1"}
        for other in (*count.ignores, *spec.listing.filters):
            yield {count.parameter: "1", other: "2"}


def _by_order_and_pages(spec: Spec) -> Iterator[dict[str, Tree]]:
    order, paging = spec.listing.order, spec.listing.paging
    if order is not None and order.sort is not None:
        sort = order.sort
        for word in (*sort.words, *sort.refused, *sort.unknown_like):
            yield {sort.parameter: word}
            yield {sort.parameter: f"-{word}"}
            if order.descending is not None:
                yield {sort.parameter: word, order.descending: "1"}
    if isinstance(paging, PageNumberPaging | OffsetPaging):
        place = paging.page if isinstance(paging, PageNumberPaging) else paging.offset
        for size in (1, 3, 20):
            for number in (0, 1, 2, 5):
                yield {paging.size: str(size), place: str(number)}
    if isinstance(paging, CursorPaging):
        yield from (
            {paging.after: "."},
            {paging.after: "@@"},
            {paging.before: "."},
            {paging.after: "A", paging.before: "A"},
        )


def _by_scope(spec: Spec) -> Iterator[dict[str, Tree]]:
    scope = spec.listing.scope
    if scope is None:
        return
    if scope.parameter is not None:
        for value in (*scope.words, *scope.may_words, "1200", "1201", "1202", "1300", "999999", "nosuch"):
            yield {scope.parameter: value}
            if scope.recursive is not None:
                yield {scope.parameter: value, scope.recursive: "1"}
    if scope.listed_children is not None:
        for value in ("1201", "1201;1202", "1300", "abc"):
            yield {scope.listed_children: value}
    if scope.children_only is not None:
        yield {scope.children_only.parameter: "true"}
        if scope.listed_children is not None:
            yield {scope.children_only.parameter: "true", scope.listed_children: "1201"}


def walk(prober: Prober, size: int) -> list[bytes]:
    """A few pages by cursor, on and back; nothing for other kinds of paging."""
    paging = prober.spec.listing.paging
    if not isinstance(paging, CursorPaging):
        return []
    bodies: list[bytes] = []
    first = prober.get({paging.size: size})
    bodies.append(first.body)
    answer = decode_response(prober.spec.listing, first)
    for _ in range(2):
        response = prober.get(
            {paging.size: size, paging.after: answer.next_cursor if isinstance(answer.next_cursor, str) else ""}
        )
        bodies.append(response.body)
        answer = decode_response(prober.spec.listing, response)
    if isinstance(answer.next_cursor, str) and prober.spec.listing.scope is not None:
        values: dict[str, Tree] = {paging.size: size, paging.after: answer.next_cursor}
        bodies += (prober.get(values, who=user.name).body for user in prober.simulator.users)
    if isinstance(answer.previous_cursor, str):
        bodies.append(prober.get({paging.size: size, paging.before: answer.previous_cursor}).body)
    if isinstance(answer.next_cursor, str):
        order = prober.spec.listing.order
        assert order is not None
        assert order.sort is not None
        other = list(order.sort.words)[-1]
        both: dict[str, Tree] = {paging.after: answer.next_cursor, paging.before: answer.next_cursor}
        bodies.append(prober.get(both).body)
        bodies.append(prober.get({paging.after: answer.next_cursor, order.sort.parameter: other}).body)
    return bodies


def make_world() -> World:
    return World.of(seed=1, calls=2000)
