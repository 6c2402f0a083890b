"""The codec of time zones in a request: by name, by the offset from UTC, or by a number of hours.

Beyond the request a zone has one name, whatever its form: that of the IANA database, or an offset such as `+05:30`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from harness.integers import is_integer
from harness.specification.model import TimeZoneRule, ZoneForm
from harness.wire.decoded_body import Tree, printable_text
from harness.wire.scalar_codecs import DecodeError, offset_minutes, zone_named

_HOURS: Final = re.compile(r"[+-]?[0-9]{1,2}(?:\.[0-9]{1,2})?")
_EXPECTED: Final = {
    "name": "the name of a time zone",
    "offset": "an offset from UTC, such as +05:30",
    "hours": "a number of hours from UTC",
}
# Far apart, and without summer time, so that no local time is there twice; the first two not in whole hours.
_FAR_APART: Final = {
    "name": ("Asia/Kolkata", "America/Phoenix"),
    "offset": ("+05:30", "-07:00"),
    "hours": ("+05:00", "-07:00"),
}


def read_zone(rule: TimeZoneRule, raw: Tree) -> str:
    """The name of the zone that a value names in one of its forms. Raises DecodeError."""
    for form in rule.written:
        name = _name_in(form, raw)
        if name is not None:
            return name
    raise DecodeError(" or ".join(_EXPECTED[form] for form in rule.written), printable_text(raw))


def _name_in(form: ZoneForm, raw: Tree) -> str | None:
    if form == "hours":
        number = raw if is_integer(raw) or isinstance(raw, Decimal) else None
        if isinstance(raw, str) and _HOURS.fullmatch(raw):
            number = Decimal(raw)
        return None if number is None else _offset_of(Decimal(number) * 60)
    if not isinstance(raw, str) or (offset_minutes(raw) is not None) != (form == "offset"):
        return None
    try:
        return zone_named(raw).key
    except DecodeError:
        return None


def _offset_of(minutes: Decimal) -> str | None:
    """The offset of so many minutes; None where no zone has it."""
    if minutes % 15 or not -12 * 60 <= minutes <= 14 * 60:
        return None
    hours, rest = divmod(abs(int(minutes)), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"


def write_zone(rule: TimeZoneRule, name: str, *, as_number: bool) -> Tree:
    """The value by which a request names one of `zones_to_compare`: a text, or a number of hours in a JSON body."""
    minutes = offset_minutes(name)
    if rule.written[0] != "hours" or minutes is None:
        return name
    hours = minutes // 60
    return hours if as_number else str(hours)


def zones_to_compare(rule: TimeZoneRule) -> tuple[str, str]:
    """Two zones far apart that a request can name."""
    first, second = _FAR_APART[rule.written[0]]
    return first, second
