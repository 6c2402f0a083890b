"""How a request asks for pages of so many rows."""

from __future__ import annotations

from harness.check.context import CheckContext
from harness.specification.model import CursorPaging, PageNumberPaging
from harness.wire.decoded_body import Tree


def page_size_values(context: CheckContext, size: int) -> dict[str, Tree]:
    """The parameter that asks for pages of so many rows; nothing where nobody can choose their size."""
    name = context.listing.paging.size_parameter
    return {} if name is None else {name: context.encode(name, size)}


def settled_page_size(context: CheckContext) -> int | None:
    """How many rows a page has where nobody can choose it, as far as is known; None where one can."""
    paging = context.listing.paging
    if not isinstance(paging, PageNumberPaging | CursorPaging) or paging.size is not None:
        return None
    cap = context.facts.page_cap
    return cap.rows if cap is not None else next(iter(context.dialect.known_answers(paging.default_size)), None)
