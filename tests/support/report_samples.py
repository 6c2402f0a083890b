"""Runs made by hand, small enough to be read."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

from harness.check.results.findings import ClauseResult, Colour, Exchanged, Finding, Gate, RunReport, Verdict
from harness.report import RunRecord
from harness.specification.model import Basis, ClauseId, Level

HOSTILE = "\x1b]0;PWN\x07\x1b[2J <script>alert(1)</script> ]]> \ufffe \u202e [/oops] ##[error]x"
BEGAN = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def result(
    name: str,
    verdict: Verdict = Verdict.PASS,
    *,
    level: Level = "must",
    basis: Basis = "documented",
    colour: Colour = Colour.GREEN,
    family: str = "paging",
    reason: str = "",
    waived: str | None = None,
) -> ClauseResult:
    return ClauseResult(
        id=ClauseId(name),
        level=level,
        basis=basis,
        family=family,
        says=f"what {name} promises",
        source="Parameters, row page",
        verdict=verdict,
        witnesses=3,
        reason=reason,
        colour=colour,
        counts={verdict: 3},
        waived=waived,
    )


def finding(
    name: str = "AC-LST-021",
    *,
    message: str = "the total counts all matching calls",
    actual: str = "43 on page 0, 20 on page 1",
    colour: Colour = Colour.RED,
    waived: str | None = None,
    level: Level = "must",
    found_after: int = 0,
    place: int = 0,
    difference: str = "",
    defect: int = 0,
) -> Finding:
    return Finding(
        clause=ClauseId(name),
        level=level,
        basis="documented",
        family="total",
        message=message,
        expected="43 on every page",
        actual=actual,
        request="GET /calls?page=1&rows=20",
        curl="curl -sS 'http://127.0.0.1:8080/calls?page=1&rows=20'",
        response='HTTP 200 application/json\n{"total": 20}',
        rows=("- id=7 started=2026-03-02T14:00:00Z", "+ id=8 started=2026-03-02T14:01:00Z"),
        colour=colour,
        replay="callharness check acmepbx/list-calls --target http://127.0.0.1:8080 --only AC-LST-021 --seed 7",
        waived=waived,
        found_after=found_after,
        place=place,
        difference=difference,
        defect=defect,
    )


def exchange(number: int = 1, *, body: str = '{"total": 43}') -> Exchanged:
    return Exchanged(
        number=number,
        phase="paging",
        purpose="the second page",
        method="GET",
        url=f"http://127.0.0.1:8080/calls?page={number};rows=20",
        http_status=200,
        seconds=0.25,
        request_headers=(("Accept", "*/*"),),
        response_headers=(("Content-Type", "application/json"),),
        response_body=body,
    )


def report(
    *clauses: ClauseResult,
    findings: tuple[Finding, ...] = (),
    colour: Colour = Colour.GREEN,
    exit_code: int = 0,
    gate: Gate = Gate.CI,
    rows_seen: int = 43,
    notes: tuple[str, ...] = (),
) -> RunReport:
    return RunReport(
        api="acmepbx/list-calls",
        title="AcmePBX list calls",
        target="http://127.0.0.1:8080",
        gate=gate,
        colour=colour,
        exit_code=exit_code,
        seed=7,
        requests=12,
        seconds=1.25,
        dialect={"order.direction": "descending", "paging.default-size": None, "words": ("a", "b")},
        clauses=clauses or (result("AC-LST-001"),),
        findings=findings,
        notes=notes,
        evidence="masked",
        harness_version="0.1.0",
        rows_seen=rows_seen,
        limits={"max_requests": 500},
    )


def red_report() -> RunReport:
    """One of each verdict."""
    return report(
        result("AC-LST-001", family="access"),
        result("AC-LST-020", Verdict.NOT_EXERCISED, colour=Colour.AMBER, reason="no second page"),
        result("AC-LST-021", Verdict.FAIL, colour=Colour.RED, family="total"),
        result("AC-LST-022", Verdict.FAIL, colour=Colour.NONE, family="total", waived="W-0007"),
        result("AC-LST-023", Verdict.INCONCLUSIVE, colour=Colour.AMBER, level="should", reason="data-changed"),
        result(
            "AC-LST-024", Verdict.OBSERVED, colour=Colour.NONE, basis="unknown", level="may", reason="newest first"
        ),
        result("AC-LST-025", Verdict.NOT_APPLICABLE, colour=Colour.NONE, reason="no version"),
        result("AC-LST-026", Verdict.BLOCKED, colour=Colour.AMBER, reason="no second user is known"),
        result("AC-LST-027", Verdict.ERROR, colour=Colour.RED, reason="our request was not valid"),
        result("AC-LST-028", Verdict.NOT_RUN, colour=Colour.AMBER, reason="budget"),
        findings=(
            finding(difference="total total all", defect=1, found_after=9),
            finding("AC-LST-022", colour=Colour.NONE, waived="W-0007", difference="slice displaced", defect=2),
        ),
        colour=Colour.RED,
        exit_code=3,
        notes=("the list changed while it was read",),
    )


def grouped_report() -> RunReport:
    """Three defects that break five clauses: one breaks three, one is waived in part."""
    return report(
        result("AC-LST-021", Verdict.FAIL, colour=Colour.RED, family="total"),
        result("AC-LST-022", Verdict.FAIL, colour=Colour.AMBER, family="total", level="should"),
        result("AC-LST-023", Verdict.FAIL, colour=Colour.RED, family="total"),
        result("AC-LST-031", Verdict.FAIL, colour=Colour.NONE, waived="W-0007"),
        result("AC-LST-032", Verdict.FAIL, colour=Colour.AMBER, level="should"),
        result("AC-LST-040", Verdict.FAIL, colour=Colour.RED),
        findings=(
            finding("AC-LST-021", difference="total total all", defect=1, found_after=9, place=1),
            finding("AC-LST-022", level="should", colour=Colour.AMBER, difference="total total all", defect=1),
            finding("AC-LST-023", difference="total total all", defect=1, found_after=9, place=0),
            finding("AC-LST-031", colour=Colour.NONE, waived="W-0007", difference="slice displaced", defect=2),
            finding("AC-LST-032", level="should", colour=Colour.AMBER, difference="slice displaced", defect=2),
            finding("AC-LST-040", difference="size too-many", defect=3, found_after=30, place=5),
        ),
        colour=Colour.RED,
        exit_code=1,
    )


def hostile_report() -> RunReport:
    """A run against a server that wants to break out of every format."""
    return report(
        result("AC-LST-021", Verdict.FAIL, colour=Colour.RED, family="total", reason=HOSTILE),
        findings=(finding(message=HOSTILE, actual=f"{HOSTILE}\n::error file=app.py::injected\n  ::add-mask::abc"),),
        colour=Colour.RED,
        exit_code=1,
        notes=(HOSTILE,),
    )


def recording(of: RunReport | None = None) -> RunRecord:
    return RunRecord(report=of or red_report(), exchanges=(exchange(1), exchange(2)), began=BEGAN)


def large_report(*, clauses: int, findings: int) -> RunReport:
    """So many clauses and findings, each as long as findings of real runs are."""
    url = (
        "http://pbx.example.com:8080/api?command=ListCalls&From=2026-03-11%2010%3A19%3A04&Destination=%2B12025550111"
    )
    row = "CallId='ojz45p'  StartTime=2026-03-11T10:19:04Z  Direction='Internal'  Source='1010'  Destination='130'  "
    made = tuple(
        dataclasses.replace(
            finding(f"AC-LST-{number:03}", found_after=number, defect=number, difference="rows stray Destination"),
            message="Destination keeps exactly the calls that reached that extension",
            expected="only rows that satisfy Destination",
            actual=f"{number} of 20 rows do not",
            request=f"GET {url}&Username=HTTP_User_1&Password=***",
            curl=f"curl -sS --globoff --proto '=http,https' '{url}&Username=HTTP_User_1&Password='\"$P\"",
            rows=tuple(f"{row}CallerId='+12025550{one:03}'  Dialed='+442079460913'" for one in range(8)),
            response="HTTP 200 application/xml\n" + "<Call><CallId>ojz45p</CallId><Type>Audio</Type></Call>" * 20,
            replay="callharness check acmepbx/list-calls --target http://pbx.example.com:8080 --only AC-LST-021 "
            '--seed 1 --credential Username=HTTP_User_1 --credential Password="$PASSWORD"',
        )
        for number in range(1, findings + 1)
    )
    results = tuple(
        dataclasses.replace(
            result(f"AC-LST-{number:03}", Verdict.FAIL if number <= findings else Verdict.PASS, family=family),
            colour=Colour.RED if number <= findings else Colour.GREEN,
            says="Destination keeps exactly the calls that reached that extension, however they came there",
            source="Request parameters, row Destination; Example, request",
        )
        for number in range(1, clauses + 1)
        for family in [("shape", "filters", "paging", "total", "errors")[number % 5]]
    )
    return report(*results, findings=made, colour=Colour.RED, exit_code=1)


def long_recording(of: RunReport, *, requests: int) -> RunRecord:
    """A run with so many requests, one of them slow and one without an answer."""
    made = [dataclasses.replace(exchange(number), seconds=0.002 + number % 7 / 1000) for number in range(requests)]
    made[5] = dataclasses.replace(made[5], seconds=2.5)
    made[9] = dataclasses.replace(made[9], http_status=None, reason="timeout")
    return RunRecord(report=of, exchanges=tuple(made), began=BEGAN)
