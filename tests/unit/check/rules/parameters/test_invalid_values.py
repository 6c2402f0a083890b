"""Rules on values, against the simulator as it should be and with one breach."""

from __future__ import annotations

import pytest
from rule_runs import OFFSETS, Body, Given, Honest, of_rules, tern, truth
from simulated_rules import ran
from simulated_runs import meeting, on_query

from harness.check.probe.equivalence import answer_difference
from harness.check.results.findings import Verdict
from harness.check.rules.parameters.defaults import check_blank_values
from harness.check.rules.parameters.invalid_values import check_invalid_values
from harness.serve.faults.base import Fault
from harness.serve.faults.hooks import Hooks
from harness.serve.query.parameters import ParsedParameters
from harness.serve.query.query_builder import AnswerPlan
from harness.serve.query.table import OffsetSlice, Query
from harness.specification.load import spec_ids
from harness.specification.model import ClauseId
from harness.wire.request_codec import RefusedRequest

# --- a run of some rules, shared with the tests of the other families -----------------------------------------


# --- the tests ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", spec_ids())
def test_a_server_as_documented_breaks_nothing(api: str) -> None:
    assert ran(api, check_blank_values, check_invalid_values).findings == ()


@pytest.mark.parametrize("calls", [0, 1])
@pytest.mark.parametrize("api", spec_ids())
def test_a_list_with_hardly_any_rows_breaks_nothing(api: str, calls: int) -> None:
    assert ran(api, check_blank_values, check_invalid_values, calls=calls).findings == ()


# What a breach breaks besides: a range that is turned round shows rows where nothing matches.
BESIDES = {"VX-GCH-017/from_date-and-to_date-swapped": ("VX-GCH-067",)}


@pytest.mark.parametrize(
    ("api", "fault"),
    [
        ("ozeki/list-call-history", "OZ-LCH-033/blank-is-a-value"),
        ("ozeki/list-call-history", "OZ-LCH-050/invalid-names-nothing"),
        ("voximplant/get-call-history", "VX-GCH-013/from_date-not-required"),
        ("voximplant/get-call-history", "VX-GCH-017/from_date-and-to_date-swapped"),
        ("voximplant/get-call-history", "VX-GCH-033/with_calls-default-true"),
        ("voximplant/get-call-history", "VX-GCH-051/offset-beyond-ignored"),
        ("voximplant/get-call-history", "VX-GCH-062/desc_order-one-spelling"),
        ("voximplant/get-call-history", "VX-GCH-063/with_calls-bad-nothing"),
        ("voximplant/get-call-history", "VX-GCH-008/bad-date-code"),
        ("etelecom/list-call-logs", "ET-LCL-026/date_from-alone-ignored"),
        ("etelecom/list-call-logs", "ET-LCL-028/date_to-bad-ignored"),
        ("etelecom/list-call-logs", "ET-LCL-041/limit-zero-nothing"),
        ("enswitch/calls-active-list", "EN-CAL-059/machines-blank-is-a-value"),
        ("asterisk-cdr-api/list-calls", "AC-CLS-019/order_dir-blank-is-a-value"),
        ("asterisk-cdr-api/list-calls", "AC-CLS-050/limit-blank-ignored"),
    ],
)
def test_a_breach_is_found_under_what_it_breaks_alone(api: str, fault: str) -> None:
    clauses = {fault.partition("/")[0], *BESIDES.get(fault, ())}
    assert set(ran(api, check_blank_values, check_invalid_values, fault=fault).findings) == clauses


@pytest.mark.parametrize("then", ["refused", "last-month"])
def test_one_behaviour_without_both_dates_settles_both_choices(then: str) -> None:
    choices = {f"parameters.{name}.required.then": then for name in ("from_date", "to_date")}
    run = ran("voximplant/get-call-history", check_invalid_values, dialect=choices)
    assert run.findings == ()
    assert choices.items() <= run.session.dialect.certain_answers().items()


@pytest.mark.parametrize("gets", ["refused", "ignored", "nothing"])
def test_what_a_bad_value_gets_is_learnt(gets: str) -> None:
    choice = "parameters.From.bad.gets"
    run = ran("ozeki/list-call-history", check_invalid_values, dialect={choice: gets})
    assert (run.findings, run.session.dialect.certain_answers()[choice]) == ((), gets)


