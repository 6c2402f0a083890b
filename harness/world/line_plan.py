"""Which extensions talk in which calls: a person's telephone talks in one at a time, a group's in any number.

Every call draws its extensions. Of the talks that drew the same person, one is kept there if none that began earlier
is still going on; the others try another person of the same customer, who must be free of the kept ones and of those
that try the same and begin earlier; the rest goes to a group of the customer (a queue, a ring group). So the
extensions of a call follow from the calls around it alone, and those of any hour can be told without its past.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Final, final

import numpy as np

from harness.world.call_times import ANSWERED, call_numbers_in, dispositions_of
from harness.world.direction_codes import INTERNAL
from harness.world.random_streams import BitArray, FlagArray, IntArray, draw_bits, integers_below
from harness.world.traffic import Traffic

if TYPE_CHECKING:
    from harness.world.calls import CallBatch

# Minutes: of the longest talk that a person has, and of the time from the start of a session until a talk of it.
# Longer ones go to groups, so that an hour depends on few others.
_LONGEST_TALK: Final = 30
_LONGEST_LAG: Final = 10
_MINUTE: Final = 60_000
# A block is planned at once and kept: an hour, or as many as have about so many calls. Several blocks are planned
# together, with what lies around them, up to so many calls.
_BLOCK_CALLS: Final = 1000
_CALLS_AT_ONCE: Final = 100_000
_KEPT_MOVES: Final = 1_000_000
# What a block takes besides its moves, in moves: most have few or none.
_BLOCK_MOVES: Final = 24
BUSIEST_PERSONS: Final = 200.0
"""Where more calls than these go on in the busiest hour, all extensions are groups'."""


@final
@dataclass(frozen=True, slots=True)
class _MovedCalls:
    """Calls that do not have the extensions that they drew, in the order of their numbers, with those they have."""

    call_numbers: IntArray
    lines: IntArray
    other_lines: IntArray

    def __len__(self) -> int:
        return len(self.call_numbers)

    @property
    def weight(self) -> int:
        """About how much memory these take, in calls of many."""
        return len(self) + _BLOCK_MOVES

    def between(self, low: int, high: int) -> _MovedCalls:
        """Those whose numbers are not below the first and below the second."""
        here = slice(*np.searchsorted(self.call_numbers, [low, high]).tolist())
        # Copies, so that the whole is not kept for a part of it.
        columns = self.call_numbers, self.lines, self.other_lines
        return _MovedCalls(*(column[here].copy() for column in columns))


