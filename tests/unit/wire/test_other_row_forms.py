"""Rows in other forms than promised: what they say, and that the form is told, once."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from harness.specification.model import Field
from harness.wire.decoded_body import Tree
from harness.wire.row_codec import decode_row

BERLIN = ZoneInfo("Europe/Berlin")
# Ten o'clock in Berlin in winter.
NINE = datetime(2024, 1, 2, 9, 0, tzinfo=UTC)
TEN = datetime(2024, 1, 2, 10, 0, tzinfo=UTC)
NOTHING = object()

TEXT = Field(absent="empty")
WHOLE = Field(as_="integer", absent="zero")
SEVERAL = Field(as_="digits", absent="zero")
COST = Field(as_="decimal", digits=2, absent="missing")
FLAG = Field(as_="flag")
LOCAL = Field(as_="local-time", absent="empty")
INSTANT = Field(as_="rfc3339", absent="zero-time")
EPOCH = Field(as_="epoch-seconds", absent="zero")
WORD = Field(as_="word", words={"in": "In", "out": "Out", "hd": "Ultra HD"})
OPEN_WORD = Field(as_="word", words={"in": "In"}, unknown_words="tolerated")
TEXTS = Field(as_="text-list", absent="empty")
NESTED = Field(as_="rows", fields={"id": WHOLE, "name": TEXT})


def decode(field: Field, raw: object, *, xml: bool = False) -> tuple[Any, list[tuple[str, str, bool]]]:
    """What the field `f` shows, NOTHING where it is not understood, and the problems with it."""
    tree: dict[str, Tree] = {} if raw is NOTHING else {"f": raw}  # type: ignore[dict-item]
    row = decode_row({"f": field}, tree, zone=BERLIN, text_carried=xml)
    told = [(str(flaw.field), flaw.kind, flaw.understood) for flaw in row.problems]
    return row.values.get("f", NOTHING), told


@pytest.mark.parametrize(
    ("field", "raw", "shown", "kind"),
    [
        (TEXT, None, None, "type"),
        (TEXT, [], None, "type"),
        (TEXT, {}, None, "type"),
        (TEXT, NOTHING, None, "missing"),
        (TEXT, 101, "101", "type"),
        (TEXT, Decimal("101.0"), "101", "type"),
        (TEXT, Decimal("1.50"), "1.50", "type"),
        (Field(non_empty=True), "", None, "form"),
        (Field(pattern="[0-9]+"), "12a", "12a", "form"),
        (WHOLE, "12", 12, "type"),
        (WHOLE, " -3 ", -3, "type"),
        (WHOLE, Decimal("3.0"), 3, "type"),
        (WHOLE, "3.0", 3, "type"),
        (WHOLE, "1,234,567", 1_234_567, "type"),
        (WHOLE, "12 345", 12_345, "type"),
        (WHOLE, "0", None, "type"),
        (WHOLE, "", None, "type"),
        (WHOLE, None, None, "type"),
        (WHOLE, NOTHING, None, "missing"),
        (SEVERAL, 12, 12, "type"),
        (SEVERAL, Decimal("12.0"), 12, "type"),
        (SEVERAL, " 12", 12, "form"),
        (COST, "0.25", Decimal("0.25"), "type"),
        (COST, "0,25", Decimal("0.25"), "type"),
        (COST, "", None, "type"),
        (FLAG, 1, True, "type"),
        (FLAG, 0, False, "type"),
        (FLAG, "0", False, "type"),
        (FLAG, "True", True, "type"),
        (FLAG, "yes", True, "type"),
        (LOCAL, "2024-01-02T10:00:00", NINE, "form"),
        (LOCAL, "2024-01-02 10:00:00.250", NINE, "form"),
        (LOCAL, "2024-01-02T10:00:00+01:00", NINE, "form"),
        (LOCAL, "2024/01/02 10:00:00", NINE, "form"),
        (LOCAL, 1704186000, NINE, "type"),
        (LOCAL, "1704186000000", NINE, "form"),
        (LOCAL, "0000-00-00 00:00:00", None, "form"),
        (LOCAL, 0, None, "type"),
        (LOCAL, None, None, "type"),
        (INSTANT, "2024-01-02 10:00:00", NINE, "form"),
        (INSTANT, "2024-01-02T10:00:00.5", NINE.replace(microsecond=500_000), "form"),
        (INSTANT, "Tue, 02 Jan 2024 10:00:00 GMT", TEN, "form"),
        (INSTANT, "2 Jan 2024 10:00:00 +0100", NINE, "form"),
        (INSTANT, "20240102T100000Z", TEN, "form"),
        (INSTANT, Decimal("1704186000.25"), NINE.replace(microsecond=250_000), "type"),
        (INSTANT, 1704186000250, NINE.replace(microsecond=250_000), "type"),
        (EPOCH, "1704186000", NINE, "type"),
        (EPOCH, 1704186000250, NINE, "form"),
        (EPOCH, "2024-01-02T10:00:00Z", TEN, "type"),
        (EPOCH, "0", None, "type"),
        (WORD, "in", "In", "word"),
        (WORD, " OUT ", "Out", "word"),
        (WORD, "ultra hd", "Ultra HD", "word"),
        (WORD, "", None, "word"),
        (WORD, None, None, "type"),
        (OPEN_WORD, 7, "7", "type"),
        (TEXTS, "a", ("a",), "type"),
        (TEXTS, 7, ("7",), "type"),
        (TEXTS, ["a", None, 7], ("a", "7"), "form"),
        (TEXTS, None, (), "type"),
        (NESTED, None, (), "type"),
        (NESTED, {"id": 5, "name": "a"}, ({"id": 5, "name": "a"},), "type"),
        (NESTED, {"5": {"id": 5, "name": "a"}}, ({"id": 5, "name": "a"},), "type"),
        (NESTED, {"items": [{"id": 5, "name": "a"}]}, ({"id": 5, "name": "a"},), "type"),
    ],
)
def test_another_form_is_one_problem_and_understood(field: Field, raw: object, shown: Any, kind: str) -> None:
    assert decode(field, raw) == (shown, [("f", kind, True)])


@pytest.mark.parametrize(
    ("field", "raw", "kind"),
    [
        (Field(), NOTHING, "missing"),
        (Field(as_="integer"), NOTHING, "missing"),
        (TEXT, True, "type"),
        (TEXT, ["a"], "type"),
        (TEXT, {"a": "b"}, "type"),
        (WHOLE, "no. 5", "type"),
        (WHOLE, "1,234", "type"),
        (WHOLE, "1.234", "type"),
        (WHOLE, "1.000", "type"),
        (WHOLE, Decimal("1.5"), "type"),
        (WHOLE, True, "type"),
        (WHOLE, "9" * 100, "type"),
        (Field(as_="integer", least=0), -1, "form"),
        (SEVERAL, -1, "type"),
        (COST, "1,234", "type"),
        (FLAG, "perhaps", "type"),
        (FLAG, 2, "type"),
        (LOCAL, "2024-01-02", "form"),
        (LOCAL, "02.01.2024 10:00:00", "form"),
        (LOCAL, "2024-13-02 10:00:00", "form"),
        # In Berlin a Z may be a habit of the writer, or meant.
        (LOCAL, "2024-01-02T10:00:00Z", "form"),
        (LOCAL, 7, "type"),
        (INSTANT, "yesterday", "form"),
        (WORD, "Sideways", "word"),
        (TEXTS, [["a"]], "form"),
        (NESTED, [1], "type"),
        (NESTED, {"a": "b"}, "type"),
        (NESTED, "x", "type"),
    ],
)
def test_what_may_mean_this_or_that_is_not_understood(field: Field, raw: object, kind: str) -> None:
    assert decode(field, raw) == (NOTHING, [("f", kind, False)])


@pytest.mark.parametrize(
    ("field", "raw", "shown"),
    [
        (TEXT, "0", "0"),
        (TEXT, "2024-01-02T10:00:00Z", "2024-01-02T10:00:00Z"),
        (TEXT, "null", "null"),
        (TEXT, " a ", " a "),
        (TEXT, "", None),
        (Field(), "", ""),
        (Field(absent="missing", tolerates=("none",)), None, None),
        (Field(optional=True), NOTHING, NOTHING),
        (OPEN_WORD, "in", "in"),
        (Field(other_types=("integer",)), 7, NOTHING),
        (WHOLE, 0, None),
        (NESTED, [], ()),
    ],
)
def test_what_is_promised_or_tolerated_is_no_problem_and_stays_as_it_is(
    field: Field, raw: object, shown: Any
) -> None:
    assert decode(field, raw) == (shown, [])


@pytest.mark.parametrize(
    ("field", "raw", "shown", "problems"),
    [
        (WHOLE, "", None, [("f", "form", True)]),
        (WHOLE, " 5 ", 5, [("f", "form", True)]),
        (WHOLE, "0", None, []),
        (LOCAL, "", None, []),
        (EPOCH, "2024-01-02T10:00:00Z", TEN, [("f", "form", True)]),
        (COST, "0,25", Decimal("0.25"), [("f", "form", True)]),
        (FLAG, "yes", True, [("f", "form", True)]),
        (TEXT, {"a": "b"}, NOTHING, [("f", "type", False)]),
    ],
)
def test_in_xml_every_leaf_is_text_and_an_empty_element_is_none(
    field: Field, raw: object, shown: Any, problems: list[tuple[str, str, bool]]
) -> None:
    assert decode(field, raw, xml=True) == (shown, problems)


def test_a_problem_inside_of_nested_rows_names_its_place_and_is_understood_there() -> None:
    raw = [{"id": "5", "name": None}, {"id": "x", "name": "a"}]
    shown = ({"id": 5, "name": None}, {"name": "a"})
    problems = [("f[].id", "type", True), ("f[].name", "type", True), ("f[].id", "type", False)]
    assert decode(NESTED, raw) == (shown, problems)
