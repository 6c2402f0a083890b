"""Values of an API's own forms are judged: an honest server breaks nothing, a liar the clause of its value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from parlatel_spec import parlatel
from support.invented_spec import CALLBOOK
from support.simulated_rules import ran

from harness.check.credentials import identities_of_users
from harness.check.options import CheckOptions
from harness.check.rules.responses.row_laws import LawContext, judge_row
from harness.check.runner import run_check
from harness.cli.selftest_trials import DirectSender
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.specification.model import EqualsSpanLaw, WithinSpanLaw
from harness.wire.row_codec import ApiValue
from harness.world import World

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


URI = "account: {repeats: {credential: account}, clause: PT-CLS-004}"
MADE = 'uri: {template: "/v3/{account}/{id}", clause: PT-CLS-004}'


@pytest.mark.parametrize(("served", "broken"), [(MADE, []), (MADE.replace("{account}", "A1"), ["PT-CLS-004"])])
def test_a_template_is_held_to_the_account_of_the_request(served: str, broken: list[str]) -> None:
    spec, simulator = parlatel((URI, MADE)), Simulator(parlatel((URI, served)), World.of(seed=7, calls=40))
    options = CheckOptions(now=simulator.world.instant, target="http://127.0.0.1:0/v3")
    who = identities_of_users(simulator.users, spec.listing)
    report = run_check(spec, DirectSender(simulator, simulator.world.instant), who, options)
    assert [finding.clause for finding in report.findings] == broken


@pytest.mark.parametrize(
    ("milliseconds", "broken"), [(0, False), (90_000, False), (92_001, True), (90_000_000, True)]
)
def test_a_number_within_a_span_may_be_less_and_not_more(milliseconds: int, broken: bool) -> None:
    spec = load_spec(CALLBOOK)
    (span,) = (law for law in spec.listing.laws if isinstance(law, EqualsSpanLaw))
    law = WithinSpanLaw(
        law="within-span",
        field=span.field,
        than=span.than,
        other_field=span.other_field,
        slack_seconds=2,
        clause=span.clause,
    )
    start = datetime(2026, 3, 11, 10, 0, tzinfo=UTC)
    row: dict[str, ApiValue] = {"started": start, "ended": start + timedelta(seconds=90), "lasted": milliseconds}
    _, breach = judge_row(law, row, LawContext(fields=spec.listing.fields))
    assert (breach is not None) is broken
