"""Ranges whose two ends stand in one value: what it keeps, and what a value gets that is not two ends."""

from __future__ import annotations

from typing import Any

from harness.check.context import CheckContext
from harness.check.probe.error_responses import ROW_ASPECTS, judge_error_response
from harness.check.probe.expect import check_probe
from harness.check.probe.mirror import Mirror
from harness.specification.model import FilterRange
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest


def check_range_value(context: CheckContext, mirror: Mirror, pair: FilterRange, ends: tuple[Any, Any]) -> None:
    """The ends in their order keep what lies between them; one end without a separator, or three, are no range."""
    value = pair.value
    if value is None or not value.clause:
        return
    low, high = context.encode(pair.first, ends[0]), context.encode(pair.last, ends[1])
    rest = {name: given for name, given in mirror.base.items() if name not in (pair.first, pair.last)}
    check_probe(
        context,
        mirror,
        ListRequest(values={**rest, pair.first: low, pair.last: high}),
        f"both ends of a range in {value.parameter}",
        value.clause,
        only=ROW_ASPECTS,
    )
    bad = context.listing.parameters[pair.first].bad
    if bad is None:
        return
    separator = value.separated_by
    odd: list[Tree] = [[low], [low, high, high]]
    if separator is not None:
        odd = [[str(low)], [separator.join(map(str, (low, high, high)))]]
    # Without its ends the list may be another one than the run has read.
    narrowed = not {pair.first, pair.last}.isdisjoint(mirror.base)
    for written in odd:
        judged = check_probe(
            context,
            mirror,
            ListRequest(values={**rest, pair.first: written}),
            f"a value of {value.parameter} that is not two ends",
            value.clause,
            only=("unreadable", "outcome") if narrowed else ROW_ASPECTS,
        )
        if judged.passed and judged.due_error:
            judge_error_response(context, judged.exchange, bad.fault, value.clause, parameter=pair.first)
