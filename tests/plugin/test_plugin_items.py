"""The pytest plugin: what it collects, how verdicts become outcomes, and what it costs to load."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

import harness.pytest_plugin.target_run as reading
from harness.check.results.defects import numbered_findings
from harness.check.results.findings import ClauseResult, Finding, Gate, RunReport, Verdict
from harness.check.results.gate import colour_of, gate_colour
from harness.errors import HarnessError
from harness.specification.clause_families import families_by_clause, load_standard_clauses, planned_clauses
from harness.specification.load import Spec, load_spec
from harness.specification.model import ClauseId

pytest_plugins = ["pytester"]

API = "ozeki/list-active-calls"
SPEC = load_spec(API)
MUST, SHOULD = ClauseId("OZ-LAC-005"), ClauseId("OZ-LAC-010")


def report_of(verdicts: Mapping[ClauseId, Verdict], *, gate: str = "ci", spec: Spec = SPEC) -> RunReport:
    """A report in which every clause passes but these."""
    known = {**{name: str(family) for name, family in families_by_clause(spec).items()}}
    results = []
    for name, clause in {**spec.clauses, **load_standard_clauses().clauses_for(spec)}.items():
        verdict = verdicts.get(name, Verdict.PASS)
        results.append(
            ClauseResult(
                id=name,
                level=clause.level,
                basis=clause.basis,
                family=known.get(name, "shape"),
                says=clause.says,
                source=clause.source,
                verdict=verdict,
                witnesses=3,
                reason="" if verdict is Verdict.PASS else f"because of {verdict}",
                colour=colour_of(verdict, level=clause.level, basis=clause.basis, gate=Gate(gate)),
            )
        )
    findings = tuple(
        Finding(
            clause=one.id,
            level=one.level,
            basis=one.basis,
            family=one.family,
            message=one.says,
            expected="an integer",
            actual="a word",
            request="GET /api",
            curl="curl http://127.0.0.1/api",
            difference="part part Seconds",
            colour=one.colour,
        )
        for one in results
        if one.verdict is Verdict.FAIL
    )
    return RunReport(
        api=spec.id,
        title=spec.title,
        target="sim:",
        gate=Gate(gate),
        colour=gate_colour(results),
        exit_code=0,
        seed=1,
        requests=1,
        seconds=0.0,
        dialect={},
        clauses=tuple(results),
        findings=numbered_findings(findings),
    )


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """Takes the place of the reading: these verdicts, and a record of how it was called."""

    def tell(verdicts: Mapping[ClauseId, Verdict] | None = None) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = []

        def read_target(spec: Spec, **given: Any) -> RunReport:
            calls.append({"api": spec.id, **given})
            return report_of(verdicts or {}, gate=given["gate"], spec=spec)

        monkeypatch.setattr(reading, "read_target", read_target)
        return calls

    return tell


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "--call-api", API, *arguments)


def test_there_is_one_item_per_clause(pytester: pytest.Pytester, told: Callable[..., Any]) -> None:
    told()
    result = run(pytester, "--call-api-target", "sim:")
    result.assert_outcomes(passed=len({**SPEC.clauses, **load_standard_clauses().clauses_for(SPEC)}))
    assert result.ret == 0


def test_an_item_is_named_by_api_and_clause(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--collect-only", "-q")
    result.stdout.fnmatch_lines([f"callharness::{API}::{MUST}"])


def test_collecting_sends_nothing(pytester: pytest.Pytester, told: Callable[..., list[dict[str, Any]]]) -> None:
    calls = told()
    assert run(pytester, "--collect-only", "-q", "--call-api-target", "http://192.0.2.1:9").ret == 0
    assert calls == []


def test_the_target_is_read_once_for_all_items(
    pytester: pytest.Pytester, told: Callable[..., list[dict[str, Any]]]
) -> None:
    calls = told()
    run(pytester, "--call-api-target", "sim:")
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("select", "only"),
    [((), ()), (("-k", MUST), (MUST,)), (("-k", MUST, "--call-api-whole"), ())],
    ids=["all", "one", "one of a whole run"],
)
def test_a_run_is_for_the_clauses_that_are_selected(
    select: tuple[str, ...],
    only: tuple[str, ...],
    pytester: pytest.Pytester,
    told: Callable[..., list[dict[str, Any]]],
) -> None:
    calls = told()
    run(pytester, "--call-api-target", "sim:", *select)
    assert [call["only"] for call in calls] == [only]


def test_the_options_reach_the_reading(pytester: pytest.Pytester, told: Callable[..., list[dict[str, Any]]]) -> None:
    calls = told()
    run(
        pytester,
        *("--call-api-target", "http://127.0.0.1:9509"),
        *("--call-api-credential", "Username=alice", "--call-api-credential", "Password=a=b"),
        *("--call-api-gate", "strict", "--call-api-seed", "7"),
    )
    assert calls == [
        {
            "api": API,
            "target": "http://127.0.0.1:9509",
            "credentials": [("Username", "alice"), ("Password", "a=b")],
            "gate": "strict",
            "seed": 7,
            "only": (),
        }
    ]


def test_each_api_may_have_a_target_of_its_own(
    pytester: pytest.Pytester, told: Callable[..., list[dict[str, Any]]]
) -> None:
    calls = told()
    other = "etelecom/list-call-logs"
    run(
        pytester,
        *("--call-api", other, "--call-api-target", "http://127.0.0.1:1"),
        *("--call-api-target", f"{other}=http://127.0.0.1:2/v1/shop.Etelecom"),
    )
    assert {call["api"]: call["target"] for call in calls} == {
        API: "http://127.0.0.1:1",
        other: "http://127.0.0.1:2/v1/shop.Etelecom",
    }


def test_a_broken_must_fails_with_the_text_of_its_finding(
    pytester: pytest.Pytester, told: Callable[..., Any]
) -> None:
    told({MUST: Verdict.FAIL})
    result = run(pytester, "--call-api-target", "sim:")
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines([f"FAIL {MUST}*", "*expected*an integer*", "*actual*a word*"])


def test_a_failure_shows_nothing_of_the_inside(pytester: pytest.Pytester, told: Callable[..., Any]) -> None:
    told({MUST: Verdict.FAIL})
    text = run(pytester, "--call-api-target", "sim:").stdout.str()
    assert "Traceback" not in text
    assert "collecting.py" not in text


def test_a_broken_should_passes_in_ci_and_is_listed(pytester: pytest.Pytester, told: Callable[..., Any]) -> None:
    told({SHOULD: Verdict.FAIL})
    result = run(pytester, "--call-api-target", "sim:")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*not kept, but no reason to fail*", f"FAIL {SHOULD}*"])


def test_a_finding_names_the_other_clauses_of_its_defect(pytester: pytest.Pytester, told: Callable[..., Any]) -> None:
    told({MUST: Verdict.FAIL, SHOULD: Verdict.FAIL})
    text = run(pytester, "--call-api-target", "sim:").stdout.str()
    assert f"also breaks: {SHOULD} (amber)" in text
    assert f"also breaks: {MUST} (red)" in text


def test_a_broken_should_fails_in_strict(pytester: pytest.Pytester, told: Callable[..., Any]) -> None:
    told({SHOULD: Verdict.FAIL})
    assert run(pytester, "--call-api-target", "sim:", "--call-api-gate", "strict").ret == 1


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (Verdict.OBSERVED, "passed"),
        (Verdict.NOT_EXERCISED, "skipped"),
        (Verdict.INCONCLUSIVE, "skipped"),
        (Verdict.NOT_APPLICABLE, "skipped"),
        (Verdict.NOT_RUN, "skipped"),
        (Verdict.BLOCKED, "skipped"),
        (Verdict.ERROR, "failed"),
    ],
)
def test_a_verdict_becomes_an_outcome(
    verdict: Verdict, outcome: str, pytester: pytest.Pytester, told: Callable[..., Any]
) -> None:
    told({MUST: verdict})
    result = run(pytester, "--call-api-target", "sim:", "-k", MUST)
    assert result.parseoutcomes()[outcome] == 1


def test_a_skip_tells_its_reason(pytester: pytest.Pytester, told: Callable[..., Any]) -> None:
    told({MUST: Verdict.NOT_EXERCISED})
    result = run(pytester, "--call-api-target", "sim:", "-rs")
    result.stdout.fnmatch_lines(["*not_exercised: because of not_exercised*"])


def test_not_exercised_fails_in_strict(pytester: pytest.Pytester, told: Callable[..., Any]) -> None:
    told({MUST: Verdict.NOT_EXERCISED})
    assert run(pytester, "--call-api-target", "sim:", "--call-api-gate", "strict").ret == 1


@pytest.mark.parametrize(
    ("select", "wanted"),
    [
        (("-k", "OZ-LAC-005"), {"OZ-LAC-005"}),
        (("-m", "access and must"), {"OZ-LAC-002", "OZ-LAC-003", "OZ-LAC-004"}),
        (("-m", "corroborated and errors"), {"OZ-LAC-021"}),
    ],
)
def test_items_can_be_selected(select: tuple[str, ...], wanted: set[str], pytester: pytest.Pytester) -> None:
    lines = run(pytester, "--collect-only", "-q", *select).stdout.lines
    assert {line.rpartition("::")[2] for line in lines if line.startswith("callharness::")} >= wanted


ONE = f"callharness::{API}::OZ-LAC-001"
OTHER = f"callharness::{API}::OZ-LAC-015"


def ids_of(result: pytest.RunResult) -> list[str]:
    return [line.partition(" ")[0] for line in result.stdout.lines if line.startswith(("callharness::", "test_"))]


@pytest.mark.parametrize("api", [(), ("--call-api", API)], ids=["by-id", "by-option"])
def test_a_printed_id_can_be_given_back(api: tuple[str, ...], pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_ours="def test_of_ours(): pass")
    result = pytester.runpytest_inprocess(*api, "--collect-only", "-q", OTHER, ONE)
    assert ids_of(result) == [ONE, OTHER]


def test_the_id_of_an_api_gives_all_its_clauses(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--collect-only", "-q", f"callharness::{API}")
    assert len(ids_of(result)) == len(planned_clauses(SPEC))


def test_an_id_and_a_file_are_collected_together(pytester: pytest.Pytester) -> None:
    path = pytester.makepyfile(test_ours="def test_of_ours(): pass")
    result = pytester.runpytest_inprocess("--collect-only", "-q", ONE, str(path))
    assert sorted(ids_of(result)) == [ONE, "test_ours.py::test_of_ours"]


def test_an_id_of_no_clause_is_told(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--collect-only", f"callharness::{API}::OZ-LCH-999")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*no such clause: *OZ-LCH-999"])


def test_an_id_that_failed_runs_alone(pytester: pytest.Pytester, told: Callable[..., Any]) -> None:
    told({ClauseId("OZ-LAC-015"): Verdict.FAIL})
    pytester.makepyfile(test_ours="def test_of_ours(): pass")
    first = run(pytester, "--call-api-target", "sim:")
    (failed,) = [line.split()[1] for line in first.stdout.lines if line.startswith("FAILED ")]
    again = pytester.runpytest_inprocess("--call-api-target", "sim:", failed)
    again.assert_outcomes(failed=1)


def test_items_carry_level_basis_and_family_as_markers(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        def pytest_collection_modifyitems(items):
            for item in items:
                if item.name == "OZ-LAC-005":
                    found = [item.get_closest_marker(name).args[0] for name in ("level", "basis", "family")]
                    print("markers", *found)
        """
    )
    result = run(pytester, "--collect-only", "-q", "-s", "--strict-markers")
    result.stdout.fnmatch_lines(
        [f"markers {SPEC.clauses[MUST].level} {SPEC.clauses[MUST].basis} {families_by_clause(SPEC)[MUST]}"]
    )


