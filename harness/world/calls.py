"""Calls as columns: every attribute of a batch of calls, each made when it is asked for.

`CallBatch.column` tells the whole life of the calls, `CallBatch.column_at` what is visible of live calls at an
instant. The plain path (`harness.telephony.record_at_instant`) tells the same row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from harness.telephony.attributes import AttributeKind
from harness.telephony.columns import (
    Column,
    NumberColumn,
    TextColumn,
    TextListColumn,
    TextPool,
    case_column,
    digits_column,
    joined_column,
    no_texts,
    pool_of_texts,
    pooled_column,
    text_where,
)
from harness.telephony.enums import Direction, Disposition, RemoteLineKind
from harness.telephony.hangup_causes import HangupCause
from harness.world.call_codes import call_codes_of
from harness.world.call_details import DETAIL_COLUMNS, LIVE_DETAIL_COLUMNS, number_kind_index
from harness.world.call_texts import TEXT_COLUMNS
from harness.world.call_times import (
    ANSWERED,
    BUSY,
    CANCELLED,
    NEVER,
    NO_ANSWER,
    CallTimes,
    call_times_of,
    party_numbers_of,
)
from harness.world.column_types import (
    flag_column,
    instant_column,
    integer_column,
    seconds_column,
)
from harness.world.customers import CUSTOMERS
from harness.world.direction_codes import INBOUND, INTERNAL, OUTBOUND, TRANSIT
from harness.world.invented_values import ValuePools
from harness.world.line_plan import planned_lines
from harness.world.random_streams import (
    BitArray,
    FlagArray,
    IntArray,
    chance_flags,
    choose_indexes,
    draw_bits,
    integers_below,
    values_where,
    weight_thresholds,
    zipf_thresholds,
)
from harness.world.traffic import SLOTS_PER_DAY, Traffic

CALL_ID_BASE: Final = 5_000_000_000
SESSION_ID_BASE: Final = 4_300_000_000
TRANSACTION_BASE: Final = 7_000_000_000
CONTACT_ID_BASE: Final = 500_001

_DIRECTION_WORDS: Final = TextPool(tuple(word.value for word in Direction))
_DISPOSITIONS: Final = TextPool(tuple(word.value for word in Disposition))
_NUMBER_KINDS: Final = TextPool(tuple(word.value for word in RemoteLineKind))
_LINE_AND_MEDIA_WORDS: Final = TextPool(
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
_OUTCOME_WORDS: Final = TextPool(
    ("caller_hung_up", "callee_hung_up", "transferred", "not_answered", "busy", "cancelled", "failed")
)
_CAUSE_TEXTS: Final = TextPool(tuple(cause.text for cause in HangupCause))
_CAUSE_CODES: Final = np.asarray([cause.value for cause in HangupCause], dtype=np.int64)

_CUSTOMER_WEIGHTS: Final = weight_thresholds([member.share for member in CUSTOMERS.members])
_CUSTOMER_IDS: Final = np.asarray([member.id for member in CUSTOMERS.members], dtype=np.int64)
CUSTOMER_ID_TEXTS: Final = TextPool(tuple(str(member.id) for member in CUSTOMERS.members))
_MEDIA_ADDRESSES: Final = TextPool(tuple(f"203.0.113.{10 + machine}" for machine in range(8)))


@final
class CallBatch:
    """A batch of calls by their numbers, whose attributes are columns; each array is made when first needed.

    `starts` are those of the calls, in milliseconds since 1970, where they are known already.
    """

    def __init__(self, traffic: Traffic, pools: ValuePools, units: IntArray, starts: IntArray | None = None) -> None:
        self.traffic = traffic
        self.pools = pools
        self.call_numbers = units
        self.session_numbers = units >> 2
        self._starts = starts
        self._columns: dict[str, Column] = {}

    def __len__(self) -> int:
        return len(self.call_numbers)

    def column(self, name: str) -> Column:
        """The column of an attribute over the whole life of the calls, one value per call."""
        if name not in self._columns:
            self._columns[name] = CALL_COLUMNS[name](self)
        return self._columns[name]

    def column_at(self, name: str, at: int) -> Column:
        """The column of an attribute as visible at an instant (in milliseconds) at which all calls are live."""
        maker = LIVE_CALL_COLUMNS.get(name)
        return self.column(name) if maker is None else maker(CallsAt(self, at))

    def other_calls(self, numbers: IntArray) -> CallBatch:
        """A batch of other calls of the same world."""
        return CallBatch(self.traffic, self.pools, numbers)

    def draw_for_calls(self, what: str, rows: NDArray[np.intp] | None = None) -> BitArray:
        """64 random bits per call, or for those at some places alone, from the stream `what`."""
        numbers = self.call_numbers if rows is None else self.call_numbers[rows]
        return draw_bits(self.traffic.seed, f"call.{what}", numbers)

    def draw_for_sessions(self, what: str) -> BitArray:
        """64 random bits per call, the same for all calls of a session."""
        return draw_bits(self.traffic.seed, f"session.{what}", self.session_numbers)

    @cached_property
    def times(self) -> CallTimes:
        """The instants of each call."""
        return call_times_of(self.traffic, self.call_numbers, self._starts)

    @cached_property
    def is_answered(self) -> FlagArray:
        holds: FlagArray = self.times.answered != NEVER
        return holds

    @cached_property
    def talk_millis(self) -> IntArray:
        """The talk time of each call in milliseconds; 0 if unanswered."""
        return np.where(self.is_answered, self.times.ended - self.times.answered, 0)

    @cached_property
    def _party_numbers(self) -> IntArray:
        return party_numbers_of(self.traffic, self.call_numbers)

    def _draw_for_parties(self, what: str, rows: NDArray[np.intp] | None = None) -> BitArray:
        """The same bits for calls with the same parties."""
        numbers = self._party_numbers if rows is None else self._party_numbers[rows]
        return draw_bits(self.traffic.seed, f"call.{what}", numbers)

    @cached_property
    def direction(self) -> IntArray:
        """The direction of each call, as a code."""
        profile, parties = self.traffic.profile, self._party_numbers
        first = choose_indexes(self._draw_for_parties("direction"), profile.direction_thresholds)
        return values_where(
            (parties & 3) > 0,
            first,
            lambda rows: choose_indexes(self.draw_for_calls("further", rows), profile.further_direction_thresholds),
        )

    @cached_property
    def customer(self) -> IntArray:
        """The owner of each call, as an index into the customers."""
        return choose_indexes(self.draw_for_sessions("customer"), _CUSTOMER_WEIGHTS)

    @cached_property
    def _line_rank(self) -> IntArray:
        bits, profile = self._draw_for_parties("line"), self.traffic.profile
        elsewhere = self.pools.extensions.count_of_customer[self.customer] <= 10
        return values_where(
            elsewhere,
            choose_indexes(bits, profile.home_line_thresholds),
            lambda rows: choose_indexes(bits[rows], profile.other_line_thresholds),
        )

    @property
    def line(self) -> IntArray:
        """The extension of each call, as an index into the extensions."""
        return self._planned_lines[0]

    @property
    def other_line(self) -> IntArray:
        """The extension at the other end of an internal call."""
        return self._planned_lines[1]

    @cached_property
    def _planned_lines(self) -> tuple[IntArray, IntArray]:
        return planned_lines(self)

    @cached_property
    def drawn_line(self) -> IntArray:
        """The extension that each call draws, before it is known who is free."""
        return self.pools.extensions.first_of_customer[self.customer] + self._line_rank

    @cached_property
    def drawn_other_line(self) -> IntArray:
        """The extension that each internal call draws for its other end, before it is known who is free."""

        def others(rows: NDArray[np.intp]) -> IntArray:
            first, many = (
                column[self.customer[rows]]
                for column in (self.pools.extensions.first_of_customer, self.pools.extensions.count_of_customer)
            )
            steps = 1 + integers_below(self._draw_for_parties("other", rows), many - 1)
            return first + (self._line_rank[rows] + steps) % many

        return values_where(self.direction == INTERNAL, self.drawn_line, others)

    @cached_property
    def remote(self) -> IntArray:
        """The number outside the switch, as an index into the remote numbers."""
        return choose_indexes(self._draw_for_parties("remote"), self.traffic.profile.remote_thresholds)

    @cached_property
    def further_remote(self) -> IntArray:
        """The second number outside of transit calls; of others the first."""

        def others(rows: NDArray[np.intp]) -> IntArray:
            steps = 1 + integers_below(self._draw_for_parties("remote.further", rows), 5000)
            return (self.remote[rows] + steps) % len(self.pools.remotes)

        return values_where(self.direction == TRANSIT, self.remote, others)

    @cached_property
    def did(self) -> IntArray:
        """The DID that an inbound call dialed, as an index into the DIDs."""
        return self.customer * 4 + np.minimum(
            choose_indexes(self.draw_for_sessions("did"), zipf_thresholds(6, 1.3)), 3
        )

    @cached_property
    def source(self) -> IntArray:
        """A code in the pool of ends."""
        outside = (self.direction == INBOUND) | (self.direction == TRANSIT)
        return np.where(outside, self.pools.remote_base + self.remote, self.line)

    @cached_property
    def destination(self) -> IntArray:
        """A code in the pool of ends."""
        outside = self.pools.remote_base + self.further_remote
        inside = np.where(self.direction == INBOUND, self.line, self.other_line)
        return np.where((self.direction == INBOUND) | (self.direction == INTERNAL), inside, outside)

    @cached_property
    def has_line(self) -> FlagArray:
        """Whether each call has an extension: all but transit calls do."""
        holds: FlagArray = self.direction != TRANSIT
        return holds

    @cached_property
    def is_external(self) -> FlagArray:
        holds: FlagArray = self.direction != INTERNAL
        return holds

    @cached_property
    def is_from_outside(self) -> FlagArray:
        holds: FlagArray = (self.direction == INBOUND) | (self.direction == TRANSIT)
        return holds

    @cached_property
    def caller_name(self) -> IntArray:
        """A code in the pool of names, or -1."""
        return np.where(
            self.is_from_outside,
            self.pools.contact_names[self.remote],
            self.pools.extensions.person[self.line],
        )

    @cached_property
    def trunk(self) -> IntArray:
        return choose_indexes(self.draw_for_calls("trunk"), weight_thresholds((0.6, 0.25, 0.1, 0.05)))

    @cached_property
    def machine(self) -> IntArray:
        return choose_indexes(self.draw_for_sessions("machine"), weight_thresholds((0.4, 0.3, 0.2, 0.07, 0.03)))

    @cached_property
    def _is_held(self) -> FlagArray:
        return (self.talk_millis > 20_000) & chance_flags(self.draw_for_calls("hold"), self.traffic.profile.held)

    @cached_property
    def hold_times(self) -> tuple[IntArray, IntArray]:
        """The instants at which each call is put on hold and resumed, in milliseconds; NEVER for none."""
        rows = np.flatnonzero(self._is_held)
        talk = self.talk_millis[rows]
        held, resumed = np.full((2, len(self)), NEVER, dtype=np.int64)
        held[rows] = (
            self.times.answered[rows]
            + talk // 10
            + integers_below(self.draw_for_calls("hold.from", rows), talk // 3 + 1)
        )
        resumed[rows] = held[rows] + 1000 + integers_below(self.draw_for_calls("hold.long", rows), talk // 3 + 1)
        return held, resumed

    @cached_property
    def transferred_at(self) -> IntArray:
        """The instant at which each call is transferred, in milliseconds; NEVER for none."""
        moves = (
            (self.talk_millis > 10_000)
            & ~self._is_held
            & chance_flags(self.draw_for_calls("transfer"), self.traffic.profile.transferred)
        )

        def instants(rows: NDArray[np.intp]) -> IntArray:
            talk = self.talk_millis[rows]
            drawn = integers_below(self.draw_for_calls("transfer.at", rows), talk // 2 + 1)
            return self.times.answered[rows] + talk // 4 + drawn

        return values_where(moves, NEVER, instants)

    @cached_property
    def recording_counts(self) -> IntArray:
        """The number of recordings of each call: none, one or two."""
        bits = self.draw_for_calls("recording")
        one, two = self.traffic.profile.recorded
        many = chance_flags(bits, one).astype(np.int64) + chance_flags(bits, two).astype(np.int64)
        return np.where(self.talk_millis > 2000, many, 0)

    @cached_property
    def cause_index(self) -> IntArray:
        """The hang-up cause of each call, as an index into HangupCause."""
        order = list(HangupCause)
        bits = self.draw_for_calls("cause")
        failures = np.asarray([order.index(HangupCause(code)) for code in (1, 3, 21, 27, 34, 38, 41)])
        usual = chance_flags(bits, 0.9)
        return np.select(
            [self.times.dispositions == code for code in (ANSWERED, NO_ANSWER, BUSY, CANCELLED)],
            [
                np.where(usual, order.index(HangupCause(16)), order.index(HangupCause(31))),
                np.where(usual, order.index(HangupCause(19)), order.index(HangupCause(18))),
                np.full(len(self), order.index(HangupCause(17))),
                np.full(len(self), order.index(HangupCause(16))),
            ],
            default=failures[integers_below(bits, len(failures))],
        )

    @cached_property
    def call_code(self) -> TextColumn:
        return call_codes_of(self.call_numbers, is_vast=self.traffic.vast is not None)

    @cached_property
    def leg_sequence(self) -> IntArray:
        """The first of sixteen leg numbers of each call, unique among the calls of a day."""
        width = self.traffic.numbers_per_slot
        slots, places = self.session_numbers // width, self.session_numbers % width
        numbers: IntArray = ((slots % SLOTS_PER_DAY) * width + places) * 16 + (self.call_numbers & 3) * 4
        return numbers

    @property
    def sequence_digits(self) -> int:
        return len(str(SLOTS_PER_DAY * self.traffic.numbers_per_slot * 16))

    @cached_property
    def call_ref(self) -> TextColumn:
        epoch = digits_column(self.times.started // 1000)
        return joined_column(epoch, ".", digits_column(self.leg_sequence, self.sequence_digits))

    @cached_property
    def billed_seconds(self) -> IntArray:
        return billed_seconds_of(self.talk_millis, self.direction)


def billed_seconds_of(talk: IntArray, direction: IntArray) -> IntArray:
    """Billed seconds: talk in milliseconds, rounded up by the tariff."""
    outbound = np.maximum(30, -(-talk // 6000) * 6)
    return np.where(talk <= 0, 0, np.where(direction == OUTBOUND, outbound, -(-talk // 1000)))


@final
class CallsAt:
    """A batch of calls that are all live at one instant, with what has happened in them until then."""

    def __init__(self, batch: CallBatch, at: int) -> None:
        self.batch = batch
        self.at = at

    def reached(self, stamps: IntArray) -> IntArray:
        """The instants that have come; NEVER for those still ahead."""
        return np.where(stamps <= self.at, stamps, NEVER)

    @property
    def rang(self) -> IntArray:
        return self.reached(self.batch.times.rang)

    @property
    def answered(self) -> IntArray:
        return self.reached(self.batch.times.answered)

    @property
    def is_answered(self) -> FlagArray:
        holds: FlagArray = self.answered != NEVER
        return holds

    @property
    def talk_millis(self) -> IntArray:
        """The talk time until the instant, in milliseconds."""
        return np.where(self.is_answered, self.at - self.answered, 0)

    def word_column(self, *cases: tuple[str, FlagArray], otherwise: str) -> TextColumn:
        """A column of texts: that of the first case that holds, else `otherwise`."""
        codes = np.select([holds for _, holds in cases], list(range(len(cases))), default=len(cases))
        return pooled_column(pool_of_texts(*(text for text, _ in cases), otherwise), codes.astype(np.int64))

    def no_numbers(self, kind: AttributeKind) -> NumberColumn:
        """A column of numbers without any."""
        return NumberColumn(
            kind, np.zeros(len(self.batch), dtype=np.int64), np.zeros(len(self.batch), dtype=np.bool_)
        )

    def no_texts(self) -> TextColumn:
        """A column of texts without any."""
        return no_texts(len(self.batch))


def _source_column(batch: CallBatch) -> TextColumn:
    return pooled_column(batch.pools.endpoints, batch.source)


def _destination_column(batch: CallBatch) -> TextColumn:
    return pooled_column(batch.pools.endpoints, batch.destination)


def _dialed_codes(batch: CallBatch) -> IntArray:
    """What each caller dialed, as a code in the pool of dialed texts."""
    pools, direction = batch.pools, batch.direction
    form = choose_indexes(batch.draw_for_calls("typed"), weight_thresholds((0.5, 0.2, 0.3)))
    within = np.where(_has_star(batch), pools.dialed_star_base, pools.dialed_line_base) + batch.destination
    codes = np.where(direction == INTERNAL, within, batch.further_remote * 3 + form)
    return np.where(direction == INBOUND, pools.dialed_did_base + batch.did, codes)


def _has_star(batch: CallBatch) -> FlagArray:
    holds: FlagArray = (batch.direction == INTERNAL) & chance_flags(batch.draw_for_calls("star"), 0.06)
    return holds


def _dialed_column(batch: CallBatch) -> TextColumn:
    return pooled_column(batch.pools.dialed, _dialed_codes(batch))


def _destination_dialed_column(batch: CallBatch) -> Column:
    plain = (batch.direction == INBOUND) | _has_star(batch)
    codes = np.where(plain, batch.pools.dialed_line_base + batch.destination, _dialed_codes(batch))
    return pooled_column(batch.pools.dialed, codes)


def _caller_id_column(batch: CallBatch) -> Column:
    pools, bits = batch.pools, batch.draw_for_calls("presented")
    hidden = batch.is_from_outside & chance_flags(batch.draw_for_calls("hidden"), 0.03)
    named = chance_flags(bits, 0.3) & (batch.caller_name >= 0) & ~hidden
    shown = values_where(
        hidden,
        np.where(batch.direction == OUTBOUND, pools.did_base + batch.did, batch.source),
        lambda rows: pools.anonymous_base + chance_flags(batch.draw_for_calls("hidden.as", rows), 0.3),
    )
    number = pooled_column(pools.endpoints, shown)
    return case_column(number, (named, pooled_column(pools.names, batch.caller_name)))


def _line_direction_column(batch: CallBatch) -> Column:
    seen = choose_indexes(batch.draw_for_calls("line.direction"), weight_thresholds((0.3, 0.4, 0.3)))
    codes = np.select(
        [batch.direction == INTERNAL, batch.direction == INBOUND, batch.direction == OUTBOUND],
        [seen, np.full(len(batch), 3), np.full(len(batch), 4)],
        default=5,
    )
    return pooled_column(_LINE_AND_MEDIA_WORDS, codes)


def _outcome_state_column(batch: CallBatch) -> Column:
    hung_up = (~chance_flags(batch.draw_for_calls("hangup"), 0.48)).astype(np.int64)
    hung_up[batch.transferred_at != NEVER] = 2
    endings = batch.times.dispositions
    return pooled_column(_OUTCOME_WORDS, np.where(endings == ANSWERED, hung_up, endings + 2))


def _setup_seconds_column(batch: CallBatch) -> Column:
    lives = batch.times
    return seconds_column(np.where(lives.rang != NEVER, lives.rang, lives.ended) - lives.started)


def _ring_seconds_column(batch: CallBatch) -> Column:
    lives = batch.times
    until = np.where(batch.is_answered, lives.answered, lives.ended)
    return seconds_column(np.where(lives.rang != NEVER, until - lives.rang, 0))


def _user_id_column(batch: CallBatch) -> Column:
    return integer_column(3001 + batch.line, batch.has_line & (batch.line % 11 != 10))


def _department_id_column(batch: CallBatch) -> Column:
    groups = np.asarray([0, 0, 0, 1, 1, 2, 3], dtype=np.int64)[batch.line % 7]
    return integer_column(810 + batch.customer * 10 + groups, batch.has_line)


def recording_url(batch: CallBatch, part: int) -> TextColumn:
    """The URL of a recording of each call."""
    folder = pooled_column(CUSTOMER_ID_TEXTS, batch.customer)
    tail = f".mp3?part={part + 1}&sig=a%2Bb"
    return joined_column("https://recordings.example.com/", folder, "/", batch.call_code, tail)


def _recording_urls_column(batch: CallBatch) -> Column:
    first = text_where(batch.recording_counts > 0, recording_url(batch, 0))
    second = text_where(batch.recording_counts > 1, recording_url(batch, 1))
    return TextListColumn(len(batch), (first, second))


def _local_number_column(batch: CallBatch) -> Column:
    pools = batch.pools
    return pooled_column(pools.endpoints, np.where(batch.is_external, pools.did_base + batch.did, batch.source))


def _remote_number_column(batch: CallBatch) -> TextColumn:
    pools = batch.pools
    return pooled_column(
        pools.endpoints, np.where(batch.is_external, pools.remote_base + batch.remote, batch.destination)
    )


def _diversion_number_column(batch: CallBatch) -> Column:
    diverted = (batch.direction == INBOUND) & chance_flags(batch.draw_for_calls("diverted"), 0.06)
    return pooled_column(batch.pools.endpoints, batch.pools.did_base + (batch.did ^ 1), diverted)


def _contact_id_column(batch: CallBatch) -> Column:
    known = (batch.pools.contact_names[batch.remote] >= 0) & batch.is_external
    return integer_column(CONTACT_ID_BASE + batch.remote, known)


def _kind_of_end(batch: CallBatch, end: IntArray) -> IntArray:
    """The kind of line at an end: an extension is a user's, a number of ours is one of the public network."""
    pools = batch.pools
    user, public = list(RemoteLineKind).index(RemoteLineKind.USER), list(RemoteLineKind).index(RemoteLineKind.PSTN)
    is_remote = (end >= pools.remote_base) & (end < pools.did_base)
    return np.where(is_remote, number_kind_index(batch), np.where(end < pools.remote_base, user, public))


