"""Instants in every way that an API may write them, in both directions, against texts written by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from harness.wire.scalar_codecs import DecodeError, zone_named
from harness.wire.time_codecs import cut_instant, decode_day, decode_instant, encode_day, encode_instant, time_step

BERLIN = zone_named("Europe/Berlin")
KOLKATA = zone_named("Asia/Kolkata")
INSTANT = datetime(2026, 3, 11, 9, 30, 5, 250_000, tzinfo=UTC)


def formats(form: str | None) -> tuple[str, ...]:
    return () if form is None else (form,)


WRITTEN = [
    ("epoch-seconds", None, 1_773_221_405),
    ("epoch-milliseconds", None, 1_773_221_405_250),
    ("local-time", None, "2026-03-11 10:30:05"),
    ("iso-local", None, "2026-03-11T10:30:05"),
    ("offset-time", None, "2026-03-11 10:30:05+01:00"),
    ("rfc2822", None, "Wed, 11 Mar 2026 10:30:05 +0100"),
    ("rfc3339", None, "2026-03-11T09:30:05.250Z"),
    ("formatted-time", "%d/%m/%Y %H:%M", "11/03/2026 10:30"),
    ("formatted-time", "%Y-%m-%d %I:%M:%S %p", "2026-03-11 10:30:05 AM"),
    ("formatted-time", "%a %d %b %y, %H.%M.%S%z", "Wed 11 Mar 26, 10.30.05+0100"),
    ("formatted-time", "%Y-%m-%dT%H:%M:%S%:z", "2026-03-11T10:30:05+01:00"),
    ("formatted-time", "%Y%m%dT%H%M%S.%L", "20260311T103005.250"),
    ("formatted-time", "%Y-%m-%dT%H:%M:%S.%f%%", "2026-03-11T10:30:05.250000%"),
]


@pytest.mark.parametrize(("codec", "form", "written"), WRITTEN)
def test_an_instant_is_written_by_the_clock_of_the_zone(codec: str, form: str | None, written: str | int) -> None:
    assert encode_instant(INSTANT, codec, BERLIN, formats=formats(form)) == written


@pytest.mark.parametrize(("codec", "form", "written"), WRITTEN)
def test_what_is_written_is_read_as_far_as_it_was_told(codec: str, form: str | None, written: str | int) -> None:
    read = decode_instant(written, codec, BERLIN, formats=formats(form))
    assert read == cut_instant(INSTANT, codec, formats(form))
    assert INSTANT - read < time_step(codec, formats(form))


def test_an_offset_of_half_an_hour_is_told() -> None:
    assert encode_instant(INSTANT, "offset-time", KOLKATA) == "2026-03-11 15:00:05+05:30"
    assert encode_instant(INSTANT, "rfc2822", KOLKATA) == "Wed, 11 Mar 2026 15:00:05 +0530"


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("offset-time", "2026-03-11 04:30:05-05:00"),
        ("rfc2822", "Wed, 11 Mar 2026 04:30:05 -0500"),
    ],
)
def test_an_offset_counts_and_not_the_zone(codec: str, text: str) -> None:
    assert decode_instant(text, codec, BERLIN) == INSTANT.replace(microsecond=0)


@pytest.mark.parametrize(("hour", "text"), [(0, "12:15 AM"), (12, "12:15 PM"), (13, "01:15 PM"), (23, "11:15 PM")])
def test_noon_and_midnight_are_twelve(hour: int, text: str) -> None:
    utc, clock = zone_named("UTC"), ("%d.%m.%Y %I:%M %p",)
    instant = datetime(2026, 3, 11, hour, 15, tzinfo=UTC)
    assert encode_instant(instant, "formatted-time", utc, formats=clock) == f"11.03.2026 {text}"
    assert decode_instant(f"11.03.2026 {text}", "formatted-time", utc, formats=clock) == instant


@pytest.mark.parametrize(
    ("codec", "form", "raw"),
    [
        ("epoch-milliseconds", None, "1773221405250"),
        ("epoch-milliseconds", None, True),
        ("epoch-milliseconds", None, 10**18),
        ("iso-local", None, "2026-03-11 10:30:05"),
        ("iso-local", None, "2026-03-11T10:30:05Z"),
        ("iso-local", None, "2026-02-30T10:30:05"),
        ("offset-time", None, "2026-03-11T10:30:05+01:00"),
        ("offset-time", None, "2026-03-11 10:30:05"),
        ("rfc2822", None, "Thu, 11 Mar 2026 10:30:05 +0100"),
        ("rfc2822", None, "11 Mar 2026 10:30:05 +0100"),
        ("rfc2822", None, "Wed, 11 Mar 2026 10:30:05"),
        ("rfc2822", None, 5),
        ("formatted-time", "%d/%m/%Y %H:%M", "11/03/2026 10:30:05"),
        ("formatted-time", "%d/%m/%Y %H:%M", "11/13/2026 10:30"),
        ("formatted-time", "%d/%m/%Y %I:%M %p", "11/03/2026 13:30 PM"),
        ("formatted-time", "%d/%m/%Y %H:%M", "١١/03/2026 10:30"),
    ],
)
def test_another_form_is_not_read(codec: str, form: str | None, raw: str | int) -> None:
    with pytest.raises(DecodeError):
        decode_instant(raw, codec, BERLIN, formats=formats(form))


def test_a_minute_is_the_precision_of_a_format_without_seconds() -> None:
    minutes = ("%Y-%m-%d %H:%M",)
    assert time_step("formatted-time", minutes) == timedelta(minutes=1)
    assert cut_instant(INSTANT, "formatted-time", minutes) == datetime(2026, 3, 11, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(("text", "second"), [("2026-03-11 10:30:05", 5), ("2026-03-11 10:30", 0)])
def test_of_several_formats_all_are_read_and_the_first_is_written(text: str, second: int) -> None:
    several = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")
    read = decode_instant(text, "formatted-time", BERLIN, formats=several)
    assert read == datetime(2026, 3, 11, 9, 30, second, tzinfo=UTC)
    assert encode_instant(read, "formatted-time", BERLIN, formats=several) == f"2026-03-11 10:30:0{second}"


def test_a_calendar_day_in_both_directions() -> None:
    assert encode_day(date(2026, 3, 1)) == "2026-03-01"
    assert decode_day("2026-03-01") == date(2026, 3, 1)


@pytest.mark.parametrize(
    "raw", ["2026-3-1", "2026-02-29", "20260301", "2026-03-01T00:00:00", " 2026-03-01", "", 5, None]
)
def test_nothing_else_is_a_calendar_day(raw: str | int | None) -> None:
    with pytest.raises(DecodeError):
        decode_day(raw)
