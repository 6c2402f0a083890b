"""How a request asks for pages of so many rows."""

from __future__ import annotations

from harness.check.context import CheckContext
from harness.wire.decoded_body import Tree


def page_size_values(context: CheckContext, size: int) -> dict[str, Tree]:
    """The parameter that asks for pages of so many rows; nothing where nobody can choose their size."""
    name = context.listing.paging.size_parameter
    return {} if name is None else {name: context.encode(name, size)}
