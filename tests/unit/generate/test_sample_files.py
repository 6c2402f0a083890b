"""Pages and invalid answers cost the same however many calls the world has."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.generate.fixtures import write_fixtures
from harness.generate.sample_files import SAMPLE_CALLS, sample_world
from harness.specification.load import load_spec
from harness.telephony.attributes import Grain
from harness.world import ListedCalls, World

API = "ozeki/list-call-history"


def calls_of(world: World) -> list[object]:
    return [call["call_id"] for call in world.records(Grain.CALL, ListedCalls.BOTH, world.instant)]


def test_a_small_world_is_its_own_sample() -> None:
    world = World.of(seed=3, calls=SAMPLE_CALLS)
    assert calls_of(sample_world(world)) == calls_of(world)


def test_the_sample_of_a_large_world_is_its_last_calls() -> None:
    world = World.of(seed=3, calls=1000)
    sample = calls_of(sample_world(world))
    assert len(sample) == SAMPLE_CALLS
    # A session that does not fit is left out whole, so that a few of them began a little earlier.
    assert set(sample) <= set(calls_of(world)[-SAMPLE_CALLS - 20 :])


def test_of_given_calls_the_sample_has_the_last_too() -> None:
    world = World.of(seed=3, calls=SAMPLE_CALLS + 30)
    records = world.records(Grain.CALL, ListedCalls.BOTH, world.instant)
    given = World.from_records(records, instant=world.instant)
    assert len(calls_of(sample_world(given))) == SAMPLE_CALLS
    assert calls_of(sample_world(given))[-5:] == calls_of(given)[-5:]


@pytest.mark.parametrize("folder", ["pages", "invalid"])
def test_files_beside_the_rows_do_not_hang_on_the_number_of_calls(folder: str, tmp_path: Path) -> None:
    for calls in (400, 700):
        out = tmp_path / str(calls)
        write_fixtures(load_spec(API), world=World.of(seed=3, calls=calls), out=out, rows=False)
    few, many = ({path.name: path.read_bytes() for path in (tmp_path / n / folder).iterdir()} for n in ("400", "700"))
    assert few == many
    assert len(few) > 10
