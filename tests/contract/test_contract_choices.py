"""Parameters of which a request must give one at least."""

from __future__ import annotations

from pathlib import Path

import pytest
from parlatel_spec import Change

from tests.contract.changed_specs import (
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
    assert_linter_refuses,
)

CLAUSE = (
    "          PT-CLS-030: {",
    '          PT-CLS-027: {level: must, basis: documented, says: "one of them is given", source: "Request"}\n'
    '          PT-CLS-028: {level: must, basis: documented, says: "a reversed range is empty", source: "Request"}\n'
    '          PT-CLS-029: {level: must, basis: documented, says: "any keeps every call", source: "Request"}\n'
    "          PT-CLS-030: {",
)


def needed(more: str) -> str:
    return f"        at-least-one:\n          - {{of: [{more}], fault: invalid, clause: PT-CLS-027}}\n"


NEEDED_BESIDE_TIMES = (
    (
        "        conjunction-clause: PT-CLS-022\n",
        "        conjunction-clause: PT-CLS-022\n        ranges:\n          - {first: since, last: until, "
        f"reversed: nothing, clauses: {{reversed: PT-CLS-028}}}}\n{needed('from, since, until')}",
    ),
    CLAUSE,
)
NEEDED_BESIDE_WORDS = (
    (
        "way: {compares: way, clause: PT-CLS-021}",
        "way: {compares: way, no-filter: [any], no-filter-clause: PT-CLS-029, clause: PT-CLS-021}",
    ),
    (
        "        conjunction-clause: PT-CLS-022\n",
        f"        conjunction-clause: PT-CLS-022\n{needed('from, way')}",
    ),
    ("schema: {enum: [in, out, int, through]}", "schema: {enum: [in, out, int, through, any]}"),
    CLAUSE,
)
TIMES = ChangedSpec("parlatel", NEEDED_BESIDE_TIMES)
WORDS = ChangedSpec("parlatel", NEEDED_BESIDE_WORDS)


@pytest.mark.parametrize("spec", [TIMES, WORDS])
def test_the_linter_finds_nothing(spec: ChangedSpec) -> None:
    assert_linter_finds_nothing(spec)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("spec", [TIMES, WORDS])
@pytest.mark.parametrize("calls", [3, 150])
def test_an_honest_simulator_passes(tmp_path: Path, spec: ChangedSpec, calls: int) -> None:
    assert_honest_passes(spec, tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        (TIMES, "PT-CLS-027/none-of-from-since-until-accepted"),
        (TIMES, "PT-CLS-020/from-ignored"),
        (WORDS, "PT-CLS-027/none-of-from-way-accepted"),
        (WORDS, "PT-CLS-021/way-ignored"),
    ],
)
def test_a_liar_is_caught(tmp_path: Path, spec: ChangedSpec, fault: str) -> None:
    assert_liar_is_caught(spec, tmp_path, fault)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (("of: [from, way]", "of: [way]"), ("two parameters or more; one has `required`", "fewer")),
        (
            ("of: [from, way]", "of: [from, start]"),
            (
                "an end of a range of time, or a filter with no-filter, among them: to read the whole list",
                "from, start",
            ),
        ),
        (
            ("fault: invalid, clause: PT-CLS-027", "fault: lost, clause: PT-CLS-027"),
            ("a fault: unknown, foreign, invalid", "'lost'"),
        ),
        ((", clause: PT-CLS-027", ""), ("a clause on what a request gets without any of them", "none")),
    ],
)
def test_the_linter_refuses_what_means_nothing(change: Change, finding: Change) -> None:
    assert_linter_refuses(WORDS, change, finding)
