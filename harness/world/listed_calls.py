"""The population of a list: the calls that have ended, those that are live, or both."""

from __future__ import annotations

from enum import StrEnum


class ListedCalls(StrEnum):
    """The calls that a list holds at an instant."""

    ENDED = "ended"
    LIVE = "live"
    BOTH = "both"
