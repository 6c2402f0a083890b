"""Who gets in, and who does not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt as pyjwt
import pytest

from harness.errors import UsageProblem
from harness.serve.authentication import (
    Authenticator,
    KeyPair,
    SimulatedUser,
    built_in_users,
    make_key_pair,
    read_users_file,
)
from harness.specification.load import load_spec
from harness.specification.model import Access, AccessWay
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest
from harness.world import BUSY_HOUR, CUSTOMERS, HOME_CUSTOMER_ID

VOXIMPLANT = load_spec("voximplant/get-call-history")
NOW = int(BUSY_HOUR.timestamp())


@pytest.fixture(scope="module")
def key() -> KeyPair:
    return make_key_pair()


def door(key: KeyPair, *, any_jwt: bool = False) -> Authenticator:
    identities = built_in_users(VOXIMPLANT, customers=CUSTOMERS, home=HOME_CUSTOMER_ID, key=key)
    return Authenticator(access=VOXIMPLANT.listing.access, users=identities, any_jwt=any_jwt)


def admitted(who: Authenticator, token: str, scheme: str = "Bearer") -> str:
    found = who.authenticate(ListRequest(credentials={"token": token}, scheme=scheme), BUSY_HOUR)
    return found.name if isinstance(found, SimulatedUser) else found.fault


def signed(key: KeyPair, *, kid: str = "callharness-key", **changes: Any) -> str:
    claims = {"iss": str(HOME_CUSTOMER_ID), "iat": NOW - 5, "exp": NOW + 24} | changes
    return pyjwt.encode(claims, key.private_pem, algorithm="RS256", headers={"kid": kid})


def test_a_fresh_token_is_admitted(key: KeyPair) -> None:
    assert admitted(door(key), signed(key)) == "default"
    assert admitted(door(key), signed(key, kid="callharness-key-role-owner")) == "role-owner"


def test_an_issuer_may_be_a_number(key: KeyPair) -> None:
    head, _, _ = signed(key).split(".")
    api = pyjwt.PyJWS()
    token = api.encode(
        f'{{"iss":{HOME_CUSTOMER_ID},"iat":{NOW},"exp":{NOW + 60}}}'.encode(),
        key.private_pem,
        algorithm="RS256",
        headers={"kid": "callharness-key"},
    )
    assert head
    assert admitted(door(key), token) == "default"


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW},
        {"iat": NOW + 600, "exp": NOW + 700},
        {"iat": NOW, "exp": NOW + 3601},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"iss": "4711"},
        {"kid": "nosuchkey"},
    ],
)
def test_a_token_that_is_not_in_order_is_refused(key: KeyPair, changes: dict[str, Any]) -> None:
    assert admitted(door(key), signed(key, **changes)) == "bad-token"


def test_a_token_of_another_key_is_refused(key: KeyPair) -> None:
    assert admitted(door(key), signed(make_key_pair())) == "bad-token"


def test_a_token_that_names_its_own_algorithm_is_refused(key: KeyPair) -> None:
    none = pyjwt.encode(
        {"iss": "1200", "iat": NOW, "exp": NOW + 9}, "", algorithm="none", headers={"kid": "callharness-key"}
    )
    assert admitted(door(key), none) == "bad-token"


@pytest.mark.parametrize("token", ["a.b.c", "...", "nonsense", "x" * 10_000, "é.é.é"])
def test_nonsense_is_refused(key: KeyPair, token: str) -> None:
    assert admitted(door(key), token) == "bad-token"


def test_any_well_formed_token_will_do_when_asked_for(key: KeyPair) -> None:
    lenient = door(key, any_jwt=True)
    assert admitted(lenient, signed(make_key_pair(), kid="whatever", iss="1")) == "default"
    assert admitted(lenient, signed(make_key_pair(), exp=NOW)) == "bad-token"


def test_the_static_token_and_the_older_pair_are_taken(key: KeyPair) -> None:
    who = door(key)
    assert admitted(who, "callharness-token") == "default"
    assert admitted(who, "callharness-token", scheme="Basic") == "bad-token"
    older = ListRequest(credentials={"account_id": "1200", "api_key": "callharness-key-api_key"})
    found = who.authenticate(older, BUSY_HOUR + timedelta(days=1))
    assert isinstance(found, SimulatedUser)
    assert found.name == "default"


def test_a_second_way_in_takes_a_token_of_its_own_name() -> None:
    access = Access(
        kind="basic",
        user="name",
        password="word",
        also=(AccessWay(kind="bearer", token="pass"),),
    )
    user = SimulatedUser(name="default", credentials={"name": "ann", "word": "w", "pass": "p-1"})
    who = Authenticator(access=access, users=(user,))
    right, wrong = (ListRequest(credentials={"pass": text}, scheme="Bearer") for text in ("p-1", "p-2"))
    assert who.authenticate(right, BUSY_HOUR) == user
    assert who.authenticate(wrong, BUSY_HOUR) == RefusedRequest(fault="unauthenticated")


def test_half_a_pair_is_missing_credentials() -> None:
    spec = load_spec("ozeki/list-call-history")
    identities = built_in_users(spec, customers=CUSTOMERS, home=HOME_CUSTOMER_ID)
    who = Authenticator(access=spec.listing.access, users=identities)
    missing = who.authenticate(ListRequest(credentials={"Username": "HTTP_User_1"}), BUSY_HOUR)
    wrong = who.authenticate(ListRequest(credentials={"Username": "HTTP_User_1", "Password": "qwe124"}), BUSY_HOUR)
    assert missing == RefusedRequest(fault="unauthenticated", parameter="Password")
    assert wrong == RefusedRequest(fault="refused")


def test_credentials_do_not_show_in_a_repr(key: KeyPair) -> None:
    assert "qwe123" not in repr(door(key).users)
    assert "PRIVATE" not in repr(key)


def test_users_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "users.yaml"
    (tmp_path / "key.pem").write_text("PEM", encoding="utf-8")
    file.write_text(
        "users:\n  - name: ann\n    credentials: {token: s3cret, private_key: {file: key.pem}}\n"
        "    roles: [Owner]\n    customer: 1201\n",
        encoding="utf-8",
    )
    (ann,) = read_users_file(file)
    assert (ann.name, ann.roles, ann.customer_id, ann.everyone) == ("ann", ("Owner",), 1201, False)
    assert dict(ann.credentials) == {"token": "s3cret", "private_key": "PEM"}


@pytest.mark.parametrize(
    "text",
    [
        "users: []\n",
        "people: 1\n",
        "users:\n  - name: ann\n",
        "users:\n  - {name: a, credentials: {t: x}, rols: []}\n",
    ],
)
def test_a_users_file_that_is_not_one_says_where(tmp_path: Path, text: str) -> None:
    file = tmp_path / "users.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageProblem, match=r"users\.yaml"):
        read_users_file(file)


def test_a_verified_token_is_remembered_until_it_expires(key: KeyPair) -> None:
    who = door(key)
    token = signed(key)
    assert admitted(who, token) == "default"
    # Remembered: the key is not looked at again.
    who._public_keys.clear()
    assert admitted(who, token) == "default"
    assert who._public_keys == {}
    late = who.authenticate(
        ListRequest(credentials={"token": token}, scheme="Bearer"), BUSY_HOUR + timedelta(seconds=24)
    )
    assert late == RefusedRequest(fault="bad-token")
    assert who._verified_tokens == {}


def test_a_token_that_was_refused_is_not_remembered(key: KeyPair) -> None:
    who = door(key)
    assert admitted(who, signed(make_key_pair())) == "bad-token"
    assert who._verified_tokens == {}


def test_only_so_many_tokens_are_remembered(key: KeyPair) -> None:
    who = door(key)
    who._verified_tokens.update({f"a.b.{number}": (who.users[0], {}) for number in range(1024)})
    assert admitted(who, signed(key)) == "default"
    assert len(who._verified_tokens) == 1
