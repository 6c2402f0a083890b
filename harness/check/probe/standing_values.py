"""What every request for the list names because it must, whatever else it asks for."""

from __future__ import annotations

from typing import Final

from harness.check.context import CheckContext
from harness.specification.access import chosen_values
from harness.specification.narrowing_defaults import demanded_filters, demanded_place, widest_words
from harness.wire.decoded_body import Tree

# Every server gives as many, also where its document names no bound.
_PAGE: Final = 100


def standing_values(context: CheckContext) -> dict[str, Tree]:
    """The words by which filters keep every row, and a value of each filter that must be given, and of the page.

    The value is one that the user says occurs, else the spec's.
    """
    listing, chosen, known = context.listing, chosen_values(context.spec), context.known_values
    named: dict[str, Tree] = {name: (known.get(name) or (chosen[name],))[0] for name in demanded_filters(listing)}
    named |= {name: context.encode(name, first) for name, first in demanded_place(listing).items()}
    size = listing.paging.size_parameter
    parameter = listing.parameters[size] if size is not None else None
    if size is not None and parameter is not None and parameter.required is not None:
        return {**widest_words(listing), **named, size: context.encode(size, parameter.most or _PAGE)}
    return {**widest_words(listing), **named}
