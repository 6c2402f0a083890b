"""Faults in how parameters are read: bad values accepted, defaults changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from harness.serve.faults.base import Fault, combine_changes, make_fault, with_changed_listing, with_entry
from harness.serve.faults.filters import match_nothing_when_blank, with_optional_parameter
from harness.serve.faults.hooks import Hooks
from harness.specification.model import ConstantCompany, InvalidValueRule, Listing, OpenChoice, Parameter, Treatment


def parameter_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of parameters: invalid values accepted, wrong defaults, spellings not understood."""
    for name, parameter in listing.parameters.items():
        for kind in ("bad", "zero", "beyond", "too_many"):
            rule: InvalidValueRule | None = getattr(parameter, kind)
            if rule is not None:
                yield from _bad_value_faults(listing, name, parameter, kind, rule)
        most, beyond = parameter.most, parameter.beyond
        if parameter.as_ == "integer" and most is not None and beyond and name != listing.paging.size_parameter:
            nearer = with_entry("parameters", name, most=most - 1, beyond=replace(beyond, gets="refused"))
            yield from make_fault(
                beyond.clause, f"{name}-most-refused", f"{name} = {most} is refused", with_changed_listing(nearer)
            )
        if parameter.pattern is not None and parameter.bad is not None:
            yield from make_fault(
                parameter.bad.clause,
                f"{name}-any-text",
                f"{name} takes any text, however it looks",
                with_changed_listing(with_entry("parameters", name, pattern=None)),
            )
        yield from _default_faults(name, parameter)
        yield from _blank_faults(name, parameter)
        if parameter.beside is not None:
            yield from _company_faults(name, parameter.beside)
        if parameter.as_ == "flag" and len(parameter.true) > 1:
            spellings = (*parameter.false, *parameter.true[1:])
            yield from make_fault(
                parameter.spellings_clause,
                f"{name}-one-spelling",
                f"{name} is true only when spelled {parameter.true[0]}",
                with_changed_listing(with_entry("parameters", name, true=parameter.true[:1], false=spellings)),
            )


def _company_faults(name: str, company: ConstantCompany) -> Iterator[Fault]:
    """Filters that work, or are refused, or count as absent without a constant, whatever is due."""
    legitimate = company.lacking.options if isinstance(company.lacking, OpenChoice) else (company.lacking,)
    clause = company.lacking.clause if isinstance(company.lacking, OpenChoice) else company.clause
    ways: dict[Literal["refused", "ignored"], str] = {"refused": "refused", "ignored": "passed over"}
    yield from make_fault(
        clause or company.clause,
        f"{name}-not-needed",
        f"filters work without {name} beside them",
        with_changed_listing(with_entry("parameters", name, beside=replace(company, parameters=()))),
    )
    for way, words in ways.items():
        if way not in legitimate:
            yield from make_fault(
                clause or company.clause,
                f"{name}-lacking-{way}",
                f"a filter without {name} beside it is {words}",
                with_changed_listing(with_entry("parameters", name, beside=replace(company, lacking=way))),
            )


def _bad_value_faults(
    listing: Listing, name: str, parameter: Parameter, kind: str, rule: InvalidValueRule
) -> Iterator[Fault]:
    legitimate = set(rule.gets.options) if isinstance(rule.gets, OpenChoice) else {rule.gets}
    if kind == "beyond" and "clamped" in legitimate and parameter.default == parameter.most:
        # The default is the largest value: taking it for a larger one is clamping.
        legitimate |= {"default"}
    if legitimate & {"ignored", "default"}:
        legitimate |= {"ignored", "default"}
    choices: tuple[Treatment, ...] = ("ignored", "nothing", "refused")
    gets = next((word for word in choices if word not in legitimate), None)
    if gets is None:
        return
    change = with_entry("parameters", name, **{kind: replace(rule, gets=gets)})
    if parameter.required is not None:
        change = combine_changes(change, with_optional_parameter(listing, name))
    clause = rule.gets.clause if isinstance(rule.gets, OpenChoice) and rule.gets.clause else rule.clause
    words = {"ignored": "passed over", "nothing": "answered with nothing", "refused": "refused"}
    yield from make_fault(
        clause,
        f"{name}-{kind.replace('_', '-')}-{gets}",
        f"a {kind.replace('_', ' ')} value of {name} is {words[gets]}",
        with_changed_listing(change),
    )


def _blank_faults(name: str, parameter: Parameter) -> Iterator[Fault]:
    if parameter.blank == "absent":
        yield from make_fault(
            parameter.blank_clause,
            f"{name}-blank-is-a-value",
            f"an empty {name} keeps nothing",
            Hooks(parameters=lambda given, ask: match_nothing_when_blank(given, ask, (name,))),
        )
    elif parameter.blank == "refused":
        yield from make_fault(
            parameter.blank_clause,
            f"{name}-blank-ignored",
            f"an empty {name} is passed over",
            with_changed_listing(with_entry("parameters", name, blank="absent")),
        )


def _default_faults(name: str, parameter: Parameter) -> Iterator[Fault]:
    default = parameter.default
    other: str | int | bool | None = None
    if parameter.as_ == "flag":
        flag = default if isinstance(default, bool) else str(default) in parameter.true
        other = not flag
    elif parameter.as_ == "integer" and isinstance(default, int):
        other = default + 1 if default < 5 else default - 1
    if other is not None:
        yield from make_fault(
            parameter.default_clause,
            f"{name}-default-{str(other).lower()}",
            f"without {name} the answer is as with {str(other).lower()}",
            with_changed_listing(with_entry("parameters", name, default=other)),
        )


def with_opposite_default(listing: Listing, name: str) -> Hooks:
    """Hooks under which an absent flag means the opposite of its default."""
    parameter = listing.parameters[name]
    default = parameter.default
    flag = default if isinstance(default, bool) else str(default) in parameter.true
    return with_changed_listing(with_entry("parameters", name, default=not flag))
