"""Faults in how parameters are read: bad values accepted, defaults changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.serve.faults.base import Fault, bent, both, breach, with_entry
from harness.serve.faults.filters import optional_parameters
from harness.serve.faults.hooks import Seams
from harness.specification.model import Bad, Gets, Listing, Open, Parameter


def of_values(listing: Listing) -> Iterator[Fault]:
    """Bad values, defaults and spellings."""
    for name, parameter in listing.parameters.items():
        for kind in ("bad", "zero", "beyond", "too_many"):
            rule: Bad | None = getattr(parameter, kind)
            if rule is not None:
                yield from _of_bad(listing, name, parameter, kind, rule)
        yield from _of_default(name, parameter)
        if parameter.as_ == "flag" and len(parameter.true) > 1:
            spellings = (*parameter.false, *parameter.true[1:])
            yield from breach(
                parameter.spellings_clause,
                f"{name}-one-spelling",
                f"{name} is true only when spelled {parameter.true[0]}",
                bent(with_entry("parameters", name, true=parameter.true[:1], false=spellings)),
            )


def _of_bad(listing: Listing, name: str, parameter: Parameter, kind: str, rule: Bad) -> Iterator[Fault]:
    legitimate = set(rule.gets.options) if isinstance(rule.gets, Open) else {rule.gets}
    if kind == "beyond" and "clamped" in legitimate and parameter.default == parameter.most:
        # The default is the largest value: taking it for a larger one is clamping.
        legitimate |= {"default"}
    if legitimate & {"ignored", "default"}:
        legitimate |= {"ignored", "default"}
    choices: tuple[Gets, ...] = ("ignored", "nothing", "refused")
    gets = next((word for word in choices if word not in legitimate), None)
    if gets is None:
        return
    bend = with_entry("parameters", name, **{kind: replace(rule, gets=gets)})
    if parameter.required is not None:
        bend = both(bend, optional_parameters(listing, name))
    clause = rule.gets.clause if isinstance(rule.gets, Open) and rule.gets.clause else rule.clause
    words = {"ignored": "passed over", "nothing": "answered with nothing", "refused": "refused"}
    yield from breach(
        clause,
        f"{name}-{kind.replace('_', '-')}-{gets}",
        f"a {kind.replace('_', ' ')} value of {name} is {words[gets]}",
        bent(bend),
    )


def _of_default(name: str, parameter: Parameter) -> Iterator[Fault]:
    default = parameter.default
    other: str | int | bool | None = None
    if parameter.as_ == "flag":
        flag = default if isinstance(default, bool) else str(default) in parameter.true
        other = not flag
    elif parameter.as_ == "integer" and isinstance(default, int):
        other = default + 1 if default < 5 else default - 1
    if other is not None:
        yield from breach(
            parameter.default_clause,
            f"{name}-default-{str(other).lower()}",
            f"without {name} the answer is as with {str(other).lower()}",
            bent(with_entry("parameters", name, default=other)),
        )


def flipped(listing: Listing, name: str) -> Seams:
    """Seams under which an absent flag means the opposite."""
    parameter = listing.parameters[name]
    default = parameter.default
    flag = default if isinstance(default, bool) else str(default) in parameter.true
    return bent(with_entry("parameters", name, default=not flag))
