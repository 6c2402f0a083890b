"""Lists of live calls written by hand, one answer for each poll."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from harness.check.client.budget import Sender
from harness.check.context import CheckContext, ClientIdentity
from harness.check.oracle.dialect_inference import InferredDialect
from harness.check.probe.mirror import Mirror, read_mirror
from harness.check.results.collector import ResultCollector
from harness.check.results.evidence import EvidenceRenderer
from harness.check.results.findings import Gate, Verdict
from harness.check.rules.live.polling import check_polling
from harness.check.target_facts import RunOptions
from harness.output.redaction import Redactor
from harness.specification.clause_families import load_standard_clauses
from harness.specification.load import load_spec
from harness.specification.model import ClauseId
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse

LIVE, LEGS, HISTORY = "ozeki/list-active-calls", "enswitch/calls-active-list", "ozeki/list-call-history"


NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


spec_of = functools.cache(load_spec)


class Script:
    """A sender that answers with one body after the other, the last one for ever; a filter may have its own."""

    def __init__(self, bodies: Sequence[bytes | None], asked: Mapping[bytes, bytes] | None = None) -> None:
        self.bodies = list(bodies)
        self.asked = dict(asked or {})
        self.sent = 0

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse | NoResponse:
        self.sent += 1
        for part, body in self.asked.items():
            if part in request.target:
                return HttpResponse(http_status=200, headers=(), body=body)
        body = self.bodies.pop(0) if len(self.bodies) > 1 else self.bodies[0]
        if body is None:
            return NoResponse(reason="timeout:total", text="too slow")
        return HttpResponse(http_status=200, headers=(), body=body)


Rule = Callable[[CheckContext, Mirror], None]


def run(api: str, script: Sender, rule: Rule = check_polling, **options: Any) -> CheckContext:
    spec = spec_of(api)
    me = ClientIdentity(name="me", credentials={"Username": "u", "Password": "p"})
    session = CheckContext(
        spec=spec,
        sender=script,
        identity=me,
        identities=(me,),
        results=ResultCollector(
            clauses={**spec.clauses, **load_standard_clauses().clauses_for(spec)}, families={}, gate=Gate.CI
        ),
        dialect=InferredDialect(spec),
        evidence=EvidenceRenderer(base="http://x", redactor=Redactor(()), secrets={}),
        rng=random.Random(1),
        options=RunOptions(now=NOW, **options),
    )
    mirror = Mirror()
    read_mirror(session, mirror, now=NOW)
    rule(session, mirror)
    return session


def verdict(session: CheckContext, clause: str) -> Verdict:
    return session.results.result_of(ClauseId(clause), default=Verdict.NOT_RUN).verdict


def call(
    identity: str, *, talk: str = "0.000", ring: str = "2.000", state: str = "Ringing", start: str = "10:34:07"
) -> str:
    return (
        f"<Call><CallId>{identity}</CallId><Source>1</Source><CallerId>1</CallerId><Destination>2</Destination>"
        f"<CallerDialed>2</CallerDialed><CalleeDialed>2</CalleeDialed><StartTime>2019-04-09 {start}</StartTime>"
        f"<RingDuration>{ring}</RingDuration><TalkDuration>{talk}</TalkDuration><CallState>{state}</CallState></Call>"
    )


def live(*calls: str) -> bytes:
    head = "<Code>200</Code><Message>Command successfully executed</Message>"
    return f"<Response>{head}<ActiveCalls>{''.join(calls)}</ActiveCalls></Response>".encode()
