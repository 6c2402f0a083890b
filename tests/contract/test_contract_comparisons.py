"""Every way to compare: the honest simulator passes, and a liar of each kind is caught under its clause."""

from __future__ import annotations

import pytest
from tidewater_spec import TIDEWATER

from harness.cli.selftest_trials import Trial, run_trial

LIARS = (
    "TD-REC-041/day-cut-in-utc",
    "TD-REC-041/day-midnight-only",
    "TD-REC-011/seconds[gte]-strict",
    "TD-REC-014/start_time__gt-loose",
    "TD-REC-021/caller!-inverted",
    "TD-REC-022/caller~-escape-ignored",
    "TD-REC-027/name.has-case-counts",
    "TD-REC-029/name.missing-false-is-true",
    "TD-REC-031/party-all-needed",
    "TD-REC-033/both-any-suffices",
    "TD-REC-037/recorded-ignored",
)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [3, 150])
def test_an_honest_simulator_compares_as_the_oracle_does(calls: int) -> None:
    result = run_trial(Trial(api=str(TIDEWATER), calls=calls))
    assert result.clauses == (), result.messages


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", LIARS)
def test_a_liar_is_caught_under_the_clause_of_its_comparison(fault: str) -> None:
    result = run_trial(Trial(api=str(TIDEWATER), fault=fault, calls=150))
    assert result.clauses[:1] == (fault.partition("/")[0],), result.messages
