"""The client of Plivo for Python, unmodified, against the simulators of its API over TLS; only the host is another.

It is installed on first use, so it runs only where that is meant: `tox -e clients`, `.ci/run`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from harness.serve.http.options import ServerOptions
from harness.serve.http.server import serve_in_thread
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.world import World

pytestmark = pytest.mark.skipif(
    os.environ.get("CALLHARNESS_CLIENTS") != "1",
    reason="installs packages from PyPI and npm: run with CALLHARNESS_CLIENTS=1 (tox -e clients)",
)

PACKAGE: Final = "plivo==4.63.0"
APIS: Final = ("plivo/list-calls", "plivo/list-live-calls")
STEPS: Final = 37
HERE: Final = Path(__file__).parent
MADE: Final = Path(os.environ.get("CALLHARNESS_CLIENTS_DIR", HERE.parents[1] / ".tox" / "clients-made"))


def run(command: list[str], *, given: str = "", env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, input=given, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def installed() -> str:
    """The interpreter of an environment that holds the client."""
    folder = MADE / "pypi-plivo-4.63.0"
    python = str(folder / "bin" / "python")
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(folder)])
        run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE])
        (folder / "done").touch()
    return python


def test_an_unmodified_client_is_content(tmp_path: Path) -> None:
    python = installed()
    simulators = [Simulator(load_spec(api), World.of(seed=1, calls=300)) for api in APIS]
    with serve_in_thread(simulators, ServerOptions(tls_dir=tmp_path)) as server:
        apis = {
            api: {"url": server.urls[api], "credentials": dict(one.users[0].credentials)}
            for api, one in zip(APIS, simulators, strict=True)
        }
        env = {**os.environ, "REQUESTS_CA_BUNDLE": str(server.ca_file)}
        env.pop("PYTHONPATH", None)
        told = run([python, str(HERE / "drive_plivo.py")], given=json.dumps({"apis": apis}), env=env)
    steps = json.loads(told)
    assert [step for step in steps if step[1] is not None] == []
    assert len(steps) == STEPS
