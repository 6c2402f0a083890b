"""Keys that stand between quotes in their header: `Authorization: Token token="abc"`."""

from __future__ import annotations

from changed_specs import Change, ChangedSpec, frame_tests

from harness.specification.dialect import Dialect
from harness.wire.http_messages import HttpRequest
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import decode_request, encode_request

KEY = """key: {credential: api-key, place: header, name: Authorization, scheme: 'Token token="{key}"'}"""
CHANGES: tuple[Change, ...] = (
    (
        """          kind: basic
          user: account
          password: secret
          example: {account: PT20250101, secret: ladder-green-7}
""",
        f"""          kind: key
          {KEY}
          example: {{account: PT20250101, api-key: ladder-green-7}}
""",
    ),
    (
        """          also:
            - kind: key
              key: {credential: api-key, place: header, name: X-Parlatel-Key}
              clause: PT-CLS-054
              refused-clause: PT-CLS-055
""",
        "",
    ),
    ("      security: [{pair: []}, {key: []}]\n", "      security: [{key: []}]\n"),
    ("name: X-Parlatel-Key}\n  schemas", "name: Authorization}\n  schemas"),
    ("    pair: {type: http, scheme: basic}\n", ""),
)
QUOTED = ChangedSpec("parlatel", CHANGES)
(
    test_the_linter_finds_nothing,
    test_an_honest_simulator_passes,
    test_a_liar_is_caught,
    test_the_linter_refuses_what_means_nothing,
) = frame_tests(
    QUOTED,
    faults=["PT-CLS-051/api-key-beginning-suffices", "PT-CLS-051/api-key-case-ignored"],
    refused=[
        (
            ("{key}\"'}", "{token}\"'}"),
            "a word, or {key} once and what stands around it, in a header",
            "header: 'Token token=\"{token}\"'",
        ),
    ],
    calls=[90],
)


def keys_in(header: str) -> object:
    asked = HttpRequest(
        method="GET", target=b"/accounts/PT20250101/calls.json?state=ended", headers=(("Authorization", header),)
    )
    found = decode_request(QUOTED.spec(), asked, Dialect())
    assert isinstance(found, ListRequest)
    return dict(found.credentials)


def test_a_key_is_written_between_its_quotes_and_another_word_takes_the_place_of_the_first() -> None:
    ask = ListRequest(credentials={"api-key": "abc"})
    assert ("Authorization", 'Token token="abc"') in encode_request(QUOTED.spec(), ask).headers
    other = ListRequest(credentials={"api-key": "abc"}, scheme="Basic")
    assert ("Authorization", 'Basic token="abc"') in encode_request(QUOTED.spec(), other).headers


def test_a_key_is_read_between_its_quotes_alone() -> None:
    assert keys_in('token TOKEN="abc"') == {"api-key": "abc"}
    assert keys_in('Token token=""') == {"api-key": ""}
    assert keys_in("Token abc") == {}
    assert keys_in('Bearer token="abc"') == {}
