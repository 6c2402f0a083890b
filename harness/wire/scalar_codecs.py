"""Single values on the wire; a decoder is strict, and raises only DecodeError.

Text is ASCII wherever a number or a time is meant: no other digits, no spaces, no underscores, no final newline.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache
from io import BytesIO
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from harness.integers import is_integer
from harness.wire.decoded_body import printable_text

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DIGITS: Final = re.compile(r"[0-9]+")
_SECONDS: Final = re.compile(r"(?:0|[1-9][0-9]{0,17})(?:\.([0-9]{1,18}))?")
_LOCAL_TIME: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})")
_RFC3339: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,64}))?(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
_OFFSET: Final = re.compile(r"([+-])([01][0-9]):([0-5][0-9])")
_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,3}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_INTEGER: Final = 2**63 - 1
_FIRST_EPOCH: Final = -62_135_596_800
_LAST_EPOCH: Final = 253_402_300_799
# Wide enough for every value that the patterns admit; the caller's decimal context plays no part.
_EXACT: Final = Context(prec=80)


@dataclass(eq=False)
class DecodeError(ValueError):
    """A value on the wire is not what was promised; `actual` is visible ASCII, whatever was sent."""

    expected: str
    actual: str

    def __str__(self) -> str:
        return f"expected {self.expected}, got {self.actual}"


def decode_integer(text: str, *, digits: int = 19, signed: bool = True) -> int:
    """An integer of 64 bits without leading zeros, of at most so many digits."""
    negative = text.startswith("-") if isinstance(text, str) else False
    if _matches(_INTEGER, text, digits + negative) and (signed or not negative) and text != "-0":
        number = int(text)
        if abs(number) <= _LARGEST_INTEGER:
            return number
    sign = "an integer" if signed else "an integer without a sign"
    raise DecodeError(f"{sign} of at most {digits} digits", printable_text(text))


def decode_digits(text: str, *, longest: int = 64) -> str:
    """One to `longest` digits, as they stand."""
    if _matches(_DIGITS, text, longest):
        return text
    raise DecodeError(f"1 to {longest} digits", printable_text(text))


def encode_seconds(value: Decimal, *, places: int) -> str:
    """Seconds with exactly `places` digits after the point, halves rounded up."""
    return _plain_digits(_round_seconds(value, places))


def decode_seconds(text: str, *, places: int | None = None) -> Decimal:
    """Seconds such as 0.749, with exactly `places` digits after the point when they are given."""
    match = _SECONDS.fullmatch(text) if isinstance(text, str) else None
    if match is not None and (places is None or len(match.group(1) or "") == places):
        return Decimal(text)
    exactly = "" if places is None else f" with {places} digits after the point"
    raise DecodeError(f"seconds{exactly}", printable_text(text))


def encode_decimal(value: Decimal, *, places: int) -> str:
    """A number with exactly `places` digits after the point, halves rounded up and away from 0."""
    text = _plain_digits(_round_seconds(abs(value), places))
    return f"-{text}" if value < 0 and text.strip("0.") else text


def decode_decimal(text: str) -> Decimal:
    """A number such as -0.0300, of at most 18 digits before the point and 18 after it."""
    digits = text.removeprefix("-") if isinstance(text, str) else ""
    if _SECONDS.fullmatch(digits) is None:
        raise DecodeError("a number such as 12.0300", printable_text(text))
    return -Decimal(digits) if text.startswith("-") else Decimal(digits)


def encode_epoch(instant: datetime) -> int:
    """The whole seconds since 1970-01-01T00:00:00Z; a fraction is cut off."""
    return _time_since_epoch(instant) // timedelta(seconds=1)


def decode_epoch(value: int) -> datetime:
    """The instant so many seconds after 1970-01-01T00:00:00Z, in UTC, years 1 to 9999."""
    if is_integer(value) and _FIRST_EPOCH <= value <= _LAST_EPOCH:
        return _EPOCH + timedelta(seconds=value)
    raise DecodeError("seconds since 1970 within the years 1 to 9999", _describe_value(value))


def encode_local(instant: datetime, zone: ZoneInfo) -> str:
    """The wall clock of a zone as YYYY-MM-DD HH:MM:SS; a fraction is cut off."""
    local = _in_zone(instant, zone)
    return f"{local.year:04d}-{local:%m-%d %H:%M:%S}"


def decode_local(text: str, zone: ZoneInfo, *, fold: int = 0) -> datetime:
    """The instant, in UTC, when the wall clock of a zone shows the text.

    Of two such instants `fold` chooses the first (0) or the second (1). A time that the clocks skip is
    read by the offset before the jump (0) or after it (1).
    """
    expected = "a date and time YYYY-MM-DD HH:MM:SS of the years 1 to 9999"
    match = _LOCAL_TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise DecodeError(expected, printable_text(text))
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone, fold=fold).astimezone(UTC)
    except (ValueError, OverflowError):
        raise DecodeError(expected, printable_text(text)) from None


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which a calendar day begins in a zone.

    Where the clocks skip midnight the day begins with the jump. The ends of the calendar are cut at the years 1 and
    9999 of UTC.
    """
    try:
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return datetime(day.year, day.month, day.day, tzinfo=UTC)


