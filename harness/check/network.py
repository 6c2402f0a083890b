"""One connection to a target under limits: the socket, TLS over it, and the strict reading of one response.

The limits sit below TLS and HTTP: every read and write gets what is left of the exchange's deadline, every
byte is counted. The reader is our own because a conformance harness must tell apart what HTTP libraries
forgive or lump together: two lengths, a length beside chunks, surplus bytes, bare LF, an endless chunk line.
"""

from __future__ import annotations

import contextlib
import ipaddress
import queue
import re
import select
import socket
import ssl
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar, final

from harness.output.visible import visible

_RECEIVE: Final = 65536
# Known to Linux only, which also forgets it from time to time.
_QUICK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)
_INTERIM_RESPONSES: Final = 16
_CHUNK_LINE: Final = 4096
_GZIP_MEMBERS: Final = 64
# A ratio says nothing about a small body: a list of like rows may well shrink a hundredfold.
_RATIO_MATTERS_FROM: Final = 1 << 20
# So much is decoded before the limits are asked again.
_DECODED_AT_ONCE: Final = 1 << 18

_END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([^\x00\r\n]*))?")
_HEADER_LINE: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r\n]*)")
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\x00\r\n]*)?")

Headers = tuple[tuple[str, str], ...]
# What `getaddrinfo` gives and `connect` takes; its shape depends on the family.
Address = tuple[socket.AddressFamily, tuple[object, ...]]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one exchange may cost before it is given up."""

    connect_seconds: float = 5.0
    exchange_seconds: float = 30.0
    wire_bytes: int = 16 * 1024 * 1024
    decoded_bytes: int = 32 * 1024 * 1024
    ratio: int = 200
    header_bytes: int = 64 * 1024
    header_count: int = 200

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")


@final
class Trouble(Exception):
    """The exchange yields no response: a stable reason and one sentence. Never leaves `check.transport`."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


