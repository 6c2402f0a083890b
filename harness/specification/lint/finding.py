"""One thing that the linter found, and how its checks walk a spec."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

from harness.specification.deserialize import spec_key
from harness.specification.field_path import AttributePath, FieldPath
from harness.specification.load import Spec
from harness.specification.model import OpenChoice
from harness.specification.yaml_source import KeyPath


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LintFinding:
    """One thing that does not hold together."""

    rule: str
    where: str
    expected: str
    actual: str
    do: str = ""

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.rule}", f"  expected  {self.expected}", f"  actual    {self.actual}"]
        return "\n".join([*lines, f"  do        {self.do}"] if self.do else lines)


def finding_at(
    spec: Spec, rule: str, path: KeyPath, expected: str, actual: str, do: str = "", *, top: bool = False
) -> LintFinding:
    where = spec.source.location(path) if top else spec.location(*path)
    return LintFinding(rule=rule, where=where, expected=expected, actual=actual, do=do)


def walk_records(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every record of the model inside a value, with its path in `x-listing`."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if not isinstance(value, OpenChoice | FieldPath | AttributePath):
            yield path, value
            for field in dataclasses.fields(value):
                yield from walk_records(getattr(value, field.name), (*path, spec_key(field.name)))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from walk_records(inner, (*path, name))
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from walk_records(inner, (*path, index))


def possible_values(value: object) -> tuple[Any, ...]:
    """All the values that a choice can take."""
    if isinstance(value, OpenChoice):
        return (*value.options, value.assumed)
    return (value,)


def path_is_given(spec: Spec, path: KeyPath) -> bool:
    """Whether the file itself says something at a place."""
    return spec.source_path(path) in spec.source.lines
