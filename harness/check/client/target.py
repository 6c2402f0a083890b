"""The target of a check: its base URL, and where its redirects lead."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from harness.errors import UsageProblem
from harness.output.escaping import visible_text

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


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
        """The value of the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

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
    """The target that a URL names, or `UsageProblem` saying what a target looks like; never repeats a password."""

    def misuse(actual: str, do: str = "") -> UsageProblem:
        return UsageProblem("--target", "a URL such as https://pbx.example.com:8443/api", actual, do)

    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise misuse("a URL with spaces, control characters or backslashes")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as problem:
        raise misuse("a URL whose host or port cannot be read") from problem
    if parts.scheme not in _DEFAULT_PORTS:
        do = "put http:// or https:// before it" if "://" not in url else ""
        raise misuse("no scheme" if "://" not in url else f"the scheme {visible_text(parts.scheme, limit=20)}", do)
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
    return Target(scheme=parts.scheme, host=host, port=port or _DEFAULT_PORTS[parts.scheme], base_path=base_path)


class RedirectKind(StrEnum):
    """The kinds of places that a URL from a server leads to, seen from the request it answered."""

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


def resolve_redirect(location: str, *, target: Target, sent: bytes = b"/") -> Redirect:
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
    if parts.scheme not in _DEFAULT_PORTS:
        return redirect(RedirectKind.NOT_HTTP, url)
    if not host:
        return redirect(RedirectKind.UNREADABLE, url)
    if host.rstrip(".") != target.host.lower().rstrip("."):
        return redirect(RedirectKind.OTHER_HOST, url)
    if parts.scheme != target.scheme:
        downgrade = target.scheme == "https"
        return redirect(RedirectKind.DOWNGRADE if downgrade else RedirectKind.OTHER_SCHEME, url)
    if (port or _DEFAULT_PORTS[parts.scheme]) != target.port:
        return redirect(RedirectKind.OTHER_PORT, url)
    return redirect(RedirectKind.SAME_ORIGIN, url)
