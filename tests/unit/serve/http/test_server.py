"""A server from its first to its last moment: when it listens, what it says of the date, TLS, signals, its end."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from invented_spec import ID, acmepbx

from harness.serve.http.certificates import issue_certificate
from harness.serve.http.limits import ServerLimits
from harness.serve.http.options import ServerOptions
from harness.serve.http.server import PreparedServer, RunningServer, prepare_server, serve_in_thread
from harness.serve.simulator import Simulator
from harness.world import World

GET = b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LAST_GET = b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return Simulator(acmepbx(), World.of(seed=1, calls=5))


@pytest.fixture(scope="module")
def server(simulator: Simulator) -> Iterator[RunningServer]:
    with serve_in_thread([simulator]) as running:
        yield running


def connect(port: int, host: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection((host, port), timeout=60)


def rest_of(sock: socket.socket) -> bytes:
    """What comes until the server closes."""
    parts = []
    while part := sock.recv(65536):
        parts.append(part)
    return b"".join(parts)


def answer(port: int, data: bytes = LAST_GET, host: str = "127.0.0.1") -> bytes:
    """What comes for some bytes on a connection of their own."""
    with connect(port, host) as sock:
        sock.sendall(data)
        return rest_of(sock)


def answer_over_tls(port: int, ca_file: Path, name: str = "localhost") -> bytes:
    context = ssl.create_default_context(cafile=str(ca_file))
    with connect(port) as sock, context.wrap_socket(sock, server_hostname=name) as secured:
        secured.sendall(LAST_GET)
        return secured.recv(12)


def date_of(data: bytes) -> str:
    """The value of the one Date header."""
    (found,) = re.findall(rb"\r\ndate: ([^\r]*)\r\n", data)
    return str(found, "ascii")


# --- it listens ---------------------------------------------------------------------------------------------


def test_who_comes_before_a_server_runs_is_answered_when_it_does(simulator: Simulator) -> None:
    prepared = prepare_server([simulator])
    with connect(prepared.port) as early:
        early.sendall(LAST_GET)
        thread = threading.Thread(target=prepared.run, daemon=True)
        thread.start()
        found = rest_of(early)
    prepared.stop()
    thread.join(timeout=60)
    assert found.startswith(b"HTTP/1.1 404 Not Found\r\n")


def test_the_free_port_that_was_picked_stands_in_the_url(server: RunningServer) -> None:
    assert server.port > 0
    assert server.urls == {ID: f"http://127.0.0.1:{server.port}"}


def test_a_server_takes_a_socket_that_listens_already(simulator: Simulator) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    with serve_in_thread([simulator], ServerOptions(listening_socket=listening)) as running:
        assert (running.port, answer(port)[:12]) == (port, b"HTTP/1.1 404")


def test_an_address_of_the_new_kind_stands_in_brackets(simulator: Simulator) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with serve_in_thread([simulator], ServerOptions(host="::1")) as running:
        assert running.urls == {ID: f"http://[::1]:{running.port}"}
        data = LAST_GET.replace(b"127.0.0.1", b"[::1]:%d" % running.port)
        assert answer(running.port, data, "::1")[:12] == b"HTTP/1.1 404"


def test_a_name_that_was_allowed_is_answered_to(simulator: Simulator) -> None:
    with serve_in_thread([simulator], ServerOptions(allow_hosts=["PBX.example"])) as running:
        assert answer(running.port, LAST_GET.replace(b"127.0.0.1", b"pbx.example"))[:12] == b"HTTP/1.1 404"


# --- the date -----------------------------------------------------------------------------------------------


def test_an_answer_has_a_date_in_the_form_of_the_standard(server: RunningServer) -> None:
    form = r"([A-Z][a-z]{2}), ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
    found = re.fullmatch(form, date_of(answer(server.port)))
    assert found is not None
    day = date(int(found[4]), MONTHS.index(found[3]) + 1, int(found[2]))
    assert found[1] == DAYS[day.weekday()]


@pytest.mark.parametrize("data", [b"GET /nowhere HTTP/3\r\n\r\n", LAST_GET.replace(b"127.0.0.1", b"evil.example")])
def test_a_refusal_has_a_date_too(server: RunningServer, data: bytes) -> None:
    with connect(server.port) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        assert date_of(rest_of(sock)).endswith(" GMT")


def test_the_date_stands_behind_the_other_headers(server: RunningServer) -> None:
    head = answer(server.port).partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in head.split(b"\r\n")[1:]]
    assert names == [b"content-type", b"content-length", b"connection", b"date"]


# --- its end ------------------------------------------------------------------------------------------------


def test_after_the_end_nobody_listens(simulator: Simulator) -> None:
    with serve_in_thread([simulator]) as running:
        assert answer(running.port).startswith(b"HTTP/1.1 404 ")
    with pytest.raises(ConnectionRefusedError):
        connect(running.port)


def test_a_port_can_be_had_again_at_once(simulator: Simulator) -> None:
    with serve_in_thread([simulator]) as first:
        held = connect(first.port)
        held.sendall(GET)
        assert held.recv(12) == b"HTTP/1.1 404"
    with serve_in_thread([simulator], ServerOptions(port=first.port)) as second, held:
        assert answer(second.port).startswith(b"HTTP/1.1 404 ")


def test_a_server_may_be_ended_twice(simulator: Simulator) -> None:
    running = serve_in_thread([simulator])
    running.close()
    running.close()
    with pytest.raises(ConnectionRefusedError):
        connect(running.port)


def test_the_end_of_a_server_is_the_end_of_its_thread(simulator: Simulator) -> None:
    before = set(threading.enumerate())
    running = serve_in_thread([simulator])
    begun = set(threading.enumerate()) - before
    running.close()
    assert [(one.name, one.is_alive()) for one in begun] == [("callharness-serve", False)]


def test_an_error_within_the_block_ends_the_server_and_goes_on(simulator: Simulator) -> None:
    with pytest.raises(KeyError), serve_in_thread([simulator]) as running:
        raise KeyError("ours")
    with pytest.raises(ConnectionRefusedError):
        connect(running.port)


@pytest.mark.parametrize(
    "data", [b"", b"GET /nowh", LAST_GET[:-1]], ids=["nothing", "part of a line", "part of a head"]
)
def test_a_client_in_the_middle_of_nothing_sees_an_orderly_end(simulator: Simulator, data: bytes) -> None:
    with serve_in_thread([simulator]) as running:
        sock = connect(running.port)
        # The answer says that the connection was accepted.
        sock.sendall(GET)
        assert sock.recv(65536).startswith(b"HTTP/1.1 404 ")
        sock.sendall(data)
    with sock:
        assert sock.recv(100) == b""


def test_a_server_that_was_ended_before_it_ran_listens_no_more(simulator: Simulator) -> None:
    prepared = prepare_server([simulator])
    prepared.stop()
    # On a thread, so that a server which runs all the same is found out and does not keep the tests.
    thread = threading.Thread(target=prepared.run, daemon=True)
    thread.start()
    thread.join(timeout=60)
    with pytest.raises(ConnectionRefusedError):
        connect(prepared.port)


def test_two_servers_end_each_for_itself(simulator: Simulator) -> None:
    with serve_in_thread([simulator]) as longer:
        with serve_in_thread([simulator]):
            pass
        assert answer(longer.port).startswith(b"HTTP/1.1 404 ")


# --- signals ------------------------------------------------------------------------------------------------


@contextmanager
def handled(number: signal.Signals, handler: Callable[[int, Any], Any]) -> Iterator[None]:
    """A handler of ours for a signal."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def run_until_signal(prepared: PreparedServer, number: signal.Signals) -> list[str]:
    """Run on this thread; another one sends the signal when an answer has come, and ends it if that does not help."""
    over = threading.Event()
    story: list[str] = []

    def client() -> None:
        story.append(answer(prepared.port)[9:12].decode())
        os.kill(os.getpid(), number)
        if not over.wait(60):
            story.append("deaf")
            prepared.stop()

    thread = threading.Thread(target=client)
    thread.start()
    try:
        prepared.run()
    finally:
        over.set()
        thread.join()
    return story


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_server_on_the_main_thread(simulator: Simulator, number: signal.Signals) -> None:
    with handled(number, lambda *given: None):
        story = run_until_signal(prepare_server([simulator]), number)
    assert story == ["404"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_handled_a_signal_hears_of_it_when_the_server_has_ended(
    simulator: Simulator, number: signal.Signals
) -> None:
    heard: list[tuple[int, bool]] = []
    prepared = prepare_server([simulator])

    def hear(given: int, frame: object) -> None:
        with socket.socket() as sock:
            heard.append((given, sock.connect_ex(("127.0.0.1", prepared.port)) == 0))

    with handled(number, hear):
        run_until_signal(prepared, number)
    assert heard == [(number, False)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_handlers_of_signals_are_put_back(simulator: Simulator, number: signal.Signals) -> None:
    def ours(given: int, frame: object) -> None:
        """Nothing."""

    with handled(number, ours):
        run_until_signal(prepare_server([simulator]), number)
        assert signal.getsignal(number) is ours


def test_an_interrupt_from_the_keyboard_ends_the_server_and_is_raised(simulator: Simulator) -> None:
    with handled(signal.SIGINT, signal.default_int_handler), pytest.raises(KeyboardInterrupt):
        run_until_signal(prepare_server([simulator]), signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_on_another_thread_leaves_signals_alone(simulator: Simulator, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with serve_in_thread([simulator]) as running:
        assert answer(running.port).startswith(b"HTTP/1.1 404 ")
        assert signal.getsignal(number) is before


# --- TLS ----------------------------------------------------------------------------------------------------


def test_a_server_with_tls_leaves_its_authority_in_a_folder_that_it_makes(
    simulator: Simulator, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "tls"
    with serve_in_thread([simulator], ServerOptions(tls_dir=folder)) as running:
        assert running.ca_file == folder / "ca.pem"
        assert answer_over_tls(running.port, folder / "ca.pem") == b"HTTP/1.1 404"
    assert [file.name for file in folder.iterdir()] == ["ca.pem"]


def test_the_authority_has_no_key_beside_it(simulator: Simulator, tmp_path: Path) -> None:
    with serve_in_thread([simulator], ServerOptions(tls_dir=tmp_path)):
        text = (tmp_path / "ca.pem").read_text(encoding="ascii")
    assert re.findall("-----BEGIN ([A-Z ]+)-----", text) == ["CERTIFICATE"]


def test_a_server_without_tls_has_no_authority(server: RunningServer) -> None:
    assert server.ca_file is None


def test_who_does_not_trust_the_authority_does_not_get_in(simulator: Simulator, tmp_path: Path) -> None:
    other = issue_certificate(tmp_path / "other", "127.0.0.1").ca_file
    with (
        serve_in_thread([simulator], ServerOptions(tls_dir=tmp_path / "ours")) as running,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        answer_over_tls(running.port, other)


def test_a_name_that_is_not_in_the_certificate_is_not_trusted(simulator: Simulator, tmp_path: Path) -> None:
    with (
        serve_in_thread([simulator], ServerOptions(tls_dir=tmp_path)) as running,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        answer_over_tls(running.port, tmp_path / "ca.pem", "pbx.example")


def test_two_servers_may_show_one_certificate(simulator: Simulator, tmp_path: Path) -> None:
    certificate = issue_certificate(tmp_path, "127.0.0.1")
    ca_file = certificate.ca_file
    with (
        serve_in_thread([simulator], ServerOptions(certificate=certificate)) as one,
        serve_in_thread([simulator], ServerOptions(certificate=certificate)) as other,
    ):
        assert (one.ca_file, other.ca_file) == (ca_file, ca_file)
        assert {answer_over_tls(running.port, ca_file) for running in (one, other)} == {b"HTTP/1.1 404"}


def test_a_client_that_speaks_plainly_to_tls_gets_nothing(simulator: Simulator, tmp_path: Path) -> None:
    with serve_in_thread([simulator], ServerOptions(tls_dir=tmp_path)) as running, connect(running.port) as sock:
        sock.sendall(LAST_GET)
        assert b"HTTP/1.1" not in rest_of(sock)


def test_a_refused_client_over_tls_sees_its_answer(simulator: Simulator, tmp_path: Path) -> None:
    with serve_in_thread([simulator], ServerOptions(tls_dir=tmp_path)) as running:
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        with connect(running.port) as sock, context.wrap_socket(sock, server_hostname="localhost") as secured:
            secured.sendall(b"GET / HTTP/3\r\n\r\n")
            assert rest_of(secured).startswith(b"HTTP/1.1 505 ")


def test_a_server_with_tls_ends_while_a_client_has_not_shaken_hands(simulator: Simulator, tmp_path: Path) -> None:
    limits = ServerLimits(header_seconds=60)
    with serve_in_thread([simulator], ServerOptions(tls_dir=tmp_path, limits=limits)) as running:
        sock = connect(running.port)
        assert answer_over_tls(running.port, tmp_path / "ca.pem") == b"HTTP/1.1 404"
    sock.close()
    with pytest.raises(ConnectionRefusedError):
        connect(running.port)
