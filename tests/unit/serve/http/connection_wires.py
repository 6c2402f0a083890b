"""A connection of the simulator's front without a socket and without time: a loop whose hour is moved by hand."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from harness.serve.faults.transport import Delivery
from harness.serve.http.connection import Connection, ConnectionManager
from harness.serve.http.limits import ServerLimits
from harness.serve.http.request_parser import RequestRejection
from harness.wire.http_messages import HttpRequest, HttpResponse

LIMITS = ServerLimits(
    body_bytes=1000,
    target_bytes=200,
    headers=10,
    header_bytes=400,
    parameters=5,
    header_seconds=4.0,
    body_seconds=6.0,
    idle_seconds=8.0,
    write_seconds=5.0,
    linger_seconds=1.0,
    connections=3,
)
DATE = b"Wed, 04 Mar 2026 09:00:00 GMT"
NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
Answer = Callable[[HttpRequest], "HttpResponse | Delivery"]


def text(body: bytes, *headers: tuple[str, str], status: int = 200) -> HttpResponse:
    """A small answer."""
    return HttpResponse(http_status=status, headers=(("Content-Type", "text/plain"), *headers), body=body)


def echo(request: HttpRequest) -> HttpResponse:
    """An answer that says what was asked: method, target and body."""
    said = request.method.encode() + b" " + request.target
    return text(said + (b" " + request.body if request.body else b""))


class StillLoop:
    """What a connection needs of an event loop: it runs what is due when told to, at an hour that stands still."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.ready: deque[asyncio.Handle] = deque()
        self.timers: list[asyncio.TimerHandle] = []
        self.problems: list[str] = []

    def time(self) -> float:
        return self.now

    def get_debug(self) -> bool:
        return False

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self._loop, context)
        self.ready.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self._loop, context)
        self.timers.append(handle)
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self._loop)

    def create_task(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return asyncio.Task(coroutine, loop=self._loop)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """What nobody caught, as one line."""
        self.problems.append(repr(context.get("exception") or context.get("message")))

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        if handle in self.timers:
            self.timers.remove(handle)

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        return cast(asyncio.AbstractEventLoop, self)

    # --- what a test does with it ---------------------------------------------------------------------------

    def turn(self) -> None:
        """Run what is ready now, and not what that makes ready."""
        now, self.ready = self.ready, deque()
        asyncio._set_running_loop(self._loop)
        try:
            for handle in now:
                if not handle.cancelled():
                    handle._run()
        finally:
            asyncio._set_running_loop(None)

    def settle(self) -> None:
        """Run all that is ready, and what that makes ready."""
        while self.ready:
            self.turn()

    def advance(self, seconds: float) -> None:
        """Let so much time pass, timer by timer."""
        end = self.now + seconds
        self.settle()
        while due := [timer for timer in self.timers if timer.when() <= end]:
            first = min(due, key=lambda timer: timer.when())
            self.timers.remove(first)
            self.now = max(self.now, first.when())
            self.ready.append(first)
            self.settle()
        self.now = end


class StillTransport(asyncio.Transport):
    """The way to a client. What is written arrives at once, unless the client does not read."""

    def __init__(self, loop: StillLoop, *, half_closes: bool = True, room: int = 1000) -> None:
        super().__init__()
        self.loop = loop
        self.protocol: Connection = None  # type: ignore[assignment]
        self.half_closes = half_closes
        self.room = room
        self.client_reads = True
        self.arrived = bytearray()
        self.unread = bytearray()
        self.coming: deque[bytes | None] = deque()
        self.ended = False
        self.closing = False
        self.lost = False
        self.aborted = False
        self.reads = True
        self.paused = False
        self.eof_came = False

    # --- what the connection does ---------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if self.ended:
            raise RuntimeError("write after write_eof")
        if self.closing:
            raise RuntimeError("write after close")
        if self.client_reads:
            self.arrived += data
            return
        self.unread += data
        if len(self.unread) > self.room and not self.paused:
            self.paused = True
            self.protocol.pause_writing()

    def can_write_eof(self) -> bool:
        return self.half_closes

    def write_eof(self) -> None:
        if not self.half_closes:
            raise NotImplementedError
        self.ended = True

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        """As sockets do it: closed when the last byte is out."""
        if not self.closing:
            self.closing = True
            if not self.unread:
                self.loop.call_soon(self._lose)

    def abort(self) -> None:
        self.closing = self.aborted = True
        self.unread.clear()
        self.loop.call_soon(self._lose)

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True
        self.loop.call_soon(self._deliver)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    # --- what the client does -------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        if data:
            self.coming.append(data)
            self.loop.call_soon(self._deliver)

    def send_eof(self) -> None:
        self.coming.append(None)
        self.loop.call_soon(self._deliver)

    def leave(self) -> None:
        """The client is gone without a word."""
        self.closing = True
        self._lose()

    def catch_up(self) -> None:
        """The client reads all that was written, and goes on reading."""
        self.client_reads = True
        self.arrived += self.unread
        self.unread.clear()
        if self.paused:
            self.paused = False
            self.protocol.resume_writing()
        if self.closing:
            self.loop.call_soon(self._lose)

    def _deliver(self) -> None:
        while self.coming and self.reads and not self.closing and not self.eof_came:
            data = self.coming.popleft()
            if data is not None:
                self.protocol.data_received(data)
            else:
                self.eof_came = True
                if not self.protocol.eof_received():
                    self.close()

    def _lose(self) -> None:
        if not self.lost:
            self.lost = True
            self.protocol.connection_lost(None)


class House:
    """A front with its loop: clients come in, and all that is asked, logged and refused is kept."""

    def __init__(self, answer: Answer = echo, *, limits: ServerLimits = LIMITS, hosts: tuple[str, ...] = ()) -> None:
        self.loop = StillLoop()
        self.asked: list[HttpRequest] = []
        self.logged: list[str] = []
        self.refused: list[int | None] = []
        self._answer = answer

        def keep_and_answer(request: HttpRequest) -> HttpResponse | Delivery:
            self.asked.append(request)
            return self._answer(request)

        def keep_rejection(broken: RequestRejection) -> None:
            self.refused.append(broken.http_status)

        self.front = ConnectionManager(
            keep_and_answer,
            limits=limits,
            hosts=frozenset(hosts),
            log=self.logged.append,
            on_rejection=keep_rejection,
        )
        self.front.set_date(NOW)

    def client(self, *, half_closes: bool = True, reads: bool = True, room: int = 1000) -> Client:
        """One more connection."""
        transport = StillTransport(self.loop, half_closes=half_closes, room=room)
        transport.client_reads = reads
        connection = Connection(self.front, cast(asyncio.AbstractEventLoop, self.loop))
        transport.protocol = connection
        connection.connection_made(transport)
        client = Client(self, transport, connection)
        self.loop.settle()
        return client


@dataclass
class Client:
    """One client of a house, and what it gets."""

    house: House
    transport: StillTransport
    connection: Connection

    def send(self, *pieces: bytes) -> Client:
        """Send pieces, each of which is looked at before the next one comes."""
        for piece in pieces:
            self.transport.send(piece)
            self.house.loop.settle()
        return self

    def half_close(self) -> Client:
        self.transport.send_eof()
        self.house.loop.settle()
        return self

    def wait(self, seconds: float) -> Client:
        self.house.loop.advance(seconds)
        return self

    def catch_up(self) -> Client:
        self.transport.catch_up()
        self.house.loop.settle()
        return self

    @property
    def got(self) -> bytes:
        return bytes(self.transport.arrived)

    @property
    def bodies(self) -> list[bytes]:
        return [body for _, body in answers(self.got)]

    @property
    def statuses(self) -> list[int]:
        return [status for status, _ in answers(self.got)]

    @property
    def how(self) -> str:
        """`open`, `half-closed` (we have said our last), `closed`, or `aborted`."""
        if self.transport.aborted:
            return "aborted"
        if self.transport.closing:
            return "closed"
        return "half-closed" if self.transport.ended else "open"


def answers(data: bytes) -> list[tuple[int, bytes]]:
    """Status and body of each answer, told apart by their lengths."""
    found = []
    while data:
        head, mark, data = data.partition(b"\r\n\r\n")
        assert mark, head
        first, *lines = head.split(b"\r\n")
        fields = dict(line.split(b": ", 1) for line in lines)
        length = int(fields.get(b"content-length", b"0"))
        found.append((int(first[9:12]), data[:length]))
        data = data[length:]
    return found
