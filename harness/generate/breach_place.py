"""Where an answer breaks a promise: the place, what is due there, and what stands there instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from harness.specification.field_path import FieldPath
from harness.specification.model import Listing
from harness.wire.decoded_body import Tree
from harness.wire.json_body import MISSING, Missing, split_pointer, tree_at
from harness.wire.response_codec import is_xml, xml_row_names
from harness.wire.row_objects import place_in_row

STATUS_PLACE: Final = "status"
"""The place of the HTTP status; a header's is `header:NAME`, that of bytes `byte:N`, counted from 0."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BreachPlace:
    """One place of an answer. MISSING stands for nothing: nothing is due there, or nothing is there.

    `at` is a JSON pointer into the decoded body, or a place of another kind (see `STATUS_PLACE`).
    """

    at: str
    expected: Tree | Missing
    actual: Tree | Missing


def breach_at(was: Tree, now: Tree, at: str) -> BreachPlace:
    """What stands at a pointer in the valid tree and in the broken one."""
    return BreachPlace(at=at, expected=tree_at(was, at), actual=tree_at(now, at))


def first_breach(was: Tree, now: Tree) -> BreachPlace:
    """The first place at which two trees differ, as deep as they still have something there in common."""
    found = _first_difference(was, now, ())
    return breach_at(was, now, pointer_of(found if found is not None else ()))


def byte_breach(was: bytes, now: bytes) -> BreachPlace:
    """The first byte at which two bodies differ, and what was cut out and put in there; not UTF-8 is escaped."""
    start = _common_length(was, now)
    end = _common_length(was[start:][::-1], now[start:][::-1])
    cut, put = was[start : len(was) - end], now[start : len(now) - end]
    return BreachPlace(at=f"byte:{start}", expected=_byte_text(cut), actual=_byte_text(put))


def pointer_of(names: Sequence[str]) -> str:
    """The JSON pointer of these names (RFC 6901)."""
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def row_pointer(listing: Listing, index: int, path: FieldPath | None = None, nested: int = 0) -> str:
    """The pointer of a row by its place in the list, or of a field in it; `nested` counts the rows inside a row."""
    lists = listing.lists
    row = f"{lists.rows_at}/{index}"
    if path is None or lists.row_values == "text":
        # A row may be nothing but its field.
        return row
    place = row + pointer_of(place_in_row(listing.fields, path.head))
    return place if path.inner is None else f"{place}/{nested}{pointer_of((path.inner.head,))}"


def written_place(listing: Listing, at: str) -> str:
    """The place as an index of answers tells it: in XML an XPath in place of a JSON pointer."""
    if not is_xml(listing) or (at and not at.startswith("/")):
        return at
    lists, path = xml_row_names(listing), "/" + (listing.lists.root or "")
    steps: list[str] = []
    for name in split_pointer(at):
        element = lists.get(pointer_of(steps))
        steps.append(name)
        path += f"/{element}[{int(name) + 1}]" if element is not None and name.isdigit() else f"/{name}"
    return path


def _first_difference(was: Tree, now: Tree, at: tuple[str, ...]) -> tuple[str, ...] | None:
    if isinstance(was, dict) and isinstance(now, dict):
        for name in (*was, *(name for name in now if name not in was)):
            if name not in was or name not in now:
                return (*at, name)
            found = _first_difference(was[name], now[name], (*at, name))
            if found is not None:
                return found
        return None
    if isinstance(was, list) and isinstance(now, list):
        for index, (one, other) in enumerate(zip(was, now, strict=False)):
            found = _first_difference(one, other, (*at, str(index)))
            if found is not None:
                return found
        return None if len(was) == len(now) else (*at, str(min(len(was), len(now))))
    return None if type(was) is type(now) and was == now else at


def _common_length(one: bytes, other: bytes) -> int:
    return next(
        (index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(map(len, (one, other)))
    )


def _byte_text(data: bytes) -> str | Missing:
    return data.decode("utf-8", "backslashreplace") if data else MISSING
