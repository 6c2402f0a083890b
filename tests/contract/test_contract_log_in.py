"""A log-in operation that takes name and password by HTTP Basic, as flows of OAuth for clients do."""

from __future__ import annotations

from pathlib import Path

import pytest
from parlatel_spec import Change, parlatel, parlatel_text, session_by

from harness.cli.selftest_trials import Trial, run_trial
from harness.serve.simulator import Simulator
from harness.specification.lint.linter import lint_spec
from harness.wire.http_messages import HttpRequest
from harness.wire.json_body import decode_json
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import encode_request
from harness.world import World

WORLD = World.of(seed=7, calls=20)
# printf PT20250101:ladder-green-7 | base64
BASIC = "Basic UFQyMDI1MDEwMTpsYWRkZXItZ3JlZW4tNw=="
FLOW: tuple[Change, ...] = (
    *session_by("basic", "/access_token", "header", "Authorization", "Bearer"),
    (
        "user: account, password: secret, token-at",
        "user: account, password: secret, adds: {grant_type: "
        "client_credentials}, tells: {/expires_in: 3600}, token-at",
    ),
    (
        "          example: {account: PT20250101}\n",
        "          example: {account: PT20250101, secret: ladder-green-7}\n",
    ),
    (
        "key: {type: http, scheme: bearer}",
        "key: {type: oauth2, flows: {clientCredentials: {tokenUrl: /tickets, scopes: {}}}}",
    ),
)


@pytest.fixture(scope="module")
def spec_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("spec") / "parlatel.yaml"
    file.write_text(parlatel_text(*FLOW), encoding="utf-8")
    return file


def test_the_linter_takes_the_flow_of_the_document_for_the_log_in_operation() -> None:
    assert lint_spec(parlatel(*FLOW)).findings == ()


def test_name_and_password_stand_in_the_header_and_the_rest_in_a_form() -> None:
    ask = ListRequest(log_in=True, credentials={"account": "PT20250101", "secret": "ladder-green-7"})
    request = encode_request(parlatel(*FLOW), ask, base_path="/v3")
    assert (request.method, request.target, request.body) == (
        "POST",
        b"/v3/tickets",
        b"grant_type=client_credentials",
    )
    assert request.header("authorization") == BASIC


@pytest.mark.parametrize(("header", "status"), [(BASIC, 200), ("Basic UFQyMDI1MDEwMTp3cm9uZw==", 401), ("", 401)])
def test_the_simulator_gives_a_token_that_opens_the_list_to_the_right_pair_alone(header: str, status: int) -> None:
    simulator = Simulator(parlatel(*FLOW), WORLD)
    headers = (("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", header))
    asked = HttpRequest(method="POST", target=b"/v3/tickets", headers=headers, body=b"grant_type=client_credentials")
    told = simulator.answer(asked, WORLD.instant)
    assert told.http_status == status
    tree = decode_json(told.body).tree
    assert isinstance(tree, dict)
    if status == 200:
        assert tree["expires_in"] == 3600
        bearer = (("Authorization", f"Bearer {tree['access_token']}"),)
        listed = HttpRequest(method="GET", target=b"/v3/accounts/PT20250101/calls.json?state=ended", headers=bearer)
        assert simulator.answer(listed, WORLD.instant).http_status == 200
    else:
        assert "access_token" not in tree


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    ("fault", "clauses"), [(None, ()), ("PT-CLS-055/any-password-gets-a-token", ("PT-CLS-055",))]
)
def test_a_token_for_any_password_is_noticed(spec_file: Path, fault: str | None, clauses: tuple[str, ...]) -> None:
    result = run_trial(Trial(api=str(spec_file), fault=fault, calls=40))
    assert result.clauses == clauses, result.messages
