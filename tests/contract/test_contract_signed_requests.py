"""Requests that are signed: what is signed, where the signature stands, and what a server must not let in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from changed_specs import (
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
    assert_linter_refuses,
)

from harness.check.options import CheckOptions
from harness.check.results.findings import RunReport
from harness.check.runner import run_check
from harness.check_target import simulator_identities
from harness.cli.selftest_trials import DirectSender, Trial, run_trial
from harness.serve.faults.catalogue import find_faults
from harness.serve.simulator import Simulator
from harness.specification.lint.linter import lint_spec
from harness.specification.load import load_spec
from harness.wire.http_messages import HttpRequest
from harness.wire.json_body import decode_json, tree_at
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import encode_request
from harness.wire.request_signature import SigningMoment, sign_request
from harness.world import World

WORLD = World.of(seed=7, calls=20)
CREDENTIALS = {"account": "PT20250101", "secret": "ladder-green-7"}
ASK = ListRequest(values={"many": "2"}, credentials=CREDENTIALS)
ACCESS = """          kind: basic
          user: account
          password: secret
"""
CLAUSES = (
    "          PT-CLS-060: {",
    '          PT-CLS-056: {level: must, basis: documented, says: "an altered request is refused", source: Access}\n'
    '          PT-CLS-057: {level: must, basis: documented, says: "an old request is refused", source: Access}\n'
    '          PT-CLS-058: {level: must, basis: documented, says: "an early request is refused", source: Access}\n'
    "          PT-CLS-060: {",
)


def signed(rules: str, scheme: str) -> ChangedSpec:
    """The invented spec, whose requests are signed by these rules."""
    access = f"          kind: signature\n          signature:\n{rules}"
    return ChangedSpec("parlatel", ((ACCESS, access), ("pair: {type: http, scheme: basic}", scheme), CLAUSES))


IN_HEADER = signed(
    """            key: account
            algorithm: hmac-sha1
            written: base64-of-hex
            text: "{path}{query|sorted}{query|sorted|md5}"
            carries: {"header:Authorization": "{key}:{signature}"}
            clauses: {altered: PT-CLS-056}
""",
    "pair: {type: apiKey, in: header, name: Authorization}",
)
IN_QUERY = signed(
    """            key: account
            algorithm: sha256
            written: upper-hex
            text: "{method}\\n{path}\\n{query}\\n{secret}"
            carries:
              "query:account_id": "{key}"
              "query:at": "{time}"
              "query:once": "{nonce}"
              "query:sig": "{signature}"
            time: {skew-seconds: 120}
            clauses: {altered: PT-CLS-056}
""",
    "pair: {type: apiKey, in: query, name: sig}",
)
WITH_TIME = signed(
    """            key: account
            text: "{method}|{path}|{query|sorted|decoded}|{body|sha256-base64}|{time}|{nonce}"
            carries:
              "header:X-Account": "{key}"
              "header:X-Date": "{time}"
              "header:X-Nonce": "{nonce}"
              "header:X-Signature": "HS256 {signature}"
            time: {as: rfc2822, skew-seconds: 120}
            clauses: {altered: PT-CLS-056, old: PT-CLS-057, future: PT-CLS-058}
""",
    "pair: {type: apiKey, in: header, name: X-Signature}",
)
DERIVED = signed(
    """            key: account
            text: "PT1\\n{time}\\n{canonical|sha256}"
            canonical: "{method}\\n{path}\\n{query|sorted}\\nhost:{host}\\n{body|sha256}"
            keys: ["PT1{secret}", "{time|bare-day}", calls]
            carries:
              "header:X-Time": "{time}"
              "header:Authorization": "PT1 Credential={key}/{time|bare-day}/calls, Signature={signature}"
            time: {as: formatted-time, format: "%Y%m%dT%H%M%S%z", skew-seconds: 120}
            clauses: {altered: PT-CLS-056, old: PT-CLS-057}
