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
import polars as pl

from harness.telephony.enums import Direction, EndKind
from harness.world.call_lifecycle import NEVER
from harness.world.calls import INBOUND, INTERNAL, OUTBOUND, TRANSIT, CallBatch
from harness.world.column_types import choice, flags, instants, integers, joined, padded, where
from harness.world.customers import CUSTOMERS
from harness.world.random_streams import Bits, Flags, Ints, below, chance, choose, draw, thresholds
from harness.world.traffic import Traffic
from harness.world.value_pools import Pool, Pools

_DIRECTIONS: Final = Pool(tuple(word.value for word in Direction))
_KINDS: Final = Pool(tuple(word.value for word in EndKind))
_PHONE, _EXTERNAL, _NUMBER, _IVR, _MENU, _QUEUE, _VOICEMAIL, _CONFERENCE = range(8)
_TECHNOLOGIES: Final = Pool(("SIP", "PJSIP", "IAX2", "DAHDI", "Local"))
_TECHNOLOGY_WEIGHTS: Final = thresholds((0.7, 0.2, 0.03, 0.04, 0.03))
_OUTCOMES: Final = Pool(("answered", "no answer", "busy", "cancelled", "failed"))
_PRESENTATIONS: Final = np.asarray([0, 0, 0, 0, 1, 3, 32, 67], dtype=np.int64)
_CUSTOMER_IDS: Final = np.asarray([member.id for member in CUSTOMERS.members], dtype=np.int64)
_HEX_PAIRS: Final = Pool(tuple(f"{value:02x}" for value in range(256)))


def hexadecimal(values: Ints, pairs: int) -> pl.Series:
    """Numbers as pairs of hexadecimal digits."""
    return joined(*(_HEX_PAIRS.take(values >> (8 * pair) & 255) for pair in reversed(range(pairs))))


def leg_units_of(calls: CallBatch) -> tuple[Ints, Ints]:
    """How many legs each call has, and the numbers of all legs, call by call."""
    rings = (calls.lives.rang != NEVER).astype(np.int64)
    moves = (calls.transferred_at != NEVER).astype(np.int64)
    counts = 1 + rings + moves
    ends = np.cumsum(counts)
    places = np.arange(int(ends[-1]) if len(ends) else 0, dtype=np.int64) - np.repeat(ends - counts, counts)
    return counts, np.repeat(calls.units, counts) * 4 + places


