"""The runs of `mutate`: the command on right answers, then on each broken promise, several at once if told."""

from __future__ import annotations

import os
import queue
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, final

from harness.cli.command_process import CommandProcesses, CommandRun, CommandStopped
from harness.cli.mutate_plan import HonestCase, MutantCase, MutatePlan
from harness.errors import UsageProblem
from harness.output.counted_words import counted
from harness.output.escaping import visible_text
from harness.report.mutation_report import HonestRun, MutantOutcome, MutantResult
from harness.report.mutation_text import output_tail

if TYPE_CHECKING:
    from harness.output.journal import JournalRecord

C = TypeVar("C", HonestCase, MutantCase)

JOB_VARIABLE: Final = "CALLHARNESS_JOB"
_OWN_VARIABLES: Final = "CALLHARNESS_"
# A suite that is a little slower on a wrong answer has not noticed it; one that waits for ever has.
_HONEST_TIMES: Final = 5
_LEAST_SECONDS: Final = 10.0
# The first run teaches how long one takes; a client that follows a link to the next page of an answer that is always
# the same never ends.
_HONEST_TIMEOUT_SECONDS: Final = 120.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MutateLimits:
    """How many runs at once, and how many seconds each may take; None: as the honest run teaches."""

    jobs: int
    timeout_seconds: float | None


@final
@dataclass(frozen=True, slots=True)
class CaseRun(Generic[C]):
    """One run of the command on a case, and how many requests came meanwhile, and how many for something else."""

    case: C
    run: CommandRun
    requests: int
    strays: int


RunListener = Callable[["JournalRecord"], None]


