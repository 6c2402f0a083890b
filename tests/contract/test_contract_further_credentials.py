"""A log-in operation that takes a further credential beside name and password: an account's id, an assertion."""

from __future__ import annotations

from pathlib import Path

import pytest
from changed_specs import (
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
)
from parlatel_spec import Change, parlatel, session_by

from harness.serve.simulator import Simulator
from harness.specification.access import secret_credential_names
from harness.specification.dialect import Dialect
from harness.wire.http_messages import HttpRequest
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import decode_request, encode_request
from harness.world import World

KNOWN = {"account": "PT20250101", "secret": "ladder-green-7", "stamp": "st-4711"}
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
JSON = (("Content-Type", "application/json"),)


def further(carries: str) -> tuple[Change, ...]:
    name = "/proof/stamp" if carries == "json" else "proof"
    return (
        *session_by(carries, "/ticket", "header", "Authorization", "Bearer"),
        (
            "user: account, password: secret, token-at",
            f"user: account, password: secret, further: {{{name}: stamp}}, token-at",
        ),
        (
            "          example: {account: PT20250101}\n",
            "          example: {account: PT20250101, secret: ladder-green-7, stamp: st-4711}\n",
        ),
    )


def further_header(carries: str) -> tuple[Change, ...]:
    at = "/proof/stamp" if carries == "json" else "proof"
    return tuple((old, new.replace(f"{at}: stamp", "header:X-Proof: stamp")) for old, new in further(carries))


def one_secret(carries: str) -> tuple[Change, ...]:
    """A log-in by PUT that takes a secret alone."""
    return (
        *session_by(carries, "/ticket", "header", "Authorization", "Bearer"),
        ("user: account, password: secret, token-at", "method: PUT, password: secret, token-at"),
        (
            "          example: {account: PT20250101}\n",
            "          example: {account: PT20250101, secret: ladder-green-7}\n",
        ),
    )


@pytest.mark.parametrize(
    "changes",
    [*map(further, ["basic", "form", "json", "query"]), further_header("form"), one_secret("json")],
    ids=["basic", "form", "json", "query", "header", "one secret"],
)
def test_the_linter_finds_nothing(changes: tuple[Change, ...]) -> None:
    assert_linter_finds_nothing(ChangedSpec("parlatel", changes))


@pytest.mark.parametrize("carries", ["basic", "form", "json", "query"])
def test_it_travels_in_a_header_of_its_own(carries: str) -> None:
    spec = parlatel(*further_header(carries))
    sent = encode_request(spec, ListRequest(log_in=True, credentials=KNOWN))
    assert sent.header("X-Proof") == "st-4711"
    assert b"st-4711" not in sent.body + sent.target
    read = decode_request(spec, sent, Dialect())
    assert isinstance(read, ListRequest)
    assert read.credentials == KNOWN


def test_an_answer_that_was_given_before_is_none_for_another_header() -> None:
    simulator = Simulator(parlatel(*further_header("form")), World.of(seed=1, calls=3))
    assert "x-proof" in (simulator.headers_read or ())


def test_a_secret_alone_is_put_and_read_again() -> None:
    spec = parlatel(*one_secret("json"))
    sent = encode_request(spec, ListRequest(log_in=True, credentials=KNOWN))
    assert (sent.method, sent.body) == ("PUT", b'{"secret":"ladder-green-7"}')
    read = decode_request(spec, sent, Dialect())
    assert isinstance(read, ListRequest)
    assert (read.log_in, read.credentials) == (True, {"secret": "ladder-green-7"})


@pytest.mark.parametrize(
    ("carries", "headers", "body"),
    [
        ("basic", FORM, b"proof=st-4711"),
        ("form", FORM, b"account=PT20250101&secret=ladder-green-7&proof=st-4711"),
        ("json", JSON, b'{"account":"PT20250101","secret":"ladder-green-7","proof":{"stamp":"st-4711"}}'),
    ],
)
def test_it_travels_beside_name_and_password_and_is_read_again(
    carries: str, headers: tuple[tuple[str, str], ...], body: bytes
) -> None:
    spec = parlatel(*further(carries))
    sent = encode_request(spec, ListRequest(log_in=True, credentials=KNOWN))
    assert sent.body == body
    assert set(headers) <= set(sent.headers)
    read = decode_request(spec, sent, Dialect())
    assert isinstance(read, ListRequest)
    assert (read.log_in, read.credentials) == (True, KNOWN)


def test_it_is_a_secret_unless_it_is_the_id_of_an_account() -> None:
    named = ("accounts: [account]", "accounts: [account, stamp]")
    assert "stamp" in secret_credential_names(parlatel(*further("basic")).listing.access)
    assert "stamp" not in secret_credential_names(parlatel(*further("basic"), named).listing.access)


def test_a_log_in_without_it_has_no_credential_of_that_name() -> None:
    spec = parlatel(*further("query"))
    read = decode_request(spec, HttpRequest(method="POST", target=b"/tickets?account=a&secret=b"), Dialect())
    assert isinstance(read, ListRequest)
    assert read.credentials == {"account": "a", "secret": "b"}


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("changes", [further("basic"), further_header("form"), one_secret("json")])
def test_an_honest_simulator_passes(tmp_path: Path, changes: tuple[Change, ...]) -> None:
    assert_honest_passes(ChangedSpec("parlatel", changes), tmp_path, calls=40)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", ["PT-CLS-055/any-stamp-gets-a-token", "PT-CLS-055/any-password-gets-a-token"])
def test_a_token_without_the_right_one_is_noticed(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(ChangedSpec("parlatel", further("basic")), tmp_path, fault, calls=40, first=False)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    ("changes", "fault"),
    [(further_header("form"), "any-stamp-gets-a-token"), (one_secret("json"), "any-password-gets-a-token")],
)
def test_a_token_for_a_wrong_header_or_secret_is_noticed(
    tmp_path: Path, changes: tuple[Change, ...], fault: str
) -> None:
    assert_liar_is_caught(ChangedSpec("parlatel", changes), tmp_path, f"PT-CLS-055/{fault}", calls=40, first=False)
