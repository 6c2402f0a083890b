"""Filters whose words have fields of their own: `kind=missed` is about the result, `kind=inbound` about the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from changed_specs import (
    Change,
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
    assert_linter_refuses,
)

KIND = (
    "kind: {compares: result, words: {missed: [late], lost: [busy, broken], inbound: [in], outbound: [out]}, "
    "word-compares: {inbound: way, outbound: way}, clause: PT-CLS-026}"
)
CHANGES: tuple[Change, ...] = (
    (
        "        - {name: start, in: query,",
        "        - {name: kind, in: query, schema: {enum: [missed, lost, inbound, outbound]}, description: Kind}\n"
        "        - {name: start, in: query,",
    ),
    (
        "          from: {shows: source}\n",
        "          from: {shows: source}\n          result: {shows: disposition, as: word, words: {answered: fine, "
        "no_answer: late, busy: busy, cancelled: late, failed: broken}, clause: PT-CLS-003}\n",
    ),
    ("        from: {type: string}\n", "        from: {type: string}\n        result: {type: string}\n"),
    (
        "          from: {}\n",
        "          from: {}\n          kind: {as: word, bad: {gets: refused, like: [fine], clause: PT-CLS-060}}\n",
    ),
    ("        conjunction-clause: PT-CLS-022\n", f"          {KIND}\n        conjunction-clause: PT-CLS-022\n"),
    (
        "          PT-CLS-030: {",
        '          PT-CLS-026: {level: must, basis: documented, says: "kind keeps that kind", source: "Request"}\n'
        "          PT-CLS-030: {",
    ),
)
KINDS = ChangedSpec("parlatel", CHANGES)


def test_the_linter_finds_nothing() -> None:
    assert_linter_finds_nothing(KINDS)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [3, 150])
def test_an_honest_simulator_passes(tmp_path: Path, calls: int) -> None:
    assert_honest_passes(KINDS, tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", ["PT-CLS-026/kind-words-of-one-field", "PT-CLS-026/kind-ignored"])
def test_a_liar_is_caught(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(KINDS, tmp_path, fault)


@pytest.mark.parametrize(
    ("change", "expected", "actual"),
    [
        (("inbound: [in], outbound", "outbound"), "what inbound stands for under words", "none"),
        (("inbound: [in],", "inbound: [late],"), "one of in, out, int, through", "'late'"),
        (("missed: [late]", "missed: [in]"), "one of fine, late, busy, late, broken", "'in'"),
        (
            ("kind: {as: word, bad", "kind: {as: word, repeated: any, bad"),
            "as: word, given once, and keeps: equal",
            "as: word, keeps: equal",
        ),
        (
            ("{compares: result, words", "{compares: result, alternatives: [way], words"),
            "no compares-by, named-by, instead or alternatives beside it",
            "one of them",
        ),
    ],
)
def test_the_linter_refuses_what_means_nothing(change: Change, expected: str, actual: str) -> None:
    assert_linter_refuses(KINDS, change, (expected, actual))
