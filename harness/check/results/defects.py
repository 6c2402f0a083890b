"""Defects: findings with the same evidence, the one of them that stands for the others, and how many there are."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Final, final

from harness.check.results.findings import Colour, Finding, RunReport, Verdict

_COLOUR_RANK: Final = {Colour.RED: 0, Colour.AMBER: 1}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """The findings of one defect: `headline` stands for it, `also` are those of the other clauses that it breaks."""

    headline: Finding
    also: tuple[Finding, ...] = ()


def numbered_findings(findings: Iterable[Finding], *, earlier: Iterable[Finding] = ()) -> tuple[Finding, ...]:
    """The findings with the numbers of their defects: 1, 2, ... red ones first, then as they came to light.

    Findings with the same smallest request and the same difference have one number. `earlier` are findings of a run
    before, whose numbers stand: who shares their evidence gets the same number, the others follow.
    """
    made = tuple(findings)
    numbers = {_evidence(finding): finding.defect for finding in earlier if finding.defect}
    following = max(numbers.values(), default=0) + 1
    reddest: dict[Hashable, tuple[bool, int]] = {}
    for finding in made:
        reddest[_evidence(finding)] = min(_weight(finding), reddest.get(_evidence(finding), _weight(finding)))
    for finding in sorted(made, key=lambda one: (reddest[_evidence(one)], one.found_after, one.place)):
        if _evidence(finding) not in numbers:
            numbers[_evidence(finding)] = following
            following += 1
    return tuple(replace(finding, defect=numbers[_evidence(finding)]) for finding in made)


def _evidence(finding: Finding) -> Hashable:
    # Without a request nothing says that two clauses are broken by the same thing.
    return finding.curl or finding.clause, finding.difference or finding.clause


def group_findings(findings: Iterable[Finding]) -> tuple[Defect, ...]:
    """The defects in the order of their numbers; a finding without a number is a defect of its own, at the end.

    The headline is a finding that is not waived, if there is one, of the strongest colour, that came to light first.
    """
    groups: dict[Hashable, list[Finding]] = {}
    for index, finding in enumerate(findings):
        groups.setdefault(finding.defect or ("alone", index), []).append(finding)
    # Sorting keeps the order of the clauses where nothing else decides.
    ordered = [
        sorted(members, key=lambda one: (*_weight(one), one.found_after, one.place)) for members in groups.values()
    ]
    defects = [Defect(headline=members[0], also=tuple(members[1:])) for members in ordered]
    return tuple(sorted(defects, key=_place_in_list))


def _place_in_list(defect: Defect) -> tuple[bool, int, bool, int, str]:
    headline = defect.headline
    return (not headline.defect, headline.defect, *_weight(headline), headline.clause)


def _weight(finding: Finding) -> tuple[bool, int]:
    return finding.waived is not None, _COLOUR_RANK.get(finding.colour, 2)


def finding_colour(finding: Finding) -> str:
    """What a finding counts for, in a word or two: its colour, `informs`, or the known failure that waives it."""
    if finding.waived is not None:
        return f"waived by {finding.waived}"
    return "informs" if finding.colour is Colour.NONE else finding.colour.value


def broken_summary(report: RunReport) -> str:
    """How many defects break how many clauses, waived ones left out; empty where nothing is broken.

    A broken clause without a finding, as only the further runs of a flaky one leave it, is a defect of its own.
    """
    broken = {result.id for result in report.clauses if result.verdict is Verdict.FAIL and result.waived is None}
    if not broken:
        return ""
    counted = [finding for finding in report.findings if finding.clause in broken]
    defects = len(group_findings(counted)) + len(broken - {finding.clause for finding in counted})
    return (
        f"{defects} {'defect breaks' if defects == 1 else 'defects break'} "
        f"{len(broken)} {'clause' if len(broken) == 1 else 'clauses'}"
    )
