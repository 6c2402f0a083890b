"""Two servers side by side, one quick in every way and one plain: whatever happens to both, they answer alike."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from random_asks import some_ask

from harness.serve.authentication import make_key_pair
from harness.serve.control.request_log import RequestLog
from harness.serve.control.routes import ControlApi
from harness.serve.faults.catalogue import faults_of
from harness.serve.http.application import Application, Simulation
from harness.serve.http.options import ServerOptions
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.request_codec import encode_request
from harness.wire.response_codec import decode_response
from harness.world import BUSY_HOUR, HOME_CUSTOMER_ID, World

GROUPS = {
    "history and active calls": ("ozeki/list-call-history", "ozeki/list-active-calls"),
    "cursors": ("etelecom/list-call-logs",),
    "legs of live calls": ("enswitch/calls-active-list",),
    "sessions and signed tokens": ("voximplant/get-call-history",),
    "links and fresh ids": ("twilio/list-calls", "telnyx/list-detail-records"),
}
SPECS = {api: load_spec(api) for apis in GROUPS.values() for api in apis}
FAULTS = {api: faults_of(spec) for api, spec in SPECS.items()}
TOKEN = "a-long-enough-token"
KEY = make_key_pair()


class Server:
    """An application with its control over a wall clock that the test sets."""

    def __init__(self, apis: tuple[str, ...], *, quick: bool) -> None:
        self.now = BUSY_HOUR
        world = World.of(seed=6, calls=150)

        def make(world: World, faults: Any) -> list[Simulator]:
            return [Simulator(SPECS[api], world, key=KEY, faults=faults.get(api, ()), fast=quick) for api in apis]

        self.application = Application(make(world, {}), ServerOptions(wall_clock=lambda: self.now))
        if not quick:
            # Nothing is remembered where nothing fits.
            first = self.application.simulation
            self.application.simulation = Simulation(router=first.router, clock=first.clock, memory_bytes=0)
        log = RequestLog(size=5)
        self.control = ControlApi(self.application, make=make, world=world, token=TOKEN, log=log)

    @property
    def simulators(self) -> tuple[Simulator, ...]:
        return self.application.simulation.router.simulators

    def change(self, method: str, path: str, body: Any) -> tuple[int, bytes]:
        headers = (("authorization", f"Bearer {TOKEN}"),)
        data = b"" if body is None else json.dumps(body).encode()
        answer = self.control.respond(HttpRequest(method=method, target=path.encode(), headers=headers, body=data))
        return answer.http_status, answer.body


class Pair:
    """The two servers, and what chance does to both."""

    def __init__(self, apis: tuple[str, ...], chance: Random) -> None:
        self.apis = apis
        self.chance = chance
        self.quick, self.plain = (Server(apis, quick=quick) for quick in (True, False))
        self.asked: list[HttpRequest] = []
        self.snapshots: list[Any] = []
        self.injected: list[int] = []

    def change(self, method: str, path: str, body: Any = None) -> bytes:
        done = self.quick.change(method, path, body)
        assert done == self.plain.change(method, path, body)
        return done[1]

    def world_at(self) -> datetime:
        return self.plain.application.simulation.clock.instant_at(self.plain.now)

    def compare(self, request: HttpRequest) -> HttpResponse:
        """Twice: the second answer of the quick one is remembered, if it may be."""
        expected = self.plain.application.respond(request)
        for _ in range(2):
            assert self.quick.application.respond(request) == expected, request
        assert isinstance(expected, HttpResponse)
        return expected

    def ask(self) -> None:
        """A request that was drawn, and where there are more pages the next one."""
        simulator = self.chance.choice(self.plain.simulators)
        spec, at = simulator.documented_spec, self.world_at()
        honest = Simulator(spec, simulator.world, key=KEY, fast=False)
        who = self.chance.choice(simulator.users)
        asked = some_ask(spec, honest, at, who, self.chance)
        request = encode_request(spec, asked, base_path=simulator.base_path)
        request = HttpRequest(
            method=request.method,
            target=request.target,
            headers=(*request.headers, ("host", "127.0.0.1:8080"), ("x-request-id", str(len(self.asked)))),
            body=request.body,
        )
        self.asked.append(request)
        response = self.compare(request)
        cursor = decode_response(spec.listing, response).next_cursor if response.http_status == 200 else None
        after = getattr(spec.listing.paging, "after", None)
        if cursor and after:
            onward = type(asked)(values={**asked.values, after: cursor}, credentials=asked.credentials)
            self.compare(encode_request(spec, onward, base_path=simulator.base_path))

    def ask_again(self) -> None:
        if self.asked:
            self.compare(self.chance.choice(self.asked))

    def step(self) -> None:
        self.change("POST", "/clock/step", {"seconds": self.chance.choice([-600, 0.5, 30, 900])})

    def let_time_go_by(self) -> None:
        for server in (self.quick, self.plain):
            server.now += timedelta(seconds=20)

    def choose_clock(self) -> None:
        kind = self.chance.choice(["frozen", "scaled"])
        self.change("PUT", "/clock", {"kind": kind, "instant": BUSY_HOUR.isoformat()})

    def inject(self) -> None:
        number = self.chance.randint(1, 9)
        began = self.world_at() - timedelta(seconds=self.chance.randint(0, 400))
        call: dict[str, Any] = {"call_id": number, "started_at": began.isoformat(), "source": "101"}
        call |= {"customer_id": HOME_CUSTOMER_ID, "direction": "inbound"}
        if self.chance.random() < 0.6:
            call["ended_at"] = (began + timedelta(seconds=self.chance.randint(1, 300))).isoformat()
        assert json.loads(self.change("POST", "/calls", call))["call"]["call_id"] == number
        self.injected.append(number)

    def end_or_remove(self) -> None:
        if self.injected:
            number = self.chance.choice(self.injected)
            how = self.chance.choice([("POST", f"/calls/{number}/end"), ("DELETE", f"/calls/{number}")])
            self.change(*how)

    def break_a_promise(self) -> None:
        api = self.chance.choice(self.apis)
        fault = self.chance.choice(FAULTS[api])
        self.change("POST", "/faults", {"fault": f"{api}:{fault.id}"})

    def keep_all_promises(self) -> None:
        self.change("DELETE", "/faults")

    def load(self) -> None:
        self.change("PUT", "/world", {"calls": self.chance.randint(0, 200), "seed": self.chance.randint(1, 3)})

    def snapshot(self) -> None:
        self.snapshots.append(json.loads(self.change("GET", "/snapshot")))

    def restore(self) -> None:
        if self.snapshots:
            self.change("PUT", "/snapshot", self.chance.choice(self.snapshots))


STEPS = (
    *[Pair.ask] * 10,
    *[Pair.ask_again] * 8,
    *[Pair.inject] * 4,
    Pair.end_or_remove,
    Pair.step,
    Pair.let_time_go_by,
    Pair.choose_clock,
    Pair.break_a_promise,
    Pair.keep_all_promises,
    Pair.keep_all_promises,
    Pair.load,
    Pair.snapshot,
    Pair.restore,
)


@pytest.mark.parametrize("apis", GROUPS.values(), ids=GROUPS)
@settings(max_examples=2, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10**9))
def test_whatever_happens_the_quick_server_answers_as_the_plain_one(apis: tuple[str, ...], seed: int) -> None:
    chance = Random(seed)
    pair = Pair(apis, chance)
    for _ in range(45):
        chance.choice(STEPS)(pair)
