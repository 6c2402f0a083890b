"""Parameters of which a request must give one at least."""

from __future__ import annotations

from pathlib import Path

import pytest
from parlatel_spec import parlatel, parlatel_text

from harness.cli.selftest_trials import Trial, run_trial
from harness.specification.lint.linter import lint_spec

Change = tuple[str, str]
CLAUSE = (
    "          PT-CLS-030: {",
    '          PT-CLS-027: {level: must, basis: documented, says: "one of them is given", source: "Request"}\n'
    '          PT-CLS-028: {level: must, basis: documented, says: "a reversed range is empty", source: "Request"}\n'
    '          PT-CLS-029: {level: must, basis: documented, says: "any keeps every call", source: "Request"}\n'
    "          PT-CLS-030: {",
)


def needed(more: str) -> str:
    return f"        at-least-one:\n          - {{of: [{more}], fault: invalid, clause: PT-CLS-027}}\n"


TIMES = (
    (
        "        conjunction-clause: PT-CLS-022\n",
        "        conjunction-clause: PT-CLS-022\n        ranges:\n          - {first: since, last: until, "
        f"reversed: nothing, clauses: {{reversed: PT-CLS-028}}}}\n{needed('from, since, until')}",
    ),
    CLAUSE,
)
WORDS = (
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


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("spec")
    for name, changes in (("times", TIMES), ("words", WORDS)):
        (folder / f"{name}.yaml").write_text(parlatel_text(*changes), encoding="utf-8")
    return {name: folder / f"{name}.yaml" for name in ("times", "words")}


@pytest.mark.parametrize("changes", [TIMES, WORDS])
def test_the_linter_finds_nothing(changes: tuple[Change, ...]) -> None:
    assert lint_spec(parlatel(*changes)).findings == ()


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("name", ["times", "words"])
@pytest.mark.parametrize("calls", [3, 150])
def test_an_honest_simulator_passes(files: dict[str, Path], name: str, calls: int) -> None:
    result = run_trial(Trial(api=str(files[name]), calls=calls))
    # Of a few calls some promises show nothing.
    assert (result.clauses, result.exit_code) == ((), 0 if calls > 3 else 5), result.messages


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("times", "PT-CLS-027/none-of-from-since-until-accepted"),
        ("times", "PT-CLS-020/from-ignored"),
        ("words", "PT-CLS-027/none-of-from-way-accepted"),
        ("words", "PT-CLS-021/way-ignored"),
    ],
)
def test_a_liar_is_caught(files: dict[str, Path], name: str, fault: str) -> None:
    result = run_trial(Trial(api=str(files[name]), fault=fault, calls=150))
    assert fault.partition("/")[0] in result.clauses, result.messages


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
    mended = tuple((old, new.replace(*change)) for old, new in WORDS)
    assert mended != WORDS
    found = [(one.expected, one.actual) for one in lint_spec(parlatel(*mended)).findings]
    assert finding in found, found
