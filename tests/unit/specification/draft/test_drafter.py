"""A draft from an OpenAPI document: what is stated is taken, what is guessed is marked, and lint is content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from foreign_openapi import brassphone

from harness.errors import UsageError
from harness.specification.draft.drafter import Draft, draft_spec
from harness.specification.draft.openapi_source import read_openapi_source
from harness.specification.field_path import FieldPath
from harness.specification.lint.linter import lint_source_file
from harness.specification.load import Spec, build_spec
from harness.specification.model import CursorPaging, OffsetPaging, PageNumberPaging
from harness.specification.yaml_source import parse_source_text


def drafted(folder: Path, document: dict[str, Any], *, path: str = "/calls") -> Draft:
    file = folder / "brassphone.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return draft_spec(read_openapi_source(file, operation_path=path, method=None))


def spec_of(draft: Draft) -> Spec:
    return build_spec(parse_source_text(draft.text, name="draft.yaml"), spec_id="brassphone/list-calls")


def findings(draft: Draft) -> list[str]:
    return [str(one) for one in lint_source_file(parse_source_text(draft.text, name="draft.yaml")).findings]


def test_the_draft_lints_clean(tmp_path: Path) -> None:
    assert findings(drafted(tmp_path, brassphone())) == []


def test_fields_show_what_their_names_say(tmp_path: Path) -> None:
    fields = spec_of(drafted(tmp_path, brassphone())).listing.fields
    told = {name: (field.shows, field.as_, field.optional) for name, field in fields.items() if "." not in name}
    assert told == {
        "id": ("call_code", "text", False),
        "started_at": ("started_at", "rfc3339", False),
        "answered_at": ("answered_at", "rfc3339", True),
        "direction": ("direction", "word", False),
        "from": ("source", "text", True),
        "to": ("destination", "text", True),
        "duration": ("duration_seconds", "integer", True),
        "mood": (None, "text", True),
        "parent": (None, "object", True),
    }
    assert dict(fields["direction"].words) == {
        "inbound": "in",
        "outbound": "out",
        "internal": "out",
        "transit": "out",
    }
    assert fields["direction"].more_words == ("loop",)
    assert (fields["answered_at"].absent, fields["parent.id"].shows) == ("none", "parent_call_code")


def test_parameters_do_what_their_names_say(tmp_path: Path) -> None:
    listing = spec_of(drafted(tmp_path, brassphone())).listing
    assert {name: (str(rule.compares[0]), rule.keeps) for name, rule in listing.filters.items()} == {
        "filter[direction]": ("direction", "equal"),
        "filter[caller]": ("from", "contains"),
        "started_from": ("started_at", "at-or-after"),
        "min_duration": ("duration", "at-least"),
    }
    assert isinstance(listing.paging, OffsetPaging)
    assert (listing.parameters["limit"].most, listing.parameters["limit"].default) == (100, 25)
    assert listing.order is not None
    assert listing.order.sort is not None
    assert (dict(listing.order.sort.words), listing.order.sort.signed) == (
        {"started_at": FieldPath.of("started_at")},
        True,
    )
    assert list(listing.transport.tolerated) == ["flavour"]


def test_the_answer_tells_its_rows_total_echo_and_errors(tmp_path: Path) -> None:
    spec = spec_of(drafted(tmp_path, brassphone()))
    assert spec.listing.lists.rows_at == "/data"
    assert spec.listing.total is not None
    assert spec.listing.total.at == "/meta/total"
    assert [(echo.at, echo.of) for echo in spec.listing.echoes] == [("/meta/limit", "limit")]
    assert (spec.listing.outcome.error.code_at, spec.listing.outcome.error.message_at) == ("/code", "/message")
    assert spec.openapi["servers"] == [{"url": "http://127.0.0.1:8080/v2"}]


def test_what_is_missing_is_listed(tmp_path: Path) -> None:
    assert drafted(tmp_path, brassphone()).missing == (
        "fields.mood: which attribute it shows; until then the simulator leaves it out",
        "fields.parent: which attributes its parts started_at, answered_at, direction, from, to, duration, mood, "
        "parent show",
        "order.sort: the field that the word cost of sort means",
        "parameters.flavour: what it does",
        "parameters.X-Trace: it stands in the header",
    )


def test_every_guess_is_marked_above_what_is_guessed(tmp_path: Path) -> None:
    lines = [line.strip() for line in drafted(tmp_path, brassphone()).text.splitlines()]
    place = lines.index("# GUESS: what does mood show? It says: How it went")
    assert lines[place + 1] == "mood: {optional: true, absent: none}"


def test_json_and_yaml_of_both_versions_give_the_same_draft(tmp_path: Path) -> None:
    newer = brassphone()
    newer["openapi"] = "3.1.0"
    answered = newer["components"]["schemas"]["Call"]["allOf"][1]["properties"]["answered_at"]
    del answered["nullable"]
    answered["type"] = ["string", "null"]
    (tmp_path / "brassphone.yaml").write_text(yaml.safe_dump(newer, sort_keys=False), encoding="utf-8")
    source = read_openapi_source(tmp_path / "brassphone.yaml", operation_path="/calls", method="GET")
    older = drafted(tmp_path, brassphone())
    assert spec_of(draft_spec(source)).listing.fields == spec_of(older).listing.fields


def test_a_list_as_the_whole_body_and_a_document_without_security_are_drafted(tmp_path: Path) -> None:
    document = brassphone()
    document["components"]["schemas"]["Page"] = {"type": "array", "items": {"$ref": "#/components/schemas/Call"}}
    del document["security"], document["components"]["securitySchemes"]
    draft = drafted(tmp_path, document)
    assert spec_of(draft).listing.lists.rows_at == ""
    assert any(one.startswith("access: ") for one in draft.missing)
    assert findings(draft) == []


# --- what the words of the language are guessed for -----------------------------------------------------------


def with_access(*schemes: dict[str, Any], together: bool = False) -> dict[str, Any]:
    document = brassphone()
    named = {f"way{number}": scheme for number, scheme in enumerate(schemes)}
    document["components"]["securitySchemes"] = named
    document["security"] = [{name: [] for name in named}] if together else [{name: []} for name in named]
    return document


KEY = {"type": "apiKey", "in": "header", "name": "X-Brass-Key"}
BASIC = {"type": "http", "scheme": "basic"}


def test_a_key_and_a_pair_are_ways_in(tmp_path: Path) -> None:
    draft = drafted(tmp_path, with_access(KEY, BASIC))
    access = spec_of(draft).listing.access
    assert access.key is not None
    assert (access.kind, access.key.place, access.key.name) == ("key", "header", "X-Brass-Key")
    assert [(way.kind, way.user, way.password) for way in access.also] == [("basic", "user-2", "password-2")]
    assert findings(draft) == []


def test_of_schemes_that_are_due_together_the_first_is_drafted_and_the_rest_told(tmp_path: Path) -> None:
    draft = drafted(tmp_path, with_access(BASIC, KEY, together=True))
    access = spec_of(draft).listing.access
    assert (access.kind, access.user, access.also) == ("basic", "user", ())
    assert "access: the document asks for several schemes at once; only the first is drafted" in draft.missing
    assert findings(draft) == []


def test_a_key_in_the_query_is_no_parameter(tmp_path: Path) -> None:
    document = with_access({"type": "apiKey", "in": "query", "name": "api_key"})
    document["paths"]["/calls"]["get"]["parameters"].append(
        {"name": "api_key", "in": "query", "schema": {"type": "string"}}
    )
    draft = drafted(tmp_path, document)
    assert "api_key" not in spec_of(draft).listing.parameters
    assert findings(draft) == []


def test_an_account_in_the_path_is_bound_and_repeated(tmp_path: Path) -> None:
    document = with_access(KEY)
    document["paths"]["/accounts/{accountId}/calls"] = document["paths"].pop("/calls")
    document["components"]["schemas"]["Call"]["allOf"][1]["properties"]["account_id"] = {"type": "string"}
    draft = drafted(tmp_path, document, path="/accounts/{accountId}/calls")
    listing = spec_of(draft).listing
    bound, repeats = listing.parameters["accountId"].bound_to, listing.fields["account_id"].repeats
    assert bound is not None
    assert repeats is not None
    assert (bound.credential, repeats.credential, listing.access.accounts) == (
        "accountId",
        "accountId",
        ("accountId",),
    )
    assert "foreign" in listing.outcome.faults
    assert findings(draft) == []


def with_fields(**fields: Any) -> dict[str, Any]:
    document = brassphone()
    document["components"]["schemas"]["Call"]["allOf"][1]["properties"].update(fields)
    return document


def test_ids_have_the_form_of_their_pattern_and_their_parent_has_it_too(tmp_path: Path) -> None:
    document = with_fields(parent_call_id={"type": "string", "nullable": True})
    document["components"]["schemas"]["Base"]["properties"]["id"]["pattern"] = "^BC[0-9a-f]{32}$"
    del document["components"]["schemas"]["Call"]["allOf"][1]["properties"]["parent"]
    fields = spec_of(drafted(tmp_path, document)).listing.fields
    for name, shows in (("id", "call_id"), ("parent_call_id", "parent_call_id")):
        assert (fields[name].shows, str(fields[name].form)) == (shows, str(fields["id"].form))
        assert "prefix='BC', digits=32" in str(fields[name].form)


def test_objects_prices_as_text_and_seconds_as_text_are_drafted(tmp_path: Path) -> None:
    number = {"type": "object", "properties": {"number": {"type": "string"}, "shoe": {"type": "string"}}}
    text = {"type": "string", "description": "in seconds"}
    draft = drafted(
        tmp_path,
        with_fields(
            **{"from": number, "duration": text, "price": {"type": "string", "example": "-0.01900"}},
            currency={"type": "string"},
        ),
    )
    fields = spec_of(draft).listing.fields
    assert (fields["from"].as_, fields["from.number"].shows, fields["from.shoe"].optional) == (
        "object",
        "source",
        True,
    )
    assert (fields["price"].shows, fields["price"].as_, fields["price"].digits) == ("price", "decimal-text", 5)
    assert (fields["currency"].shows, fields["duration"].as_) == ("price_unit", "digits")
    assert "fields.from: which attributes its parts shoe show" in draft.missing
    assert findings(draft) == []


def test_a_token_and_links_are_paging(tmp_path: Path) -> None:
    document = brassphone()
    document["paths"]["/calls"]["get"]["parameters"][0] = {
        "name": "page_token", "in": "query", "schema": {"type": "string"},
    }  # fmt: skip
    link = {"type": "string", "nullable": True}
    document["components"]["schemas"]["Page"]["properties"].update(
        next_page_token=link, links={"type": "object", "properties": {"next": link, "self": {"type": "string"}}}
    )
    draft = drafted(tmp_path, document)
    paging = spec_of(draft).listing.paging
    assert isinstance(paging, CursorPaging)
    assert (paging.after, paging.next_at, paging.next_on_last) == ("page_token", "/next_page_token", "empty")
    assert paging.links is not None
    assert paging.links.next is not None
    assert (paging.links.next.at, paging.links.absent, paging.links.previous) == ("/links/next", "none", None)
    assert findings(draft) == []


def test_a_link_back_is_followed_by_the_only_cursor(tmp_path: Path) -> None:
    document = brassphone()
    document["paths"]["/calls"]["get"]["parameters"][0] = {
        "name": "cursor",
        "in": "query",
        "schema": {"type": "string"},
    }
    link = {"type": "string", "format": "uri", "nullable": True}
    document["components"]["schemas"]["Page"]["properties"].update(next=link, previous=link)
    draft = drafted(tmp_path, document)
    paging = spec_of(draft).listing.paging
    assert isinstance(paging, CursorPaging)
    assert (paging.before, paging.prev_goes_into) == (None, "after")
    assert findings(draft) == []


def with_parameters(*parameters: dict[str, Any]) -> dict[str, Any]:
    document = brassphone()
    document["paths"]["/calls"]["get"]["parameters"] += [{"in": "query", **one} for one in parameters]
    return document


def test_operators_in_names_are_comparisons(tmp_path: Path) -> None:
    time = {"type": "string", "format": "date-time"}
    text = {"type": "string"}
    listing = spec_of(
        drafted(
            tmp_path,
            with_parameters(
                {"name": "started_at", "style": "deepObject", "schema": {"properties": {"gte": time, "lt": time}}},
                {"name": "direction[in]", "schema": text},
                {"name": "to__ne", "schema": text},
                {"name": "duration[gt]", "schema": {"type": "integer"}},
                {"name": "from", "schema": {"type": "array", "items": text}},
                {"name": "until", "description": "a date", "schema": {"type": "string", "format": "date"}},
            ),
        )
    ).listing
    assert {name: (rule.keeps, listing.parameters[name].as_) for name, rule in listing.filters.items()} == {
        "filter[direction]": ("equal", "word"),
        "filter[caller]": ("contains", "text"),
        "started_from": ("at-or-after", "rfc3339"),
        "min_duration": ("at-least", "integer"),
        "started_at[gte]": ("at-or-after", "rfc3339"),
        "started_at[lt]": ("below", "rfc3339"),
        "direction[in]": ("equal", "list"),
        "to__ne": ("not-equal", "text"),
        "duration[gt]": ("above", "integer"),
        "from": ("equal", "text"),
        "until": ("at-or-before", "calendar-day"),
    }
    assert listing.filters["started_at[gte]"].boundary == "inclusive"
    assert listing.parameters["from"].repeated == "any"


def test_a_count_beside_a_total_is_that_of_the_answer(tmp_path: Path) -> None:
    document = brassphone()
    meta = document["components"]["schemas"]["Page"]["properties"]["meta"]
    meta["properties"] = {"count": {"type": "integer"}, **meta["properties"]}
    listing = spec_of(drafted(tmp_path, document)).listing
    assert listing.total is not None
    assert listing.returned is not None
    assert (listing.total.at, listing.returned.at) == ("/meta/total", "/meta/count")


def test_a_number_of_pages_is_theirs(tmp_path: Path) -> None:
    document = brassphone()
    document["components"]["schemas"]["Page"]["properties"]["meta"]["properties"]["total_pages"] = {"type": "integer"}
    document["paths"]["/calls"]["get"]["parameters"][0] = {
        "name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1},
    }  # fmt: skip
    draft = drafted(tmp_path, document)
    paging = spec_of(draft).listing.paging
    assert isinstance(paging, PageNumberPaging)
    assert paging.page_count is not None
    assert paging.page_count.at == "/meta/total_pages"
    assert findings(draft) == []


def test_words_without_one_for_an_answered_call_are_not_guessed(tmp_path: Path) -> None:
    fields = spec_of(
        drafted(
            tmp_path,
            with_fields(
                status={"type": "string", "enum": ["Busy", "No Answer", "Odd"]},
                result={"type": "string", "enum": ["Busy", "No Answer", "Call connected"]},
            ),
        )
    ).listing.fields
    assert (fields["status"].shows, fields["result"].shows) == (None, "disposition")
    assert fields["result"].words["answered"] == "Call connected"


def test_an_error_without_a_code_is_told_by_its_status(tmp_path: Path) -> None:
    document = brassphone()
    document["components"]["schemas"]["Problem"]["properties"] = {"message": {"type": "string"}}
    draft = drafted(tmp_path, document)
    assert spec_of(draft).listing.outcome.error.code_at is None
    assert "outcome.error: where an error tells its code; the HTTP status alone tells it" in draft.missing
    assert findings(draft) == []


def test_the_codes_of_errors_are_the_words_of_the_document(tmp_path: Path) -> None:
    document = brassphone()
    code = {"type": "string", "enum": ["invalid_parameter", "unauthorized"]}
    document["components"]["schemas"]["Problem"]["properties"].update(code=code, param={"type": "string"})
    outcome = spec_of(drafted(tmp_path, document)).listing.outcome
    assert {name: fault.code for name, fault in outcome.faults.items()} == {
        "unauthenticated": "unauthorized",
        "invalid": "invalid_parameter",
    }
    assert outcome.error.key_at == "/param"


def test_an_order_that_is_told_in_words_is_no_guess(tmp_path: Path) -> None:
    document = brassphone()
    document["paths"]["/calls"]["get"]["summary"] = "Lists the calls, newest first."
    order = spec_of(drafted(tmp_path, document)).listing.order
    assert order is not None
    assert (order.direction, str(order.by)) == ("descending", "started_at")


# --- documents that mean harm -------------------------------------------------------------------------------

LOOP = {"$ref": "#/components/schemas/Loop"}


def with_schema(schema: Any) -> dict[str, Any]:
    document = brassphone()
    document["components"]["schemas"]["Call"] = schema
    document["components"]["schemas"]["Loop"] = {
        "allOf": [LOOP, LOOP],
        "anyOf": [LOOP, LOOP],
        "properties": {"id": LOOP},
    }
    return document


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [LOOP, LOOP, {"properties": {"id": {"type": "string"}}}]},
        {"properties": {"id": {"type": "string", "enum": [[], {}, None]}, "x": 7, "y": ["a"], "z": {"$ref": 5}}},
        {"properties": {"id": {"type": ["string", 3]}, "legs[].id": {}, "hidden.x": {}, "": {}, "a" * 3000: {}}},
        {"properties": {"id": {}, "yes": {}, "12:30": {}, "\u2028\x1b[2J": {"description": "\ud800\x00"}, "#": {}}},
        {"properties": {"id": {"minimum": "x", "maximum": 1e300, "example": 10**40, "description": {"a": 1}}}},
        {"properties": {f"field{number}": {"type": "string"} for number in range(5000)}},
        {"required": "id", "properties": {"id": {"oneOf": [{"type": "null"}, {"type": "integer"}]}}},
    ],
)  # fmt: skip
def test_an_odd_schema_of_a_row_still_gives_a_draft_that_loads(tmp_path: Path, schema: Any) -> None:
    assert findings(drafted(tmp_path, with_schema(schema))) == []


def test_an_identity_that_holds_itself_is_told_of_the_draft(tmp_path: Path) -> None:
    (found,) = findings(drafted(tmp_path, with_schema(LOOP)))
    assert "expected  a value of the type object, as the schema of a row says\n  actual    string" in found


@pytest.mark.parametrize(
    "parameters",
    [
        7,
        [None, 3, "x", {"$ref": "#/nowhere"}, {"$ref": "other.yaml#/x"}, {"name": 5, "in": ["query"]}],
        [{"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": -5, "default": "many"}}],
        [{"name": "a: b\n# c", "in": "query", "example": 1, "schema": {"type": "string", "default": "{x}"}}],
        [{"name": f"p{number}", "in": "query"} for number in range(3000)],
        [{"name": name, "in": "query", "schema": {"type": "integer"}} for name in ("page", "size")],
    ],
)  # fmt: skip
def test_odd_parameters_still_give_a_draft_that_loads(tmp_path: Path, parameters: Any) -> None:
    document = brassphone()
    document["paths"]["/calls"]["get"]["parameters"] = parameters
    assert findings(drafted(tmp_path, document)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "well-formed JSON or YAML"),
        ("[]", "no mapping"),
        ("a: &a [*a]", "no key openapi"),
        ("[" * 100_000, "well-formed JSON or YAML"),
        ('{"a":' * 100_000, "well-formed JSON or YAML"),
        ('{"swagger": "2.0", "paths": {}}', "Swagger 2.0"),
        ("openapi: 2.9", "openapi: 2.9"),
        ("openapi: 3.0.0", "it has none"),
        ("openapi: 3.0.0\npaths: {/calls: {get: {}}}", "an array of objects"),
        ("openapi: 3.0.0\npaths: {/calls: {get: {responses: [1]}}}", "an array of objects"),
        ("openapi: 3.0.0\npaths: {/call: {get: {}}}", "did you mean /call?"),
        ("openapi: 3.0.0\npaths: {/calls: {put: {}}}", "it has none"),
        ("openapi: 3.0.0\npaths: 5", "it has none"),
    ],
)
def test_a_document_that_gives_no_draft_is_refused_in_one_message(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "odd.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        draft_spec(read_openapi_source(tmp_path / "odd.yaml", operation_path="/calls", method=None))
    assert expected in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_bytes_that_are_no_text_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").write_bytes(b"\xff\xfe\x00")
    for name in ("odd.yaml", "none.yaml", "."):
        with pytest.raises(UsageError):
            read_openapi_source(tmp_path / name, operation_path="/calls", method=None)
