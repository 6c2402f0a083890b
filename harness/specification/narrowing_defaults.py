"""Filters that narrow a list although nobody asks: their parameter has a default that keeps some rows only."""

from __future__ import annotations

from harness.specification.model import Listing


def widest_words(listing: Listing) -> dict[str, str]:
    """The word by which each such filter keeps every row, by parameter; those that know no such word are left out."""
    found: dict[str, str] = {}
    for name, rule in listing.filters.items():
        default = listing.parameters[name].default
        if default is not None and rule.no_filter and str(default) not in rule.no_filter:
            found[name] = rule.no_filter[0]
    return found
