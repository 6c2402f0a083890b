"""The records of Asterisk's `cdr_csv`, `Master.csv`: sixteen columns, then up to five more, without a head."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final

from harness.generate.records.source_call import (
    LONGEST_LINE,
    BadRecord,
    SourceCall,
    UnusableRecord,
    direction_of,
    instant_not_before,
    numbered_lines,
)
from harness.telephony.enums import Disposition
from harness.telephony.records import AttributeValue

_COLUMNS: Final = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "start",
    "answer", "end", "duration", "billsec", "disposition", "amaflags",
)  # fmt: skip
# uniqueid, userfield, peeraccount, linkedid, sequence: each of them only where it is switched on.
_MOST_COLUMNS: Final = len(_COLUMNS) + 5
_DISPOSITIONS: Final = {
    "ANSWERED": Disposition.ANSWERED,
    "NO ANSWER": Disposition.NO_ANSWER,
    "BUSY": Disposition.BUSY,
    "FAILED": Disposition.FAILED,
    "CONGESTION": Disposition.FAILED,
}
_UNIQUE_ID: Final = re.compile(r"(?:.*-)?\d{9,10}\.\d+", re.ASCII)
_CALLER: Final = re.compile(r'\s*"?(?P<name>[^"<]*)"?\s*(?:<(?P<number>[^>]*)>)?\s*')
_STAMP: Final = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)
_PEER: Final = re.compile(r"[^/]+/(?P<peer>.+?)(?:-[0-9a-fA-F]{4,16})?(?:;[12])?")


def read_asterisk_csv(file: Path, *, zone: tzinfo) -> Iterator[SourceCall | BadRecord]:
    """The calls of a file, line by line; its times are those of clocks in the zone."""
    for number, line in numbered_lines(file):
        try:
            row = _columns_of(line)
            if row[: len(_COLUMNS)] != list(_COLUMNS):
                yield _call_of(number, row, zone)
        except UnusableRecord as problem:
            yield BadRecord(number, str(problem))


def _columns_of(line: bytes) -> list[str]:
    if len(line) >= LONGEST_LINE:
        raise UnusableRecord(f"longer than {LONGEST_LINE} bytes")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        # Names of an old switch; they are replaced, whatever they are.
        text = line.decode("latin-1")
    try:
        # A line by itself: a quote that is missing must not swallow those that follow.
        row = next(csv.reader([text.rstrip("\r\n")], strict=True))
    except csv.Error as problem:
        raise UnusableRecord(f"no line of CSV, {problem}") from None
    if not len(_COLUMNS) <= len(row) <= _MOST_COLUMNS:
        raise UnusableRecord(f"{len(row)} columns where {len(_COLUMNS)} to {_MOST_COLUMNS} are due")
    return row


def _call_of(number: int, row: list[str], zone: tzinfo) -> SourceCall:
    told = dict(zip(_COLUMNS, row, strict=False))
    ids = [text for text in row[len(_COLUMNS) :] if _UNIQUE_ID.fullmatch(text)]
    disposition = _DISPOSITIONS.get(told["disposition"].strip().upper())
    if disposition is None:
        raise UnusableRecord(f"disposition is none of {', '.join(_DISPOSITIONS)}")
    started = _instant(told["start"], "start", zone, None)
    answered = _answer_of(told, disposition, zone, started)
    ended = (
        _instant(told["end"], "end", zone, answered or started)
        if told["end"]
        else started + timedelta(seconds=_seconds(told["duration"], "duration"))
    )
    caller = _CALLER.fullmatch(told["clid"])
    values: dict[str, AttributeValue] = {
        "started_at": started,
        "answered_at": answered,
        "ended_at": ended,
        "disposition": disposition.value,
        "direction": direction_of(told["src"], told["dst"], _peer_of(told["dstchannel"])).value,
        "source": told["src"] or None,
        "destination": told["dst"] or None,
        "dialed": told["dst"] or None,
        "caller_id": (caller["number"] or None) if caller else None,
        "caller_name": (caller["name"].strip() or None) if caller else None,
        "source_channel": told["channel"] or None,
        "destination_channel": told["dstchannel"] or None,
        "account_code": told["accountcode"] or None,
    }
    identity = ids[0] if ids else f"line {number}"
    return SourceCall(place=number, identity=identity, session=ids[1] if len(ids) > 1 else identity, values=values)


def _answer_of(told: dict[str, str], disposition: Disposition, zone: tzinfo, started: datetime) -> datetime | None:
    # An application (a voice that says "busy") may answer a call that is told as not answered.
    if disposition is not Disposition.ANSWERED:
        return None
    if told["answer"]:
        return _instant(told["answer"], "answer", zone, started)
    if not told["end"]:
        raise UnusableRecord("answered, and neither answer nor end is told")
    ended = _instant(told["end"], "end", zone, started)
    return ended - timedelta(seconds=_seconds(told["billsec"], "billsec"))


def _instant(text: str, name: str, zone: tzinfo, earliest: datetime | None) -> datetime:
    if not _STAMP.fullmatch(text.strip()):
        raise UnusableRecord(f"{name} is no time such as 2026-03-02 14:30:00")
    try:
        return instant_not_before(datetime.fromisoformat(text.strip()), zone, earliest)
    except ValueError:
        raise UnusableRecord(f"{name} is a time that there is not") from None


def _seconds(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise UnusableRecord(f"{name} is no number of seconds")
    return int(text)


def _peer_of(channel: str) -> str | None:
    found = _PEER.fullmatch(channel)
    return found["peer"].partition("@")[0] if found else None