@final
class MutateRun:
    """The runs of a plan, of which some may be known from an earlier one; `stop` ends them.

    `honest` and `results` are what is known so far, by the names of the cases.
    """

    def __init__(
        self,
        plan: MutatePlan,
        command: Sequence[str],
        *,
        limits: MutateLimits,
        known: Iterable[JournalRecord] = (),
        on_run: RunListener,
        redact: Callable[[str], str],
    ) -> None:
        self._plan = plan
        self._limits = limits
        self._on_run = on_run
        self._redact = redact
        self._stopped = False
        self._processes = CommandProcesses(command)
        self.honest: dict[str, HonestRun] = {}
        self.results: dict[str, MutantResult] = {}
        for record in known:
            self._remember(record)

    def stop(self) -> None:
        """Kill what runs and start no more."""
        self._stopped = True
        self._processes.stop()

    def require_honest_pass(self) -> None:
        """Run the command on the first right answers, where it must pass and must have asked. Raises UsageProblem."""
        first = self._plan.honest[0]
        if first.name not in self.honest:
            self._run_honest([first])
        run = self.honest[first.name]
        if not run.passed:
            raise UsageProblem(
                "COMMAND",
                f"exit code 0 on {first.says}",
                f"it failed after {run.seconds:.1f} s and {counted(run.requests, 'request')}; its last lines:\n"
                f"{_indented(run)}",
                "make it pass before you ask what it notices; the address stands in CALLHARNESS_URL, where with "
                "--fixtures every request gets one and the same answer; --timeout gives it more time",
            )

    def run_rest(self) -> None:
        """Run what is left: the other right answers, then the mutants whose right answer the command accepts."""
        self._run_honest([case for case in self._plan.honest if case.name not in self.honest])
        left = [case for case in self._plan.mutants if case.mutant.id not in self.results]
        says = {case.name: case.says for case in self._plan.honest}
        for case in left:
            if not self.honest[case.honest].passed:
                self._tell_mutant(
                    MutantResult(
                        mutant=case.mutant,
                        outcome=MutantOutcome.NOT_JUDGED,
                        reason=self._redact(f"the command fails, too, on {says[case.honest]}"),
                    )
                )
        judged = [case for case in left if case.mutant.id not in self.results]
        for done in self._run_cases(judged):
            self._tell_mutant(self._result_of(done))

    def all_results(self, *, reason: str) -> tuple[MutantResult, ...]:
        """A result for each mutant in the order of the plan; one that was not reached says why."""
        return tuple(
            self.results.get(case.mutant.id)
            or MutantResult(mutant=case.mutant, outcome=MutantOutcome.NOT_RUN, reason=reason)
            for case in self._plan.mutants
        )

    # --- one run ----------------------------------------------------------------------------------------------

    def _run_honest(self, cases: Sequence[HonestCase]) -> None:
        for done in self._run_cases(cases):
            run = done.run
            told = HonestRun(
                name=done.case.name,
                passed=run.passed,
                seconds=run.seconds,
                requests=done.requests,
                strays=done.strays,
                output=self._tail(run),
            )
            self.honest[told.name] = told
            self._on_run({"honest": asdict(told)})

    def _run_cases(self, cases: Sequence[C]) -> Iterable[CaseRun[C]]:
        """The runs of cases as they end."""
        slots: queue.SimpleQueue[int] = queue.SimpleQueue()
        for slot in range(self._limits.jobs):
            slots.put(slot)

        def run_case(case: C) -> CaseRun[C]:
            slot: int = slots.get()
            try:
                if self._stopped:
                    raise CommandStopped
                return self._run_once(case, slot)
            finally:
                slots.put(slot)

        with ThreadPoolExecutor(self._limits.jobs, thread_name_prefix="callharness-mutate") as pool:
            waiting: list[Future[CaseRun[C]]] = [pool.submit(run_case, case) for case in cases]
            try:
                for future in as_completed(waiting):
                    yield future.result()
            except BaseException:
                self.stop()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _run_once(self, case: C, slot: int) -> CaseRun[C]:
        timeout = self._limits.timeout_seconds
        if timeout is None:
            passed = [run.seconds for run in self.honest.values() if run.passed]
            timeout = max(_LEAST_SECONDS, _HONEST_TIMES * max(passed)) if passed else _HONEST_TIMEOUT_SECONDS
        with tempfile.TemporaryDirectory(prefix="callharness-mutate-") as scratch, case.open(Path(scratch)) as served:
            mine = {name: value for name, value in os.environ.items() if not name.startswith(_OWN_VARIABLES)}
            environment = {**mine, **served.environment, JOB_VARIABLE: str(slot)}
            run = self._processes.run(environment, folder=Path.cwd(), timeout_seconds=timeout)
            return CaseRun(case, run, served.count_requests(), served.count_strays())

    def _result_of(self, done: CaseRun[MutantCase]) -> MutantResult:
        run = done.run
        outcome = MutantOutcome.NOT_NOTICED if run.passed else MutantOutcome.NOTICED
        reason = ""
        if run.timed_out:
            outcome, reason = MutantOutcome.TIMED_OUT, f"killed after {run.seconds:.1f} s"
        return MutantResult(
            mutant=done.case.mutant,
            outcome=outcome,
            exit_code=run.exit_code,
            seconds=run.seconds,
            requests=done.requests,
            output=self._tail(run),
            reason=reason,
        )

    def _tail(self, run: CommandRun) -> str:
        # Masked as a whole, before anything is cut.
        return output_tail(self._redact(run.output), lines=20)

    def _tell_mutant(self, result: MutantResult) -> None:
        self.results[result.mutant.id] = result
        told = {name: value for name, value in asdict(result).items() if name != "mutant"}
        self._on_run({"mutant": result.mutant.id, **told, "outcome": result.outcome.value})

    def _remember(self, record: JournalRecord) -> None:
        """Take a run of an earlier journal as done."""
        mutants = {case.mutant.id: case.mutant for case in self._plan.mutants}
        try:
            if "honest" in record:
                run = HonestRun(**record["honest"])
                self.honest[run.name] = run
                return
            values: dict[str, Any] = {name: record[name] for name in _RESULT_KEYS}
            mutant = mutants[record["mutant"]]
            outcome = MutantOutcome(record["outcome"])
        except (KeyError, TypeError, ValueError) as problem:
            raise UsageProblem(
                "--resume", "a journal of this version of `mutate`", visible_text(f"a line with {sorted(record)}")
            ) from problem
        self.results[mutant.id] = MutantResult(mutant=mutant, outcome=outcome, **values)


_RESULT_KEYS: Final = ("exit_code", "seconds", "requests", "output", "reason")


def _indented(run: HonestRun) -> str:
    lines = output_tail(run.output, lines=20).splitlines() or ["(it printed nothing)"]
    return "\n".join(f"    | {line}" for line in lines)


def requests_of(runs: Mapping[str, HonestRun], results: Mapping[str, MutantResult]) -> int:
    """How many requests came in all runs together."""
    return sum(run.requests for run in runs.values()) + sum(result.requests for result in results.values())
