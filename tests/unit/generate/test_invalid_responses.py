"""Invalid answers: what in each differs from its valid original, what they are called, and where there are none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest
from invented_spec import acmepbx

from harness.generate.fixtures import write_fixtures
from harness.generate.invalid_responses import InvalidResponse, make_invalid_responses
from harness.serve.simulator import Simulator
from harness.specification.dialect import Dialect
from harness.specification.load import Spec, load_spec
from harness.wire.http_messages import HttpResponse
from harness.world.world import World

ACME = "acmepbx/list-calls"
XML = "ozeki/list-call-history"
JSON = "etelecom/list-call-logs"
# They have the constructs that the three above lack.
SWITCHES = "voximplant/get-call-history"
COUNTS = "enswitch/calls-active-list"

XML_ROWS = frozenset({"Call"})


# --- what is made, and what it is made from -----------------------------------------------------------------


@cache
def world(calls: int = 60) -> World:
    return World.of(seed=7, calls=calls)


@cache
def spec_of(api: str) -> Spec:
    return acmepbx() if api == ACME else load_spec(api)


@cache
def made(api: str) -> tuple[InvalidResponse, ...]:
    return tuple(make_invalid_responses(spec_of(api), world(), Dialect()))


def made_of(*changes: tuple[str, str], calls: int = 60) -> list[str]:
    """What is made of the invented API with something changed: clause and deed of each."""
    return [
        f"{one.clause} {one.change}" for one in make_invalid_responses(acmepbx(*changes), world(calls), Dialect())
    ]


def the(api: str, clause: str, done: str) -> InvalidResponse:
    found = [one for one in made(api) if (one.clause, one.change) == (clause, done)]
    assert len(found) == 1
    return found[0]


def valid(api: str, one: InvalidResponse) -> HttpResponse:
    """What an honest server answers to the same request."""
    return Simulator(spec_of(api), world()).answer(one.request, world().instant)


def rows(response: HttpResponse) -> list[dict[str, Any]]:
    """The rows of the invented API."""
    found: list[dict[str, Any]] = json.loads(response.body)["calls"]
    return found


def asked(one: InvalidResponse) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(one.request.target.decode()).query))


# --- the difference in words --------------------------------------------------------------------------------


def tree_of(body: bytes) -> Any:
    return _element(ElementTree.fromstring(body)) if body.startswith(b"<") else json.loads(body)


def _element(node: ElementTree.Element) -> Any:
    if not len(node):
        return node.text or ""
    found: dict[str, Any] = {}
    for child in node:
        if child.tag in XML_ROWS:
            found.setdefault(child.tag, []).append(_element(child))
        else:
            found[child.tag] = _element(child)
    return found


def difference(api: str, one: InvalidResponse) -> list[str]:
    """How the answer differs from the valid one, a line for each place."""
    was, now = valid(api, one), one.response
    told = list(_places(tree_of(was.body), tree_of(now.body), ""))
    if was.http_status != now.http_status:
        told.append(f"HTTP {now.http_status}")
    if was.headers != now.headers:
        told.append(" ".join(": ".join(header) for header in now.headers))
    return told


def _places(was: Any, now: Any, at: str) -> Iterator[str]:
    if isinstance(was, dict) and isinstance(now, dict):
        for name in (*was, *(name for name in now if name not in was)):
            if name not in now:
                yield f"{at}/{name} gone"
            elif name not in was:
                yield f"{at}/{name} added"
            else:
                yield from _places(was[name], now[name], f"{at}/{name}")
    elif isinstance(was, list) and isinstance(now, list):
        yield from _items(was, now, at)
    elif type(was) is not type(now) or was != now:
        yield f"{at} {_change(was, now)}"


def _items(was: list[Any], now: list[Any], at: str) -> Iterator[str]:
    if len(now) != len(was):
        kept = [item for item in now if item in was]
        more = "more" if len(now) > len(was) else "fewer"
        assert kept in (was, now)
        yield f"{at} {abs(len(now) - len(was))} {more}"
        return
    names = {len(was) - 1: "last", len(was) // 2: "middle", 0: "first"}
    for index, (old, new) in enumerate(zip(was, now, strict=True)):
        if new == old:
            continue
        if isinstance(new, dict) and new in was:
            yield f"{at} {names.get(index, index)} is {names.get(was.index(new), was.index(new))}"
        else:
            yield from _places(old, new, f"{at}/{index}")


def _change(was: Any, now: Any) -> str:
    """How a value changed: numbers that stay numbers by how much, all else by what it is now."""
    if type(was) is type(now) and not isinstance(was, bool):
        try:
            more = int(now) - int(was)
        except (TypeError, ValueError):
            return f"is {now!r}"
        if int(now) >= 0:
            return f"{more:+d}"
    return f"is {now!r}"


def edit(was: bytes, now: bytes) -> tuple[bytes, bytes]:
    """What was cut out of the bytes, and what was put in its place."""
    start = 0
    while start < min(len(was), len(now)) and was[start] == now[start]:
        start += 1
    end = 0
    while end < min(len(was), len(now)) - start and was[-1 - end] == now[-1 - end]:
        end += 1
    return was[start : len(was) - end], now[start : len(now) - end]


# --- one change each ----------------------------------------------------------------------------------------

# Clause, what was done, and each place where the answer differs from the honest one.
INVENTED: list[tuple[str, str, list[str]]] = [
    ("AC-LST-003", "field missing: id", ["/calls/0/id gone"]),
    ("AC-LST-010", "wrong type: started", ["/calls/0/started is True"]),
    ("AC-LST-010", "wrong form of a time: started", ["/calls/0/started is '11/03/2026 10.30'"]),
    ("AC-LST-011", "wrong type: picked", ["/calls/0/picked is 'five'"]),
    ("AC-LST-012", "wrong type: dir", ["/calls/0/dir is True"]),
    ("AC-LST-012", "wrong word: dir", ["/calls/0/dir is 'no-such-word'"]),
    ("AC-LST-002", "the container of the rows is missing", ["/calls gone"]),
    ("AC-LST-004", "two rows with one identity", ["/calls 1 is first"]),
    ("AC-LST-044", "the total is missing", ["/total gone"]),
    ("AC-LST-044", "the total is no number", ["/total is 'many'"]),
    ("AC-LST-044", "the total is negative", ["/total is -1"]),
    ("AC-LST-046", "the total is not the number of all rows", ["/total +1"]),
    ("AC-LST-040", "one row more than was asked for", ["/calls 1 more"]),
    (
        "AC-LST-030",
        "rows out of order",
        ["/calls first is middle", "/calls middle is last", "/calls last is first"],
    ),
    (
        "AC-LST-032",
        "rows out of order, descending",
        ["/calls first is middle", "/calls middle is last", "/calls last is first"],
    ),
    ("AC-LST-020", "a row that the filter does not keep (from)", ["/total +1", "/calls 1 more"]),
    ("AC-LST-021", "a row that the filter does not keep (until)", ["/total +1", "/calls 1 more"]),
    ("AC-LST-023", "a row that the filter does not keep (number)", ["/total +1", "/calls 1 more"]),
    ("AC-LST-024", "a row that the filter does not keep (dir)", ["/total +1", "/calls 1 more"]),
    ("AC-LST-071", "a law is broken: implies", ["/calls/0/secs +5"]),
    (
        "AC-LST-051",
        "a success in spite of a missing user",
        ["/code -7", "/message gone", "/total added", "/calls added"],
    ),
    ("AC-LST-062", "an error with rows", ["/calls added"]),
    ("AC-LST-063", "an error with the code of another: refused", ["/code +2"]),
    (
        "AC-LST-051",
        "a success in spite of a missing password",
        ["/code -7", "/message gone", "/total added", "/calls added"],
    ),
    (
        "AC-LST-050",
        "a success in spite of a wrong password",
        ["/code -7", "/message gone", "/total added", "/calls added"],
    ),
]

IN_XML: list[tuple[str, str, list[str]]] = [
    ("OZ-LCH-011", "field missing: StartTime", ["/CallHistory/Call/0/StartTime gone"]),
    (
        "OZ-LCH-012",
        "wrong form of a time: StartTime",
        ["/CallHistory/Call/0/StartTime is '11/03/2026 10.30'"],
    ),
    ("OZ-LCH-013", "wrong word: Direction", ["/CallHistory/Call/0/Direction is 'no-such-word'"]),
    ("OZ-LCH-014", "wrong word: State", ["/CallHistory/Call/0/State is 'no-such-word'"]),
    ("OZ-LCH-015", "empty: Type", ["/CallHistory/Call/0/Type is ''"]),
    ("OZ-LCH-010", "the container of the rows is missing", ["/CallHistory gone"]),
    ("OZ-LCH-045", "two rows with one identity", ["/CallHistory/Call 1 is first"]),
    ("OZ-LCH-052", "a row of another name", ["/CallHistory/Call 1 fewer", "/CallHistory/Other added"]),
    ("OZ-LCH-008", "success told in other words: /Message", ["/Message is 'Something else'"]),
    ("OZ-LCH-004", "another media type", ["Content-Type: application/octet-stream"]),
    ("OZ-LCH-009", "the total is missing", ["/TotalRecords gone"]),
    ("OZ-LCH-009", "the total is no number", ["/TotalRecords is 'many'"]),
    ("OZ-LCH-009", "the total is negative", ["/TotalRecords is '-1'"]),
    ("OZ-LCH-039", "the total is not the number of all rows", ["/TotalRecords +1"]),
    ("OZ-LCH-034", "one row more than was asked for", ["/CallHistory/Call 1 more"]),
    (
        "OZ-LCH-044",
        "rows out of order",
        [
            "/CallHistory/Call first is middle",
            "/CallHistory/Call middle is last",
            "/CallHistory/Call last is first",
        ],
    ),
    *(
        (clause, f"a row that the filter does not keep ({name})", ["/TotalRecords +1", "/CallHistory/Call 1 more"])
        for clause, name in (
            ("OZ-LCH-022", "CallerId"),
            ("OZ-LCH-023", "CallId"),
            ("OZ-LCH-024", "Destination"),
            ("OZ-LCH-025", "Dialed"),
            ("OZ-LCH-026", "Direction"),
            ("OZ-LCH-027", "From"),
            ("OZ-LCH-029", "Source"),
            ("OZ-LCH-030", "State"),
            ("OZ-LCH-031", "Type"),
        )
    ),
    (
        "OZ-LCH-016",
        "a success in spite of a missing Username",
        ["/Code -104", "/Message is 'Command successfully executed'", "/TotalRecords added", "/CallHistory added"],
    ),
    ("OZ-LCH-007", "an error without its message", ["/Message gone"]),
    ("OZ-LCH-007", "an error with an empty message", ["/Message is ''"]),
    ("OZ-LCH-048", "an error with rows", ["/CallHistory added"]),
    ("OZ-LCH-019", "an error with the code of another: unauthenticated", ["/Code -4"]),
    ("OZ-LCH-003", "an error with HTTP status 302", ["HTTP 302"]),
    (
        "OZ-LCH-017",
        "a success in spite of a missing Password",
        ["/Code -104", "/Message is 'Command successfully executed'", "/TotalRecords added", "/CallHistory added"],
    ),
    (
        "OZ-LCH-018",
        "a success in spite of a wrong Password",
        ["/Code -105", "/Message is 'Command successfully executed'", "/TotalRecords added", "/CallHistory added"],
    ),
]

IN_JSON: list[tuple[str, str, list[str]]] = [
    ("ET-LCL-010", "field missing: id", ["/call_logs/0/id gone"]),
    ("ET-LCL-014", "wrong type: id", ["/call_logs/0/id is True"]),
    ("ET-LCL-014", "no number: id", ["/call_logs/0/id is '12a'"]),
    ("ET-LCL-065", "wrong type: caller", ["/call_logs/0/caller is True"]),
    ("ET-LCL-011", "wrong type: call_state", ["/call_logs/0/call_state is True"]),
    ("ET-LCL-011", "wrong word: call_state", ["/call_logs/0/call_state is 'no-such-word'"]),
    ("ET-LCL-013", "wrong type: call_status", ["/call_logs/0/call_status is True"]),
    ("ET-LCL-013", "wrong word: call_status", ["/call_logs/0/call_status is 'no-such-word'"]),
    ("ET-LCL-012", "wrong type: direction", ["/call_logs/0/direction is True"]),
    ("ET-LCL-012", "wrong word: direction", ["/call_logs/0/direction is 'no-such-word'"]),
    ("ET-LCL-016", "wrong type: duration", ["/call_logs/0/duration is 'five'"]),
    ("ET-LCL-015", "wrong type: started_at", ["/call_logs/0/started_at is True"]),
    ("ET-LCL-015", "wrong form of a time: started_at", ["/call_logs/0/started_at is '2026-03-11 10:30'"]),
    ("ET-LCL-017", "wrong type: recording_urls", ["/call_logs/0/recording_urls is 'five'"]),
    ("ET-LCL-010", "wrong type: external_id", ["/call_logs/0/external_id is True"]),
    ("ET-LCL-018", "wrong type: call_targets", ["/call_logs/0/call_targets is 'five'"]),
    ("ET-LCL-066", "wrong type: call_targets[].end_reason", ["/call_logs/0/call_targets/0/end_reason is True"]),
    ("ET-LCL-008", "an object in place of the rows", ["/call_logs is {}"]),
    ("ET-LCL-058", "two rows with one identity", ["/call_logs 1 is first"]),
    ("ET-LCL-063", "a part of the answer is missing: paging", ["/paging gone"]),
    ("ET-LCL-009", "a part of the answer of a wrong type: after", ["/paging/after is 7"]),
    ("ET-LCL-009", "a part of the answer is missing: limit", ["/paging/limit gone"]),
    ("ET-LCL-016", "a part of the answer of a wrong type: limit", ["/paging/limit is 'many'"]),
    ("ET-LCL-067", "another media type", ["Content-Type: application/octet-stream"]),
    ("ET-LCL-040", "one row more than was asked for", ["/call_logs 1 more"]),
    (
        "ET-LCL-043",
        "rows out of order",
        ["/call_logs first is middle", "/call_logs middle is last", "/call_logs last is first"],
    ),
    (
        "ET-LCL-050",
        "rows out of order, sorted by a parameter",
        ["/call_logs first is middle", "/call_logs middle is last", "/call_logs last is first"],
    ),
    *(
        (clause, f"a row that the filter does not keep ({name})", ["/call_logs 1 more"])
        for clause, name in (
            ("ET-LCL-019", "extension_ids"),
            ("ET-LCL-020", "call_number"),
            ("ET-LCL-024", "date_from"),
            ("ET-LCL-024", "date_to"),
            ("ET-LCL-029", "external_id"),
            ("ET-LCL-030", "external_session_id"),
            ("ET-LCL-031", "direction"),
            ("ET-LCL-034", "duration"),
            ("ET-LCL-032", "user_id"),
        )
    ),
    ("ET-LCL-055", "a law is broken: implies", ["/call_logs/5/call_status is 'Z'"]),
    ("ET-LCL-056", "a law is broken: implies", ["/call_logs/0/duration +5"]),
    ("ET-LCL-068", "a law is broken: non-negative duration", ["/call_logs/5/duration is -1"]),
    (
        "ET-LCL-071",
        "a law is broken: inside call_targets[].add_time",
        ["/call_logs/0/call_targets/0/add_time is '2026-03-11T10:26:41.387Z'"],
    ),
    (
        "ET-LCL-064",
        "a success in spite of a missing token",
        ["/code gone", "/msg gone", "/call_logs added", "/paging added", "HTTP 200"],
    ),
    ("ET-LCL-004", "an error without its message", ["/msg gone"]),
    ("ET-LCL-003", "an error with the code of another: unauthenticated", ["/code is 'invalid_argument'"]),
    (
        "ET-LCL-064",
        "a success in spite of a wrong token",
        ["/code gone", "/msg gone", "/call_logs added", "/paging added", "HTTP 200"],
    ),
]

# What only these two APIs have.
OTHERS: list[tuple[str, str, str, list[str]]] = [
    (SWITCHES, "VX-GCH-057", "a part of the answer of a wrong type: timezone", ["/timezone is 7"]),
    (SWITCHES, "VX-GCH-054", "the number of rows told is not that of the rows", ["/count +1"]),
    (SWITCHES, "VX-GCH-058", "another zone is named", ["/timezone is 'Pacific/Auckland'"]),
    (
        SWITCHES,
        "VX-GCH-021",
        "a row that the filter does not keep (application_id)",
        ["/total_count +1", "/result 1 more", "/count +1"],
    ),
    (SWITCHES, "VX-GCH-008", "an error with the code of another: unauthenticated", ["/error/code +4"]),
    (SWITCHES, "VX-GCH-045", "a total that was switched off", ["/total_count added"]),
    (COUNTS, "EN-CAL-008", "success told in other words: /responses/0/key", ["/responses/0/key is 'Something else'"]),
    (COUNTS, "EN-CAL-068", "a law is broken: implies", ["/data/2/billing_peer +5"]),
    (COUNTS, "EN-CAL-072", "a law is broken: one-of overmax", ["/data/0/overmax +2"]),
    (COUNTS, "EN-CAL-075", "a law is broken: non-negative start", ["/data/0/start is -1"]),
    (COUNTS, "EN-CAL-006", "an error without its message", ["/responses/0/message gone"]),
    (COUNTS, "EN-CAL-006", "an error with an empty message", ["/responses/0/message is ''"]),
]

ONE_CHANGE = [
    *((ACME, *line) for line in INVENTED),
    *((XML, *line) for line in IN_XML),
    *((JSON, *line) for line in IN_JSON),
    *OTHERS,
]


@pytest.mark.parametrize(
    ("api", "clause", "done", "places"), ONE_CHANGE, ids=[f"{clause}-{done}" for _, clause, done, _ in ONE_CHANGE]
)
def test_an_invalid_answer_differs_from_the_valid_one_in_what_it_says_only(
    api: str, clause: str, done: str, places: list[str]
) -> None:
    assert difference(api, the(api, clause, done)) == places


# Clause, what was done, the bytes that are gone, and the bytes that stand there now.
BODIES: list[tuple[str, str, str, bytes, bytes]] = [
    (ACME, "TEXT-ENCODING", "a byte order mark", b"", b"\xef\xbb\xbf"),
    (ACME, "JSON-SYNTAX", "the end is missing", b"]}", b""),
    (ACME, "JSON-SYNTAX", "a comma too many", b"", b","),
    (ACME, "JSON-DUPLICATE-KEYS", "a key twice", b"", b'x-twice":1,"x-twice":2,"'),
    (ACME, "JSON-NUMBERS", "a number that is none", b"", b'x-number":NaN,"'),
    (ACME, "JSON-DEPTH", "very deep nesting", b"", b'x-deep":' + b"[" * 80 + b"]" * 80 + b',"'),
    (XML, "TEXT-ENCODING", "a byte that is not UTF-8", b"", b"\x80"),
    (XML, "XML-SYNTAX", "the end is missing", b"nse>", b""),
    (XML, "XML-SYNTAX", "a bare ampersand", b"", b"&"),
    (XML, "XML-DTD", "a document type with an entity", b"", b'!DOCTYPE x [<!ENTITY x "y">]><'),
    (JSON, "TEXT-ENCODING", "a byte that is not UTF-8", b"", b"\x80"),
    (JSON, "TEXT-ENCODING", "a byte order mark", b"", b"\xef\xbb\xbf"),
    (JSON, "JSON-SYNTAX", "the end is missing", b"}}", b""),
    (JSON, "JSON-SYNTAX", "a comma too many", b"", b","),
    (JSON, "JSON-DUPLICATE-KEYS", "a key twice", b"", b'x-twice":1,"x-twice":2,"'),
    (JSON, "JSON-NUMBERS", "a number that is none", b"", b'x-number":NaN,"'),
    (JSON, "JSON-DEPTH", "very deep nesting", b"", b'x-deep":' + b"[" * 80 + b"]" * 80 + b',"'),
]


@pytest.mark.parametrize(
    ("api", "clause", "done", "gone", "there"), BODIES, ids=[f"{api}-{done}" for api, _, done, _, _ in BODIES]
)
def test_a_body_that_cannot_be_read_differs_in_a_few_bytes_only(
    api: str, clause: str, done: str, gone: bytes, there: bytes
) -> None:
    one = the(api, clause, done)
    assert edit(valid(api, one).body, one.response.body) == (gone, there)


@pytest.mark.parametrize("api", [ACME, XML, JSON])
def test_a_body_that_cannot_be_read_comes_with_the_status_and_type_of_a_success(api: str) -> None:
    unread = [one for one in made(api) if one.clause.startswith(("TEXT-", "JSON-", "XML-"))]
    assert {(one.response.http_status, one.response.media_type) for one in unread} == {
        (200, "application/xml" if api == XML else "application/json")
    }


@pytest.mark.parametrize(
    ("api", "table", "unread"),
    [(ACME, INVENTED, 6), (XML, IN_XML, 4), (JSON, IN_JSON, 7)],
    ids=["invented", "xml", "json"],
)
def test_the_tables_name_every_invalid_answer_but_those_of_a_time(
    api: str, table: list[tuple[str, str, list[str]]], unread: int
) -> None:
    told = [(clause, done) for clause, done, _ in table]
    bodies = [(clause, done) for of, clause, done, _, _ in BODIES if of == api]
    assert len(bodies) == unread
    times = [one for one in made(api) if one.change.startswith("a law is broken: not-before")]
    rest = [(str(one.clause), one.change) for one in made(api) if one not in times]
    assert rest == [*told, *bodies]


# --- laws about time, and what stands around the rows -------------------------------------------------------


def test_a_law_of_order_in_time_is_broken_by_a_minute() -> None:
    one = the(ACME, "AC-LST-070", "a law is broken: not-before picked")
    was, now = next(
        pair for pair in zip(rows(valid(ACME, one)), rows(one.response), strict=True) if pair[0] != pair[1]
    )
    started = datetime.fromisoformat(was["started"] + "+00:00")
    assert now == {**was, "picked": int(started.timestamp()) - 60}


def test_a_law_of_order_in_time_is_broken_in_the_first_row_that_was_answered() -> None:
    one = the(ACME, "AC-LST-070", "a law is broken: not-before picked")
    pairs = list(zip(rows(valid(ACME, one)), rows(one.response), strict=True))
    first = next(index for index, (was, _) in enumerate(pairs) if was["picked"] > 0)
    assert [index for index, (was, now) in enumerate(pairs) if was != now] == [first]


def test_a_law_across_two_fields_of_one_row_is_broken_by_a_minute() -> None:
    one = the(JSON, "ET-LCL-057", "a law is broken: not-before ended_at")
    was, now = (tree_of(answer.body)["call_logs"][0] for answer in (valid(JSON, one), one.response))
    earlier = datetime.fromisoformat(was["started_at"]) - timedelta(seconds=60)
    assert now == {**was, "ended_at": f"{earlier:%Y-%m-%dT%H:%M:%S}.{earlier.microsecond // 1000:03d}Z"}


def test_a_part_of_a_row_begins_a_minute_and_the_slack_of_the_law_too_early() -> None:
    one = the(SWITCHES, "VX-GCH-069", "a law is broken: inside calls[].start_time")
    assert len(difference(SWITCHES, one)) == 1
    session = tree_of(one.response.body)["result"][0]
    began, inside = (
        datetime.fromisoformat(text) for text in (session["start_date"], session["calls"][0]["start_time"])
    )
    assert began - inside == timedelta(seconds=61)


def test_an_answered_law_is_broken_by_talk_that_nobody_had() -> None:
    one = the(ACME, "AC-LST-071", "a law is broken: implies")
    row = next(now for was, now in zip(rows(valid(ACME, one)), rows(one.response), strict=True) if was != now)
    assert (row["picked"], row["secs"]) == (0, 5)


def test_a_total_below_the_rows_is_one_less_than_the_page_of_five() -> None:
    one = the(SWITCHES, "VX-GCH-055", "the total is below the number of rows")
    tree = tree_of(one.response.body)
    assert (len(tree["result"]), tree["total_count"]) == (5, 4)


def test_a_page_with_one_row_too_many_goes_on_where_the_list_goes_on() -> None:
    one = the(ACME, "AC-LST-040", "one row more than was asked for")
    whole = the(ACME, "AC-LST-030", "rows out of order")
    assert rows(one.response) == rows(valid(ACME, whole))[:6]


def test_a_total_of_all_rows_is_that_of_a_page_with_every_row() -> None:
    one = the(ACME, "AC-LST-046", "the total is not the number of all rows")
    tree = json.loads(one.response.body)
    assert tree["total"] == len(tree["calls"]) + 1


def test_a_count_is_replaced_by_the_rows_that_were_counted() -> None:
    one = the(COUNTS, "EN-CAL-028", "rows in place of their number")
    told = tree_of(valid(COUNTS, one).body)["data"]
    assert len(tree_of(one.response.body)["data"]) == told > 1


@pytest.mark.parametrize(
    ("clause", "done", "part", "change"),
    [
        ("VX-GCH-033", "a part that was switched off: calls", "calls", "added"),
        ("VX-GCH-035", "a part that was switched off: records", "records", "added"),
        (
            "VX-GCH-038",
            "a part that was switched off: other_resource_usage",
            "other_resource_usage",
            "added",
        ),
    ],
)
def test_a_switch_is_disobeyed_in_the_one_part_that_it_switches(
    clause: str, done: str, part: str, change: str
) -> None:
    one = the(SWITCHES, clause, done)
    was, now = (tree_of(answer.body)["result"] for answer in (valid(SWITCHES, one), one.response))
    told = {line for old, new in zip(was, now, strict=True) for line in _places(old, new, "")}
    assert told == {f"/{part} {change}"}


# --- strangers that a filter does not keep ------------------------------------------------------------------


def stranger(clause: str, name: str) -> tuple[dict[str, str], dict[str, Any]]:
    """What was asked of the invented API, and the row that came beside the kept ones."""
    one = the(ACME, clause, f"a row that the filter does not keep ({name})")
    kept = rows(valid(ACME, one))
    [found] = [row for row in rows(one.response) if row not in kept]
    return asked(one), found


def test_a_stranger_to_an_earliest_start_began_before_it() -> None:
    given, row = stranger("AC-LST-020", "from")
    assert row["started"] < given["from"]


def test_a_stranger_to_a_latest_start_began_after_it() -> None:
    given, row = stranger("AC-LST-021", "until")
    assert row["started"] > given["until"]


def test_a_stranger_to_a_number_is_no_part_of_it_and_holds_no_part() -> None:
    given, row = stranger("AC-LST-023", "number")
    assert row["who"]
    assert (given["number"] in row["who"], row["who"] in given["number"]) == (False, False)


def test_a_stranger_to_a_word_has_another_word() -> None:
    given, row = stranger("AC-LST-024", "dir")
    assert row["dir"] in {"in", "out", "int", "through"} - {given["dir"]}


@pytest.mark.parametrize(
    ("clause", "name"),
    [("AC-LST-020", "from"), ("AC-LST-021", "until"), ("AC-LST-023", "number"), ("AC-LST-024", "dir")],
)
def test_a_stranger_stands_where_the_whole_list_has_it(clause: str, name: str) -> None:
    one = the(ACME, clause, f"a row that the filter does not keep ({name})")
    whole = rows(valid(ACME, the(ACME, "AC-LST-030", "rows out of order")))
    places = [whole.index(row) for row in rows(one.response)]
    assert places == sorted(set(places))


# --- the requests -------------------------------------------------------------------------------------------

ADA = {"user": "ada", "password": "lovelace"}


@pytest.mark.parametrize(
    ("clause", "done", "given"),
    [
        ("AC-LST-003", "field missing: id", {"rows": "5", **ADA}),
        ("AC-LST-040", "one row more than was asked for", {"rows": "5", **ADA}),
        ("AC-LST-046", "the total is not the number of all rows", {"rows": "500", **ADA}),
        ("AC-LST-030", "rows out of order", {"rows": "500", **ADA}),
        ("AC-LST-032", "rows out of order, descending", {"rows": "500", "desc": "1", **ADA}),
        ("AC-LST-070", "a law is broken: not-before picked", {"rows": "500", **ADA}),
        ("AC-LST-051", "a success in spite of a missing user", {"rows": "5", "password": "lovelace"}),
        ("AC-LST-051", "a success in spite of a missing password", {"rows": "5", "user": "ada"}),
        (
            "AC-LST-050",
            "a success in spite of a wrong password",
            {"rows": "5", "user": "ada", "password": "callharness-wrong"},
        ),
        ("AC-LST-062", "an error with rows", {"rows": "5", "password": "lovelace"}),
        ("JSON-SYNTAX", "the end is missing", {"rows": "5", **ADA}),
    ],
)
def test_an_invalid_answer_belongs_to_the_request_that_shows_it(
    clause: str, done: str, given: dict[str, str]
) -> None:
    assert asked(the(ACME, clause, done)) == given


@pytest.mark.parametrize(
    ("clause", "name", "given"),
    [
        ("AC-LST-020", "from", {"rows", "from", "until", "user", "password"}),
        ("AC-LST-021", "until", {"rows", "from", "until", "user", "password"}),
        ("AC-LST-023", "number", {"rows", "number", "match", "user", "password"}),
        ("AC-LST-024", "dir", {"rows", "dir", "user", "password"}),
    ],
)
def test_a_filter_is_asked_with_all_that_makes_it_count(clause: str, name: str, given: set[str]) -> None:
    assert set(asked(the(ACME, clause, f"a row that the filter does not keep ({name})"))) == given


def test_a_filter_that_a_word_names_is_asked_with_the_word() -> None:
    assert asked(the(ACME, "AC-LST-023", "a row that the filter does not keep (number)"))["match"] == "exact"


# --- names and manifest -------------------------------------------------------------------------------------

FILES = [
    "AC-LST-003.json",
    "AC-LST-010-1.json",
    "AC-LST-010-2.json",
    "AC-LST-011.json",
    "AC-LST-012-1.json",
    "AC-LST-012-2.json",
    "AC-LST-002.json",
    "AC-LST-004.json",
    "AC-LST-044-1.json",
    "AC-LST-044-2.json",
    "AC-LST-044-3.json",
    "AC-LST-046.json",
    "AC-LST-040.json",
    "AC-LST-030.json",
    "AC-LST-032.json",
    "AC-LST-020.json",
    "AC-LST-021.json",
    "AC-LST-023.json",
    "AC-LST-024.json",
    "AC-LST-070.json",
    "AC-LST-071.json",
    "AC-LST-051-1.json",
    "AC-LST-062.json",
    "AC-LST-063.json",
    "AC-LST-051-2.json",
    "AC-LST-050.json",
    "TEXT-ENCODING.json",
    "JSON-SYNTAX-1.json",
    "JSON-SYNTAX-2.json",
    "JSON-DUPLICATE-KEYS.json",
    "JSON-NUMBERS.json",
    "JSON-DEPTH.json",
]


def index_of(out: Path) -> dict[str, Any]:
    write_fixtures(acmepbx(), world=world(), out=out, pages=False)
    found: dict[str, Any] = json.loads((out / "invalid" / "index.json").read_text(encoding="utf-8"))
    return found


def test_the_index_lists_a_file_for_each_invalid_answer_by_clause_and_number(tmp_path: Path) -> None:
    index = index_of(tmp_path)
    assert (index["api"], [entry["file"] for entry in index["payloads"]]) == (ACME, FILES)


def test_an_entry_of_the_index_says_what_was_done_and_how_it_is_answered(tmp_path: Path) -> None:
    assert index_of(tmp_path)["payloads"][0] == {
        "file": "AC-LST-003.json",
        "clause": "AC-LST-003",
        "level": "must",
        "promise": "each call has the six named fields",
        "done": "field missing: id",
        "at": "/calls/0/id",
        "expected": 12053142576,
        "http_status": 200,
        "content_type": "application/json",
        "request": "GET /calls?rows=5&user=ada&password=lovelace HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n",
    }


def test_the_files_beside_the_index_are_those_of_the_index(tmp_path: Path) -> None:
    index_of(tmp_path)
    assert {path.name for path in (tmp_path / "invalid").iterdir()} == {*FILES, "index.json"}


def test_a_file_holds_the_body_as_it_is(tmp_path: Path) -> None:
    index_of(tmp_path)
    bodies = [(tmp_path / "invalid" / name).read_bytes() for name in FILES]
    assert bodies == [one.response.body for one in made(ACME)]


def test_the_manifest_names_the_files_of_invalid_answers(tmp_path: Path) -> None:
    index_of(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    listed = {name for name in manifest["files"] if name.startswith("invalid/")}
    assert listed == {f"invalid/{name}" for name in (*FILES, "index.json")}


def test_without_invalid_answers_there_is_no_file_and_no_index_of_them(tmp_path: Path) -> None:
    written = write_fixtures(acmepbx(), world=world(), out=tmp_path, pages=False, invalid=False)
    assert (written.invalid, [name for name in written.files if name.startswith("invalid/")]) == (0, [])


def test_the_same_spec_and_world_give_the_same_answers_again() -> None:
    assert tuple(make_invalid_responses(acmepbx(), World.of(seed=7, calls=60), Dialect())) == made(ACME)


@pytest.mark.parametrize("seed", [8, 9, 11])
def test_other_calls_change_no_name(seed: int) -> None:
    other = [
        (str(one.clause), one.change)
        for one in make_invalid_responses(acmepbx(), World.of(seed=seed, calls=120), Dialect())
        # Whether some text of a row can take a foreign byte depends on the rows.
        if one.change != "a byte that is not UTF-8"
    ]
    assert other == [(str(one.clause), one.change) for one in made(ACME)]


def test_one_deed_is_done_once_for_a_clause_however_many_fields_share_it() -> None:
    # `started` has the clause of `dir`: its wrong type comes first, that of `dir` is left out.
    found = made_of(("as: local-time, clause: AC-LST-010", "as: local-time, clause: AC-LST-012"))
    assert [one for one in found if one.startswith("AC-LST-012")] == [
        "AC-LST-012 wrong type: started",
        "AC-LST-012 wrong form of a time: started",
        "AC-LST-012 wrong word: dir",
    ]


# --- nothing where nothing can be broken --------------------------------------------------------------------

TOTAL = (
    "        total:\n          at: /total\n"
    "          clauses: {present: AC-LST-044, independent: AC-LST-045, sum: AC-LST-046}\n"
)
NOT_BEFORE = (
    "          - {law: not-before, field: picked, than: started, when: {field: picked, present: true},"
    " clause: AC-LST-070}\n"
)
ORDER = """        order:
          by: started
          direction: descending
          sort: {parameter: sort, words: {started: started, secs: secs}, clauses: {words: AC-LST-031}}
          descending: desc
          clause: AC-LST-030
          descending-clause: AC-LST-032
