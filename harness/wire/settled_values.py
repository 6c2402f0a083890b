"""Values of a request that nobody chooses: of the account that asks, constants, and what rows repeat of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.specification.access import is_settled
from harness.specification.dialect import ChoiceResolver
from harness.specification.model import Field, Listing
from harness.specification.value_forms import template_names
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest, is_constant_due
from harness.wire.request_paths import constant_text


def refuse_settled_values(
    listing: Listing, ask: ListRequest, credentials: Mapping[str, str], choices: ChoiceResolver
) -> RefusedRequest | None:
    """The refusal of a request that names another account than that of its credentials, or another constant.

    A constant is refused only where the spec has a fault for it; an account that the user does not have is any.
    """
    for name, parameter in listing.parameters.items():
        raw = ask.values.get(name)
        if parameter.bound_to is not None:
            own = credentials.get(parameter.bound_to.credential)
            if raw is not None and own is not None and str(raw) not in (own, *parameter.bound_to.words):
                return RefusedRequest(fault=parameter.bound_to.fault, parameter=name, value=str(raw))
        elif parameter.beside is not None:
            if _lacks_constant(listing, name, ask) and choices.resolve(parameter.beside.lacking) == "refused":
                return RefusedRequest(fault=parameter.beside.fault, parameter=name, value=str(raw or ""))
        elif parameter.constant is not None:
            fault = _fault_of_constant(listing, name, missing=raw is None)
            if fault is not None and (raw is None or constant_text(raw) != constant_text(parameter.constant)):
                return RefusedRequest(fault=fault, parameter=name, value="" if raw is None else str(raw))
    return None


def without_company(listing: Listing, ask: ListRequest) -> ListRequest:
    """The request without the parameters that lack the constant beside them: they count as absent."""
    lost = {
        name
        for constant, parameter in listing.parameters.items()
        if parameter.beside is not None and _lacks_constant(listing, constant, ask)
        for name in parameter.beside.parameters
    }
    return (
        ask if not lost else replace(ask, values={name: raw for name, raw in ask.values.items() if name not in lost})
    )


def _lacks_constant(listing: Listing, name: str, ask: ListRequest) -> bool:
    """Whether a constant is due in a request and not there, or not itself."""
    constant, raw = listing.parameters[name].constant, ask.values.get(name)
    return is_constant_due(listing, name, ask.values) and (
        raw is None or constant_text(raw) != constant_text(constant)
    )


def _fault_of_constant(listing: Listing, name: str, *, missing: bool) -> str | None:
    """The fault of a constant that is not there, or not itself; None where it is passed over."""
    parameter, known = listing.parameters[name], listing.outcome.faults
    rule = parameter.required if missing else parameter.bad
    fault = rule.fault if rule is not None else "invalid"
    return fault if fault in known else None


def repeats_values(listing: Listing) -> bool:
    """Whether rows repeat anything of a request."""
    fields = listing.fields
    return any(field.repeats is not None for field in fields.values()) or bool(
        _parameters_of_templates(listing, fields)
    )


def repeated_values(
    listing: Listing, ask: ListRequest, credentials: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """What every row of the answer repeats of the request: of credentials and of parameters.

    By field, and by parameter where a template names one.
    """
    found: dict[str, str] = {}
    for name, field in listing.fields.items():
        if field.repeats is not None:
            found[name] = _value_of(listing, field.repeats.credential, field.repeats.parameter, ask, credentials)
    for name in _parameters_of_templates(listing, listing.fields):
        bound = listing.parameters[name].bound_to
        found[name] = _value_of(listing, bound.credential if bound else None, name, ask, credentials)
    return tuple(found.items())


def _parameters_of_templates(listing: Listing, fields: Mapping[str, Field]) -> tuple[str, ...]:
    """The parameters that nobody chooses and that templates of a row name."""
    named = {name for field in fields.values() for name in template_names(field.template or "") if name not in fields}
    return tuple(name for name, one in listing.parameters.items() if name in named and is_settled(one))


def _value_of(
    listing: Listing,
    credential: str | None,
    parameter: str | None,
    ask: ListRequest,
    credentials: Mapping[str, str],
) -> str:
    if credential is not None:
        bound = (
            name for name, one in listing.parameters.items() if one.bound_to and one.bound_to.credential == credential
        )
        given = next((ask.values[name] for name in bound if name in ask.values), "")
        return credentials.get(credential, str(given))
    known = listing.parameters[parameter or ""]
    value = ask.values.get(parameter or "", known.constant if known.constant is not None else known.default)
    return "" if value is None else constant_text(value)
