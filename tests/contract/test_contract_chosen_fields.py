"""Filters that compare what another parameter chooses: `times=ended` beside `since` and `until`."""

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
from parlatel_spec import Change

BY = "compares-by: {parameter: times, words: {began: began, over: over}, clause: PT-CLS-027}, "
ENDS = (
    "          began: {shows",
    "          over: {shows: ended_at, as: rfc3339, clause: PT-CLS-003}\n          began: {shows",
)
PARAMETER = (
    "        - {name: start, in: query,",
    "        - {name: times, in: query, schema: {enum: [began, over]}, description: What since and until bound}\n"
    "        - {name: start, in: query,",
)
CLAUSES = (
    "          PT-CLS-030: {",
    '          PT-CLS-027: {level: must, basis: documented, says: "times chooses what is bounded", source: Request}\n'
    '          PT-CLS-028: {level: must, basis: documented, says: "began is meant by default", source: "Request"}\n'
    '          PT-CLS-029: {level: must, basis: documented, says: "times is required", source: "Request"}\n'
    "          PT-CLS-030: {",
)
SCHEMA: tuple[Change, ...] = (
    ("required: [id, account, state, began, from, way]", "required: [id, account, state, began, over, from, way]"),
    ("        state: {type: string}\n", "        state: {type: string}\n        over: {type: string}\n"),
)
FILTERS: tuple[Change, ...] = (
    ("since: {compares: began,", f"since: {{compares: began, {BY}"),
    ("until: {compares: began,", f"until: {{compares: began, {BY}"),
)


def chosen(parameter: str) -> tuple[Change, ...]:
    declared = (
        "          since: {as: rfc3339,",
        f"          times: {{{parameter}}}\n          since: {{as: rfc3339,",
    )
    return (ENDS, PARAMETER, declared, *FILTERS, CLAUSES, *SCHEMA)


BAD = "bad: {gets: refused, like: [sideways], clause: PT-CLS-060}"
USUAL = chosen(f"as: word, default: began, default-clause: PT-CLS-028, {BAD}")
REQUIRED = chosen(f"as: word, required: {{fault: invalid, clause: PT-CLS-029}}, {BAD}")


TABLES = {"usual": USUAL, "required": REQUIRED}


@pytest.mark.parametrize("changes", [USUAL, REQUIRED])
def test_the_linter_finds_nothing(changes: tuple[Change, ...]) -> None:
    assert_linter_finds_nothing(ChangedSpec("parlatel", changes))


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(("name", "calls"), [("usual", 3), ("usual", 150), ("required", 150)])
def test_an_honest_simulator_passes(tmp_path: Path, name: str, calls: int) -> None:
    assert_honest_passes(ChangedSpec("parlatel", TABLES[name]), tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("usual", "PT-CLS-027/since-times-ignored"),
        ("usual", "PT-CLS-027/until-times-ignored"),
        ("required", "PT-CLS-027/since-times-ignored"),
        ("required", "PT-CLS-029/times-not-required"),
    ],
)
def test_a_liar_is_caught(tmp_path: Path, name: str, fault: str) -> None:
    assert_liar_is_caught(ChangedSpec("parlatel", TABLES[name]), tmp_path, fault, first=False)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (("as: word, default: began", "default: began"), ("times as: word, and no filter", "as: text")),
        (
            ("default: began", "default: over"),
            ("a default that means what is compared without it: began", "'over'"),
        ),
        (
            ("{began: began, over: over}, clause: PT-CLS-027", "{began: began, over: over}"),
            ("a clause on the field that is chosen", "none"),
        ),
        (
            ("{began: began, over: over}", "{began: over, over: over}"),
            ("a word for began, and no further field beside it", "over, over"),
        ),
        (("{began: began, over: over}", "{began: began}"), ("two words at least", "1")),
    ],
)
def test_the_linter_refuses_what_means_nothing(change: tuple[str, str], finding: tuple[str, str]) -> None:
    assert_linter_refuses(ChangedSpec("parlatel", USUAL), change, finding)
