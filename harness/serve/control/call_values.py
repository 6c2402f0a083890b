"""Calls and instants as the control API takes and shows them: JSON, and the records of the world."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from harness.integers import is_integer
from harness.telephony.attributes import ATTRIBUTES, AttributeKind, Grain
from harness.telephony.enums import Disposition
from harness.telephony.records import Record, call_record

Json: TypeAlias = "dict[str, Any]"

_INSTANT_PATTERN: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{5,15}(?:Z|[+-][0-9]{2}:?[0-9]{2})?", re.ASCII
)


class ControlRequestError(Exception):
    """A request that the control API refuses, with the HTTP status it gets."""

    def __init__(self, why: str, http_status: int = 400) -> None:
        super().__init__(why)
        self.http_status = http_status


_RECORD_ARGUMENTS: Final = ("call_id", "started_at", "ringing_at", "answered_at", "ended_at", "disposition")
_FLAT_ATTRIBUTES: Final = tuple(
    name for name, one in ATTRIBUTES[Grain.CALL].items() if one.kind is not AttributeKind.ROWS
)
CALL_KEYS: Final = tuple(dict.fromkeys((*_RECORD_ARGUMENTS, *_FLAT_ATTRIBUTES)))


def decode_call(tree: object) -> Json:
    """The keyword arguments of `call_record`, from JSON. Raises ControlRequestError."""
    if not isinstance(tree, dict):
        raise ControlRequestError("a call is an object")
    found: Json = {}
    for name, value in tree.items():
        if name not in CALL_KEYS:
            raise ControlRequestError(f"a call has no {name}; known are {', '.join(CALL_KEYS)}")
        if value is None:
            continue
        found[name] = _decode_attribute(name, ATTRIBUTES[Grain.CALL][name].kind, value)
    if "call_id" not in found or "started_at" not in found:
        raise ControlRequestError("a call has a call_id and a started_at")
    words = {word.value for word in Disposition}
    if "disposition" in found and found["disposition"] not in words:
        raise ControlRequestError(f"disposition is one of {', '.join(sorted(words))}")
    build_call_record(found)
    return found


def _decode_attribute(name: str, kind: AttributeKind, value: object) -> Any:
    match kind:
        case AttributeKind.INSTANT:
            return decode_instant(value)
        case AttributeKind.INTEGER:
            fits = is_integer(value) and abs(value) < 2**62
        case AttributeKind.DECIMAL | AttributeKind.SECONDS:
            fits = isinstance(value, int | float) and not isinstance(value, bool)
            value = float(value) if fits else value  # type: ignore[arg-type]
        case AttributeKind.FLAG:
            fits = isinstance(value, bool)
        case AttributeKind.TEXT | AttributeKind.WORD:
            words = ATTRIBUTES[Grain.CALL][name].words
            fits = isinstance(value, str) and len(value) <= 4096 and (not words or value in words)
        case AttributeKind.TEXT_LIST:
            fits = isinstance(value, list) and all(isinstance(one, str) for one in value)
            value = tuple(value) if isinstance(value, list) else value
        case AttributeKind.ROWS:
            fits = False
    if not fits:
        raise ControlRequestError(f"{name}: no {kind.value}")
    return value


def decode_instant(value: object) -> datetime:
    if not isinstance(value, str) or not _INSTANT_PATTERN.fullmatch(value):
        raise ControlRequestError("an instant is a text such as 2026-03-02T14:30:00Z")
    try:
        found = datetime.fromisoformat(value)
        found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return found.astimezone(UTC).replace(microsecond=found.microsecond // 1000 * 1000)
    except (ValueError, OverflowError):
        raise ControlRequestError("an instant is a text such as 2026-03-02T14:30:00Z") from None


def build_call_record(given: Json) -> Record:
    try:
        values = dict(given)
        disposition = values.pop("disposition", None)
        return call_record(**values, disposition=None if disposition is None else Disposition(disposition))
    except (ValueError, TypeError, OverflowError) as problem:
        raise ControlRequestError(str(problem)) from None


def encode_call(given: Json) -> Json:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in given.items()}
