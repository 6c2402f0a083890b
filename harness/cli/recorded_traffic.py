"""What the traffic of a file of real records is like: its calls, without the numbers, names and texts in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final

from harness.errors import UsageProblem
from harness.generate.records.record_world import READERS
from harness.generate.records.source_call import BadRecord, SourceCall, UnusableRecord
from harness.output.atomic_files import os_error_reason
from harness.telephony.enums import Direction, Disposition
from harness.telephony.records import AttributeValue
from harness.traffic.record_columns import RecordedCall, RecordedTraffic, recorded_traffic

_SHOWN_PROBLEMS: Final = 5
# Clocks that were never set show the first years.
_YEARS: Final = range(1971, 9001)


def read_recorded_traffic(file: Path, *, kind: str, zone: tzinfo, skip_bad: bool = False) -> RecordedTraffic:
    """The calls of a file of one of the kinds of `READERS`; times without an offset are those of clocks in the zone.

    Raises UsageProblem for a file that cannot be read or tells no call, and for records that tell none, with their
    places, unless they are to be left out.
    """
    calls: list[RecordedCall] = []
    problems: list[tuple[int, str]] = []
    try:
        for place, found in _calls_of(file, kind, zone):
            if isinstance(found, RecordedCall):
                calls.append(found)
            else:
                problems.append((place, found))
    except OSError as problem:
        raise UsageProblem(f"--like {file}", "a file that can be read", os_error_reason(problem)) from None
    except UsageProblem as problem:
        raise UsageProblem(f"--like {file}", problem.expected, problem.actual, problem.do) from None
    if problems and not skip_bad:
        shown = "; ".join(f"line {place}: {why}" for place, why in problems[:_SHOWN_PROBLEMS])
        more = len(problems) - _SHOWN_PROBLEMS
        raise UsageProblem(
            f"--like {file}",
            f"records of the kind {kind}",
            shown + (f"; and {more} more" if more > 0 else ""),
            "mend them, or leave them out with --skip-bad",
        )
    if not calls:
        raise UsageProblem(f"--like {file}", "records of calls", "none that tells a call")
    if all(call.session is None or call.session == call.identity for call in calls):
        # Each is a session of its own where no record tells which belong together: that is not known then.
        calls = [replace(call, session=None) for call in calls]
    return recorded_traffic(calls, skipped=tuple(place for place, _ in problems))


def _calls_of(file: Path, kind: str, zone: tzinfo) -> Iterator[tuple[int, RecordedCall | str]]:
    """The calls of a file, or why a record tells none, each with its place."""
    for found in READERS[kind](file, zone):
        if isinstance(found, BadRecord):
            yield found.place, found.why
            continue
        try:
            yield found.place, _recorded_call(found)
        except UnusableRecord as problem:
            yield found.place, str(problem)


def _recorded_call(call: SourceCall) -> RecordedCall:
    told = call.values
    started, answered, ended = (_instant(told, name) for name in ("started_at", "answered_at", "ended_at"))
    if started is None or ended is None:
        raise UnusableRecord("when it began or ended is missing")
    disposition = Disposition(str(told["disposition"]))
    if disposition is not Disposition.ANSWERED:
        answered = None
    elif answered is None:
        answered = ended - timedelta(seconds=_talk_seconds(told.get("talk_seconds")))
    rang = _instant(told, "ringing_at")
    known = [stamp for stamp in (started, rang, answered, ended) if stamp is not None]
    if known != sorted(known):
        raise UnusableRecord("it rings, is answered or ends before that can be")
    recordings = told.get("recording_urls", told.get("recording_url"))
    outcome = told.get("outcome_state")
    return RecordedCall(
        started=started,
        rang=rang,
        answered=answered,
        ended=ended,
        disposition=disposition,
        direction=Direction(str(told["direction"])),
        recorded=None if recordings is None else bool(recordings),
        transferred=None if outcome is None else outcome == "transferred",
        identity=call.identity,
        session=call.session,
    )


def _instant(told: Mapping[str, AttributeValue], name: str) -> datetime | None:
    value = told.get(name)
    if not isinstance(value, datetime):
        return None
    if value.year not in _YEARS:
        raise UnusableRecord(f"{name} is no time of a call")
    return value


def _talk_seconds(value: AttributeValue) -> float:
    if not isinstance(value, int | float) or value < 0:
        raise UnusableRecord("answered, and neither when nor talk_seconds is told")
    return value
