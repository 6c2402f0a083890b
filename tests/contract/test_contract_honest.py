"""Honest simulators of every spec raise no alarm, whatever the size of the world and the vendor's choices."""

from __future__ import annotations

import random

import pytest

from harness.cli.selftest_plan import WORLD_SIZES, random_dialect
from harness.cli.selftest_trials import Trial, run_trial
from harness.specification.load import load_spec, spec_ids

# Bare ids show no end of a call while the clock stands still, and no text that could be encoded twice.
NOT_SHOWN = {
    "plivo/list-calls": ("TEXT-ONCE",),
    "plivo/list-live-calls": ("PL-LIV-020", "TEXT-ONCE"),
    "telnyx/list-detail-records": ("TEXT-ONCE",),
}


@pytest.mark.parametrize("api", spec_ids())
def test_a_full_world_leaves_nothing_open(api: str) -> None:
    result = run_trial(Trial(api=api))
    assert result.messages == ()
    assert result.undecided == tuple(f"{clause}: not_exercised" for clause in NOT_SHOWN.get(api, ()))


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("api", spec_ids())
@pytest.mark.parametrize("calls", [0, 1, 3])
def test_a_nearly_empty_server_is_not_blamed(api: str, calls: int) -> None:
    assert run_trial(Trial(api=api, calls=calls)).messages == ()


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("api", spec_ids())
@pytest.mark.parametrize("number", range(3))
def test_other_answers_to_open_choices_are_not_blamed(api: str, number: int) -> None:
    rng = random.Random(f"{api} {number}")
    dialect = random_dialect(load_spec(api), rng)
    result = run_trial(Trial(api=api, calls=300, seed=number + 20, check_seed=number, dialect=dialect))
    assert result.messages == ()


@pytest.mark.thorough
@pytest.mark.parametrize("api", spec_ids())
def test_no_false_alarm_in_two_hundred_honest_runs(api: str) -> None:
    rng = random.Random(api)
    alarms = []
    for number in range(200):
        trial = Trial(
            api=api,
            calls=(*WORLD_SIZES, 5000)[number % 6],
            seed=rng.randrange(10_000),
            check_seed=number,
            dialect=random_dialect(load_spec(api), rng) if number % 2 else {},
            # Two targets of five live: so much time goes by with each request.
            step_seconds=rng.choice((0.2, 1.0, 5.0)) if number % 5 in (0, 3) else 0.0,
        )
        alarms += [(trial, message) for message in run_trial(trial).messages]
    assert alarms == []
