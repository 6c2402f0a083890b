"""What each kind of report says of a run, and that no server breaks out of it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from xml.parsers import expat

import html5lib
import jsonschema
import junitparser
import pytest
from lxml import etree
from report_samples import (
    HOSTILE,
    exchange,
    finding,
    grouped_report,
    hostile_report,
    recording,
    red_report,
    report,
    result,
)

from harness.check.results.findings import Colour, RunReport, Verdict
from harness.output import Redactor
from harness.report import ReportKind, RunRecord, render_report
from harness.report.json_report import report_schema
from harness.report.text import text_report

Golden = Callable[[str, str], None]


@pytest.mark.parametrize("kind", list(ReportKind), ids=str)
def test_a_report_is_what_it_was(kind: ReportKind, golden: Golden) -> None:
    golden(f"report/red.{kind.value}", render_report(recording(), kind))


@pytest.mark.parametrize("kind", list(ReportKind), ids=str)
def test_the_same_run_gives_the_same_bytes(kind: ReportKind) -> None:
    assert render_report(recording(), kind) == render_report(recording(), kind)


@pytest.mark.parametrize("kind", list(ReportKind), ids=str)
def test_what_is_rendered_passes_the_redactor(kind: ReportKind) -> None:
    secret = "Zq7-canary-Zq7"
    run = recording(replace(red_report(), findings=(finding(actual=f"it said {secret}"),)))
    run = replace(run, exchanges=(exchange(body=f"hello {secret}"),))
    assert secret not in render_report(run, kind, redact=Redactor([secret]).redact)


@pytest.mark.parametrize("kind", list(ReportKind), ids=str)
def test_no_control_character_of_a_server_gets_through(kind: ReportKind) -> None:
    run = RunRecord(report=hostile_report(), exchanges=(exchange(body=HOSTILE),))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ufffe]", render_report(run, kind))


@pytest.mark.parametrize("kind", [ReportKind.TEXT, ReportKind.JUNIT, ReportKind.HTML, ReportKind.MARKDOWN], ids=str)
def test_no_line_of_a_report_is_a_command_to_a_ci_server(kind: ReportKind) -> None:
    text = render_report(hostile_report(), kind)
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert "##[" not in text


# --- text ---------------------------------------------------------------------------------------------------


def test_colours_appear_only_when_asked_for() -> None:
    assert "\x1b[31m" in text_report(red_report(), coloured=True)
    assert "\x1b" not in text_report(red_report())


def test_a_red_finding_stands_before_an_amber_one() -> None:
    amber = finding("AC-LST-001", colour=Colour.AMBER)
    text = text_report(replace(red_report(), findings=(amber, finding("AC-LST-099"))))
    assert text.index("FAIL AC-LST-099") < text.index("FAIL AC-LST-001")


def test_a_defect_is_one_block_under_the_clause_that_came_to_light_first() -> None:
    lines = text_report(grouped_report()).splitlines()
    heads = [index for index, line in enumerate(lines) if line.startswith(("FAIL", "waived A"))]
    assert [lines[index].split()[1] for index in heads] == ["AC-LST-023", "AC-LST-032", "AC-LST-040"]
    assert lines[heads[0]].endswith("acmepbx/list-calls, total, defect 1")
    assert lines[heads[0] + 1] == "  also breaks: AC-LST-021 (red), AC-LST-022 (amber)"
    assert lines[heads[2] + 1].startswith("  clause")
    assert sum(line.startswith("  request") for line in lines) == 3


def test_a_waived_clause_of_a_defect_is_shown_as_waived_and_never_as_the_headline() -> None:
    text = text_report(grouped_report())
    assert "  also breaks: AC-LST-031 (waived by W-0007)\n" in text
    assert "waived AC-LST-031" not in text


def test_a_long_list_of_clauses_is_wrapped() -> None:
    many = tuple(finding(f"AC-LST-{number}", defect=1) for number in range(100, 120))
    lines = text_report(report(findings=many)).splitlines()
    start = next(index for index, line in enumerate(lines) if "also breaks" in line)
    assert lines[start].endswith("AC-LST-105 (red),")
    assert lines[start + 1].startswith("               AC-LST-106 (red), ")


def test_the_end_says_how_many_defects_break_how_many_clauses() -> None:
    last = text_report(grouped_report()).splitlines()[-2]
    assert last == "RED  0 of 6 clauses kept, 3 defects break 5 clauses, 1 known failure waived, 12 requests, 1.2 s"


def test_the_last_line_of_a_red_run_says_why_it_is_red() -> None:
    last = text_report(grouped_report()).splitlines()[-1]
    assert last == "red because 3 clauses are broken (AC-LST-021, AC-LST-023, AC-LST-040)"


def test_a_green_run_ends_with_its_counts() -> None:
    assert text_report(report(result("AC-LST-001"))).splitlines()[-1].startswith("GREEN  1 of 1 clause kept")


def test_full_evidence_is_marked() -> None:
    assert "people's numbers" in text_report(replace(report(), evidence="full"))
    assert "people's numbers" not in text_report(report())


def test_a_known_failure_that_passes_is_told() -> None:
    stale = result("AC-LST-001", colour=Colour.RED, reason="it passes: remove W-0007")
    assert "remove W-0007" in text_report(report(stale, colour=Colour.RED))


# --- JSON ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made", [red_report, grouped_report, hostile_report, report], ids=["red", "grouped", "hostile", "green"]
)
def test_a_json_report_satisfies_the_schema(made: Callable[..., object]) -> None:
    tree = json.loads(render_report(made(), ReportKind.JSON))  # type: ignore[arg-type]
    jsonschema.Draft202012Validator(report_schema()).validate(tree)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(report_schema())


def test_the_schema_refuses_a_verdict_that_does_not_exist() -> None:
    tree = json.loads(render_report(red_report(), ReportKind.JSON))
    tree["clauses"][0]["verdict"] = "passed"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(report_schema()).validate(tree)


def test_a_json_report_counts_waived_clauses_apart() -> None:
    counts = json.loads(render_report(red_report(), ReportKind.JSON))["counts"]
    assert (counts["fail"], counts["waived"]) == (1, 1)


def test_a_json_report_has_every_finding_with_the_number_of_its_defect() -> None:
    tree = json.loads(render_report(grouped_report(), ReportKind.JSON))
    assert [(one["clause"], one["defect"], one["difference"]) for one in tree["findings"]] == [
        ("AC-LST-021", 1, "total total all"),
        ("AC-LST-022", 1, "total total all"),
        ("AC-LST-023", 1, "total total all"),
        ("AC-LST-031", 2, "slice displaced"),
        ("AC-LST-032", 2, "slice displaced"),
        ("AC-LST-040", 3, "size too-many"),
    ]


# --- JUnit --------------------------------------------------------------------------------------------------


def _suites(text: str) -> junitparser.JUnitXml:
    return junitparser.JUnitXml.fromstring(text.encode("utf-8"))


@pytest.mark.parametrize("made", [red_report, hostile_report], ids=["red", "hostile"])
def test_junit_is_read_by_two_parsers(made: Callable[[], object]) -> None:
    data = render_report(made(), ReportKind.JUNIT).encode("utf-8")  # type: ignore[arg-type]
    expat.ParserCreate().Parse(data, True)
    assert etree.fromstring(data).tag == "testsuites"


def test_junit_counts_equal_the_children() -> None:
    root = etree.fromstring(render_report(red_report(), ReportKind.JUNIT).encode("utf-8"))
    for parent in (root, *root.iter("testsuite")):
        cases = list(parent.iter("testcase"))
        assert int(parent.get("tests")) == len(cases)
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(parent.get(attribute)) == sum(case.find(tag) is not None for case in cases)


def _junit_cases(of: RunReport) -> dict[str, etree._Element]:
    root = etree.fromstring(render_report(of, ReportKind.JUNIT).encode("utf-8"))
    return {case.get("name").split()[0]: case for case in root.iter("testcase")}


@pytest.mark.parametrize(
    ("clause", "element", "attribute", "text"),
    [
        ("AC-LST-021", "failure", "type", "AC-LST-021"),
        ("AC-LST-021", "failure", "message", "expected 43 on every page; actual: 43 on page 0, 20 on page 1"),
        ("AC-LST-027", "error", "type", "error"),
        ("AC-LST-026", "skipped", "message", "blocked, amber: no second user is known"),
        ("AC-LST-023", "skipped", "message", "inconclusive, amber: data-changed"),
        ("AC-LST-020", "skipped", "message", "not_exercised, amber: no second page"),
        ("AC-LST-025", "skipped", "message", "not_applicable: no version"),
        ("AC-LST-028", "skipped", "message", "not_run, amber: budget"),
    ],
)
def test_junit_has_its_word_for_each_verdict(clause: str, element: str, attribute: str, text: str) -> None:
    assert _junit_cases(red_report())[clause].find(element).get(attribute) == text


def test_junit_names_the_waiver_of_a_known_failure() -> None:
    skipped = _junit_cases(red_report())["AC-LST-022"].find("skipped")
    assert skipped.get("message").startswith("fail, waived by W-0007: expected 43 on every page")


@pytest.mark.parametrize("clause", ["AC-LST-001", "AC-LST-024"])
def test_junit_shows_a_pass_and_an_observation_as_passed(clause: str) -> None:
    assert [child.tag for child in _junit_cases(red_report())[clause]] == ["properties"]


def test_junit_names_a_case_by_its_id_and_promise() -> None:
    assert _junit_cases(red_report())["AC-LST-021"].get("name") == "AC-LST-021 what AC-LST-021 promises"


@pytest.mark.parametrize("colour", [Colour.AMBER, Colour.NONE, Colour.GREEN], ids=str)
@pytest.mark.parametrize("verdict", list(Verdict), ids=str)
def test_junit_fails_nothing_that_is_not_red(verdict: Verdict, colour: Colour) -> None:
    case = _junit_cases(report(result("AC-LST-001", verdict, colour=colour)))["AC-LST-001"]
    assert case.find("failure") is case.find("error") is None


@pytest.mark.parametrize("verdict", list(Verdict), ids=str)
def test_junit_fails_whatever_is_red(verdict: Verdict) -> None:
    case = _junit_cases(report(result("AC-LST-001", verdict, colour=Colour.RED)))["AC-LST-001"]
    assert sum(case.find(tag) is not None for tag in ("failure", "error")) == 1


def test_junit_says_when_the_run_began_and_how_long_its_requests_took() -> None:
    root = etree.fromstring(render_report(recording(), ReportKind.JUNIT).encode("utf-8"))
    paging = next(suite for suite in root.iter("testsuite") if suite.get("name").endswith(" paging"))
    assert (root.get("timestamp"), root.get("time")) == ("2026-03-02T14:30:00+00:00", "1.250")
    # Two requests of a quarter second each, shared by seven clauses.
    assert (paging.get("time"), paging.find("testcase").get("time")) == ("0.500", "0.071")


def test_junit_tells_the_gate_and_its_reason() -> None:
    root = etree.fromstring(render_report(red_report(), ReportKind.JUNIT).encode("utf-8"))
    told = {one.get("name"): one.get("value") for one in root.find("testsuite").find("properties")}
    assert (told["gate"], told["colour"]) == ("ci", "red")
    assert told["reason"] == "the harness failed on 1 clause (AC-LST-027); 1 clause is broken (AC-LST-021)"


def test_junit_has_the_defect_of_each_broken_clause() -> None:
    root = etree.fromstring(render_report(grouped_report(), ReportKind.JUNIT).encode("utf-8"))
    found = {
        case.get("name").split()[0]: {one.get("name"): one.get("value") for one in case.iter("property")}
        for case in root.iter("testcase")
    }
    assert {name: values["defect"] for name, values in found.items()} == {
        "AC-LST-021": "1",
        "AC-LST-022": "1",
        "AC-LST-023": "1",
        "AC-LST-031": "2",
        "AC-LST-032": "2",
        "AC-LST-040": "3",
    }
    assert found["AC-LST-040"]["difference"] == "size too-many"


def test_junit_fails_every_red_clause_of_a_defect() -> None:
    failed = [name for name, case in _junit_cases(grouped_report()).items() if case.find("failure") is not None]
    assert sorted(failed) == ["AC-LST-021", "AC-LST-023", "AC-LST-040"]


def test_junit_is_read_by_a_junit_library() -> None:
    suites = _suites(render_report(red_report(), ReportKind.JUNIT))
    assert (suites.tests, suites.failures, suites.errors, suites.skipped) == (10, 1, 1, 6)


def test_junit_stays_small_with_ten_thousand_long_failures() -> None:
    results = [result(f"AC-{n}", Verdict.FAIL, colour=Colour.RED) for n in range(10_000)]
    long = "x]]>\x00" * 1000
    findings = tuple(finding(one.id, message=long, actual=long) for one in results)
    text = render_report(report(*results, findings=findings), ReportKind.JUNIT)
    assert len(text.encode("utf-8")) < 10_000_000
    expat.ParserCreate().Parse(text.encode("utf-8"), True)


# --- HTML ---------------------------------------------------------------------------------------------------


def _shape(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Every element with its attributes' names and those values that a browser acts upon."""
    tree = html5lib.parse(text, treebuilder="etree", namespaceHTMLElements=False)
    return [(str(element.tag), tuple(sorted(element.attrib))) for element in tree.iter()]


