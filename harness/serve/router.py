"""Several simulated APIs at one address: which of them a request is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import final

from harness.errors import Misuse
from harness.serve.simulator import UNKNOWN_PATH, Simulator
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import Ask
from harness.wire.request_codec import Refused


@final
@dataclass(frozen=True, slots=True)
class Switchboard:
    """Simulators by path. Where two share one, the request's operation decides; the first answers for no one."""

    simulators: tuple[Simulator, ...]

    @staticmethod
    def of(simulators: Sequence[Simulator]) -> Switchboard:
        """The switchboard over some simulators, each of its own operation. Raises Misuse."""
        seen: dict[tuple[str, str, str], str] = {}
        for simulator in simulators:
            routing = simulator.honest.listing.transport.routing
            name = routing.name if routing else ""
            place = (simulator.base_path, simulator.honest.path.rstrip("/"), name)
            if place in seen:
                raise Misuse(
                    simulator.honest.id, "a path of its own", f"the path of {seen[place]}", "serve them on two ports"
                )
            seen[place] = simulator.honest.id
        if not simulators:
            raise Misuse("serve", "at least one API", "none")
        return Switchboard(tuple(simulators))

    def answer(self, request: HttpRequest, at: datetime, *, now: datetime | None = None) -> HttpResponse:
        """The response of the API that the request is for."""
        found = self.find(request)
        return UNKNOWN_PATH if found is None else found[0].answer_asked(found[1], at, now=now)

    def find(self, request: HttpRequest) -> tuple[Simulator, Ask | Refused] | None:
        """The simulator that a request is for, and what it asks there."""
        refused: tuple[Simulator, Refused] | None = None
        for simulator in self.simulators:
            asked = simulator.asked(request)
            if isinstance(asked, Ask):
                return simulator, asked
            if asked is not None and refused is None:
                refused = (simulator, asked)
        return refused
