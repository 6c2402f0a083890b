"""What values look like: texts of one look alone, lists whose elements all count, a number for all, unknown parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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

LOOKS = ChangedSpec(
    "bare_list",
    (
        (
            "        - {name: skip, in: query,",
            "        - {name: tags, in: query, schema: {type: string}, description: All of these tags}\n"
            "        - {name: skip, in: query,",
        ),
        (
            "take, in: query, schema: {type: integer, minimum: 1,",
            "take, in: query, schema: {type: integer, minimum: 0,",
        ),
        (
            "          caller: {shows: source}\n",
            "          caller: {shows: source}\n          tags: {shows: tags, as: text-list}\n",
        ),
        (
            "          caller: {}\n",
            '          caller: {pattern: "[+]?[0-9]+", bad: {gets: refused, like: [me, "1 2"], clause: TA-CLL-053}}\n'
            "          tags: {as: list, elements: all, list-clause: TA-CLL-051}\n",
        ),
        (
            '          take: {as: integer, least: 1, most: 100, default: 20, bad: {gets: refused, like: ["0", x]',
            '          take: {as: integer, least: 0, most: 100, default: 20, bad: {gets: refused, like: ["-1", x]',
        ),
        (
            "        blank: {means",
            "          tags: {compares: tags, clause: TA-CLL-050}\n        blank: {means",
        ),
        ("          size: take\n", "          size: take\n          all: 0\n"),
        ("          clauses: {size: TA-CLL-015, ", "          clauses: {all: TA-CLL-052, size: TA-CLL-015, "),
        (
            "          success: {http: 200, clause: TA-CLL-001}\n",
            "          success: {http: 200, clause: TA-CLL-001}\n          envelope:\n"
            "            at: {at: /at, as: decimal, values: [1773224990], other-values: tolerated, when: error, "
            "clause: TA-CLL-054}\n"
            "            more: {at: /more, as: object, when: error, clause: TA-CLL-054}\n",
        ),
        (
            "          TA-CLL-040: {",
            '          TA-CLL-050: {level: must, basis: documented, says: "tags keeps what has it", source: Top}\n'
            '          TA-CLL-051: {level: must, basis: documented, says: "several must all be", source: Top}\n'
            '          TA-CLL-052: {level: must, basis: documented, says: "a take of 0 means all", source: Top}\n'
            '          TA-CLL-053: {level: must, basis: documented, says: "caller is digits", source: Top}\n'
            '          TA-CLL-054: {level: must, basis: documented, says: "errors tell when", source: Top}\n'
            "          TA-CLL-040: {",
        ),
        (
            "properties: {code: {type: string}, message: {type: string}}",
            "properties: {code: {type: string}, message: {type: string}, at: {type: number}, more: {type: object}}",
        ),
        (
            "        caller: {type: string}",
            "        caller: {type: string}\n        tags: {type: array, items: {type: string}}",
        ),
    ),
)
WORLD = World.of(seed=3, calls=150)


def answered(query: str) -> Any:
    server = Simulator(LOOKS.spec(), WORLD)
    headers = (("Host", "pbx.example"), ("Authorization", f"Bearer {server.users[0].credentials['token']}"))
    request = HttpRequest(method="GET", target=f"/calls?{query}".encode(), headers=headers)
    return json.loads(server.answer(request, WORLD.instant).body)


def test_the_linter_finds_nothing() -> None:
    assert_linter_finds_nothing(LOOKS)


def test_all_rows_come_for_the_number_that_means_all() -> None:
    assert len(answered("")) == 20
    assert len(answered("take=0")) > 100
    assert answered("take=0&skip=5") == answered("take=0")[5:]


def test_each_element_of_a_list_counts() -> None:
    every = answered("take=0")
    assert {tag for row in every for tag in row["tags"]} == {"sales", "support", "follow-up", "VIP"}
    both = answered("take=0&tags=sales,support")
    assert both == [row for row in every if {"sales", "support"} <= set(row["tags"])] != []
    assert answered("take=0&tags=sales") == [row for row in every if "sales" in row["tags"]]


def test_a_text_of_another_look_is_refused_with_the_parts_of_an_error() -> None:
    assert answered("caller=%2B12") == []
    assert answered("caller=1+2") == {
        "code": "unclear",
        "message": "Cannot read caller",
        "at": 1773224990,
        "more": {},
    }


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [0, 150])
def test_an_honest_simulator_passes(tmp_path: Path, calls: int) -> None:
    assert_honest_passes(LOOKS, tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    "fault",
    ["051/tags-any-suffices", "052/all-is-a-number", "053/caller-any-text", "054/at-type", "054/more-missing"],
)
def test_a_liar_is_caught(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(LOOKS, tmp_path, f"TA-CLL-{fault}")


@pytest.mark.parametrize(
    ("old", "new", "remark"),
    [
        ("like: [me, ", 'like: ["12", ', ("values that cannot be read", "'12', which a text can be")),
        (
            "tags: {as: list, elements: all, ",
            "tags: {elements: all, ",
            ("elements: all only as: list, for a filter", "as: text"),
        ),
        (
            "tags: {as: list,",
            'tags: {as: list, of: word, pattern: "x",',
            ("a pattern only as: text, or of: text", "as: list"),
        ),
        ("          all: 0\n", "          all: 200\n", ("a number that take can be", "200")),
        ("{all: TA-CLL-052, ", "{", ("a clause on the number that means all (all)", "none")),
    ],
)
def test_the_linter_refuses_what_means_nothing(old: str, new: str, remark: tuple[str, str]) -> None:
    assert_linter_refuses(LOOKS, (old, new), remark)
