"""The command line as others rely on it: what it prints, and how it ends."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from commands import API, CHECK, REAL, SECRET, STAND_IN, command, environment

from harness.cli.main import main

HEAVY = (
    "numpy",
    "polars",
    "lxml",
    "jsonschema",
    "rich",
    "httpcore",
    "jinja2",
    "hypothesis",
    "uvicorn",
    "yaml",
    "jwt",
)

OF_CHECK = (
    "--target", "--credential", "--credentials", "--header", "--ca", "--report", "--gate", "--only", "--window",
    "--dialect", "--known", "--write-known", "--known-value", "--world", "--fuzz", "--evidence",
    "--allow-empty", "--max-requests", "--max-seconds", "--rate", "--timeout", "--seed",
)  # fmt: skip
OF_SERVE = (
    "--host", "--allow-host", "--port", "--calls", "--seed", "--clock", "--fault", "--dialect", "--credential",
    "--users", "--jwt-key", "--any-jwt", "--tls", "--tls-dir", "--control",
)  # fmt: skip

LEAST = ("check", "ozeki/list-active-calls", "--target", "sim:")


def test_help_imports_little_and_nothing_heavy() -> None:
    """What is imported is what the start of every command costs."""
    code = (
        "import sys; before = set(sys.modules); from harness.cli.main import main; main(['--help']); "
        "print(*sorted(set(sys.modules) - before), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    imported = done.stderr.split()
    assert [name for name in HEAVY if name in imported] == []
    assert {name for name in imported if name.startswith("harness.")} == {
        "harness.cli",
        "harness.cli.console",
        "harness.cli.main",
        "harness.cli.standard_streams",
        "harness.errors",
    }
    assert len(imported) < 150


def test_help_names_every_verb() -> None:
    text = command("--help").stdout
    verbs = (
        "apis",
        "spec",
        "generate",
        "serve",
        "check",
        "report",
        "resume",
        "dialect",
        "selftest",
        "demo",
        "explain",
    )
    assert [verb for verb in verbs if f"  {verb} " not in text] == []


@pytest.mark.parametrize(
    "verb", ["apis", "check", "dialect", "explain", "generate", "report", "resume", "serve", "spec"]
)
def test_each_verb_has_a_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("option", OF_CHECK)
def test_check_has_the_option(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "--help"])
    assert f"{option} " in capsys.readouterr().out


@pytest.mark.parametrize("option", OF_SERVE)
def test_serve_has_the_option(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["serve", "--help"])
    assert f"{option} " in capsys.readouterr().out


# --- apis and spec ------------------------------------------------------------------------------------------


def test_apis_lists_the_specs() -> None:
    rows = json.loads(command("apis", "--json").stdout)
    assert [row["id"] for row in rows if row["clauses"] < 20] == []
    assert API in [row["id"] for row in rows]


def test_lint_prints_the_count_of_a_spec() -> None:
    assert " 66 clauses: " in command("spec", "lint", API).stdout


def test_lint_ends_red_for_a_spec_with_a_finding(tmp_path: Path) -> None:
    from harness.specification.load import specs_directory

    broken = tmp_path / "mine.yaml"
    text = (specs_directory() / f"{API}.yaml").read_text()
    broken.write_text(text.replace("clause: OZ-LCH-022}", "clause: OZ-LCH-922}", 1))
    found = command("spec", "lint", str(broken))
    assert found.returncode == 1
    assert f"{broken}:" in found.stdout


def test_a_spec_with_a_wrong_key_is_told_with_file_and_line(tmp_path: Path) -> None:
    from harness.specification.load import specs_directory

    broken = tmp_path / "mine.yaml"
    text = (specs_directory() / f"{API}.yaml").read_text()
    broken.write_text(text.replace("        paging:", "        pagging:", 1))
    found = command("spec", "lint", str(broken))
    assert found.returncode == 2
    assert f"{broken}:" in found.stderr


def test_show_prints_clauses_and_choices() -> None:
    text = command("spec", "show", API).stdout
    assert "OZ-LCH-034" in text
    assert "assumed" in text


def test_attributes_prints_what_a_field_can_show() -> None:
    text = command("spec", "attributes", "call").stdout
    assert "  answered_by          word      who or what answered; none if nobody did\n" in text
    assert "human, machine\n" in text
    rows = json.loads(command("spec", "attributes", "--json").stdout)
    assert {row["grain"] for row in rows} == {"session", "call", "leg", "target", "recording", "resource"}
    (legs,) = [row for row in rows if (row["grain"], row["name"]) == ("call", "legs")]
    assert (legs["kind"], legs["rows"]) == ("rows", "leg")


def test_openapi_prints_a_document_without_the_extension() -> None:
    document = json.loads(command("spec", "openapi", API, "--server", "http://x").stdout)
    assert document["servers"] == [{"url": "http://x"}]
    assert "x-listing" not in json.dumps(document)


# --- usage --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["chekc"], "Did you mean check?"),
        (["check", API], "--target"),
        (["check", "nope/nothing", "--target", "sim:"], "callharness apis"),
        (["check", "ozeki/list-cal-history", "--target", "sim:"], f"did you mean {API}?"),
        (["check", "list-call-history", "--target", "sim:"], f"did you mean {API}?"),
        (["check", API, "--target", "sim:", "--only", "24"], "Did you mean OZ-LCH-024?"),
        (["check", API, "--target", "sim:", "--only", "99"], "Its clauses are OZ-LCH-001 to OZ-LCH-053"),
        (["check", API, "--target", "127.0.0.1:80"], "put http://"),
        (["check", API, "--target", "http://u:p@h"], "--credential"),
        (["check", API, "--target", "sim:", "--only", "OZ-LCH-34"], "Did you mean OZ-LCH-034?"),
        (["check", API, "--target", "sim:", "--only", "en-cal-048"], "a clause of enswitch/calls-active-list"),
        (["check", API, "--target", "sim:", "--only", "EN-CAL-48"], "EN-CAL-048 (of enswitch/calls-active-list)"),
        (["check", API, "--target", "sim:", "--report", "jsn=x"], "Did you mean json?"),
        (["check", API, "--target", "sim:", "--report", "json=x", "--report", "text=x"], "more than once"),
        (["check", API, "--target", "sim:", "--window", "2026-03-02..2026-03-01"], "FROM before TO"),
        (["check", API, "--target", "sim:", "--gate", "soft"], "--gate"),
        (["check", API, "--target", "sim:", "--rate", "0"], "above 0"),
        (["check", API, "--target", "sim:", "--known", "nowhere.yaml"], "nowhere.yaml"),
        (["check", API, "--target", "sim:", "--dialect", "nowhere.yaml"], "nowhere.yaml"),
        (["check", API, "--target", "sim:", "--credentials", "nowhere.yaml"], "nowhere.yaml"),
        (["check", API, "--target", "sim:", "--header", "no colon"], "NAME:VALUE"),
        (["check", API, "--target", "sim:", "--credential", "Pasword=x"], "did you mean Password"),
        (["report", "nowhere.jsonl"], "nowhere.jsonl"),
        (["resume", "nowhere.jsonl"], "nowhere.jsonl"),
        (["serve", "--host", "0.0.0.0"], "--allow-remote"),
        (["serve", API, "--fault", f"{API}:OZ-LCH-999"], "OZ-LCH-999"),
        (["serve", API, "--clock", "fast"], "scaled=K"),
        (["spec", "show", API, "--clause", "X"], "a clause of"),
        (["spec", "attributes", "calls"], "one of session, call"),
        (["generate", API, "--traffic", "nosuch", "--out", "x"], "--traffic"),
        (["generate", API, "--format", "nosuch", "--out", "x"], "postman"),
        (["generate", API, "--csv-safe", "--out", "x"], "--format csv"),
        (["generate", API, "--pages", "--out", "x"], "Did you mean '--parts pages'?"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_clear_message(
    arguments: list[str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert expected in said.err
    assert "Traceback" not in said.err
    assert list(tmp_path.iterdir()) == []


# --- a whole run --------------------------------------------------------------------------------------------


def test_a_run_prints_the_report_and_nothing_else_in_a_pipe() -> None:
    found = command(*CHECK, "--target", "sim:", program=STAND_IN)
    assert found.returncode == 1
    assert found.stdout.splitlines()[-2].startswith("RED  ")
    assert found.stdout.splitlines()[-1].startswith("red because ")
    assert found.stderr == ""


def test_every_kind_of_report_is_written_and_holds_no_secret(tmp_path: Path) -> None:
    kinds = ("text", "json", "junit", "html", "ndjson", "har")
    reports = [word for kind in kinds for word in ("--report", f"{kind}={kind}.out")]
    found = command(*CHECK, "--target", "sim:", *reports, program=STAND_IN, cwd=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{kind}.out" for kind in kinds)
    outputs = [path.read_text() for path in tmp_path.iterdir()] + [found.stdout, found.stderr]
    assert not any(SECRET in output for output in outputs)
    assert not any("\x1b" in output for output in outputs)


def test_a_report_may_go_to_standard_output() -> None:
    found = command(*CHECK, "--target", "sim:", "--report", "json=-", program=STAND_IN)
    assert json.loads(found.stdout)["exit_code"] == 1


def test_the_same_seed_gives_the_same_report_but_for_its_time(tmp_path: Path) -> None:
    trees = []
    for name in ("a", "b"):
        command(*CHECK, "--target", "sim:", "--report", f"json={name}", program=STAND_IN, cwd=tmp_path)
        trees.append({**json.loads((tmp_path / name).read_text()), "seconds": 0, "began": ""})
    assert trees[0] == trees[1]


def test_reports_that_cannot_be_written_do_not_cost_the_others(tmp_path: Path) -> None:
    for name in ("taken", "nowhere", "none"):
        (tmp_path / name).mkdir()
    reports = (
        "--report",
        "json=taken",
        "--report",
        "junit=nowhere",
        "--report",
        "ndjson=none",
        "--report",
        "text=ok",
    )
    found = command(*CHECK, "--target", "sim:", *reports, program=STAND_IN, cwd=tmp_path)
    assert found.returncode == 3
    assert (tmp_path / "ok").read_text().startswith(API)
    assert len([line for line in found.stderr.splitlines() if "not written" in line]) == 3


def test_a_report_in_a_folder_that_is_not_there_is_told_before_the_run(tmp_path: Path) -> None:
    found = command(*CHECK, "--target", "sim:", "--report", "junit=no/such/j.xml", program=STAND_IN, cwd=tmp_path)
    assert (found.returncode, found.stdout) == (2, "")
    assert "--report junit=no/such/j.xml" in found.stderr
    assert "a folder that exists" in found.stderr


def test_an_unwritable_report_leaves_the_old_one(tmp_path: Path) -> None:
    old = tmp_path / "taken"
    old.mkdir()
    (old / "inside").write_text("old")
    command(*CHECK, "--target", "sim:", "--report", "json=taken", program=STAND_IN, cwd=tmp_path)
    assert (old / "inside").read_text() == "old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
def test_a_full_standard_output_ends_with_3() -> None:
    with open("/dev/full", "w") as full:
        found = subprocess.run(
            [*STAND_IN, *CHECK, "--target", "sim:"], stdout=full, stderr=subprocess.PIPE, text=True,
            env=environment(), check=False,
        )  # fmt: skip
    assert found.returncode == 3
    assert len(found.stderr.splitlines()) == 1


def test_a_closed_standard_output_ends_as_a_broken_pipe_does() -> None:
    process = subprocess.Popen(
        [*REAL, "apis"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    stderr = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 141
    assert stderr == ""


def test_a_fault_of_ours_ends_with_3_one_line_and_a_saved_traceback(tmp_path: Path) -> None:
    found = command(
        *CHECK, "--target", "sim:", "--report", "json=r.json", program=STAND_IN, cwd=tmp_path,
        STAND_IN_BREAKS="1", TMPDIR=str(tmp_path),
    )  # fmt: skip
    assert found.returncode == 3
    assert len(found.stderr.splitlines()) == 1
    saved = found.stderr.split("the traceback is in ")[1].strip()
    assert "Traceback" in Path(saved).read_text()
    assert SECRET not in Path(saved).read_text() + found.stderr
    assert json.loads((tmp_path / "r.json").read_text())["gate"]["colour"] == "red"


def test_a_report_is_rebuilt_from_the_journal(tmp_path: Path) -> None:
    reports = ("--report", "json=r.json", "--report", "ndjson=r.jsonl")
    command(*CHECK, "--target", "sim:", *reports, program=STAND_IN, cwd=tmp_path)
    rebuilt = command("report", "r.jsonl", "--as", "json", cwd=tmp_path).stdout
    assert json.loads(rebuilt) == json.loads((tmp_path / "r.json").read_text())


def test_known_failures_take_part(tmp_path: Path) -> None:
    command(*CHECK, "--target", "sim:", "--write-known", "known.yaml", program=STAND_IN, cwd=tmp_path)
    text = (tmp_path / "known.yaml").read_text()
    found = command(*CHECK, "--target", "sim:", "--known", "known.yaml", program=STAND_IN, cwd=tmp_path)
    assert (found.returncode, "a reason in words" in found.stderr) == (2, True)
    entries = text.split("\n- ")
    # Refusals of strangers may not be waived, so their entries go.
    kept = [
        entry for entry in entries[1:] if not any(name in entry for name in ("-017", "-020", "-016", "-019", "-018"))
    ]
    filled = "\n- ".join(["", *kept]).lstrip("\n")
    for key in ("reason", "owner", "issue"):
        filled = filled.replace(f"{key}: ''", f"{key}: x")
    (tmp_path / "known.yaml").write_text(filled)
    found = command(*CHECK, "--target", "sim:", "--known", "known.yaml", program=STAND_IN, cwd=tmp_path)
    assert "known failures: " in found.stdout
    assert "waived" in found.stdout


FLAKY = """
- id: W-1
  clause: OZ-LAC-001
  reason: the switch restarts now and then
  owner: team
  issue: https://tracker.example/1
  added: {today}
  expires: {later}
  flaky: {{runs: 3, min_pass: 2, straight: {straight}}}
