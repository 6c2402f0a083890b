"""Where credentials come from, which of them are secrets, and tokens that are signed when they are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.check.credentials import (
    ClientIdentity,
    FreshCredentials,
    all_credential_names,
    bearer_token,
    environment_variable_of,
    gather_identities,
    load_credentials,
    names_with_scheme,
    secret_credential_names,
    secrets_of,
    with_fresh_token,
)
from harness.errors import UsageProblem
from harness.specification.load import Spec, load_spec

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def by_password() -> Spec:
    return load_spec("ozeki/list-call-history")


@pytest.fixture(scope="module")
def by_token() -> Spec:
    return load_spec("voximplant/get-call-history")


@pytest.fixture(scope="module")
def pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def signing(spec: Spec, pem: str) -> ClientIdentity:
    access = spec.listing.access
    assert access.jwt is not None
    values = {access.jwt.issuer: "17", access.jwt.key_id: "k1", access.jwt.private_key: pem}
    return ClientIdentity(name="default", credentials=values)


def test_names_come_from_the_spec(by_password: Spec) -> None:
    assert all_credential_names(by_password.listing.access) == ("Username", "Password")


def test_a_user_name_is_no_secret(by_password: Spec) -> None:
    assert secret_credential_names(by_password.listing.access) == {"Password"}


def test_an_account_id_is_no_secret(by_token: Spec) -> None:
    access = by_token.listing.access
    assert access.jwt is not None
    assert not {access.jwt.issuer, access.jwt.key_id} & secret_credential_names(access)


def test_an_option_beats_the_file_and_the_file_beats_the_environment(by_password: Spec, tmp_path: Path) -> None:
    file = tmp_path / "who.yaml"
    file.write_text("credentials: {Username: from-file, Password: from-file}\n")
    environment = {environment_variable_of("Username"): "from-env", environment_variable_of("Password"): "from-env"}
    found = gather_identities(by_password, options=[("Password", "from-option")], file=file, environment=environment)
    assert dict(found[0].credentials) == {"Username": "from-file", "Password": "from-option"}


def test_the_environment_alone_is_enough(by_password: Spec) -> None:
    environment = {"CALLHARNESS_CREDENTIAL_PASSWORD": "p", "CALLHARNESS_CREDENTIAL_TOKEN": "of another api"}
    assert dict(gather_identities(by_password, environment=environment)[0].credentials) == {"Password": "p"}


def test_nothing_given_is_no_identity(by_password: Spec) -> None:
    assert gather_identities(by_password) == ()


def test_an_unknown_name_is_refused_with_the_nearest(by_password: Spec) -> None:
    with pytest.raises(UsageProblem, match="did you mean Username"):
        gather_identities(by_password, options=[("usernam", "x")])


def test_letter_case_of_a_name_does_not_matter(by_password: Spec) -> None:
    assert dict(gather_identities(by_password, options=[("username", "x")])[0].credentials) == {"Username": "x"}


def test_a_secret_does_not_show_itself(by_password: Spec) -> None:
    found = gather_identities(by_password, options=[("Password", "canary-canary")])
    assert "canary" not in repr(found) + repr(dict(found[0].credentials))


def test_a_file_may_name_several_identities(by_password: Spec, tmp_path: Path) -> None:
    file = tmp_path / "who.yaml"
    file.write_text(
        "identities:\n"
        "  - {name: admin, credentials: {Username: a, Password: b}, role: Owner, customer: 12}\n"
        "  - {name: other, credentials: {Username: c, Password: d}, roles: []}\n"
    )
    admin, other = load_credentials(file, by_password)
    assert (admin.role, admin.customer, other.role) == ("Owner", 12, "no-role")


def test_the_users_of_a_simulator_are_identities(by_password: Spec, tmp_path: Path) -> None:
    file = tmp_path / "users.yaml"
    file.write_text(
        "users:\n  - {name: a, credentials: {Username: u, Password: p}, roles: [Admin], everyone: true}\n"
    )
    (found,) = load_credentials(file, by_password)
    assert (found.role, found.everyone) == ("Admin", True)


@pytest.mark.parametrize(
    "text",
    [
        "identities: []\n",
        "identities: [7]\n",
        "identities: [{name: a}]\n",
        "identities: [{name: a, credentials: {Nope: x}}]\n",
        "identities: [{name: a, credentials: {Password: x}, colour: red}]\n",
        "identities: [{name: a, credentials: {Password: [x]}}]\n",
        "identities: [{name: a, credentials: {Password: {file: nowhere}}}]\n",
        "identities: [{name: a, credentials: {Password: x}}, {name: a, credentials: {Password: y}}]\n",
        "[]\n",
    ],
)
def test_a_wrong_file_is_refused(text: str, by_password: Spec, tmp_path: Path) -> None:
    file = tmp_path / "who.yaml"
    file.write_text(text)
    with pytest.raises(UsageProblem):
        load_credentials(file, by_password)


def test_a_refused_file_does_not_repeat_a_secret(by_password: Spec, tmp_path: Path) -> None:
    file = tmp_path / "who.yaml"
    file.write_text("identities: [{name: a, credentials: {Password: {file: canary-canary}}}]\n")
    with pytest.raises(UsageProblem) as caught:
        load_credentials(file, by_password)
    assert "canary" not in str(caught.value)


# --- tokens -------------------------------------------------------------------------------------------------


def test_a_given_token_is_sent_as_it_is(by_token: Spec) -> None:
    identity = ClientIdentity(name="a", credentials={"token": "given"})
    assert bearer_token(identity, access=by_token.listing.access, now=NOW) == "given"


def test_a_signed_token_says_who_and_until_when(by_token: Spec, pem: str) -> None:
    access = by_token.listing.access
    token = bearer_token(signing(by_token, pem), access=access, now=NOW)
    assert token is not None
    claims = jwt.decode(token, options={"verify_signature": False})
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "kid": "k1", "typ": "JWT"}
    assert claims["iss"] == "17"
    assert 0 < claims["exp"] - claims["iat"] <= 3600
    assert claims["iat"] <= NOW.timestamp() < claims["exp"]


def test_the_same_instant_gives_the_same_token(by_token: Spec, pem: str) -> None:
    access, identity = by_token.listing.access, signing(by_token, pem)
    assert bearer_token(identity, access=access, now=NOW) == bearer_token(identity, access=access, now=NOW)


def test_a_token_is_signed_anew_when_it_is_due(by_token: Spec, pem: str) -> None:
    at = [NOW]
    heard: list[str] = []
    access = by_token.listing.access
    identity = with_fresh_token(signing(by_token, pem), access=access, clock=lambda: at[0], on_token=heard.append)
    first = identity.credentials["token"]
    at[0] += timedelta(minutes=30)
    assert identity.credentials["token"] == first
    at[0] += timedelta(minutes=30)
    assert identity.credentials["token"] != first
    assert len(heard) == 2


def test_no_key_and_no_token_is_no_token(by_token: Spec) -> None:
    assert bearer_token(ClientIdentity(name="a", credentials={}), access=by_token.listing.access, now=NOW) is None


def test_the_secrets_of_a_signing_identity_are_its_key(by_token: Spec, pem: str) -> None:
    access = by_token.listing.access
    identity = with_fresh_token(signing(by_token, pem), access=access, clock=lambda: NOW)
    assert isinstance(identity.credentials, FreshCredentials)
    assert list(secrets_of([identity], access).values()) == [pem]


def test_a_key_may_be_the_name_of_its_file(by_token: Spec, pem: str, tmp_path: Path) -> None:
    access = by_token.listing.access
    assert access.jwt is not None
    file = tmp_path / "key.pem"
    file.write_text(pem)
    found = gather_identities(by_token, options=[(access.jwt.private_key, str(file))])
    assert found[0].credentials[access.jwt.private_key] == pem


def test_what_is_no_key_is_refused(by_token: Spec, tmp_path: Path) -> None:
    access = by_token.listing.access
    assert access.jwt is not None
    file = tmp_path / "key.pem"
    file.write_text("nothing")
    with pytest.raises(UsageProblem, match="PEM"):
        gather_identities(by_token, options=[(access.jwt.private_key, str(file))])


def test_name_and_password_may_be_given_in_one() -> None:
    # printf AC1:green | base64
    given = [("token", "QUMxOmdyZWVu")]
    found = gather_identities(load_spec("twilio/list-calls"), options=given)
    assert dict(found[0].credentials) == {"AccountSid": "AC1", "AuthToken": "green"}


@pytest.mark.parametrize(("value", "told"), [("Bearer abcdef", ("token",)), ("bearerabcdef", ()), ("abc def", ())])
def test_a_scheme_before_a_credential_is_noticed(value: str, told: tuple[str, ...]) -> None:
    assert names_with_scheme([ClientIdentity(name="default", credentials={"token": value})]) == told
