"""Calls as columns: every attribute of a batch of calls, each made when it is asked for.

`CallBatch.whole` tells the whole life of the calls, `CallBatch.seen` what is seen of living calls at an
instant. The plain path (`harness.telephony.visibility`) tells the same row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Final, final

import numpy as np
import polars as pl

from harness.telephony.enums import Direction, Disposition, NumberKind
from harness.telephony.hangup_causes import HangupCause
from harness.world.call_lifecycle import ANSWERED, BUSY, CANCELLED, NEVER, NO_ANSWER, Lives, lives_of
from harness.world.column_types import choice, flags, instants, integers, joined, money, padded, seconds, where
from harness.world.customers import CUSTOMERS
from harness.world.random_streams import Bits, Flags, Ints, below, chance, choose, draw, thresholds, zipf
from harness.world.traffic import SLOTS_A_DAY, Traffic
from harness.world.value_pools import APPLICATION_WEIGHTS, DATA_WEIGHTS, RULE_WEIGHTS, Pool, Pools

CALL_ID_BASE: Final = 5_000_000_000
SESSION_ID_BASE: Final = 4_300_000_000
TRANSACTION_BASE: Final = 7_000_000_000
CONTACT_ID_BASE: Final = 500_001

INBOUND, OUTBOUND, INTERNAL, TRANSIT = range(4)

_DIRECTIONS: Final = Pool(tuple(word.value for word in Direction))
_DISPOSITIONS: Final = Pool(tuple(word.value for word in Disposition))
_NUMBER_KINDS: Final = Pool(tuple(word.value for word in NumberKind))
_WORDS: Final = Pool(
    (
        "internal",
        "internal_inbound",
        "internal_outbound",
        "inbound",
        "outbound",
        "unknown",
        "audio",
        "video",
    )
)
_OUTCOMES: Final = Pool(
    ("caller_hung_up", "callee_hung_up", "transferred", "not_answered", "busy", "cancelled", "failed")
)
_CAUSES: Final = Pool(tuple(cause.text for cause in HangupCause))
_CAUSE_CODES: Final = np.asarray([cause.value for cause in HangupCause], dtype=np.int64)
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS: Final = Pool(tuple(high + low for high in _BASE62 for low in _BASE62))
_SINGLES: Final = Pool(tuple(_BASE62))
_CODES: Final = 62**6

_DIRECTION_WEIGHTS: Final = thresholds((0.43, 0.38, 0.17, 0.02))
_CUSTOMER_WEIGHTS: Final = thresholds([member.share for member in CUSTOMERS.members])
_HOME_LINES: Final = zipf(48, 1.1)
_OTHER_LINES: Final = zipf(10, 1.0)
_REMOTE: Final = zipf(6124, 0.75)
_CUSTOMER_IDS: Final = np.asarray([member.id for member in CUSTOMERS.members], dtype=np.int64)
_MEDIA_ADDRESSES: Final = Pool(tuple(f"203.0.113.{10 + machine}" for machine in range(8)))


def code_of(units: Ints) -> pl.Series:
    """Five or six letters and digits for each call, unlike for unlike numbers (within 26 years of traffic)."""
    mixed = units.astype(np.uint64) % np.uint64(_CODES)
    for factor in (165_580_141, 222_334_565):
        mixed = mixed * np.uint64(factor) % np.uint64(_CODES)
        mixed = mixed % np.uint64(62**3) * np.uint64(62**3) + mixed // np.uint64(62**3)
    code = mixed.astype(np.int64)
    low, middle, high = code % 3844, code // 3844 % 3844, code // 3844**2
    start = choice(_PAIRS.take(high), (high < 62, _SINGLES.take(np.minimum(high, 61))))
    return joined(start, _PAIRS.take(middle), _PAIRS.take(low))


@final
class CallBatch:
    """Some calls, by their numbers; intermediate arrays are made once, when first needed."""

    def __init__(self, traffic: Traffic, pools: Pools, units: Ints) -> None:
        self.traffic = traffic
        self.pools = pools
        self.units = units
        self.numbers = units >> 2
        self._whole: dict[str, pl.Series] = {}

    def __len__(self) -> int:
        return len(self.units)

    def whole(self, name: str) -> pl.Series:
        """An attribute over the whole life of the calls."""
        if name not in self._whole:
            self._whole[name] = WHOLE[name](self)
        return self._whole[name]

    def seen(self, name: str, at: int) -> pl.Series:
        """An attribute as it is seen at an instant (in milliseconds) at which all these calls live."""
        maker = SEEN.get(name)
        return self.whole(name) if maker is None else maker(Living(self, at))

    def draw(self, what: str) -> Bits:
        return draw(self.traffic.seed, f"call.{what}", self.units)

    def draw_session(self, what: str) -> Bits:
        return draw(self.traffic.seed, f"session.{what}", self.numbers)

    @cached_property
    def lives(self) -> Lives:
        return lives_of(self.traffic, self.units)

    @cached_property
    def answers(self) -> Flags:
        holds: Flags = self.lives.answered != NEVER
        return holds

    @cached_property
    def talk(self) -> Ints:
        return np.where(self.answers, self.lives.ended - self.lives.answered, 0)

    @cached_property
    def direction(self) -> Ints:
        first = choose(self.draw("direction"), _DIRECTION_WEIGHTS)
        further = np.where(chance(self.draw("further"), 0.75), OUTBOUND, INTERNAL)
        return np.where(self.units & 3, further, first)

    @cached_property
    def customer(self) -> Ints:
        return choose(self.draw_session("customer"), _CUSTOMER_WEIGHTS)

    @cached_property
    def _rank(self) -> Ints:
        bits = self.draw("line")
        home = self.pools.extensions.many[self.customer] > 10
        return np.where(home, choose(bits, _HOME_LINES), choose(bits, _OTHER_LINES))

    @cached_property
    def line(self) -> Ints:
        return self.pools.extensions.first[self.customer] + self._rank

    @cached_property
    def other_line(self) -> Ints:
        many = self.pools.extensions.many[self.customer]
        return (
            self.pools.extensions.first[self.customer] + (self._rank + 1 + below(self.draw("other"), many - 1)) % many
        )

    @cached_property
    def remote(self) -> Ints:
        return choose(self.draw("remote"), _REMOTE)

    @cached_property
    def further_remote(self) -> Ints:
        return (self.remote + 1 + below(self.draw("remote.further"), 5000)) % len(self.pools.remotes)

    @cached_property
    def did(self) -> Ints:
        return self.customer * 4 + np.minimum(choose(self.draw_session("did"), zipf(6, 1.3)), 3)

    @cached_property
    def source(self) -> Ints:
        """A code in the pool of ends."""
        outside = (self.direction == INBOUND) | (self.direction == TRANSIT)
        return np.where(outside, self.pools.remote_base + self.remote, self.line)

    @cached_property
    def destination(self) -> Ints:
        """A code in the pool of ends."""
        base = self.pools.remote_base
        return np.select(
            [self.direction == INBOUND, self.direction == OUTBOUND, self.direction == INTERNAL],
            [self.line, base + self.remote, self.other_line],
            default=base + self.further_remote,
        )

    @cached_property
    def has_line(self) -> Flags:
        holds: Flags = self.direction != TRANSIT
        return holds

    @cached_property
    def outside(self) -> Flags:
        holds: Flags = self.direction != INTERNAL
        return holds

    @cached_property
    def comes_in(self) -> Flags:
        holds: Flags = (self.direction == INBOUND) | (self.direction == TRANSIT)
        return holds

    @cached_property
    def caller_name(self) -> Ints:
        """A code in the pool of names, or -1."""
        return np.where(
            self.comes_in,
            self.pools.contact_names[self.remote],
            self.pools.extensions.person[self.line],
        )

    @cached_property
    def trunk(self) -> Ints:
        return choose(self.draw("trunk"), thresholds((0.6, 0.25, 0.1, 0.05)))

    @cached_property
    def machine(self) -> Ints:
        return choose(self.draw_session("machine"), thresholds((0.4, 0.3, 0.2, 0.07, 0.03)))

    @cached_property
    def held(self) -> tuple[Ints, Ints]:
        """When each call is put on hold and resumed, or NEVER."""
        holds = (self.talk > 20_000) & chance(self.draw("hold"), 0.18)
        held = self.lives.answered + self.talk // 10 + below(self.draw("hold.from"), self.talk // 3 + 1)
        resumed = held + 1000 + below(self.draw("hold.long"), self.talk // 3 + 1)
        return np.where(holds, held, NEVER), np.where(holds, resumed, NEVER)

    @cached_property
    def transferred_at(self) -> Ints:
        moves = (self.talk > 10_000) & (self.held[0] == NEVER) & chance(self.draw("transfer"), 0.08)
        at = self.lives.answered + self.talk // 4 + below(self.draw("transfer.at"), self.talk // 2 + 1)
        return np.where(moves, at, NEVER)

    @cached_property
    def recordings(self) -> Ints:
        """How many recordings each call has: none, one or two."""
        bits = self.draw("recording")
        many = chance(bits, 0.45).astype(np.int64) + chance(bits, 0.05).astype(np.int64)
        return np.where(self.talk > 2000, many, 0)

    @cached_property
    def cause(self) -> Ints:
        """An index into the hang-up causes."""
        order = list(HangupCause)
        bits = self.draw("cause")
        failures = np.asarray([order.index(HangupCause(code)) for code in (1, 3, 21, 27, 34, 38, 41)])
        usual = chance(bits, 0.9)
        return np.select(
            [self.lives.endings == code for code in (ANSWERED, NO_ANSWER, BUSY, CANCELLED)],
            [
                np.where(usual, order.index(HangupCause(16)), order.index(HangupCause(31))),
                np.where(usual, order.index(HangupCause(19)), order.index(HangupCause(18))),
                np.full(len(self), order.index(HangupCause(17))),
                np.full(len(self), order.index(HangupCause(16))),
            ],
            default=failures[below(bits, len(failures))],
        )

    @cached_property
    def code(self) -> pl.Series:
        return code_of(self.units)

    @cached_property
    def sequence(self) -> Ints:
        """The first of sixteen leg numbers of each call, unlike for all calls of a day."""
        width = self.traffic.width
        slots, places = self.numbers // width, self.numbers % width
        numbers: Ints = ((slots % SLOTS_A_DAY) * width + places) * 16 + (self.units & 3) * 4
        return numbers

    @property
    def sequence_digits(self) -> int:
        return len(str(SLOTS_A_DAY * self.traffic.width * 16))

    @cached_property
    def call_ref(self) -> pl.Series:
        epoch = pl.Series(self.lives.started // 1000, dtype=pl.Int64)
        return joined(epoch, ".", padded(self.sequence, self.sequence_digits))

    @cached_property
    def billed(self) -> Ints:
        return billed(self.talk, self.direction)


def billed(talk: Ints, direction: Ints) -> Ints:
    """Talk in milliseconds, rounded up by the tariff to seconds."""
    outbound = np.maximum(30, -(-talk // 6000) * 6)
    return np.where(talk <= 0, 0, np.where(direction == OUTBOUND, outbound, -(-talk // 1000)))


@final
class Living:
    """Calls that all live at one instant, and the parts of their lives that have come."""

    def __init__(self, batch: CallBatch, at: int) -> None:
        self.batch = batch
        self.at = at

    def come(self, stamps: Ints) -> Ints:
        return np.where(stamps <= self.at, stamps, NEVER)

    @property
    def rang(self) -> Ints:
        return self.come(self.batch.lives.rang)

    @property
    def answered(self) -> Ints:
        return self.come(self.batch.lives.answered)

    @property
    def talks(self) -> Flags:
        holds: Flags = self.answered != NEVER
        return holds

    @property
    def talk(self) -> Ints:
        return np.where(self.talks, self.at - self.answered, 0)

    def words(self, *cases: tuple[str, Flags], otherwise: str | None) -> pl.Series:
        texts = tuple(text for text, _ in cases) + ((otherwise,) if otherwise is not None else ())
        codes = np.select(
            [holds for _, holds in cases],
            list(range(len(cases))),
            default=len(cases) if otherwise is not None else -1,
        )
        return Pool(texts).take(codes.astype(np.int64))

    def nothing(self, dtype: pl.DataType) -> pl.Series:
        return pl.Series([None] * len(self.batch), dtype=dtype)


def _source_text(batch: CallBatch) -> pl.Series:
    return batch.pools.ends.take(batch.source)


def _destination_text(batch: CallBatch) -> pl.Series:
    return batch.pools.ends.take(batch.destination)


def _dialed(batch: CallBatch) -> pl.Series:
    pools, direction = batch.pools, batch.direction
    form = choose(batch.draw("typed"), thresholds((0.5, 0.2, 0.3)))
    outside = np.where(direction == OUTBOUND, batch.remote, batch.further_remote)
    star = (direction == INTERNAL) & chance(batch.draw("star"), 0.06)
    internal = pools.ends.take(np.where(direction == INTERNAL, batch.destination, -1))
    return choice(
        pools.typed.take(outside * 3 + form),
        (direction == INBOUND, pools.ends.take(pools.did_base + batch.did)),
        (star, joined("*", internal)),
        (direction == INTERNAL, internal),
    )


def _destination_dialed(batch: CallBatch) -> pl.Series:
    star = (batch.direction == INTERNAL) & chance(batch.draw("star"), 0.06)
    plain = np.where((batch.direction == INBOUND) | star, batch.destination, -1)
    return _dialed(batch).zip_with(pl.Series(plain < 0), batch.pools.ends.take(plain))


def _caller_id(batch: CallBatch) -> pl.Series:
    pools, bits = batch.pools, batch.draw("presented")
    named = chance(bits, 0.3) & (batch.caller_name >= 0)
    hidden = batch.comes_in & chance(batch.draw("hidden"), 0.03)
    hidden_as = pools.anonymous + chance(batch.draw("hidden.as"), 0.3).astype(np.int64)
    shown = np.where(batch.direction == OUTBOUND, pools.did_base + batch.did, batch.source)
    return choice(
        pools.ends.take(shown),
        (hidden, pools.ends.take(hidden_as)),
        (named, pools.names.take(batch.caller_name)),
    )


def _line_direction(batch: CallBatch) -> pl.Series:
    seen = choose(batch.draw("line.direction"), thresholds((0.3, 0.4, 0.3)))
    codes = np.select(
        [batch.direction == INTERNAL, batch.direction == INBOUND, batch.direction == OUTBOUND],
        [seen, np.full(len(batch), 3), np.full(len(batch), 4)],
        default=5,
    )
    return _WORDS.take(codes)


def _outcome(batch: CallBatch) -> pl.Series:
    hung_up = np.where(chance(batch.draw("hangup"), 0.48), 0, 1)
    done = np.where(batch.transferred_at != NEVER, 2, hung_up)
    endings = batch.lives.endings
    return _OUTCOMES.take(np.where(endings == ANSWERED, done, endings + 2))


def _setup(batch: CallBatch) -> pl.Series:
    lives = batch.lives
    return seconds(np.where(lives.rang != NEVER, lives.rang, lives.ended) - lives.started)


def _ring(batch: CallBatch) -> pl.Series:
    lives = batch.lives
    until = np.where(batch.answers, lives.answered, lives.ended)
    return seconds(np.where(lives.rang != NEVER, until - lives.rang, 0))


def _user(batch: CallBatch) -> pl.Series:
    return integers(3001 + batch.line, batch.has_line & (batch.line % 11 != 10))


def _department(batch: CallBatch) -> pl.Series:
    groups = np.asarray([0, 0, 0, 1, 1, 2, 3], dtype=np.int64)[batch.line % 7]
    return integers(810 + batch.customer * 10 + groups, batch.has_line)


def _text_or_code(batch: CallBatch, what: str, pool: str, weights: Bits, common: float) -> pl.Series:
    """A text of a pool, or one of its prefixes with the call's own code."""
    prefixes = batch.pools.texts[pool + "_prefix"]
    bits = batch.draw(what + ".which")
    own = joined(prefixes.take(below(bits, len(prefixes))), batch.code)
    shared = batch.pools.texts[pool].take(choose(batch.draw(what + ".text"), weights))
    return choice(own, (chance(batch.draw(what + ".common"), common), shared))


