"""The client: sends one request to a target within limits and says what came, or why nothing usable did.

Nothing is followed, kept or added behind the caller's back: no redirects, no cookies, no proxies from the
environment, no credentials from `.netrc`. What a server does wrong is a `NoResponse` with a stable reason,
never an exception; an exception means that the harness could not work.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Final, Self, final
from urllib.parse import quote, urljoin, urlsplit

import h11

from harness.check.network import Deadline, Limits, ResponseReader, Stream, Trouble, connect
from harness.errors import HarnessError, Misuse
from harness.output.visible import visible
from harness.wire.exchange import HttpRequest, HttpResponse, NoResponse

__all__ = [
    "Limits",
    "Redirect",
    "RedirectKind",
    "Target",
    "Transport",
    "UnsendableRequest",
    "leads_to",
    "parse_target",
    "redirect_of",
]

USER_AGENT: Final = "callharness/0.1"
REDIRECTS: Final = (301, 302, 303, 307, 308)
_PORTS: Final = {"http": 80, "https": 443}
_PARTIAL_KEPT: Final = 64 * 1024
_IDLE_KEPT: Final = 32
_CHUNK: Final = 16 * 1024


@dataclass(eq=False)
class UnsendableRequest(HarnessError):
    """A request of ours that HTTP cannot carry; the target is not to blame."""

    method: str
    target: bytes
    why: str

    def __str__(self) -> str:
        where = visible(f"{self.method} ".encode() + self.target.partition(b"?")[0], limit=200)
        return f"{where}: this request cannot be sent, {visible(self.why, limit=200)}"


# Where requests go


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The API under check: an origin and the path that stands before every request's own."""

    scheme: str
    host: str
    port: int
    base_path: str = ""

    @property
    def origin(self) -> str:
        """`scheme://host`, with the port unless it is the scheme's own."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """What the `Host` header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The base URL; it never holds credentials."""
        return self.origin + self.base_path

    @property
    def is_loopback(self) -> bool:
        """Whether the target is on this machine by its address or the name `localhost`."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost" or self.host.endswith(".localhost")

    def full_target(self, target: bytes) -> bytes:
        """The request target as sent: the base path and then the request's own bytes, untouched."""
        if target[:1] == b"/" or (self.base_path and target[:1] in (b"", b"?")):
            return self.base_path.encode("ascii") + target
        return self.base_path.encode("ascii") + b"/" + target


def parse_target(url: str) -> Target:
    """The target that a URL names, or `Misuse` saying what a target looks like; never repeats a password."""

    def misuse(actual: str, do: str = "") -> Misuse:
        return Misuse("--target", "a URL such as https://pbx.example.com:8443/api", actual, do)

    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise misuse("a URL with spaces, control characters or backslashes")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as problem:
        raise misuse("a URL whose host or port cannot be read") from problem
    if parts.scheme not in _PORTS:
        do = "put http:// or https:// before it" if "://" not in url else ""
        raise misuse("no scheme" if "://" not in url else f"the scheme {visible(parts.scheme, limit=20)}", do)
    if "@" in parts.netloc:
        raise misuse("a URL with credentials in it", "give them with --credential NAME=VALUE")
    if not host:
        raise misuse("a URL without a host")
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise misuse("a URL with a query or a fragment", "parameters come from the spec")
    if port == 0:
        raise misuse("port 0")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError as problem:
            raise misuse("a host name that is not valid") from problem
    if ":" not in host and not re.fullmatch(r"[0-9A-Za-z._-]+", host, re.ASCII):
        raise misuse("a host name that is not valid")
    base_path = quote(parts.path.rstrip("/"), safe="/%:;=@!$&'()*+,~-._")
    return Target(scheme=parts.scheme, host=host, port=port or _PORTS[parts.scheme], base_path=base_path)


class RedirectKind(StrEnum):
    """Where a URL that a server gave us leads, seen from the request it answered."""

    SAME_ORIGIN = "same-origin"
    OTHER_HOST = "other-host"
    OTHER_PORT = "other-port"
    DOWNGRADE = "https-to-http"
    OTHER_SCHEME = "other-scheme"
    NOT_HTTP = "not-http"
    UNREADABLE = "unreadable"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """A URL from a server (`Location`, a `next` link): as written, resolved, and where it leads."""

    kind: RedirectKind
    location: str
    url: str

    @property
    def same_origin(self) -> bool:
        """Whether it stays on the scheme, host and port that were asked."""
        return self.kind is RedirectKind.SAME_ORIGIN


