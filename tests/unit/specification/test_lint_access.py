"""What cannot be in access, paths and errors is refused, with the place."""

from __future__ import annotations

import pytest
from parlatel_spec import NOBODY, NOBODY_UNKNOWN, Change, key_in, parlatel, session_by

from harness.specification.lint.linter import lint_spec

BOUND = "account: {bound-to: {credential: account, fault: foreign, clause: PT-CLS-053}}"
REPEATED = "account: {repeats: {credential: account}, clause: PT-CLS-004}"
UNKNOWN = '{http: 401, says: "Who are you?",'
NO_PARTS = ('            shows: {/status: "{http-status}"}\n            no-rows', "            no-rows")


def findings_of(*changes: Change) -> list[tuple[str, str, str]]:
    return [(one.rule, one.expected, one.actual) for one in lint_spec(parlatel(*changes)).findings]


@pytest.mark.parametrize(
    "changes",
    [
        (),
        NOBODY,
        NOBODY_UNKNOWN,
        key_in("header", "X-Parlatel-Key"),
        key_in("query", "apikey"),
        key_in("cookie", "pt_key"),
        session_by("json", "/ticket", "header", "Authorization", "Bearer"),
        session_by("form", '"header:Set-Cookie"', "cookie", "pt_session"),
    ],
)
def test_every_way_in_that_is_declared_is_clean(changes: tuple[Change, ...]) -> None:
    assert findings_of(*changes) == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (
            ("pair: {type: http, scheme: basic}", "pair: {type: http, scheme: digest}"),
            ("request", "a securityScheme http basic in components", None),
        ),
        (
            ("name: X-Parlatel-Key}\n  schemas", "name: X-Other-Key}\n  schemas"),
            ("request", "schemes that access has: basic, key", "key: apiKey in header of the name X-Other-Key"),
        ),
        (
            ("          password: secret\n", ""),
            ("request", "the key password, beside kind: basic", "none"),
        ),
        (
            ("              clause: PT-CLS-054\n", "              clause: PT-CLS-054\n              pair: both\n"),
            ("request", "kind: basic beside it", "kind: key"),
        ),
        (
            ("/accounts/{account}/calls.json:", "/accounts/{account}/{year}/calls.json:"),
            ("path", "the parameter year, which stands in the path /accounts/{account}/{year}/calls.json", "none"),
        ),
        (
            ("{port}/v3", "{port}/{version}"),
            ("path", "a variable version of the server", "none"),
        ),
        (
            (BOUND, "account: {}"),
            ("path", "a value for a part of the path: bound-to, constant, or a filter of that name", "none of them"),
        ),
        (
            (BOUND, BOUND.replace("credential: account", "credential: secret")),
            ("settled", "a credential that is no secret", "'secret'"),
        ),
        (
            (REPEATED, REPEATED.replace("credential: account", "credential: acount")),
            ("settled", "a credential: account, secret, api-key", "'acount'"),
        ),
        (
            (REPEATED, REPEATED.replace("repeats: {credential: account}", "repeats: {}")),
            ("settled", "credential or parameter", "none or both of them"),
        ),
        (
            (REPEATED, REPEATED.replace("repeats:", "shows: call_code, repeats:")),
            ("settled", "shows or repeats", "both"),
        ),
        (
            ("{repeats: {parameter: state},", "{repeats: {parameter: stat},"),
            ("parameter", "a parameter: account, state, from, way, since, until, start, many", "'stat'"),
        ),
        (
            ("errors/{http-status}", "errors/{htp-status}"),
            (
                "error",
                "only {http-status} and {code} in braces",
                "'https://parlatel.example/errors/{htp-status}'",
            ),
        ),
        (
            ("from: {shows: source}", 'from: {shows: source}\n          uri: {template: "/calls/{since}"}'),
            (
                "value",
                "a field of the row, or a parameter that nobody chooses: id, account, state, from, way",
                "'since'",
            ),
        ),
        (
            ("body: text,", "body: text, bodies: [text],"),
            ("error", "other bodies than text", "text"),
        ),
        (
            ("body: text,", "body: empty, message-at: /title,"),
            ("error", "nothing that a body which is empty cannot hold", "message-at"),
        ),
    ],
)
def test_what_cannot_be_is_refused(change: Change, finding: tuple[str, str, str | None]) -> None:
    found = findings_of(change)
    rule, expected, actual = finding
    assert [one for one in found if one[:2] == (rule, expected) and actual in (None, one[2])], found


def test_an_error_that_neither_status_nor_code_nor_parts_tell_is_refused() -> None:
    expected = "an HTTP status of 400 or above, where no code tells an error"
    assert ("error", expected, "200") in findings_of(NO_PARTS, (UNKNOWN, UNKNOWN.replace("401", "200")))
