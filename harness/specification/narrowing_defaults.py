"""Filters that narrow a list although nobody asks: their parameter has a default that keeps some rows only."""

from __future__ import annotations

from typing import Final

from harness.integers import is_integer
from harness.specification.model import LimitPaging, Listing, NeededChoice, OffsetPaging, PageNumberPaging, assumed_of

_NO_TIMES: Final = (
    "text",
    "word",
    "integer",
    "digits",
    "decimal",
    "decimal-text",
    "flag",
    "presence",
    "formatted-duration",
    "list",
    "json-list",
)


def widest_words(listing: Listing) -> dict[str, str]:
    """The word by which each such filter keeps every row, by parameter; those that know no such word are left out.

    Of filters that must be given, too; of parameters of which one must be given, where none of them is an end of a
    range of time; the word that must say what filters compare, for what they compare in any case; and the zone that
    must be named.
    """
    found: dict[str, str] = {}
    for name, rule in listing.filters.items():
        parameter = listing.parameters[name]
        narrows = parameter.default is not None and not means_no_filter(listing, name, parameter.default)
        if rule.no_filter and (narrows or parameter.required is not None):
            found[name] = rule.no_filter[0]
    for rule in listing.filters.values():
        chosen = rule.compares_by
        if chosen is not None and listing.parameters[chosen.parameter].required is not None:
            # Which field is compared must be said: the usual one.
            usual = next((word for word, path in chosen.words.items() if rule.compares == (path,)), None)
            found |= {chosen.parameter: usual} if usual is not None else {}
    zone = listing.zone
    if zone is not None and zone.parameter is not None and listing.parameters[zone.parameter].required is not None:
        # It keeps every row whatever it is.
        found[zone.parameter] = assumed_of(zone.default)
    for choice in listing.at_least_one:
        if time_ends(listing, choice):
            continue
        wide = next((name for name in choice.of if no_filter_words(listing, name)), None)
        if wide is not None:
            found[wide] = no_filter_words(listing, wide)[0]
    return found


def demanded_place(listing: Listing) -> dict[str, int]:
    """The number of the first page, or the offset that skips no row, by its parameter, where it must be given."""
    paging = listing.paging
    if isinstance(paging, PageNumberPaging):
        place = {paging.page: assumed_of(paging.first)}
    elif isinstance(paging, OffsetPaging):
        place = {paging.offset: paging.first}
    else:
        return {}
    return {name: first for name, first in place.items() if listing.parameters[name].required is not None}


def demanded_filters(listing: Listing) -> tuple[str, ...]:
    """The filters that must be given and that leave rows out: no end of a range of time, and no word for all rows."""
    return tuple(
        name
        for name, rule in listing.filters.items()
        if (parameter := listing.parameters[name]).required is not None
        and parameter.default is None
        and parameter.as_ in _NO_TIMES
        and not rule.no_filter
    )


def means_no_filter(listing: Listing, name: str, value: object) -> bool:
    """Whether a filter keeps every row for a value: one of its words for that, or the flag that one spells."""
    words = listing.filters[name].no_filter
    if isinstance(value, bool):
        parameter = listing.parameters[name]
        return any(one in words for one in (str(value).lower(), *(parameter.true if value else parameter.false)))
    return str(value) in words


def no_filter_words(listing: Listing, name: str) -> tuple[str, ...]:
    """The words by which a parameter keeps every row; none where it is no filter."""
    return listing.filters[name].no_filter if name in listing.filters else ()


def time_ends(listing: Listing, choice: NeededChoice) -> tuple[str, ...]:
    """Those of the parameters that are ends of a range of time: they can be given without leaving rows out."""
    ends = [name for pair in listing.ranges for name in (pair.first, pair.last) if name in choice.of]
    return tuple(name for name in ends if listing.parameters[name].as_ not in _NO_TIMES)


def default_limit(listing: Listing) -> int | None:
    """How many rows of a list without pages come where nothing is said; None where that means all rows."""
    paging = listing.paging
    if not isinstance(paging, LimitPaging):
        return None
    default = listing.parameters[paging.size].default
    return default if is_integer(default) and default != paging.all else None
