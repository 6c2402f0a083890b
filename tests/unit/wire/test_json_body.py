"""JSON bodies, held against the documents' own examples and against hostile ones (HS-20 to HS-25, HC-18)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageProblem
from harness.wire.decoded_body import PROBLEM_LIMIT, BodyLimits, FormatProblem, Tree, printable_text
from harness.wire.json_body import MISSING, decode_json, encode_json, put_value, split_pointer, tree_at

# The envelope of a list of live calls as documented, its ellipses left empty.
ENVELOPE = (
    b'{ "responses":[ { "code":"200", "key":"", "message":"OK" } ], "data":[ '
    b'{ "uniqueid":"1234567890.123456", "start":1234567890 }, '
    b'{ "uniqueid":"1234567890.123457", "start":1234567890 } ] }'
)
ENVELOPE_TREE: Tree = {
    "responses": [{"code": "200", "key": "", "message": "OK"}],
    "data": [
        {"uniqueid": "1234567890.123456", "start": 1234567890},
        {"uniqueid": "1234567890.123457", "start": 1234567890},
    ],
}

# A whole reply as documented, line by line.
REPLY = b"""{
"call_logs": [
{
"call_state": "unknown",
"call_status": "Z",
"call_targets": [
{
"add_time": "2019-08-24T14:15:22Z",
"answered_time": "2019-08-24T14:15:22Z",
"end_reason": "string",
"ended_time": "2019-08-24T14:15:22Z",
"fail_code": 0,
"ring_duration": 0,
"ring_time": "2019-08-24T14:15:22Z",
"status": "string",
"target_number": "string",
"trunk_name": "string"
}
],
"callee": "string",
"caller": "string",
"contact_id": "string",
"created_at": "2019-08-24T14:15:22Z",
"direction": "unknown",
"duration": 0,
"ended_at": "2019-08-24T14:15:22Z",
"extension_id": "string",
"external_id": "string",
"external_session_id": "string",
"id": "string",
"note": "string",
"recording_urls": [
"string"
],
"started_at": "2019-08-24T14:15:22Z",
"updated_at": "2019-08-24T14:15:22Z",
"user_id": "string"
}
],
"paging": {
"after": "string",
"before": "string",
"limit": 0,
"next": "string",
"prev": "string",
"sort": "string"
}
}"""
WHEN = "2019-08-24T14:15:22Z"
REPLY_TREE: Tree = {
    "call_logs": [
        {
            "call_state": "unknown",
            "call_status": "Z",
            "call_targets": [
                {
                    "add_time": WHEN,
                    "answered_time": WHEN,
                    "end_reason": "string",
                    "ended_time": WHEN,
                    "fail_code": 0,
                    "ring_duration": 0,
                    "ring_time": WHEN,
                    "status": "string",
                    "target_number": "string",
                    "trunk_name": "string",
                }
            ],
            "callee": "string",
            "caller": "string",
            "contact_id": "string",
            "created_at": WHEN,
            "direction": "unknown",
            "duration": 0,
            "ended_at": WHEN,
            "extension_id": "string",
            "external_id": "string",
            "external_session_id": "string",
            "id": "string",
            "note": "string",
            "recording_urls": ["string"],
            "started_at": WHEN,
            "updated_at": WHEN,
            "user_id": "string",
        }
    ],
    "paging": {
        "after": "string",
        "before": "string",
        "limit": 0,
        "next": "string",
        "prev": "string",
        "sort": "string",
    },
}
# The documented result of a listing with exact costs, as its page's field types say.
COSTS = b'{"result":[{"cost":0.50,"duration":12}],"total_count":1,"count":1,"timezone":"Etc/GMT"}'


def codes(body: bytes, charset: str | None = None) -> list[str]:
    return [problem.code for problem in decode_json(body, charset=charset).problems]


@pytest.mark.parametrize(("body", "tree"), [(ENVELOPE, ENVELOPE_TREE), (REPLY, REPLY_TREE)])
def test_a_documented_body_decodes_to_its_values(body: bytes, tree: Tree) -> None:
    decoded = decode_json(body, charset="utf-8")
    assert decoded.tree == tree
    assert decoded.problems == ()
    assert not decoded.missing


def test_a_documented_reply_encodes_to_its_bytes() -> None:
    assert encode_json(REPLY_TREE, indent=0) == REPLY


def test_a_documented_envelope_encodes_to_its_bytes_without_the_spaces() -> None:
    assert encode_json(ENVELOPE_TREE) == ENVELOPE.replace(b" ", b"")


def test_an_exact_cost_keeps_its_digits_in_both_directions() -> None:
    tree = decode_json(COSTS).tree
    assert tree_at(tree, "/result/0/cost") == Decimal("0.50")
    assert encode_json(tree) == COSTS


def test_indentation_is_that_of_the_house() -> None:
    assert encode_json({"a": [1, {}], "b": []}, indent=2) == (b'{\n  "a": [\n    1,\n    {}\n  ],\n  "b": []\n}')


def test_text_beyond_ascii_stays_as_it_is() -> None:
    assert encode_json({"name": "Lê Đức"}) == '{"name":"Lê Đức"}'.encode()


def test_half_a_surrogate_pair_is_written_as_an_escape() -> None:
    assert encode_json(["\ud800"]) == b'["\\ud800"]'


def test_a_number_that_json_cannot_say_is_not_written() -> None:
    with pytest.raises(UsageProblem):
        encode_json([Decimal("NaN")])


def test_an_empty_body_is_missing_and_no_problem() -> None:
    assert decode_json(b" \r\n") == decode_json(b"")
    assert decode_json(b"").missing
    assert decode_json(b"").problems == ()


def test_null_is_not_missing() -> None:
    assert decode_json(b"null").tree is None
    assert not decode_json(b"null").missing


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "json:depth"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "json:depth"),
        (b"[" * 20_000_000, "json:depth"),
        (b"[" + b"1," * 1_000_000 + b"1]", "json:nodes"),
        (b"[" + b"1" * 10_000 + b"]", "json:number"),
        (b"[1." + b"1" * 10_000 + b"]", "json:number"),
        (b"1e400", "json:number"),
        (b"-1e-400", "json:number"),
        (b"1e99999999999999999999", "json:number"),
        (b"0e99999999", "json:number"),
        (b"NaN", "json:number"),
        (b"[-Infinity]", "json:number"),
        (b"-0", "json:negative-zero"),
        (b"9007199254740993", "json:unsafe-integer"),
        (b'{"State":"ok","State":"failed"}', "json:duplicate-key"),
        (b"\xef\xbb\xbf{}", "encoding:bom"),
        ("{}".encode("utf-16"), "encoding:utf-16"),
        ("{}".encode("utf-16-le"), "encoding:utf-16"),
        ("{}".encode("utf-32"), "encoding:utf-32"),
        (b'["\xff"]', "encoding:invalid-utf8"),
        (b'["\xed\xa0\x80"]', "encoding:invalid-utf8"),
        (b'["\\ud800"]', "encoding:lone-surrogate"),
        (b'{"\\udfff":1}', "encoding:lone-surrogate"),
        (b'["\\u0000"]', "encoding:nul"),
        (b'["\x00"]', "encoding:nul"),
        (b"<html>please log in</html>", "json:syntax"),
        (b'<?xml version="1.0"?><Response/>', "json:syntax"),
        (b"{", "json:syntax"),
        (b"[1] [2]", "json:syntax"),
        (b"[01]", "json:syntax"),
        (b"['a']", "json:syntax"),
        (b'["a\nb"]', "json:syntax"),
        ("[٣]".encode(), "json:syntax"),
    ],
    ids=lambda value: value if isinstance(value, str) else printable_text(value[:20].decode("latin-1")),
)
def test_a_broken_promise_of_the_format_is_named(body: bytes, code: str) -> None:
    assert codes(body)[0] == code


@pytest.mark.parametrize("charset", ["utf-7", "idna", "unicode_escape", "rot13", "x-none", "", "\ud800"])
def test_another_charset_is_reported_and_never_obeyed(charset: str) -> None:
    decoded = decode_json(b'["+ADw-script+AD4-"]', charset=charset)
    assert decoded.tree == ["+ADw-script+AD4-"]
    assert [problem.code for problem in decoded.problems] == ["charset"]


@pytest.mark.parametrize("charset", [None, "utf-8", "UTF-8", '"utf-8"', "us-ascii"])
def test_a_charset_that_is_utf8_is_no_problem(charset: str | None) -> None:
    assert codes(b"{}", charset) == []


@given(
    st.text(alphabet='{}[]",:0129-.eE tfnul\\a\x00\u00e9\ufeff', max_size=24).map(str.encode)
    | st.recursive(
        st.integers(-(10**17), 10**17).map(str) | st.sampled_from(['"a"', "-0", "1.5", "NaN", "null", '"\\u0041"']),
        lambda inner: (
            st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")
            | st.lists(st.tuples(st.sampled_from("ab"), inner), max_size=3).map(
                lambda pairs: "{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}"
            )
        ),
    ).map(str.encode)
)
def test_a_short_body_is_read_as_strictly_as_any(body: bytes) -> None:
    # Where a charset is told a body is always read the thorough way.
    assert decode_json(body) == decode_json(body, charset="utf-8")


def test_a_short_body_may_be_nested_as_deep_as_any() -> None:
    assert decode_json(b"[" * 64 + b"]" * 64).problems == ()
    assert [problem.code for problem in decode_json(b"[" * 65 + b"]" * 65).problems] == ["json:depth"]


def test_both_values_of_a_repeated_key_are_told_and_the_last_one_stays() -> None:
    decoded = decode_json(b'{"rows":[{"State":"ok","State":"failed"}]}')
    assert decoded.tree == {"rows": [{"State": "failed"}]}
    assert decoded.problems == (
        FormatProblem(
            "json:duplicate-key",
            "the key 'State' stands twice: first 'ok', then 'failed'",
            "/rows/0/State",
        ),
    )


def test_a_repeated_key_inside_a_replaced_object_is_still_told() -> None:
    assert codes(b'{"a":{"b":1,"b":2},"a":3}') == ["json:duplicate-key", "json:duplicate-key"]


def test_an_unusable_number_stays_as_its_text() -> None:
    assert decode_json(b"[1e400,NaN]").tree == ["1e400", "NaN"]


def test_an_integer_beyond_a_double_is_exact() -> None:
    assert decode_json(b"9007199254740993").tree == 9007199254740993


def test_half_a_surrogate_pair_never_reaches_the_tree() -> None:
    assert decode_json(b'{"a":["\\ud800x"]}').tree == {"a": ["\ufffdx"]}


def test_a_whole_surrogate_pair_is_a_character() -> None:
    decoded = decode_json(b'["\\ud83d\\ude00"]')
    assert decoded.tree == ["\U0001f600"]
    assert decoded.problems == ()


def test_brackets_in_texts_are_no_nesting() -> None:
    body = encode_json(["[" * 100, '"[{' * 100, "\\" * 3 + '"[' * 100])
    assert decode_json(body).problems == ()


def test_a_flood_of_problems_is_cut() -> None:
    assert len(codes(b"[" + b"NaN," * 10_000 + b"NaN]")) == PROBLEM_LIMIT


def test_limits_are_the_callers() -> None:
    assert decode_json(b"[[1]]", limits=BodyLimits(depth=1)).problems[0].code == "json:depth"


def test_every_problem_is_visible_ascii() -> None:
    body = '{"\\u001b[2J\u202e":NaN,"\\u001b[2J\u202e":"\x9b\\ud800"}'.encode()
    for problem in decode_json(body, charset="\x1b]0;x").problems:
        assert (problem.text + problem.where).isascii()
        assert (problem.text + problem.where).isprintable()


def test_an_honest_page_is_read_about_as_fast_as_the_standard_library_does() -> None:
    rows: list[Tree] = [{f"key_{key}": f"value {row}" for key in range(30)} for row in range(1000)]
    body = encode_json(rows)
    # About twice as long: the standard library does not look at limits, duplicates and exact numbers.
    assert _work(decode_json, body) < 10 * _work(json.loads, body)


def _work(read: Callable[[bytes], object], body: bytes) -> float:
    """The least of some times on the processor."""
    spent = []
    for _ in range(5):
        start = time.thread_time()
        read(body)
        spent.append(time.thread_time() - start)
    return min(spent)


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("", {"a": [{"b": None}], "c/d": 1, "~": 2, "": 3}),
        ("/a/0/b", None),
        ("/a/0/x", MISSING),
        ("/a/1", MISSING),
        ("/a/-", MISSING),
        ("/a/00", MISSING),
        ("/a/٠", MISSING),
        ("/a/0/b/c", MISSING),
        ("/c~1d", 1),
        ("/~0", 2),
        ("/", 3),
    ],
)
def test_a_pointer_tells_missing_from_null(pointer: str, found: object) -> None:
    tree: Tree = {"a": [{"b": None}], "c/d": 1, "~": 2, "": 3}
    assert tree_at(tree, pointer) == found
    assert tree_at(tree, split_pointer(pointer)) == found


def test_put_creates_what_is_missing_on_the_way() -> None:
    tree: Tree = {}
    put_value(tree, "/paging/limit", 20)
    put_value(tree, "/rows/0/id", "a")
    put_value(tree, "/rows/-/id", "b")
    put_value(tree, "/rows/1/id", "c")
    assert tree == {"paging": {"limit": 20}, "rows": [{"id": "a"}, {"id": "c"}]}


def test_put_at_the_root_returns_the_value() -> None:
    assert put_value(MISSING, "", 5) == 5
    assert put_value(MISSING, "/0", 5) == [5]


@pytest.mark.parametrize("pointer", ["a", "/a/b", "/rows/7", "/rows/x"])
def test_put_refuses_a_pointer_that_leads_nowhere(pointer: str) -> None:
    with pytest.raises(UsageProblem):
        put_value({"a": 1, "rows": []}, pointer, 2)
