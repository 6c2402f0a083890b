"""Filters that ask for seconds in another unit than rows show them in: minutes beside a duration in seconds."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

from harness.specification.model import Listing
from harness.specification.value_forms import MILLISECONDS
from harness.wire.row_codec import field_at

T = TypeVar("T")


def shown_per_asked(listing: Listing, name: str) -> int:
    """How many units of what rows show are one of what a filter asks for; 1 where they are the same."""
    rule = listing.filters.get(name)
    if rule is None or rule.unit is None:
        return 1
    field = field_at(listing.fields, rule.compares[0])
    return MILLISECONDS[rule.unit] // MILLISECONDS["seconds" if field is None else field.unit]


def in_shown_unit(listing: Listing, name: str, value: T) -> T | int | Decimal:
    """A value that a filter asks for, as rows show it; what is no number as it is."""
    times = shown_per_asked(listing, name)
    return value * times if times != 1 and isinstance(value, int | Decimal) and not isinstance(value, bool) else value
