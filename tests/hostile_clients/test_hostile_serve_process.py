"""What a later attack on `serve` found, by row (HD-NN): processes, their ends, and what they have open."""

from __future__ import annotations

import http.client
import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from serving_process import API, QUERY, serving
from wires import read_all, status_of

SERVE = [sys.executable, "-m", "harness.cli.main", "serve", API, "--port", "0", "--calls", "20"]


def workers_of(process: int) -> list[int]:
    """The ids of a process' children."""
    told = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(number) for number in told.split()]


def until(holds: Callable[[], bool]) -> None:
    """Waits until something holds, a minute at most."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_for_end(process: int) -> bool:
    """Whether a process, of whomever, ends within a minute."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 60)[0])
    finally:
        os.close(descriptor)


# --- HD-16 ---------------------------------------------------------------------------------------------------


def test_hd_16_workers_leave_no_key_and_follow_no_link(tmp_path: Path) -> None:
    victim, folder = tmp_path / "victim", tmp_path / "tls"
    victim.write_text("mine")
    folder.mkdir()
    (folder / "server.pem").symlink_to(victim)
    (folder / "ca.pem").symlink_to(victim)
    old_mask = os.umask(0)
    try:
        with serving("--workers", "2", "--tls-dir", str(folder)) as running:
            found = {file.name: file.read_text() for file in folder.iterdir() if not file.is_symlink()}
            assert running.get(ca=folder / "ca.pem")[0] == 200
    finally:
        os.umask(old_mask)
    assert victim.read_text() == "mine"
    assert list(found) == ["ca.pem"]
    assert "PRIVATE" not in found["ca.pem"]
    assert (folder / "ca.pem").stat().st_mode & 0o022 == 0


def test_hd_16_a_key_for_signed_tokens_is_in_a_private_folder_while_it_is_needed(tmp_path: Path) -> None:
    old_mask, before = os.umask(0), os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(tmp_path)
    try:
        with serving(apis=("voximplant/get-call-history",)) as running:
            (key,) = tmp_path.rglob("jwt-key.pem")
            modes = (key.stat().st_mode & 0o777, key.parent.stat().st_mode & 0o777)
            running.end()
    finally:
        os.umask(old_mask)
        del os.environ["TMPDIR"]
        if before is not None:
            os.environ["TMPDIR"] = before
    assert modes == (0o600, 0o700)
    assert list(tmp_path.iterdir()) == []


# --- HD-22 ---------------------------------------------------------------------------------------------------


def test_hd_22_workers_end_with_their_first_process_however_it_ended() -> None:
    with serving("--workers", "2") as running:
        workers = workers_of(running.process.pid)
        assert len(workers) == 2
        running.process.kill()
        assert all(wait_for_end(worker) for worker in workers)
        assert running.process.wait(60) == -9


def test_hd_22_a_worker_that_ends_is_replaced_and_the_port_stays_open() -> None:
    with serving("--workers", "2") as running:
        expected = running.get()
        assert running.process.stderr is not None
        assert "log in with" in running.process.stderr.readline()
        for _ in range(2):
            workers = workers_of(running.process.pid)
            os.kill(workers[0], signal.SIGKILL)
            assert "has ended by itself (signal 9); another one takes its place" in running.process.stderr.readline()
            # The one that is left of the first two goes next: from then on only new ones answer.
        # It is told before it stands: the next answers may come from the one that is left.
        until(lambda: len(workers_of(running.process.pid)) == 2)
        assert {running.get() for _ in range(6)} == {expected}
        told = running.end()
    assert running.process.returncode == 0
    assert "Traceback" not in told


def test_hd_22_workers_that_end_again_and_again_are_not_replaced_for_ever() -> None:
    with serving("--workers", "2") as running:
        assert running.process.stderr is not None
        assert "log in with" in running.process.stderr.readline()
        for _ in range(6):
            os.kill(workers_of(running.process.pid)[0], signal.SIGKILL)
            line = running.process.stderr.readline()
        assert "5 others within a minute" in line
        assert running.process.wait(60) == 3


