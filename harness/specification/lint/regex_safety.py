"""Patterns that no text can keep busy for long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.specification.lint.finding import LintFinding, finding_at, walk_records
from harness.specification.load import Spec
from harness.specification.model import Field, Parameter
from harness.specification.patterns import pattern_problem
from harness.specification.yaml_source import KeyPath


def check_patterns(spec: Spec) -> Iterator[LintFinding]:
    """Each pattern is a regular expression that no text can keep busy for long."""
    places: list[tuple[KeyPath, str]] = [
        ((*spec.listing_path, *path, "pattern"), value.pattern)
        for path, value in walk_records(spec.listing)
        if isinstance(value, Field | Parameter) and value.pattern is not None
    ]
    places += _schema_patterns(spec.openapi, ())
    for path, pattern in places:
        why = pattern_problem(pattern)
        if why is not None:
            yield finding_at(
                spec, "pattern", path, "a pattern that is fast on every text", f"{pattern!r}: {why}", top=True
            )


def _schema_patterns(node: object, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(node, Mapping):
        for name, inner in node.items():
            if name == "x-listing":
                continue
            if name == "pattern" and isinstance(inner, str) and path[-1:] != ("properties",):
                yield (*path, name), inner
            yield from _schema_patterns(inner, (*path, name))
    elif isinstance(node, list):
        for index, inner in enumerate(node):
            yield from _schema_patterns(inner, (*path, index))
