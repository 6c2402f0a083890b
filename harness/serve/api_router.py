"""Several simulated APIs at one address: which of them a request is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import final

from harness.errors import UsageProblem
from harness.serve.simulator import UNKNOWN_PATH_RESPONSE, Simulator
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest


@final
@dataclass(frozen=True, slots=True)
class Router:
    """The simulators at one address, by path.

    Where two share a path, the request's operation decides; the first answers if it names neither.
    """

    simulators: tuple[Simulator, ...]

    @staticmethod
    def of(simulators: Sequence[Simulator]) -> Router:
        """The router of some simulators, each of its own operation. Raises UsageProblem."""
        seen: dict[tuple[str, str, str], str] = {}
        for simulator in simulators:
            routing = simulator.documented_spec.listing.transport.routing
            name = routing.name if routing else ""
            place = (simulator.base_path, simulator.documented_spec.path.rstrip("/"), name)
            if place in seen:
                raise UsageProblem(
                    simulator.documented_spec.id,
                    "a path of its own",
                    f"the path of {seen[place]}",
                    "serve them on two ports",
                )
            seen[place] = simulator.documented_spec.id
        if not simulators:
            raise UsageProblem("serve", "at least one API", "none")
        return Router(tuple(simulators))

    def answer(self, request: HttpRequest, at: datetime, *, now: datetime | None = None) -> HttpResponse:
        """The response of the simulator that a request is for."""
        found = self.find_simulator(request)
        return UNKNOWN_PATH_RESPONSE if found is None else found[0].answer_list_request(found[1], at, now=now)

    def find_simulator(self, request: HttpRequest) -> tuple[Simulator, ListRequest | RefusedRequest] | None:
        """The simulator that a request is for, and what it asks there."""
        refused: tuple[Simulator, RefusedRequest] | None = None
        for simulator in self.simulators:
            ask = simulator.decode_list_request(request)
            if isinstance(ask, ListRequest):
                return simulator, ask
            if ask is not None and refused is None:
                refused = (simulator, ask)
        return refused
