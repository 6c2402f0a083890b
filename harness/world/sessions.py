"""Sessions as columns: one run of a call flow, from its first call to the end of its last."""

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
    joined_column,
    no_texts,
    pooled_column,
    text_where,
)
from harness.telephony.enums import AudioQuality, SessionFinishReason
from harness.world.call_codes import call_codes_of
from harness.world.call_times import NEVER, call_numbers_in, call_times_of
from harness.world.calls import SESSION_ID_BASE, CallBatch
from harness.world.column_types import (
    instant_column,
    integer_column,
    seconds_column,
)
from harness.world.invented_values import CUSTOM_DATA_WEIGHTS, ValuePools
from harness.world.random_streams import (
    BitArray,
    IntArray,
    chance_flags,
    choose_indexes,
    draw_bits,
    weight_thresholds,
    zipf_thresholds,
)
from harness.world.traffic import Traffic

_QUALITY_WORDS: Final = TextPool(tuple(word.value for word in AudioQuality))
_REASON_WORDS: Final = TextPool(tuple(word.value for word in SessionFinishReason))
_REASON_WEIGHTS: Final = weight_thresholds((0.93, 0.01, 0.005, 0.02, 0.02, 0.015))
_ADDRESSES: Final = TextPool(tuple(f"198.51.100.{host}" for host in range(1, 255)))


@final
class SessionBatch:
    """A batch of sessions by their numbers, whose attributes are columns."""

    def __init__(self, traffic: Traffic, pools: ValuePools, numbers: IntArray) -> None:
        self.traffic = traffic
        self.pools = pools
        self.session_numbers = numbers
        self.first_calls = CallBatch(traffic, pools, numbers * 4)
        self._columns: dict[str, Column] = {}

    def __len__(self) -> int:
        return len(self.session_numbers)

    def column(self, name: str) -> Column:
        """The column of an attribute over the whole life of the sessions, one value per session."""
        if name not in self._columns:
            self._columns[name] = SESSION_COLUMNS[name](self)
        return self._columns[name]

    def column_at(self, name: str, at: int) -> Column:
        """The column of an attribute as visible at an instant (in milliseconds) at which all sessions are live."""
        match name:
            case "ended_at":
                return instant_column(np.full(len(self), NEVER, dtype=np.int64))
            case "finish_reason":
                return no_texts(len(self))
            case "duration_seconds":
                return seconds_column(at - self.started)
            case _:
                return self.column(name)

    def draw_for_sessions(self, what: str) -> BitArray:
        return draw_bits(self.traffic.seed, f"session.{what}", self.session_numbers)

    @cached_property
    def started(self) -> IntArray:
        """The start of each session, in milliseconds since 1970."""
        return self.traffic.session_starts(self.session_numbers)

    @cached_property
    def ended(self) -> IntArray:
        """The end of each session, in milliseconds since 1970."""
        if not len(self):
            return np.zeros(0, dtype=np.int64)
        ends = call_times_of(self.traffic, call_numbers_in(self.traffic, self.session_numbers)).ended
        counts = self.traffic.call_counts(self.session_numbers)
        return np.maximum.reduceat(ends, np.cumsum(counts) - counts)


def _session_codes(sessions: SessionBatch) -> TextColumn:
    return call_codes_of(sessions.session_numbers * 4, is_vast=sessions.traffic.vast is not None)


def _custom_data_column(sessions: SessionBatch) -> Column:
    texts, bits = sessions.pools.texts, sessions.draw_for_sessions("data.text")
    shared = pooled_column(texts["data"], choose_indexes(bits, weight_thresholds(CUSTOM_DATA_WEIGHTS)))
    own = joined_column("run=", _session_codes(sessions), "&ok=100%")
    text = case_column(own, (chance_flags(sessions.draw_for_sessions("data.common"), 0.75), shared))
    return text_where(chance_flags(sessions.draw_for_sessions("data"), 0.7), text)


def _log_url_column(sessions: SessionBatch) -> Column:
    text = joined_column("https://logs.example.net/", _session_codes(sessions), "?zone=eu&v=2")
    return text_where(chance_flags(sessions.draw_for_sessions("log"), 0.97), text)


SESSION_COLUMNS: Final[Mapping[str, Callable[[SessionBatch], Column]]] = MappingProxyType(
    {
        "session_id": lambda s: integer_column(SESSION_ID_BASE + s.session_numbers),
        "customer_id": lambda s: s.first_calls.column("customer_id"),
        "application_id": lambda s: s.first_calls.column("application_id"),
        "application_name": lambda s: s.first_calls.column("application_name"),
        "user_id": lambda s: s.first_calls.column("user_id"),
        "rule_name": lambda s: s.first_calls.column("rule_name"),
        "started_at": lambda s: instant_column(s.started),
        "ended_at": lambda s: instant_column(s.ended),
        "duration_seconds": lambda s: seconds_column(s.ended - s.started),
        "initiator_address": lambda s: pooled_column(
            _ADDRESSES, choose_indexes(s.draw_for_sessions("address"), zipf_thresholds(254, 0.7))
        ),
        "media_address": lambda s: s.first_calls.column("media_address"),
        "log_url": _log_url_column,
        "audio_quality": lambda s: pooled_column(
            _QUALITY_WORDS, choose_indexes(s.draw_for_sessions("quality"), weight_thresholds((0.5, 0.4, 0.1)))
        ),
        "finish_reason": lambda s: pooled_column(
            _REASON_WORDS, choose_indexes(s.draw_for_sessions("reason"), _REASON_WEIGHTS)
        ),
        "custom_data": _custom_data_column,
    }
)
