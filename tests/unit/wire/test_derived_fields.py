"""Rows whose values are made up: objects, constants, templates, ids, numbers in other units, presence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from support.invented_spec import CALLBOOK

from harness.specification.dialect import Dialect
from harness.specification.load import load_spec
from harness.specification.model import Field
from harness.wire.decoded_body import Tree
from harness.wire.row_codec import DecodedRow, decode_row, encode_row, show_record
from harness.wire.scalar_codecs import zone_named

FIELDS = load_spec(CALLBOOK).listing.fields
UTC_ZONE = zone_named("UTC")
RECORD: dict[str, Any] = {
    "call_id": 5_000_000_001,
    "call_code": "1vQHKd",
    "call_ref": "1773221405.00001",
    "parent_call_id": None,
    "customer_id": 1200,
    "source": "101",
    "caller_name": None,
    "source_channel": "SIP/101-00000001",
    "answered_at": datetime(2026, 3, 11, 23, 30, 9, 500_000, tzinfo=UTC),
    "answered_by": "machine",
    "direction": "inbound",
    "created_at": datetime(2026, 3, 11, 23, 30, 5, 250_000, tzinfo=UTC),
    "started_at": datetime(2026, 3, 11, 23, 30, 5, 250_000, tzinfo=UTC),
    "ended_at": datetime(2026, 3, 11, 23, 31, 35, tzinfo=UTC),
    "duration_seconds": 89.75,
    "queue_seconds": 1.5,
    "price": 0.019,
    "price_unit": "EUR",
    "recording_url": "https://recordings.example.com/1.mp3",
}


def tree_of(zone: str = "UTC", **more: Any) -> dict[str, Tree]:
    place = zone_named(zone)
    shown = show_record(FIELDS, {**RECORD, **more}, zone=place)
    return encode_row(FIELDS, shown, zone=place, choices=Dialect(), text_carried=False)


def read(tree: dict[str, Tree], fields: Any = FIELDS) -> DecodedRow:
    return decode_row(fields, tree, zone=UTC_ZONE, text_carried=False)


def problems(tree: dict[str, Tree]) -> list[tuple[str, str, bool]]:
    return [(str(one.field), one.kind, one.understood) for one in read(tree).problems]


def test_a_row_is_written_as_the_spec_says() -> None:
    tree = tree_of()
    identity = tree["id"]
    assert (tree["kind"], tree["rating"], tree["level"]) == ("call", None, 2)
    assert tree["uri"] == f"/calls/{identity}.json"
    assert tree["links"] == {"notes": f"/calls/{identity}/notes.json", "parent": None}
    assert tree["from"] == {"number": "101", "name": None, "line": {"channel": "SIP/101-00000001"}}
    assert tree["answer"] == {"at": "2026-03-11T23:30:09", "by": "robot"}
    assert (tree["lasted"], tree["waited"], tree["seconds"]) == (89_750, 1_500, "89")
    assert tree["clock"] == "00:01:29"
    assert (tree["minutes"], tree["price"]) == (Decimal("1.50"), "-0.01900")
    assert (tree["began"], tree["day"]) == ("11/03/2026 11:30 PM", "2026-03-11")
    assert tree["recorded"] is True


def test_what_is_written_is_read_without_a_problem() -> None:
    row = read(tree_of())
    assert (row.problems, dict(row.extras)) == ((), {})
    assert row.values["from.line.channel"] == "SIP/101-00000001"
    assert row.values["price"] == Decimal("-0.01900")
    assert row.values["began"] == datetime(2026, 3, 11, 23, 30, tzinfo=UTC)
    assert row.values["day"] == date(2026, 3, 11)
    assert row.values["lasted"] == 89_750


def test_a_day_is_that_of_the_clock_of_the_zone() -> None:
    assert tree_of("Europe/Berlin")["day"] == "2026-03-12"


def test_an_object_without_anything_to_show_is_none_where_the_spec_says_so() -> None:
    tree = tree_of(answered_at=None, answered_by=None)
    assert tree["answer"] is None
    row = read(tree)
    assert (row.values["answer.at"], row.values["answer.by"], row.problems) == (None, None, ())


def test_nothing_has_no_sign() -> None:
    assert tree_of(price=0.0)["price"] == "0.00000"


def test_the_id_of_a_parent_is_that_of_the_parents_own_row() -> None:
    assert tree_of(parent_call_id=5_000_000_000)["parent"] == tree_of(call_id=5_000_000_000)["id"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("id", "XX1", ("id", "form", True)),
        ("key", "1", ("key", "form", True)),
        ("kind", "Call", ("kind", "form", False)),
        ("rating", "", ("rating", "form", False)),
        ("level", "2", ("level", "form", False)),
        ("uri", "/calls/1.json", ("uri", "form", True)),
        ("price", "0.01900", ("price", "form", True)),
        ("clock", "89", ("clock", "form", False)),
        ("price", "-0.019", ("price", "form", True)),
        ("price", Decimal("-0.01900"), ("price", "type", True)),
        ("recorded", False, ("recorded", "form", True)),
        ("created", "2026-03-11T23:30:05Z", ("created", "form", True)),
        ("day", "11.03.2026", ("day", "form", False)),
        ("day", "2026-03-11T23:30:05Z", ("day", "form", True)),
        ("from", "101", ("from", "type", False)),
        ("from", None, ("from", "type", False)),
    ],
)
def test_another_value_is_a_problem_of_its_field_alone(
    name: str, value: Tree, expected: tuple[str, str, bool]
) -> None:
    assert problems({**tree_of(), name: value}) == [expected]


def test_a_further_constant_is_as_good() -> None:
    row = read({**tree_of(), "level": 3})
    assert (row.values["level"], row.problems) == (3, ())


def test_a_part_that_is_missing_has_the_clause_of_its_object() -> None:
    (problem,) = read({**tree_of(), "from": {"name": None, "line": {"channel": "x"}}}).problems
    assert (str(problem.field), problem.kind, problem.clause) == ("from.number", "missing", ("CB-LST-019",))


def test_a_part_that_the_spec_does_not_name_is_more_than_promised() -> None:
    row = read({**tree_of(), "answer": {"at": None, "by": None, "how": "fast"}})
    assert dict(row.extras) == {"answer.how": "fast"}


def test_an_object_that_may_be_missing_is_left_out() -> None:
    fields = {**FIELDS, "answer": replace(FIELDS["answer"], absent="missing")}
    shown = show_record(fields, {**RECORD, "answered_at": None, "answered_by": None})
    tree = encode_row(fields, shown, zone=UTC_ZONE, choices=Dialect(), text_carried=False)
    assert "answer" not in tree
    assert read(tree, fields).problems == ()


def test_constants_and_objects_in_xml_are_texts_and_elements() -> None:
    fields = {
        "box": Field(as_="object"),
        "box.count": Field(constant=(2,)),
        "box.none": Field(constant=(None,)),
    }
    tree = encode_row(fields, show_record(fields, {}), zone=UTC_ZONE, choices=Dialect(), text_carried=True)
    assert tree == {"box": {"count": "2", "none": ""}}
    assert decode_row(fields, tree, zone=UTC_ZONE, text_carried=True).problems == ()


def test_a_decimal_text_that_is_none_is_written_as_zero_to_its_digits() -> None:
    rate = Field(shows="minute_rate", as_="decimal-text", digits=5, absent="zero")
    shown = show_record({"rate": rate}, {"minute_rate": None})
    tree = encode_row({"rate": rate}, shown, zone=UTC_ZONE, choices=Dialect(), text_carried=False)
    assert tree == {"rate": "0.00000"}
    read = decode_row({"rate": rate}, tree, zone=UTC_ZONE, text_carried=False)
    assert (read.values, read.problems) == ({"rate": None}, ())
