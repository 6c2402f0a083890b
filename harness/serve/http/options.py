"""How simulators are served: where, at which time, how badly on purpose, within which limits, and who is told."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias, final

from harness.serve.faults.transport import TransportFault
from harness.serve.http.certificates import ServerCertificate
from harness.serve.http.limits import DEFAULT_LIMITS, ServerLimits
from harness.serve.http.request_parser import RequestRejection
from harness.world.clock import Clock

if TYPE_CHECKING:
    from harness.serve.http.application import ServedExchange

WallClock: TypeAlias = Callable[[], datetime]
LogWriter: TypeAlias = Callable[[str], None]
ExchangeListener: TypeAlias = "Callable[[ServedExchange], None]"
RejectionListener: TypeAlias = Callable[[RequestRejection], None]


def machine_time() -> datetime:
    """What the machine's clock says."""
    return datetime.fromtimestamp(time.time(), UTC)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """What the caller decides about a server of simulators.

    `port` 0 picks a free one; `listening_socket` is one that listens already, and takes the place of `host` and
    `port`. `allow_hosts` are names clients may call it by, beside those of the loopback and `host`. With `tls_dir` it
    speaks TLS and leaves `ca.pem` there; with `certificate` it speaks TLS and shows that one. With `remote_token`
    each request needs that token.

    `clock` says at which instant the world is, given what `wall_clock` says; without it the world stands still at its
    own instant. `transport_faults` are by the id of the spec, `seed` is their luck.

    `log` gets one line for what should not have happened, `on_exchange` every exchange, `on_rejection` every request
    that could not be read.
    """

    host: str = "127.0.0.1"
    port: int = 0
    listening_socket: socket.socket | None = None
    allow_hosts: Collection[str] = ()
    tls_dir: Path | None = None
    certificate: ServerCertificate | None = None
    remote_token: str | None = field(default=None, repr=False)
    clock: Clock | None = None
    wall_clock: WallClock = machine_time
    transport_faults: Mapping[str, Sequence[TransportFault]] = field(default_factory=lambda: MappingProxyType({}))
    seed: int = 1
    limits: ServerLimits = DEFAULT_LIMITS
    log: LogWriter | None = None
    on_exchange: ExchangeListener | None = None
    on_rejection: RejectionListener | None = None


DEFAULT_OPTIONS: Final = ServerOptions()
