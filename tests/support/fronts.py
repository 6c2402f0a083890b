"""An honest simulator behind a raw socket: the n-th answer, or the answers to some requests, may be bent."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import h11
from hostile_servers import Behaviour, Gone, HostileServer, Peer

from harness.serve.authentication import SimulatedUser
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.world.world import World

XML_API: Final = "ozeki/list-active-calls"
JSON_API: Final = "etelecom/list-call-logs"
PASSWORDS_API: Final = "ozeki/list-call-history"
CALLS: Final = 12
# Unique words: whatever output they turn up in, they leaked.
CANARY: Final = "cAnary-Zq7&w<9"
TOKEN: Final = "cAnary-tok-5hW2mX8r"

Bent = bytes | Behaviour | HttpResponse | None
Bend = Callable[[int, HttpRequest, HttpResponse], Bent]


def credentials(api: str) -> dict[str, str]:
    access = load_spec(api).listing.access
    if access.kind == "password":
        assert access.user is not None
        assert access.password is not None
        return {access.user: "somebody", access.password: CANARY}
    assert access.token is not None
    return {access.token: TOKEN}


def honest(api: str, *, calls: int = CALLS, seed: int = 1) -> Simulator:
    """A simulator that knows our canary credentials."""
    spec = load_spec(api)
    world = World.of(seed=seed, calls=calls)
    users = [
        SimulatedUser(
            name="default",
            credentials=credentials(api),
            roles=tuple(spec.listing.access.roles),
            customer_id=world.home_customer_id,
            everyone=True,
        )
    ]
    return Simulator(spec, world, users=users)


def wire_form(response: HttpResponse) -> bytes:
    """A response as bytes, framed by its length."""
    lines = [f"HTTP/1.1 {response.http_status} Whatever"]
    lines += [f"{name}: {value}" for name, value in response.headers if name.lower() != "content-length"]
    lines.append(f"Content-Length: {len(response.body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + response.body


@dataclass
class Front:
    """A behaviour: answers like the simulator, except where `bend` says otherwise."""

    simulator: Simulator
    bend: Bend = lambda number, request, response: None
    requests: list[HttpRequest] = field(default_factory=list)
    bent: int = 0
    faults: list[Exception] = field(default_factory=list)

    def __call__(self, peer: Peer) -> None:
        while True:
            request = _read(peer)
            self.requests.append(request)
            number = len(self.requests)
            answer = self.simulator.answer(request, self.simulator.world.instant)
            try:
                what = self.bend(number, request, answer)
            except Exception as problem:
                # A fault of a test, which must not pass for one of the server's.
                self.faults.append(problem)
                raise Gone from problem
            if what is None:
                peer.send(wire_form(answer))
                continue
            self.bent += 1
            if isinstance(what, HttpResponse):
                peer.send(wire_form(what))
            elif isinstance(what, bytes):
                peer.send(what)
                return
            else:
                what(peer)
                return


def _read(peer: Peer) -> HttpRequest:
    """One request, whatever its framing."""
    server = h11.Connection(h11.SERVER)
    head: h11.Request | None = None
    body = b""
    while True:
        event = server.next_event()
        if event is h11.NEED_DATA:
            try:
                data = peer.sock.recv(65536)
            except OSError as problem:
                raise Gone from problem
            if not data:
                raise Gone
            server.receive_data(data)
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert head is not None
            headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
            return HttpRequest(
                method=head.method.decode(),
                target=head.target,
                headers=headers,
                body=body,
                chunked=any(name == "transfer-encoding" for name, _ in headers),
            )
        else:
            raise Gone


@contextlib.contextmanager
def front(api: str, bend: Bend | None = None, *, calls: int = CALLS) -> Iterator[tuple[str, Front]]:
    """The target URL of an API's simulator behind a front, until the block ends."""
    behaviour = Front(honest(api, calls=calls))
    if bend is not None:
        behaviour.bend = bend
    server = HostileServer(behaviour, tls=None)
    try:
        yield server.url + behaviour.simulator.base_path, behaviour
    finally:
        server.stop()
    assert behaviour.faults == []


# --- bends --------------------------------------------------------------------------------------------------


def nth(number: int, what: Bent) -> Bend:
    """Only the n-th answer is bent."""
    return lambda now, request, response: what if now == number else None


def since(number: int, what: Bent) -> Bend:
    """The n-th answer and all after it are bent."""
    return lambda now, request, response: what if now >= number else None


def rewritten(edit: Callable[[bytes], bytes]) -> Bend:
    """The bodies of successes are edited."""
    return lambda now, request, response: (
        replace(response, body=edit(response.body)) if response.http_status == 200 else None
    )


def after_reading(behaviour: Behaviour) -> Behaviour:
    """A behaviour that reads a request first, for one that was read already."""

    def behave(peer: Peer) -> None:
        read_later = peer.request
        waiting = [b""]
        peer.request = lambda: waiting.pop() if waiting else read_later()  # type: ignore[method-assign]
        behaviour(peer)

    return behave
