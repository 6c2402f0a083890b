"""The OpenAPI side of a spec: a plain document for any tool, and what its schemas say."""

from __future__ import annotations

import json

import pytest
from invented_spec import acmepbx
from tidewater_spec import tidewater

from harness.specification.openapi import openapi_document, request_parameters, response_schemas_at, row_schemas


def test_the_plain_document_has_no_extension_and_is_json() -> None:
    document = openapi_document(acmepbx())
    assert "x-listing" not in json.dumps(document)
    assert document["paths"]["/calls"]["get"]["operationId"] == "listCalls"


def test_the_extension_can_be_kept() -> None:
    document = openapi_document(acmepbx(), extension=True)
    assert document["paths"]["/calls"]["get"]["x-listing"]["language"] == 1


def test_a_base_url_takes_the_place_of_the_servers() -> None:
    document = openapi_document(acmepbx(), base_url="http://127.0.0.1:8080/base")
    assert document["servers"] == [{"url": "http://127.0.0.1:8080/base"}]


def test_changing_the_document_leaves_the_spec_alone() -> None:
    spec = acmepbx()
    openapi_document(spec)["paths"].clear()
    assert "/calls" in spec.openapi["paths"]


def test_parameters_are_found_with_their_schema_and_place() -> None:
    found = {one.name: one for one in request_parameters(acmepbx())}
    assert found["rows"].schema["maximum"] == 500
    assert found["user"].required
    assert found["rows"].place == "query"


@pytest.mark.parametrize(
    ("pointer", "known"), [("/calls", True), ("/calls/0/who", True), ("/total", True), ("/rows", False)]
)
def test_a_pointer_into_an_answer_follows_references(pointer: str, known: bool) -> None:
    assert bool(response_schemas_at(acmepbx(), pointer)) is known


def test_the_schema_of_a_row_is_found() -> None:
    spec = acmepbx()
    (row,) = row_schemas(spec, response_schemas_at(spec, "/calls"))
    assert set(row["properties"]) == set(spec.listing.fields)


def test_an_object_in_brackets_is_a_parameter_for_each_of_its_keys() -> None:
    found = [one for one in request_parameters(tidewater()) if one.name.startswith("seconds")]
    assert [one.name for one in found] == ["seconds[gt]", "seconds[gte]", "seconds[lt]", "seconds[lte]"]
    assert {one.schema["type"] for one in found} == {"integer"}
