"""The shipped specs: valid OpenAPI, valid against the grammar, clean for the linter, complete, never renumbered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from invented_spec import ACMEPBX
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from harness.specification.clause_families import load_standard_clauses
from harness.specification.lint.id_lock import load_id_lock
from harness.specification.lint.linter import lint_spec
from harness.specification.load import LISTING_EXTENSION, Spec, load_spec, spec_ids, specs_directory
from harness.specification.openapi import openapi_document

COUNTS = {
    "ozeki/list-call-history": 53,
    "ozeki/list-active-calls": 29,
    "voximplant/get-call-history": 74,
    "enswitch/calls-active-list": 85,
    "etelecom/list-call-logs": 70,
    "plivo/list-calls": 50,
    "plivo/list-live-calls": 21,
    "asterisk-cdr-api/list-calls": 41,
    "telnyx/list-detail-records": 33,
    "twilio/list-calls": 66,
}
DOCUMENTS = Path(__file__).resolve().parents[4] / "shared" / "api-docs"
EVERY = (*spec_ids(), str(ACMEPBX))


def extension_of(spec: Spec) -> object:
    return openapi_document(spec, extension=True)["paths"][spec.path][spec.method.lower()][LISTING_EXTENSION]


def test_the_shipped_apis_are_there() -> None:
    assert set(spec_ids()) >= set(COUNTS)


@pytest.mark.parametrize("name", EVERY)
def test_a_spec_is_valid_openapi(name: str) -> None:
    spec = load_spec(name)
    for extension in (True, False):
        errors = list(OpenAPIV31SpecValidator(openapi_document(spec, extension=extension)).iter_errors())
        assert errors == []


@pytest.mark.parametrize("name", EVERY)
def test_a_spec_is_valid_against_the_published_grammar(name: str) -> None:
    schema = json.loads((specs_directory() / "listing.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    errors = [error.message for error in Draft202012Validator(schema).iter_errors(extension_of(load_spec(name)))]
    assert errors == []


def test_the_grammar_refuses_a_key_that_means_nothing() -> None:
    schema = json.loads((specs_directory() / "listing.schema.json").read_text(encoding="utf-8"))
    broken = extension_of(load_spec(ACMEPBX))
    assert isinstance(broken, dict)
    broken["filter"] = {}
    assert not Draft202012Validator(schema).is_valid(broken)


@pytest.mark.parametrize("name", spec_ids())
def test_a_spec_is_clean(name: str) -> None:
    result = lint_spec(load_spec(name), documents=DOCUMENTS, lock=load_id_lock())
    assert result.clean, "\n".join(map(str, result.findings))


@pytest.mark.parametrize("name", COUNTS)
def test_a_spec_has_every_requirement_as_a_clause(name: str) -> None:
    counts = lint_spec(load_spec(name)).counts
    assert counts.clauses - counts.shared == COUNTS[name]
    assert counts.carried + counts.checked + counts.excluded == COUNTS[name]


def test_every_standard_clause_is_locked() -> None:
    locked = {name for name, entry in load_id_lock().items() if entry.spec == "standard"}
    assert locked == set(load_standard_clauses().clauses)


def test_every_locked_id_belongs_to_a_spec_that_is_there() -> None:
    assert {entry.spec for entry in load_id_lock().values()} <= {*spec_ids(), "standard"}