def _custom_data(batch: CallBatch) -> pl.Series:
    text = _text_or_code(batch, "data", "data", thresholds(DATA_WEIGHTS), 0.7)
    return where(chance(batch.draw("data"), 0.6), text)


def _external_id(batch: CallBatch) -> pl.Series:
    text = _text_or_code(batch, "outside", "outside", zipf(9, 1.0), 0.2)
    return where(chance(batch.draw("outside"), 0.65), text)


def _external_session_id(batch: CallBatch) -> pl.Series:
    shared = batch.pools.texts["outside"].take(choose(batch.draw_session("outside.text"), zipf(9, 1.0)))
    own = joined("web:", code_of(batch.numbers * 4))
    text = choice(own, (chance(batch.draw_session("outside.common"), 0.25), shared))
    return where(chance(batch.draw_session("outside"), 0.5), text)


def _note(batch: CallBatch) -> pl.Series:
    shared = batch.pools.texts["note"].take(choose(batch.draw("note.text"), zipf(10, 0.9)))
    own = joined("ticket #", batch.code, ' & "follow-up"')
    text = choice(own, (chance(batch.draw("note.common"), 0.85), shared))
    return where(chance(batch.draw("note"), 0.3), text)


def recording_url(batch: CallBatch, part: int) -> pl.Series:
    """Where a recording of each call lies."""
    folder = pl.Series(_CUSTOMER_IDS[batch.customer], dtype=pl.Int64)
    tail = f".mp3?part={part + 1}&sig=a%2Bb"
    return joined("https://recordings.example.com/", folder, "/", batch.code, tail)


