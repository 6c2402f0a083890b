"""Parts of the path, constants and values of the account: what is answered, what is refused, what rows repeat."""

from __future__ import annotations

from dataclasses import replace

import pytest
from parlatel_spec import Change, parlatel

from harness.errors import UsageProblem
from harness.serve.api_router import Router
from harness.serve.simulator import Simulator
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.json_body import decode_json
from harness.world import World

WORLD = World.of(seed=7, calls=60)
# printf PT20250101:ladder-green-7 | base64
OWN = (("Authorization", "Basic UFQyMDI1MDEwMTpsYWRkZXItZ3JlZW4tNw=="),)
# No row repeats the account: a template has it from the path alone.
ACCOUNT_UNSHOWN = ("account: {repeats: {credential: account}, clause: PT-CLS-004}", "kind: {constant: call}")
CONSTANT = ("state: {constant: ended}", "state: {constant: live}")


def asked(
    target: bytes, *changes: Change, headers: tuple[tuple[str, str], ...] = OWN, fast: bool = True
) -> HttpResponse:
    simulator = Simulator(parlatel(*changes), WORLD, fast=fast)
    return simulator.answer(HttpRequest(method="GET", target=b"/v3" + target, headers=headers), WORLD.instant)


def rows_of(response: HttpResponse) -> list[dict[str, object]]:
    tree = decode_json(response.body).tree
    assert isinstance(tree, dict)
    rows = tree["calls"]
    assert isinstance(rows, list)
    return rows


def test_rows_repeat_the_account_and_a_parameter() -> None:
    rows = rows_of(asked(b"/accounts/PT20250101/calls.json?state=ended&many=5"))
    assert [(row["account"], row["state"]) for row in rows] == [("PT20250101", "ended")] * 5


def test_rows_that_are_bytes_already_and_rows_one_by_one_are_the_same() -> None:
    target = b"/accounts/PT20250101/calls.json?state=ended&many=100"
    assert asked(target).body == asked(target, fast=False).body


def test_the_rows_of_two_accounts_are_told_apart_by_the_same_simulator() -> None:
    simulator = Simulator(parlatel(), WORLD)
    for account, key in (("PT20250101", "callharness-api-key"), ("child", "callharness-api-key-child")):
        target = f"/v3/accounts/{account}/calls.json?state=ended".encode()
        request = HttpRequest(method="GET", target=target, headers=(("X-Parlatel-Key", key),))
        rows = rows_of(simulator.answer(request, WORLD.instant))
        assert {row["account"] for row in rows} == {account}


def test_a_template_holds_the_account_of_the_path_and_what_a_row_repeats() -> None:
    uri = 'from: {template: "/v3/{account}/{state}/{id}"}\n          source: {shows: source}'
    changes = (("from: {shows: source}", uri), ("from: {compares: from,", "from: {compares: source,"))
    simulator = Simulator(parlatel(*changes, ACCOUNT_UNSHOWN), WORLD)
    for account, key in (("PT20250101", "callharness-api-key"), ("child", "callharness-api-key-child")):
        target = f"/v3/accounts/{account}/calls.json?state=ended".encode()
        request = HttpRequest(method="GET", target=target, headers=(("X-Parlatel-Key", key),))
        rows = rows_of(simulator.answer(request, WORLD.instant))
        assert rows
        assert [row["from"] for row in rows] == [f"/v3/{account}/ended/{row['id']}" for row in rows]


def test_the_path_of_another_account_gets_its_fault_as_a_plain_text() -> None:
    response = asked(b"/accounts/PT20250102/calls.json?state=ended")
    assert (response.http_status, response.media_type, response.body) == (404, "text/plain", b"no such account")


def test_an_error_without_a_code_shows_its_status_and_parts_of_its_own() -> None:
    response = asked(b"/accounts/PT20250101/calls.json?state=ended", headers=())
    assert (response.http_status, response.media_type) == (401, "application/problem+json")
    assert decode_json(response.body).tree == {
        "status": 401,
        "title": "Who are you?",
        "more_info": "https://parlatel.example/errors/401",
    }


@pytest.mark.parametrize("query", [b"", b"?state=live"])
def test_another_constant_or_none_is_refused(query: bytes) -> None:
    response = asked(b"/accounts/PT20250101/calls.json" + query)
    assert response.http_status == 422
    tree = decode_json(response.body).tree
    assert tree == {"status": 422, "errors": [{"text": "state is not valid", "kind": "value"}]} or tree == {
        "status": 422,
        "errors": [{"kind": "value", "text": "state is not valid"}],
    }


def two_at_one_path(*changes: Change) -> Router:
    first, second = parlatel(), replace(parlatel(*changes), id="parlatel/live-calls")
    return Router.of([Simulator(first, WORLD), Simulator(second, WORLD)])


def test_two_operations_at_one_path_are_told_apart_by_a_constant() -> None:
    router = two_at_one_path(CONSTANT)
    for state in ("ended", "live"):
        target = f"/v3/accounts/PT20250101/calls.json?state={state}".encode()
        response = router.answer(HttpRequest(method="GET", target=target, headers=OWN), WORLD.instant)
        assert {row["state"] for row in rows_of(response)} == {state}


def test_two_operations_at_one_path_that_nothing_tells_apart_are_one_clear_error() -> None:
    with pytest.raises(UsageProblem) as raised:
        two_at_one_path()
    assert str(raised.value).splitlines() == [
        "parlatel/live-calls",
        "  expected  a path of its own, or a constant parameter that tells it apart",
        "  actual    the path of parlatel/list-calls",
        "  do        serve them on two ports",
    ]


@pytest.mark.parametrize("fast", [True, False])
def test_a_template_holds_what_rows_repeat(fast: bool) -> None:
    way = "          way: {shows"
    change = (way, '          uri: {template: "/{account}/{id}", clause: PT-CLS-003}\n' + way)
    rows = rows_of(asked(b"/accounts/PT20250101/calls.json?state=ended&many=3", change, fast=fast))
    assert [row["uri"] for row in rows] == [f"/PT20250101/{row['id']}" for row in rows]
