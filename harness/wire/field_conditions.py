"""Fields that rows have only where another field of the row has some value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any

from harness.specification.model import Field, FieldCondition


def meets(condition: FieldCondition, value: object) -> bool:
    """Whether a shown value of the field that a condition names meets it."""
    if condition.present is not None and condition.present == (value in (None, (), "")):
        return False
    said = str(value)
    return (not condition.is_ or said in map(str, condition.is_)) and said not in map(str, condition.not_)


def all_met(conditions: Sequence[FieldCondition], row: Mapping[str, Any]) -> bool | None:
    """Whether a row meets every condition; None where a field that would decide it was not read."""
    known = [meets(one, row[str(one.field)]) for one in conditions if str(one.field) in row]
    return False if False in known else None if len(known) < len(conditions) else True


def hide_unmet(fields: Mapping[str, Field], shown: dict[str, Any], show: Callable[[str], Any]) -> None:
    """Makes none of what a row does not have by the conditions of its fields; `show` gives a field not yet shown."""
    for name in shown:
        when = fields[name].when
        if when is None:
            continue
        other = str(when.field)
        if not meets(when, shown[other] if other in shown else show(other)):
            shown[name] = None


def lacks_by_condition(fields: Mapping[str, Field], name: str, shown: Mapping[str, Any]) -> bool:
    """Whether a row does not have a field, by the condition of that field."""
    when = fields[name].when
    return when is not None and shown.get(name) is None and not meets(when, shown.get(str(when.field)))


def condition_breaches(
    fields: Mapping[str, Field], shown: Mapping[str, Any], flawed: Set[str]
) -> Iterator[tuple[str, bool, str]]:
    """The fields that are there where they should not be, or the reverse: name, whether it is there, what is due."""
    for name, field in fields.items():
        when = field.when
        if when is None or name not in shown or name in flawed:
            continue
        other = str(when.field)
        if other not in shown or other in flawed:
            continue
        due, there = meets(when, shown[other]), shown[name] is not None
        if there and not due:
            yield name, True, f"expected none where {other} is {shown[other]!r}"
        elif due and not there and field.absent == "never" and not field.optional and not field.tolerates:
            yield name, False, f"expected a value where {other} is {shown[other]!r}"
