"""The few columns of real records that say what traffic is like: when calls began, were answered and ended, and how.

Numbers, names and texts are not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

import numpy as np

from harness.telephony.enums import Direction, Disposition
from harness.traffic.call_columns import CallColumns
from harness.world.call_times import NEVER
from harness.world.random_streams import FlagArray, IntArray
from harness.world.traffic import millis_of

_HOUR: Final = 3_600_000
_DISPOSITIONS: Final = tuple(Disposition)
_DIRECTIONS: Final = (Direction.INBOUND, Direction.OUTBOUND, Direction.INTERNAL, Direction.TRANSIT)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """What one record tells of a call; `session` only tells which calls belong together, and None is not known.

    `identity` is what the source calls it; neither is ever shown.
    """

    started: datetime
    rang: datetime | None
    answered: datetime | None
    ended: datetime
    disposition: Disposition
    direction: Direction | None = None
    recorded: bool | None = None
    transferred: bool | None = None
    identity: str | None = None
    session: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTraffic:
    """The calls of a file, when those rang that are known to have rung (else `NEVER`), and the lines left out."""

    calls: CallColumns
    rang: IntArray
    calls_of_sessions: tuple[int, ...]
    skipped: tuple[int, ...]


def recorded_traffic(found: Sequence[RecordedCall], *, skipped: tuple[int, ...]) -> RecordedTraffic:
    """The columns of some calls, one at least; `skipped` are the lines that told none."""
    calls = sorted(found, key=lambda call: call.started)
    started = np.asarray([millis_of(call.started) for call in calls], dtype=np.int64)
    rang = np.asarray([NEVER if call.rang is None else millis_of(call.rang) for call in calls], dtype=np.int64)
    directions = [_DIRECTIONS.index(call.direction) if call.direction in _DIRECTIONS else -1 for call in calls]
    sessions: dict[str, int] = {}
    begins: list[bool] = []
    for place, call in enumerate(calls):
        name = f"call {place}" if call.session is None else f"session {call.session}"
        begins.append(name not in sessions)
        sessions[name] = sessions.get(name, 0) + 1
    columns = CallColumns(
        begin=int(started[0]) // _HOUR * _HOUR,
        end=int(started[-1]) // _HOUR * _HOUR + _HOUR,
        started=started,
        answered=np.asarray([NEVER if call.answered is None else millis_of(call.answered) for call in calls]),
        ended=np.asarray([millis_of(call.ended) for call in calls], dtype=np.int64),
        dispositions=np.asarray([_DISPOSITIONS.index(call.disposition) for call in calls], dtype=np.int64),
        directions=np.asarray(directions, dtype=np.int64) if max(directions) >= 0 else None,
        begins_session=np.asarray(begins) if any(call.session is not None for call in calls) else None,
        transferred=_flags([call.transferred for call in calls]),
        recorded=_flags([call.recorded for call in calls]),
    )
    return RecordedTraffic(calls=columns, rang=rang, calls_of_sessions=tuple(sessions.values()), skipped=skipped)


def _flags(values: Sequence[bool | None]) -> FlagArray | None:
    return None if all(value is None for value in values) else np.asarray([bool(value) for value in values])
