"""Worlds beside each other on one port, and their states as documents that can be put back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.serve.control.request_log import RequestLog
from harness.serve.control.routes import ControlApi
from harness.serve.http.application import Application
from harness.serve.http.options import ServerOptions
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.world import BUSY_HOUR, World
from harness.world.clock import Clock, FrozenClock, ScaledClock

API = "ozeki/list-call-history"
TOKEN = "a-long-enough-token"
QUERY = "command=ListCallHistory&Username=HTTP_User_1&Password=qwe123"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


class Stage:
    """An application with its control over a wall clock that the test sets."""

    def __init__(self, clock: Clock | None = None, faults: dict[str, Any] | None = None) -> None:
        world = World.of(seed=1, calls=60)
        self.now = NOON
        log = RequestLog(size=50)

        def make(world: World, some: Any) -> list[Simulator]:
            return [Simulator(load_spec(API), world, faults=some.get(API, ()))]

        options = ServerOptions(clock=clock, wall_clock=lambda: self.now, on_exchange=log.record_exchange)
        self.application = Application(make(world, {}), options)
        self.control = ControlApi(self.application, make=make, world=world, token=TOKEN, log=log)

    def ask(self, method: str, path: str, body: Any = None, *, world: str = "", status: int = 200) -> Any:
        headers = (("authorization", f"Bearer {TOKEN}"), *([("callharness-world", world)] if world else []))
        data = b"" if body is None else json.dumps(body).encode()
        answer = self.control.respond(HttpRequest(method=method, target=path.encode(), headers=headers, body=data))
        assert answer.http_status == status, answer.body
        return json.loads(answer.body)

    def get(self, target: str, *headers: tuple[str, str]) -> HttpResponse:
        named = (("host", "127.0.0.1"), *headers)
        answer = self.application.respond(HttpRequest(method="GET", target=target.encode(), headers=named))
        assert isinstance(answer, HttpResponse)
        return answer

    def total(self, world: str = "") -> int:
        """What the history of a world counts, asked by the header and by the path."""
        by_header = self.get(f"/api?{QUERY}", *([("callharness-world", world)] if world else []))
        by_path = self.get((f"/@{world}" if world else "") + f"/api?{QUERY}")
        assert by_header == by_path
        return int(by_header.body.split(b"<TotalRecords>")[1].split(b"<")[0])


def test_a_change_in_one_world_is_seen_in_no_other() -> None:
    stage = Stage()
    before = stage.total()
    assert stage.ask("PUT", "/worlds/one") == {"worlds": ["one"]}
    stage.ask("PUT", "/worlds/two")
    stage.ask("PUT", "/world", {"calls": 7, "seed": 3}, world="one")
    stage.ask("POST", "/faults", {"fault": f"{API}:transport/drop"}, world="two")
    assert (stage.total(), stage.total("one")) == (before, 7)
    assert stage.ask("GET", "/state")["faults"] == []
    stage.ask("DELETE", "/faults", world="two")
    assert stage.total("two") == before


def test_a_world_that_is_taken_away_is_not_found_any_more() -> None:
    stage = Stage()
    stage.ask("PUT", "/worlds/one")
    stage.ask("DELETE", "/worlds/one")
    assert stage.get(f"/@one/api?{QUERY}").http_status == 404
    assert stage.get(f"/api?{QUERY}", ("Callharness-World", "one")).http_status == 404
    stage.ask("GET", "/state", world="one", status=404)
    stage.ask("DELETE", "/worlds/one", status=404)


def test_a_world_made_anew_is_as_the_first_was_at_the_start() -> None:
    stage = Stage()
    start = stage.total()
    stage.ask("PUT", "/world", {"calls": 3})
    stage.ask("PUT", "/worlds/one")
    assert (stage.total(), stage.total("one")) == (3, start)


def test_each_world_has_a_log_of_its_own() -> None:
    stage = Stage()
    stage.ask("PUT", "/worlds/one")
    stage.get(f"/@one/api?{QUERY}&PageNumber=3")
    stage.get(f"/api?{QUERY}&PageNumber=4")
    targets = [entry["target"] for entry in stage.ask("GET", "/requests", world="one")["requests"]]
    assert len(targets) == 1
    assert "PageNumber=3" in targets[0]
    stage.ask("DELETE", "/requests", world="one")
    assert len(stage.ask("GET", "/requests")["requests"]) == 1


@pytest.mark.parametrize("name", ["a%20b", "a%2Fb", "x" * 65])
def test_the_name_of_a_world_fits_a_header_and_a_path(name: str) -> None:
    Stage().ask("PUT", f"/worlds/{name}", status=400)


def test_a_snapshot_puts_back_world_calls_clock_and_faults() -> None:
    stage = Stage()
    stage.ask("PUT", "/world", {"calls": 20, "seed": 5})
    stage.ask("POST", "/calls", {"call_id": 7, "ended_at": (BUSY_HOUR + timedelta(seconds=9)).isoformat()})
    stage.ask("POST", "/clock/step", {"seconds": 60})
    stage.ask("POST", "/faults", {"fault": f"{API}:OZ-LCH-038"})
    kept, shown = stage.ask("GET", "/snapshot"), stage.get(f"/api?{QUERY}")
    stage.ask("POST", "/reset")
    assert stage.get(f"/api?{QUERY}") != shown
    state = stage.ask("PUT", "/snapshot", kept)
    assert stage.get(f"/api?{QUERY}") == shown
    assert state["calls"] == [7]
    assert stage.ask("GET", "/snapshot") == kept
    # Another world may begin where this one stands.
    stage.ask("PUT", "/worlds/one")
    stage.ask("PUT", "/snapshot", kept, world="one")
    assert stage.get(f"/@one/api?{QUERY}") == shown


def test_a_clock_that_runs_goes_on_from_the_instant_of_the_snapshot() -> None:
    stage = Stage(ScaledClock(began=NOON, instant=BUSY_HOUR, factor=2))
    stage.now += timedelta(seconds=10)
    kept = stage.ask("GET", "/snapshot")
    stage.now += timedelta(hours=1)
    stage.ask("PUT", "/snapshot", kept)
    stage.now += timedelta(seconds=5)
    assert stage.ask("GET", "/clock")["instant"] == (BUSY_HOUR + timedelta(seconds=30)).isoformat()


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"world": None, "calls": [], "clock": {"kind": "frozen"}, "faults": []},
        {
            "world": {"calls": 3},
            "calls": [],
            "clock": {"kind": "live", "instant": "2026-03-02T14:30:00Z"},
            "faults": [],
        },
        {"world": None, "calls": [], "clock": {"kind": "live", "instant": "2026-03-02T14:30:00Z"}, "faults": ["x"]},
    ],
    ids=["nothing", "a clock without an instant", "a world without an instant", "an unknown fault"],
)
def test_a_document_that_is_no_snapshot_changes_nothing(document: Any) -> None:
    stage = Stage()
    before = stage.ask("GET", "/snapshot")
    stage.ask("PUT", "/snapshot", document, status=400)
    assert stage.ask("GET", "/snapshot") == before


def test_another_world_leaves_the_clock_as_it_is() -> None:
    stage = Stage(FrozenClock(BUSY_HOUR))
    later = (BUSY_HOUR + timedelta(days=2)).isoformat()
    stage.ask("PUT", "/clock", {"instant": later})
    assert stage.ask("PUT", "/world", {"calls": 9})["clock"] == {"kind": "frozen", "instant": later}
    assert stage.total() == 9
    stage.ask("PUT", "/clock", {"kind": "scaled", "factor": 60})
    assert stage.ask("PUT", "/world", {"calls": 5, "traffic": "steady"})["clock"]["factor"] == 60
    stage.ask("PUT", "/world", {"traffic": "nosuch"}, status=400)
