"""A number of all rows beside the number of those that match."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.serve.simulator import Simulator
from harness.wire.http_messages import HttpRequest
from harness.world.world import World
from tests.contract.changed_specs import (
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
    assert_linter_refuses,
)

COUNTED = ChangedSpec(
    "tidewater",
    (
        (
            "          at: /total\n",
            "          at: /total\n          unfiltered: {at: /stored, clause: TD-REC-067}\n",
        ),
        (
            "        total: {type: integer, minimum: 0}\n",
            "        total: {type: integer, minimum: 0}\n        stored: {type: integer, minimum: 0}\n",
        ),
        (
            "          TD-REC-070: {",
            '          TD-REC-067: {level: must, basis: documented, says: "stored counts all calls", source: Pages}\n'
            "          TD-REC-070: {",
        ),
    ),
)
WORLD = World.of(seed=3, calls=150)


def numbers(query: str) -> tuple[int, int]:
    server = Simulator(COUNTED.spec(), WORLD)
    login = "&".join(f"{name}={value}" for name, value in server.users[0].credentials.items())
    request = HttpRequest(
        method="GET", target=f"/records?{login}{query}".encode(), headers=(("Host", "pbx.example"),)
    )
    answer = json.loads(server.answer(request, WORLD.instant).body)
    return answer["stored"], answer["total"]


def test_the_linter_finds_nothing() -> None:
    assert_linter_finds_nothing(COUNTED)


def test_a_filter_changes_one_number_and_not_the_other() -> None:
    (stored, total), (still, inbound), (none_less, none) = numbers(""), numbers("&way_in=in"), numbers("&caller=x")
    assert stored == still == none_less == total
    assert 0 == none < inbound < total


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [0, 60])
def test_an_honest_simulator_passes(tmp_path: Path, calls: int) -> None:
    assert_honest_passes(COUNTED, tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", ["unfiltered-total-of-the-matches", "unfiltered-total-one-more"])
def test_a_liar_is_caught(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(COUNTED, tmp_path, f"TD-REC-067/{fault}", calls=60)


@pytest.mark.parametrize(
    ("old", "new", "remark"),
    [
        ("{at: /stored, clause: TD-REC-067}", "{at: /stored}", ("a clause on the number of all rows", "none")),
    ],
)
def test_the_linter_refuses_what_means_nothing(old: str, new: str, remark: tuple[str, str]) -> None:
    assert_linter_refuses(COUNTED, (old, new), remark)
