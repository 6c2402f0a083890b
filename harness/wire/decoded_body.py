"""Format problems: breaches of JSON, XML or form syntax in a body, as data."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias, final

from harness.integers import is_integer

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | int | Decimal | bool | None"
"""A decoded body: what JSON can say, with exact numbers; XML becomes objects, lists and texts."""

ADVISORY_CODES: Final = frozenset({"json:negative-zero", "json:unsafe-integer"})
"""Codes of problems that break no rule of the format: the value is exact here, but not in every reader."""

PROBLEM_LIMIT: Final = 64
"""At most so many problems are kept of one body, so that a hostile one cannot flood a report."""


@final
@dataclass(frozen=True, slots=True)
class FormatProblem:
    """One broken promise of the format: a stable code, a sentence in ASCII, and a pointer or a position."""

    code: str
    text: str
    where: str = ""


@final
@dataclass(frozen=True, slots=True)
class DecodedBody:
    """A decoded body: its tree, and its format problems.

    `missing` tells "there is no tree" from the value null: with problems the body is unreadable,
    without any it is empty.
    """

    tree: Tree
    problems: tuple[FormatProblem, ...] = ()
    missing: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """How deep, how many and how long: the bounds within which a body is read at all."""

    depth: int = 64
    nodes: int = 1_000_000
    number_digits: int = 64
    text_characters: int = 1024 * 1024
    attributes: int = 256


DEFAULT_BODY_LIMITS: Final = BodyLimits()


def printable_text(value: object, *, limit: int = 80) -> str:
    """A value in visible ASCII, cut to a readable length; safe to print, whatever a server sent."""
    if isinstance(value, str):
        text = ascii(value[: limit + 1])
    elif is_integer(value) and value.bit_length() > 8 * limit:
        text = f"an integer of {value.bit_length()} bits"
    elif isinstance(value, dict):
        text = f"an object of {len(value)} keys"
    elif isinstance(value, list):
        text = f"an array of {len(value)} elements"
    elif isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        text = str(value)
    else:
        text = ascii(value)
    return text if len(text) <= limit else f"{text[:limit]}..."
