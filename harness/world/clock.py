"""Clocks as values: which instant a world is at, given what the caller's watch says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, final


@final
@dataclass(frozen=True, slots=True)
class FrozenClock:
    """Always the same instant."""

    instant: datetime

    def instant_at(self, now: datetime) -> datetime:
        """The instant of the world; `now` is not looked at."""
        return self.instant


@final
@dataclass(frozen=True, slots=True)
class LiveClock:
    """The watch itself, so that replicas with good clocks agree."""

    def instant_at(self, now: datetime) -> datetime:
        """The instant of the world: now."""
        return now


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledClock:
    """The world is at `instant` when the watch says `began`, and runs `factor` times as fast since."""

    began: datetime
    instant: datetime
    factor: float = 1.0

    def __post_init__(self) -> None:
        if self.factor <= 0:
            raise ValueError(f"a clock runs forward: factor is more than 0, not {self.factor}")

    def instant_at(self, now: datetime) -> datetime:
        """The instant of the world."""
        return self.instant + (now - self.began) * self.factor


Clock: TypeAlias = "FrozenClock | LiveClock | ScaledClock"
