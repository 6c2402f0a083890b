"""Values that several parameters share: `fields=note,name`, `filter=way eq in and from eq '101'`."""

from __future__ import annotations

import pytest
from changed_specs import Change, ChangedSpec, frame_tests

from harness.specification.dialect import Dialect
from harness.wire.http_messages import HttpRequest
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import decode_request, encode_request

CHANGES: tuple[Change, ...] = (
    (
        "        - {name: from, in: query, schema: {type: string}, description: Who called, "
        'example: "+12025550123"}\n',
        "        - {name: filter, in: query, schema: {type: string}, description: Which calls}\n",
    ),
    ("        - {name: way, in: query, schema: {enum: [in, out, int, through]}, description: Direction}\n", ""),
    (
        "        - {name: since, in: query, schema: {type: string, format: date-time}, "
        "description: Earliest beginning}\n",
        "        - {name: fields, in: query, schema: {type: string}, description: Further fields}\n",
    ),
    (
        "        - {name: until, in: query, schema: {type: string, format: date-time}, "
        "description: Latest beginning}\n",
        "",
    ),
    (
        "          from: {shows: source}\n",
        "          from: {shows: source}\n          to: {shows: destination}\n"
        "          result: {shows: disposition, as: word, words: {answered: fine, no_answer: late, busy: busy, "
        "cancelled: left, failed: broken}, clause: PT-CLS-003}\n"
        "          name: {shows: caller_name, absent: none, clause: PT-CLS-003}\n"
        "          lasted: {shows: duration_seconds, as: integer, clause: PT-CLS-003}\n",
    ),
    (
        "        from: {type: string}\n",
        "        from: {type: string}\n        to: {type: string}\n        result: {type: string}\n"
        "        name: {type: [string, 'null']}\n"
        "        lasted: {type: integer}\n",
    ),
    (
        "          from: {}\n",
        "          from: {}\n          number: {}\n          result: {as: list, of: word}\n"
        "          with name: {as: presence}\n"
        "          with length: {as: presence}\n",
    ),
    (
        "        conjunction-clause: PT-CLS-022\n",
        "          number: {compares: [from, to], clause: PT-CLS-028}\n"
        "          result: {compares: result, clause: PT-CLS-029}\n        conjunction-clause: PT-CLS-022\n"
        "        blank: {means: refused}\n        shared-values:\n"
        '          filter:\n            separated-by: " and "\n            parts:\n'
        "              from: \"from eq '{value}'\"\n"
        "              number: \"(from eq '{value}' or to eq '{value}')\"\n"
        "              result: \"(result eq '{value}'[ or result eq '{value}'])\"\n"
        "              way: way eq {value}\n"
        "              since: began ge {value}\n              until: began le {value}\n"
        "            other: {gets: refused, like: [size ge 5, way], clause: PT-CLS-026}\n"
        "            clause: PT-CLS-022\n"
        "          fields:\n            parts: {with name: name, with length: lasted}\n"
        "            other: {gets: ignored, like: [shoe], clause: PT-CLS-027}\n            clause: PT-CLS-025\n"
        "        includes:\n"
        '          - {parameter: with name, adds: [name], clauses: {"on": PT-CLS-025, "off": PT-CLS-025}}\n'
        '          - {parameter: with length, adds: [lasted], clauses: {"on": PT-CLS-025, "off": PT-CLS-025}}\n',
    ),
    (
        "          PT-CLS-030: {",
        '          PT-CLS-025: {level: must, basis: documented, says: "fields adds what it names", source: Request}\n'
        '          PT-CLS-026: {level: must, basis: documented, says: "another filter is refused", source: Request}\n'
        '          PT-CLS-027: {level: must, basis: documented, says: "other fields are ignored", source: Request}\n'
        '          PT-CLS-029: {level: must, basis: documented, says: "results may be several", source: Request}\n'
        '          PT-CLS-028: {level: must, basis: documented, says: "number is either end", source: Request}\n'
        "          PT-CLS-030: {",
    ),
)
SHARED = ChangedSpec("parlatel", CHANGES)


def query_of(values: dict[str, str], extra: tuple[tuple[str, str], ...] = ()) -> str:
    sent = encode_request(SHARED.spec(), ListRequest(values=values, extra=extra))
    return sent.query.decode().partition("state=ended&")[2]


def read(query: str) -> tuple[object, object, object]:
    asked = HttpRequest(method="GET", target=f"/accounts/PT20250101/calls.json?{query}".encode())
    found = decode_request(SHARED.spec(), asked, Dialect())
    assert isinstance(found, ListRequest)
    return {name: raw for name, raw in found.values.items() if name != "account"}, found.extra, found.repeated