def encode_rfc3339(instant: datetime, *, zone: ZoneInfo | None = None, places: int = 0) -> str:
    """An RFC 3339 time with `places` digits of a second, cut and not rounded; without a zone in UTC as Z."""
    if zone is None:
        local = _in_zone(instant, UTC)
        suffix = "Z"
    else:
        offset = _in_zone(instant, zone).utcoffset() or timedelta()
        # Local mean times have seconds in their offset, which RFC 3339 cannot say: the instant stays exact.
        minutes = offset // timedelta(minutes=1)
        local = _in_zone(instant, timezone(timedelta(minutes=minutes)))
        hours, rest = divmod(abs(minutes), 60)
        suffix = f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
    fraction = f".{local.microsecond:06d}{'0' * (places - 6)}"[: places + 1] if places else ""
    return f"{local.year:04d}-{local:%m-%dT%H:%M:%S}{fraction}{suffix}"


def decode_rfc3339(text: str) -> datetime:
    """The instant, in UTC, that an RFC 3339 time with an offset names, cut to microseconds."""
    expected = "an RFC 3339 time with an offset, of the years 1 to 9999"
    match = _RFC3339.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise DecodeError(expected, printable_text(text))
    year, month, day, hour, minute, second = (int(part) for part in match.group(1, 2, 3, 4, 5, 6))
    fraction, sign, hours, minutes = match.group(7, 8, 9, 10)
    micros = int(f"{fraction:0<6}"[:6]) if fraction else 0
    try:
        instant = datetime(year, month, day, hour, minute, second, micros, tzinfo=UTC)
        if sign is None:
            return instant
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return instant + offset if sign == "-" else instant - offset
    except (ValueError, OverflowError):
        raise DecodeError(expected, printable_text(text)) from None


def offset_minutes(name: str) -> int | None:
    """The minutes east of UTC of an offset such as `+05:30`, from -12:00 to +14:00; None for another text."""
    match = _OFFSET.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    minutes = -minutes if match[1] == "-" else minutes
    return minutes if -12 * 60 <= minutes <= 14 * 60 else None


@lru_cache(maxsize=128)
def _zone_of_offset(name: str, minutes: int) -> ZoneInfo:
    """A zone without summer time, by a file of the database's format with one local time and no changes."""
    head = b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    return ZoneInfo.from_file(BytesIO(head + struct.pack(">lbb", minutes * 60, 0, 0) + b"LMT\0"), key=name)


def zone_named(name: str) -> ZoneInfo:
    """The time zone of a name in the IANA database, or of an offset such as `+05:30`.

    Never of a file elsewhere, never this machine's own zone.
    """
    expected = "the name of a time zone, such as Europe/Berlin or Etc/UTC"
    minutes = offset_minutes(name)
    if minutes is not None:
        return _zone_of_offset(name, minutes)
    # The two families and the two names are files of one machine, or count leap seconds.
    other = name.startswith(("right/", "posix/")) if isinstance(name, str) else True
    if other or not _matches(_ZONE, name, 64) or name in ("localtime", "posixrules"):
        raise DecodeError(expected, _describe_value(name))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DecodeError(expected, printable_text(name)) from None


def _matches(pattern: re.Pattern[str], text: str, longest: int) -> bool:
    return isinstance(text, str) and len(text) <= longest and pattern.fullmatch(text) is not None


def _describe_value(value: object) -> str:
    if isinstance(value, str):
        return f"the text {printable_text(value)}"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else printable_text(value)


def _plain_digits(value: Decimal) -> str:
    """The number without an exponent, which `str` writes for a 0 with many digits."""
    return format(value, "f")


def _round_seconds(value: Decimal, places: int) -> Decimal:
    try:
        rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _EXACT)
    except InvalidOperation:
        raise DecodeError("seconds of at most 18 digits", printable_text(value)) from None
    if not rounded.is_finite() or rounded < 0 or rounded.adjusted() >= 18:
        raise DecodeError("seconds of at most 18 digits, not negative", printable_text(value))
    return rounded.copy_abs()


def _time_since_epoch(instant: datetime) -> timedelta:
    return _in_zone(instant, UTC) - _EPOCH


def _in_zone(instant: datetime, zone: ZoneInfo | timezone) -> datetime:
    if instant.tzinfo is None:
        raise DecodeError("an instant with a zone", instant.isoformat())
    try:
        return instant.astimezone(zone)
    except OverflowError:
        raise DecodeError("an instant whose local time has a year from 1 to 9999", instant.isoformat()) from None
