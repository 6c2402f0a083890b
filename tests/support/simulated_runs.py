"""Runs of the checker against a simulator in this process, honest or with a fault made up by a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from harness.check.context import CheckContext
from harness.check.credentials import identities_of_users
from harness.check.options import CheckOptions
from harness.check.probe.mirror import Mirror, read_mirror
from harness.check.runner import make_context, run_check
from harness.cli.selftest_trials import DirectSender
from harness.serve.authentication import make_key_pair
from harness.serve.faults.base import Fault
from harness.serve.faults.hooks import Hooks
from harness.serve.query.parameters import ParsedParameters
from harness.serve.query.query_builder import AnswerPlan
from harness.serve.query.table import Query
from harness.serve.simulator import Simulator
from harness.specification.load import Spec, load_spec
from harness.specification.model import ClauseId
from harness.wire.request_codec import RefusedRequest
from harness.world import World

Bent = Callable[[AnswerPlan, ParsedParameters], AnswerPlan]


def liar(bend: Bent) -> Fault:
    """A fault that bends the plan of some requests."""

    def plan(made: AnswerPlan | RefusedRequest, given: ParsedParameters) -> AnswerPlan | RefusedRequest:
        return made if isinstance(made, RefusedRequest) else bend(made, given)

    return Fault(clause=ClauseId("NONE"), name="made-up", description="a test's own", hooks=Hooks(plan=plan))


def on_query(bend: Callable[[Query, ParsedParameters], Query]) -> Fault:
    return liar(lambda plan, given: plan._replace(query=bend(plan.query, given)))


def meeting(api: str, *faults: Fault, calls: int = 400, seed: int = 1) -> tuple[CheckContext, Mirror]:
    """A session with a simulator, and its mirror."""
    spec = load_spec(api)
    world = World.of(seed=7, calls=calls)
    key = make_key_pair() if spec.listing.access.jwt is not None else None
    simulator = Simulator(spec, world, faults=faults, key=key)
    options = CheckOptions(now=world.instant, target="http://127.0.0.1:0", seed=seed)
    session = make_context(
        spec,
        DirectSender(simulator, world.instant),
        identities_of_users(simulator.users, spec.listing),
        options,
    )
    mirror = Mirror()
    read_mirror(session, mirror, now=world.instant)
    return session, mirror


def found(api: str | Spec, *faults: Fault) -> Sequence[Any]:
    """What a whole run finds."""
    spec = load_spec(api) if isinstance(api, str) else api
    world = World.of(seed=7, calls=400)
    key = make_key_pair() if spec.listing.access.jwt is not None else None
    simulator = Simulator(spec, world, faults=faults, key=key)
    options = CheckOptions(now=world.instant, target=f"http://127.0.0.1:0{simulator.base_path}")
    identities = identities_of_users(simulator.users, spec.listing)
    return run_check(spec, DirectSender(simulator, world.instant), identities, options).findings
