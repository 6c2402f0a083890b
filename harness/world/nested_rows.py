"""Rows inside rows: the targets of calls, the recordings and other resources of sessions.

They are only ever made for the rows that are shown, so they come as whole records, grouped by their parent.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from harness.telephony.attributes import ATTRIBUTES, Grain
from harness.telephony.enums import ResourceKind, TranscriptionState
from harness.telephony.records import Record
from harness.world.call_times import ANSWERED, NEVER, call_numbers_in
from harness.world.calls import CALL_ID_BASE, TRANSACTION_BASE, CallBatch, recording_url
from harness.world.column_types import (
    case_column,
    column_values,
    instant_column,
    integer_column,
    join_texts,
    money_column,
    null_unless,
    seconds_column,
)
from harness.world.direction_codes import INBOUND, OUTBOUND, TRANSIT
from harness.world.invented_values import TextPool, ValuePools
from harness.world.random_streams import (
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
_FAIL_CODES: Final = np.asarray([0, 480, 486, 487, 503, 0], dtype=np.int64)
_TRANSCRIPTION_STATES: Final = TextPool(tuple(word.value for word in TranscriptionState))
_RESOURCE_KINDS: Final = TextPool(tuple(word.value for word in ResourceKind))
_RESOURCE_UNITS: Final = TextPool(("minute", "minute", "minute", "item", "second", "minute", "character", "minute"))
_RECORDING_PARTS: Final = TextPool(("part 1", "part 2"))


def records_of_columns(grain: Grain, columns: dict[str, pl.Series]) -> list[Record]:
    """Columns turned into rows."""
    attributes = ATTRIBUTES[grain]
    values = [column_values(series, attributes[name].kind) for name, series in columns.items()]
    names = tuple(columns)
    return [Record(dict(zip(names, row, strict=True))) for row in zip(*values, strict=True)]


def group_by_parent(rows: list[Record], counts: IntArray) -> list[tuple[Record, ...]]:
    """Rows that stand in the order of their parents, given out to them."""
    ends = np.cumsum(counts).tolist()
    return [tuple(rows[end - many : end]) for end, many in zip(ends, counts.tolist(), strict=True)]


def _positions_in_groups(counts: IntArray) -> IntArray:
    total = int(counts.sum())
    return np.arange(total, dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)


def targets_of(calls: CallBatch) -> list[tuple[Record, ...]]:
    """The targets of each call: several for a queue, the far end for an outbound call."""
    queue = (calls.direction == INBOUND) & chance_flags(calls.draw_for_calls("queue"), 0.3)
    counts = np.where(queue, 2 + integers_below(calls.draw_for_calls("queue.many"), 3), 1)
    counts = np.where(calls.direction == TRANSIT, 0, counts)
    place = _positions_in_groups(counts)
    batch = CallBatch(calls.traffic, calls.pools, np.repeat(calls.call_numbers, counts))
    lives, pools = batch.times, calls.pools
    first, many = (
        pools.extensions.first_of_customer[batch.customer],
        pools.extensions.count_of_customer[batch.customer],
    )
    others = first + (batch.line - first + place) % many
    answered = np.where(place == 0, lives.answered, NEVER)
    own_end = np.where(batch.transferred_at != NEVER, batch.transferred_at, lives.ended)
    lost_end = np.where(lives.answered != NEVER, lives.answered, lives.ended)
    ended = np.where(place == 0, own_end, lost_end)
    rings = lives.rang != NEVER
    rang_until = np.where(answered != NEVER, answered, ended)
    elsewhere = (place > 0) & (lives.dispositions == ANSWERED)
    how = np.where(elsewhere, 5, lives.dispositions)
    rows = records_of_columns(
        Grain.TARGET,
        {
            "added_at": instant_column(np.where(rings, (lives.started + lives.rang) // 2, lives.started)),
            "ringing_at": instant_column(lives.rang),
            "answered_at": instant_column(answered),
            "ended_at": instant_column(ended),
            "ring_seconds": seconds_column(np.where(rings, rang_until - lives.rang, 0)),
            "end_reason": _END_REASONS.texts_of(how),
            "fail_code": integer_column(_FAIL_CODES[how]),
            "state_text": _TARGET_STATES.texts_of(how),
            "target_number": pools.endpoints.texts_of(
                np.where(batch.direction == INBOUND, others, batch.destination)
            ),
            "trunk_name": pools.texts["trunk"].texts_of(batch.trunk, batch.direction == OUTBOUND),
        },
    )
    return group_by_parent(rows, counts)


def recordings_of(traffic: Traffic, pools: ValuePools, numbers: IntArray) -> list[tuple[Record, ...]]:
    """The recordings of each session, call by call."""
    per_session = traffic.call_counts(numbers)
    calls = CallBatch(traffic, pools, call_numbers_in(traffic, numbers))
    place = _positions_in_groups(calls.recording_counts)
    batch = CallBatch(traffic, pools, np.repeat(calls.call_numbers, calls.recording_counts))
    # Two recordings share the talk: the second begins where the first stops.
    half = np.where(batch.recording_counts == 2, batch.talk_millis // 2, 0)
    length = np.where(
        batch.recording_counts == 2, np.where(place == 0, half, batch.talk_millis - half), batch.talk_millis
    )
    units = batch.call_numbers * 2 + place
    state = choose_indexes(
        draw_bits(traffic.seed, "recording.transcription", units), weight_thresholds((0.7, 0.02, 0.28))
    )
    url = case_column(recording_url(batch, 1), (place == 0, recording_url(batch, 0)))
    names = join_texts(batch.call_code, " ", _RECORDING_PARTS.texts_of(place))
    rows = records_of_columns(
        Grain.RECORDING,
        {
            "recording_id": integer_column(RECORDING_ID_BASE + units),
            "started_at": instant_column(batch.times.answered + np.where(place == 1, half, 0)),
            "transaction_id": integer_column(TRANSACTION_BASE + batch.call_numbers * 8 + 1 + place),
            "name": null_unless(chance_flags(draw_bits(traffic.seed, "recording.name", units), 0.8), names),
            "cost": money_column(length * 20 // 60_000),
            "duration_seconds": seconds_column(length),
            "url": url,
            "bytes": integer_column(length * 4 + 417),
            "transcription_url": null_unless(
                state == 2, join_texts("https://text.example.com/", batch.call_code, ".txt")
            ),
            "transcription_state": _TRANSCRIPTION_STATES.texts_of(state),
        },
    )
    per_call = np.cumsum(calls.recording_counts)
    ends = np.cumsum(per_session) - 1
    totals = np.diff(per_call[ends], prepend=0) if len(ends) else np.zeros(0, dtype=np.int64)
    return group_by_parent(rows, totals)


def resources_of(sessions: SessionBatch) -> list[tuple[Record, ...]]:
    """What each session used besides its calls: nothing for about half of them."""
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
    kinds, measures = _RESOURCE_KINDS.texts_of(kind), _RESOURCE_UNITS.texts_of(kind)
    rows = records_of_columns(
        Grain.RESOURCE,
        {
            "resource_id": integer_column(RESOURCE_ID_BASE + units),
            "resource_kind": kinds,
            "used_at": instant_column(started + np.where(place == 0, 0, when)),
            "transaction_id": integer_column(TRANSACTION_BASE + numbers * 32 + 4 + place),
            "cost": money_column(quantity * 7),
            "description": join_texts(kinds, ": ", integer_column(quantity), " ", measures, " & tax"),
            "quantity": integer_column(quantity),
            "unit": measures,
            "call_id": integer_column(CALL_ID_BASE + numbers * 4, (place > 0) & chance_flags(bits, 0.6)),
        },
    )
    return group_by_parent(rows, counts)
