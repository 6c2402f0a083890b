"""The few columns of real records that say what traffic is like: when calls began, were answered and ended, and how.

Numbers, names and texts are not kept. A line that tells no call is told by its number.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final, final

import numpy as np

from harness.errors import UsageProblem
from harness.output.atomic_files import os_error_reason
from harness.telephony.enums import Direction, Disposition
from harness.traffic.call_columns import CallColumns
from harness.world.call_times import NEVER
from harness.world.random_streams import FlagArray, IntArray
from harness.world.traffic import millis_of

_HOUR: Final = 3_600_000
_SHOWN_PROBLEMS: Final = 5
_LONGEST_LINE: Final = 1_000_000
_DISPOSITIONS: Final = tuple(Disposition)
_DIRECTIONS: Final = (Direction.INBOUND, Direction.OUTBOUND, Direction.INTERNAL, Direction.TRANSIT)
# Positions in a line of `Master.csv`; the rest of the line is not looked at.
_START, _ANSWER, _END, _DURATION, _BILL_SECONDS, _DISPOSITION = 9, 10, 11, 12, 13, 14
_ASTERISK_DISPOSITIONS: Final = {
    "ANSWERED": Disposition.ANSWERED,
    "NO ANSWER": Disposition.NO_ANSWER,
    "BUSY": Disposition.BUSY,
    "FAILED": Disposition.FAILED,
    "CONGESTION": Disposition.FAILED,
}


class UnusableLine(Exception):
    """Why a line tells no call; its text shows nothing of the line."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """What one record tells of a call; `session` only tells which calls belong together, and None is not known."""

    started: datetime
    rang: datetime | None
    answered: datetime | None
    ended: datetime
    disposition: Disposition
    direction: Direction | None = None
    recorded: bool | None = None
    transferred: bool | None = None
    session: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTraffic:
    """The calls of a file, when those rang that are known to have rung (else `NEVER`), and the lines left out."""

    calls: CallColumns
    rang: IntArray
    calls_of_sessions: tuple[int, ...]
    skipped: tuple[int, ...]


def read_recorded_traffic(file: Path, *, kind: str, zone: tzinfo, skip_bad: bool = False) -> RecordedTraffic:
    """The calls of a file of `kind` asterisk-csv or ndjson; times without an offset are those of clocks in the zone.

    Raises UsageProblem for a file that cannot be read or tells no call, and for lines that tell none, with their
    numbers, unless they are to be left out.
    """
    calls: list[RecordedCall] = []
    problems: list[tuple[int, str]] = []
    parse = PARSERS[kind]
    try:
        for number, line in _numbered_lines(file):
            try:
                call = parse(line, zone)
                if call is not None:
                    calls.append(call)
            except UnusableLine as problem:
                problems.append((number, str(problem)))
    except OSError as problem:
        raise UsageProblem(f"--like {file}", "a file that can be read", os_error_reason(problem)) from None
    if problems and not skip_bad:
        shown = "; ".join(f"line {number}: {why}" for number, why in problems[:_SHOWN_PROBLEMS])
        more = len(problems) - _SHOWN_PROBLEMS
        raise UsageProblem(
            f"--like {file}",
            f"records of the kind {kind}",
            shown + (f"; and {more} more" if more > 0 else ""),
            "mend them, or leave them out with --skip-bad",
        )
    if not calls:
        raise UsageProblem(f"--like {file}", "records of calls", "none that tells a call")
    calls.sort(key=lambda call: call.started)
    return _traffic_of(calls, skipped=tuple(number for number, _ in problems))


def _numbered_lines(file: Path) -> Iterator[tuple[int, str]]:
    with file.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                # A name of an old switch may be anything; it is not kept.
                yield number, line[:_LONGEST_LINE].decode("utf-8", "replace").rstrip("\r\n")


def _traffic_of(calls: Sequence[RecordedCall], *, skipped: tuple[int, ...]) -> RecordedTraffic:
    started = np.asarray([millis_of(call.started) for call in calls], dtype=np.int64)
    rang = np.asarray([NEVER if call.rang is None else millis_of(call.rang) for call in calls], dtype=np.int64)
    directions = [_DIRECTIONS.index(call.direction) if call.direction in _DIRECTIONS else -1 for call in calls]
    known = bool(directions) and min(directions) >= 0
    sessions: dict[str, int] = {}
    begins: list[bool] = []
    for place, call in enumerate(calls):
        name = f"call {place}" if call.session is None else f"session {call.session}"
        begins.append(name not in sessions)
        sessions[name] = sessions.get(name, 0) + 1
    columns = CallColumns(
        begin=int(started[0]) // _HOUR * _HOUR,
        end=int(started[-1]) // _HOUR * _HOUR + _HOUR,
        started=started,
        answered=np.asarray([NEVER if call.answered is None else millis_of(call.answered) for call in calls]),
        ended=np.asarray([millis_of(call.ended) for call in calls], dtype=np.int64),
        dispositions=np.asarray([_DISPOSITIONS.index(call.disposition) for call in calls], dtype=np.int64),
        directions=np.asarray(directions, dtype=np.int64) if known else None,
        begins_session=np.asarray(begins) if any(call.session is not None for call in calls) else None,
        transferred=_flags([call.transferred for call in calls]),
        recorded=_flags([call.recorded for call in calls]),
    )
    return RecordedTraffic(calls=columns, rang=rang, calls_of_sessions=tuple(sessions.values()), skipped=skipped)


def _flags(values: Sequence[bool | None]) -> FlagArray | None:
    return None if all(value is None for value in values) else np.asarray([bool(value) for value in values])


# --- lines --------------------------------------------------------------------------------------------------


def _asterisk_call(line: str, zone: tzinfo) -> RecordedCall | None:
    """The call of a line of Asterisk's `Master.csv`; None for a line of column names."""
    try:
        # A line by itself: a quote that is missing must not swallow those that follow.
        row = next(csv.reader([line], strict=True))
    except csv.Error:
        raise UnusableLine("no line of CSV") from None
    if not 16 <= len(row) <= 21:
        raise UnusableLine(f"{len(row)} columns where 16 to 21 are due")
    if row[_START] == "start":
        return None
    disposition = _ASTERISK_DISPOSITIONS.get(row[_DISPOSITION].strip().upper())
    if disposition is None:
        raise UnusableLine(f"disposition is none of {', '.join(_ASTERISK_DISPOSITIONS)}")
    started = _instant(row[_START], "start", zone)
    ended = (
        _instant(row[_END], "end", zone)
        if row[_END].strip()
        else started + timedelta(seconds=_whole_seconds(row[_DURATION], "duration"))
    )
    answered = None
    if disposition is Disposition.ANSWERED:
        answered = (
            _instant(row[_ANSWER], "answer", zone)
            if row[_ANSWER].strip()
            else ended - timedelta(seconds=_whole_seconds(row[_BILL_SECONDS], "billsec"))
        )
    return _in_order(
        RecordedCall(started=started, rang=None, answered=answered, ended=ended, disposition=disposition)
    )


