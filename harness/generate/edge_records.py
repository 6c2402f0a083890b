"""Records that could have been and are awkward: long texts, many scripts, zero and huge durations, clock changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, final
from zoneinfo import ZoneInfo

from harness.telephony.attributes import ATTRIBUTES, AttributeKind, Grain
from harness.telephony.records import AttributeValue, Record, call_durations, span_seconds
from harness.world.customers import Customers
from harness.world.listed_calls import ListedCalls

NON_ASCII: Final = "Zoë Ångström, Łódź • Привет • 東京 • عمر • e\u0301 • 📞"
ESCAPES: Final = "\"quoted\" 'single' \\ back / <tag> &amp; & ; = + %20 {brace}"
LONG: Final = "long " * 818 + "text.."
SHORT: Final = "x"
HUGE: Final = timedelta(days=30)
"""How much longer than usual a call of huge duration takes; its seconds have seven digits."""

FREE_TEXTS: Final = frozenset(
    {
        *("caller_id", "caller_name", "external_id", "external_session_id", "note", "custom_data", "rule_name"),
        *("application_name", "caller_name_internal", "caller_name_external", "source_number_shown"),
        *("called_number_shown", "destination_number_shown", "description", "name", "end_reason"),
    }
)
"""Attributes whose texts people, applications or telephones choose."""
NUMBER_TEXTS: Final = frozenset({"source", "destination", "dialed", "source_number", "destination_number"})
"""Attributes of who called whom: numbers as a rule, and any name where calls go by SIP."""
# Where a zone has no change of its clock: those of most of Europe.
_CHANGING: Final = ZoneInfo("Europe/Berlin")
_HOURS_BACK: Final = 24 * 400


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenWorld:
    """A world of nothing but these records, of the grain that a list shows."""

    instant: datetime
    customers: Customers
    home_customer_id: int
    chosen: tuple[Record, ...]

    def records(
        self,
        grain: Grain,
        population: ListedCalls,
        at: datetime,
        *,
        rows: slice | None = None,
        attributes: Collection[str] | None = None,
    ) -> Sequence[Record]:
        """The records, or those of a slice, whatever grain and population are asked for."""
        return self.chosen if rows is None else self.chosen[rows]


def with_texts(record: Record, names: Collection[str], text: str) -> Record:
    """The record with this text wherever one of these attributes has one, in nested records too."""
    changed: dict[str, AttributeValue] = {}
    for name, value in record.items():
        if isinstance(value, tuple):
            changed[name] = tuple(with_texts(one, names, text) if isinstance(one, Record) else one for one in value)  # type: ignore[assignment]
        elif name in names and isinstance(value, str):
            changed[name] = text
    return record.with_values(**changed)


def shifted(record: Record, span: timedelta) -> Record:
    """The record at another time: every instant later by the span, in nested records too."""
    changed: dict[str, AttributeValue] = {}
    for name, value in record.items():
        if isinstance(value, datetime):
            changed[name] = value + span
        elif isinstance(value, tuple):
            changed[name] = tuple(shifted(one, span) if isinstance(one, Record) else one for one in value)  # type: ignore[assignment]
    return record.with_values(**changed)


def lengthened(record: Record, span: timedelta, now: datetime) -> Record:
    """The record of a call, leg or session that began earlier by the span, and ended when it did."""
    early = {
        name: value - span
        for name in ("started_at", "ringing_at", "answered_at", "created_at", "held_at", "resumed_at")
        if isinstance(value := record.get(name), datetime)
    }
    return _with_durations(record.with_values(**early), now)


def instantaneous(record: Record, now: datetime) -> Record:
    """The record of a call or session that ended the instant in which it began."""
    ended = record.instant("ended_at")
    if ended is None:
        return record
    names = ("started_at", "ringing_at", "answered_at", "created_at", "updated_at", "completed_at")
    same = {name: ended for name in names if record.get(name) is not None}
    nested = tuple(instantaneous(call, now) for call in record.rows("calls"))
    without = {name: () for name in ("recordings", "targets") if record.get(name)}
    calls = {"calls": nested} if nested else {}
    return _with_durations(record.with_values(**same, **calls, **without, held_at=None, resumed_at=None), now)


def _with_durations(record: Record, now: datetime) -> Record:
    """The record with the spans that follow from its instants, as far as it has such attributes."""
    started, ended = record.instant("started_at"), record.instant("ended_at")
    until = ended or now
    if started is None:
        return record
    if "setup_seconds" in record:
        values: dict[str, AttributeValue] = {**record, **call_durations(record, until)}
        answered = record.instant("answered_at")
        if ended is not None and answered is not None:
            values["completed_seconds"] = span_seconds(ended - answered)
        return Record({name: values[name] for name in record})
    if "duration_seconds" in record:
        return record.with_values(duration_seconds=span_seconds(until - started))
    return record


def clock_changes(zone: ZoneInfo, before: datetime) -> Iterator[tuple[str, datetime]]:
    """The last change of a zone's clock each way before an instant: what it does, and when it does it."""
    for clock in (zone, _CHANGING):
        found: dict[str, datetime] = {}
        hour = before.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        for _ in range(_HOURS_BACK):
            earlier = hour - timedelta(hours=1)
            step = _offset(clock, hour) - _offset(clock, earlier)
            if step:
                found.setdefault("forward" if step > timedelta(0) else "back", hour)
            hour = earlier
        if found:
            yield from found.items()
            return


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def free_text_names(shown: Mapping[str, Grain]) -> frozenset[str]:
    """Of the attributes that a list shows those that take any text; numbers where there are no others."""
    texts = {name for name, grain in shown.items() if ATTRIBUTES[grain][name].kind is AttributeKind.TEXT}
    return frozenset(texts & FREE_TEXTS) or frozenset(texts & NUMBER_TEXTS)
