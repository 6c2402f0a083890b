"""The installed command as others run it: as a process, through a shell, and against a target of the test."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fronts import XML_API, Bent, credentials

from harness.wire.http_messages import HttpRequest, HttpResponse

COMMAND: Final = str(Path(sys.executable).with_name("callharness"))
KINDS: Final = ("text", "json", "junit", "html", "ndjson", "har")
PATIENCE: Final = 60.0


def words(url: str, *more: str, api: str = XML_API, kinds: tuple[str, ...] = ()) -> list[str]:
    """The words of a check of this target; the reports are called by their kind."""
    found = ["check", api, "--target", url]
    for name, value in credentials(api).items():
        found += ["--credential", f"{name}={value}"]
    for kind in kinds:
        found += ["--report", f"{kind}={kind}"]
    return [*found, *more]


def environment(place: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLHARNESS_")}
    return {**kept, "TMPDIR": str(place), "NO_COLOR": "1"}


def start(given: list[str], place: Path, *, shell: bool = False, **more: Any) -> subprocess.Popen[str]:
    """The command, started; through a shell if wanted, which it then replaces."""
    line = ["sh", "-c", "exec " + shlex.join([COMMAND, *given])] if shell else [COMMAND, *given]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **more}
    return subprocess.Popen(line, text=True, cwd=place, env=environment(place), **streams)


def in_shell(line: str, place: Path) -> subprocess.CompletedProcess[str]:
    """A shell line in which `callharness` is the installed command."""
    return subprocess.run(
        ["bash", "-c", f'callharness() {{ {shlex.quote(COMMAND)} "$@"; }}\n{line}'],
        capture_output=True,
        text=True,
        cwd=place,
        env=environment(place),
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=False,
    )


def until(happened: Any, *, patience: float = PATIENCE) -> None:
    """Wait, for so long at most, until something has happened."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if happened():
            return
        time.sleep(0.002)
    raise AssertionError("it did not happen")


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def lines_of(path: Path) -> int:
    try:
        return path.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def verdicts(path: Path) -> dict[str, str]:
    return {clause["id"]: clause["verdict"] for clause in json.loads(path.read_text())["clauses"]}


def slowly(number: int, request: HttpRequest, answer: HttpResponse) -> Bent:
    """Honest answers that take a while, so that there is time to be interrupted in."""
    time.sleep(0.02)
    return None


def files_in(place: Path) -> Mapping[str, bytes]:
    return {kind: (place / kind).read_bytes() for kind in KINDS}
