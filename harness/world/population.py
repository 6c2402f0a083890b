"""Which of the rows are asked for: the ended ones, the live ones, or both."""

from __future__ import annotations

from enum import StrEnum


class Population(StrEnum):
    """What a listing lists at an instant."""

    ENDED = "ended"
    LIVE = "live"
    BOTH = "both"
