"""Records as a JSON object a line, whose members are attributes of a call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path

from harness.generate.records.attribute_columns import CALL_COLUMNS, call_of_columns
from harness.generate.records.source_call import (
    LONGEST_LINE,
    BadRecord,
    SourceCall,
    UnusableRecord,
    numbered_lines,
)


def read_ndjson(file: Path, *, zone: tzinfo) -> Iterator[SourceCall | BadRecord]:
    """The calls of a file, line by line."""
    for number, line in numbered_lines(file):
        try:
            yield call_of_columns(number, _object_of(line), zone=zone)
        except UnusableRecord as problem:
            yield BadRecord(number, str(problem))


def unknown_members(file: Path) -> dict[str, int]:
    """The members that are no attribute of a call, each with the first line that has it."""
    found: dict[str, int] = {}
    for number, line in numbered_lines(file):
        try:
            members = _object_of(line)
        except UnusableRecord:
            continue
        for name in members.keys() - CALL_COLUMNS.keys():
            found.setdefault(name, number)
    return found


def _object_of(line: bytes) -> dict[str, object]:
    if len(line) >= LONGEST_LINE:
        raise UnusableRecord(f"longer than {LONGEST_LINE} bytes")
    try:
        found = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        raise UnusableRecord("no JSON") from None
    if not isinstance(found, dict):
        raise UnusableRecord("no JSON object")
    return found
