"""Legs as columns. A leg's number is four times its call's number plus its place.

The first leg is the caller's and lives as long as the call. The second is the callee's and begins when the
callee begins to ring. A transfer ends the second and begins the third.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Final, final

import numpy as np

from harness.telephony.columns import (
    Column,
    TextColumn,
    TextPool,
    case_column,
    digits_column,
    joined_column,
    pool_of_texts,
    pooled_column,
    present_where,
    text_where,
)
from harness.telephony.enums import Direction, EndpointKind
from harness.world.call_times import NEVER
from harness.world.calls import CallBatch
from harness.world.column_types import (
    flag_column,
    instant_column,
    integer_column,
)
from harness.world.customers import CUSTOMERS
from harness.world.direction_codes import INBOUND, INTERNAL, OUTBOUND, TRANSIT
from harness.world.invented_values import ValuePools
from harness.world.random_streams import (
    BitArray,
    FlagArray,
    IntArray,
    chance_flags,
    choose_indexes,
    draw_bits,
    integers_below,
    weight_thresholds,
)
from harness.world.traffic import Traffic

_DIRECTION_WORDS: Final = TextPool(tuple(word.value for word in Direction))
_ENDPOINT_KIND_WORDS: Final = TextPool(tuple(word.value for word in EndpointKind))
_PHONE, _EXTERNAL, _NUMBER, _IVR, _MENU, _QUEUE, _VOICEMAIL, _CONFERENCE = range(8)
_TECHNOLOGIES: Final = TextPool(("SIP", "PJSIP", "IAX2", "DAHDI", "Local"))
_TECHNOLOGY_WEIGHTS: Final = weight_thresholds((0.7, 0.2, 0.03, 0.04, 0.03))
_OUTCOME_WORDS: Final = TextPool(("answered", "no answer", "busy", "cancelled", "failed"))
_PRESENTATION_CODES: Final = np.asarray([0, 0, 0, 0, 1, 3, 32, 67], dtype=np.int64)
_CUSTOMER_IDS: Final = np.asarray([member.id for member in CUSTOMERS.members], dtype=np.int64)
_HOSTS: Final = TextPool(tuple(str(host) for host in range(1, 201)))
_HEX_PAIRS: Final = TextPool(tuple(f"{value:02x}" for value in range(256)))


def hexadecimal_text(values: IntArray, pairs: int) -> TextColumn:
    """Numbers as pairs of hexadecimal digits."""
    return joined_column(*(pooled_column(_HEX_PAIRS, values >> (8 * pair) & 255) for pair in reversed(range(pairs))))


def leg_numbers_of(calls: CallBatch) -> tuple[IntArray, IntArray]:
    """The number of legs of each call, and the leg numbers of all of them, call by call."""
    rings = (calls.times.rang != NEVER).astype(np.int64)
    moves = (calls.transferred_at != NEVER).astype(np.int64)
    counts = 1 + rings + moves
    ends = np.cumsum(counts)
    places = np.arange(int(ends[-1]) if len(ends) else 0, dtype=np.int64) - np.repeat(ends - counts, counts)
    return counts, np.repeat(calls.call_numbers, counts) * 4 + places


@final
class LegBatch:
    """A batch of legs by their numbers, whose attributes are columns."""

    def __init__(self, traffic: Traffic, pools: ValuePools, units: IntArray) -> None:
        self.traffic = traffic
        self.pools = pools
        self.leg_numbers = units
        self.place = units & 3
        # The call of each leg, so that values of calls and legs stand in the same rows.
        self.calls = CallBatch(traffic, pools, units >> 2)
        self._columns: dict[str, Column] = {}

    def __len__(self) -> int:
        return len(self.leg_numbers)

    def column(self, name: str) -> Column:
        """The column of an attribute over the whole life of the legs, one value per leg."""
        if name not in self._columns:
            self._columns[name] = LEG_COLUMNS[name](self)
        return self._columns[name]

    def column_at(self, name: str, at: int) -> Column:
        """The column of an attribute as visible at an instant (in milliseconds) at which all legs are live."""
        come = (self.answered != NEVER) & (self.answered <= at)
        match name:
            case "answered_at":
                return instant_column(np.where(come, self.answered, NEVER))
            case "ended_at":
                return instant_column(np.full(len(self), NEVER, dtype=np.int64))
            case "state_text":
                return pooled_column(pool_of_texts("Ringing", "Up"), come.astype(np.int64))
            case "recording_path":
                return present_where(come, self.column(name))
            case _:
                return self.column(name)

    def draw_for_legs(self, what: str) -> BitArray:
        """64 random bits per leg, from the stream `what`."""
        return draw_bits(self.traffic.seed, f"leg.{what}", self.leg_numbers)

    @cached_property
    def started(self) -> IntArray:
        """The start of each leg, in milliseconds since 1970."""
        lives = self.calls.times
        return np.select([self.place == 0, self.place == 1], [lives.started, lives.rang], self._transferred_at)

    @cached_property
    def answered(self) -> IntArray:
        """The answer of each leg, in milliseconds since 1970; NEVER for none."""
        left = self.calls.times.ended - self._transferred_at
        return np.where(
            self.place == 2, self._transferred_at + np.minimum(3000, left // 2), self.calls.times.answered
        )

    @cached_property
    def ended(self) -> IntArray:
        """The end of each leg, in milliseconds since 1970."""
        leaves = (self.place == 1) & (self._transferred_at != NEVER)
        return np.where(leaves, self._transferred_at, self.calls.times.ended)

    @cached_property
    def _transferred_at(self) -> IntArray:
        return self.calls.transferred_at

    @cached_property
    def direction(self) -> IntArray:
        """The direction of each leg: of a transit call one leg comes in and the other goes out."""
        passing = np.where(self.place == 0, INBOUND, OUTBOUND)
        return np.where(self.calls.direction == TRANSIT, passing, self.calls.direction)

    @cached_property
    def destination(self) -> IntArray:
        """A code in the pool of ends: who is reached by this leg."""
        calls, extensions = self.calls, self.pools.extensions
        dialed = np.where(calls.direction == INBOUND, self.pools.did_base + calls.did, calls.destination)
        first = extensions.first_of_customer[calls.customer]
        # To a group: whoever is free there takes it.
        groups = extensions.group_count_of_customer[calls.customer]
        onward = first + np.where(calls.destination == first, 1, calls.line + 1) % groups
        return np.select([self.place == 0, self.place == 1], [dialed, calls.destination], onward)

    @cached_property
    def destination_kind(self) -> IntArray:
        within = choose_indexes(
            draw_bits(self.traffic.seed, "leg.within", self.calls.call_numbers), _INTERNAL_KIND_WEIGHTS
        )
        inward = choose_indexes(
            draw_bits(self.traffic.seed, "leg.inward", self.calls.call_numbers), _INBOUND_KIND_WEIGHTS
        )
        first = np.select(
            [self.calls.direction == INBOUND, self.calls.direction == INTERNAL], [inward, within], _NUMBER
        )
        far = np.where((self.calls.direction == OUTBOUND) | (self.calls.direction == TRANSIT), _EXTERNAL, _PHONE)
        return np.select([self.place == 0, self.place == 1], [first, far], _PHONE)

    @cached_property
    def technology(self) -> IntArray:
        return choose_indexes(self.draw_for_legs("technology"), _TECHNOLOGY_WEIGHTS)

    @cached_property
    def leg_sequence(self) -> IntArray:
        return self.calls.leg_sequence + self.place

    @cached_property
    def is_redirected(self) -> FlagArray:
        inward = (self.direction == INBOUND) | (self.direction == INTERNAL)
        holds: FlagArray = (self.place == 1) & inward & chance_flags(self.draw_for_legs("redirected"), 0.4)
        return holds


_INTERNAL_KIND_WEIGHTS: Final = weight_thresholds((0.8, 1e-9, 1e-9, 1e-9, 1e-9, 1e-9, 0.12, 0.08))
_INBOUND_KIND_WEIGHTS: Final = weight_thresholds((0.25, 1e-9, 0.2, 0.2, 0.1, 0.25))


def _leg_id_column(legs: LegBatch) -> Column:
    epoch = digits_column(legs.started // 1000)
    return joined_column(epoch, ".", digits_column(legs.leg_sequence, legs.calls.sequence_digits))


def _channel_column(legs: LegBatch) -> Column:
    lines, trunks = legs.pools.lines, pooled_column(legs.pools.texts["trunk"], legs.calls.trunk)
    inside = np.where(legs.place == 0, legs.calls.line, np.minimum(legs.destination, legs.pools.remote_base))
    outside = ((legs.place == 0) & legs.calls.is_from_outside) | (legs.destination_kind == _EXTERNAL)
    peer = case_column(pooled_column(lines, inside), (outside, trunks))
    return joined_column(
        pooled_column(_TECHNOLOGIES, legs.technology), "/", peer, "-", hexadecimal_text(legs.leg_sequence, 4)
    )


def _called_number_column(legs: LegBatch) -> Column:
    ends, base = legs.pools.endpoints, legs.pools.did_base
    return pooled_column(ends, base + legs.calls.did, legs.is_redirected)


def _source_customer_column(legs: LegBatch) -> Column:
    return integer_column(_CUSTOMER_IDS[legs.calls.customer], legs.calls.direction != INBOUND)


def _destination_customer_column(legs: LegBatch) -> Column:
    inside = (legs.calls.direction == INBOUND) | (legs.calls.direction == INTERNAL)
    return integer_column(_CUSTOMER_IDS[legs.calls.customer], inside | (legs.place == 2))


def _external_name_column(legs: LegBatch) -> Column:
    companies = len(legs.pools.people) + legs.calls.customer
    own = np.where(legs.calls.is_from_outside, legs.calls.caller_name, companies)
    return pooled_column(legs.pools.names, own)


def _external_number_column(legs: LegBatch) -> Column:
    did = legs.pools.did_base + legs.calls.did
    return pooled_column(legs.pools.endpoints, np.where(legs.calls.is_from_outside, legs.calls.source, did))


def _recording_path_column(legs: LegBatch) -> Column:
    kept = (legs.calls.recording_counts > 0) & (legs.place == 0)
    path = joined_column("/var/spool/recordings/", legs.calls.call_ref, ".wav")
    return text_where(kept, path)


def _sip_call_id_column(legs: LegBatch) -> Column:
    host = integers_below(legs.draw_for_legs("sip.host"), 200)
    number = (legs.draw_for_legs("sip.id") >> np.uint64(8)).astype(np.int64)
    text = joined_column(hexadecimal_text(number, 6), "@192.0.2.", pooled_column(_HOSTS, host))
    return text_where(legs.technology <= 1, text)


def _display_column(legs: LegBatch, codes: IntArray) -> TextColumn:
    return pooled_column(legs.pools.displayed_ends, codes)


def _state_text_column(legs: LegBatch) -> Column:
    return pooled_column(_OUTCOME_WORDS, np.where(legs.place == 2, 0, legs.calls.times.dispositions))


def _peer_ids(legs: LegBatch) -> IntArray:
    return 31 + legs.calls.trunk


LEG_COLUMNS: Final[Mapping[str, Callable[[LegBatch], Column]]] = MappingProxyType(
    {
        "leg_id": _leg_id_column,
        "call_ref": lambda g: g.calls.call_ref,
        "channel": _channel_column,
        "started_at": lambda g: instant_column(g.started),
        "answered_at": lambda g: instant_column(g.answered),
        "ended_at": lambda g: instant_column(g.ended),
        "direction": lambda g: pooled_column(_DIRECTION_WORDS, g.direction),
        "state_text": _state_text_column,
        "source_number": lambda g: pooled_column(g.pools.endpoints, g.calls.source),
        "source_kind": lambda g: pooled_column(
            _ENDPOINT_KIND_WORDS, np.where(g.calls.is_from_outside, _EXTERNAL, _PHONE)
        ),
        "source_line": lambda g: pooled_column(
            g.pools.line_accounts, np.where(g.calls.is_from_outside, -1, g.calls.line)
        ),
        "source_customer_id": _source_customer_column,
        "source_presentation": lambda g: integer_column(
            _PRESENTATION_CODES[integers_below(g.draw_for_legs("presentation"), 8)]
        ),
        "called_number": _called_number_column,
        "called_kind": lambda g: pooled_column(_ENDPOINT_KIND_WORDS, np.where(g.is_redirected, _NUMBER, -1)),
        "destination_number": lambda g: pooled_column(g.pools.endpoints, g.destination),
        "destination_kind": lambda g: pooled_column(_ENDPOINT_KIND_WORDS, g.destination_kind),
        "destination_customer_id": _destination_customer_column,
        "caller_number_internal": lambda g: pooled_column(g.pools.endpoints, g.calls.source),
        "caller_number_external": _external_number_column,
        "caller_name_internal": lambda g: pooled_column(g.pools.names, g.calls.caller_name),
        "caller_name_external": _external_name_column,
        "billing_peer_id": lambda g: integer_column(_peer_ids(g) + 20, g.direction == OUTBOUND),
        "peer_id": lambda g: integer_column(_peer_ids(g), g.direction == OUTBOUND),
        "in_group_id": lambda g: integer_column(51 + g.calls.trunk % 3, g.direction == INBOUND),
        "out_group_id": lambda g: integer_column(61 + g.calls.trunk % 3, g.direction == OUTBOUND),
        "over_limit": lambda g: flag_column(chance_flags(g.draw_for_legs("limit"), 0.03)),
        "machine_id": lambda g: integer_column(1 + g.calls.machine),
        "recording_path": _recording_path_column,
        "sip_call_id": _sip_call_id_column,
        "source_number_shown": lambda g: _display_column(g, g.calls.source),
        "called_number_shown": lambda g: text_where(
            g.is_redirected, _display_column(g, g.pools.did_base + g.calls.did)
        ),
        "destination_number_shown": lambda g: _display_column(g, g.destination),
    }
)
