"""What a law is about: its field, its condition, and every field that it names."""

from __future__ import annotations

from harness.specification.field_path import FieldPath
from harness.specification.model import (
    EqualsSpanLaw,
    FieldCondition,
    ImpliesLaw,
    InOtherListLaw,
    InsideLaw,
    Law,
    NotBeforeLaw,
    SharedLaw,
    VanishesLaw,
    WithinSpanLaw,
)


def field_of_law(law: Law) -> FieldPath:
    """The field that a law binds."""
    return law.then.field if isinstance(law, ImpliesLaw) else law.field


def condition_of_law(law: Law) -> FieldCondition | None:
    """Where a law holds; None for one that holds of every row."""
    return None if isinstance(law, VanishesLaw | SharedLaw | InOtherListLaw) else law.when


def paths_of_law(law: Law) -> tuple[FieldPath, ...]:
    """The fields that a law compares, and those of its conditions."""
    when = condition_of_law(law)
    conditions = () if when is None else (when.field,)
    match law:
        case ImpliesLaw(then=then):
            return (*conditions, then.field)
        case InsideLaw(until=FieldPath() as until):
            return (law.field, law.than, until, *conditions)
        case NotBeforeLaw() | InsideLaw() | EqualsSpanLaw() | WithinSpanLaw():
            return (law.field, law.than, *conditions)
        case _:
            return (law.field, *conditions)
