"""HTTP around simulators: one ASGI application, its limits, and a server on a thread."""

from __future__ import annotations

import asyncio
import ipaddress
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
from harness.serve.simulator import Simulator
from harness.serve.switchboard import Switchboard
from harness.wire.exchange import HttpRequest, HttpResponse
from harness.world.clock import Clock, Frozen

if TYPE_CHECKING:
    import uvicorn

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Watch: TypeAlias = Callable[[], datetime]
Log: TypeAlias = Callable[[str], None]

LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "::1")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a client may send."""

    body_bytes: int = 1024 * 1024
    target_bytes: int = 16 * 1024
    headers: int = 100
    body_seconds: float = 10.0
    idle_seconds: int = 5
    connections: int = 1000


DEFAULT_LIMITS: Final = Limits()


def wall_clock() -> datetime:
    """What the machine's clock says."""
    return datetime.fromtimestamp(time.time(), UTC)


# --- the application ----------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An ASGI application around a switchboard; mount it anywhere.

    `clock` says at which instant the world is, given what `watch` says. `hosts` are the names by which it may be
    called (empty: any). `log` gets one line for what should not have happened, `heard` every exchange.
    """

    switchboard: Switchboard
    clock: Clock
    watch: Watch = wall_clock
    hosts: frozenset[str] = frozenset()
    limits: Limits = DEFAULT_LIMITS
    log: Log | None = None
    heard: Callable[[HttpRequest, HttpResponse], None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        body = self._refusal(scope) or await self._body(receive)
        if isinstance(body, HttpResponse):
            await _send(send, body, close=True)
        else:
            await _send(send, self._answer(_request(scope, body)), close=False)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        now = self.watch()
        try:
            response = self.switchboard.answer(request, self.clock.at(now), now=now)
            if self.heard is not None:
                self.heard(request, response)
        except Exception as error:
            if self.log is not None:
                path = request.path.decode("latin-1")
                self.log(visible(f"500 {request.method} {path}: {type(error).__name__}: {error}", limit=500))
            return _plain(500, "the simulator itself failed; its log says why")
        return response

    def _refusal(self, scope: Scope) -> HttpResponse | None:
        headers = scope["headers"]
        target = len(scope["raw_path"]) + len(scope["query_string"])
        if target > self.limits.target_bytes:
            return _plain(414, f"a request line is at most {self.limits.target_bytes} bytes long")
        if len(headers) > self.limits.headers:
            return _plain(431, f"a request has at most {self.limits.headers} headers")
        named = [value for name, value in headers if name == b"host"]
        if self.hosts and (len(named) != 1 or _host_of(named[0]) not in self.hosts):
            return _plain(421, "this server does not go by that name")
        for name, value in headers:
            if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
                return _plain(415, "bodies are read only as they are, not compressed")
            if name == b"content-length" and value.isdigit() and int(value[:20]) > self.limits.body_bytes:
                return self._too_large()
        return None

    def _too_large(self) -> HttpResponse:
        return _plain(413, f"a body is at most {self.limits.body_bytes} bytes long")

    async def _body(self, receive: Receive) -> bytes | HttpResponse:
        try:
            return await asyncio.wait_for(self._whole_body(receive), self.limits.body_seconds)
        except TimeoutError:
            return _plain(408, "the body did not arrive in time")

    async def _whole_body(self, receive: Receive) -> bytes | HttpResponse:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return _plain(400, "the body did not arrive")
            part = message.get("body", b"")
            size += len(part)
            if size > self.limits.body_bytes:
                return self._too_large()
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)


def _request(scope: Scope, body: bytes) -> HttpRequest:
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    query = scope["query_string"]
    target = scope["raw_path"] + (b"?" + query if query else b"")
    chunked = any(name == "transfer-encoding" for name, _ in headers)
    return HttpRequest(method=scope["method"], target=target, headers=headers, body=body, chunked=chunked)


def _host_of(value: bytes) -> str:
    """The name in a Host header, without its port."""
    text = value.decode("latin-1").strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.rpartition(":")[0] if text.count(":") == 1 else text


def _plain(status: int, text: str) -> HttpResponse:
    headers = (("Content-Type", "text/plain; charset=utf-8"),)
    return HttpResponse(http_status=status, headers=headers, body=f"{text}\n".encode())


async def _send(send: Send, response: HttpResponse, *, close: bool) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    headers.append((b"content-length", str(len(response.body)).encode()))
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": response.http_status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


# --- the server ---------------------------------------------------------------------------------------------


@final
@dataclass(eq=False)
class RunningServer:
    """A server on a thread of its own. `urls` are the targets by spec id; `ca_file` is there under TLS."""

    urls: Mapping[str, str]
    host: str
    port: int
    ca_file: Path | None
    _server: uvicorn.Server = field(repr=False)
    _thread: threading.Thread = field(repr=False)

    def close(self) -> None:
        """Stop listening, let running answers end, and wait until it has."""
        self._server.should_exit = True
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
    watch: Watch = wall_clock,
    allow_hosts: Collection[str] = (),
    limits: Limits = DEFAULT_LIMITS,
    tls_dir: Path | None = None,
    log: Log | None = None,
    heard: Callable[[HttpRequest, HttpResponse], None] | None = None,
) -> RunningServer:
    """Serve simulators on one port, listening when this returns; port 0 picks a free one. Raises Misuse.

    Without a clock the world stands still at its own instant. With `tls_dir` it speaks TLS and leaves `ca.pem`
    there.
    """
    prepared = prepare_server(
        simulators,
        host=host,
        port=port,
        clock=clock,
        watch=watch,
        allow_hosts=allow_hosts,
        limits=limits,
        tls_dir=tls_dir,
        log=log,
        heard=heard,
    )
    thread = threading.Thread(target=prepared.run, name="callharness-serve", daemon=True)
    thread.start()
    return RunningServer(
        urls=prepared.urls,
        host=host,
        port=prepared.port,
        ca_file=prepared.ca_file,
        _server=prepared.server,
        _thread=thread,
    )


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class PreparedServer:
    """A server whose socket listens but which does not answer yet; `run` answers until it is told to end."""

    urls: Mapping[str, str]
    port: int
    ca_file: Path | None
    server: uvicorn.Server
    socket: socket.socket

    def run(self) -> None:
        """Answer until `server.should_exit`, or on the main thread until SIGINT or SIGTERM."""
        asyncio.run(self.server.serve(sockets=[self.socket]))


def prepare_server(
    simulators: Sequence[Simulator],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    clock: Clock | None = None,
    watch: Watch = wall_clock,
    allow_hosts: Collection[str] = (),
    limits: Limits = DEFAULT_LIMITS,
    tls_dir: Path | None = None,
    log: Log | None = None,
    heard: Callable[[HttpRequest, HttpResponse], None] | None = None,
) -> PreparedServer:
    """A server that listens, for a caller who runs it. Raises Misuse for a port that cannot be had."""
    import uvicorn

    switchboard = Switchboard.of(simulators)
    settled = clock if clock is not None else Frozen(simulators[0].world.instant)
    application = Application(
        switchboard=switchboard,
        clock=settled,
        watch=watch,
        hosts=frozenset(name.lower() for name in (*LOOPBACK_NAMES, host, *allow_hosts)),
        limits=limits,
        log=log,
        heard=heard,
    )
    config = uvicorn.Config(
        application,
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
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=1,
        limit_concurrency=limits.connections,
        h11_max_incomplete_event_size=64 * 1024,
    )
    config.load()
    ca_file = None
    if tls_dir is not None:
        ca_file, config.ssl = _tls(tls_dir, host)
    listening = _listen(host, port)
    actual = int(listening.getsockname()[1])
    scheme = "https" if tls_dir is not None else "http"
    shown = f"[{host}]" if ":" in host else host
    urls = {sim.honest.id: f"{scheme}://{shown}:{actual}{sim.base_path}" for sim in simulators}
    for simulator in simulators:
        simulator.warm(settled.at(watch()))
    return PreparedServer(urls=urls, port=actual, ca_file=ca_file, server=uvicorn.Server(config), socket=listening)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
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
    import trustme

    authority = trustme.CA()
    names = dict.fromkeys(("localhost", "127.0.0.1", "::1", host))
    try:
        ipaddress.ip_address(host)
    except ValueError:
        names.setdefault(host)
    certificate = authority.issue_cert(*names)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    folder.mkdir(parents=True, exist_ok=True)
    ca_file = folder / "ca.pem"
    write_atomically(ca_file, authority.cert_pem.bytes())
    return ca_file, context
