"""The requests of a run as a picture: how long each took, and after which of them a defect was found."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final, final

from harness.check.results.findings import Exchanged, Finding

_HEIGHT: Final = 120
_LANE_HEIGHT: Final = 22
_MOST_LANES: Final = 5
# Two marks in one lane are so many percent of the width apart at least: a narrow screen must hold both.
_MARK_WIDTH: Final = 7.0
_SHORTEST: Final = 0.001
_TICKS: Final = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ChartBar:
    """One request: left edge and width in percent, top and height in pixels, and how it was answered."""

    x: str
    width: str
    y: str
    height: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ChartMark:
    """A defect where it was found: its number and colour (or `waived`), x in percent, y in pixels.

    It is numbered where there is room for it.
    """

    defect: int
    colour: str
    x: str
    y: int
    numbered: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRow:
    """A part of the run: its name, how many requests it sent, how long they took, the defects that it found."""

    name: str
    requests: int
    median: str
    slowest: str
    defects: tuple[int, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RequestChart:
    """What the template draws: bars by the kind of answer, marks, lines of equal time, ends of the axis."""

    height: int
    base: int
    bars: dict[str, list[ChartBar]]
    marks: list[ChartMark]
    lines: list[tuple[str, str]]
    requests: int
    slowest: str
    phases: list[PhaseRow] = field(default_factory=list)


def request_chart(exchanges: Sequence[Exchanged], headlines: Iterable[Finding]) -> RequestChart | None:
    """The chart of a run; None where nothing was sent."""
    if not exchanges:
        return None
    found = sorted(
        (finding for finding in headlines if finding.defect), key=lambda one: (one.found_after, one.defect)
    )
    marks, lanes = _marks(found, len(exchanges))
    slowest = max(_SHORTEST * 10, *(exchange.seconds for exchange in exchanges))
    top = lanes * _LANE_HEIGHT + 8
    bars: dict[str, list[ChartBar]] = {"s2": [], "s4": [], "s5": [], "s0": []}
    width = 100 / len(exchanges)
    for index, exchange in enumerate(exchanges):
        height = max(2.0, _scaled(exchange.seconds, slowest))
        bars[_kind_of(exchange)].append(
            ChartBar(
                x=f"{index * width:.2f}",
                width=f"{max(width * 0.8, 0.1):.2f}",
                y=f"{top + _HEIGHT - height:.0f}",
                height=f"{height:.0f}",
            )
        )
    return RequestChart(
        height=top + _HEIGHT,
        base=top + _HEIGHT,
        bars={kind: members for kind, members in bars.items() if members},
        marks=marks,
        lines=[
            (f"{top + _HEIGHT - _scaled(tick, slowest):.0f}", duration_text(tick))
            for tick in _TICKS
            if _SHORTEST < tick < slowest
        ],
        requests=len(exchanges),
        slowest=duration_text(max(exchange.seconds for exchange in exchanges)),
        phases=_phase_rows(exchanges, found),
    )


def _marks(found: Sequence[Finding], requests: int) -> tuple[list[ChartMark], int]:
    """Marks in lanes, so that none hides another, and the number of lanes; what has no room has no number."""
    ends: list[float] = []
    marks: list[ChartMark] = []
    for finding in found:
        x = 2 + 96 * min(1.0, max(finding.found_after - 0.5, 0) / requests)
        lane = next((number for number, end in enumerate(ends) if x - end >= _MARK_WIDTH), None)
        if lane is None and len(ends) < _MOST_LANES:
            lane = len(ends)
            ends.append(x)
        if lane is not None:
            ends[lane] = x
        y = 12 + (_MOST_LANES if lane is None else lane) * _LANE_HEIGHT
        colour = finding.colour.value if finding.waived is None else "waived"
        marks.append(ChartMark(defect=finding.defect, colour=colour, x=f"{x:.2f}", y=y, numbered=lane is not None))
    crowded = any(not mark.numbered for mark in marks)
    return marks, len(ends) + crowded


def _scaled(seconds: float, slowest: float) -> float:
    """The height in pixels of a duration, by its logarithm: one slow answer must not flatten all others."""
    share = math.log(max(seconds, _SHORTEST) / _SHORTEST) / math.log(slowest / _SHORTEST)
    return share * (_HEIGHT - 10)


def _kind_of(exchange: Exchanged) -> str:
    if exchange.http_status is None:
        return "s0"
    if exchange.http_status >= 500:
        return "s5"
    return "s4" if exchange.http_status >= 400 else "s2"


def _phase_rows(exchanges: Sequence[Exchanged], found: Sequence[Finding]) -> list[PhaseRow]:
    """The phases in the order of their first request; phases of one name are one row."""
    by_name: dict[str, list[Exchanged]] = {}
    for exchange in exchanges:
        by_name.setdefault(exchange.phase, []).append(exchange)
    defects: dict[str, list[int]] = {}
    for finding in found:
        place = min(max(finding.found_after, 1), len(exchanges)) - 1
        defects.setdefault(exchanges[place].phase, []).append(finding.defect)
    return [
        PhaseRow(
            name=name,
            requests=len(members),
            median=duration_text(median(exchange.seconds for exchange in members)),
            slowest=duration_text(max(exchange.seconds for exchange in members)),
            defects=tuple(sorted(defects.get(name, ()))),
        )
        for name, members in by_name.items()
    ]


def duration_text(seconds: float) -> str:
    """A duration as a person reads it: 340 µs, 12 ms, 1.5 s, 3 min 20 s."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds % 1 else f"{seconds:.0f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"