def _attribute_call(line: str, zone: tzinfo) -> RecordedCall:
    """The call of a JSON object whose members are attributes of a call."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        raise UnusableLine("no JSON") from None
    if not isinstance(told, dict):
        raise UnusableLine("no JSON object")
    instants = {
        name: _instant(told[name], name, zone) if told.get(name) is not None else None
        for name in ("started_at", "ringing_at", "answered_at", "ended_at")
    }
    started, answered, ended = (instants[name] for name in ("started_at", "answered_at", "ended_at"))
    if started is None:
        raise UnusableLine("started_at is missing")
    if ended is None:
        ended = started + _span(told, "duration_seconds")
    word = told.get("disposition", "answered" if answered is not None else "no_answer")
    if word not in set(_DISPOSITIONS):
        raise UnusableLine(f"disposition is none of {', '.join(_DISPOSITIONS)}")
    if word == Disposition.ANSWERED and answered is None:
        answered = ended - _span(told, "talk_seconds")
    recordings = told.get("recording_urls", told.get("recording_url", ...))
    session = told.get("session_id")
    direction = told.get("direction")
    return _in_order(
        RecordedCall(
            started=started,
            rang=instants["ringing_at"],
            answered=answered if word == Disposition.ANSWERED else None,
            ended=ended,
            disposition=Disposition(word),
            direction=Direction(direction) if direction in set(Direction) else None,
            recorded=None if recordings is ... else bool(recordings),
            transferred=told["outcome_state"] == "transferred" if "outcome_state" in told else None,
            session=None if session is None else str(session),
        )
    )


PARSERS: Final[Mapping[str, Callable[[str, tzinfo], RecordedCall | None]]] = {
    "asterisk-csv": _asterisk_call,
    "ndjson": _attribute_call,
}
"""What reads a line, by the kind of records."""


def _in_order(call: RecordedCall) -> RecordedCall:
    known = [stamp for stamp in (call.started, call.rang, call.answered, call.ended) if stamp is not None]
    if known != sorted(known):
        raise UnusableLine("it rings, is answered or ends before that can be")
    return call


def _instant(value: object, name: str, zone: tzinfo) -> datetime:
    try:
        found = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or not 1971 <= found.year <= 9000:
        raise UnusableLine(f"{name} is no time such as 2026-03-02 14:30:00")
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def _whole_seconds(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise UnusableLine(f"{name} is no number of seconds")
    return int(text)


def _span(told: Mapping[str, object], name: str) -> timedelta:
    value = told.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e8:
        raise UnusableLine(f"{name} is no number of seconds")
    return timedelta(seconds=value)
