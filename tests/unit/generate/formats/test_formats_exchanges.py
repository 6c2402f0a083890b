"""Exchange formats, each played by the library that it is for: what was asked gets the answer of the simulator."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
import requests
import responses
import urllib3
import vcr
import yaml
from format_files import exchange_file, exchanges_of

from harness.generate.formats.exchange_format import ExchangeSet, SentExchange
from harness.specification.load import load_spec, spec_ids
from harness.world import World

APIS = spec_ids()
# A key in a header; a pair in the query, parted by semicolons; a JSON body; XML.
KEY, QUERY, BODY, XML = (
    "asterisk-cdr-api/list-calls",
    "enswitch/calls-active-list",
    "etelecom/list-call-logs",
    "ozeki/list-call-history",
)


@cache
def exchanges(api: str) -> ExchangeSet:
    return exchanges_of(load_spec(api), World.of(seed=7, calls=60))


def ask(session: requests.Session, exchange: SentExchange) -> requests.Response:
    return session.request(
        exchange.method, exchange.url, headers=dict(exchange.headers), data=exchange.body.encode() or None, timeout=5
    )


def assert_the_answer(exchange: SentExchange, found: requests.Response) -> None:
    due = exchange.response
    assert (found.status_code, found.headers.get("Content-Type"), found.content) == (
        due.http_status,
        due.header("content-type"),
        due.body,
    ), exchange.name


@pytest.mark.parametrize("api", APIS)
def test_no_request_stands_there_twice(api: str) -> None:
    asked = [
        (one.method, one.path, tuple(sorted(one.pairs)), one.headers, one.body) for one in exchanges(api).exchanges
    ]
    assert len(set(asked)) == len(asked) > 5


# --- responses ----------------------------------------------------------------------------------------------


@pytest.fixture
def module(api: str, tmp_path: Path) -> Iterator[ModuleType]:
    path = tmp_path / "pages_responses.py"
    path.write_bytes(exchange_file("responses", exchanges(api)))
    found = importlib.util.spec_from_file_location("pages_responses", path)
    assert found is not None
    assert found.loader is not None
    made = importlib.util.module_from_spec(found)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    try:
        found.loader.exec_module(made)
        yield made
    finally:
        sys.dont_write_bytecode = before


@pytest.mark.parametrize("api", APIS)
def test_responses_gives_each_answer_in_any_order(api: str, module: ModuleType) -> None:
    with responses.RequestsMock() as mock, requests.Session() as session:
        module.add_to(mock)
        for exchange in reversed(exchanges(api).exchanges):
            assert_the_answer(exchange, ask(session, exchange))


@pytest.mark.parametrize("api", [KEY])
def test_responses_refuses_what_was_not_asked(api: str, module: ModuleType) -> None:
    first = exchanges(api).exchanges[0]
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        module.add_to(mock)
        with pytest.raises(requests.ConnectionError, match="query differs"):
            requests.get(first.url + "&limit=77", headers=dict(first.headers), timeout=5)


# --- VCR.py -------------------------------------------------------------------------------------------------


@pytest.fixture
def cassette(api: str, tmp_path: Path) -> Path:
    path = tmp_path / "pages.vcr.yaml"
    path.write_bytes(exchange_file("vcr", exchanges(api)))
    return path


def play(path: Path) -> vcr.VCR:
    player = vcr.VCR(record_mode="none", match_on=("method", "uri", "body"))
    return player.use_cassette(str(path))


@pytest.mark.parametrize("api", [KEY, QUERY, BODY, XML])
def test_a_cassette_replays_each_answer(api: str, cassette: Path) -> None:
    with play(cassette) as tape, requests.Session() as session:
        for exchange in exchanges(api).exchanges:
            assert_the_answer(exchange, ask(session, exchange))
        assert tape.all_played


@pytest.mark.parametrize("api", [KEY, XML])
def test_a_cassette_replays_to_urllib3_too(api: str, cassette: Path) -> None:
    with play(cassette), urllib3.PoolManager() as pool:
        for exchange in exchanges(api).exchanges[:5]:
            found = pool.request(exchange.method, exchange.url, headers=dict(exchange.headers))
            assert (found.status, found.data) == (exchange.response.http_status, exchange.response.body)


@pytest.mark.parametrize("api", [KEY])
def test_a_cassette_is_plain_yaml(api: str, cassette: Path) -> None:
    tree = yaml.safe_load(cassette.read_text(encoding="utf-8"))
    assert tree["version"] == 1
    assert tree["interactions"][0]["response"]["status"] == {"code": 200, "message": "OK"}


# --- HAR, WireMock and Postman ------------------------------------------------------------------------------


@pytest.mark.parametrize("api", APIS)
def test_an_archive_has_the_answers_as_they_are(api: str) -> None:
    tree = json.loads(exchange_file("har", exchanges(api)))
    assert tree["log"]["version"] == "1.2"
    entries = tree["log"]["entries"]
    for exchange, entry in zip(exchanges(api).exchanges, entries, strict=True):
        assert (entry["request"]["method"], entry["request"]["url"]) == (exchange.method, exchange.url)
        assert entry["response"]["status"] == exchange.response.http_status
        assert entry["response"]["content"]["text"].encode() == exchange.response.body


def test_a_stub_is_not_met_by_a_request_with_another_parameter() -> None:
    tree = json.loads(exchange_file("wiremock", exchanges(KEY)))
    stub = next(one for one in tree["mappings"] if one["name"].startswith("first-page"))
    assert stub["request"]["urlPath"] == "/calls"
    assert stub["request"]["queryParameters"]["limit"] == {"equalTo": "5"}
    assert stub["request"]["queryParameters"]["offset"] == {"absent": True}
    assert stub["request"]["headers"] == {"X-Api-Key": {"equalTo": "change-me-please"}}


def test_a_stub_without_a_credential_asks_for_its_absence() -> None:
    tree = json.loads(exchange_file("wiremock", exchanges(KEY)))
    stub = next(one for one in tree["mappings"] if one["name"].startswith("error-without-key"))
    assert stub["request"]["headers"] == {"X-Api-Key": {"absent": True}}
    assert stub["response"]["status"] == 422


def test_a_query_with_semicolons_is_met_as_it_is_written() -> None:
    tree = json.loads(exchange_file("wiremock", exchanges(QUERY)))
    stub = next(one for one in tree["mappings"] if one["name"].startswith("first-page"))
    assert stub["request"]["url"] == "/api/json/calls/active/list/?limit=5;auth_username=user;auth_password=password"


def test_a_body_is_part_of_what_a_stub_is_met_by() -> None:
    tree = json.loads(exchange_file("wiremock", exchanges(BODY)))
    stub = next(one for one in tree["mappings"] if one["name"].startswith("first-page"))
    assert stub["request"]["bodyPatterns"] == [{"equalTo": '{"paging":{"limit":5}}'}]


@pytest.mark.parametrize("api", [KEY, BODY])
@pytest.mark.parametrize("name", ["har", "vcr", "responses", "wiremock", "postman"])
def test_an_exchange_format_has_the_same_bytes_again(api: str, name: str) -> None:
    made = exchanges_of(load_spec(api), World.of(seed=7, calls=60))
    assert exchange_file(name, made) == exchange_file(name, exchanges(api))
