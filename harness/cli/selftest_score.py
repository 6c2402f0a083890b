"""The score of a self-test: what was found, under which clause, in which company, how red, and at which price.

`docs/selftest.md` says what each figure means.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias, final

from harness.cli.selftest_plan import background_key, background_of
from harness.cli.selftest_trials import PERFECT, Trial, TrialResult, clause_of_fault

RedDue: TypeAlias = "Callable[[str, str], bool]"
Scalar: TypeAlias = "int | float | str | None"

BINDING_BASES: Final = frozenset({"documented", "entailed", "corroborated", "standard"})


class FaultStatus(StrEnum):
    """What became of one fault of a trial.

    `found`: a finding stands that this fault alone explains. `shared`: every finding that it explains is explained by
    another fault of the set, or by the server beneath, as well. `hidden`: the other faults hide it from every
    request.
    """

    FOUND = "found"
    SHARED = "shared"
    HIDDEN = "hidden"
    LOST = "lost"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        """In per cent; None of nothing."""
        return 100 * self.part / self.whole if self.whole else None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The median of a figure over the seeds, with the least and the most; None where no seed has the figure."""

    median: float | None
    least: float | None
    most: float | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FaultFigures:
    """The faults that a kind of server has one by one."""

    faults: int
    found: Share
    headline: Share
    red: Share
    groups: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyFigures:
    """The faults that a kind of server has several of at once; `kept` is of those that were found alone."""

    sets: int
    faults: int
    kept: Share
    shared: int
    hidden: int
    red: Share


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HonestFigures:
    """The runs against servers of a kind that break no binding promise."""

    runs: int
    red: int
    amber: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFigures:
    """What all runs of a round cost: requests of a run, and requests until the first evidence against a fault."""

    median: float
    most: int
    first_evidence: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RoundScore:
    """The figures of one seed, by the kind of server."""

    seed: int
    alone: Mapping[str, FaultFigures]
    company: Mapping[str, CompanyFigures]
    honest: Mapping[str, HonestFigures]
    requests: RequestFigures


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestScore:
    """The figures of every seed, and what fell short, one line each."""

    rounds: tuple[RoundScore, ...]
    missed: tuple[str, ...]
    misattributed: tuple[str, ...]
    lost: tuple[str, ...]
    not_red: tuple[str, ...]
    red_alarms: tuple[str, ...]
    amber_alarms: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Every fault was found when it was alone, no honest server was red, and no perfect one was blamed at all."""
        perfect = [round_.honest[PERFECT] for round_ in self.rounds if PERFECT in round_.honest]
        return not (self.missed or self.red_alarms or any(figures.amber for figures in perfect))


# --- what became of a fault ---------------------------------------------------------------------------------


def status_alone(result: TrialResult, beneath: TrialResult | None) -> FaultStatus:
    """What became of the fault of a trial, `beneath` being the same server without it."""
    assert result.trial.fault is not None
    told_anyway = set() if beneath is None else set(beneath.clauses)
    if set(result.clauses) - told_anyway:
        return FaultStatus.FOUND
    return FaultStatus.SHARED if clause_of_fault(result.trial.fault) in result.clauses else FaultStatus.LOST


def status_in_company(
    fault: str,
    result: TrialResult,
    *,
    alone: Mapping[str, TrialResult],
    beneath: TrialResult | None,
) -> FaultStatus:
    """What became of one fault of a set; `alone` has the run of each fault of the set without the others.

    A finding speaks for the fault when it stands under the fault's own clause, or under a clause that the fault
    raises when it is alone.
    """
    explains = {clause_of_fault(fault), *(alone[fault].clauses if fault in alone else ())}
    speaks = explains & set(result.clauses)
    others = {
        clause
        for other in result.trial.faults
        if other != fault and other in alone
        for clause in alone[other].clauses
    }
    others |= set() if beneath is None else set(beneath.clauses)
    if speaks - others:
        return FaultStatus.FOUND
    if speaks:
        return FaultStatus.SHARED
    return FaultStatus.HIDDEN if fault in result.hidden else FaultStatus.LOST


def is_red_due(api: str, fault: str) -> bool:
    """Whether the fault breaks a `must` that the document states or means, so that the gate `ci` must be red."""
    from harness.specification.load import load_spec

    clause = next((known for name, known in load_spec(api).clauses.items() if name == clause_of_fault(fault)), None)
    return clause is not None and clause.level == "must" and clause.basis in BINDING_BASES


def turned_red(result: TrialResult, beneath: TrialResult | None) -> bool:
    """Whether the faults of a trial stop a pipeline; on a server that is red anyway, whether more is red."""
    if not result.is_red:
        return False
    return beneath is None or not beneath.is_red or bool(set(result.red_verdicts) - set(beneath.red_verdicts))


# --- the score ----------------------------------------------------------------------------------------------


@final
class _RoundResults:
    """The results of one seed, by what they are compared with."""

    def __init__(self, seed: int, results: Sequence[TrialResult]) -> None:
        self.seed = seed
        self.results = [result for result in results if result.trial.round == seed]
        self.alone = [result for result in self.results if len(result.trial.faults) == 1]
        self.company = [result for result in self.results if len(result.trial.faults) > 1]
        self.honest = [result for result in self.results if not result.trial.faults]
        self._beneath = {background_key(result.trial): result for result in reversed(self.honest)}
        self._alone_by_fault: dict[tuple[str, str], dict[str, TrialResult]] = {}
        for result in self.alone:
            of_server = self._alone_by_fault.setdefault((result.trial.api, result.trial.condition), {})
            of_server[str(result.trial.fault)] = result

    def beneath(self, trial: Trial) -> TrialResult | None:
        """The same server without the faults; None where that is a perfect one, which shows nothing."""
        return self._beneath.get(background_key(background_of(trial)))

    def alone_of(self, trial: Trial) -> Mapping[str, TrialResult]:
        """The runs of single faults on the same kind of server."""
        return self._alone_by_fault.get((trial.api, trial.condition), {})

    def status_of(self, result: TrialResult) -> FaultStatus:
        """What became of the only fault of a trial."""
        return status_alone(result, self.beneath(result.trial))

    def members(self, result: TrialResult) -> list[tuple[str, FaultStatus]]:
        """What became of each fault of a set that was found alone."""
        alone = self.alone_of(result.trial)
        return [
            (fault, status_in_company(fault, result, alone=alone, beneath=self.beneath(result.trial)))
            for fault in result.trial.faults
            if fault in alone and self.status_of(alone[fault]) in (FaultStatus.FOUND, FaultStatus.SHARED)
        ]


def score_results(results: Sequence[TrialResult], *, red_due: RedDue = is_red_due) -> SelftestScore:
    """The score of a self-test. `red_due` says of API and fault whether the gate must be red."""
    seeds = sorted({result.trial.round for result in results})
    rounds = [_RoundResults(seed, results) for seed in seeds]
    return SelftestScore(
        rounds=tuple(_score_round(round_, red_due) for round_ in rounds),
        missed=_lines(
            name_of_trial(result.trial)
            for round_ in rounds
            for result in round_.alone
            if round_.status_of(result) is FaultStatus.LOST
        ),
        misattributed=_lines(
            f"{name_of_trial(result.trial)} as {', '.join(result.headlines[:3])}"
            for round_ in rounds
            for result in round_.alone
            if round_.status_of(result) is not FaultStatus.LOST and not _has_right_headline(result)
        ),
        lost=_lines(
            f"{name_of_trial(result.trial)}: {fault}"
            for round_ in rounds
            for result in round_.company
            for fault, status in round_.members(result)
            if status is FaultStatus.LOST
        ),
        not_red=_lines(
            f"{name_of_trial(result.trial)}: exit {result.exit_code}"
            for round_ in rounds
            for result in (*round_.alone, *round_.company)
            if _is_due(result, red_due) and not turned_red(result, round_.beneath(result.trial))
        ),
        red_alarms=_lines(
            f"{name_of_trial(result.trial)}: {'; '.join(result.red_verdicts[:3]) or f'exit {result.exit_code}'}"
            for round_ in rounds
            for result in round_.honest
            if _is_red_alarm(result)
        ),
        amber_alarms=_lines(
            f"{name_of_trial(result.trial)}: {'; '.join(result.messages[:3])}"
            for round_ in rounds
            for result in round_.honest
            if _is_amber_alarm(result)
        ),
    )


def _lines(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(lines))


def name_of_trial(trial: Trial) -> str:
    """A trial in one line: API, faults, kind of server, and the seeds that bring it back."""
    faults = f":{'+'.join(trial.faults)}" if trial.faults else ""
    beneath = ", ".join((*trial.deviations, *(() if trial.neighbour is None else (trial.neighbour,))))
    server = f" on {trial.condition}" + (f" ({beneath})" if beneath not in ("", trial.condition) else "")
    return f"{trial.api}{faults}{server if beneath else ''} calls={trial.calls} seed={trial.seed}"


def _is_due(result: TrialResult, red_due: RedDue) -> bool:
    return any(red_due(result.trial.api, fault) for fault in result.trial.faults)


def _has_right_headline(result: TrialResult) -> bool:
    return clause_of_fault(str(result.trial.fault)) in result.headlines


def _is_red_alarm(result: TrialResult) -> bool:
    """Red in any way; an exit code of the harness's own is no verdict on an honest server either."""
    return bool(result.red_verdicts) or result.exit_code not in (0, 5)


