"""Laws of a row: what each of them takes and refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from harness.check.rules.responses.row_laws import LawBreach, LawContext, compare_values, judge_row, value_is
from harness.specification.field_path import FieldPath
from harness.specification.model import (
    ClauseId,
    Field,
    FieldCondition,
    ImpliesLaw,
    InsideLaw,
    NonNegativeLaw,
    NotBeforeLaw,
    NotFutureLaw,
    OneOfLaw,
    RowLaw,
)

CLAUSE = (ClauseId("X-1"),)
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
FIELDS = {
    "start": Field(shows="started_at", as_="epoch-seconds"),
    "answered": Field(shows="answered_at", as_="epoch-seconds", absent="zero"),
    "local": Field(shows="started_at", as_="local-time"),
    "local_end": Field(shows="ended_at", as_="local-time"),
    "talk": Field(shows="talk_seconds", as_="decimal"),
    "state": Field(shows="state", as_="word", words={"ringing": "Ringing", "answered": "InCall"}),
    "peer": Field(shows="peer_id", as_="integer", absent="zero"),
    "parts": Field(
        shows="legs",
        as_="rows",
        fields={
            "a": Field(shows="started_at", as_="epoch-seconds"),
            "b": Field(shows="ended_at", as_="epoch-seconds"),
        },
    ),
}
CONTEXT = LawContext(fields=FIELDS, latest=NOON)


def broken(law: RowLaw, row: dict[str, object], context: LawContext = CONTEXT) -> bool:
    return isinstance(judge_row(law, row, context)[1], LawBreach)  # type: ignore[arg-type]


def times(law: RowLaw, row: dict[str, object], context: LawContext = CONTEXT) -> int:
    return judge_row(law, row, context)[0]  # type: ignore[arg-type]


NOT_BEFORE = NotBeforeLaw(
    law="not-before", field=FieldPath.parse("answered"), than=FieldPath.parse("start"), clause=CLAUSE
)
SILENT = ImpliesLaw(
    law="implies",
    when=FieldCondition(field=FieldPath.parse("state"), is_=("Ringing",)),
    then=FieldCondition(field=FieldPath.parse("talk"), is_=(0,)),
    clause=CLAUSE,
)


def test_an_answer_before_the_beginning_breaks_not_before() -> None:
    assert broken(NOT_BEFORE, {"start": NOON, "answered": NOON - timedelta(seconds=1)})


def test_an_answer_in_the_same_second_is_not_before() -> None:
    assert not broken(NOT_BEFORE, {"start": NOON, "answered": NOON})


def test_a_row_whose_field_was_not_read_is_no_witness() -> None:
    assert times(NOT_BEFORE, {"start": NOON}) == 0


def test_none_is_earlier_than_nothing() -> None:
    assert times(NOT_BEFORE, {"start": NOON, "answered": None}) == 0


def test_not_before_survives_the_ends_of_time() -> None:
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    assert broken(NOT_BEFORE, {"start": last, "answered": first})


def test_a_decimal_zero_is_the_integer_zero_of_a_spec() -> None:
    assert not broken(SILENT, {"state": "Ringing", "talk": Decimal("0.000")})


def test_talk_while_ringing_breaks_the_implication() -> None:
    assert broken(SILENT, {"state": "Ringing", "talk": Decimal("0.001")})


def test_a_row_where_the_condition_does_not_hold_is_no_witness() -> None:
    assert times(SILENT, {"state": "InCall", "talk": Decimal(5)}) == 0


def test_a_field_that_a_filter_asked_for_counts_as_known() -> None:
    law = ImpliesLaw(
        law="implies",
        when=FieldCondition(field=FieldPath.parse("direction"), is_=("in", "internal")),
        then=FieldCondition(field=FieldPath.parse("peer"), present=False),
        clause=CLAUSE,
    )
    told = LawContext(fields=FIELDS, requested_words={FieldPath.of("direction"): frozenset({"in"})})
    assert broken(law, {"peer": 5}, told)


def test_two_words_of_which_one_would_do_tell_nothing() -> None:
    law = ImpliesLaw(
        law="implies",
        when=FieldCondition(field=FieldPath.parse("direction"), is_=("in", "internal")),
        then=FieldCondition(field=FieldPath.parse("peer"), present=False),
        clause=CLAUSE,
    )
    told = LawContext(fields=FIELDS, requested_words={FieldPath.of("direction"): frozenset({"in", "out"})})
    assert times(law, {"peer": 5}, told) == 0


def test_a_nested_law_pairs_the_fields_of_one_nested_row() -> None:
    law = NotBeforeLaw(
        law="not-before", field=FieldPath.parse("parts[].b"), than=FieldPath.parse("parts[].a"), clause=CLAUSE
    )
    later = NOON + timedelta(seconds=9)
    good = {"parts": ({"a": NOON, "b": NOON}, {"a": later, "b": later})}
    assert not broken(law, good)
    assert times(law, good) == 2
    assert broken(law, {"parts": ({"a": NOON, "b": NOON}, {"a": later, "b": NOON})})


def test_inside_compares_nested_rows_with_the_row_around_them() -> None:
    law = InsideLaw(
        law="inside",
        field=FieldPath.parse("parts[].a"),
        than=FieldPath.parse("start"),
        slack_seconds=1,
        clause=CLAUSE,
    )
    assert not broken(law, {"start": NOON, "parts": ({"a": NOON - timedelta(seconds=1)},)})
    assert broken(law, {"start": NOON, "parts": ({"a": NOON - timedelta(seconds=2)},)})


def test_inside_may_end_with_the_row_around() -> None:
    law = InsideLaw(
        law="inside",
        field=FieldPath.parse("parts[].a"),
        than=FieldPath.parse("start"),
        until=FieldPath.parse("end"),
        slack_seconds=1,
        clause=CLAUSE,
    )
    later = NOON + timedelta(seconds=9)
    assert not broken(law, {"start": NOON, "end": later, "parts": ({"a": later + timedelta(seconds=1)},)})
    assert broken(law, {"start": NOON, "end": later, "parts": ({"a": NOON}, {"a": later + timedelta(seconds=2)})})
    # A call that has not ended yet bounds nothing.
    assert not broken(law, {"start": NOON, "end": None, "parts": ({"a": later},)})
    assert times(law, {"start": None, "end": None, "parts": ({"a": later},)}) == 0


def test_the_future_begins_after_the_slack() -> None:
    law = NotFutureLaw(law="not-future", field=FieldPath.parse("start"), slack_seconds=2, clause=CLAUSE)
    assert not broken(law, {"start": NOON + timedelta(seconds=2)})
    assert broken(law, {"start": NOON + timedelta(seconds=3)})


def test_a_local_time_of_an_unknown_zone_may_be_hours_ahead() -> None:
    law = NotFutureLaw(law="not-future", field=FieldPath.parse("local"), clause=CLAUSE)
    unsure = LawContext(fields=FIELDS, latest=NOON, sure_of_zone=False)
    assert times(law, {"local": NOON + timedelta(hours=13)}, unsure) == 0
    assert broken(law, {"local": NOON + timedelta(days=2)}, unsure)


def test_the_hour_that_clocks_show_twice_proves_nothing() -> None:
    law = NotBeforeLaw(
        law="not-before", field=FieldPath.parse("local_end"), than=FieldPath.parse("local"), clause=CLAUSE
    )
    berlin = LawContext(fields=FIELDS, zone="Europe/Berlin")
    first, second = datetime(2026, 10, 25, 0, 50, tzinfo=UTC), datetime(2026, 10, 25, 0, 10, tzinfo=UTC)
    assert times(law, {"local": first, "local_end": second}, berlin) == 0


def test_an_hour_that_stands_once_proves_something() -> None:
    law = NotBeforeLaw(
        law="not-before", field=FieldPath.parse("local_end"), than=FieldPath.parse("local"), clause=CLAUSE
    )
    berlin = LawContext(fields=FIELDS, zone="Europe/Berlin")
    assert broken(law, {"local": NOON, "local_end": NOON - timedelta(minutes=40)}, berlin)


@pytest.mark.parametrize("value", [-1, Decimal("-0.001"), -(10**40), datetime(1969, 12, 31, tzinfo=UTC)])
def test_what_is_below_zero_is_negative(value: object) -> None:
    assert broken(NonNegativeLaw(law="non-negative", field=FieldPath.parse("start"), clause=CLAUSE), {"start": value})


def test_none_that_is_written_as_zero_is_not_negative() -> None:
    assert (
        times(
            NonNegativeLaw(law="non-negative", field=FieldPath.parse("answered"), clause=CLAUSE), {"answered": None}
        )
        == 1
    )


def test_one_of_takes_numbers_of_any_type() -> None:
    law = OneOfLaw(law="one-of", field=FieldPath.parse("peer"), values=(0, 1), clause=CLAUSE)
    assert not broken(law, {"peer": Decimal("1.0")})
    assert not broken(law, {"peer": None})
    assert broken(law, {"peer": 2})


def test_a_flag_is_no_number() -> None:
    assert not value_is(True, 1, None)
    assert compare_values(True, 1) is None


def test_huge_numbers_compare_exactly() -> None:
    assert compare_values(9007199254740993, Decimal("9007199254740992")) == 1


def test_numbers_that_are_none_do_not_compare() -> None:
    assert compare_values(Decimal("NaN"), 1) is None
