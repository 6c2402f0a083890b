"""Records whose columns are attributes of a call (`callharness spec attributes`), and the calls that they tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from harness.generate.records.source_call import SourceCall, UnusableRecord, direction_of, instant_not_before
from harness.integers import is_integer
from harness.telephony.attributes import ATTRIBUTES, Attribute, AttributeKind, Grain
from harness.telephony.enums import Disposition
from harness.telephony.records import AttributeValue

CALL_COLUMNS: Final[Mapping[str, Attribute]] = {
    name: attribute for name, attribute in ATTRIBUTES[Grain.CALL].items() if attribute.kind is not AttributeKind.ROWS
}
_IDENTITIES: Final = ("call_id", "call_code", "call_ref")
# What calls and sessions are called in a file of others is no number of ours: any text tells them apart.
_NAMES: Final = (*_IDENTITIES, "session_id")
_ANY_TEXT: Final = ATTRIBUTES[Grain.CALL]["note"]
_LONGEST_TEXT: Final = 4096
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII,
)


def call_of_columns(place: int, row: Mapping[str, object], *, zone: tzinfo) -> SourceCall:
    """The call of a record; instants without an offset are those of clocks in the zone. Raises UnusableRecord."""
    values: dict[str, AttributeValue] = {}
    for name, value in row.items():
        if value is not None and name in CALL_COLUMNS:
            kind = _ANY_TEXT if name in _NAMES else CALL_COLUMNS[name]
            values[name] = _attribute_value(name, kind, value, zone)
    started = values.get("started_at")
    if not isinstance(started, datetime):
        raise UnusableRecord("started_at is missing")
    _add_instants(values, started)
    if "disposition" not in values and "ended_at" in values:
        answered = values.get("answered_at") is not None
        values["disposition"] = (Disposition.ANSWERED if answered else Disposition.NO_ANSWER).value
    if "direction" not in values:
        source, destination = values.get("source"), values.get("destination")
        values["direction"] = direction_of(_text(source), _text(destination), None).value
    found = next((f"{name} {values[name]}" for name in _IDENTITIES if values.get(name) is not None), f"row {place}")
    session = values.get("session_id")
    return SourceCall(
        place=place, identity=found, session=found if session is None else f"session_id {session}", values=values
    )


def _text(value: AttributeValue) -> str | None:
    return value if isinstance(value, str) else None


def _add_instants(values: dict[str, AttributeValue], started: datetime) -> None:
    """The answer and the end of a call whose durations alone are told."""
    for name, duration in (("answered_at", "answer_seconds"), ("ended_at", "duration_seconds")):
        seconds = values.get(duration)
        if name not in values and isinstance(seconds, int | float):
            values[name] = started + timedelta(milliseconds=round(seconds * 1000))


def _attribute_value(name: str, attribute: Attribute, value: object, zone: tzinfo) -> AttributeValue:
    match attribute.kind:
        case AttributeKind.INSTANT:
            return _instant(name, value, zone)
        case AttributeKind.INTEGER:
            if is_integer(value) and abs(value) < 2**63:
                return value
        case AttributeKind.DECIMAL | AttributeKind.SECONDS:
            return _decimal(name, value)
        case AttributeKind.FLAG:
            if isinstance(value, bool):
                return value
        case AttributeKind.WORD:
            if value in attribute.words:
                return str(value)
            raise UnusableRecord(f"{name} is none of {', '.join(attribute.words)}")
        case AttributeKind.TEXT_LIST:
            if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
                return tuple(str(one) for one in value)
        case AttributeKind.TEXT | AttributeKind.ROWS:
            # Many a table holds telephone numbers as integers.
            text = str(value) if isinstance(value, str) or is_integer(value) else None
            if text is not None and len(text) <= _LONGEST_TEXT:
                return text or None
    raise UnusableRecord(f"{name} is no {attribute.kind.value.replace('_', ' ')}")


def _decimal(name: str, value: object) -> float:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        number = float(value)
        if abs(number) < 1e12:
            return round(number, 4)
    raise UnusableRecord(f"{name} is no number")


def _instant(name: str, value: object, zone: tzinfo) -> datetime:
    found: datetime | None = None
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, str) and not isinstance(value, date) and _INSTANT.fullmatch(value):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = None
    if found is None:
        raise UnusableRecord(f"{name} is no instant such as 2026-03-02T14:30:00Z")
    if found.tzinfo is None:
        found = instant_not_before(found, zone, None)
    try:
        exact = found.astimezone(UTC)
    except OverflowError:
        raise UnusableRecord(f"{name} is out of range") from None
    return exact.replace(microsecond=exact.microsecond // 1000 * 1000)
