"""Flags, lists and JSON lists as parameters carry them: the spellings of the spec in both directions."""

from __future__ import annotations

from datetime import UTC as UTC_TIME
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from harness.specification.model import Parameter
from harness.wire.parameter_codec import OutOfRange, ParameterValue, decode_parameter, encode_parameter
from harness.wire.scalar_codecs import DecodeError, zone_named

UTC = zone_named("UTC")
FLAG = Parameter(as_="flag", true=("true", "True", "1"), false=("false", "False", "0"))
NUMBERS = Parameter(as_="list", of="integer", separated_by=";")
TEXTS = Parameter(as_="list", separated_by=";", most_items=1000)
JSON_TEXTS = Parameter(as_="json-list")


def decoded(parameter: Parameter, raw: Any, *, in_json: bool = False) -> ParameterValue:
    return decode_parameter(parameter, raw, zone=UTC, in_json=in_json)


def encoded(parameter: Parameter, value: ParameterValue, *, in_json: bool = False) -> Any:
    return encode_parameter(parameter, value, zone=UTC, in_json=in_json)


@pytest.mark.parametrize(("text", "value"), [("True", True), ("1", True), ("0", False), ("false", False)])
def test_a_flag_is_read_in_every_spelling_of_the_spec(text: str, value: bool) -> None:
    assert decoded(FLAG, text) is value


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false")])
def test_a_flag_is_written_in_the_documented_spelling(value: bool, text: str) -> None:
    assert encoded(FLAG, value) == text


@pytest.mark.parametrize("text", ["", "TRUE", "yes", "1 ", "true\n", "٠", 0, 1, None])
def test_nothing_else_is_a_flag(text: Any) -> None:
    with pytest.raises(DecodeError):
        decoded(FLAG, text)


@pytest.mark.parametrize("value", [True, False])
def test_a_flag_of_json_is_jsons_own(value: bool) -> None:
    assert decoded(FLAG, value, in_json=True) is value
    assert encoded(FLAG, value, in_json=True) is value


def test_a_list_in_both_directions() -> None:
    assert decoded(NUMBERS, "1;2;3") == (1, 2, 3)
    assert encoded(NUMBERS, (1, 2, 3)) == "1;2;3"


def test_blanks_and_empty_elements_of_a_list_are_left_out() -> None:
    assert decoded(NUMBERS, " 1; 2;;") == (1, 2)


def test_a_list_of_json_needs_no_separator() -> None:
    assert decoded(NUMBERS, [1, 2], in_json=True) == (1, 2)
    assert encoded(NUMBERS, (1, 2), in_json=True) == [1, 2]


@pytest.mark.parametrize("raw", ["1;x", "1.0", "007", None, {}, 1])
def test_nothing_else_is_a_list_of_integers(raw: Any) -> None:
    with pytest.raises(DecodeError):
        decoded(NUMBERS, raw)


def test_a_list_that_is_too_long_is_out_of_range() -> None:
    with pytest.raises(OutOfRange, match="at most 1000 elements, got 1001 elements"):
        decoded(TEXTS, ";".join(["1"] * 1001))


def test_a_json_array_in_a_text_in_both_directions() -> None:
    assert decoded(JSON_TEXTS, '["+12125550100", "x"]') == ("+12125550100", "x")
    assert encoded(JSON_TEXTS, ("+12125550100", "x")) == '["+12125550100","x"]'


@pytest.mark.parametrize("text", ["", "{}", "null", "[1", "[NaN]", "[" * 1000, "\ud800"])
def test_nothing_else_is_a_json_array_in_a_text(text: str) -> None:
    with pytest.raises(DecodeError):
        decoded(JSON_TEXTS, text)


MINUTES = Parameter(as_="formatted-time", format=("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"))
INSTANT = datetime(2026, 3, 11, 9, 30, tzinfo=UTC_TIME)


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        (Parameter(as_="rfc2822"), "Wed, 11 Mar 2026 09:30:00 +0000", INSTANT),
        (Parameter(as_="iso-local"), "2026-03-11T09:30:00", INSTANT),
        (Parameter(as_="offset-time"), "2026-03-11 09:30:00+00:00", INSTANT),
        (Parameter(as_="epoch-seconds"), "1773221400", INSTANT),
        (Parameter(as_="epoch-milliseconds"), "1773221400000", INSTANT),
        (MINUTES, "2026-03-11 09:30", INSTANT),
        (Parameter(as_="calendar-day"), "2026-03-11", date(2026, 3, 11)),
        (Parameter(as_="decimal"), "-0.0300", Decimal("-0.0300")),
    ],
)
def test_times_days_and_decimals_in_both_directions(parameter: Parameter, text: str, value: ParameterValue) -> None:
    assert decoded(parameter, text) == value
    assert encoded(parameter, value) == text


