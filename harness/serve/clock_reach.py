"""How far a clock may run past its world: calls are generated up to what it shows, and they take time and memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from harness.world.clock import Clock
from harness.world.world import World

if TYPE_CHECKING:
    from harness.serve.simulator import RecordSource

MOST_CALLS_AHEAD: Final = 1_000_000
_LEAST_REACH: Final = timedelta(days=1)
_END_OF_TIME: Final = datetime(9999, 1, 1, tzinfo=UTC)
_BEGIN_OF_TIME: Final = datetime(1000, 1, 1, tzinfo=UTC)


def latest_instant(world: RecordSource) -> datetime:
    """The last instant that a clock over this world shows.

    It is a million calls of its busiest hour after the instant that the world was made until, and a day at least. A
    world of given calls has nothing to generate.
    """
    if not isinstance(world, World) or world.profile is None:
        return _END_OF_TIME
    ahead = max(_LEAST_REACH, timedelta(seconds=MOST_CALLS_AHEAD / world.profile.calls_per_second))
    return max(min(world.instant, _END_OF_TIME - ahead) + ahead, world.instant)


def instant_within(clock: Clock, latest: datetime, now: datetime) -> datetime:
    """What a clock shows when the wall clock shows `now`: it stands still once it has come to `latest`."""
    try:
        return min(clock.instant_at(now), latest)
    except OverflowError:
        return latest


def is_within_reach(at: datetime, world: World) -> bool:
    """Whether a clock over this world can show an instant."""
    return _BEGIN_OF_TIME <= at <= latest_instant(world)
