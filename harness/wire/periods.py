"""Spans of time that a word means relative to now: today, the last seven days, this month."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from harness.specification.model import Period
from harness.wire.scalar_codecs import first_instant

_LENGTHS: Final = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_LENGTHS_OF_DAYS: Final = {"day": timedelta(days=1), "week": timedelta(days=7)}
_MONTHS: Final = {"month": 1, "year": 12}


def period_span(period: Period, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime | None]:
    """Where a period begins, and where it has ended, which no longer belongs; None where it goes on."""
    begin = _beginning(period, now, zone, period.count + period.back - (0 if period.rolling else 1))
    if period.rolling and not period.back:
        return begin, None
    return begin, _beginning(period, now, zone, period.back - (0 if period.rolling else 1))


def _beginning(period: Period, now: datetime, zone: ZoneInfo, units: int) -> datetime:
    """So many units before now; of those that do not roll, the beginning of that unit in the zone."""
    local = now.astimezone(zone)
    if period.unit in ("minute", "hour"):
        length = _LENGTHS[period.unit]
        if period.rolling:
            return now.astimezone(UTC) - units * length
        # Clocks are put on or back by whole units or parts of hours: what has begun is cut on the wall.
        cut = local.replace(second=0, microsecond=0, minute=local.minute if period.unit == "minute" else 0)
        return cut.astimezone(UTC) - units * length
    day = _day_before(period, local.date(), units)
    if not period.rolling:
        return first_instant(day, zone)
    return local.replace(year=day.year, month=day.month, day=day.day).astimezone(UTC)


def _day_before(period: Period, today: date, units: int) -> date:
    """The day so many units before today, or the first of that unit where periods do not roll."""
    if period.unit in _LENGTHS_OF_DAYS:
        day = today - units * _LENGTHS_OF_DAYS[period.unit]
        begun = (day.weekday() + (1 if period.weeks_begin == "sunday" else 0)) % 7
        return day if period.rolling or period.unit == "day" else day - timedelta(days=begun)
    months = today.year * 12 + today.month - 1 - units * _MONTHS[period.unit]
    year, month = divmod(months, 12)
    if not period.rolling:
        return date(year, month + 1 if period.unit == "month" else 1, 1)
    # A day that the month does not have is its last one.
    last = (date(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(today.day, last))
