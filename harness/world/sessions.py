"""Sessions as columns: one run of a call flow, from its first call to the end of its last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Final, final

import numpy as np
import polars as pl

from harness.telephony.enums import AudioQuality, FinishReason
from harness.world.call_lifecycle import NEVER, lives_of, units_in
from harness.world.calls import SESSION_ID_BASE, CallBatch, code_of
from harness.world.column_types import choice, instants, integers, joined, seconds, where
from harness.world.random_streams import Bits, Ints, chance, choose, draw, thresholds, zipf
from harness.world.traffic import Traffic
from harness.world.value_pools import DATA_WEIGHTS, Pool, Pools

_QUALITIES: Final = Pool(tuple(word.value for word in AudioQuality))
_REASONS: Final = Pool(tuple(word.value for word in FinishReason))
_REASON_WEIGHTS: Final = thresholds((0.93, 0.01, 0.005, 0.02, 0.02, 0.015))
_ADDRESSES: Final = Pool(tuple(f"198.51.100.{host}" for host in range(1, 255)))


@final
class SessionBatch:
    """Some sessions, by their numbers."""

    def __init__(self, traffic: Traffic, pools: Pools, numbers: Ints) -> None:
        self.traffic = traffic
        self.pools = pools
        self.numbers = numbers
        self.first = CallBatch(traffic, pools, numbers * 4)
        self._whole: dict[str, pl.Series] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    def whole(self, name: str) -> pl.Series:
        """An attribute over the whole life of the sessions."""
        if name not in self._whole:
            self._whole[name] = WHOLE[name](self)
        return self._whole[name]

    def seen(self, name: str, at: int) -> pl.Series:
        """An attribute as it is seen at an instant (in milliseconds) at which all these sessions live."""
        match name:
            case "ended_at":
                return instants(np.full(len(self), NEVER, dtype=np.int64))
            case "finish_reason":
                return pl.Series([None] * len(self), dtype=pl.String)
            case "duration_seconds":
                return seconds(at - self.started)
            case _:
                return self.whole(name)

    def draw(self, what: str) -> Bits:
        return draw(self.traffic.seed, f"session.{what}", self.numbers)

    @cached_property
    def started(self) -> Ints:
        return self.traffic.starts(self.numbers)

    @cached_property
    def ended(self) -> Ints:
        if not len(self):
            return np.zeros(0, dtype=np.int64)
        ends = lives_of(self.traffic, units_in(self.traffic, self.numbers)).ended
        counts = self.traffic.calls_in(self.numbers)
        return np.maximum.reduceat(ends, np.cumsum(counts) - counts)


def _custom_data(sessions: SessionBatch) -> pl.Series:
    texts, bits = sessions.pools.texts, sessions.draw("data.text")
    shared = texts["data"].take(choose(bits, thresholds(DATA_WEIGHTS)))
    own = joined("run=", code_of(sessions.numbers * 4), "&ok=100%")
    text = choice(own, (chance(sessions.draw("data.common"), 0.75), shared))
    return where(chance(sessions.draw("data"), 0.7), text)


def _log_url(sessions: SessionBatch) -> pl.Series:
    text = joined("https://logs.example.net/", code_of(sessions.numbers * 4), "?zone=eu&v=2")
    return where(chance(sessions.draw("log"), 0.97), text)


WHOLE: Final[Mapping[str, Callable[[SessionBatch], pl.Series]]] = MappingProxyType(
    {
        "session_id": lambda s: integers(SESSION_ID_BASE + s.numbers),
        "customer_id": lambda s: s.first.whole("customer_id"),
        "application_id": lambda s: s.first.whole("application_id"),
        "application_name": lambda s: s.first.whole("application_name"),
        "user_id": lambda s: s.first.whole("user_id"),
        "rule_name": lambda s: s.first.whole("rule_name"),
        "started_at": lambda s: instants(s.started),
        "ended_at": lambda s: instants(s.ended),
        "duration_seconds": lambda s: seconds(s.ended - s.started),
        "initiator_address": lambda s: _ADDRESSES.take(choose(s.draw("address"), zipf(254, 0.7))),
        "media_address": lambda s: s.first.whole("media_address"),
        "log_url": _log_url,
        "audio_quality": lambda s: _QUALITIES.take(choose(s.draw("quality"), thresholds((0.5, 0.4, 0.1)))),
        "finish_reason": lambda s: _REASONS.take(choose(s.draw("reason"), _REASON_WEIGHTS)),
        "custom_data": _custom_data,
    }
)
