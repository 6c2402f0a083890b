"""Where a part of an answer stands: at a JSON pointer of the body, or in a header, written `header:NAME`."""

from __future__ import annotations

from typing import Final

HEADER_PREFIX: Final = "header:"
PARAMETER_STEP: Final = "/{parameter}"
"""The step of a pointer that is the name of the parameter which an error is about."""


def header_at(place: str) -> str | None:
    """The name of the header that a place means; None for a place in the body."""
    return place[len(HEADER_PREFIX) :] if place.startswith(HEADER_PREFIX) else None


def named_place(place: str, parameter: str) -> str:
    """The pointer with the parameter's name in its place."""
    return place.replace(PARAMETER_STEP, "/" + parameter.replace("~", "~0").replace("/", "~1"))