def test_a_list_that_is_refused_below_the_longest_legal_length_is_told() -> None:
    def refuses_more_than_fifty(
        plan: AnswerPlan | RefusedRequest, given: ParsedParameters
    ) -> AnswerPlan | RefusedRequest:
        ids = given.values.get("call_session_history_id")
        long = isinstance(ids, tuple) and len(ids) > 50
        return RefusedRequest(fault="too-many-sessions") if long else plan

    hooks = Hooks(plan=refuses_more_than_fifty)
    fault = Fault(clause=ClauseId("NONE"), name="made-up", description="a test's own", hooks=hooks)
    context, mirror = meeting("voximplant/get-call-history", fault)
    check_invalid_values(context, mirror)
    assert {finding.clause for finding in context.results.findings()} == {"VX-GCH-019"}


def test_a_long_page_that_is_cut_is_told_of_a_list_longer_than_the_checked_part() -> None:
    most = [1000]

    def cuts_long_pages(query: Query, given: ParsedParameters) -> Query:
        cut = query.page_slice
        assert isinstance(cut, OffsetSlice)
        return query._replace(page_slice=cut._replace(take=min(cut.take or 0, most[0])))

    context, mirror = meeting("voximplant/get-call-history", on_query(cuts_long_pages), calls=3000)
    most[0] = len(mirror.rows) + 5
    check_invalid_values(context, mirror)
    assert {finding.clause for finding in context.results.findings()} == {"VX-GCH-047"}


def test_an_empty_list_proves_nothing_about_blank_filters() -> None:
    run = ran("ozeki/list-call-history", check_blank_values, calls=0)
    assert run.verdict("OZ-LCH-033") is Verdict.NOT_EXERCISED


def test_a_promise_that_is_left_open_is_observed_and_never_fails() -> None:
    run = ran("ozeki/list-call-history", check_invalid_values)
    assert run.verdict("OZ-LCH-041") is Verdict.OBSERVED


def test_answers_with_other_rows_are_not_the_same() -> None:
    run = ran("ozeki/list-call-history")
    first, second = run.asked({"RowsPerPage": "3"}), run.asked({"RowsPerPage": "3", "PageNumber": "1"})
    assert (answer_difference(run.session, first, first), bool(answer_difference(run.session, first, second))) == (
        None,
        True,
    )


@pytest.mark.parametrize("api", spec_ids())
def test_values_take_a_modest_number_of_requests(api: str) -> None:
    assert ran(api, check_blank_values, check_invalid_values).requests <= 60


def test_an_integer_without_a_bound_is_asked_for_beyond_64_bits() -> None:
    asked: list[str] = []

    def listen(given: Given, honest: Honest) -> Body:
        asked.append(given.get("skip", "0"))
        return truth(given, honest)

    assert of_rules([check_invalid_values], tern(OFFSETS), listen).failed == []
    assert "18446744073709551616" in asked


TEXT = 'says: "Cannot read {parameter}"'
NAMED = (TEXT, f"{TEXT}, names: [parameter], names-clause: TN-LST-099")

SKIP = "skip: {as: integer, least: 0, default: 0"
REFUSED_WORDS = (SKIP, f"{SKIP}, bad: {{gets: refused, like: [few], clause: TN-LST-092}}")


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ({"code": 400, "message": "Invalid value"}, Verdict.NOT_EXERCISED),
        ({"code": 9, "message": "Invalid value"}, Verdict.FAIL),
    ],
)
def test_what_a_message_names_is_judged_on_the_code_of_the_fault_alone(body: Body, verdict: Verdict) -> None:
    def other(given: Given, honest: Honest) -> Body:
        return body if honest(given).get("code") == 9 else honest(given)

    spec = tern(OFFSETS, NAMED, REFUSED_WORDS)
    assert of_rules([check_invalid_values], spec).verdict("TN-LST-099") is Verdict.PASS
    assert of_rules([check_invalid_values], spec, other).verdict("TN-LST-099") is verdict
