"""Servers with several defects at once, made of server classes with one defect each."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

# What Python itself writes into every class.
_OF_EVERY_CLASS = frozenset({"__module__", "__doc__", "__qualname__", "__firstlineno__", "__static_attributes__"})


def changed_names(kind: type[Any]) -> frozenset[str]:
    """What a server class changes of the correct one."""
    return frozenset(vars(kind)) - _OF_EVERY_CLASS


def joined(kinds: Sequence[type[Any]]) -> type[Any]:
    """A server class with every defect of the given ones."""
    return type("_and_".join(kind.__name__ for kind in kinds), tuple(kinds), {})


def companies(kinds: Sequence[type[Any]], size: int, *, seed: int, at_most: int) -> Iterator[tuple[type[Any], ...]]:
    """Groups of `size` classes of one base that change different things: no group shares a class with another one.

    Only classes directly below the base are taken: those keep each other's defects whole.
    """
    chance = random.Random(f"{size}/{seed}")
    left = sorted(kinds, key=lambda kind: kind.__name__)
    chance.shuffle(left)
    made = 0
    while made < at_most and left:
        group = [left.pop()]
        for kind in list(left):
            if len(group) == size:
                break
            taken = frozenset[str]().union(*(changed_names(one) for one in group))
            if kind.__bases__ == group[0].__bases__ and not changed_names(kind) & taken:
                group.append(kind)
                left.remove(kind)
        if len(group) == size:
            made += 1
            yield tuple(group)
