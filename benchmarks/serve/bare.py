"""A bare uvicorn application: the same number of constant bytes for every request.

python bare.py PORT BYTES h11|httptools
"""

from __future__ import annotations

import sys
from typing import Any

import uvicorn

BODY = b"x" * int(sys.argv[2])
HEAD = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/xml"), (b"content-length", str(len(BODY)).encode())],
}
REST = {"type": "http.response.body", "body": BODY}


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Reads the body, if there is one, and answers."""
    if scope["method"] == "POST":
        while (await receive()).get("more_body"):
            pass
    await send(HEAD)
    await send(REST)


if __name__ == "__main__":
    uvicorn.run(
        application,  # type: ignore[arg-type]
        host="127.0.0.1",
        port=int(sys.argv[1]),
        http=sys.argv[3],  # type: ignore[arg-type]
        loop="asyncio",
        lifespan="off",
        access_log=False,
        log_level="critical",
    )