def _is_amber_alarm(result: TrialResult) -> bool:
    return result.found and not _is_red_alarm(result)


def _score_round(round_: _RoundResults, red_due: RedDue) -> RoundScore:
    present = dict.fromkeys(result.trial.condition for result in round_.results)
    conditions = sorted(present, key=lambda name: name != PERFECT)
    alone = {name: [result for result in round_.alone if result.trial.condition == name] for name in conditions}
    company = {name: [result for result in round_.company if result.trial.condition == name] for name in conditions}
    honest = {name: [result for result in round_.honest if result.trial.condition == name] for name in conditions}
    evidence = [
        result.first_evidence
        for result in round_.alone
        if result.first_evidence is not None and round_.status_of(result) is FaultStatus.FOUND
    ]
    requests = [result.requests for result in round_.results]
    return RoundScore(
        seed=round_.seed,
        alone={name: _fault_figures(round_, some, red_due) for name, some in alone.items() if some},
        company={name: _company_figures(round_, some, red_due) for name, some in company.items() if some},
        honest={
            name: HonestFigures(
                runs=len(some), red=sum(map(_is_red_alarm, some)), amber=sum(map(_is_amber_alarm, some))
            )
            for name, some in honest.items()
            if some
        },
        requests=RequestFigures(
            median=statistics.median(requests) if requests else 0,
            most=max(requests, default=0),
            first_evidence=statistics.median(evidence) if evidence else 0,
        ),
    )


