"""A call as a file of records tells it, before anybody in it has a pseudonym; and a record that tells none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import BinaryIO, Final, final

from harness.telephony.enums import Direction
from harness.telephony.records import AttributeValue

LONGEST_LINE: Final = 1_000_000
_LONGEST_EXTENSION: Final = 6


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCall:
    """One call: where it stands in the file (a line or a row, from 1), and attributes of a call as they were told.

    `identity` is what the source calls it, `session` what it calls the whole that the call belongs to; never shown.
    """

    place: int
    identity: str
    session: str
    values: Mapping[str, AttributeValue] = field(repr=False)


@final
@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that tells no call: where it stands, and why, without a word of what it holds."""

    place: int
    why: str


class UnusableRecord(Exception):
    """Why a record tells no call; its text shows nothing of the record."""


def numbered_lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers, blank ones left out; one that is too long comes cut."""
    with file.open("rb") as stream:
        for number, line in enumerate(_lines_of(stream), 1):
            if line.strip():
                yield number, line


def _lines_of(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(LONGEST_LINE):
        yield line
        while not line.endswith(b"\n") and len(line) == LONGEST_LINE:
            # The rest of a line without an end is not kept.
            line = stream.readline(LONGEST_LINE)


def is_extension(number: str | None) -> bool:
    """Whether a number is one of the switch's own: a few digits, or a name without a host."""
    if not number:
        return False
    digits = number.lstrip("*#")
    return len(digits) <= _LONGEST_EXTENSION if digits.isdigit() else "@" not in number and "+" not in number


def direction_of(source: str | None, destination: str | None, reached: str | None) -> Direction:
    """Which way a call went, from the numbers alone; `reached` is whose telephone rang, where that is told."""
    if is_extension(source):
        return Direction.INTERNAL if is_extension(destination) else Direction.OUTBOUND
    if not source:
        return Direction.UNKNOWN
    if is_extension(destination) or is_extension(reached) or not reached:
        return Direction.INBOUND
    return Direction.TRANSIT


def instant_not_before(stamp: datetime, zone: tzinfo, earliest: datetime | None) -> datetime:
    """An instant of a clock without a zone; of the two that an hour in autumn has, the one in the right order."""
    # In UTC: two instants of one zone are compared by what their clocks show.
    first, second = (stamp.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return second if earliest is not None and first < earliest else first
