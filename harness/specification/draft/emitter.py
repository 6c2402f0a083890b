"""Strict YAML with comments: a tree of plain values, written so that every reader reads it alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

GUESS_MARK: Final = "# GUESS: "
_WIDTH: Final = 150
_PLAIN: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*", re.ASCII)
_WORDS: Final = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})


@final
@dataclass(frozen=True, slots=True)
class Guess:
    """A value that a person must confirm, and what is asked."""

    value: Any
    asks: str


def yaml_text(tree: Mapping[str, Any], *, head: tuple[str, ...] = ()) -> str:
    """The tree as YAML; lines of `head` stand above it as comments, and what a Guess asks above its key."""
    return "\n".join([*(f"# {line}".rstrip() for line in head), *_mapping_lines(tree, 0)]) + "\n"


def _mapping_lines(tree: Mapping[str, Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for name, value in tree.items():
        if isinstance(value, Guess):
            yield f"{indent}{GUESS_MARK}{_comment(value.asks)}"
            value = value.value
        key = f"{indent}{_scalar(name)}:"
        flow = _flow(value)
        if flow is not None and len(key) + 1 + len(flow) <= _WIDTH:
            yield f"{key} {flow}"
        elif isinstance(value, Mapping) and value:
            yield key
            yield from _mapping_lines(value, depth + 1)
        elif isinstance(value, list) and value:
            yield key
            yield from _list_lines(value, depth + 1)
        else:
            yield f"{key} {flow if flow is not None else _scalar(value)}"


def _list_lines(items: list[Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for item in items:
        if isinstance(item, Guess):
            yield f"{indent}{GUESS_MARK}{_comment(item.asks)}"
            item = item.value
        flow = _flow(item)
        if isinstance(item, Mapping) and item and (flow is None or len(indent) + 2 + len(flow) > _WIDTH):
            first, *others = _mapping_lines(item, depth + 1)
            # A comment cannot stand behind a dash.
            if first.lstrip().startswith("#"):
                yield indent + first.lstrip()
                first, *others = others
            yield f"{indent}- {first.lstrip()}"
            yield from others
        else:
            yield f"{indent}- {flow if flow is not None else _scalar(item)}"


def _flow(value: Any) -> str | None:
    """The value on one line; None where a guess inside needs a line of its own."""
    if isinstance(value, Guess):
        return None
    if isinstance(value, Mapping):
        parts = [(_scalar(name), _flow(inner)) for name, inner in value.items()]
        if any(inner is None for _, inner in parts):
            return None
        return "{" + ", ".join(f"{name}: {inner}" for name, inner in parts) + "}"
    if isinstance(value, list):
        items = [_flow(item) for item in value]
        return None if None in items else "[" + ", ".join(str(item) for item in items) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) < 10**18:
        return str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _comment(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
