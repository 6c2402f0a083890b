"""The command line with a stand-in for the engine, so that a run takes no time: `python stand_in.py check ...`.

Every third clause fails, the rest pass; STAND_IN_SLOW is how many seconds each takes, the first STAND_IN_QUICK ones
excepted; STAND_IN_DEAF=1 makes the engine not hear a request to stop, STAND_IN_BREAKS=1 makes it raise.
"""

from __future__ import annotations

import os
import sys
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.check.results import findings as f
from harness.check.results.gate import colour_of, gate_colour
from harness.specification.clause_families import families_by_clause
from harness.specification.load import Spec
from harness.wire.http_messages import HttpRequest, HttpResponse

HOSTILE = "\x1b]0;PWN\x07 <script> ::error::x [/oops]"


@dataclass(frozen=True, kw_only=True)
class CheckOptions:
    target: str
    seed: int = 1
    gate: f.Gate = f.Gate.CI
    only: tuple[str, ...] = ()
    evidence: Any = "full"
    stop: Callable[[], str | None] = lambda: None


def events_of(spec: Spec, sender: Any, identities: Any, options: CheckOptions) -> Iterator[f.Event]:
    slow = float(os.environ.get("STAND_IN_SLOW", "0"))
    quick = int(os.environ.get("STAND_IN_QUICK", "0"))
    about = families_by_clause(spec)
    clauses = tuple(spec.clauses)
    yield f.RunStarted(
        api=spec.id, title=spec.title, target=options.target, seed=options.seed, gate=options.gate, clauses=clauses
    )
    results = []
    found = []
    interrupted = None
    password = dict(identities[0].credentials).get("Password", "none")
    for index, (name, clause) in enumerate(spec.clauses.items()):
        if options.only and name not in options.only:
            continue
        answer = sender.send(HttpRequest(method="GET", target=b"/api?command=ListCallHistory"))
        yield f.Exchanged(
            number=index,
            phase="filters",
            purpose="a probe",
            method="GET",
            url=f"http://x/api?Password={password}",
            http_status=answer.http_status,
            seconds=0.001,
            response_body=f"{HOSTILE} {password}" if isinstance(answer, HttpResponse) else "",
        )
        verdict = f.Verdict.FAIL if index % 3 == 1 else f.Verdict.PASS
        colour = colour_of(verdict, level=clause.level, basis=clause.basis, gate=options.gate)
        if verdict is f.Verdict.FAIL:
            found.append(
                f.Finding(
                    clause=name,
                    level=clause.level,
                    basis=clause.basis,
                    family=about[name].value,
                    message="the page holds more rows than asked",
                    expected="20",
                    actual=f"25 {HOSTILE} {password}",
                    colour=colour,
                )
            )
            yield f.FindingMade(finding=found[-1])
        results.append(
            f.ClauseResult(
                id=name,
                level=clause.level,
                basis=clause.basis,
                family=about[name].value,
                says=clause.says,
                source=clause.source,
                verdict=verdict,
                witnesses=index,
                colour=colour,
                counts={verdict: 1},
            )
        )
        yield f.ClauseJudged(result=results[-1])
        if os.environ.get("STAND_IN_BREAKS"):
            raise RuntimeError(f"the stand-in breaks, {password}")
        until = time.monotonic() + (slow if index >= quick else 0)
        while time.monotonic() < until and not interrupted:
            time.sleep(0.01)
            if not os.environ.get("STAND_IN_DEAF"):
                interrupted = interrupted or options.stop()
        if interrupted:
            break
    colour = gate_colour(results)
    yield f.RunEnded(
        report=f.RunReport(
            api=spec.id,
            title=spec.title,
            target=options.target,
            gate=options.gate,
            colour=colour,
            exit_code=1 if colour is f.Colour.RED else 0,
            seed=options.seed,
            requests=len(results),
            seconds=0.0,
            dialect={},
            clauses=tuple(results),
            findings=tuple(found),
            evidence=options.evidence,
            interrupted=interrupted,
            rows_seen=40,
        )
    )


def run_check(
    spec: Spec, sender: Any, identities: Any, options: CheckOptions, listen: Callable[[f.Event], None]
) -> None:
    for event in events_of(spec, sender, identities, options):
        listen(event)


def install() -> None:
    module: Any = types.ModuleType("harness.check.runner")
    module.CheckOptions, module.run_check = CheckOptions, run_check
    sys.modules["harness.check.runner"] = module


if __name__ == "__main__":
    from harness.cli.main import main

    install()
    sys.exit(main())
