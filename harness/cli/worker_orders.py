"""What the first process of a `serve` tells its workers, by a pipe that also tells them when it has ended."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.serve.http.certificates import ServerCertificate

_STANDARD_INPUT: Final = 0
_MOST_BYTES: Final = 65536
# How long a worker that nobody leads has for an orderly end.
_ORPHAN_SECONDS: Final = 3.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOrders:
    """The secrets of a worker, which stand neither in its arguments nor in a file."""

    control_token: str | None = field(default=None, repr=False)
    remote_token: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    private_pem: str | None = field(default=None, repr=False)

    @property
    def certificate(self) -> ServerCertificate | None:
        """The certificate that all workers show, under TLS."""
        from harness.serve.http.certificates import ServerCertificate

        if self.private_pem is None or self.ca_file is None:
            return None
        return ServerCertificate(ca_file=Path(self.ca_file), private_pem=self.private_pem)

    def as_line(self) -> str:
        """The orders as a line of JSON, which `read_orders` takes."""
        return json.dumps(asdict(self)) + "\n"


def read_orders() -> WorkerOrders:
    """The orders on standard input. Raises HarnessError where the first process has ended already."""
    data = b""
    while not data.endswith(b"\n") and len(data) < _MOST_BYTES:
        part = os.read(_STANDARD_INPUT, _MOST_BYTES)
        if not part:
            raise HarnessError("the first process has ended before it gave its orders")
        data += part
    return WorkerOrders(**json.loads(data))


def watch_first_process(stop: Callable[[], object]) -> None:
    """Call `stop` once the first process has ended, however that was: its end of the pipe is closed with it."""

    def watch() -> None:
        while os.read(_STANDARD_INPUT, _MOST_BYTES):
            pass
        stop()
        # Whatever holds it up: nobody else would end it.
        timer = threading.Timer(_ORPHAN_SECONDS, os._exit, (1,))
        timer.daemon = True
        timer.start()

    threading.Thread(target=watch, name="callharness-first-process", daemon=True).start()
