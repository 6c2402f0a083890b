"""The checker's plain oracle and the simulator's query engine are written apart and agree."""

from __future__ import annotations

import random
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.check.context import CheckContext
from harness.check.credentials import identities_of_users
from harness.check.options import CheckOptions
from harness.check.oracle.interpreter import interpret_request
from harness.check.probe.comparison import compare_answer
from harness.check.probe.filter_values import (
    discriminating_values,
    encode_shown_value,
    is_hidden_filter,
    is_time_filter,
    open_range_end,
)
from harness.check.probe.mirror import Mirror, read_mirror
from harness.check.runner import make_context
from harness.cli.selftest_plan import random_dialect
from harness.cli.selftest_trials import DirectSender
from harness.serve.simulator import Simulator
from harness.specification.dialect import Dialect
from harness.specification.load import load_spec, spec_ids
from harness.specification.model import NoPaging
from harness.wire.decoded_body import Tree
from harness.world import World


@cache
def meeting(api: str, seed: int) -> tuple[CheckContext, Mirror]:
    """A session against a simulator of a random dialect which the session knows, with its mirror read."""
    spec = load_spec(api)
    drawn = random_dialect(spec, random.Random(seed)) if seed else {}
    drawn = {name: value for name, value in drawn.items() if not name.startswith(("lists.", "versions."))}
    world = World.of(seed=seed, calls=250)
    simulator = Simulator(spec, world, dialect=Dialect(drawn))
    options = CheckOptions(now=world.instant, target="http://127.0.0.1:0", dialect=Dialect(drawn))
    session = make_context(
        spec,
        DirectSender(simulator, world.instant),
        identities_of_users(simulator.users, spec.listing),
        options,
    )
    session.response_check = None
    mirror = Mirror()
    read_mirror(session, mirror, now=world.instant)
    return session, mirror


@st.composite
def requests(draw: st.DrawFn, session: CheckContext, mirror: Mirror) -> dict[str, Tree]:
    """Filters at telling values, a page, an order, switches: whatever the spec allows together."""
    listing = session.listing
    rng = random.Random(draw(st.integers(0, 2**32)))
    values: dict[str, Tree] = {}
    names = [name for name, kept in listing.filters.items() if not is_hidden_filter(kept)]
    for name in draw(st.lists(st.sampled_from(names), max_size=3, unique=True)) if names else ():
        kept = listing.filters[name]
        if is_time_filter(session, name):
            shown = [row.shown.get(str(kept.compares[0])) for row in mirror.rows]
            times = [moment for moment in shown if isinstance(moment, datetime)]
            if times and name not in mirror.base:
                values |= open_range_end(session, mirror, name)
                values[name] = encode_shown_value(session, name, rng.choice(times).replace(microsecond=0))
        elif telling := discriminating_values(session, mirror.rows, name):
            values[name] = encode_shown_value(session, name, rng.choice(telling))
    paging = listing.paging
    if not isinstance(paging, NoPaging) and draw(st.booleans()):
        values[paging.size] = session.encode(paging.size, draw(st.sampled_from((1, 2, 3, 7, 20, 60))))
        for place in ("page", "offset"):
            parameter = getattr(paging, place, None)
            if parameter is not None and draw(st.booleans()):
                values[parameter] = session.encode(parameter, draw(st.integers(0, 12)))
    order = listing.order
    if order is not None and order.sort is not None and draw(st.booleans()):
        values[order.sort.parameter] = draw(st.sampled_from(sorted(order.sort.words)))
    if order is not None and order.descending is not None and draw(st.booleans()):
        values[order.descending] = session.encode(order.descending, draw(st.booleans()))
    if listing.count_only is not None and draw(st.integers(0, 5)) == 0:
        values[listing.count_only.parameter] = session.encode(listing.count_only.parameter, True)
    return values


def disagreement(session: CheckContext, mirror: Mirror, values: dict[str, Tree]) -> Any:
    """What the oracle finds wrong with the simulator's answer; None when they agree."""
    ask = mirror.request(values)
    exchange = session.send(ask, "agree", witness=False)
    branches = session.dialect.evaluate_branches(
        lambda pick: interpret_request(session.spec, ask, pick, zone=session.zone)
    )
    found = [compare_answer(session, mirror, meaning, exchange) for _, meaning in branches]
    return None if () in found else found


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