def test_our_items_stand_beside_tests(pytester: pytest.Pytester, told: Callable[..., Any]) -> None:
    told()
    pytester.makepyfile("def test_own(): pass")
    result = run(pytester, "--call-api-target", "sim:", "-k", "test_own or OZ-LAC-005")
    result.assert_outcomes(
        passed=2, deselected=len(SPEC.clauses) + len(load_standard_clauses().clauses_for(SPEC)) - 1
    )


def test_the_verdict_stands_in_the_junit_file(pytester: pytest.Pytester, told: Callable[..., Any]) -> None:
    told({MUST: Verdict.FAIL})
    run(pytester, "--call-api-target", "sim:", "--junitxml", "junit.xml", "-o", "junit_family=xunit1")
    text = (pytester.path / "junit.xml").read_text(encoding="utf-8")
    assert '<property name="verdict" value="fail"' in text
    assert '<property name="level" value="must"' in text


def test_the_defect_stands_in_the_junit_file(pytester: pytest.Pytester, told: Callable[..., Any]) -> None:
    told({MUST: Verdict.FAIL, SHOULD: Verdict.FAIL})
    run(pytester, "--call-api-target", "sim:", "--junitxml", "junit.xml", "-o", "junit_family=xunit1")
    text = (pytester.path / "junit.xml").read_text(encoding="utf-8")
    assert text.count('<property name="defect" value="1"') == 2
    assert text.count('<property name="difference" value="part part Seconds"') == 2


