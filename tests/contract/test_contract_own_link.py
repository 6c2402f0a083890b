"""Pages whose only link is the one to themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.changed_specs import (
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
)

OWN = ChangedSpec(
    "linked_pages",
    (
        (
            "            next: {at: /links/next, clause: LU-CLL-024}\n"
            "            previous: {at: /links/prev, clause: LU-CLL-024}\n"
            "            first: {at: /links/first, clause: LU-CLL-025}\n"
            "            last: {at: /links/last, clause: LU-CLL-025}\n",
            "",
        ),
        (
            "clauses: {keeps: LU-CLL-026, ends: LU-CLL-027, form: LU-CLL-030}",
            "clauses: {keeps: LU-CLL-026, form: LU-CLL-030}",
        ),
    ),
)


def test_the_linter_finds_nothing() -> None:
    assert_linter_finds_nothing(OWN)


@pytest.mark.usefixtures("few_combinations")
def test_an_honest_simulator_passes(tmp_path: Path) -> None:
    assert_honest_passes(OWN, tmp_path, calls=60)


@pytest.mark.usefixtures("few_combinations")
def test_a_link_that_forgets_the_filters_is_told(tmp_path: Path) -> None:
    assert_liar_is_caught(OWN, tmp_path, "LU-CLL-026/links-drop-filters", calls=60)
