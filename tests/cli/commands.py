"""How the tests run commands: as processes of their own, with nothing of this environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

STAND_IN = (sys.executable, str(Path(__file__).with_name("stand_in.py")))
REAL = (sys.executable, "-m", "harness.cli.main")
API = "ozeki/list-call-history"
SECRET = "Kn0wn-canary-7"
CHECK = ("check", API, "--credential", "Username=someone", "--credential", f"Password={SECRET}")


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLHARNESS_")}
    return {**kept, "NO_COLOR": "1", **more}


def command(
    *arguments: str, program: tuple[str, ...] = REAL, cwd: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*program, *arguments],
        capture_output=True,
        text=True,
        env=environment(**more),
        cwd=cwd,
        timeout=60,
        check=False,
    )


def start(
    *arguments: str, program: tuple[str, ...] = STAND_IN, cwd: Path | None = None, **more: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**more),
        cwd=cwd,
    )
