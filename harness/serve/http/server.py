"""The HTTP server around simulated APIs: listening, TLS, signals, on a thread or in the foreground."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, final

from harness.errors import UsageProblem
from harness.output.escaping import visible_text
from harness.serve.http.application import Application
from harness.serve.http.certificates import LOOPBACK_NAMES, issue_certificate, make_tls_context
from harness.serve.http.connection import ConnectionManager
from harness.serve.http.idle_work import IdleWork
from harness.serve.http.log_limiter import LogLimiter
from harness.serve.http.options import DEFAULT_OPTIONS, LogWriter, ServerOptions, WallClock, machine_time
from harness.serve.simulator import Simulator

_BACKLOG: Final = 1024
# How long running answers may take when the server ends.
_GRACE_SECONDS: Final = 1.0


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


def serve_in_thread(simulators: Sequence[Simulator], options: ServerOptions = DEFAULT_OPTIONS) -> RunningServer:
    """Serve simulators on one port, listening when this returns. Raises UsageProblem."""
    prepared = prepare_server(simulators, options)
    thread = threading.Thread(target=prepared.run, name="callharness-serve", daemon=True)
    thread.start()
    return RunningServer(
        urls=prepared.urls,
        host=options.host,
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


def prepare_server(simulators: Sequence[Simulator], options: ServerOptions = DEFAULT_OPTIONS) -> PreparedServer:
    """A server that listens, for a caller who runs it. Raises UsageProblem for a port that cannot be had."""
    host, tls_dir = options.host, options.tls_dir
    names = frozenset(name.lower() for name in (*LOOPBACK_NAMES, host, *options.allow_hosts))
    application = Application(simulators, options, hosts=names)
    manager = ConnectionManager(
        application.respond,
        limits=options.limits,
        hosts=names,
        log=options.log,
        on_rejection=options.on_rejection,
        idle_work=IdleWork(application.work_ahead),
    )
    certificate = options.certificate
    if certificate is None and tls_dir is not None:
        certificate = issue_certificate(tls_dir, host)
    context = make_tls_context(certificate) if certificate is not None else None
    listening_socket = options.listening_socket or open_listening_socket(host, options.port)
    http_server = HttpServer(manager, listening_socket, tls=context, wall_clock=options.wall_clock, log=options.log)
    shown = f"[{host}]" if ":" in host else host
    scheme = "https" if context is not None else "http"
    origin = f"{scheme}://{shown}:{http_server.port}" + (f"/~{options.remote_token}" if options.remote_token else "")
    urls = {sim.documented_spec.id: origin + sim.base_path for sim in simulators}
    at = application.simulation.instant_at(options.wall_clock())
    try:
        for simulator in simulators:
            simulator.warm(at)
    except UsageProblem:
        listening_socket.close()
        raise
    return PreparedServer(
        application=application,
        urls=urls,
        port=http_server.port,
        ca_file=certificate.ca_file if certificate is not None else None,
        http_server=http_server,
    )


@final
class HttpServer:
    """Connections behind a listening socket, from the first one to an orderly end."""

    def __init__(
        self,
        manager: ConnectionManager,
        listening_socket: socket.socket,
        *,
        tls: ssl.SSLContext | None = None,
        wall_clock: WallClock = machine_time,
        log: LogWriter | None = None,
    ) -> None:
        self.port = int(listening_socket.getsockname()[1])
        self._manager = manager
        self._listening_socket = listening_socket
        self._tls = tls
        self._wall_clock = wall_clock
        self._log = LogLimiter(log) if log is not None else None
        self._stopping = False
        self._hurried = False
        self._wake: Callable[[], object] = lambda: None

    def run(self) -> None:
        """Answer until `stop`, or on the main thread until SIGINT or SIGTERM."""
        with self._stop_on_signals():
            asyncio.run(self._serve())

    def stop(self) -> None:
        """Stop; from any thread."""
        self._stopping = True
        # Its loop may be over already.
        with suppress(RuntimeError):
            self._wake()

    @contextmanager
    def _stop_on_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM end the server; then whoever handled them before hears of them."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        received: list[int] = []

        def handle_signal(number: int, frame: FrameType | None) -> None:
            # Who presses Ctrl+C a second time does not want to wait for clients.
            self._hurried = self._stopping and number == signal.SIGINT
            received.append(number)
            self.stop()

        before = {ending: signal.signal(ending, handle_signal) for ending in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for ending, handler in before.items():
                signal.signal(ending, handler)
        for number in reversed(received):
            signal.raise_signal(number)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._log_unhandled_error)
        stopped = asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(stopped.set)
        if self._stopping:
            self._listening_socket.close()
            return
        self._manager.set_date(self._wall_clock())
        # Without a limit of ours asyncio waits a minute for a client that never shakes hands.
        handshake_seconds = None if self._tls is None else self._manager.limits.header_seconds
        server = await loop.create_server(
            self._manager.make_protocol,
            sock=self._listening_socket,
            ssl=self._tls,
            ssl_handshake_timeout=handshake_seconds,
            # So many are accepted in one go: more than there may be would take all files that the process may open.
            backlog=min(_BACKLOG, self._manager.limits.connections),
        )
        while not stopped.is_set():
            self._manager.set_date(self._wall_clock())
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), timeout=1.0)
        server.close()
        await self._close_connections(loop)

    async def _close_connections(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let what is being answered be answered, for a while; whoever does not take it is cut off."""
        # Whoever was accepted in this very turn becomes a connection in the next one.
        await asyncio.sleep(0)
        for connection in tuple(self._manager.connections):
            connection.shutdown()
        end = loop.time() + _GRACE_SECONDS
        while self._manager.connections and not self._hurried and loop.time() < end:
            await asyncio.sleep(0.02)
        for connection in tuple(self._manager.connections):
            connection.abort()

    def _log_unhandled_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What nobody caught becomes one line, never a traceback."""
        # asyncio, short of files, wants to accept again a second later, when the socket may be closed.
        if self._log is not None and not self._stopping:
            problem = context.get("exception")
            message = str(context.get("message", ""))
            self._log.write(message, visible_text(f"{message}: {type(problem).__name__}: {problem}", limit=500))


def open_listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 picks a free one. Raises UsageProblem."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without the protocol named, asyncio does not switch Nagle's algorithm off.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        reason = error.strerror or str(error)
        raise UsageProblem(
            f"{host}:{port}", "an address that can be listened on", reason, "choose another port"
        ) from None
    return listening
