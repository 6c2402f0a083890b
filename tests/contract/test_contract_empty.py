"""Answers without rows that are told by an error, and filters that narrow a list although nobody asks."""

from __future__ import annotations

from pathlib import Path

import pytest
from tidewater_spec import TIDEWATER, tidewater

from harness.cli.selftest_trials import Trial, run_trial
from harness.serve.simulator import Simulator
from harness.specification.lint.linter import lint_spec
from harness.wire.http_messages import HttpRequest
from harness.wire.json_body import decode_json
from harness.world import World

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
LIARS = (
    "TD-REC-048/no-match-is-a-success",
    "TD-REC-048/nothing-code",
    "TD-REC-038/through-ignored",
    "TD-REC-039/through-no-filter-word",
)


@pytest.fixture(scope="module")
def spec_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = TIDEWATER.read_text(encoding="utf-8")
    for old, new in CHANGES:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file = tmp_path_factory.mktemp("spec") / "tidewater.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def ways_shown(more: str) -> set[object]:
    simulator = Simulator(tidewater(*CHANGES), WORLD)
    asked = HttpRequest(method="GET", target=f"/records?{LOGIN}&rows=100&{more}".encode())
    tree = decode_json(simulator.answer(asked, WORLD.instant).body).tree
    assert isinstance(tree, dict)
    rows = tree["records"]
    assert isinstance(rows, list)
    return {row["way"] for row in rows if isinstance(row, dict)}


def test_the_linter_finds_nothing() -> None:
    assert lint_spec(tidewater(*CHANGES)).findings == ()


def test_a_word_that_means_no_filter_is_not_the_default_that_keeps_fewer_rows() -> None:
    assert "int" not in ways_shown("")
    assert "int" not in ways_shown("through=hide")
    assert "int" in ways_shown("through=show")


@pytest.mark.parametrize("fast", [True, False])
def test_an_answer_without_rows_is_that_error(fast: bool) -> None:
    simulator = Simulator(tidewater(*CHANGES), WORLD, fast=fast)
    answers = [
        simulator.answer(HttpRequest(method="GET", target=f"/records?{LOGIN}&{more}".encode()), WORLD.instant)
        for more in ("caller=nobody", "page=9999", "page=1")
    ]
    assert [one.http_status for one in answers] == [404, 404, 200]
    assert decode_json(answers[0].body).tree == {"error": "nothing", "message": "No such record"}


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [0, 3, 150])
def test_an_honest_simulator_passes(spec_file: Path, calls: int) -> None:
    result = run_trial(Trial(api=str(spec_file), calls=calls))
    assert (result.clauses, result.exit_code in (0, 5)) == ((), True), result.messages


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", LIARS)
def test_a_liar_is_caught(spec_file: Path, fault: str) -> None:
    result = run_trial(Trial(api=str(spec_file), fault=fault, calls=150))
    assert fault.partition("/")[0] in result.clauses, result.messages


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
    found = [one.expected for one in lint_spec(tidewater(*CHANGES, change)).findings]
    assert expected in found, found
