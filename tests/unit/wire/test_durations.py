"""Durations as a clock shows them, in both directions."""

from __future__ import annotations

import pytest

from harness.wire.durations import decode_duration, encode_duration, shown_duration
from harness.wire.scalar_codecs import DecodeError

CLOCK, MINUTES, SHORT = ("%H:%M:%S",), ("%M:%S",), ("%Hh%Mm", "%H:%M")


@pytest.mark.parametrize(
    ("formats", "seconds", "text"),
    [
        (CLOCK, 0, "00:00:00"),
        (CLOCK, 3_725, "01:02:05"),
        (CLOCK, 360_000, "100:00:00"),
        (MINUTES, 3_725, "62:05"),
        (SHORT, 3_720, "01h02m"),
    ],
)
def test_the_first_part_counts_on(formats: tuple[str, ...], seconds: int, text: str) -> None:
    assert encode_duration(seconds, formats) == text
    assert decode_duration(text, formats) == seconds


def test_what_the_format_cannot_tell_is_cut_off() -> None:
    assert (shown_duration(89.75, CLOCK), shown_duration(89.75, SHORT)) == (89, 60)


def test_of_several_formats_all_are_read() -> None:
    assert decode_duration("01:02", SHORT) == 3_720


@pytest.mark.parametrize("raw", ["", "1:02:05", "01:60:00", "01:02", "01:02:05 ", "-01:02:05", 3725, None])
def test_nothing_else_is_a_duration(raw: str | int | None) -> None:
    with pytest.raises(DecodeError):
        decode_duration(raw, CLOCK)
