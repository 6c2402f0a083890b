"""A world made of a file of real records, with nobody in it who stands in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final, final

from harness.errors import UsageProblem, did_you_mean
from harness.generate.records.asterisk_csv import read_asterisk_csv
from harness.generate.records.attribute_columns import CALL_COLUMNS
from harness.generate.records.fictional_call import CallIdentities, fictional_call
from harness.generate.records.freeswitch_json import read_freeswitch_json
from harness.generate.records.ndjson import read_ndjson, unknown_members
from harness.generate.records.parquet import columns_of_parquet, read_parquet
from harness.generate.records.pseudonyms import LEAST_DIGITS, PseudonymMap, digits_of
from harness.generate.records.source_call import BadRecord, SourceCall, UnusableRecord
from harness.output.atomic_files import os_error_reason
from harness.output.escaping import visible_text
from harness.telephony.records import Record
from harness.world.traffic import BUSY_HOUR
from harness.world.world import World

MOST_CALLS: Final = 200_000
"""So many calls a world of given records holds: each is an object in memory, some six kilobytes."""

_SHOWN_PROBLEMS: Final = 5

RecordReader = Callable[[Path, tzinfo], Iterator[SourceCall | BadRecord]]

READERS: Final[Mapping[str, RecordReader]] = {
    "asterisk-csv": lambda file, zone: read_asterisk_csv(file, zone=zone),
    "freeswitch-json": lambda file, zone: read_freeswitch_json(file),
    "ndjson": lambda file, zone: read_ndjson(file, zone=zone),
    "parquet": lambda file, zone: read_parquet(file, zone=zone),
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordWorld:
    """The world of a file, how many of its records are calls there, and how many were left out for what is wrong."""

    world: World
    calls: int
    skipped: int


def read_record_world(file: Path, *, kind: str, key: bytes, zone: tzinfo, skip_bad: bool = False) -> RecordWorld:
    """The world of a file of records, seen when the last of its calls has ended.

    Raises UsageProblem for a file that cannot be read, for a column that is no attribute of a call, for a key that is
    too short, and for records that tell no call unless they are to be left out.
    """
    PseudonymMap(key)
    reader = _reader_of(kind)
    try:
        _require_known_columns(file, kind)
        return _read_twice(file, reader, key, zone, skip_bad=skip_bad)
    except OSError as problem:
        raise UsageProblem(f"--from {file}", "a file that can be read", os_error_reason(problem)) from None


def _reader_of(kind: str) -> RecordReader:
    if kind not in READERS:
        raise UsageProblem("--as", f"one of {', '.join(READERS)}", repr(kind), did_you_mean(kind, READERS))
    return READERS[kind]


def _require_known_columns(file: Path, kind: str) -> None:
    """Name everything that is no attribute of a call in one error. Raises UsageProblem."""
    match kind:
        case "ndjson":
            places = {name: f" (line {line})" for name, line in unknown_members(file).items()}
        case "parquet":
            places = dict.fromkeys((name for name in columns_of_parquet(file) if name not in CALL_COLUMNS), "")
        case _:
            return
    if places:
        told = ", ".join(f"{visible_text(name, limit=60)}{place}" for name, place in sorted(places.items())[:20])
        more = f" and {len(places) - 20} more" if len(places) > 20 else ""
        raise UsageProblem(
            f"--from {file}",
            "columns that are attributes of a call, without nested rows",
            told + more,
            "`callharness spec attributes` lists them; leave the others out",
        )


def _read_twice(file: Path, reader: RecordReader, key: bytes, zone: tzinfo, *, skip_bad: bool) -> RecordWorld:
    """Once for the numbers that no pseudonym may hold, once for the calls: the real ones are never all in memory."""
    avoided: set[str] = set()
    for found in reader(file, zone):
        if isinstance(found, SourceCall):
            avoided.update(_numbers_of(found))
    pseudonyms = PseudonymMap(key, avoided=avoided)
    identities = CallIdentities(pseudonyms)
    calls: list[Record] = []
    bad: list[BadRecord] = []
    count = 0
    for found in reader(file, zone):
        made = _made(found, pseudonyms, identities)
        if isinstance(made, Record):
            calls.append(made)
        else:
            count += 1
            bad += [made] if count <= _SHOWN_PROBLEMS else []
        if len(calls) > MOST_CALLS:
            raise UsageProblem(
                f"--from {file}",
                f"at most {MOST_CALLS:,} calls: they are all held in memory",
                "more",
                "split the file",
            )
    if count and not skip_bad:
        raise _bad_records(file, bad, count)
    if not calls:
        raise UsageProblem(f"--from {file}", "records of calls", f"none, and {count} that tell no call")
    return RecordWorld(
        world=World.from_records(calls, instant=_instant_after(calls)), calls=len(calls), skipped=count
    )


def _made(found: SourceCall | BadRecord, pseudonyms: PseudonymMap, identities: CallIdentities) -> Record | BadRecord:
    if isinstance(found, BadRecord):
        return found
    try:
        return fictional_call(found, pseudonyms, identities)
    except UnusableRecord as problem:
        return BadRecord(found.place, str(problem))


def _numbers_of(call: SourceCall) -> Iterator[str]:
    for value in (*call.values.values(), call.identity):
        if isinstance(value, str) and len(digits := digits_of(value)) >= LEAST_DIGITS:
            yield digits


def _bad_records(file: Path, bad: list[BadRecord], count: int) -> UsageProblem:
    lines = [f"{file}:{one.place}: {one.why}" for one in bad]
    more = [f"and {count - len(bad)} more"] if count > len(bad) else []
    return UsageProblem(
        f"--from {file}",
        "records that tell a call each",
        f"{count} that {'does' if count == 1 else 'do'} not\n" + "\n".join(f"    {line}" for line in (*lines, *more)),
        "mend them, or leave them out with --skip-bad",
    )


def _instant_after(calls: list[Record]) -> datetime:
    """When all that was told has happened: at the last end, or the last other instant, of any call."""
    names = ("started_at", "ringing_at", "answered_at", "ended_at")
    stamps = [stamp for call in calls for name in names if (stamp := call.instant(name)) is not None]
    return max(stamps, default=BUSY_HOUR) + timedelta(seconds=1)
