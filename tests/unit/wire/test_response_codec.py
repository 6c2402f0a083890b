"""The codec of responses: no rows and numbers of 0, written and read in each way that a spec leaves open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.specification.dialect import Dialect
from harness.specification.load import load_spec
from harness.specification.model import Listing, ReturnedCount, Total
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import MISSING, encode_json
from harness.wire.response_codec import DecodedResponse, decode_response, success_tree

SESSIONS = load_spec("voximplant/get-call-history").listing
STRICT = replace(
    SESSIONS,
    lists=replace(SESSIONS.lists, absent="empty"),
    total=Total(at="/total_count"),
    returned=ReturnedCount(at="/count"),
)


def decoded(listing: Listing, body: dict[str, Tree]) -> DecodedResponse:
    headers = (("Content-Type", "application/json"),)
    return decode_response(listing, HttpResponse(http_status=200, headers=headers, body=encode_json(body)))


def written(answers: dict[str, str]) -> Any:
    return success_tree(SESSIONS, choices=Dialect(answers), rows=[], total=0, returned=0, zone_name="UTC")[0]


def test_no_rows_are_an_empty_list_and_zeros_unless_said_otherwise() -> None:
    assert written({}) == {"total_count": 0, "result": [], "count": 0, "timezone": "UTC"}


def test_no_rows_and_zeros_may_be_left_out() -> None:
    answers = {"lists.absent": "missing", "total.absent": "missing", "returned.absent": "missing"}
    assert written(answers) == {"timezone": "UTC"}


def test_no_rows_and_zeros_may_be_null() -> None:
    answers = {"lists.absent": "none", "total.absent": "none", "returned.absent": "none"}
    assert written(answers) == {"total_count": None, "result": None, "count": None, "timezone": "UTC"}


def test_rows_are_written_whatever_no_rows_look_like() -> None:
    choices = Dialect({"lists.absent": "missing", "total.absent": "missing", "returned.absent": "missing"})
    tree, _ = success_tree(SESSIONS, choices=choices, rows=[{"call_session_history_id": 1}], total=1, returned=1)
    assert tree == {"total_count": 1, "result": [{"call_session_history_id": 1}], "count": 1}


@pytest.mark.parametrize(
    "body",
    [
        {"result": [], "total_count": 0, "count": 0, "timezone": "UTC"},
        {"timezone": "UTC"},
        {"result": None, "total_count": None, "count": None, "timezone": "UTC"},
    ],
)
def test_each_way_to_write_no_rows_is_read_alike(body: dict[str, Tree]) -> None:
    answer = decoded(SESSIONS, body)
    assert (answer.outcome, answer.rows, answer.total, answer.returned) == ("success", (), 0, 0)


def test_rows_that_an_answer_tells_of_and_does_not_hold_are_missing() -> None:
    assert decoded(SESSIONS, {"total_count": 5, "count": 5, "timezone": "UTC"}).rows is None


def test_a_page_beyond_the_end_has_a_total_and_no_rows() -> None:
    answer = decoded(SESSIONS, {"total_count": 5, "timezone": "UTC"})
    assert (answer.rows, answer.total, answer.returned) == ((), 5, 0)


def test_rows_of_another_type_are_no_rows_left_out() -> None:
    answer = decoded(SESSIONS, {"result": {}, "total_count": 0, "count": 0})
    assert (answer.rows, answer.rows_flaw) == ((), "an object of 0 keys")


def test_a_list_that_is_always_there_is_missed() -> None:
    answer = decoded(STRICT, {"timezone": "UTC"})
    assert (answer.rows, answer.rows_flaw) == ((), "it is missing")
    assert (answer.total, answer.returned) == (MISSING, MISSING)
