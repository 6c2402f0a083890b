"""Values in another form than the promised one, as far as it is beyond doubt what they say.

Every function takes what stood in the answer and gives what it says, or None where that is open. None of them raises,
and all are bounded: a longer text or number is not read.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Final

from harness.integers import is_integer
from harness.wire.decoded_body import Tree
from harness.wire.json_body import Missing

_LONGEST: Final = 64
_MOST_BITS: Final = 256
# Blanks, apostrophes and underscores part thousands only; a lone comma or dot may as well begin the fraction.
_GROUPED: Final = re.compile(
    r"[+-]?[0-9]{1,3}(?:(?:[ \u00a0\u202f'_][0-9]{3})+|(?:,[0-9]{3}){2,}|(?:\.[0-9]{3}){2,})", re.ASCII
)
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{0,18})?")
_COMMA_NUMBER: Final = re.compile(r"[+-]?(?:0,[0-9]{1,18}|[0-9]{1,18},(?:[0-9]{1,2}|[0-9]{4,18}))")
_THOUSANDS_OR_FRACTION: Final = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")
_CLOCK: Final = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?"
_ZONE: Final = r" ?(?P<zone>[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?"
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIMES: Final = (
    re.compile(rf"(?P<year>[0-9]{{4}})([-/])(?P<month>[0-9]{{2}})\2(?P<day>[0-9]{{2}})[Tt ]{_CLOCK}{_ZONE}"),
    re.compile(
        r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})[Tt]?"
        rf"(?P<hour>[0-9]{{2}})(?P<minute>[0-9]{{2}})(?P<second>[0-9]{{2}}){_ZONE}"
    ),
    re.compile(
        rf"(?:[A-Za-z]{{3}}, ?)?(?P<day>[0-9]{{1,2}}) (?P<month>[A-Za-z]{{3}}) (?P<year>[0-9]{{4}}) {_CLOCK}{_ZONE}"
    ),
)
_NO_TIME: Final = re.compile(r"(?:0000-00-00|0001-01-01)(?:[T ]00:00:00(?:\.0+)?)?(?:Z|[+-]00:?00)?")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds and milliseconds are told apart by their size: these are the years 1973 to 5138, and milliseconds to 2286.
_LEAST_SECONDS, _LEAST_MILLISECONDS, _MILLISECONDS_END = 10**8, 10**11, 10**13
_FLAGS: Final = {
    **dict.fromkeys(("1", "true", "yes", "y", "on"), True),
    **dict.fromkeys(("0", "false", "no", "n", "off"), False),
}


def says_nothing(raw: Tree | Missing) -> bool:
    """Whether this is a way to write that there is no value: absent, null, an empty text, list or object."""
    return isinstance(raw, Missing) or raw is None or (isinstance(raw, str | list | dict) and not raw)


def says_no_time(raw: Tree) -> bool:
    """Whether this is one of the ways to write that there is no instant: nothing, zero, or the zero of a calendar."""
    if isinstance(raw, str):
        text = raw[: _LONGEST + 1].strip()
        return text in ("", "0") or _NO_TIME.fullmatch(text) is not None
    return says_nothing(raw) or (not isinstance(raw, bool) and raw == 0)


def number_said(raw: Tree | Missing) -> Decimal | None:
    """The number that a number or a text says; a separator counts only where it has one meaning."""
    if is_integer(raw):
        return Decimal(raw) if raw.bit_length() <= _MOST_BITS else None
    if isinstance(raw, Decimal):
        return raw if raw.is_finite() and -_LONGEST < raw.adjusted() < _LONGEST else None
    if not isinstance(raw, str) or len(raw) > _LONGEST:
        return None
    text = raw.strip()
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    if _GROUPED.fullmatch(text):
        return Decimal(re.sub(r"[^0-9+-]", "", text))
    return Decimal(text.replace(",", ".")) if _COMMA_NUMBER.fullmatch(text) else None


def integer_said(raw: Tree | Missing) -> int | None:
    """The whole number that a number or a text says, such as 3.0 or "3"; "3.000" may as well be three thousand."""
    number = number_said(raw)
    if isinstance(raw, str) and _THOUSANDS_OR_FRACTION.fullmatch(raw.strip()):
        return None
    return int(number) if number is not None and number == number.to_integral_value() else None


def flag_said(raw: Tree) -> bool | None:
    """True or false, told as a word or as 1 or 0."""
    number = integer_said(raw) if not isinstance(raw, str) else None
    text = str(number) if number is not None else raw
    return _FLAGS.get(text.strip().lower()) if isinstance(text, str) and len(text) <= _LONGEST else None


def text_said(raw: Tree) -> str | None:
    """The text that a number stands for; a whole number without its fraction."""
    if isinstance(raw, str):
        return raw
    number = number_said(raw)
    if number is None:
        return None
    return str(int(number)) if number == number.to_integral_value() else format(number, "f")


def texts_said(raw: Tree) -> tuple[str, ...] | None:
    """A list of texts told as one bare value, or with numbers or nothing among its elements."""
    items = [item for item in raw if item is not None] if isinstance(raw, list) else [raw]
    texts = [text_said(item) for item in items]
    return None if None in texts else tuple(text for text in texts if text)


def word_said(raw: Tree, known: frozenset[str]) -> str | None:
    """The one of the known words that this is but for letter case and blanks around it."""
    text = text_said(raw)
    if text is None or len(text) > _LONGEST + max(map(len, known), default=0):
        return None
    wanted = text.strip().casefold()
    alike = [word for word in known if word.casefold() == wanted]
    return alike[0] if len(alike) == 1 else None


def epoch_said(raw: Tree) -> datetime | None:
    """The instant, in UTC, of seconds or milliseconds since 1970 where such a number is promised."""
    number = number_said(raw)
    if number is None or abs(number) >= _MILLISECONDS_END * 10:
        return None
    return _instant_after_epoch(number / 1000 if abs(number) >= _LEAST_MILLISECONDS else number)


def instant_said(raw: Tree, zone: tzinfo) -> datetime | None:
    """The instant, in UTC, of a legible date and time; without a zone it is that of the wall clock of `zone`.

    A bare number counts when it is seconds since 1970 of the years 1973 to 5138, or milliseconds of those to 2286.
    """
    text = raw.strip() if isinstance(raw, str) and len(raw) <= _LONGEST else ""
    for pattern in _TIMES:
        match = pattern.fullmatch(text)
        if match is not None:
            return _instant_of_parts(match.groupdict(), zone)
    number = Decimal(text) if _NUMBER.fullmatch(text) else None if isinstance(raw, str) else number_said(raw)
    if number is None or not _LEAST_SECONDS <= number < _MILLISECONDS_END:
        return None
    return epoch_said(number)


def day_said(raw: Tree) -> date | None:
    """The calendar day of a legible date, also where a time of day stands beside it."""
    text = raw.strip()[:10] if isinstance(raw, str) and len(raw) <= _LONGEST else ""
    found = instant_said(f"{text} 00:00:00", UTC)
    return found.date() if found is not None else None


def local_instant_said(raw: Tree, zone: tzinfo) -> datetime | None:
    """As `instant_said`, where the wall clock of a zone is promised.

    A Z behind it may be a habit of the writer and not meant: it counts where both readings are one instant.
    """
    found = instant_said(raw, zone)
    text = raw.strip() if isinstance(raw, str) and len(raw) <= _LONGEST else ""
    bare = re.sub(r" ?(?:[Zz]|UTC|GMT)\Z", "", text)
    return found if bare == text or instant_said(bare, zone) == found else None


def _instant_after_epoch(seconds: Decimal) -> datetime | None:
    try:
        return _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))
    except OverflowError:
        return None


def _instant_of_parts(parts: dict[str, str | None], zone: tzinfo) -> datetime | None:
    named = (parts["month"] or "").lower()
    month = _MONTHS.index(named) + 1 if named in _MONTHS else int(named) if named.isdigit() else 0
    year, day, hour, minute, second = (int(parts[name] or 0) for name in ("year", "day", "hour", "minute", "second"))
    micros = int(f"{parts.get('fraction') or '':0<6}"[:6])
    try:
        place = _zone_of_offset(parts["zone"], zone)
        return datetime(year, month, day, hour, minute, second, micros, tzinfo=place).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone_of_offset(text: str | None, zone: tzinfo) -> tzinfo:
    if not text:
        return zone
    if text[0] not in "+-":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:].lstrip(":") or 0))
    return timezone(-offset if text[0] == "-" else offset)
