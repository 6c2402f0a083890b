"""A filter on what is the same in every row: another word of the document tells whether it filters at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from tidewater_spec import TIDEWATER, tidewater

from harness.cli.selftest_trials import Trial, run_trial
from harness.serve.faults.catalogue import faults_of
from harness.specification.lint.linter import lint_spec

CHANGES = (
    (
        "          id: {shows: call_id, as: integer}\n",
        "          id: {shows: call_id, as: integer}\n          kind: {constant: call}\n",
    ),
    (
        "        - {name: page, in: query,",
        "        - {name: kind, in: query, schema: {enum: [call, fax]}, description: Kind of record}\n"
        "        - {name: page, in: query,",
    ),
    (
        "          page: {as: integer,",
        "          kind: {as: word, words: [call, fax]}\n          page: {as: integer,",
    ),
    (
        "        conjunction-clause: TD-REC-047\n",
        "          kind: {compares: kind, clause: TD-REC-038}\n        conjunction-clause: TD-REC-047\n",
    ),
    (
        "          TD-REC-040: {",
        '          TD-REC-038: {level: must, basis: documented, says: "kind keeps that kind", source: Query}\n'
        "          TD-REC-040: {",
    ),
    (
        "        way: {enum: [in, out, int, through]}\n",
        "        way: {enum: [in, out, int, through]}\n        kind: {const: call}\n",
    ),
)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(("fault", "clauses"), [(None, ()), ("TD-REC-038/kind-ignored", ("TD-REC-038",))])
def test_a_filter_that_filters_nothing_is_noticed(
    tmp_path: Path, fault: str | None, clauses: tuple[str, ...]
) -> None:
    assert lint_spec(tidewater(*CHANGES)).findings == ()
    text = TIDEWATER.read_text(encoding="utf-8")
    for old, new in CHANGES:
        text = text.replace(old, new)
    file = tmp_path / "tidewater.yaml"
    file.write_text(text, encoding="utf-8")
    result = run_trial(Trial(api=str(file), fault=fault, calls=60))
    assert result.clauses[:1] == clauses, result.messages


def test_no_part_of_a_word_of_the_document_is_asked_for() -> None:
    names = [fault.name for fault in faults_of(tidewater(*CHANGES))]
    assert "kind-ignored" in names
    assert "kind-part-suffices" not in names
