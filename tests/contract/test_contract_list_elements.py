"""Filters that stand in elements of a JSON list: `[{"what": "from", "test": "is", "to": "101"}]`."""

from __future__ import annotations

from pathlib import Path

import pytest
from changed_specs import (
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
    assert_linter_refuses,
)
from parlatel_spec import Change, in_body, parlatel

from harness.specification.dialect import Dialect
from harness.wire.http_messages import HttpRequest
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import decode_request, encode_request

LIST = "at: /groups/0/tests"
FROM = f"from: {{{LIST}, element: {{marks: {{what: from, test: is}}, value: to}}}}"
WAY = f"way: {{as: word, {LIST}, element: {{marks: {{what: way, test: is}}, value: to}}, bad"
SPAN = f"{LIST}, element: {{marks: {{what: began}}, value: /span/"
OWN = '{marks: {what: "{name}", test: "{operator}"}, value: to}'
IS_WAY = "{what: way, test: is}"
IN_LIST = f"way: {{as: word, {LIST},"
ELEMENT = "{what: {type: string}, test: {type: string}, to: {type: string}, span: {type: object}}"
GROUP = f"{{kind: {{type: string}}, tests: {{type: array, items: {{type: object, properties: {ELEMENT}}}}}}}"
CHANGES: tuple[Change, ...] = (
    *in_body(f"groups: {{type: array, items: {{type: object, properties: {GROUP}}}}}"),
    (
        "          from: {}\n",
        f"          kind: {{constant: all, at: /groups/0/kind, {{BESIDE}}}}\n          {FROM}\n",
    ),
    ("way: {as: word, bad", WAY),
    ("since: {as: rfc3339, bad", f"since: {{as: rfc3339, {SPAN}first}}, bad"),
    ("until: {as: rfc3339, bad", f"until: {{as: rfc3339, {SPAN}last}}, bad"),
    (
        "        filters:\n",
        f'        operators:\n          name:\n            pattern: "{{name}} {{operator}}"\n'
        "            words: {there: present, missing: absent}\n"
        f"            parameter: {{{LIST}, element: {OWN}}}\n"
        "            clause: PT-CLS-026\n        filters:\n",
    ),
    (
        "          from: {shows: source}\n",
        "          from: {shows: source}\n          name: {shows: caller_name, absent: none, clause: PT-CLS-003}\n",
    ),
    ("        from: {type: string}\n", "        from: {type: string}\n        name: {type: [string, 'null']}\n"),
    (
        "          PT-CLS-030: {",
        '          PT-CLS-026: {level: must, basis: documented, says: "name is there or not", source: "Request"}\n'
        '          PT-CLS-027: {level: must, basis: documented, says: "a group has its kind", source: "Request"}\n'
        "          PT-CLS-030: {",
    ),
)
BESIDE = "beside: {parameters: [from, way, since, until, name there, name missing], clause: PT-CLS-027}"
CHANGES = tuple((old, new.replace("{BESIDE}", BESIDE)) for old, new in CHANGES)


def body_of(values: dict[str, object]) -> bytes:
    return encode_request(parlatel(*CHANGES), ListRequest(values=values)).body  # type: ignore[arg-type]


def read(body: str) -> tuple[object, object, object]:
    headers = (("Content-Type", "application/json"),)
    asked = HttpRequest(method="POST", target=b"/accounts/PT20250101/calls.json", headers=headers, body=body.encode())
    found = decode_request(parlatel(*CHANGES), asked, Dialect())
    assert isinstance(found, ListRequest)
    return {name: raw for name, raw in found.values.items() if name != "account"}, found.extra, found.repeated


def test_the_linter_finds_nothing() -> None:
    assert_linter_finds_nothing(ChangedSpec("parlatel", CHANGES))


@pytest.mark.parametrize(
    ("values", "body"),
    [
        ({}, b'{"state":"ended"}'),
        (
            {"from": "1"},
            b'{"state":"ended","groups":[{"kind":"all","tests":[{"what":"from","test":"is","to":"1"}]}]}',
        ),
        (
            {"since": "a", "name there": "", "until": "b"},
            b'{"state":"ended","groups":[{"kind":"all","tests":[{"what":"began","span":{"first":"a","last":"b"}},'
            b'{"what":"name","test":"there"}]}]}',
        ),
    ],
)
def test_each_value_is_written_in_an_element_of_its_own_or_of_its_marks(
    values: dict[str, object], body: bytes
) -> None:
    assert body_of(values) == body


@pytest.mark.parametrize(
    ("tests", "values", "extra", "repeated"),
    [
        ('{"to":"in","test":"is","what":"way"}', {"way": "in"}, (), {}),
        ('{"what":"began","span":{"last":"b"}}', {"until": "b"}, (), {}),
        ('{"what":"name","test":"missing"}', {"name missing": ""}, (), {}),
        (
            '{"what":"from","test":"is","to":"1"},{"what":"from","test":"is","to":"2"}',
            {"from": "1"},
            (),
            {"from": ("2",)},
        ),
        (
            '{"what":"from","test":"not","to":"1"}',
            {},
            (("/groups/0/tests/0", {"what": "from", "test": "not", "to": "1"}),),
            {},
        ),
        (
            '{"what":"from","test":"is","to":"1","loud":true}',
            {"from": "1"},
            (("/groups/0/tests/0/loud", True),),
            {},
        ),
    ],
)
def test_elements_are_known_by_their_marks(tests: str, values: object, extra: object, repeated: object) -> None:
    assert read(f'{{"groups":[{{"tests":[{tests}]}}]}}') == (values, extra, repeated)


def test_what_stands_in_another_group_is_no_parameter() -> None:
    group = '{"tests":[{"what":"from","test":"is","to":"1"}]}'
    values, extra, _ = read(f'{{"groups":[{group},{{"kind":"any"}}]}}')
    assert (values, extra) == ({"from": "1"}, (("/groups/1", {"kind": "any"}),))


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [3, 150])
def test_an_honest_simulator_passes(tmp_path: Path, calls: int) -> None:
    assert_honest_passes(ChangedSpec("parlatel", CHANGES), tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    "fault", ["PT-CLS-022/first-element-only", "PT-CLS-024/until-ignored", "PT-CLS-026/name missing-ignored"]
)
def test_a_liar_is_caught(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(ChangedSpec("parlatel", CHANGES), tmp_path, fault, first=False)


@pytest.mark.parametrize(
    ("change", "expected", "actual"),
    [
        ((IS_WAY, "{what: from, test: is}"), "marks or a value by which way is told from from", "the same element"),
        ((IS_WAY, "{}"), "a member that tells what the element is", "none"),
        (
            (f"{IS_WAY}, value: to", IS_WAY),
            "value: the member that holds it, unless as: presence",
            "as: word, value None",
        ),
        ((f"{IS_WAY}, value: to", f"{IS_WAY}, value: test"), "a member that is no mark", "test"),
        (
            (IN_LIST, "way: {as: word, at: /groups/1/tests,"),
            "0, the first, in a list around it",
            "/groups/1/tests",
        ),
        ((IN_LIST, "way: {as: word, at: /many,"), "a list that is no other parameter", "/many"),
        ((IN_LIST, "way: {as: word,"), "at: the list in a JSON body that holds the element", "None"),
    ],
)
def test_the_linter_refuses_what_means_nothing(change: tuple[str, str], expected: str, actual: str) -> None:
    assert_linter_refuses(ChangedSpec("parlatel", CHANGES), change, (expected, actual))
