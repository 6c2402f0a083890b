"""The calls of a world that have ended: what files of call records hold, whatever an API lists."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from harness.generate.row_slices import RowSlices
from harness.telephony.attributes import Grain
from harness.telephony.records import Record
from harness.world.listed_calls import ListedCalls
from harness.world.world import World


def count_ended_calls(world: World) -> int:
    """How many calls have ended at the world's instant."""
    return world.count(Grain.CALL, ListedCalls.ENDED, world.instant)


def ended_calls(slices: RowSlices, first: int, last: int, attributes: Collection[str]) -> Sequence[Record]:
    """Some of the calls that have ended, in the order of their starts, with these attributes."""
    world = slices.world
    return world.records(Grain.CALL, ListedCalls.ENDED, world.instant, rows=slice(first, last), attributes=attributes)
