"""Links to other pages as texts: written in each form, read from bodies and headers, whatever stands there."""

from __future__ import annotations

import pytest

from harness.specification.load import load_spec
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import MISSING
from harness.wire.list_request import ListRequest
from harness.wire.page_links import link_parameter, read_link_header, read_links, write_link, write_link_header

LUMEN = load_spec("tests/support/linked_pages.yaml")
TARN = load_spec("tests/support/bare_list.yaml")
SECOND_PAGE = ListRequest(
    values={"caller": "+12025550142", "page": "2"},
    credentials={"token": "secret"},
    url="http://127.0.0.1:8080/lumen/v2/calls",
)


def test_a_link_is_written_with_scheme_and_host_as_a_path_or_as_a_query() -> None:
    query = "?caller=%2B12025550142&page=2"
    assert write_link(LUMEN, SECOND_PAGE, "absolute") == f"http://127.0.0.1:8080/lumen/v2/calls{query}"
    assert write_link(LUMEN, SECOND_PAGE, "relative") == f"/lumen/v2/calls{query}"
    assert write_link(LUMEN, SECOND_PAGE, "query") == query


def test_the_link_header_holds_each_link_with_its_relation() -> None:
    written = write_link_header({"next": "http://a.example/?p=2", "previous": "http://a.example/?p=0"})
    assert written == '<http://a.example/?p=2>; rel="next", <http://a.example/?p=0>; rel="prev"'
    assert read_link_header(written) == {"next": "http://a.example/?p=2", "prev": "http://a.example/?p=0"}


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("<?page=2>;rel=next", {"next": "?page=2"}),
        ('<?page=2>; title="a, b"; rel="next last"', {"next": "?page=2", "last": "?page=2"}),
        ('<?page=0>; REL="previous"', {"prev": "?page=0"}),
        ('<?page=1>; rel="next", <?page=9>; rel="next"', {"next": "?page=1"}),
        ("<?page=2>", {}),
        ("rel=next", {}),
        ("<" * 50_000, {}),
        ("", {}),
    ],
)
def test_a_link_header_of_another_server_is_read_as_far_as_it_can_be(text: str, links: dict[str, str]) -> None:
    assert read_link_header(text) == links


def test_links_are_found_in_the_body_and_in_the_header() -> None:
    lumen, tarn = LUMEN.listing.paging, TARN.listing.paging
    assert lumen.kind == "page-number"
    assert lumen.links is not None
    assert tarn.kind == "offset"
    assert tarn.links is not None
    body = {"links": {"next": "http://127.0.0.1/?page=2", "prev": None}}
    found = read_links(lumen.links, body, HttpResponse(http_status=200))
    assert (found["next"], found["previous"], found["last"]) == ("http://127.0.0.1/?page=2", None, MISSING)
    response = HttpResponse(http_status=200, headers=(("link", "</calls?skip=20>; rel=next"),))
    assert read_links(tarn.links, [], response)["next"] == "/calls?skip=20"


def test_a_token_is_read_out_of_a_link() -> None:
    assert link_parameter("/api/calls.json?size=2&token=a%2Fb", "token") == "a/b"
    assert link_parameter("/api/calls.json?size=2", "token") is MISSING
    assert link_parameter(None, "token") is MISSING
    assert link_parameter("http://[", "token") is MISSING
