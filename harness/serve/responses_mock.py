"""A simulated API behind the `requests` library, without a socket, for clients that are built on that library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from harness.errors import require_extra
from harness.serve.clock_reach import instant_within, latest_instant
from harness.serve.http.options import WallClock, machine_time
from harness.serve.simulator import Simulator
from harness.wire.http_messages import HttpRequest
from harness.world.clock import Clock, FrozenClock

if TYPE_CHECKING:
    import responses

    RequestsMock: TypeAlias = responses.RequestsMock


@contextmanager
def mock_simulators(
    *simulators: Simulator,
    url: str = "http://127.0.0.1",
    clock: Clock | None = None,
    wall_clock: WallClock = machine_time,
) -> Iterator[RequestsMock]:
    """Let `requests` reach the simulators under `url` (scheme, host and port) while the block runs.

    Any other address is refused by `responses`, as always. The mock is given, for its record of calls. Raises
    ExtraNotInstalled without that package.
    """
    import re

    require_extra("pytest", "responses", what="simulators behind the requests library")

    import responses

    from harness.serve.api_router import Router

    router = Router.of(simulators)
    world_clock = clock if clock is not None else FrozenClock(simulators[0].world.instant)
    latest = min(latest_instant(one.world) for one in simulators)

    def answer(request: Any) -> tuple[int, dict[str, str], bytes]:
        now = wall_clock()
        response = router.answer(_http_request_of(request), instant_within(world_clock, latest, now), now=now)
        return response.http_status, dict(response.headers), response.body

    with responses.RequestsMock(assert_all_requests_are_fired=False) as registered:
        everything = re.compile(re.escape(url.rstrip("/")) + r"(?:[/?].*)?")
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"):
            # Content types stand among the headers; `responses` would set its own otherwise.
            registered.add_callback(method, everything, callback=answer, content_type=None)
        yield registered


def _http_request_of(request: Any) -> HttpRequest:
    parts = urlsplit(str(request.url))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    body = request.body
    if body is None:
        data = b""
    elif isinstance(body, str):
        data = body.encode()
    elif isinstance(body, bytes | bytearray):
        data = bytes(body)
    else:
        data = b"".join(part if isinstance(part, bytes) else str(part).encode() for part in body)
    return HttpRequest(
        method=str(request.method),
        target=target.encode("utf-8"),
        headers=tuple((str(name), _header_text(value)) for name, value in request.headers.items()),
        body=data,
        chunked="Transfer-Encoding" in request.headers,
    )


def _header_text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
