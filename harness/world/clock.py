"""Clocks as values: the instant of a world, computed from the instant of the wall clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, final


@final
@dataclass(frozen=True, slots=True)
class FrozenClock:
    """A clock that stands still at one instant."""

    instant: datetime

    def instant_at(self, now: datetime) -> datetime:
        """The instant of the world, whatever `now` is."""
        return self.instant


@final
@dataclass(frozen=True, slots=True)
class LiveClock:
    """The wall clock itself, so that replicas with good clocks agree."""

    def instant_at(self, now: datetime) -> datetime:
        """The instant of the world: now."""
        return now


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledClock:
    """A clock that shows `instant` when the wall clock shows `began`, and runs `factor` times as fast."""

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
