"""Witness rules: what one answer proves, clause by clause."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from harness.check.context import CheckContext, ClientIdentity
from harness.check.oracle.dialect_inference import InferredDialect
from harness.check.results.collector import ResultCollector
from harness.check.results.evidence import EvidenceRenderer
from harness.check.results.findings import Gate
from harness.check.rules.responses.every_response import check_response
from harness.check.target_facts import RunOptions
from harness.output.redaction import Redactor
from harness.specification.clause_families import load_standard_clauses
from harness.specification.load import load_spec
from harness.specification.model import ClauseId
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse
from harness.wire.list_request import ListRequest

HISTORY, LIVE, LEGS = "ozeki/list-call-history", "ozeki/list-active-calls", "enswitch/calls-active-list"
SESSIONS, LOGS = "voximplant/get-call-history", "etelecom/list-call-logs"
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

CALL = (
    "<Call><StartTime>2019-04-02 13:03:06</StartTime><Direction>Internal</Direction><Source>102</Source>"
    "<Destination>101</Destination><CallerId>102</CallerId><Dialed>101</Dialed><State>CallerHungUp</State>"
    "<Type>Audio</Type><CallId>{}</CallId></Call>"
)
HEAD = "<Code>200</Code><Message>Command successfully executed</Message>"


spec_of = functools.cache(load_spec)
standard = functools.cache(load_standard_clauses)


class Canned:
    """A sender that gives the same answer every time."""

    def __init__(self, answer: HttpResponse | NoResponse) -> None:
        self.answer = answer

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse | NoResponse:
        return self.answer


def session_of(api: str, answer: HttpResponse | NoResponse) -> CheckContext:
    spec = spec_of(api)
    ledger = ResultCollector(clauses={**spec.clauses, **standard().clauses_for(spec)}, families={}, gate=Gate.CI)
    me = ClientIdentity(name="me", credentials={"Username": "u", "Password": "p", "token": "t", "auth_username": "u"})
    return CheckContext(
        spec=spec,
        sender=Canned(answer),
        identity=me,
        identities=(me,),
        results=ledger,
        dialect=InferredDialect(spec),
        evidence=EvidenceRenderer(base="http://x", redactor=Redactor(()), secrets={}),
        rng=random.Random(1),
        target="http://127.0.0.1:8080",
        options=RunOptions(now=NOW),
        response_check=check_response,
    )


def seen(api: str, answer: HttpResponse | NoResponse, values: Mapping[str, Any] | None = None) -> CheckContext:
    session = session_of(api, answer)
    session.send(ListRequest(values=values or {}), "look")
    return session


def broken(session: CheckContext) -> list[str]:
    return [finding.clause for finding in session.results.findings()]


def xml(body: str, *, status: int = 200, media_type: str = "application/xml") -> HttpResponse:
    return HttpResponse(http_status=status, headers=(("Content-Type", media_type),), body=body.encode())


def js(
    tree: Any, *, status: int = 200, media_type: str = "application/json", raw: bytes | None = None
) -> HttpResponse:
    body = raw if raw is not None else json.dumps(tree).encode()
    return HttpResponse(http_status=status, headers=(("Content-Type", media_type),), body=body)


def history(*calls: str, total: str = "2", head: str = HEAD) -> str:
    count = f"<TotalRecords>{total}</TotalRecords>" if total else ""
    return f"<Response>{head}{count}<CallHistory>{''.join(calls)}</CallHistory></Response>"


def legs(*rows: Mapping[str, Any]) -> dict[str, Any]:
    return {"responses": [{"code": "200", "key": "", "message": "OK"}], "data": list(rows)}


def leg(**values: Any) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, known in spec_of(LEGS).listing.fields.items():
        if not known.optional:
            row[name] = 0 if known.as_ in ("integer", "epoch-seconds") else "x"
    return {**row, "start": 1772000000, "uniqueid": "1.1", "callid": "1.1", "direction": "in", **values}


def page(*sessions: Mapping[str, Any], total: Any = None, count: Any = None) -> dict[str, Any]:
    found = len(sessions)
    return {
        "result": list(sessions),
        "total_count": found if total is None else total,
        "count": found if count is None else count,
        "timezone": "Etc/UTC",
    }


def session_row(**values: Any) -> dict[str, Any]:
    return {
        "call_session_history_id": 1,
        "account_id": 1,
        "application_id": 1,
        "application_name": "a",
        "rule_name": "r",
        "start_date": "2020-02-25 10:11:12",
        "initiator_address": "192.0.2.1",
        "media_server_address": "192.0.2.2",
        "log_file_url": "",
        **values,
    }


# --- honest answers -----------------------------------------------------------------------------------------


def test_an_honest_page_breaks_nothing_and_is_a_witness() -> None:
    session = seen(HISTORY, xml(history(CALL.format("a"), CALL.format("b"))))
    assert broken(session) == []
    assert session.results.pass_count(ClauseId("OZ-LCH-011")) >= 2


def test_the_same_rows_are_examined_once() -> None:
    session = session_of(HISTORY, xml(history(CALL.format("a"), CALL.format("b"))))
    for _ in range(3):
        session.send(ListRequest(), "look")
    assert session.results.pass_count(ClauseId("OZ-LCH-012")) == 2


def test_an_honest_leg_breaks_nothing() -> None:
    assert broken(seen(LEGS, js(legs(leg())))) == []


def test_an_honest_session_breaks_nothing() -> None:
    assert broken(seen(SESSIONS, js(page(session_row())))) == []


def test_an_error_may_be_told_as_problem_details_and_a_success_may_not() -> None:
    told = {"code": "invalid_argument", "msg": "no such call"}
    assert broken(seen(LOGS, js(told, status=400, media_type="application/problem+json"))) == []
    assert broken(seen(LOGS, js(told, status=400, media_type="application/problem+xml"))) == ["ET-LCL-067"]
    rows = js({"call_logs": []}, media_type="application/problem+json")
    assert "ET-LCL-067" in broken(seen(LOGS, rows))


@pytest.mark.parametrize(
    ("way", "status", "clauses"),
    [
        ("post-form", 405, []),
        ("post-form", 415, []),
        ("post-form", 418, ["EN-CAL-017"]),
        (None, 405, ["EN-CAL-017"]),
        (None, 415, ["EN-CAL-017"]),
    ],
)
def test_codes_are_promised_of_requests_that_http_lets_in(way: str | None, status: int, clauses: list[str]) -> None:
    told = {"responses": [{"code": str(status), "key": "", "message": "no"}], "data": []}
    session = session_of(LEGS, js(told, status=status))
    session.send(ListRequest(values={}, encoding_name=way), "look")
    assert [one for one in broken(session) if one == "EN-CAL-017"] == clauses


@pytest.mark.parametrize(("status", "clauses"), [(200, []), (201, []), (202, ["ET-LCL-001"])])
def test_a_success_may_have_each_of_its_legitimate_statuses(status: int, clauses: list[str]) -> None:
    answer = js({"call_logs": [], "paging": {"limit": 100, "sort": ""}}, status=status)
    assert [one for one in broken(seen(LOGS, answer)) if one == "ET-LCL-001"] == clauses


def test_a_charset_is_part_of_a_good_media_type() -> None:
    session = seen(HISTORY, xml(history(), media_type="text/xml; charset=utf-8"))
    assert broken(session) == []


# --- transport ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "clause"),
    [
        ("framing:two-lengths", "HTTP-FRAMING"),
        ("truncated", "HTTP-FRAMING"),
        ("protocol:header-too-large", "HTTP-FRAMING"),
        ("limit:wire-bytes", "HTTP-LIMITS"),
        ("bad-encoding", "HTTP-ENCODING"),
    ],
)
def test_an_answer_that_cannot_be_taken_breaks_a_standard_clause(reason: str, clause: str) -> None:
    assert broken(seen(HISTORY, NoResponse(reason=reason, text="so"))) == [clause]


@pytest.mark.parametrize("reason", ["connect", "timeout:total", "reset", "budget:requests"])
def test_silence_blames_nobody(reason: str) -> None:
    assert broken(seen(HISTORY, NoResponse(reason=reason, text="so"))) == []


def test_a_server_that_knows_no_request_in_chunks_breaks_the_promise_of_that_carriage_alone() -> None:
    session = session_of(SESSIONS, NoResponse(reason="framing:surplus", text="so"))
    session.send(ListRequest(values={}, encoding_name="chunked-multipart"), "look")
    assert broken(session) == ["VX-GCH-012"]


def test_a_redirect_is_told_with_where_it_leads() -> None:
    answer = HttpResponse(http_status=302, headers=(("Location", "http://elsewhere.example/login"),))
    session = seen(HISTORY, answer)
    assert broken(session) == ["HTTP-REDIRECT"]
    assert "other-host" in session.results.findings()[0].actual


@pytest.mark.parametrize("status", [429, 500, 503])
def test_one_refusal_of_an_overloaded_server_breaks_nothing(status: int) -> None:
    assert broken(seen(HISTORY, xml("<html/>", status=status, media_type="text/html"))) == []


# --- bodies -------------------------------------------------------------------------------------------------


def test_a_login_page_is_one_defect_of_the_media_type() -> None:
    answer = xml("<!DOCTYPE html><html><p>Please log in", media_type="text/html")
    assert broken(seen(HISTORY, answer)) == ["OZ-LCH-004"]


def test_a_good_body_of_a_wrong_type_breaks_the_media_type_only() -> None:
    assert broken(seen(HISTORY, xml(history(), media_type="text/html"))) == ["OZ-LCH-004"]


def test_an_unparsable_body_of_the_right_type_breaks_the_syntax() -> None:
    assert broken(seen(LEGS, js(None, raw=b"<html>"))) == ["JSON-SYNTAX"]


def test_an_empty_body_breaks_the_syntax() -> None:
    assert broken(seen(LEGS, js(None, raw=b""))) == ["JSON-SYNTAX"]


def test_an_array_in_place_of_the_object_breaks_the_envelope() -> None:
    assert broken(seen(LEGS, js([]))) == ["EN-CAL-006"]


def test_a_bare_ampersand_breaks_the_clause_on_escaping() -> None:
    answer = xml(history(CALL.format("a").replace("<Source>102", "<Source>A & B")))
    assert broken(seen(HISTORY, answer)) == ["OZ-LCH-049"]


def test_entities_of_its_own_break_the_clause_on_dtds() -> None:
    answer = xml('<!DOCTYPE r [<!ENTITY a "b">]><Response>&a;</Response>')
    assert broken(seen(HISTORY, answer)) == ["XML-DTD"]


def test_another_root_breaks_the_clause_on_the_root() -> None:
    answer = xml(history().replace("Response>", "Answer>"))
    assert broken(seen(HISTORY, answer)) == ["OZ-LCH-005"]


def test_a_stranger_among_the_rows_breaks_the_clause_on_row_elements() -> None:
    assert broken(seen(HISTORY, xml(history("<Leg/>")))) == ["OZ-LCH-052"]


def test_a_key_that_stands_twice_is_found() -> None:
    raw = json.dumps(legs()).encode().replace(b'"data"', b'"data": [], "data"')
    assert broken(seen(LEGS, js(None, raw=raw))) == ["JSON-DUPLICATE-KEYS"]


@pytest.mark.parametrize("raw", [b"\xef\xbb\xbf", b""])
def test_a_byte_order_mark_breaks_the_text_encoding_of_json(raw: bytes) -> None:
    body = raw + json.dumps(legs()).encode()
    assert broken(seen(LEGS, js(None, raw=body))) == (["TEXT-ENCODING"] if raw else [])


def test_an_integer_that_doubles_cannot_hold_breaks_nothing() -> None:
    assert broken(seen(LEGS, js(legs(leg(machine=2**53 + 1))))) == []


def test_a_charset_that_is_not_the_bodys_is_found_in_xml() -> None:
    answer = xml(history(CALL.format("é")), media_type="application/xml; charset=iso-8859-1")
    assert broken(seen(HISTORY, answer)) == ["TEXT-CHARSET"]


# --- envelopes ----------------------------------------------------------------------------------------------


def test_a_missing_code_is_one_defect() -> None:
    head = "<Message>Command successfully executed</Message>"
    assert broken(seen(HISTORY, xml(history(head=head)))) == ["OZ-LCH-006"]


def test_a_success_in_other_words_breaks_the_clause_on_success() -> None:
    head = "<Code>200</Code><Message>Fine</Message>"
    assert broken(seen(HISTORY, xml(history(head=head)))) == ["OZ-LCH-008"]


def test_a_success_with_another_code_breaks_the_clause_on_success() -> None:
    head = "<Code>201</Code><Message>Command successfully executed</Message>"
    assert broken(seen(HISTORY, xml(history(CALL.format("a"), head=head)))) == ["OZ-LCH-008"]


def test_a_code_that_is_a_number_breaks_the_clause_on_its_form_only() -> None:
    tree = {**legs(), "responses": [{"code": 200, "key": "", "message": "OK"}]}
    assert broken(seen(LEGS, js(tree))) == ["EN-CAL-007"]


def test_what_lies_in_a_missing_part_is_not_told_again() -> None:
    assert broken(seen(LOGS, js({"call_logs": []}))) == ["ET-LCL-063"]


def test_another_http_status_around_a_success_breaks_the_clause_on_the_status() -> None:
    assert broken(seen(HISTORY, xml(history(), status=201))) == ["OZ-LCH-003"]


def test_an_unknown_zone_is_found() -> None:
    answer = {**page(session_row()), "timezone": "Mars/Olympus"}
    assert broken(seen(SESSIONS, js(answer))) == ["VX-GCH-072"]


def test_another_zone_than_asked_for_is_found() -> None:
    session = seen(SESSIONS, js(page(session_row())), {"timezone": "Europe/Berlin"})
    assert broken(session) == ["VX-GCH-058"]


def test_the_echo_of_the_page_size_is_what_was_asked() -> None:
    paging = {"after": "", "before": "", "limit": 7, "next": "", "prev": "", "sort": ""}
    answer = js({"call_logs": [], "paging": paging})
    assert broken(seen(LOGS, answer, {"limit": 7})) == []
    assert broken(seen(LOGS, answer, {"limit": 8})) == ["ET-LCL-009"]


# --- rows and numbers ---------------------------------------------------------------------------------------


def test_a_missing_field_breaks_the_clause_on_keys_and_says_how_often() -> None:
    bad = CALL.format("a").replace("<Source>102</Source>", "")
    session = seen(HISTORY, xml(history(bad, CALL.format("b"))))
    assert broken(session) == ["OZ-LCH-011"]
    assert "in 1 of 2 rows" in session.results.findings()[0].actual


@pytest.mark.parametrize(
    ("old", "new", "clause"),
    [
        ("2019-04-02 13:03:06", "10000-01-01 00:00:00", "OZ-LCH-012"),
        ("2019-04-02 13:03:06", "2019-04-02T13:03:06Z", "OZ-LCH-012"),
        ("Internal", "Sideways", "OZ-LCH-013"),
        ("CallerHungUp", "Whatever", "OZ-LCH-014"),
        ("Audio", "", "OZ-LCH-015"),
    ],
)
def test_a_field_of_another_form_breaks_its_own_clause(old: str, new: str, clause: str) -> None:
    session = seen(HISTORY, xml(history(CALL.format("a").replace(old, new), total="1")))
    assert broken(session) == [clause]


def test_a_time_that_is_null_breaks_the_clause_on_its_being_there() -> None:
    assert broken(seen(SESSIONS, js(page(session_row(start_date=None))))) == ["VX-GCH-070"]


def test_a_row_that_is_no_object_breaks_the_clause_on_rows() -> None:
    assert broken(seen(LEGS, js({**legs(), "data": [7]}))) == ["EN-CAL-063"]


def test_a_missing_list_breaks_the_clause_on_the_rows() -> None:
    assert broken(seen(HISTORY, xml(f"<Response>{HEAD}<TotalRecords>0</TotalRecords></Response>"))) == ["OZ-LCH-010"]


def test_a_number_in_place_of_rows_is_good_when_it_was_asked_for() -> None:
    answer = js({**legs(), "data": 5})
    assert broken(seen(LEGS, answer, {"count": "1"})) == []
    assert broken(seen(LEGS, answer)) == ["EN-CAL-027"]


def test_an_identity_that_stands_twice_is_found() -> None:
    session = seen(HISTORY, xml(history(CALL.format("a"), CALL.format("a"))))
    assert broken(session) == ["OZ-LCH-045"]


@pytest.mark.parametrize("total", ["", "-1", "many", "1.0"])
def test_a_total_that_is_no_number_is_found(total: str) -> None:
    assert broken(seen(HISTORY, xml(history(total=total)))) == ["OZ-LCH-009"]


def test_a_total_below_what_was_skipped_and_returned_is_found() -> None:
    answer = js(page(session_row(), total=3))
    assert broken(seen(SESSIONS, answer, {"offset": "2"})) == []
    assert broken(seen(SESSIONS, answer, {"offset": "3"})) == ["VX-GCH-055"]


def test_an_offset_beyond_the_end_proves_nothing_about_the_total() -> None:
    assert broken(seen(SESSIONS, js(page(total=3)), {"offset": "9"})) == []


def test_a_total_that_was_switched_off_may_be_missing() -> None:
    answer = page(session_row())
    del answer["total_count"]
    assert broken(seen(SESSIONS, js(answer), {"with_total_count": "false"})) == []
    assert broken(seen(SESSIONS, js(answer))) == ["VX-GCH-044"]


def test_a_wrong_number_of_returned_rows_is_found() -> None:
    assert broken(seen(SESSIONS, js(page(session_row(), count=2)))) == ["VX-GCH-054"]


def test_a_law_of_the_row_is_judged_on_the_way() -> None:
    assert broken(seen(LEGS, js(legs(leg(overmax=2))))) == ["EN-CAL-072"]


def test_a_value_that_cannot_be_understood_is_not_judged_by_laws() -> None:
    assert broken(seen(LEGS, js(legs(leg(overmax="no. 2"))))) == ["EN-CAL-066"]


def test_a_value_in_another_form_is_judged_by_laws_all_the_same() -> None:
    assert broken(seen(LEGS, js(legs(leg(overmax="2"))))) == ["EN-CAL-066", "EN-CAL-072"]


def test_a_start_in_the_future_does_not_blame_the_answer_before_it() -> None:
    session = seen(LEGS, js(legs(leg(start=4102444800, answered=1772000001))))
    assert broken(session) == ["EN-CAL-075"]


@pytest.mark.parametrize("odd", [10**60, -(10**18), True, None, {}, [[]], "\ud800", 1.5])
@pytest.mark.parametrize("name", ["start", "answered", "uniqueid", "callid", "overmax"])
def test_hostile_values_are_findings_and_never_errors(name: str, odd: object) -> None:
    assert broken(seen(LEGS, js(legs(leg(**{name: odd})))))


# --- errors -------------------------------------------------------------------------------------------------


def error(code: int, *, rows: str = "") -> str:
    return f"<Response><Code>{code}</Code><Message>No</Message>{rows}</Response>"


def signed_out(status: int) -> HttpResponse:
    return js({"error": {"msg": "No", "code": 100}}, status=status)


@pytest.mark.parametrize("status", [400, 404, 418, 500])
def test_an_error_comes_with_the_status_that_the_spec_names(status: int) -> None:
    assert broken(seen(HISTORY, xml(error(302)))) == []
    assert broken(seen(HISTORY, xml(error(302), status=status))) == ["OZ-LCH-003"]


@pytest.mark.parametrize("status", [200, 400, 404, 418])
def test_an_error_may_come_with_200_or_a_client_error_where_the_spec_leaves_it_open(status: int) -> None:
    assert broken(seen(SESSIONS, signed_out(status))) == []


def test_the_first_status_around_an_error_is_remembered_case_by_case() -> None:
    session = seen(SESSIONS, signed_out(400))
    assert session.dialect.certain_answers()["outcome.error.http"] == 400


def test_an_error_that_shows_calls_is_found() -> None:
    rows = f"<CallHistory>{CALL.format('a')}</CallHistory>"
    assert broken(seen(HISTORY, xml(error(302, rows=rows)))) == ["OZ-LCH-048"]


def test_a_code_that_is_never_told_is_found() -> None:
    tree = {"responses": [{"code": "403", "key": "x", "message": "no"}]}
    assert broken(seen(LEGS, js(tree))) == ["EN-CAL-017"]


def test_an_error_without_its_parts_breaks_the_clause_on_its_shape() -> None:
    assert broken(seen(SESSIONS, js({"error": {"code": 100}}))) == ["VX-GCH-008"]
    assert broken(seen(LOGS, js({"detail": "Not Found"}, status=404))) == ["ET-LCL-004"]


def test_another_way_to_ask_may_not_arrive_at_the_api_at_all() -> None:
    session = session_of(SESSIONS, js(None, raw=b"<html>", status=404, media_type="text/html"))
    session.send(ListRequest(encoding_name="trailing-slash"), "with a slash")
    assert broken(session) == []


# --- values below their least, errors in another shape, rows of a wrong identity ------------------------------


def test_a_number_below_its_least_breaks_the_clause_on_its_form_and_is_not_judged() -> None:
    records = [{"record_id": 1, "start_time": "2020-02-25 10:11:12", "file_size": -1}]
    session = session_of(SESSIONS, js(page(session_row(records=records))))
    exchange = session.send(ListRequest(values={"with_records": "true"}), "look")
    assert broken(session) == ["VX-GCH-060"]
    assert exchange.rows is not None
    assert "file_size" not in exchange.rows[0].shown["records"][0]


def test_an_error_told_in_another_shape_is_one_defect_of_the_error() -> None:
    assert broken(seen(SESSIONS, js({"error": "no such parameter", "code": 101}))) == ["VX-GCH-008"]


def test_a_breakdown_with_the_servers_own_code_does_not_blame_the_status() -> None:
    told = {"error": {"code": 2, "msg": "internal error"}}
    assert broken(seen(SESSIONS, js(told, status=500))) == []


def test_a_refusal_under_a_status_of_the_server_blames_the_status() -> None:
    told = {"error": {"code": 111, "msg": "no date"}}
    assert broken(seen(SESSIONS, js(told, status=500))) == ["VX-GCH-009"]


def test_a_row_is_the_same_row_however_its_identity_is_written() -> None:
    rows = [session_row(call_session_history_id=17), session_row(call_session_history_id="17")]
    keys = [session_of(SESSIONS, js({})).row_from_tree(row, "UTC").key for row in rows]
    assert keys == [17, 17]


def test_without_an_identity_a_row_is_told_by_what_every_answer_shows_of_it() -> None:
    session = session_of(SESSIONS, js({}))
    session.identity_unique = False
    bare, full = session_row(), {**session_row(), "calls": []}
    assert session.row_from_tree(bare, "UTC").key == session.row_from_tree(full, "UTC").key
    assert session.row_from_tree(bare, "UTC").key != session.row_from_tree(session_row(duration=18), "UTC").key
