"""Rows inside rows that are listed nowhere else: targets of calls, recordings and other resources of sessions.

They stand in the order of their rows, with the number that each row has, as columns over their whole life.
`visible_rows` says which of them can be seen at an instant, and how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from harness.telephony.attributes import Grain
from harness.telephony.columns import (
    Column,
    NumberColumn,
    TextPool,
    case_column,
    column_at_places,
    joined_column,
    no_texts,
    pooled_column,
    replace_rows,
    text_where,
)
from harness.telephony.enums import ResourceKind, TranscriptionState
from harness.world.call_times import ANSWERED, NEVER, call_numbers_in
from harness.world.calls import CALL_ID_BASE, TRANSACTION_BASE, CallBatch, recording_url
from harness.world.column_types import (
    instant_column,
    integer_column,
    money_column,
    seconds_column,
)
from harness.world.direction_codes import INBOUND, OUTBOUND, TRANSIT
from harness.world.invented_values import ValuePools
from harness.world.random_streams import (
    FlagArray,
    IntArray,
    chance_flags,
    choose_indexes,
    draw_bits,
    integers_below,
    weight_thresholds,
)
from harness.world.sessions import SessionBatch
from harness.world.traffic import Traffic

RECORDING_ID_BASE: Final = 9_000_000_000
RESOURCE_ID_BASE: Final = 6_000_000_000

_END_REASONS: Final = TextPool(("hangup", "no answer", "busy", "cancelled", "failed", "answered elsewhere"))
_TARGET_STATES: Final = TextPool(("answered", "no answer", "busy", "cancelled", "failed", "elsewhere"))
_LIVE_TARGET_STATES: Final = TextPool(("answered", "ringing", "dialing"))
_FAIL_CODES: Final = np.asarray([0, 480, 486, 487, 503, 0], dtype=np.int64)
_TRANSCRIPTION_STATES: Final = TextPool(tuple(word.value for word in TranscriptionState))
_RESOURCE_KINDS: Final = TextPool(tuple(word.value for word in ResourceKind))
_RESOURCE_UNITS: Final = TextPool(("minute", "minute", "minute", "item", "second", "minute", "character", "minute"))
_RECORDING_PARTS: Final = TextPool(("part 1", "part 2"))


@final
@dataclass(frozen=True, slots=True)
class NestedColumns:
    """Nested rows as columns: how many each row has, and every attribute of them all, row by row."""

    counts: IntArray
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return int(self.counts.sum())

    def column(self, name: str) -> Column:
        """The column of an attribute."""
        return self.columns[name]

    def kept(self, keep: FlagArray) -> NestedColumns:
        """Those nested rows for which `keep` holds."""
        if keep.all():
            return self
        ends = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(keep)])
        borders = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(self.counts)])
        places = np.flatnonzero(keep)
        columns = {name: column_at_places(column, places) for name, column in self.columns.items()}
        return NestedColumns(np.diff(ends[borders]), columns)


def visible_rows(grain: Grain, nested: NestedColumns, at: int) -> NestedColumns:
    """What can be seen at an instant (milliseconds since 1970) of targets, recordings or resources."""
    match grain:
        case Grain.TARGET:
            return _visible_targets(nested.kept(_numbers(nested, "added_at").values <= at), at)
        case Grain.RECORDING:
            until = _numbers(nested, "started_at").values + _numbers(nested, "duration_seconds").values
            return nested.kept(until <= at)
        case _:
            return nested.kept(_numbers(nested, "used_at").values <= at)


def _visible_targets(nested: NestedColumns, at: int) -> NestedColumns:
    rang, answered, ended = (_reached(nested, name, at) for name in ("ringing_at", "answered_at", "ended_at"))
    lives = ended == NEVER
    if not lives.any():
        return nested
    waited = np.where(rang != NEVER, np.where(answered != NEVER, answered, at) - rang, 0)
    state = np.where(answered != NEVER, 0, np.where(rang != NEVER, 1, 2))
    many = int(lives.sum())
    changed: dict[str, Column] = {
        "ringing_at": instant_column(rang[lives]),
        "answered_at": instant_column(answered[lives]),
        "ended_at": instant_column(ended[lives]),
        "ring_seconds": seconds_column(waited[lives]),
        "end_reason": no_texts(many),
        "fail_code": integer_column(np.zeros(many, dtype=np.int64)),
        "state_text": pooled_column(_LIVE_TARGET_STATES, state[lives]),
    }
    columns = {
        name: replace_rows(column, lives, changed[name]) if name in changed else column
        for name, column in nested.columns.items()
    }
    return NestedColumns(nested.counts, columns)


def _numbers(nested: NestedColumns, name: str) -> NumberColumn:
    column = nested.columns[name]
    if not isinstance(column, NumberColumn):
        raise TypeError(f"{name} is no number")
    return column


def _reached(nested: NestedColumns, name: str, at: int) -> IntArray:
    """The instants that have come; NEVER for those still ahead."""
    stamps = _numbers(nested, name).values
    return np.where(stamps <= at, stamps, NEVER)


def _positions_in_groups(counts: IntArray) -> IntArray:
    total = int(counts.sum())
    return np.arange(total, dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)


def _rows_of_groups(counts: IntArray) -> IntArray:
    return np.repeat(np.arange(len(counts), dtype=np.int64), counts)


def targets_of(calls: CallBatch) -> NestedColumns:
    """The targets of calls: several for a queue, the far end for an outbound call."""
    queue = (calls.direction == INBOUND) & chance_flags(calls.draw_for_calls("queue"), 0.3)
    counts = np.where(queue, 2 + integers_below(calls.draw_for_calls("queue.many"), 3), 1)
    counts = np.where(calls.direction == TRANSIT, 0, counts)
    place, rows = _positions_in_groups(counts), _rows_of_groups(counts)
    times, pools, direction = calls.times, calls.pools, calls.direction[rows]
    started, rang, ended = times.started[rows], times.rang[rows], times.ended[rows]
    own_answer, transferred, disposition = times.answered[rows], calls.transferred_at[rows], times.dispositions[rows]
    first, many = (
        column[calls.customer][rows]
        for column in (pools.extensions.first_of_customer, pools.extensions.count_of_customer)
    )
    others = first + (calls.line[rows] - first + place) % many
    is_first = place == 0
    answered = np.where(is_first, own_answer, NEVER)
    own_end = np.where(transferred != NEVER, transferred, ended)
    lost_end = np.where(own_answer != NEVER, own_answer, ended)
    ended = np.where(is_first, own_end, lost_end)
    rings = rang != NEVER
    rang_until = np.where(answered != NEVER, answered, ended)
    how = np.where(~is_first & (disposition == ANSWERED), 5, disposition)
    columns: dict[str, Column] = {
        "added_at": instant_column(np.where(rings, (started + rang) // 2, started)),
        "ringing_at": instant_column(rang),
        "answered_at": instant_column(answered),
        "ended_at": instant_column(ended),
        "ring_seconds": seconds_column(np.where(rings, rang_until - rang, 0)),
        "end_reason": pooled_column(_END_REASONS, how),
        "fail_code": integer_column(_FAIL_CODES[how]),
        "state_text": pooled_column(_TARGET_STATES, how),
        "target_number": pooled_column(
            pools.endpoints, np.where(direction == INBOUND, others, calls.destination[rows])
        ),
        "trunk_name": pooled_column(pools.texts["trunk"], calls.trunk[rows], direction == OUTBOUND),
    }
    return NestedColumns(counts, columns)


def recordings_of(traffic: Traffic, pools: ValuePools, numbers: IntArray) -> NestedColumns:
    """The recordings of sessions, call by call."""
    per_session = traffic.call_counts(numbers)
    calls = CallBatch(traffic, pools, call_numbers_in(traffic, numbers))
    place = _positions_in_groups(calls.recording_counts)
    rows = _rows_of_groups(calls.recording_counts)
    batch = CallBatch(traffic, pools, calls.call_numbers[rows])
    talk, is_split = calls.talk_millis[rows], calls.recording_counts[rows] == 2
    # Two recordings share the talk: the second begins where the first stops.
    half = np.where(is_split, talk // 2, 0)
    length = np.where(is_split, np.where(place == 0, half, talk - half), talk)
    units = batch.call_numbers * 2 + place
    state = choose_indexes(
        draw_bits(traffic.seed, "recording.transcription", units), weight_thresholds((0.7, 0.02, 0.28))
    )
    url = case_column(recording_url(batch, 1), (place == 0, recording_url(batch, 0)))
    names = joined_column(batch.call_code, " ", pooled_column(_RECORDING_PARTS, place))
    columns: dict[str, Column] = {
        "recording_id": integer_column(RECORDING_ID_BASE + units),
        "started_at": instant_column(calls.times.answered[rows] + np.where(place == 1, half, 0)),
        "transaction_id": integer_column(TRANSACTION_BASE + batch.call_numbers * 8 + 1 + place),
        "name": text_where(chance_flags(draw_bits(traffic.seed, "recording.name", units), 0.8), names),
        "cost": money_column(length * 20 // 60_000),
        "duration_seconds": seconds_column(length),
        "url": url,
        "bytes": integer_column(length * 4 + 417),
        "transcription_url": text_where(
            state == 2, joined_column("https://text.example.com/", batch.call_code, ".txt")
        ),
        "transcription_state": pooled_column(_TRANSCRIPTION_STATES, state),
    }
    per_call = np.cumsum(calls.recording_counts)
    ends = np.cumsum(per_session) - 1
    totals = np.diff(per_call[ends], prepend=0) if len(ends) else np.zeros(0, dtype=np.int64)
    return NestedColumns(totals, columns)


def resources_of(sessions: SessionBatch) -> NestedColumns:
    """What sessions used besides its calls: nothing for about half of them."""
    uses = chance_flags(sessions.draw_for_sessions("resource"), 0.5)
    counts = np.where(uses, 1 + integers_below(sessions.draw_for_sessions("resource.many"), 3), 0)
    place = _positions_in_groups(counts)
    numbers = np.repeat(sessions.session_numbers, counts)
    seed = sessions.traffic.seed
    units = numbers * 4 + place
    bits = draw_bits(seed, "resource", units)
    kind = np.where(place == 0, 0, 1 + integers_below(bits, 7))
    started, ended = np.repeat(sessions.started, counts), np.repeat(sessions.ended, counts)
    when = integers_below(draw_bits(seed, "resource.at", units), np.maximum(ended - started, 1))
    quantity = 1 + integers_below(draw_bits(seed, "resource.quantity", units), 300)
    kinds, measures = pooled_column(_RESOURCE_KINDS, kind), pooled_column(_RESOURCE_UNITS, kind)
    columns: dict[str, Column] = {
        "resource_id": integer_column(RESOURCE_ID_BASE + units),
        "resource_kind": kinds,
        "used_at": instant_column(started + np.where(place == 0, 0, when)),
        "transaction_id": integer_column(TRANSACTION_BASE + numbers * 32 + 4 + place),
        "cost": money_column(quantity * 7),
        "description": joined_column(kinds, ": ", integer_column(quantity), " ", measures, " & tax"),
        "quantity": integer_column(quantity),
        "unit": measures,
        "call_id": integer_column(CALL_ID_BASE + numbers * 4, (place > 0) & chance_flags(bits, 0.6)),
    }
    return NestedColumns(counts, columns)
