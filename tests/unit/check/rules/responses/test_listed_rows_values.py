"""Values of an API's own forms are judged: an honest server breaks nothing, a liar the clause of its value."""

from __future__ import annotations

import pytest
from support.invented_spec import CALLBOOK
from support.simulated_rules import ran

from harness.specification.load import load_spec

FAULTS = (
    "CB-LST-010/id-id-cut-short",
    "CB-LST-013/parent-id-cut-short",
    "CB-LST-016/rating-another-constant",
    "CB-LST-017/uri-made-otherwise",
    "CB-LST-018/links.parent-made-otherwise",
    "CB-LST-019/from-form",
    "CB-LST-020/answer-form",
    "CB-LST-020/answer.at-form",
    "CB-LST-022/created-form",
    "CB-LST-023/started-form",
    "CB-LST-024/began-form",
    "CB-LST-025/ticks-form",
    "CB-LST-026/day-form",
    "CB-LST-029/price-form",
    "CB-LST-029/price-sign-turned",
    "CB-LST-030/recorded-turned-round",
    "CB-LST-031/clock-form",
    "CB-LST-071/api-another-constant",
    "CB-LST-071/next-another-constant",
    "CB-LST-072/request-never-fresh",
)


@pytest.mark.parametrize("calls", [1, 40, 300])
def test_an_honest_server_breaks_nothing(calls: int) -> None:
    assert ran(CALLBOOK, calls=calls).findings == ()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lie_about_a_value_breaks_its_clause_alone(fault: str) -> None:
    assert ran(CALLBOOK, calls=200, fault=fault).findings == (fault.partition("/")[0],)


def test_a_span_in_milliseconds_is_held_against_its_ends() -> None:
    law = next(law for law in load_spec(CALLBOOK).listing.laws if law.law == "equals-span")
    found = ran(CALLBOOK, calls=200, fault="CB-LST-082/equals-span-lasted-3").findings
    assert found == law.clause