def test_a_number_of_json_is_no_text() -> None:
    millis = Parameter(as_="epoch-milliseconds")
    assert decoded(millis, 1_773_221_400_000, in_json=True) == INSTANT
    assert encoded(millis, INSTANT, in_json=True) == 1_773_221_400_000
    with pytest.raises(DecodeError):
        decoded(millis, "1773221400000", in_json=True)
    assert decoded(Parameter(as_="decimal"), Decimal("0.5"), in_json=True) == Decimal("0.5")


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (MINUTES, "2026-03-11"),
        (Parameter(as_="calendar-day"), "2026-02-29"),
        (Parameter(as_="decimal"), "1,5"),
        (Parameter(as_="decimal"), "1e3"),
        (Parameter(as_="epoch-seconds"), "soon"),
        (Parameter(as_="rfc2822"), "2026-03-11T09:30:00Z"),
    ],
)
def test_another_form_of_them_is_not_read(parameter: Parameter, text: str) -> None:
    with pytest.raises(DecodeError):
        decoded(parameter, text)


def test_a_calendar_day_is_a_date_and_nothing_else() -> None:
    day = Parameter(as_="calendar-day")
    assert decoded(day, "2031-03-04") == date(2031, 3, 4)
    assert encoded(day, date(2031, 3, 4)) == "2031-03-04"
    for text in ("2031-02-30", "2031-3-4", "2031-03-04 ", "2031-03-04T00:00:00", "today", ""):
        with pytest.raises(DecodeError):
            decoded(day, text)


def test_an_instant_in_place_of_a_day_is_meant_as_it_is() -> None:
    day = Parameter(as_="calendar-day", format=("%Y-%m-%dT%H:%M:%SZ",))
    assert decoded(day, "2031-03-04") == date(2031, 3, 4)
    assert decoded(day, "2031-03-04T09:12:55Z") == datetime(2031, 3, 4, 9, 12, 55, tzinfo=UTC_TIME)
    with pytest.raises(DecodeError):
        decoded(day, "2031-03-04 09:12:55")


def test_an_instant_is_written_as_its_day_in_the_zone() -> None:
    late = datetime(2031, 3, 4, 23, tzinfo=UTC_TIME)
    day = Parameter(as_="calendar-day")
    assert encode_parameter(day, late, zone=zone_named("Pacific/Auckland"), in_json=False) == "2031-03-05"


@pytest.mark.parametrize("raw", ["", "1", "false", "anything"])
def test_what_is_only_there_is_true_whatever_its_value(raw: str) -> None:
    assert decoded(Parameter(as_="presence"), raw) is True


def test_a_repeated_parameter_is_a_tuple_however_often_it_comes() -> None:
    numbers = Parameter(as_="integer", repeated="any")
    assert decoded(numbers, "7") == (7,)
    assert decoded(numbers, ["7", "", "9"]) == (7, 9)
    assert encoded(numbers, (7,)) == "7"
    assert encoded(numbers, (7, 9)) == ["7", "9"]
    with pytest.raises(DecodeError):
        decoded(numbers, ["7", "x"])


LENIENT = Parameter(as_="integer", least=1, most=9, lenient=True)


@pytest.mark.parametrize(("raw", "in_json"), [("5.0", False), ("5.00", True), (Decimal("5.0"), True), ("5", False)])
def test_a_lenient_integer_may_have_a_fraction_of_zeros(raw: Any, in_json: bool) -> None:
    assert decoded(LENIENT, raw, in_json=in_json) == 5


@pytest.mark.parametrize("raw", ["5.5", "5.", ".0", "5.0.0", Decimal("5.5")])
def test_any_other_fraction_is_no_integer(raw: Any) -> None:
    with pytest.raises(DecodeError):
        decoded(LENIENT, raw, in_json=isinstance(raw, Decimal))


def test_an_integer_that_is_not_lenient_has_no_fraction() -> None:
    with pytest.raises(DecodeError):
        decoded(Parameter(as_="integer"), "5.0")
