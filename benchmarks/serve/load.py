"""A small load generator: so many connections kept alive, each with one request at a time.

    python load.py HOST PORT SECONDS CONNECTIONS [once] < requests.json > result.json

With 0 seconds every request is sent once; with `once` none is sent twice. The requests are a JSON list of texts
(latin-1), sent in turn, each connection from a place of its own. Answers need a Content-Length. An answer that is no
HTTP 200 counts as an error.
"""

from __future__ import annotations

import asyncio
import json
import math
import resource
import sys
import time


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(
        self, requests: list[bytes], first: int, last: float, until: float, seen: list[float], told: dict[str, int]
    ) -> None:
        self.requests = requests
        self.next = first
        self.last = last
        self.until = until
        self.seen = seen
        self.told = told
        self.data = b""
        self.missing = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.began = time.perf_counter()
        if self.began >= self.until or self.next >= self.last:
            self.transport.close()
            return
        self.transport.write(self.requests[self.next % len(self.requests)])  # type: ignore[attr-defined]
        self.next += 1

    def data_received(self, data: bytes) -> None:
        if self.missing:
            self.missing -= len(data)
        else:
            self.data += data
            head, found, rest = self.data.partition(b"\r\n\r\n")
            if not found:
                return
            lowered = head.lower()
            at = lowered.index(b"content-length:") + 15
            length = int(lowered[at:].split(b"\r\n", 1)[0])
            if not head.startswith(b"HTTP/1.1 200"):
                self.told["errors"] += 1
            self.told["bytes"] += length
            self.missing = length - len(rest)
            self.data = b""
        if not self.missing:
            self.seen.append(time.perf_counter() - self.began)
            self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def run(
    host: str, port: int, seconds: float, connections: int, requests: list[bytes], *, once: bool = False
) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    seen: list[float] = []
    told = {"errors": 0, "bytes": 0}
    began = time.perf_counter()
    clients = []
    for number in range(connections):
        first = number * len(requests) // connections
        last = math.inf if seconds and not once else (number + 1) * len(requests) // connections
        until = began + (seconds or 600)
        _, client = await loop.create_connection(
            lambda first=first, last=last, until=until: Client(requests, first, last, until, seen, told),  # type: ignore[misc]
            host,
            port,
        )
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    took = time.perf_counter() - began
    seen.sort()
    many = max(len(seen), 1)
    return {
        "requests": len(seen),
        "rate": len(seen) / took,
        "p50_ms": seen[many // 2] * 1e3 if seen else 0,
        "p99_ms": seen[many * 99 // 100] * 1e3 if seen else 0,
        "errors": told["errors"],
        "bytes": told["bytes"] / many,
        "busy": resource.getrusage(resource.RUSAGE_SELF).ru_utime / took,
    }


if __name__ == "__main__":
    host, port, seconds, connections = sys.argv[1:5]
    once = sys.argv[5:] == ["once"]
    texts = [text.encode("latin-1") for text in json.load(sys.stdin)]
    json.dump(asyncio.run(run(host, int(port), float(seconds), int(connections), texts, once=once)), sys.stdout)
