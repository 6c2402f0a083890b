"""`callharness selftest`: the checker is checked. Honest simulators must pass, every fault must be found."""

from __future__ import annotations

import os
import random
import statistics
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final

import click

from harness.cli.console import Console

if TYPE_CHECKING:
    from harness.serve.simulator import Simulator
    from harness.specification.dialect import Dialect
    from harness.specification.load import Spec
    from harness.wire.http_messages import HttpRequest, HttpResponse
    from harness.world import World

# Worlds that decide everything and still answer quickly.
TRIAL_CALLS: Final = 700
KNOWN_VALUES_PER_FILTER: Final = 4
WORLD_SIZES: Final = (0, 1, 3, 40, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run of the checker against one simulator: what to serve, and with which chance.

    `step_seconds` is how far the world's clock moves with every request; 0 for a frozen world. `told_hidden` gives
    the checker values of attributes that no row shows, as `--known-value` does.
    """

    api: str
    fault: str | None = None
    calls: int = TRIAL_CALLS
    seed: int = 7
    check_seed: int = 1
    dialect: Mapping[str, Any] = field(default_factory=dict)
    step_seconds: float = 0.0
    told_hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """What a trial showed. `clauses` are the findings' clauses, the first evidence first."""

    trial: Trial
    clauses: tuple[str, ...]
    red: tuple[str, ...]
    requests: int
    first_evidence: int | None
    undecided: tuple[str, ...] = ()
    rows: int = 0
    messages: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether the checker blamed the simulator for anything."""
        return bool(self.clauses)

    @property
    def is_right_clause(self) -> bool:
        """Whether the fault was found under its own clause."""
        return self.trial.fault is not None and self.trial.fault.partition("/")[0] in self.clauses


class DirectSender:
    """A sender that asks a simulator in this process, without a network."""

    def __init__(self, simulator: Simulator, at: datetime, *, step_seconds: float = 0.0) -> None:
        self._simulator = simulator
        self._base = simulator.base_path.encode("ascii")
        self._now = at
        self._step = timedelta(seconds=step_seconds)

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse:
        """The simulator's answer."""
        self._now += self._step
        answer = self._simulator.answer(replace(request, target=self._base + request.target), self._now)
        date = format_datetime(self._now.astimezone(UTC), usegmt=True)
        return replace(answer, headers=(*answer.headers, ("Date", date)))


def run_trial(trial: Trial) -> TrialResult:
    """Run the checker against the simulator of a trial."""
    from harness.check.options import CheckOptions
    from harness.check.results.findings import Colour, RunEnded, RunReport, Verdict
    from harness.check.runner import run_check
    from harness.check_target import simulator_identities
    from harness.serve.authentication import make_key_pair
    from harness.serve.faults.catalogue import find_faults
    from harness.serve.simulator import Simulator
    from harness.specification.dialect import Dialect
    from harness.specification.load import load_spec
    from harness.world import World

    spec = load_spec(trial.api)
    world = World.of(seed=trial.seed, calls=trial.calls)
    faults = find_faults(spec, trial.fault) if trial.fault else ()
    key = make_key_pair() if spec.listing.access.jwt is not None else None
    simulator = Simulator(spec, world, dialect=Dialect(trial.dialect), faults=faults, key=key)
    known_values = values_of_unshown_filters(spec, world, Dialect(trial.dialect)) if trial.told_hidden else {}
    options = CheckOptions(
        now=world.instant, target="http://127.0.0.1:0", seed=trial.check_seed, known_values=known_values
    )
    report: RunReport | None = None
    for event in run_check(
        spec,
        DirectSender(simulator, world.instant, step_seconds=trial.step_seconds),
        simulator_identities(simulator),
        options,
    ):
        if isinstance(event, RunEnded):
            report = event.report
    assert report is not None
    alarms = sorted(
        (finding for finding in report.findings if finding.colour in (Colour.RED, Colour.AMBER)),
        key=lambda finding: finding.found_after,
    )
    open_verdicts = (Verdict.INCONCLUSIVE, Verdict.NOT_EXERCISED, Verdict.BLOCKED, Verdict.NOT_RUN, Verdict.ERROR)
    return TrialResult(
        trial=trial,
        clauses=tuple(finding.clause for finding in alarms),
        red=tuple(finding.clause for finding in alarms if finding.colour is Colour.RED),
        requests=report.requests,
        first_evidence=alarms[0].found_after if alarms else None,
        undecided=tuple(
            f"{result.id}: {result.verdict}" for result in report.clauses if result.verdict in open_verdicts
        ),
        rows=report.rows_seen,
        messages=tuple(f"{finding.clause}: {finding.message} [{finding.actual}]" for finding in alarms),
    )


def values_of_unshown_filters(spec: Spec, world: World, dialect: Dialect) -> dict[str, tuple[str, ...]]:
    """Some values that really occur, for every filter on what no row shows; the commonest ones."""
    from harness.generate.rows import row_set_of

    rows = row_set_of(spec, world, dialect)
    values_by_filter: dict[str, tuple[str, ...]] = {}
    for name, rule in spec.listing.filters.items():
        paths = [path for path in rule.compares if path.hidden]
        counts = Counter(
            str(value) for path in paths for index in range(len(rows)) for value in rows.values_at(index, path)
        )
        if counts:
            values_by_filter[name] = tuple(value for value, _ in counts.most_common(KNOWN_VALUES_PER_FILTER))
    return values_by_filter


def trial_as_json(trial: Trial) -> dict[str, Any]:
    """The trial as JSON has it: its dialect with the texts of a dialect file."""
    from harness.specification.dialect import written_answer

    return {**asdict(trial), "dialect": {name: written_answer(answer) for name, answer in trial.dialect.items()}}


def random_dialect(spec: Spec, rng: random.Random) -> dict[str, Any]:
    """Answers to a spec's open choices, drawn at random."""
    answers: dict[str, Any] = {}
    for name, choice in spec.choices.items():
        if choice.options:
            answers[name] = rng.choice(choice.options)
        elif choice.kind == "integer" and rng.random() < 0.5:
            answers[name] = rng.choice((10, 25, 50, 100))
    return answers


def trials_of(api: str, *, seeds: Sequence[int], honest: int) -> list[Trial]:
    """The trials of one API: every fault with every seed, and so many honest ones over sizes and dialects."""
    from harness.serve.faults.catalogue import faults_of
    from harness.specification.load import load_spec

    spec = load_spec(api)
    trials = [Trial(api=api, seed=seed) for seed in seeds]
    rng = random.Random(f"{api} {honest}")  # noqa: S311 - chance that can be repeated, not a secret
    for index in range(honest):
        calls = WORLD_SIZES[index % len(WORLD_SIZES)]
        dialect = random_dialect(spec, rng) if index % 2 else {}
        trials.append(Trial(api=api, calls=calls, seed=rng.randrange(10_000), check_seed=index, dialect=dialect))
    for fault in faults_of(spec):
        step = clock_step_of(fault.id)
        hidden = needs_hidden_values(spec, fault.id)
        trials += [Trial(api=api, fault=fault.id, seed=seed, step_seconds=step, told_hidden=hidden) for seed in seeds]
    return trials


def needs_hidden_values(spec: Spec, fault_id: str) -> bool:
    """Whether a fault is about a filter on what no row shows: nobody finds it without values that occur."""
    clause = fault_id.partition("/")[0]
    return any(
        clause in rule.clause and any(path.hidden for path in rule.compares) for rule in spec.listing.filters.values()
    )


def clock_step_of(fault_id: str) -> float:
    """How far the clock must move with a request: what grows between two polls shows only while it moves."""
    return 1.0 if fault_id.partition("/")[2].startswith(("never-falls", "stands-still", "left-out")) else 0.0


def run_trials(trials: Sequence[Trial], *, workers: int) -> Iterator[TrialResult]:
    """The result of each trial, as it comes."""
    if workers <= 1:
        yield from map(run_trial, trials)
        return
    with ProcessPoolExecutor(max_workers=workers) as pool:
        futures: list[Future[TrialResult]] = [pool.submit(run_trial, trial) for trial in trials]
        for future in as_completed(futures):
            yield future.result()


def score_results(results: Sequence[TrialResult]) -> dict[str, Any]:
    """The figures of a self-test."""
    faulty = [result for result in results if result.trial.fault]
    honest = [result for result in results if not result.trial.fault]
    found = [result for result in faulty if result.found]
    first_evidence = [result.first_evidence for result in found if result.first_evidence is not None]
    return {
        "faults": len(faulty),
        "found": len(found),
        "right_clause": sum(result.is_right_clause for result in faulty),
        "missed": sorted(f"{result.trial.api}:{result.trial.fault}" for result in faulty if not result.found),
        "misattributed": sorted(
            f"{result.trial.api}:{result.trial.fault} as {', '.join(result.clauses[:3])}"
            for result in found
            if not result.is_right_clause
        ),
        "findings_per_fault": statistics.median([len(result.clauses) for result in found]) if found else 0,
        "honest_runs": len(honest),
        "false_alarms": sorted(
            f"{result.trial.api} calls={result.trial.calls} seed={result.trial.seed}: "
            + "; ".join(result.messages[:3])
            for result in honest
            if result.found
        ),
        "median_requests": statistics.median([result.requests for result in results]) if results else 0,
        "most_requests": max((result.requests for result in results), default=0),
        "median_first_evidence": statistics.median(first_evidence) if first_evidence else 0,
    }


@click.command()
@click.argument("apis", metavar="[API]...", nargs=-1)
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="Worlds per fault.")
@click.option(
    "--honest", type=click.IntRange(0), default=10, show_default=True, metavar="N", help="Honest runs per API."
)
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes (default: one per core).")
@click.option("--json", "as_json", is_flag=True, help="The score and every trial as JSON.")
@click.pass_obj
def selftest(
    console: Console, /, apis: tuple[str, ...], seeds: int, honest: int, workers: int | None, as_json: bool
) -> int:
    """Serve every spec with every fault to the checker, and print how many it finds.

    Exit 0 when every fault is found and no honest simulator is blamed, else 1.
    """
    from harness.specification.load import spec_ids

    results: list[TrialResult] = []
    trials = [
        trial
        for api in (apis or spec_ids())
        for trial in trials_of(api, seeds=[7 + index for index in range(seeds)], honest=honest)
    ]
    for result in run_trials(trials, workers=workers or os.cpu_count() or 1):
        results.append(result)
        if sys.stderr.isatty():
            click.echo(f"\r{len(results)} of {len(trials)} runs", err=True, nl=False)
    if sys.stderr.isatty():
        click.echo("", err=True)
    figures = score_results(results)
    if as_json:
        import json

        trial_values = [{**asdict(result), "trial": trial_as_json(result.trial)} for result in results]
        click.echo(json.dumps({"score": figures, "trials": trial_values}, indent=1, default=str))
    else:
        _print_score(figures)
    return 0 if not figures["missed"] and not figures["false_alarms"] else 1


def _print_score(figures: Mapping[str, Any]) -> None:
    faults, found = figures["faults"], figures["found"]
    click.echo(f"faults          {faults}")
    click.echo(f"found           {found}")
    click.echo(f"right clause    {figures['right_clause']}")
    click.echo(f"honest runs     {figures['honest_runs']}")
    click.echo(f"false alarms    {len(figures['false_alarms'])}")
    click.echo(f"findings/fault  {figures['findings_per_fault']} (median)")
    click.echo(f"requests/run    {figures['median_requests']} (median), {figures['most_requests']} (most)")
    click.echo(f"first evidence  after {figures['median_first_evidence']} requests (median)")
    for title in ("missed", "misattributed", "false_alarms"):
        for line in figures[title]:
            click.echo(f"  {title.replace('_', ' ').rstrip('s')}: {line}")