def test_hd_22_a_worker_that_was_changed_is_told_and_not_replaced() -> None:
    with serving("--workers", "2", "--control") as running:
        workers = workers_of(running.process.pid)
        os.kill(workers[1], signal.SIGKILL)
        told = running.process.communicate(timeout=60)[1]
        assert wait_for_end(workers[0])
    assert running.process.returncode == 3
    assert "worker 2 has ended by itself (signal 9)" in told


def test_hd_22_few_open_files_are_few_connections_and_few_lines() -> None:
    limited = ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", *SERVE]
    process = subprocess.Popen(limited, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process, ExitStack() as stack:
        assert process.stdout is not None
        url = urlsplit(process.stdout.readline().split()[2])
        socks = [
            stack.enter_context(socket.create_connection((url.hostname or "", url.port or 0), timeout=60))
            for _ in range(120)
        ]
        for sock in socks:
            sock.sendall(f"GET {QUERY} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        statuses = [status_of(read_all(sock)) for sock in socks]
        process.terminate()
        told = process.communicate(timeout=60)[1]
    assert set(statuses) <= {200, 503}
    assert 200 in statuses
    assert len(told.splitlines()) <= 25


# --- HD-28 ---------------------------------------------------------------------------------------------------


def status_at(port: int, target: str, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", target, headers={name.replace("_", "-"): value for name, value in headers.items()})
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("workers", ["1", "2"])
def test_hd_28_an_address_that_others_can_reach_wants_a_random_token(workers: str) -> None:
    with serving("--host", "0.0.0.0", "--allow-remote", "--workers", workers, "-v") as running:
        url = urlsplit(running.urls[API])
        found = re.fullmatch(r"/~([A-Za-z0-9_-]{32})", url.path)
        assert found is not None
        assert url.port is not None
        assert status_at(url.port, QUERY) == 401
        assert status_at(url.port, "/~" + "x" * 32 + QUERY) == 401
        assert status_at(url.port, url.path + QUERY) == 200
        assert status_at(url.port, QUERY, Callharness_Token=found[1]) == 200
        told = running.end()
    assert found[1] not in told


def test_hd_28_a_token_of_ones_own_is_masked() -> None:
    given = "my-own-token-for-others"
    with serving("--host", "0.0.0.0", "--allow-remote", "--remote-token", given, "-v") as running:
        url = urlsplit(running.urls[API])
        assert url.port is not None
        assert status_at(url.port, f"/~{given}{QUERY}") == 200
        assert given not in running.urls[API]
        assert given not in running.end()


def test_hd_28_a_loopback_address_wants_none() -> None:
    with serving("--allow-remote") as running:
        assert running.get()[0] == 200


# --- HD-29 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("closed", "code", "more"),
    [
        (">&-", 3, ()),
        ("2>&-", 0, ()),
        (">&- 2>&- <&-", 3, ()),
        ("2>&- <&-", 0, ("--workers", "2", "--control")),
    ],
)
def test_hd_29_closed_streams_are_no_crash(closed: str, code: int, more: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *SERVE, "--max-seconds", "0.2", *more],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == code, done.stderr
    assert "Error" not in done.stderr
    assert list(tmp_path.glob("callharness-crash-*")) == []


@pytest.mark.parametrize("option", ["--users", "--dialect", "--jwt-key"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_hd_29_a_file_that_never_ends_is_told(option: str, kind: str, tmp_path: Path) -> None:
    file = Path("/dev/zero")
    if kind == "pipe":
        file = tmp_path / "pipe"
        os.mkfifo(file)
    done = subprocess.run([*SERVE, option, str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


# --- HD-30 ---------------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_hd_30_the_thousand_and_first_connection_is_told_so() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    try:
        with serving() as running, ExitStack() as stack:
            port = urlsplit(running.urls[API]).port
            socks = [
                stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60)) for _ in range(1500)
            ]
            for sock in socks:
                sock.sendall(f"GET {QUERY} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            statuses = [status_of(sock.recv(65536)) for sock in socks]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert statuses.count(200) >= 1000
    assert statuses.count(200) + statuses.count(503) == 1500
