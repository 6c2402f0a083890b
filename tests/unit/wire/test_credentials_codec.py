"""Credentials stand where the spec says, and are read from there."""

from __future__ import annotations

import pytest
from parlatel_spec import Change, key_in, parlatel, session_by

from harness.errors import UsageProblem
from harness.specification.dialect import Dialect
from harness.wire.credentials_codec import with_pairs_taken_apart
from harness.wire.http_messages import HttpRequest
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest, decode_request, encode_request

PATH = b"/accounts/PT20250101/calls.json?state=ended"


def encoded(credentials: dict[str, str], *changes: Change) -> HttpRequest:
    account = {"account": "PT20250101"}
    return encode_request(parlatel(*changes), ListRequest(credentials=credentials, account=account))


def decoded(request: HttpRequest, *changes: Change) -> ListRequest:
    ask = decode_request(parlatel(*changes), request, Dialect())
    assert isinstance(ask, ListRequest)
    return ask


def test_a_pair_stands_in_authorization_as_basic() -> None:
    request = encoded({"account": "PT20250101", "secret": "ladder-green-7"})
    assert request.target == PATH
    # printf PT20250101:ladder-green-7 | base64
    assert request.headers == (("Authorization", "Basic UFQyMDI1MDEwMTpsYWRkZXItZ3JlZW4tNw=="),)


def test_a_pair_is_read_from_basic_also_with_a_colon_in_the_password() -> None:
    # printf 'me:a:b' | base64
    request = HttpRequest(method="GET", target=PATH, headers=(("authorization", "basic bWU6YTpi"),))
    assert decoded(request).credentials == {"account": "me", "secret": "a:b"}


@pytest.mark.parametrize("value", ["Basic ???", "Bearer bWU6YTpi", "Basic", ""])
def test_what_is_no_pair_is_no_credential(value: str) -> None:
    request = HttpRequest(method="GET", target=PATH, headers=(("Authorization", value),))
    assert decoded(request).credentials == {}


def test_the_further_way_is_taken_where_its_credentials_alone_are_there() -> None:
    assert encoded({"account": "PT20250101", "api-key": "k1"}).headers == (("X-Parlatel-Key", "k1"),)


def test_a_key_in_the_query_stands_beside_the_parameters() -> None:
    way = key_in("query", "apikey")
    request = encoded({"api-key": "a b&c"}, *way)
    assert request.target == PATH + b"&apikey=a%20b%26c"
    assert decoded(request, *way).credentials == {"api-key": "a b&c"}
    assert decoded(request, *way).extra == ()


def test_a_key_in_a_cookie_is_found_among_others() -> None:
    way = key_in("cookie", "pt_key")
    assert encoded({"api-key": "k1"}, *way).headers == (("Cookie", "pt_key=k1"),)
    request = HttpRequest(method="GET", target=PATH, headers=(("Cookie", "a=1; pt_key=k2; pt_keys=k3"),))
    assert decoded(request, *way).credentials == {"api-key": "k2"}


def test_a_request_for_a_token_carries_name_and_password_and_no_more() -> None:
    way = session_by("json", "/ticket", "header", "Authorization", "Bearer")
    ask = ListRequest(log_in=True, credentials={"account": "me", "secret": "s", "ticket": "t"})
    request = encode_request(parlatel(*way), ask)
    assert (request.method, request.target) == ("POST", b"/tickets")
    assert request.body == b'{"account":"me","secret":"s"}'
    assert decoded(request, *way) == ListRequest(log_in=True, credentials={"account": "me", "secret": "s"})


def test_a_token_of_a_session_stands_after_its_word() -> None:
    way = session_by("json", "/ticket", "header", "Authorization", "Bearer")
    request = encoded({"ticket": "t1"}, *way)
    assert request.headers == (("Authorization", "Bearer t1"),)
    assert decoded(request, *way).credentials == {"ticket": "t1"}


def test_a_part_of_the_path_is_escaped_and_read_back() -> None:
    request = encode_request(parlatel(), ListRequest(account={"account": "a b/é"}))
    assert request.target == b"/accounts/a%20b%2F%C3%A9/calls.json?state=ended"
    other = encode_request(parlatel(), ListRequest(account={"account": "a b%?"}))
    assert decoded(other).values == {"account": "a b%?", "state": "ended"}


def test_a_path_with_more_or_fewer_parts_is_another_one() -> None:
    for target in (b"/accounts//calls.json", b"/accounts/a/b/calls.json", b"/accounts/a/calls.xml"):
        assert decode_request(parlatel(), HttpRequest(method="GET", target=target), Dialect()) is None


def test_another_method_is_refused_at_the_log_in_path() -> None:
    way = session_by("json", "/ticket", "header", "Authorization", "Bearer")
    asked = decode_request(parlatel(*way), HttpRequest(method="GET", target=b"/tickets"), Dialect())
    assert isinstance(asked, RefusedRequest)


WITH_PAIR = ("          password: secret\n", "          password: secret\n          pair: both\n")


def test_a_pair_in_one_is_taken_apart() -> None:
    # printf PT20250101:ladder-green-7 | base64
    given = {"both": "UFQyMDI1MDEwMTpsYWRkZXItZ3JlZW4tNw=="}
    access = parlatel(WITH_PAIR).listing.access
    assert with_pairs_taken_apart(access, given) == {"account": "PT20250101", "secret": "ladder-green-7"}


def test_a_password_given_by_its_own_name_beats_that_of_a_pair() -> None:
    given = {"both": "UFQyMDI1MDEwMTpsYWRkZXItZ3JlZW4tNw==", "secret": "ladder-red-8"}
    access = parlatel(WITH_PAIR).listing.access
    assert with_pairs_taken_apart(access, given) == {"account": "PT20250101", "secret": "ladder-red-8"}


@pytest.mark.parametrize("text", ["ladder-green-7", "bm9ib2R5", ""])
def test_a_text_that_is_no_pair_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageProblem, match="name:password in base64") as caught:
        with_pairs_taken_apart(parlatel(WITH_PAIR).listing.access, {"both": text})
    assert not text or text not in str(caught.value)