def test_a_hostile_server_adds_no_element_and_no_attribute() -> None:
    def one(text: str) -> str:
        run = hostile_report()
        clauses = (replace(run.clauses[0], reason=text),)
        return render_report(
            replace(run, clauses=clauses, findings=(finding(message=text, actual=text),), notes=(text,)),
            ReportKind.HTML,
        )

    assert _shape(one(HOSTILE)) == _shape(one("harmless"))


def test_html_has_one_block_for_each_defect_with_the_other_clauses_in_it() -> None:
    tree = html5lib.parse(
        render_report(grouped_report(), ReportKind.HTML), treebuilder="etree", namespaceHTMLElements=False
    )
    blocks = [
        [code.text for place in ("h3/code", "ul[@class='also']/li/code") for code in block.findall(place)]
        for block in tree.iter("article")
    ]
    assert blocks == [
        ["AC-LST-023", "AC-LST-021", "AC-LST-022"],
        ["AC-LST-032", "AC-LST-031"],
        ["AC-LST-040"],
    ]
    assert [item.findtext("b") for item in tree.iter("li") if item.find("b") is not None] == [
        "(red)",
        "(amber)",
        "(waived by W-0007)",
    ]
    assert any(str(paragraph.text).startswith("3 defects break 5 clauses.") for paragraph in tree.iter("p"))


