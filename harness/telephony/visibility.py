"""What is seen of a row at an instant, told row by row from its whole life.

A row has not begun (`None`), or lives, or has ended. An ended row is shown as it is and never changes again;
of a living one only what has happened so far is shown.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from harness.telephony.attributes import Grain
from harness.telephony.enums import AnswerState, Completion, OutcomeState, State
from harness.telephony.records import Record, Value, durations, seconds


def lives_at(record: Record, at: datetime) -> bool:
    """Whether the row has begun at the instant and has not ended."""
    started, ended = record.instant("started_at"), record.instant("ended_at")
    return started is not None and started <= at and (ended is None or ended > at)


def state_of(record: Record, at: datetime) -> State | None:
    """Where a call is at an instant; None before it begins and once it has ended."""
    if not lives_at(record, at):
        return None
    if _come(record, "answered_at", at) is None:
        return State.DIALING if _come(record, "ringing_at", at) is None else State.RINGING
    held = _come(record, "held_at", at) is not None and _come(record, "resumed_at", at) is None
    return State.HELD if held else State.ANSWERED


def seen_at(grain: Grain, record: Record, at: datetime) -> Record | None:
    """What is seen of a row at an instant, given its whole life; None before it begins."""
    match grain:
        case Grain.CALL:
            return _seen_call(record, at)
        case Grain.LEG:
            return _seen_leg(record, at)
        case Grain.SESSION:
            return _seen_session(record, at)
        case Grain.TARGET:
            return _seen_target(record, at)
        case Grain.RECORDING:
            return _if_over(record, at)
        case Grain.RESOURCE:
            return None if _come(record, "used_at", at) is None else record


def _come(record: Record, name: str, at: datetime) -> datetime | None:
    stamp = record.instant(name)
    return stamp if stamp is not None and stamp <= at else None


def _seen_rows(grain: Grain, rows: tuple[Record, ...], at: datetime) -> tuple[Record, ...]:
    return tuple(seen for row in rows if (seen := seen_at(grain, row, at)) is not None)


def _only(record: Record, changed: dict[str, Value]) -> Record:
    # A row may hold only the attributes that were asked for.
    return record.but(**{name: value for name, value in changed.items() if name in record})


def _seen_call(record: Record, at: datetime) -> Record | None:
    if _come(record, "started_at", at) is None:
        return None
    state = state_of(record, at)
    if state is None:
        return record
    talking = state in (State.ANSWERED, State.HELD)
    names = ("started_at", "ringing_at", "answered_at", "ended_at", "held_at", "resumed_at")
    stamps = {name: _come(record, name, at) for name in names}
    changes = [stamps[name] for name in ("started_at", "ringing_at", "answered_at")]
    so_far = durations({**record, **stamps}, at) if "direction" in record else {}
    return _only(
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
            "cost": None,
            "successful": talking,
            "targets": _seen_rows(Grain.TARGET, record.rows("targets"), at),
            "legs": _seen_rows(Grain.LEG, record.rows("legs"), at),
        },
    )


def _seen_leg(record: Record, at: datetime) -> Record | None:
    if _come(record, "started_at", at) is None:
        return None
    if not lives_at(record, at):
        return record
    answered = _come(record, "answered_at", at)
    changed: dict[str, Value] = {
        "answered_at": answered,
        "ended_at": None,
        "state_text": "Up" if answered else "Ringing",
        "recording_path": record.get("recording_path") if answered else None,
    }
    return _only(record, changed)


def _seen_target(record: Record, at: datetime) -> Record | None:
    if _come(record, "added_at", at) is None:
        return None
    if _come(record, "ended_at", at) is not None:
        return record
    rang, answered = _come(record, "ringing_at", at), _come(record, "answered_at", at)
    changed: dict[str, Value] = {
        "ringing_at": rang,
        "answered_at": answered,
        "ended_at": None,
        "ring_seconds": seconds((answered or at) - rang) if rang else 0.0,
        "end_reason": None,
        "fail_code": 0,
        "state_text": "answered" if answered else "ringing" if rang else "dialing",
    }
    return _only(record, changed)


def _seen_session(record: Record, at: datetime) -> Record | None:
    started = _come(record, "started_at", at)
    if started is None:
        return None
    if not lives_at(record, at):
        return record
    changed: dict[str, Value] = {
        "ended_at": None,
        "duration_seconds": seconds(at - started),
        "finish_reason": None,
        "calls": _seen_rows(Grain.CALL, record.rows("calls"), at),
        "recordings": _seen_rows(Grain.RECORDING, record.rows("recordings"), at),
        "resources": _seen_rows(Grain.RESOURCE, record.rows("resources"), at),
    }
    return _only(record, changed)


def _if_over(record: Record, at: datetime) -> Record | None:
    started, length = record.instant("started_at"), record["duration_seconds"]
    if started is None or not isinstance(length, float):
        return None
    return record if started + timedelta(seconds=length) <= at else None
