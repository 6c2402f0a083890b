"""The proof of a spec: its own simulator keeps it, in worlds of several sizes, and every fault of it is caught."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from harness.cli.selftest_plan import SelftestPlan, trials_of
from harness.cli.selftest_score import SelftestScore, Share, is_red_due, score_results
from harness.cli.selftest_trials import Trial, TrialResult, run_trials

if TYPE_CHECKING:
    from harness.specification.load import Spec

PROOF_SIZES: Final = (0, 1, 3, 40, 400)
# A world that lives: calls begin and end between two requests.
LIVING_STEP_SECONDS: Final = 1.0
LINES_AT_MOST: Final = 12
_GAP: Final = "   "


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SpecProof:
    """What the runs against a spec's own simulator showed.

    `honest` are the runs without a fault that blamed nothing, `caught` the faults that were found, `headline` those
    of them under their own clause, `red` the broken binding promises that turned the gate red. `unexercised` are the
    clauses of the spec that no honest run could put to the test.
    """

    spec: str
    honest: Share
    caught: Share
    headline: Share
    red: Share
    alarms: tuple[str, ...]
    missed: tuple[str, ...]
    misattributed: tuple[str, ...]
    unexercised: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether no honest simulator was blamed and every fault was caught."""
        return not (self.alarms or self.missed)


def proof_trials(api: str, *, sample: int | None) -> list[Trial]:
    """The runs that prove a spec: honest ones over sizes and in a living world, and one for each fault."""
    honest = [Trial(api=api, calls=calls) for calls in PROOF_SIZES]
    honest.append(Trial(api=api, calls=PROOF_SIZES[-1], step_seconds=LIVING_STEP_SECONDS))
    return [*honest, *trials_of(api, SelftestPlan(honest=0, sample=sample))]


def prove_specs(
    plans: Sequence[tuple[Spec, Sequence[Trial]]], *, workers: int, on_result: Callable[[TrialResult], None]
) -> list[SpecProof]:
    """The proofs of specs, each with the runs that `proof_trials` planned; `on_result` hears of each run."""
    results = run_trials([trial for _, trials in plans for trial in trials], workers=workers, on_result=on_result)
    proofs = []
    for spec, trials in plans:
        mine, results = results[: len(trials)], results[len(trials) :]
        proofs.append(proof_of_results(spec, mine))
    return proofs


def proof_of_results(spec: Spec, results: Sequence[TrialResult]) -> SpecProof:
    """What the runs of one spec prove."""
    score = score_results(results, red_due=is_red_due)
    honest = [result for result in results if not result.trial.faults]
    blameless = [result for result in honest if not result.found and result.exit_code in (0, 5)]
    figures = [alone for round_ in score.rounds for alone in round_.alone.values()]
    return SpecProof(
        spec=spec.id,
        honest=Share(part=len(blameless), whole=len(honest)),
        caught=_sum(one.found for one in figures),
        headline=_sum(one.headline for one in figures),
        red=_sum(one.red for one in figures),
        alarms=_alarms(score),
        missed=score.missed,
        misattributed=score.misattributed,
        unexercised=tuple(clause for clause in _unexercised(honest) if clause in spec.clauses),
    )


def _sum(shares: Iterable[Share]) -> Share:
    every = list(shares)
    return Share(part=sum(share.part for share in every), whole=sum(share.whole for share in every))


def _alarms(score: SelftestScore) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*score.red_alarms, *score.amber_alarms)))


def _unexercised(honest: Sequence[TrialResult]) -> tuple[str, ...]:
    """The clauses that stayed open in every honest run, in the order of the spec."""
    if not honest:
        return ()
    first, *others = [[line.partition(":")[0] for line in result.undecided] for result in honest]
    return tuple(clause for clause in first if all(clause in undecided for undecided in others))


# --- for people and programs --------------------------------------------------------------------------------


def proof_lines(proofs: Sequence[SpecProof]) -> Iterator[str]:
    """One table of all proofs, and below it what fell short."""
    head = ("proof", "honest runs", "faults caught", "right clause", "red where due", "never exercised", "")
    rows = [head, *(_cells(proof) for proof in proofs)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    for row in rows:
        yield _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    for proof in proofs:
        for title, found in (
            ("blamed although honest", proof.alarms),
            ("missed", proof.missed),
            ("another clause", proof.misattributed),
            ("never exercised", proof.unexercised),
        ):
            yield from (f"  {title}: {line}" for line in found[:LINES_AT_MOST])
            if len(found) > LINES_AT_MOST:
                yield f"  {title}: and {len(found) - LINES_AT_MOST} more (see --json)"
        told = (*proof.missed, *proof.misattributed)
        if told:
            yield f"  what a fault changes, and how to see it: callharness explain {told[0].split()[0]}"


def _cells(proof: SpecProof) -> tuple[str, ...]:
    shares = (proof.honest, proof.caught, proof.headline, proof.red)
    told = [f"{share.part} of {share.whole}" if share.whole else "-" for share in shares]
    return (proof.spec, *told, str(len(proof.unexercised)), "holds" if proof.holds else "DOES NOT HOLD")


def proof_as_json(proof: SpecProof) -> dict[str, Any]:
    """A proof as JSON has it."""
    shares = {"honest": proof.honest, "caught": proof.caught, "right_clause": proof.headline, "red": proof.red}
    return {
        "holds": proof.holds,
        **{name: {"part": share.part, "whole": share.whole} for name, share in shares.items()},
        "alarms": list(proof.alarms),
        "missed": list(proof.missed),
        "misattributed": list(proof.misattributed),
        "never_exercised": list(proof.unexercised),
    }
