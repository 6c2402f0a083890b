"""One reading of a target: every request of a check, and the report on it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from harness.check.credentials import ClientIdentity
    from harness.check.results.findings import RunReport
    from harness.specification.load import Spec

SIMULATOR_TARGET: Final = "sim:"
MAX_REQUESTS: Final = 500


def read_target(
    spec: Spec, *, target: str, credentials: Sequence[tuple[str, str]], gate: str, seed: int
) -> RunReport:
    """Check the target once. Raises HarnessError where no verdict can exist."""
    from harness.check.client.budget import Budget, RateLimitedClient
    from harness.check.client.client import HttpClient
    from harness.check.context import ClientIdentity as Asking
    from harness.check.credentials import ClientIdentity, gather_identities, secrets_of, with_fresh_token
    from harness.check.options import CheckOptions
    from harness.check.results.findings import Gate, RunEnded
    from harness.check.runner import run_check
    from harness.errors import HarnessError
    from harness.serve.http.application import wall_clock

    simulated = target == SIMULATOR_TARGET
    identities = gather_identities(spec, options=credentials, environment={} if simulated else os.environ)
    access = spec.listing.access
    with ExitStack() as stack:
        base = target
        if simulated:
            base, known = _start_simulator(spec, stack)
            identities = identities or known
        identities = identities or (ClientIdentity(name="default", credentials={}),)
        secrets = secrets_of(identities, access)
        fresh = [with_fresh_token(identity, access=access, clock=wall_clock) for identity in identities]
        transport = stack.enter_context(HttpClient(base))
        options = CheckOptions(
            now=wall_clock(),
            target=SIMULATOR_TARGET if simulated else transport.target.url,
            seed=seed,
            gate=Gate(gate),
            evidence="full" if simulated or transport.target.is_loopback else "masked",
            secrets=secrets,
        )
        asking = [
            Asking(name=one.name, credentials=one.credentials, role=one.role, customer=one.customer) for one in fresh
        ]
        client = RateLimitedClient(transport, Budget(max_requests=MAX_REQUESTS))
        for event in run_check(spec, client, asking, options):
            if isinstance(event, RunEnded):
                return event.report
    raise HarnessError("the checker stopped without a report")


def _start_simulator(spec: Spec, stack: ExitStack) -> tuple[str, tuple[ClientIdentity, ...]]:
    """The built-in simulator on a free port, and the identities that it knows by itself."""
    from harness.check.credentials import identities_of_users
    from harness.serve.authentication import make_key_pair
    from harness.serve.http.server import serve_in_thread
    from harness.serve.simulator import Simulator
    from harness.world.world import World

    access = spec.listing.access
    key = make_key_pair() if access.jwt is not None else None
    simulator = Simulator(spec, World.of(seed=1), key=key)
    server = stack.enter_context(serve_in_thread([simulator]))
    return server.urls[spec.id], identities_of_users(simulator.users, access)