def leads_to(location: str, *, target: Target, sent: bytes = b"/") -> Redirect:
    """Where a URL in the answer to a request leads; nothing is fetched."""

    def redirect(kind: RedirectKind, url: str = "") -> Redirect:
        return Redirect(kind=kind, location=location, url=url)

    if not location:
        return redirect(RedirectKind.MISSING)
    # Browsers read a backslash as a slash and skip line ends; whoever writes them wants to mislead.
    if re.search(r"[\x00-\x20\x7f-\xa0\\]", location):
        return redirect(RedirectKind.UNREADABLE)
    try:
        url = urljoin(target.origin + target.full_target(sent).decode("latin-1"), location)
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return redirect(RedirectKind.UNREADABLE)
    if parts.scheme not in _PORTS:
        return redirect(RedirectKind.NOT_HTTP, url)
    if not host:
        return redirect(RedirectKind.UNREADABLE, url)
    if host.rstrip(".") != target.host.lower().rstrip("."):
        return redirect(RedirectKind.OTHER_HOST, url)
    if parts.scheme != target.scheme:
        downgrade = target.scheme == "https"
        return redirect(RedirectKind.DOWNGRADE if downgrade else RedirectKind.OTHER_SCHEME, url)
    if (port or _PORTS[parts.scheme]) != target.port:
        return redirect(RedirectKind.OTHER_PORT, url)
    return redirect(RedirectKind.SAME_ORIGIN, url)


def redirect_of(response: HttpResponse, *, target: Target, sent: bytes = b"/") -> Redirect | None:
    """Where a redirecting response leads, or None for any other response."""
    if response.http_status not in REDIRECTS:
        return None
    return leads_to(response.header("location") or "", target=target, sent=sent)


# Sending


