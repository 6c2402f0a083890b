"""Clients built on requests reach a simulator without a socket."""

from __future__ import annotations

import pytest
import requests
from simulator_prober import make_world

from harness.serve.responses_mock import mock, mock_simulators
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec


def test_requests_reach_the_simulator() -> None:
    simulator = Simulator(load_spec("etelecom/list-call-logs"), make_world())
    with mock_simulators(simulator, url="https://api.example.net") as registered:
        response = requests.post(
            "https://api.example.net/v1/shop.Etelecom/ListCallLogs",
            json={"paging": {"limit": 2}},
            headers={"Authorization": "Bearer callharness-token"},
            timeout=5,
        )
        assert len(registered.calls) == 1
    assert response.headers["Content-Type"] == "application/json"
    assert len(response.json()["call_logs"]) == 2


def test_other_addresses_stay_out_of_reach() -> None:
    simulator = Simulator(load_spec("ozeki/list-call-history"), make_world())
    with mock_simulators(simulator, url="http://pbx.example.net"), pytest.raises(requests.ConnectionError):
        requests.get("http://other.example.net/api", timeout=5)


def test_one_line_mocks_an_api_by_its_spec_id() -> None:
    with mock("ozeki/list-call-history", calls=50):
        query = "command=ListCallHistory&Username=HTTP_User_1&Password=qwe123"
        response = requests.get(f"http://127.0.0.1/api?{query}", timeout=5)
    assert "<TotalRecords>50</TotalRecords>" in response.text
