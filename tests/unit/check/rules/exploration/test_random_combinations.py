"""Exploration: what is drawn, what is asked, and whose a combination is that goes wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from simulated_runs import found, liar, meeting, on_query

from harness.check.rules.exploration import random_combinations as exploring
from harness.check.rules.exploration.random_combinations import (
    check_combinations,
    derive_seed,
    draw_combinations,
    requests_allowed,
)
from harness.serve.query.parameters import ParsedParameters
from harness.serve.query.query_builder import AnswerPlan
from harness.serve.query.table import OffsetSlice, Query
from harness.specification.field_path import FieldPath
from harness.specification.load import Spec, load_spec, spec_ids
from harness.specification.model import ClauseId


def names(pieces: Sequence[exploring.Piece]) -> list[str]:
    return [name for piece in pieces for name, _ in piece.values]


# --- drawing ------------------------------------------------------------------------------------------------


def test_the_same_run_draws_the_same() -> None:
    first = draw_combinations(*meeting("ozeki/list-call-history"), at_most=60)
    again = draw_combinations(*meeting("ozeki/list-call-history"), at_most=60)
    assert first == again


def test_another_seed_draws_otherwise() -> None:
    first = draw_combinations(*meeting("ozeki/list-call-history"), at_most=60)
    again = draw_combinations(*meeting("ozeki/list-call-history", seed=2), at_most=60)
    assert first != again


def test_each_check_has_a_seed_of_its_own() -> None:
    session, _ = meeting("ozeki/list-active-calls")
    assert derive_seed(session, "explore") != derive_seed(session, "fuzz")


def test_a_combination_says_each_parameter_once() -> None:
    for pieces in draw_combinations(*meeting("voximplant/get-call-history"), at_most=80):
        said: dict[str, Any] = {}
        for piece in pieces:
            for name, value in piece.values:
                assert said.setdefault(name, value) == value


def test_what_is_broken_alone_is_combined_all_the_same() -> None:
    session, mirror = meeting("ozeki/list-call-history")
    session.broken_parameters["Source"] = ClauseId("OZ-LCH-029")
    assert any("Source" in names(pieces) for pieces in draw_combinations(session, mirror, at_most=80))


def test_an_operation_without_parameters_has_no_combinations() -> None:
    assert draw_combinations(*meeting("ozeki/list-active-calls"), at_most=20) == []


# --- spending -----------------------------------------------------------------------------------------------


def test_the_phases_to_come_keep_their_requests() -> None:
    session, _ = meeting("ozeki/list-active-calls")
    session.options = replace(session.options, max_requests=session.requests + exploring.REQUESTS_RESERVED + 7)
    assert requests_allowed(session, 60) == 7
    session.options = replace(session.options, max_requests=session.requests + 10)
    assert requests_allowed(session, 60) == 0


@pytest.mark.parametrize("api", spec_ids())
def test_an_honest_server_is_explored_within_sixty_requests_and_not_blamed(api: str) -> None:
    session, mirror = meeting(api)
    before = session.requests
    check_combinations(session, mirror)
    assert session.results.findings() == ()
    assert session.requests - before <= exploring.REQUESTS_AT_MOST


# --- findings ------------------------------------------------------------------------------------------------


def test_an_order_lost_beside_a_filter_is_the_orders() -> None:
    def bend(query: Query, given: ParsedParameters) -> Query:
        return query._replace(sort_order=query.sort_order._replace(descending=False)) if query.conditions else query

    findings = found("enswitch/calls-active-list", on_query(bend))
    assert [finding.clause for finding in findings] == ["EN-CAL-042"]
    assert "descending=1" in findings[0].request


def test_a_page_that_is_cut_before_the_filter_is_the_pages() -> None:
    def bend(query: Query, given: ParsedParameters) -> Query:
        cut = query.page_slice
        if isinstance(cut, OffsetSlice) and cut.take is not None and cut.take < 10 and len(query.conditions) > 1:
            return query._replace(page_slice=cut._replace(take=max(1, cut.take - 1), skip=cut.skip + 1))
        return query

    session, mirror = meeting("ozeki/list-call-history", on_query(bend))
    check_combinations(session, mirror)
    clauses = {finding.clause for finding in session.results.findings()}
    assert clauses & {"OZ-LCH-034", "OZ-LCH-035", "OZ-LCH-036", "OZ-LCH-037"}
    # Rows are missing on a page, too, and its total is told beside them.
    assert clauses <= {"OZ-LCH-032", "OZ-LCH-034", "OZ-LCH-035", "OZ-LCH-036", "OZ-LCH-037", "OZ-LCH-038"}


def test_of_three_filters_one_is_forgotten() -> None:
    def bend(query: Query, given: ParsedParameters) -> Query:
        return query._replace(conditions=query.conditions[:2]) if len(query.conditions) > 2 else query

    clauses = [finding.clause for finding in found("ozeki/list-call-history", on_query(bend))]
    # The total counts what is shown: where a page cuts that, it is wrong by its own evidence.
    assert clauses[:1] == ["OZ-LCH-032"]
    assert set(clauses[1:]) <= {"OZ-LCH-038"}


def with_named_parts(spec: Spec) -> Spec:
    """The spec with parts that go by their own names only."""
    includes = tuple(replace(include, any_names=False) for include in spec.listing.includes)
    return replace(spec, listing=replace(spec.listing, includes=includes))


def test_a_part_is_lost_beside_a_filter() -> None:
    def bend(plan: AnswerPlan, given: ParsedParameters) -> AnswerPlan:
        filtered = given.has("local_number") or given.has("user_id")
        return plan._replace(omitted_parts=plan.omitted_parts | {FieldPath.of("records")}) if filtered else plan

    findings = found(with_named_parts(load_spec("voximplant/get-call-history")), liar(bend))
    assert [finding.clause for finding in findings] == ["VX-GCH-036"]


def test_the_finding_is_the_smallest_combination() -> None:
    def bend(query: Query, given: ParsedParameters) -> Query:
        both = given.has("Direction") and given.has("RowsPerPage")
        return query._replace(conditions=()) if both else query

    findings = found("ozeki/list-call-history", on_query(bend))
    # Where no call matches, rows come all the same.
    assert [finding.clause for finding in findings] == ["OZ-LCH-026", "OZ-LCH-032", "OZ-LCH-053"]
    asked = findings[0].request.partition("?")[2]
    told = {pair.partition("=")[0] for pair in asked.split("&")} - {"command", "Username", "Password"}
    assert {"Direction", "RowsPerPage"} <= told <= {"Direction", "RowsPerPage", "PageNumber", "From"}
