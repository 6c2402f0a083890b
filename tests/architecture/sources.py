"""The modules of the harness as syntax trees, for tests about its shape."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import harness

HARNESS = Path(harness.__file__).resolve().parent


@dataclass(frozen=True)
class Module:
    """One source file: its path below `harness/`, its text and its tree."""

    name: str
    text: str
    tree: ast.Module

    @property
    def layer(self) -> str:
        """The package or module directly below `harness/`; the door itself is `harness`."""
        first = self.name.split("/")[0].removesuffix(".py")
        return {"__init__": "harness", "__main__": "cli"}.get(first, first)

    def imports(self) -> Iterator[tuple[str, int]]:
        """Every module imported anywhere in the file, also in functions and under TYPE_CHECKING, with its line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                package = ["harness", *self.name.split("/")[:-1]]
                base = package[: len(package) - node.level + 1] if node.level else []
                name = ".".join([*base, *([node.module] if node.module else [])])
                yield name, node.lineno
                # `from harness import spec` imports the module harness.specification.
                if name == "harness":
                    yield from ((f"harness.{alias.name}", node.lineno) for alias in node.names)


@cache
def modules() -> tuple[Module, ...]:
    """All modules of the harness, in order."""
    found = []
    for path in sorted(HARNESS.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found.append(Module(path.relative_to(HARNESS).as_posix(), text, ast.parse(text)))
    return tuple(found)
