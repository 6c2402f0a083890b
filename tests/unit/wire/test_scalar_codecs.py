"""Single values: the documents' own spellings in both directions, and what must never pass (HS-43, HS-44, HC-20)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from harness.wire import scalar_codecs as scalars
from harness.wire.decoded_body import printable_text
from harness.wire.scalar_codecs import DecodeError, zone_named

BERLIN = zone_named("Europe/Berlin")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (18, "18"), (-1, "-1"), (10**18 - 1, "9" * 18)])
def test_an_integer_is_read(value: int, text: str) -> None:
    assert scalars.decode_integer(text) == value


NO_INTEGERS = [
    "", " 7", "7 ", "7\n", "+7", "-0", "007", "1_000", "1e3", "0x10", "1.0", "٣", "７", "²", "--1", "-",
    "9" * 19, "9" * 100_000, "nan", "7\u200b", "\u202e7", "\x007",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_INTEGERS, ids=ascii)
def test_nothing_else_is_an_integer(text: str) -> None:
    with pytest.raises(DecodeError):
        scalars.decode_integer(text)


def test_an_integer_without_a_sign_has_none() -> None:
    with pytest.raises(DecodeError):
        scalars.decode_integer("-1", signed=False)


def test_digits_keep_their_leading_zeros() -> None:
    assert scalars.decode_digits("0049") == "0049"


@pytest.mark.parametrize("text", ["", "+49", "12 ", "1\n", "٣", "1" * 65])
def test_nothing_else_is_digits(text: str) -> None:
    with pytest.raises(DecodeError):
        scalars.decode_digits(text)


@pytest.mark.parametrize("text", ["0.749", "0.000", "2.351", "3.056"])
def test_documented_seconds_in_both_directions(text: str) -> None:
    assert scalars.decode_seconds(text, places=3) == Decimal(text)
    assert scalars.encode_seconds(Decimal(text), places=3) == text


def test_seconds_are_rounded_half_up() -> None:
    assert scalars.encode_seconds(Decimal("2.3505"), places=3) == "2.351"
    assert scalars.encode_seconds(Decimal("2.5"), places=0) == "3"


def test_a_0_with_many_digits_has_no_exponent() -> None:
    assert scalars.encode_seconds(Decimal("0E-8"), places=8) == "0.00000000"
    assert scalars.encode_decimal(Decimal("0E-8"), places=8) == "0.00000000"
    assert scalars.encode_decimal(Decimal("-0.019"), places=8) == "-0.01900000"


@pytest.mark.parametrize("text", ["0E-8", "+1.0", "--1.0", "1,0", "", "-"])
def test_what_is_no_decimal_number_is_not_called_seconds(text: str) -> None:
    with pytest.raises(DecodeError, match="a number such as"):
        scalars.decode_decimal(text)


@pytest.mark.parametrize(
    "text", ["", "-1.000", "1", "1.0", "1.0000", ".749", "0,749", "nan", "inf", "1e3", "00.749", "0.74٣", "0.749\n"]
)
def test_nothing_else_is_seconds_with_three_places(text: str) -> None:
    with pytest.raises(DecodeError):
        scalars.decode_seconds(text, places=3)


@pytest.mark.parametrize("value", ["-0.001", "1e18", "1e30", "NaN", "Infinity", "sNaN"])
def test_impossible_seconds_are_not_written(value: str) -> None:
    with pytest.raises(DecodeError):
        scalars.encode_seconds(Decimal(value), places=3)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (0, utc(1970, 1, 1)),
        (1234567890, utc(2009, 2, 13, 23, 31, 30)),
        (-1, utc(1969, 12, 31, 23, 59, 59)),
        (253402300799, utc(9999, 12, 31, 23, 59, 59)),
        (-62135596800, utc(1, 1, 1)),
    ],
)
def test_epoch_seconds_in_both_directions(value: int, moment: datetime) -> None:
    assert scalars.decode_epoch(value) == moment
    assert scalars.encode_epoch(moment) == value


@pytest.mark.parametrize(
    "value", [253402300800, -62135596801, 10**20, 10**5000, True, "0", None, Decimal(0)], ids=printable_text
)
def test_nothing_else_is_epoch_seconds(value: Any) -> None:
    with pytest.raises(DecodeError):
        scalars.decode_epoch(value)


@pytest.mark.parametrize(
    ("text", "name", "moment"),
    [
        ("2019-04-02 13:03:06", "Europe/Berlin", utc(2019, 4, 2, 11, 3, 6)),
        ("2013-01-17 13:32:12", "UTC", utc(2013, 1, 17, 13, 32, 12)),
        ("2019-04-02 13:03:06", "Etc/GMT+2", utc(2019, 4, 2, 15, 3, 6)),
        ("0999-01-01 00:00:00", "UTC", utc(999, 1, 1)),
        ("9999-12-31 23:59:59", "UTC", utc(9999, 12, 31, 23, 59, 59)),
    ],
)
def test_a_wall_clock_in_both_directions(text: str, name: str, moment: datetime) -> None:
    assert scalars.decode_local(text, zone_named(name)) == moment
    assert scalars.encode_local(moment, zone_named(name)) == text


def test_a_repeated_hour_is_its_first_pass_unless_folded() -> None:
    text = "2024-10-27 02:30:00"
    assert scalars.decode_local(text, BERLIN) == utc(2024, 10, 27, 0, 30)
    assert scalars.decode_local(text, BERLIN, fold=1) == utc(2024, 10, 27, 1, 30)


def test_a_skipped_hour_is_read_by_the_offset_before_the_jump() -> None:
    assert scalars.decode_local("2024-03-31 02:30:00", BERLIN) == utc(2024, 3, 31, 1, 30)


NO_LOCALS = [
    "", "2019-04-02", "2019-04-02T13:03:06", "2019-04-02 13:03", "2019-04-02 24:00:00", "2016-12-31 23:59:60",
    "10000-01-01 00:00:00", "0000-00-00 00:00:00", "0000-01-01 00:00:00", "2019-02-29 00:00:00",
    "2024-W01-1 00:00:00", "2019-04-02 13:03:06\n", " 2019-04-02 13:03:06", "٢٠١٩-04-02 13:03:06",
    "2019-04-02 13:03:06.5", "2019-04-02 13:03:06Z", "2019-4-2 13:03:06", "0001-01-01 00:00:00",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_LOCALS, ids=ascii)
def test_nothing_else_is_a_wall_clock(text: str) -> None:
    with pytest.raises(DecodeError):
        scalars.decode_local(text, BERLIN)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-09-12T20:57:35.746Z", utc(2025, 9, 12, 20, 57, 35, 746000)),
        ("2019-08-24T14:15:22Z", utc(2019, 8, 24, 14, 15, 22)),
        ("2021-03-10T17:07:19+07:00", utc(2021, 3, 10, 10, 7, 19)),
        ("2021-03-10t17:07:19.123456789z", utc(2021, 3, 10, 17, 7, 19, 123456)),
        ("2021-03-10T17:07:19.5-00:00", utc(2021, 3, 10, 17, 7, 19, 500000)),
        ("0001-01-01T00:00:00Z", utc(1, 1, 1)),
    ],
)
def test_an_rfc3339_time_names_an_instant(text: str, moment: datetime) -> None:
    assert scalars.decode_rfc3339(text) == moment


def test_an_rfc3339_time_is_written_as_documented() -> None:
    moment = utc(2025, 9, 12, 20, 57, 35, 746999)
    assert scalars.encode_rfc3339(moment, places=3) == "2025-09-12T20:57:35.746Z"
    assert scalars.encode_rfc3339(utc(2019, 8, 24, 14, 15, 22)) == "2019-08-24T14:15:22Z"
    written = scalars.encode_rfc3339(utc(2021, 3, 10, 10, 7, 19), zone=zone_named("Asia/Ho_Chi_Minh"))
    assert written == "2021-03-10T17:07:19+07:00"
    assert scalars.encode_rfc3339(moment, places=9) == "2025-09-12T20:57:35.746999000Z"


def test_a_local_mean_time_keeps_its_instant() -> None:
    moment = utc(1800, 1, 1, 12)
    written = scalars.encode_rfc3339(moment, zone=zone_named("America/New_York"))
    assert written == "1800-01-01T07:03:00-04:57"
    assert scalars.decode_rfc3339(written) == moment


NO_RFC3339 = [
    "", "2025-09-12", "2025-09-12T20:57:35", "2025-09-12 20:57:35Z", "2025-W37-5T20:57:35Z", "2025-09-12T24:00:00Z",
    "2016-12-31T23:59:60Z", "10000-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "2025-09-12T20:57:35.Z",
    "2025-09-12T20:57:35+0700", "2025-09-12T20:57:35+24:00", "2025-09-12T20:57:35+07:60", "0001-01-01T00:00:00+07:00",
    "9999-12-31T23:59:59-07:00", "2025-09-12T20:57:35Z\n", "２025-09-12T20:57:35Z", "2025-09-12T20:57:35,5Z",
    "2025-09-12T20:57:35." + "1" * 65 + "Z", "2025-09-12T20:57:35." + "1" * 50_000 + "x",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_RFC3339, ids=lambda text: ascii(text[:40]))
def test_nothing_else_is_an_rfc3339_time(text: str) -> None:
    with pytest.raises(DecodeError):
        scalars.decode_rfc3339(text)


NAIVE: list[Callable[[datetime], object]] = [
    scalars.encode_epoch,
    scalars.encode_rfc3339,
    lambda moment: scalars.encode_local(moment, BERLIN),
]


@pytest.mark.parametrize("encode", NAIVE)
def test_a_time_without_a_zone_is_never_written(encode: Callable[[datetime], object]) -> None:
    with pytest.raises(DecodeError):
        encode(datetime(2024, 1, 1))


@pytest.mark.parametrize("encode", NAIVE)
def test_an_instant_before_year_one_is_never_written(encode: Callable[[datetime], object]) -> None:
    with pytest.raises(DecodeError):
        encode(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))))


@pytest.mark.parametrize("name", ["UTC", "Etc/GMT+2", "Europe/Berlin", "America/Argentina/Buenos_Aires", "EST5EDT"])
def test_a_zone_is_found_by_its_name(name: str) -> None:
    assert zone_named(name).key == name


@pytest.mark.parametrize(
    "name",
    [
        "", "Europe", "Europe/Nowhere", "../etc/passwd", "/etc/passwd", "Europe/../UTC", "Europe//Berlin", "UTC\n",
        "UTC\x00", "localtime", "posixrules", "right/UTC", "Ünknown", "x" * 300, "zone.tab", "tzdata.zi", "UTC/",
    ],
)  # fmt: skip
def test_nothing_else_is_a_zone(name: str) -> None:
    with pytest.raises(DecodeError, match="the name of a time zone"):
        zone_named(name)


DECODERS: list[Callable[[Any], object]] = [
    scalars.decode_integer,
    scalars.decode_digits,
    scalars.decode_seconds,
    scalars.decode_rfc3339,
    lambda value: scalars.decode_local(value, BERLIN),
    zone_named,
]


@pytest.mark.parametrize("value", [None, 1, True, Decimal(1), [], {}, b"1"])
@pytest.mark.parametrize("decode", DECODERS)
def test_a_text_decoder_refuses_what_is_no_text(decode: Callable[[Any], object], value: Any) -> None:
    with pytest.raises(DecodeError):
        decode(value)


def test_the_message_shows_code_points() -> None:
    with pytest.raises(DecodeError) as refused:
        scalars.decode_integer("1\u202e2\n")
    assert str(refused.value) == "expected an integer of at most 19 digits, got '1\\u202e2\\n'"
