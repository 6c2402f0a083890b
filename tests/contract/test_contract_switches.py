"""Flags that only filter where they are true, and parts of rows that a switch adds."""

from __future__ import annotations

from pathlib import Path

import pytest
from changed_specs import (
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
)
from parlatel_spec import Change, parlatel_rows

from harness.world import World

WORLD = World.of(seed=7, calls=60)
CHANGES: tuple[Change, ...] = (
    (
        "        - {name: start, in: query,",
        "        - {name: taped, in: query, schema: {type: boolean}, description: Recorded calls alone}\n"
        "        - {name: full, in: query, schema: {type: boolean}, description: Legs as well}\n"
        "        - {name: start, in: query,",
    ),
    (
        "          from: {}\n",
        '          from: {}\n          taped: {as: flag, "true": ["true"], "false": ["false"], default: false}\n'
        '          full: {as: flag, "true": ["true"], "false": ["false"], default: false}\n',
    ),
    (
        "        conjunction-clause: PT-CLS-022\n",
        '          taped: {compares: tape, keeps: present, no-filter: ["false"], clause: PT-CLS-025}\n'
        "        includes:\n"
        "          - {parameter: full, adds: legs, clauses: "
        '{"on": PT-CLS-026, "off": PT-CLS-027, default: PT-CLS-027}}\n'
        "        conjunction-clause: PT-CLS-022\n",
    ),
    (
        "          from: {shows: source}\n",
        "          from: {shows: source}\n"
        "          tape: {shows: recording_url, absent: none, clause: PT-CLS-003}\n"
        "          legs: {shows: legs, as: rows, fields: {channel: {shows: channel}}, clause: PT-CLS-003}\n",
    ),
    (
        "        from: {type: string}\n",
        "        from: {type: string}\n        tape: {type: [string, 'null']}\n        legs: {type: array, items: "
        "{type: object, properties: {channel: {type: string}}}}\n",
    ),
    (
        "          PT-CLS-030: {",
        '          PT-CLS-025: {level: must, basis: documented, says: "taped keeps recorded ones", source: Request}\n'
        '          PT-CLS-026: {level: must, basis: documented, says: "full adds legs", source: "Request"}\n'
        '          PT-CLS-027: {level: must, basis: documented, says: "there are no legs else", source: "Request"}\n'
        "          PT-CLS-030: {",
    ),
)


def rows(query: str) -> list[dict[str, object]]:
    return parlatel_rows(CHANGES, WORLD, query)


def test_the_linter_finds_nothing() -> None:
    assert_linter_finds_nothing(ChangedSpec("parlatel", CHANGES))


def test_a_flag_whose_other_word_means_no_filter_keeps_every_call_unless_it_is_true() -> None:
    every = rows("")
    taped = [row for row in every if row["tape"] is not None]
    assert 0 < len(taped) < len(every)
    assert rows("&taped=false") == every
    assert rows("&taped=true") == taped


def test_a_part_that_a_switch_adds_is_there_only_where_it_is_asked_for() -> None:
    assert not any("legs" in row for row in rows("&full=false"))
    assert all("legs" in row for row in rows("&full=true"))


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [3, 150])
def test_an_honest_simulator_passes(tmp_path: Path, calls: int) -> None:
    assert_honest_passes(ChangedSpec("parlatel", CHANGES), tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", ["PT-CLS-025/taped-ignored", "PT-CLS-025/taped-inverted"])
def test_a_liar_is_caught(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(ChangedSpec("parlatel", CHANGES), tmp_path, fault, first=False)
