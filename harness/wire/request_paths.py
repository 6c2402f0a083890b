"""The path of a request and the parts of it that are parameters."""

from __future__ import annotations

from collections.abc import Mapping

from harness.specification.access import path_parts, path_pattern
from harness.specification.load import Spec
from harness.wire.decoded_body import Tree


def constant_text(constant: Tree) -> str:
    """A constant as a request carries it where all is text."""
    return str(constant).lower() if isinstance(constant, bool) else str(constant)


def is_same_path(one: str, other: str) -> bool:
    """Whether two paths are one, with a slash at the end or without."""
    return one.rstrip("/") == other.rstrip("/")


def parts_of_path(spec: Spec, template: str, bare: str) -> Mapping[str, str] | None:
    """The parts of a path by name; None where it is another path, also in a part that is a constant."""
    template = template.rstrip("/")
    if "{" not in template:
        return {} if bare == template else None
    match = path_pattern(template).fullmatch(bare)
    if match is None:
        return None
    parts = dict(zip(path_parts(template), match.groups(), strict=True))
    for name, text in parts.items():
        parameter = spec.listing.parameters.get(name)
        constant = parameter.constant if parameter is not None else None
        if constant is not None and text != constant_text(constant):
            return None
    return parts
