"""Whether parameters that stand in elements of a JSON list can be written there, and told apart."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from harness.specification.access import path_parts
from harness.specification.lint.finding import LintFinding, finding_at
from harness.specification.load import Spec
from harness.specification.model import ListElement, Parameter
from harness.specification.yaml_source import KeyPath


def check_list_elements(spec: Spec) -> Iterator[LintFinding]:
    """Each element has its list, marks of its own, and a value unless its being there says all."""
    listing = spec.listing
    held = {name: one for name, one in listing.parameters.items() if one.element is not None}
    plain = {one.at for one in listing.parameters.values() if one.element is None and one.at is not None}
    for name, parameter in held.items():
        path: KeyPath = ("parameters", name)
        yield from _check_place(spec, path, name, parameter, plain)
        if parameter.element is not None:
            yield from _check_element(spec, path, parameter, parameter.element)
    for (name, one), (other_name, other) in combinations(held.items(), 2):
        if one.at != other.at or one.element is None or other.element is None:
            continue
        if not _are_apart(one.element, other.element):
            expected = f"marks or a value by which {other_name} is told from {name}"
            yield finding_at(spec, "list-element", ("parameters", other_name), expected, "the same element")


def _check_place(
    spec: Spec, path: KeyPath, name: str, parameter: Parameter, plain: set[str]
) -> Iterator[LintFinding]:
    if parameter.at is None or spec.listing.transport.carries != "json":
        expected = "at: the list in a JSON body that holds the element"
        yield finding_at(spec, "list-element", path, expected, repr(parameter.at))
        return
    if parameter.at in plain:
        expected = "a list that is no other parameter"
        yield finding_at(spec, "list-element", (*path, "at"), expected, parameter.at)
    if any(step.isdecimal() and step != "0" for step in parameter.at.split("/")):
        yield finding_at(spec, "list-element", (*path, "at"), "0, the first, in a list around it", parameter.at)
    settled = parameter.bound_to is not None or parameter.constant is not None
    if settled or parameter.repeated is not None or name in path_parts(spec.path):
        expected = "a value that a client chooses once"
        yield finding_at(spec, "list-element", path, expected, "bound-to, constant, repeated or a path")


def _check_element(spec: Spec, path: KeyPath, parameter: Parameter, element: ListElement) -> Iterator[LintFinding]:
    here: KeyPath = (*path, "element")
    if not element.marks:
        yield finding_at(spec, "list-element", (*here, "marks"), "a member that tells what the element is", "none")
    if (element.value is None) != (parameter.as_ == "presence"):
        expected = "value: the member that holds it, unless as: presence"
        yield finding_at(spec, "list-element", here, expected, f"as: {parameter.as_}, value {element.value}")
    if element.value is not None and _name(element.value) in map(_name, element.marks):
        yield finding_at(spec, "list-element", (*here, "value"), "a member that is no mark", element.value)


def _name(member: str) -> str:
    return member.removeprefix("/")


def _are_apart(one: ListElement, other: ListElement) -> bool:
    """Whether no element is both: a mark that has another value, or another value in a shared element."""
    ours, theirs = ({_name(mark): value for mark, value in each.marks.items()} for each in (one, other))
    if any(mark in theirs and theirs[mark] != value for mark, value in ours.items()):
        return True
    return ours == theirs and None not in (one.value, other.value) and one.value != other.value
