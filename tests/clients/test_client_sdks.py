"""Real clients from PyPI and npm, each in an environment of its own, driven over TLS against the simulator.

They are installed on first use, so they run only where that is meant: `tox -e clients`, `.ci/run`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import installed_clients
import pytest

from harness.serve.authentication import make_key_pair
from harness.serve.faults.transport import parse_transport_fault
from harness.serve.http.options import ServerOptions
from harness.serve.http.server import serve_in_thread
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.world import BUSY_HOUR, World

pytestmark = installed_clients.is_not_asked_for

API = "voximplant/get-call-history"
FIRST = {"date": (BUSY_HOUR - timedelta(days=30)).isoformat()}
LAST = {"date": (BUSY_HOUR + timedelta(days=1)).isoformat()}
CLIENTS = ("python-2.12.0", "python-2.10.0", "node-4.11.0")


def python_client(version: str) -> list[str]:
    """The command of a client of PyPI."""
    packages = [f"voximplant-apiclient=={version}", "pytz"]
    return installed_clients.python_client(f"python-{version}", packages, "drive_python.py")


def node_client(version: str) -> list[str]:
    """The command of a client of npm."""
    packages = [f"@voximplant/apiclient-nodejs@{version}"]
    return installed_clients.node_client(f"node-{version}", packages, "drive_node.js")


@dataclass
class Sdk:
    """A client, what it is pointed at, and how it spells things."""

    command: list[str]
    endpoint: str
    ca_file: Path
    credentials: dict[str, Any]
    folder: Path
    is_node: bool

    def spelt(self, name: str) -> str:
        """An argument or a key of the answer as this client has it."""
        head, *tail = name.split("_")
        return head + "".join(word.title() for word in tail) if self.is_node else name

    def ask(self, *calls: dict[str, Any], **changed: Any) -> list[dict[str, Any]]:
        """What came of some calls, by a client with these credentials."""
        file = self.folder / "credentials.json"
        file.write_text(json.dumps({**self.credentials, **changed}), encoding="utf-8")
        asked = {
            "endpoint": self.endpoint,
            "credentials": str(file),
            "calls": [{self.spelt(name): value for name, value in call.items()} for call in calls],
        }
        env = installed_clients.environment_with(self.ca_file)
        told = installed_clients.run(self.command, input=json.dumps(asked), env=env)
        found: list[dict[str, Any]] = json.loads(told)
        return found

    def answers(self, *calls: dict[str, Any]) -> list[dict[str, Any]]:
        """The answers to calls that must succeed, within a window that holds everything."""
        found = self.ask(*({"from_date": FIRST, "to_date": LAST, **call} for call in calls))
        for one in found:
            assert "answer" in one, one
            assert "error" not in one["answer"], one
        return [one["answer"] for one in found]

    def ids(self, answer: dict[str, Any]) -> list[int]:
        """The sessions in an answer."""
        key = self.spelt("call_session_history_id")
        return [row[key] for row in answer["result"]]


@pytest.fixture(scope="module", params=CLIENTS)
def sdk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sdk]:
    kind, _, version = request.param.partition("-")
    install: Callable[[str], list[str]] = node_client if kind == "node" else python_client
    command = install(version)
    folder = tmp_path_factory.mktemp("client")
    key = make_key_pair()
    simulator = Simulator(load_spec(API), World.of(seed=1, calls=300), key=key)
    who = simulator.users[0]
    credentials = {
        "account_email": "someone@example.com",
        "account_id": int(who.credentials["account_id"]),
        "key_id": who.credentials["key_id"],
        "private_key": key.private_pem,
    }
    with serve_in_thread([simulator], ServerOptions(tls_dir=folder)) as server:
        assert server.ca_file is not None
        yield Sdk(command, f"127.0.0.1:{server.port}", server.ca_file, credentials, folder, kind == "node")


def test_history_comes_with_everything_that_is_included(sdk: Sdk) -> None:
    with_all, bare = sdk.answers(
        {"with_calls": True, "with_records": True, "with_other_resources": True, "count": 50},
        {"with_calls": False, "with_records": False, "with_other_resources": False, "count": 50},
    )
    assert sdk.ids(with_all) == sdk.ids(bare)
    assert len(sdk.ids(bare)) == 50
    rows = with_all["result"]
    assert any(row["calls"] for row in rows)
    assert any(row["records"] for row in rows)
    assert any(row[sdk.spelt("other_resource_usage")] for row in rows)
    for row in bare["result"]:
        assert not {"calls", "records", sdk.spelt("other_resource_usage")} & row.keys()
    call = next(row["calls"][0] for row in rows if row["calls"])
    # The Node client leaves the names in nested objects as they are.
    assert {"call_id", "start_time", "duration", "successful"} <= call.keys()


def test_dates_are_read_by_the_client(sdk: Sdk) -> None:
    (answer,) = sdk.answers({"count": 1})
    started = answer["result"][0][sdk.spelt("start_date")]
    assert started.endswith("+00:00") is not sdk.is_node
    assert started[:2] == "20"


def test_filters_select(sdk: Sdk) -> None:
    (everything,) = sdk.answers({"count": 100})
    application = everything["result"][0][sdk.spelt("application_id")]
    some, last_hour = sdk.answers(
        {"application_id": application, "count": 100},
        {"from_date": {"date": (BUSY_HOUR - timedelta(minutes=5)).isoformat()}, "count": 100},
    )
    assert {row[sdk.spelt("application_id")] for row in some["result"]} == {application}
    total = sdk.spelt("total_count")
    assert 0 < some[total] < everything[total]
    assert 0 < last_hour[total] < everything[total]


def test_a_list_of_ids_selects_these(sdk: Sdk) -> None:
    (everything,) = sdk.answers({"count": 20})
    wanted = [sdk.ids(everything)[place] for place in (3, 11, 17)]
    (some,) = sdk.answers({"call_session_history_id": wanted})
    assert sorted(sdk.ids(some)) == sorted(wanted)


def test_pages_to_the_end_hold_every_session_once(sdk: Sdk) -> None:
    pages = sdk.answers(*({"count": 40, "offset": offset} for offset in range(0, 360, 40)))
    ids = [one for page in pages for one in sdk.ids(page)]
    total = pages[0][sdk.spelt("total_count")]
    assert sdk.ids(pages[-1]) == []
    assert len(ids) == len(set(ids)) == total
    assert sum(page["count"] for page in pages) == total


def test_newest_first_is_the_other_way_round(sdk: Sdk) -> None:
    pages = sdk.answers({"count": 500, "desc_order": True}, {"count": 500, "desc_order": False})
    assert sdk.ids(pages[0]) == sdk.ids(pages[1])[::-1]


def code_of(found: dict[str, Any]) -> int | None:
    """The code of an error: an exception in Python, a plain answer in Node."""
    if "error" in found:
        code: int | None = found["error"][1]
        return code
    answer = found["answer"]
    return (answer.get("error") or answer["errors"][0]).get("code")


def test_a_wrong_key_is_refused_by_code(sdk: Sdk) -> None:
    (found,) = sdk.ask({"count": 1}, private_key=make_key_pair().private_pem)
    if not sdk.is_node or "answer" in found:
        assert code_of(found) == 100
    else:
        assert "401" in found["error"][2]
    (found,) = sdk.ask({"count": 1}, key_id="nosuchkey")
    assert "result" not in found.get("answer", {})


def test_a_value_that_cannot_be_is_refused(sdk: Sdk) -> None:
    (found,) = sdk.ask({"from_date": FIRST, "to_date": LAST, "count": -1})
    assert "result" not in found.get("answer", {})
    if "answer" in found or not sdk.is_node:
        assert code_of(found) is not None


def test_a_server_that_fails_is_an_error_to_the_client(sdk: Sdk, tmp_path: Path) -> None:
    key = make_key_pair()
    simulator = Simulator(load_spec(API), World.of(seed=1, calls=20), key=key)
    for fault in ("server-error", "drop", "truncate"):
        options = ServerOptions(tls_dir=tmp_path, transport_faults={API: [parse_transport_fault(fault)]})
        with serve_in_thread([simulator], options) as server:
            assert server.ca_file is not None
            broken = Sdk(
                sdk.command, f"127.0.0.1:{server.port}", server.ca_file, sdk.credentials, tmp_path, sdk.is_node
            )
            (found,) = broken.ask({"count": 1}, private_key=key.private_pem)
        assert "error" in found, fault
