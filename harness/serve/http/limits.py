"""The limits of the HTTP server: how much a client may send, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Limits of one connection; beyond each of them a request is refused and its connection closed.

    Common frameworks leave most of these open: in a trial of uvicorn, hypercorn, aiohttp, Werkzeug and http.server
    only hypercorn closed a connection whose head never ended, and only aiohttp capped bodies (at 1 MiB, as here).
    """

    body_bytes: int = 1024 * 1024
    target_bytes: int = 16 * 1024
    headers: int = 100
    header_bytes: int = 32 * 1024
    parameters: int = 1000
    header_seconds: float = 10.0
    body_seconds: float = 10.0
    idle_seconds: float = 5.0
    # How long a client may leave an answer unread.
    write_seconds: float = 10.0
    # How long bytes of a refused client are still read, so that it sees the answer instead of a reset.
    linger_seconds: float = 1.0
    connections: int = 1000


DEFAULT_LIMITS: Final = ServerLimits()
