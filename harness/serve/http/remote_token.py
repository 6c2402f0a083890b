"""The token of a server that other machines can reach: before the path of a request, or in a header."""

from __future__ import annotations

import hmac
import re
from dataclasses import replace
from typing import Final

from harness.serve.http.connection import plain_response
from harness.wire.http_messages import HttpRequest, HttpResponse

TOKEN_HEADER: Final = "callharness-token"  # noqa: S105
TOKEN_GRAMMAR: Final = re.compile(r"[A-Za-z0-9._~-]{16,200}", re.ASCII)
_TOKEN_PATH: Final = re.compile(rb"/~([A-Za-z0-9._~-]{16,200})(?=/)")


def take_token(request: HttpRequest, token: str) -> HttpRequest | HttpResponse:
    """The request without the token before its path, or the refusal of one that does not have it.

    A client of any API can put it into the path, where its own credentials have their own places.
    """
    found = _TOKEN_PATH.match(request.target)
    given = found[1] if found is not None else (request.header(TOKEN_HEADER) or "").encode("latin-1", "replace")
    if not hmac.compare_digest(given, token.encode("ascii")):
        return plain_response(
            401,
            "other machines can reach this server, so it wants the token that `serve` printed: "
            "before the path, /~TOKEN/..., or in the header Callharness-Token",
        )
    if found is None:
        return request
    return replace(request, target=request.target[found.end() :], mounted_at=request.mounted_at + found[0])
