"""SARIF, CTRF and Markdown: what they say of a run, that their schemas agree, and that no server breaks out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from markdown_it import MarkdownIt
from report_samples import HOSTILE, finding, grouped_report, hostile_report, recording, red_report, report, result

from harness.check.results.findings import Colour, RunReport, Verdict
from harness.report import ReportKind, RunRecord, render_report

SCHEMAS = Path(__file__).parents[2] / "support" / "schemas"
RUNS = pytest.mark.parametrize(
    "made", [red_report, grouped_report, hostile_report, report], ids=["red", "grouped", "hostile", "green"]
)


def tree(of: RunReport, kind: ReportKind) -> Any:
    return json.loads(render_report(recording(of), kind))


@RUNS
def test_sarif_satisfies_the_published_schema(made: Callable[[], RunReport]) -> None:
    schema = json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(schema).validate(tree(made(), ReportKind.SARIF))


@RUNS
def test_ctrf_satisfies_the_published_schema(made: Callable[[], RunReport]) -> None:
    schema = json.loads((SCHEMAS / "ctrf-schema-0.0.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(tree(made(), ReportKind.CTRF))


# --- SARIF --------------------------------------------------------------------------------------------------


def sarif_results(of: RunReport) -> list[Any]:
    return list(tree(of, ReportKind.SARIF)["runs"][0]["results"])


def test_sarif_has_an_error_for_a_red_finding_and_a_warning_for_an_amber_one() -> None:
    run = replace(red_report(), findings=(finding("AC-LST-021"), finding("AC-LST-023", colour=Colour.AMBER)))
    levels = {one["ruleId"]: one["level"] for one in sarif_results(run)}
    assert (levels["AC-LST-021"], levels["AC-LST-023"]) == ("error", "warning")


def test_sarif_suppresses_a_known_failure() -> None:
    found = [one["ruleId"] for one in sarif_results(grouped_report()) if "suppressions" in one]
    assert found == ["AC-LST-031"]


def test_sarif_points_each_result_at_its_rule() -> None:
    run = tree(red_report(), ReportKind.SARIF)["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[one["ruleIndex"]] for one in run["results"]] == [one["ruleId"] for one in run["results"]]


def test_sarif_tells_of_a_known_failure_that_passes() -> None:
    stale = result("AC-LST-001", colour=Colour.RED, reason="it passes: remove W-0007")
    found = sarif_results(report(stale, colour=Colour.RED))
    assert [one["message"]["text"] for one in found] == ["pass: it passes: remove W-0007"]


def test_sarif_keeps_the_fingerprint_of_a_defect_when_its_rows_change() -> None:
    one, other = (
        sarif_results(report(findings=(finding(actual=actual, difference="total total"),)))[0]
        for actual in ("43 on page 0", "44 on page 0")
    )
    assert one["partialFingerprints"] == other["partialFingerprints"]


# --- CTRF ---------------------------------------------------------------------------------------------------


def test_ctrf_counts_what_its_tests_are() -> None:
    results = tree(red_report(), ReportKind.CTRF)["results"]
    statuses = [one["status"] for one in results["tests"]]
    assert (statuses.count("failed"), statuses.count("skipped"), statuses.count("passed")) == (2, 6, 2)
    assert {name: results["summary"][name] for name in ("tests", "failed", "skipped", "passed")} == {
        "tests": 10,
        "failed": 2,
        "skipped": 6,
        "passed": 2,
    }


def test_ctrf_tells_times_in_milliseconds() -> None:
    summary = tree(red_report(), ReportKind.CTRF)["results"]["summary"]
    assert (summary["start"], summary["stop"], summary["duration"]) == (1772461800000, 1772461801250, 1250)


# --- Markdown -----------------------------------------------------------------------------------------------


def markdown(of: RunReport) -> str:
    return render_report(recording(of), ReportKind.MARKDOWN)


def test_markdown_begins_with_the_gate_and_why() -> None:
    lines = markdown(grouped_report()).splitlines()
    assert lines[0] == "## 🔴 RED `acmepbx/list-calls`"
    assert lines[2].startswith("`4 of 4 binding promises are broken, 1 of them known (W-0007). ")
    assert lines[4] == ("**red because** `3 clauses are broken (AC-LST-021, AC-LST-023, AC-LST-040)`")


def test_markdown_shows_each_defect_once_with_its_request() -> None:
    text = markdown(grouped_report())
    assert [line.split("`")[1] for line in text.splitlines() if line.startswith("### ")] == [
        "AC-LST-023",
        "AC-LST-040",
    ]
    assert text.count("curl -sS") == 2
    assert text.count("`AC-LST-032`") == 1


def test_markdown_shows_what_is_amber_or_known_in_a_line_below_the_red_defects() -> None:
    weaker = finding("AC-LST-023", colour=Colour.AMBER, message="rows are sorted", actual="down")
    known = finding("AC-LST-024", waived="W-0007", message="a row is whole", actual="some")
    red = (replace(finding("AC-LST-021"), defect=1),)
    others = (replace(weaker, defect=2, expected="up"), replace(known, defect=3, expected="all"))
    run = replace(red_report(), findings=(*red, *others))
    text = markdown(run)
    assert text.count("curl -sS") == 1
    assert text.partition("curl -sS")[2].splitlines()[3:8] == [
        "",
        "| counts | defects that do not turn the run red | expected | actual |",
        "|---|---|---|---|",
        "| 🟠 `amber` | 2. `AC-LST-023` `rows are sorted` | `up` | `down` |",
        "| ⚪ `waived by W-0007` | 3. `AC-LST-024` `a row is whole` | `all` | `some` |",
    ]


def test_markdown_shows_amber_defects_whole_where_none_is_red() -> None:
    amber = finding("AC-LST-023", colour=Colour.AMBER)
    assert markdown(replace(red_report(), findings=(amber,))).count("curl -sS") == 1


def test_a_hostile_server_adds_nothing_to_a_markdown_page() -> None:
    def shape(text: str) -> list[str]:
        run = replace(
            hostile_report(),
            clauses=(result("AC-LST-020", Verdict.BLOCKED, colour=Colour.AMBER, reason=text),),
            findings=(finding(message=text, actual=text),),
        )
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(markdown(run))
        return [part.type for token in tokens for part in (token, *(token.children or ()))]

    attack = f"{HOSTILE} `` ` ``` | a | \n\n# x [a](http://e.example) ![i](http://e.example/i) @team <b>b</b>"
    assert shape(attack) == shape("harmless")


def test_a_markdown_page_of_very_many_defects_fits_a_job_summary() -> None:
    results = [result(f"AC-{n}", Verdict.FAIL, colour=Colour.RED) for n in range(3000)]
    found = tuple(finding(one.id, actual="x" * 5000, message="y" * 400) for one in results)
    text = render_report(RunRecord(report=report(*results, findings=found)), ReportKind.MARKDOWN)
    assert len(text.encode("utf-8")) < 65_536
