"""HTTP around simulators: one ASGI application that routes, answers and delivers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias, final

from harness.output.escaping import visible_text
from harness.serve.api_router import Router
from harness.serve.clock_reach import instant_within, latest_instant
from harness.serve.faults.transport import Delivery, FaultyTransport, TransportFault
from harness.serve.http.answer_memory import MOST_REMEMBERED_BYTES, AnswerKey, AnswerMemory, RememberedAnswer
from harness.serve.http.connection import plain_response
from harness.serve.http.limits import ServerLimits
from harness.serve.http.log_limiter import LogLimiter
from harness.serve.http.options import DEFAULT_OPTIONS, ServerOptions
from harness.serve.http.remote_token import take_token
from harness.serve.http.request_parser import (
    RequestRejection,
    body_too_large,
    headers_too_large,
    host_of,
    request_line_too_long,
)
from harness.serve.http.world_choice import choose_world
from harness.serve.simulator import UNKNOWN_PATH_RESPONSE, Simulator
from harness.specification.load import Spec
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest
from harness.world.clock import Clock, FrozenClock

AsgiScope: TypeAlias = MutableMapping[str, Any]
AsgiReceive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
AsgiSend: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


# --- the application ----------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What is served: the simulators, the time, and the faults of the transport. A change is a new value."""

    router: Router
    clock: Clock
    transports: Mapping[str, FaultyTransport] = field(default_factory=dict)
    memory_bytes: int = MOST_REMEMBERED_BYTES
    # Of no other simulation: `replace` makes a new one, too. Where time goes by, the next answer may be another.
    memory: AnswerMemory | None = field(init=False, repr=False, compare=False)
    # How far the clock runs.
    latest: datetime = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        memory = None
        if isinstance(self.clock, FrozenClock):
            memory = AnswerMemory(self.router.simulators, most_bytes=self.memory_bytes)
        object.__setattr__(self, "memory", memory)
        latest = min(latest_instant(simulator.world) for simulator in self.router.simulators)
        object.__setattr__(self, "latest", latest)

    def instant_at(self, now: datetime) -> datetime:
        """The instant of the world when the wall clock shows `now`."""
        return instant_within(self.clock, self.latest, now)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ServedExchange:
    """One exchange: when, with which API, what was asked there (None where nobody could tell), what was answered."""

    at: datetime
    world_at: datetime
    api: str
    request: HttpRequest
    list_request: ListRequest | RefusedRequest | None
    response: HttpResponse
    spec: Spec | None = None
    world: str = ""


