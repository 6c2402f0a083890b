"""`callharness serve` as a process: ready lines, faults, the control API, workers, and its end."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from serving_process import API, QUERY, Running, serving


def refused(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli.main", "serve", "--calls", "10", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def test_it_ends_when_told_whatever_is_connected() -> None:
    with serving("--fault", f"{API}:transport/latency=600") as running:
        port = urlsplit(running.urls[API]).port
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        for number, sock in enumerate(held):
            head = f"GET {QUERY} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            sock.sendall(head.encode() + (b"\r\n" if number % 2 else b""))
        time.sleep(0.3)
        told = running.end()
        for sock in held:
            sock.close()
    assert running.process.returncode == 0
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((API, "--fault", f"{API}:NOSUCH"), "NOSUCH"),
        ((API, "--fault", f"{API}:transport/trunkate"), "try transport/truncate"),
        ((API, "--fault", f"{API}:transport/latency=fast"), "latency"),
        ((API, "--fault", "OZ-LCH-034"), "API:CLAUSE"),
        (("nosuch/api",), "nosuch/api"),
        (("twilio/list-calls", "--credential", "token=no-pair"), "name:password in base64"),
        ((API, "--clock", "scaled=0"), "scaled"),
        ((API, "--control-token", "long-enough"), "--control"),
        ((API, "--control", "--control-token", "short"), "--control-token"),
        ((API, "--host", "0.0.0.0"), "loopback"),
        ((API, "--jwt-key", "/nonexistent"), "--jwt-key"),
    ],
)
def test_a_wrong_argument_is_told_and_ends_with_2(arguments: tuple[str, ...], says: str) -> None:
    code, told = refused(*arguments)
    assert code == 2, told
    assert says in told
    assert "Traceback" not in told


def test_a_busy_port_is_told_and_ends_with_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for more in ((), ("--workers", "2")):
            code, told = refused(API, "--port", str(taken.getsockname()[1]), *more)
            assert code == 2, told
            assert "choose another port" in told


def test_requests_are_told_with_v_and_secrets_are_not() -> None:
    with serving("-v") as running:
        assert running.get()[0] == 200
        assert running.get("/api?command=ListCallHistory;Username=x;Password=CANARY-1")[0] == 200
        told = running.end()
    lines = [line for line in told.splitlines() if "GET /api" in line]
    assert len(lines) == 2
    assert "qwe123" not in "".join(lines)
    assert "CANARY" not in told
    assert "Password=***" in lines[0]


def test_the_example_credentials_are_told_at_the_start_unless_others_are_given() -> None:
    apis = (API, "ozeki/list-active-calls", "telnyx/list-detail-records")
    with serving("--credential", "token=mine-alone", apis=apis) as running:
        told = running.end()
    assert told.splitlines() == [
        "ozeki/list-call-history, ozeki/list-active-calls: log in with Username=HTTP_User_1 Password=qwe123"
    ]


def controlled(running: Running, method: str, path: str, body: object = None) -> tuple[int, object]:
    """What the control API of a `serve` answers; it has told its address and its token once."""
    if not running.control:
        assert running.process.stderr is not None
        found = None
        while found is None:
            found = re.search(
                r"control http://(127\.0\.0\.1:[0-9]+) token (\S{20,})", running.process.stderr.readline()
            )
        running.control = (found[1], found[2])
    connection = http.client.HTTPConnection(running.control[0], timeout=60)
    headers = {"Authorization": f"Bearer {running.control[1]}"}
    connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
    response = connection.getresponse()
    told = json.loads(response.read())
    connection.close()
    return response.status, told


def test_the_control_api_is_opened_with_a_token_of_its_own() -> None:
    with serving("--control") as running:
        before = running.get()[1]
        assert controlled(running, "PUT", "/world", {"calls": 7})[0] == 200
        after = running.get()[1]
    assert b"<TotalRecords>60</TotalRecords>" in before
    assert b"<TotalRecords>7</TotalRecords>" in after


def test_faults_are_listed_with_those_of_the_transport() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli.main", "serve", API, "--list-faults"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert any(line.startswith(f"{API}:transport/latency[=VALUE]  ") for line in lines)
    assert any(line.startswith(f"{API}:OZ-LCH-034/") for line in lines)


def pages(ask: list[Running], size: int) -> list[bytes]:
    """Every page of the history, asked of several servers in turn."""
    found = []
    for page in range(100):
        status, body = ask[page % len(ask)].get(f"{QUERY}&RowsPerPage={size}&PageNumber={page}")
        assert status == 200
        if b"<Call>" not in body:
            break
        found.append(body)
    return found


def test_a_walk_over_two_processes_in_turn_is_the_walk_over_one() -> None:
    with serving("--clock", "frozen") as one, serving("--clock", "frozen") as other:
        alone = pages([one], 7)
        together = pages([one, other], 7)
    assert together == alone
    ids = re.findall(rb"<CallID>([^<]+)<", b"".join(together)) or re.findall(rb"<CallId>([^<]+)<", b"".join(together))
    assert len(ids) == len(set(ids)) == 60


def test_a_cursor_of_one_process_is_good_for_another() -> None:
    api = "etelecom/list-call-logs"

    def ask(running: Running, after: str) -> dict[str, object]:
        url = urlsplit(running.urls[api])
        connection = http.client.HTTPConnection(url.netloc, timeout=60)
        body = json.dumps({"paging": {"limit": 9, "after": after}})
        headers = {"Authorization": "Bearer callharness-token", "Content-Type": "application/json"}
        connection.request("POST", f"{url.path}/ListCallLogs", body=body, headers=headers)
        found: dict[str, object] = json.loads(connection.getresponse().read())
        connection.close()
        return found

    began = ("--clock", "scaled=0.001", "--began", "2026-03-02T12:00:00Z")
    with serving(*began, apis=(api,)) as one, serving(*began, apis=(api,)) as other:
        seen: list[str] = []
        after = ""
        for turn in range(30):
            page = ask((one, other)[turn % 2], after)
            logs = page["call_logs"]
            assert isinstance(logs, list)
            if not logs:
                break
            seen += [log["id"] for log in logs]
            paging = page["paging"]
            assert isinstance(paging, dict)
            after = paging["next"]
            if not after:
                break
    assert len(seen) == len(set(seen))
    assert len(seen) >= 50


def test_workers_share_a_port_and_answer_alike(tmp_path: Path) -> None:
    with serving("--workers", "2", "--tls-dir", str(tmp_path)) as running:
        answers = {running.get(ca=tmp_path / "ca.pem") for _ in range(12)}
        told = running.end()
    assert len(answers) == 1
    assert running.process.returncode == 0
    assert "Traceback" not in told


def test_a_change_has_reached_every_worker_when_it_is_confirmed() -> None:
    with serving("--workers", "2", "--control") as running:
        for calls in (7, 9):
            assert controlled(running, "PUT", "/world", {"calls": calls})[0] == 200
            answers = {running.get()[1] for _ in range(10)}
            assert len(answers) == 1
            assert f"<TotalRecords>{calls}</TotalRecords>".encode() in answers.pop()
        # Both are told the same time: a call that begins now begins at one instant.
        assert controlled(running, "PUT", "/clock", {"kind": "scaled"})[0] == 200
        assert controlled(running, "POST", "/calls", {"call_id": 7})[0] == 200
        assert controlled(running, "PUT", "/clock", {"kind": "frozen"})[0] == 200
        assert len({running.get()[1] for _ in range(10)}) == 1
        assert controlled(running, "POST", "/calls", {"call_id": "no number"})[0] == 400
        status, log = controlled(running, "GET", "/requests")
        assert status == 200
        assert isinstance(log, dict)
        assert len(log["requests"]) == 30
        assert [entry["at"] for entry in log["requests"]] == sorted(entry["at"] for entry in log["requests"])
        running.end()
    assert running.process.returncode == 0