"""


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of a run of the least API against the simulator."""
    place = tmp_path_factory.mktemp("once")
    found = command(*LEAST, "--report", "json=r.json", cwd=place)
    assert found.returncode == 0, found.stderr
    return dict(json.loads((place / "r.json").read_text()))


@pytest.mark.parametrize(("straight", "code", "said"), [(2, 0, ""), (17, 1, "20 passes in a row: remove W-1")])
def test_a_flaky_clause_is_run_again_and_leaves_the_list_after_twenty_passes(
    straight: int, code: int, said: str, once: dict[str, Any], tmp_path: Path
) -> None:
    today = datetime.now(UTC).date()
    known = FLAKY.format(today=today, later=today + timedelta(days=20), straight=straight)
    (tmp_path / "known.yaml").write_text("flaky:" + known.replace("\n", "\n  "))
    found = command(*LEAST, "--known", "known.yaml", "--report", "har=r.har", cwd=tmp_path)
    assert found.returncode == code, found.stderr
    assert said in found.stdout
    # Twice more, with what the clause needs.
    again = len(json.loads((tmp_path / "r.har").read_text())["log"]["entries"]) - once["requests"]
    assert (0 < again < 2 * once["requests"], again % 2) == (True, 0)


def test_what_was_exercised_last_time_is_missed_now(once: dict[str, Any], tmp_path: Path) -> None:
    words = (*LEAST, "--report", "json=r.json")
    report = copy.deepcopy(once)
    skipped = [one for one in report["clauses"] if one["verdict"] in ("not_exercised", "not_applicable")]
    assert skipped
    for one in skipped:
        one["verdict"] = "pass"
    (tmp_path / "last.json").write_text(json.dumps(report))
    found = command(*words, "--baseline", "last.json", cwd=tmp_path)
    now = {one["id"]: one for one in json.loads((tmp_path / "r.json").read_text())["clauses"]}
    assert found.returncode == 0
    for one in skipped:
        assert now[one["id"]]["colour"] == "amber"
        assert "it was exercised last time" in now[one["id"]]["reason"]
    (tmp_path / "last.json").write_text("[]")
    refused = command(*words, "--baseline", "last.json", cwd=tmp_path)
    assert (refused.returncode, "the JSON report of an earlier run" in refused.stderr) == (2, True)


