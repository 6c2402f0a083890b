"""The collector of observations, clause by clause, and their roll-up to verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Final

from harness.check.results.defects import numbered_findings
from harness.check.results.findings import ClauseResult, Colour, Finding, Gate, Verdict
from harness.check.results.gate import colour_of
from harness.specification.model import Basis, Clause, ClauseId, Clauses

# verdicts.md A.1 rule 2: the worst of these decides, then one pass, then the most informative of the rest.
_WORST_FIRST: Final = (Verdict.ERROR, Verdict.FAIL, Verdict.BLOCKED, Verdict.INCONCLUSIVE)
_INFORMATIVE_FIRST: Final = (Verdict.OBSERVED, Verdict.NOT_EXERCISED, Verdict.NOT_APPLICABLE, Verdict.NOT_RUN)


@dataclass(slots=True)
class _ClauseTally:
    counts: Counter[Verdict] = field(default_factory=Counter)
    reasons: dict[Verdict, str] = field(default_factory=dict)
    finding: Finding | None = None


@dataclass(slots=True)
class ResultCollector:
    """Collects evidence per clause; keeps one finding per clause: a certain one, with the smallest request."""

    clauses: Mapping[ClauseId, Clause]
    families: Mapping[ClauseId, str]
    gate: Gate
    _failures: int = 0
    _tallies: dict[ClauseId, _ClauseTally] = field(default_factory=dict)

    def tally_of(self, clause: ClauseId) -> _ClauseTally:
        """The number of observations of a clause by verdict."""
        return self._tallies.setdefault(clause, _ClauseTally())

    def record(self, clauses: Iterable[ClauseId], verdict: Verdict, reason: str = "", *, times: int = 1) -> None:
        """Records observations of one verdict for the clauses; of several reasons for a verdict the first stays."""
        for clause in clauses:
            if clause in self.clauses:
                entry = self.tally_of(clause)
                entry.counts[verdict] += times
                if reason:
                    entry.reasons.setdefault(verdict, reason)

    def record_pass(self, clauses: Clauses, *, times: int = 1) -> None:
        """Records observations that could have broken the clauses and did not."""
        if times > 0:
            self.record(clauses, Verdict.PASS, times=times)

    def record_observed(self, clauses: Clauses, reading: str) -> None:
        """Records the reading of an open choice that the server follows."""
        self.record(clauses, Verdict.OBSERVED, reading)

    def record_inconclusive(self, clauses: Clauses, reason: str) -> None:
        """Records that the clauses could not be decided, with the reason."""
        self.record(clauses, Verdict.INCONCLUSIVE, reason)

    def record_not_exercised(self, clauses: Clauses, reason: str) -> None:
        """Records that nothing in the data puts the clauses to the test, with the reason."""
        self.record(clauses, Verdict.NOT_EXERCISED, reason)

    def record_not_applicable(self, clauses: Clauses, reason: str) -> None:
        """Records that the clauses do not apply to this run, with the reason."""
        self.record(clauses, Verdict.NOT_APPLICABLE, reason)

    def record_failure(self, clause: ClauseId, finding: Finding) -> None:
        """Records a breach of a clause; the finding with the smallest request stands for all of them.

        One whose evidence is open (its basis is not the clause's) stands only until a certain one comes.
        """
        entry = self.tally_of(clause)
        entry.counts[Verdict.FAIL] += 1
        known = entry.finding
        if known is None or self._weight_of(finding) < self._weight_of(known):
            entry.finding = replace(finding, place=self._failures)
            entry.reasons[Verdict.FAIL] = finding.message
        self._failures += 1

    def _weight_of(self, finding: Finding) -> tuple[bool, int]:
        """What is told first: certain evidence, then a small request."""
        return finding.basis != self.clauses[finding.clause].basis, len(finding.request)

    def first_failed(self, clauses: Iterable[ClauseId]) -> ClauseId | None:
        """The first of the clauses that has failed, or None."""
        return next((clause for clause in clauses if self._has_failed(clause)), None)

    def _has_failed(self, clause: ClauseId) -> bool:
        entry = self._tallies.get(clause)
        return entry is not None and entry.counts[Verdict.FAIL] > 0

    def is_settled(self, clause: ClauseId) -> bool:
        """Whether a clause has failed by evidence that no later finding can outweigh."""
        entry = self._tallies.get(clause)
        finding = entry.finding if entry is not None else None
        return finding is not None and finding.basis == self.clauses[clause].basis

    def pass_count(self, clause: ClauseId) -> int:
        """The number of passed observations of a clause."""
        entry = self._tallies.get(clause)
        return entry.counts[Verdict.PASS] if entry else 0

    def has_evidence(self, clause: ClauseId) -> bool:
        """Whether anything at all is known of the clause."""
        return clause in self._tallies

    def findings(self, only: Set[ClauseId] = frozenset()) -> tuple[Finding, ...]:
        """All findings, or those of some clauses: coloured for the gate, with the number of their defect.

        They stand in the order of the clauses.
        """
        chosen = (clause for clause in self.clauses if clause in self._tallies and (not only or clause in only))
        made = [self._tallies[clause].finding for clause in chosen]
        found = [finding for finding in made if finding is not None]
        return numbered_findings(replace(finding, colour=self._finding_colour(finding)) for finding in found)

    def _finding_colour(self, finding: Finding) -> Colour:
        return colour_of(Verdict.FAIL, level=finding.level, basis=finding.basis, gate=self.gate)

    def result_of(self, clause_id: ClauseId, *, default: Verdict, reason: str = "") -> ClauseResult:
        """The roll-up of one clause; `default` for one that nothing touched.

        A default of `blocked` says that the run as a whole was: no request was answered, no log-in accepted.
        """
        clause = self.clauses[clause_id]
        entry = self._tallies.get(clause_id)
        touched = entry is not None and bool(entry.counts)
        verdict = roll_up_verdicts(entry.counts) if entry and touched else default
        basis: Basis = clause.basis
        if verdict is Verdict.FAIL and entry and entry.finding:
            basis = entry.finding.basis
        return ClauseResult(
            id=clause_id,
            level=clause.level,
            basis=clause.basis,
            family=self.families.get(clause_id, "shape"),
            says=clause.says,
            source=clause.source,
            verdict=verdict,
            witnesses=entry.counts[Verdict.PASS] if entry else 0,
            reason=(entry.reasons.get(verdict, "") if entry and touched else reason),
            colour=colour_of(
                verdict,
                level=clause.level,
                basis=basis,
                gate=self.gate,
                run_blocked=not touched and default is Verdict.BLOCKED,
            ),
            counts=dict(entry.counts) if entry else {},
        )


def roll_up_verdicts(counts: Mapping[Verdict, int]) -> Verdict:
    """The verdict of a clause from the verdicts of its cases."""
    for verdict in _WORST_FIRST:
        if counts.get(verdict):
            return verdict
    if counts.get(Verdict.PASS):
        return Verdict.PASS
    return next((verdict for verdict in _INFORMATIVE_FIRST if counts.get(verdict)), Verdict.NOT_RUN)
