"""Values that mean harm, in requests that are otherwise sound: an error of the document, or nothing."""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from client_probes import owners_seen
from wires import CALM, HISTORY, Wire, wired

LOGS = b"/v1/shop.Etelecom/ListCallLogs"
TOKEN = (b"Authorization: Bearer callharness-token", b"Content-Type: application/json")
ACTIVE = b"/api/json/calls/active/list/?auth_username=user&auth_password=password"
SESSIONS = b"/platform_api/GetCallHistory?from_date=2026-01-01%2000:00:00&to_date=2026-12-01%2000:00:00"
BEARER = b"Authorization: Bearer callharness-token"


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with wired(CALM) as found:
        yield found
        found.still_answers()


@pytest.fixture(scope="module", autouse=True)
def warm(wire: Wire) -> None:
    """The first answer of each API makes its views."""
    wire.get(HISTORY)
    wire.get(ACTIVE)
    wire.get(SESSIONS, BEARER)
    wire.post(LOGS, b"{}", *TOKEN)


# HC-15
@pytest.mark.parametrize(
    "bait", ["{{7*7}}", "${jndi:ldap://127.0.0.1/x}", "{% print(7*7) %}", "#{7*7}", "%{7*7}", "<%=7*7%>"]
)
def test_templates_are_never_filled_in(wire: Wire, bait: str) -> None:
    for name in (b"Caller", b"CallId", b"command", b"nosuch"):
        _, body = wire.get(HISTORY + b"&" + name + b"=" + quote(bait).encode())
        assert (
            b"49"
            not in re.sub(rb"[0-9]{4,}|\+[0-9]+|<(?:Total|Call|Start|End|Dur|Ring)[^>]*>[^<]*<", b"", body)[:400]
        )
    status, _ = wire.get(HISTORY, b"User-Agent: " + bait.encode())
    assert status == 200


# HC-16
@pytest.mark.parametrize(
    "target", [HISTORY + b"&CallId=", ACTIVE + b"&owner=", b"/platform_api/GetCallHistory?call_session_history_id="]
)
def test_no_parameter_becomes_a_header(wire: Wire, target: bytes) -> None:
    head = b"GET " + target + b"x%0d%0aX-Injected:%201%0d%0a%0d%0aHTTP/1.1%20200%20OK HTTP/1.1\r\nHost: localhost\r\n"
    answer = wire.until_closed(head + b"Connection: close\r\n\r\n")
    assert b"x-injected" not in answer.partition(b"\r\n\r\n")[0].lower()


