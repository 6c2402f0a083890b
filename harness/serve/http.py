"""HTTP around simulators: one ASGI application, its limits, and a server on a thread."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, final

from harness.errors import Misuse
from harness.output.files import write_atomically
from harness.output.visible import visible
from harness.serve.front import Front, plain
from harness.serve.heads import Broken, host_of, too_large, too_long, too_much
from harness.serve.limits import DEFAULT_LIMITS, Limits
from harness.serve.rough import Carried, Rough, Roughness
from harness.serve.simulator import UNKNOWN_PATH, Simulator
from harness.serve.switchboard import Switchboard
from harness.spec.load import Spec
from harness.wire.ask import Ask
from harness.wire.exchange import HttpRequest, HttpResponse
from harness.wire.requests import Refused
from harness.world.clock import Clock, Frozen

if TYPE_CHECKING:
    import trustme

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Watch: TypeAlias = Callable[[], datetime]
Log: TypeAlias = Callable[[str], None]
Hear: TypeAlias = "Callable[[Heard], None]"

LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "::1")
_SHARED: Final = "server.pem"


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


@final
@dataclass(eq=False)
class RunningServer:
    """A server on a thread of its own. `urls` are the targets by spec id; `ca_file` is there under TLS."""

    urls: Mapping[str, str]
    host: str
    port: int
    ca_file: Path | None
    _prepared: PreparedServer = field(repr=False)
    _thread: threading.Thread = field(repr=False)

    @property
    def application(self) -> Application:
        """What answers."""
        return self._prepared.application

    def close(self) -> None:
        """Stop listening, let running answers end, and wait until it has."""
        self._prepared.end()
        self._thread.join(timeout=10)

    def __enter__(self) -> RunningServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve_in_thread(
    simulators: Sequence[Simulator],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    clock: Clock | None = None,
    rough: Mapping[str, Sequence[Rough]] | None = None,
    seed: int = 1,
    watch: Watch = wall_clock,
    allow_hosts: Collection[str] = (),
    limits: Limits = DEFAULT_LIMITS,
    tls_dir: Path | None = None,
    tls_made: bool = False,
    log: Log | None = None,
    heard: Hear | None = None,
    refused: Callable[[Broken], None] | None = None,
    listening: socket.socket | None = None,
) -> RunningServer:
    """Serve simulators on one port, listening when this returns; port 0 picks a free one. Raises Misuse.

    Without a clock the world stands still at its own instant. With `tls_dir` it speaks TLS and leaves `ca.pem`
    there; with `tls_made` it takes what `make_certificate` left there. `rough` are transport faults by the id of
    the spec. `listening` is a socket that listens already.
    """
    prepared = prepare_server(
        simulators,
        host=host,
        port=port,
        clock=clock,
        rough=rough,
        seed=seed,
        watch=watch,
        allow_hosts=allow_hosts,
        limits=limits,
        tls_dir=tls_dir,
        tls_made=tls_made,
        log=log,
        heard=heard,
        refused=refused,
        listening=listening,
    )
    thread = threading.Thread(target=prepared.run, name="callharness-serve", daemon=True)
    thread.start()
    return RunningServer(
        urls=prepared.urls,
        host=host,
        port=prepared.port,
        ca_file=prepared.ca_file,
        _prepared=prepared,
        _thread=thread,
    )


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class PreparedServer:
    """A server whose socket listens but which does not answer yet; `run` answers until it is told to end."""

    application: Application
    urls: Mapping[str, str]
    port: int
    ca_file: Path | None
    site: Site

    def run(self) -> None:
        """Answer until `end`, or on the main thread until SIGINT or SIGTERM."""
        self.site.run()

    def end(self) -> None:
        """Tell it to end; from any thread."""
        self.site.end()


def prepare_server(
    simulators: Sequence[Simulator],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    clock: Clock | None = None,
    rough: Mapping[str, Sequence[Rough]] | None = None,
    seed: int = 1,
    watch: Watch = wall_clock,
    allow_hosts: Collection[str] = (),
    limits: Limits = DEFAULT_LIMITS,
    tls_dir: Path | None = None,
    tls_made: bool = False,
    log: Log | None = None,
    heard: Hear | None = None,
    refused: Callable[[Broken], None] | None = None,
    listening: socket.socket | None = None,
) -> PreparedServer:
    """A server that listens, for a caller who runs it. Raises Misuse for a port that cannot be had."""
    names = frozenset(name.lower() for name in (*LOOPBACK_NAMES, host, *allow_hosts))
    answering = application(
        simulators,
        clock=clock,
        rough=rough,
        seed=seed,
        watch=watch,
        hosts=names,
        limits=limits,
        log=log,
        heard=heard,
    )
    front = Front(answering.respond, limits=limits, hosts=names, log=log, refused=refused)
    ca_file, context = (None, None)
    if tls_dir is not None:
        ca_file, context = _made(tls_dir) if tls_made else _tls(tls_dir, host)
    site = Site(front, listening or listen(host, port), tls=context, log=log)
    shown = f"[{host}]" if ":" in host else host
    scheme = "https" if context is not None else "http"
    urls = {sim.honest.id: f"{scheme}://{shown}:{site.port}{sim.base_path}" for sim in simulators}
    at = answering.act.clock.at(watch())
    for simulator in simulators:
        simulator.warm(at)
    return PreparedServer(application=answering, urls=urls, port=site.port, ca_file=ca_file, site=site)


@final
class Site:
    """A front behind a listening socket."""

    def __init__(
        self,
        front: Front,
        listening: socket.socket,
        *,
        tls: ssl.SSLContext | None = None,
        log: Log | None = None,
    ) -> None:
        import uvicorn

        async def nobody(scope: Scope, receive: Receive, send: Send) -> None:
            """The front answers by itself; the server wants an application all the same."""

        config = uvicorn.Config(
            nobody,
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        config.load()
        config.ssl = tls
        handshake: dict[str, Any] = {} if tls is None else {"ssl_handshake_timeout": front.limits.header_seconds}

        class Server(uvicorn.Server):
            # uvicorn has no option for it, and asyncio waits a minute for a client that never shakes hands.
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                loop = asyncio.get_running_loop()

                def connection() -> asyncio.Protocol:
                    return front.protocol(self.server_state)

                self.servers = [
                    await loop.create_server(connection, sock=sock, ssl=tls, backlog=1024, **handshake)
                    for sock in sockets or ()
                ]
                self.started = True

        self._listening = listening
        self.port = int(listening.getsockname()[1])
        self._server = Server(config)
        self._log = log

    def run(self) -> None:
        """Answer until `end`, or on the main thread until SIGINT or SIGTERM."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        asyncio.get_running_loop().set_exception_handler(self._told)
        await self._server.serve(sockets=[self._listening])

    def _told(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What nobody caught becomes one line, never a traceback."""
        if self._log is not None:
            problem = context.get("exception")
            what = f"{context.get('message', '')}: {type(problem).__name__}: {problem}"
            self._log(visible(what, limit=500))

    def end(self) -> None:
        """Stop; from any thread."""
        self._server.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 picks a free one. Raises Misuse."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without the protocol named, asyncio does not switch Nagle's algorithm off.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        reason = error.strerror or str(error)
        raise Misuse(f"{host}:{port}", "an address that can be listened on", reason, "choose another port") from None
    return listening


def _tls(folder: Path, host: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate of a fresh authority for loopback and the host; `ca.pem` is what clients should trust."""
    authority, certificate = _certificate(host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return _left(folder, authority), context


def make_certificate(folder: Path, host: str) -> Path:
    """Leave a certificate with its key in a folder, for several servers to show; gives `ca.pem` there."""
    authority, certificate = _certificate(host)
    ca_file = _left(folder, authority)
    key = folder / _SHARED
    descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(certificate.private_key_and_cert_chain_pem.bytes())
    return ca_file


def _certificate(host: str) -> tuple[trustme.CA, trustme.LeafCert]:
    import trustme

    authority = trustme.CA()
    names = dict.fromkeys((*LOOPBACK_NAMES, host))
    return authority, authority.issue_cert(*names)


def _left(folder: Path, authority: trustme.CA) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    ca_file = folder / "ca.pem"
    write_atomically(ca_file, authority.cert_pem.bytes())
    return ca_file


def _made(folder: Path) -> tuple[Path, ssl.SSLContext]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / _SHARED)
    return folder / "ca.pem", context