@final
class Transport:
    """Connections to one target; a context manager that may be used from several threads at once.

    `headers` go with every request unless the request has one of the same name. `ca_file` replaces the
    system's certificate authorities.
    """

    def __init__(
        self,
        base_url: str | Target,
        *,
        limits: Limits | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        ca_file: str | os.PathLike[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        user_agent: str = USER_AGENT,
    ) -> None:
        self.target: Final = base_url if isinstance(base_url, Target) else parse_target(base_url)
        self.limits: Final = limits or Limits()
        self._headers = (
            *headers,
            ("User-Agent", user_agent),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
        )
        self._ca_file = ca_file
        self._clock = clock
        self._context = _tls_context(ca_file) if self.target.scheme == "https" else None
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
        """The response, or why there is none, at the latest when the exchange's time is over."""
        data = self._wire_form(request)
        seconds = self.limits.exchange_seconds
        if deadline_seconds is not None:
            seconds = min(seconds, deadline_seconds)
        began = self._clock()
        deadline = Deadline(seconds, self._clock)
        reused = self._take_idle()
        if reused is not None:
            outcome = self._exchange(reused, request, data, deadline, began)
            if outcome is not None:
                return outcome
            # The server closed an idle connection just then, as it may: only a fresh one tells anything.
        try:
            fresh = self._connect(deadline)
        except Trouble as trouble:
            reason = "timeout:connect" if trouble.reason == "timeout" else trouble.reason
            return NoResponse(reason=reason, text=trouble.text, seconds=self._clock() - began)
        outcome = self._exchange(fresh, request, data, deadline, began, reused=False)
        assert outcome is not None
        return outcome

    def _exchange(
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
        stream.begin(deadline, self.limits.wire_bytes)
        reader = ResponseReader(stream, self.limits, method=request.method)
        keep = False
        try:
            unsent = _send(stream, data)
            try:
                reader.read()
            except Trouble as trouble:
                if trouble.reason in ("truncated", "reset") and stream.received == 0:
                    if reused:
                        return None
                    raise unsent or trouble from None
                raise
            # A server may answer before it has read everything, but then nobody knows where it stopped.
            keep = reader.reusable and unsent is None
        except Trouble as trouble:
            reason = trouble.reason
            if reason == "timeout":
                reason = "timeout:total" if stream.received else "timeout:first-byte"
            return NoResponse(
                reason=reason,
                text=trouble.text,
                http_status=reader.http_status,
                headers=reader.headers,
                partial=bytes(reader.body[:_PARTIAL_KEPT]),
                seconds=self._clock() - began,
            )
        finally:
            self._put_back(stream, keep=keep)
        assert reader.http_status is not None
        return HttpResponse(
            http_status=reader.http_status,
            headers=reader.headers,
            body=bytes(reader.body),
            seconds=self._clock() - began,
        )

    def _wire_form(self, request: HttpRequest) -> bytes:
        given = {name.lower() for name, _ in request.headers}
        headers = [*request.headers]
        if "host" not in given:
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
            for start in range(0, len(request.body), _CHUNK):
                parts.append(writer.send(h11.Data(data=request.body[start : start + _CHUNK])))
            parts.append(writer.send(h11.EndOfMessage()))
        except (h11.LocalProtocolError, UnicodeError) as problem:
            # h11 quotes the offending value, which may be a secret.
            why = re.split(r" b['\"]", str(problem))[0] if not isinstance(problem, UnicodeError) else ""
            raise UnsendableRequest(request.method, target, why or "a header is not Latin-1") from None
        return b"".join(part for part in parts if part)

    def _connect(self, deadline: Deadline) -> Stream:
        sock = connect(self.target.host, self.target.port, seconds=self.limits.connect_seconds, deadline=deadline)
        stream = Stream(sock)
        if self._context is None:
            return stream
        try:
            # The handshake has the connect time, and its bytes are not those of the exchange.
            handshake = Deadline(deadline.remaining(self.limits.connect_seconds), self._clock)
            stream.begin(handshake, self.limits.wire_bytes)
            stream.start_tls(self._context, self.target.host)
        except ssl.SSLError as problem:
            stream.close()
            raise Trouble("tls", self._why_no_tls(problem)) from problem
        except Trouble as trouble:
            stream.close()
            if trouble.reason == "timeout":
                where = self.target.authority
                raise Trouble("timeout:connect", f"{where} did not finish the TLS handshake in time") from None
            raise
        except BaseException:
            stream.close()
            raise
        return stream

    def _why_no_tls(self, problem: ssl.SSLError) -> str:
        where = self.target.authority
        if isinstance(problem, ssl.SSLCertVerificationError):
            why = problem.verify_message or "not verified"
            # X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH
            if problem.verify_code in (62, 64):
                return f"the certificate of {where} is for another name; use the name it was issued for"
            do = "is that the right --ca file?" if self._ca_file else "name its authority with --ca FILE"
            return f"the certificate of {where} is not trusted ({visible(why, limit=100)}); {do}"
        if problem.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"):
            return f"{where} does not speak TLS; is the target http instead of https?"
        if isinstance(problem, ssl.SSLEOFError):
            return f"{where} closed the connection during the TLS handshake"
        return f"no TLS with {where}: {visible(problem.reason or 'unknown reason', limit=100)}"

    def _take_idle(self) -> Stream | None:
        while True:
            with self._lock:
                stream = self._idle.pop() if self._idle else None
            if stream is None or stream.poll() is None:
                return stream
            stream.close()

    def _put_back(self, stream: Stream, *, keep: bool) -> None:
        with self._lock:
            if keep and not self._closed and len(self._idle) < _IDLE_KEPT:
                self._idle.append(stream)
                return
        stream.close()


def _send(stream: Stream, data: bytes) -> Trouble | None:
    """Send the request; a break is told, not raised, for the answer may have come before it."""
    try:
        stream.send(data)
    except Trouble as trouble:
        if trouble.reason != "reset":
            raise
        return trouble
    return None


def _tls_context(ca_file: str | os.PathLike[str] | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as problem:
        raise Misuse(
            f"--ca {ca_file}",
            "a file with PEM certificates",
            f"not readable as such ({type(problem).__name__})",
        ) from problem
    context.set_alpn_protocols(["http/1.1"])
    # Python forgives a missing closing notice by default, and so takes a cut answer for a whole one.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    return context