def _word_column(pool: TextPool, codes: Callable[[CallBatch], IntArray]) -> Callable[[CallBatch], Column]:
    return lambda batch: pooled_column(pool, codes(batch))


def _media_column(batch: CallBatch) -> Column:
    bits = batch.draw_for_calls("media")
    # What is drawn by the smaller chance is drawn by the larger one, too.
    video = chance_flags(bits, 0.03) | ((batch.direction == INTERNAL) & chance_flags(bits, 0.25))
    return pooled_column(_LINE_AND_MEDIA_WORDS, 6 + video.astype(np.int64))


CALL_COLUMNS: Final[Mapping[str, Callable[[CallBatch], Column]]] = MappingProxyType(
    {
        "call_id": lambda b: integer_column(CALL_ID_BASE + b.call_numbers),
        "call_code": lambda b: b.call_code,
        "call_ref": lambda b: b.call_ref,
        "session_id": lambda b: integer_column(SESSION_ID_BASE + b.session_numbers),
        "direction": _word_column(_DIRECTION_WORDS, lambda b: b.direction),
        "line_direction": _line_direction_column,
        "source": _source_column,
        "destination": _destination_column,
        "dialed": _dialed_column,
        "caller_id": _caller_id_column,
        "caller_name": lambda b: pooled_column(b.pools.names, b.caller_name),
        "source_dialed": _dialed_column,
        "destination_dialed": _destination_dialed_column,
        "media": _media_column,
        "state": lambda b: no_texts(len(b)),
        "outcome_state": _outcome_state_column,
        "disposition": _word_column(_DISPOSITIONS, lambda b: b.times.dispositions),
        "answer_state": lambda b: pooled_column(
            pool_of_texts("not_answered", "answered"), b.is_answered.astype(np.int64)
        ),
        "completion": lambda b: pooled_column(
            pool_of_texts("failed_network", "succeeded"), b.is_answered.astype(np.int64)
        ),
        "hangup_cause": lambda b: integer_column(_CAUSE_CODES[b.cause_index]),
        "hangup_text": lambda b: pooled_column(_CAUSE_TEXTS, b.cause_index),
        "started_at": lambda b: instant_column(b.times.started),
        "ringing_at": lambda b: instant_column(b.times.rang),
        "answered_at": lambda b: instant_column(b.times.answered),
        "ended_at": lambda b: instant_column(b.times.ended),
        "completed_at": lambda b: instant_column(np.where(b.is_answered, b.times.ended, NEVER)),
        "held_at": lambda b: instant_column(b.hold_times[0]),
        "resumed_at": lambda b: instant_column(b.hold_times[1]),
        "created_at": lambda b: instant_column(b.times.started),
        "updated_at": lambda b: instant_column(b.times.ended),
        "setup_seconds": _setup_seconds_column,
        "ring_seconds": _ring_seconds_column,
        "talk_seconds": lambda b: seconds_column(b.talk_millis),
        "completed_seconds": lambda b: seconds_column(b.talk_millis, b.is_answered),
        "duration_seconds": lambda b: seconds_column(b.times.ended - b.times.started),
        "answer_seconds": lambda b: seconds_column(b.times.answered - b.times.started, b.is_answered),
        "bill_seconds": lambda b: seconds_column(b.billed_seconds * 1000),
        "customer_id": lambda b: integer_column(_CUSTOMER_IDS[b.customer]),
        "user_id": _user_id_column,
        "department_id": _department_id_column,
        "did_id": lambda b: integer_column(9001 + b.did, b.direction == INBOUND),
        "did_number": lambda b: pooled_column(b.pools.endpoints, b.pools.did_base + b.did, b.direction == INBOUND),
        "extension_id": lambda b: integer_column(70_001 + b.line, b.has_line),
        "extension": lambda b: pooled_column(b.pools.endpoints, b.line, b.has_line),
        "contact_id": _contact_id_column,
        "recording_urls": _recording_urls_column,
        "recording_url": lambda b: text_where(b.recording_counts > 0, recording_url(b, 0)),
        "machine_id": lambda b: integer_column(1 + b.machine),
        "media_address": lambda b: pooled_column(_MEDIA_ADDRESSES, b.machine),
        "transaction_id": lambda b: integer_column(TRANSACTION_BASE + b.call_numbers * 8),
        "local_number": _local_number_column,
        "remote_number": _remote_number_column,
        "remote_numbers": lambda b: TextListColumn(len(b), (_remote_number_column(b),)),
        "parties": lambda b: TextListColumn(len(b), (_source_column(b), _destination_column(b))),
        "remote_number_kind": _word_column(_NUMBER_KINDS, number_kind_index),
        "source_kind": _word_column(_NUMBER_KINDS, lambda b: _kind_of_end(b, b.source)),
        "destination_kind": _word_column(_NUMBER_KINDS, lambda b: _kind_of_end(b, b.destination)),
        "incoming": lambda b: flag_column(b.is_from_outside),
        "successful": lambda b: flag_column(b.is_answered),
        "diversion_number": _diversion_number_column,
        "trunk_name": lambda b: pooled_column(b.pools.texts["trunk"], b.trunk, b.is_external),
        **DETAIL_COLUMNS,
        **TEXT_COLUMNS,
    }
)


