"""Clients of PyPI and npm, each installed on first use into an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

HERE: Final = Path(__file__).parent
MADE: Final = Path(os.environ.get("CALLHARNESS_CLIENTS_DIR", HERE.parents[1] / ".tox" / "clients-made"))
is_not_asked_for = pytest.mark.skipif(
    os.environ.get("CALLHARNESS_CLIENTS") != "1",
    reason="installs packages from PyPI and npm: run with CALLHARNESS_CLIENTS=1 (tox -e clients)",
)


def run(command: list[str], **more: Any) -> str:
    """What a command writes to stdout; it must end well, within five minutes."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **more)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def python_client(name: str, packages: list[str], driver: str) -> list[str]:
    """The command of a driver beside packages of PyPI, installed if they are not there."""
    folder = MADE / name
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(folder)])
        run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])
        (folder / "done").touch()
    return [str(python), str(HERE / driver)]


def node_packages(name: str, packages: list[str]) -> Path:
    """The folder in which packages of npm stand, installed if they are not there."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node is not installed on this machine")
    folder = MADE / name
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text('{"private": true}', encoding="ascii")
        run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages], cwd=folder)
        (folder / "done").touch()
    return folder


def node_client(name: str, packages: list[str], driver: str) -> list[str]:
    """The command of a driver beside packages of npm, installed if they are not there."""
    folder = node_packages(name, packages)
    # Node looks for packages beside the script.
    shutil.copy(HERE / driver, folder / "drive.js")
    return ["node", str(folder / "drive.js")]


def environment_with(ca_file: Path) -> dict[str, str]:
    """The environment of a client that trusts a certificate authority, and knows nothing of this project."""
    bundle = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), str(ca_file))
    env = {**os.environ, **bundle}
    env.pop("PYTHONPATH", None)
    return env
