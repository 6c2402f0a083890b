"""What figures are made of: the calls of a world, or of real records, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import final

import numpy as np

from harness.errors import UsageProblem
from harness.telephony.hangup_causes import HangupCause
from harness.world.call_times import ANSWERED, BUSY, NEVER
from harness.world.customers import CUSTOMERS, HOME_CUSTOMER_ID
from harness.world.random_streams import FlagArray, IntArray
from harness.world.traffic import millis_of
from harness.world.world import World


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CallColumns:
    """Calls within a window, one value each; instants in milliseconds since 1970, `NEVER` (-1) where none came.

    `begin` and `end` are those of the window. `dispositions` and `directions` are codes in the order of
    `DISPOSITION_NAMES` and `DIRECTION_NAMES`. `delivered` says whether the network brought a call to the other end.
    What is None is not known: records may lack it. `lines` are the codes of the home customer's lines, one for each
    of its calls that has a line.
    """

    begin: int
    end: int
    started: IntArray
    answered: IntArray
    ended: IntArray
    dispositions: IntArray
    delivered: FlagArray | None = None
    directions: IntArray | None = None
    begins_session: FlagArray | None = None
    transferred: FlagArray | None = None
    recorded: FlagArray | None = None
    lines: IntArray | None = None

    def __len__(self) -> int:
        return len(self.started)

    @property
    def is_answered(self) -> FlagArray:
        holds: FlagArray = self.answered != NEVER
        return holds

    @property
    def talk_seconds(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """The talk time of each answered call, in seconds."""
        holds = self.is_answered
        return (self.ended[holds] - self.answered[holds]) / 1000

    @property
    def answer_seconds(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """The time from start to answer of each answered call, in seconds."""
        holds = self.is_answered
        return (self.answered[holds] - self.started[holds]) / 1000


def columns_of_world(world: World) -> CallColumns:
    """The generated calls of a world that began until its instant, with their whole lives.

    Raises UsageProblem for a world that has none.
    """
    batch = world.whole_calls()
    if batch is not None:
        # Calls of its sessions that begin later belong to what comes after it.
        batch = batch.other_calls(batch.call_numbers[batch.times.started <= millis_of(world.instant)])
    if batch is None or not len(batch):
        raise UsageProblem("the world of calls", "calls to look at", "none", "ask for more calls or days")
    times = batch.times
    causes = np.asarray([cause.value for cause in HangupCause], dtype=np.int64)[batch.cause_index]
    begin = millis_of(world.window.begin) if world.window is not None else int(times.started.min())
    home = next(place for place, member in enumerate(CUSTOMERS.members) if member.id == HOME_CUSTOMER_ID)
    return CallColumns(
        begin=begin,
        end=max(millis_of(world.instant), begin + 1),
        started=times.started,
        answered=times.answered,
        ended=times.ended,
        dispositions=times.dispositions,
        delivered=delivered_calls(times.dispositions, times.rang != NEVER, causes),
        directions=batch.direction,
        begins_session=(batch.call_numbers & 3) == 0,
        transferred=batch.transferred_at != NEVER,
        recorded=batch.recording_counts > 0,
        lines=batch.line[(batch.customer == home) & batch.has_line],
    )


def delivered_calls(dispositions: IntArray, rang: FlagArray, causes: IntArray) -> FlagArray:
    """Whether the network brought each call to the other end: answered, busy, ringing, or rejected there.

    As ITU-T E.425 counts for the network effectiveness ratio: answers, user busy, ring no answer, terminal rejection
    (Q.850 cause 21).
    """
    rejected = causes == HangupCause.CALL_REJECTED.value
    delivered: FlagArray = (dispositions == ANSWERED) | (dispositions == BUSY) | rang | rejected
    return delivered


def instant_of(millis: int) -> datetime:
    """Milliseconds since 1970 as an instant in UTC."""
    return datetime.fromisoformat("1970-01-01T00:00:00+00:00") + timedelta(milliseconds=millis)