@final
class LinePlan:
    """The extensions of the calls of one traffic, planned block by block; what was planned is kept, up to a limit.

    A block is a number of minutes. Threads may share a plan.
    """

    def __init__(self, traffic: Traffic) -> None:
        hourly = traffic.profile.calls_per_second * 3600
        hours = max(1, min(round(_BLOCK_CALLS / hourly), 24 * 7))
        self._minutes = 60 * hours
        self._blocks_at_once = max(1, int(_CALLS_AT_ONCE / (hourly * hours)))
        self._width = traffic.numbers_per_slot
        self._blocks: dict[int, _MovedCalls] = {}
        self._kept = 0
        self._lock = Lock()

    def lines_of(self, calls: CallBatch) -> tuple[IntArray, IntArray]:
        """The extension of each call, and the one at the other end where it is internal."""
        blocks = calls.session_numbers // (self._width * self._minutes)
        # Neighbours are mostly of the same block.
        heads = blocks[np.flatnonzero(np.diff(blocks, prepend=-1))]
        wanted = np.unique(heads).tolist()
        with self._lock:
            planned = self._plan_blocks(calls, wanted)
        moved = [planned[block] for block in wanted if len(planned[block])]
        if not moved:
            return calls.drawn_line, calls.drawn_other_line
        # Blocks are in order, and so are the numbers in each.
        numbers = np.concatenate([block.call_numbers for block in moved])
        places = np.minimum(np.searchsorted(numbers, calls.call_numbers), len(numbers) - 1)
        here = np.flatnonzero(numbers[places] == calls.call_numbers)
        lines, others = calls.drawn_line.copy(), calls.drawn_other_line.copy()
        lines[here] = np.concatenate([block.lines for block in moved])[places[here]]
        others[here] = np.concatenate([block.other_lines for block in moved])[places[here]]
        return lines, others

    def _plan_blocks(self, calls: CallBatch, wanted: list[int]) -> Mapping[int, _MovedCalls]:
        found = {block: self._blocks[block] for block in wanted if block in self._blocks}
        for first, last in _runs([block for block in wanted if block not in found], self._blocks_at_once):
            made = self._plan_run(calls, first, last)
            found |= made
            self._kept += sum(block.weight for block in made.values())
            self._blocks |= made
        while self._kept > _KEPT_MOVES and self._blocks:
            oldest = next(iter(self._blocks))
            self._kept -= self._blocks.pop(oldest).weight
        return found

    def _plan_run(self, calls: CallBatch, first: int, last: int) -> dict[int, _MovedCalls]:
        begin, end = first * self._minutes, (last + 1) * self._minutes - 1
        begin -= 2 * _LONGEST_TALK + _LONGEST_LAG
        end += _LONGEST_TALK + _LONGEST_LAG
        numbers = call_numbers_in(calls.traffic, calls.traffic.session_numbers(begin, end))
        answered = numbers[dispositions_of(calls.traffic, numbers) == ANSWERED]
        moved = plan_lines(calls.other_calls(answered))
        block_width = self._width * self._minutes * 4
        return {
            block: moved.between(block * block_width, (block + 1) * block_width) for block in range(first, last + 1)
        }


_plan_of = lru_cache(maxsize=8)(LinePlan)


def planned_lines(calls: CallBatch) -> tuple[IntArray, IntArray]:
    """The extensions of calls and those at the other end, among all calls of their traffic."""
    if calls.traffic.profile.concurrent_calls > BUSIEST_PERSONS:
        return calls.drawn_line, calls.drawn_other_line
    return _plan_of(calls.traffic).lines_of(calls)


def _draw_for_ends(calls: CallBatch, what: str, rows: IntArray, side: IntArray) -> BitArray:
    """64 random bits for one end of some calls: 0 who calls or is called from outside, 1 who is called within."""
    return draw_bits(calls.traffic.seed, f"call.{what}", calls.call_numbers[rows] * 2 + side)


def _runs(blocks: list[int], most: int) -> Iterator[tuple[int, int]]:
    """Neighbours put together, so many at most, for what lies around them is planned with them."""
    begin = 0
    for place in range(1, len(blocks) + 1):
        if place == len(blocks) or blocks[place] != blocks[place - 1] + 1 or place - begin >= most:
            yield blocks[begin], blocks[place - 1]
            begin = place


@final
@dataclass(frozen=True, slots=True)
class _Talks:
    """One end of each answered call that has an extension there: the row of the call, the end (0 or 1), its talk."""

    rows: IntArray
    side: IntArray
    drawn: IntArray
    started: IntArray
    ended: IntArray


