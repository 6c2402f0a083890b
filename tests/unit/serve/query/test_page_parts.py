"""What a simulator tells of a page: links, the number of pages, places of rows; the same by every way to the rows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from harness.serve.simulator import Simulator
from harness.specification.load import build_spec, load_spec
from harness.specification.yaml_source import parse_source_text
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.page_links import read_link_header
from harness.world.world import World

WORLD = World.of(seed=3, calls=120)
HOST = ("Host", "pbx.example:8080")


def simulator(name: str, *, fast: bool = True) -> Simulator:
    return Simulator(load_spec(f"tests/support/{name}.yaml"), WORLD, fast=fast)


def ask(server: Simulator, target: str, *, secure: bool = False) -> HttpResponse:
    token = next(iter(server.users[0].credentials.values()))
    headers = (("Authorization", f"Bearer {token}"), HOST)
    return server.answer(
        HttpRequest(method="GET", target=target.encode(), headers=headers, secure=secure), WORLD.instant
    )


def body_of(server: Simulator, target: str, *, secure: bool = False) -> Any:
    return json.loads(ask(server, target, secure=secure).body)


def test_a_next_link_carries_the_whole_request_of_the_next_page() -> None:
    links = body_of(simulator("linked_pages"), "/lumen/v2/calls?way=in&sort=seconds&size=2&page=2")["links"]
    asked = "http://pbx.example:8080/lumen/v2/calls?way=in&sort=seconds&size=2"
    assert links["next"] == f"{asked}&page=3"
    assert links["prev"] == f"{asked}&page=1"
    assert links["first"] == f"{asked}&page=1"
    assert links["self"] == f"{asked}&page=2"


def test_a_size_that_was_not_said_is_said_in_links() -> None:
    links = body_of(simulator("linked_pages"), "/lumen/v2/calls")["links"]
    assert links["next"] == "http://pbx.example:8080/lumen/v2/calls?size=25&page=2"


def test_over_tls_links_begin_with_https() -> None:
    links = body_of(simulator("linked_pages"), "/lumen/v2/calls", secure=True)["links"]
    assert links["next"].startswith("https://pbx.example:8080/lumen/")


def test_links_end_where_the_list_ends() -> None:
    server = simulator("linked_pages")
    first = body_of(server, "/lumen/v2/calls?size=50")
    last = body_of(server, first["links"]["last"].removeprefix("http://pbx.example:8080"))
    assert first["links"]["prev"] is None
    assert last["links"]["next"] is None
    assert last["paging"]["to"] == last["paging"]["total"] == first["paging"]["total"]


def test_pages_and_places_are_counted_from_one() -> None:
    page = body_of(simulator("linked_pages"), "/lumen/v2/calls?size=10&page=2")["paging"]
    assert (page["from"], page["to"], page["page"], page["size"]) == (11, 20, 2, 10)
    assert page["pages"] == -(-page["total"] // 10)


def test_a_word_of_the_page_size_stands_for_the_largest_one() -> None:
    assert body_of(simulator("linked_pages"), "/lumen/v2/calls?size=max")["paging"]["size"] == 200


def test_a_bare_list_has_its_numbers_and_links_in_headers() -> None:
    response = ask(simulator("bare_list"), "/calls?take=10&skip=10")
    rows = json.loads(response.body)
    assert isinstance(rows, list)
    assert (response.header("x-returned"), response.header("x-last")) == ("10", "19")
    links = read_link_header(response.header("link") or "")
    assert links["next"] == "http://pbx.example:8080/calls?take=10&skip=20"
    assert links["prev"] == "http://pbx.example:8080/calls?take=10&skip=0"


def test_a_page_token_rides_in_a_relative_link_alone() -> None:
    server = simulator("page_tokens")
    first = body_of(server, "/api/calls.json?size=2&way=in")
    assert first["more"].startswith("/api/calls.json?size=2&way=in&token=")
    second = body_of(server, first["more"])
    assert {row["id"] for row in first["calls"]}.isdisjoint(row["id"] for row in second["calls"])
    assert "more" not in body_of(server, "/api/calls.json?size=100&caller=nobody")


def test_rows_can_be_bare_texts() -> None:
    rows = json.loads(ask(simulator("bare_texts"), "/calls/ids?limit=3").body)
    assert len(rows) == 3
    assert all(isinstance(row, str) for row in rows)


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("linked_pages", ("/lumen/v2/calls", "/lumen/v2/calls?way=in&size=3&page=2", "/lumen/v2/calls?caller=x")),
        ("bare_list", ("/calls", "/calls?take=7&skip=14", "/calls?skip=100000", "/calls?take=x")),
        ("page_tokens", ("/api/calls.json", "/api/calls.json?size=3&way=out")),
        ("bare_texts", ("/calls/ids", "/calls/ids?limit=2&from=5")),
        ("csv_table", ("/calls", "/calls?take=3&skip=9", "/calls?caller=nobody", "/calls?take=x")),
    ],
)
def test_rows_from_the_index_and_one_by_one_make_the_same_answer(name: str, targets: tuple[str, ...]) -> None:
    fast, plain = simulator(name), simulator(name, fast=False)
    for target in targets:
        assert ask(fast, target) == ask(plain, target)
        assert ask(fast, target) == ask(plain, target)


def test_a_table_has_a_header_line_and_a_line_for_each_row() -> None:
    response = ask(simulator("csv_table"), "/calls?take=2")
    lines = response.body.decode().split("\r\n")
    assert response.media_type == "text/csv"
    assert lines[0] == "id,began,way,caller"
    assert len(lines) == 4
    assert lines[3] == ""


def test_an_empty_table_is_its_header_line_and_an_error_is_json() -> None:
    server = simulator("csv_table")
    assert ask(server, "/calls?caller=nobody").body == b"id,began,way,caller\r\n"
    refused = ask(server, "/calls?take=x")
    assert refused.media_type == "application/json"
    assert json.loads(refused.body)["code"] == "unclear"


def test_a_token_rides_beside_the_number_in_links_to_all_pages_but_the_first() -> None:
    text = Path("tests/support/linked_pages.yaml").read_text(encoding="utf-8")
    changes = (
        ("          page: page\n", "          page: page\n          token: mark\n"),
        ("          page: {as: integer", "          mark: {}\n          page: {as: integer"),
    )
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    spec = build_spec(parse_source_text(text, name="linked_pages.yaml"), spec_id="linked/pages")
    server = Simulator(spec, WORLD)
    links = body_of(server, "/lumen/v2/calls?size=2&page=3&mark=anything")["links"]
    pages = {name: dict(parse_qsl(urlsplit(links[name]).query)) for name in ("next", "prev", "first")}
    assert pages["first"] == {"page": "1", "size": "2"}
    assert (pages["next"]["page"], pages["prev"]["page"]) == ("4", "2")
    assert re.fullmatch("P[0-9a-f]{32}", pages["next"]["mark"])
    assert pages["next"]["mark"] != pages["prev"]["mark"]
