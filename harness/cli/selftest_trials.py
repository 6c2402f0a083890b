"""One trial of the self-test: the checker runs against a simulator in this process, honest or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from harness.check.client.budget import Sender
    from harness.check.results.findings import Finding, RunReport
    from harness.serve.authentication import KeyPair
    from harness.serve.simulator import Simulator
    from harness.specification.dialect import Dialect
    from harness.specification.load import Spec
    from harness.wire.http_messages import HttpRequest, HttpResponse
    from harness.world import World

# A world that decides everything and still answers quickly.
TRIAL_CALLS: Final = 700
FIRST_SEED: Final = 7
PERFECT: Final = "perfect"
DIRECT_HOST: Final = "127.0.0.1:0"
"""Where a simulator in this process is said to be; nobody listens there."""
KNOWN_VALUES_PER_FILTER: Final = 4


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run of the checker against one simulator: what to serve, and with which chance.

    The simulator has the `fault`, those of `company` and the weak one of `neighbour`; its answers are rewritten by
    `deviations`. `condition` is the name under which the score counts what kind of server that is, `round` the seed
    under which it counts the trial. `step_seconds` is how far the world's clock moves with every request; 0 for a
    frozen world. `told_hidden` gives the checker values of attributes that no row shows, as `--known-value` does.
    """

    api: str
    fault: str | None = None
    company: tuple[str, ...] = ()
    neighbour: str | None = None
    deviations: tuple[str, ...] = ()
    condition: str = PERFECT
    round: int = FIRST_SEED
    calls: int = TRIAL_CALLS
    seed: int = FIRST_SEED
    check_seed: int = 1
    dialect: Mapping[str, Any] = field(default_factory=dict)
    step_seconds: float = 0.0
    told_hidden: bool = False

    @property
    def faults(self) -> tuple[str, ...]:
        """The faults that the trial is about, its neighbour not among them."""
        return (() if self.fault is None else (self.fault,)) + self.company


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """What a trial showed. `clauses` are the findings' clauses, the first evidence first.

    `headlines` are the clauses that stand first in a report, one of each defect. `red` are
    the findings' clauses that are red, `red_verdicts` every clause whose verdict is, with it. `hidden` are faults of
    a company that changed no answer to what the checker asks when it meets them alone.
    """

    trial: Trial
    clauses: tuple[str, ...]
    red: tuple[str, ...]
    requests: int
    first_evidence: int | None
    headlines: tuple[str, ...] = ()
    groups: int = 0
    red_verdicts: tuple[str, ...] = ()
    exit_code: int = 0
    hidden: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    rows: int = 0
    messages: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether the checker blamed the simulator for anything."""
        return bool(self.clauses)

    @property
    def is_red(self) -> bool:
        """Whether a pipeline stops: the gate is red, or (exit code 4, which counts before 1) nobody gets in."""
        return self.exit_code in (1, 4) and bool(self.red_verdicts)


def clause_of_fault(fault_id: str) -> str:
    """The clause that a fault breaks."""
    return fault_id.partition("/")[0]


@final
class DirectSender:
    """A sender that asks a simulator in this process, without a network.

    `asked` holds the requests so far, each with the instant of the world at which it was answered.
    """

    def __init__(self, simulator: Simulator, at: datetime, *, step_seconds: float = 0.0) -> None:
        self._simulator = simulator
        self._base = simulator.base_path.encode("ascii")
        self._now = at
        self._step = timedelta(seconds=step_seconds)
        self.asked: list[tuple[HttpRequest, datetime]] = []

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse:
        """The simulator's answer."""
        self._now += self._step
        asked = replace(
            request, target=self._base + request.target, headers=(*request.headers, ("Host", DIRECT_HOST))
        )
        self.asked.append((asked, self._now))
        answer = self._simulator.answer(asked, self._now)
        date = format_datetime(self._now.astimezone(UTC), usegmt=True)
        return replace(answer, headers=(*answer.headers, ("Date", date)))


