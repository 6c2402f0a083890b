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
from harness.world.call_lifecycle import ANSWERED, NEVER, units_in
from harness.world.calls import CALL_ID_BASE, INBOUND, OUTBOUND, TRANSACTION_BASE, TRANSIT, CallBatch, recording_url
from harness.world.column_types import choice, instants, integers, joined, money, seconds, values_of, where
from harness.world.random_streams import Ints, below, chance, choose, draw, thresholds
from harness.world.sessions import SessionBatch
from harness.world.traffic import Traffic
from harness.world.value_pools import Pool, Pools

RECORDING_ID_BASE: Final = 9_000_000_000
RESOURCE_ID_BASE: Final = 6_000_000_000

_REASONS: Final = Pool(("hangup", "no answer", "busy", "cancelled", "failed", "answered elsewhere"))
_STATES: Final = Pool(("answered", "no answer", "busy", "cancelled", "failed", "elsewhere"))
_FAIL_CODES: Final = np.asarray([0, 480, 486, 487, 503, 0], dtype=np.int64)
_TRANSCRIPTION: Final = Pool(tuple(word.value for word in TranscriptionState))
_RESOURCES: Final = Pool(tuple(word.value for word in ResourceKind))
_UNITS: Final = Pool(("minute", "minute", "minute", "item", "second", "minute", "character", "minute"))
_PARTS: Final = Pool(("part 1", "part 2"))


def rows_of(grain: Grain, columns: dict[str, pl.Series]) -> list[Record]:
    """Columns turned into rows."""
    attributes = ATTRIBUTES[grain]
    values = [values_of(series, attributes[name].kind) for name, series in columns.items()]
    names = tuple(columns)
    return [Record(dict(zip(names, row, strict=True))) for row in zip(*values, strict=True)]


def grouped(rows: list[Record], counts: Ints) -> list[tuple[Record, ...]]:
    """Rows that stand in the order of their parents, given out to them."""
    ends = np.cumsum(counts).tolist()
    return [tuple(rows[end - many : end]) for end, many in zip(ends, counts.tolist(), strict=True)]


def _places(counts: Ints) -> Ints:
    total = int(counts.sum())
    return np.arange(total, dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)


def targets_of(calls: CallBatch) -> list[tuple[Record, ...]]:
    """The targets of each call: several for a queue, the far end for an outbound call."""
    queue = (calls.direction == INBOUND) & chance(calls.draw("queue"), 0.3)
    counts = np.where(queue, 2 + below(calls.draw("queue.many"), 3), 1)
    counts = np.where(calls.direction == TRANSIT, 0, counts)
    place = _places(counts)
    batch = CallBatch(calls.traffic, calls.pools, np.repeat(calls.units, counts))
    lives, pools = batch.lives, calls.pools
    first, many = pools.extensions.first[batch.customer], pools.extensions.many[batch.customer]
    others = first + (batch.line - first + place) % many
    answered = np.where(place == 0, lives.answered, NEVER)
    own_end = np.where(batch.transferred_at != NEVER, batch.transferred_at, lives.ended)
    lost_end = np.where(lives.answered != NEVER, lives.answered, lives.ended)
    ended = np.where(place == 0, own_end, lost_end)
    rings = lives.rang != NEVER
    rang_until = np.where(answered != NEVER, answered, ended)
    elsewhere = (place > 0) & (lives.endings == ANSWERED)
    how = np.where(elsewhere, 5, lives.endings)
    rows = rows_of(
        Grain.TARGET,
        {
            "added_at": instants(np.where(rings, (lives.started + lives.rang) // 2, lives.started)),
            "ringing_at": instants(lives.rang),
            "answered_at": instants(answered),
            "ended_at": instants(ended),
            "ring_seconds": seconds(np.where(rings, rang_until - lives.rang, 0)),
            "end_reason": _REASONS.take(how),
            "fail_code": integers(_FAIL_CODES[how]),
            "state_text": _STATES.take(how),
            "target_number": pools.ends.take(np.where(batch.direction == INBOUND, others, batch.destination)),
            "trunk_name": pools.texts["trunk"].take(batch.trunk, batch.direction == OUTBOUND),
        },
    )
    return grouped(rows, counts)


def recordings_of(traffic: Traffic, pools: Pools, numbers: Ints) -> list[tuple[Record, ...]]:
    """The recordings of each session, call by call."""
    per_session = traffic.calls_in(numbers)
    calls = CallBatch(traffic, pools, units_in(traffic, numbers))
    place = _places(calls.recordings)
    batch = CallBatch(traffic, pools, np.repeat(calls.units, calls.recordings))
    # Two recordings share the talk: the second begins where the first stops.
    half = np.where(batch.recordings == 2, batch.talk // 2, 0)
    length = np.where(batch.recordings == 2, np.where(place == 0, half, batch.talk - half), batch.talk)
    units = batch.units * 2 + place
    state = choose(draw(traffic.seed, "recording.transcription", units), thresholds((0.7, 0.02, 0.28)))
    url = choice(recording_url(batch, 1), (place == 0, recording_url(batch, 0)))
    names = joined(batch.code, " ", _PARTS.take(place))
    rows = rows_of(
        Grain.RECORDING,
        {
            "recording_id": integers(RECORDING_ID_BASE + units),
            "started_at": instants(batch.lives.answered + np.where(place == 1, half, 0)),
            "transaction_id": integers(TRANSACTION_BASE + batch.units * 8 + 1 + place),
            "name": where(chance(draw(traffic.seed, "recording.name", units), 0.8), names),
            "cost": money(length * 20 // 60_000),
            "duration_seconds": seconds(length),
            "url": url,
            "bytes": integers(length * 4 + 417),
            "transcription_url": where(state == 2, joined("https://text.example.com/", batch.code, ".txt")),
            "transcription_state": _TRANSCRIPTION.take(state),
        },
    )
    per_call = np.cumsum(calls.recordings)
    ends = np.cumsum(per_session) - 1
    totals = np.diff(per_call[ends], prepend=0) if len(ends) else np.zeros(0, dtype=np.int64)
    return grouped(rows, totals)


def resources_of(sessions: SessionBatch) -> list[tuple[Record, ...]]:
    """What each session used besides its calls: nothing for about half of them."""
    uses = chance(sessions.draw("resource"), 0.5)
    counts = np.where(uses, 1 + below(sessions.draw("resource.many"), 3), 0)
    place = _places(counts)
    numbers = np.repeat(sessions.numbers, counts)
    seed = sessions.traffic.seed
    units = numbers * 4 + place
    bits = draw(seed, "resource", units)
    kind = np.where(place == 0, 0, 1 + below(bits, 7))
    started, ended = np.repeat(sessions.started, counts), np.repeat(sessions.ended, counts)
    when = below(draw(seed, "resource.at", units), np.maximum(ended - started, 1))
    quantity = 1 + below(draw(seed, "resource.quantity", units), 300)
    kinds, measures = _RESOURCES.take(kind), _UNITS.take(kind)
    rows = rows_of(
        Grain.RESOURCE,
        {
            "resource_id": integers(RESOURCE_ID_BASE + units),
            "resource_kind": kinds,
            "used_at": instants(started + np.where(place == 0, 0, when)),
            "transaction_id": integers(TRANSACTION_BASE + numbers * 32 + 4 + place),
            "cost": money(quantity * 7),
            "description": joined(kinds, ": ", integers(quantity), " ", measures, " & tax"),
            "quantity": integers(quantity),
            "unit": measures,
            "call_id": integers(CALL_ID_BASE + numbers * 4, (place > 0) & chance(bits, 0.6)),
        },
    )
    return grouped(rows, counts)
