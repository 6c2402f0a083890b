"""What a test suite noticed of broken promises, as values: mutants, how the command ended on each, and the score."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Literal, final

from harness.check.results.findings import Colour
from harness.output.escaping import visible_text
from harness.specification.model import Basis, ClauseId, Level

MUTATION_SCHEMA_VERSION: Final = 1
NOTHING_JUDGED_EXIT_CODE: Final = 5
_LONGEST_TEXT: Final = 4096

MutationSource = Literal["faults", "fixtures"]


class MutantOutcome(StrEnum):
    """How the command ended on one mutant; a command that hangs does not pass, so it has noticed."""

    NOT_NOTICED = "not_noticed"
    TIMED_OUT = "timed_out"
    NOTICED = "noticed"
    NOT_JUDGED = "not_judged"
    NOT_RUN = "not_run"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One broken promise that the command is to notice: a fault that is served, or an invalid answer.

    `done` is what is wrong, `harm` how a client is hurt by it; `look` is a command that shows it, or empty, and
    `again` one that runs it alone.
    """

    id: str
    clause: ClauseId
    level: Level
    basis: Basis
    family: str
    says: str
    source: str
    done: str
    harm: str
    look: str = ""
    again: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MutantResult:
    """How the command ended on a mutant: after how many seconds, with how many requests, what it printed last.

    `exit_code` is None where it was not run or was killed for its time; negative is the signal that ended it.
    """

    mutant: Mutant
    outcome: MutantOutcome
    exit_code: int | None = None
    seconds: float = 0.0
    requests: int = 0
    output: str = ""
    reason: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HonestRun:
    """How the command ended on right answers: what was served there, and whether it passed.

    `strays` are requests that were for nothing that is served there.
    """

    name: str
    passed: bool
    seconds: float
    requests: int
    strays: int = 0
    output: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MutationReport:
    """All that a run of `mutate` found out; `results` stand in the order of the catalogue.

    `min_noticed` is the percentage that is asked for. `interrupted` names the signal that ended the run.
    """

    api: str
    title: str
    spec_version: str
    harness_version: str
    source: MutationSource
    command: tuple[str, ...]
    seed: int
    calls: int
    min_noticed: float
    seconds: float
    honest: tuple[HonestRun, ...]
    results: tuple[MutantResult, ...]
    notes: tuple[str, ...] = ()
    interrupted: str | None = None

    @property
    def counts(self) -> Mapping[MutantOutcome, int]:
        """How many mutants ended in each way."""
        counted = Counter(result.outcome for result in self.results)
        return {outcome: counted[outcome] for outcome in MutantOutcome}

    @property
    def judged(self) -> int:
        """How many mutants could have been noticed and were run."""
        counts = self.counts
        return self.noticed + counts[MutantOutcome.NOT_NOTICED]

    @property
    def noticed(self) -> int:
        """How many were noticed, those on which the command hung among them."""
        counts = self.counts
        return counts[MutantOutcome.NOTICED] + counts[MutantOutcome.TIMED_OUT]

    @property
    def percent(self) -> float | None:
        """The share that was noticed; None where none was judged."""
        return 100 * self.noticed / self.judged if self.judged else None

    @property
    def is_good(self) -> bool:
        """Whether enough was noticed, and the run came to its end."""
        return self.interrupted is None and self.judged > 0 and 100 * self.noticed >= self.min_noticed * self.judged

    @property
    def colour(self) -> Colour:
        """Green or red, as a gate says it; amber where nothing was judged."""
        if self.judged == 0 and self.interrupted is None:
            return Colour.AMBER
        return Colour.GREEN if self.is_good else Colour.RED

    @property
    def exit_code(self) -> int:
        """0 enough noticed, 1 not, 5 nothing judged; of an interrupted run the caller knows better."""
        if self.judged == 0:
            return NOTHING_JUDGED_EXIT_CODE
        return 0 if self.is_good else 1


def redacted_report(report: MutationReport, redact: Callable[[str], str]) -> MutationReport:
    """The report with all that the user and the user's command said redacted; the words of ours stay."""
    return replace(
        report,
        command=tuple(redact(word) for word in report.command),
        honest=tuple(replace(run, output=redact(run.output)) for run in report.honest),
        results=tuple(
            replace(
                result,
                mutant=replace(result.mutant, again=redact(result.mutant.again)),
                output=redact(result.output),
                reason=redact(result.reason),
            )
            for result in report.results
        ),
    )


def shown_percent(percent: float | None) -> str:
    """A percentage to one place, cut and not rounded: 100 % is all."""
    return "-" if percent is None else f"{int(percent * 10 + 1e-9) / 10:g} %"


def mutation_json(report: MutationReport) -> str:
    """The report as JSON text; only seconds, requests and output depend on the command and the machine."""
    return json.dumps(_report_tree(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _report_tree(report: MutationReport) -> dict[str, Any]:
    return {
        "schema_version": MUTATION_SCHEMA_VERSION,
        "harness_version": report.harness_version,
        "api": report.api,
        "title": _shown(report.title),
        "spec_version": report.spec_version,
        "source": report.source,
        "command": [_shown(word) for word in report.command],
        "seed": report.seed,
        "calls": report.calls,
        "min_noticed": report.min_noticed,
        "percent": None if report.percent is None else round(report.percent, 3),
        "colour": report.colour.value,
        "exit_code": report.exit_code,
        "interrupted": report.interrupted,
        "seconds": round(report.seconds, 3),
        "counts": {outcome.value: count for outcome, count in report.counts.items()},
        "notes": [_shown(note) for note in report.notes],
        "honest": [
            {
                "name": _shown(run.name),
                "passed": run.passed,
                "seconds": round(run.seconds, 3),
                "requests": run.requests,
                "strays": run.strays,
            }
            for run in report.honest
        ],
        "mutants": [_result_tree(result) for result in report.results],
    }


def _result_tree(result: MutantResult) -> dict[str, Any]:
    mutant = result.mutant
    return {
        "id": mutant.id,
        "clause": mutant.clause,
        "level": mutant.level,
        "basis": mutant.basis,
        "family": mutant.family,
        "outcome": result.outcome.value,
        "says": _shown(mutant.says),
        "source": _shown(mutant.source),
        "done": _shown(mutant.done),
        "harm": _shown(mutant.harm),
        "exit_code": result.exit_code,
        "seconds": round(result.seconds, 3),
        "requests": result.requests,
        "reason": _shown(result.reason),
        "output": visible_text(result.output, limit=_LONGEST_TEXT, multiline=True),
        "look": _shown(mutant.look),
        "again": _shown(mutant.again),
    }


def _shown(text: str) -> str:
    return visible_text(text, limit=_LONGEST_TEXT)
