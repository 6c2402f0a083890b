"""Instants of many rows as texts, against the codec of one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from harness.telephony.columns import TextColumn
from harness.wire.columns.time_texts import day_parts, time_parts
from harness.wire.time_codecs import encode_instant

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# The clocks change on the second of these days.
BEGIN: Final = datetime(2026, 3, 28, 3, 7, tzinfo=UTC)


@pytest.mark.parametrize(("many", "hours"), [(20, 40), (20_000, 70), (20_000, 7000)])
@pytest.mark.parametrize(
    ("codec", "form"),
    [
        ("rfc3339", ""),
        ("local-time", ""),
        ("offset-time", ""),
        ("rfc2822", ""),
        ("formatted-time", "%d/%m/%y at %I:%M %p, %S%%.%L"),
        ("formatted-time", "%Y%m%d%H%M%S%f%z"),
        ("formatted-time", "%Y-%m-%dT%H:%M:%S.%L%:z"),
    ],
)
def test_many_instants_are_written_as_each_of_them_is(many: int, hours: int, codec: str, form: str) -> None:
    begin, zone = (BEGIN - EPOCH) // timedelta(milliseconds=1), ZoneInfo("Europe/Berlin")
    # A whole second first; the last of the longest span is more than nine months later.
    millis = begin + np.arange(many, dtype=np.int64) * (hours * 3_600_000 // many)
    formats = (form,) if form else ()
    made = TextColumn(many, time_parts(millis, codec, zone, formats)).series().to_list()
    assert made == [
        encode_instant(EPOCH + timedelta(milliseconds=at), codec, zone, formats=formats) for at in millis.tolist()
    ]
    assert TextColumn(many, day_parts(millis, zone)).series()[0] == "2026-03-28"


def test_the_last_day_of_all_is_written_as_any_other() -> None:
    end = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
    millis = np.asarray([end - 400 * 86_400_000, end], dtype=np.int64)
    assert TextColumn(2, day_parts(millis, ZoneInfo("UTC"))).series().to_list() == ["9998-11-26", "9999-12-31"]
    assert TextColumn(1, day_parts(millis[1:], ZoneInfo("UTC"))).series().to_list() == ["9999-12-31"]


def test_a_minute_of_days_is_one_part_and_a_second_with_its_fraction_another() -> None:
    """Of many instants: those of a page would not need as many texts."""
    millis = np.arange(20_000, dtype=np.int64) * 17_123
    assert [len(time_parts(millis[:many], "rfc3339", ZoneInfo("UTC"), ())) for many in (50, 20_000)] == [5, 3]
