"""Patterns that no text can keep busy for long."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from harness.specification.lint.finding import LintFinding, finding_at, walk_records
from harness.specification.load import Spec
from harness.specification.model import Field
from harness.specification.yaml_source import KeyPath


def check_patterns(spec: Spec) -> Iterator[LintFinding]:
    """Each pattern is a regular expression that no text can keep busy for long."""
    places: list[tuple[KeyPath, str]] = [
        ((*spec.listing_path, *path, "pattern"), value.pattern)
        for path, value in walk_records(spec.listing)
        if isinstance(value, Field) and value.pattern is not None
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


def pattern_problem(pattern: str) -> str | None:
    """Why a pattern is refused: broken, a repeat or a choice inside a repeat, a back-reference; else None."""
    try:
        re.compile(pattern, re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        return f"not a regular expression ({error})"
    return _backtracking_problem(pattern)


_REPEAT: Final = re.compile(r"[*+?]|\{[0-9]*,?[0-9]*\}")
_BACK_REFERENCE: Final = re.compile(r"\\[1-9]|\(\?P=")
_SINGLE_REPEAT: Final = re.compile(r"\?|\{1\}|\{0,1\}|\{0\}")


def _backtracking_problem(pattern: str) -> str | None:
    """A reading of the text alone: groups that hold a repeat or a choice and are themselves repeated."""
    bare = re.sub(r"\\\\", "__", pattern)
    if _BACK_REFERENCE.search(bare):
        return "a back-reference"
    bare = re.sub(r"\\.", "_", bare)
    # A class is one character, whatever stands in it.
    bare = re.sub(r"\[\^?\]?[^]]*\]", "_", bare)
    # What stands behind an opening bracket names the group and repeats nothing.
    bare = re.sub(r"\(\?(:|P<[^>]*>|=|!|<=|<!)", "(", bare)
    holds: list[bool] = [False]
    index = 0
    while index < len(bare):
        letter = bare[index]
        if letter == "(":
            holds.append(False)
        elif letter == ")":
            inner = holds.pop()
            repeat = _REPEAT.match(bare, index + 1)
            if repeat is not None and inner and not _SINGLE_REPEAT.fullmatch(repeat.group()):
                return "a repeat or a choice inside a repeat"
            holds[-1] = holds[-1] or inner or repeat is not None
            index = repeat.end() - 1 if repeat is not None else index
        elif letter == "|":
            holds[-1] = True
        else:
            repeat = _REPEAT.match(bare, index)
            if repeat is not None:
                # So many and no other number leaves nothing to try again.
                holds[-1] = holds[-1] or "," in repeat.group() or letter != "{"
                index = repeat.end() - 1
        index += 1
    return None
