"""Lists that are cut where nothing is said, switched parts that are null, long lists in pages that may only be short.

And errors whose code stands in a place of its own.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.serve.simulator import Simulator
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.world.world import World
from tests.contract.changed_specs import (
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
    assert_linter_refuses,
)

CUT_LIST = ChangedSpec(
    "bare_list",
    (
        (
            "        - {name: skip, in: query, schema: {type: integer, minimum: 0, default: 0}, "
            "description: Calls to leave out}\n",
            "",
        ),
        (
            "          skip: {as: integer, least: 0, default: 0, "
            'bad: {gets: refused, like: ["-1", x], clause: TA-CLL-012}}\n',
            "",
        ),
        (
            """          kind: offset
          offset: skip
          size: take
          clauses: {size: TA-CLL-015, size-default: TA-CLL-016, slice: TA-CLL-017, offset-default: TA-CLL-017, """
            """partition: TA-CLL-018}
          last-index: {at: "header:X-Last", base: 0, clause: TA-CLL-026}
          page-count: {at: "header:X-Pages", clause: TA-CLL-027}
          links:
            next: {at: "header:Link", clause: TA-CLL-020}
            previous: {at: "header:Link", clause: TA-CLL-020}
            first: {at: "header:Link", clause: TA-CLL-021}
            last: {at: "header:Link", clause: TA-CLL-021}
            form: absolute
            clauses: {keeps: TA-CLL-022, ends: TA-CLL-023, form: TA-CLL-024}
""",
            """          kind: limit
          size: take
          clauses: {size: TA-CLL-015, size-default: TA-CLL-016, prefix: TA-CLL-017}
""",
        ),
    ),
)
# The number of all calls stands nowhere: a shorter list may be cut as well as lack calls.
BOUNDED = replace(
    CUT_LIST,
    changes=(
        *CUT_LIST.changes,
        (
            """        total:
          at: "header:X-Total"
          clauses: {present: TA-CLL-025, independent: TA-CLL-025, sum: TA-CLL-025}
