"""One connection to a client: an asyncio protocol with limits, deadlines and raw output for transport faults.

An HTTP framework would repair the broken answers (wrong Content-Length, cut bodies, drips) that faults must send.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from email.utils import formatdate
from http import HTTPStatus
from typing import Final, TypeAlias, final

from harness.output.escaping import visible_text
from harness.serve.faults.transport import Delivery
from harness.serve.http.idle_work import IdleWork
from harness.serve.http.limits import ServerLimits
from harness.serve.http.log_limiter import LogLimiter
from harness.serve.http.options import LogWriter, RejectionListener
from harness.serve.http.request_parser import (
    ChunkedBody,
    HeadParser,
    RequestHead,
    RequestRejection,
    body_too_large,
    check_partial_head,
)
from harness.wire.http_messages import HttpRequest, HttpResponse

# How many requests of one connection are answered before the others get their turn.
_REQUESTS_PER_TURN: Final = 16
_PIECES_PER_SECOND: Final = 20
_REASON_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}
_STATUSES_WITHOUT_BODY: Final = frozenset({204, 304})

# What cannot be read may still hold a password.
_BEFORE_PARAMETERS: Final = re.compile(rb"[^?&;=%]*+")

_MOST_KNOWN_HEADS: Final = 256
_UNSENDABLE_HEAD: Final = b"HTTP/1.1 500 Internal Server Error\r\n"
_CLOSE_LINE: Final = b"connection: close\r\n"

RequestHandler = Callable[[HttpRequest], "HttpResponse | Delivery"]
# A request without its body gives a refusal, or the limit of its body in bytes.
HeadCheck = Callable[[HttpRequest], "HttpResponse | int"]
# Status and headers.
ResponseHead: TypeAlias = tuple[int, tuple[tuple[str, str], ...]]


@final
class ConnectionManager:
    """What the connections of one server share: the handler `answer`, which never raises, limits and one timer.

    `log` gets a line per client whose connection is closed without an answer, `on_rejection` each other rejection.
    `check_head` refuses a request before its body is read, or says how many bytes the body may have. `idle_work` is
    for the time between requests. `date_line` is the header that all answers end with.
    """

    def __init__(
        self,
        answer: RequestHandler,
        *,
        limits: ServerLimits,
        hosts: frozenset[str] = frozenset(),
        log: LogWriter | None = None,
        on_rejection: RejectionListener | None = None,
        check_head: HeadCheck | None = None,
        idle_work: IdleWork | None = None,
    ) -> None:
        self.answer = answer
        self.check_head = check_head
        self.idle_work = idle_work
        self.limits = limits
        self.parser = HeadParser(limits, hosts)
        self._log = LogLimiter(log) if log is not None else None
        self._on_rejection = on_rejection
        self.connections: set[Connection] = set()
        self._turned_away: set[Connection] = set()
        self.date_line = b""
        self._heads: dict[ResponseHead, bytes] = {}
        self._sweep_timer: asyncio.TimerHandle | None = None

    def find_head(self, told: ResponseHead) -> bytes | None:
        """The first lines of a response's head, up to its length; None where a value would break them apart."""
        found = self._heads.get(told)
        if found is None:
            found = _encode_head(*told)
            if found is None:
                return None
            if len(self._heads) >= _MOST_KNOWN_HEADS:
                self._heads.clear()
            self._heads[told] = found
        return found

    def make_protocol(self) -> asyncio.Protocol:
        """The protocol object of one new connection."""
        return Connection(self, asyncio.get_running_loop())

    def set_date(self, now: datetime) -> None:
        """Date all answers from now on with this instant; to format it for each of them would cost too much."""
        self.date_line = f"date: {formatdate(now.timestamp(), usegmt=True)}\r\n".encode("ascii")

    def register(self, connection: Connection) -> bool:
        """Count a connection in; False when there are too many."""
        served = len(self.connections) - len(self._turned_away)
        self.connections.add(connection)
        if self._sweep_timer is None:
            self._schedule_sweep(connection.loop)
        if served < self.limits.connections:
            return True
        self._turned_away.add(connection)
        return False

    @property
    def has_patience(self) -> bool:
        """Whether one more refused client may be waited for until it has read why."""
        return len(self._turned_away) <= self.limits.connections

    def unregister(self, connection: Connection) -> None:
        """Count a closed connection out."""
        self.connections.discard(connection)
        self._turned_away.discard(connection)

    def log_rejection(self, broken: RequestRejection, data: bytes) -> None:
        """Report why a client is refused."""
        if broken.http_status is None and self._log is not None:
            shown = _BEFORE_PARAMETERS.match(data[:80])
            begin = shown[0] if shown is not None else b""
            self._log.write(broken.reason, visible_text(f"closed, {broken.reason}: {begin!r}", limit=400))
        elif self._on_rejection is not None:
            self._on_rejection(broken)

    def _schedule_sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        limits = self.limits
        shortest = min(limits.header_seconds, limits.body_seconds, limits.idle_seconds, limits.write_seconds)
        # One timer for all: a timer for every request costs more than a look at all deadlines twice a second.
        self._sweep_timer = loop.call_later(max(0.02, min(0.5, shortest / 4)), self._expire_connections, loop)

    def _expire_connections(self, loop: asyncio.AbstractEventLoop) -> None:
        self._sweep_timer = None
        now = loop.time()
        for connection in list(self.connections):
            if connection.deadline is not None and connection.deadline <= now:
                connection.expire()
        if self.connections:
            self._schedule_sweep(loop)


