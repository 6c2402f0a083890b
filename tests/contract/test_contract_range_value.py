"""Ranges whose two ends stand in one value of a request: apart by a separator, or a list of JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.specification.dialect import Dialect
from harness.wire.http_messages import HttpRequest
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import decode_request, encode_request
from tests.contract.changed_specs import (
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
    assert_linter_refuses,
)

SPAN = 'value: {parameter: span, separated-by: "/", clause: PT-CLS-025}'
CLAUSES = (
    "          PT-CLS-030: {",
    '          PT-CLS-025: {level: must, basis: documented, says: "span holds both ends", source: "Request"}\n'
    '          PT-CLS-026: {level: must, basis: documented, says: "one end alone is refused", source: "Request"}\n'
    '          PT-CLS-027: {level: must, basis: documented, says: "a reversed span is refused", source: "Request"}\n'
    "          PT-CLS-030: {",
)
SINCE = (
    "        - {name: since, in: query, schema: {type: string, format: date-time}, description: Earliest beginning}\n"
)
UNTIL = (
    "        - {name: until, in: query, schema: {type: string, format: date-time}, description: Latest beginning}\n"
)
RANGES = (
    "        conjunction-clause: PT-CLS-022\n",
    "        conjunction-clause: PT-CLS-022\n        ranges:\n          - {first: since, last: until, "
    f"one-alone: refused, {SPAN}, clauses: {{reversed: PT-CLS-027, one-alone: PT-CLS-026}}}}\n",
)
SPAN_IN_QUERY = (
    (SINCE, "        - {name: span, in: query, schema: {type: string}, description: Both ends}\n"),
    (UNTIL, ""),
    RANGES,
    CLAUSES,
)
_MEMBERS = (
    "from: {type: string}, way: {type: string}, start: {type: integer}, many: {type: integer}, "
    "length: {type: object, properties: {between: {type: array, items: {type: integer}}}}"
)
LENGTH_IN_BODY = (
    ("    get:\n", "    post:\n"),
    (SINCE, ""),
    (UNTIL, ""),
    (
        "        - {name: from, in: query, schema: {type: string}, description: Who called, "
        'example: "+12025550123"}\n',
        "",
    ),
    ("        - {name: way, in: query, schema: {enum: [in, out, int, through]}, description: Direction}\n", ""),
    (
        "        - {name: start, in: query, schema: {type: integer, minimum: 0, default: 0}, "
        "description: Rows to skip}\n",
        "",
    ),
    (
        "        - {name: many, in: query, schema: {type: integer, minimum: 1, maximum: 100, default: 20}, "
        "description: Rows at most}\n",
        "      requestBody: {content: {application/json: {schema: "
        f"{{type: object, properties: {{{_MEMBERS}}}}}}}}}}}\n",
    ),
    ("        - {name: state, in: query, required: true, schema: {const: ended}, description: Which calls}\n", ""),
    ("          state: {repeats: {parameter: state}, clause: PT-CLS-005}\n", ""),
    ("          state: {constant: ended}\n", ""),
    ("required: [id, account, state, began, from, way]", "required: [id, account, length, began, from, way]"),
    ("        state: {type: string}\n", "        length: {type: integer}\n"),
    (
        "          began: {shows",
        "          length: {shows: duration_seconds, as: integer, clause: PT-CLS-003}\n          began: {shows",
    ),
    ("          from: {}\n", "          from: {at: /from}\n"),
    ("way: {as: word, bad", "way: {as: word, at: /way, bad"),
    (
        'start: {as: integer, least: 0, default: 0, bad: {gets: refused, like: ["-1", x]',
        "start: {as: integer, at: /start, least: 0, default: 0, bad: {gets: refused, like: [-1, x]",
    ),
    (
        'many: {as: integer, least: 1, most: 100, default: 20, bad: {gets: refused, like: ["0", x]',
        "many: {as: integer, at: /many, least: 1, most: 100, default: 20, bad: {gets: refused, like: [0, x]",
    ),
    (
        "          since: {as: rfc3339, bad: {gets: refused, like: [yesterday], clause: PT-CLS-060}}\n",
        "          shortest: {as: integer, bad: {gets: refused, like: [long], clause: PT-CLS-060}}\n",
    ),
    (
        "          until: {as: rfc3339, bad: {gets: refused, like: [tomorrow], clause: PT-CLS-060}}\n",
        "          longest: {as: integer, bad: {gets: refused, like: [long], clause: PT-CLS-060}}\n",
    ),
    (
        "          since: {compares: began, keeps: at-or-after, clause: PT-CLS-023}\n",
        "          shortest: {compares: length, keeps: at-least, clause: PT-CLS-023}\n",
    ),
    (
        "          until: {compares: began, keeps: at-or-before, clause: PT-CLS-024}\n",
        "          longest: {compares: length, keeps: below, clause: PT-CLS-024}\n",
    ),
    (
        "        conjunction-clause: PT-CLS-022\n",
        "        conjunction-clause: PT-CLS-022\n        ranges:\n          - {first: shortest, last: longest, "
        "reversed: nothing, value: {parameter: between, at: /length/between, clause: PT-CLS-025}, "
        "clauses: {reversed: PT-CLS-027}}\n",
    ),
    CLAUSES,
    ("        transport:\n", "        transport:\n          carries: json\n"),
)
IN_QUERY = ChangedSpec("parlatel", SPAN_IN_QUERY)
IN_BODY = ChangedSpec("parlatel", LENGTH_IN_BODY)
ONE, TWO = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def query_of(values: dict[str, object]) -> bytes:
    sent = encode_request(IN_QUERY.spec(), ListRequest(values=values))  # type: ignore[arg-type]
    return sent.query.partition(b"state=ended&")[2]


def ends_in(query: bytes) -> object:
    asked = HttpRequest(method="GET", target=b"/accounts/PT20250101/calls.json?" + query)
    read = decode_request(IN_QUERY.spec(), asked, Dialect())
    assert isinstance(read, ListRequest)
    return {name: value for name, value in read.values.items() if name != "account"}, read.extra


def body_of(values: dict[str, object]) -> bytes:
    return encode_request(IN_BODY.spec(), ListRequest(values=values)).body  # type: ignore[arg-type]


@pytest.mark.parametrize("spec", [IN_QUERY, IN_BODY])
def test_the_linter_finds_nothing(spec: ChangedSpec) -> None:
    assert_linter_finds_nothing(spec)


def test_both_ends_are_written_in_one_value() -> None:
    assert query_of({"since": ONE, "until": TWO}) == b"span=2026-01-01T00%3A00%3A00Z%2F2026-01-02T00%3A00%3A00Z"
    assert query_of({"since": ONE}) == b"span=2026-01-01T00%3A00%3A00Z%2F"
    assert query_of({"since": ""}) == b"span="
    assert body_of({"shortest": 5, "longest": 9}) == b'{"length":{"between":[5,9]}}'
    assert body_of({"longest": 9, "from": "1"}) == b'{"from":"1","length":{"between":[null,9]}}'


def test_both_ends_are_read_from_one_value_and_from_nowhere_else() -> None:
    assert ends_in(b"span=a/b") == ({"since": "a", "until": "b"}, ())
    assert ends_in(b"span=/b") == ({"until": "b"}, ())
    assert ends_in(b"span=a") == ({"since": ["a"]}, ())
    assert ends_in(b"span=a/b/c") == ({"since": ["a/b/c"]}, ())
    assert ends_in(b"since=a") == ({}, (("since", "a"),))


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(("spec", "calls"), [(IN_QUERY, 3), (IN_QUERY, 150), (IN_BODY, 150)])
def test_an_honest_simulator_passes(tmp_path: Path, spec: ChangedSpec, calls: int) -> None:
    assert_honest_passes(spec, tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        (IN_QUERY, "PT-CLS-025/span-of-three-ends-taken"),
        (IN_QUERY, "PT-CLS-025/span-of-one-end-ignored"),
        (IN_QUERY, "PT-CLS-024/until-ignored"),
        (IN_BODY, "PT-CLS-025/between-of-three-ends-taken"),
        (IN_BODY, "PT-CLS-025/between-of-one-end-ignored"),
    ],
)
def test_a_liar_is_caught(tmp_path: Path, spec: ChangedSpec, fault: str) -> None:
    assert_liar_is_caught(spec, tmp_path, fault)


@pytest.mark.parametrize(
    ("spec", "change", "finding"),
    [
        (IN_QUERY, ('separated-by: "/", ', ""), ("separated-by: a list stands only in a JSON body", "none")),
        (
            IN_QUERY,
            ('separated-by: "/"', 'separated-by: "-"'),
            ("a separator that since cannot hold: a sign other than letters, digits and -+:.", "'-'"),
        ),
        (
            IN_QUERY,
            ("parameter: span", "parameter: from"),
            ("a parameter that stands under no other construct", "'from'"),
        ),
        (IN_QUERY, (", clause: PT-CLS-025", ""), ("a clause on both ends in one value", "none")),
        (
            IN_BODY,
            ("as: integer, bad: {gets: refused, like: [long], clause: PT-CLS-060}", "as: integer"),
            ("bad beside shortest: what a value gets that is not two ends", "none"),
        ),
    ],
)
def test_the_linter_refuses_what_means_nothing(
    spec: ChangedSpec, change: tuple[str, str], finding: tuple[str, str]
) -> None:
    assert_linter_refuses(spec, change, finding)
