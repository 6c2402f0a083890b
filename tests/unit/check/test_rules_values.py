"""Rules on values, against the simulator as it should be and with one breach."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from harness.check.credentials import Identity
from harness.check.evidence import Evidence
from harness.check.findings import Gate, Verdict
from harness.check.knowledge import Knowledge
from harness.check.ledger import Ledger, roll_up
from harness.check.mirror import Mirror, ask_for, read_mirror
from harness.check.rules.absent import blanks
from harness.check.rules.sameness import same_answer
from harness.check.rules.values import bad_values
from harness.check.session import Exchange, Session
from harness.check.witness import examine
from harness.output.secrets import Redactor
from harness.serve.access import KeyPair, make_key_pair
from harness.serve.faults import find_faults
from harness.serve.simulator import Simulator
from harness.spec.dialect import Dialect
from harness.spec.load import load_spec, spec_ids
from harness.wire.exchange import HttpRequest, HttpResponse
from harness.wire.problems import Tree
from harness.world.traffic import BUSY_HOUR
from harness.world.world import World

# --- a run of some rules, shared with the tests of the other families -----------------------------------------

Rule = Callable[[Session, Mirror], Iterator[None]]


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

    session: Session
    mirror: Mirror
    sent: list[HttpRequest]
    before: int

    @property
    def findings(self) -> tuple[str, ...]:
        return tuple(finding.clause for finding in self.session.ledger.findings())

    @property
    def requests(self) -> int:
        return self.session.requests - self.before

    def verdict(self, clause: str) -> Verdict:
        return roll_up(self.session.ledger.entry(clause).counts)  # type: ignore[arg-type]

    def asked(self, values: Mapping[str, Tree]) -> Exchange:
        return self.session.send(ask_for(self.session, self.mirror.base, values), "asked by a test")


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
    names = (access.user, access.password) if access.kind == "password" else (access.token,)
    identities = tuple(
        Identity(
            name=known.name,
            credentials=_Held(
                {name: known.credentials[name] for name in names if name}, known.credentials if key else {}
            ),
            role=known.roles[0] if len(known.roles) == 1 else None if known.roles else "no-role",
            customer=known.customer_id,
            everyone=known.everyone,
        )
        for known in simulator.identities
    )
    straight = _Straight(simulator, [])
    session = Session(
        spec=spec,
        sender=straight,  # type: ignore[arg-type]
        identity=identities[0],
        identities=identities if everybody else identities[:1],
        ledger=Ledger(clauses=spec.clauses, families={}, gate=Gate.CI),
        knowledge=Knowledge(spec),
        evidence=Evidence(base="http://target", redactor=Redactor([]), secrets={}),
        rng=random.Random(1),
        settings={"now": BUSY_HOUR, "window": None},
        examine=examine,
    )
    if spec.listing.zone is not None:
        session.zone = Dialect(dialect or {}).pick(spec.listing.zone.default)
    mirror = Mirror()
    for _ in read_mirror(session, mirror, now=BUSY_HOUR):
        pass
    before = session.requests
    for rule in rules:
        for _ in rule(session, mirror):
            pass
    return Run(session=session, mirror=mirror, sent=straight.sent, before=before)


# --- the tests ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", spec_ids())
def test_a_server_as_documented_breaks_nothing(api: str) -> None:
    assert ran(api, blanks, bad_values).findings == ()


@pytest.mark.parametrize("calls", [0, 1])
@pytest.mark.parametrize("api", spec_ids())
def test_a_list_with_hardly_any_rows_breaks_nothing(api: str, calls: int) -> None:
    assert ran(api, blanks, bad_values, calls=calls).findings == ()


@pytest.mark.parametrize(
    ("api", "fault"),
    [
        ("ozeki/list-call-history", "OZ-LCH-033/blank-is-a-value"),
        ("ozeki/list-call-history", "OZ-LCH-050/invalid-names-nothing"),
        ("voximplant/get-call-history", "VX-GCH-013/from_date-not-required"),
        ("voximplant/get-call-history", "VX-GCH-017/from_date-and-to_date-swapped"),
        ("voximplant/get-call-history", "VX-GCH-033/with_calls-default-true"),
        ("voximplant/get-call-history", "VX-GCH-051/offset-beyond-ignored"),
        ("voximplant/get-call-history", "VX-GCH-062/desc_order-one-spelling"),
        ("voximplant/get-call-history", "VX-GCH-063/with_calls-bad-nothing"),
        ("voximplant/get-call-history", "VX-GCH-008/bad-date-code"),
        ("etelecom/list-call-logs", "ET-LCL-026/date_from-alone-ignored"),
        ("etelecom/list-call-logs", "ET-LCL-028/date_to-bad-ignored"),
        ("etelecom/list-call-logs", "ET-LCL-041/limit-zero-nothing"),
        ("enswitch/calls-active-list", "EN-CAL-059/machines-blank-is-a-value"),
    ],
)
def test_a_breach_is_found_under_its_clause_alone(api: str, fault: str) -> None:
    assert ran(api, blanks, bad_values, fault=fault).findings == (fault.partition("/")[0],)


@pytest.mark.parametrize("then", ["refused", "last-month"])
def test_one_behaviour_without_both_dates_settles_both_choices(then: str) -> None:
    choices = {f"parameters.{name}.required.then": then for name in ("from_date", "to_date")}
    run = ran("voximplant/get-call-history", bad_values, dialect=choices)
    assert run.findings == ()
    assert choices.items() <= run.session.knowledge.answers().items()


@pytest.mark.parametrize("gets", ["refused", "ignored", "nothing"])
def test_what_a_bad_value_gets_is_learnt(gets: str) -> None:
    choice = "parameters.From.bad.gets"
    run = ran("ozeki/list-call-history", bad_values, dialect={choice: gets})
    assert (run.findings, run.session.knowledge.answers()[choice]) == ((), gets)


def test_an_empty_list_proves_nothing_about_blank_filters() -> None:
    run = ran("ozeki/list-call-history", blanks, calls=0)
    assert run.verdict("OZ-LCH-033") is Verdict.NOT_EXERCISED


def test_a_promise_that_is_left_open_is_observed_and_never_fails() -> None:
    run = ran("ozeki/list-call-history", bad_values)
    assert run.verdict("OZ-LCH-041") is Verdict.OBSERVED


def test_answers_with_other_rows_are_not_the_same() -> None:
    run = ran("ozeki/list-call-history")
    first, second = run.asked({"RowsPerPage": "3"}), run.asked({"RowsPerPage": "3", "PageNumber": "1"})
    assert (same_answer(run.session, first, first), bool(same_answer(run.session, first, second))) == (None, True)


@pytest.mark.parametrize("api", spec_ids())
def test_values_take_a_modest_number_of_requests(api: str) -> None:
    assert ran(api, blanks, bad_values).requests <= 60
