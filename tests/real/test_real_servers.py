"""Servers that nobody here wrote, checked by their specs: each known finding is told, and nothing else.

They are installed from PyPI and npm on first use, so they run only where that is meant: `tox -e real`. What is known
of each stands in docs/real-servers.md, with a plain request that shows it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness
from harness.check.results.findings import RunReport
from harness.specification.load import spec_ids
from tests.real.cdr_rows import PEOPLE, cdr_rows
from tests.real.real_servers import CDR_KEY, asterisk_cdr_api, emulate, json_server
from tests.real.seed_calls import ACCOUNT, TOKEN

pytestmark = pytest.mark.skipif(
    os.environ.get("CALLHARNESS_REAL") != "1",
    reason="installs and starts servers from PyPI and npm: run with CALLHARNESS_REAL=1 (tox -e real)",
)

EMULATED = "twilio/list-calls"
LISTED = str(Path(__file__).with_name("json_server.yaml"))
MOST_SECONDS = 300

# Of each clause that fails, a part of the request that shows it.
CDR_FINDINGS = {
    "AC-CLS-010": "src=",
    "AC-CLS-011": "dst=",
    "AC-CLS-017": "/calls?",
    "AC-CLS-019": "order_dir=",
    "AC-CLS-034": "order_by=src",
    "AC-CLS-052": "order_dir=sideways",
    "HTTP-SERVER-ERRORS": "offset=18446744073709551616",
}


def shown(report: RunReport) -> dict[str, str]:
    """The request of each finding, by its clause."""
    return {finding.clause: finding.request for finding in report.findings}


@pytest.fixture(scope="module")
def cdr_report() -> Iterator[RunReport]:
    with asterisk_cdr_api() as url:
        credentials = {"key": CDR_KEY}
        yield harness.check("asterisk-cdr-api/list-calls", url, credentials=credentials, max_seconds=MOST_SECONDS)


def test_asterisk_cdr_api_breaks_what_is_known_of_it_and_nothing_else(cdr_report: RunReport) -> None:
    assert set(shown(cdr_report)) == set(CDR_FINDINGS)


@pytest.mark.parametrize("clause", CDR_FINDINGS)
def test_a_finding_of_asterisk_cdr_api_names_the_request_that_shows_it(cdr_report: RunReport, clause: str) -> None:
    assert CDR_FINDINGS[clause] in shown(cdr_report)[clause]


@pytest.mark.parametrize("clause", ["AC-CLS-010", "AC-CLS-011", "AC-CLS-017"])
def test_what_is_found_of_filters_is_that_wildcards_are_taken_as_such(cdr_report: RunReport, clause: str) -> None:
    asked = shown(cdr_report)[clause]
    assert "%25" in asked or "_" in asked.partition("?")[2]


def test_a_word_that_turns_the_order_round_is_not_called_the_default(cdr_report: RunReport) -> None:
    assert "parameters.order_dir.bad.gets" not in cdr_report.dialect


def test_emulate_breaks_what_is_known_of_it_and_nothing_else() -> None:
    if EMULATED not in spec_ids():
        pytest.skip(f"{EMULATED} is not among the shipped specs")
    with emulate() as url:
        credentials = {"AccountSid": ACCOUNT, "AuthToken": TOKEN}
        report = harness.check(EMULATED, f"{url}/2010-04-01", credentials=credentials, max_seconds=MOST_SECONDS)
    found = {finding.clause: finding for finding in report.findings}
    told = " ".join(finding.actual for finding in report.findings)
    shapes = {str(finding.clause) for finding in report.findings if finding.family == "shape"}
    assert {finding.family for finding in report.findings} <= {"filters", "paging", "laws", "shape"}
    # An ignored filter gives rows where nothing matches, too.
    assert shapes <= {"TW-LCS-029"}
    times = [f"{name}{sign}=" for name in ("StartTime", "EndTime") for sign in ("", "%3C", "%3E")]
    for parameter in ("Status=", *times):
        assert any(parameter in finding.request for finding in found.values()), parameter
    assert "a next link without" in told


def test_json_server_fails_where_a_value_is_no_regular_expression_and_nowhere_else() -> None:
    rows = [
        {"id": place, "began": f"{row[0]}Z".replace(" ", "T"), "src": str(row[2]), "dst": str(row[3]),
         "way": "in" if row[2] not in PEOPLE else "int" if row[3] in PEOPLE else "out", "seconds": int(row[10] or 0)}
        for place, row in enumerate(cdr_rows(), start=1)
    ]  # fmt: skip
    with json_server(rows) as url:
        report = harness.check(LISTED, url, max_seconds=MOST_SECONDS)
    assert set(shown(report)) == {"JS-CLL-011", "HTTP-SERVER-ERRORS"}
    assert all("src_like=%2B" in request for request in shown(report).values())
