"""The codec of rows: fields by other names, seconds that no call can last, and what serializers leave out."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from harness.generate.rows import row_set_of
from harness.specification.dialect import Dialect
from harness.specification.load import load_spec
from harness.specification.model import Field
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpResponse
from harness.wire.response_codec import decode_response, success_tree
from harness.wire.row_codec import DecodedRow, decode_row
from harness.world.world import World

CALLS = load_spec("ozeki/list-active-calls").listing.fields


def call(**more: str) -> DecodedRow:
    tree: dict[str, Tree] = {
        "CallId": "1vQHKd",
        "Source": "103",
        "CallerId": "103",
        "Destination": "101",
        "CallerDialed": "101",
        "StartTime": "2019-04-09 10:34:07",
        "RingDuration": "0.749",
        "TalkDuration": "0.000",
        "CallState": "Ringing",
        **more,
    }
    return decode_row(CALLS, tree, zone=ZoneInfo("UTC"), text_carried=True)


@pytest.mark.parametrize("name", ["CalleeDialed", "CelleeDialed"])
def test_a_field_is_read_under_each_of_its_names(name: str) -> None:
    row = call(**{name: "101"})
    assert (row.values["CalleeDialed"], dict(row.extras), row.problems) == ("101", {}, ())


def test_a_field_under_none_of_its_names_has_no_value() -> None:
    row = call(CalledDialed="101")
    assert row.values["CalleeDialed"] is None
    assert dict(row.extras) == {"CalledDialed": "101"}


@pytest.mark.parametrize(("codec", "said"), [("rfc3339", ()), ("epoch-seconds", ("type",))])
def test_a_zero_in_quotes_is_no_value_where_values_are_texts(codec: Any, said: tuple[str, ...]) -> None:
    ended = {"ended": Field(shows="ended_at", as_=codec, absent="zero")}
    row = decode_row(ended, {"ended": "0"}, zone=ZoneInfo("UTC"), text_carried=False)
    assert row.values["ended"] is None
    assert tuple(one.kind for one in row.problems) == said


def test_seconds_below_zero_are_read() -> None:
    row = call(CalleeDialed="101", RingDuration="-1.000")
    assert (str(row.values["RingDuration"]), row.problems) == ("-1.000", ())


LOGS = load_spec("etelecom/list-call-logs")
LEFT_OUT = Dialect({"outcome.unset": "left-out", "lists.absent": "missing"})


def rows_in(body: Any) -> tuple[Any, ...] | None:
    response = HttpResponse(http_status=200, headers=(), body=json.dumps(body).encode())
    return decode_response(LOGS.listing, response).rows


@pytest.mark.parametrize("row", [{}, {"duration": None, "call_state": None}])
def test_a_field_that_is_left_out_or_null_shows_what_it_stands_for(row: dict[str, Any]) -> None:
    named = {"id": "7", "caller": "", "callee": None}
    read = decode_row(LOGS.listing.fields, {**named, **row}, zone=ZoneInfo("UTC"), text_carried=False)
    assert read.problems == ()
    assert (read.values["duration"], read.values["call_state"], read.values["direction"]) == (0, "unknown", "unknown")


@pytest.mark.parametrize("body", [{}, {"call_logs": None}, {"call_logs": []}])
def test_each_way_to_write_no_rows_is_read_as_none(body: dict[str, Any]) -> None:
    assert rows_in(body) == ()


def test_an_object_of_another_kind_in_place_of_the_rows_is_not_read_as_no_rows() -> None:
    assert rows_in({"call_logs": {"pages": 3}}) is None


def test_rows_under_another_name_are_not_read_as_no_rows() -> None:
    assert rows_in({"logs": [{"id": "7"}]}) == ({"id": "7"},)


def test_an_error_has_no_rows_even_where_they_may_be_left_out() -> None:
    assert rows_in({"code": "not_found", "msg": "no"}) is None


def test_a_dialect_leaves_out_what_says_nothing() -> None:
    shown: dict[str, Any] = {"/paging/limit": 100, "/paging/sort": "", "/paging/after": ""}
    tree, _ = success_tree(LOGS.listing, choices=LEFT_OUT, rows=[], echoes=shown)
    assert tree == {"paging": {"limit": 100, "sort": ""}}


def said(value: Any) -> Any:
    """What a decoded value says, without what says nothing."""
    if isinstance(value, dict):
        return {name: told for name, inner in value.items() if (told := said(inner))}
    return [said(inner) for inner in value] if isinstance(value, tuple) else value


def test_rows_of_a_dialect_that_leaves_out_say_the_same() -> None:
    world = World.of(seed=7, calls=60)
    whole: list[Any] = list(row_set_of(LOGS, world, Dialect()).trees)
    short: list[Any] = list(row_set_of(LOGS, world, LEFT_OUT).trees)
    read = [
        [
            said(dict(decode_row(LOGS.listing.fields, tree, zone=ZoneInfo("UTC"), text_carried=False).values))
            for tree in trees
        ]
        for trees in (whole, short)
    ]
    assert read[0] == read[1]
    assert sum(map(len, short)) < sum(map(len, whole))
