"""The hostile envelope: what holds for every run of `callharness check`, whatever the target does (E1 to E9).

`hostile_run` runs the command in this process and asserts all of it; `hostile_process` does so for the installed
command as a process of its own.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import html
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import unicodedata
import urllib.parse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import html5lib
import jsonschema
from fronts import CANARY, TOKEN, credentials
from lxml import etree

from harness.cli.main import main

KINDS: Final = ("text", "json", "junit", "html", "ndjson", "har")
EXIT_CODES: Final = (0, 1, 2, 3, 4, 5, 129, 130, 143)
COMMAND: Final = (str(Path(sys.executable).with_name("callharness")),)
MEBIBYTE: Final = 1 << 20
RSS_GROWTH: Final = 64 * MEBIBYTE
# The deadline of an exchange where the clock ends it; elsewhere a loaded machine must not make it end so.
EXCHANGE_SECONDS: Final = 0.5
PATIENT: Final = 10.0
# A run that meets what cannot be answered gives up after so many exchanges.
EXCHANGES_WHEN_BLOCKED: Final = 2
# What lasts so long hangs.
HANG_SECONDS: Final = 120.0
REPOSITORY: Final = Path(__file__).parents[2]
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass(frozen=True, kw_only=True)
class HostileRun:
    """How a run ended, and all that it wrote."""

    exit_code: int
    out: bytes
    err: bytes
    files: Mapping[str, bytes]
    rss_growth: int
    report: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verdicts(self) -> dict[str, str]:
        return {clause["id"]: clause["verdict"] for clause in self.report["clauses"]}

    @property
    def failed(self) -> set[str]:
        return {name for name, verdict in self.verdicts.items() if verdict == "fail"}

    @property
    def blocked(self) -> bool:
        return "blocked" in self.verdicts.values()

    @property
    def actual(self) -> str:
        """What the findings say they saw."""
        return "\n".join(finding["actual"] for finding in self.report["findings"])

    @property
    def said(self) -> str:
        """Everything in words: findings, reasons, notes."""
        return json.dumps(self.report, ensure_ascii=False)

    @property
    def reasons(self) -> list[str]:
        """The journal's reasons for exchanges without a response."""
        lines = [json.loads(line) for line in self.files["ndjson"].decode().splitlines()]
        return [line["reason"] for line in lines if line.get("kind") == "exchange" and line.get("reason")]

    def changed_from(self, other: HostileRun) -> dict[str, tuple[str, str]]:
        """The clauses with another verdict than in another run."""
        mine, theirs = self.verdicts, other.verdicts
        return {name: (theirs[name], mine[name]) for name in mine if mine[name] != theirs[name]}


def arguments(api: str, target: str, out: Path, *more: str, timeout: float = PATIENT) -> list[str]:
    words = ["check", api, "--target", target, "--timeout", str(timeout)]
    for name, value in credentials(api).items():
        words += ["--credential", f"{name}={value}"]
    for kind in KINDS:
        words += ["--report", f"{kind}={out / kind}"]
    return [*words, *more]


# --- in this process ----------------------------------------------------------------------------------------


def hostile_run(
    api: str,
    target: str,
    place: Path,
    *more: str,
    timeout: float = PATIENT,
    exchanges: int | None = EXCHANGES_WHEN_BLOCKED,
) -> HostileRun:
    """Run the command here and assert the envelope; `exchanges` is how many it may need (None: any number)."""
    out = _prepared(place)
    stdout, stderr = _Stream(), _Stream()
    before = _everything_in(place)
    _warm()
    _reset_peak()
    rss = _peak()
    with (
        _writes_noted() as written,
        _connections_noted() as connected,
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        code = main(arguments(api, target, out, *more, timeout=timeout))
    run = _judged(
        place,
        out,
        before,
        code=code,
        stdout=stdout.said(),
        stderr=stderr.said(),
        growth=_peak() - rss,
        exchanges=exchanges,
    )
    astray = [path for path in written if not Path(path).resolve().is_relative_to(out.resolve())]
    assert astray == [], "files opened for writing outside the output directory (E4)"
    port = urllib.parse.urlsplit(target).port
    assert {address[1] for address in connected} <= {port}, "connections to others than the target (E5)"
    assert {address[0] for address in connected} <= {"127.0.0.1", "::1"}
    return run


class _Stream(io.TextIOWrapper):
    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="strict", newline="")

    def said(self) -> bytes:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue()


