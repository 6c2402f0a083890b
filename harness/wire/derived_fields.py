"""Fields whose value is not an attribute as it stands: constants, templates, presence, numbers in another unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from harness.specification.model import Field, Scalar
from harness.specification.value_forms import MILLISECONDS, TEMPLATE_PLACE, template_names
from harness.wire.decoded_body import Tree
from harness.wire.json_body import MISSING, Missing


def shown_attributes(fields: Mapping[str, Field], names: Iterable[str]) -> tuple[str, ...]:
    """The telephony attributes that fields of a row are made from, also by way of a template."""
    found: list[str | None] = []
    for name in names:
        field = fields[name]
        found += [field.shows, field.present_of]
        for part in parts_of_value(field):
            found += [fields[part].shows, fields[part].present_of] if part in fields else []
    return tuple(dict.fromkeys(attribute for attribute in found if attribute is not None))


def parts_of_value(field: Field) -> tuple[str, ...]:
    """The other fields that the value of a field hangs on: those of its template, and that of its condition."""
    return (*template_names(field.template or ""), *(() if field.when is None else (str(field.when.field),)))


def filled_template(template: str, shown: Mapping[str, Any]) -> str | Missing | None:
    """The text of a template in a row; None where one of its fields is none, MISSING where one is not known."""
    values = {name: shown.get(name, MISSING) for name in template_names(template)}
    if any(value is MISSING for value in values.values()):
        return MISSING
    if any(value is None for value in values.values()):
        return None
    return TEMPLATE_PLACE.sub(lambda match: str(values[match[1]]), template)


def same_constant(constant: Scalar | None, raw: Tree, *, text: bool) -> bool:
    """Whether a value on the wire is the constant; `text` for XML, where null is an empty element."""
    if text:
        return raw == ("" if constant is None else str(constant))
    return type(raw) is type(constant) and raw == constant


def is_settled_constant(field: Field, raw: Tree, *, text: bool) -> bool:
    """Whether a constant is read as such: another value is one of its type where that is tolerated."""
    if field.when is not None and raw is None:
        return False
    return field.other_values == "refused" or any(same_constant(one, raw, text=text) for one in field.constant)


def shown_number(field: Field, value: Any) -> int | Decimal:
    """The number that a field shows: in its unit, with its sign, to its digits."""
    if field.unit == "seconds" and field.as_ in ("integer", "digits"):
        number: int | Decimal = int(value)
    else:
        exact = Decimal(str(value))
        exact = exact * 1000 / MILLISECONDS[field.unit]
        step = Decimal(1).scaleb(-field.digits)
        whole = field.as_ in ("integer", "digits")
        number = int(exact) if whole else exact.quantize(step, rounding=ROUND_HALF_EVEN)
    return -number if field.negative and number else number


def seconds_of_number(field: Field | None, value: Any) -> Any:
    """The seconds that a shown number counts; any other value as it is."""
    if field is None or field.unit == "seconds" or isinstance(value, bool) or not isinstance(value, int | Decimal):
        return value
    return Decimal(value) * MILLISECONDS[field.unit] / 1000
