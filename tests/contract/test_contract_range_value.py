"""Ranges whose two ends stand in one value of a request: apart by a separator, or a list of JSON."""

from __future__ import annotations

from pathlib import Path

import pytest
from parlatel_spec import parlatel, parlatel_text

from harness.cli.selftest_trials import Trial, run_trial
from harness.specification.dialect import Dialect
from harness.specification.lint.linter import lint_spec
from harness.wire.http_messages import HttpRequest
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import decode_request, encode_request

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
IN_QUERY = (
    (SINCE, "        - {name: span, in: query, schema: {type: string}, description: Both ends}\n"),
    (UNTIL, ""),
    RANGES,
    CLAUSES,
)
_MEMBERS = (
    "from: {type: string}, way: {type: string}, start: {type: integer}, many: {type: integer}, "
    "length: {type: object, properties: {between: {type: array, items: {type: integer}}}}"
)
IN_BODY = (
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
ONE, TWO = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("spec")
    for name, changes in (("query", IN_QUERY), ("body", IN_BODY)):
        (folder / f"{name}.yaml").write_text(parlatel_text(*changes), encoding="utf-8")
    return {name: folder / f"{name}.yaml" for name in ("query", "body")}


def query_of(values: dict[str, object]) -> bytes:
    sent = encode_request(parlatel(*IN_QUERY), ListRequest(values=values))  # type: ignore[arg-type]
    return sent.query.partition(b"state=ended&")[2]


def ends_in(query: bytes) -> object:
    asked = HttpRequest(method="GET", target=b"/accounts/PT20250101/calls.json?" + query)
    read = decode_request(parlatel(*IN_QUERY), asked, Dialect())
    assert isinstance(read, ListRequest)
    return {name: value for name, value in read.values.items() if name != "account"}, read.extra


def body_of(values: dict[str, object]) -> bytes:
    return encode_request(parlatel(*IN_BODY), ListRequest(values=values)).body  # type: ignore[arg-type]


@pytest.mark.parametrize("changes", [IN_QUERY, IN_BODY])
def test_the_linter_finds_nothing(changes: tuple[tuple[str, str], ...]) -> None:
    assert lint_spec(parlatel(*changes)).findings == ()


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
@pytest.mark.parametrize(("name", "calls"), [("query", 3), ("query", 150), ("body", 150)])
def test_an_honest_simulator_passes(files: dict[str, Path], name: str, calls: int) -> None:
    result = run_trial(Trial(api=str(files[name]), calls=calls))
    # Of a few calls some promises show nothing.
    assert (result.clauses, result.exit_code) == ((), 0 if calls > 3 else 5), result.messages


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("query", "PT-CLS-025/span-of-three-ends-taken"),
        ("query", "PT-CLS-025/span-of-one-end-ignored"),
        ("query", "PT-CLS-024/until-ignored"),
        ("body", "PT-CLS-025/between-of-three-ends-taken"),
        ("body", "PT-CLS-025/between-of-one-end-ignored"),
    ],
)
def test_a_liar_is_caught(files: dict[str, Path], name: str, fault: str) -> None:
    result = run_trial(Trial(api=str(files[name]), fault=fault, calls=150))
    assert fault.partition("/")[0] in result.clauses, result.messages


@pytest.mark.parametrize(
    ("changes", "change", "finding"),
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
    changes: tuple[tuple[str, str], ...], change: tuple[str, str], finding: tuple[str, str]
) -> None:
    mended = tuple((old, new.replace(*change)) for old, new in changes)
    assert mended != changes
    found = [(one.expected, one.actual) for one in lint_spec(parlatel(*mended)).findings]
    assert finding in found, found
