"""Rules on echoes and time zones, against the simulator as it should be and with one breach."""

from __future__ import annotations

import pytest
from simulated_rules import ran

from harness.check.rules.responses.echoes import check_echoes
from harness.specification.load import spec_ids


@pytest.mark.parametrize("api", spec_ids())
def test_a_server_as_documented_breaks_nothing(api: str) -> None:
    assert ran(api, check_echoes).findings == ()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata"])
def test_an_account_in_another_zone_breaks_nothing(zone: str) -> None:
    assert ran("voximplant/get-call-history", check_echoes, dialect={"zone.default": zone}).findings == ()


@pytest.mark.parametrize(
    ("api", "fault"),
    [
        ("voximplant/get-call-history", "VX-GCH-058/times-not-shifted"),
        ("voximplant/get-call-history", "VX-GCH-058/another-zone-told"),
        ("etelecom/list-call-logs", "ET-LCL-009/after-echoed-wrongly"),
        ("etelecom/list-call-logs", "ET-LCL-009/before-echoed-wrongly"),
        ("etelecom/list-call-logs", "ET-LCL-009/after-not-echoed"),
        ("etelecom/list-call-logs", "ET-LCL-009/before-not-echoed"),
        ("etelecom/list-call-logs", "ET-LCL-009/sort-not-echoed"),
        ("etelecom/list-call-logs", "ET-LCL-009/limit-echoed-wrongly"),
    ],
)
def test_a_breach_is_found_under_its_clause_alone(api: str, fault: str) -> None:
    assert ran(api, check_echoes, fault=fault).findings == (fault.partition("/")[0],)
