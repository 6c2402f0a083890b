"""Instants as texts in parts: days, minutes and seconds that are looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from harness.specification.value_forms import format_parts, has_offset
from harness.telephony.columns import Integers, PooledTexts, TextPart, TextPool, pool_of_texts
from harness.wire.time_codecs import encode_instant

_DAY_PARTS: Final = frozenset({"%Y", "%y", "%m", "%b", "%d", "%a"})
_MINUTE_PARTS: Final = frozenset({"%H", "%I", "%p", "%M"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UTC: Final = ZoneInfo("UTC")
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 86_400_000
_DAY_MINUTES: Final = 1440
_POOLED_DAYS: Final = 256
_AFTER_ALL_DAYS: Final = date.max.toordinal() - date(1970, 1, 1).toordinal() + 1
_WIDEST: Final = 5000
# Of so many instants days and minutes are looked up together, and so are seconds and thousandths: for fewer, which
# are kept for pages, there would be nearly as many texts.
_MANY: Final = 1 << 14
_FORMATS: Final = {
    "local-time": "%Y-%m-%d %H:%M:%S",
    "iso-local": "%Y-%m-%dT%H:%M:%S",
    "rfc2822": "%a, %d %b %Y %H:%M:%S %z",
}


_Group: TypeAlias = tuple[str, str]
"""What kind of parts of a format stand side by side, and the parts."""


def time_parts(millis: Integers, codec: str, zone: ZoneInfo, formats: tuple[str, ...]) -> tuple[TextPart, ...]:
    """The parts of instants (milliseconds since 1970) as a codec writes them, other than as a number."""
    match codec:
        case "rfc3339":
            groups = [*_groups_of("%Y-%m-%dT%H:%M:%S"), ("fraction", ""), ("text", "Z")]
            return tuple(_parts_of_groups(groups, millis, np.zeros(len(millis), dtype=np.int64)))
        case "offset-time":
            offsets = _minutes_only(_zone_offsets(millis, zone))
            parts = _formatted_parts(millis, "%Y-%m-%d %H:%M:%S", _UTC, offsets)
            return (*parts, _offset_part(offsets, ":"))
        case _:
            return _formatted_parts(millis, _FORMATS.get(codec) or formats[0], zone)


def day_parts(millis: Integers, zone: ZoneInfo) -> tuple[TextPart, ...]:
    """The parts of the calendar days of instants, by the wall clock of a zone."""
    return _formatted_parts(millis, "%Y-%m-%d", zone)


def local_days(millis: Integers, zone: ZoneInfo) -> Integers:
    """The days since 1970 of instants, by the wall clock of a zone."""
    return (millis + _zone_offsets(millis, zone) * 1000) // _DAY_MS


def _formatted_parts(
    millis: Integers, form: str, zone: ZoneInfo, offsets: Integers | None = None
) -> tuple[TextPart, ...]:
    if offsets is None:
        offsets = _zone_offsets(millis, zone)
        if has_offset(form):
            # Local mean times have seconds in their offset, which no format can say.
            offsets = _minutes_only(offsets)
    local = millis + offsets * 1000
    return tuple(_parts_of_groups(_groups_of(form), local, offsets))


def _groups_of(form: str) -> list[_Group]:
    groups: list[_Group] = []
    for part in format_parts(form):
        kind, before = _kind_of(part), groups[-1][0] if groups else ""
        if groups and (kind == before or (kind == "text" and before in ("day", "minute"))):
            groups[-1] = (before, groups[-1][1] + part)
        else:
            groups.append((kind, part))
    return groups


def _parts_of_groups(groups: Sequence[_Group], local: Integers, offsets: Integers) -> Iterator[TextPart]:
    """The parts of what a format asks for; neighbours that have few texts in many rows are one part."""
    days, rest = _days_of(local), list(groups)
    while rest:
        kind, form = rest[0]
        following = [kind for kind, _ in rest[1:3]]
        if kind == "day" and following[:1] == ["minute"] and days:
            pool = _minutes_of_days(form, rest[1][1], days)
            yield PooledTexts(pool, local // 60_000 - days.start * _DAY_MINUTES)
            rest = rest[2:]
        elif kind == "%S" and len(local) >= _MANY and following[:1] == ["fraction"]:
            yield PooledTexts(_parts_of_minute(None), local % 60_000)
            rest = rest[2:]
        elif kind == "%S" and len(local) >= _MANY and following == ["text", "%L"]:
            yield PooledTexts(_parts_of_minute(_plain(rest[1][1])), local % 60_000)
            rest = rest[3:]
        else:
            yield from _group_parts(kind, form, local, offsets)
            rest = rest[1:]


def _days_of(local: Integers) -> range:
    """The days on which instants lie; none where their minutes are more than the instants."""
    if len(local) < _MANY:
        return range(0)
    first, last = int(local.min()) // _DAY_MS, int(local.max()) // _DAY_MS
    return range(first, last + 1) if (last + 1 - first) * _DAY_MINUTES <= len(local) else range(0)


# The fields of one slice share them; those of the next are other days.
@lru_cache(maxsize=4)
def _minutes_of_days(day_form: str, minute_form: str, days: range) -> TextPool:
    """Each minute of some days."""
    minutes = _minutes(minute_form).texts
    return TextPool(
        tuple(day + minute for day in (_day_text(number, day_form) for number in days) for minute in minutes)
    )


def _kind_of(part: str) -> str:
    if part in _DAY_PARTS:
        return "day"
    if part in _MINUTE_PARTS:
        return "minute"
    return part if part in ("%S", "%L", "%f", "%z", "%:z") else "text" if part else "end"


def _group_parts(kind: str, form: str, local: Integers, offsets: Integers) -> list[TextPart]:
    match kind:
        case "day":
            return [_day_part(local // _DAY_MS, form)]
        case "minute":
            return [PooledTexts(_minutes(form), local // 60_000 % 1440)]
        case "%S":
            return [PooledTexts(_seconds(), local // 1000 % 60)]
        case "%L":
            return [PooledTexts(_thousandths(), local % 1000)]
        case "%f":
            return [PooledTexts(_thousandths(), local % 1000), "000"]
        case "%z":
            return [_offset_part(offsets, "")]
        case "%:z":
            return [_offset_part(offsets, ":")]
        case "fraction":
            return [PooledTexts(_fractions(), local % 1000)]
        case "text":
            return [_plain(form)]
        case _:
            return []


def _plain(text: str) -> str:
    return text.replace("%%", "%")


def _day_part(days: Integers, form: str) -> TextPart:
    if len(days):
        first, last = int(days.min()) // _POOLED_DAYS, int(days.max()) // _POOLED_DAYS
        if first == last:
            return PooledTexts(_days(form, first), days - first * _POOLED_DAYS)
    return _table_part(days, lambda day: _day_text(day, form))


# What is made of a pool is made once: it is shared by all that lies within the same months.
@lru_cache(maxsize=64)
def _days(form: str, number: int) -> TextPool:
    """Days side by side, of which such a run has the number."""
    days = range(number * _POOLED_DAYS, min((number + 1) * _POOLED_DAYS, _AFTER_ALL_DAYS))
    return TextPool(tuple(_day_text(day, form) for day in days))


def _day_text(day: int, form: str) -> str:
    return str(encode_instant(_EPOCH + timedelta(days=day), "formatted-time", _UTC, formats=(form,)))


def _offset_part(offsets: Integers, between: str) -> TextPart:
    def text(seconds: int) -> str:
        hours, minutes = divmod(abs(seconds) // 60, 60)
        return f"{'-' if seconds < 0 else '+'}{hours:02d}{between}{minutes:02d}"

    return _table_part(offsets, text)


def _table_part(values: Integers, text: Callable[[int], str]) -> TextPart:
    """Numbers that are few, or close to one another, each with its text."""
    if not len(values):
        return ""
    least, most = int(values.min()), int(values.max())
    if least == most:
        return text(least)
    if most - least < _WIDEST and most - least < len(values):
        return PooledTexts(TextPool(tuple(map(text, range(least, most + 1)))), values - least)
    found, codes = np.unique(values, return_inverse=True)
    return PooledTexts(TextPool(tuple(map(text, found.tolist()))), codes.astype(np.int64))


@lru_cache(maxsize=32)
def _minutes(form: str) -> TextPool:
    midnight = _EPOCH
    texts = (
        encode_instant(midnight + timedelta(minutes=minute), "formatted-time", _UTC, formats=(form,))
        for minute in range(1440)
    )
    return TextPool(tuple(map(str, texts)))


@lru_cache(maxsize=1)
def _seconds() -> TextPool:
    return pool_of_texts(*(f"{second:02d}" for second in range(60)))


@lru_cache(maxsize=1)
def _thousandths() -> TextPool:
    return TextPool(tuple(f"{part:03d}" for part in range(1000)))


@lru_cache(maxsize=1)
def _fractions() -> TextPool:
    return TextPool(("", *(f".{part:03d}" for part in range(1, 1000))))


@lru_cache(maxsize=4)
def _parts_of_minute(between: str | None) -> TextPool:
    """Each second of a minute with each thousandth, with a text between them, or as a fraction without one."""
    ends = _fractions().texts if between is None else [between + end for end in _thousandths().texts]
    return TextPool(tuple(second + end for second in _seconds().texts for end in ends))


# --- zones --------------------------------------------------------------------------------------------------


def _minutes_only(offsets: Integers) -> Integers:
    return offsets // 60 * 60


def _zone_offsets(millis: Integers, zone: ZoneInfo) -> Integers:
    """The offset of a zone at each instant, in seconds."""
    if zone.key in ("UTC", "Etc/UTC") or not len(millis):
        return np.zeros(len(millis), dtype=np.int64)
    hours, codes = np.unique(millis // _HOUR_MS, return_inverse=True)
    first = [_offset_at(hour * _HOUR_MS, zone) for hour in hours.tolist()]
    last = [_offset_at(hour * _HOUR_MS + _HOUR_MS - 1, zone) for hour in hours.tolist()]
    offsets = np.asarray(first, dtype=np.int64)[codes]
    # The clocks may be changed within an hour of UTC.
    split = np.asarray([one != other for one, other in zip(first, last, strict=True)])[codes]
    for row in np.flatnonzero(split).tolist():
        offsets[row] = _offset_at(int(millis[row]), zone)
    return offsets


def _offset_at(millis: int, zone: ZoneInfo) -> int:
    offset = (_EPOCH + timedelta(milliseconds=millis)).astimezone(zone).utcoffset() or timedelta()
    return offset // timedelta(seconds=1)
