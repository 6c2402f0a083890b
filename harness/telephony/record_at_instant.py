"""Visibility: what a record shows at an instant, computed from the record of its whole life.

A row has not begun (`None`), or lives, or has ended. An ended row is shown as it is and never changes again;
of a live one only what has happened so far is shown.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from harness.telephony.attributes import Grain
from harness.telephony.enums import AnswerState, Completion, LiveCallState, OutcomeState
from harness.telephony.records import AttributeValue, Record, call_durations, span_seconds


def is_live_at(record: Record, at: datetime) -> bool:
    """Whether the row's call has begun at the instant and has not ended."""
    started, ended = record.instant("started_at"), record.instant("ended_at")
    return started is not None and started <= at and (ended is None or ended > at)


def call_state_at(record: Record, at: datetime) -> LiveCallState | None:
    """The state of a call at an instant; None before it begins and once it has ended."""
    if not is_live_at(record, at):
        return None
    if _reached_instant(record, "answered_at", at) is None:
        return LiveCallState.DIALING if _reached_instant(record, "ringing_at", at) is None else LiveCallState.RINGING
    held = _reached_instant(record, "held_at", at) is not None and _reached_instant(record, "resumed_at", at) is None
    return LiveCallState.HELD if held else LiveCallState.ANSWERED


def visible_record(grain: Grain, record: Record, at: datetime) -> Record | None:
    """The record of a row as visible at an instant, from that of its whole life; None before it begins."""
    match grain:
        case Grain.CALL:
            return _visible_call(record, at)
        case Grain.LEG:
            return _visible_leg(record, at)
        case Grain.SESSION:
            return _visible_session(record, at)
        case Grain.TARGET:
            return _visible_target(record, at)
        case Grain.RECORDING:
            return _record_if_ended(record, at)
        case Grain.RESOURCE:
            return None if _reached_instant(record, "used_at", at) is None else record


def _reached_instant(record: Record, name: str, at: datetime) -> datetime | None:
    stamp = record.instant(name)
    return stamp if stamp is not None and stamp <= at else None


def _visible_rows(grain: Grain, rows: tuple[Record, ...], at: datetime) -> tuple[Record, ...]:
    return tuple(seen for row in rows if (seen := visible_record(grain, row, at)) is not None)


def _with_known_values(record: Record, changed: dict[str, AttributeValue]) -> Record:
    # A row may hold only the attributes that were asked for.
    return record.with_values(**{name: value for name, value in changed.items() if name in record})


def _visible_call(record: Record, at: datetime) -> Record | None:
    if _reached_instant(record, "started_at", at) is None:
        return None
    state = call_state_at(record, at)
    if state is None:
        return record
    talking = state in (LiveCallState.ANSWERED, LiveCallState.HELD)
    names = ("started_at", "ringing_at", "answered_at", "ended_at", "held_at", "resumed_at")
    stamps = {name: _reached_instant(record, name, at) for name in names}
    changes = [stamps[name] for name in ("started_at", "ringing_at", "answered_at")]
    so_far = call_durations({**record, **stamps}, at) if "direction" in record else {}
    return _with_known_values(
        record,
        {
            **stamps,
            **so_far,
            "updated_at": max(stamp for stamp in changes if stamp is not None),
            "state": state.value,
            "outcome_state": (OutcomeState.IN_CALL if talking else OutcomeState.RINGING).value,
            "disposition": None,
            "answer_state": (AnswerState.ANSWERED if talking else AnswerState.UNKNOWN).value,
            "completion": (Completion.SUCCEEDED if talking else Completion.UNKNOWN).value,
            "hangup_cause": None,
            "hangup_text": None,
            "recording_urls": (),
            "recording_url": None,
            "completed_at": None,
            "completed_seconds": None,
            "cost": None,
            "price": None,
            "answered_by": record.get("answered_by") if talking else None,
            "queue_seconds": _queue_seconds_at(record, at),
            "destination_channel": record.get("destination_channel") if stamps["ringing_at"] else None,
            "successful": talking,
            "targets": _visible_rows(Grain.TARGET, record.rows("targets"), at),
            "legs": _visible_rows(Grain.LEG, record.rows("legs"), at),
        },
    )


def _queue_seconds_at(record: Record, at: datetime) -> float | None:
    """How long a caller has waited in a queue until an instant: it began so long before the answer, or the end."""
    whole, until = record.get("queue_seconds"), record.instant("answered_at") or record.instant("ended_at")
    if not isinstance(whole, float) or until is None:
        return None
    return span_seconds(max(min(until, at) - (until - timedelta(seconds=whole)), timedelta()))


def _visible_leg(record: Record, at: datetime) -> Record | None:
    if _reached_instant(record, "started_at", at) is None:
        return None
    if not is_live_at(record, at):
        return record
    answered = _reached_instant(record, "answered_at", at)
    changed: dict[str, AttributeValue] = {
        "answered_at": answered,
        "ended_at": None,
        "state_text": "Up" if answered else "Ringing",
        "recording_path": record.get("recording_path") if answered else None,
    }
    return _with_known_values(record, changed)


def _visible_target(record: Record, at: datetime) -> Record | None:
    if _reached_instant(record, "added_at", at) is None:
        return None
    if _reached_instant(record, "ended_at", at) is not None:
        return record
    rang, answered = _reached_instant(record, "ringing_at", at), _reached_instant(record, "answered_at", at)
    changed: dict[str, AttributeValue] = {
        "ringing_at": rang,
        "answered_at": answered,
        "ended_at": None,
        "ring_seconds": span_seconds((answered or at) - rang) if rang else 0.0,
        "end_reason": None,
        "fail_code": 0,
        "state_text": "answered" if answered else "ringing" if rang else "dialing",
    }
    return _with_known_values(record, changed)


def _visible_session(record: Record, at: datetime) -> Record | None:
    started = _reached_instant(record, "started_at", at)
    if started is None:
        return None
    if not is_live_at(record, at):
        return record
    changed: dict[str, AttributeValue] = {
        "ended_at": None,
        "duration_seconds": span_seconds(at - started),
        "finish_reason": None,
        "calls": _visible_rows(Grain.CALL, record.rows("calls"), at),
        "recordings": _visible_rows(Grain.RECORDING, record.rows("recordings"), at),
        "resources": _visible_rows(Grain.RESOURCE, record.rows("resources"), at),
    }
    return _with_known_values(record, changed)


def _record_if_ended(record: Record, at: datetime) -> Record | None:
    started, length = record.instant("started_at"), record["duration_seconds"]
    if started is None or not isinstance(length, float):
        return None
    return record if started + timedelta(seconds=length) <= at else None
