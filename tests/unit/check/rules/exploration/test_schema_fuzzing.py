"""Schema fuzzing: what is drawn, how it is sent, and what becomes of server errors."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_runs import meeting

from harness.check.client.budget import Budget, RateLimitedClient
from harness.check.context import CheckContext
from harness.check.rules.exploration import schema_fuzzing as fuzzing
from harness.check.rules.exploration.drawn_lines import (
    DrawnRequest,
    drawn_from_case,
    drawn_of_line,
    line_of_drawn,
)
from harness.check.rules.exploration.schema_fuzzing import (
    check_schema_fuzzing,
    document_to_fuzz,
    draw_requests,
    request_from_drawn,
)
from harness.check.rules.responses.every_response import check_response
from harness.serve.faults.base import Fault
from harness.serve.faults.hooks import AnswerContext, Hooks
from harness.specification.load import load_spec, spec_ids
from harness.specification.model import ClauseId
from harness.wire.http_messages import HttpResponse
from harness.wire.request_codec import encode_request

HISTORY = "ozeki/list-call-history"
CALLS = "etelecom/list-call-logs"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A smaller budget: these tests are about what happens, not about how often."""
    monkeypatch.setattr(fuzzing, "REQUESTS", 24)


def liar(bend: Callable[[HttpResponse, AnswerContext], HttpResponse]) -> Fault:
    return Fault(clause=ClauseId("NONE"), name="made-up", description="a test's own", hooks=Hooks(response=bend))


def fuzzed(api: str, *faults: Fault) -> CheckContext:
    session, mirror = meeting(api, *faults, calls=100)
    session.options = replace(session.options, fuzz=True)
    check_schema_fuzzing(session, mirror)
    return session


def failed(session: CheckContext) -> list[str]:
    return [finding.clause for finding in session.results.findings()]


# --- drawing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", spec_ids())
def test_credentials_are_not_drawn(api: str) -> None:
    document = json.dumps(document_to_fuzz(load_spec(api)))
    access = load_spec(api).listing.access
    for name in (access.user, access.password):
        assert name is None or f'"name": "{name}"' not in document
    assert '"security"' not in document


def test_the_document_of_the_spec_is_left_alone() -> None:
    spec = load_spec(HISTORY)
    before = json.dumps(spec.openapi, default=dict)
    document_to_fuzz(spec)
    assert json.dumps(spec.openapi, default=dict) == before


def test_both_kinds_of_data_are_drawn_in_turn() -> None:
    session, _ = meeting(HISTORY, calls=30)
    kinds = [one.data for one in draw_requests(session, at_most=12)]
    assert kinds[:4] == ["positive", "negative", "positive", "negative"]


def test_the_same_run_draws_the_same() -> None:
    session, _ = meeting(HISTORY, calls=30)
    assert draw_requests(session, at_most=10) == draw_requests(session, at_most=10)


def test_drawing_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    session, _ = meeting(HISTORY, calls=30)
    draw_requests(session, at_most=6)
    assert list(tmp_path.iterdir()) == []


CRASH = """
import os, signal
print('{"data": "positive", "pairs": [["limit", "3"]], "body": null}', flush=True)
os.kill(os.getpid(), signal.SIGSEGV)
"""


@pytest.mark.parametrize(
    ("program", "drawn", "told"),
    [
        (CRASH, 2, "fuzz: 1 request of positive and negative data was drawn, then its process ended by signal 11"),
        (
            "raise SystemExit(7)",
            0,
            "fuzz: 0 requests of negative data were drawn, then its process ended with exit code 7",
        ),
        (
            "print('[1]')",
            0,
            "fuzz: 0 requests of positive and negative data were drawn, then a line of its process is none: ",
        ),
        (
            "import time; time.sleep(60)",
            0,
            "fuzz: 0 requests of positive and negative data were drawn, then its process took",
        ),
    ],
    ids=["crash", "exit", "line", "time"],
)
def test_hd_10_what_goes_wrong_in_the_process_that_draws_costs_no_run(
    program: str, drawn: int, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "odd_drawing.py").write_text(program)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(fuzzing, "DRAWING_MODULE", "odd_drawing")
    monkeypatch.setattr(fuzzing, "DRAWING_SECONDS", 1 if "sleep" in program else 60)
    session, _ = meeting(HISTORY, calls=30)
    assert len(draw_requests(session, at_most=10)) == drawn
    assert any(note.startswith(told) for note in session.notes)


def test_hd_10_the_process_that_draws_knows_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "odd_drawing.py").write_text(
        "import json, os\n"
        "told = [[name, 'x'] for name in os.environ if name.startswith('CALLHARNESS')]\n"
        "print(json.dumps({'data': 'positive', 'pairs': told, 'body': None}))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("CALLHARNESS_CREDENTIAL_PASSWORD", "qwe123")
    monkeypatch.setattr(fuzzing, "DRAWING_MODULE", "odd_drawing")
    session, _ = meeting(HISTORY, calls=30)
    assert [one.pairs for one in draw_requests(session, at_most=2)] == [()]


@given(
    st.builds(
        DrawnRequest,
        data=st.sampled_from(["positive", "negative"]),
        pairs=st.lists(st.tuples(st.text(), st.text())).map(tuple),
        body=st.recursive(
            st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
    )
)
def test_a_line_gives_the_request_that_it_was_made_of(one: DrawnRequest) -> None:
    line = line_of_drawn(one)
    assert line.isascii()
    assert drawn_of_line(line) == one


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "{}",
        '{"data": "odd", "pairs": [], "body": null}',
        '{"data": "positive", "pairs": [["a"]], "body": null}',
        '{"data": "positive", "pairs": [["a", 1]], "body": null}',
        '{"data": "positive", "pairs": [], "body": {"a": 1}}',
        '{"data": "positive", "pairs": [], "body": {"decimal": "x"}}',
        '{"data": "positive", "pairs": [], "body": 1.5}',
        '{"data": "positive", "pairs": [], "body": ' + "[" * 500 + "]" * 500 + "}",
        '{"data": "positive", "pairs": [], "body": ' + "[" * 99_999,
    ],
)
def test_any_other_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        drawn_of_line(line)


