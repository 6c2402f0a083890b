"""`mutate`: which broken promises a command notices, what it is given, and how a run ends and goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.serve.faults.catalogue import faults_of
from harness.specification.load import load_spec

API = "ozeki/list-call-history"
DESTINATION = ("Destination-ignored", "Destination-inverted", "Destination-part-suffices")

# Asks with http.client alone: it is started for every fault.
CLIENT = """
import http.client, os, re, sys, urllib.parse
where = urllib.parse.urlsplit(os.environ["CALLHARNESS_URL"])
def ask(**more):
    line = http.client.HTTPConnection(where.hostname, where.port)
    who = {"Username": os.environ["CALLHARNESS_USER"], "Password": os.environ["CALLHARNESS_PASSWORD"]}
    line.request("GET", "/api?" + urllib.parse.urlencode({"command": "ListCallHistory", **who, **more}))
    return line.getresponse().read().decode()
"""
COUNTS = CLIENT + "assert '<Call>' in ask(Destination='101')\n"
LOOKS = CLIENT + "assert set(re.findall('<Destination>(.*?)<', ask(Destination='101'))) == {'101'}\n"


def script(folder: Path, text: str) -> tuple[str, ...]:
    file = folder / "suite.py"
    file.write_text(text)
    return (sys.executable, "-S", str(file))


def mutate(folder: Path, text: str, *options: str) -> int:
    return main(["mutate", API, *options, "--", *script(folder, text)])


def outcomes(file: Path) -> dict[str, str]:
    return {mutant["id"]: mutant["outcome"] for mutant in json.loads(file.read_text())["mutants"]}


def test_a_suite_that_counts_alone_notices_no_fault_of_a_filter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mutate(tmp_path, COUNTS, "--clause", "OZ-LCH-024") == 1
    text = capsys.readouterr().out
    for name in DESTINATION:
        assert f"NOT NOTICED OZ-LCH-024/{name}  filters, must\n" in text
    assert "RED  0 of 3 broken promises noticed (0 %; 100 % asked for), 4 runs" in text


def test_a_suite_that_looks_at_the_rows_notices_them_in_stable_order_with_several_jobs(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    assert mutate(tmp_path, LOOKS, "--clause", "OZ-LCH-024", "--jobs", "3", "--report", f"json={file}") == 0
    assert list(outcomes(file).items()) == [(f"OZ-LCH-024/{name}", "noticed") for name in DESTINATION]
    assert all(mutant["requests"] == 1 for mutant in json.loads(file.read_text())["mutants"])


def test_enough_is_what_was_asked_for(tmp_path: Path) -> None:
    only = ("--only", "OZ-LCH-024/Destination-ignored", "--only", "OZ-LCH-022/CallerId-ignored")
    assert mutate(tmp_path, LOOKS, *only, "--min-noticed", "50") == 0
    assert mutate(tmp_path, LOOKS, *only, "--min-noticed", "50.1") == 1


def test_a_command_that_hangs_has_noticed_and_is_told_of(tmp_path: Path) -> None:
    hangs = LOOKS.replace("assert set", "import time\nif set").replace("== {'101'}", "!= {'101'}: time.sleep(600)")
    file = tmp_path / "report.json"
    only = ("--only", "OZ-LCH-024/Destination-ignored")
    assert mutate(tmp_path, hangs, *only, "--timeout", "2", "--report", f"json={file}") == 0
    assert list(outcomes(file).values()) == ["timed_out"]


def test_a_command_that_fails_on_right_answers_is_shown_with_its_last_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mutate(tmp_path, "print('first'); raise SystemExit('out of order')") == 2
    told = capsys.readouterr()
    assert "expected  exit code 0 on the honest simulator" in told.err
    assert "    | first\n" in told.err
    assert "    | out of order\n" in told.err
    assert told.out == ""


def test_a_command_that_asks_nobody_is_told_where_to_ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mutate(tmp_path, "pass") == 2
    assert "not one request came" in capsys.readouterr().err


def test_a_command_that_asks_for_another_path_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mutate(tmp_path, COUNTS.replace("/api?", "/other?").replace("assert ", "")) == 2
    assert f"not one request for {API} came (1 for something else did)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--port", "8123", "--jobs", "2"), "one run at a time"),
        (("--only", "OZ-LCH-O24"), "OZ-LCH-024"),
        (("--clause", "OZ-LCH-024/Destination-ignored"), "--clause OZ-LCH-024/Destination-ignored"),
        (("--report", "har=x.har"), "a kind of text, json, junit, html"),
    ],
)
def test_wrong_options_end_it_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
) -> None:
    ran = tmp_path / "ran"
    assert mutate(tmp_path, f"open({str(ran)!r}, 'w')", *options) == 2
    assert said in capsys.readouterr().err
    assert not ran.exists()


def test_no_command_is_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mutate", API]) == 2
    assert "add -- COMMAND" in capsys.readouterr().err


def test_a_sample_is_the_same_for_a_seed_and_keeps_the_order_of_the_catalogue(tmp_path: Path) -> None:
    drawn = []
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        file = tmp_path / name
        mutate(tmp_path, COUNTS, "--sample", "2", "--seed", seed, "--report", f"json={file}")
        drawn.append(list(outcomes(file)))
    assert drawn[0] == drawn[1] != drawn[2]
    places = [fault.id for fault in faults_of(load_spec(API))]
    assert drawn[0] == sorted(drawn[0], key=places.index)
    assert len(drawn[0]) == 2


# --- journals and ends --------------------------------------------------------------------------------------

# Each run leaves a line; the second wrong answer kills the whole of `mutate`, as a power cut would.
LOGGED = CLIENT + "open('runs', 'a').write('run\\n')\nfound = ask(Destination='101')\n"
CUT = (
    LOGGED
    + "import signal\nif open('runs').read().count('run') == 3: os.kill(int(open('main').read()), signal.SIGKILL)"
)
STARTED = (
    "import os, sys\nopen('main', 'w').write(str(os.getpid()))\nfrom harness.cli.main import main\nsys.exit(main())"
)


def run_mutate(folder: Path, command: tuple[str, ...], *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", STARTED, "mutate", API, *options, "--", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_a_killed_run_goes_on_and_runs_nothing_twice(tmp_path: Path) -> None:
    options = ("--clause", "OZ-LCH-024", "--resume", "journal")
    command = script(tmp_path, CUT)
    assert run_mutate(tmp_path, command, *options).returncode == -signal.SIGKILL
    # The honest run and one mutant stand there; the second mutant was not told any more.
    assert len((tmp_path / "journal").read_text().splitlines()) == 3
    # As if the kill had come in the middle of a line.
    with (tmp_path / "journal").open("a") as journal:
        journal.write('{"line": "check", "mut')
    ended = run_mutate(tmp_path, command, *options)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "0 of 3 broken promises noticed" in ended.stdout
    assert (tmp_path / "runs").read_text() == "run\n" * 5
    again = run_mutate(tmp_path, command, *options)
    assert again.stdout.splitlines()[:-1] == ended.stdout.splitlines()[:-1]
    assert (tmp_path / "runs").read_text() == "run\n" * 5


def test_the_journal_of_another_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = ("--resume", str(tmp_path / "journal"))
    assert mutate(tmp_path, LOOKS, "--only", "OZ-LCH-024/Destination-ignored", *journal) == 0
    before = (tmp_path / "journal").read_bytes()
    assert mutate(tmp_path, LOOKS, "--clause", "OZ-LCH-024", "--seed", "2", *journal) == 2
    assert "mutants, seed changed" in capsys.readouterr().err
    assert (tmp_path / "journal").read_bytes() == before


INTERRUPTED = LOGGED + (
    "import signal, time\n"
    "if open('runs').read().count('run') == 3:\n"
    "    open('pid', 'w').write(str(os.getpid()))\n"
    "    os.kill(int(open('main').read()), signal.SIGINT)\n"
    "    time.sleep(600)\n"
)


def test_an_interrupted_run_kills_the_command_and_tells_what_it_knows(tmp_path: Path) -> None:
    ended = run_mutate(
        tmp_path, script(tmp_path, INTERRUPTED), "--clause", "OZ-LCH-024", "--report", "json=report.json"
    )
    assert ended.returncode == 130
    status = Path(f"/proc/{(tmp_path / 'pid').read_text()}/status")
    assert not status.exists() or "State:\tZ" in status.read_text()
    assert "interrupted by SIGINT" in ended.stdout
    assert list(outcomes(tmp_path / "report.json").values()) == ["not_noticed", "not_run", "not_run"]


# --- invalid answers ----------------------------------------------------------------------------------------

READER = """
import os, re
text = open(os.environ["CALLHARNESS_FIXTURE"]).read()
assert "<Code>200<" in text
assert len(re.findall("<StartTime>", text)) == len(re.findall("<Call>", text)), "a call without a start"
"""


def test_invalid_answers_are_read_from_a_file_and_judged_where_the_right_one_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    only = [word for clause in ("OZ-LCH-011", "OZ-LCH-013", "OZ-LCH-016") for word in ("--only", clause)]
    assert mutate(tmp_path, READER, "--fixtures", *only, "--report", f"json={file}") == 1
    # The last of them tells an error in the wrong way; the reader wants no errors at all.
    assert outcomes(file) == {"OZ-LCH-011": "noticed", "OZ-LCH-013": "not_noticed", "OZ-LCH-016": "not_judged"}


def test_invalid_answers_are_served_to_whatever_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    asks = CLIENT + (
        "line = http.client.HTTPConnection(where.hostname, where.port)\n"
        "line.request('POST', '/anything', b'x')\n"
        "answer = line.getresponse()\n"
        "assert 'xml' in answer.getheader('content-type')\n"
        "assert open(os.environ['CALLHARNESS_REQUEST']).readline().startswith('GET /api?command=ListCallHistory')\n"
        "assert answer.read() == open(os.environ['CALLHARNESS_FIXTURE'], 'rb').read()\n"
    )
    only = ("--only", "OZ-LCH-004", "--only", "OZ-LCH-011")
    assert mutate(tmp_path, asks, "--fixtures", *only, "--report", f"json={file}") == 1
    assert outcomes(file) == {"OZ-LCH-011": "not_noticed", "OZ-LCH-004": "noticed"}


def test_a_secret_in_what_the_command_prints_is_masked_everywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "Kn0wn-canary-7"
    prints = LOOKS.replace("assert", "print(os.environ['CALLHARNESS_PASSWORD'])\nassert")
    kinds = [word for kind in ("json", "junit", "html") for word in ("--report", f"{kind}={tmp_path / kind}")]
    options = ("--credential", f"Password={secret}", "--resume", str(tmp_path / "journal"))
    only = ("--only", "OZ-LCH-024/Destination-ignored")
    assert mutate(tmp_path, prints, *only, *options, *kinds) == 0
    assert "***" in json.loads((tmp_path / "json").read_text())["mutants"][0]["output"]
    told = capsys.readouterr()
    places = [told.out, told.err, *((tmp_path / name).read_text() for name in ("json", "junit", "html", "journal"))]
    assert [place for place in places if secret in place] == []


def test_invalid_answers_that_were_run_are_not_run_again(tmp_path: Path) -> None:
    counts = f"open({str(tmp_path / 'runs')!r}, 'a').write('run\\n')\n" + READER
    options = ("--fixtures", "--only", "OZ-LCH-011", "--only", "OZ-LCH-016", "--resume", str(tmp_path / "journal"))
    codes = [mutate(tmp_path, counts, *options) for _ in range(2)]
    # The right answer, the right error, on which the reader fails, and the one wrong answer that can be judged.
    assert (codes, (tmp_path / "runs").read_text()) == ([0, 0], "run\n" * 3)