_HEAD, _BODY, _BUSY, _ENDING, _CLOSED = range(5)


@final
class Connection(asyncio.Protocol):
    """The connection of one client: bytes in, answers out, in order.

    The first request that breaks the rules gets one answer, and the connection is closed.
    """

    def __init__(self, manager: ConnectionManager, loop: asyncio.AbstractEventLoop) -> None:
        self.manager = manager
        self.loop = loop
        self.deadline: float | None = None
        self._limits = manager.limits
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self._secure = False
        self._buffer = bytearray()
        self._state = _HEAD
        self._searched_bytes = 0
        self._head: RequestHead | None = None
        self._chunks: ChunkedBody | None = None
        self._writes_paused = False
        self._turn_scheduled = False
        self._reads_paused = False
        self._stopping = False
        self._at_eof = False
        self._idle = False
        self._delivery_task: asyncio.Task[None] | None = None

    # --- events of the loop ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the deadline of a new client, or refuse it where there are too many."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._secure = transport.get_extra_info("ssl_object") is not None
        self._set_deadline(self._limits.header_seconds)
        if not self.manager.register(self):
            self._refuse(_overload_response(self._limits))

    def data_received(self, data: bytes) -> None:
        """Take in bytes from the client."""
        if self._state >= _ENDING:
            return
        if self._idle:
            self._idle = False
            self._set_deadline(self._limits.header_seconds)
        self._buffer += data
        if not self._turn_scheduled:
            # The loop reads every client whose bytes are here once: nobody has two turns before another has one.
            self._take_turn()

    def eof_received(self) -> bool:
        """The client ends its side; its pending requests are still answered."""
        self._at_eof = True
        return self._transport.can_write_eof() and (
            self._state == _BUSY or self._turn_scheduled or self._writes_paused
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Clean up after the client has disconnected."""
        self._state = _CLOSED
        self.deadline = None
        if self._delivery_task is not None:
            self._delivery_task.cancel()
        self.manager.unregister(self)

    def pause_writing(self) -> None:
        """Start the write deadline: the client does not read its answers as fast as it sends requests."""
        self._writes_paused = True
        if self._state != _BUSY:
            self._set_deadline(self._limits.write_seconds)

    def resume_writing(self) -> None:
        """Go on with requests: the client has read its answers."""
        self._writes_paused = False
        if self._state in (_HEAD, _BODY):
            self._wait_for_request()
            self._process_buffer()

    # --- commands of the server -----------------------------------------------------------------------------

    def shutdown(self) -> None:
        """End this connection with the server: the request in hand is answered, none is begun."""
        if self._turn_scheduled:
            self._take_turn()
        self._stopping = True
        if self._state == _HEAD and not self._turn_scheduled:
            self._close()
        elif self._delivery_task is not None:
            self._delivery_task.cancel()
            self._transport.abort()

    def abort(self) -> None:
        """The server has ended."""
        self._state = _CLOSED
        self._transport.abort()

    def expire(self) -> None:
        """Refuse or close the connection, whose deadline has passed."""
        if self._state == _HEAD and self._buffer and not self._writes_paused:
            self._reject_request(RequestRejection(408, "the request did not arrive in time"))
        elif self._state == _BODY and not self._writes_paused:
            self._reject_request(RequestRejection(408, "the body did not arrive in time"))
        elif self._state == _HEAD and not self._writes_paused:
            self._close()
        else:
            self.abort()

    # --- reading --------------------------------------------------------------------------------------------

    def _process_buffer(self) -> None:
        for _ in range(_REQUESTS_PER_TURN):
            if self._state >= _BUSY or self._turn_scheduled:
                break
            if self._writes_paused or self._stopping:
                break
            if self._state == _HEAD and not (self._buffer and self._read_head()):
                break
            if self._state == _BODY and not self._read_body():
                break
        else:
            self._turn_scheduled = True
            self.loop.call_soon(self._take_turn)
        self._pause_or_resume_reads(not (self._turn_scheduled or self._writes_paused or self._state == _BUSY))

    def _take_turn(self) -> None:
        self._turn_scheduled = False
        if self._state < _ENDING:
            self._process_buffer()
            if self._at_eof and self._state == _HEAD and not self._turn_scheduled and not self._writes_paused:
                self._close()

    def _pause_or_resume_reads(self, wanted: bool) -> None:
        if self._reads_paused == wanted and self._state != _CLOSED and not self._transport.is_closing():
            self._reads_paused = not wanted
            if wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def _read_head(self) -> bool:
        """Read a request's head; whether it was complete, so that its body is next."""
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):
            # Old clients send an empty line after a body; RFC 9112 (2.2) asks servers to skip it.
            del buffer[:2]
        if not buffer:
            return False
        end = buffer.find(b"\r\n\r\n", max(0, self._searched_bytes - 3))
        if end < 0:
            self._searched_bytes = len(buffer)
            broken = check_partial_head(buffer, self._limits)
            if broken is not None:
                self._reject_request(broken)
            return False
        self._searched_bytes = 0
        head = self.manager.parser.parse(bytes(buffer[:end]))
        if isinstance(head, RequestRejection):
            self._reject_request(head)
            return False
        limits = self._limits
        if self.manager.check_head is not None:
            found = self.manager.check_head(_request_of(head, b"", secure=self._secure))
            if not isinstance(found, int):
                buffer.clear()
                self._refuse(found)
                return False
            limits = replace(limits, body_bytes=found)
            if head.length is not None and head.length > found:
                self._reject_request(body_too_large(limits))
                return False
        del buffer[: end + 4]
        self._head = head
        self._chunks = ChunkedBody(limits) if head.length is None else None
        self._state = _BODY
        if head.length is None or len(buffer) < head.length:
            self._set_deadline(self._limits.body_seconds)
            if head.expects_continue and len(buffer) < (head.length or 1):
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _read_body(self) -> bool:
        """Read a request's body and answer the request; whether the body was complete."""
        head, buffer = self._head, self._buffer
        assert head is not None
        chunks = self._chunks
        if chunks is not None:
            whole = chunks.consume(buffer)
            if isinstance(whole, RequestRejection):
                self._reject_request(whole)
            if whole is not True:
                return False
            body = bytes(chunks.body)
        elif head.length:
            if len(buffer) < head.length:
                return False
            body = bytes(buffer[: head.length])
            del buffer[: head.length]
        else:
            body = b""
        self._answer_request(head, body)
        return True

    # --- answering ------------------------------------------------------------------------------------------

    def _answer_request(self, head: RequestHead, body: bytes) -> None:
        request = _request_of(head, body, secure=self._secure)
        self._head = self._chunks = None
        self._state = _HEAD
        answer = self.manager.answer(request)
        if self.manager.idle_work is not None:
            self.manager.idle_work.note_request(self.loop)
        if isinstance(answer, Delivery):
            self._state = _BUSY
            self.deadline = None
            self._delivery_task = self.loop.create_task(self._deliver(answer, head))
            return
        keep = head.keep_alive and not self._stopping
        self._transport.write(self._encode_response(answer, head, keep=keep))
        if not keep:
            self._close()
        elif not self._writes_paused:
            self._wait_for_request()

    def _wait_for_request(self) -> None:
        """Set the deadline for the next request, or for the rest of one that has begun."""
        self._idle = not self._buffer and self._state == _HEAD
        self._set_deadline(self._limits.idle_seconds if self._idle else self._limits.header_seconds)

    def _encode_response(
        self, response: HttpResponse, head: RequestHead | None, *, keep: bool, length_off: int = 0
    ) -> bytes:
        status, body = response.http_status, response.body
        length = max(0, len(body) + length_off)
        lines, ending = self.manager.find_head((status, response.headers)), b"" if keep else _CLOSE_LINE
        if lines is None:
            body, lines, length = b"", _UNSENDABLE_HEAD, 0
        if status in _STATUSES_WITHOUT_BODY:
            return b"".join((lines, ending, self.manager.date_line, b"\r\n"))
        if head is not None and head.method == "HEAD":
            body = b""
        told = b"content-length: %d\r\n" % length
        return b"".join((lines, told, ending, self.manager.date_line, b"\r\n", body))

    def _reject_request(self, broken: RequestRejection) -> None:
        """Answer once, or not at all, and close: where the next request would begin is not known."""
        self.manager.log_rejection(broken, bytes(self._buffer[:80]))
        self._buffer.clear()
        if broken.http_status is None:
            self._close()
            return
        self._refuse(plain_response(broken.http_status, broken.reason))

    def _refuse(self, response: HttpResponse) -> None:
        """Answer whatever comes with one response, and close."""
        self._transport.write(self._encode_response(response, None, keep=False))
        self._pause_or_resume_reads(True)
        self._state = _ENDING
        if self._at_eof or not self._transport.can_write_eof() or not self.manager.has_patience:
            self._close()
            return
        # Closing with bytes unread would reset the connection, and the client might never see the answer.
        try:
            self._transport.write_eof()
        except OSError:
            # The client has gone in the meantime.
            self.abort()
            return
        self._set_deadline(self._limits.linger_seconds)

    def _close(self) -> None:
        self._state = _ENDING
        self._buffer.clear()
        self._transport.close()
        # An answer that is never read would keep the connection for ever.
        self._set_deadline(self._limits.write_seconds)

    def _set_deadline(self, seconds: float) -> None:
        self.deadline = self.loop.time() + seconds

    # --- faulty deliveries ----------------------------------------------------------------------------------

    async def _deliver(self, carried: Delivery, head: RequestHead) -> None:
        """Send one answer as a transport fault delivers it."""
        if carried.wait_seconds:
            await asyncio.sleep(carried.wait_seconds)
        match carried.ending:
            case "dropped":
                self._end_delivery()
                return
            case "reset":
                self._state = _CLOSED
                _reset_connection(self._transport)
                return
            case "silent":
                # Until the client gives up or the server ends.
                await asyncio.Event().wait()
        keep = head.keep_alive and not self._stopping and carried.length_off == 0 and carried.share == 1.0
        whole = carried.response
        data = self._encode_response(whole, head, keep=keep, length_off=carried.length_off)
        begin = data.index(b"\r\n\r\n") + 4
        data = data[: begin + int((len(data) - begin) * carried.share)]
        if carried.bytes_a_second is None:
            self._transport.write(data)
        else:
            self._transport.write(data[:begin])
            for drop in _split_body(data[begin:], carried.bytes_a_second):
                await asyncio.sleep(len(drop) / carried.bytes_a_second)
                self._transport.write(drop)
        if not keep:
            self._end_delivery()
            return
        self._delivery_task = None
        self._state = _HEAD
        self._wait_for_request()
        if self._at_eof and not self._buffer:
            self._close()
        else:
            self._process_buffer()

    def _end_delivery(self) -> None:
        self._delivery_task = None
        self._close()


