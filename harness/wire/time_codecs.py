"""Instants on the wire, in each way that an API may write them; rows and parameters share them.

| codec | written as |
|---|---|
| epoch-seconds, epoch-milliseconds | a number since 1970 |
| local-time | the wall clock, `2026-03-11 10:30:05` |
| iso-local | the wall clock, `2026-03-11T10:30:05` |
| offset-time | the wall clock and its offset, `2026-03-11 10:30:05+01:00` |
| rfc2822 | `Wed, 11 Mar 2026 10:30:05 +0100` |
| rfc3339 | `2026-03-11T09:30:05Z` |
| formatted-time | by a format of the spec, such as `%d/%m/%Y %H:%M` |

The wall clock is that of the zone of the answer. A decoder is strict, and raises only DecodeError.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from harness.integers import is_integer
from harness.specification.value_forms import MONTHS, WEEKDAYS, format_parts, has_offset
from harness.wire import scalar_codecs as scalars
from harness.wire.decoded_body import Tree, printable_text
from harness.wire.scalar_codecs import DecodeError

EPOCH_CODECS: Final = frozenset({"epoch-seconds", "epoch-milliseconds"})
TIME_CODECS: Final = frozenset(
    {*EPOCH_CODECS, "local-time", "iso-local", "offset-time", "rfc2822", "rfc3339", "formatted-time"}
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_OFFSET_TIME: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2})([+-][0-9]{2}:[0-9]{2})")
_ISO_LOCAL: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})")
_RFC2822: Final = "%a, %d %b %Y %H:%M:%S %z"
_PATTERNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "%Y": r"(?P<Y>[0-9]{4})",
        "%y": r"(?P<y>[0-9]{2})",
        "%m": r"(?P<m>[0-9]{2})",
        "%d": r"(?P<d>[0-9]{2})",
        "%b": rf"(?P<b>{'|'.join(MONTHS)})",
        "%a": rf"(?P<a>{'|'.join(WEEKDAYS)})",
        "%H": r"(?P<H>[0-9]{2})",
        "%I": r"(?P<I>[0-9]{2})",
        "%p": r"(?P<p>AM|PM)",
        "%M": r"(?P<M>[0-9]{2})",
        "%S": r"(?P<S>[0-9]{2})",
        "%L": r"(?P<L>[0-9]{3})",
        "%f": r"(?P<f>[0-9]{6})",
        "%z": r"(?P<z>[+-][0-9]{4})",
        "%:z": r"(?P<z>[+-][0-9]{2}:[0-9]{2})",
        "%%": "%",
    }
)


def is_wall_clock(codec: str, formats: tuple[str, ...] = ()) -> bool:
    """Whether a time is written without its offset, so that the zone must be known to read it."""
    return codec in ("local-time", "iso-local") or (codec == "formatted-time" and not all(map(has_offset, formats)))


def time_step(codec: str, formats: tuple[str, ...] = ()) -> timedelta:
    """The precision of a way to write instants: what is finer is cut off. Of several formats the first is written."""
    if codec == "rfc3339":
        return timedelta(microseconds=1)
    if codec == "epoch-milliseconds":
        return timedelta(milliseconds=1)
    if codec != "formatted-time":
        return _SECOND
    parts = format_parts(formats[0])
    if "%f" in parts:
        return timedelta(microseconds=1)
    if "%L" in parts:
        return timedelta(milliseconds=1)
    return _SECOND if "%S" in parts else timedelta(minutes=1)


def cut_instant(instant: datetime, codec: str, formats: tuple[str, ...] = ()) -> datetime:
    """The instant as far as it can be written so."""
    if codec == "rfc3339":
        return instant
    if codec not in ("formatted-time", "epoch-milliseconds"):
        return instant.replace(microsecond=0)
    return instant - (instant - _EPOCH) % time_step(codec, formats)


def encode_instant(instant: datetime, codec: str, zone: ZoneInfo, *, formats: tuple[str, ...] = ()) -> str | int:
    """The instant as the codec writes it: a number for those since 1970, else a text."""
    match codec:
        case "epoch-seconds":
            return scalars.encode_epoch(instant)
        case "epoch-milliseconds":
            return (instant - _EPOCH) // timedelta(milliseconds=1)
        case "rfc3339":
            return scalars.encode_rfc3339(instant, places=3 if instant.microsecond else 0)
        case "local-time":
            return scalars.encode_local(instant, zone)
        case "iso-local":
            return scalars.encode_local(instant, zone).replace(" ", "T")
        case "offset-time":
            return scalars.encode_rfc3339(instant, zone=zone).replace("T", " ")
        case "rfc2822":
            return _encode_formatted(instant, _RFC2822, zone)
        case _:
            return _encode_formatted(instant, formats[0], zone)


def decode_instant(raw: Tree, codec: str, zone: ZoneInfo, *, formats: tuple[str, ...] = ()) -> datetime:
    """The instant, in UTC, that the codec's number or text names. Raises DecodeError."""
    if codec in EPOCH_CODECS:
        return _decode_epoch(raw, codec)
    if not isinstance(raw, str):
        raise DecodeError("a text", printable_text(raw))
    match codec:
        case "rfc3339":
            return scalars.decode_rfc3339(raw)
        case "local-time":
            return scalars.decode_local(raw, zone)
        case "iso-local":
            match = _ISO_LOCAL.fullmatch(raw)
            if match is None:
                raise DecodeError("a date and time YYYY-MM-DDTHH:MM:SS", printable_text(raw))
            return scalars.decode_local(f"{match[1]} {match[2]}", zone)
        case "offset-time":
            match = _OFFSET_TIME.fullmatch(raw)
            if match is None:
                raise DecodeError("a date, time and offset YYYY-MM-DD HH:MM:SS+HH:MM", printable_text(raw))
            return scalars.decode_rfc3339(f"{match[1]}T{match[2]}{match[3]}")
        case "rfc2822":
            return _decode_formatted(raw, (_RFC2822,), zone, expected="an RFC 2822 date and time")
        case _:
            return _decode_formatted(raw, formats, zone, expected=f"a time of the form {' or '.join(formats)}")


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day of an instant, by the wall clock of a zone."""
    return instant.astimezone(zone).date()


def encode_day(day: date) -> str:
    """A calendar day as YYYY-MM-DD."""
    return f"{day.year:04d}-{day.month:02d}-{day.day:02d}"


def decode_day(raw: Tree) -> date:
    """The calendar day that YYYY-MM-DD names, years 1 to 9999. Raises DecodeError."""
    if isinstance(raw, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", raw):
        try:
            return date(int(raw[:4]), int(raw[5:7]), int(raw[8:]))
        except ValueError:
            pass
    raise DecodeError("a date YYYY-MM-DD", printable_text(raw))


def _decode_epoch(raw: Tree, codec: str) -> datetime:
    if not is_integer(raw):
        raise DecodeError("an integer", printable_text(raw))
    if codec == "epoch-seconds":
        return scalars.decode_epoch(raw)
    return scalars.decode_epoch(raw // 1000) + timedelta(milliseconds=raw % 1000)


def _encode_formatted(instant: datetime, form: str, zone: ZoneInfo) -> str:
    # Local mean times have seconds in their offset, which no format can say: the instant stays exact.
    offset = (instant.astimezone(zone).utcoffset() or timedelta()) // timedelta(minutes=1)
    local = instant.astimezone(timezone(timedelta(minutes=offset)) if has_offset(form) else zone)
    hours, minutes = divmod(abs(offset), 60)
    sign = "-" if offset < 0 else "+"
    told = {
        "%Y": f"{local.year:04d}",
        "%y": f"{local.year % 100:02d}",
        "%m": f"{local.month:02d}",
        "%d": f"{local.day:02d}",
        "%b": MONTHS[local.month - 1],
        "%a": WEEKDAYS[local.weekday()],
        "%H": f"{local.hour:02d}",
        "%I": f"{local.hour % 12 or 12:02d}",
        "%p": "PM" if local.hour >= 12 else "AM",
        "%M": f"{local.minute:02d}",
        "%S": f"{local.second:02d}",
        "%L": f"{local.microsecond // 1000:03d}",
        "%f": f"{local.microsecond:06d}",
        "%z": f"{sign}{hours:02d}{minutes:02d}",
        "%:z": f"{sign}{hours:02d}:{minutes:02d}",
        "%%": "%",
    }
    return "".join(told.get(part, part) for part in format_parts(form))


def _decode_formatted(text: str, formats: tuple[str, ...], zone: ZoneInfo, *, expected: str) -> datetime:
    for form in formats:
        pattern = "".join(_PATTERNS.get(part, re.escape(part)) for part in format_parts(form))
        match = re.fullmatch(pattern, text)
        if match is not None:
            try:
                return _instant_of_parts(match.groupdict(), zone)
            except (ValueError, OverflowError):
                continue
    raise DecodeError(expected, printable_text(text))


def _instant_of_parts(told: Mapping[str, str], zone: ZoneInfo) -> datetime:
    """The instant of the parts that a format told, by their letters. Raises ValueError or OverflowError."""
    year = int(told["Y"]) if "Y" in told else 2000 + int(told["y"])
    month = MONTHS.index(told["b"]) + 1 if "b" in told else int(told["m"])
    hour = int(told["H"]) if "H" in told else _hour_of_twelve(int(told["I"]), told["p"])
    micros = int(told["f"]) if "f" in told else int(told.get("L", "0")) * 1000
    local = datetime(year, month, int(told["d"]), hour, int(told["M"]), int(told.get("S", "0")), micros)
    if "a" in told and WEEKDAYS[local.weekday()] != told["a"]:
        raise ValueError("another day of the week")
    if "z" not in told:
        return local.replace(tzinfo=zone).astimezone(UTC)
    minutes = int(told["z"][1:3]) * 60 + int(told["z"][-2:])
    offset = timedelta(minutes=-minutes if told["z"][0] == "-" else minutes)
    return local.replace(tzinfo=timezone(offset)).astimezone(UTC)


def _hour_of_twelve(hour: int, half: str) -> int:
    if not 1 <= hour <= 12:
        raise ValueError("no hour of twelve")
    return hour % 12 + (12 if half == "PM" else 0)
