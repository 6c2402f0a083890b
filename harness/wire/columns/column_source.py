"""Where the columns of rows come from, and what a column is told that cannot be written as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from harness.telephony.columns import Column, Integers


class ColumnSource(Protocol):
    """Rows of one grain, in order, as they are seen at an instant."""

    def __len__(self) -> int:
        """The number of rows."""
        ...

    def column(self, name: str) -> Column:
        """The column of an attribute that is no list of rows."""
        ...


class NestingSource(ColumnSource, Protocol):
    """Rows that may hold rows."""

    def nested(self, name: str) -> tuple[Integers, ColumnSource]:
        """How many nested rows each row has, and their columns, row by row."""
        ...


@dataclass(eq=False)
class NotVectorised(Exception):
    """A field that is written row by row; the reason completes 'it is ...'."""

    reason: str

    def __str__(self) -> str:
        return self.reason
