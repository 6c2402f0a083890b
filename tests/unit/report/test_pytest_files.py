"""Findings as tests of their own: each fails while the defect is there and passes without, and holds no secret."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import get_args

import pytest
from hostile_servers import free_port
from report_samples import HOSTILE, finding, report

import harness
from harness.check.probe.answer_checks import CheckKind
from harness.check.results.findings import RunReport
from harness.cli.main import main
from harness.report.pytest_files import pytest_files

API = "ozeki/list-call-history"
CREDENTIALS = {"Username": "HTTP_User_1", "Password": "qwe123"}
LIVE_API = "plivo/list-live-calls"
LIVE_CREDENTIALS = {"auth_id": "MA2025RK4E639VJFZAGV", "auth_token": "callharness-default"}
# A fault, and what its test looks at.
FAULTS = {
    "OZ-LCH-024/Destination-ignored": "without",
    "OZ-LCH-011/State-missing": "shown",
    "OZ-LCH-034/one-row-more": "at-most",
    "OZ-LCH-038/total-of-the-page": "total",
    "OZ-LCH-044/sorted-by-Source": "sorted",
    "OZ-LCH-007/Message-missing": "part",
    "OZ-LCH-016/Username-not-needed": "no-list",
}
LIVE_FAULTS = {
    "PL-LIV-006/call_direction-ignored": "apart",
    "PL-LIV-007/from_number-ignored": "at-most",
    "PL-LIV-002/no-match-is-an-error": "list",
}


def run_alone(directory: Path, url: str) -> tuple[int, str]:
    """The tests in a directory, run by plain pytest that sees neither this project nor any plugin."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "CALLHARNESS"))
    }
    environment |= {
        "CALLHARNESS_URL": url,
        "CALLHARNESS_CREDENTIAL_PASSWORD": CREDENTIALS["Password"],
        "CALLHARNESS_CREDENTIAL_AUTH_TOKEN": LIVE_CREDENTIALS["auth_token"],
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    words = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "."]
    done = subprocess.run(words, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def honest_urls() -> Iterator[Mapping[str, str]]:
    with harness.serve(API, LIVE_API, calls=60) as server:
        yield server.urls


def checked_files(api: str, fault: str, url: str, directory: Path) -> list[str]:
    """The kinds of checks of the findings under the clause of a fault, whose files stand in the directory then."""
    clause, credentials = fault.partition("/")[0], CREDENTIALS if api == API else LIVE_CREDENTIALS
    run = harness.check(api, url, credentials=credentials, only=[clause], max_requests=120)
    for name, text in pytest_files(run).items():
        (directory / name).write_text(text)
        assert CREDENTIALS["Password"] not in text
        assert LIVE_CREDENTIALS["auth_token"] not in text
    return [json.loads(one.case)["check"]["kind"] for one in run.findings if one.clause == clause]


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", [*FAULTS, *LIVE_FAULTS])
def test_a_test_of_a_finding_fails_with_the_defect_and_passes_without(
    fault: str, honest_urls: Mapping[str, str], tmp_path: Path
) -> None:
    api = API if fault in FAULTS else LIVE_API
    with harness.serve(api, calls=60, faults=[fault]) as broken:
        kinds = checked_files(api, fault, broken.urls[api], tmp_path)
        assert kinds == [{**FAULTS, **LIVE_FAULTS}[fault]]
        code, output = run_alone(tmp_path, broken.urls[api])
        assert (code, "1 failed" in output) == (1, True), output
    code, output = run_alone(tmp_path, honest_urls[api])
    assert (code, "1 passed" in output) == (0, True), output


@pytest.mark.usefixtures("few_combinations")
def test_each_finding_of_rows_that_stand_twice_has_a_test_that_fails_and_passes_without(
    honest_urls: Mapping[str, str], tmp_path: Path
) -> None:
    with harness.serve(API, calls=60, faults=["OZ-LCH-045/a-row-twice"]) as broken:
        only = ["OZ-LCH-045", "OZ-LCH-037", "OZ-LCH-035"]
        run = harness.check(API, broken.urls[API], credentials=CREDENTIALS, only=only, max_requests=120)
        for name, text in pytest_files(run).items():
            (tmp_path / name).write_text(text)
        assert [one.clause for one in run.findings] == ["OZ-LCH-037", "OZ-LCH-045"]
        code, output = run_alone(tmp_path, broken.urls[API])
        assert (code, "2 failed" in output) == (1, True), output
    code, output = run_alone(tmp_path, honest_urls[API])
    assert (code, "2 passed" in output) == (0, True), output


@pytest.mark.usefixtures("few_combinations")
def test_a_test_of_rows_that_are_gone_is_skipped(tmp_path: Path) -> None:
    fault = "OZ-LCH-024/Destination-ignored"
    with harness.serve(API, calls=60, faults=[fault]) as broken:
        assert checked_files(API, fault, broken.urls[API], tmp_path) == ["without"]
    with harness.serve(API, calls=1) as other:
        code, output = run_alone(tmp_path, other.urls[API])
    assert (code, "1 skipped" in output) == (0, True), output


def test_the_files_know_every_kind_of_check() -> None:
    (text,) = (text for name, text in pytest_files(made_report()).items() if name.endswith(".py"))
    assert [kind for kind in get_args(CheckKind) if f'"{kind}"' not in text] == []


def test_a_test_without_its_url_says_what_is_needed(tmp_path: Path) -> None:
    for name, text in pytest_files(made_report()).items():
        (tmp_path / name).write_text(text)
    code, output = run_alone(tmp_path, "")
    assert (code, "CALLHARNESS_URL is needed" in output) == (1, True)


def test_a_test_that_fails_begins_with_its_promise_and_what_is_wrong(tmp_path: Path) -> None:
    fault = "OZ-LCH-024/Destination-ignored"
    with harness.serve(API, calls=60, faults=[fault]) as broken:
        checked_files(API, fault, broken.urls[API], tmp_path)
        _, output = run_alone(tmp_path, broken.urls[API])
    shown = output.partition("FAILURES")[2].splitlines()[2:]
    assert shown[0] == "OZ-LCH-024  Destination keeps exactly the calls that reached that extension"
    assert shown[1].startswith("rows that must not be there: [")
    assert "short test summary" in shown[2]


def test_a_test_without_a_server_says_so_without_a_trace(tmp_path: Path) -> None:
    for name, text in pytest_files(made_report()).items():
        (tmp_path / name).write_text(text)
    url = f"http://127.0.0.1:{free_port()}"
    code, output = run_alone(tmp_path, url)
    assert code == 1
    assert f"no answer from {url}: [Errno 111] Connection refused" in output
    assert "Traceback" not in output
    assert "create_connection" not in output


# --- files that are made by hand ----------------------------------------------------------------------------

CASE = {
    "steps": [{"method": "GET", "target": "/calls?page=1", "body": "", "headers": []}],
    "format": "json",
    "rows_at": "/calls",
    "identity": "id",
    "check": {"kind": "once"},
}


def made_report(message: str = "the total counts all", case: str = json.dumps(CASE)) -> RunReport:
    from dataclasses import replace

    return report(findings=(replace(finding(message=message, actual=message), case=case),))


def without_promise(text: str) -> str:
    """The code of a file but for the text of its promise."""
    tree = ast.parse(text)
    assigned = (node for node in tree.body if isinstance(node, ast.Assign))
    (promise,) = (node for node in assigned if ast.unparse(node.targets[0]) == "PROMISE")
    assert isinstance(promise.value, ast.Constant)
    promise.value = ast.Constant("")
    return ast.dump(tree)


def test_a_hostile_text_stays_in_a_comment_and_in_the_text_of_the_promise() -> None:
    hostile = f'{HOSTILE}\n"""\nimport os; os.remove("x")\n# \\N{{BULLET}}'
    texts = [
        pytest_files(made_report(text))["test_acmepbx_list_calls_ac_lst_021.py"] for text in (hostile, "harmless")
    ]
    one, other = map(without_promise, texts)
    assert one == other


def test_two_findings_of_one_clause_have_files_of_their_own() -> None:
    twice = report(findings=made_report().findings * 2)
    assert sorted(pytest_files(twice)) == [
        "README.md",
        "test_acmepbx_list_calls_ac_lst_021.py",
        "test_acmepbx_list_calls_ac_lst_021_2.py",
    ]


@pytest.mark.parametrize("case", ["", "{", '{"steps": 1}'], ids=["none", "cut", "half"])
def test_a_finding_that_no_answer_shows_stands_in_the_index(case: str) -> None:
    made = pytest_files(made_report(case=case))
    assert list(made) == ["README.md"]
    assert (
        "`AC-LST-021`: no file; it takes other answers, or requests that are signed when they are sent."
        in made["README.md"]
    )


@pytest.fixture
def journal_of(tmp_path: Path) -> Callable[[], Path]:
    def write() -> Path:
        from report_samples import recording

        from harness.report import ReportKind, render_report

        path = tmp_path / "run.ndjson"
        path.write_text(render_report(recording(made_report()), ReportKind.NDJSON))
        return path

    return write


def test_a_journal_gives_the_same_files_and_takes_old_ones_away(
    journal_of: Callable[[], Path], tmp_path: Path
) -> None:
    out = tmp_path / "tests"
    out.mkdir()
    (out / "README.md").write_text("an index")
    (out / "test_old.py").write_text("# CALLHARNESS_URL")
    (out / "test_ours.py").write_text("# another test")
    assert main(["report", str(journal_of()), "--as", "pytest", "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "README.md",
        "test_acmepbx_list_calls_ac_lst_021.py",
        "test_ours.py",
    ]


def test_files_for_findings_need_a_directory(
    journal_of: Callable[[], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(journal_of()), "--as", "pytest"]) == 2
    assert "--out DIRECTORY" in capsys.readouterr().err
