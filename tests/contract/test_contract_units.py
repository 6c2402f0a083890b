"""Filters that ask in another unit than rows show: `over=3` in minutes beside a duration in seconds."""

from __future__ import annotations

from changed_specs import Change, ChangedSpec, frame_tests

CHANGES: tuple[Change, ...] = (
    (
        "        - {name: start, in: query,",
        "        - {name: over, in: query, schema: {type: integer}, description: Minutes at least}\n"
        "        - {name: under, in: query, schema: {type: integer}, description: Minutes at most}\n"
        "        - {name: start, in: query,",
    ),
    (
        "          from: {shows: source}\n",
        "          from: {shows: source}\n"
        "          lasted: {shows: duration_seconds, as: integer, clause: PT-CLS-003}\n",
    ),
    ("        from: {type: string}\n", "        from: {type: string}\n        lasted: {type: integer}\n"),
    ("          from: {}\n", "          from: {}\n          over: {as: integer}\n          under: {as: integer}\n"),
    (
        "        conjunction-clause: PT-CLS-022\n",
        "          over: {compares: lasted, keeps: at-least, unit: minutes, clause: PT-CLS-026}\n"
        "          under: {compares: lasted, keeps: below, unit: minutes, clause: PT-CLS-027}\n"
        "        conjunction-clause: PT-CLS-022\n",
    ),
    (
        "          PT-CLS-030: {",
        '          PT-CLS-026: {level: must, basis: documented, says: "over counts minutes", source: Request}\n'
        '          PT-CLS-027: {level: must, basis: documented, says: "under counts minutes", source: Request}\n'
        "          PT-CLS-030: {",
    ),
)
(
    test_the_linter_finds_nothing,
    test_an_honest_simulator_passes,
    test_a_liar_is_caught,
    test_the_linter_refuses_what_means_nothing,
) = frame_tests(
    ChangedSpec("parlatel", CHANGES),
    faults=[
        "PT-CLS-026/over-minutes-ignored",
        "PT-CLS-027/under-minutes-ignored",
        "PT-CLS-027/under-loose",
    ],
    refused=[
        (
            ("at-least, unit: minutes", "at-least, unit: seconds"),
            "a larger unit than seconds, that of the rows",
            "seconds",
        ),
        (
            ("{compares: lasted, keeps: at-least", "{compares: id, keeps: at-least"),
            "one field beside it, that shows seconds",
            "id",
        ),
        (
            ("over: {compares: lasted, keeps: at-least", "over: {compares: lasted, keeps: equal"),
            "as: integer, digits or decimal, and at-least, at-most, above, below",
            "as: integer, equal",
        ),
    ],
)
