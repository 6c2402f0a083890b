"""What figures are made of: the calls of a world, or of real records, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

import numpy as np

from harness.errors import UsageProblem
from harness.telephony.enums import Direction, Disposition
from harness.telephony.hangup_causes import HangupCause
from harness.telephony.records import AttributeValue
from harness.world.call_times import ANSWERED, BUSY, NEVER
from harness.world.customers import CUSTOMERS, HOME_CUSTOMER_ID
from harness.world.random_streams import FlagArray, IntArray
from harness.world.traffic import millis_of
from harness.world.world import World

_DISPOSITIONS: Final = tuple(word.value for word in Disposition)
_DIRECTIONS: Final = tuple(
    word.value for word in (Direction.INBOUND, Direction.OUTBOUND, Direction.INTERNAL, Direction.TRANSIT)
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CallColumns:
    """Calls within a window, one value each; instants in milliseconds since 1970, `NEVER` (-1) where none came.

    `begin` and `end` are those of the window. `dispositions` and `directions` are codes in the order of
    `DISPOSITION_NAMES` and `DIRECTION_NAMES`, -1 for a direction that is not known. `delivered` says whether the
    network brought a call to the other end. What is None is not known: records may lack it. `lines` are the codes of
    the home customer's lines, one for each of its calls that has a line.
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
    """The generated calls of a world that began until its instant, with their whole lives, or else the given ones.

    Raises UsageProblem for a world that has none.
    """
    if world.seed is None and world.given:
        return _columns_of_records(world)
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


def _columns_of_records(world: World) -> CallColumns:
    """The given calls of a world that have ended; only what all of them tell is known."""
    calls = [call for call in world.given if call["ended_at"] is not None and call["disposition"] in _DISPOSITIONS]
    calls.sort(key=lambda call: (call.instant("started_at") or world.instant, str(call["call_id"])))
    if not calls:
        raise UsageProblem("the world of calls", "calls that have ended", "none", "look at the records")
    instants = {
        name: np.asarray(
            [NEVER if (at := call.instant(name)) is None else millis_of(at) for call in calls], dtype=np.int64
        )
        for name in ("started_at", "ringing_at", "answered_at", "ended_at")
    }
    dispositions = np.asarray([_DISPOSITIONS.index(str(call["disposition"])) for call in calls], dtype=np.int64)
    causes = [cause if isinstance(cause := call["hangup_cause"], int) else -1 for call in calls]
    directions = [str(call["direction"]) for call in calls]
    begun: dict[AttributeValue, int] = {}
    for place, call in enumerate(calls):
        begun.setdefault(call["session_id"], place)
    lines = [str(call["extension"]) for call in calls if call["extension"]]
    begin = int(instants["started_at"][0])
    return CallColumns(
        begin=begin,
        end=max(millis_of(world.instant), begin + 1),
        started=instants["started_at"],
        answered=instants["answered_at"],
        ended=instants["ended_at"],
        dispositions=dispositions,
        delivered=delivered_calls(dispositions, instants["ringing_at"] != NEVER, np.asarray(causes, dtype=np.int64)),
        directions=np.asarray(list(map(_DIRECTIONS.index, directions)), dtype=np.int64)
        if set(directions) <= set(_DIRECTIONS)
        else None,
        begins_session=np.asarray([begun[call["session_id"]] == place for place, call in enumerate(calls)]),
        lines=np.unique(lines, return_inverse=True)[1].astype(np.int64) if lines else None,
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