def plan_lines(calls: CallBatch) -> _MovedCalls:
    """Which of some answered calls do not have the extensions that they drew, planned among these calls alone."""
    extensions = calls.pools.extensions
    first, groups = (
        column[calls.customer] for column in (extensions.first_of_customer, extensions.group_count_of_customer)
    )
    persons = extensions.count_of_customer[calls.customer] - groups
    talks = _talks_of(calls)
    rows, side = talks.rows, talks.side
    placed, is_person = talks.drawn.copy(), talks.drawn - first[rows] >= groups[rows]
    tried = _persons_to_try(calls, talks, is_person)
    settled = ~is_person
    settled[tried] = _free_of_earlier(talks.drawn[tried], talks.started[tried], talks.ended[tried])
    again = tried[~settled[tried]]
    kept = tried[settled[tried]]
    bits = _draw_for_ends(calls, "line.second", rows[again], side[again])
    second = (first + groups)[rows[again]] + integers_below(bits, persons[rows[again]])
    tries = second, talks.started[again], talks.ended[again]
    free = _free_of_others(tries, (talks.drawn[kept], talks.started[kept], talks.ended[kept]))
    free &= _free_of_earlier(*tries)
    placed[again[free]] = second[free]
    settled[again[free]] = True
    rest = np.flatnonzero(~settled)
    bits = _draw_for_ends(calls, "line.group", rows[rest], side[rest])
    placed[rest] = first[rows[rest]] + integers_below(bits, groups[rows[rest]])
    lines, others = calls.drawn_line.copy(), calls.drawn_other_line.copy()
    lines[rows[side == 0]] = placed[side == 0]
    others[rows[side == 1]] = placed[side == 1]
    # Where both ends went to the same group, or one to the extension that the other has.
    same = (lines == others) & (calls.direction == INTERNAL)
    others[same] = first[same] + (others[same] - first[same] + 1) % groups[same]
    moved = np.flatnonzero((lines != calls.drawn_line) | (others != calls.drawn_other_line))
    moved = moved[np.argsort(calls.call_numbers[moved])]
    return _MovedCalls(calls.call_numbers[moved], lines[moved], others[moved])


def _talks_of(calls: CallBatch) -> _Talks:
    talks = calls.has_line
    within = ~calls.is_external
    rows = np.concatenate([np.flatnonzero(talks), np.flatnonzero(within)])
    side = np.repeat([0, 1], [int(talks.sum()), int(within.sum())])
    # Who calls stays until the end; who is called leaves when the call is transferred.
    leaves = (side == 1) | calls.is_from_outside[rows]
    transferred = calls.transferred_at[rows]
    ended = np.where(leaves & (transferred >= 0), transferred, calls.times.ended[rows])
    drawn = np.where(side == 0, calls.drawn_line[rows], calls.drawn_other_line[rows])
    return _Talks(rows, side, drawn, calls.times.answered[rows], ended)


def _persons_to_try(calls: CallBatch, talks: _Talks, is_person: FlagArray) -> IntArray:
    """The talks that may stay with a person, in the order of their beginning."""
    sessions = calls.traffic.session_starts(calls.session_numbers)
    soon = talks.started - sessions[talks.rows] <= _LONGEST_LAG * _MINUTE
    found = np.flatnonzero(is_person & soon & (talks.ended - talks.started <= _LONGEST_TALK * _MINUTE))
    order = np.lexsort((calls.call_numbers[talks.rows[found]] * 2 + talks.side[found], talks.started[found]))
    return found[order]


def _free_of_earlier(lines: IntArray, started: IntArray, ended: IntArray) -> FlagArray:
    """Whether no earlier one of the same line goes on when each begins; they are in the order of their beginning."""
    order = np.argsort(lines, kind="stable")
    # Lines one after another on one axis of time.
    offset = lines[order] * (np.int64(1) << 44)
    until = np.maximum.accumulate(ended[order] + offset)
    free = np.ones(len(lines), dtype=np.bool_)
    free[order[1:]] = until[:-1] <= started[order[1:]] + offset[1:]
    return free


def _free_of_others(
    tried: tuple[IntArray, IntArray, IntArray], kept: tuple[IntArray, IntArray, IntArray]
) -> FlagArray:
    """Whether each lies beside all that are kept on its line, which lie beside one another."""
    axis = np.int64(1) << 44
    order = np.argsort(kept[0] * axis + kept[1])
    starts, ends = (kept[0] * axis + kept[1])[order], (kept[0] * axis + kept[2])[order]
    begin, end = tried[0] * axis + tried[1], tried[0] * axis + tried[2]
    place = np.searchsorted(starts, begin)
    before = np.where(place > 0, ends[np.maximum(place - 1, 0)] if len(ends) else begin, begin)
    after = np.where(place < len(starts), starts[np.minimum(place, len(starts) - 1)] if len(starts) else end, end)
    free: FlagArray = (before <= begin) & (after >= end)
    return free