# HC-17
def test_an_xml_body_is_not_read(wire: Wire, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("CANARY", encoding="ascii")
    bomb = f'<!DOCTYPE a [<!ENTITY b SYSTEM "file://{canary}"><!ENTITY c "&b;&b;">]><a>&c;</a>'.encode()
    for target in (HISTORY, LOGS, b"/platform_api/GetCallHistory"):
        status, body = wire.post(target, bomb, b"Content-Type: application/xml", BEARER)
        assert status != 500
        assert b"CANARY" not in body


# HC-18
@pytest.mark.parametrize(
    "body",
    [
        b'{"filter":' * 100_000,
        b"[" * 100_000,
        b"{" + b",".join(b'"k%d":1' % number for number in range(80_000)) + b"}",
        b'{"paging":{"limit":1},"paging":{"limit":2}}',
        b'{"paging":{"limit":NaN}}',
        b'{"paging":{"limit":Infinity}}',
        b'{"paging":{"limit":' + b"9" * 10_000 + b"}}",
        b'{"paging":{"limit":1e400}}',
        b'{"filter":{"call_number":"\\ud800"}}',
        b'\xef\xbb\xbf{"paging":{"limit":1}}',
        '{"paging":{"limit":1}}'.encode("utf-16"),
        b"\x00",
        b"",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_json_bombs_are_refused(wire: Wire, body: bytes) -> None:
    status, answer = wire.post(LOGS, body, *TOKEN)
    assert status < 500
    assert b"Traceback" not in answer
    if b"NaN" in body or b"Infinity" in body or len(body) > 400_000:
        assert status >= 400


# HC-19
@pytest.mark.parametrize("bait", ["(a+)+$", "(.*)*x", "a" * 3000 + "!", "[", "\\", "%", "_" * 500, ".*" * 200])
def test_search_texts_are_no_patterns(wire: Wire, bait: str) -> None:
    for target in (HISTORY + b"&Caller=", ACTIVE + b"&callername_match=", SESSIONS + b"&remote_number="):
        status, _ = wire.get(target + quote(bait).encode(), BEARER)
        assert status < 500


# HC-20
@pytest.mark.parametrize(
    "number", ["1" + "0" * 12, "-1", "1" + "0" * 30, "0x10", "٣", "1_000", "1e3", "", " 7 ", "+5", "1.0", "nan"]
)
def test_odd_numbers_get_an_answer_of_the_document(wire: Wire, number: str) -> None:
    text = quote(number).encode()
    for target in (
        HISTORY + b"&RowsPerPage=" + text,
        HISTORY + b"&PageNumber=" + text,
        HISTORY + b"&PageNumber=" + text + b"&PageNumber=1",
        SESSIONS + b"&count=" + text,
        SESSIONS + b"&offset=" + text,
        ACTIVE + b"&customer=" + text,
    ):
        status, body = wire.get(target, BEARER)
        assert status < 500
        assert len(body) < 2_000_000
        assert b"Error" not in body or b"Traceback" not in body


# HC-21
@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("0001-01-01 00:00:00", "9999-12-31 23:59:59"),
        ("2026-12-31 00:00:00", "2026-01-01 00:00:00"),
        ("0000-01-01 00:00:00", "2026-01-01 00:00:00"),
        ("2026-06-30 23:59:60", "2026-07-01 00:00:00"),
        ("2026-02-30 00:00:00", "2026-03-01 00:00:00"),
        ("99999-01-01 00:00:00", "99999-01-01 00:00:00"),
        ("2026-W01-1", "2026-01-01T00:00:00+99:99"),
    ],
)
def test_odd_ranges_get_an_answer_of_the_document(wire: Wire, first: str, last: str) -> None:
    ends = (quote(first).encode(), quote(last).encode())
    for target, more in (
        (HISTORY + b"&StartDate=%b&EndDate=%b", b""),
        (b"/platform_api/GetCallHistory?from_date=%b&to_date=%b", b""),
        (b"/platform_api/GetCallHistory?from_date=%b&to_date=%b", b"&timezone=Nowhere/Land"),
    ):
        status, _ = wire.get(target % ends + more, BEARER)
        assert status < 500


# HC-22
@pytest.mark.parametrize(
    "cursor", [".", "@@", "A" * 1000, "A" * 1_000_000, "eyJzIjoxfQ", "\u0000", "../../x", "0" * 64]
)
@pytest.mark.parametrize("which", ["after", "before"])
def test_a_cursor_that_is_none_is_refused_or_starts_anew(wire: Wire, cursor: str, which: str) -> None:
    status, body = wire.post(LOGS, json.dumps({"paging": {"limit": 2, which: cursor}}).encode(), *TOKEN)
    assert status < 500
    assert len(body) < 100_000


def test_a_cursor_of_another_account_shows_nothing_of_it(wire: Wire) -> None:
    first = json.loads(wire.post(LOGS, b'{"paging":{"limit":5}}', *TOKEN)[1])
    body = json.dumps({"paging": {"limit": 100, "after": first["paging"]["next"]}}).encode()
    plain = b'{"paging":{"limit":100}}'
    foreign = (b"Authorization: Bearer callharness-token-foreign", TOKEN[1])
    mine = {row["id"] for row in json.loads(wire.post(LOGS, plain, *foreign)[1]).get("call_logs", [])}
    answer = json.loads(wire.post(LOGS, body, *foreign)[1])
    assert {row["id"] for row in answer.get("call_logs", [])} <= mine or "call_logs" not in answer


# HC-23
@pytest.mark.parametrize("who", ["child", "foreign"])
@pytest.mark.parametrize("customer", ["all", "1200", "1", "999999", "nosuch"])
def test_no_customer_sees_the_calls_of_another(who: str, customer: str) -> None:
    mine, _ = owners_seen(who, {"customer": customer, "recursive": "1"})
    assert all(mine)


def test_a_customer_does_see_its_own_calls() -> None:
    assert owners_seen("foreign", {})[1] > 0


# HC-26, HC-29
def test_nothing_secret_and_nothing_that_acts_is_logged() -> None:
    heard: list[str] = []
    from harness.serve.control.request_log import RequestLog

    log = RequestLog(tell=heard.append)
    with wired(on_exchange=log.record_exchange, on_rejection=lambda broken: heard.append(broken.reason)) as wire:
        wire.get(b"/api?command=ListCallHistory&Username=a%0ab&Password=CANARY")
        wire.get(b"/api;auth_password=CANARY?x=1;auth_password=CANARY")
        wire.get(b"/\xe2\x80\xae%1b[2J", b"User-Agent: \x9b2J")
        wire.get(b"/api?x=%1b[2J%0a::error::", b"User-Agent: ::error::x")
        told = [*heard, *wire.logged, *(entry.line for entry in log.last_entries(100))]
    assert told
    assert all(line.isprintable() for line in told)
    assert not [line for line in told if "CANARY" in line]


PATHS = (b"/..%2f..%2fetc/passwd", b"/%2e%2e/x", b"/..\\x", b"/a%00b", b"/%252e%252e/x", b"/\\\\host\\x")


# HC-10
def test_no_request_opens_a_file(wire: Wire) -> None:
    opened: list[str] = []
    watching = True

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event == "open" and threading.current_thread().name == "callharness-serve":
            opened.append(os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes) else str(arguments[0]))

    sys.addaudithook(hook)
    try:
        for target in (
            b"/..%2f..%2fetc/passwd",
            b"/%2e%2e/x",
            b"/..\\x",
            b"/a%00b",
            b"/%252e%252e/x",
            b"/\\\\host\\x",
        ):
            wire.get(target)
            wire.get(HISTORY + b"&CallId=" + target[1:])
    finally:
        watching = False
    assert opened == []


# HC-24
def test_many_clients_at_once_get_the_same_page(wire: Wire) -> None:
    expected = wire.get()[1]
    problems: list[object] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", wire.port, timeout=60)
        for _ in range(25):
            connection.request("GET", HISTORY.decode())
            body = connection.getresponse().read()
            if body != expected:
                problems.append(body)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


# HC-12 to HC-14
def test_the_simulator_opens_no_connection() -> None:
    source = Path(sys.modules["harness"].__file__ or "").parent / "serve"
    text = "\n".join(file.read_text(encoding="utf-8") for file in source.rglob("*.py"))
    for word in ("create_connection", "urlopen", "httpcore", "http.client", "open_connection"):
        assert word not in text
