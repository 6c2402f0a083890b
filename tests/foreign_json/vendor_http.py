"""A plain HTTP server under the two stand-in vendors, and how a checker is set on one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

import pytest
from server_companies import companies

from harness.check.client.budget import Budget, RateLimitedClient
from harness.check.client.connection import ExchangeLimits
from harness.check.client.http_client import HttpClient
from harness.check.context import ClientIdentity
from harness.check.credentials import with_fresh_token
from harness.check.options import CheckOptions
from harness.check.results.findings import Colour, RunReport
from harness.check.runner import run_check
from harness.specification.load import load_spec

# The vendors' clocks begin here, so that every run tells the same story.
NOW = datetime(2026, 3, 16, 9, 30, tzinfo=UTC)
Kind = TypeVar("Kind", bound=type)


@dataclass
class Asked:
    """A request as it came over the wire."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """An answer as it goes over the wire."""

    status: int
    body: bytes
    media: str | None
    headers: dict[str, str] = field(default_factory=dict)


class Vendor:
    """What every vendor has in common: a clock, and habits of the wire."""

    protocol = "HTTP/1.1"
    chunked = False
    delay = 0.0

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.lock = threading.Lock()
        self.asked = 0

    def clock(self) -> datetime:
        return NOW + timedelta(seconds=time.monotonic() - self.started)

    def answer(self, asked: Asked) -> Reply:
        raise NotImplementedError


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64


def _handler(vendor: Vendor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = vendor.protocol
        disable_nagle_algorithm = True
        timeout = 30

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(vendor.clock(), usegmt=True)

        def log_message(self, *_: Any) -> None:
            pass

        def _body(self) -> bytes:
            if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
                parts = []
                while size := int(self.rfile.readline().split(b";")[0].strip() or b"0", 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                while self.rfile.readline().strip():
                    pass
                return b"".join(parts)
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _any(self) -> None:
            body = self._body()
            path, _, query = self.path.partition("?")
            headers = {name.lower(): value for name, value in self.headers.items()}
            with vendor.lock:
                vendor.asked += 1
            reply = vendor.answer(Asked(self.command, path, query, headers, body))
            if vendor.delay:
                time.sleep(vendor.delay)
            self.send_response(reply.status)
            if reply.media is not None:
                self.send_header("Content-Type", reply.media)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            payload = reply.body
            if vendor.chunked and vendor.protocol == "HTTP/1.1":
                self.send_header("Transfer-Encoding", "chunked")
                pieces = [payload[at : at + 1000] for at in range(0, len(payload), 1000)]
                payload = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
            else:
                self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _any

    return Handler


@contextmanager
def served(vendor: Vendor) -> Iterator[str]:
    """The URL at which a vendor answers."""
    server = _Server(("127.0.0.1", 0), _handler(vendor))
    server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def checked(api: str, vendor: Vendor, base: str, identities: Sequence[ClientIdentity], *, seed: int = 1) -> RunReport:
    """The checker's report on a vendor."""
    spec = load_spec(api)
    with served(vendor) as url, HttpClient(url + base, limits=ExchangeLimits(exchange_seconds=30.0)) as transport:
        fresh = [with_fresh_token(one, access=spec.listing.access, clock=vendor.clock) for one in identities]
        client = RateLimitedClient(transport, Budget(max_requests=500))
        return run_check(spec, client, fresh, CheckOptions(now=vendor.clock(), target=url + base, seed=seed))


def alarms(report: RunReport) -> list[str]:
    """The red and amber findings, one line each."""
    loud = (Colour.RED, Colour.AMBER)
    return [
        f"{one.clause} [{one.colour}] {one.message} | expected {one.expected} | actual {one.actual}"
        for one in report.findings
        if one.colour in loud
    ]


@dataclass(frozen=True)
class Variant:
    """A server that differs from the plain one: how it is made, and the clauses it breaks."""

    name: str
    kind: type[Vendor]
    clauses: tuple[str, ...] = ()


def registers(into: list[Variant], prefix: str) -> Callable[..., Callable[[Kind], Kind]]:
    """A class decorator that notes a variant and the clauses that it breaks."""

    def of(*clauses: int | str) -> Callable[[Kind], Kind]:
        def note(kind: Kind) -> Kind:
            ids = tuple(one if isinstance(one, str) else f"{prefix}-{one:03}" for one in clauses)
            into.append(Variant(kind.__name__, kind, ids))
            return kind

        return note

    return of


def blamed(report: RunReport) -> set[str]:
    """The clauses of the red and amber findings."""
    return {str(one.clause) for one in report.findings if one.colour in (Colour.RED, Colour.AMBER)}


def cases(variants: Sequence[Variant], ordinary: Collection[str], known: Mapping[str, str]) -> list[Any]:
    """The variants as parameters; those that are not ordinary belong to the long profile."""
    made = []
    for variant in variants:
        marks = [] if variant.name in ordinary else [pytest.mark.thorough]
        if variant.name in known:
            marks.append(pytest.mark.xfail(strict=False, reason=known[variant.name]))
        made.append(pytest.param(variant, id=variant.name, marks=marks))
    return made


def company_cases(variants: Sequence[Variant], alone: Mapping[str, str]) -> list[Any]:
    """Groups of defects that one server can have at once: a pair and a triple, in the long profile a dozen each.

    `alone` names the defects that cannot have company, and why.
    """
    by_kind = {variant.kind: variant for variant in variants if variant.name not in alone}
    made = []
    for size in (2, 3):
        for index, group in enumerate(companies(list(by_kind), size, seed=1, at_most=12)):
            marks = [] if index == 0 else [pytest.mark.thorough]
            company = tuple(by_kind[kind] for kind in group)
            made.append(pytest.param(company, id="+".join(one.name for one in company), marks=marks))
    return made
