"""A world: a deterministic population of calls, seen at an instant, as columns or row by row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Final, final

import numpy as np
import polars as pl

from harness.errors import UsageProblem
from harness.telephony.attributes import ATTRIBUTES, IDENTITY_ATTRIBUTES, AttributeKind, Grain
from harness.telephony.record_at_instant import is_live_at, visible_record
from harness.telephony.records import AttributeValue, Record, blank_values, span_seconds
from harness.world.calls import CallBatch
from harness.world.column_types import column_of_values
from harness.world.customers import CUSTOMERS, HOME_CUSTOMER_ID, Customers
from harness.world.generated_calls import GeneratedCalls, attribute_names
from harness.world.invented_values import ValuePools, value_pools
from harness.world.listed_calls import ListedCalls
from harness.world.ordered_rows import VISIBILITY_ATTRIBUTES, OrderedRowSegment, OrderedRowTable
from harness.world.random_streams import IntArray
from harness.world.row_columns import RowColumns
from harness.world.row_places import RowPlaces
from harness.world.session_span import SessionSpan
from harness.world.traffic import BUSY_HOUR, EPOCH, EPOCH_MS, Traffic, millis_of
from harness.world.traffic_profile import OFFICE, TrafficProfile
from harness.world.traffic_window import TrafficWindow
from harness.world.vast_span import VastSpan
from harness.world.vast_traffic import is_mostly_tail, raised_profile, vast_traffic, vast_traffic_within

GENERATOR_VERSION: Final = "4"

MOST_KEPT_CALLS: Final = 100_000_000
"""Worlds with more calls are vast: any rows are found by their places, but all of them are never at hand."""
_SLOTS_AHEAD: Final = 60
_LISTED_GRAINS: Final = (Grain.SESSION, Grain.CALL, Grain.LEG)


@final
@dataclass(eq=False)
class _FutureCalls:
    """The calls of a generated world after its instant; generated anew when time runs past them."""

    until: int = -1
    calls: GeneratedCalls | None = None
    past_segments: dict[Grain, OrderedRowSegment] = field(default_factory=dict)
    timelines: dict[Grain, tuple[int, OrderedRowTable]] = field(default_factory=dict)


@final
class _PastCalls:
    """The calls of a generated world until its instant: found by their places, or all kept once that is needed."""

    def __init__(self, span: SessionSpan | VastSpan, pools: ValuePools) -> None:
        self.traffic = span.traffic
        self.pools = pools
        self.span = span
        self.places = RowPlaces(span, pools)

    @cached_property
    def calls(self) -> GeneratedCalls:
        """All of them. Raises UsageProblem where there are too many."""
        if isinstance(self.span, VastSpan) and len(self.span) > MOST_KEPT_CALLS:
            raise UsageProblem(
                where="the world of calls",
                expected=f"at most {MOST_KEPT_CALLS:,} calls, where all of them are needed",
                actual=f"{len(self.span):,} calls",
                do="ask for fewer calls; `generate --parts rows` writes any rows of them",
            )
        return GeneratedCalls(self.traffic, self.pools, self.span.all_sessions())

    @cached_property
    def any_calls(self) -> GeneratedCalls:
        """None of them, to make the records of any."""
        return GeneratedCalls(self.traffic, self.pools, np.zeros(0, dtype=np.int64))


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class World:
    """A population of calls; make one with `World.of`, `World.within` or `World.from_records`.

    The world of N calls is the last N calls that began at or before `instant`, in whole sessions, and
    everything that begins after it; that of a window is the sessions that begin in it, and what begins after it.
    Of a vast one (`harness.world.vast_span`) any rows at its instant are found by their places, but never all.
    """

    instant: datetime
    seed: int | None = None
    profile: TrafficProfile | None = None
    window: TrafficWindow | None = None
    given: tuple[Record, ...] = ()
    customers: Customers = CUSTOMERS
    home_customer_id: int = HOME_CUSTOMER_ID
    _past: _PastCalls | None = field(default=None, repr=False)
    _future: _FutureCalls = field(default_factory=_FutureCalls, repr=False)

    @staticmethod
    def of(
        *,
        seed: int,
        calls: int = 2000,
        instant: datetime = BUSY_HOUR,
        profile: TrafficProfile = OFFICE,
        concurrent: float | None = None,
        calls_per_second: float | None = None,
        most_kept: int = MOST_KEPT_CALLS,
    ) -> World:
        """The world of a seed: `calls` calls until `instant`.

        `concurrent` and `calls_per_second` set how busy the busiest hour is; at most one may be given. Where neither
        is and the log would begin before there are calls, the rate is raised until it is about a year long. With more
        than `most_kept` calls the world is vast: in its last hours they come at the rate of the profile, or at
        `TAIL_RATE` if that is less. Raises UsageProblem for more calls than the rate gives, or than any rate does.
        """
        if calls < 0:
            raise ValueError(f"calls is 0 or more, not {calls}")
        if concurrent is not None and calls_per_second is not None:
            raise ValueError("give concurrent or calls_per_second, not both: one follows from the other")
        if concurrent is not None:
            # Little's law: calls in progress = arrivals a second times mean seconds.
            calls_per_second = concurrent / profile.mean_call_seconds
        if calls_per_second is not None:
            profile = profile.with_rate(calls_per_second)
        traffic, until = Traffic(seed, profile), millis_of(instant)
        if calls_per_second is None and not traffic.reaches_back_for(calls, until):
            traffic = Traffic(seed, raised_profile(profile, calls, instant))
        span: SessionSpan | VastSpan
        if calls > most_kept:
            span = VastSpan.of(vast_traffic(traffic, instant, profile.calls_per_second), calls, until)
        else:
            span = SessionSpan.of(traffic, calls, until)
            profile = traffic.profile
        past = _PastCalls(span, value_pools())
        return World(instant=instant, seed=seed, profile=profile, _past=past)

    @staticmethod
    def within(
        window: TrafficWindow, *, seed: int, profile: TrafficProfile = OFFICE, most_kept: int = MOST_KEPT_CALLS
    ) -> World:
        """The world of a seed whose sessions begin within a window, seen at the window's end.

        With more than `most_kept` calls it is vast, see `of`, unless it is hardly longer than a session may be.

        As in every world, time goes on after that. Raises UsageProblem for calls a day that the profile cannot give,
        and for a window that begins before there are calls.
        """
        busy = window.profile_for(profile)
        begin, end = millis_of(window.begin), millis_of(window.end)
        if begin < EPOCH_MS:
            raise UsageProblem(
                "the world of calls", f"a window that begins after {EPOCH:%Y-%m-%d}", str(window.begin)
            )
        calls = window.expected_calls(busy)
        span: SessionSpan | VastSpan
        if calls > most_kept and not is_mostly_tail(profile, window):
            span = VastSpan(
                vast_traffic_within(seed, profile, window, calls), begin, end, np.zeros(0, dtype=np.int64)
            )
        else:
            span = SessionSpan.between(Traffic(seed, busy), begin, end)
            profile = busy
        past = _PastCalls(span, value_pools())
        return World(instant=window.end, seed=seed, profile=profile, window=window, _past=past)

    @staticmethod
    def from_records(calls: Sequence[Record], *, instant: datetime = BUSY_HOUR) -> World:
        """A world of given calls only, each a record of its whole life (see `call_record`)."""
        return World(instant=instant).with_records(calls)

    def with_records(self, calls: Sequence[Record]) -> World:
        """The same world with more calls in it; a call that has the identity of a given one takes its place."""
        fresh = {call["call_id"] for call in calls}
        if len(fresh) != len(calls):
            raise ValueError("two of the calls have the same call_id")
        for call in calls:
            missing = ATTRIBUTES[Grain.CALL].keys() - call.keys()
            if missing:
                raise ValueError(f"a given call needs every attribute; missing: {', '.join(sorted(missing))}")
        kept = tuple(call for call in self.given if call["call_id"] not in fresh)
        return replace(self, given=kept + tuple(calls))

    def without_calls(self, call_ids: Collection[int]) -> World:
        """The same world without some of its given calls."""
        return replace(self, given=tuple(call for call in self.given if call["call_id"] not in call_ids))

    @property
    def rates(self) -> tuple[float, float] | None:
        """Calls a second in the busiest hour: of nearly all the log, and of its last hours; None if none are made."""
        if self._past is None:
            return None
        traffic = self._past.traffic
        rate = traffic.profile.calls_per_second
        return rate, traffic.vast.tail_rate if traffic.vast is not None else rate

    def fingerprint(self) -> str:
        """The version of the generator, on which values depend besides seed, size and instant."""
        return GENERATOR_VERSION

    def count(self, grain: Grain, population: ListedCalls, at: datetime) -> int:
        """The number of rows listed at an instant."""
        places = self._places(grain, population, at)
        if places is not None:
            return places.count(grain, population, millis_of(at))
        return len(self._list_rows(grain, population, at).order)

    def columns(
        self, grain: Grain, population: ListedCalls, at: datetime, attributes: Collection[str]
    ) -> dict[str, pl.Series]:
        """The rows listed at an instant as columns, in the order of (started_at, identity).

        Nested rows do not stand in columns: ask for the frame of their own grain and join it by
        `session_id` or `call_ref`, or for `records`.
        """
        names = _check_attributes(grain, attributes)
        nested = [name for name in names if ATTRIBUTES[grain][name].kind is AttributeKind.ROWS]
        if nested:
            raise ValueError(f"{', '.join(nested)}: nested rows do not stand in columns")
        listed = self._list_rows(grain, population, at)
        millis = millis_of(at)
        parts = [part.columns(grain, rows, millis, names) for part, rows in listed.generated]
        if listed.given or not parts:
            seen = [_visible_row(grain, whole, at) for whole in listed.given]
            parts.append(
                {name: column_of_values([row[name] for row in seen], ATTRIBUTES[grain][name]) for name in names}
            )
        if len(parts) == 1 and not listed.given:
            return parts[0]
        order = listed.order.astype(np.uint32)
        return {name: pl.concat([part[name] for part in parts]).gather(order) for name in names}

    def row_columns(
        self, grain: Grain, population: ListedCalls, at: datetime, first: int, last: int
    ) -> RowColumns | None:
        """The rows listed at an instant from one place to another as columns; None where calls are given.

        The order is that of `columns`; the row at `last` is not among them.
        """
        past = self._past
        if past is None or self.given:
            return None
        places = self._places(grain, population, at)
        if places is not None:
            found, starts = places.rows(grain, population, millis_of(at), first, last)
            return RowColumns(past.traffic, past.pools, grain, found, millis_of(at), starts)
        listed = self._list_rows(grain, population, at)
        wanted, base, numbers = listed.order[first:last], 0, np.zeros(max(last - first, 0), dtype=np.int64)
        for part, positions in listed.generated:
            here = (wanted >= base) & (wanted < base + len(positions))
            numbers[here] = part.index(grain).row_numbers[positions[wanted[here] - base]]
            base += len(positions)
        return RowColumns(past.traffic, past.pools, grain, numbers, millis_of(at))

    def records(
        self,
        grain: Grain,
        population: ListedCalls,
        at: datetime,
        *,
        rows: slice | Sequence[int] | None = None,
        attributes: Collection[str] | None = None,
    ) -> list[Record]:
        """The rows listed at an instant, one by one, with nested rows; in the order of `columns`.

        `rows` selects some by their positions in that order, `attributes` some of the values.
        """
        names = _check_attributes(grain, attributes) if attributes is not None else attribute_names(grain)
        lives = tuple(dict.fromkeys((*names, *VISIBILITY_ATTRIBUTES[grain])))
        places = self._places(grain, population, at)
        if places is not None and self._past is not None and isinstance(rows, slice) and rows.step is None:
            first, last, _ = rows.indices(places.count(grain, population, millis_of(at)))
            found, _ = places.rows(grain, population, millis_of(at), first, last)
            made = self._past.any_calls.records_of(grain, found, lives)
            seen = [_visible_row(grain, whole, at) for whole in made]
            return [Record({name: row[name] for name in names}) for row in seen]
        listed = self._list_rows(grain, population, at)
        if rows is None:
            wanted = listed.order
        elif isinstance(rows, slice):
            wanted = listed.order[rows]
        else:
            wanted = listed.order[np.asarray(rows, dtype=np.int64)]
        wholes: dict[int, Record] = {}
        base = 0
        for part, positions in listed.generated:
            here = wanted[(wanted >= base) & (wanted < base + len(positions))]
            made = part.records_at(grain, positions[here - base], lives)
            wholes |= dict(zip(here.tolist(), made, strict=True))
            base += len(positions)
        wholes |= {base + index: whole for index, whole in enumerate(listed.given)}
        seen = [_visible_row(grain, wholes[index], at) for index in wanted.tolist()]
        return [Record({name: row[name] for name in names}) for row in seen]

    def _places(self, grain: Grain, population: ListedCalls, at: datetime) -> RowPlaces | None:
        """The rows of a list by their places; None where they must all be looked at."""
        if grain not in _LISTED_GRAINS:
            raise ValueError(f"rows of grain {grain} occur only inside other rows")
        if self._past is None or self.given or not self._past.places.knows(grain, population, millis_of(at)):
            return None
        return self._past.places

    def given_records(self, grain: Grain, population: ListedCalls, at: datetime) -> list[Record]:
        """The rows of given calls that are listed at an instant, in the order of (started_at, identity)."""
        wholes = [whole for whole in _given_rows(grain, self.given) if _is_listed(whole, population, at)]
        return merge_records(grain, [], [_visible_row(grain, whole, at) for whole in wholes])

    def shares_calls(self, other: World) -> bool:
        """Whether both have the very same generated calls, whatever is given besides."""
        return self._past is not None and self._past is other._past

    def _list_rows(self, grain: Grain, population: ListedCalls, at: datetime) -> _RowListing:
        if grain not in _LISTED_GRAINS:
            raise ValueError(f"rows of grain {grain} occur only inside other rows")
        millis = millis_of(at)
        generated = [(part, part.index(grain).positions_at(population, millis)) for part in self._parts_until(millis)]
        given = tuple(
            whole
            for whole in _given_rows(grain, self.given)
            if _is_listed(whole, population, at)
        )  # fmt: skip
        total = sum(len(rows) for _, rows in generated) + len(given)
        if len([rows for _, rows in generated if len(rows)]) <= 1 and not given:
            return _RowListing(generated, given, np.arange(total, dtype=np.int64))
        identity = IDENTITY_ATTRIBUTES[grain]
        keys = ("started_at", identity)
        columns = [part.columns(grain, rows, millis, keys) for part, rows in generated]
        columns.append(
            {name: column_of_values([whole[name] for whole in given], ATTRIBUTES[grain][name]) for name in keys}
        )
        joined = pl.DataFrame({name: pl.concat([column[name] for column in columns]) for name in keys})
        order = joined.select(pl.arg_sort_by(keys)).to_series().to_numpy().astype(np.int64)
        return _RowListing(generated, given, order)

    def whole_calls(self) -> CallBatch | None:
        """The generated calls until the instant over their whole lives, in order; None for a world of given calls."""
        if self._past is None:
            return None
        past = self._past
        return CallBatch(past.traffic, past.pools, past.calls.index(Grain.CALL).row_numbers)

    def timeline(self, grain: Grain, at: datetime) -> OrderedRowTable | None:
        """All generated rows that have begun at an instant, and perhaps later ones; None when none are generated.

        Given calls are not among them.
        """
        if self._past is None or grain not in _LISTED_GRAINS:
            return None
        millis, ahead = millis_of(at), self._future
        parts = self._parts_until(millis)
        until = ahead.until if len(parts) > 1 else -1
        known = ahead.timelines.get(grain)
        if known is None or known[0] != until:
            known = ahead.timelines[grain] = (until, self._build_timeline(grain, parts))
        return known[1]

    def _build_timeline(self, grain: Grain, parts: list[GeneratedCalls]) -> OrderedRowTable:
        past, begin = parts[0].index(grain), millis_of(self.instant)
        # What began until the world's own instant never changes its place: its columns are made once.
        many = int(np.searchsorted(past.started, begin, side="right"))
        first = self._future.past_segments.get(grain)
        if first is None:
            first = OrderedRowSegment(
                past.row_numbers[:many], past.started[:many], past.ended[:many], past.make_batch
            )
            self._future.past_segments[grain] = first
        if len(parts) == 1:
            return OrderedRowTable(grain, parts[0], (first,))
        later = parts[1].index(grain)
        started = np.concatenate([past.started[many:], later.started])
        order = np.lexsort((np.concatenate([past.tie_keys[many:], later.tie_keys]), started))
        units = np.concatenate([past.row_numbers[many:], later.row_numbers])[order]
        ended = np.concatenate([past.ended[many:], later.ended])[order]
        return OrderedRowTable(
            grain, parts[0], (first, OrderedRowSegment(units, started[order], ended, past.make_batch))
        )

    def _parts_until(self, millis: int) -> list[GeneratedCalls]:
        if self._past is None:
            return []
        if millis <= millis_of(self.instant):
            return [self._past.calls]
        traffic, ahead = self._past.traffic, self._future
        slot = traffic.slot_of(millis)
        if slot > ahead.until or ahead.calls is None:
            begin = millis_of(self.instant)
            first = traffic.slot_of(begin)
            # The longer it runs, the further ahead: what was made is made again only so often.
            until = slot + max(_SLOTS_AHEAD, (slot - first) // 4)
            numbers = traffic.session_numbers(first, until)
            later = numbers[traffic.session_starts(numbers) > begin]
            ahead.calls = GeneratedCalls(traffic, self._past.pools, later)
            ahead.until = until
        return [self._past.calls, ahead.calls]


@final
@dataclass(frozen=True, slots=True)
class _RowListing:
    """The rows of a listing: positions in each generated part, given rows, and the order of all."""

    generated: list[tuple[GeneratedCalls, IntArray]]
    given: tuple[Record, ...]
    order: IntArray


def merge_records(grain: Grain, some: Sequence[Record], others: Sequence[Record]) -> list[Record]:
    """Records of both, in the order of (started_at, identity)."""
    identity = IDENTITY_ATTRIBUTES[grain]
    return sorted((*some, *others), key=lambda record: (_started_at(record), record[identity]))


def _check_attributes(grain: Grain, attributes: Collection[str]) -> tuple[str, ...]:
    unknown = [name for name in attributes if name not in ATTRIBUTES[grain]]
    if unknown:
        raise ValueError(f"a {grain} has no attribute {', '.join(sorted(unknown))}")
    return tuple(attributes)


def _visible_row(grain: Grain, whole: Record, at: datetime) -> Record:
    seen = visible_record(grain, whole, at)
    if seen is None:
        raise ValueError(f"a {grain} that has not begun is listed")
    return seen


def _is_listed(whole: Record, population: ListedCalls, at: datetime) -> bool:
    started = whole.instant("started_at")
    if started is None or started > at:
        return False
    match population:
        case ListedCalls.BOTH:
            return True
        case ListedCalls.LIVE:
            return is_live_at(whole, at)
        case ListedCalls.ENDED:
            return not is_live_at(whole, at)


def _given_rows(grain: Grain, calls: tuple[Record, ...]) -> tuple[Record, ...]:
    match grain:
        case Grain.CALL:
            return calls
        case Grain.LEG:
            return tuple(leg for call in calls for leg in call.rows("legs"))
        case _:
            return _sessions_around(calls)


def _sessions_around(calls: tuple[Record, ...]) -> tuple[Record, ...]:
    grouped: dict[AttributeValue, list[Record]] = {}
    for call in calls:
        grouped.setdefault(call["session_id"], []).append(call)
    return tuple(_session_of(tuple(members)) for members in grouped.values())


def _session_of(calls: tuple[Record, ...]) -> Record:
    shared = ("session_id", "customer_id", "application_id", "application_name", "user_id", "rule_name")
    first = min(calls, key=_started_at)
    started = _started_at(first)
    ends = [call.instant("ended_at") for call in calls]
    known = [end for end in ends if end is not None]
    ended = max(known) if len(known) == len(calls) else None
    values = blank_values(Grain.SESSION) | {name: first[name] for name in shared}
    values |= {
        "started_at": started,
        "ended_at": ended,
        "duration_seconds": span_seconds(ended - started) if ended else None,
        "finish_reason": "normal" if ended else None,
        "audio_quality": "standard",
        "media_address": first["media_address"],
        "custom_data": first["custom_data"],
        "calls": tuple(sorted(calls, key=_started_at)),
    }
    return Record(values)


def _started_at(call: Record) -> datetime:
    started = call.instant("started_at")
    if started is None:
        raise ValueError("a call has a start")
    return started
