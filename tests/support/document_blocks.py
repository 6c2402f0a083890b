"""Blocks of code in documents, and a shell session that runs those of one page in their order, as printed.

An invisible comment right before a block says what is particular about it:

    <!-- file: NAME -->            the block is the content of that file, which later commands read
    <!-- run: exit N -->           the last command ends with N
    <!-- run: long, REASON -->     only where CALLHARNESS_DOCS is 1 (`tox -e docs`)
    <!-- run: install, REASON -->  the same; it is run in a copy of the repository
    <!-- run: never, REASON -->    it cannot run here
    <!-- run: elsewhere, FILE -->  that test runs it
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
WHOLE: Final = os.environ.get("CALLHARNESS_DOCS") == "1"
"""Whether long and installing blocks run, too, and ports are those that are printed."""

_BLOCK: Final = re.compile(
    r"(?:^<!-- (?P<kind>run|file): (?P<note>[^\n]*) -->\n+)?^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_PORT: Final = re.compile(r"\b80(?:80|81)\b")
_COST: Final = re.compile(r"\b\d+(?:\.\d+)? (?=(?:s|requests)\b)")
_LONGEST: Final = 1800 if WHOLE else 300


def documents() -> list[Path]:
    """The pages whose blocks are run."""
    names = ("README.md", "fixtures/README.md", "specs/README.md")
    return [*(REPOSITORY / name for name in names), *sorted((REPOSITORY / "docs").rglob("*.md"))]


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block: its language, its text, where it stands, and what the comment before it says."""

    page: Path
    line: int
    language: str
    text: str
    file: str | None = None
    rule: str = ""
    reason: str = ""
    exit_code: int = 0
    shown: str | None = None

    @property
    def where(self) -> str:
        return f"{name_of(self.page)}:{self.line}"

    @property
    def runs_here(self) -> bool:
        """Whether a session of this run has to run it."""
        return self.rule == "" or (WHOLE and self.rule in ("long", "install"))


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page in their order; `shown` of a command is the text that the page prints right after it."""
    text = page.read_text(encoding="utf-8")
    found, before = [], 0
    for match in _BLOCK.finditer(text):
        kind, note = match["kind"], match["note"] or ""
        rule, _, reason = note.partition(", ") if kind == "run" else ("", "", "")
        code = re.fullmatch(r"exit (\d+)", rule)
        is_next = found and found[-1].language == "sh" and not text[before : match.start()].strip()
        before = match.end()
        if match["language"] == "text":
            if is_next:
                found[-1] = _with_shown(found[-1], match["text"])
            continue
        found.append(
            Block(
                page=page,
                line=text.count("\n", 0, match.start("language")) + 1,
                language=match["language"],
                text=match["text"],
                file=note if kind == "file" else None,
                rule="" if code else rule,
                reason=reason,
                exit_code=int(code[1]) if code else 0,
            )
        )
    return found


def _with_shown(block: Block, shown: str) -> Block:
    values = {name: getattr(block, name) for name in Block.__dataclass_fields__}
    return Block(**{**values, "shown": shown})


def missing_lines(shown: str, output: str) -> list[str]:
    """The printed lines that do not come in the output, in their order; `...` is anything.

    How many requests were sent, and how long it took, is not compared.
    """
    lines = iter([_plain(line) for line in output.splitlines()])
    wanted = [_plain(line) for line in shown.splitlines() if line.strip() not in ("", "...")]
    patterns = [re.compile(r".*".join(re.escape(part) for part in line.split("..."))) for line in wanted]
    return [line for line, pattern in zip(wanted, patterns, strict=True) if not any(map(pattern.search, lines))]


def _plain(line: str) -> str:
    return _COST.sub("N ", " ".join(line.split()))


@dataclass(kw_only=True)
class PageSession:
    """A shell in an empty folder; a server that a page starts answers to its end, or until its port is wanted."""

    folder: Path
    installs: bool = False
    ports: dict[str, str] = field(default_factory=dict)
    servers: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def run(self, block: Block) -> str:
        """Run a block of commands; what they say. Raises AssertionError where one does not end as the page says."""
        said, waiting = "", []
        for command in _commands(block.text):
            if re.match(r"callharness serve\b", command):
                said += self._run_lines(waiting, block, 0)
                waiting = []
                said += self._serve(command, block)
            else:
                waiting.append(command)
        return said + self._run_lines(waiting, block, block.exit_code)

    def _run_lines(self, commands: list[str], block: Block, exit_code: int) -> str:
        if not commands:
            return ""
        # -e: a block ends at the first command that fails, as a reader would.
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", self._ported("\n".join(commands))],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
        assert done.returncode == exit_code, f"{block.where} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def _serve(self, command: str, block: Block) -> str:
        """Start a server and wait until it says that it is ready, as a reader does in another terminal."""
        port = (re.findall(r"--port (\d+)", command) or ["8080"])[0]
        for taken in (port, *_PORT.findall(command)):
            self._end_server(taken)
        log = self.folder / f".serve-{port}"
        if "--port" not in command:
            command += f" --port {port}"
        with log.open("w", encoding="utf-8") as stream:
            self.servers[port] = server = subprocess.Popen(
                ["bash", "-c", "exec " + self._ported(command)],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                text=True,
            )
        while "ready " not in (said := log.read_text(encoding="utf-8")):
            assert server.poll() is None, f"{block.where} ended:\n{said}"
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(timeout=0.05)
        return said

    def end(self) -> None:
        for port in list(self.servers):
            self._end_server(port)

    def _end_server(self, port: str) -> None:
        server = self.servers.pop(port, None)
        if server is not None:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)

    def _ported(self, text: str) -> str:
        """A printed port may be taken on this machine: another stands for it, the same in all of the page."""
        return text if WHOLE else _PORT.sub(lambda match: self.ports.setdefault(match[0], _free_port()), text)

    def printed(self, text: str) -> str:
        """What a command said, with the ports that the page prints."""
        for printed, used in self.ports.items():
            text = re.sub(rf"\b{used}\b", printed, text)
        return text

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CALLHARNESS_", "PYTEST_"))}
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        kept.pop("PYTHONPATH", None)
        source = {} if self.installs else {"PYTHONPATH": str(REPOSITORY)}
        return {**kept, **source, "PATH": path, "COLUMNS": "200"}


@contextlib.contextmanager
def page_session(folder: Path, *, installs: bool = False) -> Iterator[PageSession]:
    """A session; with `installs` the harness is the one that the page installs."""
    session = PageSession(folder=folder, installs=installs)
    try:
        yield session
    finally:
        session.end()


def _commands(text: str) -> list[str]:
    """The commands of a block, one a line; a backslash and what is indented go on with the line before."""
    lines: list[str] = []
    for line in text.splitlines():
        if lines and (lines[-1].endswith("\\") or line.startswith(" ") or line in ("done", "fi")):
            lines[-1] += f"\n{line}"
        else:
            lines.append(line)
    return lines


def _free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])