@final
class LegBatch:
    """Some legs, by their numbers."""

    def __init__(self, traffic: Traffic, pools: Pools, units: Ints) -> None:
        self.traffic = traffic
        self.pools = pools
        self.units = units
        self.place = units & 3
        # The call of each leg, so that values of calls and legs stand in the same rows.
        self.calls = CallBatch(traffic, pools, units >> 2)
        self._whole: dict[str, pl.Series] = {}

    def __len__(self) -> int:
        return len(self.units)

    def whole(self, name: str) -> pl.Series:
        """An attribute over the whole life of the legs."""
        if name not in self._whole:
            self._whole[name] = WHOLE[name](self)
        return self._whole[name]

    def seen(self, name: str, at: int) -> pl.Series:
        """An attribute as it is seen at an instant (in milliseconds) at which all these legs live."""
        come = (self.answered != NEVER) & (self.answered <= at)
        match name:
            case "answered_at":
                return instants(np.where(come, self.answered, NEVER))
            case "ended_at":
                return instants(np.full(len(self), NEVER, dtype=np.int64))
            case "state_text":
                return Pool(("Ringing", "Up")).take(come.astype(np.int64))
            case "recording_path":
                return where(come, self.whole(name))
            case _:
                return self.whole(name)

    def draw(self, what: str) -> Bits:
        return draw(self.traffic.seed, f"leg.{what}", self.units)

    @cached_property
    def started(self) -> Ints:
        lives = self.calls.lives
        return np.select([self.place == 0, self.place == 1], [lives.started, lives.rang], self._moved)

    @cached_property
    def answered(self) -> Ints:
        left = self.calls.lives.ended - self._moved
        return np.where(self.place == 2, self._moved + np.minimum(3000, left // 2), self.calls.lives.answered)

    @cached_property
    def ended(self) -> Ints:
        leaves = (self.place == 1) & (self._moved != NEVER)
        return np.where(leaves, self._moved, self.calls.lives.ended)

    @cached_property
    def _moved(self) -> Ints:
        return self.calls.transferred_at

    @cached_property
    def direction(self) -> Ints:
        """Of a transit call one leg comes in and the other goes out."""
        passing = np.where(self.place == 0, INBOUND, OUTBOUND)
        return np.where(self.calls.direction == TRANSIT, passing, self.calls.direction)

    @cached_property
    def destination(self) -> Ints:
        """A code in the pool of ends: who is reached by this leg."""
        calls, extensions = self.calls, self.pools.extensions
        dialed = np.where(calls.direction == INBOUND, self.pools.did_base + calls.did, calls.destination)
        first, many = extensions.first[calls.customer], extensions.many[calls.customer]
        onward = first + (calls.line - first + 2) % many
        return np.select([self.place == 0, self.place == 1], [dialed, calls.destination], onward)

    @cached_property
    def destination_kind(self) -> Ints:
        within = choose(draw(self.traffic.seed, "leg.within", self.calls.units), _WITHIN)
        inward = choose(draw(self.traffic.seed, "leg.inward", self.calls.units), _INWARD)
        first = np.select(
            [self.calls.direction == INBOUND, self.calls.direction == INTERNAL], [inward, within], _NUMBER
        )
        far = np.where((self.calls.direction == OUTBOUND) | (self.calls.direction == TRANSIT), _EXTERNAL, _PHONE)
        return np.select([self.place == 0, self.place == 1], [first, far], _PHONE)

    @cached_property
    def technology(self) -> Ints:
        return choose(self.draw("technology"), _TECHNOLOGY_WEIGHTS)

    @cached_property
    def sequence(self) -> Ints:
        return self.calls.sequence + self.place

    @cached_property
    def redirected(self) -> Flags:
        inward = (self.direction == INBOUND) | (self.direction == INTERNAL)
        holds: Flags = (self.place == 1) & inward & chance(self.draw("redirected"), 0.4)
        return holds


_WITHIN: Final = thresholds((0.8, 1e-9, 1e-9, 1e-9, 1e-9, 1e-9, 0.12, 0.08))
_INWARD: Final = thresholds((0.25, 1e-9, 0.2, 0.2, 0.1, 0.25))


def _leg_id(legs: LegBatch) -> pl.Series:
    epoch = pl.Series(legs.started // 1000, dtype=pl.Int64)
    return joined(epoch, ".", padded(legs.sequence, legs.calls.sequence_digits))


def _channel(legs: LegBatch) -> pl.Series:
    ends, trunks = legs.pools.ends, legs.pools.texts["trunk"].take(legs.calls.trunk)
    inside = np.where(legs.place == 0, legs.calls.line, np.minimum(legs.destination, legs.pools.remote_base))
    outside = ((legs.place == 0) & legs.calls.comes_in) | (legs.destination_kind == _EXTERNAL)
    peer = choice(ends.take(inside), (outside, trunks))
    return joined(_TECHNOLOGIES.take(legs.technology), "/", peer, "-", hexadecimal(legs.sequence, 4))


def _called(legs: LegBatch) -> pl.Series:
    ends, base = legs.pools.ends, legs.pools.did_base
    return ends.take(base + legs.calls.did, legs.redirected)


def _source_customer(legs: LegBatch) -> pl.Series:
    return integers(_CUSTOMER_IDS[legs.calls.customer], legs.calls.direction != INBOUND)


def _destination_customer(legs: LegBatch) -> pl.Series:
    inside = (legs.calls.direction == INBOUND) | (legs.calls.direction == INTERNAL)
    return integers(_CUSTOMER_IDS[legs.calls.customer], inside | (legs.place == 2))


def _caller_name_external(legs: LegBatch) -> pl.Series:
    companies = len(legs.pools.people) + legs.calls.customer
    own = np.where(legs.calls.comes_in, legs.calls.caller_name, companies)
    return legs.pools.names.take(own)


def _external_number(legs: LegBatch) -> pl.Series:
    did = legs.pools.did_base + legs.calls.did
    return legs.pools.ends.take(np.where(legs.calls.comes_in, legs.calls.source, did))


def _recording_path(legs: LegBatch) -> pl.Series:
    kept = (legs.calls.recordings > 0) & (legs.place == 0)
    path = joined("/var/spool/recordings/", legs.calls.call_ref, ".wav")
    return where(kept, path)


def _sip_call_id(legs: LegBatch) -> pl.Series:
    host = below(legs.draw("sip.host"), 200) + 1
    number = (legs.draw("sip.id") >> np.uint64(8)).astype(np.int64)
    text = joined(hexadecimal(number, 6), "@192.0.2.", pl.Series(host, dtype=pl.Int64))
    return where(legs.technology <= 1, text)


def _shown(legs: LegBatch, codes: Ints) -> pl.Series:
    """An end as people read it: who has the extension, what the contact is called, or else the number."""
    pools = legs.pools
    person = pools.extensions.person[np.minimum(codes, pools.remote_base - 1)]
    remote = np.clip(codes - pools.remote_base, 0, len(pools.remotes) - 1)
    contact = np.where(codes < pools.did_base, pools.contact_names[remote], -1)
    name = np.where(codes < pools.remote_base, person, contact)
    number = pools.ends.take(codes)
    return choice(number, (name >= 0, joined(pools.names.take(name), " <", number, ">")))


def _outcome(legs: LegBatch) -> pl.Series:
    return _OUTCOMES.take(np.where(legs.place == 2, 0, legs.calls.lives.endings))


def _peer(legs: LegBatch) -> Ints:
    return 31 + legs.calls.trunk


WHOLE: Final[Mapping[str, Callable[[LegBatch], pl.Series]]] = MappingProxyType(
    {
        "leg_id": _leg_id,
        "call_ref": lambda g: g.calls.call_ref,
        "channel": _channel,
        "started_at": lambda g: instants(g.started),
        "answered_at": lambda g: instants(g.answered),
        "ended_at": lambda g: instants(g.ended),
        "direction": lambda g: _DIRECTIONS.take(g.direction),
        "state_text": _outcome,
        "source_number": lambda g: g.pools.ends.take(g.calls.source),
        "source_kind": lambda g: _KINDS.take(np.where(g.calls.comes_in, _EXTERNAL, _PHONE)),
        "source_line": lambda g: g.pools.lines.take(np.where(g.calls.comes_in, -1, g.calls.line)),
        "source_customer_id": _source_customer,
        "source_presentation": lambda g: integers(_PRESENTATIONS[below(g.draw("presentation"), 8)]),
        "called_number": _called,
        "called_kind": lambda g: _KINDS.take(np.where(g.redirected, _NUMBER, -1)),
        "destination_number": lambda g: g.pools.ends.take(g.destination),
        "destination_kind": lambda g: _KINDS.take(g.destination_kind),
        "destination_customer_id": _destination_customer,
        "caller_number_internal": lambda g: g.pools.ends.take(g.calls.source),
        "caller_number_external": _external_number,
        "caller_name_internal": lambda g: g.pools.names.take(g.calls.caller_name),
        "caller_name_external": _caller_name_external,
        "billing_peer_id": lambda g: integers(_peer(g) + 20, g.direction == OUTBOUND),
        "peer_id": lambda g: integers(_peer(g), g.direction == OUTBOUND),
        "in_group_id": lambda g: integers(51 + g.calls.trunk % 3, g.direction == INBOUND),
        "out_group_id": lambda g: integers(61 + g.calls.trunk % 3, g.direction == OUTBOUND),
        "over_limit": lambda g: flags(chance(g.draw("limit"), 0.03)),
        "machine_id": lambda g: integers(1 + g.calls.machine),
        "recording_path": _recording_path,
        "sip_call_id": _sip_call_id,
        "source_number_shown": lambda g: _shown(g, g.calls.source),
        "called_number_shown": lambda g: where(g.redirected, _shown(g, g.pools.did_base + g.calls.did)),
        "destination_number_shown": lambda g: _shown(g, g.destination),
    }
)
