"""How fast the simulator answers, beside a bare uvicorn application and other mock servers.

    python benchmarks/serve/run.py [--seconds 3] [--rounds 3] [--calls 1000000] [--no-node] [--json FILE]

Servers run on one core, the load generator on another. Before each scenario of a round a bare server is measured,
with as many bytes as our answers have, and these two are compared: on a machine with other work both suffer. Requests
that are repeated were sent once before; those that all differ were not, but the rows they show were. Medians over the
rounds are shown.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
HISTORY, LOGS = "ozeki/list-call-history", "etelecom/list-call-logs"
NODE_PACKAGES = ("@stoplight/prism-cli@5", "@mockoon/cli@9", "json-server@0.17.4", "wiremock@3")


@dataclass
class Server:
    """A server to measure: how it starts, and what tells that it is ready."""

    name: str
    command: list[str]
    port: int
    process: subprocess.Popen[str] | None = None
    start_seconds: float = 0.0
    memory: tuple[int, int] = (0, 0)


@dataclass
class Scenario:
    """What is asked of one server."""

    name: str
    server: str
    requests: list[str]
    # Each request is sent once; `warm` are sent before.
    once: bool = False
    warm: list[str] = field(default_factory=list)
    results: list[dict[str, float]] = field(default_factory=list)
    bare: list[dict[str, float]] = field(default_factory=list)


def pinned(core: int, command: list[str]) -> list[str]:
    """The command on one core, where that can be said."""
    if shutil.which("taskset") is None or (os.cpu_count() or 1) < 2:
        return command
    return ["taskset", "-c", str(core), *command]


def free_port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return int(some.getsockname()[1])


@contextlib.contextmanager
def running(server: Server) -> Iterator[Server]:
    """The server while it runs; it is ready when it takes a connection and answers."""
    began = time.perf_counter()
    log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed below, once the server has ended
    server.process = subprocess.Popen(
        pinned(0, server.command), stdout=log, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        while True:
            try:
                with socket.create_connection(("127.0.0.1", server.port), timeout=1):
                    break
            except OSError:
                if server.process.poll() is not None or time.perf_counter() - began > 120:
                    log.seek(0)
                    raise RuntimeError(f"{server.name} did not start: {log.read()[-600:]}") from None
                time.sleep(0.02)
        server.start_seconds = time.perf_counter() - began
        yield server
        server.memory = memory_of(server.process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGTERM)
        try:
            server.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.process.pid, signal.SIGKILL)
            server.process.wait()
        log.close()


def memory_of(pid: int) -> tuple[int, int]:
    """Megabytes now and at most, of a process and those it started: some servers come in a wrapper."""
    now = most = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) != pid:
                continue
            text = (folder / "status").read_text()
        except OSError:
            continue
        found = {line.split(":")[0]: line.split()[1] for line in text.splitlines() if line.startswith("Vm")}
        now += int(found.get("VmRSS", "0")) // 1024
        most += int(found.get("VmHWM", "0")) // 1024
    return now, most


def cpu_seconds(pid: int) -> float:
    """The processor time that a process, and those that it started, have had."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) == pid:
                numbers = (folder / "stat").read_text().rpartition(")")[2].split()
                ticks += int(numbers[11]) + int(numbers[12])
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def load(
    server: Server, requests: list[str], options: argparse.Namespace, seconds: float, *, once: bool = False
) -> dict[str, float]:
    """What came of so many seconds of requests, and what of the processor each took."""
    assert server.process is not None
    port = server.port
    texts = [text.replace("PORT", str(port), 1) for text in requests]
    before = cpu_seconds(server.process.pid)
    command = [sys.executable, str(HERE / "load.py"), "127.0.0.1", str(port), str(seconds), str(options.connections)]
    command += ["once"] if once else []
    done = subprocess.run(
        pinned(1, command), input=json.dumps(texts), capture_output=True, text=True, check=True, timeout=seconds + 60
    )
    found: dict[str, float] = json.loads(done.stdout)
    # At least a tick: the kernel counts no less.
    took = max(cpu_seconds(server.process.pid) - before, 0.01)
    found["cpu_us"] = took * 1e6 / max(found["requests"], 1)
    return found


# --- what is asked ------------------------------------------------------------------------------------------


