"""The client: sends one request to a target within limits and says what came, or why nothing usable did.

Nothing is followed, kept or added behind the caller's back: no redirects, no cookies, no proxies from the
environment, no credentials from `.netrc`. What a server does wrong is a `NoResponse` with a stable reason,
never an exception; an exception means that the harness could not work.
"""

from __future__ import annotations

import os
import re
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, final

import h11

from harness.check.client.connection import Deadline, ExchangeFailed, ExchangeLimits, Stream, open_socket
from harness.check.client.response_reader import ResponseReader
from harness.check.client.target import Target, parse_target
from harness.errors import HarnessError, UsageProblem
from harness.output.escaping import visible_text
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse

__all__ = ["ExchangeLimits", "HttpClient", "UnsendableRequest"]

USER_AGENT: Final = "callharness/0.1"
_PARTIAL_BODY_BYTES: Final = 64 * 1024
_MAX_IDLE_STREAMS: Final = 32
_CHUNK_BYTES: Final = 16 * 1024


@dataclass(eq=False)
class UnsendableRequest(HarnessError):
    """A request of ours that HTTP cannot carry; the target is not to blame."""

    method: str
    target: bytes
    why: str

    def __str__(self) -> str:
        where = visible_text(f"{self.method} ".encode() + self.target.partition(b"?")[0], limit=200)
        return f"{where}: this request cannot be sent, {visible_text(self.why, limit=200)}"


# Where requests go


# Sending


