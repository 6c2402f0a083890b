"""Where a part of an answer stands: at a JSON pointer of the body, or in a header, written `header:NAME`."""

from __future__ import annotations

from typing import Final

HEADER_PREFIX: Final = "header:"


def header_at(place: str) -> str | None:
    """The name of the header that a place means; None for a place in the body."""
    return place[len(HEADER_PREFIX) :] if place.startswith(HEADER_PREFIX) else None
