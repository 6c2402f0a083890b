"""Who talks in which calls: a person in one at a time, a group in any number, the same in every slice."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import numpy as np
import pytest

from harness.telephony import Grain, Record
from harness.world import BUSY_HOUR, OFFICE, STEADY, WHOLESALE, ListedCalls, TrafficProfile, World, line_plan
from harness.world.calls import CallBatch
from harness.world.invented_values import HOME_GROUPS, OTHER_GROUPS, ValuePools
from harness.world.line_plan import BUSIEST_PERSONS, LinePlan, _free_of_earlier, _free_of_others

GROUPS = {True: {"101", "102", "1010", "103"}, False: {"101", "102"}}


def talks_of(calls: list[Record]) -> dict[tuple[object, str], list[tuple[datetime, datetime]]]:
    """The talks of each extension (with its customer) as a list of calls tells them, by its legs."""
    found: defaultdict[tuple[object, str], list[tuple[datetime, datetime]]] = defaultdict(list)
    for call in calls:
        for place, leg in enumerate(call.rows("legs")):
            # The first leg is the caller's, the others are of those who are called.
            number = leg["source_number"] if place == 0 else leg["destination_number"]
            begin, end = leg.instant("answered_at"), leg.instant("ended_at")
            if begin is not None and end is not None and len(str(number)) <= 4:
                found[call["customer_id"], str(number)].append((begin, end))
    return found


@pytest.mark.parametrize(
    "profile",
    [OFFICE, STEADY.with_rate(1.2), replace(OFFICE, transferred=0.9, held=0.0), replace(OFFICE, line_skew=0.0)],
    ids=["office", "dense", "transfers", "no skew"],
)
def test_no_person_talks_in_two_calls_at_once(profile: TrafficProfile) -> None:
    calls = World.of(seed=2, calls=1500, profile=profile).records(Grain.CALL, ListedCalls.ENDED, BUSY_HOUR)
    talks = talks_of(calls)
    persons = 0
    for (customer, number), spans in talks.items():
        if number not in GROUPS[customer == 1200]:
            persons += len(spans)
            for (_, ended), (begun, _) in pairwise(sorted(spans)):
                assert ended <= begun, (customer, number)
    # Persons have a good part of all talks, and groups are in several at once.
    assert persons > 150
    desk = sorted(talks[1200, "101"])
    assert any(begun < ended for (_, ended), (begun, _) in pairwise(desk))


def test_nobody_calls_oneself() -> None:
    world = World.of(
        seed=2, calls=3000, profile=replace(OFFICE, directions=(0, 0, 1, 0), further_directions=(0, 0, 1, 0))
    )
    calls = world.records(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR, attributes=("source", "destination"))
    assert not [call for call in calls if call["source"] == call["destination"]]


@pytest.mark.parametrize("rate", [0.001, 0.34, 1.2])
def test_a_slice_is_planned_as_it_is_in_the_whole(rate: float) -> None:
    batch = World.of(seed=5, calls=9000, profile=OFFICE.with_rate(rate)).whole_calls()
    assert batch is not None
    lines, others = LinePlan(batch.traffic).lines_of(batch)
    assert not np.array_equal(lines, batch.drawn_line)
    for first, last in ((0, 10), (4000, 4300), (8990, 9000)):
        part = CallBatch(batch.traffic, ValuePools(), batch.call_numbers[first:last])
        # A plan of its own, which knows nothing of the whole.
        own = LinePlan(batch.traffic).lines_of(part)
        assert np.array_equal(own[0], lines[first:last])
        assert np.array_equal(own[1], others[first:last])


def test_a_plan_forgets_what_is_too_much_and_plans_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_plan, "_KEPT_MOVES", 5)
    batch = World.of(seed=5, calls=9000).whole_calls()
    assert batch is not None
    plan = LinePlan(batch.traffic)
    # A block counts also where nobody moves in it.
    assert len(plan.lines_of(batch)[0]) == len(batch)
    assert len(plan._blocks) == 0
    for _ in range(2):
        for first in (0, 4000, 0):
            part = batch.other_calls(batch.call_numbers[first : first + 1000])
            assert np.array_equal(plan.lines_of(part)[0], batch.line[first : first + 1000])


def test_few_talks_leave_the_extension_that_they_drew() -> None:
    batch = World.of(seed=5, calls=9000).whole_calls()
    assert batch is not None
    moved = batch.line != batch.drawn_line
    assert 0.02 < np.mean(moved) < 0.12
    assert not moved[~batch.is_answered].any()


def test_where_traffic_is_too_dense_for_persons_all_extensions_are_groups() -> None:
    assert WHOLESALE.concurrent_calls > BUSIEST_PERSONS
    batch = World.of(seed=5, calls=500, profile=WHOLESALE).whole_calls()
    assert batch is not None
    assert np.array_equal(batch.line, batch.drawn_line)


def test_groups_come_first_among_the_extensions_of_a_customer() -> None:
    extensions = ValuePools().extensions
    assert set(extensions.group_count_of_customer.tolist()) == {HOME_GROUPS, OTHER_GROUPS}
    home = int(np.argmax(extensions.group_count_of_customer))
    first = int(extensions.first_of_customer[home])
    assert set(extensions.numbers[first : first + HOME_GROUPS]) == GROUPS[True]


def test_one_waits_for_all_that_began_earlier_on_its_line() -> None:
    lines = np.asarray([1, 1, 2, 1, 1])
    started, ended = np.asarray([0, 5, 6, 9, 30]), np.asarray([20, 7, 8, 12, 40])
    # The fourth begins while the first goes on, although the second has ended.
    assert _free_of_earlier(lines, started, ended).tolist() == [True, False, True, False, True]


def test_one_fits_between_those_that_are_kept() -> None:
    kept = (np.asarray([1, 1, 2]), np.asarray([0, 50, 0]), np.asarray([10, 60, 100]))
    tried = (np.asarray([1, 1, 1, 2, 3]), np.asarray([10, 5, 40, 30, 0]), np.asarray([50, 12, 51, 40, 9]))
    assert _free_of_others(tried, kept).tolist() == [True, False, False, False, True]
    nothing = (np.zeros(0, dtype=np.int64),) * 3
    assert _free_of_others(tried, nothing).all()
