"""Faults in how a filter compares: borders, days, wildcards, whether there is a value, case, several values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from harness.serve.faults.base import Fault, make_fault, on_condition, on_parameters, with_changed_listing, with_entry
from harness.serve.query.parameters import ParsedParameters
from harness.serve.query.table import Condition, InstantRange
from harness.specification.model import Comparison, Filter, Listing, OpenChoice, Parameter, Wildcards
from harness.wire.parameter_codec import is_list, must_match_all, takes_instants, takes_list
from harness.wire.row_codec import field_at
from harness.wire.scalar_codecs import first_instant

_OTHER_BORDER: Final[dict[Comparison, tuple[Comparison, str, str]]] = {
    "at-most": ("below", "strict", "leaves out calls with the very value"),
    "at-least": ("above", "strict", "leaves out calls with the very value"),
    "below": ("at-most", "loose", "keeps calls with the very value"),
    "above": ("at-least", "loose", "keeps calls with the very value"),
}
_TEXT_COMPARISONS: Final = ("equal", "not-equal", "contains", "starts", "ends", "like")
_DAY: Final = timedelta(days=1)
_UTC: Final = ZoneInfo("UTC")


def comparison_faults(listing: Listing, name: str, rule: Filter, parameter: Parameter) -> Iterator[Fault]:
    """The faults of one filter by how it compares and what it takes."""
    if isinstance(rule.keeps, OpenChoice):
        return
    if parameter.as_ == "calendar-day":
        yield from _day_faults(listing, name, rule)
    elif rule.keeps in _OTHER_BORDER:
        other, word, says = _OTHER_BORDER[rule.keeps]
        yield from _keeps_fault(rule, name, word, f"{name} {says}", other)
    elif rule.keeps in ("at-or-after", "at-or-before") and not takes_instants(parameter):
        yield from _border_fault(name, rule)
    if rule.named_by is not None:
        # The other words compare in other ways, which these faults are not about.
        return
    if rule.keeps == "not-equal":
        yield from _absent_value_faults(listing, name, rule)
    if rule.keeps in ("present", "absent") and parameter.as_ == "flag":
        yield from make_fault(
            rule.clause,
            f"{name}-false-is-true",
            f"{name} asks for the same whether it is true or false",
            on_parameters(lambda given: _set_true(given, name)),
        )
    if rule.keeps in ("starts", "ends"):
        yield from _keeps_fault(rule, name, "part-suffices", f"{name} takes the value anywhere in a text", "contains")
    if rule.keeps == "like":
        yield from _wildcard_faults(name, rule)
    if rule.keeps in _TEXT_COMPARISONS:
        yield from _case_faults(name, rule)
    yield from _several_values_faults(name, rule, parameter)


def _keeps_fault(rule: Filter, name: str, word: str, says: str, keeps: Comparison) -> tuple[Fault, ...]:
    return make_fault(
        rule.clause, f"{name}-{word}", says, on_condition(name, lambda condition: replace(condition, keeps=keeps))
    )


def _border_fault(name: str, rule: Filter) -> tuple[Fault, ...]:
    """The very value is left out, or kept, where it should be the other way."""
    if isinstance(rule.boundary, OpenChoice):
        return ()
    strict = rule.boundary == "inclusive"
    return make_fault(
        rule.clause,
        f"{name}-{'strict' if strict else 'loose'}",
        f"{name} {'leaves out' if strict else 'keeps'} calls with the very value",
        on_condition(name, lambda condition: replace(condition, inclusive=not strict)),
    )


# --- days ---------------------------------------------------------------------------------------------------


def _day_faults(listing: Listing, name: str, rule: Filter) -> Iterator[Fault]:
    for word, days in (("day-before", -1), ("day-after", 1)):
        yield from make_fault(
            rule.clause,
            f"{name}-{word}",
            f"{name} takes the {word.replace('-', ' ')} the one asked for",
            on_parameters(lambda given, days=days: _shift_day(given, name, days)),  # type: ignore[misc]
        )
    closed = not isinstance(rule.boundary, OpenChoice)
    midnight_matters = rule.keeps in ("equal", "not-equal", "above", "at-most") or (
        closed and (rule.keeps == "at-or-before") == (rule.boundary == "inclusive")
    )
    if midnight_matters:
        yield from make_fault(
            rule.clause,
            f"{name}-midnight-only",
            f"{name} takes a day for the instant at which it begins",
            on_parameters(lambda given: _day_as_instant(given, name)),
        )
    zone = listing.zone
    if zone is not None and not isinstance(zone.default, OpenChoice) and zone.default not in ("UTC", "Etc/UTC"):
        yield from make_fault(
            rule.clause,
            f"{name}-cut-in-utc",
            f"the day of {name} begins and ends at midnight of UTC",
            on_condition(name, lambda condition: _days_of_utc(condition, ZoneInfo(str(zone.default)))),
        )


def _shift_day(given: ParsedParameters, name: str, days: int) -> ParsedParameters:
    value = given.values.get(name)
    if not isinstance(value, date) or isinstance(value, datetime) or not date.min < value < date.max:
        return given
    return given._replace(values={**given.values, name: value + timedelta(days=days)})


def _day_as_instant(given: ParsedParameters, name: str) -> ParsedParameters:
    value = given.values.get(name)
    if not isinstance(value, date) or isinstance(value, datetime):
        return given
    return given._replace(values={**given.values, name: first_instant(value, given.zone)})


def _days_of_utc(condition: Condition, zone: ZoneInfo) -> Condition:
    """The condition with each border of a day at the same midnight of UTC."""

    def move(instant: datetime) -> datetime:
        return first_instant(instant.astimezone(zone).date(), _UTC)

    wanted = tuple(
        InstantRange(move(value.first), move(value.until))
        if isinstance(value, InstantRange)
        else move(value)
        if isinstance(value, datetime)
        else value
        for value in condition.wanted
    )
    return replace(condition, wanted=wanted)


# --- presence -----------------------------------------------------------------------------------------------


def _absent_value_faults(listing: Listing, name: str, rule: Filter) -> Iterator[Fault]:
    """Rows without a value are kept, or left out, where it should be the other way; if there can be such rows."""
    field = field_at(listing.fields, rule.compares[0])
    if field is None or field.absent == "never" or isinstance(rule.absent, OpenChoice) or len(rule.compares) > 1:
        return
    kept = rule.absent == "kept"
    yield from make_fault(
        rule.clause,
        f"{name}-without-value-{'dropped' if kept else 'kept'}",
        f"{name} {'drops' if kept else 'keeps'} calls that show no value there",
        on_condition(name, lambda condition: replace(condition, absent_kept=not kept)),
    )


def _set_true(given: ParsedParameters, name: str) -> ParsedParameters:
    return given._replace(values={**given.values, name: True}) if given.has(name) else given


# --- wildcards and case -------------------------------------------------------------------------------------


def _wildcard_faults(name: str, rule: Filter) -> Iterator[Fault]:
    wildcards = rule.wildcards or Wildcards()
    yield from _keeps_fault(rule, name, "wildcards-literal", f"the wildcards of {name} stand for themselves", "equal")
    around = wildcards.any
    if around is not None:
        yield from make_fault(
            rule.clause,
            f"{name}-part-suffices",
            f"{name} keeps calls with the pattern anywhere in the text",
            on_condition(
                name,
                lambda condition: replace(
                    condition, wanted=tuple(f"{around}{value}{around}" for value in condition.wanted)
                ),
            ),
        )
    if around is not None and wildcards.one is not None:
        one = wildcards.one
        yield from make_fault(
            rule.clause,
            f"{name}-one-is-any",
            f"{one} in {name} stands for any number of characters",
            on_condition(
                name,
                lambda condition: replace(
                    condition, wanted=tuple(str(value).replace(one, around) for value in condition.wanted)
                ),
            ),
        )
    if wildcards.escape is not None:
        escape = wildcards.escape
        yield from make_fault(
            rule.clause,
            f"{name}-escape-ignored",
            f"a wildcard of {name} is one also after {escape}",
            on_condition(
                name,
                lambda condition: replace(
                    condition,
                    wanted=tuple(str(value).replace(escape, "") for value in condition.wanted),
                ),
            ),
        )


def _case_faults(name: str, rule: Filter) -> Iterator[Fault]:
    if isinstance(rule.case, OpenChoice) or (rule.case == "exact" and not rule.case_clause):
        return
    other = rule.case == "exact"
    yield from make_fault(
        rule.case_clause or rule.clause,
        f"{name}-case-{'folded' if other else 'counts'}",
        f"letters' case {'does not count' if other else 'counts'} in {name}",
        on_condition(name, lambda condition: replace(condition, folded=other)),
    )


# --- several values -----------------------------------------------------------------------------------------


def _several_values_faults(name: str, rule: Filter, parameter: Parameter) -> Iterator[Fault]:
    clause = parameter.list_clause or rule.clause
    key = "elements" if is_list(parameter) else "repeated"
    if must_match_all(parameter):
        yield from make_fault(
            clause,
            f"{name}-any-suffices",
            f"of several values of {name} one suffices",
            with_changed_listing(with_entry("parameters", name, **{key: "any"})),
        )
    elif parameter.repeated == "any" and rule.keeps == "equal":
        yield from make_fault(
            clause,
            f"{name}-all-needed",
            f"a call must match every value of {name}",
            with_changed_listing(with_entry("parameters", name, repeated="all")),
        )
    if rule.keeps == "not-equal" and takes_list(parameter):
        yield from make_fault(
            clause,
            f"{name}-all-needed",
            f"{name} leaves a call out only if it matches every value",
            on_condition(name, lambda condition: _leave_out_by_all(condition)),
        )


def _leave_out_by_all(condition: Condition) -> Condition | None:
    """No call has several values at once: with more than one nothing is left out."""
    return condition if len(condition.wanted) < 2 else None