@pytest.mark.parametrize(
    ("waived", "told", "contents"),
    [
        ((None, None), "2 defects break 2 clauses.", "Defects (2)"),
        ((None, "W-1"), "1 defect breaks 1 clause, 1 known beside it.", "Defects (1, 1 known beside it)"),
        (("W-1", "W-1"), "No defect is new, 2 are known.", "Defects (0, 2 known beside them)"),
    ],
)
def test_html_counts_known_defects_apart(waived: tuple[str | None, ...], told: str, contents: str) -> None:
    names = ("AC-LST-001", "AC-LST-002")
    shown = report(*(result(name, Verdict.FAIL, waived=by) for name, by in zip(names, waived, strict=True)))
    found = tuple(
        finding(name, waived=by, defect=n) for n, (name, by) in enumerate(zip(names, waived, strict=True), 1)
    )
    text = render_report(recording(replace(shown, findings=found)), ReportKind.HTML)
    plain = re.sub("<[^>]*>", "", text)
    assert told in plain
    assert contents in plain


def test_html_says_beside_the_lines_of_a_finding_which_variables_they_read() -> None:
    lines = {
        "curl": """curl 'http://h/calls?u=a&p='"$PASSWORD\"""",
        "replay": 'callharness check a --credential p="$PASSWORD"',
    }
    text = render_report(recording(replace(red_report(), findings=(replace(finding(), **lines),))), ReportKind.HTML)
    (note,) = re.findall(r'<p class="meta" data-field="variables">(.*?)</p>', text)
    assert (
        re.sub("<[^>]*>", "", note)
        == "These lines read a shell variable: set PASSWORD first; the notes say what it stands for."
    )


