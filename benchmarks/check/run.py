"""The checker before servers of other hands: which of their defects it tells, and what it blames on correct ones.

    run.py voximplant --alone 20            twenty broken musts, one at a time
    run.py --together 3 --sets 10           sets of three defects and one habit
    run.py --honest 10                      correct servers with three habits each, and 0 to 400 calls
    run.py voximplant --only NAME,NAME      these defects, each alone
    run.py voximplant --with NAME,NAME      one server with all of these

Each server of `servers/` runs as a process of its own, and `callharness check` is put to it as a user would. A
defect is told when a clause fails that the same server without it does not break. Exit 0 when every broken must is
red and no correct server is.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

HERE: Final = Path(__file__).resolve().parent
SERVERS: Final = Path(os.environ.get("SERVERS", HERE / "servers"))
TREE: Final = Path(os.environ.get("TREE", HERE.parents[1]))
"""The checker that is measured: the tree of this file, or another one beside it."""
ROWS: Final = (400, 400, 40, 400, 3, 0, 1, 150)


@dataclass(frozen=True)
class Api:
    """The spec of a server's file, and what the target has more or less than the URL that the server prints."""

    spec: str
    less: str = ""
    more: str = ""
    max_seconds: int = 240
    known: tuple[str, ...] = ()
    """What a vendor knows and no row shows, as `--known-value` takes it."""


APIS: Final[Mapping[str, Api]] = {
    "voximplant": Api("voximplant/get-call-history", less="/platform_api"),
    "enswitch": Api("enswitch/calls-active-list", less="/api/json/calls/active/list/", max_seconds=60),
    "etelecom": Api(
        "etelecom/list-call-logs",
        more=".Etelecom",
        known=(
            *(f"hotline_ids=113045000000000010{number}" for number in (1, 2, 3)),
            *(f"department_id=114000000000000001{number}" for number in (1, 2)),
        ),
    ),
    "ozeki_history": Api("ozeki/list-call-history", less="/api"),
    # A list that moves is watched for most of the time that a run has.
    "ozeki_active": Api("ozeki/list-active-calls", less="/api", max_seconds=60),
}


@dataclass(frozen=True)
class Trial:
    """One server: its file, habits and defects, the number of its calls, and its seed."""

    api: str
    habits: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    rows: int = 400
    seed: int = 1

    @property
    def names(self) -> str:
        return ",".join((*self.habits, *self.defects))


@dataclass(frozen=True)
class Told:
    """What a run of the checker said: exit code, and the colour and message of each broken clause."""

    exit_code: int
    clauses: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    defects: int = 0
    requests: int = 0
    seconds: float = 0.0
    problem: str = ""


@cache
def module_of(api: str) -> ModuleType:
    """The file of a server, with its HABITS and DEFECTS."""
    spec = importlib.util.spec_from_file_location(f"servers_{api}", SERVERS / f"{api}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def target_of(trial: Trial) -> Iterator[str]:
    """The base URL of the server in a process of its own. Raises RuntimeError if it does not start."""
    api = APIS[trial.api]
    command = [sys.executable, str(SERVERS / f"{trial.api}.py"), "--port", "0", "--rows", str(trial.rows)]
    command += ["--seed", str(trial.seed), "--with", trial.names]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout is not None else ""
            word, _, url = line.strip().partition(" ")
            if word != "listening":
                raise RuntimeError(f"{trial.api} with {trial.names}: {line!r} in place of 'listening URL'")
            yield url.removesuffix(api.less) + api.more
        finally:
            process.kill()


@cache
def check(trial: Trial) -> Told:
    """What `callharness check` says of a server."""
    api, users = APIS[trial.api], SERVERS / f"{trial.api}.users.yaml"
    code = "from harness.cli.main import main; raise SystemExit(main())"
    with tempfile.TemporaryDirectory() as folder, target_of(trial) as url:
        report = Path(folder, "report.json")
        command = [sys.executable, "-c", code, "check", api.spec, "--target", url, "--credentials", str(users)]
        command += ["--report", f"json={report}", "--seed", str(trial.seed), "--max-seconds", str(api.max_seconds)]
        # Of a correct server it may not be true: habits change the data.
        command += [word for value in (api.known if trial.defects else ()) for word in ("--known-value", value)]
        began = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(TREE)})
        if not report.exists():
            return Told(done.returncode, problem=(done.stderr or done.stdout)[-300:])
        content = json.loads(report.read_text(encoding="utf-8"))
    clauses: dict[str, tuple[str, str]] = {}
    for one in content["findings"]:
        if one["colour"] == "red" or (one["colour"] == "amber" and one["clause"] not in clauses):
            clauses[one["clause"]] = one["colour"], one["message"]
    return Told(
        exit_code=done.returncode,
        clauses=clauses,
        defects=len({one["defect"] for one in content["findings"]}),
        requests=content["requests"],
        seconds=time.monotonic() - began,
    )


def without_defects(trial: Trial) -> Told:
    """What is said of the same server without its defects."""
    return check(replace(trial, defects=()))


