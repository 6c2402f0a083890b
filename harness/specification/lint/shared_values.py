"""Whether parameters that share one value of a request can be told apart there, and stand nowhere else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from harness.specification.access import path_parts
from harness.specification.lint.finding import LintFinding, finding_at, possible_values
from harness.specification.load import Spec
from harness.specification.model import Parameter, SharedValue
from harness.specification.shared_parts import VALUE_PLACE, SharedPart
from harness.specification.yaml_source import KeyPath

_HELD: Final = ("json-list", "flag")


def check_shared_values(spec: Spec) -> Iterator[LintFinding]:
    """A shared value is no parameter of its own, and each of its parts is written in a way of its own."""
    listing = spec.listing
    written = Counter(name for shared in listing.shared_values.values() for name in shared.parts)
    for holder, shared in listing.shared_values.items():
        path: KeyPath = ("shared-values", holder)
        if holder in listing.parameters or holder in path_parts(spec.path):
            expected = "a parameter that stands under no other construct"
            yield finding_at(spec, "shared-value", path, expected, repr(holder))
        if listing.transport.carries == "json":
            yield finding_at(spec, "shared-value", path, "a value in query or form", "carries: json")
        if not shared.separated_by:
            expected = "a separator between two parts"
            yield finding_at(spec, "shared-value", (*path, "separated-by"), expected, "none")
        yield from _check_other(spec, path, shared)
        for name, text in shared.parts.items():
            if written[name] > 1:
                yield finding_at(spec, "shared-value", (*path, "parts", name), "one place for it", "two")
            if name in listing.parameters:
                yield from _check_part(spec, (*path, "parts", name), shared, name, listing.parameters[name])
            if list(shared.parts.values()).count(text) > 1:
                expected = f"a text by which {name} is told from other parts"
                yield finding_at(spec, "shared-value", (*path, "parts", name), expected, repr(text))


def _check_part(
    spec: Spec, path: KeyPath, shared: SharedValue, name: str, parameter: Parameter
) -> Iterator[LintFinding]:
    text = shared.parts[name]
    part = SharedPart.of(name, text)
    if part.takes_value == (parameter.as_ == "presence"):
        expected = f"{VALUE_PLACE}, unless as: presence"
        yield finding_at(spec, "shared-value", path, expected, f"as: {parameter.as_}, {text!r}")
    if shared.separated_by and shared.separated_by in text:
        yield finding_at(spec, "shared-value", path, "a part that the separator does not cut", repr(text))
    settled = parameter.bound_to is not None or parameter.constant is not None or parameter.at is not None
    if settled or parameter.repeated is not None or name in path_parts(spec.path):
        expected = "a value that a client chooses once, with no place of its own"
        yield finding_at(spec, "shared-value", path, expected, "bound-to, constant, at, repeated or a path")
    if part.takes_list != (parameter.as_ == "list"):
        expected = f"{name} as: list beside [...] for its further elements"
        yield finding_at(spec, "shared-value", path, expected, f"as: {parameter.as_}, {text!r}")
    elif parameter.as_ in _HELD or (_taken(parameter) == "text" and part.takes_value and not part.quote):
        expected = f"{name} as a word, a number or a time, or as a text in quotes"
        yield finding_at(spec, "shared-value", path, expected, f"as: {parameter.as_}, {text!r}")


def _taken(parameter: Parameter) -> str:
    return parameter.of if parameter.as_ == "list" else parameter.as_


def _check_other(spec: Spec, path: KeyPath, shared: SharedValue) -> Iterator[LintFinding]:
    other = shared.other
    if other is None:
        return
    if not set(possible_values(other.gets)) <= {"refused", "ignored"}:
        yield finding_at(
            spec,
            "shared-value",
            (*path, "other", "gets"),
            "refused or ignored",
            ", ".join(possible_values(other.gets)),
        )
    if other.clause and not other.like:
        expected = "parts to try (like)"
        yield finding_at(
            spec, "shared-value", (*path, "other"), expected, "a clause, and none that a checker could send"
        )
