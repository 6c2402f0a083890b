"""One connection to a target under limits: the socket, TLS over it, and the strict reading of one response.

The limits sit below TLS and HTTP: every read and write gets what is left of the exchange's deadline, every
byte is counted. The reader is our own because a conformance harness must tell apart what HTTP libraries
forgive or lump together: two lengths, a length beside chunks, surplus bytes, bare LF, an endless chunk line.
"""

from __future__ import annotations

import contextlib
import ipaddress
import queue
import select
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar, final

_RECEIVE_BYTES: Final = 65536
# Known to Linux only, which also forgets it from time to time.
_TCP_QUICKACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)


# What `getaddrinfo` gives and `open_socket` takes; its shape depends on the family.
Address = tuple[socket.AddressFamily, tuple[object, ...]]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeLimits:
    """The limits of one exchange, in seconds and bytes, beyond which it is given up.

    Clients with a timeout per read wait for ever on endless `100 Continue` responses (requests and httpx did in a
    trial with a timeout of 1 second); here one deadline covers the whole exchange.
    """

    connect_seconds: float = 5.0
    exchange_seconds: float = 30.0
    wire_bytes: int = 16 * 1024 * 1024
    decoded_bytes: int = 16 * 1024 * 1024
    ratio: int = 200
    header_bytes: int = 64 * 1024
    header_count: int = 200

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")


@final
class ExchangeFailed(Exception):
    """The exchange yields no response: a stable reason and one sentence. Never leaves `check.client`."""

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

    def remaining_seconds(self, at_most: float | None = None) -> float:
        """The seconds left, at most so many; raises `ExchangeFailed` when none are."""
        left = self._at - self._clock()
        if left <= 0:
            raise ExchangeFailed("timeout", f"not finished within {self.seconds:g} s")
        return left if at_most is None else min(left, at_most)


def resolve_host(host: str, port: int, seconds: float) -> list[Address]:
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
        raise ExchangeFailed("dns", f"the name {host} was not resolved within {seconds:.1f} s") from None
    if isinstance(answer, Exception):
        raise ExchangeFailed("dns", f"the name {host} cannot be resolved") from answer
    return answer


def open_socket(host: str, port: int, *, seconds: float, deadline: Deadline) -> socket.socket:
    """A connected socket to the first address that answers."""
    connecting = Deadline(deadline.remaining_seconds(seconds), deadline._clock)
    problem: OSError | None = None
    for family, address in resolve_host(host, port, connecting.remaining_seconds()):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(connecting.remaining_seconds())
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        except (TimeoutError, ExchangeFailed):
            sock.close()
            raise ExchangeFailed("timeout:connect", f"{host}:{port} did not accept a connection in time") from None
        except OSError as failed:
            sock.close()
            problem = failed
        except BaseException:
            sock.close()
            raise
    if isinstance(problem, ConnectionRefusedError):
        raise ExchangeFailed("connect", f"{host}:{port} refused the connection") from problem
    words = (problem.strerror or type(problem).__name__).lower() if problem else "it has no address"
    raise ExchangeFailed("connect", f"{host}:{port} cannot be reached: {words}") from problem


@final
class Stream:
    """The bytes of one connection, plain or TLS, with a deadline and a cap per exchange."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._deadline: Deadline | None = None
        self._byte_limit = 0
        self.received = 0
        """Wire bytes received in this exchange."""

    def begin_exchange(self, deadline: Deadline, cap: int) -> None:
        """Start an exchange with its deadline and the number of bytes that it may receive."""
        self._deadline = deadline
        self._byte_limit = cap
        self.received = 0

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Shake hands; afterwards everything goes through TLS."""
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._run_tls_step(self._tls.do_handshake)

    def receive(self) -> bytes:
        """Some more bytes; empty only at a proper end of the stream."""
        if self._tls is None:
            return self._receive_raw()
        tls = self._tls
        try:
            return self._run_tls_step(lambda: tls.read(_RECEIVE_BYTES))
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLError as problem:
            # The first releases of Python 3.11 tell this end by the reason alone.
            if isinstance(problem, ssl.SSLEOFError) or problem.reason == "UNEXPECTED_EOF_WHILE_READING":
                raise ExchangeFailed("truncated", "the TLS connection was cut without a closing notice") from None
            raise ExchangeFailed("tls", f"TLS broke off: {problem.reason or 'unknown reason'}") from problem

    def send(self, data: bytes) -> None:
        """Send all of it."""
        if self._tls is None:
            self._send_raw(data)
            return
        tls = self._tls
        rest = memoryview(data)
        while rest:
            part = rest[:_RECEIVE_BYTES]
            rest = rest[self._run_tls_step(lambda part=part: tls.write(part)) :]  # type: ignore[misc]

    def poll(self) -> bytes | None:
        """What came without waiting: None when the line is quiet, empty when it was closed, else bytes."""
        try:
            if self._tls is None:
                return self._sock.recv(_RECEIVE_BYTES) if self._readable() else None
            while True:
                try:
                    return self._tls.read(_RECEIVE_BYTES)
                except ssl.SSLWantReadError:
                    # A session ticket is not an answer: TLS 1.3 sends it when it likes.
                    if not self._readable():
                        return None
                    data = self._sock.recv(_RECEIVE_BYTES)
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

    def _run_tls_step(self, step: Callable[[], _T]) -> _T:
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
                with contextlib.suppress(ExchangeFailed):
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
        self._sock.settimeout(self._deadline.remaining_seconds())
        if _TCP_QUICKACK is not None:
            # A server that sends head and body apart would else hold the body back for our late acknowledgement.
            with contextlib.suppress(OSError):
                self._sock.setsockopt(socket.IPPROTO_TCP, _TCP_QUICKACK, 1)
        try:
            data = self._sock.recv(_RECEIVE_BYTES)
        except TimeoutError:
            raise ExchangeFailed("timeout", f"not finished within {self._deadline.seconds:g} s") from None
        except OSError as problem:
            raise ExchangeFailed("reset", "the connection was reset") from problem
        self.received += len(data)
        if self.received > self._byte_limit:
            raise ExchangeFailed("limit:wire-bytes", f"more than {self._byte_limit} bytes came for one exchange")
        return data

    def _send_raw(self, data: bytes) -> None:
        assert self._deadline is not None
        rest = memoryview(data)
        while rest:
            self._sock.settimeout(self._deadline.remaining_seconds())
            try:
                rest = rest[self._sock.send(rest) :]
            except TimeoutError:
                raise ExchangeFailed("timeout", f"not finished within {self._deadline.seconds:g} s") from None
            except OSError as problem:
                raise ExchangeFailed("reset", "the connection was closed while the request was sent") from problem
