"""The range of time that a list may be narrowed to: its parameters, whether it is needed, how long it may be."""

from __future__ import annotations

from datetime import timedelta

from harness.check.context import CheckContext
from harness.specification.model import Listing
from harness.specification.narrowing_defaults import time_ends, widest_words
from harness.wire.parameter_codec import takes_instants


def time_range_filters(context: CheckContext) -> tuple[str | None, str | None, str | None]:
    """The parameters that bound a time from below and above, and the name of the field that they compare."""
    # Those that leave their own instant out serve as well where there are no others.
    ends = _time_ends(context.listing, "at-or-after", "at-or-before") or _time_ends(context.listing, "above", "below")
    whole = [path for path, (lower, upper) in ends.items() if lower is not None and upper is not None]
    half = [path for path, (lower, _) in ends.items() if lower is not None]
    path = next(iter((*whole, *half)), None)
    if path is None:
        return None, next((upper for _, upper in ends.values()), None), None
    lower, upper = ends[path]
    # The two ends may compare different instants.
    return lower, upper or next((other for _, other in ends.values() if other is not None), None), path


def _time_ends(listing: Listing, after: str, before: str) -> dict[str, list[str | None]]:
    """The parameters that bound a field from below and above by these comparisons, by field."""
    ends: dict[str, list[str | None]] = {}
    for name, filter_ in listing.filters.items():
        parameter = listing.parameters[name]
        if not takes_instants(parameter) and parameter.as_ != "calendar-day":
            # A range of numbers or of texts.
            continue
        if filter_.keeps in (after, before):
            found = ends.setdefault(str(filter_.compares[0]), [None, None])
            place = 0 if filter_.keeps == after else 1
            found[place] = found[place] or name
    return ends


def requires_time_range(context: CheckContext) -> bool:
    """Whether the API refuses to list without a time range, or lists what is recent only."""
    lower, upper, _ = time_range_filters(context)
    needed = needed_parameters(context.listing)
    return any(name in needed for name in (lower, upper))


def needed_parameters(listing: Listing) -> frozenset[str]:
    """The parameters without which a request is refused or lists what is recent by the server's clock."""
    required = (name for name, parameter in listing.parameters.items() if parameter.required is not None)
    recent = (name for pair in listing.ranges if pair.recent_seconds is not None for name in (pair.first, pair.last))
    chosen = (name for choice in listing.at_least_one for name in time_ends(listing, choice))
    return frozenset((*required, *recent, *chosen, *widest_words(listing)))


def longest_range(context: CheckContext) -> timedelta | None:
    """How long the range of time may be by which lists are narrowed; None where it may have any length."""
    lower, upper, _ = time_range_filters(context)
    pair = next((one for one in context.listing.ranges if (one.first, one.last) == (lower, upper)), None)
    return timedelta(seconds=pair.most_seconds) if pair is not None and pair.most_seconds is not None else None