def _recording_urls(batch: CallBatch) -> pl.Series:
    first = where(batch.recordings > 0, recording_url(batch, 0))
    second = where(batch.recordings > 1, recording_url(batch, 1))
    lists = pl.select(pl.concat_list(pl.lit(first), pl.lit(second)).list.drop_nulls()).to_series()
    return lists.cast(pl.List(pl.String))


def number_kind(batch: CallBatch) -> Ints:
    """What stands behind the remote number: an index into the kinds of numbers."""
    return np.where(batch.outside, batch.pools.remote_kinds[batch.remote], 2)


def _cost(batch: CallBatch) -> pl.Series:
    mobile = number_kind(batch) == 1
    rates = np.select(
        [batch.direction == OUTBOUND, batch.direction == INBOUND],
        [np.where(mobile, 950, 120), np.full(len(batch), 45)],
        default=60,
    )
    return money(batch.billed * rates // 60, batch.outside)


def _local_number(batch: CallBatch) -> pl.Series:
    pools = batch.pools
    return pools.ends.take(np.where(batch.outside, pools.did_base + batch.did, batch.source))


def _remote_number(batch: CallBatch) -> pl.Series:
    pools = batch.pools
    return pools.ends.take(np.where(batch.outside, pools.remote_base + batch.remote, batch.destination))


def _diversion(batch: CallBatch) -> pl.Series:
    diverted = (batch.direction == INBOUND) & chance(batch.draw("diverted"), 0.06)
    return batch.pools.ends.take(batch.pools.did_base + (batch.did ^ 1), diverted)


def _contact(batch: CallBatch) -> pl.Series:
    known = (batch.pools.contact_names[batch.remote] >= 0) & batch.outside
    return integers(CONTACT_ID_BASE + batch.remote, known)


def session_application(bits: Bits) -> Ints:
    """The application of sessions."""
    return choose(bits, thresholds(APPLICATION_WEIGHTS))


def session_rule(bits: Bits) -> Ints:
    """The rule of sessions."""
    return choose(bits, thresholds(RULE_WEIGHTS))


def _application(batch: CallBatch) -> Ints:
    return session_application(batch.draw_session("application"))


def _words(pool: Pool, codes: Callable[[CallBatch], Ints]) -> Callable[[CallBatch], pl.Series]:
    return lambda batch: pool.take(codes(batch))


def _media(batch: CallBatch) -> pl.Series:
    rarely = np.where(batch.direction == INTERNAL, 1, 0)
    bits = batch.draw("media")
    video = np.where(rarely == 1, chance(bits, 0.25), chance(bits, 0.03))
    return _WORDS.take(np.where(video, 7, 6))


WHOLE: Final[Mapping[str, Callable[[CallBatch], pl.Series]]] = MappingProxyType(
    {
        "call_id": lambda b: integers(CALL_ID_BASE + b.units),
        "call_code": lambda b: b.code,
        "call_ref": lambda b: b.call_ref,
        "session_id": lambda b: integers(SESSION_ID_BASE + b.numbers),
        "direction": _words(_DIRECTIONS, lambda b: b.direction),
        "line_direction": _line_direction,
        "source": _source_text,
        "destination": _destination_text,
        "dialed": _dialed,
        "caller_id": _caller_id,
        "caller_name": lambda b: b.pools.names.take(b.caller_name),
        "source_dialed": _dialed,
        "destination_dialed": _destination_dialed,
        "media": _media,
        "state": lambda b: pl.Series([None] * len(b), dtype=pl.String),
        "outcome_state": _outcome,
        "disposition": _words(_DISPOSITIONS, lambda b: b.lives.endings),
        "answer_state": lambda b: Pool(("not_answered", "answered")).take(b.answers.astype(np.int64)),
        "completion": lambda b: Pool(("failed_network", "succeeded")).take(b.answers.astype(np.int64)),
        "hangup_cause": lambda b: integers(_CAUSE_CODES[b.cause]),
        "hangup_text": lambda b: _CAUSES.take(b.cause),
        "started_at": lambda b: instants(b.lives.started),
        "ringing_at": lambda b: instants(b.lives.rang),
        "answered_at": lambda b: instants(b.lives.answered),
        "ended_at": lambda b: instants(b.lives.ended),
        "held_at": lambda b: instants(b.held[0]),
        "resumed_at": lambda b: instants(b.held[1]),
        "created_at": lambda b: instants(b.lives.started),
        "updated_at": lambda b: instants(b.lives.ended),
        "setup_seconds": _setup,
        "ring_seconds": _ring,
        "talk_seconds": lambda b: seconds(b.talk),
        "duration_seconds": lambda b: seconds(b.lives.ended - b.lives.started),
        "answer_seconds": lambda b: seconds(b.lives.answered - b.lives.started, b.answers),
        "bill_seconds": lambda b: seconds(b.billed * 1000),
        "customer_id": lambda b: integers(_CUSTOMER_IDS[b.customer]),
        "user_id": _user,
        "department_id": _department,
        "did_id": lambda b: integers(9001 + b.did, b.direction == INBOUND),
        "did_number": lambda b: b.pools.ends.take(b.pools.did_base + b.did, b.direction == INBOUND),
        "extension_id": lambda b: integers(70_001 + b.line, b.has_line),
        "extension": lambda b: b.pools.ends.take(b.line, b.has_line),
        "contact_id": _contact,
        "external_id": _external_id,
        "external_session_id": _external_session_id,
        "note": _note,
        "recording_urls": _recording_urls,
        "recording_url": lambda b: where(b.recordings > 0, recording_url(b, 0)),
        "application_id": lambda b: integers(1001 + _application(b)),
        "application_name": lambda b: b.pools.texts["application"].take(_application(b)),
        "rule_name": lambda b: b.pools.texts["rule"].take(session_rule(b.draw_session("rule"))),
        "custom_data": _custom_data,
        "machine_id": lambda b: integers(1 + b.machine),
        "media_address": lambda b: _MEDIA_ADDRESSES.take(b.machine),
        "cost": _cost,
        "transaction_id": lambda b: integers(TRANSACTION_BASE + b.units * 8),
        "local_number": _local_number,
        "remote_number": _remote_number,
        "remote_number_kind": _words(_NUMBER_KINDS, number_kind),
        "incoming": lambda b: flags(b.comes_in),
        "successful": lambda b: flags(b.answers),
        "diversion_number": _diversion,
        "trunk_name": lambda b: b.pools.texts["trunk"].take(b.trunk, b.outside),
    }
)


def _state_now(now: Living) -> pl.Series:
    held, resumed = (now.come(stamps) for stamps in now.batch.held)
    return now.words(
        ("held", (held != NEVER) & (resumed == NEVER)),
        ("answered", now.talks),
        ("ringing", now.rang != NEVER),
        otherwise="dialing",
    )


def _setup_now(now: Living) -> pl.Series:
    return seconds(np.where(now.rang != NEVER, now.rang, now.at) - now.batch.lives.started)


def _ring_now(now: Living) -> pl.Series:
    until = np.where(now.talks, now.answered, now.at)
    return seconds(np.where(now.rang != NEVER, until - now.rang, 0))


def _updated_now(now: Living) -> pl.Series:
    return instants(np.maximum(now.batch.lives.started, np.maximum(now.rang, now.answered)))


SEEN: Final[Mapping[str, Callable[[Living], pl.Series]]] = MappingProxyType(
    {
        "state": _state_now,
        "outcome_state": lambda n: n.words(("in_call", n.talks), otherwise="ringing"),
        "disposition": lambda n: n.nothing(pl.String()),
        "answer_state": lambda n: n.words(("answered", n.talks), otherwise="unknown"),
        "completion": lambda n: n.words(("succeeded", n.talks), otherwise="unknown"),
        "hangup_cause": lambda n: n.nothing(pl.Int64()),
        "hangup_text": lambda n: n.nothing(pl.String()),
        "ringing_at": lambda n: instants(n.rang),
        "answered_at": lambda n: instants(n.answered),
        "ended_at": lambda n: n.nothing(pl.Datetime("ms", "UTC")),
        "held_at": lambda n: instants(n.come(n.batch.held[0])),
        "resumed_at": lambda n: instants(n.come(n.batch.held[1])),
        "updated_at": _updated_now,
        "setup_seconds": _setup_now,
        "ring_seconds": _ring_now,
        "talk_seconds": lambda n: seconds(n.talk),
        "duration_seconds": lambda n: seconds(n.at - n.batch.lives.started),
        "answer_seconds": lambda n: seconds(n.answered - n.batch.lives.started, n.talks),
        "bill_seconds": lambda n: seconds(billed(n.talk, n.batch.direction) * 1000),
        "recording_urls": lambda n: pl.Series([[]] * len(n.batch), dtype=pl.List(pl.String())),
        "recording_url": lambda n: n.nothing(pl.String()),
        "cost": lambda n: n.nothing(pl.Float64()),
        "successful": lambda n: flags(n.talks),
    }
)
