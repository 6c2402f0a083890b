"""One reading of a target: every request of a check, and the report on it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from harness.check.results.findings import RunReport
    from harness.specification.load import Spec
    from harness.specification.model import ClauseId

MAX_REQUESTS: Final = 500


def read_target(
    spec: Spec,
    *,
    target: str,
    credentials: Sequence[tuple[str, str]],
    gate: str,
    seed: int,
    only: Sequence[ClauseId] = (),
) -> RunReport:
    """Check the target once, for some clauses or for all. Raises HarnessError where no verdict can exist."""
    from harness.check.client.budget import Budget, RateLimitedClient
    from harness.check.client.http_client import HttpClient
    from harness.check.credentials import secrets_of, with_fresh_token
    from harness.check.options import CheckOptions
    from harness.check.results.findings import Gate
    from harness.check.runner import run_check
    from harness.check_target import ANONYMOUS, open_target, replayed_credentials
    from harness.serve.http.options import machine_time

    access = spec.listing.access
    with ExitStack() as stack:
        opened = open_target(
            spec, stack, target=target, credentials=credentials, environment=os.environ, clock=machine_time
        )
        identities = opened.identities or (ANONYMOUS,)
        options = CheckOptions(
            now=machine_time(),
            target=opened.name,
            address=opened.address.url,
            seed=seed,
            gate=Gate(gate),
            window=opened.window,
            known_values=opened.known_values,
            only=tuple(only),
            evidence=opened.evidence,
            secrets=secrets_of(identities, access),
            replay=replayed_credentials(spec, opened, credentials=credentials),
        )
        client = RateLimitedClient(stack.enter_context(HttpClient(opened.address)), Budget(max_requests=MAX_REQUESTS))
        fresh = [with_fresh_token(identity, access=access, clock=machine_time) for identity in identities]
        return run_check(spec, client, fresh, options)
