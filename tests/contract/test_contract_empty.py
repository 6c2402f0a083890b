"""Answers without rows that are told by an error, and filters that narrow a list although nobody asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.serve.simulator import Simulator
from harness.wire.http_messages import HttpRequest
from harness.wire.json_body import decode_json
from harness.world import World
from tests.contract.changed_specs import (
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
)

WORLD = World.of(seed=7, calls=60)
LOGIN = "user=ada&password=lovelace"
CHANGES = (
    ("          identity: id\n", "          identity: id\n          empty-fault: nothing\n"),
    (
        "            refused: {http: 401,",
        "            nothing: {http: 404, code: nothing, says: No such record, clause: TD-REC-048}\n"
        "            refused: {http: 401,",
    ),
    (
        "        - {name: page, in: query,",
        "        - {name: through, in: query, schema: {enum: [hide, show]}, description: Internal calls}\n"
        "        - {name: page, in: query,",
    ),
    (
        "          page: {as: integer,",
        "          through: {as: word, words: [hide, show], default: hide}\n          page: {as: integer,",
    ),
    (
        "        conjunction-clause: TD-REC-047\n",
        "          through: {compares: way, words: {hide: [in, out, through]}, no-filter: [show], "
        "clause: TD-REC-038, no-filter-clause: TD-REC-039}\n        conjunction-clause: TD-REC-047\n",
    ),
    (
        "          TD-REC-040: {",
        '          TD-REC-038: {level: must, basis: documented, says: "internal calls hide", source: Query}\n'
        '          TD-REC-039: {level: must, basis: documented, says: "show shows them", source: Query}\n'
        "          TD-REC-040: {",
    ),
)
SPEC = ChangedSpec("tidewater", CHANGES)
LIARS = (
    "TD-REC-048/no-match-is-a-success",
    "TD-REC-048/nothing-code",
    "TD-REC-038/through-ignored",
    "TD-REC-039/through-no-filter-word",
)


def ways_shown(more: str) -> set[object]:
    simulator = Simulator(SPEC.spec(), WORLD)
    asked = HttpRequest(method="GET", target=f"/records?{LOGIN}&rows=100&{more}".encode())
    tree = decode_json(simulator.answer(asked, WORLD.instant).body).tree
    assert isinstance(tree, dict)
    rows = tree["records"]
    assert isinstance(rows, list)
    return {row["way"] for row in rows if isinstance(row, dict)}


def test_the_linter_finds_nothing() -> None:
    assert_linter_finds_nothing(SPEC)


def test_a_word_that_means_no_filter_is_not_the_default_that_keeps_fewer_rows() -> None:
    assert "int" not in ways_shown("")
    assert "int" not in ways_shown("through=hide")
    assert "int" in ways_shown("through=show")


@pytest.mark.parametrize("fast", [True, False])
def test_an_answer_without_rows_is_that_error(fast: bool) -> None:
    simulator = Simulator(SPEC.spec(), WORLD, fast=fast)
    answers = [
        simulator.answer(HttpRequest(method="GET", target=f"/records?{LOGIN}&{more}".encode()), WORLD.instant)
        for more in ("caller=nobody", "page=9999", "page=1")
    ]
    assert [one.http_status for one in answers] == [404, 404, 200]
    assert decode_json(answers[0].body).tree == {"error": "nothing", "message": "No such record"}


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [0, 3, 150])
def test_an_honest_simulator_passes(tmp_path: Path, calls: int) -> None:
    assert_honest_passes(SPEC, tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", LIARS)
def test_a_liar_is_caught(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(SPEC, tmp_path, fault, first=False)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            ("        no-match-clause: TD-REC-048\n", ""),
            "a clause on what an answer without rows is told by",
        ),
        (
            (
                "          success: {http: 200, clause: TD-REC-071}\n",
                "          success: {http: 200, clause: TD-REC-071}\n"
                "          envelope: {error: {at: /error, constant: none, when: success, clause: TD-REC-071}}\n",
            ),
            "a success that is told from an error: outcome.success.shows: {/error: …}",
        ),
    ],
)
def test_the_linter_refuses_what_nobody_could_tell(change: tuple[str, str], expected: str) -> None:
    found = [due for due, _ in SPEC.with_change(*change).remarks()]
    assert expected in found, found
