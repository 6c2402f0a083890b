"""Rules on the carriage of requests, against the simulator as it should be and with one breach."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scripted_polls import LIVE, Script, call, live, run, verdict
from simulated_rules import ran
from simulated_runs import meeting

from harness.check.results.findings import Verdict
from harness.check.rules.transport.request_encoding import check_request_encoding
from harness.serve.faults.base import Fault
from harness.serve.faults.hooks import Hooks
from harness.specification.load import spec_ids
from harness.specification.model import ClauseId
from harness.wire.http_messages import HttpRequest


@pytest.mark.parametrize("api", spec_ids())
def test_a_server_as_documented_breaks_nothing(api: str) -> None:
    assert ran(api, check_request_encoding).findings == ()


def test_parameters_that_go_by_their_places_are_found() -> None:
    def by_place(request: HttpRequest) -> HttpRequest:
        return request if request.query.startswith(b"command=") else replace(request, target=request.path)

    hooks = Hooks(request=by_place)
    fault = Fault(clause=ClauseId("NONE"), name="made-up", description="a test's own", hooks=hooks)
    context, mirror = meeting("ozeki/list-active-calls", fault)
    check_request_encoding(context, mirror)
    assert "OZ-LAC-001" in [finding.clause for finding in context.results.findings()]


# What a breach breaks besides: the field cmd is not understood in a multipart body either.
BESIDES = {"VX-GCH-012/multipart-not-understood": ("VX-GCH-011",)}


@pytest.mark.parametrize(
    ("api", "fault"),
    [
        ("ozeki/list-call-history", "OZ-LCH-002/post-form-not-understood"),
        ("ozeki/list-call-history", "OZ-LCH-020/any-operation"),
        ("ozeki/list-call-history", "OZ-LCH-020/unknown-operation-code"),
        ("enswitch/calls-active-list", "EN-CAL-003/ampersand-not-understood"),
        ("enswitch/calls-active-list", "EN-CAL-004/post-form-not-understood"),
        ("enswitch/calls-active-list", "EN-CAL-005/no-slash-not-understood"),
        ("voximplant/get-call-history", "VX-GCH-012/multipart-not-understood"),
        ("voximplant/get-call-history", "VX-GCH-011/cmd-form-not-understood"),
        ("voximplant/get-call-history", "VX-GCH-064/any-operation"),
        ("voximplant/get-call-history", "VX-GCH-019/call_session_history_id-semicolon-ends"),
        ("etelecom/list-call-logs", "ET-LCL-005/any-method"),
        ("etelecom/list-call-logs", "ET-LCL-006/any-media-type"),
        ("etelecom/list-call-logs", "ET-LCL-007/any-syntax"),
    ],
)
def test_a_breach_is_found_under_what_it_breaks_alone(api: str, fault: str) -> None:
    clauses = {fault.partition("/")[0], *BESIDES.get(fault, ())}
    assert set(ran(api, check_request_encoding, fault=fault).findings) == clauses


@pytest.mark.parametrize(
    ("choice", "answer"),
    [
        ("transport.names", "exact"),
        ("transport.names", "folded"),
        ("transport.unknown-parameters", "refused"),
        ("transport.repeated-parameters", "last"),
        ("transport.repeated-parameters", "refused"),
    ],
)
def test_what_the_document_leaves_open_is_learnt(choice: str, answer: str) -> None:
    run = ran("ozeki/list-call-history", check_request_encoding, dialect={choice: answer})
    assert (run.findings, run.session.dialect.certain_answers()[choice]) == ((), answer)


@pytest.mark.parametrize("answer", ["exact", "folded"])
def test_without_other_parameters_the_credentials_tell_whether_case_counts(answer: str) -> None:
    run = ran("ozeki/list-active-calls", check_request_encoding, dialect={"transport.names": answer})
    assert (run.findings, run.session.dialect.certain_answers()["transport.names"]) == ((), answer)


@pytest.mark.parametrize("api", spec_ids())
def test_carriages_take_a_modest_number_of_requests(api: str) -> None:
    assert ran(api, check_request_encoding).requests <= 25


# --- text that is written twice -----------------------------------------------------------------------------


def of_names(*names: str) -> Verdict:
    """How a list with calls by these is judged."""
    rows = [call(f"a{number}").replace("<CallerId>1<", f"<CallerId>{name}<") for number, name in enumerate(names)]
    return verdict(run(LIVE, Script([live(*rows)]), check_request_encoding), "TEXT-ONCE")


def twice(text: str) -> str:
    return text.encode().decode("latin-1").replace("&", "&amp;").replace("<", "&lt;")


def test_names_that_are_encoded_twice_are_found() -> None:
    assert of_names(twice("Jürgen"), twice("Łódź"), "Bob") is Verdict.FAIL


def test_names_that_are_escaped_twice_are_found() -> None:
    assert of_names("Smith &amp;amp; Sons", "&amp;lt;Sales&amp;gt;") is Verdict.FAIL


def test_one_odd_name_is_what_somebody_typed() -> None:
    assert of_names(twice("Jürgen"), "Bob") is not Verdict.FAIL
    assert of_names("Smith &amp;amp; Sons", "Bob") is not Verdict.FAIL


def test_odd_names_beside_right_ones_are_what_somebody_typed() -> None:
    assert of_names(twice("Jürgen"), twice("Łódź"), "Zoë") is Verdict.PASS
    assert of_names("Smith &amp;amp; Sons", "&amp;lt;Sales&amp;gt;", "A &amp; B") is Verdict.PASS


def test_names_of_plain_letters_prove_nothing() -> None:
    assert of_names("Ann", "Bob") is Verdict.NOT_EXERCISED
