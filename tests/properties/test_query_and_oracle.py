"""The query engine against plain loops over the same values, and cursors against everything else."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.serve.query.cursors import Cursor, decode_cursor, encode_cursor
from harness.serve.query.table import Condition, CursorSlice, OffsetSlice, Query, SortOrder, SortPosition, Table
from harness.specification.field_path import FieldPath, ValuePath
from harness.specification.model import Comparison

TEXTS = st.sampled_from(["a", "A", "ab", "b", "10", "9", "", "é"])
ROWS = st.lists(st.tuples(TEXTS | st.none(), st.integers(0, 4) | st.none()), max_size=12)
ID, TEXT, NUMBER = (FieldPath.of(name) for name in ("id", "text", "number"))
KEEPS: tuple[Comparison, ...] = ("equal", "contains", "starts", "ends")


def table_of(rows: Sequence[tuple[str | None, int | None]]) -> Table:
    def values(path: ValuePath | None) -> list[tuple[Any]]:
        if path in (ID, None):
            return [(index,) for index in range(len(rows))]
        return [(row[0] if path == TEXT else row[1],) for row in rows]

    return Table(len(rows), identity=ID, values=values, owners=list)


def holds(keeps: str, value: str | None, wanted: str) -> bool:
    if value is None:
        return False
    return {
        "equal": value == wanted,
        "contains": wanted in value,
        "starts": value.startswith(wanted),
        "ends": value.endswith(wanted),
    }[keeps]


@given(rows=ROWS, keeps=st.sampled_from(KEEPS), wanted=st.lists(TEXTS, min_size=1, max_size=2))
def test_a_condition_keeps_what_a_loop_keeps(rows: Any, keeps: Comparison, wanted: list[str]) -> None:
    condition = Condition(parameter="p", paths=(TEXT,), keeps=keeps, wanted=tuple(wanted))
    found = table_of(rows).matching_rows(Query(conditions=(condition,), sort_order=SortOrder(path=None)))
    expected = [index for index, row in enumerate(rows) if any(holds(keeps, row[0], one) for one in wanted)]
    assert sorted(found.tolist()) == expected


@given(rows=ROWS, first=st.integers(0, 4), last=st.integers(0, 4), inclusive=st.booleans())
def test_two_bounds_keep_what_lies_between(rows: Any, first: int, last: int, inclusive: bool) -> None:
    conditions = (
        Condition(parameter="f", paths=(NUMBER,), keeps="at-least", wanted=(first,), inclusive=inclusive),
        Condition(parameter="l", paths=(NUMBER,), keeps="at-most", wanted=(last,), inclusive=inclusive),
    )
    found = table_of(rows).matching_rows(Query(conditions=conditions, sort_order=SortOrder(path=None)))
    expected = [
        index
        for index, (_, number) in enumerate(rows)
        if number is not None and (first <= number <= last if inclusive else first < number < last)
    ]
    assert sorted(found.tolist()) == expected


@given(rows=ROWS, descending=st.booleans(), size=st.integers(1, 5), by=st.sampled_from([TEXT, NUMBER]))
def test_pages_and_walks_share_out_the_same_order(rows: Any, descending: bool, size: int, by: FieldPath) -> None:
    table = table_of(rows)
    sorting = SortOrder(path=by, descending=descending)
    whole = list(table.find(Query(sort_order=sorting)).page_rows)
    index = 0 if by == TEXT else 1
    kind = "" if by == TEXT else 0
    expected = sorted(range(len(rows)), key=lambda row: (rows[row][index] is not None, rows[row][index] or kind, row))
    assert whole == (expected[::-1] if descending else expected)
    pages: list[int] = []
    walked: list[int] = []
    place: SortPosition | None = None
    for number in range(len(rows) + 1):
        pages += table.find(
            Query(sort_order=sorting, page_slice=OffsetSlice(skip=number * size, take=size))
        ).page_rows
        page = table.find(Query(sort_order=sorting, page_slice=CursorSlice(take=size, position=place))).page_rows
        walked += page
        place = table.position_of(page[-1], sorting) if page else place
        if page:
            back = table.find(
                Query(
                    sort_order=sorting,
                    page_slice=CursorSlice(take=size, position=table.position_of(page[0], sorting), backward=True),
                )
            ).page_rows
            assert list(back) == walked[: len(walked) - len(page)][-size:]
    assert pages == walked == whole


@given(
    sort=st.text(max_size=8),
    value=st.none() | st.integers() | st.text(max_size=8) | st.booleans() | st.decimals(allow_nan=False, places=3),
    micros=st.integers(0, 10**16),
    back=st.booleans(),
)
def test_a_cursor_carries_its_place(sort: str, value: Any, micros: int, back: bool) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    for one in (value, moment):
        cursor = Cursor(sort=sort, position=SortPosition(value=one, identity="x"), backward=back)
        assert decode_cursor(encode_cursor(cursor)) == cursor


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, b"null"),
        (datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), b'["t",1000000]'),
        (date(1, 1, 2), b'["y",2]'),
        (True, b'["b",1]'),
        (-5, b'["i",-5]'),
        (Decimal("1.50"), b'["d","1.50"]'),
        ('a"\u00e9', b'["s","a\\"\\u00e9"]'),
    ],
)
def test_a_cursor_says_the_same_in_every_release(value: Any, written: bytes) -> None:
    text = encode_cursor(Cursor(sort="-at", position=SortPosition(value=value, identity=7), backward=True))
    sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert sealed[6:] == b'["-at",' + written + b',["i",7],1]'


@given(text=st.text(max_size=60))
def test_no_other_text_is_a_cursor(text: str) -> None:
    assert decode_cursor(text) is None


@given(position=st.integers(0, 200), letter=st.sampled_from("ABCxyz019-_"))
def test_a_cursor_that_was_touched_is_none(position: int, letter: str) -> None:
    text = encode_cursor(Cursor(sort="-started_at", position=SortPosition(value=5, identity=7)))
    position %= len(text)
    touched = text[:position] + letter + text[position + 1 :]
    # The last letter has bits that say nothing: several letters mean the same bytes.
    assert touched == text or position == len(text) - 1 or decode_cursor(touched) is None
