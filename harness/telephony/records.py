"""Rows as values: an immutable mapping from attribute to value, and a maker for calls given by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias, final

from harness.telephony.attributes import ATTRIBUTES, AttributeKind, Grain
from harness.telephony.enums import (
    AnswerState,
    Completion,
    Direction,
    Disposition,
    LineDirection,
    Media,
    OutcomeState,
)
from harness.telephony.hangup_causes import HangupCause

AttributeValue: TypeAlias = "int | float | str | datetime | tuple[str, ...] | tuple[Record, ...] | None"

_BASE62_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@final
class Record(Mapping[str, AttributeValue]):
    """One row: every attribute of a grain (or those asked for) with its value; `None` means none."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, AttributeValue]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> AttributeValue:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    def __repr__(self) -> str:
        return f"Record({self._values!r})"

    def with_values(self, **changed: AttributeValue) -> Record:
        """The same row with some values changed."""
        return Record({**self._values, **changed})

    def instant(self, name: str) -> datetime | None:
        """The value of an attribute of kind instant; None also where the row has no such attribute."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, datetime):
            raise TypeError(f"{name} is {value!r}, not an instant")
        return value

    def rows(self, name: str) -> tuple[Record, ...]:
        """The nested rows of an attribute; none where the row has no such attribute."""
        value = self._values.get(name) or ()
        if not isinstance(value, tuple):
            raise TypeError(f"{name} is {value!r}, not nested rows")
        return tuple(row for row in value if isinstance(row, Record))


def span_seconds(span: timedelta) -> float:
    """A span in seconds, to the whole millisecond."""
    return span // timedelta(milliseconds=1) / 1000


def blank_values(grain: Grain) -> dict[str, AttributeValue]:
    """Every attribute of the grain with the value that means none."""
    return {
        name: () if attribute.kind in (AttributeKind.ROWS, AttributeKind.TEXT_LIST) else None
        for name, attribute in ATTRIBUTES[grain].items()
    }


def encode_base62(number: int, *, width: int = 1) -> str:
    """A number in digits, capitals and small letters, which differ by case."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62_DIGITS[digit] + digits
    return digits.rjust(width, "0")


def bill_seconds(talk: float, direction: AttributeValue) -> float:
    """The billed seconds of a talk: outbound at least 30 and then in steps of 6, others in whole seconds."""
    millis = round(talk * 1000)
    if millis <= 0:
        return 0.0
    if direction == Direction.OUTBOUND:
        return float(max(30, -(-millis // 6000) * 6))
    return float(-(-millis // 1000))


def call_record(
    *,
    call_id: int,
    started_at: datetime,
    ringing_at: datetime | None = None,
    answered_at: datetime | None = None,
    ended_at: datetime | None = None,
    disposition: Disposition | None = None,
    **given: AttributeValue,
) -> Record:
    """A call given by hand, for tests and injection: its whole life, with everything that follows from it.

    Without `ended_at` the call never ends. What is neither given nor follows is none.
    """
    unknown = given.keys() - ATTRIBUTES[Grain.CALL].keys()
    if unknown:
        raise ValueError(f"no attribute of a call: {', '.join(sorted(unknown))}")
    stamps = [stamp for stamp in (started_at, ringing_at, answered_at, ended_at) if stamp is not None]
    if any(stamp.tzinfo is None for stamp in stamps):
        raise ValueError("the instants of a call need a zone")
    if stamps != sorted(stamps):
        raise ValueError(f"the instants of call {call_id} are out of order")
    answered = answered_at is not None
    if disposition is None and ended_at is not None:
        disposition = Disposition.ANSWERED if answered else Disposition.NO_ANSWER
    ref = f"{int(started_at.timestamp())}.{call_id % 10**8:08d}"
    values = blank_values(Grain.CALL) | {
        "call_id": call_id,
        "call_code": encode_base62(call_id % 62**6, width=5),
        "call_ref": ref,
        "session_id": 2**33 + call_id,
        "direction": Direction.INTERNAL.value,
        "line_direction": LineDirection.INTERNAL.value,
        "media": Media.AUDIO.value,
        "disposition": None if disposition is None else disposition.value,
        "outcome_state": _outcome_state(disposition).value,
        "answer_state": (AnswerState.ANSWERED if answered else AnswerState.NOT_ANSWERED).value,
        "completion": (Completion.SUCCEEDED if answered else Completion.FAILED_NETWORK).value,
        "incoming": given.get("direction") == Direction.INBOUND,
        "successful": answered,
        "started_at": started_at,
        "ringing_at": ringing_at,
        "answered_at": answered_at,
        "ended_at": ended_at,
        "completed_at": ended_at if answered else None,
        "completed_seconds": span_seconds(ended_at - answered_at) if answered_at and ended_at else None,
        "created_at": started_at,
        "updated_at": stamps[-1],
    }
    if disposition is not None:
        cause = HangupCause.of(disposition)
        values |= {"hangup_cause": cause.value, "hangup_text": cause.text}
    values |= call_durations(values | given, stamps[-1])
    return Record(values | given)


def call_durations(values: Mapping[str, AttributeValue], until: datetime) -> dict[str, AttributeValue]:
    """The durations of a call up to an instant, from its instants (those that have come)."""
    started, rang, answered = (values[name] for name in ("started_at", "ringing_at", "answered_at"))
    if not isinstance(started, datetime):
        raise ValueError("a call has a start")
    ringing = rang if isinstance(rang, datetime) else None
    talking = answered if isinstance(answered, datetime) else None
    talk = span_seconds(until - talking) if talking else 0.0
    return {
        "setup_seconds": span_seconds((ringing or talking or until) - started),
        "ring_seconds": span_seconds((talking or until) - ringing) if ringing else 0.0,
        "talk_seconds": talk,
        "duration_seconds": span_seconds(until - started),
        "answer_seconds": span_seconds(talking - started) if talking else None,
        "bill_seconds": bill_seconds(talk, values["direction"]),
    }


def _outcome_state(disposition: Disposition | None) -> OutcomeState:
    match disposition:
        case None:
            return OutcomeState.IN_CALL
        case Disposition.ANSWERED:
            return OutcomeState.CALLER_HUNG_UP
        case Disposition.NO_ANSWER:
            return OutcomeState.NOT_ANSWERED
        case Disposition.BUSY:
            return OutcomeState.BUSY
        case Disposition.CANCELLED:
            return OutcomeState.CANCELLED
        case Disposition.FAILED:
            return OutcomeState.FAILED
