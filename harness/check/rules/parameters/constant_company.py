"""Constants that stand beside a filter: what the filter gets without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from harness.check.context import CheckContext
from harness.check.probe.differences import Aspect
from harness.check.probe.error_responses import ROW_ASPECTS, check_refusable
from harness.check.probe.filter_values import (
    absent_value,
    companion_parameters,
    discriminating_values,
    encode_shown_value,
    halving_value,
    is_time_filter,
    open_range_end,
)
from harness.check.probe.mirror import Mirror
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest

# A page too short, or a smaller total, is what a filter leaves that should have been passed over.
_ASPECTS: Final[tuple[Aspect, ...]] = (*ROW_ASPECTS, "short", "total")


def check_constant_company(context: CheckContext, mirror: Mirror) -> None:
    """A filter without the constant beside it is refused, or keeps every row: one filter for each constant."""
    for constant, parameter in context.listing.parameters.items():
        company = parameter.beside
        if company is None or not company.clause:
            continue
        refused = company.lacking == "refused"
        ask = _request_without(context, mirror, constant, company.parameters, any_value=refused)
        if ask is None:
            context.results.record_not_exercised(company.clause, "the rows show no value for a filter beside it")
            continue
        purpose, clauses, fault = f"a filter without {constant} beside it", company.clause, company.fault
        blame = dict.fromkeys(_ASPECTS, clauses)
        check_refusable(context, mirror, ask, purpose, clauses, fault, only=_ASPECTS, blame=blame, parameter=constant)


def _telling_value(context: CheckContext, mirror: Mirror, name: str) -> Tree:
    """A value by which a filter keeps some rows, as the request writes it; None where the rows show none."""
    if is_time_filter(context, name):
        return halving_value(context, mirror, name)
    values = discriminating_values(context, mirror.rows, name)
    return encode_shown_value(context, name, values[0]) if values else None


def _request_without(
    context: CheckContext, mirror: Mirror, constant: str, filters: Sequence[str], *, any_value: bool
) -> ListRequest | None:
    """A request with a filter that keeps some rows, and without the constant; None where there is no such filter.

    Where it is refused for the constant that it lacks, a text that no row has will do.
    """
    for name in filters:
        if name not in context.listing.filters or name in mirror.base or not context.supports_parameters(name):
            continue
        raw = _telling_value(context, mirror, name)
        if raw is None and any_value and context.listing.parameters[name].as_ == "text":
            raw = context.encode(name, absent_value(context.listing.parameters[name]))
        if raw is not None:
            beside = {**companion_parameters(context, mirror, name), **open_range_end(context, mirror, name)}
            return replace(mirror.request({**beside, name: raw}), left_out=frozenset({constant}))
    return None
