"""Parameters that stand in elements of a list of JSON: `[{"field": "caller", "operator": "is", "value": "101"}]`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import final

from harness.specification.model import ListElement, Listing
from harness.wire.decoded_body import Tree
from harness.wire.json_body import MISSING, Missing, put_value, split_pointer, tree_at


@final
@dataclass(frozen=True, slots=True)
class ElementPlace:
    """The element in which a parameter stands: by which members it is known, and which one holds the value."""

    name: str
    marks: tuple[tuple[tuple[str, ...], Tree], ...]
    value: tuple[str, ...] | None

    def fits(self, element: Tree) -> bool:
        """Whether an element of the list is one of this parameter."""
        marked = all(_is_same(tree_at(element, steps), mark) for steps, mark in self.marks)
        return marked and (self.value is None or tree_at(element, self.value) is not MISSING)

    def value_in(self, element: Tree) -> Tree:
        """The value in its element; an empty text where the element says it by being there."""
        found = tree_at(element, self.value) if self.value is not None else ""
        return "" if found is MISSING else found


@final
@dataclass(frozen=True, slots=True)
class ElementList:
    """A list of JSON in a request, and the parameters that stand in its elements."""

    pointer: str
    places: tuple[ElementPlace, ...]

    def read(self, tree: Tree) -> Iterator[tuple[str, Tree]]:
        """The parameters in the list with their values, in its order; one may be there more than once."""
        held = tree_at(tree, self.pointer)
        for element in held if isinstance(held, list) else ():
            yield from ((place.name, place.value_in(element)) for place in self.places if place.fits(element))

    def unknown_in(self, held: Tree) -> Iterator[tuple[str, Tree]]:
        """What stands in the list and is no parameter, by pointers: whole elements, or members of known ones."""
        if not isinstance(held, list):
            yield self.pointer, held
            return
        for index, element in enumerate(held):
            places = [place for place in self.places if place.fits(element)]
            if not places:
                yield f"{self.pointer}/{index}", element
                continue
            known = {steps[0] for place in places for steps, _ in place.marks}
            known |= {place.value[0] for place in places if place.value is not None}
            if isinstance(element, dict):
                more = ((name, value) for name, value in element.items() if name not in known)
                yield from ((f"{self.pointer}/{index}/{name}", value) for name, value in more)


def element_lists(listing: Listing) -> tuple[ElementList, ...]:
    """The lists whose elements hold parameters."""
    found: dict[str, list[ElementPlace]] = {}
    for name, parameter in listing.parameters.items():
        if parameter.element is not None and parameter.at is not None:
            found.setdefault(parameter.at, []).append(_place_of(name, parameter.element))
    return tuple(ElementList(pointer, tuple(places)) for pointer, places in found.items())


def _place_of(name: str, element: ListElement) -> ElementPlace:
    marks = tuple((split_pointer(pointer_in(mark)), value) for mark, value in element.marks.items())
    value = split_pointer(pointer_in(element.value)) if element.value is not None else None
    return ElementPlace(name, marks, value)


def _is_same(one: Tree | Missing, other: Tree) -> bool:
    # To Python, true is 1.
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def pointer_in(member: str) -> str:
    """The pointer inside an element that a member is named by."""
    return member if member.startswith("/") else f"/{member}"


def put_elements(listing: Listing, body: Tree, values: Mapping[str, Tree]) -> Tree:
    """The body with an element for each such value; values whose elements have the same marks share one."""
    made: dict[tuple[str, str], Tree] = {}
    for name, value in values.items():
        parameter = listing.parameters.get(name)
        if parameter is None or parameter.element is None or parameter.at is None:
            continue
        element = parameter.element
        key = (parameter.at, repr(sorted(element.marks.items())))
        tree: Tree = made.get(key, {})
        for mark, text in element.marks.items() if key not in made else ():
            tree = put_value(tree, pointer_in(mark), text)
        if element.value is not None:
            tree = put_value(tree, pointer_in(element.value), value)
        made[key] = tree
    for (pointer, _), tree in made.items():
        body = put_value(body, f"{pointer}/-", tree)
    return body
