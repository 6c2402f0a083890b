"""What a client may send, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Beyond each of these a request is refused and its connection closed."""

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
    # How long a refused client is heard out, so that it sees the answer instead of a reset.
    linger_seconds: float = 1.0
    connections: int = 1000


DEFAULT_LIMITS: Final = ServerLimits()