@final
class Application:
    """Simulators as an ASGI application; mount it anywhere.

    Each of its simulators answers for its own operation, or UsageProblem is raised. `hosts` are the names by which it
    may be called (empty: any). `simulation` may be replaced at any time: each request meets one of them, whole.
    So may `worlds`: simulations by a name that requests give; None where they cannot give any.
    """

    def __init__(
        self,
        simulators: Sequence[Simulator],
        options: ServerOptions = DEFAULT_OPTIONS,
        *,
        hosts: Collection[str] = (),
    ) -> None:
        router = Router.of(simulators)
        self.simulation = Simulation(
            router=router,
            clock=options.clock if options.clock is not None else FrozenClock(simulators[0].world.instant),
            transports=make_faulty_transports(options.transport_faults, seed=options.seed),
        )
        self.worlds: Mapping[str, Simulation] | None = None
        self.wall_clock = options.wall_clock
        self.hosts = frozenset(name.lower() for name in hosts)
        self.limits = options.limits
        self._remote_token = options.remote_token
        self._log = LogLimiter(options.log) if options.log is not None else None
        self._on_exchange = options.on_exchange

    def respond(self, request: HttpRequest) -> HttpResponse | Delivery:
        """The answer to a request that was read whole; never raises."""
        try:
            return self._route_and_answer(request)
        except Exception as error:
            self._log_failure(f"500 {request.method} {request.path.decode('latin-1')}", error)
            return plain_response(500, "the simulator itself failed; its log says why")

    def work_ahead(self) -> bool:
        """Make something that later requests will need; False when there is nothing to make. Never raises."""
        try:
            return any(simulator.make_rows_ahead() for simulator in self.simulation.router.simulators)
        except Exception as error:
            self._log_failure("rows that nobody asked for yet", error)
            return False

    def _log_failure(self, what: str, error: Exception) -> None:
        if self._log is not None:
            kind = type(error).__name__
            self._log.write(kind, visible_text(f"{what}: {kind}: {error}", limit=500))

    def _route_and_answer(self, request: HttpRequest) -> HttpResponse | Delivery:
        if self._remote_token is not None:
            inside = take_token(request, self._remote_token)
            if isinstance(inside, HttpResponse):
                return inside
            request = inside
        if self.worlds is None:
            return self._answer_in(self.simulation, "", request)
        world, request = choose_world(request)
        simulation = self.worlds.get(world) if world else self.simulation
        if simulation is None:
            return plain_response(404, "no world of that name; PUT /worlds/NAME of the control API makes one")
        return self._answer_in(simulation, world, request)

    def _answer_in(self, simulation: Simulation, world: str, request: HttpRequest) -> HttpResponse | Delivery:
        memory = simulation.memory
        if memory is None:
            return self._answer_anew(simulation, world, request, None)
        key = memory.key_of(request)
        known = memory.find(key)
        if known is None:
            return self._answer_anew(simulation, world, request, key)
        if self._on_exchange is not None:
            now = self.wall_clock()
            self._tell_exchange(request, known, known.response, now, simulation.instant_at(now), world)
        return known.response

    def _answer_anew(
        self, simulation: Simulation, world: str, request: HttpRequest, key: AnswerKey | None
    ) -> HttpResponse | Delivery:
        if len(request.body) > self.limits.parameters and _has_too_many_parameters(request, self.limits):
            return plain_response(400, f"a request has at most {self.limits.parameters} parameters")
        now = self.wall_clock()
        found = simulation.router.find_simulator(request)
        world_at = simulation.instant_at(now)
        if found is None:
            answer = RememberedAnswer(UNKNOWN_PATH_RESPONSE, None, None)
            transport = None
        else:
            simulator, ask = found
            spec = simulator.documented_spec
            # What was asked is for those who listen: kept with every answer it would fill the memory.
            told = ask if self._on_exchange is not None else None
            answer = RememberedAnswer(simulator.answer_list_request(ask, world_at, now=now), spec, told)
            transport = simulation.transports.get(spec.id)
            if transport is None and key is not None and simulator.is_answer_lasting(ask) and simulation.memory:
                simulation.memory.keep(key, answer)
        carried = transport.deliver(answer.response) if transport is not None else None
        if self._on_exchange is not None:
            sent = carried.response if carried else answer.response
            self._tell_exchange(request, answer, sent, now, world_at, world)
        return carried or answer.response

    def _tell_exchange(
        self,
        request: HttpRequest,
        answer: RememberedAnswer,
        sent: HttpResponse,
        now: datetime,
        world_at: datetime,
        world: str,
    ) -> None:
        assert self._on_exchange is not None
        self._on_exchange(
            ServedExchange(
                at=now,
                world_at=world_at,
                api=answer.spec.id if answer.spec is not None else "",
                request=request,
                list_request=answer.list_request,
                response=sent,
                spec=answer.spec,
                world=world,
            )
        )

    # --- behind another server ------------------------------------------------------------------------------

    async def __call__(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        """Answer one request that another server has read."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        body = self._scope_refusal(scope) or await self._read_body_in_time(receive)
        if isinstance(body, HttpResponse):
            await _send_response(send, body, close=True)
            return
        answer = self.respond(_request_from_scope(scope, body))
        if isinstance(answer, Delivery):
            await asyncio.sleep(answer.wait_seconds)
            # Only our own front can break an answer on the wire.
            unable = plain_response(500, "this fault of the transport needs callharness' own server")
            answer = answer.response if answer.is_ordinary else unable
        await _send_response(send, answer, close=False)

    def _scope_refusal(self, scope: AsgiScope) -> HttpResponse | None:
        headers, limits = scope["headers"], self.limits
        query = scope["query_string"]
        if len(scope["raw_path"]) + len(query) > limits.target_bytes:
            return _rejection_response(request_line_too_long(limits))
        if len(headers) > limits.headers:
            return _rejection_response(headers_too_large(limits))
        if query.count(b"&") + query.count(b";") >= limits.parameters:
            return plain_response(400, f"a request has at most {limits.parameters} parameters")
        named = [value for name, value in headers if name == b"host"]
        if self.hosts and (len(named) != 1 or host_of(named[0]) not in self.hosts):
            return plain_response(421, "this server does not go by that name")
        for name, value in headers:
            if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
                return plain_response(415, "bodies are read only as they are, not compressed")
            if name == b"content-length" and value.isdigit() and int(value[:20]) > limits.body_bytes:
                return _rejection_response(body_too_large(limits))
        return None

    async def _read_body_in_time(self, receive: AsgiReceive) -> bytes | HttpResponse:
        try:
            return await asyncio.wait_for(self._read_body(receive), self.limits.body_seconds)
        except TimeoutError:
            return plain_response(408, "the body did not arrive in time")

    async def _read_body(self, receive: AsgiReceive) -> bytes | HttpResponse:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return plain_response(400, "the body did not arrive")
            part = message.get("body", b"")
            size += len(part)
            if size > self.limits.body_bytes:
                return _rejection_response(body_too_large(self.limits))
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)


def _has_too_many_parameters(request: HttpRequest, limits: ServerLimits) -> bool:
    """Whether a body holds more names than anybody has use for."""
    kind = (request.header("content-type") or "").lower()
    if "json" in kind:
        # A value may hold colons too: times do.
        return request.body.count(b":") > 10 * limits.parameters
    return "urlencoded" in kind and request.body.count(b"&") + request.body.count(b";") >= limits.parameters


def _rejection_response(broken: RequestRejection) -> HttpResponse:
    return plain_response(broken.http_status or 400, broken.reason)


def _request_from_scope(scope: AsgiScope, body: bytes) -> HttpRequest:
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    query = scope["query_string"]
    target = scope["raw_path"] + (b"?" + query if query else b"")
    chunked = any(name == "transfer-encoding" for name, _ in headers)
    secure = scope.get("scheme") == "https"
    return HttpRequest(
        method=scope["method"], target=target, headers=headers, body=body, chunked=chunked, secure=secure
    )


async def _send_response(send: AsgiSend, response: HttpResponse, *, close: bool) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    headers.append((b"content-length", str(len(response.body)).encode()))
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": response.http_status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


def make_faulty_transports(
    faults: Mapping[str, Sequence[TransportFault]], *, seed: int
) -> Mapping[str, FaultyTransport]:
    """Transport faults with their dice, by API."""
    return {api: FaultyTransport(some, seed=seed, api=api) for api, some in faults.items() if some}
