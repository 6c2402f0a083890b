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

from harness.specification.access import secret_credential_names
from harness.specification.dialect import Dialect
from harness.wire.http_messages import HttpRequest
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import decode_request, encode_request

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


@pytest.mark.parametrize("carries", ["basic", "form", "json", "query"])
def test_the_linter_finds_nothing(carries: str) -> None:
    assert_linter_finds_nothing(ChangedSpec("parlatel", further(carries)))


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
def test_an_honest_simulator_passes(tmp_path: Path) -> None:
    assert_honest_passes(ChangedSpec("parlatel", further("basic")), tmp_path, calls=40)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", ["PT-CLS-055/any-stamp-gets-a-token", "PT-CLS-055/any-password-gets-a-token"])
def test_a_token_without_the_right_one_is_noticed(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(ChangedSpec("parlatel", further("basic")), tmp_path, fault, calls=40, first=False)