"""
PAGING = """        paging:
          kind: page-number
          page: page
          size: rows
          default-size: 20
          clauses: {size: AC-LST-040, first: AC-LST-041, slice: AC-LST-042, partition: AC-LST-043}
"""

LACKING: list[tuple[str, list[tuple[str, str]], list[str]]] = [
    ("no-law", [(NOT_BEFORE, "")], ["AC-LST-070 a law is broken: not-before picked"]),
    (
        "a-law-that-five-keeps",
        [("then: {field: secs, is: 0}", "then: {field: secs, is: [0, 5]}")],
        ["AC-LST-071 a law is broken: implies"],
    ),
    (
        "no-total",
        [(TOTAL, "")],
        [
            "AC-LST-044 the total is missing",
            "AC-LST-044 the total is no number",
            "AC-LST-044 the total is negative",
            "AC-LST-046 the total is not the number of all rows",
        ],
    ),
    ("no-sum", [(", sum: AC-LST-046", "")], ["AC-LST-046 the total is not the number of all rows"]),
    ("no-order", [(ORDER, "")], ["AC-LST-030 rows out of order", "AC-LST-032 rows out of order, descending"]),
    (
        "no-clause-of-the-order",
        [("          clause: AC-LST-030\n", "")],
        ["AC-LST-030 rows out of order"],
    ),
    ("no-paging", [(PAGING, "        paging: {kind: none}\n")], ["AC-LST-040 one row more than was asked for"]),
    (
        "no-clause-of-the-size",
        [("{size: AC-LST-040, first", "{first")],
        ["AC-LST-040 one row more than was asked for"],
    ),
    (
        "no-clause-of-the-rows",
        [("rows: AC-LST-002, ", "")],
        ["AC-LST-002 the container of the rows is missing"],
    ),
    ("no-identity", [(", unique: AC-LST-004", "")], ["AC-LST-004 two rows with one identity"]),
    (
        "two-clauses-for-one-field",
        [("as: local-time, clause: AC-LST-010", "as: local-time, clause: [AC-LST-010, AC-LST-003]")],
        ["AC-LST-010 wrong type: started", "AC-LST-010 wrong form of a time: started"],
    ),
    (
        "no-word-about-rows-of-an-error",
        [("            clauses: {no-rows: AC-LST-062}\n", "")],
        ["AC-LST-062 an error with rows"],
    ),
    (
        "a-password-that-may-be-left-out",
        [("user-required: AC-LST-051, password-required: AC-LST-051", "user-required: AC-LST-051")],
        ["AC-LST-051 a success in spite of a missing password"],
    ),
]


@pytest.mark.parametrize(("changes", "lacking"), [case[1:] for case in LACKING], ids=[case[0] for case in LACKING])
def test_what_a_spec_does_not_promise_is_not_broken(changes: list[tuple[str, str]], lacking: list[str]) -> None:
    found = made_of(*changes)
    assert [
        f"{one.clause} {one.change}" for one in made(ACME) if f"{one.clause} {one.change}" not in found
    ] == lacking


GAINING: list[tuple[str, list[tuple[str, str]], list[str]]] = [
    (
        "a-bound-of-the-total",
        [("sum: AC-LST-046}", "sum: AC-LST-046, bound: AC-LST-045}")],
        ["AC-LST-045 the total is below the number of rows"],
    ),
    (
        "a-field-that-is-never-empty",
        [("who: {shows: source}", "who: {shows: source, non-empty: true, clause: AC-LST-003}")],
        ["AC-LST-003 wrong type: who", "AC-LST-003 empty: who"],
    ),
    (
        "the-form-of-an-error",
        [("no-rows: AC-LST-062", "no-rows: AC-LST-062, shape: AC-LST-061, http: AC-LST-063")],
        ["AC-LST-061 an error without its message", "AC-LST-063 an error with HTTP status 302"],
    ),
    (
        "a-sort-key-that-every-row-has",
        [("words: {started: started, secs: secs}", "words: {started: started, secs: who}")],
        ["AC-LST-031 rows out of order, sorted by a parameter"],
    ),
    (
        "success-in-other-words-than-the-code",
        [("shows: {/code: 0}", "shows: {/code: 0, /state: fine}")],
        ["AC-LST-060 success told in other words: /state"],
    ),
    (
        "a-media-type",
        [("answers: [application/json]", "answers: [application/json]\n          answers-clause: AC-LST-080")],
        ["AC-LST-080 another media type"],
    ),
    (
        "a-number-of-rows-and-a-zone-told",
        [
            (
                "        zone: {default: {open: zone, assumed: UTC}}",
                "        returned: {at: /count, clause: AC-LST-042}\n\n"
                "        zone: {default: {open: zone, assumed: UTC}, echo: /zone, clauses: {echo: AC-LST-045}}",
            )
        ],
        ["AC-LST-042 the number of rows told is not that of the rows", "AC-LST-045 another zone is named"],
    ),
    (
        "no-clause-of-all-keys",
        [("keys: AC-LST-003, ", "")],
        ["AC-LST-010 field missing: started", "AC-LST-011 field missing: picked", "AC-LST-012 field missing: dir"],
    ),
    (
        # Neither the part that tells the outcome, nor one that only an error has.
        "parts-of-the-answer",
        [
            (
                "            code: {at: /code, as: integer, clause: AC-LST-061}\n",
                "            code: {at: /code, as: integer, clause: AC-LST-061}\n"
                "            total: {at: /total, as: integer, when: success, clause: AC-LST-060}\n"
                "            told: {at: /message, as: text, when: error, clause: AC-LST-003}\n",
            )
        ],
        [
            "AC-LST-060 a part of the answer is missing: total",
            "AC-LST-060 a part of the answer of a wrong type: total",
            "AC-LST-003 an error without its message",
        ],
    ),
]


@pytest.mark.parametrize(("changes", "gained"), [case[1:] for case in GAINING], ids=[case[0] for case in GAINING])
def test_what_a_spec_promises_besides_is_broken_besides(changes: list[tuple[str, str]], gained: list[str]) -> None:
    before = {f"{one.clause} {one.change}" for one in made(ACME)}
    assert [one for one in made_of(*changes) if one not in before] == gained


def test_a_field_that_may_be_left_out_is_not_missed() -> None:
    found = made_of(("id: {shows: call_id, as: integer}", "id: {shows: call_id, as: integer, optional: true}"))
    # The clause of the keys is shown by the next field instead.
    assert [one for one in found if "field missing" in one] == ["AC-LST-003 field missing: started"]


def test_a_word_that_is_tolerated_is_not_wrong() -> None:
    found = made_of(
        (
            "as: word\n            words: {inbound",
            "as: word\n            unknown-words: tolerated\n            words: {inbound",
        )
    )
    assert [one for one in found if "wrong word" in one] == []


def test_a_value_that_may_have_another_type_has_no_wrong_type() -> None:
    found = made_of(
        ("as: local-time, clause: AC-LST-010", "as: local-time, other-types: [integer], clause: AC-LST-010")
    )
    assert [one for one in found if "started" in one] == ["AC-LST-010 wrong form of a time: started"]


@pytest.mark.parametrize("deed", ["AC-LST-022", "AC-LST-025", "AC-LST-031", "AC-LST-041", "AC-LST-043", "AC-LST-061"])
def test_what_one_answer_cannot_show_has_no_answer(deed: str) -> None:
    assert [one.change for one in made(ACME) if one.clause == deed] == []


def test_an_empty_list_breaks_nothing_that_takes_a_row() -> None:
    assert made_of(calls=0) == [
        "AC-LST-002 the container of the rows is missing",
        "AC-LST-044 the total is missing",
        "AC-LST-044 the total is no number",
        "AC-LST-044 the total is negative",
        "AC-LST-051 a success in spite of a missing user",
        # Its list of rows is there, and empty.
        "AC-LST-062 an error with rows",
        "AC-LST-063 an error with the code of another: refused",
        "AC-LST-051 a success in spite of a missing password",
        "AC-LST-050 a success in spite of a wrong password",
        "TEXT-ENCODING a byte order mark",
        "JSON-SYNTAX the end is missing",
        "JSON-SYNTAX a comma too many",
        "JSON-DUPLICATE-KEYS a key twice",
        "JSON-NUMBERS a number that is none",
        "JSON-DEPTH very deep nesting",
    ]


def test_a_short_list_has_no_row_to_spare_and_no_order_to_lose() -> None:
    # Twelve calls make a list of fewer than five rows.
    lacking = {f"{one.clause} {one.change}" for one in made(ACME)} - set(made_of(calls=12))
    assert {one for one in lacking if "filter" not in one and "law" not in one} == {
        "AC-LST-040 one row more than was asked for",
        "AC-LST-030 rows out of order",
        "AC-LST-032 rows out of order, descending",
    }