def test_schemathesis_is_loaded_only_where_it_is_used() -> None:
    command = (
        "import sys, harness.check.runner; sys.exit('schemathesis' in sys.modules or 'hypothesis' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0


# --- requests -----------------------------------------------------------------------------------------------


def test_pairs_stand_in_the_documented_form() -> None:
    spec = load_spec("enswitch/calls-active-list")
    one = drawn_from_case(
        "positive", {"snumber": "a;b", "limit": 5, "odd": [1, "x"], "names": True}, None, json=False
    )
    assert one is not None
    ask, edit = request_from_drawn(spec.listing, one, {})
    assert edit is None
    target = encode_request(spec, ask).target
    assert b"snumber=a%3Bb" in target
    assert b"limit=5" in target
    assert b"names=true" in target
    assert b"odd=" in target


def test_a_json_body_is_sent_as_it_was_drawn() -> None:
    spec = load_spec(CALLS)
    body = {"filter": {"call_number": "101"}, "paging": {"limit": 1.5}, "strange": [None, True]}
    one = drawn_from_case("negative", None, body, json=True)
    assert one is not None
    ask, edit = request_from_drawn(spec.listing, one, {})
    assert ask.values["call_number"] == "101"
    assert json.loads(edit(encode_request(spec, ask)).body) == body


def test_bytes_that_are_no_json_are_not_sent() -> None:
    assert drawn_from_case("negative", None, b"\xff", json=True) is None


def test_parameters_that_must_be_there_get_a_value_that_works() -> None:
    listing = load_spec("voximplant/get-call-history").listing
    one = DrawnRequest(data="positive", pairs=(("from_date", "never"), ("count", "3")))
    ask, _ = request_from_drawn(listing, one, {"from_date": "2026-03-01 00:00:00"})
    assert ask.values == {"from_date": "2026-03-01 00:00:00", "count": "3"}


# --- judging ------------------------------------------------------------------------------------------------


def test_nothing_is_sent_unless_it_is_wanted() -> None:
    session, mirror = meeting(HISTORY, calls=30)
    before = session.requests
    check_schema_fuzzing(session, mirror)
    assert session.requests == before


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("api", spec_ids())
def test_an_honest_server_is_not_blamed(api: str) -> None:
    session = fuzzed(api)
    assert failed(session) == []


@pytest.mark.usefixtures("few")
def test_a_server_error_that_comes_again_is_found_once() -> None:
    def broken(response: HttpResponse, told: AnswerContext) -> HttpResponse:
        values = told.list_request.values if told.list_request is not None else {}
        odd = any(not str(value).isascii() for value in values.values())
        return HttpResponse(http_status=500, body=b"Traceback") if odd else response

    session = fuzzed(HISTORY, liar(broken))
    assert failed(session) == ["HTTP-SERVER-ERRORS"]
    assert "3 times" in session.results.findings()[0].actual


@pytest.mark.usefixtures("few")
def test_a_server_error_that_comes_once_is_not_told() -> None:
    seen: set[str] = set()

    def hiccup(response: HttpResponse, told: AnswerContext) -> HttpResponse:
        key = repr(told.list_request)
        if len(seen) < 2 and told.list_request is not None and len(told.list_request.values) > 3 and key not in seen:
            seen.add(key)
            return HttpResponse(http_status=503, body=b"")
        return response

    assert failed(fuzzed(HISTORY, liar(hiccup))) == []
    assert seen


@pytest.mark.usefixtures("few")
def test_an_error_that_the_document_tells_by_5xx_is_none() -> None:
    def spoken(response: HttpResponse, told: AnswerContext) -> HttpResponse:
        return replace(response, http_status=500) if response.http_status == 400 else response

    session = fuzzed(CALLS, liar(spoken))
    assert failed(session) == []
    assert session.server_errors == []


@pytest.mark.usefixtures("few")
def test_answers_are_judged_by_the_clauses_of_the_spec() -> None:
    def unread(response: HttpResponse, told: AnswerContext) -> HttpResponse:
        values: Any = told.list_request.values if told.list_request is not None else {}
        odd = any(not str(value).isascii() for value in values.values())
        return replace(response, body=response.body.replace(b"</Response>", b"")) if odd else response

    session, mirror = meeting(HISTORY, liar(unread), calls=60)
    session.response_check = check_response
    session.options = replace(session.options, fuzz=True)
    check_schema_fuzzing(session, mirror)
    assert failed(session) == ["XML-SYNTAX"]


@pytest.mark.usefixtures("few")
def test_fuzzing_has_requests_of_its_own() -> None:
    session, mirror = meeting(HISTORY, calls=60)
    client = RateLimitedClient(session.sender, Budget(max_requests=0))
    session.sender = client
    session.options = replace(session.options, fuzz=True)
    check_schema_fuzzing(session, mirror)
    assert 12 < client.budget.requests <= 24
