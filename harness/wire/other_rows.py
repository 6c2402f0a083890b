"""The rows of an answer that has no list of them in the promised place, where it is beyond doubt which they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from harness.specification.model import Listing
from harness.wire.decoded_body import Tree
from harness.wire.decoded_body import printable_text as in_ascii
from harness.wire.json_body import MISSING, Missing
from harness.wire.other_forms import says_nothing
from harness.wire.row_codec import objects_said

_DEPTH: Final = 3
_LOOKED_AT: Final = 20
_NAMES_AT_MOST: Final = 500


def other_rows(listing: Listing, tree: dict[str, Tree], raw: Tree | Missing) -> tuple[tuple[Tree, ...], str] | None:
    """The rows, and how they stand otherwise than promised; `raw` is what stands in the promised place.

    They may be below another key, if there is just one list of objects that have a field of rows; keyed by id; one
    object; or none, where nothing stands there. None where it cannot be understood. Never raises.
    """
    if not says_nothing(raw):
        rows = objects_said(cast(Tree, raw), listing.fields, listing.lists.identity)
        return None if rows is None else (rows, in_ascii(raw))
    lists = list(_row_lists(listing, tree))
    if len(lists) == 1:
        pointer, rows = lists[0]
        return rows, f"a list of {len(rows)} objects stands at {in_ascii(pointer)}"
    return (), "it is missing" if raw is MISSING else in_ascii(raw)


def _row_lists(listing: Listing, tree: dict[str, Tree]) -> Iterator[tuple[str, tuple[Tree, ...]]]:
    """The lists of objects that may be rows, with their places, not deeper than three names."""
    promised = {part.at for part in listing.outcome.envelope.values()}
    level: list[tuple[str, dict[str, Tree]]] = [("", tree)]
    names = 0
    for _ in range(_DEPTH):
        below: list[tuple[str, dict[str, Tree]]] = []
        for place, node in level:
            for name, value in node.items():
                names += 1
                if names > _NAMES_AT_MOST:
                    return
                pointer = f"{place}/{name}"
                if isinstance(value, dict):
                    below.append((pointer, value))
                elif isinstance(value, list) and pointer not in promised and _may_be_rows(listing, value):
                    yield pointer, tuple(value)
        level = below


def _may_be_rows(listing: Listing, items: list[Tree]) -> bool:
    if not items or not all(isinstance(item, dict) for item in items):
        return False
    seen = cast("list[dict[str, Tree]]", items[:_LOOKED_AT])
    return all(any(name in listing.fields for name in item) for item in seen)
