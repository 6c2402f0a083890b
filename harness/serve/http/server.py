"""The HTTP server around simulated APIs: listening, TLS, signals, on a thread or in the foreground."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, final

from harness.errors import UsageProblem
from harness.output.atomic_files import write_atomically
from harness.output.escaping import visible_text
from harness.serve.faults.transport import TransportFault
from harness.serve.http.application import (
    Application,
    AsgiReceive,
    AsgiScope,
    AsgiSend,
    ExchangeListener,
    LogWriter,
    WallClock,
    application,
    wall_clock,
)
from harness.serve.http.connection import ConnectionManager
from harness.serve.http.limits import DEFAULT_LIMITS, ServerLimits
from harness.serve.http.request_parser import RequestRejection
from harness.serve.simulator import Simulator
from harness.world.clock import Clock

if TYPE_CHECKING:
    import trustme


LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "::1")


_SHARED_CERTIFICATE: Final = "server.pem"


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
        self._prepared.stop()
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
    rough: Mapping[str, Sequence[TransportFault]] | None = None,
    seed: int = 1,
    watch: WallClock = wall_clock,
    allow_hosts: Collection[str] = (),
    limits: ServerLimits = DEFAULT_LIMITS,
    tls_dir: Path | None = None,
    tls_made: bool = False,
    log: LogWriter | None = None,
    heard: ExchangeListener | None = None,
    refused: Callable[[RequestRejection], None] | None = None,
    listening: socket.socket | None = None,
) -> RunningServer:
    """Serve simulators on one port, listening when this returns; port 0 picks a free one. Raises UsageProblem.

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
    http_server: HttpServer

    def run(self) -> None:
        """Answer until `stop`, or on the main thread until SIGINT or SIGTERM."""
        self.http_server.run()

    def stop(self) -> None:
        """Tell it to end; from any thread."""
        self.http_server.stop()


def prepare_server(
    simulators: Sequence[Simulator],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    clock: Clock | None = None,
    rough: Mapping[str, Sequence[TransportFault]] | None = None,
    seed: int = 1,
    watch: WallClock = wall_clock,
    allow_hosts: Collection[str] = (),
    limits: ServerLimits = DEFAULT_LIMITS,
    tls_dir: Path | None = None,
    tls_made: bool = False,
    log: LogWriter | None = None,
    heard: ExchangeListener | None = None,
    refused: Callable[[RequestRejection], None] | None = None,
    listening: socket.socket | None = None,
) -> PreparedServer:
    """A server that listens, for a caller who runs it. Raises UsageProblem for a port that cannot be had."""
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
    front = ConnectionManager(answering.respond, limits=limits, hosts=names, log=log, refused=refused)
    ca_file, context = (None, None)
    if tls_dir is not None:
        ca_file, context = _load_tls_context(tls_dir) if tls_made else _make_tls_context(tls_dir, host)
    site = HttpServer(front, listening or open_listening_socket(host, port), tls=context, log=log)
    shown = f"[{host}]" if ":" in host else host
    scheme = "https" if context is not None else "http"
    urls = {sim.documented_spec.id: f"{scheme}://{shown}:{site.port}{sim.base_path}" for sim in simulators}
    at = answering.simulation.clock.instant_at(watch())
    for simulator in simulators:
        simulator.warm(at)
    return PreparedServer(application=answering, urls=urls, port=site.port, ca_file=ca_file, http_server=site)


@final
class HttpServer:
    """A front behind a listening socket."""

    def __init__(
        self,
        front: ConnectionManager,
        listening: socket.socket,
        *,
        tls: ssl.SSLContext | None = None,
        log: LogWriter | None = None,
    ) -> None:
        import uvicorn

        async def nobody(scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
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
                    return front.make_protocol(self.server_state)

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
        """Answer until `stop`, or on the main thread until SIGINT or SIGTERM."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        asyncio.get_running_loop().set_exception_handler(self._log_unhandled_error)
        await self._server.serve(sockets=[self._listening])

    def _log_unhandled_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What nobody caught becomes one line, never a traceback."""
        if self._log is not None:
            problem = context.get("exception")
            what = f"{context.get('message', '')}: {type(problem).__name__}: {problem}"
            self._log(visible_text(what, limit=500))

    def stop(self) -> None:
        """Stop; from any thread."""
        self._server.should_exit = True


def open_listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 picks a free one. Raises UsageProblem."""
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
        raise UsageProblem(
            f"{host}:{port}", "an address that can be listened on", reason, "choose another port"
        ) from None
    return listening


def _make_tls_context(folder: Path, host: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate of a fresh authority for loopback and the host; `ca.pem` is what clients should trust."""
    authority, certificate = _issue_certificate(host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return _write_ca_file(folder, authority), context


def make_certificate(folder: Path, host: str) -> Path:
    """Leave a certificate with its key in a folder, for several servers to show; gives `ca.pem` there."""
    authority, certificate = _issue_certificate(host)
    ca_file = _write_ca_file(folder, authority)
    key = folder / _SHARED_CERTIFICATE
    descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(certificate.private_key_and_cert_chain_pem.bytes())
    return ca_file


def _issue_certificate(host: str) -> tuple[trustme.CA, trustme.LeafCert]:
    import trustme

    authority = trustme.CA()
    names = dict.fromkeys((*LOOPBACK_NAMES, host))
    return authority, authority.issue_cert(*names)


def _write_ca_file(folder: Path, authority: trustme.CA) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    ca_file = folder / "ca.pem"
    write_atomically(ca_file, authority.cert_pem.bytes())
    return ca_file


def _load_tls_context(folder: Path) -> tuple[Path, ssl.SSLContext]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / _SHARED_CERTIFICATE)
    return folder / "ca.pem", context
