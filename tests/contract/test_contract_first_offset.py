"""Offsets that count the first row as 1: `start=1` skips no row."""

from __future__ import annotations

from changed_specs import Change, ChangedSpec, frame_tests

CHANGES: tuple[Change, ...] = (
    ("          offset: start\n", "          offset: start\n          first: 1\n"),
    (
        '          start: {as: integer, least: 0, default: 0, bad: {gets: refused, like: ["-1", x],',
        '          start: {as: integer, least: 1, default: 1, bad: {gets: refused, like: ["0", x],',
    ),
    ("schema: {type: integer, minimum: 0, default: 0}", "schema: {type: integer, minimum: 1, default: 1}"),
    ("slice: PT-CLS-041, partition", "slice: PT-CLS-041, offset-default: PT-CLS-041, partition"),
)
(
    test_the_linter_finds_nothing,
    test_an_honest_simulator_passes,
    test_a_liar_is_caught,
    test_the_linter_refuses_what_means_nothing,
) = frame_tests(
    ChangedSpec("parlatel", CHANGES),
    faults=["PT-CLS-041/start-counts-from-0", "PT-CLS-041/start-default"],
    refused=[
        (("first: 1", "first: 2"), "2 as the default and the least of start, where they are said", "1 and 1"),
    ],
)