def test_a_run_that_has_no_verdict_says_why_and_is_tried_once(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def read_target(*_: Any, **__: Any) -> RunReport:
        tried.append(1)
        raise HarnessError("the file of the key cannot be read")

    monkeypatch.setattr(reading, "read_target", read_target)
    result = run(pytester, "--call-api-target", "sim:", "-m", "access")
    assert result.parseoutcomes()["failed"] >= 3
    result.stdout.fnmatch_lines(["the file of the key cannot be read"])
    assert tried == [1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--call-api", "nobody/knows-it"), "*nobody/knows-it*"),
        (("--call-api", API), "*needs --call-api-target*"),
        (("--call-api-target", "sim:"), "*needs --call-api API*"),
    ],
)
def test_options_that_cannot_be_right_are_told(
    arguments: tuple[str, ...], message: str, pytester: pytest.Pytester
) -> None:
    result = pytester.runpytest_inprocess(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_a_credential_without_a_name_is_told_without_its_value(
    pytester: pytest.Pytester, told: Callable[..., Any]
) -> None:
    told()
    result = run(pytester, "--call-api-target", "sim:", "--call-api-credential", "v3ry-s3cret", "-x")
    assert "v3ry-s3cret" not in result.stdout.str() + result.stderr.str()
    assert result.ret != 0


def test_loading_the_plugin_imports_nothing_else_of_the_harness() -> None:
    code = (
        "import sys, pytest\n"
        "before = set(sys.modules)\n"
        "import harness.pytest_plugin.plugin\n"
        "new = sorted(set(sys.modules) - before - {'harness', 'harness.pytest_plugin'})\n"
        "print(new)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['harness.pytest_plugin.plugin']"


def test_loading_the_plugin_is_little_work() -> None:
    """A few hundred calls of functions, whatever the machine: pytest loads the plugin in every run."""
    code = (
        "import sys, pytest\n"
        "called = []\n"
        "sys.setprofile(lambda frame, event, argument: called.append(event) if event == 'call' else None)\n"
        "import harness.pytest_plugin.plugin\n"
        "sys.setprofile(None)\n"
        "print(len(called))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 2000
