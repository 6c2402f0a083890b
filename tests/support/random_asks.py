"""Requests, instants and dialects drawn by chance: what a spec knows, values that occur, and some that do not."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from harness.serve.authentication import SimulatedUser
from harness.serve.simulator import Simulator
from harness.specification.access import way_credentials, ways_of
from harness.specification.dialect import Dialect
from harness.specification.field_path import FieldPath
from harness.specification.load import Spec, open_choices
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import encode_parameter
from harness.world import BUSY_HOUR

UTC = ZoneInfo("UTC")


def some_dialect(spec: Spec, chance: Random) -> Dialect:
    choices = [choice for choice in open_choices(spec.listing) if choice.options]
    return Dialect().with_values(
        {choice.id: chance.choice(choice.options) for choice in choices if chance.random() < 0.4}
    )


def some_instant(chance: Random) -> datetime:
    # Also between two milliseconds, before most calls, and when the world has run on.
    if chance.random() < 0.4:
        return BUSY_HOUR
    return BUSY_HOUR + timedelta(microseconds=chance.randint(-900_000_000, 7_200_000_000))


def values_met(simulator: Simulator, at: datetime, path: FieldPath) -> list[Any]:
    view = simulator._view_at(at)
    found = {str(value): value for row in view._values_at(path) for value in row if value is not None}
    return [found[text] for text in sorted(found)]


def some_ask(spec: Spec, simulator: Simulator, at: datetime, who: SimulatedUser, chance: Random) -> ListRequest:
    listing = spec.listing
    values: dict[str, Tree] = {}
    required = [name for name, parameter in listing.parameters.items() if parameter.required]
    names = list(listing.parameters)
    some = chance.sample(names, min(len(names), chance.randint(0, 4)))
    for name in dict.fromkeys((*required, *some)):
        parameter = listing.parameters[name]
        in_json = parameter.at is not None
        rule = listing.filters.get(name)
        met = [value for path in rule.compares for value in values_met(simulator, at, path)] if rule else []
        words = [*parameter.words, *(rule.words if rule else ()), *parameter.true, *parameter.false]
        sort = listing.order.sort if listing.order else None
        if sort is not None and sort.parameter == name:
            words += [*sort.words, *(f"-{word}" for word in sort.words)]
        if listing.scope and listing.scope.parameter == name:
            words += [*listing.scope.words, str(simulator.world.home_customer_id)]
        texts = [value for value in met if isinstance(value, str) and len(value) > 2]
        options: list[Tree] = [*words[:8], "x"] if words else [""]
        if met:
            options += [_written(parameter, chance.choice(met), in_json) for _ in range(6)]
        if texts:
            options += [chance.choice(texts)[1:4], chance.choice(texts).swapcase()]
        if parameter.as_ == "integer":
            number = chance.randint(-1, 60)
            options = [number if in_json else str(number), *options[:1]]
        if name in required:
            moment = (at + timedelta(minutes=chance.randint(-4000, 4000))).replace(microsecond=0)
            options = [_written(parameter, moment, in_json)]
        values[name] = chance.choice(options)
    credentials = way_credentials(ways_of(listing.access)[0])
    return ListRequest(values=values, credentials={name: who.credentials[name] for name in credentials})


def _written(parameter: Any, value: Any, in_json: bool) -> Tree:
    if parameter.as_ in ("list", "json-list"):
        value = (value,)
    try:
        return encode_parameter(parameter, value, zone=UTC, in_json=in_json)
    except (AttributeError, TypeError, ValueError):
        return str(value)
