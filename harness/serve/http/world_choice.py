"""Which of several worlds at one address a request is about: a header says so, or the beginning of its path."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from harness.wire.http_messages import HttpRequest

WORLD_HEADER: Final = "callharness-world"
WORLD_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_WORLD_PATH: Final = re.compile(rb"/@([A-Za-z0-9._-]{1,64})(?=/)")


def choose_world(request: HttpRequest) -> tuple[str, HttpRequest]:
    """The name of the world that a request is about, and the request as that world sees it; no name for the first."""
    if request.target.startswith(b"/@"):
        found = _WORLD_PATH.match(request.target)
        if found is not None:
            rest = request.target[found.end() :]
            return found[1].decode("ascii"), replace(request, target=rest, mounted_at=request.mounted_at + found[0])
    return request.header(WORLD_HEADER) or "", request
