"""`callharness check` against servers that misbehave: the rows HS-01 to HS-45 of the hostile table.

Every run goes through the envelope (E1 to E9) of `envelope.py`. Rows that speak of what this product does not have
(`--follow`, `--stealth`, a Markdown or CSV report) test the safe default, and say so.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import dataclasses
import functools
import html
import importlib
import io
import json
import os
import pkgutil
import pty
import re
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import trustme
from fronts import (
    CALLS,
    CANARY,
    JSON_API,
    TOKEN,
    XML_API,
    Bend,
    Bent,
    after_reading,
    front,
    honest,
    nth,
    rewritten,
    since,
)
from hostile_payloads import (
    BODIES,
    ESCAPES,
    FILE_NAMES,
    FORMULA,
    MARKDOWN,
    MARKUP,
    RUNNER_COMMANDS,
    SHELL_WORDS,
)
from hostile_servers import (
    BEHAVIOURS,
    OK,
    answering,
    free_port,
    hostile_server,
    once,
    redirecting,
    response,
)
from markdown_it import MarkdownIt

import harness
from harness.check.client.budget import Budget
from harness.cli.main import main
from harness.output.escaping import csv_field, markdown_cell, markdown_fence
from harness.specification.load import load_spec, spec_ids
from harness.wire.http_messages import HttpRequest, HttpResponse
from tests.hostile.envelope import (
    COMMAND,
    EXCHANGE_SECONDS,
    EXCHANGES_WHEN_BLOCKED,
    MEBIBYTE,
    PATIENT,
    HostileRun,
    harmless,
    hostile_process,
    hostile_run,
    leaks,
)

# Where an answer is bent in the middle: late enough that the mirror stands, early enough that much follows.
XML_NUMBER: Final = 8
JSON_NUMBER: Final = 30


pytestmark = pytest.mark.usefixtures("few_combinations")


@functools.cache
def honest_run(api: str, *more: str) -> HostileRun:
    """What a run looks like when nothing is bent."""
    import tempfile

    with tempfile.TemporaryDirectory() as place, front(api) as (url, _):
        return hostile_run(api, url, Path(place), *more, exchanges=None)


def bent_run(
    api: str, bend: Bend, place: Path, *more: str, timeout: float = PATIENT, calls: int = CALLS
) -> HostileRun:
    with front(api, bend, calls=calls) as (url, _):
        return hostile_run(api, url, place, *more, timeout=timeout, exchanges=None)


def hostile_from_the_start(
    behaviour: Any, api: str, place: Path, *, exchanges: int | None = EXCHANGES_WHEN_BLOCKED
) -> HostileRun:
    with hostile_server(behaviour) as server:
        return hostile_run(api, server.url, place, timeout=timeout_of(behaviour), exchanges=exchanges)


def timeout_of(behaviour: Any) -> float:
    """The deadline of an exchange with a server that behaves so."""
    known = FROM_THE_START.get(behaviour) if isinstance(behaviour, str) else None
    return EXCHANGE_SECONDS if known is not None and known[1].startswith("timeout") else PATIENT


def only_changed(run: HostileRun, api: str, *expected: str) -> None:
    """Only these clauses have another verdict than in an honest run; a lost probe may leave one undecided."""
    changed = run.changed_from(honest_run(api))
    assert set(expected) <= set(changed), changed
    others = {name: after for name, (_, after) in changed.items() if name not in expected}
    assert set(others.values()) <= {"inconclusive"}, others
    assert len(others) <= 1, others


# --- HS-01 to HS-13: the wire -------------------------------------------------------------------------------


def test_hs_01_a_refused_connection_is_one_line_and_exit_4(tmp_path: Path) -> None:
    port = free_port()
    run = hostile_process(XML_API, f"http://127.0.0.1:{port}", tmp_path)
    assert run.exit_code == 4
    assert run.blocked
    told = run.out.decode().splitlines()
    assert told[-1] == f"red because nothing could be checked: http://127.0.0.1:{port} refused the connection"
    assert len(told) == 8


def test_hs_02_silence_is_a_time_out_before_the_first_byte(tmp_path: Path) -> None:
    with hostile_server("silent") as server:
        run = hostile_process(XML_API, server.url, tmp_path, timeout=EXCHANGE_SECONDS)
    assert run.exit_code == 4
    assert set(run.reasons) == {"timeout:first-byte"}


# What a server does from its first answer on: the reason in the journal, and the clause that is broken, if any.
FROM_THE_START: Final = {
    "silent": ("HS-02", "timeout:first-byte", None),
    "slow-headers": ("HS-03", "timeout:total", None),
    "slow-body": ("HS-04", "timeout:total", None),
    "endless-100": ("HS-05", "protocol:too-many-1xx", "HTTP-FRAMING"),
    "slow-endless-100": ("HS-05", "timeout:total", None),
    "endless-headers": ("HS-06", "protocol:header-too-large", "HTTP-FRAMING"),
    "endless-header-line": ("HS-06", "protocol:header-too-large", "HTTP-FRAMING"),
    "endless-body": ("HS-07", "limit:wire-bytes", "HTTP-LIMITS"),
    "endless-chunk-extension": ("HS-08", "protocol:chunk-header-too-large", "HTTP-FRAMING"),
    "gzip-ratio": ("HS-09", "limit:decoded-bytes", "HTTP-LIMITS"),
    "gzip-twice": ("HS-10", "unexpected-encoding", "HTTP-ENCODING"),
    "gzip-truncated": ("HS-11", "bad-encoding", "HTTP-ENCODING"),
    "two-lengths": ("HS-12", "framing:two-lengths", "HTTP-FRAMING"),
    "close-at-once": ("HS-13", "truncated", "HTTP-FRAMING"),
    "reset-at-once": ("HS-13", "reset", None),
}


@pytest.mark.parametrize("behaviour", FROM_THE_START)
def test_hs_02_to_13_a_hostile_first_answer_blocks_the_run(behaviour: str, tmp_path: Path) -> None:
    _, reason, clause = FROM_THE_START[behaviour]
    run = hostile_from_the_start(behaviour, XML_API, tmp_path)
    assert run.exit_code == 4
    assert run.blocked
    assert set(run.reasons) == {reason}
    assert run.failed == ({clause} if clause else set())


# The same in the middle of a run: nothing but the clause of the breach changes, and the lost probe.
IN_THE_MIDDLE: Final = {
    "slow-headers": ("HS-03", "timeout:total", None),
    "slow-body": ("HS-04", "timeout:total", None),
    "endless-100": ("HS-05", "protocol:too-many-1xx", "HTTP-FRAMING"),
    "endless-header-line": ("HS-06", "protocol:header-too-large", "HTTP-FRAMING"),
    "many-headers": ("HS-06", "protocol:too-many-headers", "HTTP-FRAMING"),
    "endless-body": ("HS-07", "limit:wire-bytes", "HTTP-LIMITS"),
    "slow-endless-tiny-chunks": ("HS-08", "timeout:total", None),
    "endless-chunk-extension": ("HS-08", "protocol:chunk-header-too-large", "HTTP-FRAMING"),
    "endless-trailers": ("HS-08", "protocol:trailers-too-large", "HTTP-FRAMING"),
    "gzip-bomb": ("HS-09", "limit:decoded-bytes", "HTTP-LIMITS"),
    "gzip-twice": ("HS-10", "unexpected-encoding", "HTTP-ENCODING"),
    "hundred-encodings": ("HS-10", "unexpected-encoding", "HTTP-ENCODING"),
    "unknown-encoding": ("HS-10", "unexpected-encoding", "HTTP-ENCODING"),
    "unasked-br": ("HS-10", "unexpected-encoding", "HTTP-ENCODING"),
    "gzip-trailing-garbage": ("HS-11", "bad-encoding", "HTTP-ENCODING"),
    "gzip-truncated": ("HS-11", "bad-encoding", "HTTP-ENCODING"),
    "length-too-large": ("HS-12", "framing:truncated", "HTTP-FRAMING"),
    "length-too-small": ("HS-12", "framing:surplus", "HTTP-FRAMING"),
    "length-negative": ("HS-12", "framing:negative-length", "HTTP-FRAMING"),
    "two-lengths": ("HS-12", "framing:two-lengths", "HTTP-FRAMING"),
    "length-and-chunked": ("HS-12", "framing:length-and-chunked", "HTTP-FRAMING"),
    "cut-in-header": ("HS-13", "truncated", "HTTP-FRAMING"),
    "cut-in-chunked-body": ("HS-13", "truncated", "HTTP-FRAMING"),
    "cut-in-body": ("HS-13", "framing:truncated", "HTTP-FRAMING"),
}


@pytest.mark.parametrize("behaviour", IN_THE_MIDDLE)
def test_hs_03_to_13_one_hostile_answer_changes_one_verdict(behaviour: str, tmp_path: Path) -> None:
    _, reason, clause = IN_THE_MIDDLE[behaviour]
    bend = nth(XML_NUMBER, after_reading(BEHAVIOURS[behaviour]))
    run = bent_run(XML_API, bend, tmp_path, timeout=3.0 if "timeout" in reason else PATIENT)
    assert run.reasons == [reason]
    assert run.report["requests"] == honest_run(XML_API).report["requests"]
    assert run.exit_code == (1 if clause else 0)
    only_changed(run, XML_API, *([clause] if clause else []))


def test_hs_03_a_trickle_does_not_prolong_an_exchange(tmp_path: Path) -> None:
    run = hostile_from_the_start("slow-headers", XML_API, tmp_path)
    exchanges = [json.loads(line) for line in run.files["ndjson"].decode().splitlines()]
    spent = [line["seconds"] for line in exchanges if line.get("kind") == "exchange"]
    assert all(seconds >= EXCHANGE_SECONDS for seconds in spent), spent
    assert set(run.reasons) == {"timeout:total"}


@pytest.mark.parametrize(("behaviour", "most"), [("endless-header-line", 1), ("endless-body", 17)])
def test_hs_06_and_07_an_endless_answer_is_not_read_to_its_end(behaviour: str, most: int, tmp_path: Path) -> None:
    with hostile_server(behaviour) as server:
        hostile_run(XML_API, server.url, tmp_path)
        # What lies in the buffers of the sockets was sent, too.
        assert server.counters.bytes_sent < server.counters.connections * (most + 8) * MEBIBYTE


def test_hs_08_endless_chunks_extensions_and_trailers_are_told_apart() -> None:
    names = ("slow-endless-tiny-chunks", "endless-chunk-extension", "endless-trailers")
    assert len({IN_THE_MIDDLE[name][1] for name in names}) == 3


def test_hs_09_a_gzip_bomb_costs_no_memory(tmp_path: Path) -> None:
    with hostile_server("gzip-bomb") as server:
        run = hostile_process(XML_API, server.url, tmp_path)
    assert run.exit_code == 4
    assert set(run.reasons) == {"limit:decoded-bytes"}


def test_hs_12_a_framing_finding_shows_both_values(tmp_path: Path) -> None:
    run = hostile_from_the_start("length-and-chunked", XML_API, tmp_path)
    assert "Content-Length 7 and Transfer-Encoding chunked" in run.actual


def test_hs_13_a_closed_idle_connection_is_no_defect(tmp_path: Path) -> None:
    """A server may close a kept connection at any time: the request goes over a fresh one, and passes."""
    run = bent_run(XML_API, nth(XML_NUMBER, lambda peer: None), tmp_path)
    assert run.changed_from(honest_run(XML_API)) == {}


@contextlib.contextmanager
def authority(place: Path) -> Iterator[tuple[ssl.SSLContext, Path]]:
    made = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    file = place / "ca.pem"
    made.cert_pem.write_to_path(str(file))
    yield context, file


def test_hs_13_tls_that_ends_without_a_notice_is_truncated(tmp_path: Path) -> None:
    with authority(tmp_path) as (context, ca), hostile_server(once(OK + b"\r\n{}"), tls=context) as server:
        run = hostile_run(XML_API, server.url, tmp_path, "--ca", str(ca))
    assert run.exit_code == 4
    assert set(run.reasons) == {"truncated"}


# --- HS-14 to HS-17: places where we are sent ---------------------------------------------------------------


def test_hs_14_a_redirect_to_another_host_is_not_followed(tmp_path: Path) -> None:
    with hostile_server("honest") as canary, hostile_server(redirecting(f"{canary.url}/x")) as server:
        run = hostile_process(XML_API, server.url, tmp_path, "--header", "X-Api-Key: not-a-canary-key")
        assert canary.counters.connections == 0
        assert f"HTTP 302 to '{canary.url}/x'" in run.actual
    assert run.exit_code == 4
    assert run.failed == {"HTTP-REDIRECT"}


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("/again", "same-origin"),
        ("file:///etc/passwd", "not-http"),
        ("//evil.example/", "other-host"),
        ("http://169.254.169.254/latest/", "other-host"),
        ("javascript:alert(1)", "not-http"),
        ("", "nowhere"),
    ],
)
def test_hs_15_no_redirect_is_followed_wherever_it_leads(location: str, kind: str, tmp_path: Path) -> None:
    run = hostile_from_the_start(redirecting(location), XML_API, tmp_path)
    assert run.exit_code == 4
    assert run.failed == {"HTTP-REDIRECT"}
    assert kind in run.actual


def test_hs_15_a_way_from_https_to_http_is_not_taken(tmp_path: Path) -> None:
    with (
        authority(tmp_path) as (context, ca),
        hostile_server("honest") as canary,
        hostile_server(redirecting(f"http://localhost:{canary.port}/"), tls=context) as server,
    ):
        run = hostile_run(XML_API, server.url, tmp_path, "--ca", str(ca))
        assert canary.counters.connections == 0
    assert "https-to-http" in run.actual


def test_hs_15_a_redirect_in_mid_run_changes_one_verdict(tmp_path: Path) -> None:
    away = HttpResponse(http_status=302, headers=(("Location", "http://evil.example/"),))
    run = bent_run(XML_API, nth(XML_NUMBER, away), tmp_path)
    only_changed(run, XML_API, "HTTP-REDIRECT")


def test_hs_16_nothing_is_followed_and_there_is_no_option_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is no `--follow`: the safe default is all there is, another port of the same host included."""
    with hostile_server("honest") as other, hostile_server(redirecting(f"{other.url}/")) as server:
        run = hostile_run(XML_API, server.url, tmp_path, "--header", "X-Api-Key: not-a-canary-key")
        assert other.counters.connections == 0
    assert "other-port" in run.actual
    assert main(["check", XML_API, "--target", "http://127.0.0.1:1", "--follow", "same-origin"]) == 2
    assert "--follow" in capsys.readouterr().err


