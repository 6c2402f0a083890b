"""Every way to compare: the honest simulator passes, and a liar of each kind is caught under its clause."""

from __future__ import annotations

from pathlib import Path

import pytest
from tidewater_spec import TIDEWATER

from harness.cli.selftest_trials import Trial, run_trial
from tests.contract.changed_specs import ChangedSpec, assert_honest_passes, assert_liar_is_caught

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
# Several values that leave rows out: whether "any" or "all" is said of them, each counts.
LEFT_OUT = ChangedSpec("tidewater", (("way_not: {as: word, repeated: any,", "way_not: {as: word, repeated: all,"),))


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


@pytest.mark.usefixtures("few_combinations")
def test_every_one_of_several_values_leaves_rows_out(tmp_path: Path) -> None:
    assert_honest_passes(LEFT_OUT, tmp_path, calls=150)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", ["way_not-all-needed", "way_not-first-only"])
def test_a_value_that_leaves_nothing_out_beside_others_is_caught(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(LEFT_OUT, tmp_path, f"TD-REC-035/{fault}")
