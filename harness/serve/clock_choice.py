"""Clocks by name, as the command line and tests choose them: `frozen`, `frozen=INSTANT`, `live`, `scaled=K`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, final

from harness.errors import UsageProblem
from harness.world.clock import Clock, FrozenClock, LiveClock, ScaledClock
from harness.world.traffic_profile import OFFICE, STEADY, TrafficProfile

_INSTANT: Final = re.compile(r"[0-9T:.+Z \-]{8,40}", re.ASCII)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ClockChoice:
    """Which clock a world has: its kind, its instant where that is named, and how fast it runs."""

    kind: Literal["frozen", "live", "scaled"] = "frozen"
    instant: datetime | None = None
    factor: float = 1.0

    @property
    def profile(self) -> TrafficProfile:
        """The traffic for it where nobody chooses: one that has calls at any hour where the hour is the machine's."""
        return STEADY if self.kind == "live" else OFFICE

    def world_instant(self, began: datetime) -> datetime | None:
        """Until when the world is to be made; None where that is open."""
        return began if self.kind == "live" else self.instant

    def make_clock(self, *, began: datetime, instant: datetime) -> Clock:
        """The clock, over a world that is made until an instant, when the wall clock shows when it began."""
        match self.kind:
            case "frozen":
                return FrozenClock(instant)
            case "live":
                return LiveClock()
            case "scaled":
                return ScaledClock(began=began, instant=instant, factor=self.factor)


def parse_clock(text: str, *, where: str = "clock") -> ClockChoice:
    """The clock of that name. Raises UsageProblem."""
    kind, mark, value = text.partition("=")
    if kind == "frozen":
        return ClockChoice(instant=_parse_instant(value, f"{where} frozen") if mark else None)
    if text == "live":
        return ClockChoice(kind="live")
    if kind == "scaled":
        try:
            factor = float(value)
        except ValueError:
            factor = 0.0
        if not 0 < factor <= 1e6:
            raise UsageProblem(f"{where} scaled", "scaled=K with a K above 0, at most 1000000", repr(text))
        return ClockChoice(kind="scaled", factor=factor)
    raise UsageProblem(where, "frozen, frozen=INSTANT, live or scaled=K", repr(text))


def _parse_instant(text: str, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(text if _INSTANT.fullmatch(text) else "")
    except ValueError:
        raise UsageProblem(where, "an instant such as 2026-03-02T14:30:00Z", repr(text)) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
