"""Several filters in one request: rows by which the loss of each of them shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from harness.check.context import CheckContext, Row
from harness.check.probe.filter_values import (
    companion_parameters,
    default_comparison,
    filters_interact,
    is_time_filter,
    largest_page,
    open_range_end,
    value_with_matches,
)
from harness.check.probe.mirror import Mirror
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest

FILTERS_TOGETHER: Final = 4
ROWS_TRIED: Final = 24


def each_filter_matters(
    context: CheckContext, mirror: Mirror, names: Sequence[str], row: Row, among: Sequence[Row]
) -> bool:
    """Whether the loss of any of the filters would show in some rows, where all have the values of one."""
    sides = [value_with_matches(context, mirror, name, row, several=True) for name in names]
    matching_keys = [side[1] for side in sides if side is not None]
    if len(matching_keys) < len(names):
        return False
    everything = frozenset(known.key for known in among)
    both = everything.intersection(*matching_keys)
    return bool(both) and all(
        everything.intersection(*(keys for other, keys in enumerate(matching_keys) if other != place)) != both
        for place in range(len(matching_keys))
    )


def combined_request(context: CheckContext, mirror: Mirror, several: Mapping[str, Row]) -> ListRequest:
    """The request that asks for a row by several filters, with what these need beside them."""
    sides = {name: value_with_matches(context, mirror, name, row, several=True) for name, row in several.items()}
    values = {name: side[0] for name, side in sides.items() if side is not None}
    more: dict[str, Tree] = {}
    for name, row in several.items():
        if not any(other in several for other in context.listing.filters[name].applies_if_any):
            more |= companion_parameters(context, mirror, name, row)
        more |= default_comparison(context, name)
        if is_time_filter(context, name):
            more |= open_range_end(context, mirror, name)
    return mirror.request({**largest_page(context), **more, **values})


def telling_groups(
    context: CheckContext, mirror: Mirror, names: Sequence[str], rows: Sequence[Row]
) -> Iterator[dict[str, Row]]:
    """Groups of filters that hold each of them once, as far as it can keep some rows and drop some.

    Each group comes with the row, one of those given, that all of its filters keep; the loss of each would show in
    others of those.
    """
    left = list(names)
    tried = rows[:: max(1, len(rows) // ROWS_TRIED)]
    while left:
        groups = (_group_of_row(context, mirror, left, row, rows) for row in tried)
        group = max(groups, key=len, default={})
        if not group:
            return
        yield group
        left = [name for name in left if name not in group]


def _group_of_row(
    context: CheckContext, mirror: Mirror, names: Sequence[str], row: Row, among: Sequence[Row]
) -> dict[str, Row]:
    chosen: list[str] = []
    for name in names:
        apart = not any(filters_interact(context, name, one) for one in chosen)
        if len(chosen) >= FILTERS_TOGETHER or not apart:
            continue
        if each_filter_matters(context, mirror, [*chosen, name], row, among):
            chosen.append(name)
    return dict.fromkeys(chosen, row)