""",
    "pair: {type: apiKey, in: header, name: Authorization}",
)
WAYS = {"in-header": IN_HEADER, "in-query": IN_QUERY, "with-time": WITH_TIME, "derived": DERIVED}
MOMENT = SigningMoment(at=datetime(2026, 3, 2, 9, 30, 5, tzinfo=UTC), nonce="abc", host="127.0.0.1:0")


def request_of(changed: ChangedSpec, moment: SigningMoment, ask: ListRequest = ASK) -> HttpRequest:
    spec = changed.spec()
    return sign_request(spec.listing.access, encode_request(spec, ask, base_path="/v3"), ask.credentials, moment)


def outcome(changed: ChangedSpec, request: HttpRequest) -> tuple[int, object]:
    """The status of the answer at the moment of signing, and the number of calls it tells."""
    sent = replace(request, headers=(*request.headers, ("Host", MOMENT.host)))
    answer = Simulator(changed.spec(), WORLD).answer(sent, WORLD.instant, now=MOMENT.at)
    tree = decode_json(answer.body).tree
    return answer.http_status, tree_at(tree, "/total")


def test_a_signature_stands_in_a_header_beside_whose_it_is() -> None:
    # P=/v3/accounts/PT20250101/calls.json Q='many=2&state=ended' M=$(printf %s "$Q" | openssl md5 -r | cut -c-32)
    # printf %s "$P$Q$M" | openssl dgst -r -sha1 -hmac ladder-green-7 | cut -c-40 | tr -d '\\n' | base64 -w0
    told = "MzE1OTM0Y2NiZTA4MTY3YWU1ZWM2YjhlNDRkOGU3YTlkZDc4OWVkYg=="
    request = request_of(IN_HEADER, MOMENT)
    assert request.target == b"/v3/accounts/PT20250101/calls.json?state=ended&many=2"
    assert request.header("authorization") == f"PT20250101:{told}"


def test_a_signature_stands_in_the_query_beside_what_it_covers() -> None:
    # P=/v3/accounts/PT20250101/calls.json
    # printf "GET\\n$P\\n$Q\\nladder-green-7" | openssl dgst -r -sha256 | tr a-f A-F
    told = b"239E1EBD81429F3656B6E4DC6DA86515BA2124DD1EA2779BC274B6C409E966F7"
    covered = b"state=ended&many=2&account_id=PT20250101&at=1772443805&once=abc"
    request = request_of(IN_QUERY, MOMENT)
    assert request.query == covered + b"&sig=" + told


def test_a_key_is_derived_from_the_secret_and_the_day() -> None:
    # hmac() { printf "$2" | openssl dgst -r -sha256 -mac HMAC -macopt "$1" | cut -c-64; }
    # empty=$(printf '' | sha256sum | cut -c-64)
    # canonical=$(printf "GET\\n$P\\n$Q\\nhost:127.0.0.1:0\\n$empty" | sha256sum | cut -c-64)
    # day=$(hmac key:PT1ladder-green-7 20260302); key=$(hmac hexkey:$day calls)
    # hmac hexkey:$key "PT1\\n20260302T093005+0000\\n$canonical"
    told = "a91097725293317a72b010dae3b61493c77bd22d249282d44f185080b98216a6"
    request = request_of(DERIVED, MOMENT)
    assert request.header("x-time") == "20260302T093005+0000"
    assert request.header("authorization") == f"PT1 Credential=PT20250101/20260302/calls, Signature={told}"


@pytest.mark.parametrize("way", WAYS)
def test_a_signed_request_is_answered(way: str) -> None:
    status, total = outcome(WAYS[way], request_of(WAYS[way], MOMENT))
    assert (status, type(total)) == (200, int)


@pytest.mark.parametrize("way", WAYS)
def test_a_request_that_was_altered_after_it_was_signed_is_refused(way: str) -> None:
    request = request_of(WAYS[way], MOMENT)
    assert outcome(WAYS[way], replace(request, target=request.target.replace(b"many=2", b"many=3")))[0] == 401
    assert outcome(WAYS[way], replace(request, target=request.target + b"&start=1"))[0] == 401


@pytest.mark.parametrize(("seconds", "status"), [(-121, 401), (-120, 200), (120, 200), (121, 401)])
@pytest.mark.parametrize("way", ["in-query", "with-time"])
def test_a_signature_holds_for_a_while(way: str, seconds: int, status: int) -> None:
    moment = replace(MOMENT, at=MOMENT.at + timedelta(seconds=seconds))
    assert outcome(WAYS[way], request_of(WAYS[way], moment))[0] == status


@pytest.mark.parametrize("way", WAYS)
def test_another_secret_and_another_name_are_refused(way: str) -> None:
    for wrong in ({"secret": "ladder-green-8"}, {"account": "PT20250102"}):
        ask = replace(ASK, credentials={**CREDENTIALS, **wrong}, account=CREDENTIALS)
        assert outcome(WAYS[way], request_of(WAYS[way], MOMENT, ask))[0] == 401


def test_what_stands_before_the_path_is_signed_with_it() -> None:
    spec = IN_HEADER.spec()
    bare = encode_request(spec, ASK)
    moment = replace(MOMENT, base=b"/v3")
    assert sign_request(spec.listing.access, bare, CREDENTIALS, moment).header("authorization") == request_of(
        IN_HEADER, MOMENT
    ).header("authorization")


@pytest.mark.parametrize("way", WAYS)
def test_the_linter_finds_nothing(way: str) -> None:
    assert_linter_finds_nothing(WAYS[way])


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("way", WAYS)
def test_an_honest_simulator_passes(tmp_path: Path, way: str) -> None:
    assert_honest_passes(WAYS[way], tmp_path, calls=60)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    ("way", "fault"),
    [
        ("in-header", "PT-CLS-051/beginning-of-signature-suffices"),
        ("in-header", "PT-CLS-056/added-parameter-not-signed"),
        ("in-query", "PT-CLS-056/added-parameter-not-signed"),
        ("in-query", "PT-CLS-051/wrong-let-in"),
        ("with-time", "PT-CLS-057/old-request-let-in"),
        ("with-time", "PT-CLS-058/future-request-let-in"),
        ("with-time", "PT-CLS-052/nobody-let-in"),
        ("derived", "PT-CLS-056/added-parameter-not-signed"),
        ("derived", "PT-CLS-057/old-request-let-in"),
    ],
)
def test_a_liar_is_caught(tmp_path: Path, way: str, fault: str) -> None:
    assert_liar_is_caught(WAYS[way], tmp_path, fault, calls=60)


@pytest.mark.parametrize(
    ("change", "expected", "actual"),
    [
        (
            ('|{nonce}"', '|{number|sha3}"'),
            "one of method, host, path, query, body, header:NAME, time, nonce, key, secret, canonical, and what may "
            "become of it",
            "'number'",
        ),
        ((' "HS256 {signature}"', " HS256"), "{signature} once", "0 times"),
        (
            ('"header:X-Nonce"', '"cookie:nonce"'),
            "header:NAME or query:NAME",
            "'cookie:nonce'",
        ),
        (
            ("|{time}|", "|"),
            "{time} in the text, for a clause on when a request was signed",
            "{method}|{path}|{query|sorted|decoded}|{body|sha256-base64}|{nonce}",
        ),
        (
            ("            key: account\n", "            key: account\n            algorithm: sha256\n"),
            "{secret} in the text of a bare digest, and nowhere else",
            "sha256, {method}|{path}|{query|sorted|decoded}|{body|sha256-base64}|{time}|{nonce}",
        ),
    ],
)
def test_the_linter_refuses_what_means_nothing(change: tuple[str, str], expected: str, actual: str) -> None:
    assert_linter_refuses(WITH_TIME, change, (expected, actual))


def test_a_printed_line_says_that_it_has_to_be_signed() -> None:
    report = reported(WITH_TIME, "PT-CLS-020/from-ignored")
    finding = next(one for one in report.findings if one.clause == "PT-CLS-020")
    assert "-H 'X-Signature: '\"$SIGNATURE\"" in finding.curl
    assert finding.case == ""
    (note,) = (note for note in report.notes if note.startswith("SIGNATURE"))
    assert note == (
        "SIGNATURE in such lines: each is signed for itself, in header:X-Signature stands hmac-sha256 with secret, "
        "hex, of {method}|{path}|{query|sorted|decoded}|{body|sha256-base64}|{time}|{nonce}, for 120 seconds around "
        "the time in it; sign a line anew, or run the command that replays its finding"
    )


def reported(changed: ChangedSpec, fault: str) -> RunReport:
    """What a run says of a simulator with that fault."""
    spec = changed.spec()
    simulator = Simulator(spec, World.of(seed=7, calls=60), faults=find_faults(spec, fault))
    at = simulator.world.instant
    options = CheckOptions(
        now=at, target=f"http://127.0.0.1:0{simulator.base_path}", secrets={"secret": CREDENTIALS["secret"]}
    )
    return run_check(spec, DirectSender(simulator, at), simulator_identities(simulator), options)


# In a body of JSON, with a key that is derived from the secret: the spec of a client that signs.
IN_BODY = str(Path(__file__).parents[1] / "clients" / "signed_records.yaml")


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    "fault", ["TC-CDR-033/blanks-behind-body-not-signed", "TC-CDR-031/wrong-let-in", "TC-CDR-032/nobody-let-in"]
)
def test_a_liar_about_a_signed_body_is_caught(fault: str) -> None:
    result = run_trial(Trial(api=IN_BODY, fault=fault, calls=60))
    assert fault.partition("/")[0] in result.clauses, result.messages


@pytest.mark.usefixtures("few_combinations")
def test_an_honest_simulator_of_signed_bodies_passes() -> None:
    assert lint_spec(load_spec(IN_BODY)).findings == ()
    result = run_trial(Trial(api=IN_BODY, calls=60))
    assert (result.exit_code, result.clauses) == (0, ()), result.messages
