"""Clients of vendors, unmodified, against the simulators of their APIs over TLS; only the host is another one.

Each row of `CLIENTS` has a driver: a script that runs beside the client in an environment of its own. It reads one
JSON object on stdin, `{"apis": {API: {"url", "credentials"}}}`, and writes a list of steps, each `[name, null]`, or
what went wrong in place of null.
They are installed on first use, so they run only where that is meant: `tox -e clients`, `.ci/run`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import installed_clients
import pytest

from harness.serve.http.options import ServerOptions
from harness.serve.http.server import serve_in_thread
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.world import World

pytestmark = installed_clients.is_not_asked_for

CALLS: Final = 300


@dataclass(frozen=True, kw_only=True)
class VendorClient:
    """A client of a vendor: where it is published, the script that drives it, and how many steps that takes."""

    registry: Literal["pypi", "npm"]
    package: str
    version: str
    driver: str
    steps: int
    apis: tuple[str, ...]

    @property
    def name(self) -> str:
        """The client in a test's name, and the folder that it is installed in."""
        return f"{self.registry}-{self.package.replace('/', '-')}-{self.version}"

    def command(self) -> list[str]:
        """The command of its driver."""
        if self.registry == "pypi":
            return installed_clients.python_client(self.name, [f"{self.package}=={self.version}"], self.driver)
        return installed_clients.node_client(self.name, [f"{self.package}@{self.version}"], self.driver)


CLIENTS: Final = (
    VendorClient(
        registry="pypi",
        package="twilio",
        version="9.13.0",
        driver="drive_twilio.py",
        steps=29,
        apis=("twilio/list-calls",),
    ),
    VendorClient(
        registry="npm",
        package="twilio",
        version="6.3.1",
        driver="drive_twilio.js",
        steps=18,
        apis=("twilio/list-calls",),
    ),
    VendorClient(
        registry="pypi",
        package="plivo",
        version="4.63.0",
        driver="drive_plivo.py",
        steps=37,
        apis=("plivo/list-calls", "plivo/list-live-calls"),
    ),
    VendorClient(
        registry="pypi",
        package="telnyx",
        version="4.189.0",
        driver="drive_telnyx.py",
        steps=15,
        apis=("telnyx/list-detail-records",),
    ),
    # Its API is in no shipped spec: what matters here is that the client signs its requests.
    VendorClient(
        registry="pypi",
        package="tencentcloud-sdk-python-ccc",
        version="3.1.177",
        driver="drive_tencent.py",
        steps=11,
        apis=(str(Path(__file__).parent / "signed_records.yaml"),),
    ),
)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_an_unmodified_client_is_content(client: VendorClient, tmp_path: Path) -> None:
    command = client.command()
    specs = [load_spec(api) for api in client.apis]
    simulators = [Simulator(spec, World.of(seed=1, calls=CALLS)) for spec in specs]
    with serve_in_thread(simulators, ServerOptions(tls_dir=tmp_path)) as server:
        assert server.ca_file is not None
        apis = {
            spec.id: {"url": server.urls[spec.id], "credentials": dict(simulator.users[0].credentials)}
            for spec, simulator in zip(specs, simulators, strict=True)
        }
        env = installed_clients.environment_with(server.ca_file)
        told = installed_clients.run(command, input=json.dumps({"apis": apis}), env=env)
    steps = json.loads(told)
    assert [step for step in steps if step[1] is not None] == []
    assert len(steps) == client.steps
