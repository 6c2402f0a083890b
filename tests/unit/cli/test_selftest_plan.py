"""Which trials a self-test runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from harness.cli.selftest_deviations import DEVIATIONS
from harness.cli.selftest_plan import (
    AT_ONCE,
    HONEST_SIZES,
    SelftestPlan,
    background_key,
    background_of,
    clock_step_of,
    is_harmless,
    parse_conditions,
    sample_of,
    trials_of,
)
from harness.cli.selftest_trials import PERFECT, Trial
from harness.errors import UsageProblem
from harness.serve.faults.catalogue import faults_of
from harness.serve.faults.compatibility import footprints_of
from harness.specification.load import load_spec

API = "ozeki/list-active-calls"
PLAN = SelftestPlan(honest=0, sample=4)


def faulty(plan: SelftestPlan, condition: str = PERFECT) -> list[Trial]:
    return [trial for trial in trials_of(API, plan) if trial.faults and trial.condition == condition]


def test_every_fault_is_served_alone() -> None:
    assert {trial.fault for trial in faulty(SelftestPlan(honest=0))} == {one.id for one in faults_of(load_spec(API))}


def test_every_seed_is_a_world_of_its_own() -> None:
    trials = faulty(replace(PLAN, seeds=(7, 8)))
    assert [(trial.seed, trial.round) for trial in trials] == [(7, 7)] * 4 + [(8, 8)] * 4


def test_without_faults_only_honest_servers_are_asked() -> None:
    plan = replace(PLAN, honest=6, with_faults=False, together=3)
    assert [trial.faults for trial in trials_of(API, plan)] == [()] * 7


def test_honest_worlds_have_every_size() -> None:
    plan = replace(PLAN, honest=6, with_faults=False)
    assert [trial.calls for trial in trials_of(API, plan)[1:]] == list(HONEST_SIZES)


def test_two_honest_clocks_of_five_move() -> None:
    plan = replace(PLAN, honest=5, with_faults=False)
    assert [trial.step_seconds > 0 for trial in trials_of(API, plan)[1:]] == [False, True, False, True, False]


def test_half_of_the_honest_servers_are_deviant_where_that_is_asked_for() -> None:
    plan = replace(PLAN, honest=8, with_faults=False, conditions=("extra-parts",))
    random_ones = [trial for trial in trials_of(API, plan) if trial.calls != 700]
    assert [trial.condition == PERFECT for trial in random_ones] == [True, True, False, False] * 2


def test_the_same_plan_gives_the_same_trials() -> None:
    plan = replace(PLAN, honest=4, together=3, conditions=("drawn", "neighbour"))
    assert trials_of(API, plan) == trials_of(API, plan)


# --- samples and sets ---------------------------------------------------------------------------------------


def test_a_sample_keeps_the_order_of_the_faults() -> None:
    drawn = sample_of("abcdefgh", 3, api="acme")
    assert len(drawn) == 3
    assert list(drawn) == sorted(drawn)
    assert drawn == sample_of("abcdefgh", 3, api="acme")


@pytest.mark.parametrize("count", [None, 3, 9])
def test_a_sample_of_all_is_all(count: int | None) -> None:
    assert sample_of("abc", count, api="acme") == ("a", "b", "c")


def test_every_drawn_fault_is_in_a_set_of_each_seed() -> None:
    trials = faulty(SelftestPlan(honest=0, together=3, seeds=(7, 8)))
    alone = {str(trial.fault) for trial in trials if not trial.company}
    for seed in (7, 8):
        sets = [trial.faults for trial in trials if trial.company and trial.round == seed]
        assert {fault for members in sets for fault in members} == alone
        assert max(map(len, sets)) == 3


def test_the_clock_of_a_set_moves_as_its_most_demanding_fault_needs() -> None:
    sets = [trial for trial in faulty(SelftestPlan(honest=0, together=2)) if trial.company]
    steps = {trial.step_seconds: max(map(clock_step_of, trial.faults)) for trial in sets}
    assert steps == {0.0: 0.0, 1.0: 1.0}


# --- deviant servers ----------------------------------------------------------------------------------------


def test_all_is_each_in_turn_and_all_at_once() -> None:
    assert parse_conditions(["all"]) == (*DEVIATIONS, "neighbour", "at-once")


def test_a_deviation_that_is_named_twice_counts_once() -> None:
    assert parse_conditions(["extra-parts", "drawn", "extra-parts"]) == ("extra-parts", "drawn")


def test_an_unknown_deviation_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageProblem, match="did you mean extra-parts"):
        parse_conditions(["extra-part"])


def test_an_api_behind_the_option_is_refused_with_the_way_out() -> None:
    with pytest.raises(UsageProblem, match="name the APIs before the options"):
        parse_conditions(["zzz/zzz"])


def test_a_deviation_without_room_is_not_run() -> None:
    assert faulty(replace(PLAN, conditions=("numbers-as-texts",)), "numbers-as-texts") == []


def test_all_at_once_has_every_deviation_with_room_and_a_neighbour() -> None:
    for trial in faulty(replace(PLAN, conditions=(AT_ONCE,)), AT_ONCE):
        assert trial.deviations == ("empty-parts-missing", "extra-parts", "other-error-text", "other-error-parts")
        # The one harmless fault of this API is in the code; where the fault is in the outcome, too, no other is left.
        outcome = any(part in str(trial.fault) for part in ("Code", "media-type"))
        assert trial.neighbour == (None if outcome else "OZ-LAC-021/an-unknown-code")


def test_a_neighbour_breaks_another_clause_than_the_fault() -> None:
    for trial in faulty(SelftestPlan(honest=0, conditions=("neighbour",)), "neighbour"):
        assert str(trial.neighbour).partition("/")[0] != str(trial.fault).partition("/")[0]


def test_what_lies_beneath_a_deviant_trial_is_run_too() -> None:
    trials = trials_of(API, replace(PLAN, together=3, conditions=("extra-parts", "neighbour", "drawn")))
    honest = {background_key(trial) for trial in trials if not trial.faults}
    deviant = [trial for trial in trials if trial.faults and trial.condition != PERFECT]
    assert deviant
    assert {background_key(background_of(trial)) for trial in deviant} <= honest


def test_a_background_has_the_same_world_and_clock() -> None:
    trial = Trial(api=API, fault="A/x", company=("B/y",), neighbour="C/z", step_seconds=1.0, deviations=("d",))
    assert background_of(trial) == Trial(api=API, neighbour="C/z", step_seconds=1.0, deviations=("d",))


def harmless(api: str) -> set[str]:
    spec = load_spec(api)
    instant = datetime(2031, 3, 4, 9, 0, tzinfo=UTC)
    return {one.fault.id for one in footprints_of(spec, faults_of(spec), (), instant) if is_harmless(spec, one)}


def test_a_neighbour_is_no_must_and_selects_no_rows() -> None:
    found = harmless("enswitch/calls-active-list")
    assert "EN-CAL-080/rows-on-errors" in found
    # A documented must; a should that decides which rows are shown.
    assert not found & {"EN-CAL-017/an-unknown-code", "EN-CAL-062/last-rows"}