def test_parts_are_written_into_one_value_in_the_order_of_the_request() -> None:
    assert query_of({"way": "in", "from": "101"}) == "filter=way%20eq%20in%20and%20from%20eq%20%27101%27"
    assert query_of({"with length": "", "with name": ""}) == "fields=lasted%2Cname"


def test_a_quote_between_quotes_is_doubled() -> None:
    assert query_of({"from": "O'Hara"}) == "filter=from%20eq%20%27O%27%27Hara%27"


def test_a_value_may_stand_more_than_once() -> None:
    assert query_of({"number": "7"}) == "filter=%28from%20eq%20%277%27%20or%20to%20eq%20%277%27%29"


def test_each_element_of_a_list_stands_between_texts_of_its_own() -> None:
    assert query_of({"result": "busy"}) == "filter=%28result%20eq%20%27busy%27%29"
    several = "filter=%28result%20eq%20%27busy%27%20or%20result%20eq%20%27late%27%29"
    assert query_of({"result": "busy,late"}) == several


def test_what_is_no_part_stands_in_the_same_value() -> None:
    assert query_of({"way": "in"}, (("filter", "x"),)) == "filter=way%20eq%20in%20and%20x"


@pytest.mark.parametrize(
    ("query", "values", "extra", "repeated"),
    [
        ("filter=from+eq+'O''Hara'+and+way+eq+in", {"from": "O'Hara", "way": "in"}, (), {}),
        ("filter=from+eq+'you+and+me'", {"from": "you and me"}, (), {}),
        ("filter=from+eq+''", {"from": ""}, (), {}),
        ("filter=(from+eq+'O''H'+or+to+eq+'O''H')+and+way+eq+in", {"number": "O'H", "way": "in"}, (), {}),
        ("filter=way+eq+in+and+(result+eq+'busy'+or+result+eq+'late')", {"way": "in", "result": "busy,late"}, (), {}),
        ("filter=(result+eq+'busy')", {"result": "busy"}, (), {}),
        ("filter=(result+eq+'busy'+or+way+eq+'in')", {}, (("filter", "(result eq 'busy' or way eq 'in')"),), {}),
        (
            "filter=(from+eq+'1'+or+to+eq+'2')",
            {},
            (("filter", "(from eq '1' or to eq '2')"),),
            {},
        ),
        ("filter=way+eq+in+and+way+eq+out", {"way": "in"}, (), {"way": ("out",)}),
        ("filter=way+eq+and+size+ge+5", {}, (("filter", "way eq"), ("filter", "size ge 5")), {}),
        ("fields=name,+lasted&filter=", {"with name": "", "with length": ""}, (), {}),
        ("way=in", {}, (("way", "in"),), {}),
    ],
)
def test_parts_are_read_from_their_value_and_from_nowhere_else(
    query: str, values: object, extra: object, repeated: object
) -> None:
    assert read(query.replace("+", "%20")) == (values, extra, repeated)


(
    test_the_linter_finds_nothing,
    test_an_honest_simulator_passes,
    test_a_liar_is_caught,
    test_the_linter_refuses_what_means_nothing,
) = frame_tests(
    SHARED,
    faults=[
        "PT-CLS-022/filter-first-part-only",
        "PT-CLS-022/filter-last-part-only",
        "PT-CLS-024/until-ignored",
        "PT-CLS-025/fields-first-part-only",
        "PT-CLS-025/fields-last-part-only",
        "PT-CLS-025/with name-always",
        "PT-CLS-026/filter-other-part-ignored",
        "PT-CLS-027/fields-other-part-refused",
        "PT-CLS-028/number-first-field-only",
        "PT-CLS-029/result-first-only",
    ],
    refused=[
        (
            ("result: {as: list, of: word}", "result: {as: word}"),
            "result as: list beside [...] for its further elements",
            "as: word, \"(result eq '{value}'[ or result eq '{value}'])\"",
        ),
        (
            ("way eq {value}", "way"),
            "{value}, unless as: presence",
            "as: word, 'way'",
        ),
        (
            ("with length: lasted", "with length: name"),
            "a text by which with length is told from other parts",
            "'name'",
        ),
        ((": lasted}", ": 'la,sted'}"), "a part that the separator does not cut", "'la,sted'"),
        (
            ("\"from eq '{value}'\"", "from eq {value}"),
            "from as a word, a number or a time, or as a text in quotes",
            "as: text, 'from eq {value}'",
        ),
        (("{gets: ignored, like: [shoe]", "{gets: default, like: [shoe]"), "refused or ignored", "default"),
        (
            (", like: [shoe]", ""),
            "parts to try (like)",
            "a clause, and none that a checker could send",
        ),
        (("            clause: PT-CLS-025\n", ""), "a clause on several parts in one value", "none"),
        (
            ("          way: {as", "          filter: {}\n          way: {as"),
            "a parameter that stands under no other construct",
            "'filter'",
        ),
    ],
)