def _request_of(head: RequestHead, body: bytes, *, secure: bool) -> HttpRequest:
    return HttpRequest(
        method=head.method,
        target=head.target,
        headers=head.headers,
        body=body,
        chunked=head.length is None,
        secure=secure,
    )


def _encode_head(status: int, headers: tuple[tuple[str, str], ...]) -> bytes | None:
    lines = [f"HTTP/1.1 {status} {_REASON_PHRASES.get(status, '')}\r\n"]
    lines += [f"{name.lower()}: {value}\r\n" for name, value in headers]
    text = "".join(lines)
    # A CR or LF in a value would add a header (http.server lets one through from an echoed value).
    if text.count("\n") != len(lines) or text.count("\r") != len(lines):
        return None
    return text.encode("latin-1", "replace")


def plain_response(http_status: int, text: str) -> HttpResponse:
    """A response of the server itself, with one line of plain text."""
    headers = (("Content-Type", "text/plain; charset=utf-8"),)
    return HttpResponse(http_status=http_status, headers=headers, body=f"{text}\n".encode())


def _overload_response(limits: ServerLimits) -> HttpResponse:
    return plain_response(503, f"at most {limits.connections} connections at a time")


def _split_body(body: bytes, speed: float) -> Iterable[bytes]:
    size = max(1, int(speed / _PIECES_PER_SECOND))
    return (body[at : at + size] for at in range(0, len(body), size))


def _reset_connection(transport: asyncio.Transport) -> None:
    """Close the connection with RST instead of FIN."""
    import socket
    import struct

    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
