"""Paths of the listing language: where a row shows a field, and where a record holds an attribute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, final

_HIDDEN_PREFIX: Final = "hidden."
_NESTED_MARK: Final = "[]."


@final
@dataclass(frozen=True, slots=True)
class FieldPath:
    """The path of a field: `name`, `list[].name` in each nested row, or `hidden.name` for what no row shows."""

    steps: tuple[str, ...]
    hidden: bool = False

    @staticmethod
    def of(name: str) -> FieldPath:
        """The path of a field of the row itself."""
        return FieldPath((name,))

    @staticmethod
    def parse(text: str) -> FieldPath:
        """The path that a text of the spec names. Raises ValueError."""
        if text.startswith(_HIDDEN_PREFIX):
            steps = _parse_steps(text.removeprefix(_HIDDEN_PREFIX))
            if len(steps) > 1:
                raise ValueError(text)
            return FieldPath(steps, hidden=True)
        return FieldPath(_parse_steps(text))

    @property
    def head(self) -> str:
        """The name in the row itself."""
        return self.steps[0]

    @property
    def inner(self) -> FieldPath | None:
        """The path inside each nested row; None for a field of the row itself."""
        return FieldPath(self.steps[1:]) if len(self.steps) > 1 else None

    @property
    def parent(self) -> FieldPath | None:
        """The path of the nested rows that hold the field; None for a field of the row itself."""
        return FieldPath(self.steps[:-1]) if len(self.steps) > 1 else None

    def nested_in(self, rows: str) -> FieldPath:
        """The same field as the row around sees it, which shows the nested rows under that name."""
        return FieldPath((rows, *self.steps))

    def __str__(self) -> str:
        return (_HIDDEN_PREFIX if self.hidden else "") + _NESTED_MARK.join(self.steps)


@final
@dataclass(frozen=True, slots=True)
class AttributePath:
    """The path of a telephony attribute in a record: `name`, or `list[].name` in each nested record."""

    steps: tuple[str, ...]

    @staticmethod
    def parse(text: str) -> AttributePath:
        """The path that a text of the spec names. Raises ValueError."""
        return AttributePath(_parse_steps(text))

    @property
    def head(self) -> str:
        """The name in the record itself."""
        return self.steps[0]

    @property
    def inner(self) -> AttributePath | None:
        """The path inside each nested record; None for an attribute of the record itself."""
        return AttributePath(self.steps[1:]) if len(self.steps) > 1 else None

    def __str__(self) -> str:
        return _NESTED_MARK.join(self.steps)


ValuePath = FieldPath | AttributePath
VALUE_PATHS: Final[tuple[type[FieldPath], type[AttributePath]]] = (FieldPath, AttributePath)


def written_value(value: Any) -> Any:
    """A value of the model as files write it: a path is its text, also inside a tuple."""
    if isinstance(value, tuple):
        return tuple(written_value(inner) for inner in value)
    return str(value) if isinstance(value, VALUE_PATHS) else value


def _parse_steps(text: str) -> tuple[str, ...]:
    steps = tuple(text.split(_NESTED_MARK))
    if any(not step or "[]" in step for step in steps):
        raise ValueError(text)
    return steps
