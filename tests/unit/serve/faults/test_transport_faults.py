"""Transport faults: what each does to an answer, how it is written, and how it looks to a socket."""

from __future__ import annotations

import random
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from simulator_prober import make_world

from harness.errors import UsageProblem
from harness.serve.faults.transport import (
    TRANSPORT_FAULT_KINDS,
    Delivery,
    FaultyTransport,
    parse_transport_fault,
    split_api_and_fault,
)
from harness.serve.http.options import ServerOptions
from harness.serve.http.server import RunningServer, serve_in_thread
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.wire.http_messages import HttpResponse
from harness.world import World

API = "ozeki/list-call-history"
GOOD = HttpResponse(http_status=200, headers=(("Content-Type", "text/plain"),), body=b"0123456789")
ASK = (
    b"GET /api?command=ListCallHistory&Username=HTTP_User_1&Password=qwe123&RowsPerPage=2 HTTP/1.1\r\n"
    b"Host: 127.0.0.1\r\n\r\n"
)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


@contextmanager
def serving(world: World, *faults: str) -> Iterator[RunningServer]:
    simulator = Simulator(load_spec(API), world)
    options = ServerOptions(transport_faults={API: [parse_transport_fault(text) for text in faults]})
    with serve_in_thread([simulator], options) as server:
        yield server


def got(server: RunningServer, data: bytes = ASK, *, timeout: float = 60) -> bytes:
    """What comes until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as sock:
        sock.sendall(data)
        parts = []
        while part := sock.recv(65536):
            parts.append(part)
        return b"".join(parts)


def split(answer: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    return int(first[9:12]), dict(line.split(b": ", 1) for line in lines), body  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "spread"),
    [
        ("latency", (0.2, 0.2)),
        ("latency=1.5", (1.5, 1.5)),
        ("latency=200ms", (0.2, 0.2)),
        ("transport/latency=0.2~0.05", (0.15, 0.25)),
        ("latency=uniform:0.1:300ms", (0.1, 0.3)),
        ("latency=normal:1:0.1", (0.4, 1.6)),
        ("latency=exponential:0.1", (0.0, 3.0)),
        ("latency=lognormal:0.1:0.5", (0.001, 3.0)),
    ],
)
def test_latency_is_drawn_from_its_distribution(text: str, spread: tuple[float, float]) -> None:
    rough = FaultyTransport([parse_transport_fault(text)], seed=1, api=API)
    drawn = [rough.deliver(GOOD).wait_seconds for _ in range(500)]
    assert spread[0] <= min(drawn) <= max(drawn) <= spread[1]


def test_a_normal_latency_has_its_mean() -> None:
    bend = parse_transport_fault("latency=normal:1:0.1").change
    dice = random.Random(3)
    drawn = [bend(Delivery(response=GOOD), dice).wait_seconds for _ in range(2000)]
    assert statistics.mean(drawn) == pytest.approx(1, abs=0.02)
    assert statistics.stdev(drawn) == pytest.approx(0.1, abs=0.02)


def test_the_same_seed_has_the_same_luck() -> None:
    def luck(seed: int) -> list[int]:
        rough = FaultyTransport([parse_transport_fault("server-error=0.3")], seed=seed, api=API)
        return [rough.deliver(GOOD).response.http_status for _ in range(200)]

    assert luck(1) == luck(1)
    assert luck(1) != luck(2)
    assert 30 < luck(1).count(500) < 90


@pytest.mark.parametrize(
    "text",
    [
        "nosuch",
        "latency=",
        "latency=fast",
        "latency=uniform:3:1",
        "latency=normal:1",
        "latency=-1",
        "drop=2",
        "drop=x",
        "drop=0.5:1",
        "truncate=1:1",
        "dribble=1:0",
        "wrong-length=1:0",
        "server-error=1:404",
        "too-many=1:x",
    ],
)
def test_a_fault_that_cannot_be_is_one_clear_error(text: str) -> None:
    with pytest.raises(UsageProblem, match="transport/"):
        parse_transport_fault(text)


def test_a_misspelt_name_is_guessed() -> None:
    with pytest.raises(UsageProblem, match="try transport/truncate"):
        parse_transport_fault("transport/trunkate")


@pytest.mark.parametrize("name", TRANSPORT_FAULT_KINDS)
def test_every_kind_works_without_a_value(name: str) -> None:
    fault = parse_transport_fault(name)
    assert fault.id == f"transport/{name}"
    FaultyTransport([fault], seed=1, api=API).deliver(GOOD)


def test_an_api_is_told_from_a_name_with_colons() -> None:
    assert split_api_and_fault("a/b:transport/latency=uniform:1:2") == ("a/b", "transport/latency=uniform:1:2")
    assert split_api_and_fault("C:\\x.yaml:OZ-1/x") == ("C:\\x.yaml", "OZ-1/x")


def test_too_many_says_when_to_come_back(world: World) -> None:
    with serving(world, "too-many=1:7") as server:
        status, headers, _ = split(got(server, ASK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")))
    assert (status, headers[b"retry-after"]) == (429, b"7")


def test_a_server_error_is_a_plain_one(world: World) -> None:
    with serving(world, "server-error=1:503") as server:
        status, _, body = split(got(server, ASK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")))
    assert status == 503
    assert b"deliberate" in body


def test_a_dropped_connection_ends_without_a_word(world: World) -> None:
    with serving(world, "drop") as server:
        assert got(server) == b""


def test_a_reset_is_a_reset(world: World) -> None:
    with serving(world, "reset") as server, pytest.raises(ConnectionResetError):
        got(server)


def test_a_silent_server_says_nothing_and_ends_at_once_when_told(world: World) -> None:
    with serving(world, "silent") as server:
        with pytest.raises(TimeoutError):
            got(server, timeout=0.3)
        begun = time.perf_counter()
    assert time.perf_counter() - begun < 60


def test_a_truncated_body_is_shorter_than_it_says(world: World) -> None:
    with serving(world, "truncate=1:0.5") as server:
        _, headers, body = split(got(server))
    assert len(body) == int(headers[b"content-length"]) // 2


@pytest.mark.parametrize("off", [10, -10])
def test_a_wrong_length_is_off_by_so_much(world: World, off: int) -> None:
    with serving(world, f"wrong-length=1:{off:+d}") as server:
        _, headers, body = split(got(server))
    assert int(headers[b"content-length"]) - len(body) == off


def test_a_dribbled_body_takes_its_time_and_is_whole(world: World) -> None:
    with serving(world, "dribble=1:2000") as server:
        begun = time.perf_counter()
        status, headers, body = split(got(server, ASK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")))
        took = time.perf_counter() - begun
    assert status == 200
    assert int(headers[b"content-length"]) == len(body)
    assert took > len(body) / 2000 * 0.8


def test_a_late_answer_keeps_its_place_and_the_connection(world: World) -> None:
    with serving(world, "latency=0.2") as server:
        begun = time.perf_counter()
        answers = got(server, ASK * 2 + ASK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert time.perf_counter() - begun > 0.6
    assert answers.count(b"HTTP/1.1 200 OK") == 3


def test_others_do_not_wait_for_a_late_answer(world: World) -> None:
    # One after the other they would take two minutes.
    with serving(world, "latency=1") as server:
        begun = time.perf_counter()
        socks = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(120)]
        for sock in socks:
            sock.sendall(ASK)
        for sock in socks:
            assert sock.recv(100).startswith(b"HTTP/1.1 200")
            sock.close()
        assert time.perf_counter() - begun < 60
