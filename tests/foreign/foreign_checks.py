"""Runs the checker against a foreign server over real HTTP, as the command line does."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

from foreign_http import App, serving

from harness.check.client.budget import Budget, RateLimitedClient
from harness.check.client.connection import ExchangeLimits
from harness.check.client.http_client import HttpClient
from harness.check.context import ClientIdentity
from harness.check.options import CheckOptions
from harness.check.results.findings import Colour, RunReport
from harness.check.runner import run_check
from harness.specification.load import load_spec

HISTORY = "ozeki/list-call-history"
ACTIVE = "ozeki/list-active-calls"
LEGS = "enswitch/calls-active-list"


def check(app: App, api: str, *, seed: int = 1, max_seconds: float | None = 600.0) -> RunReport:
    """The report of one run."""
    spec = load_spec(api)
    known = {one.name for one in dataclasses.fields(ClientIdentity)}
    identities = [
        ClientIdentity(**{name: value for name, value in one.items() if name in known})
        for one in app.credentials()  # type: ignore[attr-defined]
    ]
    with serving(app) as url, HttpClient(url, limits=ExchangeLimits(exchange_seconds=60.0)) as transport:
        client = RateLimitedClient(transport, Budget(max_requests=500, max_seconds=max_seconds))
        # What needs time to show is judged over scripted polls: nobody waits here.
        options = CheckOptions(now=datetime.now(UTC), target=url, seed=seed, watch_seconds=0.0)
        return run_check(spec, client, identities, options)


def alarms(report: RunReport) -> list[Any]:
    """The findings that a user is alarmed by."""
    return [one for one in report.findings if one.colour in (Colour.RED, Colour.AMBER)]


def told(report: RunReport) -> str:
    """The alarms, for a message."""
    return "\n".join(
        f"{one.clause} [{one.colour}] {one.message} | expected: {one.expected} | actual: {one.actual} | "
        f"request: {one.request} | rows: {list(one.rows)[:4]} | response: {one.response[:300]}"
        for one in alarms(report)
    )
