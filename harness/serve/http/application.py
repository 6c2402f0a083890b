"""HTTP around simulators: one ASGI application, its limits, and a server on a thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias, final

from harness.output.escaping import visible
from harness.serve.faults.transport import Carried, Rough, Roughness
from harness.serve.http.connection import plain
from harness.serve.http.limits import DEFAULT_LIMITS, Limits
from harness.serve.http.request_parser import Broken, host_of, too_large, too_long, too_much
from harness.serve.router import Switchboard
from harness.serve.simulator import UNKNOWN_PATH, Simulator
from harness.specification.load import Spec
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import Ask
from harness.wire.request_codec import Refused
from harness.world.clock import Clock, Frozen

if TYPE_CHECKING:
    pass

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Watch: TypeAlias = Callable[[], datetime]
Log: TypeAlias = Callable[[str], None]
Hear: TypeAlias = "Callable[[Heard], None]"


def wall_clock() -> datetime:
    """What the machine's clock says."""
    return datetime.fromtimestamp(time.time(), UTC)


# --- the application ----------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What is played: the simulators, the time, and how roughly answers are carried. A change is a new act."""

    switchboard: Switchboard
    clock: Clock
    rough: Mapping[str, Roughness] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One exchange: when, with which API, what was asked there (None where nobody could tell), what was answered."""

    at: datetime
    world_at: datetime
    api: str
    request: HttpRequest
    asked: Ask | Refused | None
    response: HttpResponse
    spec: Spec | None = None


@final
class Application:
    """Simulators as an ASGI application; mount it anywhere.

    `clock` says at which instant the world is, given what `watch` says. `hosts` are the names by which it may be
    called (empty: any). `log` gets one line for what should not have happened, `heard` every exchange. `act` may be
    replaced at any time: each request meets one act, whole.
    """

    def __init__(
        self,
        *,
        switchboard: Switchboard,
        clock: Clock,
        rough: Mapping[str, Roughness] | None = None,
        watch: Watch = wall_clock,
        hosts: Collection[str] = (),
        limits: Limits = DEFAULT_LIMITS,
        log: Log | None = None,
        heard: Hear | None = None,
    ) -> None:
        self.act = Act(switchboard=switchboard, clock=clock, rough=rough or {})
        self.watch = watch
        self.hosts = frozenset(name.lower() for name in hosts)
        self.limits = limits
        self._log = log
        self._heard = heard

    def respond(self, request: HttpRequest) -> HttpResponse | Carried:
        """The answer to a request that was read whole; never raises."""
        try:
            return self._respond(request)
        except Exception as error:
            if self._log is not None:
                path = request.path.decode("latin-1")
                self._log(visible(f"500 {request.method} {path}: {type(error).__name__}: {error}", limit=500))
            return plain(500, "the simulator itself failed; its log says why")

    def _respond(self, request: HttpRequest) -> HttpResponse | Carried:
        if len(request.body) > self.limits.parameters and _is_crowded(request, self.limits):
            return plain(400, f"a request has at most {self.limits.parameters} parameters")
        act, now = self.act, self.watch()
        found = act.switchboard.find(request)
        world_at = act.clock.at(now)
        if found is None:
            response: HttpResponse = UNKNOWN_PATH
            rough = None
        else:
            response = found[0].answer_asked(found[1], world_at, now=now)
            rough = act.rough.get(found[0].honest.id)
        carried = rough.carry(response) if rough is not None else None
        if self._heard is not None:
            self._heard(
                Heard(
                    at=now,
                    world_at=world_at,
                    api=found[0].honest.id if found else "",
                    request=request,
                    asked=found[1] if found else None,
                    response=carried.response if carried else response,
                    spec=found[0].honest if found else None,
                )
            )
        return carried or response

    # --- behind another server ------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request that another server has read."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        body = self._refusal(scope) or await self._body(receive)
        if isinstance(body, HttpResponse):
            await _send(send, body, close=True)
            return
        answer = self.respond(_request(scope, body))
        if isinstance(answer, Carried):
            await asyncio.sleep(answer.wait_seconds)
            # Only our own front can break an answer on the wire.
            unable = plain(500, "this fault of the transport needs callharness' own server")
            answer = answer.response if answer.plain else unable
        await _send(send, answer, close=False)

    def _refusal(self, scope: Scope) -> HttpResponse | None:
        headers, limits = scope["headers"], self.limits
        query = scope["query_string"]
        if len(scope["raw_path"]) + len(query) > limits.target_bytes:
            return _refused(too_long(limits))
        if len(headers) > limits.headers:
            return _refused(too_large(limits))
        if query.count(b"&") + query.count(b";") >= limits.parameters:
            return plain(400, f"a request has at most {limits.parameters} parameters")
        named = [value for name, value in headers if name == b"host"]
        if self.hosts and (len(named) != 1 or host_of(named[0]) not in self.hosts):
            return plain(421, "this server does not go by that name")
        for name, value in headers:
            if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
                return plain(415, "bodies are read only as they are, not compressed")
            if name == b"content-length" and value.isdigit() and int(value[:20]) > limits.body_bytes:
                return _refused(too_much(limits))
        return None

    async def _body(self, receive: Receive) -> bytes | HttpResponse:
        try:
            return await asyncio.wait_for(self._whole_body(receive), self.limits.body_seconds)
        except TimeoutError:
            return plain(408, "the body did not arrive in time")

    async def _whole_body(self, receive: Receive) -> bytes | HttpResponse:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return plain(400, "the body did not arrive")
            part = message.get("body", b"")
            size += len(part)
            if size > self.limits.body_bytes:
                return _refused(too_much(self.limits))
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)


def _is_crowded(request: HttpRequest, limits: Limits) -> bool:
    """Whether a body holds more names than anybody has use for."""
    kind = (request.header("content-type") or "").lower()
    if "json" in kind:
        # A value may hold colons too: times do.
        return request.body.count(b":") > 10 * limits.parameters
    return "urlencoded" in kind and request.body.count(b"&") + request.body.count(b";") >= limits.parameters


def _refused(broken: Broken) -> HttpResponse:
    return plain(broken.http_status or 400, broken.why)


def _request(scope: Scope, body: bytes) -> HttpRequest:
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    query = scope["query_string"]
    target = scope["raw_path"] + (b"?" + query if query else b"")
    chunked = any(name == "transfer-encoding" for name, _ in headers)
    return HttpRequest(method=scope["method"], target=target, headers=headers, body=body, chunked=chunked)


async def _send(send: Send, response: HttpResponse, *, close: bool) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    headers.append((b"content-length", str(len(response.body)).encode()))
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": response.http_status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


def application(
    simulators: Sequence[Simulator],
    *,
    clock: Clock | None = None,
    rough: Mapping[str, Sequence[Rough]] | None = None,
    seed: int = 1,
    watch: Watch = wall_clock,
    hosts: Collection[str] = (),
    limits: Limits = DEFAULT_LIMITS,
    log: Log | None = None,
    heard: Hear | None = None,
) -> Application:
    """An ASGI application around simulators. Without a clock the world stands still at its own instant.

    `rough` are transport faults by the id of the spec; `seed` is their luck.
    """
    return Application(
        switchboard=Switchboard.of(simulators),
        clock=clock if clock is not None else Frozen(simulators[0].world.instant),
        rough=roughness(rough or {}, seed=seed),
        watch=watch,
        hosts=hosts,
        limits=limits,
        log=log,
        heard=heard,
    )


def roughness(faults: Mapping[str, Sequence[Rough]], *, seed: int) -> Mapping[str, Roughness]:
    """Transport faults with their dice, by API."""
    return {api: Roughness(some, seed=seed, api=api) for api, some in faults.items() if some}


# --- the server ---------------------------------------------------------------------------------------------
