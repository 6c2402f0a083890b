"""A sort parameter whose words say the direction behind a separator: `seconds:desc`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tidewater_spec import TIDEWATER, tidewater

from harness.cli.selftest_trials import Trial, run_trial
from harness.specification.lint.linter import lint_spec

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


@pytest.fixture(scope="module")
def spec_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = TIDEWATER.read_text(encoding="utf-8")
    for old, new in CHANGES:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file = tmp_path_factory.mktemp("spec") / "tidewater.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_linter_finds_nothing() -> None:
    assert lint_spec(tidewater(*CHANGES)).findings == ()


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
    changed = tuple((old, new.replace(*change)) for old, new in CHANGES)
    assert [one.expected for one in lint_spec(tidewater(*changed)).findings if one.rule == "sort"] == [expected]


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [3, 150])
def test_an_honest_simulator_passes(spec_file: Path, calls: int) -> None:
    result = run_trial(Trial(api=str(spec_file), calls=calls))
    assert result.clauses == (), result.messages


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", ["TD-REC-067/sort_by-sign-ignored", "TD-REC-067/sort_by-code-ignored"])
def test_a_liar_is_caught(spec_file: Path, fault: str) -> None:
    result = run_trial(Trial(api=str(spec_file), fault=fault, calls=150))
    assert result.clauses[:1] == ("TD-REC-067",), result.messages
