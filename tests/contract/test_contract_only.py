"""A run that is asked for some clauses only says of them what a whole run says."""

from __future__ import annotations

import random
import re

import pytest

from harness.check.options import CheckOptions
from harness.check.results.findings import RunReport, Verdict
from harness.check.runner import run_check
from harness.check_target import simulator_identities
from harness.cli.selftest_trials import DirectSender
from harness.serve.authentication import make_key_pair
from harness.serve.faults.catalogue import faults_of, find_faults
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec, spec_ids
from harness.specification.model import ClauseId
from harness.world import World

pytestmark = pytest.mark.usefixtures("few_combinations")


def report_on(api: str, fault: str, *, only: tuple[ClauseId, ...] = (), parts: tuple[str, ...] = ()) -> RunReport:
    spec = load_spec(api)
    world = World.of(seed=7, calls=300)
    key = make_key_pair() if spec.listing.access.jwt is not None else None
    simulator = Simulator(spec, world, faults=find_faults(spec, fault), key=key)
    options = CheckOptions(now=world.instant, target="http://127.0.0.1:0", only=only, parts=parts)
    sender = DirectSender(simulator, world.instant)
    return run_check(spec, sender, simulator_identities(simulator), options)


def parts_of(report: RunReport, clause: str) -> tuple[str, ...]:
    """The part of the run that the replay line of a finding names, if it needs one."""
    lines = [finding.replay for finding in report.findings if finding.clause == clause]
    return tuple(part for line in lines for part in re.findall(r" --part (\S+)", line))


def verdicts(report: RunReport) -> dict[str, tuple[Verdict, str]]:
    return {str(one.id): (one.verdict, str(one.colour)) for one in report.clauses}


def drawn_faults(api: str, *, at_most: int) -> list[str]:
    faults = sorted(fault.id for fault in faults_of(load_spec(api)))
    return random.Random(f"only/{api}").sample(faults, min(at_most, len(faults)))


@pytest.mark.parametrize("api", spec_ids())
def test_a_failing_and_a_passing_clause_alone_have_the_verdict_of_the_whole_run(api: str) -> None:
    fault = drawn_faults(api, at_most=1)[0]
    report = report_on(api, fault)
    whole = verdicts(report)
    failing = [name for name, (verdict, _) in whole.items() if verdict is Verdict.FAIL]
    passing = [name for name, (verdict, _) in whole.items() if verdict is Verdict.PASS]
    for name in (*failing[:1], random.Random(api).choice(passing)):
        alone = report_on(api, fault, only=(ClauseId(name),), parts=parts_of(report, name))
        assert verdicts(alone) == {name: whole[name]}


@pytest.mark.thorough
@pytest.mark.parametrize("api", spec_ids())
def test_each_clause_alone_has_the_verdict_of_the_whole_run(api: str) -> None:
    for fault in drawn_faults(api, at_most=3):
        report = report_on(api, fault)
        whole = verdicts(report)
        for name in whole:
            alone = report_on(api, fault, only=(ClauseId(name),), parts=parts_of(report, name))
            assert verdicts(alone) == {name: whole[name]}, fault
