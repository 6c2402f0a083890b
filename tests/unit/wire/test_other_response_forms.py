"""Answers in other forms than promised: their rows, numbers and cursors, and whether they are errors."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from harness.specification.load import load_spec
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import MISSING, encode_json
from harness.wire.response_codec import DecodedResponse, decode_response

LOGS, SESSIONS, LEGS = "etelecom/list-call-logs", "voximplant/get-call-history", "enswitch/calls-active-list"
HISTORY = "ozeki/list-call-history"
ROW: dict[str, Any] = {"id": "7", "caller": "101"}
SAID = [{"code": "200", "key": "", "message": "OK"}]


def decode(api: str, tree: object, *, status: int = 200) -> DecodedResponse:
    body = tree if isinstance(tree, bytes) else encode_json(tree)  # type: ignore[arg-type]
    return decode_response(load_spec(api).listing, HttpResponse(http_status=status, body=body))


@pytest.mark.parametrize(
    ("tree", "rows", "flaw"),
    [
        ({"call_logs": [ROW]}, (ROW,), ""),
        ({"call_logs": []}, (), ""),
        ({"items": [ROW]}, (ROW,), "a list of 1 objects stands at '/items'"),
        ({"data": {"page": {"items": [ROW]}}}, (ROW,), "a list of 1 objects stands at '/data/page/items'"),
        ({"call_logs": None, "items": [ROW]}, (ROW,), "a list of 1 objects stands at '/items'"),
        ({"items": [ROW], "others": [{"a": 1}]}, (ROW,), "a list of 1 objects stands at '/items'"),
        ({"a": {"b": {"c": {"items": [ROW]}}}}, (), ""),
        ({"items": [ROW], "more": [ROW]}, None, ""),
        ({"call_logs": {"7": {"caller": "101"}}}, (ROW,), "an object of 1 keys"),
        ({"call_logs": {"7": ROW, "8": {**ROW, "id": "8"}}}, (ROW, {**ROW, "id": "8"}), "an object of 2 keys"),
        ({"call_logs": ROW}, (ROW,), "an object of 2 keys"),
        ({"call_logs": {"log": [ROW]}}, (ROW,), "an object of 1 keys"),
        ({"call_logs": {"log": ROW}}, (ROW,), "an object of 1 keys"),
        ({"paging": {}}, (), ""),
        ({"call_logs": None}, (), ""),
        ({"call_logs": ""}, (), "''"),
        ([ROW], (ROW,), "the body is the list itself"),
        ([], (), "the body is the list itself"),
        ({"call_logs": "none"}, None, ""),
        ({"call_logs": 7}, None, ""),
        ({"call_logs": {"count": 7}}, None, ""),
    ],
)
def test_rows_are_understood_where_they_stand_otherwise(tree: object, rows: object, flaw: str) -> None:
    answer = decode(LOGS, tree)
    assert (answer.outcome, answer.rows, answer.rows_flaw) == ("success", rows, flaw)


def test_a_bare_list_breaks_the_promise_of_a_body_that_is_an_object() -> None:
    assert [problem.code for problem in decode(LOGS, [ROW]).problems] == ["body:shape"]


@pytest.mark.parametrize("tree", [[1], [{"a": 1}], "x", 7, None])
def test_another_body_that_is_no_object_stays_unreadable(tree: object) -> None:
    assert decode(LOGS, tree).outcome == "unreadable"


def test_a_key_that_stands_for_a_number_is_one() -> None:
    answer = decode(SESSIONS, {"result": {"7": {"rule_name": "a"}}})
    assert answer.rows == ({"call_session_history_id": 7, "rule_name": "a"},)


def test_a_list_that_the_envelope_promises_holds_no_rows() -> None:
    answer = decode(LEGS, {"responses": [{**SAID[0], "status": "x"}], "data": None})
    assert (answer.rows, answer.rows_flaw) == ((), "")


@pytest.mark.parametrize(
    ("api", "tree", "status", "outcome"),
    [
        (LOGS, {"error": {"text": "no"}}, 200, "error"),
        (LOGS, {"error": "no", "call_logs": []}, 200, "error"),
        (LOGS, {"success": False, "reason": "no"}, 200, "error"),
        (LOGS, {"detail": "no"}, 400, "error"),
        (LOGS, {"error": None, "call_logs": [ROW]}, 200, "success"),
        (LOGS, {"code": 0, "call_logs": []}, 200, "success"),
        (LOGS, {"code": "invalid_argument", "call_logs": []}, 200, "error"),
        (SESSIONS, {"error": "no"}, 200, "error"),
        (SESSIONS, {"error": {"code": "101", "msg": "no"}}, 200, "error"),
        (SESSIONS, {"error": {}, "result": []}, 200, "success"),
        (LEGS, {"responses": [{"code": 200}], "data": []}, 200, "success"),
        (LEGS, {"responses": [{"code": Decimal("200.0")}], "data": []}, 200, "success"),
        (LEGS, {"responses": [{"code": 400}]}, 200, "error"),
        (LEGS, {"data": [{"uniqueid": "7"}]}, 200, "success"),
        (LEGS, {"data": []}, 200, "success"),
        (LEGS, {"data": 7}, 200, "success"),
        (LEGS, {"responses": [{"key": "", "message": "Bad"}], "data": []}, 200, "error"),
        (LEGS, {"data": []}, 500, "error"),
        (LEGS, {}, 200, "error"),
    ],
)
def test_an_error_is_one_where_its_code_its_status_or_an_error_object_says_so(
    api: str, tree: object, status: int, outcome: str
) -> None:
    assert decode(api, tree, status=status).outcome == outcome


@pytest.mark.parametrize(
    ("raw", "told"), [(7, 7), ("7", "7"), (Decimal("7.0"), 7), (" 7 ", 7), ("x", "x"), (None, None), (True, True)]
)
def test_a_total_is_the_number_that_it_says(raw: object, told: object) -> None:
    answer = decode(SESSIONS, {"result": [{"rule_name": "a"}], "total_count": raw, "count": raw})
    assert (answer.total, answer.returned) == (told, told)


@pytest.mark.parametrize(("raw", "told"), [("a", "a"), (7, "7"), (None, None), ("", "")])
def test_a_cursor_is_the_text_of_its_number(raw: object, told: object) -> None:
    answer = decode(LOGS, {"call_logs": [], "paging": {"next": raw, "prev": raw}})
    assert (answer.next_cursor, answer.previous_cursor) == (told, told)
    assert decode(LOGS, {"call_logs": []}).next_cursor is MISSING


def test_in_xml_an_empty_element_holds_no_rows() -> None:
    body = b"<Response><Code>200</Code><Message>x</Message><CallHistory/></Response>"
    answer = decode(HISTORY, body)
    assert (answer.outcome, answer.rows, answer.rows_flaw) == ("success", (), "")


def test_in_xml_a_missing_container_holds_no_rows() -> None:
    answer = decode(HISTORY, b"<Response><Code>200</Code><Message>x</Message></Response>")
    assert (answer.outcome, answer.rows, answer.rows_flaw) == ("success", (), "it is missing")
