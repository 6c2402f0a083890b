"""The engine of probes: what is confirmed, cut down and told, of servers that go wrong in one way or in several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from rule_runs import (
    DIR,
    FILTERS,
    LISTED,
    MACHINES,
    ORDER,
    SIZE,
    SUM,
    TOGETHER,
    WHO,
    Body,
    Given,
    Honest,
    Lie,
    asked_of,
    edits,
    ignores,
    refuses,
    tern,
    truth,
)

from harness.check.context import CheckContext
from harness.check.probe.differences import Difference, KnownDifference
from harness.check.probe.expect import ProbeResult, check_probe, is_known_to_keep_others
from harness.check.probe.mirror import Mirror
from harness.check.results.collector import roll_up_verdicts
from harness.check.results.findings import Finding, Verdict
from harness.specification.model import ClauseId
from harness.wire.list_request import ListRequest

PROBE = (ClauseId(WHO),)


def asked(
    lie: Lie, *requests: Mapping[str, Any], clauses: tuple[ClauseId, ...] = PROBE
) -> tuple[CheckContext, list[ProbeResult]]:
    """What becomes of probes for these values, one after the other, of a server that lies once its list was read."""
    context, mirror = asked_of(tern(filters=FILTERS), lie)
    results: list[ProbeResult] = []
    for values in requests:
        results.append(_result(context, mirror, values, clauses))
    return context, results


def _result(
    context: CheckContext, mirror: Mirror, values: Mapping[str, Any], clauses: tuple[ClauseId, ...]
) -> ProbeResult:
    return check_probe(context, mirror, mirror.request(values), "a test", clauses)


def told(context: CheckContext) -> dict[str, Finding]:
    return {str(finding.clause): finding for finding in context.results.findings()}


def names_asked(finding: Finding) -> set[str]:
    """The parameters of the request of a finding, without who asks."""
    query = finding.request.partition("?")[2]
    return {pair.partition("=")[0] for pair in query.split("&")} - {"user", "password"}


def verdict(context: CheckContext, clause: str) -> Verdict:
    return roll_up_verdicts(context.results.tally_of(ClauseId(clause)).counts)


def shuffled(body: Body, given: Given) -> Body:
    return {**body, "calls": body["calls"][::-1]}


def one_more(body: Body, given: Given) -> Body:
    return {**body, "total": body["total"] + 1}


def broken_in_three_ways(given: Given, honest: Honest) -> Body:
    """The filter by caller is not kept, the total is one more, the list stands the other way round."""
    return edits(lambda body, _: one_more(shuffled(body, given), given))(
        {name: value for name, value in given.items() if name != "who"}, honest
    )


# --- passes -------------------------------------------------------------------------------------------------------


def test_an_answer_that_is_due_passes_what_the_probe_is_about() -> None:
    context, (result,) = asked(truth, {"who": "101"})
    assert (result.passed, result.differences, told(context)) == (True, (), {})
    assert verdict(context, WHO) is Verdict.PASS


def test_an_aspect_that_is_right_passes_beside_one_that_is_wrong() -> None:
    context, _ = asked(edits(one_more), {"who": "101"})
    assert {clause: verdict(context, clause) for clause in (WHO, ORDER, SUM)} == {
        WHO: Verdict.PASS,
        ORDER: Verdict.PASS,
        SUM: Verdict.FAIL,
    }


def test_rows_that_are_wrong_pass_nothing_of_what_was_asked() -> None:
    context, _ = asked(ignores("who"), {"who": "101"})
    assert context.results.pass_count(ClauseId(WHO)) == 0


# --- several differences ------------------------------------------------------------------------------------------


def test_each_difference_of_an_answer_is_told_under_its_own_clause() -> None:
    context, _ = asked(broken_in_three_ways, {"who": "101", "rows": "100"})
    assert sorted(told(context)) == [WHO, ORDER, SUM]
    assert all(verdict(context, clause) is Verdict.FAIL for clause in (WHO, ORDER, SUM))


def test_each_difference_has_the_smallest_request_that_shows_it() -> None:
    context, _ = asked(broken_in_three_ways, {"who": "101", "rows": "100"})
    found = told(context)
    assert {clause: names_asked(found[clause]) for clause in found} == {WHO: {"who"}, ORDER: set(), SUM: set()}


# --- the smallest request -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lie", "clause", "left"),
    [
        pytest.param(ignores("who"), WHO, {"who"}, id="one filter"),
        pytest.param(ignores("dir"), DIR, {"dir"}, id="the other filter"),
        pytest.param(
            lambda given, honest: honest({**given, "who": ""} if "dir" in given else given),
            TOGETHER,
            {"who", "dir"},
            id="both filters",
        ),
        pytest.param(refuses(lambda given: "dir" in given), DIR, {"dir"}, id="an error for one filter"),
        pytest.param(refuses(lambda given: True), LISTED, set(), id="an error for the list"),
    ],
)
def test_a_clause_is_blamed_for_what_is_left_of_the_request(lie: Lie, clause: str, left: set[str]) -> None:
    context, _ = asked(lie, {"who": "101", "dir": "in", "rows": "100"}, clauses=(ClauseId(TOGETHER),))
    assert {name: names_asked(finding) for name, finding in told(context).items()} == {clause: left}


def test_a_size_is_left_out_where_the_default_page_is_too_long_as_well() -> None:
    context, _ = asked(lambda given, honest: honest({**given, "rows": "48"}), {"who": "101", "rows": "5"})
    assert SIZE in told(context)


# --- told once ----------------------------------------------------------------------------------------------------


def test_a_known_difference_in_a_larger_request_is_not_told_again_and_not_repeated() -> None:
    context, mirror = asked_of(tern(filters=FILTERS), ignores("who"))
    _result(context, mirror, {"who": "101"}, PROBE)
    before = context.requests
    result = _result(context, mirror, {"who": "101", "rows": "20"}, PROBE)
    assert (result.passed, bool(result.differences)) == (False, True)
    assert context.requests == before + 1
    assert len(context.known_differences) == 1


def test_a_new_difference_beside_a_known_one_is_told() -> None:
    def lie(given: Given, honest: Honest) -> Body:
        without = {name: value for name, value in given.items() if name != "who"}
        return honest({name: value for name, value in without.items() if name != "machines"})

    context, _ = asked(lie, {"who": "101"}, {"who": "101", "machines": "1"})
    assert sorted(told(context)) == [WHO, MACHINES]


def test_an_error_that_comes_only_beside_a_known_difference_is_told_as_well() -> None:
    def lie(given: Given, honest: Honest) -> Body:
        return {"code": 9, "message": "No"} if "machines" in given else ignores("who")(given, honest)

    context, _ = asked(lie, {"who": "101"}, {"who": "101", "machines": "1"})
    assert sorted(told(context)) == [WHO, MACHINES]


# --- confirmed ----------------------------------------------------------------------------------------------------


def wrong_at(*places: int) -> Lie:
    """A server that forgets the filter by caller in some of the answers to it, counted from 1."""
    seen: list[None] = []

    def lie(given: Given, honest: Honest) -> Body:
        if "who" not in given:
            return honest(given)
        seen.append(None)
        return ignores("who")(given, honest) if len(seen) in places else honest(given)

    return lie


def test_rows_that_came_once_over_data_that_stood_still_are_told_with_how_often() -> None:
    context, _ = asked(wrong_at(1), {"who": "101"})
    assert told(context)[WHO].actual.endswith(" (in 1 of 4 identical requests)")


def test_rows_that_come_in_every_other_answer_are_told_with_how_often() -> None:
    context, _ = asked(wrong_at(1, 3), {"who": "101"})
    assert "identical requests)" in told(context)[WHO].actual


def test_rows_that_come_each_time_are_told_without_a_number() -> None:
    context, _ = asked(ignores("who"), {"who": "101"})
    assert "identical" not in told(context)[WHO].actual


# --- held failures ------------------------------------------------------------------------------------------------


def test_failures_that_are_held_are_given_back_and_not_recorded() -> None:
    context, mirror = asked_of(tern(filters=FILTERS), ignores("who"))
    with context.hold_failures() as held:
        _result(context, mirror, {"who": "101"}, PROBE)
    assert [str(finding.clause) for finding in held] == [WHO]
    assert told(context) == {}


def test_failures_that_stand_are_recorded_after_all() -> None:
    context, mirror = asked_of(tern(filters=FILTERS), ignores("who"))
    with context.hold_failures() as held:
        _result(context, mirror, {"who": "101"}, PROBE)
    context.record_failures(held)
    assert sorted(told(context)) == [WHO]


def test_failures_that_do_not_stand_leave_their_clause_open() -> None:
    context, mirror = asked_of(tern(filters=FILTERS), ignores("who"))
    with context.hold_failures() as held:
        _result(context, mirror, {"who": "101"}, PROBE)
    context.drop_failures(held, "data-changed")
    assert (told(context), verdict(context, WHO)) == ({}, Verdict.INCONCLUSIVE)


def test_failures_that_are_held_twice_go_to_who_holds_them_first() -> None:
    context, mirror = asked_of(tern(filters=FILTERS), ignores("who"))
    with context.hold_failures() as outer:
        with context.hold_failures() as inner:
            _result(context, mirror, {"who": "101"}, PROBE)
        context.record_failures(inner)
    assert [str(finding.clause) for finding in outer] == [WHO]
    assert told(context) == {}


def test_a_right_answer_that_was_seen_is_not_asked_for_again() -> None:
    context, results = asked(truth, {"who": "101"}, {"who": "101"})
    assert [result.passed for result in results] == [True, True]
    before = context.requests
    _, mirror = asked_of(tern(filters=FILTERS), truth)
    _result(context, mirror, {"who": "101"}, PROBE)
    assert context.requests == before


def test_an_answer_of_a_list_that_moves_is_asked_for_again() -> None:
    context, _ = asked(truth, {"who": "101"})
    before = context.requests
    _, mirror = asked_of(tern(filters=FILTERS), truth)
    mirror.volatile = True
    _result(context, mirror, {"who": "101"}, PROBE)
    assert context.requests > before


@pytest.mark.parametrize(
    ("known", "asked", "others"),
    [
        ({"who": "1"}, {"who": "2", "page": "3"}, True),
        ({"who": "1"}, {"page": "3"}, False),
        ({}, {"who": "2", "page": "3"}, False),
    ],
    ids=["a filter that lets others through", "without that filter", "the whole list is wrong"],
)
def test_rows_of_a_later_page_say_nothing_where_a_filter_keeps_others(
    known: dict[str, Any], asked: dict[str, Any], others: bool
) -> None:
    context, _ = asked_of(tern(filters=FILTERS), lambda given, honest: honest(given))
    stray = Difference(aspect="rows", kind="stray", expected="", actual="", about="who")
    context.known_differences.append(KnownDifference(ask=ListRequest(values=known), difference=stray, clauses=PROBE))
    assert is_known_to_keep_others(context, ListRequest(values=asked)) is others
