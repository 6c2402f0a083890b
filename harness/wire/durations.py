"""Durations on the wire as a clock shows them, such as 01:02:05, or as one number: 89s; shown as whole seconds."""

from __future__ import annotations

import re
from typing import Final

from harness.specification.value_forms import format_parts
from harness.wire.decoded_body import Tree, printable_text
from harness.wire.scalar_codecs import DecodeError

_SECONDS: Final = {"%H": 3600, "%M": 60, "%S": 1}


def shown_duration(seconds: float, formats: tuple[str, ...]) -> int:
    """The seconds that the first format can tell: whole ones, or those of whole minutes."""
    whole = int(seconds)
    return whole if "%S" in format_parts(formats[0]) else whole // 60 * 60


def encode_duration(seconds: int, formats: tuple[str, ...]) -> str:
    """Seconds in the first format; its first part counts on beyond its usual end."""
    text, rest = "", seconds
    parts = format_parts(formats[0])
    least = 2 if len(_units(parts)) > 1 else 1
    for part in parts:
        if part in _SECONDS:
            number, rest = divmod(rest, _SECONDS[part])
            part = f"{number:0{least}d}"
        text += part
    return text


def decode_duration(raw: Tree, formats: tuple[str, ...]) -> int:
    """The seconds that a text tells in one of the formats. Raises DecodeError."""
    for form in formats:
        parts = format_parts(form)
        units = _units(parts)
        pattern = "".join(_pattern_of(part, first=part == units[0], alone=len(units) == 1) for part in parts)
        match = re.fullmatch(pattern, raw, re.ASCII) if isinstance(raw, str) else None
        if match is not None:
            return sum(int(number) * _SECONDS[unit] for number, unit in zip(match.groups(), units, strict=True))
    raise DecodeError(f"a duration of the form {' or '.join(formats)}", printable_text(raw))


def _units(parts: tuple[str, ...]) -> list[str]:
    return [part for part in parts if part in _SECONDS]


def _pattern_of(part: str, *, first: bool, alone: bool) -> str:
    if part not in _SECONDS:
        return re.escape(part)
    if alone:
        return "([0-9]{1,9})"
    return "([0-9]{2,9})" if first else "([0-5][0-9])"
