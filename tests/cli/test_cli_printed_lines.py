"""The lines of a report run as printed, in a real shell, whatever a password is made of."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import harness
from harness.check.credentials import environment_variable_of
from harness.check.results.shell_lines import variable_name
from harness.output.escaping import visible_text
from harness.serve.authentication import make_key_pair

NASTY = 'it\'s a #$HOME "pass"`id`+%41&b=c;d\\é\N{SNOWMAN}'
# A header holds no other characters; a user of HTTP's basic way may have any password.
NASTY_TOKEN = "it's#$HOME\"tok`id`%41&b;\\"
SHORT = "a b"
ACCOUNT = "MA2025RK4E639VJFZAGV"

# By API: who asks, and a fault that the first requests show.
ACCESS = {
    "asterisk-cdr-api/list-calls": ({"key": NASTY_TOKEN}, "AC-CLS-003/has_recording-missing"),
    "enswitch/calls-active-list": (
        {"auth_username": "reader", "auth_password": NASTY},
        "EN-CAL-066/callerid_external-form",
    ),
    "etelecom/list-call-logs": ({"token": NASTY_TOKEN}, "ET-LCL-010/caller-missing"),
    "ozeki/list-active-calls": ({"Username": "reader", "Password": SHORT}, "OZ-LAC-025/http-500"),
    "ozeki/list-call-history": ({"Username": "reader", "Password": NASTY}, "OZ-LCH-022/CallerId-ignored"),
    "plivo/list-calls": ({"auth_id": ACCOUNT, "auth_token": NASTY}, "PL-CAL-003/total_rate-missing"),
    "plivo/list-live-calls": ({"auth_id": ACCOUNT, "auth_token": NASTY}, "PL-LIV-009/limit-ignored"),
    "telnyx/list-detail-records": ({"token": NASTY_TOKEN}, "TX-DRC-022/call_sec-form"),
    "twilio/list-calls": ({"AccountSid": "AC" + "a1" * 16, "AuthToken": NASTY}, "TW-LCS-009/to-form"),
    "voximplant/get-call-history": ({"account_id": "1", "api_key": NASTY}, "VX-GCH-016/from_date-ignored"),
}
ROLES: dict[str, dict[str, list[str]]] = {
    "enswitch/calls-active-list": {"roles": ["user"]},
    "voximplant/get-call-history": {"roles": ["Owner"]},
}


def run_line(line: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    home, tree = Path(sys.executable).parent, Path(harness.__file__).parents[1]
    env = {**variables, "PATH": f"{home}:{os.environ['PATH']}", "PYTHONPATH": str(tree), "LC_ALL": "C.UTF-8"}
    return subprocess.run(["bash", "-c", line], env=env, capture_output=True, text=True, timeout=60, check=False)


def users_file(folder: Path, api: str, credentials: dict[str, str]) -> Path:
    file = folder / "users.yaml"
    user = {"name": "reader", "credentials": credentials, **ROLES.get(api, {})}
    text = yaml.safe_dump({"users": [user]}, allow_unicode=True)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("api", sorted(ACCESS))
def test_every_printed_request_gets_the_answer_that_was_judged(api: str, tmp_path: Path) -> None:
    credentials, fault = ACCESS[api]
    variables = {variable_name(name): value for name, value in credentials.items()}
    with harness.serve(api, calls=60, users=users_file(tmp_path, api, credentials), faults=[fault]) as server:
        found = harness.check(api, server.urls[api], credentials=credentials, max_requests=45).findings
        assert any(finding.curl for finding in found)
        for finding in found:
            assert not any(value in finding.curl for value in (NASTY, NASTY_TOKEN))
            answer = run_line(finding.curl, variables)
            assert answer.returncode == 0, (finding.curl, answer.stderr)
            judged = finding.response.partition("\n")[2]
            assert visible_text(answer.stdout, limit=1200)[:200] == judged[:200], finding.curl


@pytest.mark.parametrize("source", ["options", "environment", "pipe", "file"])
def test_a_printed_replay_finds_the_same_again_in_another_shell(tmp_path: Path, source: str) -> None:
    api = "ozeki/list-call-history"
    credentials, fault = ACCESS[api]
    users = users_file(tmp_path, api, credentials)
    with harness.serve(api, calls=60, users=users, faults=[fault]) as server:
        options = [f"--credential {name}={shlex.quote(value)}" for name, value in credentials.items()]
        given = {
            "options": " ".join(options),
            "file": f"--credentials {users}",
            "pipe": f"--credentials <(cat {users})",
        }
        own = {environment_variable_of(name): value for name, value in credentials.items()}
        first = run_line(
            f"callharness check {api} --target {server.urls[api]} {given.get(source, '')} --max-requests 45",
            own if source == "environment" else {},
        )
        line = next(line for line in first.stdout.splitlines() if line.startswith("  replay"))
        again = run_line(line.removeprefix("  replay").strip(), {"PASSWORD": NASTY})
    assert "FAIL OZ-LCH-022" in again.stdout, line
    assert again.returncode == 1
    assert "export PASSWORD (Password) first" in first.stdout


def test_printed_lines_of_a_run_that_signs_its_tokens_take_a_token_and_the_key(tmp_path: Path) -> None:
    api, key = "voximplant/get-call-history", tmp_path / "key.pem"
    key.write_text(make_key_pair().private_pem)
    credentials = {"account_id": "1", "key_id": "k", "private_key": str(key)}
    users = users_file(tmp_path, api, {**credentials, "private_key": key.read_text()})
    with harness.serve(api, calls=60, users=users, faults=["VX-GCH-016/from_date-ignored"]) as server:
        report = harness.check(api, server.urls[api], credentials=credentials, max_requests=45)
        finding = next(finding for finding in report.findings if "from_date=" in finding.curl)
        # The words in capitals are what the person who gave the credentials knows.
        (line,) = [note.removeprefix("$ ") for note in report.notes if note.startswith("$ ")]
        line = line.replace("ACCOUNT_ID KEY_ID PRIVATE_KEY_FILE", f"1 k {key}")
        answer = run_line(f"{line}; {finding.curl}", {})
        judged = finding.response.partition("\n")[2]
        assert visible_text(answer.stdout, limit=1200)[:200] == judged[:200], answer.stderr
        again = run_line(finding.replay, {"PRIVATE_KEY": str(key)})
    assert f"FAIL {finding.clause}" in again.stdout, again.stderr
