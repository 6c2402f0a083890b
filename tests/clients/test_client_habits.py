"""Habits of application code seen in public, written anew: what such a client does must work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

import harness
from harness.serve.simulator import Simulator
from harness.specification.dialect import Dialect
from harness.specification.load import load_spec
from harness.world.world import World

SESSIONS = "https://api.voximplant.com/platform_api/GetCallHistory"
LOGS = "https://api.etelecom.vn/v1/shop.Etelecom/ListCallLogs"
KEYS = {"account_id": "1200", "api_key": "callharness-key-api_key"}
TOKEN = {"Authorization": "Bearer callharness-token"}


@pytest.fixture(scope="module")
def _sessions() -> Iterator[None]:
    with harness.mock("voximplant/get-call-history", calls=400, url="https://api.voximplant.com"):
        yield


@pytest.fixture(scope="module")
def _logs() -> Iterator[None]:
    with harness.mock("etelecom/list-call-logs", calls=250, url="https://api.etelecom.vn"):
        yield


@pytest.fixture(scope="module")
def _legs() -> Iterator[None]:
    with harness.mock("enswitch/calls-active-list", calls=2000, url="http://pbx.example.net"):
        yield


WINDOW = {"from_date": "2026-01-01 00:00:00", "to_date": "2026-12-31 00:00:00"}
# A server that takes a month where the others refuse.
LAST_MONTH = Dialect({f"parameters.{name}.required.then": "last-month" for name in WINDOW})


def sessions(url: str = SESSIONS, **parameters: Any) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(url, params={**KEYS, **WINDOW, **parameters}, timeout=60).json()
    assert "error" not in found, found
    return found


@pytest.mark.usefixtures("_sessions")
class TestSessions:
    """A client of GetCallHistory."""

    def test_a_slash_may_follow_the_method(self) -> None:
        assert sessions(SESSIONS + "/", count=5) == sessions(count=5)

    def test_an_account_may_be_named_by_its_mail(self) -> None:
        simulator = Simulator(load_spec("voximplant/get-call-history"), World.of(seed=1, calls=1))
        mail = simulator.users[0].credentials["account_email"]
        parameters = {"account_email": mail, "api_key": KEYS["api_key"], **WINDOW}
        assert requests.get(SESSIONS, params=parameters, timeout=60).json()["result"]

    def test_a_zone_may_have_a_plus(self) -> None:
        assert sessions(timezone="Etc/GMT+2")["timezone"] == "Etc/GMT+2"

    @pytest.mark.parametrize("yes", ["1", "true", "True"])
    def test_flags_are_spelt_in_many_ways(self, yes: str) -> None:
        found = sessions(with_calls=yes, count=20)
        assert any(row["calls"] for row in found["result"])

    def test_a_loop_up_to_count_finds_a_row_at_every_step(self) -> None:
        found = sessions(count=7)
        assert [found["result"][number] for number in range(found["count"])] == found["result"]

    def test_a_pager_that_trusts_count_comes_to_the_end(self) -> None:
        seen: list[int] = []
        offset = 0
        for _ in range(100):
            page = sessions(count=100, offset=offset)
            seen += [row["call_session_history_id"] for row in page["result"]]
            offset += page["count"]
            if offset >= page["total_count"]:
                break
            assert page["count"] > 0, "such a client never stops"
        assert len(seen) == len(set(seen)) == page["total_count"]


def test_a_request_without_dates_means_the_last_month_where_the_server_has_it_so() -> None:
    url = "http://127.0.0.1"
    with harness.mock("voximplant/get-call-history", calls=50, url=url, dialect=LAST_MONTH):
        assert requests.get(f"{url}/platform_api/GetCallHistory", params=KEYS, timeout=60).json()["result"]


def logs(paging: dict[str, Any], filters: dict[str, Any] | None = None) -> dict[str, Any]:
    body = {"paging": paging, **({"filter": filters} if filters is not None else {})}
    response = requests.post(LOGS, json=body, headers=TOKEN, timeout=60)
    assert response.status_code < 400, response.text
    found: dict[str, Any] = response.json()
    return found


@pytest.mark.usefixtures("_logs")
class TestLogs:
    """A client of ListCallLogs."""

    @pytest.mark.parametrize("first", [{"after": ""}, {"after": "", "before": ""}, {"after": "."}, {}])
    def test_a_walk_begins_with_an_empty_cursor_and_ends_with_an_empty_page(self, first: dict[str, str]) -> None:
        seen: list[str] = []
        page = logs({"limit": 100, **first})
        for _ in range(20):
            if not page["call_logs"]:
                break
            seen += [row["id"] for row in page["call_logs"]]
            if not page["paging"]["next"]:
                break
            page = logs({"limit": 100, "after": page["paging"]["next"]})
        assert len(seen) == len(set(seen))
        assert len(seen) > 100

    def test_whole_days_are_asked_for_with_a_z(self) -> None:
        newest = logs({"limit": 1})["call_logs"][0]["started_at"][:10]
        day = {"date_from": f"{newest}T00:00:00.000Z", "date_to": f"{newest}T23:59:59.000Z"}
        rows = logs({"limit": 100, "after": ""}, day)["call_logs"]
        assert rows
        assert {row["started_at"][:10] for row in rows} == {newest}

    @pytest.mark.parametrize("name", ["call_number", "direction", "call_state"])
    def test_the_filters_that_clients_use_select(self, name: str) -> None:
        fields = {"call_number": ("caller", "callee"), "direction": ("direction",), "call_state": ("call_state",)}[
            name
        ]
        row = next(row for row in logs({"limit": 100})["call_logs"] if row.get(fields[0]))
        rows = logs({"limit": 100}, {name: row[fields[0]]})["call_logs"]
        assert rows
        assert all(row[fields[0]] in [one.get(field) for field in fields] for one in rows)


@pytest.mark.usefixtures("_legs")
class TestLegs:
    """A client of calls/active/list."""

    BASE = "http://pbx.example.net/api/json/calls/active/list"

    @pytest.mark.parametrize("slash", ["", "/"])
    @pytest.mark.parametrize("separator", [";", "&"])
    def test_parameters_are_separated_either_way_and_the_slash_is_free(self, separator: str, slash: str) -> None:
        query = separator.join(("auth_username=user", "auth_password=password"))
        found = json.loads(requests.get(f"{self.BASE}{slash}?{query}", timeout=60).content)
        assert str(found["responses"][0]["code"]) == "200"
        assert found["data"]

    def test_a_wrong_password_is_a_code_and_not_an_exception(self) -> None:
        found = requests.get(f"{self.BASE}/?auth_username=user&auth_password=no", timeout=60).json()
        assert str(found["responses"][0]["code"]) != "200"