def test_a_mark_in_the_chart_has_the_colour_of_its_defect() -> None:
    text = render_report(recording(grouped_report()), ReportKind.HTML)
    marks = re.findall(r'<a class="(\w+)" href="#defect-(\d)" aria-label="Defect \d, (\w+)">', text)
    assert sorted(marks) == [("amber", "2", "amber"), ("red", "1", "red"), ("red", "3", "red")]


def test_html_loads_nothing_and_its_links_stay_in_the_page() -> None:
    text = render_report(recording(hostile_report()), ReportKind.HTML)
    assert "default-src &#39;none&#39;" in text
    tree = html5lib.parse(text, treebuilder="etree", namespaceHTMLElements=False)
    tags = [str(element.tag) for element in tree.iter()]
    assert not {*tags} & {"img", "link", "iframe", "object", "base"}
    assert tags.count("script") == 1
    assert {str(link.get("href"))[0] for link in tree.iter("a")} == {"#"}
    assert not [name for element in tree.iter() for name in element.attrib if name in ("style", "src", "srcset")]


@pytest.mark.parametrize("part", ["style", "script"])
def test_the_html_report_runs_only_what_has_the_hash_of_its_policy(part: str) -> None:
    text = render_report(recording(), ReportKind.HTML)
    own = text.partition(f"<{part}>")[2].partition(f"</{part}>")[0]
    digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
    assert f"{part}-src 'sha256-{digest}'" in html.unescape(text)


# --- HAR ----------------------------------------------------------------------------------------------------


def test_a_har_has_an_entry_for_each_exchange() -> None:
    log = json.loads(render_report(recording(), ReportKind.HAR))["log"]
    assert log["version"] == "1.2"
    assert [entry["request"]["url"][-15:] for entry in log["entries"]] == ["?page=1;rows=20", "?page=2;rows=20"]


def test_a_har_without_exchanges_is_whole() -> None:
    assert json.loads(render_report(report(), ReportKind.HAR))["log"]["entries"] == []


def test_a_har_splits_pairs_at_both_separators() -> None:
    entry = json.loads(render_report(recording(), ReportKind.HAR))["log"]["entries"][0]
    assert entry["request"]["queryString"] == [{"name": "page", "value": "1"}, {"name": "rows", "value": "20"}]
