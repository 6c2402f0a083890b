"""Rules on the carriage of requests, against the simulator as it should be and with one breach."""

from __future__ import annotations

import pytest

from harness.check.rules.carriage import carriages
from harness.spec.load import spec_ids
from tests.unit.check.test_rules_values import ran


@pytest.mark.parametrize("api", spec_ids())
def test_a_server_as_documented_breaks_nothing(api: str) -> None:
    assert ran(api, carriages).findings == ()


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
        ("etelecom/list-call-logs", "ET-LCL-005/any-method"),
        ("etelecom/list-call-logs", "ET-LCL-006/any-media-type"),
        ("etelecom/list-call-logs", "ET-LCL-007/any-syntax"),
    ],
)
def test_a_breach_is_found_under_its_clause_alone(api: str, fault: str) -> None:
    assert ran(api, carriages, fault=fault).findings == (fault.partition("/")[0],)


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
    run = ran("ozeki/list-call-history", carriages, dialect={choice: answer})
    assert (run.findings, run.session.knowledge.answers()[choice]) == ((), answer)


@pytest.mark.parametrize("answer", ["exact", "folded"])
def test_without_other_parameters_the_credentials_tell_whether_case_counts(answer: str) -> None:
    run = ran("ozeki/list-active-calls", carriages, dialect={"transport.names": answer})
    assert (run.findings, run.session.knowledge.answers()["transport.names"]) == ((), answer)


@pytest.mark.parametrize("api", spec_ids())
def test_carriages_take_a_modest_number_of_requests(api: str) -> None:
    assert ran(api, carriages).requests <= 25