@final
class Deadline:
    """An instant by which an exchange must be over."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._at = clock() + seconds
        self.seconds = seconds

    def remaining(self, at_most: float | None = None) -> float:
        """The seconds left, at most so many; raises `Trouble` when none are."""
        left = self._at - self._clock()
        if left <= 0:
            raise Trouble("timeout", f"not finished within {self.seconds:g} s")
        return left if at_most is None else min(left, at_most)


def resolve(host: str, port: int, seconds: float) -> list[Address]:
    """The addresses of a host; a resolver that hangs is given up, which `getaddrinfo` alone cannot do."""
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return [(socket.AF_INET if literal.version == 4 else socket.AF_INET6, (host, port))]
    answers: queue.SimpleQueue[list[Address] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put([(family, address) for family, _, _, _, address in found])
        except (OSError, UnicodeError) as problem:
            answers.put(problem)

    threading.Thread(target=ask, daemon=True, name="callharness-resolver").start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise Trouble("dns", f"the name {host} was not resolved within {seconds:.1f} s") from None
    if isinstance(answer, Exception):
        raise Trouble("dns", f"the name {host} cannot be resolved") from answer
    return answer


def connect(host: str, port: int, *, seconds: float, deadline: Deadline) -> socket.socket:
    """A connected socket to the first address that answers."""
    connecting = Deadline(deadline.remaining(seconds), deadline._clock)
    problem: OSError | None = None
    for family, address in resolve(host, port, connecting.remaining()):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(connecting.remaining())
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        except (TimeoutError, Trouble):
            sock.close()
            raise Trouble("timeout:connect", f"{host}:{port} did not accept a connection in time") from None
        except OSError as failed:
            sock.close()
            problem = failed
        except BaseException:
            sock.close()
            raise
    if isinstance(problem, ConnectionRefusedError):
        raise Trouble("connect", f"{host}:{port} refused the connection") from problem
    words = (problem.strerror or type(problem).__name__).lower() if problem else "it has no address"
    raise Trouble("connect", f"{host}:{port} cannot be reached: {words}") from problem


@final
class Stream:
    """The bytes of one connection, plain or TLS, with a deadline and a cap per exchange."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._deadline: Deadline | None = None
        self._cap = 0
        self.received = 0
        """Wire bytes received in this exchange."""

    def begin(self, deadline: Deadline, cap: int) -> None:
        """Start an exchange: its deadline and how many bytes it may receive."""
        self._deadline = deadline
        self._cap = cap
        self.received = 0

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Shake hands; afterwards everything goes through TLS."""
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._pump(self._tls.do_handshake)

    def receive(self) -> bytes:
        """Some more bytes; empty only at a proper end of the stream."""
        if self._tls is None:
            return self._receive_raw()
        tls = self._tls
        try:
            return self._pump(lambda: tls.read(_RECEIVE))
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLError as problem:
            # The first releases of Python 3.11 tell this end by the reason alone.
            if isinstance(problem, ssl.SSLEOFError) or problem.reason == "UNEXPECTED_EOF_WHILE_READING":
                raise Trouble("truncated", "the TLS connection was cut without a closing notice") from None
            raise Trouble("tls", f"TLS broke off: {problem.reason or 'unknown reason'}") from problem

    def send(self, data: bytes) -> None:
        """Send all of it."""
        if self._tls is None:
            self._send_raw(data)
            return
        tls = self._tls
        rest = memoryview(data)
        while rest:
            part = rest[:_RECEIVE]
            rest = rest[self._pump(lambda part=part: tls.write(part)) :]  # type: ignore[misc]

    def poll(self) -> bytes | None:
        """What came without waiting: None when the line is quiet, empty when it was closed, else bytes."""
        try:
            if self._tls is None:
                return self._sock.recv(_RECEIVE) if self._readable() else None
            while True:
                try:
                    return self._tls.read(_RECEIVE)
                except ssl.SSLWantReadError:
                    # A session ticket is not an answer: TLS 1.3 sends it when it likes.
                    if not self._readable():
                        return None
                    data = self._sock.recv(_RECEIVE)
                    if data:
                        self._incoming.write(data)
                    else:
                        self._incoming.write_eof()
        except (OSError, ssl.SSLError):
            return b""

    def close(self) -> None:
        """Close the connection at once."""
        self._sock.close()

    def _readable(self) -> bool:
        poller = select.poll()
        poller.register(self._sock, select.POLLIN)
        return bool(poller.poll(0))

    def _pump(self, step: Callable[[], _T]) -> _T:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush_tls()
                data = self._receive_raw()
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                # The alert that tells the server why goes out, if it still can.
                with contextlib.suppress(Trouble):
                    self._flush_tls()
                raise
            else:
                self._flush_tls()
                return result

    def _flush_tls(self) -> None:
        if self._outgoing.pending:
            self._send_raw(self._outgoing.read())

    def _receive_raw(self) -> bytes:
        assert self._deadline is not None
        self._sock.settimeout(self._deadline.remaining())
        if _QUICK is not None:
            # A server that sends head and body apart would else hold the body back for our late acknowledgement.
            with contextlib.suppress(OSError):
                self._sock.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)
        try:
            data = self._sock.recv(_RECEIVE)
        except TimeoutError:
            raise Trouble("timeout", f"not finished within {self._deadline.seconds:g} s") from None
        except OSError as problem:
            raise Trouble("reset", "the connection was reset") from problem
        self.received += len(data)
        if self.received > self._cap:
            raise Trouble("limit:wire-bytes", f"more than {self._cap} bytes came for one exchange")
        return data

    def _send_raw(self, data: bytes) -> None:
        assert self._deadline is not None
        rest = memoryview(data)
        while rest:
            self._sock.settimeout(self._deadline.remaining())
            try:
                rest = rest[self._sock.send(rest) :]
            except TimeoutError:
                raise Trouble("timeout", f"not finished within {self._deadline.seconds:g} s") from None
            except OSError as problem:
                raise Trouble("reset", "the connection was closed while the request was sent") from problem


@final
class ResponseReader:
    """Reads one response strictly; what had arrived stays readable when it breaks off."""

    def __init__(self, stream: Stream, limits: Limits, *, method: str) -> None:
        self._stream = stream
        self._limits = limits
        self._method = method
        self._buffer = bytearray()
        self._decoder: _Decoder | None = None
        self.http_status: int | None = None
        self.headers: Headers = ()
        self.body = bytearray()
        self.reusable = False
        """Whether the connection may carry another exchange."""

    def read(self) -> None:
        """Read the whole response, or raise `Trouble`."""
        for _ in range(_INTERIM_RESPONSES + 1):
            minor, self.http_status, self.headers = self._head()
            if self.http_status == 101:
                raise Trouble("protocol:unexpected-upgrade", "101 Switching Protocols, which nobody asked for")
            if self.http_status >= 200:
                break
        else:
            raise Trouble("protocol:too-many-1xx", f"more than {_INTERIM_RESPONSES} interim responses")
        length, chunked = self._framing(minor)
        persistent = minor == 1 and "close" not in _tokens(self._all("connection"))
        if self._method == "HEAD" or self.http_status in (204, 304):
            self._no_surplus("a response that has no body")
        else:
            self._decoder = self._decoder_for()
            if chunked:
                self._chunked()
                self._no_surplus("the last chunk")
            elif length is not None:
                self._counted(length)
                self._no_surplus(f"the {length} bytes that Content-Length states")
            else:
                persistent = False
                self._until_close()
            self._decoder.finish()
        self.reusable = self._is_quiet() and persistent

    # The head

    def _head(self) -> tuple[int, int, Headers]:
        searched = 0
        while not (end := _END_OF_HEAD.search(self._buffer, max(0, searched - 3))):
            searched = len(self._buffer)
            self._head_may_go_on()
            if not self._fill():
                if not self._buffer:
                    raise Trouble("truncated", "the connection was closed without an answer")
                raise Trouble("truncated", "the connection was closed in the middle of the header")
        self._head_may_go_on(end.end())
        lines = bytes(self._buffer[: end.start()]).split(b"\n")
        terminators = bytes(self._buffer[: end.end()])
        del self._buffer[: end.end()]
        status_line, *header_lines = [line.removesuffix(b"\r") for line in lines]
        status = _STATUS_LINE.fullmatch(status_line)
        if status is None:
            raise Trouble("protocol:bad-status-line", f"the status line is {_quoted(status_line)}")
        headers = self._header_lines(header_lines)
        # Told before the framing is judged, so that a finding can show them.
        self.http_status, self.headers = int(status[2]), headers
        if terminators.count(b"\n") != terminators.count(b"\r\n"):
            raise Trouble("protocol:bare-lf", "a header line ends in LF without CR")
        return int(status[1]), int(status[2]), headers

    def _head_may_go_on(self, size: int | None = None) -> None:
        start = bytes(self._buffer[:7])
        if start != b"HTTP/1."[: len(start)]:
            hint = "; it looks like TLS, is the target https?" if start[:1] in (b"\x15", b"\x16") else ""
            shown = _quoted(bytes(self._buffer[:20]))
            raise Trouble("protocol:not-http", f"the answer does not begin with HTTP/1 but with {shown}{hint}")
        if (len(self._buffer) if size is None else size) > self._limits.header_bytes:
            limit = self._limits.header_bytes
            raise Trouble("protocol:header-too-large", f"the header is larger than {limit} bytes")

    def _header_lines(self, lines: list[bytes]) -> Headers:
        if len(lines) > self._limits.header_count:
            raise Trouble(
                "protocol:too-many-headers", f"{len(lines)} header lines, at most {self._limits.header_count}"
            )
        headers: list[tuple[str, str]] = []
        for line in lines:
            if line[:1] in (b" ", b"\t"):
                raise Trouble("protocol:folded-header", f"a header line is continued: {_quoted(line)}")
            match = _HEADER_LINE.fullmatch(line)
            if match is None:
                raise Trouble("protocol:bad-header", f"not a header line: {_quoted(line)}")
            headers.append((match[1].decode("ascii"), match[2].strip(b" \t").decode("latin-1")))
        return tuple(headers)

    # The framing

    def _framing(self, minor: int) -> tuple[int | None, bool]:
        lengths = self._all("content-length")
        codings = self._all("transfer-encoding")
        if codings:
            coding = ", ".join(codings)
            if lengths:
                both = f"Content-Length {_shown(lengths)} and Transfer-Encoding {_shown(codings)}"
                raise Trouble("framing:length-and-chunked", f"both {both}")
            if coding.lower() != "chunked":
                raise Trouble("framing:transfer-coding", f"Transfer-Encoding is {_shown(codings)}")
            if minor == 0:
                raise Trouble("framing:chunked-in-http-1.0", "Transfer-Encoding in an HTTP/1.0 response")
            return None, True
        if not lengths:
            return None, False
        values = [value.strip() for line in lengths for value in line.split(",")]
        if len(values) > 1:
            raise Trouble("framing:two-lengths", f"Content-Length more than once: {_shown(values)}")
        if re.fullmatch(r"-[0-9]+", values[0], re.ASCII):
            raise Trouble("framing:negative-length", f"Content-Length is {_shown(values)}")
        if not re.fullmatch(r"[0-9]{1,19}", values[0], re.ASCII):
            raise Trouble("framing:bad-length", f"Content-Length is {_shown(values)}")
        return int(values[0]), False

    def _no_surplus(self, what: str) -> None:
        if self._buffer:
            raise Trouble("framing:surplus", f"at least {len(self._buffer)} more bytes came after {what}")

    def _is_quiet(self) -> bool:
        after = self._stream.poll()
        if after:
            raise Trouble("framing:surplus", f"at least {len(after)} more bytes came after the response")
        return after is None

    # The body

    def _counted(self, length: int) -> None:
        left = length
        while left:
            if not self._buffer and not self._fill():
                came = length - left
                raise Trouble("framing:truncated", f"Content-Length states {length} bytes, {came} came")
            left -= self._take(left)

    def _until_close(self) -> None:
        while self._buffer or self._fill():
            self._take(len(self._buffer))

    def _chunked(self) -> None:
        while True:
            line = self._line(_CHUNK_LINE, "protocol:chunk-header-too-large", "a chunk's size line")
            match = _CHUNK_SIZE.fullmatch(line)
            if match is None:
                raise Trouble("framing:bad-chunk-size", f"a chunk's size line is {_quoted(line)}")
            left = int(match[1], 16)
            if left == 0:
                self._trailers()
                return
            while left:
                if not self._buffer:
                    self._fill_chunks()
                left -= self._take(left)
            while len(self._buffer) < 2:
                self._fill_chunks()
            if self._buffer[:2] != b"\r\n":
                shown = _quoted(bytes(self._buffer[:2]))
                raise Trouble("framing:bad-chunk-end", f"a chunk is longer than stated: {shown} follows it")
            del self._buffer[:2]

    def _trailers(self) -> None:
        room = self._limits.header_bytes
        for _ in range(self._limits.header_count + 1):
            line = self._line(room, "protocol:trailers-too-large", "the trailer")
            if not line:
                return
            room = max(1, room - len(line) - 2)
        raise Trouble("protocol:trailers-too-large", f"more than {self._limits.header_count} lines of trailer")

    def _line(self, limit: int, reason: str, what: str) -> bytes:
        searched = 0
        while (end := self._buffer.find(b"\n", searched, limit + 2)) < 0:
            searched = len(self._buffer)
            if searched > limit + 1:
                raise Trouble(reason, f"{what} is longer than {limit} bytes")
            self._fill_chunks()
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if not line.endswith(b"\r\n"):
            raise Trouble("protocol:bare-lf", f"{what} ends in LF without CR")
        return line[:-2]

    def _fill_chunks(self) -> None:
        if not self._fill():
            raise Trouble("truncated", "the connection was closed before the last chunk")

    def _take(self, at_most: int) -> int:
        assert self._decoder is not None
        part = bytes(self._buffer[:at_most])
        del self._buffer[: len(part)]
        self._decoder.feed(part)
        return len(part)

    def _fill(self) -> bool:
        data = self._stream.receive()
        self._buffer += data
        return bool(data)

    def _decoder_for(self) -> _Decoder:
        codings = [coding for coding in _tokens(self._all("content-encoding")) if coding != "identity"]
        if not codings:
            return _Decoder(None, self.body, self._limits)
        if len(codings) > 1 or codings[0] not in ("gzip", "x-gzip", "deflate"):
            few = codings if len(codings) <= 4 else [*codings[:4], "…"]
            raise Trouble("unexpected-encoding", f"Content-Encoding is {_shown(few)}, asked for was identity")
        return _Decoder(codings[0].removeprefix("x-"), self.body, self._limits)

    def _all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


@final
class _Decoder:
    """Undoes one content encoding into `body`, never producing more than the limits allow."""

    def __init__(self, coding: str | None, body: bytearray, limits: Limits) -> None:
        self._coding = coding
        self._body = body
        self._limits = limits
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16) if coding == "gzip" else None
        self._members = 1
        self._taken = 0
        self._start = b""

    def feed(self, data: bytes) -> None:
        """Take some of the encoded body."""
        self._taken += len(data)
        if self._coding is None:
            self._body += data
            self._within_limits()
            return
        if self._inflate is None:
            # Two bytes tell zlib's wrapper, which the standard means, from the bare stream some servers send.
            self._start += data
            if len(self._start) < 2:
                return
            data, first = self._start, int.from_bytes(self._start[:2], "big")
            wrapped = first >> 8 & 0x0F == 8 and first % 31 == 0
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        try:
            more = bool(data)
            while more:
                data, more = self._step(data)
        except zlib.error as problem:
            raise Trouble("bad-encoding", f"the body is not valid {self._coding}") from problem

    def finish(self) -> None:
        """The body has ended: so must its encoding."""
        if self._coding is not None and (self._inflate is None or not self._inflate.eof):
            raise Trouble("bad-encoding", f"the {self._coding} stream ends in the middle")

    def _step(self, data: bytes) -> tuple[bytes, bool]:
        """Decode a piece; what of the data is still to be decoded, and whether there may be more to come."""
        assert self._inflate is not None
        if self._inflate.eof:
            if self._coding != "gzip" or not data.startswith(b"\x1f"):
                raise Trouble("bad-encoding", f"{len(data)} or more bytes follow the {self._coding} stream")
            if self._members == _GZIP_MEMBERS:
                raise Trouble("bad-encoding", f"more than {_GZIP_MEMBERS} gzip members")
            self._members += 1
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
        room = min(_DECODED_AT_ONCE, self._limits.decoded_bytes - len(self._body) + 1)
        piece = self._inflate.decompress(data, room)
        self._body += piece
        self._within_limits()
        if self._inflate.eof:
            return self._inflate.unused_data, bool(self._inflate.unused_data)
        tail = self._inflate.unconsumed_tail
        return tail, bool(tail) or len(piece) == room

    def _within_limits(self) -> None:
        size = len(self._body)
        if size > self._limits.decoded_bytes:
            raise Trouble("limit:decoded-bytes", f"the body is larger than {self._limits.decoded_bytes} bytes")
        if size > _RATIO_MATTERS_FROM and size > self._taken * self._limits.ratio:
            ratio = self._limits.ratio
            raise Trouble("limit:decoded-bytes", f"the body grows more than {ratio} times when decoded")


def _tokens(values: list[str]) -> list[str]:
    return [token for value in values for part in value.split(",") if (token := part.strip().lower())]


def _shown(values: list[str]) -> str:
    return " and ".join(visible(value, limit=60) for value in values[:4])


def _quoted(data: bytes) -> str:
    return "'" + visible(data, limit=80) + "'"
