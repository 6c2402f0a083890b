"""A sort parameter whose words say the direction behind a separator, `seconds:desc`; a list with the oldest first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.changed_specs import (
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
)

SUFFIXES = 'suffixes: {":asc": ascending, ":desc": descending}'
CHANGES = (
    (
        "        - {name: page, in: query,",
        "        - {name: sort_by, in: query, schema: {type: string}, description: Key and direction of the order}\n"
        "        - {name: page, in: query,",
    ),
    (
        "          page: {as: integer,",
        "          sort_by: {as: word}\n          page: {as: integer,",
    ),
    (
        "order: {by: start_time, direction: descending, clause: TD-REC-060}",
        "order: {by: start_time, direction: descending, clause: TD-REC-060, sort: {parameter: sort_by, "
        f"words: {{seconds: seconds, code: code}}, {SUFFIXES}, unknown-fault: invalid, "
        "clauses: {words: TD-REC-067, unknown: TD-REC-050}}}",
    ),
    (
        "          TD-REC-070: {",
        '          TD-REC-067: {level: must, basis: documented, says: "sort_by names the key, and after a colon the '
        'direction", source: "Answer"}\n          TD-REC-070: {',
    ),
)
SPEC = ChangedSpec("tidewater", CHANGES)
# So long a list is read in a part, which ends before the newest calls.
OLDEST_FIRST = ChangedSpec(
    "parlatel",
    (
        ("order: {by: began, direction: descending,", "order: {by: began, direction: ascending,"),
        ("the newest call comes first", "the oldest call comes first"),
    ),
)

# A flag that says ascending: its spellings are exchanged, and false is its default for OpenAPI.
UPWARDS = ChangedSpec(
    "parlatel",
    (
        (
            "        - {name: start, in: query,",
            "        - {name: upwards, in: query, schema: {type: boolean, default: false}, description: Turned}\n"
            "        - {name: start, in: query,",
        ),
        (
            "          start: {as: integer,",
            '          upwards: {as: flag, "true": ["false"], "false": ["true"], default: true, '
            "default-clause: PT-CLS-030}\n          start: {as: integer,",
        ),
        (
            "direction: descending, clause: PT-CLS-030}",
            "direction: descending, clause: PT-CLS-030, descending: upwards, descending-clause: PT-CLS-031}",
        ),
        (
            "          PT-CLS-040: {",
            '          PT-CLS-031: {level: must, basis: documented, says: "upwards turns it", source: Request}\n'
            "          PT-CLS-040: {",
        ),
    ),
)


@pytest.mark.parametrize("spec", [SPEC, UPWARDS])
def test_the_linter_finds_nothing(spec: ChangedSpec) -> None:
    assert_linter_finds_nothing(spec)


def test_the_default_of_a_flag_is_that_of_its_spelling() -> None:
    found = UPWARDS.with_change("boolean, default: false", "boolean, default: true").remarks()
    assert ("False, as x-listing says", "True") in found, found


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ((SUFFIXES, f"{SUFFIXES}, signed: true"), "a sign or suffixes"),
        ((SUFFIXES, 'suffixes: {"": descending}'), "a suffix that is not empty"),
        (
            ("seconds: seconds, code: code", 'seconds: seconds, "seconds:desc": code'),
            "a word that is no other's spelling",
        ),
    ],
)
def test_spellings_that_mean_two_things_are_refused(change: tuple[str, str], expected: str) -> None:
    assert [due for due, _ in SPEC.with_change(*change).remarks()] == [expected]


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [3, 150])
def test_an_honest_simulator_passes(tmp_path: Path, calls: int) -> None:
    assert_honest_passes(SPEC, tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", ["TD-REC-067/sort_by-sign-ignored", "TD-REC-067/sort_by-code-ignored"])
def test_a_liar_is_caught(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(SPEC, tmp_path, fault)


@pytest.mark.usefixtures("few_combinations")
def test_calls_after_the_part_that_is_read_are_lost_by_no_page(tmp_path: Path) -> None:
    assert_liar_is_caught(OLDEST_FIRST, tmp_path, "PT-CLS-045/total-one-more", calls=700)