def paging_edited(**marks: str) -> Bend:
    def edit(body: bytes) -> bytes:
        tree = json.loads(body)
        if "paging" in tree:
            tree["paging"] |= marks
        return json.dumps(tree).encode()

    return rewritten(edit)


@pytest.mark.parametrize(
    "cursor", ["CANARY", "file:///etc/passwd", "http://169.254.169.254/latest/", "//evil.example"]
)
def test_hs_17_a_cursor_that_is_a_url_is_never_fetched(cursor: str, tmp_path: Path) -> None:
    """No API of ours has `next` links; a cursor is a value and goes nowhere but to the target."""
    with hostile_server("honest") as canary:
        where = canary.url if cursor == "CANARY" else cursor
        run = bent_run(JSON_API, paging_edited(next=where, prev=where), tmp_path, "--max-requests", "60")
        assert canary.counters.connections == 0
    assert run.report["requests"] <= 60


# --- HS-18, HS-19: pages ------------------------------------------------------------------------------------


def turning(*, pages: int) -> Bend:
    """A server that shows so many pages round and round: the cursor on the last leads to the first."""
    simulator = honest(JSON_API, calls=60)

    def bend(number: int, request: HttpRequest, answer: HttpResponse) -> Bent:
        if not request.body.startswith(b'{"'):
            return None
        asked = json.loads(request.body)
        marks = asked.get("paging", {})
        given = re.fullmatch("page([0-9])", str(marks.get("after") or "page0"))
        if given is None or marks.get("before"):
            return None
        page = int(given[1])
        marks.pop("after", None)
        whole = simulator.answer(
            dataclasses.replace(request, body=json.dumps(asked).encode()), simulator.world.instant
        )
        tree = json.loads(whole.body)
        if whole.http_status != 200 or len(tree["call_logs"]) < pages:
            return None
        share = -(-len(tree["call_logs"]) // pages)
        tree["call_logs"] = tree["call_logs"][page % pages * share :][:share]
        tree["paging"] |= {"next": f"page{(page + 1) % pages}"}
        return dataclasses.replace(whole, body=json.dumps(tree).encode())

    return bend


@pytest.mark.parametrize("pages", [1, 2, 3])
def test_hs_18_pages_that_go_round_for_ever_are_found_out(pages: int, tmp_path: Path) -> None:
    with front(JSON_API, turning(pages=pages), calls=60) as (url, _):
        run = hostile_run(JSON_API, url, tmp_path, exchanges=None)
        assert (
            main(["report", str(tmp_path / "out" / "ndjson"), "--as", "pytest", "--out", str(tmp_path / "tests")])
            == 0
        )
        words = [sys.executable, "-m", "pytest", "-q", "-k", "paging_loop", str(tmp_path / "tests")]
        variables = {**os.environ, "CALLHARNESS_URL": url, "CALLHARNESS_CREDENTIAL_TOKEN": TOKEN}
        told = subprocess.run(words, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert "rows on more than one page" in told, told
    (steps,) = [one["steps"] for one in run.report["findings"] if one["clause"] == "PAGING-LOOP"]
    assert ["page" in step["curl"].partition('"after"')[2] for step in steps] == [False, True]
    assert run.exit_code == 1
    assert run.verdicts["PAGING-LOOP"] == "fail"
    assert run.failed
    assert run.report["requests"] < 300


def test_hs_18_ever_new_rows_end_with_the_budget(tmp_path: Path) -> None:
    def bend(number: int, request: HttpRequest, answer: HttpResponse) -> Bent:
        tree = json.loads(answer.body)
        for index, row in enumerate(tree.get("call_logs", ())):
            row["id"] = str(10**9 + number * 1000 + index)
        if "paging" in tree:
            tree["paging"]["next"] = f"bmV4dA{number}"
        return dataclasses.replace(answer, body=json.dumps(tree).encode())

    run = bent_run(JSON_API, bend, tmp_path, "--max-requests", "120")
    assert run.report["requests"] <= 120
    assert run.exit_code in (0, 1)


def test_hs_19_calls_that_arrive_during_paging_are_not_blamed(tmp_path: Path) -> None:
    simulator = honest(JSON_API, calls=40)

    def bend(number: int, request: HttpRequest, answer: HttpResponse) -> Bent:
        # Time goes on between answers: calls arrive, and others end.
        return simulator.answer(request, simulator.world.instant + timedelta(seconds=20 * number))

    run = bent_run(JSON_API, bend, tmp_path, calls=40)
    assert run.failed == set()
    assert run.exit_code == 0


# --- HS-20 to HS-25: bodies that are no JSON of ours --------------------------------------------------------

JSON_ROWS: Final = {
    "json-deep": ("HS-20", "JSON-DEPTH"),
    "json-deep-unclosed": ("HS-20", "JSON-DEPTH"),
    "json-a-million-nodes": ("HS-20", "JSON-DEPTH"),
    "json-long-integer": ("HS-21", "JSON-NUMBERS"),
    "json-infinity-by-exponent": ("HS-21", "JSON-NUMBERS"),
    "json-nan": ("HS-21", "JSON-NUMBERS"),
    "json-duplicate-key": ("HS-22", "JSON-DUPLICATE-KEYS"),
    "json-bom": ("HS-23", "TEXT-ENCODING"),
    "json-utf-16": ("HS-23", "TEXT-ENCODING"),
    "json-not-utf-8": ("HS-23", "TEXT-ENCODING"),
    "json-lone-surrogate": ("HS-23", "TEXT-ENCODING"),
    "json-nul": ("HS-23", "TEXT-ENCODING"),
    "json-utf-7": ("HS-24", "TEXT-CHARSET"),
    "json-unicode-escape": ("HS-24", "TEXT-CHARSET"),
    "json-rot13": ("HS-24", "TEXT-CHARSET"),
    "json-unknown-charset": ("HS-24", "TEXT-CHARSET"),
    "html-login": ("HS-25", "ET-LCL-067"),
    "empty": ("HS-25", "JSON-SYNTAX"),
    "json-as-html": ("HS-25", "ET-LCL-067"),
    "xml-for-json": ("HS-25", "JSON-SYNTAX"),
}


@pytest.mark.parametrize("body", JSON_ROWS)
def test_hs_20_to_25_a_hostile_body_breaks_the_clause_of_its_defect(body: str, tmp_path: Path) -> None:
    with hostile_server(f"body:{body}") as server:
        # Some of these are an answer of sorts, so that the run goes on.
        run = hostile_run(JSON_API, server.url, tmp_path, exchanges=None)
    assert run.exit_code in (1, 4)
    assert JSON_ROWS[body][1] in run.failed
    # The page's own script stands there; `envelope` holds it to its hash.
    assert b"<script>alert" not in b"".join(run.files.values())


@pytest.mark.parametrize("body", ["json-deep", "json-nan", "json-duplicate-key", "json-lone-surrogate", "html-login"])
def test_hs_20_to_25_one_such_body_does_not_spoil_the_rest(body: str, tmp_path: Path) -> None:
    kind, data = BODIES[body]
    bent = response(data, f"Content-Type: {kind}")
    some = ("--max-requests", "80")
    run = bent_run(JSON_API, nth(JSON_NUMBER, bent), tmp_path, *some)
    changed = run.changed_from(honest_run(JSON_API, *some))
    assert JSON_ROWS[body][1] in changed
    # The probe that met it, and what every answer promises: no other rule hears of it.
    assert len([one for one in changed.values() if one[1] == "fail"]) <= 3, changed
    assert run.report["requests"] > JSON_NUMBER + 20


@pytest.mark.parametrize(
    ("written", "told"),
    [(b"-0", None), (b"9007199254740993", None), (b"1" * 40, None), (b"1e400", "1e400"), (b"NaN", "NaN")],
)
def test_hs_21_a_number_is_kept_exactly_or_told(written: bytes, told: str | None, tmp_path: Path) -> None:
    def edit(body: bytes) -> bytes:
        return re.sub(rb'"limit":100', b'"limit":100,"surprise":' + written, body)

    run = bent_run(JSON_API, rewritten(edit), tmp_path, "--max-requests", "30")
    assert run.verdicts["JSON-NUMBERS"] == ("fail" if told else "pass")
    assert told is None or told in run.actual


def test_hs_22_both_readings_of_a_duplicate_key_are_shown(tmp_path: Path) -> None:
    def edit(body: bytes) -> bytes:
        return body.replace(b'"direction":"', b'"direction":"sideways","direction":"', 1)

    run = bent_run(JSON_API, rewritten(edit), tmp_path, "--max-requests", "30")
    assert run.verdicts["JSON-DUPLICATE-KEYS"] == "fail"
    assert "sideways" in run.said


# --- HS-26 to HS-28: XML ------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["xml-billion-laughs", "xml-quadratic"])
def test_hs_26_entities_are_never_expanded(body: str, tmp_path: Path) -> None:
    with hostile_server(f"body:{body}") as server:
        run = hostile_process(XML_API, server.url, tmp_path)
    assert run.exit_code == 4
    assert run.failed == {"XML-DTD"}


def _xml(body: str, head: bytes) -> bytes:
    return response(body.encode(), "Content-Type: application/xml")


def test_hs_27_nothing_outside_the_document_is_read(tmp_path: Path) -> None:
    secret = "xxe-canary-9b1e"
    (tmp_path / "canary.txt").write_text(secret)
    file = (tmp_path / "canary.txt").as_uri()
    with hostile_server("honest") as canary:
        bodies = [
            f'<!DOCTYPE x [<!ENTITY e SYSTEM "{file}">]><Response><Code>&e;</Code></Response>',
            f'<!DOCTYPE Response SYSTEM "{canary.url}/evil.dtd"><Response><Code>200</Code></Response>',
            f'<!DOCTYPE x [<!ENTITY % p SYSTEM "{canary.url}/p"> %p;]><Response><Code>200</Code></Response>',
            f'<Response xmlns:xi="http://www.w3.org/2001/XInclude"><Code><xi:include href="{file}" parse="text"/>'
            f'</Code><Message>x</Message><ActiveCalls><xi:include href="{canary.url}/i"/></ActiveCalls></Response>',
        ]
        for number, body in enumerate(bodies):
            place = tmp_path / str(number)
            server = answering(functools.partial(_xml, body))
            # The last one is an answer of sorts, so that the run goes on.
            most = EXCHANGES_WHEN_BLOCKED if number < 3 else None
            run = hostile_from_the_start(server, XML_API, place, exchanges=most)
            assert run.exit_code in (1, 4)
            assert "XML-DTD" in run.failed or number == 3
            assert run.failed
            assert secret.encode() not in b"".join(run.files.values()) + run.out + run.err
            # Silence about an entity would be worse than an error: no field is reported as empty for it.
            assert "Code: ''" not in run.actual
        assert canary.counters.connections == 0


@pytest.mark.parametrize(
    ("body", "clause"),
    [
        ("xml-deep", "XML-LIMITS"),
        ("xml-many-attributes", "XML-LIMITS"),
        ("xml-long-text", "XML-LIMITS"),
        ("xml-control-character", "XML-SYNTAX"),
    ],
)
def test_hs_28_no_document_kills_the_process(body: str, clause: str, tmp_path: Path) -> None:
    with hostile_server(f"body:{body}") as server:
        run = hostile_process(XML_API, server.url, tmp_path)
    assert run.exit_code == 4
    assert run.failed == {clause}


@pytest.mark.parametrize(
    ("body", "clauses"),
    [("xml-billion-laughs", ["XML-DTD"]), ("xml-deep", ["XML-LIMITS"]), ("xml-control-character", ["XML-SYNTAX"])],
)
def test_hs_26_to_28_one_such_document_changes_one_verdict(body: str, clauses: list[str], tmp_path: Path) -> None:
    kind, data = BODIES[body]
    run = bent_run(XML_API, nth(XML_NUMBER, response(data, f"Content-Type: {kind}")), tmp_path)
    only_changed(run, XML_API, *clauses)


# --- HS-29 to HS-36: text that acts -------------------------------------------------------------------------


def failing_with(text: str) -> Bend:
    """Rows whose texts are hostile, and errors that say the same."""

    def bend(number: int, request: HttpRequest, answer: HttpResponse) -> Bent:
        tree = json.loads(answer.body)
        for row in tree.get("call_logs", ())[:3]:
            row |= {"note": text, "caller": text, "call_state": text, text: text}
        if "msg" in tree:
            tree |= {"msg": text, "code": text}
        headers = (*answer.headers, ("X-Said", text.encode("ascii", "ignore").decode().translate(_NO_LINES)))
        return dataclasses.replace(answer, body=json.dumps(tree).encode(), headers=headers)

    return bend


_NO_LINES: Final = dict.fromkeys((*range(32), 127), " ")


def in_a_terminal(words: list[str], place: Path) -> bytes:
    """What the installed command shows on a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen([*COMMAND, *words], stdin=slave, stdout=slave, stderr=slave, cwd=place)
    os.close(slave)
    seen = b""
    with contextlib.suppress(OSError):
        while piece := os.read(master, 65536):
            seen += piece
    os.close(master)
    process.wait(timeout=60)
    return seen


def test_hs_29_escapes_of_a_server_reach_no_terminal(tmp_path: Path) -> None:
    some = ("--max-requests", "60")
    with front(JSON_API, failing_with(ESCAPES)) as (url, _):
        run = hostile_process(JSON_API, url, tmp_path, *some, exchanges=None)
        (tmp_path / "pty").mkdir()
        words = ["check", JSON_API, "--target", url, "--credential", f"token={TOKEN}", *some]
        seen = in_a_terminal(words, tmp_path / "pty")
    assert run.exit_code == 1
    assert b"\\x1b]0;PWN" in run.files["text"]
    assert b"\\x1b]0;PWN" in seen
    # Our own colours, and the line that shows the progress, are all that acts.
    ours = rb"\x1b\[(?:[0-9;]*m|[0-9]*[AKG]|\?25[lh])"
    rest = re.sub(ours, b"", seen).replace(b"\r", b"").decode()
    harmless(rest.encode(), "terminal")
    assert leaks(seen) == []


def test_hs_30_no_line_of_ours_commands_a_runner(tmp_path: Path) -> None:
    with hostile_server("body:text-runner-commands") as server:
        blocked = hostile_process(JSON_API, server.url, tmp_path)
    assert blocked.exit_code == 4
    run = bent_run(JSON_API, failing_with(RUNNER_COMMANDS), tmp_path / "later", "--max-requests", "60")
    assert run.exit_code == 1
    for seen in (blocked, run):
        for kind in ("text", "junit"):
            harmless(seen.files[kind], kind)
        assert b"add-mask" in seen.out


def test_hs_31_markup_of_a_server_is_text_in_html(tmp_path: Path) -> None:
    run = bent_run(JSON_API, failing_with(MARKUP), tmp_path, "--max-requests", "60")
    page = run.files["html"].decode()
    assert run.exit_code == 1
    assert html.escape("<script>alert(1)</script>", quote=False) in page
    assert page.count("<script") == 1
    assert "<img" not in page
    assert "\u2028" not in page


def test_hs_32_markdown_of_a_server_stays_literal() -> None:
    """No report is Markdown; who writes a step summary has `markdown_fence` and `markdown_cell`."""
    renderer = MarkdownIt("commonmark").enable("table")
    block = renderer.render(markdown_fence(MARKDOWN))
    table = renderer.render(f"| a | b |\n|---|---|\n| {markdown_cell(MARKDOWN)} | x |\n")
    for rendered in (block, table):
        assert "<img" not in rendered
        assert "<h1" not in rendered
        assert "<a " not in rendered
    assert table.count("<td>") == 2


def test_hs_32_no_report_is_markdown(tmp_path: Path) -> None:
    run = bent_run(JSON_API, failing_with(MARKDOWN), tmp_path, "--max-requests", "60")
    assert run.exit_code == 1
    assert "```" in run.files["text"].decode()


def test_hs_33_junit_survives_what_xml_cannot_carry_and_five_megabytes(tmp_path: Path) -> None:
    long = "\x00 ]]> \ufffe " + "x" * (5 << 20)

    def bend(number: int, request: HttpRequest, answer: HttpResponse) -> Bent:
        tree = json.loads(answer.body)
        for row in tree.get("call_logs", ())[:1]:
            row["call_state"] = long
        return dataclasses.replace(answer, body=json.dumps(tree).encode())

    with front(JSON_API, bend) as (url, _):
        # As a process of its own: the texts that this server makes up are not what is measured.
        run = hostile_process(JSON_API, url, tmp_path, "--max-requests", "5", exchanges=None)
    assert run.failed
    assert len(run.files["junit"]) < 10_000_000


def test_hs_34_markup_of_rich_is_printed_literally(tmp_path: Path) -> None:
    run = bent_run(
        JSON_API, failing_with("[/oops] [link=http://evil.example]x[/link] [bold"), tmp_path, "--max-requests", "60"
    )
    assert run.exit_code == 1
    assert "[/oops] [link=http://evil.example]x[/link] [bold" in run.out.decode()


@pytest.mark.parametrize("text", [FORMULA, "+447700900123", "-1", '"quoted",\n', "@SUM(A1)", "\t=1+1", "00123"])
def test_hs_35_csv_is_exact_as_data_and_neutral_in_a_spreadsheet(text: str) -> None:
    """No report is CSV; generated CSV is data, and `csv_field` has both modes."""
    exact, neutral = (
        next(csv.reader(io.StringIO(csv_field(text, spreadsheet=mode), newline="")))[0] for mode in (False, True)
    )
    assert exact == text
    bare_number = re.fullmatch(r"[+-]?[0-9]+", text) is not None
    assert neutral == (text if bare_number or text[0] not in "=+-@\t" else "'" + text)


@pytest.mark.parametrize("number", range(len(FILE_NAMES)))
def test_hs_36_an_id_never_becomes_a_path(number: int, tmp_path: Path) -> None:
    def edit(body: bytes) -> bytes:
        tree = json.loads(body)
        for row in tree.get("call_logs", ()):
            row |= {"id": FILE_NAMES[number], "external_id": FILE_NAMES[number]}
        return json.dumps(tree).encode()

    run = bent_run(JSON_API, rewritten(edit), tmp_path, "--max-requests", "20")
    assert run.exit_code in (0, 1)
    assert run.failed


# --- HS-37: reproducers -------------------------------------------------------------------------------------


def test_hs_37_a_reproducer_repeats_the_request_and_does_nothing_else(tmp_path: Path) -> None:
    """Values of a server, in the shell lines that we print: run, they send the same bytes and leave nothing."""
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine to run reproducers with")
    simulator = honest(JSON_API, calls=40)

    def bend(number: int, request: HttpRequest, answer: HttpResponse) -> Bent:
        """Filters are ignored, so that each of them is a finding, with a value out of the rows in its request."""
        if not request.body.startswith(b'{"'):
            return None
        asked = {name: value for name, value in json.loads(request.body).items() if name != "filter"}
        whole = simulator.answer(
            dataclasses.replace(request, body=json.dumps(asked).encode()), simulator.world.instant
        )
        tree = json.loads(whole.body)
        for index, row in enumerate(tree.get("call_logs", ())):
            for shift, name in enumerate(("caller", "callee", "external_id", "external_session_id")):
                row[name] = SHELL_WORDS[(index + shift) % len(SHELL_WORDS)]
        return dataclasses.replace(whole, body=json.dumps(tree).encode())

    with front(JSON_API, bend) as (url, seen):
        run = hostile_run(JSON_API, url, tmp_path, "--max-requests", "150", exchanges=None)
        sent = {(one.method, one.target, one.body) for one in seen.requests}
        lines = {finding["curl"] for finding in run.report["findings"] if finding["curl"]}
        marks = ("pwned", "`id`", "rm -rf", "/etc/passwd", "-o x", "[1-9999]")
        assert any(mark in line for line in lines for mark in marks), lines
        sandbox = tmp_path / "sandbox"
        sandbox.mkdir()
        for line in sorted(lines):
            before = len(seen.requests)
            subprocess.run(
                ["bash", "-c", line],
                cwd=sandbox,
                env={"PATH": os.environ["PATH"], "TOKEN": TOKEN, "HOME": str(sandbox)},
                capture_output=True,
                timeout=60,
                check=False,
            )
            (again,) = seen.requests[before:]
            assert (again.method, again.target, again.body) in sent, line
            assert again.header("authorization") == f"Bearer {TOKEN}"
        assert list(sandbox.iterdir()) == []


# --- HS-38: secrets -----------------------------------------------------------------------------------------


def echoing(how: Callable[[str], str]) -> Bend:
    """Errors, texts and headers that repeat our own secrets; the envelope looks for them in every output."""

    def bend(number: int, request: HttpRequest, answer: HttpResponse) -> Bent:
        said = how(TOKEN)
        tree = json.loads(answer.body)
        for row in tree.get("call_logs", ()):
            row |= {"note": said, "call_state": said}
        if "msg" in tree:
            tree |= {"msg": f"bad token {said}"}
        body = json.dumps(tree).encode()
        headers = (*answer.headers, ("X-Debug", said), ("X-Basic", base64.b64encode(f"u:{TOKEN}".encode()).decode()))
        return dataclasses.replace(answer, body=body, headers=headers)

    return bend


@pytest.mark.parametrize(
    "how",
    [
        str,
        lambda secret: base64.b64encode(secret.encode()).decode(),
        lambda secret: base64.b64encode(f"user:{secret}".encode()).decode(),
        lambda secret: secret.encode().hex(),
        lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
        lambda secret: "".join(f"&#{byte};" for byte in secret.encode()),
        lambda secret: "".join(f"\\u{ord(char):04x}" for char in secret),
    ],
    ids=["raw", "base64", "basic", "hex", "percent", "xml", "json"],
)
def test_hs_38_an_echoed_secret_stands_in_no_output(how: Callable[[str], str], tmp_path: Path) -> None:
    run = bent_run(JSON_API, echoing(how), tmp_path, "--max-requests", "40")
    assert run.exit_code == 1
    assert b"***" in run.files["json"]


def test_hs_38_a_secret_in_a_refusal_a_redirect_and_across_chunks(tmp_path: Path) -> None:
    """Before anything works: in what we are told, in where we are sent, and cut in two."""
    error = f"<Response><Code>305</Code><Message>no: {html.escape(CANARY)} {CANARY[::1]}</Message></Response>"
    half = len(CANARY) // 2
    body = f"password {CANARY} is wrong".encode()
    cut = body.index(CANARY.encode()) + half
    chunks = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in (body[:cut], body[cut:], b""))
    for number, behaviour in enumerate(
        (
            answering(lambda _: response(error.encode(), "Content-Type: application/xml")),
            redirecting(f"/login?next=x&Password={CANARY}"),
            answering(lambda _: OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunks),
            answering(lambda _: response(body, "Content-Type: text/plain", status="500 Oops")),
        )
    ):
        run = hostile_from_the_start(behaviour, XML_API, tmp_path / str(number))
        assert run.exit_code == 4
        assert b"***" in run.files["json"]


def test_hs_38_a_bearer_token_is_masked_within_its_quotes_in_every_report(tmp_path: Path) -> None:
    """The mask once ran past a quotation mark that HTML writes as `&#39;`, and took the end tag with it."""
    nowhere = HttpResponse(http_status=404, headers=(("Content-Type", "text/plain"),), body=b"no API lives here")
    run = bent_run(JSON_API, since(1, nowhere), tmp_path)
    assert run.exit_code == 4
    assert b"Bearer" in run.files["html"]


# --- HS-39, HS-40: manners and memory -----------------------------------------------------------------------


@dataclasses.dataclass
class Clock:
    """Time that only waiting moves."""

    now: float = 0.0
    waited: list[float] = dataclasses.field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    defaults = Budget.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "sleep", made.sleep)
    monkeypatch.setitem(defaults, "clock", lambda: made.now)
    return made


def too_many(retry_after: str) -> HttpResponse:
    headers = (("Retry-After", retry_after), ("Content-Type", "application/json"))
    return HttpResponse(http_status=429, headers=headers, body=b'{"code":"resource_exhausted","msg":"slow down"}')


@pytest.mark.parametrize(
    ("retry_after", "longest"),
    [
        ("1000000000", 0.0),
        ("9" * 400, 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 1.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 1.0),
        ("-5", 1.0),
        ("soon", 1.0),
        ("2", 2.0),
    ],
)
def test_hs_39_a_rate_limit_is_waited_for_within_reason(
    retry_after: str, longest: float, clock: Clock, tmp_path: Path
) -> None:
    run = bent_run(JSON_API, since(JSON_NUMBER, too_many(retry_after)), tmp_path, "--max-requests", "60")
    assert max(clock.waited, default=0.0) <= longest
    assert run.failed == set()
    assert "rate-limit" in run.said
    assert run.exit_code == 0


@pytest.mark.parametrize("status", [401, 403])
def test_hs_39_credentials_that_die_in_mid_run_fail_nothing_else(status: int, tmp_path: Path) -> None:
    body = b'{"code":"unauthenticated","msg":"the token has expired"}'
    dead = HttpResponse(http_status=status, headers=(("Content-Type", "application/json"),), body=body)
    run = bent_run(JSON_API, since(JSON_NUMBER, dead), tmp_path)
    assert run.failed == set()
    assert run.blocked
    # All that comes after is blocked, and not one probe alone: that is red.
    assert run.exit_code == 1


def test_hs_40_cookies_are_not_kept(tmp_path: Path) -> None:
    def bend(number: int, request: HttpRequest, answer: HttpResponse) -> Bent:
        cookies = tuple(("Set-Cookie", f"who{index}={number}; Domain=com; Path=/") for index in range(100))
        return dataclasses.replace(answer, headers=(*answer.headers, *cookies))

    with front(XML_API, bend) as (url, seen):
        run = hostile_run(XML_API, url, tmp_path, exchanges=None)
    assert run.changed_from(honest_run(XML_API)) == {}
    assert [one for one in seen.requests if one.header("cookie") is not None] == []


def test_hs_40_ten_thousand_cookies_are_too_many_headers(tmp_path: Path) -> None:
    cookies = b"Set-Cookie: a=1\r\n" * 10_000
    run = hostile_from_the_start(once(OK + cookies + b"Content-Length: 2\r\n\r\n{}"), XML_API, tmp_path)
    assert run.failed == {"HTTP-FRAMING"}


# --- HS-41, HS-42: servers that cheat or waver --------------------------------------------------------------


def test_hs_41_nothing_but_the_user_agent_names_the_harness_and_that_can_be_changed(tmp_path: Path) -> None:
    """There is no `--stealth`; what a defeat device could look at is one header, and `--header` replaces it."""
    with front(XML_API) as (url, seen):
        run = hostile_run(XML_API, url, tmp_path, "--header", "User-Agent: Mozilla/5.0", exchanges=None)
    assert run.changed_from(honest_run(XML_API)) == {}
    for request in seen.requests:
        assert [value for name, value in request.headers if name == "user-agent"] == ["Mozilla/5.0"]
        words = [request.target.decode(), request.body.decode(), *(value for _, value in request.headers)]
        assert "callharness" not in " ".join(words).lower()


def test_hs_41_a_server_that_is_good_to_us_alone_is_found_out(tmp_path: Path) -> None:
    def bend(number: int, request: HttpRequest, answer: HttpResponse) -> Bent:
        if "callharness" in (request.header("user-agent") or ""):
            return None
        return dataclasses.replace(answer, body=answer.body.replace(b"Message>", b"Massage>"))

    assert bent_run(XML_API, bend, tmp_path / "known").exit_code == 0
    assert bent_run(XML_API, bend, tmp_path / "other", "--header", "User-Agent: x").exit_code == 1


def test_hs_42_a_server_that_is_wrong_half_the_time_never_passes(tmp_path: Path) -> None:
    def bend(number: int, request: HttpRequest, answer: HttpResponse) -> Bent:
        tree = json.loads(answer.body)
        if number % 2 and len(tree.get("call_logs", ())) > 1 and b'"filter"' in request.body:
            tree["call_logs"] = tree["call_logs"][1:]
        return dataclasses.replace(answer, body=json.dumps(tree).encode())

    run = bent_run(JSON_API, bend, tmp_path)
    assert run.exit_code == 1
    assert run.failed


# --- HS-43 to HS-45: values ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("StartTime", "10000-01-01 00:00:00"),
        ("StartTime", "0000-00-00 00:00:00"),
        ("StartTime", "2016-12-31 23:59:60"),
        ("StartTime", "2026-03-11 24:00:00"),
        ("StartTime", "2024-W01-1 00:00:00"),
        ("StartTime", "99999999999999999999"),
        ("StartTime", "\u0662\u0660\u0662\u0666-03-11 10:29:15"),
        ("RingDuration", "-1"),
        ("RingDuration", "1" + "0" * 20),
        ("RingDuration", "9" * 5000),
        ("TalkDuration", "NaN"),
        ("TalkDuration", "1_000"),
    ],
)
def test_hs_43_impossible_times_are_findings_and_not_crashes(field: str, value: str, tmp_path: Path) -> None:
    def edit(body: bytes) -> bytes:
        return re.sub(f"<{field}>[^<]*".encode(), f"<{field}>{value}".encode(), body)

    run = bent_run(XML_API, rewritten(edit), tmp_path)
    # The form of these fields is known from an example only: amber, not red.
    assert run.failed
    assert set(run.changed_from(honest_run(XML_API)).values()) <= {("pass", "fail"), ("pass", "not_exercised")}
    assert field in json.dumps(run.report["findings"])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("\u0663.5", "\\u0663"),
        ("\uff0b4", "\\uff0b"),
        ("4\u200b.0", "\\u200b"),
        ("4.0\n", "\\n"),
        ("\u202e4.0", "\\u202e"),
    ],
    ids=["arabic-indic", "full-width", "zero-width", "line-end", "bidi"],
)
def test_hs_44_digits_of_other_scripts_are_no_numbers_and_shown_by_code_point(
    value: str, shown: str, tmp_path: Path
) -> None:
    def edit(body: bytes) -> bytes:
        return re.sub(b"<RingDuration>[^<]*", f"<RingDuration>{value}".encode(), body)

    run = bent_run(XML_API, rewritten(edit), tmp_path)
    assert run.failed
    assert shown in run.actual


def our_patterns() -> Iterator[tuple[str, re.Pattern[Any], bool]]:
    """Each with its name, and whether it searches (else it is only ever held against a whole text)."""
    for info in pkgutil.walk_packages(harness.__path__, "harness."):
        if ".pytest_plugin" in info.name or ".serve" in info.name:
            continue
        module = importlib.import_module(info.name)
        source = Path(module.__file__ or "").read_text()
        for name, value in vars(module).items():
            many = value if isinstance(value, tuple) else (value,)
            searches = isinstance(value, tuple) or bool(re.search(rf"\b{name}\.(?!fullmatch|match|pattern)", source))
            for index, one in enumerate(many):
                if isinstance(one, re.Pattern):
                    yield f"{info.name}.{name}.{index}", one, searches
    for api in spec_ids():
        text = Path(load_spec(api).file).read_text()
        for index, found in enumerate(re.findall(r"pattern: *['\"](.+?)['\"] *[,}\n]", text)):
            yield f"{api}.{index}", re.compile(found, re.ASCII), False


BAITS: Final = (("1", "x"), ("a", "!"), ("1.", "x"), (" ", "x"), ("\\", "x"))
BAIT_LENGTH: Final = 50_000


def test_hs_45_no_pattern_of_ours_is_slow_on_bait() -> None:
    slow = [
        (name, apply.__name__, piece)
        for name, pattern, searches in our_patterns()
        for piece, end in BAITS
        for apply in (pattern.fullmatch, pattern.match, *((pattern.search,) if searches else ()))
        if _more_than_grows(apply, piece, end, text_is_bytes=isinstance(pattern.pattern, bytes))
    ]
    assert slow == []


def _more_than_grows(apply: Callable[[Any], object], piece: str, end: str, *, text_is_bytes: bool) -> bool:
    """Whether the work grows faster than the bait: ten times as much takes a hundred times as long, or longer."""

    def spent(length: int) -> float:
        text: Any = piece * (length // len(piece)) + end
        text = text.encode() if text_is_bytes else text
        began = time.thread_time()
        apply(text)
        return time.thread_time() - began

    # Most are done at once, and too quick to be compared.
    if spent(BAIT_LENGTH) < 0.01:
        return False
    return min(spent(BAIT_LENGTH) for _ in range(3)) > 30 * min(spent(BAIT_LENGTH // 10) for _ in range(3))


def test_hs_45_bait_in_every_text_of_a_row_costs_no_time(tmp_path: Path) -> None:
    bait = b"1" * 50_000 + b"x"

    def edit(body: bytes) -> bytes:
        return re.sub(rb"<(CallerId|Source|StartTime|CallState)>[^<]*", rb"<\1>" + bait, body)

    run = bent_run(XML_API, rewritten(edit), tmp_path)
    assert run.failed


# --- E8 -----------------------------------------------------------------------------------------------------


def normalised(run: HostileRun) -> Any:
    report = {**run.report, "seconds": 0, "began": None}
    return json.loads(re.sub(r"127\.0\.0\.1:[0-9]+", "HOST", json.dumps(report)))


@pytest.mark.parametrize("name", ["two-lengths", "body:xml-billion-laughs", "gzip-bomb", "bent"])
def test_e8_the_same_hostility_gives_the_same_report(name: str, tmp_path: Path) -> None:
    def once_more(place: Path) -> HostileRun:
        if name == "bent":
            return bent_run(XML_API, nth(XML_NUMBER, b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), place)
        return hostile_from_the_start(name, XML_API, place)

    assert normalised(once_more(tmp_path / "a")) == normalised(once_more(tmp_path / "b"))


def test_every_row_of_the_table_has_a_test() -> None:
    text = Path(__file__).read_text()
    named = {int(number) for number in re.findall(r"(?:HS-|hs_)([0-9]{2})", text)}
    for first, last in re.findall(r"test_hs_([0-9]{2})_to_([0-9]{2})", text):
        named |= set(range(int(first), int(last) + 1))
    assert set(range(1, 46)) - named == set()
