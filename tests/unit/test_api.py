"""The public door: one line starts a server, mocks an API, or makes an application to mount."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import urllib.request
from typing import Any

import pytest

import harness
from harness.errors import UsageProblem
from harness.serve import parse_transport_fault

API = "ozeki/list-call-history"
QUERY = "command=ListCallHistory&Username=HTTP_User_1&Password=qwe123"


def test_a_line_starts_a_server_and_a_line_stops_it() -> None:
    server = harness.serve_in_thread(API, calls=30)
    url = f"{server.urls[API]}/api?{QUERY}"
    with urllib.request.urlopen(url, timeout=5) as response:
        assert b"<TotalRecords>30</TotalRecords>" in response.read()
    server.close()
    with pytest.raises(OSError):
        urllib.request.urlopen(url, timeout=5)


def test_apis_of_one_server_share_a_world() -> None:
    with harness.serve_in_thread(API, "ozeki/list-active-calls", calls=30) as server:
        simulators = server.application.simulation.router.simulators
    assert len({id(one.world) for one in simulators}) == 1


def test_a_server_without_an_api_is_a_misuse() -> None:
    with pytest.raises(UsageProblem, match="at least one API"):
        harness.serve_in_thread()


def asgi(application: Any, *, host: bytes = b"any.example", query: str = QUERY) -> tuple[int, bytes]:
    """Status and body that an ASGI server would get."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "raw_path": b"/api",
        "query_string": query.encode(),
        "headers": [(b"host", host)],
    }
    asyncio.run(application(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


def test_an_application_can_be_mounted() -> None:
    status, body = asgi(harness.application(API, calls=30))
    assert status == 200
    assert b"<TotalRecords>30</TotalRecords>" in body


def test_a_mounted_application_carries_what_any_server_can() -> None:
    def mounted(fault: str) -> tuple[int, bytes]:
        return asgi(harness.application(API, calls=5, rough={API: [parse_transport_fault(fault)]}))

    assert mounted("latency=0.01")[0] == 200
    assert mounted("server-error=1:502")[0] == 502
    assert b"own server" in mounted("truncate")[1]


def test_an_application_may_insist_on_its_name() -> None:
    application = harness.application(API, calls=5, hosts=["pbx.example.net"])
    assert asgi(application, host=b"pbx.example.net:80")[0] == 200
    assert asgi(application, host=b"evil.example")[0] == 421


def test_the_door_itself_is_light() -> None:
    code = (
        "import harness, sys; print(any(name in sys.modules for name in ('numpy', 'polars', 'uvicorn', 'responses')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"


def test_what_is_not_behind_the_door_is_an_attribute_error() -> None:
    assert {"application", "mock", "serve_in_thread", "simulator"} <= set(dir(harness))
    with pytest.raises(AttributeError, match="nosuch"):
        harness.nosuch  # noqa: B018