def get(target: str) -> str:
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nAccept: */*\r\n\r\n"


def asked(request: Any) -> str:
    """A request of ours as text."""
    headers = [("Host", "127.0.0.1:PORT"), *request.headers]
    if request.body:
        headers.append(("Content-Length", str(len(request.body))))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"{request.method} {request.target.decode()} HTTP/1.1\r\n{head}\r\n" + request.body.decode("latin-1")


def scenarios_of(calls: int, label: str) -> tuple[list[Scenario], list[dict[str, str]]]:
    """The scenarios over one world, and twenty rows for the servers that answer from a file."""
    from harness.serve.simulator import Simulator
    from harness.specification.load import load_spec
    from harness.wire.list_request import ListRequest
    from harness.wire.request_codec import encode_request
    from harness.wire.response_codec import decode_response
    from harness.world import BUSY_HOUR, World

    world = World.of(seed=1, calls=calls)
    history, logs = (Simulator(load_spec(name), world) for name in (HISTORY, LOGS))
    chance = random.Random(7)

    def ask(simulator: Any, values: dict[str, Any]) -> Any:
        who = simulator.users[0]
        access = simulator.documented_spec.listing.access
        names = [name for name in (access.user, access.password) if name] or [access.token]
        credentials = {name: who.credentials[name] for name in names}
        return encode_request(
            simulator.documented_spec,
            ListRequest(values=values, credentials=credentials),
            base_path=simulator.base_path,
        )

    rows = decode_response(history.documented_spec.listing, history.answer(ask(history, {}), BUSY_HOUR)).rows or ()
    many = calls // 20
    # Extensions of the home customer and numbers of outsiders, each with one of the ways a call can end.
    seen = decode_response(
        history.documented_spec.listing, history.answer(ask(history, {"RowsPerPage": "400"}), BUSY_HOUR)
    ).rows
    pairs = [(str(row["Source"]), str(row["State"])) for row in seen or () if isinstance(row, dict)]
    walk, pages_of_walk = [], []
    after = ""
    for _ in range(300):
        values = {"limit": 20, **({"after": after} if after else {})}
        request = ask(logs, values)
        walk.append(asked(request))
        pages_of_walk.append(values)
        answer = decode_response(logs.documented_spec.listing, logs.answer(request, BUSY_HOUR))
        after = str(answer.next_cursor) if answer.rows else ""
    states = [str(two) for two in dict.fromkeys(two for _, two in pairs)]
    first = [asked(ask(history, {"PageNumber": str(n)})) for n in range(min(50, many))]
    sized = [
        {"PageNumber": str(page), "RowsPerPage": str(size), **({"State": state} if state else {})}
        for size in range(11, 31)
        for page in range(30)
        for state in ("", *states)
    ]
    chance.shuffle(sized)
    chosen = [{"Source": one, "State": two} for one, two in dict.fromkeys(pairs)]
    filtered = [{**values, "RowsPerPage": str(size)} for values in chosen for size in range(5, 65)]
    chance.shuffle(filtered)
    anywhere = chance.sample(range(many), min(many, 6_000))
    some = [
        Scenario("first pages", label, first),
        Scenario(
            "two filters",
            label,
            [asked(ask(history, {"Source": one, "State": two})) for one, two in dict.fromkeys(pairs)],
        ),
        Scenario("cursor walk", label, walk),
        Scenario(
            "pages, all different",
            label,
            [asked(ask(history, values)) for values in sized],
            once=True,
            warm=[
                asked(ask(history, {"PageNumber": str(page), "RowsPerPage": "31", **more}))
                for page in range(30)
                for more in ({}, *({"State": state} for state in states))
            ],
        ),
        Scenario(
            "filters, all different",
            label,
            [asked(ask(history, values)) for values in filtered],
            once=True,
            warm=[asked(ask(history, {**values, "RowsPerPage": "65"})) for values in chosen],
        ),
        Scenario(
            "cursor walk, all different",
            label,
            # Another size of page makes the same place another request.
            [asked(ask(logs, {**values, "limit": size})) for size in range(11, 30) for values in pages_of_walk],
            once=True,
            warm=[asked(ask(logs, {**values, "limit": 30})) for values in pages_of_walk],
        ),
        Scenario(
            "rows never shown before",
            label,
            [asked(ask(history, {"PageNumber": str(n)})) for n in anywhere],
            once=True,
        ),
    ]
    return some, [{str(key): str(value) for key, value in row.items()} for row in rows if isinstance(row, dict)]


# --- the servers of others ----------------------------------------------------------------------------------


def node_servers(folder: Path, rows: list[dict[str, str]]) -> list[tuple[Server, Scenario]]:
    """Prism, Mockoon, json-server and WireMock with the nearest thing they can do: twenty rows as JSON."""
    if shutil.which("npm") is None:
        print("no node here: the servers of others are left out", file=sys.stderr)
        return []
    modules = folder / "node_modules" / ".bin"
    if not modules.exists():
        command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder), *NODE_PACKAGES]
        try:
            subprocess.run(command, check=True, timeout=600, capture_output=True)
        except (subprocess.SubprocessError, OSError) as problem:
            print(f"npm could not install the servers of others: {problem}", file=sys.stderr)
    document = {
        "openapi": "3.0.3",
        "info": {"title": "calls", "version": "1"},
        "paths": {
            "/calls": {
                "get": {
                    "responses": {
                        "200": {"description": "calls", "content": {"application/json": {"example": {"calls": rows}}}}
                    }
                }
            }
        },
    }
    (folder / "calls.json").write_text(json.dumps(document))
    many = [{"id": number, **rows[number % len(rows)]} for number in range(1000)]
    (folder / "db.json").write_text(json.dumps({"calls": many}))
    stub = {
        "request": {"method": "GET", "urlPath": "/calls"},
        "response": {"status": 200, "jsonBody": {"calls": rows}},
    }
    mappings = folder / "wiremock" / "mappings"
    mappings.mkdir(parents=True, exist_ok=True)
    (mappings / "calls.json").write_text(json.dumps(stub))
    found = []
    ports = [free_port() for _ in range(4)]
    commands = {
        "prism": ["mock", "-p", str(ports[0]), "-h", "127.0.0.1", str(folder / "calls.json")],
        "mockoon-cli": [
            "start",
            "--data",
            str(folder / "calls.json"),
            "--port",
            str(ports[1]),
            "--disable-log-to-file",
        ],
        "json-server": ["--port", str(ports[2]), "--host", "127.0.0.1", "--quiet", str(folder / "db.json")],
        "wiremock": [
            *("--port", str(ports[3]), "--bind-address", "127.0.0.1", "--disable-banner", "--no-request-journal"),
            *("--root-dir", str(folder / "wiremock"), "--use-chunked-encoding", "never"),
        ],
    }
    targets = dict.fromkeys(commands, "/calls") | {"json-server": "/calls?_page=3&_limit=20"}
    for port, (name, arguments) in zip(ports, commands.items(), strict=True):
        if name == "wiremock" and shutil.which("java") is None:
            print("no java here: WireMock is left out", file=sys.stderr)
        elif (modules / name).exists():
            server = Server(name, [str(modules / name), *arguments], port)
            found.append((server, Scenario("a page", name, [get(targets[name])])))
    return found


# --- the run ------------------------------------------------------------------------------------------------


def serve_command(calls: int, port: int) -> list[str]:
    return [
        *(str(Path(sys.executable).with_name("callharness")), "serve", HISTORY, LOGS),
        *("--calls", str(calls), "--seed", "1", "--port", str(port)),
    ]


def measure(server: Server, scenarios: list[Scenario], options: argparse.Namespace, *, compare: bool) -> None:
    """One round of a server: every scenario, each after a bare server."""
    with running(server):
        for scenario in scenarios:
            # Each request of a round once: an answer of an earlier scenario is in nobody's memory after a restart.
            size = load(server, scenario.warm or scenario.requests[:20], options, 0)["bytes"]
            if not scenario.once:
                load(server, scenario.requests, options, 0)
            if compare:
                with running(bare_server(max(1, round(size / 1024)) * 1024)) as bare:
                    scenario.bare.append(load(bare, [get("/calls")], options, options.seconds))
            scenario.results.append(load(server, scenario.requests, options, options.seconds, once=scenario.once))


def bare_server(size: int, protocol: str = "httptools") -> Server:
    """A bare server that sends so many bytes."""
    port = free_port()
    command = [sys.executable, str(HERE / "bare.py"), str(port), str(size), protocol]
    return Server(f"bare uvicorn ({protocol})", command, port)


def median(scenario: Scenario, name: str) -> float:
    return statistics.median(result[name] for result in scenario.results)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--only", metavar="TEXT", default="", help="only scenarios with this in their names")
    parser.add_argument("--no-node", action="store_true")
    parser.add_argument("--node-folder", type=Path, help="where the servers of others are, or shall be installed")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()

    runs: list[tuple[Server, list[Scenario]]] = []
    labels = {1_000: "ours, 1,000 calls", options.calls: f"ours, {options.calls:,} calls"}
    rows: list[dict[str, str]] = []
    for calls, label in labels.items():
        print(f"preparing {label}", file=sys.stderr)
        scenarios, rows = scenarios_of(calls, label)
        scenarios = [scenario for scenario in scenarios if options.only in scenario.name]
        port = free_port()
        runs.append((Server(label, serve_command(calls, port), port), scenarios))
    with tempfile.TemporaryDirectory() as folder:
        if not options.no_node:
            place = options.node_folder or Path(folder)
            runs += [(server, [scenario]) for server, scenario in node_servers(place, rows)]
        for round_number in range(options.rounds):
            for server, scenarios in list(runs):
                print(f"round {round_number + 1}: {server.name}", file=sys.stderr)
                try:
                    measure(server, scenarios, options, compare=server.name.startswith("ours"))
                except (RuntimeError, subprocess.SubprocessError) as problem:
                    print(f"{server.name} is left out: {problem}", file=sys.stderr)
                    runs = [one for one in runs if one[0] is not server]
    show(runs, options)


def ratio(scenario: Scenario, name: str, *, upside_down: bool = False) -> float:
    """The median over the rounds of our figure over that of the bare server."""
    pairs = zip(scenario.results, scenario.bare, strict=True)
    return statistics.median(
        bare[name] / ours[name] if upside_down else ours[name] / bare[name] for ours, bare in pairs
    )


def show(runs: list[tuple[Server, list[Scenario]]], options: argparse.Namespace) -> None:
    """The table."""
    print(f"{options.rounds} rounds of {options.seconds:g} s, {options.connections} connections; medians\n")

    names = (
        "server",
        "asked",
        "requests/s",
        "CPU µs",
        "p50 ms",
        "p99 ms",
        "of bare",
        "of bare by CPU",
        "p99 of bare",
    )
    print(f"| {' | '.join(names)} | MB now/peak | ready in s |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    lines = []
    for server, scenarios in runs:
        for scenario in scenarios:
            if not scenario.results:
                continue
            rate, cpu, p50, p99 = (median(scenario, name) for name in ("rate", "cpu_us", "p50_ms", "p99_ms"))
            told = ["", "", ""]
            if scenario.bare:
                of_bare, by_cpu = ratio(scenario, "rate"), ratio(scenario, "cpu_us", upside_down=True)
                told = [f"{of_bare:.2f}", f"{by_cpu:.2f}", f"{ratio(scenario, 'p99_ms'):.1f}"]
            errors = sum(result["errors"] for result in scenario.results)
            name = scenario.name + (f" ({errors:.0f} errors)" if errors else "")
            memory = f"{server.memory[0]}/{server.memory[1]}"
            print(
                f"| {server.name} | {name} | {rate:,.0f} | {cpu:.0f} | {p50:.2f} | {p99:.2f} | {' | '.join(told)}"
                f" | {memory} | {server.start_seconds:.1f} |"
            )
            lines.append(
                {
                    "server": server.name,
                    "asked": scenario.name,
                    "rate": rate,
                    "p50_ms": p50,
                    "p99_ms": p99,
                    "cpu_us": cpu,
                }
                | {"bytes": median(scenario, "bytes"), "errors": errors, "memory_mb": server.memory}
                | {"start_seconds": server.start_seconds, "load_busy": median(scenario, "busy"), "of_bare": told}
            )
    if options.json:
        options.json.write_text(json.dumps(lines, indent=1))


if __name__ == "__main__":
    main()
