"""Clients built on requests reach a simulator without a socket."""

from __future__ import annotations

import pytest
import requests
from simulator_prober import make_world

from harness.serve.responses_mock import mock_simulators
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec


def test_requests_reach_the_simulator() -> None:
    simulator = Simulator(load_spec("etelecom/list-call-logs"), make_world())
    with mock_simulators(simulator, url="https://api.example.net") as registered:
        response = requests.post(
            "https://api.example.net/v1/shop.Etelecom/ListCallLogs",
            json={"paging": {"limit": 2}},
            headers={"Authorization": "Bearer callharness-token"},
            timeout=60,
        )
        assert len(registered.calls) == 1
    assert response.headers["Content-Type"] == "application/json"
    assert len(response.json()["call_logs"]) == 2


def test_other_addresses_stay_out_of_reach() -> None:
    simulator = Simulator(load_spec("ozeki/list-call-history"), make_world())
    with mock_simulators(simulator, url="http://pbx.example.net"), pytest.raises(requests.ConnectionError):
        requests.get("http://other.example.net/api", timeout=60)
