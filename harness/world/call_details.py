"""Details of calls as columns: what they follow from, whom and what they are charged, who answered, their channels.

Every draw is from a stream of its own, so that the rest of a world does not depend on what stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from harness.telephony.attributes import AttributeKind
from harness.telephony.columns import (
    Column,
    TextColumn,
    TextPool,
    case_column,
    joined_column,
    pooled_column,
    present_where,
    text_where,
)
from harness.telephony.enums import AnsweringParty
from harness.world.call_times import NEVER, call_times_of
from harness.world.column_types import (
    money_column,
    seconds_column,
)
from harness.world.customers import CUSTOMERS
from harness.world.direction_codes import INBOUND, INTERNAL, OUTBOUND, TRANSIT
from harness.world.random_streams import FlagArray, IntArray, chance_flags, choose_indexes, weight_thresholds

if TYPE_CHECKING:
    from harness.world.calls import CallBatch, CallsAt

_ANSWERING_PARTIES: Final = TextPool(tuple(word.value for word in AnsweringParty))
_CURRENCIES: Final = TextPool(("USD", "EUR", "GBP"))
_SUBACCOUNTS: Final = TextPool(("sales", "support", "field"))
_TECHNOLOGIES: Final = TextPool(("PJSIP", "SIP", "Local"))
_TECHNOLOGY_WEIGHTS: Final = weight_thresholds((0.8, 0.15, 0.05))
_CUSTOMER_ID_TEXTS: Final = TextPool(tuple(str(member.id) for member in CUSTOMERS.members))
_ACCOUNTS: Final = TextPool(tuple(f"acc-{member.id}" for member in CUSTOMERS.members))
_HEX_PAIRS: Final = TextPool(tuple(f"{value:02x}" for value in range(256)))


# --- what a call follows from -------------------------------------------------------------------------------


def _parent_column(name: str) -> Callable[[CallBatch], Column]:
    """A column of an attribute of the calls that calls follow from."""

    def column(batch: CallBatch) -> Column:
        parents = batch.other_calls(batch.call_numbers & ~3)
        return present_where(_has_parent(batch), parents.column(name))

    return column


def _has_parent(batch: CallBatch) -> FlagArray:
    """Whether a call follows from the first one of its session.

    Only from one that has ended by the end of this call: a list of ended calls that holds the one holds both.
    """
    first = call_times_of(batch.traffic, batch.call_numbers & ~3)
    holds: FlagArray = ((batch.call_numbers & 3) > 0) & (first.ended <= batch.times.ended)
    return holds


# --- what it is charged -------------------------------------------------------------------------------------


def number_kind_index(batch: CallBatch) -> IntArray:
    """The kind of the remote number of each call, as an index into the kinds of numbers."""
    return np.where(batch.is_external, batch.pools.remote_kinds[batch.remote], 2)


def _minute_rates(batch: CallBatch) -> IntArray:
    """What a minute costs, in ten-thousandths of the unit."""
    mobile = number_kind_index(batch) == 1
    return np.select(
        [batch.direction == OUTBOUND, batch.direction == INBOUND],
        [np.where(mobile, 950, 120), np.full(len(batch), 45)],
        default=60,
    )


def _charges(batch: CallBatch) -> IntArray:
    return batch.billed_seconds * _minute_rates(batch) // 60


def _account_column(batch: CallBatch) -> Column:
    return pooled_column(_ACCOUNTS, batch.customer)


def _subaccount_column(batch: CallBatch) -> Column:
    group = np.asarray([-1, -1, -1, 0, 0, 1, 2], dtype=np.int64)[batch.line % 7]
    text = joined_column(pooled_column(_SUBACCOUNTS, group), "-", pooled_column(_CUSTOMER_ID_TEXTS, batch.customer))
    return text_where(batch.has_line, text)


# --- who answered, and how long one waited ------------------------------------------------------------------


def _answered_by_column(batch: CallBatch) -> Column:
    machine = chance_flags(batch.draw_for_calls("answered.by"), 0.15)
    return text_where(batch.is_answered, pooled_column(_ANSWERING_PARTIES, machine.astype(np.int64)))


def _live_answered_by_column(now: CallsAt) -> Column:
    return present_where(now.is_answered, now.batch.column("answered_by"))


def _is_queued(batch: CallBatch) -> FlagArray:
    # The draw that gives a call the targets of a queue.
    holds: FlagArray = (batch.direction == INBOUND) & chance_flags(batch.draw_for_calls("queue"), 0.3)
    return holds


def _queued_at(batch: CallBatch) -> IntArray:
    lives = batch.times
    return np.where(lives.rang != NEVER, (lives.started + lives.rang) // 2, lives.started)


def _queue_seconds_column(batch: CallBatch) -> Column:
    until = np.where(batch.is_answered, batch.times.answered, batch.times.ended)
    return seconds_column(until - _queued_at(batch), _is_queued(batch))


def _live_queue_seconds_column(now: CallsAt) -> Column:
    until = np.where(now.is_answered, now.answered, now.at)
    return seconds_column(np.maximum(until - _queued_at(now.batch), 0), _is_queued(now.batch))


# --- channels -----------------------------------------------------------------------------------------------


def _channel_text(batch: CallBatch, draw: str, peer: TextColumn, place: int) -> TextColumn:
    technology = pooled_column(_TECHNOLOGIES, choose_indexes(batch.draw_for_calls(draw), _TECHNOLOGY_WEIGHTS))
    number = batch.leg_sequence + place
    digits = joined_column(*(pooled_column(_HEX_PAIRS, number >> (8 * pair) & 255) for pair in (3, 2, 1, 0)))
    return joined_column(technology, "/", peer, "-", digits)


def _trunk_texts(batch: CallBatch) -> TextColumn:
    return pooled_column(batch.pools.texts["trunk"], batch.trunk)


def _source_channel_column(batch: CallBatch) -> Column:
    peer = case_column(pooled_column(batch.pools.lines, batch.line), (batch.is_from_outside, _trunk_texts(batch)))
    return _channel_text(batch, "channel.source", peer, 0)


def _destination_channel_column(batch: CallBatch) -> Column:
    outward = (batch.direction == OUTBOUND) | (batch.direction == TRANSIT)
    line = np.where(batch.direction == INTERNAL, batch.other_line, batch.line)
    peer = case_column(pooled_column(batch.pools.lines, line), (outward, _trunk_texts(batch)))
    return text_where(batch.times.rang != NEVER, _channel_text(batch, "channel.destination", peer, 1))


def _live_destination_channel_column(now: CallsAt) -> Column:
    return present_where(now.rang != NEVER, now.batch.column("destination_channel"))


DETAIL_COLUMNS: Final[Mapping[str, Callable[[CallBatch], Column]]] = MappingProxyType(
    {
        "cost": lambda b: money_column(_charges(b), b.is_external),
        "parent_call_id": _parent_column("call_id"),
        "parent_call_code": _parent_column("call_code"),
        "parent_call_ref": _parent_column("call_ref"),
        "account_code": _account_column,
        "subaccount_code": _subaccount_column,
        "price": lambda b: money_column(np.where(b.is_external, _charges(b), 0)),
        "price_unit": lambda b: pooled_column(_CURRENCIES, b.customer % len(_CURRENCIES)),
        "minute_rate": lambda b: money_column(_minute_rates(b), b.is_external),
        "answered_by": _answered_by_column,
        "queue_seconds": _queue_seconds_column,
        "source_channel": _source_channel_column,
        "destination_channel": _destination_channel_column,
    }
)

LIVE_DETAIL_COLUMNS: Final[Mapping[str, Callable[[CallsAt], Column]]] = MappingProxyType(
    {
        "cost": lambda n: n.no_numbers(AttributeKind.DECIMAL),
        "price": lambda n: n.no_numbers(AttributeKind.DECIMAL),
        "answered_by": _live_answered_by_column,
        "queue_seconds": _live_queue_seconds_column,
        "destination_channel": _live_destination_channel_column,
    }
)
