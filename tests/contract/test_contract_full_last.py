"""Last pages that are full and say all the same that the list goes on: by a flag, and by a next link."""

from __future__ import annotations

from pathlib import Path

import pytest
from changed_specs import Change, ChangedSpec, assert_honest_passes, assert_linter_refuses, frame_tests

CHANGES: tuple[Change, ...] = (
    ("            form: absolute\n", "            form: absolute\n            full-last: goes-on\n"),
    (
        "          default-size: 25\n",
        "          default-size: 25\n          more: {at: /paging/more, full-last: goes-on, clause: LU-CLL-033}\n",
    ),
    (
        "            total: {type: integer}\n",
        "            total: {type: integer}\n            more: {type: boolean}\n",
    ),
    (
        "          LU-CLL-031: {",
        '          LU-CLL-033: {level: must, basis: documented, says: "more follows a full page", source: Pages}\n'
        "          LU-CLL-031: {",
    ),
)
COUNTING = ChangedSpec("linked_pages", CHANGES)
OPEN = COUNTING.with_change("full-last: goes-on", "full-last: {open: [goes-on, ends], assumed: ends}")
(
    test_the_linter_finds_nothing,
    test_an_honest_simulator_passes,
    test_a_liar_is_caught,
    test_the_linter_refuses_what_means_nothing,
) = frame_tests(
    COUNTING,
    faults=["LU-CLL-033/more-always", "LU-CLL-033/more-never", "LU-CLL-033/more-ends-on-a-full-page"],
    refused=[
        (
            ("at: /paging/more, full-last: goes-on, clause: LU-CLL-033", "at: /paging/more"),
            "a clause on whether rows follow",
            "none",
        )
    ],
    calls=[60],
)


@pytest.mark.usefixtures("few_combinations")
def test_either_answer_passes_where_the_document_leaves_it_open(tmp_path: Path) -> None:
    assert_honest_passes(OPEN, tmp_path, calls=60)


def test_cursors_have_a_word_of_their_own() -> None:
    assert_linter_refuses(
        ChangedSpec("page_tokens"),
        ("            form: relative\n", "            form: relative\n            full-last: goes-on\n"),
        ("next-on-last of the paging, which says what the last page of cursors has", "full-last"),
    )
