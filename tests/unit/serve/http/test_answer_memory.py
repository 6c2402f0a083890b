"""Answers that are remembered: the same request gets the same bytes, and only as long as nothing changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt as pyjwt
import pytest

from harness.serve.authentication import make_key_pair
from harness.serve.faults.catalogue import find_faults
from harness.serve.http.answer_memory import AnswerMemory, RememberedAnswer
from harness.serve.http.application import Application, ServedExchange, Simulation
from harness.serve.http.options import ServerOptions
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.world import BUSY_HOUR, FrozenClock, World
from harness.world.clock import LiveClock

API = "ozeki/list-call-history"
QUERY = b"/api?command=ListCallHistory&Username=HTTP_User_1&Password=qwe123"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def get(target: bytes = QUERY, *headers: tuple[str, str]) -> HttpRequest:
    return HttpRequest(method="GET", target=target, headers=(("host", "127.0.0.1"), *headers))


def simulator(**given: Any) -> Simulator:
    return Simulator(load_spec(API), World.of(seed=1, calls=30), **given)


def is_remembered(application: Application, request: HttpRequest) -> bool:
    first = application.respond(request)
    return application.respond(request) is first


def test_a_request_that_was_answered_gets_the_same_answer() -> None:
    application = Application([simulator()])
    first = application.respond(get())
    assert application.respond(get()) is first
    # What no answer depends on need not be the same.
    assert application.respond(get(QUERY, ("x-request-id", "7"), ("accept", "text/xml"))) is first
    assert application.respond(replace(get(), method="POST")) is not first
    assert application.respond(get(QUERY.replace(b"qwe123", b"wrong"))) != first


@pytest.mark.parametrize("api", ["twilio/list-calls", "telnyx/list-detail-records"])
def test_links_are_those_of_the_host_that_was_asked(api: str) -> None:
    one = Simulator(load_spec(api), World.of(seed=1, calls=200))
    application = Application([one])
    from simulator_prober import base_ask

    from harness.wire.request_codec import encode_request

    asked = encode_request(one.documented_spec, base_ask(one, {}), base_path=one.base_path)
    for host in ("one.example", "two.example", "one.example"):
        request = replace(asked, headers=(*asked.headers, ("host", host)))
        answer = application.respond(request)
        assert isinstance(answer, HttpResponse)
        assert answer == one.answer(request, BUSY_HOUR)


def test_nothing_is_remembered_while_time_goes_by() -> None:
    options = ServerOptions(clock=LiveClock(), wall_clock=lambda: BUSY_HOUR)
    assert not is_remembered(Application([simulator()], options), get())


def test_nothing_is_remembered_of_an_api_with_a_fault() -> None:
    faults = find_faults(load_spec(API), "OZ-LCH-038")
    assert not is_remembered(Application([simulator(faults=faults)]), get())


def test_another_clock_has_a_memory_of_its_own() -> None:
    application = Application([simulator()])
    before = application.respond(get())
    application.simulation = replace(application.simulation, clock=FrozenClock(BUSY_HOUR - timedelta(days=2)))
    after = application.respond(get())
    assert after != before
    application.simulation = replace(application.simulation, clock=FrozenClock(BUSY_HOUR))
    assert application.respond(get()) == before


def test_a_signed_token_expires_also_for_a_request_that_was_answered() -> None:
    key = make_key_pair()
    spec = load_spec("voximplant/get-call-history")
    one = Simulator(spec, World.of(seed=1, calls=30), key=key)
    now = [NOON]
    application = Application([one], ServerOptions(wall_clock=lambda: now[0]))
    jwt = spec.listing.access.jwt
    assert jwt is not None
    user = one.users[0]
    claims = {"iss": user.credentials[jwt.issuer], "iat": NOON.timestamp(), "exp": NOON.timestamp() + 60}
    token = pyjwt.encode(claims, key.private_pem, algorithm="RS256", headers={"kid": user.credentials[jwt.key_id]})
    target = (one.base_path + spec.path).encode() + b"?from_date=2026-03-01+00:00:00&to_date=2026-03-03+00:00:00"
    request = get(target, ("authorization", f"Bearer {token}"))
    accepted = application.respond(request)
    assert application.respond(request) == accepted
    now[0] += timedelta(seconds=61)
    refused = application.respond(request)
    assert refused != accepted
    assert isinstance(refused, HttpResponse)
    assert b"error" in refused.body


def test_a_remembered_answer_is_told_to_those_who_listen_like_any_other() -> None:
    heard: list[ServedExchange] = []
    now = [NOON]
    options = ServerOptions(wall_clock=lambda: now[0], on_exchange=heard.append)
    application = Application([simulator()], options)
    application.respond(get())
    now[0] += timedelta(seconds=5)
    application.respond(get(QUERY, ("x-request-id", "7")))
    first, second = heard
    assert second.at - first.at == timedelta(seconds=5)
    assert second.request.header("x-request-id") == "7"
    assert replace(second, at=first.at, request=first.request) == first


def kept(memory: AnswerMemory, name: str, size: int) -> None:
    answer = RememberedAnswer(HttpResponse(http_status=200, body=b"x" * size), None, None)
    memory.keep(memory.key_of(get(name.encode())), answer)


def has(memory: AnswerMemory, name: str) -> bool:
    return memory.find(memory.key_of(get(name.encode()))) is not None


def test_the_memory_is_bounded_in_bytes_and_forgets_what_nobody_asked_for_the_longest() -> None:
    memory = AnswerMemory((simulator(),), most_bytes=40_000)
    for name in ("/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h"):
        kept(memory, name, 3_000)
    assert has(memory, "/a")
    kept(memory, "/i", 3_000)
    assert has(memory, "/a")
    assert not has(memory, "/b")


def test_one_large_answer_drives_out_no_others() -> None:
    memory = AnswerMemory((simulator(),), most_bytes=40_000)
    kept(memory, "/a", 100)
    kept(memory, "/large", 39_000)
    assert has(memory, "/a")
    assert not has(memory, "/large")


def test_what_a_simulation_remembers_belongs_to_it_alone() -> None:
    application = Application([simulator()])
    first: Simulation = application.simulation
    assert replace(first).memory is not first.memory
