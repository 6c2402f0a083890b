"""The score of a self-test as text and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, TypeVar

from harness.cli.selftest_score import (
    CompanyFigures,
    FaultFigures,
    HonestFigures,
    RoundScore,
    SelftestScore,
    Share,
    Spread,
    spread_of,
)
from harness.cli.selftest_trials import TrialResult, trial_as_json

T = TypeVar("T")
Cells = Sequence[str]

_GAP: Final = "   "
# How many lines each list of the text has at most; the JSON has them all.
LINES_AT_MOST: Final = 40


def score_as_text(score: SelftestScore, *, together: int, with_red: bool) -> str:
    """The score for people: a table for faults alone, in company and honest servers, then what fell short."""
    rounds = score.rounds
    seeds = ", ".join(str(round_.seed) for round_ in rounds)
    many = len(rounds) > 1
    lines = [f"seeds {seeds}; median (least to most) over them" if many else f"seed {seeds}"]
    alone = by_condition(rounds, lambda round_: round_.alone)
    if alone:
        head = ["alone", "faults", "found", "right headline", "red where due", "groups/fault"]
        lines += ["", *_table(head, [_alone_cells(name, some) for name, some in alone.items()], with_red)]
    company = by_condition(rounds, lambda round_: round_.company)
    if company:
        head = [f"{together} together", "faults", "kept", "shared", "red where due", "sets", "hidden"]
        lines += ["", *_table(head, [_company_cells(name, some) for name, some in company.items()], with_red)]
    honest = by_condition(rounds, lambda round_: round_.honest)
    if honest:
        head = ["honest", "runs", "red", "amber"]
        lines += ["", *_table(head, [_honest_cells(name, some) for name, some in honest.items()], with_red)]
    lines += [
        "",
        f"requests/run    {_number(spread_of(one.requests.median for one in rounds))} (median), "
        f"{max((one.requests.most for one in rounds), default=0)} (most)",
        f"first evidence  after {_number(spread_of(one.requests.first_evidence for one in rounds))} requests "
        "(median)",
    ]
    for title, found in _shortcomings(score, with_red):
        lines += [f"  {title}: {line}" for line in found[:LINES_AT_MOST]]
        if len(found) > LINES_AT_MOST:
            lines.append(f"  {title}: and {len(found) - LINES_AT_MOST} more (see --json)")
    return "\n".join(lines)


def score_as_json(score: SelftestScore, results: Iterable[TrialResult]) -> dict[str, Any]:
    """The figures of every seed, their spread, what fell short, and every trial."""
    rounds = score.rounds
    return {
        "score": {
            "rounds": [_round_values(round_) for round_ in rounds],
            "spread": {
                "alone": {
                    name: {
                        "found": asdict(spread_of(one.found.percent for one in some)),
                        "headline": asdict(spread_of(one.headline.percent for one in some)),
                        "red": asdict(spread_of(one.red.percent for one in some)),
                        "groups": asdict(spread_of(one.groups for one in some)),
                    }
                    for name, some in by_condition(rounds, lambda round_: round_.alone).items()
                },
                "company": {
                    name: {
                        "kept": asdict(spread_of(one.kept.percent for one in some)),
                        "shared": asdict(spread_of(one.shared for one in some)),
                        "hidden": asdict(spread_of(one.hidden for one in some)),
                        "red": asdict(spread_of(one.red.percent for one in some)),
                    }
                    for name, some in by_condition(rounds, lambda round_: round_.company).items()
                },
                "honest": {
                    name: {
                        "red": asdict(spread_of(one.red for one in some)),
                        "amber": asdict(spread_of(one.amber for one in some)),
                    }
                    for name, some in by_condition(rounds, lambda round_: round_.honest).items()
                },
                "requests": asdict(spread_of(round_.requests.median for round_ in rounds)),
                "first_evidence": asdict(spread_of(round_.requests.first_evidence for round_ in rounds)),
            },
            **dict(_shortcomings(score, with_red=True, key=True)),
            "good": score.is_good,
        },
        "trials": [{**asdict(result), "trial": trial_as_json(result.trial)} for result in results],
    }


def by_condition(
    rounds: Iterable[RoundScore], figures: Callable[[RoundScore], Mapping[str, T]]
) -> dict[str, list[T]]:
    """The figures of each kind of server, one for each seed that has it."""
    found: dict[str, list[T]] = {}
    for round_ in rounds:
        for name, some in figures(round_).items():
            found.setdefault(name, []).append(some)
    return found


def _shortcomings(score: SelftestScore, with_red: bool, *, key: bool = False) -> list[tuple[str, tuple[str, ...]]]:
    names = ["missed", "misattributed", "lost", "not_red", "red_alarms", "amber_alarms"]
    if not with_red:
        names.remove("not_red")
    titles = {
        "lost": "lost in company",
        "not_red": "not red",
        "red_alarms": "red alarm",
        "amber_alarms": "amber alarm",
    }
    return [(name if key else titles.get(name, name), getattr(score, name)) for name in names]


def _round_values(round_: RoundScore) -> dict[str, Any]:
    values = asdict(round_)
    for kind in ("alone", "company"):
        for name, figures in getattr(round_, kind).items():
            for part in ("found", "headline", "kept", "red"):
                if isinstance(share := getattr(figures, part, None), Share):
                    values[kind][name][part]["percent"] = share.percent
    return values


# --- cells --------------------------------------------------------------------------------------------------


def _alone_cells(name: str, rounds: Sequence[FaultFigures]) -> Cells:
    return [
        name,
        _number(spread_of(one.faults for one in rounds)),
        _shares([one.found for one in rounds]),
        _shares([one.headline for one in rounds]),
        _shares([one.red for one in rounds]),
        _number(spread_of(one.groups for one in rounds)),
    ]


def _company_cells(name: str, rounds: Sequence[CompanyFigures]) -> Cells:
    return [
        name,
        _number(spread_of(one.faults for one in rounds)),
        _shares([one.kept for one in rounds]),
        _number(spread_of(one.shared for one in rounds)),
        _shares([one.red for one in rounds]),
        _number(spread_of(one.sets for one in rounds)),
        _number(spread_of(one.hidden for one in rounds)),
    ]


def _honest_cells(name: str, rounds: Sequence[HonestFigures]) -> Cells:
    return [
        name,
        _number(spread_of(one.runs for one in rounds)),
        _number(spread_of(one.red for one in rounds)),
        _number(spread_of(one.amber for one in rounds)),
    ]


def _shares(shares: Sequence[Share]) -> str:
    """One seed: part, whole and per cent; several: the spread in per cent."""
    if len(shares) == 1:
        share = shares[0]
        return "-" if share.percent is None else f"{share.part}/{share.whole} {share.percent:.1f} %"
    spread = spread_of(share.percent for share in shares)
    if spread.median is None:
        return "-"
    return f"{spread.median:.1f} % ({spread.least:.1f} to {spread.most:.1f})"


def _number(spread: Spread) -> str:
    if spread.median is None or spread.least == spread.most:
        return "-" if spread.median is None else f"{spread.median:g}"
    return f"{spread.median:g} ({spread.least:g} to {spread.most:g})"


def _table(head: Cells, rows: Sequence[Cells], with_red: bool) -> list[str]:
    kept = [place for place, title in enumerate(head) if with_red or title != "red where due"]
    cells = [[row[place] for place in kept] for row in (head, *rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(kept))]
    return [_GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
