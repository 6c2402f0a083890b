"""How an answer may differ from what is due: a closed type, with the facts by which two differences are the same."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Final, Literal

from harness.check.context import Row
from harness.specification.model import Clauses
from harness.wire.list_request import ListRequest

Aspect = Literal[
    "unreadable", "outcome", "count", "unique", "rows", "size", "short", "order", "slice", "total", "part"
]

ASPECTS: Final[tuple[Aspect, ...]] = (
    "unreadable",
    "outcome",
    "count",
    "unique",
    "rows",
    "size",
    "short",
    "order",
    "slice",
    "total",
    "part",
)

PRIMARY_ASPECTS: Final[tuple[Aspect, ...]] = ("unreadable", "outcome", "count", "rows")
"""The aspects in which an answer is the one that was asked for at all."""

DifferenceKind = Literal[
    "unreadable",
    "broken-down",
    "refused",
    "accepted",
    "no-rows",
    "no-number",
    "number-form",
    "number",
    "repeated",
    "stray",
    "not-empty",
    "unlisted",
    "missing",
    "part",
    "too-many",
    "too-few",
    "surplus",
    "unsorted",
    "reversed",
    "displaced",
    "total",
]
"""unreadable: no answer of the API; broken-down: HTTP 5xx or a dropped connection for a valid request; refused: an
error for a valid request; accepted: a success for an invalid one; no-rows: no list of rows, not even an empty one;
no-number, number-form, number: of answers that hold a count; repeated: a row twice; stray: a row that a filter of the
request excludes; not-empty: rows where nothing can be; unlisted: rows that the whole list lacks; missing: rows left
out; part: rows with or without an optional part against what was asked; too-many, too-few, surplus: the number of
rows on a page; unsorted, reversed: the order of the rows; displaced: another slice of the list; total: the total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One way in which an answer differs from what is due.

    `about` says of what exactly: the filter that a stray row breaks, the field by which rows are due in order,
    whether a size or place was given, what a wrong total counts, the code of an error. Two differences of one
    aspect, kind and `about` are the same difference, in whatever request they occur.
    """

    aspect: Aspect
    kind: DifferenceKind
    expected: str
    actual: str
    about: str = ""
    rows: tuple[Row, ...] = ()
    nothing_due: bool = False
    """No row matches what was asked for."""
    conforming: bool = False
    """The rows are right by all that they show, although the list as it was read does not hold them."""
    more_counted: bool = False
    """A total above the number of rows that are known."""

    @property
    def rank(self) -> int:
        """The place of the aspect in the order in which aspects are judged."""
        return ASPECTS.index(self.aspect)

    @property
    def is_of_rows_shown(self) -> bool:
        """Whether rows that came are wrong, or the answer as a whole; else it is what did not come."""
        return self.aspect in ("outcome", "unreadable") or self.kind in ("stray", "not-empty", "unlisted", "part")

    def is_same_as(self, other: Difference) -> bool:
        """Whether both are the same difference; rows that are missing are the same where some of them are."""
        if {self.kind, other.kind} == {"missing", "too-few"}:
            # Rows that are left out: which ones, a page among others does not say.
            return True
        if (self.aspect, self.kind, self.about) != (other.aspect, other.kind, other.about):
            return False
        if self.kind not in ("missing", "unlisted"):
            return True
        return bool(_keys(self) & _keys(other))

    def is_part_of(self, other: Difference) -> bool:
        """Whether another difference says all that this one says: rows that are missing there, too."""
        if not self.is_same_as(other) or (self.kind, other.kind) == ("missing", "too-few"):
            return False
        return self.kind not in ("missing", "unlisted") or _keys(self) <= _keys(other)


def _keys(difference: Difference) -> set[Hashable]:
    return {row.key for row in difference.rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDifference:
    """A difference that was confirmed and told: the smallest request that shows it, and the broken clauses."""

    ask: ListRequest
    difference: Difference
    clauses: Clauses

    def lies_within(self, ask: ListRequest) -> bool:
        """Whether another request asks for all that this one asks for, with whatever values."""
        if self.ask.encoding_name not in (None, ask.encoding_name) or self.ask.operation != ask.operation:
            return False
        if self.ask.extra != ask.extra or self.ask.repeated != ask.repeated:
            return False
        if self.ask.left_out != ask.left_out:
            return False
        return self.ask.values.keys() <= ask.values.keys()

    def part_of(self, ask: ListRequest) -> ListRequest:
        """That part of another request which asks for what this one asks for."""
        values = {name: raw for name, raw in ask.values.items() if name in self.ask.values}
        return replace(ask, values=values, encoding_name=self.ask.encoding_name)