def _live_state_column(now: CallsAt) -> Column:
    held, resumed = (now.reached(stamps) for stamps in now.batch.hold_times)
    return now.word_column(
        ("held", (held != NEVER) & (resumed == NEVER)),
        ("answered", now.is_answered),
        ("ringing", now.rang != NEVER),
        otherwise="dialing",
    )


def _live_setup_seconds_column(now: CallsAt) -> Column:
    return seconds_column(np.where(now.rang != NEVER, now.rang, now.at) - now.batch.times.started)


def _live_ring_seconds_column(now: CallsAt) -> Column:
    until = np.where(now.is_answered, now.answered, now.at)
    return seconds_column(np.where(now.rang != NEVER, until - now.rang, 0))


def _live_updated_at_column(now: CallsAt) -> Column:
    return instant_column(np.maximum(now.batch.times.started, np.maximum(now.rang, now.answered)))


LIVE_CALL_COLUMNS: Final[Mapping[str, Callable[[CallsAt], Column]]] = MappingProxyType(
    {
        "state": _live_state_column,
        "outcome_state": lambda n: n.word_column(("in_call", n.is_answered), otherwise="ringing"),
        "disposition": lambda n: n.no_texts(),
        "answer_state": lambda n: n.word_column(("answered", n.is_answered), otherwise="unknown"),
        "completion": lambda n: n.word_column(("succeeded", n.is_answered), otherwise="unknown"),
        "hangup_cause": lambda n: n.no_numbers(AttributeKind.INTEGER),
        "hangup_text": lambda n: n.no_texts(),
        "ringing_at": lambda n: instant_column(n.rang),
        "answered_at": lambda n: instant_column(n.answered),
        "ended_at": lambda n: n.no_numbers(AttributeKind.INSTANT),
        "completed_at": lambda n: n.no_numbers(AttributeKind.INSTANT),
        "held_at": lambda n: instant_column(n.reached(n.batch.hold_times[0])),
        "resumed_at": lambda n: instant_column(n.reached(n.batch.hold_times[1])),
        "updated_at": _live_updated_at_column,
        "setup_seconds": _live_setup_seconds_column,
        "ring_seconds": _live_ring_seconds_column,
        "talk_seconds": lambda n: seconds_column(n.talk_millis),
        "completed_seconds": lambda n: n.no_numbers(AttributeKind.SECONDS),
        "duration_seconds": lambda n: seconds_column(n.at - n.batch.times.started),
        "answer_seconds": lambda n: seconds_column(n.answered - n.batch.times.started, n.is_answered),
        "bill_seconds": lambda n: seconds_column(billed_seconds_of(n.talk_millis, n.batch.direction) * 1000),
        "recording_urls": lambda n: TextListColumn(len(n.batch), ()),
        "recording_url": lambda n: n.no_texts(),
        "successful": lambda n: flag_column(n.is_answered),
        **LIVE_DETAIL_COLUMNS,
    }
)
