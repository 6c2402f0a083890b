"""How a shown value is compared with a wanted one, plainly: what each word of the language keeps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from harness.specification.model import Comparison, Filter, OpenChoice, Wildcards
from harness.wire.row_codec import ApiValue
from harness.wire.scalar_codecs import zone_named as zone_named


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueComparison:
    """How shown values are compared with wanted ones. `zone` names where calendar days begin and end."""

    keeps: Comparison
    inclusive: bool = True
    folded: bool = False
    wildcards: Wildcards | None = None
    zone: str = "UTC"
    must_match_all: bool = False
    absent_kept: bool = True
    first_filled: bool = False


def comparison_of_filter(filter_: Filter, *, zone: str = "UTC") -> ValueComparison:
    """The comparison of a filter where the assumed answers to its open choices hold."""

    def assumed(value: Any) -> Any:
        return value.assumed if isinstance(value, OpenChoice) else value

    keeps = assumed(filter_.keeps)
    return ValueComparison(
        keeps=keeps,
        inclusive=keeps not in ("at-or-after", "at-or-before") or assumed(filter_.boundary) == "inclusive",
        folded=assumed(filter_.case) == "folded",
        wildcards=filter_.wildcards,
        zone=zone,
        absent_kept=assumed(filter_.absent) == "kept",
        first_filled=len(filter_.compares) > 1 and assumed(filter_.of_several) == "first-filled",
    )


def values_are_kept(compared: ValueComparison, shown: Iterable[ApiValue], chosen: tuple[Any, ...]) -> bool:
    """Whether a filter keeps a row with these shown values (of all its fields) for the wanted ones."""
    values = [one for value in shown for one in (value if isinstance(value, tuple) else (value,)) if one is not None]
    if compared.first_filled:
        # Fields of one value each, in the order of the filter.
        values = values[:1]
    match compared.keeps:
        case "present" | "absent":
            # A flag that is false asks for the opposite.
            return (bool(values) == (compared.keeps == "present")) == (True in chosen)
        case "not-equal":
            equal = replace(compared, keeps="equal")
            clashes = any(comparison_holds(equal, one, item) for one in values for item in chosen)
            return not clashes and (bool(values) or compared.absent_kept)
    found = [any(comparison_holds(compared, one, item) for one in values) for item in chosen]
    return all(found) if compared.must_match_all else any(found)


def comparison_holds(compared: ValueComparison, shown: ApiValue, wanted: Any) -> bool:
    """Whether one shown value satisfies a comparison with one wanted value."""
    if shown is None:
        return False
    if isinstance(shown, tuple):
        return any(comparison_holds(compared, item, wanted) for item in shown)
    keeps, folded = compared.keeps, compared.folded
    if isinstance(wanted, date) and not isinstance(wanted, datetime) and isinstance(shown, datetime):
        # What a day is compared with is the day on the wall of the zone.
        shown = cast(Any, shown.astimezone(zone_named(compared.zone)).date())
    match keeps:
        case "at-or-after" | "at-or-before" | "at-most" | "at-least" | "below" | "above":
            return _lies_on_side(compared, _order_of(shown, wanted, folded=folded))
        case "equal" if not isinstance(shown, str) or not isinstance(wanted, str):
            return _values_equal(shown, wanted)
        case _:
            left_text, right_text = _fold_text(shown, folded), _fold_text(wanted, folded)
            match keeps:
                case "contains":
                    return right_text in left_text
                case "starts":
                    return left_text.startswith(right_text)
                case "ends":
                    return left_text.endswith(right_text)
                case "like":
                    return is_like(left_text, right_text, compared.wildcards or Wildcards())
                case _:
                    return left_text == right_text


def _lies_on_side(compared: ValueComparison, side: int | None) -> bool:
    """Whether a value before (-1), at (0) or after (1) the wanted one is kept; one of another kind (None) is not."""
    keeps = compared.keeps
    if side == 0:
        return keeps in ("at-most", "at-least") or (keeps not in ("below", "above") and compared.inclusive)
    return side is not None and (side > 0) == (keeps in ("at-or-after", "at-least", "above"))


def is_like(text: str, pattern: str, wildcards: Wildcards) -> bool:
    """Whether a whole text is like a pattern, by the places in the pattern that each character can lead to."""
    steps = _steps_of_pattern(pattern, wildcards)

    def skip(places: set[int]) -> set[int]:
        found = set(places)
        for place in sorted(places):
            while place < len(steps) and steps[place][0] == "any":
                place += 1
                found.add(place)
        return found

    places = skip({0})
    for sign in text:
        stay = {place for place in places if place < len(steps) and steps[place][0] == "any"}
        onward = {
            place + 1
            for place in places
            if place < len(steps) and (steps[place][0] == "one" or steps[place] == ("same", sign))
        }
        places = skip(stay | onward)
    return len(steps) in places


def _steps_of_pattern(pattern: str, wildcards: Wildcards) -> list[tuple[str, str]]:
    """What each sign of a pattern stands for (any text, one character, itself), with the sign."""
    kinds = {wildcards.any: "any", wildcards.one: "one"}
    steps: list[tuple[str, str]] = []
    signs = iter(pattern)
    for sign in signs:
        if sign == wildcards.escape:
            # An escape at the end escapes nothing: it stands for itself.
            steps.append(("same", next(signs, sign)))
        else:
            steps.append((kinds.get(sign, "same"), sign))
    return steps


def same_text(one: str, other: Any, *, folded: bool) -> bool:
    """Whether a value is that text, in any case with `folded`."""
    return isinstance(other, str) and _fold_text(one, folded) == _fold_text(other, folded)


def _order_of(shown: Any, wanted: Any, *, folded: bool) -> int | None:
    """Whether a shown value comes after (1), before (-1) or at (0) a wanted one; None where they are of two kinds."""
    left: Any
    right: Any
    if isinstance(shown, str) and isinstance(wanted, str):
        left, right = _fold_text(shown, folded), _fold_text(wanted, folded)
    elif isinstance(shown, date) and isinstance(wanted, date):
        # An instant is a date to Python, and compares to none.
        if isinstance(shown, datetime) is not isinstance(wanted, datetime):
            return None
        left, right = shown, wanted
    else:
        left, right = _decimal_of(shown), _decimal_of(wanted)
        if left is None or right is None:
            return None
    return int(left > right) - int(left < right)


def _decimal_of(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return Decimal(value)


def _values_equal(shown: ApiValue, wanted: Any) -> bool:
    if isinstance(shown, bool) or isinstance(wanted, bool):
        return shown is wanted
    if isinstance(shown, str) != isinstance(wanted, str):
        return str(shown) == str(wanted)
    return bool(shown == wanted)


def _fold_text(value: Any, folded: bool) -> str:
    return str(value).casefold() if folded else str(value)