@final
class HttpClient:
    """Connections to one target; a context manager that may be used from several threads at once.

    `headers` go with every request unless the request has one of the same name. `ca_file` replaces the
    system's certificate authorities.
    """

    def __init__(
        self,
        base_url: str | Target,
        *,
        limits: ExchangeLimits | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        ca_file: str | os.PathLike[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        user_agent: str = USER_AGENT,
    ) -> None:
        self.target: Final = base_url if isinstance(base_url, Target) else parse_target(base_url)
        self.limits: Final = limits or ExchangeLimits()
        self._headers = (*headers, ("User-Agent", user_agent), ("Accept", "*/*"), ("Accept-Encoding", "identity"))
        self._ca_file = ca_file
        self._clock = clock
        self._context = _make_tls_context(ca_file) if self.target.scheme == "https" else None
        self._idle: list[Stream] = []
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections; one in use is closed when its exchange ends."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for stream in idle:
            stream.close()

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse | NoResponse:
        """The response, or why there is none, at the latest when the exchange's time is over.

        A request that says `Connection: close` has a connection of its own, before it and after it.
        """
        data = self._encode_request(request)
        seconds = self.limits.exchange_seconds
        if deadline_seconds is not None:
            seconds = min(seconds, deadline_seconds)
        began = self._clock()
        deadline = Deadline(seconds, self._clock)
        reused = None if request.asks_to_close else self._take_idle_stream()
        if reused is not None:
            outcome = self._exchange_on_stream(reused, request, data, deadline, began)
            if outcome is not None:
                return outcome
            # The server closed an idle connection just then, as it may: only a fresh one tells anything.
        try:
            fresh = self._open_stream(deadline)
        except ExchangeFailed as trouble:
            reason = "timeout:connect" if trouble.reason == "timeout" else trouble.reason
            return NoResponse(reason=reason, text=trouble.text, seconds=self._clock() - began)
        outcome = self._exchange_on_stream(fresh, request, data, deadline, began, reused=False)
        assert outcome is not None
        return outcome

    def _exchange_on_stream(
        self,
        stream: Stream,
        request: HttpRequest,
        data: bytes,
        deadline: Deadline,
        began: float,
        *,
        reused: bool = True,
    ) -> HttpResponse | NoResponse | None:
        """What one connection yields; None when a reused one turns out to have been closed before."""
        stream.begin_exchange(deadline, self.limits.wire_bytes)
        reader = ResponseReader(stream, self.limits, method=request.method)
        keep = False
        try:
            unsent = _send_request(stream, data)
            try:
                reader.read()
            except ExchangeFailed as trouble:
                if trouble.reason in ("truncated", "reset") and stream.received == 0:
                    if reused:
                        return None
                    raise unsent or trouble from None
                raise
            # A server may answer before it has read everything, but then nobody knows where it stopped; one that
            # knows no request in chunks (Python's http.server) takes its chunks for the next request.
            keep = reader.reusable and unsent is None and not request.chunked and not request.asks_to_close
        except ExchangeFailed as trouble:
            reason = trouble.reason
            if reason == "timeout":
                reason = "timeout:total" if stream.received else "timeout:first-byte"
            return NoResponse(
                reason=reason,
                text=trouble.text,
                http_status=reader.http_status,
                headers=reader.headers,
                partial=bytes(reader.body[:_PARTIAL_BODY_BYTES]),
                seconds=self._clock() - began,
            )
        finally:
            self._return_stream(stream, keep=keep)
        assert reader.http_status is not None
        body = bytes(reader.body)
        # One copy is enough of what may be many megabytes.
        reader.body.clear()
        return HttpResponse(
            http_status=reader.http_status, headers=reader.headers, body=body, seconds=self._clock() - began
        )

    def _encode_request(self, request: HttpRequest) -> bytes:
        given = {name.lower() for name, _ in request.headers}
        headers = [*request.headers]
        if "host" not in given and not any(name.lower() == "host" for name, _ in self._headers):
            headers.insert(0, ("Host", self.target.authority))
        if request.chunked:
            headers.append(("Transfer-Encoding", "chunked"))
        elif "content-length" not in given and (request.body or request.method in ("POST", "PUT", "PATCH")):
            headers.append(("Content-Length", str(len(request.body))))
        for name, value in self._headers:
            if name.lower() not in given:
                given.add(name.lower())
                headers.append((name, value))
        target = self.target.full_target(request.target)
        try:
            encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]
            writer = h11.Connection(h11.CLIENT)
            parts = [writer.send(h11.Request(method=request.method, target=target, headers=encoded))]
            for start in range(0, len(request.body), _CHUNK_BYTES):
                parts.append(writer.send(h11.Data(data=request.body[start : start + _CHUNK_BYTES])))
            parts.append(writer.send(h11.EndOfMessage()))
        except (h11.LocalProtocolError, UnicodeError) as problem:
            # h11 quotes the offending value, which may be a secret.
            why = re.split(r" b['\"]", str(problem))[0] if not isinstance(problem, UnicodeError) else ""
            raise UnsendableRequest(request.method, target, why or "a header is not Latin-1") from None
        return b"".join(part for part in parts if part)

    def _open_stream(self, deadline: Deadline) -> Stream:
        sock = open_socket(self.target.host, self.target.port, seconds=self.limits.connect_seconds, deadline=deadline)
        stream = Stream(sock)
        if self._context is None:
            return stream
        try:
            # The handshake has the connect time, and its bytes are not those of the exchange.
            handshake = Deadline(deadline.remaining_seconds(self.limits.connect_seconds), self._clock)
            stream.begin_exchange(handshake, self.limits.wire_bytes)
            stream.start_tls(self._context, self.target.host)
        except ssl.SSLError as problem:
            stream.close()
            raise ExchangeFailed("tls", self._tls_failure_reason(problem)) from problem
        except ExchangeFailed as trouble:
            stream.close()
            if trouble.reason == "timeout":
                where = self.target.authority
                raise ExchangeFailed("timeout:connect", f"{where} did not finish the TLS handshake in time") from None
            raise
        except BaseException:
            stream.close()
            raise
        return stream

    def _tls_failure_reason(self, problem: ssl.SSLError) -> str:
        where = self.target.authority
        if isinstance(problem, ssl.SSLCertVerificationError):
            why = problem.verify_message or "not verified"
            # X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH
            if problem.verify_code in (62, 64):
                return f"the certificate of {where} is for another name; use the name it was issued for"
            do = "is that the right --ca file?" if self._ca_file else "name its authority with --ca FILE"
            return f"the certificate of {where} is not trusted ({visible_text(why, limit=100)}); {do}"
        if problem.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"):
            return f"{where} does not speak TLS; is the target http instead of https?"
        if isinstance(problem, ssl.SSLEOFError):
            return f"{where} closed the connection during the TLS handshake"
        return f"no TLS with {where}: {visible_text(problem.reason or 'unknown reason', limit=100)}"

    def _take_idle_stream(self) -> Stream | None:
        while True:
            with self._lock:
                stream = self._idle.pop() if self._idle else None
            if stream is None or stream.poll() is None:
                return stream
            stream.close()

    def _return_stream(self, stream: Stream, *, keep: bool) -> None:
        with self._lock:
            if keep and not self._closed and len(self._idle) < _MAX_IDLE_STREAMS:
                self._idle.append(stream)
                return
        stream.close()


def _send_request(stream: Stream, data: bytes) -> ExchangeFailed | None:
    """Send the request; a break is told, not raised, for the answer may have come before it."""
    try:
        stream.send(data)
    except ExchangeFailed as trouble:
        if trouble.reason != "reset":
            raise
        return trouble
    return None


def _make_tls_context(ca_file: str | os.PathLike[str] | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as problem:
        # What is wrong inside the file is told in OpenSSL's own words.
        why = problem.reason if isinstance(problem, ssl.SSLError) else problem.strerror
        do = "`callharness serve --tls-dir DIR` leaves that of a simulator as DIR/ca.pem"
        actual = f"it cannot be read: {visible_text(why or type(problem).__name__, limit=100)}"
        raise UsageProblem(f"--ca {ca_file}", "a file with PEM certificates", actual, do) from problem
    context.set_alpn_protocols(["http/1.1"])
    # Python forgives a missing closing notice by default, and so takes a cut answer for a whole one.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    return context
