"""Ranges whose two ends stand in one value: what it keeps, and what a value gets that is not two ends."""

from __future__ import annotations

from typing import Any

from harness.check.context import CheckContext
from harness.check.probe.error_responses import OUTCOME_ASPECTS, ROW_ASPECTS, check_refusable
from harness.check.probe.expect import check_probe
from harness.check.probe.mirror import Mirror
from harness.specification.model import FilterRange
from harness.wire.decoded_body import Tree


def check_range_value(context: CheckContext, mirror: Mirror, pair: FilterRange, ends: tuple[Any, Any]) -> None:
    """The ends in their order keep what lies between them; one end without a separator, or three, are no range."""
    value = pair.value
    if value is None or not value.clause:
        return
    low, high = context.encode(pair.first, ends[0]), context.encode(pair.last, ends[1])
    both = (pair.first, pair.last)
    ask, purpose = mirror.request_without(both, {pair.first: low, pair.last: high}), "both ends of a range in"
    check_probe(context, mirror, ask, f"{purpose} {value.parameter}", value.clause, only=ROW_ASPECTS)
    bad = context.listing.parameters[pair.first].bad
    if bad is None:
        return
    separator = value.separated_by
    odd: list[Tree] = [[low], [low, high, high]]
    if separator is not None:
        odd = [[str(low)], [separator.join(map(str, (low, high, high)))]]
    # Without its ends the list may be another one than the run has read.
    only = ROW_ASPECTS if mirror.base.keys().isdisjoint(both) else OUTCOME_ASPECTS
    purpose = f"a value of {value.parameter} that is not two ends"
    for written in odd:
        ask = mirror.request_without(both, {pair.first: written})
        check_refusable(context, mirror, ask, purpose, value.clause, bad.fault, only=only, parameter=pair.first)