_noted: list[str] | None = None


def _hear(event: str, details: tuple[Any, ...]) -> None:
    if _noted is None or event != "open":
        return
    path, _, flags = details
    if isinstance(path, str | bytes | os.PathLike) and isinstance(flags, int) and flags & _WRITING:
        name = os.fsdecode(path)
        if name not in ("/dev/null", "/proc/self/clear_refs"):
            _noted.append(name)


@cache
def _listening() -> None:
    sys.addaudithook(_hear)


@contextlib.contextmanager
def _writes_noted() -> Iterator[list[str]]:
    global _noted
    _listening()
    _noted = found = []
    try:
        yield found
    finally:
        _noted = None


@contextlib.contextmanager
def _connections_noted() -> Iterator[list[tuple[Any, ...]]]:
    found: list[tuple[Any, ...]] = []
    honest_connect = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        found.append(address)
        honest_connect(self, address)

    socket.socket.connect = connect  # type: ignore[method-assign,assignment]
    try:
        yield found
    finally:
        socket.socket.connect = honest_connect  # type: ignore[method-assign]


@cache
def _warm() -> None:
    """Import what a run imports, so that its growth is the server's doing."""
    import harness.check.runner
    import harness.report.har
    import harness.report.html
    import harness.report.junit
    import harness.report.text  # noqa: F401


