"""Every comparison of a filter, twice: the query engine and the index, and apart from them the checker's oracle."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from harness.check.oracle.value_comparison import ValueComparison, is_like, values_are_kept
from harness.serve.index.columns import column_from_values, keys_in_intervals
from harness.serve.query.table import (
    Condition,
    InstantRange,
    OffsetSlice,
    Query,
    SortOrder,
    Table,
    like_pattern,
)
from harness.serve.simulator import Simulator
from harness.specification.field_path import FieldPath, ValuePath
from harness.specification.load import Spec, load_spec
from harness.specification.model import Comparison, Wildcards
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import encode_parameter
from harness.wire.request_codec import encode_request
from harness.wire.scalar_codecs import first_instant
from harness.world import BUSY_HOUR, World

ID, FIRST, SECOND = (FieldPath.of(name) for name in ("id", "first", "second"))
TEXTS = st.sampled_from(["", "a", "A", "ab", "aB", "a%", "a_b", "axb", "b", "ß", "SS"])
PATTERNS = st.text("aAb%_*?\\", max_size=5)
WILDCARDS = st.sampled_from(
    [
        Wildcards(),
        Wildcards(escape="\\"),
        Wildcards(any="*", one="?", escape="\\"),
        Wildcards(any="%", one=None),
        Wildcards(any=None, one="_"),
    ]
)
TEXT_ROWS = st.lists(st.tuples(TEXTS | st.none(), TEXTS | st.none()), max_size=10)
TEXT_KEEPS: tuple[Comparison, ...] = (
    "equal",
    "not-equal",
    "contains",
    "starts",
    "ends",
    "like",
    "at-least",
    "at-most",
    "above",
    "below",
)
ORDER_KEEPS: tuple[Comparison, ...] = ("equal", "not-equal", "at-least", "at-most", "above", "below")


def kept_by_table(rows: Sequence[tuple[Any, Any]], condition: Condition) -> list[int]:
    def values(path: ValuePath | None) -> list[tuple[Any]]:
        if path in (ID, None):
            return [(index,) for index in range(len(rows))]
        return [(row[0] if path == FIRST else row[1],) for row in rows]

    table = Table(len(rows), identity=ID, values=values, owners=list)
    query = Query(conditions=(condition,), sort_order=SortOrder(path=None), page_slice=OffsetSlice())
    return sorted(table.find(query).page_rows)


def kept_by_column(values: Sequence[Any], condition: Condition) -> list[int]:
    column = column_from_values(list(enumerate(values)), len(values), changes=False)
    return [int(row) for row in keys_in_intervals(column.keys, column.find_intervals(condition)).nonzero()[0]]


@given(
    rows=TEXT_ROWS,
    keeps=st.sampled_from(TEXT_KEEPS),
    wanted=st.lists(TEXTS | PATTERNS, min_size=1, max_size=2, unique=True),
    folded=st.booleans(),
    wildcards=WILDCARDS,
    absent_kept=st.booleans(),
)
def test_engine_and_oracle_keep_the_same_texts(
    rows: Any, keeps: Comparison, wanted: list[str], folded: bool, wildcards: Wildcards, absent_kept: bool
) -> None:
    condition = Condition(
        parameter="p",
        paths=(FIRST, SECOND),
        keeps=keeps,
        wanted=tuple(wanted),
        folded=folded,
        wildcards=wildcards,
        absent_kept=absent_kept,
    )
    compared = ValueComparison(keeps=keeps, folded=folded, wildcards=wildcards, absent_kept=absent_kept)
    expected = [index for index, row in enumerate(rows) if values_are_kept(compared, row, tuple(wanted))]
    assert kept_by_table(rows, condition) == expected


@given(
    values=st.lists(TEXTS, max_size=8),
    keeps=st.sampled_from([keeps for keeps in TEXT_KEEPS if keeps != "not-equal"]),
    wanted=TEXTS | PATTERNS,
    folded=st.booleans(),
    wildcards=WILDCARDS,
)
def test_a_column_of_the_index_keeps_the_same_texts(
    values: list[str], keeps: Comparison, wanted: str, folded: bool, wildcards: Wildcards
) -> None:
    condition = Condition(
        parameter="p", paths=(FIRST,), keeps=keeps, wanted=(wanted,), folded=folded, wildcards=wildcards
    )
    compared = ValueComparison(keeps=keeps, folded=folded, wildcards=wildcards)
    expected = [index for index, value in enumerate(values) if values_are_kept(compared, [value], (wanted,))]
    assert kept_by_column(values, condition) == expected


@given(text=st.text("ab.%\n", max_size=6), pattern=PATTERNS | st.text("ab%_\\", max_size=6), wildcards=WILDCARDS)
@example(text="a\\", pattern="a\\", wildcards=Wildcards(escape="\\"))
def test_both_readers_of_patterns_agree(text: str, pattern: str, wildcards: Wildcards) -> None:
    found = like_pattern(pattern, wildcards).fullmatch(text) is not None
    assert found == is_like(text, pattern, wildcards)


@given(
    rows=st.lists(st.tuples(st.integers(-2, 3) | st.none(), st.integers(-2, 3) | st.none()), max_size=10),
    keeps=st.sampled_from(ORDER_KEEPS),
    wanted=st.integers(-3, 4),
)
def test_engine_and_oracle_keep_the_same_numbers(rows: Any, keeps: Comparison, wanted: int) -> None:
    condition = Condition(parameter="p", paths=(FIRST, SECOND), keeps=keeps, wanted=(wanted,))
    expected = [i for i, row in enumerate(rows) if values_are_kept(ValueComparison(keeps=keeps), row, (wanted,))]
    assert kept_by_table(rows, condition) == expected


@given(
    rows=st.lists(st.tuples(TEXTS | st.none(), TEXTS | st.none()), max_size=8),
    keeps=st.sampled_from(["present", "absent"]),
)
def test_engine_and_oracle_keep_the_same_rows_with_a_value(rows: Any, keeps: Any) -> None:
    condition = Condition(parameter="p", paths=(FIRST, SECOND), keeps=keeps, wanted=())
    expected = [i for i, row in enumerate(rows) if values_are_kept(ValueComparison(keeps=keeps), row, (True,))]
    assert kept_by_table(rows, condition) == expected


# Midnights that are skipped, that come with an hour more or less, and far offsets.
ZONES = ("UTC", "America/New_York", "Asia/Kathmandu", "Asia/Beirut", "America/Havana", "Pacific/Kiritimati")


@given(
    day=st.dates(date(2015, 1, 1), date(2032, 12, 31)),
    seconds=st.integers(-200_000, 200_000),
    place=st.sampled_from(ZONES),
)
@example(day=date(2022, 3, 27), seconds=0, place="Asia/Beirut")
@example(day=date(2030, 11, 3), seconds=7_200, place="America/Havana")
def test_a_day_by_its_instants_is_the_day_on_the_wall(day: date, seconds: int, place: str) -> None:
    zone = ZoneInfo(place)
    shown = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds)
    span = InstantRange(first_instant(day, zone), first_instant(day + timedelta(days=1), zone))
    condition = Condition(parameter="p", paths=(FIRST, SECOND), keeps="equal", wanted=(span,))
    due = values_are_kept(ValueComparison(keeps="equal", zone=place), [shown], (day,))
    assert kept_by_table([(shown, None)], condition) == [0] * due
    assert kept_by_column([shown], condition) == [0] * due


# --- the whole simulator ------------------------------------------------------------------------------------


@functools.cache
def tidewater() -> Spec:
    return load_spec(Path(__file__).parents[1] / "support" / "tidewater.yaml")


@functools.cache
def simulators() -> tuple[Simulator, Simulator]:
    world = World.of(seed=3, calls=400, concurrent=20)
    quick, plain = (Simulator(tidewater(), world, fast=fast) for fast in (True, False))
    return quick, plain


def some_value(name: str, rows: Sequence[Any], chance: Random) -> Any:
    """A value of a filter, of a row or near one; as a request writes it."""
    listing = tidewater().listing
    rule, parameter = listing.filters[name], listing.parameters[name]
    if rule.keeps in ("present", "absent"):
        return "" if parameter.as_ == "presence" else chance.choice(["true", "false"])
    value = chance.choice([one for one in (row.get(str(rule.compares[0])) for row in rows) if one is not None])
    if isinstance(value, str) and parameter.as_ == "text" and chance.random() < 0.7:
        value = chance.choice([value[:3], value[-3:], f"{value[:3]}%", f"*{value[2:]}", f"{value[:2]}?{value[3:]}"])
    if parameter.repeated is not None:
        return [str(value), str(chance.choice(rows)[str(rule.compares[-1])])]
    if parameter.as_ == "list":
        return str(value)
    if isinstance(value, datetime):
        value += timedelta(seconds=chance.choice([0, 0, -1, 1, 40_000]))
    return encode_parameter(parameter, value, zone=ZoneInfo("Pacific/Chatham"), in_json=False)


@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10**9))
def test_the_quick_way_answers_as_the_plain_way_whatever_compares(seed: int) -> None:
    quick, plain = simulators()
    chance, listing = Random(seed), tidewater().listing
    rows = plain.select_rows(ListRequest(credentials=plain.users[0].credentials), BUSY_HOUR)
    names = chance.sample(list(listing.filters), chance.randint(1, 3))
    values = {name: some_value(name, rows, chance) for name in names}
    ask = ListRequest(values=values, credentials=plain.users[0].credentials)
    request = encode_request(plain.documented_spec, ask, base_path=plain.base_path)
    assert quick.answer(request, BUSY_HOUR) == plain.answer(request, BUSY_HOUR), request
