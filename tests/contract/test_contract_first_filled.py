"""Filters that compare the first of several fields that shows a value."""

from __future__ import annotations

import pytest
from changed_specs import ChangedSpec, frame_tests

from harness.cli.selftest_trials import Trial, run_trial
from harness.specification.field_path import FieldPath

FIELD = (
    "          from: {shows: source}\n",
    "          label: {shows: caller_name, absent: none}\n          from: {shows: source}\n",
)
FILTER = (
    "from: {compares: from, clause: PT-CLS-020}",
    "from: {compares: [label, from], of-several: first-filled, clause: PT-CLS-020}",
)
SCHEMA = ("        from: {type: string}\n", "        from: {type: string}\n        label: {type: [string, 'null']}\n")
REQUIRED = (
    "required: [id, account, state, began, from, way]",
    "required: [id, account, state, began, label, from, way]",
)
FIRST_FILLED = ChangedSpec("parlatel", (FIELD, FILTER, SCHEMA, REQUIRED))

(
    test_the_linter_finds_nothing,
    test_an_honest_simulator_passes,
    test_a_liar_is_caught,
    test_the_linter_refuses,
) = frame_tests(
    FIRST_FILLED,
    faults=("PT-CLS-020/from-any-field-suffices", "PT-CLS-020/from-first-field-only", "PT-CLS-020/from-ignored"),
    refused=(
        (
            ("compares: [label, from]", "compares: [from]"),
            "several fields under compares, and no alternatives, compares-by or words for several things",
            "from",
        ),
        (("compares: [label, from]", "compares: [label, hidden.dialed]"), "plain fields of the row", "hidden.dialed"),
    ),
)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fields", [(), ("callername_external", "callername_internal")])
def test_a_server_that_compares_the_name_it_displays_passes_where_the_document_leaves_it_open(
    fields: tuple[str, ...],
) -> None:
    name = "filters.callername_number"
    dialect = {f"{name}.of_several": "first-filled", f"{name}.instead": tuple(map(FieldPath.of, fields))}
    result = run_trial(Trial(api="enswitch/calls-active-list", dialect=dialect, calls=300))
    assert (result.exit_code, result.clauses) == (0, ()), result.messages
