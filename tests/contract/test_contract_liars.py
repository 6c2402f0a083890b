"""Every breakable kind of promise has a liar, and the liar is caught under its clause."""

from __future__ import annotations

import re

import pytest

from harness.cli.selftest import Trial, run_trial
from harness.serve.faults import faults_of
from harness.spec.load import load_spec, spec_ids


def kind_of(fault_id: str, parameters: frozenset[str]) -> str:
    """The kind of a breach: its name without the parameter or field it is about."""
    name = fault_id.partition("/")[2]
    for parameter in sorted(parameters, key=len, reverse=True):
        name = name.replace(parameter, "")
    return re.sub(r"[0-9]+$", "", name).strip("-")


def one_of_each_kind() -> list[tuple[str, str]]:
    """One fault of each kind, over all APIs."""
    chosen: list[tuple[str, str]] = []
    seen: set[str] = set()
    for api in spec_ids():
        spec = load_spec(api)
        names = frozenset((*spec.listing.parameters, *spec.listing.fields))
        for fault in faults_of(spec):
            kind = kind_of(fault.id, names)
            if kind not in seen:
                seen.add(kind)
                chosen.append((api, fault.id))
    return chosen


def every_fault() -> list[tuple[str, str]]:
    return [(api, fault.id) for api in spec_ids() for fault in faults_of(load_spec(api))]


def test_there_are_liars_enough() -> None:
    assert len(every_fault()) >= 200
    assert len(one_of_each_kind()) >= 60


@pytest.mark.parametrize(("api", "fault"), one_of_each_kind())
def test_a_liar_is_caught_under_its_clause(api: str, fault: str) -> None:
    result = run_trial(Trial(api=api, fault=fault, calls=400))
    assert fault.partition("/")[0] in result.clauses, result.messages


@pytest.mark.thorough
@pytest.mark.parametrize(("api", "fault"), every_fault())
def test_every_liar_is_caught(api: str, fault: str) -> None:
    assert run_trial(Trial(api=api, fault=fault)).clauses
