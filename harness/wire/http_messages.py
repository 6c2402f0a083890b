"""Requests and responses as bytes: what is sent to a target and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request, as it goes over the wire; `target` is the raw path and query (`/api?a=1;b=2`).

    `secure` tells that it came, or goes, over TLS. `mounted_at` is what was taken off the beginning of its path
    before it was read; links in the answer have it again.
    """

    method: str
    target: bytes
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    chunked: bool = False
    secure: bool = False
    mounted_at: bytes = b""

    @property
    def path(self) -> bytes:
        """The raw path: the target up to the question mark."""
        return self.target.partition(b"?")[0]

    @property
    def query(self) -> bytes:
        """The raw query: the target after the question mark."""
        return self.target.partition(b"?")[2]

    @property
    def asks_to_close(self) -> bool:
        """Whether the request says that nothing follows it on its connection (RFC 9112, section 9.6)."""
        return (self.header("connection") or "").strip().lower() == "close"

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        lowered = name.lower()
        return next((value for key, value in self.headers if key.lower() == lowered), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """One complete response; `body` is decoded from any allowed content encoding, `seconds` the exchange's time."""

    http_status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    seconds: float = 0.0

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        lowered = name.lower()
        return next((value for key, value in self.headers if key.lower() == lowered), None)

    @property
    def media_type(self) -> str:
        """The media type without parameters, in lower case; empty when the header is missing."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoResponse:
    """The reason why an exchange has no usable response.

    `reason` is a stable code such as `connect`, `timeout:first-byte`, `timeout:total`, `limit:wire-bytes`,
    `limit:decoded-bytes`, `protocol:header-too-large`, `framing:two-lengths`, `truncated`, `reset`,
    `unexpected-encoding`, `bad-encoding`; `text` is one human sentence; `partial` what had arrived.
    """

    reason: str
    text: str
    http_status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    partial: bytes = field(default=b"", repr=False)
    seconds: float = 0.0
