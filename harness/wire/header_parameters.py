"""Parameters that stand in headers of a request, each in the one of its name."""

from __future__ import annotations

from collections.abc import Mapping

from harness.specification.model import Listing
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest


def header_parameters(listing: Listing) -> tuple[str, ...]:
    """The names of these parameters."""
    return tuple(name for name, parameter in listing.parameters.items() if parameter.place == "header")


def parameter_headers(listing: Listing, values: Mapping[str, Tree]) -> list[tuple[str, str]]:
    """The headers that carry those of the values that stand there."""
    return [(name, str(values[name])) for name in header_parameters(listing) if name in values]


def values_in_headers(names: tuple[str, ...], request: HttpRequest) -> dict[str, Tree]:
    """The values of parameters of these names that a request has in its headers."""
    found = ((name, request.header(name)) for name in names)
    return {name: value for name, value in found if value is not None}
