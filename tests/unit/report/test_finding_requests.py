"""A finding that several requests show: each stands in every report as a step, with what came and what is due."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from report_samples import HOSTILE, finding, recording, report, result

from harness.check.results.findings import Colour, Finding, FindingStep, Verdict
from harness.report import ReportKind, render_report
from harness.report.finding_requests import shell_lines, step_lines

STEPS = (
    FindingStep(
        request="GET /calls?page=1", curl="curl -sS 'http://127.0.0.1:8080/calls?page=1'", told="2 rows, with id=7"
    ),
    FindingStep(
        request="GET /calls?page=2",
        curl="curl -sS 'http://127.0.0.1:8080/calls?page=2'",
        told="2 rows, with id=7",
        seconds_later=1,
    ),
)
READABLE = [ReportKind.TEXT, ReportKind.MARKDOWN, ReportKind.JUNIT, ReportKind.HTML]


def shown_by(*steps: FindingStep) -> Finding:
    return replace(finding(), steps=steps, expected="rows that were not shown before")


def rendered(kind: ReportKind, *steps: FindingStep) -> str:
    broken = result("AC-LST-021", Verdict.FAIL, colour=Colour.RED)
    return render_report(recording(report(broken, findings=(shown_by(*steps),))), kind)


def test_steps_are_numbered_with_what_came_below() -> None:
    assert list(step_lines(shown_by(*STEPS))) == [
        "1. curl -sS 'http://127.0.0.1:8080/calls?page=1'",
        "   2 rows, with id=7",
        "2. curl -sS 'http://127.0.0.1:8080/calls?page=2'",
        "   2 rows, with id=7 (1 second later)",
    ]


def test_a_script_of_steps_says_in_comments_what_to_compare() -> None:
    assert list(shell_lines(shown_by(*STEPS)))[:5] == [
        "# 1. 2 rows, with id=7",
        "curl -sS 'http://127.0.0.1:8080/calls?page=1'",
        "# 2. 2 rows, with id=7 (1 second later)",
        "curl -sS 'http://127.0.0.1:8080/calls?page=2'",
        "# compare 1 and 2: rows that were not shown before",
    ]


@pytest.mark.parametrize("kind", READABLE, ids=str)
def test_every_step_and_what_came_stand_in_the_report(kind: ReportKind) -> None:
    text = rendered(kind, *STEPS).replace("<wbr>", "")
    places = [text.find(part) for part in ("calls?page=1'", "calls?page=2'")]
    if kind in (ReportKind.HTML, ReportKind.JUNIT):
        places = [text.find(part) for part in ("calls?page=1", "calls?page=2")]
    assert -1 < places[0] < places[1]
    assert "(1 second later)" in text


def test_the_json_report_carries_the_steps_in_order() -> None:
    (told,) = json.loads(rendered(ReportKind.JSON, *STEPS))["findings"]
    assert [(step["curl"], step["told"], step["seconds_later"]) for step in told["steps"]] == [
        (STEPS[0].curl, STEPS[0].told, 0),
        (STEPS[1].curl, STEPS[1].told, 1),
    ]


@pytest.mark.parametrize("kind", READABLE, ids=str)
def test_what_a_server_says_in_a_step_is_harmless(kind: ReportKind) -> None:
    text = rendered(kind, replace(STEPS[0], told=HOSTILE), STEPS[1])
    assert "\x1b" not in text
    assert kind is not ReportKind.HTML or "<script>alert" not in text
    assert "\u202e" not in text


def test_the_text_of_a_run_that_was_shut_out_names_no_finding() -> None:
    blocked = replace(result("AC-LST-021", Verdict.BLOCKED, colour=Colour.RED), reason="the log-in failed")
    wrong = result("AC-LST-002", Verdict.FAIL, colour=Colour.RED)
    shut_out = report(blocked, wrong, findings=(finding("AC-LST-002"),), colour=Colour.RED, exit_code=4, rows_seen=0)
    text = render_report(recording(shut_out), ReportKind.TEXT)
    assert "43 on every page" not in text
    assert "1 defect of the answers that refuse it stands in the other reports." in text
