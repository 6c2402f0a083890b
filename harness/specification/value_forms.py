"""Forms of values that a spec names: formats of times, forms of ids, templates.

A format of times has the directives of strftime that can be written and read back, and no others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from harness.specification.model import DurationUnit, IdForm
from harness.telephony.attributes import ID_ALPHABETS

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MILLISECONDS: Final[Mapping[DurationUnit, int]] = MappingProxyType(
    {"milliseconds": 1, "seconds": 1000, "minutes": 60_000, "hours": 3_600_000}
)
"""How long each unit of a duration is."""

TIME_DIRECTIVES: Final = (
    "%Y", "%y", "%m", "%b", "%d", "%a", "%H", "%I", "%p", "%M", "%S", "%L", "%f", "%z", "%:z", "%%",
)  # fmt: skip
DURATION_DIRECTIVES: Final = (("%H", "%M", "%S"), ("%M", "%S"), ("%H", "%M"), ("%S",), ("%M",))
"""The directives of a duration, in their order; the first one counts on beyond its usual end."""
_PARTS: Final = re.compile(r"%:z|%.?|[^%]+", re.DOTALL)
_OFFSETS: Final = ("%z", "%:z")
_NEEDED: Final = (("%Y", "%y"), ("%m", "%b"), ("%d",), ("%H", "%I"), ("%M",))


def format_parts(form: str) -> tuple[str, ...]:
    """The directives of a format and the texts between them, in order."""
    return tuple(_PARTS.findall(form))


def duration_format_problem(form: str) -> str | None:
    """Why a text is no format by which whole seconds or minutes can be written and read back; None when it is one."""
    found = tuple(part for part in format_parts(form) if part.startswith("%"))
    if found not in DURATION_DIRECTIVES:
        return f"{' '.join(found) or 'nothing'} is none of {', '.join(map(' '.join, DURATION_DIRECTIVES))}"
    return None


def has_offset(form: str) -> bool:
    """Whether times of this format tell their offset."""
    return any(part in _OFFSETS for part in format_parts(form))


def format_problem(form: str) -> str | None:
    """Why a text is no format by which an instant can be written and read back; None when it is one."""
    found = [part for part in format_parts(form) if part.startswith("%")]
    unknown = [part for part in found if part not in TIME_DIRECTIVES]
    if unknown:
        return f"{unknown[0]} is none of {' '.join(TIME_DIRECTIVES)}"
    for several in (*_NEEDED, ("%L", "%f"), ("%S",), _OFFSETS, ("%a",), ("%p",)):
        if sum(found.count(part) for part in several) > 1:
            return f"{' or '.join(several)} is there twice"
    missing = [" or ".join(several) for several in _NEEDED if not any(part in found for part in several)]
    if missing:
        return f"{missing[0]} is missing"
    if ("%I" in found) != ("%p" in found):
        return "%I and %p go together"
    if ("%L" in found or "%f" in found) and "%S" not in found:
        return "a fraction without %S"
    return None


# --- ids ----------------------------------------------------------------------------------------------------

BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DIGITS_OF_IDS: Final = {"hexadecimal": "0123456789abcdef", "decimal": "0123456789", "alphanumeric": BASE62}
UUID_BITS: Final = 122
"""The bits of a UUID that tell neither its version nor its variant."""
_CLASSES: Final = {"hexadecimal": "[0-9A-Fa-f]", "decimal": "[0-9]", "alphanumeric": "[0-9A-Za-z]"}
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
# The ids of a world are exact in every reader of JSON.
_INTEGER_COUNT: Final = 2**53
_LONGEST_TEXT: Final = {62: 6, 11: 24}


def id_count(form: IdForm | str) -> int:
    """How many ids a form has."""
    return 1 << UUID_BITS if isinstance(form, str) else len(DIGITS_OF_IDS[form.of]) ** form.digits


def value_count(attribute: str) -> int | None:
    """How many values an attribute can have that a form must tell apart; None for one that is no identity."""
    alphabet = ID_ALPHABETS.get(attribute)
    if alphabet is None:
        return None
    base = len(alphabet)
    return _INTEGER_COUNT if not base else sum(base**length for length in range(_LONGEST_TEXT[base] + 1))


def id_pattern(form: IdForm | str) -> re.Pattern[str]:
    """What an id of the form looks like; letters' case does not count in hexadecimal."""
    if isinstance(form, str):
        return _UUID
    return re.compile(re.escape(form.prefix) + f"{_CLASSES[form.of]}{{{form.digits}}}")


def described_form(form: IdForm | str) -> str:
    """The form in words."""
    if isinstance(form, str):
        return "a UUID"
    digits = f"{form.digits} {form.of} digits"
    return f"{form.prefix!r} and {digits}" if form.prefix else digits


# --- templates ----------------------------------------------------------------------------------------------

TEMPLATE_PLACE: Final = re.compile(r"\{([^{}]+)\}")


def template_names(template: str) -> tuple[str, ...]:
    """The fields that a template is made of."""
    return tuple(TEMPLATE_PLACE.findall(template))
