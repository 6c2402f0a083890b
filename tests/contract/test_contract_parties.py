"""Numbers and extensions in fields of their own, and filters that take numbers without their plus sign."""

from __future__ import annotations

from pathlib import Path

import pytest
from changed_specs import (
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
    assert_linter_refuses,
)
from parlatel_spec import Change, parlatel_rows

from harness.world import World

WORLD = World.of(seed=7, calls=60)
NUMBER = "number: {shows: source, only: numbers, absent: none, clause: PT-CLS-006}"
LINE = "line: {shows: source, only: extensions, absent: none, clause: PT-CLS-006}"
CHANGES: tuple[Change, ...] = (
    ("          from: {shows: source}\n", f"          {NUMBER}\n          {LINE}\n"),
    ("          from: {}\n", "          from: {number: bare}\n"),
    ("from: {compares: from,", "from: {compares: number,"),
    ('description: Who called, example: "+12025550123"', 'description: Who called, example: "12025550123"'),
    (
        "        from: {type: string}\n",
        "        number: {type: [string, 'null']}\n        line: {type: [string, 'null']}\n",
    ),
    ("required: [id, account, state, began, from, way]", "required: [id, account, state, began, number, line, way]"),
    (
        "          PT-CLS-020: {",
        '          PT-CLS-006: {level: must, basis: documented, says: "one of the two is there", source: Answer}\n'
        "          PT-CLS-020: {",
    ),
)


def rows(query: str) -> list[dict[str, object]]:
    return parlatel_rows(CHANGES, WORLD, query)


def test_the_linter_finds_nothing() -> None:
    assert_linter_finds_nothing(ChangedSpec("parlatel", CHANGES))


def test_who_called_stands_in_one_of_the_two_fields() -> None:
    every = rows("")
    assert every
    assert all((row["number"] is None) != (row["line"] is None) for row in every)
    assert all(str(row["number"]).startswith("+") for row in every if row["number"] is not None)
    assert not any(str(row["line"]).startswith("+") for row in every if row["line"] is not None)


def test_a_number_is_found_without_its_plus_sign_and_an_extension_is_not() -> None:
    every = rows("")
    number = next(str(row["number"]) for row in every if row["number"] is not None)
    line = next(str(row["line"]) for row in every if row["line"] is not None)
    assert rows(f"&from={number[1:]}") == [row for row in every if row["number"] == number]
    assert rows(f"&from={line}") == []


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [3, 150])
def test_an_honest_simulator_passes(tmp_path: Path, calls: int) -> None:
    assert_honest_passes(ChangedSpec("parlatel", CHANGES), tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    "fault",
    [
        "PT-CLS-006/number-not-of-numbers",
        "PT-CLS-006/line-not-of-extensions",
        "PT-CLS-020/from-with-plus-alone",
    ],
)
def test_a_liar_is_caught(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(ChangedSpec("parlatel", CHANGES), tmp_path, fault, first=False)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (("only: extensions, absent: none", "only: extensions"), ("how the other kind is written: absent", "never")),
        (
            ("only: extensions,", "only: extensions, as: integer,"),
            ("only beside a text that shows who called or was reached", "as: integer"),
        ),
        (
            ("from: {compares: number,", "from: {compares: number, keeps: contains,"),
            ("number: bare only as: text, for a filter that keeps what is equal to a number", "as: text"),
        ),
    ],
)
def test_the_linter_refuses_what_means_nothing(change: tuple[str, str], finding: tuple[str, str]) -> None:
    assert_linter_refuses(ChangedSpec("parlatel", CHANGES), change, finding)


BOTH_ENDS: tuple[Change, ...] = (
    ("          from: {shows: source}\n", "          ends: {shows: parties, as: text-list, clause: PT-CLS-003}\n"),
    ("from: {compares: from,", "from: {compares: ends,"),
    ("        from: {type: string}\n", "        ends: {type: array, items: {type: string}}\n"),
    ("required: [id, account, state, began, from, way]", "required: [id, account, state, began, ends, way]"),
)


def test_a_list_of_both_ends_is_searched_for_either() -> None:
    every = parlatel_rows(BOTH_ENDS, WORLD, "")
    assert all(len(row["ends"]) == 2 for row in every)
    for end in every[0]["ends"]:
        found = parlatel_rows(BOTH_ENDS, WORLD, f"&from={end.replace('+', '%2B')}")
        assert found == [row for row in every if end in row["ends"]]


@pytest.mark.usefixtures("few_combinations")
def test_an_honest_simulator_with_a_list_of_ends_passes_and_a_liar_is_caught(tmp_path: Path) -> None:
    changed = ChangedSpec("parlatel", BOTH_ENDS)
    assert_linter_finds_nothing(changed)
    assert_honest_passes(changed, tmp_path, calls=60)
    assert_liar_is_caught(changed, tmp_path, "PT-CLS-020/from-ignored", calls=60)