def _fault_figures(round_: _RoundResults, results: Sequence[TrialResult], red_due: RedDue) -> FaultFigures:
    told = [result for result in results if round_.status_of(result) is not FaultStatus.LOST]
    return FaultFigures(
        faults=len(results),
        found=Share(part=len(told), whole=len(results)),
        headline=Share(part=sum(map(_has_right_headline, results)), whole=len(results)),
        red=_red_share(round_, results, red_due),
        groups=statistics.median([result.groups for result in told]) if told else 0,
    )


def _company_figures(round_: _RoundResults, results: Sequence[TrialResult], red_due: RedDue) -> CompanyFigures:
    statuses = [status for result in results for _, status in round_.members(result)]
    kept = sum(status in (FaultStatus.FOUND, FaultStatus.SHARED) for status in statuses)
    hidden = statuses.count(FaultStatus.HIDDEN)
    return CompanyFigures(
        sets=len(results),
        faults=sum(len(result.trial.faults) for result in results),
        kept=Share(part=kept, whole=len(statuses) - hidden),
        shared=statuses.count(FaultStatus.SHARED),
        hidden=hidden,
        red=_red_share(round_, results, red_due),
    )


def _red_share(round_: _RoundResults, results: Sequence[TrialResult], red_due: RedDue) -> Share:
    due = [result for result in results if _is_due(result, red_due)]
    return Share(part=sum(turned_red(result, round_.beneath(result.trial)) for result in due), whole=len(due))


def spread_of(values: Iterable[float | None]) -> Spread:
    """The median, least and most of a figure over the seeds that have it."""
    known = [value for value in values if value is not None]
    if not known:
        return Spread(median=None, least=None, most=None)
    return Spread(median=statistics.median(known), least=min(known), most=max(known))