def _reset_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak(process: int | str = "self") -> int:
    """The most memory that a process has held; nothing where the system does not tell."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+([0-9]+)", status)
    return int(found[1]) * 1024 if found else 0


# --- as a process -------------------------------------------------------------------------------------------


@cache
def idle_rss() -> int:
    """What a run needs that meets nobody: the process, its imports, its reports."""
    import tempfile

    with tempfile.TemporaryDirectory() as directory, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        words = arguments("ozeki/list-active-calls", f"http://127.0.0.1:{unused.getsockname()[1]}", Path(directory))
        return _spawned(words, Path(directory), HANG_SECONDS)[3]


def hostile_process(
    api: str,
    target: str,
    place: Path,
    *more: str,
    timeout: float = PATIENT,
    exchanges: int | None = EXCHANGES_WHEN_BLOCKED,
) -> HostileRun:
    """Run the installed command and assert the envelope."""
    out = _prepared(place)
    before = _everything_in(place)
    words = arguments(api, target, out, *more, timeout=timeout)
    status, stdout, stderr, rss = _spawned(words, place, HANG_SECONDS)
    assert not os.WIFSIGNALED(status), f"killed by {signal.Signals(os.WTERMSIG(status)).name} (E1)"
    return _judged(
        place,
        out,
        before,
        code=os.waitstatus_to_exitcode(status),
        stdout=stdout,
        stderr=stderr,
        growth=rss - idle_rss(),
        exchanges=exchanges,
    )


def _spawned(words: Sequence[str], place: Path, patience: float) -> tuple[int, bytes, bytes, int]:
    """Wait status, standard output, standard error, and the peak of the resident memory."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLHARNESS_")}
    home = place / "home"
    with open(place / "stdout", "wb+") as out, open(place / "stderr", "wb+") as err:
        process = subprocess.Popen(
            [*COMMAND, *words],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=place,
            env={**kept, "HOME": str(home), "TMPDIR": str(home), "NO_COLOR": "1"},
        )
        killed_at = time.monotonic() + patience
        # The kernel counts the memory of the parent before `exec` to `ru_maxrss`; this mark is of the command alone.
        peak = 0
        while True:
            peak = max(peak, _peak(process.pid))
            pid, status = os.waitpid(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > killed_at:
                process.kill()
            time.sleep(0.01)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        said, talked = out.read(), err.read()
    for name in ("stdout", "stderr"):
        (place / name).unlink()
    return status, said, talked, peak


# --- the envelope -------------------------------------------------------------------------------------------


def _prepared(place: Path) -> Path:
    out = place / "out"
    for directory in (place, out, place / "home"):
        directory.mkdir(exist_ok=True)
    for kind in KINDS:
        (out / kind).unlink(missing_ok=True)
    return out


def _everything_in(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*")}


def _judged(
    place: Path,
    out: Path,
    before: set[str],
    *,
    code: int,
    stdout: bytes,
    stderr: bytes,
    growth: int,
    exchanges: int | None,
) -> HostileRun:
    assert code in EXIT_CODES, stderr
    assert growth < RSS_GROWTH, f"{growth / MEBIBYTE:.0f} MiB (E3)"
    assert _everything_in(place) - before == {f"out/{kind}" for kind in KINDS}, "files astray (E4)"
    files = {kind: (out / kind).read_bytes() for kind in KINDS}
    report = parsed(files)
    # That an exchange ends at its deadline is held where one is made; here that there are no more of them.
    assert exchanges is None or report["requests"] <= exchanges, f"{report['requests']} exchanges (E1)"
    for name, data in {**files, "stdout": stdout, "stderr": stderr}.items():
        assert leaks(data) == [], f"a canary in {name} (E7)"
    for name, data in (("stdout", stdout), ("stderr", stderr), ("text", files["text"])):
        harmless(data, name)
    assert b"Traceback" not in stdout + stderr, "(E9)"
    assert "error" not in {clause["verdict"] for clause in report["clauses"]}, "(E9)"
    assert report["exit_code"] == code
    return HostileRun(exit_code=code, out=stdout, err=stderr, files=files, rss_growth=growth, report=report)


def parsed(files: Mapping[str, bytes]) -> Mapping[str, Any]:
    """The JSON report; that all six kinds can be read, and agree, is asserted (E6)."""
    report: dict[str, Any] = json.loads(files["json"], parse_constant=_no_constant)
    jsonschema.validate(report, _schema())
    for line in files["ndjson"].decode().splitlines():
        json.loads(line, parse_constant=_no_constant)
    har = json.loads(files["har"], parse_constant=_no_constant)
    assert har["log"]["version"] == "1.2"
    _junit(files["junit"], report)
    _html(files["html"])
    return report


def _no_constant(word: str) -> None:
    raise AssertionError(f"{word} is not JSON")


@cache
def _schema() -> Any:
    return json.loads((REPOSITORY / "harness/report/report.schema.json").read_text())


def _junit(data: bytes, report: Mapping[str, Any]) -> None:
    trees = [etree.fromstring(data, etree.XMLParser(resolve_entities=False)), ElementTree.fromstring(data)]
    assert len(data) < 10_000_000
    for root in trees:
        suites = root.findall("testsuite")
        sums: Counter[str] = Counter()
        for suite in suites:
            cases = suite.findall("testcase")
            children = {
                "tests": len(cases),
                "failures": len(suite.findall("testcase/failure")),
                "errors": len(suite.findall("testcase/error")),
                "skipped": len(suite.findall("testcase/skipped")),
            }
            assert {name: int(suite.get(name) or "") for name in children} == children
            sums.update(children)
        assert {name: int(root.get(name) or "") for name in sums} == dict(sums)
        assert sums["tests"] == len(report["clauses"])
        assert {element.tag for element in root.iter()} <= {
            "testsuites", "testsuite", "testcase", "properties", "property", "failure", "error", "skipped",
        }  # fmt: skip


_HTML_ELEMENTS: Final = frozenset(
    re.findall(
        "[a-z0-9]+",
        "html head meta title style script body header main footer nav section h1 h2 h3 h4 p div dl dt dd ol ul li b "
        "article code span pre details summary table thead tbody tr th td form input select option output button "
        "label br wbr small mark figure figcaption a svg g rect circle line text",
    )
)
# No handler of an event, no style, nothing that loads: `on…`, `style`, `src`, `srcset`, `action` are not among them.
_HTML_ATTRIBUTES: Final = frozenset(
    re.findall(
        "[a-z0-9-]+",
        "lang charset name content class id for type value checked open scope http-equiv aria-label aria-labelledby "
        "aria-live autocomplete role tabindex href rel data-copy data-family data-field data-label data-level "
        "data-verdict cx cy r x y x1 x2 y1 y2 width height text-anchor viewbox",
    )
)


@cache
def _published_addresses() -> str:
    """All that specs and their sources say: an address that is not there is of a server's own making."""
    files = [*(REPOSITORY / "specs").rglob("*.yaml"), *(REPOSITORY / "docs" / "sources").glob("*.md")]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def _html(data: bytes) -> None:
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(data.decode())
    policies, own = [], []
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        tag = element.tag.rpartition("}")[2]
        assert tag in _HTML_ELEMENTS, tag
        assert {str(name).lower() for name, _ in element.items()} <= _HTML_ATTRIBUTES, element.keys()
        for name in ("class", "id", "for"):
            assert re.fullmatch(r"[A-Za-z0-9_. -]*", element.get(name) or "", re.ASCII), element.get(name)
        address = element.get("href")
        assert address is None or address.startswith("#") or address in _published_addresses(), address
        if tag in ("script", "style"):
            digest = base64.b64encode(hashlib.sha256((element.text or "").encode()).digest()).decode()
            own.append(f"{tag}-src 'sha256-{digest}'")
        if element.get("http-equiv") == "Content-Security-Policy":
            policies.append(element.get("content"))
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'")
    # What a server put in would have another hash, and would not run.
    assert len(own) == 2
    assert all(part in policies[0] for part in own), own


# --- harmless text ------------------------------------------------------------------------------------------


def harmless(data: bytes, name: str = "text") -> None:
    """Nothing in it acts on a terminal or on a CI runner."""
    text = data.decode("utf-8")
    acting = {char for char in text if char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert acting == set(), f"{name} (E6)"
    assert runner_commands(text) == [], name


def runner_commands(text: str) -> list[str]:
    """What GitHub's runner would take for commands: a port of the two parsers of its ActionCommand.cs."""
    found = []
    for line in text.splitlines():
        # TryParseV2: white space is trimmed at the left, then the line must begin with `::`.
        if line.lstrip().startswith("::"):
            found.append(line)
        # TryParse: `##[` anywhere, with a `]` after it.
        start = line.find("##[")
        if start >= 0 and line.find("]", start) >= 0:
            found.append(line)
    return found


# --- canaries -----------------------------------------------------------------------------------------------


def leaks(data: bytes) -> list[str]:
    """In which spellings a secret of the run stands in the data."""
    squeezed = re.sub(rb"\s|\\n|\\r", b"", data)
    return [
        f"{spelling!r}"
        for secret in (CANARY, TOKEN)
        for spelling in _spellings(secret)
        if spelling in data or spelling in squeezed
    ]


@cache
def _spellings(secret: str) -> frozenset[bytes]:
    raw = secret.encode()
    found = {
        raw,
        urllib.parse.quote(secret, safe="").encode(),
        urllib.parse.quote(secret).encode(),
        urllib.parse.quote_plus(secret).encode(),
        html.escape(secret).encode(),
        html.escape(secret, quote=False).encode(),
        html.escape(html.escape(secret)).encode(),
        json.dumps(secret)[1:-1].encode(),
        json.dumps(secret)[1:-1].replace("&", "\\u0026").replace("<", "\\u003c").encode(),
        raw.hex().encode(),
        raw.hex().upper().encode(),
        secret[::-1].encode(),
    }
    for shift in range(3):
        encoded = base64.b64encode(b"x" * shift + raw)
        core = encoded[4 if shift else 0 :].rstrip(b"=")[:-2]
        found |= {core, core.replace(b"+", b"-").replace(b"/", b"_")}
    return frozenset(found)
