"""Several simulated APIs at one address: which of them a request is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, final

from harness.errors import UsageProblem
from harness.serve.simulator import UNKNOWN_PATH_RESPONSE, Simulator
from harness.specification.access import path_parts, path_pattern
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest
from harness.wire.request_paths import constant_text

_MOST_KNOWN_PATHS: Final = 256
_LONGEST_KNOWN_PATH: Final = 1024


@final
@dataclass(frozen=True, slots=True)
class Router:
    """The simulators at one address, by path.

    Where several share a path, the request's operation decides, or the constant parameters that it carries: of those
    whose constants it has, the one with the most. The first answers if it names none.
    """

    simulators: tuple[Simulator, ...]
    # Clients repeat their paths.
    _by_path: dict[bytes, tuple[Simulator, ...]] = field(default_factory=dict, repr=False, compare=False)

    @staticmethod
    def of(simulators: Sequence[Simulator]) -> Router:
        """The router of some simulators, each of its own operation. Raises UsageProblem."""
        if not simulators:
            raise UsageProblem("serve", "at least one API", "none")
        for place, simulator in enumerate(simulators):
            for other in simulators[:place]:
                if not _are_told_apart(simulator, other):
                    raise UsageProblem(
                        simulator.documented_spec.id,
                        "a path of its own, or a constant parameter that tells it apart",
                        f"the path of {other.documented_spec.id}",
                        "serve them on two ports",
                    )
        return Router(tuple(simulators))

    def answer(self, request: HttpRequest, at: datetime, *, now: datetime | None = None) -> HttpResponse:
        """The response of the simulator that a request is for."""
        found = self.find_simulator(request)
        return UNKNOWN_PATH_RESPONSE if found is None else found[0].answer_list_request(found[1], at, now=now)

    def find_simulator(self, request: HttpRequest) -> tuple[Simulator, ListRequest | RefusedRequest] | None:
        """The simulator that a request is for, and what it asks there."""
        refused: tuple[Simulator, RefusedRequest] | None = None
        asked: list[tuple[Simulator, ListRequest]] = []
        for simulator in self._simulators_at(request.path):
            ask = simulator.decode_list_request(request)
            if isinstance(ask, ListRequest):
                asked.append((simulator, ask))
            elif ask is not None and refused is None:
                refused = (simulator, ask)
        if not asked:
            return refused
        # The first of the best: `max` keeps the order.
        return asked[0] if len(asked) == 1 else max(asked, key=lambda found: _agreement(*found))

    def _simulators_at(self, path: bytes) -> tuple[Simulator, ...]:
        """The simulators that may have something at a path."""
        found = self._by_path.get(path)
        if found is None:
            found = tuple(simulator for simulator in self.simulators if simulator.knows_path(path))
            if len(path) <= _LONGEST_KNOWN_PATH:
                if len(self._by_path) >= _MOST_KNOWN_PATHS:
                    self._by_path.clear()
                self._by_path[path] = found
        return found


def _agreement(simulator: Simulator, ask: ListRequest) -> tuple[bool, int, int]:
    """How well a request fits an API: whether it has all its constants, how many, how little of its path is free."""
    constants = _constants(simulator)
    held = sum(constant_text(ask.values.get(name)) == text for name, text in constants.items())
    return held == len(constants), held, -len(path_parts(simulator.documented_spec.path))


def _constants(simulator: Simulator) -> dict[str, str]:
    parameters = simulator.documented_spec.listing.parameters
    return {
        name: constant_text(one.constant)
        for name, one in parameters.items()
        if one.constant is not None and one.beside is None
    }


def _are_told_apart(one: Simulator, other: Simulator) -> bool:
    """Whether every request is for one of two APIs at most: by path, operation, method or a constant."""
    specs = one.documented_spec, other.documented_spec
    if one.base_path != other.base_path:
        return True
    first, second = (_shape(spec.path) for spec in specs)
    if first != second:
        return True
    routings = tuple(spec.listing.transport.routing for spec in specs)
    names = tuple(routing.name if routing is not None else "" for routing in routings)
    if names[0] != names[1]:
        return True
    methods = tuple({spec.method, *(way.method for way in spec.listing.transport.also.values())} for spec in specs)
    return not methods[0] & methods[1] or _constants(one) != _constants(other)


def _shape(path: str) -> str:
    """A path without the names of its free parts."""
    return path_pattern(path).pattern.rstrip("/")
