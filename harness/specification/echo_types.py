"""Of which type a part of an answer is that repeats the request."""

from __future__ import annotations

from harness.specification.model import Echo, Listing


def is_integer_echo(listing: Listing, echo: Echo) -> bool:
    """Whether an echo is an integer: as the part around the rows at its place says, or else as its parameter is."""
    if echo.as_ == "text":
        return False
    part = next((part for part in listing.outcome.envelope.values() if part.at == echo.at), None)
    if part is not None:
        return part.as_ == "integer"
    parameter = listing.parameters.get(echo.of)
    return parameter is not None and parameter.as_ == "integer"
