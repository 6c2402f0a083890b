"""The records of FreeSWITCH's `mod_json_cdr`: a JSON document a call; in a row, in a list, or a line each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from harness.generate.records.source_call import (
    LONGEST_LINE,
    BadRecord,
    SourceCall,
    UnusableRecord,
    direction_of,
    numbered_lines,
)
from harness.telephony.enums import Disposition
from harness.telephony.records import AttributeValue

_DISPOSITIONS: Final = {
    "USER_BUSY": Disposition.BUSY,
    "ORIGINATOR_CANCEL": Disposition.CANCELLED,
    "LOSE_RACE": Disposition.CANCELLED,
    "NO_ANSWER": Disposition.NO_ANSWER,
    "NO_USER_RESPONSE": Disposition.NO_ANSWER,
    "ALLOTTED_TIMEOUT": Disposition.NO_ANSWER,
    "NORMAL_CLEARING": Disposition.NO_ANSWER,
}
_LATEST: Final = 4_102_444_800_000_000  # 2100-01-01, in microseconds
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_freeswitch_json(file: Path) -> Iterator[SourceCall | BadRecord]:
    """The calls of a file; their places are lines where each has one of its own, or else their places in the row."""
    for place, document in _documents_of(file):
        try:
            yield _call_of(place, document)
        except UnusableRecord as problem:
            yield BadRecord(place, str(problem))


def _documents_of(file: Path) -> Iterator[tuple[int, Any]]:
    """The documents of a file, each with its place; None for what is no JSON."""
    first = next(numbered_lines(file), None)
    if first is not None and isinstance(_decoded(first[1]), dict):
        # A document a line: read as they come, however many there are.
        yield from ((number, _decoded(line)) for number, line in numbered_lines(file))
        return
    place = 0
    for whole in _documents_in_a_row(file.read_bytes().decode("utf-8", "replace")):
        for document in whole if isinstance(whole, list) else [whole]:
            place += 1
            yield place, document


def _documents_in_a_row(text: str) -> Iterator[Any]:
    """The documents of a text, one after another: the module writes a file for each, and people join them."""
    decoder = json.JSONDecoder()
    rest = 0
    while rest < len(text):
        if text[rest].isspace():
            rest += 1
            continue
        try:
            found, rest = decoder.raw_decode(text, rest)
        except (ValueError, RecursionError):
            yield None
            return
        yield found


def _decoded(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _call_of(place: int, document: object) -> SourceCall:
    if not isinstance(document, dict):
        raise UnusableRecord(f"no JSON object (a line has at most {LONGEST_LINE} bytes)")
    variables, profile, times = _parts_of(document)
    started = _instant(times, variables, "created_time", "start")
    if started is None:
        raise UnusableRecord("no start: neither callflow.times.created_time nor variables.start_uepoch is told")
    answered = _instant(times, variables, "answered_time", "answer")
    ended = _instant(times, variables, "hangup_time", "end")
    if ended is None:
        raise UnusableRecord("no end: neither callflow.times.hangup_time nor variables.end_uepoch is told")
    cause = _text(variables, "hangup_cause") or ""
    code = _text(variables, "hangup_cause_q850") or ""
    source = _text(profile, "caller_id_number") or _text(variables, "caller_id_number") or _text(profile, "ani")
    destination = _text(profile, "destination_number") or _text(variables, "destination_number")
    reached = _text(profile, "callee_id_number") or _text(variables, "last_sent_callee_id_number")
    values: dict[str, AttributeValue] = {
        "started_at": started,
        "ringing_at": _instant(times, variables, "progress_time", "progress"),
        "answered_at": answered,
        "ended_at": ended,
        "disposition": (Disposition.ANSWERED if answered else _DISPOSITIONS.get(cause, Disposition.FAILED)).value,
        "hangup_cause": int(code) if re.fullmatch(r"[1-9][0-9]{0,2}", code, re.ASCII) and int(code) < 128 else None,
        "direction": direction_of(source, destination, reached).value,
        "source": source,
        "destination": reached or destination,
        "dialed": destination,
        "caller_id": source,
        "caller_name": _text(profile, "caller_id_name") or _text(variables, "caller_id_name"),
        "source_channel": _text(profile, "chan_name") or _text(variables, "channel_name"),
        "media_address": _text(variables, "local_media_ip"),
        "account_code": _text(variables, "accountcode"),
    }
    identity = _text(variables, "uuid") or _text(profile, "uuid") or f"record {place}"
    session = _text(variables, "call_uuid") or identity
    return SourceCall(place=place, identity=identity, session=session, values=values)


def _parts_of(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]:
    """The variables, and of the first leg of the flow (the last one that is written) caller and times."""
    flows = document.get("callflow")
    flow = flows[-1] if isinstance(flows, list) and flows else flows
    inner = flow if isinstance(flow, dict) else {}
    parts = (document.get("variables"), inner.get("caller_profile"), inner.get("times"))
    variables, profile, times = (part if isinstance(part, dict) else {} for part in parts)
    return variables, profile, times


def _text(part: Mapping[str, Any], name: str) -> str | None:
    value = part.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    # Variables are written as in a URL, unless that is switched off.
    return (unquote(value).strip() or None) if isinstance(value, str) else None


def _instant(times: Mapping[str, Any], variables: Mapping[str, Any], time: str, variable: str) -> datetime | None:
    """An instant in whole milliseconds, from one of the places that tell it; none where it is 0 or not told."""
    found = ((times, time, 1), (variables, f"{variable}_uepoch", 1), (variables, f"{variable}_epoch", 1_000_000))
    for part, name, microseconds in found:
        text = _text(part, name) or ""
        if re.fullmatch(r"[0-9]{1,17}", text, re.ASCII) and int(text):
            value = int(text) * microseconds
            if value >= _LATEST:
                raise UnusableRecord(f"{name} is after the year 2100")
            return _EPOCH + timedelta(milliseconds=value // 1000)
    return None
