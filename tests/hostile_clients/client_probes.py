"""Whose calls an identity gets to see."""

from __future__ import annotations

from urllib.parse import urlencode

from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.wire.http_messages import HttpRequest
from harness.wire.response_codec import decode_response
from harness.world import BUSY_HOUR, World


def owners_seen(who: str, values: dict[str, str]) -> tuple[list[set[int]], int]:
    """Of each row that an identity gets, the owners that it may see; and how many rows."""
    world = World.of(seed=1, calls=3000)
    simulator = Simulator(load_spec("enswitch/calls-active-list"), world)
    identity = next(one for one in simulator.users if one.name == who)
    query = urlencode({**identity.credentials, **values})
    path = simulator.base_path + simulator.documented_spec.path
    response = simulator.answer(HttpRequest(method="GET", target=f"{path}?{query}".encode()), BUSY_HOUR)
    answer = decode_response(simulator.documented_spec.listing, response)
    assert identity.customer_id is not None
    below = world.customers.descendants_of(identity.customer_id)
    allowed = {identity.customer_id, *(member.id for member in below)}
    scope = simulator.documented_spec.listing.scope
    assert scope is not None
    rows = [row for row in answer.rows or () if isinstance(row, dict)]
    return [{int(str(row[str(owner)])) for owner in scope.owners if row[str(owner)]} & allowed for row in rows], len(
        rows
    )
