"""Tools that play fixtures, unmodified: WireMock serves the stub mappings, newman runs the Postman collection.

They are installed from npm on first use, so they run only where that is meant: `tox -e clients`, `.ci/run`.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import installed_clients
import pytest

from harness.generate.fixtures import write_fixtures
from harness.generate.formats.exchange_format import ExchangeSet
from harness.generate.sample_exchanges import make_sample_exchanges
from harness.serve.http.options import ServerOptions
from harness.serve.http.server import serve_in_thread
from harness.serve.simulator import Simulator
from harness.specification.dialect import Dialect
from harness.specification.load import load_spec, spec_ids
from harness.world import World

pytestmark = installed_clients.is_not_asked_for

WIREMOCK: Final = "wiremock@3.13.2"
NEWMAN: Final = "newman@6.2.2"


def world() -> World:
    return World.of(seed=7, calls=60)


def written(api: str, out: Path, name: str) -> Path:
    """A directory with the exchanges of the API in this format."""
    write_fixtures(load_spec(api), world=world(), out=out, formats=(name,), pages=False, invalid=False)
    return out


def exchanges(api: str) -> ExchangeSet:
    made = world()
    return ExchangeSet.of(load_spec(api), made.instant, list(make_sample_exchanges(load_spec(api), made, Dialect())))


# --- WireMock -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def wiremock(root: Path) -> Iterator[int]:
    """The port of a WireMock over this root directory."""
    if shutil.which("java") is None:
        pytest.skip("Java is not installed on this machine")
    [jar] = installed_clients.node_packages("npm-wiremock-3.13.2", [WIREMOCK]).glob(
        "node_modules/wiremock/build/wiremock-standalone-*.jar"
    )
    command = ["java", "-jar", str(jar), "--root-dir", str(root), "--port", "0", "--bind-address", "127.0.0.1"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    patience = threading.Timer(120, server.kill)
    patience.start()
    try:
        assert server.stdout is not None
        told = ""
        while (found := re.search(r"^port:\s+(\d+)", told, re.MULTILINE)) is None:
            line = server.stdout.readline()
            assert line, f"WireMock did not start: {told}"
            told += line
        yield int(found.group(1))
    finally:
        patience.cancel()
        server.terminate()
        server.communicate(timeout=30)


def apis_by_path() -> list[tuple[str, ...]]:
    """The APIs in groups in which each has a path of its own, so that one server can serve them."""
    seen: dict[str, list[str]] = {}
    for api in spec_ids():
        seen.setdefault(exchanges(api).exchanges[0].path, []).append(api)
    most = max(map(len, seen.values()))
    return [tuple(apis[place] for apis in seen.values() if place < len(apis)) for place in range(most)]


@pytest.mark.parametrize("apis", apis_by_path(), ids=len)
def test_wiremock_serves_every_exchange(apis: tuple[str, ...], tmp_path: Path) -> None:
    mappings = tmp_path / "root" / "mappings"
    mappings.mkdir(parents=True)
    for number, api in enumerate(apis):
        made = written(api, tmp_path / str(number), "wiremock") / "wiremock/mappings/pages.json"
        shutil.copy(made, mappings / f"{number}.json")
    wrong = []
    with wiremock(mappings.parent) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for api in apis:
            for one in exchanges(api).exchanges:
                connection.request(one.method, one.target, body=one.body.encode() or None, headers=dict(one.headers))
                answer = connection.getresponse()
                if (answer.status, answer.read()) != (one.response.http_status, one.response.body):
                    wrong.append(f"{api} {one.name}")
        connection.close()
    assert wrong == []


# --- newman -------------------------------------------------------------------------------------------------


def run_newman(collection: Path, url: str, folder: Path) -> tuple[int, dict[str, object]]:
    """The exit code of newman, and what it counted."""
    packages = installed_clients.node_packages("npm-newman-6.2.2", [NEWMAN])
    report = folder / "newman.json"
    command = ["node", str(packages / "node_modules/newman/bin/newman.js"), "run", str(collection)]
    command += ["--env-var", f"base_url={url}", "--reporters", "json", "--reporter-json-export", str(report)]
    env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=env)
    assert report.exists(), done.stderr[-2000:]
    counted: dict[str, object] = json.loads(report.read_text(encoding="utf-8"))["run"]
    return done.returncode, counted


@pytest.mark.parametrize("api", spec_ids())
def test_newman_runs_the_collection_against_the_simulator(api: str, tmp_path: Path) -> None:
    collection = written(api, tmp_path / "out", "postman") / "pages.postman.json"
    with serve_in_thread([Simulator(load_spec(api), world())], ServerOptions()) as server:
        code, counted = run_newman(collection, f"http://127.0.0.1:{server.port}", tmp_path)
    asked = len(exchanges(api).exchanges)
    assert (code, [failure["error"]["message"] for failure in counted["failures"]]) == (0, [])  # type: ignore[attr-defined]
    assert counted["stats"]["assertions"] == {"total": 3 * asked, "pending": 0, "failed": 0}  # type: ignore[index]


def test_newman_tells_an_answer_that_is_another(tmp_path: Path) -> None:
    api = "ozeki/list-call-history"
    collection = written(api, tmp_path / "out", "postman") / "pages.postman.json"
    with serve_in_thread([Simulator(load_spec(api), World.of(seed=8, calls=60))], ServerOptions()) as server:
        code, counted = run_newman(collection, f"http://127.0.0.1:{server.port}", tmp_path)
    assert code == 1
    assert {failure["error"]["test"] for failure in counted["failures"]} == {"body"}  # type: ignore[attr-defined]


def test_the_port_of_a_collection_is_that_of_its_requests(tmp_path: Path) -> None:
    api = "ozeki/list-call-history"
    told = json.loads((written(api, tmp_path / "out", "postman") / "pages.postman.json").read_text(encoding="utf-8"))
    assert urlsplit(told["variable"][0]["value"]).port == 9509
