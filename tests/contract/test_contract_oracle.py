"""The checker's plain oracle and the simulator's query engine are written apart and agree."""

from __future__ import annotations

import random
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.check.context import Session
from harness.check.credentials import known_to
from harness.check.options import CheckOptions
from harness.check.oracle.interpreter import interpret
from harness.check.probe.comparison import compare
from harness.check.probe.filter_values import is_hidden, is_time, partner, raw_value, telling_values
from harness.check.probe.mirror import Mirror, ask_for, read_mirror, written
from harness.check.runner import session_of
from harness.cli.selftest import Direct, random_dialect
from harness.serve.simulator import Simulator
from harness.specification.dialect import Dialect
from harness.specification.load import load_spec, spec_ids
from harness.specification.model import NoPaging
from harness.wire.format_problems import Tree
from harness.world import World


@cache
def meeting(api: str, seed: int) -> tuple[Session, Mirror]:
    """A session against a simulator of a random dialect which the session knows, with its mirror read."""
    spec = load_spec(api)
    drawn = random_dialect(spec, random.Random(seed)) if seed else {}
    drawn = {name: value for name, value in drawn.items() if not name.startswith(("lists.", "versions."))}
    world = World.of(seed=seed, calls=250)
    simulator = Simulator(spec, world, dialect=Dialect(drawn))
    options = CheckOptions(now=world.instant, target="http://127.0.0.1:0", dialect=Dialect(drawn))
    session = session_of(
        spec, Direct(simulator, world.instant), known_to(simulator.identities, spec.listing.access), options
    )
    session.examine = None
    mirror = Mirror()
    for _ in read_mirror(session, mirror, now=world.instant):
        pass
    return session, mirror


@st.composite
def requests(draw: st.DrawFn, session: Session, mirror: Mirror) -> dict[str, Tree]:
    """Filters at telling values, a page, an order, switches: whatever the spec allows together."""
    listing = session.listing
    rng = random.Random(draw(st.integers(0, 2**32)))
    values: dict[str, Tree] = {}
    names = [name for name, kept in listing.filters.items() if not is_hidden(kept)]
    for name in draw(st.lists(st.sampled_from(names), max_size=3, unique=True)) if names else ():
        kept = listing.filters[name]
        if is_time(kept):
            shown = [row.shown.get(kept.compares[0]) for row in mirror.rows]
            times = [moment for moment in shown if isinstance(moment, datetime)]
            if times and name not in mirror.base:
                values |= partner(session, mirror, name)
                values[name] = raw_value(session, name, rng.choice(times).replace(microsecond=0))
        elif telling := telling_values(session, mirror.rows, name):
            values[name] = raw_value(session, name, rng.choice(telling))
    paging = listing.paging
    if not isinstance(paging, NoPaging) and draw(st.booleans()):
        values[paging.size] = written(session, paging.size, draw(st.sampled_from((1, 2, 3, 7, 20, 60))))
        for place in ("page", "offset"):
            parameter = getattr(paging, place, None)
            if parameter is not None and draw(st.booleans()):
                values[parameter] = written(session, parameter, draw(st.integers(0, 12)))
    order = listing.order
    if order is not None and order.sort is not None and draw(st.booleans()):
        values[order.sort.parameter] = draw(st.sampled_from(sorted(order.sort.words)))
    if order is not None and order.descending is not None and draw(st.booleans()):
        values[order.descending] = written(session, order.descending, draw(st.booleans()))
    if listing.count_only is not None and draw(st.integers(0, 5)) == 0:
        values[listing.count_only.parameter] = written(session, listing.count_only.parameter, True)
    return values


def disagreement(session: Session, mirror: Mirror, values: dict[str, Tree]) -> Any:
    """What the oracle finds wrong with the simulator's answer; None when they agree."""
    ask = ask_for(session, mirror.base, values)
    exchange = session.send(ask, "agree", witness=False)
    branches = session.knowledge.branches(lambda pick: interpret(session.spec, ask, pick, zone=session.zone))
    found = [compare(session, mirror, meaning, exchange) for _, meaning in branches]
    return None if None in found else found


def agree(api: str, seed: int, *, requests_at_most: int) -> None:
    """Asks one simulator that many random requests; raises AssertionError where the oracle means something else."""
    session, mirror = meeting(api, seed)

    @settings(
        max_examples=requests_at_most,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        values = data.draw(requests(session, mirror))
        assert disagreement(session, mirror, values) is None

    ask()


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("api", spec_ids())
def test_the_oracle_and_the_engine_agree(api: str, seed: int) -> None:
    agree(api, seed, requests_at_most=60)


@pytest.mark.thorough
@pytest.mark.parametrize("api", spec_ids())
def test_they_agree_on_ten_thousand_requests(api: str) -> None:
    for seed in range(20):
        agree(api, seed, requests_at_most=500)
