"""The codec of rows: fields that go by another name, and seconds that no call can last."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from harness.specification.load import load_spec
from harness.wire.decoded_body import Tree
from harness.wire.row_codec import DecodedRow, decode_row

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


def test_a_field_under_none_of_its_names_is_missing() -> None:
    row = call(CalledDialed="101")
    assert [(str(one.field), one.kind) for one in row.problems] == [("CalleeDialed", "missing")]
    assert dict(row.extras) == {"CalledDialed": "101"}


def test_seconds_below_zero_are_read() -> None:
    row = call(CalleeDialed="101", RingDuration="-1.000")
    assert (str(row.values["RingDuration"]), row.problems) == ("-1.000", ())
