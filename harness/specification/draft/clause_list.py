"""The clauses of a draft, numbered as they are named, and what is missing from it."""

from __future__ import annotations

from typing import Any, TypeAlias, final

Tree: TypeAlias = "dict[str, Any]"


@final
class ClauseList:
    """Clauses as a spec has them, `PREFIX-001` onwards; `missing` has one line for each thing that nobody said."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.tree: Tree = {}
        self.missing: list[str] = []

    def add(self, level: str, basis: str, says: str, place: str) -> str:
        """A new clause; its id."""
        name = f"{self._prefix}-{len(self.tree) + 1:03}"
        self.tree[name] = {"level": level, "basis": basis, "says": says, "source": f"OpenAPI, {place}"}
        return name