def news_of(trial: Trial) -> Mapping[str, tuple[str, str]]:
    """The clauses that fail by the defects of a server; for one without any, those that fail at all."""
    told = check(trial).clauses
    if not trial.defects:
        return told
    base = without_defects(trial).clauses
    return {clause: said for clause, said in told.items() if clause not in base or said[0] > base[clause][0]}


def is_missed(trial: Trial) -> bool:
    """Whether the run said less, or more, than is due: a broken must that is not red, or a correct server that is."""
    if not trial.defects:
        return check(trial).exit_code not in (0, 5)
    musts = [name for name in trial.defects if module_of(trial.api).DEFECTS[name].must]
    return not news_of(trial) or (bool(musts) and check(trial).exit_code not in (1, 4))


def trials_of(args: argparse.Namespace, api: str) -> list[Trial]:
    """The trials of an API, drawn by the seed."""
    module = module_of(api)
    draw = random.Random(f"{args.seed}/{api}")
    defects, habits = sorted(module.DEFECTS), sorted(module.HABITS)
    names = [name for name in (args.exactly or args.only or "").split(",") if name]
    if unknown := [name for name in names if name not in module.DEFECTS and name not in module.HABITS]:
        raise SystemExit(f"run.py: {api}: unknown {', '.join(unknown)}; see HABITS and DEFECTS in servers/{api}.py")
    rows = args.rows or 400
    if args.exactly is not None:
        wrong = tuple(name for name in names if name in module.DEFECTS)
        return [Trial(api, tuple(name for name in names if name not in wrong), wrong, rows, args.seed)]
    if args.only:
        return [Trial(api, (), (name,), rows, args.seed) for name in names]
    if args.honest:
        drawn = [tuple(draw.sample(habits, 3)) for _ in range(args.honest)]
        return [
            Trial(api, some, (), args.rows or ROWS[number % len(ROWS)], args.seed + number)
            for number, some in enumerate(drawn)
        ]
    if args.together:
        sets = [(draw.choice(habits), tuple(draw.sample(defects, args.together))) for _ in range(args.sets)]
        return [Trial(api, (habit,), some, rows, args.seed + number) for number, (habit, some) in enumerate(sets)]
    musts = [name for name in defects if args.all or module.DEFECTS[name].must]
    draw.shuffle(musts)
    return [Trial(api, (), (name,), rows, args.seed) for name in musts[: args.alone or None]]


def print_trial(trial: Trial) -> None:
    told, missed = check(trial), is_missed(trial)
    names = f"{'<<<< ' if missed else ''}{trial.api} [{', '.join(trial.habits)}] {', '.join(trial.defects)}"
    size = f"rows {trial.rows}, seed {trial.seed}"
    end = f"exit {told.exit_code}, {told.requests} requests, {told.seconds:.0f} s {told.problem}"
    print(f"{names}: {size}, {end}", flush=True)
    for name in trial.defects if missed or len(trial.defects) > 1 else ():
        defect = module_of(trial.api).DEFECTS[name]
        print(f"      {name}{' (must)' if defect.must else ''}: {defect.text} | {defect.quote[:100]}")
    for name in trial.habits if missed and not trial.defects else ():
        print(f"      {name}: {module_of(trial.api).HABITS[name]}")
    for clause, (colour, message) in news_of(trial).items():
        print(f"    {colour:5} {clause} {message[:160]}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("apis", nargs="*", metavar="API", help=f"of {', '.join(APIS)}; all without it")
    parser.add_argument("--alone", type=int, default=0, metavar="N", help="N defects one at a time; all without it")
    parser.add_argument("--all", action="store_true", help="those too that break no plain sentence")
    parser.add_argument("--together", type=int, default=0, metavar="K", help="K defects and a habit in one server")
    parser.add_argument("--sets", type=int, default=5, metavar="N", help="with --together: N servers")
    parser.add_argument("--honest", type=int, default=0, metavar="N", help="N correct servers of three habits each")
    parser.add_argument("--only", metavar="NAME,...", help="these defects, each alone")
    parser.add_argument("--with", dest="exactly", metavar="NAME,...", help="one server with all of these")
    parser.add_argument("--rows", type=int, default=0, metavar="N", help="calls of a server")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="servers at a time")
    args = parser.parse_args(arguments)
    if unknown := [api for api in args.apis if api not in APIS]:
        parser.error(f"unknown {', '.join(unknown)}: of {', '.join(APIS)}")
    missed = 0
    for api in args.apis or APIS:
        trials = trials_of(args, api)
        with ThreadPoolExecutor(args.workers) as pool:
            # What the defects are compared with, each once.
            list(pool.map(check, dict.fromkeys(replace(trial, defects=()) for trial in trials)))
            for trial, _ in zip(trials, pool.map(check, trials), strict=True):
                print_trial(trial)
        told = sum(bool(news_of(trial)) for trial in trials)
        red = sum(check(trial).exit_code in (1, 4) for trial in trials)
        missed += sum(map(is_missed, trials))
        print(f"{api}: {len(trials)} servers, {told} told, {red} red, {sum(map(is_missed, trials))} not as due")
    return int(missed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
