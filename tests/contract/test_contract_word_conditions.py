"""Words that stand for what rows show: `kind=missed` for calls that came in and were not answered, `lost=1`."""

from __future__ import annotations

from changed_specs import Change, ChangedSpec, frame_tests

KIND = (
    "kind: {compares: result, word-conditions: {missed: [{field: way, is: in}, {field: result, not: fine}], "
    "inbound: {field: way, is: in}, dear: {field: fee, present: true}}, clause: PT-CLS-026}"
)
LOST = (
    'lost: {compares: result, word-conditions: {"true": {field: result, is: [late, busy]}}, no-filter: ["false"], '
    "clause: PT-CLS-027}"
)
CHANGES: tuple[Change, ...] = (
    (
        "        - {name: start, in: query,",
        "        - {name: kind, in: query, schema: {enum: [missed, inbound, dear]}, description: Kind}\n"
        "        - {name: lost, in: query, schema: {type: boolean}, description: Calls that nobody took}\n"
        "        - {name: start, in: query,",
    ),
    (
        "          from: {shows: source}\n",
        "          from: {shows: source}\n          result: {shows: disposition, as: word, words: {answered: fine, "
        "no_answer: late, busy: busy, cancelled: late, failed: broken}, clause: PT-CLS-003}\n"
        "          fee: {shows: cost, as: decimal, absent: none, clause: PT-CLS-003}\n",
    ),
    (
        "        from: {type: string}\n",
        "        from: {type: string}\n        result: {type: string}\n        fee: {type: [number, 'null']}\n",
    ),
    (
        "          from: {}\n",
        "          from: {}\n          kind: {as: word, bad: {gets: refused, like: [fine], clause: PT-CLS-060}}\n"
        '          lost: {as: flag, true: ["true"], false: ["false"]}\n',
    ),
    (
        "        conjunction-clause: PT-CLS-022\n",
        f"          {KIND}\n          {LOST}\n        conjunction-clause: PT-CLS-022\n",
    ),
    (
        "          PT-CLS-030: {",
        '          PT-CLS-026: {level: must, basis: documented, says: "kind keeps that kind", source: "Request"}\n'
        '          PT-CLS-027: {level: must, basis: documented, says: "lost keeps lost calls", source: "Request"}\n'
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
        "PT-CLS-026/kind-missed-first-condition-only",
        "PT-CLS-026/kind-missed-last-condition-only",
        "PT-CLS-026/kind-dear-nothing",
        "PT-CLS-026/kind-ignored",
        "PT-CLS-027/lost-true-nothing",
        "PT-CLS-027/lost-ignored",
    ],
    refused=[
        (("field: way, is: in}, {", "field: way, is: late}, {"), "one of in, out, int, through", "'late'"),
        (("{field: fee, present: true}", "{field: fee}"), "`is`, `not` or `present` beside the field", "none"),
        (('{"true": {field', "{sure: {field"), '"true" or "false"', "'sure'"),
        (
            ("kind: {compares: result,", "kind: {compares: result, words: {dear: [late]},"),
            "a word that stands for one thing",
            "'dear'",
        ),
        (
            ("kind: {as: word, bad", "kind: {as: word, repeated: any, bad"),
            "as: word or flag, given once, and keeps: equal",
            "as: word, keeps: equal",
        ),
        (
            ("kind: {compares: result,", "kind: {compares: result, alternatives: [way],"),
            "no compares-by, named-by, instead or alternatives beside it",
            "one of them",
        ),
    ],
)
