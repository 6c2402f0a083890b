"""Single rules of the checker run against a simulator in this process."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from harness.check.context import CheckContext, Exchange
from harness.check.credentials import ClientIdentity
from harness.check.oracle.dialect_inference import InferredDialect
from harness.check.probe.mirror import Mirror, read_mirror
from harness.check.results.collector import ResultCollector, roll_up_verdicts
from harness.check.results.evidence import EvidenceRenderer
from harness.check.results.findings import Gate, Verdict
from harness.check.rules.responses.every_response import check_response
from harness.check.target_facts import RunOptions
from harness.output.redaction import Redactor
from harness.serve.authentication import KeyPair, make_key_pair
from harness.serve.faults.catalogue import find_faults
from harness.serve.simulator import Simulator
from harness.specification.access import way_credentials, ways_of
from harness.specification.dialect import Dialect
from harness.specification.load import load_spec
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.world.traffic import BUSY_HOUR
from harness.world.world import World

Rule = Callable[[CheckContext, Mirror], None]


class _Held(dict[str, str]):
    """Credentials that are sent, made from others that are not."""

    def __init__(self, sent: Mapping[str, str], given: Mapping[str, str]) -> None:
        super().__init__(sent)
        self.given = given


@dataclass
class _Straight:
    """Sends a request to a simulator without a network."""

    simulator: Simulator
    sent: list[HttpRequest]

    def send(self, request: HttpRequest, **_: Any) -> HttpResponse:
        self.sent.append(request)
        path = self.simulator.base_path.encode()
        return self.simulator.answer(replace(request, target=path + request.target), BUSY_HOUR)


@dataclass
class Run:
    """What became of some rules: clauses that failed, what was sent, and the session for a closer look."""

    session: CheckContext
    mirror: Mirror
    sent: list[HttpRequest]
    before: int

    @property
    def findings(self) -> tuple[str, ...]:
        return tuple(finding.clause for finding in self.session.results.findings())

    @property
    def requests(self) -> int:
        return self.session.requests - self.before

    def verdict(self, clause: str) -> Verdict:
        return roll_up_verdicts(self.session.results.tally_of(clause).counts)  # type: ignore[arg-type]

    def asked(self, values: Mapping[str, Tree]) -> Exchange:
        return self.session.send(self.mirror.request(values), "asked by a test")


@cache
def _world(calls: int) -> World:
    return World.of(seed=1, calls=calls)


@cache
def _key() -> KeyPair:
    return make_key_pair()


def ran(
    api: str,
    *rules: Rule,
    calls: int = 300,
    fault: str | None = None,
    dialect: Mapping[str, Any] | None = None,
    everybody: bool = False,
    key: bool = True,
) -> Run:
    """Some rules run against the simulator of an API."""
    spec = load_spec(api)
    simulator = Simulator(
        spec,
        _world(calls),
        dialect=Dialect(dialect or {}),
        faults=find_faults(spec, fault) if fault else (),
        key=_key() if key else None,
    )
    access = spec.listing.access
    names = way_credentials(ways_of(access)[0])
    identities = tuple(
        ClientIdentity(
            name=known.name,
            credentials=_Held({name: known.credentials[name] for name in names}, known.credentials if key else {}),
            role=known.roles[0] if len(known.roles) == 1 else None if known.roles else "no-role",
            customer=known.customer_id,
            everyone=known.everyone,
        )
        for known in simulator.users
    )
    straight = _Straight(simulator, [])
    session = CheckContext(
        spec=spec,
        sender=straight,  # type: ignore[arg-type]
        identity=identities[0],
        identities=identities if everybody else identities[:1],
        results=ResultCollector(clauses=spec.clauses, families={}, gate=Gate.CI),
        dialect=InferredDialect(spec),
        evidence=EvidenceRenderer(base="http://target", redactor=Redactor([]), secrets={}),
        rng=random.Random(1),
        options=RunOptions(now=BUSY_HOUR),
        response_check=check_response,
    )
    if spec.listing.zone is not None:
        session.zone = Dialect(dialect or {}).resolve(spec.listing.zone.default)
    mirror = Mirror()
    read_mirror(session, mirror, now=BUSY_HOUR)
    before = session.requests
    for rule in rules:
        rule(session, mirror)
    return Run(session=session, mirror=mirror, sent=straight.sent, before=before)
