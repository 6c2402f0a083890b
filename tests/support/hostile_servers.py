"""Raw-socket servers that misbehave by name, on loopback and a free port.

    with hostile_server("slow-headers") as server:
        ... server.url, server.counters.connections, server.counters.bytes_sent ...

Names: the keys of `BEHAVIOURS`, or `body:NAME` for each of `payloads.BODIES`. A function of a `Peer` may be
given instead, or `answering(function from request head to response bytes)`.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import re
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from hostile_payloads import BODIES

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
DRIP_SECONDS: Final = 0.05


class Gone(Exception):
    """The client went away, or the test is over."""


@dataclass
class Counters:
    """What the server saw and did."""

    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    bytes_sent: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Peer:
    """One connection of a hostile server."""

    def __init__(self, sock: socket.socket, counters: Counters, stop: threading.Event) -> None:
        self.sock = sock
        self.counters = counters
        self._stop = stop
        self._pending = b""

    def request(self) -> bytes:
        """The next request's head; its body (with Content-Length) is read and dropped."""
        while b"\r\n\r\n" not in self._pending:
            self._more()
        head, _, self._pending = self._pending.partition(b"\r\n\r\n")
        with self.counters.lock:
            self.counters.requests.append(head)
        length = re.search(rb"(?im)^content-length: *([0-9]+)", head)
        while length and len(self._pending) < int(length[1]):
            self._more()
        self._pending = self._pending[int(length[1]) :] if length else self._pending
        return head

    def _more(self) -> None:
        try:
            data = self.sock.recv(65536)
        except OSError as problem:
            raise Gone from problem
        if not data:
            raise Gone
        self._pending += data

    def send(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except OSError as problem:
            raise Gone from problem
        with self.counters.lock:
            self.counters.bytes_sent += len(data)

    def endless(self, piece: bytes, *, every: float = 0.0) -> None:
        """Send the piece for ever."""
        while not self._stop.is_set():
            self.send(piece)
            if every:
                self._stop.wait(every)

    def drip(self, data: bytes) -> None:
        """Send byte after byte, slowly."""
        for index in range(len(data)):
            if self._stop.wait(DRIP_SECONDS):
                return
            self.send(data[index : index + 1])

    def silence(self) -> None:
        """Say nothing until the client goes away or the test ends."""
        with contextlib.suppress(OSError):
            while self.sock.recv(65536):
                pass

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Behaviour = Callable[[Peer], None]


class HostileServer:
    """A running hostile server."""

    def __init__(self, behaviour: Behaviour, *, tls: ssl.SSLContext | None, host: str = "127.0.0.1") -> None:
        self.counters = Counters()
        self._behaviour = behaviour
        self._tls = tls
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server((host, 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.host = host
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{'localhost' if self._tls else self.host}:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self.counters.lock:
                self.counters.connections += 1
            thread = threading.Thread(target=self._converse, args=(sock,), daemon=True)
            with self._lock:
                self._open.add(sock)
                self._threads.append(thread)
            thread.start()

    def _converse(self, sock: socket.socket) -> None:
        plain = sock
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                with self._lock:
                    self._open.discard(plain)
                    self._open.add(sock)
            self._behaviour(Peer(sock, self.counters, self._stop))
        except (Gone, OSError):
            pass
        finally:
            with self._lock:
                self._open.discard(sock)
                self._open.discard(plain)
            sock.close()
            plain.close()

    def stop(self) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(5)
        with self._lock:
            still_open = list(self._open)
        for sock in still_open:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive(), "a connection of a hostile server did not end"


@contextlib.contextmanager
def hostile_server(behaviour: str | Behaviour, *, tls: ssl.SSLContext | None = None) -> Iterator[HostileServer]:
    """A server that behaves as named until the block ends."""
    server = HostileServer(_named(behaviour) if isinstance(behaviour, str) else behaviour, tls=tls)
    try:
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """A loopback port on which nobody listens (HS-01)."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _named(name: str) -> Behaviour:
    if name.startswith("body:"):
        content_type, body = BODIES[name.removeprefix("body:")]
        return answering(lambda _head: response(body, f"Content-Type: {content_type}"))
    return BEHAVIOURS[name]


def response(body: bytes = b"{}", *headers: str, status: str = "200 OK") -> bytes:
    """A well-formed response with a Content-Length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answering(answer: Callable[[bytes], bytes]) -> Behaviour:
    """A keep-alive server that answers each request head with these bytes."""

    def behave(peer: Peer) -> None:
        while True:
            peer.send(answer(peer.request()))

    return behave


def once(data: bytes, then: str = "close") -> Behaviour:
    """Answer one request with exactly these bytes, then close, reset or fall silent."""

    def behave(peer: Peer) -> None:
        peer.request()
        peer.send(data)
        if then == "silence":
            peer.silence()
        elif then == "reset":
            peer.reset()

    return behave


def forever(start: bytes, piece: bytes, *, every: float = 0.0) -> Behaviour:
    """Answer with a start and then with the same piece for ever."""

    def behave(peer: Peer) -> None:
        peer.request()
        peer.send(start)
        peer.endless(piece, every=every)

    return behave


def dripping(start: bytes, slowly: bytes) -> Behaviour:
    """Answer with a start at once and the rest byte by byte."""

    def behave(peer: Peer) -> None:
        peer.request()
        if start:
            peer.send(start)
        peer.drip(slowly)

    return behave


def redirecting(location: str, status: str = "302 Found") -> Behaviour:
    """Redirect every request to the location (HS-14 to HS-16)."""
    return answering(lambda _head: response(b"", f"Location: {location}", status=status))


def _encoded(coding: str, body: bytes) -> bytes:
    return response(body, "Content-Type: application/json", f"Content-Encoding: {coding}")


@functools.cache
def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()


def _one_answer_then_gone(peer: Peer) -> None:
    """Promise keep-alive, answer one request on the connection and close it when the next one has been sent."""
    peer.request()
    peer.send(response())
    peer.request()


def _close_at_once(peer: Peer) -> None:
    peer.request()


def _reset_at_once(peer: Peer) -> None:
    peer.request()
    peer.reset()


def _silent(peer: Peer) -> None:
    peer.silence()


CHUNKED: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"

BEHAVIOURS: Final[dict[str, Behaviour]] = {
    "honest": answering(lambda _head: response(b'{"ok": true}', "Content-Type: application/json")),
    "honest-chunked": answering(lambda _head: CHUNKED + b"3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n"),
    "honest-until-close": once(OK + b"Connection: close\r\n\r\nall of it"),
    "honest-gzip": answering(lambda _head: _encoded("gzip", gzip.compress(b'{"ok": true}'))),
    "honest-two-gzip-members": answering(lambda _head: _encoded("gzip", gzip.compress(b"a") + gzip.compress(b"b"))),
    "honest-deflate": answering(lambda _head: _encoded("deflate", zlib.compress(b'{"ok": true}'))),
    "raw-deflate": answering(lambda _head: _encoded("deflate", zlib.compress(b'{"ok": true}')[2:-4])),
    # HS-02 to HS-05
    "silent": _silent,
    "slow-headers": dripping(b"", OK + b"Content-Length: 2\r\n\r\n{}"),
    "slow-body": dripping(OK + b"Content-Length: 1000\r\n\r\n", b"x" * 1000),
    "endless-100": forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "slow-endless-100": forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", every=DRIP_SECONDS),
    # HS-06
    "endless-headers": forever(OK, b"X-Filler: " + b"y" * 100 + b"\r\n"),
    "endless-header-line": forever(OK + b"X-Filler: ", b"y" * 1000),
    "many-headers": once(OK + b"X-A: 1\r\n" * 1000 + b"Content-Length: 2\r\n\r\n{}"),
    # HS-07, HS-08
    "endless-body": forever(OK + b"\r\n", b"x" * 4096),
    "endless-tiny-chunks": forever(CHUNKED, b"1\r\nx\r\n" * 500),
    "slow-endless-tiny-chunks": forever(CHUNKED, b"1\r\nx\r\n", every=DRIP_SECONDS),
    "endless-chunk-extension": forever(CHUNKED + b"1;a=", b"x" * 1000),
    "endless-trailers": forever(CHUNKED + b"0\r\n", b"X-T: 1\r\n"),
    # HS-09 to HS-11
    "gzip-bomb": answering(lambda _head: _encoded("gzip", _bomb(50))),
    "gzip-ratio": answering(lambda _head: _encoded("gzip", _bomb(2))),
    "gzip-twice": answering(lambda _head: _encoded("gzip, gzip", gzip.compress(gzip.compress(b"{}")))),
    "hundred-encodings": answering(lambda _head: _encoded(", ".join(["gzip"] * 100), b"x")),
    "unknown-encoding": answering(lambda _head: _encoded("x-nonsense", b"{}")),
    "unasked-br": answering(lambda _head: _encoded("br", b"\x0b\x01\x80{}\x03")),
    "gzip-trailing-garbage": answering(lambda _head: _encoded("gzip", gzip.compress(b"{}") + b"garbage")),
    "gzip-truncated": answering(lambda _head: _encoded("gzip", gzip.compress(b"{}" * 100)[:-5])),
    "gzip-not-gzip": answering(lambda _head: _encoded("gzip", b"{}")),
    # HS-12
    "length-too-large": once(OK + b"Content-Length: 100\r\n\r\n{}"),
    "length-enormous": once(OK + b"Content-Length: 1000000000000000000\r\n\r\n{}"),
    "length-too-small": once(OK + b"Content-Length: 1\r\n\r\n{}", then="silence"),
    "length-negative": once(OK + b"Content-Length: -5\r\n\r\n{}"),
    "length-with-plus": once(OK + b"Content-Length: +2\r\n\r\n{}"),
    "two-lengths": once(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "length-list": once(OK + b"Content-Length: 2, 2\r\n\r\n{}"),
    "length-and-chunked": once(OK + b"Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    "strange-transfer-coding": once(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "chunked-in-http-1.0": once(CHUNKED.replace(b"/1.1", b"/1.0") + b"0\r\n\r\n"),
    "bad-chunk-size": once(CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n"),
    "chunk-longer-than-stated": once(CHUNKED + b"1\r\n{}\r\n0\r\n\r\n"),
    "body-after-head-request": once(response(b"{}"), then="silence"),
    # HS-13
    "close-at-once": _close_at_once,
    "cut-in-header": once(OK),
    "cut-in-chunked-body": once(CHUNKED + b"5\r\nab"),
    "cut-in-body": once(OK + b"Content-Length: 5\r\n\r\nab"),
    "cut-until-close": once(OK + b"\r\nall of it?"),
    "reset-at-once": _reset_at_once,
    "one-answer-then-gone": _one_answer_then_gone,
    # what else is no HTTP
    "http-0.9": once(b"<html>hello</html>"),
    "http-2": once(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00" * 18),
    "bad-status-line": once(b"HTTP/1.1 2000 OK\r\n\r\n"),
    "bare-lf": once(b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}"),
    "folded-header": once(OK + b"X-A: 1\r\n  2\r\nContent-Length: 2\r\n\r\n{}"),
    "space-before-colon": once(OK + b"Content-Length : 2\r\n\r\n{}"),
    "nul-in-header": once(OK + b"X-A: a\0b\r\nContent-Length: 2\r\n\r\n{}"),
    "unasked-upgrade": once(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"),
}
