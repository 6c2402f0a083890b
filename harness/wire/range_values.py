"""Both ends of a range in one value of a request, and apart: `2026-01-01/2026-01-02`, `[10, 20]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

from harness.specification.model import FilterRange, Listing, RangeValue
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest


@final
@dataclass(frozen=True, slots=True)
class RangePlace:
    """A range whose ends stand in one value, and how that value is written."""

    pair: FilterRange
    value: RangeValue

    @property
    def pointer(self) -> str:
        """Where the value stands in a body of JSON."""
        return self.value.at or f"/{self.value.parameter}"


def range_places(listing: Listing) -> Mapping[str, RangePlace]:
    """The ranges whose ends stand in one value, by the parameter that holds it."""
    return {pair.value.parameter: RangePlace(pair, pair.value) for pair in listing.ranges if pair.value is not None}


def joined_ends(listing: Listing) -> frozenset[str]:
    """The parameters that stand in the value of another one."""
    return frozenset(name for place in range_places(listing).values() for name in (place.pair.first, place.pair.last))


def sent_name(listing: Listing, name: str) -> str:
    """The name by which a request holds a parameter: of an end or a part, that of the value that holds it."""
    for holder, shared in listing.shared_values.items():
        if name in shared.parts:
            return holder
    for sent, place in range_places(listing).items():
        if name in (place.pair.first, place.pair.last):
            return sent
    return name


def joined_values(listing: Listing, values: Mapping[str, Tree]) -> dict[str, Tree]:
    """The values as a request holds them: the ends of a range in their one value."""
    found = dict(values)
    for sent, place in range_places(listing).items():
        ends = {name: found.pop(name) for name in (place.pair.first, place.pair.last) if name in values}
        if ends:
            found[sent] = _join_ends(place, ends)
    return found


def _join_ends(place: RangePlace, ends: Mapping[str, Tree]) -> Tree:
    first, last = ends.get(place.pair.first), ends.get(place.pair.last)
    separator = place.value.separated_by
    if isinstance(first, list) and first:
        # What is not two ends, as it was read.
        return first if separator is None else _end_text(first[0])
    if all(_is_empty(end) for end in (first, last)):
        return next(iter(ends.values()))
    if separator is None:
        return [None if _is_empty(first) else first, None if _is_empty(last) else last]
    return _end_text(first) + separator + _end_text(last)


def split_range_value(pair: FilterRange, raw: Tree) -> dict[str, Tree]:
    """The ends in a value; what is not two ends comes as a list for the earlier one, which no parameter can read."""
    if _is_empty(raw):
        return {pair.first: raw, pair.last: raw}
    separator = pair.value.separated_by if pair.value is not None else None
    parts: list[Tree]
    if separator is None:
        parts = raw if isinstance(raw, list) else [raw]
    else:
        parts = [*raw.split(separator)] if isinstance(raw, str) else [raw]
    if len(parts) != 2 or any(isinstance(part, list | dict) for part in parts):
        return {pair.first: parts if separator is None else [raw]}
    return {name: part for name, part in zip((pair.first, pair.last), parts, strict=True) if not _is_empty(part)}


def settled_ends(listing: Listing, ask: ListRequest) -> ListRequest:
    """The request as its one value of a range tells it: an empty end beside another one is not given."""
    places = range_places(listing)
    if not places:
        return ask
    values = dict(ask.values)
    for place in places.values():
        ends = {name: values.pop(name) for name in (place.pair.first, place.pair.last) if name in values}
        if ends:
            values.update(split_range_value(place.pair, _join_ends(place, ends)))
    return replace(ask, values=values)


def _is_empty(raw: Tree) -> bool:
    return raw is None or raw == "" or raw == []


def _end_text(raw: Tree) -> str:
    return "" if raw is None else str(raw)