""",
            "",
        ),
        (
            "        - {name: caller, in: query,",
            "        - {name: since, in: query, schema: {type: string}, description: Earliest beginning}\n"
            "        - {name: after, in: query, schema: {type: string}, description: Latest beginning before them}\n"
            "        - {name: caller, in: query,",
        ),
        (
            "          caller: {}\n",
            "          caller: {}\n          since: {as: rfc3339}\n          after: {as: rfc3339}\n",
        ),
        (
            "          caller: {compares: caller, clause: TA-CLL-011}\n",
            "          caller: {compares: caller, clause: TA-CLL-011}\n"
            "          after: {compares: began, keeps: above, clause: TA-CLL-029}\n"
            "          since: {compares: began, keeps: at-or-after, clause: TA-CLL-030}\n",
        ),
        (
            "          TA-CLL-040: {",
            '          TA-CLL-029: {level: must, basis: documented, says: "after keeps later calls", source: A}\n'
            '          TA-CLL-030: {level: must, basis: documented, says: "since keeps these, too", source: A}\n'
            "          TA-CLL-040: {",
        ),
    ),
)
PARTS = ChangedSpec(
    "page_tokens",
    (
        (
            "          next-on-last: empty\n",
            "          next-on-last: empty\n          more: {at: /has_more, clause: BR-CLL-025}\n",
        ),
        ("        more: {type: string}\n", "        more: {type: string}\n        has_more: {type: boolean}\n"),
        (
            "          BR-CLL-040: {",
            """          BR-CLL-025: {level: must, basis: documented, says: "has_more tells whether more", source: A}
          BR-CLL-026: {level: must, basis: documented, says: "names come where they are asked for", source: Answer}
          BR-CLL-045: {level: must, basis: documented, says: "a wrong key is told by its own code", source: Errors}
          BR-CLL-040: {""",
        ),
        (
            'unauthenticated: {http: 401, code: who, says: "Who are you?", clause: BR-CLL-041}',
            'unauthenticated: {http: 401, code-at: /status/who, code: stranger, says: "Who are you?", '
            "clause: BR-CLL-045}",
        ),
        (
            "properties: {code: {type: string}, message: {type: string}}",
            "properties: {code: {type: string}, message: {type: string}, "
            "status: {type: object, properties: {who: {type: string}}}}",
        ),
        (
            "          caller: {shows: source}\n",
            "          caller: {shows: source}\n          name: {shows: caller_name, absent: none}\n",
        ),
        (
            "        caller: {type: string}\n",
            "        caller: {type: string}\n        name: {type: [string, 'null']}\n",
        ),
        (
            "        paging:\n",
            "        includes:\n"
            '          - {parameter: names, adds: [name], "off": none, '
            'clauses: {"on": BR-CLL-026, "off": BR-CLL-026, default: BR-CLL-026}}\n'
            "        paging:\n",
        ),
        (
            "          token: {}\n",
            '          token: {}\n          names: {as: flag, "true": ["yes"], "false": ["no"], default: false}\n',
        ),
        (
            "        - {name: token, in: query,",
            "        - {name: names, in: query, schema: {type: string}, description: With names}\n"
            "        - {name: token, in: query,",
        ),
    ),
)
WORLD = World.of(seed=3, calls=5)
SPECS = {"cut": CUT_LIST, "bounded": BOUNDED, "parts": PARTS}


@pytest.mark.parametrize("name", SPECS)
def test_the_linter_finds_nothing(name: str) -> None:
    assert_linter_finds_nothing(SPECS[name])


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(("name", "calls"), [("cut", 3), ("cut", 130), ("bounded", 90), ("parts", 230)])
def test_an_honest_simulator_passes(tmp_path: Path, name: str, calls: int) -> None:
    assert_honest_passes(SPECS[name], tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    ("name", "fault", "calls"),
    [
        ("cut", "TA-CLL-016/take-default", 60),
        # Calls that are missing, not calls too many.
        ("bounded", "TA-CLL-030/since-too-late", 90),
        # More calls than the largest page has: the flag is asked about all the same.
        ("parts", "BR-CLL-025/more-always", 230),
        ("parts", "BR-CLL-026/names-always", 60),
        ("parts", "BR-CLL-045/unauthenticated-place", 60),
        ("parts", "BR-CLL-045/unauthenticated-code", 60),
    ],
)
def test_a_liar_is_caught(tmp_path: Path, name: str, fault: str, calls: int) -> None:
    # An error without its code shows first that it has no shape of an error.
    assert_liar_is_caught(SPECS[name], tmp_path, fault, calls=calls, first=not fault.endswith("-code"))


def answer(*headers: tuple[str, str]) -> HttpResponse:
    server = Simulator(PARTS.spec(), WORLD)
    everybody = (("Host", "pbx.example:8080"), *headers)
    return server.answer(HttpRequest(method="GET", target=b"/api/calls.json", headers=everybody), WORLD.instant)


def test_a_part_that_is_switched_off_is_null() -> None:
    token = Simulator(PARTS.spec(), WORLD).users[0].credentials["key"]
    rows = json.loads(answer(("Authorization", f"Bearer {token}")).body)["calls"]
    assert {row["name"] for row in rows} == {None}


def test_an_error_with_a_place_of_its_own_for_the_code_names_no_parameter() -> None:
    told = answer()
    assert (told.http_status, json.loads(told.body)) == (
        401,
        {"status": {"who": "stranger"}, "message": "Who are you?"},
    )


@pytest.mark.parametrize(
    ("old", "new", "remark"),
    [
        ("code: stranger, ", "", ("a code, and a place of it in `error`", "no code")),
        (
            "http: 401, code-at: /status/who",
            "http: 200, code-at: /status/who",
            ("an HTTP status of 400 or above, by which the place of the code is known", "200"),
        ),
        (
            "code-at: /status/who",
            "code-at: /status/what",
            ("a place in a schema of a response", "none at /status/what"),
        ),
    ],
)
def test_the_linter_refuses_what_means_nothing(old: str, new: str, remark: tuple[str, str]) -> None:
    assert_linter_refuses(PARTS, (old, new), remark)
