"""The documents' own payloads are read, found right, and written back as an equal document."""

from __future__ import annotations

import json
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from harness.specification.dialect import Dialect
from harness.specification.load import load_spec
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import tree_at
from harness.wire.response_codec import decode_response, encode_response, is_xml, success_tree
from harness.wire.row_codec import decode_row, encode_row
from harness.wire.xml_body import canonical_xml
from tests.contract import documents

UTC = ZoneInfo("UTC")
PAYLOADS = [
    ("ozeki/list-call-history", documents.HISTORY),
    ("ozeki/list-active-calls", documents.ACTIVE),
    ("voximplant/get-call-history", documents.SESSIONS),
    ("enswitch/calls-active-list", documents.LEGS),
    ("etelecom/list-call-logs", documents.LOGS),
]


@pytest.mark.parametrize(("api", "body"), PAYLOADS)
def test_a_documents_payload_is_read_without_a_flaw(api: str, body: bytes) -> None:
    listing = load_spec(api).listing
    answer = decode_response(listing, HttpResponse(http_status=200, body=body))
    assert (answer.outcome, answer.problems) == ("success", ())
    assert answer.rows
    for tree in answer.rows:
        decoded = decode_row(listing.fields, cast("dict[str, Tree]", tree), zone=UTC, text_carried=is_xml(listing))
        assert decoded.problems == ()


@pytest.mark.parametrize(("api", "body"), PAYLOADS)
def test_a_documents_payload_is_written_back_as_it_was(api: str, body: bytes) -> None:
    listing = load_spec(api).listing
    text = is_xml(listing)
    answer = decode_response(listing, HttpResponse(http_status=200, body=body))
    rows = []
    for tree in answer.rows or ():
        shown = decode_row(listing.fields, cast("dict[str, Tree]", tree), zone=UTC, text_carried=text).values
        given = set(cast("dict[str, Tree]", tree))
        rows.append(
            encode_row(
                listing.fields,
                shown,
                zone=UTC,
                choices=Dialect(),
                text_carried=text,
                without=frozenset(listing.fields) - given,
            )
        )
    echoes = {echo.at: cast(Tree, tree_at(answer.tree, echo.at)) for echo in listing.echoes}  # type: ignore[arg-type]
    tree, _ = success_tree(
        listing,
        choices=Dialect(),
        rows=cast("list[Tree]", rows),
        total=int(str(answer.total)) if listing.total else None,
        returned=int(str(answer.returned)) if listing.returned else None,
        next=str(answer.next_cursor),
        prev=str(answer.previous_cursor),
        echoes=echoes,
        zone_name="Etc/GMT",
    )
    _, written = encode_response(listing, tree)
    if text:
        assert canonical_xml(written) == canonical_xml(body)
    else:
        assert json.loads(written) == json.loads(body)
