"""The codec of parameter values, between the raw value in a request and its meaning."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from harness.integers import is_integer
from harness.specification.model import Parameter
from harness.wire import scalar_codecs as scalars
from harness.wire.decoded_body import Tree
from harness.wire.durations import decode_duration, encode_duration
from harness.wire.json_body import decode_json, encode_json
from harness.wire.scalar_codecs import DecodeError
from harness.wire.text_values import looks_like
from harness.wire.time_codecs import EPOCH_CODECS, TIME_CODECS, decode_day, decode_instant, encode_day, encode_instant

ParameterValue: TypeAlias = "str | int | bool | Decimal | datetime | date | tuple[str | int, ...]"

_NO_INSTANTS: Final = frozenset(
    {
        "text",
        "integer",
        "digits",
        "decimal",
        "decimal-text",
        "flag",
        "presence",
        "word",
        "calendar-day",
        "formatted-duration",
    }
)


class OutOfRange(DecodeError):
    """A value that is readable but larger, or a list longer, than the parameter allows."""


def is_blank(raw: Tree) -> bool:
    """Whether a given value is empty: no text, no elements, or null."""
    return raw is None or raw == "" or raw == []


def is_blank_value(parameter: Parameter, raw: Tree) -> bool:
    """Whether a given value of a parameter is empty; being there is all that one `as: presence` says."""
    return parameter.as_ != "presence" and is_blank(raw)


def takes_list(parameter: Parameter) -> bool:
    """Whether a parameter takes several values of which a row must match any."""
    return (is_list(parameter) and parameter.elements == "any") or parameter.repeated == "any"


def is_list(parameter: Parameter) -> bool:
    """Whether one value of a parameter holds several elements."""
    return parameter.as_ in ("list", "json-list")


def must_match_all(parameter: Parameter) -> bool:
    """Whether a parameter takes several values of which a row must match each."""
    return parameter.repeated == "all" or (is_list(parameter) and parameter.elements == "all")


def takes_instants(parameter: Parameter) -> bool:
    """Whether the values of a parameter are instants."""
    return element_codec(parameter) not in _NO_INSTANTS


def element_codec(parameter: Parameter) -> str:
    """How one of the values of a parameter is written, be it the only one or one of several."""
    return parameter.of if is_list(parameter) else parameter.as_


def decode_parameter(parameter: Parameter, raw: Tree, *, zone: ZoneInfo, in_json: bool) -> ParameterValue:
    """The value of `raw`. Raises DecodeError when it cannot be read or is below `least`, OutOfRange above `most`.

    Several values of a repeated parameter come as a list of raw values, and always become a tuple.
    """
    if parameter.repeated is not None:
        given = [one for one in (raw if isinstance(raw, list) else [raw]) if not is_blank(one)]
        once = replace(parameter, repeated=None)
        values = (decode_parameter(once, one, zone=zone, in_json=in_json) for one in given)
        return tuple(value for value in values if isinstance(value, str | int))
    match parameter.as_:
        case "text" if parameter.number == "bare":
            return f"+{_decode_text(raw, parameter.pattern).removeprefix('+')}"
        case "text" | "word":
            return _decode_text(raw, parameter.pattern)
        case "integer":
            if isinstance(raw, str) and raw in parameter.number_words:
                return _number_of_word(parameter, raw)
            whole = _without_zeros(raw) if parameter.lenient else raw
            return _check_bounds(parameter, _decode_integer(whole, lenient=not in_json or parameter.lenient))
        case "digits":
            return _check_bounds(parameter, _decode_digits(raw, lenient=parameter.lenient))
        case "flag":
            return _decode_flag(parameter, raw)
        case "decimal":
            return _decode_decimal(raw, lenient=not in_json or parameter.lenient)
        case "presence":
            return True
        case "formatted-duration":
            return decode_duration(raw, parameter.format)
        case "calendar-day":
            return _decode_day_or_instant(parameter, raw, zone)
        case "list":
            return _decode_items(parameter, _split_elements(parameter, raw), in_json=in_json)
        case "json-list":
            return _decode_items(parameter, _decode_json_elements(raw), in_json=True)
        case _:
            numbered = parameter.as_ in EPOCH_CODECS and isinstance(raw, str) and (not in_json or parameter.lenient)
            value = scalars.decode_integer(raw) if numbered and isinstance(raw, str) else raw
            return decode_instant(value, parameter.as_, zone, formats=parameter.format)


def _decode_day_or_instant(parameter: Parameter, raw: Tree, zone: ZoneInfo) -> date:
    """A day; or, where the parameter has formats, an instant in one of these, which is meant as it is."""
    try:
        return decode_day(raw)
    except DecodeError:
        if not parameter.format:
            raise
    return decode_instant(raw, "formatted-time", zone, formats=parameter.format)


def is_left_out(parameter: Parameter, value: object) -> bool:
    """Whether a request says a value by not holding the parameter at all."""
    return parameter.as_ == "presence" and value is False


def encode_parameter(parameter: Parameter, value: ParameterValue, *, zone: ZoneInfo, in_json: bool) -> Tree:
    """`value` as a request writes it; the inverse of `decode_parameter`.

    An instant stands for its day where the parameter takes days. False cannot be written `as: presence`: it is left
    out of a request.
    """
    if isinstance(value, tuple) and parameter.repeated is not None:
        once = replace(parameter, repeated=None)
        texts: list[Tree] = [encode_parameter(once, str(item), zone=zone, in_json=in_json) for item in value]
        return texts[0] if len(texts) == 1 else texts
    if isinstance(value, tuple):
        items: list[Tree] = [str(item) if parameter.of != "integer" or not in_json else item for item in value]
        if parameter.as_ == "json-list" and not in_json:
            return encode_json(items).decode()
        if in_json:
            return items
        return parameter.separated_by.join(str(item) for item in items)
    if isinstance(value, datetime):
        if parameter.as_ == "calendar-day":
            return encode_day(value.astimezone(zone).date())
        # A parameter that names no instant takes the wall clock.
        codec = parameter.as_ if parameter.as_ in TIME_CODECS else "local-time"
        written = encode_instant(value, codec, zone, formats=parameter.format)
        return written if in_json or isinstance(written, str) else str(written)
    if isinstance(value, date):
        return encode_day(value)
    if isinstance(value, Decimal):
        return value if in_json else format(value, "f")
    if parameter.as_ == "presence":
        return ""
    if isinstance(value, bool):
        return value if in_json else (parameter.true if value else parameter.false)[0]
    if isinstance(value, int) and parameter.as_ == "formatted-duration":
        return encode_duration(value, parameter.format)
    if isinstance(value, int):
        return value if in_json and parameter.as_ == "integer" else str(value)
    return value.removeprefix("+") if parameter.number == "bare" else value


def _number_of_word(parameter: Parameter, word: str) -> int:
    """The number that a word of the parameter stands for; `most` is its largest legal value."""
    number = parameter.number_words[word]
    if number != "most":
        return number
    if parameter.most is None:
        raise DecodeError("a number", repr(word))
    return parameter.most


def _decode_text(raw: Tree, pattern: str | None = None) -> str:
    if not isinstance(raw, str):
        raise DecodeError("a text", repr(raw))
    if pattern is not None and not looks_like(pattern, raw):
        raise DecodeError(f"a text that looks like {pattern}", repr(raw))
    return raw


def takes_text(parameter: Parameter, text: str) -> bool:
    """Whether a text, or an element of a list, looks as a parameter wants it."""
    return parameter.pattern is None or looks_like(parameter.pattern, text)


def _without_zeros(raw: Tree) -> Tree:
    """A number as an integer where all that follows its point is zeros: `5.0` is 5."""
    if isinstance(raw, Decimal) and raw == raw.to_integral_value():
        return int(raw)
    if isinstance(raw, str):
        whole, point, zeros = raw.partition(".")
        return whole if point and zeros and not zeros.strip("0") else raw
    return raw


def _decode_integer(raw: Tree, *, lenient: bool) -> int:
    if is_integer(raw):
        return raw
    if isinstance(raw, str) and lenient:
        return scalars.decode_integer(raw)
    raise DecodeError("an integer", repr(raw))


def _decode_decimal(raw: Tree, *, lenient: bool) -> Decimal:
    if isinstance(raw, str) and lenient:
        return scalars.decode_decimal(raw)
    if isinstance(raw, int | Decimal) and not isinstance(raw, bool):
        return Decimal(raw)
    raise DecodeError("a number", repr(raw))


def _decode_digits(raw: Tree, *, lenient: bool) -> int:
    if isinstance(raw, str):
        return int(scalars.decode_digits(raw))
    if lenient and is_integer(raw) and raw >= 0:
        return raw
    raise DecodeError("a text of digits", repr(raw))


def _check_bounds(parameter: Parameter, number: int) -> int:
    if parameter.least is not None and number < parameter.least:
        raise DecodeError(f"{parameter.least} or more", str(number))
    if parameter.most is not None and number > parameter.most:
        raise OutOfRange(f"{parameter.most} or less", str(number))
    return number


def _decode_flag(parameter: Parameter, raw: Tree) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str):
        if raw in parameter.true:
            return True
        if raw in parameter.false:
            return False
    raise DecodeError(f"one of {', '.join((*parameter.true, *parameter.false))}", repr(raw))


def _split_elements(parameter: Parameter, raw: Tree) -> list[Tree]:
    if isinstance(raw, list):
        return raw
    if isinstance(raw, str):
        return [item for item in (part.strip() for part in raw.split(parameter.separated_by)) if item]
    raise DecodeError("a list", repr(raw))


def _decode_json_elements(raw: Tree) -> list[Tree]:
    if isinstance(raw, list):
        return raw
    if isinstance(raw, str):
        decoded = decode_json(raw.encode("utf-8", "surrogatepass"))
        if isinstance(decoded.tree, list) and not decoded.problems:
            return decoded.tree
    raise DecodeError("a JSON array", repr(raw))


def _decode_items(parameter: Parameter, elements: list[Tree], *, in_json: bool) -> tuple[str | int, ...]:
    if parameter.most_items is not None and len(elements) > parameter.most_items:
        raise OutOfRange(f"at most {parameter.most_items} elements", f"{len(elements)} elements")
    match parameter.of:
        case "text" | "word":
            return tuple(_decode_text(item, parameter.pattern) for item in elements)
        case "integer":
            return tuple(_decode_integer(item, lenient=not in_json or parameter.lenient) for item in elements)
        case "digits":
            return tuple(_decode_digits(item, lenient=parameter.lenient) for item in elements)
