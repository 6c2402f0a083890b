"""`callharness serve` as a process that is ready, and what it answers."""

from __future__ import annotations

import http.client
import os
import re
import select
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

API = "ozeki/list-call-history"
QUERY = "/api?command=ListCallHistory&Username=HTTP_User_1&Password=qwe123"


@dataclass
class Running:
    """A `serve` that has said it is ready."""

    process: subprocess.Popen[str]
    urls: dict[str, str]
    control: tuple[str, str] | None = None

    def get(self, target: str = QUERY, *, api: str = API, ca: Path | None = None) -> tuple[int, bytes]:
        url = urlsplit(self.urls[api])
        if ca is None:
            connection = http.client.HTTPConnection(url.netloc, timeout=60)
        else:
            context = ssl.create_default_context(cafile=str(ca))
            connection = http.client.HTTPSConnection(url.netloc, timeout=60, context=context)
        try:
            connection.request("GET", target)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def end(self) -> str:
        """What it said on standard error."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=60)[1]


@contextmanager
def serving(*arguments: str, apis: tuple[str, ...] = (API,), calls: int = 60) -> Iterator[Running]:
    command = [sys.executable, "-m", "harness.cli.main", "serve", *apis, "--port", "0", "--calls", str(calls)]
    process = subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    try:
        urls = {}
        assert process.stdout is not None
        # All lines come at once: once the first is here, none is waited for.
        assert select.select([process.stdout], [], [], 60)[0], "not ready"
        for _ in apis:
            found = re.fullmatch(r"ready (\S+) (\S+)\n", process.stdout.readline())
            assert found, process.communicate()[1]
            urls[found[1]] = found[2]
        yield Running(process, urls)
    finally:
        # A process that is killed cannot clean up after itself.
        process.terminate()
        process.communicate(timeout=60)