# --- one trial ----------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class _TrialScene:
    """What every simulator of one trial has in common."""

    trial: Trial
    spec: Spec
    world: World
    dialect: Dialect
    key: KeyPair | None

    @classmethod
    def of_trial(cls, trial: Trial) -> _TrialScene:
        from harness.serve.authentication import make_key_pair
        from harness.specification.dialect import Dialect
        from harness.specification.load import load_spec
        from harness.world import World

        spec = load_spec(trial.api)
        key = make_key_pair() if spec.listing.access.jwt is not None else None
        return cls(trial, spec, World.of(seed=trial.seed, calls=trial.calls), Dialect(trial.dialect), key)

    def make_simulator(self, faults: Sequence[str]) -> Simulator:
        """A simulator with these faults and the neighbour."""
        from harness.serve.faults.catalogue import find_faults
        from harness.serve.simulator import Simulator

        names = (*faults, *(() if self.trial.neighbour is None else (self.trial.neighbour,)))
        found = tuple(fault for name in names for fault in find_faults(self.spec, name))
        return Simulator(self.spec, self.world, dialect=self.dialect, faults=found, key=self.key)

    def check(self, faults: Sequence[str]) -> tuple[RunReport, DirectSender]:
        """A run of the checker against these faults, and the sender with all that was asked."""
        from harness.check.options import CheckOptions
        from harness.check.runner import run_check
        from harness.check_target import simulator_identities, values_to_name

        simulator = self.make_simulator(faults)
        direct = DirectSender(simulator, self.world.instant, step_seconds=self.trial.step_seconds)
        known_values = values_to_name(self.spec, self.world, self.dialect)
        if self.trial.told_hidden:
            known_values |= values_of_unshown_filters(self.spec, self.world, self.dialect)
        options = CheckOptions(
            now=self.world.instant,
            target=f"http://{DIRECT_HOST}{simulator.base_path}",
            seed=self.trial.check_seed,
            known_values=known_values,
        )
        return run_check(self.spec, self._deviant(direct), simulator_identities(simulator), options), direct

    def _deviant(self, sender: DirectSender) -> Sender:
        if not self.trial.deviations:
            return sender
        from harness.cli.selftest_deviations import DeviantSender

        return DeviantSender(sender, self.spec, self.trial.deviations)

    def is_hidden(self, fault: str) -> bool:
        """Whether the other faults of the company hide this one from all that a run asks when it is alone."""
        _, alone = self.check((fault,))
        others = tuple(other for other in self.trial.faults if other != fault)
        together, without = self.make_simulator(self.trial.faults), self.make_simulator(others)
        return all(together.answer(request, at) == without.answer(request, at) for request, at in alone.asked)


def run_trial(trial: Trial) -> TrialResult:
    """Run the checker against the simulator of a trial."""
    scene = _TrialScene.of_trial(trial)
    report, _ = scene.check(trial.faults)
    result = result_of_report(trial, report)
    if not trial.company:
        return result
    unseen = [fault for fault in trial.faults if clause_of_fault(fault) not in result.clauses]
    return replace(result, hidden=tuple(fault for fault in unseen if scene.is_hidden(fault)))


def result_of_report(trial: Trial, report: RunReport) -> TrialResult:
    """What a report says about a trial."""
    from harness.check.results.findings import Colour, Verdict

    alarming = [finding for finding in report.findings if finding.colour in (Colour.RED, Colour.AMBER)]
    alarms = sorted(alarming, key=lambda finding: finding.found_after)
    headlines = headlines_of(alarming)
    open_verdicts = (Verdict.INCONCLUSIVE, Verdict.NOT_EXERCISED, Verdict.BLOCKED, Verdict.NOT_RUN, Verdict.ERROR)
    return TrialResult(
        trial=trial,
        clauses=tuple(finding.clause for finding in alarms),
        red=tuple(finding.clause for finding in alarms if finding.colour is Colour.RED),
        requests=report.requests,
        first_evidence=alarms[0].found_after if alarms else None,
        headlines=headlines,
        groups=len(headlines),
        red_verdicts=tuple(
            f"{clause.id}: {clause.verdict}" for clause in report.clauses if clause.colour is Colour.RED
        ),
        exit_code=report.exit_code,
        undecided=tuple(
            f"{result.id}: {result.verdict}" for result in report.clauses if result.verdict in open_verdicts
        ),
        rows=report.rows_seen,
        messages=tuple(
            f"{finding.clause} {finding.colour}: {finding.message} [{finding.actual}]" for finding in alarms
        ),
    )


def headlines_of(findings: Sequence[Finding]) -> tuple[str, ...]:
    """The headline of each defect, as reports choose it and in their order."""
    from harness.check.results.defects import group_findings

    return tuple(str(defect.headline.clause) for defect in group_findings(findings))


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


# --- many trials --------------------------------------------------------------------------------------------


def run_trials(
    trials: Sequence[Trial], *, workers: int, on_result: Callable[[TrialResult], None] = lambda result: None
) -> list[TrialResult]:
    """The results of the trials, in their order; `on_result` hears of each as it comes."""
    found: dict[int, TrialResult] = {}
    if workers <= 1:
        for number, trial in enumerate(trials):
            found[number] = run_trial(trial)
            on_result(found[number])
    else:
        # A forked worker would inherit the locks of threads that the plan's worlds have started, held for ever.
        with ProcessPoolExecutor(max_workers=workers, mp_context=get_context("spawn")) as pool:
            futures: dict[Future[TrialResult], int] = {
                pool.submit(run_trial, trial): number for number, trial in enumerate(trials)
            }
            for future in as_completed(futures):
                found[futures[future]] = future.result()
                on_result(found[futures[future]])
    return [found[number] for number in range(len(trials))]