def test_generate_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert command("generate", API, "--calls", "20", "--seed", "3", "--out", name, cwd=tmp_path).returncode == 0
    files = [
        {str(path.relative_to(tmp_path / name)): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("a", "b")
    ]
    assert files[0] == files[1]


def test_serve_lists_its_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", API, "--list-faults"]) == 0
    assert f"{API}:OZ-LCH-" in capsys.readouterr().out


def test_a_target_that_is_down_ends_with_4() -> None:
    found = command(*CHECK, "--target", "http://127.0.0.1:1")
    assert found.returncode == 4
    assert "127.0.0.1:1" in found.stdout + found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize("words", [("spec", "show"), ("spec", "lint"), ("serve", "--list-faults"), ("explain",)])
def test_nothing_in_a_spec_acts_on_the_terminal(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Path(__file__).parents[1] / "support" / "acmepbx.yaml").read_text(encoding="utf-8")
    text = text.replace('says: "calls are listed by GET at /calls"', 'says: "calls \\e[2J\\u202e are listed by GET"')
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    more = ("--clause", "AC-LST-001") if words[-1] == "show" else ("AC-LST-001",) if words == ("explain",) else ()
    main([*words, str(tmp_path / "own.yaml"), *more])
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert "\u202e" not in shown.out + shown.err


def test_drafts_of_known_failures_do_not_take_the_place_of_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "known.yaml").write_text("known: []\n", encoding="utf-8")
    file = str(tmp_path / "known.yaml")
    assert main([*LEAST, "--known", file, "--write-known", str(tmp_path / "." / "known.yaml")]) == 2
    assert "the file of --known, whose entries would be lost" in capsys.readouterr().err
    assert (tmp_path / "known.yaml").read_text(encoding="utf-8") == "known: []\n"
