"""Filters of which one beats another, against servers that go by the weaker one all the same."""

from __future__ import annotations

from dataclasses import replace

from simulated_runs import meeting, on_query

from harness.check.rules.filters.combinations import check_filter_dependences
from harness.serve.query.parameters import ParsedParameters
from harness.serve.query.table import Query

SESSIONS = "voximplant/get-call-history"
STRONG, WEAK = "remote_number_list", "remote_number"


def _falls_back(query: Query, given: ParsedParameters) -> Query:
    """Where the stronger list holds one number that looks made up, the weaker filter counts in its place."""
    if not given.has(STRONG) or not given.has(WEAK):
        return query
    changed = tuple(
        replace(one, wanted=given.values[WEAK] if isinstance(given.values[WEAK], tuple) else (given.values[WEAK],))
        if one.parameter == STRONG and not any(str(value).startswith("1") for value in one.wanted)
        else one
        for one in query.conditions
    )
    return query._replace(conditions=changed)


def test_a_filter_that_is_fallen_back_on_where_the_stronger_one_finds_nothing_is_found() -> None:
    context, mirror = meeting(SESSIONS, on_query(_falls_back))
    check_filter_dependences(context, mirror)
    assert "VX-GCH-029" in [finding.clause for finding in context.results.findings()]


def test_the_simulator_as_documented_goes_by_the_stronger_filter() -> None:
    context, mirror = meeting(SESSIONS)
    check_filter_dependences(context, mirror)
    assert not context.results.findings()
