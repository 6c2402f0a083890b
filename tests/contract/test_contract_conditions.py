"""Fields that only some rows have, words that are numbers or flags, and values that nobody can know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.serve.simulator import Simulator
from harness.wire.http_messages import HttpRequest
from harness.world.world import World
from tests.contract.changed_specs import ChangedSpec, assert_honest_passes, frame_tests

COLUMNS = "        caller: {type: string}\n"
SOME = ChangedSpec(
    "page_tokens",
    (
        (
            "          caller: {shows: source}\n",
            """          caller: {shows: source}
          line:
            as: object
            fields:
              kind: {shows: remote_number_kind, as: word, words: {pstn: phone, mobile: phone, user: user, sip: sip}}
              number: {shows: remote_number, when: {field: line.kind, is: phone}, clause: BR-CLL-007}
          who:
            as: object
            fields:
              kind: {shows: source_kind, as: word, words: {pstn: phone, mobile: phone, user: user, sip: sip}}
              phone:
                as: object
                when: {is: phone, field: who.kind}
                fields: {number: {shows: source, clause: BR-CLL-007}}
          cost: {shows: price, as: decimal, digits: 2, when: {field: code, is: [10]}, clause: BR-CLL-008}
          code:
            shows: disposition
            as: word
            words: {answered: "10", no_answer: "20", busy: "21", cancelled: "22", failed: "-1"}
            word-type: integer
            clause: BR-CLL-009
          video: {shows: media, as: word, words: {video: "true", audio: "false"}, word-type: flag, clause: BR-CLL-009}
          turns: {as: integer, constant: 4, other-values: tolerated, least: 0, clause: BR-CLL-026}
""",
        ),
        (
            COLUMNS,
            COLUMNS + "        line: {type: object, properties: {kind: {type: string}, number: {type: string}}}\n"
            "        who: {type: object, properties: {kind: {type: string}, phone: {type: object, properties: "
            "{number: {type: string}}}}}\n"
            "        cost: {type: number}\n        code: {type: integer}\n        video: {type: boolean}\n"
            "        turns: {type: integer}\n",
        ),
        (
            "          BR-CLL-010: {",
            """          BR-CLL-007: {level: must, basis: documented, says: "phones have a number", source: Answer}
          BR-CLL-008: {level: must, basis: documented, says: "answered calls have a cost", source: Answer}
          BR-CLL-009: {level: must, basis: documented, says: "code is a number, video a flag", source: Answer}
          BR-CLL-026: {level: must, basis: documented, says: "turns are counted", source: Answer}
          BR-CLL-027: {level: must, basis: documented, says: "code and cost keep theirs", source: Request}
          BR-CLL-010: {""",
        ),
        ("          token: {}\n", "          token: {}\n          code: {as: word}\n          dear: {as: decimal}\n"),
        (
            "          caller: {compares: caller, clause: BR-CLL-011}\n",
            "          caller: {compares: caller, clause: BR-CLL-011}\n"
            "          code: {compares: code, clause: BR-CLL-027}\n"
            "          dear: {compares: cost, keeps: at-least, clause: BR-CLL-027}\n",
        ),
        (
            "        - {name: token, in: query,",
            "        - {name: code, in: query, schema: {type: integer}, description: How it ended}\n"
            "        - {name: dear, in: query, schema: {type: number}, description: Cost at least}\n"
            "        - {name: token, in: query,",
        ),
    ),
)
WORLD = World.of(seed=3, calls=120)


def rows(query: bytes = b"size=100") -> list[dict[str, object]]:
    server = Simulator(SOME.spec(), WORLD)
    headers = (("Host", "pbx.example:8080"), ("Authorization", f"Bearer {server.users[0].credentials['key']}"))
    request = HttpRequest(method="GET", target=b"/api/calls.json?" + query, headers=headers)
    found: list[dict[str, object]] = json.loads(server.answer(request, WORLD.instant).body)["calls"]
    return found


@pytest.mark.usefixtures("few_combinations")
def test_a_condition_that_no_row_meets_blames_nobody(tmp_path: Path) -> None:
    assert {row["line"]["kind"] for row in rows()} == {"phone", "user"}  # type: ignore[index]
    assert_honest_passes(SOME.with_change("is: phone}", "is: sip}"), tmp_path, calls=90)


def test_rows_have_a_field_only_where_its_condition_holds() -> None:
    shown = rows()
    assert {("cost" in row, row["code"] == 10) for row in shown} == {(True, True), (False, False)}
    lines = [row["line"] for row in shown]
    assert {("number" in line, line["kind"]) for line in lines if isinstance(line, dict)} >= {
        (True, "phone"),
        (False, "user"),
    }


def test_an_object_is_there_only_where_its_condition_holds() -> None:
    shown = [(row["caller"], row["who"]) for row in rows()]
    phones = [(caller, who) for caller, who in shown if str(caller).startswith("+")]
    assert phones
    assert all(who == {"kind": "phone", "phone": {"number": caller}} for caller, who in phones)
    assert all(who == {"kind": "user"} for caller, who in shown if not str(caller).startswith("+"))


def test_words_are_numbers_and_flags_on_the_wire() -> None:
    shown = rows()
    assert {row["code"] for row in shown} <= {10, 20, 21, 22, -1}
    assert {type(row["video"]) for row in shown} == {bool}


def test_a_filter_asks_for_the_number_of_a_word() -> None:
    assert {row["code"] for row in rows(b"size=100&code=20")} == {20}


def test_a_filter_sees_no_value_where_the_condition_does_not_hold() -> None:
    assert {row["code"] for row in rows(b"size=100&dear=0")} == {10}


(
    test_the_linter_finds_nothing,
    test_an_honest_simulator_passes,
    test_a_liar_is_caught,
    test_the_linter_refuses_what_means_nothing,
) = frame_tests(
    SOME,
    faults=[
        "BR-CLL-007/line.number-everywhere",
        "BR-CLL-007/line.number-left-out",
        "BR-CLL-007/who.phone.number-left-out",
        "BR-CLL-008/cost-everywhere",
        "BR-CLL-008/cost-left-out",
        "BR-CLL-009/code-form",
        "BR-CLL-026/turns-form",
        "BR-CLL-027/code-ignored",
        "BR-CLL-027/dear-ignored",
    ],
    refused=[
        (("word-type: flag", "word-type: integer"), "words that are numbers, in quotes", "'true'"),
        (("constant: 4, other-values", "shows: ring_seconds, other-values"), "a constant beside it", "none"),
        (("{field: code, is: [10]}", "{field: code}"), "`is`, `not` or `present` beside the field", "none"),
        (
            ("{field: code, is: [10]}", "{field: cost, present: true}"),
            "another field, without a condition of its own: word, text, integer, digits, flag",
            "cost",
        ),
        (("is: [10]}, clause: BR-CLL-008", "is: [10]}"), "a clause on where the field is there", "none"),
        (
            ("{field: code, is: [10]}", "{field: codes, is: [10]}"),
            "a field: id, began, way, caller, line, line.kind, line.number, who, who.kind, who.phone, "
            "who.phone.number, cost, code, video, turns (list[].name inside a list)",
            "'codes'",
        ),
    ],
    calls=(3, 90),
)
